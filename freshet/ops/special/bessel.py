"""Bessel functions of order 0 and 1.

Each is a Chebyshev series near 0 and its asymptotic form times another series beyond; the parts
that are not smooth, logarithms and oscillations, are taken out first (Abramowitz and Stegun,
chapter 9).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import ones_of, zeros_of
from freshet.ops.formulas import Table, Vocabulary, primitive_of
from freshet.ops.math import TensorLike, one_operand
from freshet.ops.primitive import Primitive
from freshet.ops.special import coefficients as c

_TWO_OVER_PI = 2 / math.pi

# --- modified: I and K ----------------------------------------------------------------------------


def _scaled_i(v: Vocabulary, order: int, size: Any) -> Any:
    """Return ``exp(-x) * I(x)`` for ``x >= 0``."""
    near, far = (c.I0, c.I0_FAR) if order == 0 else (c.I1, c.I1_FAR)
    inside = v.series(size, 0.0, 8.0, near)
    if order == 1:
        inside = inside * size
    # Not times the root of 1 / size, which may vanish where the result does not.
    return v.select(size < 8.0, inside, v.series(1.0 / size, 0.0, 0.125, far) / v.sqrt(size))


def _i0e(v: Vocabulary, x: Any) -> Any:
    return _scaled_i(v, 0, v.abs(x))


def _i1e(v: Vocabulary, x: Any) -> Any:
    found = _scaled_i(v, 1, v.abs(x))
    return v.select(x < 0.0, -found, found)


def _unscaled(scaled: Callable[..., Any]) -> Callable[..., Any]:
    def formula(v: Vocabulary, x: Any) -> Any:
        # In two steps, so that it overflows only where the result does.
        root = v.exp(v.abs(x) * 0.5)
        return scaled(v, x) * root * root

    return formula


def _small_i(v: Vocabulary, order: int, x: Any) -> Any:
    """Return I(x) for ``0 <= x <= 2``."""
    near = v.series(x, 0.0, 8.0, c.I0 if order == 0 else c.I1)
    return v.exp(x) * (near if order == 0 else near * x)


def _k(v: Vocabulary, order: int, x: Any, scaled: bool) -> Any:
    square, inverse = x * x, 1.0 / x
    # Half of the smallest numbers is 0, whose logarithm is infinite.
    logarithm = v.log(v.maximum(x, 1e-37) * 0.5) * _small_i(v, order, x)
    if order == 0:
        near = v.series(square, 0.0, 4.0, c.K0) - logarithm
    else:
        near = v.series(square, 0.0, 4.0, c.K1) * inverse + logarithm
    far = v.series(inverse, 0.0, 0.5, c.K0_FAR if order == 0 else c.K1_FAR) * v.sqrt(inverse)
    if scaled:
        near = near * v.exp(x)
    else:
        far = far * v.exp(-x)
    found = v.select(x < 2.0, near, far)
    return v.select(v.equal(x, 0.0), math.inf, v.select(x < 0.0, math.nan, found))


# --- ordinary: J and Y ----------------------------------------------------------------------------


def _turned(v: Vocabulary, order: int, x: Any) -> tuple[Any, Any]:
    """Return cosine and sine of ``x - order * pi / 2 - pi / 4``, times the root of 2."""
    plus, minus = v.cos(x) + v.sin(x), v.sin(x) - v.cos(x)
    return (plus, minus) if order == 0 else (minus, -plus)


def _waves(v: Vocabulary, order: int, x: Any) -> tuple[Any, Any]:
    """Return J(x) and Y(x) for ``x >= 8``."""
    inverse = 1.0 / x
    square = inverse * inverse
    tables: tuple[Table, Table] = (c.J0_P, c.J0_Q) if order == 0 else (c.J1_P, c.J1_Q)
    p = v.series(square, 0.0, 1 / 64, tables[0])
    q = v.series(square, 0.0, 1 / 64, tables[1]) * inverse
    cosine, sine = _turned(v, order, x)
    amplitude = v.sqrt(inverse * (1 / math.pi))
    return amplitude * (p * cosine - q * sine), amplitude * (p * sine + q * cosine)


def _j0(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    found = v.select(size < 8.0, v.series(x * x, 0.0, 64.0, c.J0), _waves(v, 0, size)[0])
    return v.select(v.equal(size, math.inf), 0.0, found)


def _j1(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    near = size * v.series(x * x, 0.0, 64.0, c.J1)
    found = v.select(size < 8.0, near, _waves(v, 1, size)[0])
    found = v.select(v.equal(size, math.inf), 0.0, found)
    return v.select(x < 0.0, -found, found)


def _y0(v: Vocabulary, x: Any) -> Any:
    square = x * x
    logarithm = _TWO_OVER_PI * v.log(x) * v.series(square, 0.0, 64.0, c.J0)
    near = v.series(square, 0.0, 64.0, c.Y0) + logarithm
    return _defined(v, x, v.select(x < 8.0, near, _waves(v, 0, x)[1]))


def _y1(v: Vocabulary, x: Any) -> Any:
    square = x * x
    logarithm = v.log(x) * v.series(square, 0.0, 64.0, c.J1) * x
    near = x * v.series(square, 0.0, 64.0, c.Y1) + _TWO_OVER_PI * (logarithm - 1.0 / x)
    return _defined(v, x, v.select(x < 8.0, near, _waves(v, 1, x)[1]))


def _defined(v: Vocabulary, x: Any, found: Any) -> Any:
    found = v.select(v.equal(x, 0.0), -math.inf, v.select(x < 0.0, math.nan, found))
    return v.select(v.equal(x, math.inf), 0.0, found)


# --- primitives -----------------------------------------------------------------------------------


def _over_x(value: Tensor, x: Tensor, at_zero: float) -> Tensor:
    """Return ``value / x``, and its limit where x is 0."""
    zero = e.equal_p(x, zeros_of(x))
    return e.select_p(
        zero, ones_of(x) * at_zero, e.divide_p(value, e.select_p(zero, ones_of(x), x))
    )


i0e_p: Primitive = primitive_of(
    "bessel_i0e", _i0e, lambda c, g: g * (i1e_p(c.x) - e.sign_p(c.x) * c.output)
)
i1e_p: Primitive = primitive_of(
    "bessel_i1e", _i1e,
    lambda c, g: g * (i0e_p(c.x) - e.sign_p(c.x) * c.output - _over_x(c.output, c.x, 0.5)),
)  # fmt: skip
i0_p: Primitive = primitive_of("bessel_i0", _unscaled(_i0e), lambda c, g: g * i1_p(c.x))
i1_p: Primitive = primitive_of(
    "bessel_i1", _unscaled(_i1e), lambda c, g: g * (i0_p(c.x) - _over_x(c.output, c.x, 0.5))
)
k0_p: Primitive = primitive_of(
    "bessel_k0", lambda v, x: _k(v, 0, x, False), lambda c, g: -g * k1_p(c.x)
)
k0e_p: Primitive = primitive_of(
    "bessel_k0e", lambda v, x: _k(v, 0, x, True), lambda c, g: g * (c.output - k1e_p(c.x))
)
k1_p: Primitive = primitive_of(
    "bessel_k1", lambda v, x: _k(v, 1, x, False), lambda c, g: -g * (k0_p(c.x) + c.output / c.x)
)
k1e_p: Primitive = primitive_of(
    "bessel_k1e", lambda v, x: _k(v, 1, x, True),
    lambda c, g: g * (c.output - c.output / c.x - k0e_p(c.x)),
)  # fmt: skip
j0_p: Primitive = primitive_of("bessel_j0", _j0, lambda c, g: -g * j1_p(c.x))
j1_p: Primitive = primitive_of(
    "bessel_j1", _j1, lambda c, g: g * (j0_p(c.x) - _over_x(c.output, c.x, 0.5))
)
y0_p: Primitive = primitive_of("bessel_y0", _y0, lambda c, g: -g * y1_p(c.x))
y1_p: Primitive = primitive_of("bessel_y1", _y1, lambda c, g: g * (y0_p(c.x) - c.output / c.x))

# --- public functions -----------------------------------------------------------------------------


@dispatched
def bessel_i0(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the modified Bessel function of the first kind of order 0.

    Example:
        >>> float(bessel_i0(0.0))
        1.0
    """
    return one_operand("bessel_i0", x, i0_p)


@dispatched
def bessel_i0e(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(-|x|) * bessel_i0(x)``, which does not overflow.

    Example:
        >>> float(bessel_i0e(0.0))
        1.0
    """
    return one_operand("bessel_i0e", x, i0e_p)


@dispatched
def bessel_i1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the modified Bessel function of the first kind of order 1.

    Example:
        >>> round(float(bessel_i1(1.0)), 5)
        0.56516
    """
    return one_operand("bessel_i1", x, i1_p)


@dispatched
def bessel_i1e(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(-|x|) * bessel_i1(x)``, which does not overflow.

    Example:
        >>> round(float(bessel_i1e(1.0)), 5)
        0.20791
    """
    return one_operand("bessel_i1e", x, i1e_p)


@dispatched
def bessel_k0(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the modified Bessel function of the second kind of order 0; infinite at 0.

    Example:
        >>> round(float(bessel_k0(1.0)), 5)
        0.42102
    """
    return one_operand("bessel_k0", x, k0_p)


@dispatched
def bessel_k0e(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(x) * bessel_k0(x)``, which does not underflow.

    Example:
        >>> round(float(bessel_k0e(1.0)), 5)
        1.14446
    """
    return one_operand("bessel_k0e", x, k0e_p)


@dispatched
def bessel_k1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the modified Bessel function of the second kind of order 1; infinite at 0.

    Example:
        >>> round(float(bessel_k1(1.0)), 5)
        0.60191
    """
    return one_operand("bessel_k1", x, k1_p)


@dispatched
def bessel_k1e(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(x) * bessel_k1(x)``, which does not underflow.

    Example:
        >>> round(float(bessel_k1e(1.0)), 5)
        1.63615
    """
    return one_operand("bessel_k1e", x, k1e_p)


@dispatched
def bessel_j0(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the Bessel function of the first kind of order 0.

    Example:
        >>> float(bessel_j0(0.0))
        1.0
    """
    return one_operand("bessel_j0", x, j0_p)


@dispatched
def bessel_j1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the Bessel function of the first kind of order 1.

    Example:
        >>> round(float(bessel_j1(1.0)), 5)
        0.44005
    """
    return one_operand("bessel_j1", x, j1_p)


@dispatched
def bessel_y0(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the Bessel function of the second kind of order 0; -inf at 0, NaN below.

    Example:
        >>> round(float(bessel_y0(1.0)), 5)
        0.08826
    """
    return one_operand("bessel_y0", x, y0_p)


@dispatched
def bessel_y1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the Bessel function of the second kind of order 1; -inf at 0, NaN below.

    Example:
        >>> round(float(bessel_y1(1.0)), 5)
        -0.78121
    """
    return one_operand("bessel_y1", x, y1_p)
