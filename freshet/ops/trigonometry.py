"""Trigonometric and hyperbolic functions and their inverses.

Kernels reduce an argument to a short interval and sum Chebyshev polynomials there; complex numbers
are NumPy's.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops.conversion import binary_operands
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import ANALYTIC, conj
from freshet.ops.formulas import Vocabulary, primitive_of
from freshet.ops.math import TensorLike, one_operand
from freshet.ops.primitive import Primitive
from freshet.ops.special import coefficients as c

_HALF_TURN = math.pi
_QUARTER = math.pi / 2
_LN2 = math.log(2)

# --- formulas -------------------------------------------------------------------------------------


def _tan(v: Vocabulary, x: Any) -> Any:
    return v.sin(x) / v.cos(x)


def _signed(v: Vocabulary, x: Any, value: Any) -> Any:
    """Give a value at ``|x|`` the sign of x, also that of a zero."""
    return v.select(x < 0.0, -value, v.select(v.equal(x, 0.0), x, value))


def _sinh(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    small = v.expm1(size)
    # Half of e^x, which overflows only where the result does.
    root = v.exp(size * 0.5)
    near = 0.5 * (small + small / (small + 1.0))
    return _signed(v, x, v.select(size < 20.0, near, 0.5 * root * root))


def _cosh(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    near = v.exp(size)
    root = v.exp(size * 0.5)
    return v.select(size < 20.0, 0.5 * near + 0.5 / near, 0.5 * root * root)


def _arcsine(v: Vocabulary, x: Any) -> Any:
    """For ``0 <= x <= 1/2``."""
    square = x * x
    return x + x * square * v.series(square, 0.0, 0.25, c.ARCSINE)


def _asin(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    far = v.sqrt((1.0 - size) * 0.5)
    inside = size <= 0.5
    part = _arcsine(v, v.select(inside, size, far))
    return _signed(v, x, v.select(inside, part, _QUARTER - 2.0 * part))


def _acos(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    far = v.sqrt((1.0 - size) * 0.5)
    inside = size <= 0.5
    part = _arcsine(v, v.select(inside, size, far))
    outer = v.select(x < 0.0, _HALF_TURN - 2.0 * part, 2.0 * part)
    return v.select(inside, v.select(x < 0.0, _QUARTER + part, _QUARTER - part), outer)


_EIGHTH = math.tan(math.pi / 8)


def _arctangent(v: Vocabulary, x: Any) -> Any:
    """For ``0 <= x <= 1``."""
    far = x > _EIGHTH
    near = v.select(far, (x - 1.0) / (x + 1.0), x)
    square = near * near
    found = near + near * square * v.series(square, 0.0, _EIGHTH**2, c.ARCTANGENT)
    return v.select(far, math.pi / 4 + found, found)


def _atan(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    large = size > 1.0
    found = _arctangent(v, v.select(large, 1.0 / size, size))
    return _signed(v, x, v.select(large, _QUARTER - found, found))


def _atan2(v: Vocabulary, y: Any, x: Any) -> Any:
    height, width = v.abs(y), v.abs(x)
    steep = height > width
    ratio = v.minimum(height, width) / v.maximum(height, width)
    equal = v.equal(height - width, 0.0)
    # 0/0 is 0 here; two infinities, whose difference is NaN, are equal.
    ratio = v.select(v.equal(v.maximum(height, width), 0.0), 0.0, ratio)
    both = v.equal(v.minimum(height, width), math.inf)
    ratio = v.select(v.every(both), 1.0, v.select(v.every(equal, height > 0.0), 1.0, ratio))
    found = _arctangent(v, ratio)
    found = v.select(steep, _QUARTER - found, found)
    found = v.select(_below(v, x), _HALF_TURN - found, found)
    return v.select(_below(v, y), -found, found)


def _below(v: Vocabulary, x: Any) -> Any:
    """Whether the sign is negative, also that of a zero."""
    return v.select(v.equal(x, 0.0), 1.0 / x, x) < 0.0


def _asinh(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    square = size * size
    near = v.log1p(size + square / (1.0 + v.sqrt(1.0 + square)))
    return _signed(v, x, v.select(size < 1e8, near, v.log(size) + _LN2))


def _acosh(v: Vocabulary, x: Any) -> Any:
    above = x - 1.0
    near = v.log1p(above + v.sqrt(above * 2.0 + above * above))
    found = v.select(x < 1e8, near, v.log(x) + _LN2)
    return v.select(x < 1.0, math.nan, found)


def _atanh(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    twice = size + size
    found = 0.5 * v.log1p(twice + twice * size / (1.0 - size))
    return v.select(size > 1.0, math.nan, _signed(v, x, found))


# --- primitives -----------------------------------------------------------------------------------

tan_p: Primitive = primitive_of(
    "tan", _tan, lambda c, g: g * conj(1.0 + c.output * c.output), kinds=ANALYTIC,
    reference=np.tan,
)  # fmt: skip
sinh_p: Primitive = primitive_of(
    "sinh", _sinh, lambda c, g: g * conj(cosh_p(c.x)), kinds=ANALYTIC, reference=np.sinh
)
cosh_p: Primitive = primitive_of(
    "cosh", _cosh, lambda c, g: g * conj(sinh_p(c.x)), kinds=ANALYTIC, reference=np.cosh
)
asin_p: Primitive = primitive_of(
    "asin", _asin, lambda c, g: g * conj(e.rsqrt_p(1.0 - c.x * c.x)), kinds=ANALYTIC,
    reference=np.arcsin,
)  # fmt: skip
acos_p: Primitive = primitive_of(
    "acos", _acos, lambda c, g: -g * conj(e.rsqrt_p(1.0 - c.x * c.x)), kinds=ANALYTIC,
    reference=np.arccos,
)  # fmt: skip
atan_p: Primitive = primitive_of(
    "atan", _atan, lambda c, g: g / conj(1.0 + c.x * c.x), kinds=ANALYTIC, reference=np.arctan
)
atan2_p: Primitive = primitive_of(
    "atan2", _atan2,
    lambda c, g: g * c.y / (c.x * c.x + c.y * c.y),
    lambda c, g: -g * c.x / (c.x * c.x + c.y * c.y),
    reference=np.arctan2,
)  # fmt: skip
asinh_p: Primitive = primitive_of(
    "asinh", _asinh, lambda c, g: g / conj(cosh_p(c.output)), kinds=ANALYTIC,
    reference=np.arcsinh,
)  # fmt: skip
acosh_p: Primitive = primitive_of(
    "acosh", _acosh, lambda c, g: g / conj(sinh_p(c.output)), kinds=ANALYTIC,
    reference=np.arccosh,
)  # fmt: skip
atanh_p: Primitive = primitive_of(
    "atanh", _atanh, lambda c, g: g / conj(1.0 - c.x * c.x), kinds=ANALYTIC,
    reference=np.arctanh,
)  # fmt: skip

# --- public functions -----------------------------------------------------------------------------


@dispatched
def tan(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the tangent of x in radians.

    Example:
        >>> float(tan(0.0))
        0.0
    """
    return one_operand("tan", x, tan_p)


@dispatched
def asin(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the angle in ``[-pi/2, pi/2]`` whose sine is x; NaN outside ``[-1, 1]``.

    Example:
        >>> round(float(asin(1.0)), 5)
        1.5708
    """
    return one_operand("asin", x, asin_p)


@dispatched
def acos(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the angle in ``[0, pi]`` whose cosine is x; NaN outside ``[-1, 1]``.

    Example:
        >>> float(acos(1.0))
        0.0
    """
    return one_operand("acos", x, acos_p)


@dispatched
def atan(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the angle in ``(-pi/2, pi/2)`` whose tangent is x.

    Example:
        >>> round(float(atan(1.0)), 5)
        0.7854
    """
    return one_operand("atan", x, atan_p)


@dispatched
def atan2(y: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """Return the angle of the point (x, y) in ``[-pi, pi]``: ``atan(y / x)`` in its quadrant.

    Args:
        y: Floating-point numbers.
        x: Of the same dtype; both broadcast.
        name: Ignored.

    Example:
        >>> round(float(atan2(1.0, -1.0)), 5)
        2.35619
    """
    return atan2_p(*binary_operands("atan2", y, x))


@dispatched
def sinh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the hyperbolic sine ``(exp(x) - exp(-x)) / 2``.

    Example:
        >>> float(sinh(0.0))
        0.0
    """
    return one_operand("sinh", x, sinh_p)


@dispatched
def cosh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the hyperbolic cosine ``(exp(x) + exp(-x)) / 2``.

    Example:
        >>> float(cosh(0.0))
        1.0
    """
    return one_operand("cosh", x, cosh_p)


@dispatched
def asinh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the number whose hyperbolic sine is x: ``log(x + sqrt(x*x + 1))``.

    Example:
        >>> float(asinh(0.0))
        0.0
    """
    return one_operand("asinh", x, asinh_p)


@dispatched
def acosh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the number not below 0 whose hyperbolic cosine is x; NaN for x below 1.

    Example:
        >>> float(acosh(1.0))
        0.0
    """
    return one_operand("acosh", x, acosh_p)


@dispatched
def atanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the number whose hyperbolic tangent is x; infinite at -1 and 1, NaN beyond.

    Example:
        >>> float(atanh(0.0))
        0.0
    """
    return one_operand("atanh", x, atanh_p)
