"""Integrals without a closed form: Dawson's, the exponential, Spence's and Fresnel's."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import ones_of
from freshet.ops.formulas import Vocabulary, primitive_of
from freshet.ops.math import TensorLike, one_operand
from freshet.ops.primitive import Primitive
from freshet.ops.special import coefficients as c

_EULER = 0.57721566490153286061
_SIXTH = math.pi**2 / 6


def _dawsn(v: Vocabulary, x: Any) -> Any:
    square, inverse = x * x, 1.0 / x
    far = inverse * v.series(inverse * inverse, 0.0, 1 / 9, c.DAWSON_FAR)
    return v.select(square < 9.0, x * v.series(square, 0.0, 9.0, c.DAWSON), far)


def _expint(v: Vocabulary, x: Any) -> Any:
    inverse = 1.0 / x
    near = x * v.series(x, 0.0, 6.0, c.EXPINT) * v.exp(x * 0.5) + (v.log(x) + _EULER)
    middle = v.series(inverse, 1 / 14, 1 / 6, c.EXPINT_MIDDLE)
    far = v.series(inverse, 1 / 40, 1 / 14, c.EXPINT_FAR)
    last = v.series(inverse, 0.0, 1 / 40, c.EXPINT_LAST)
    factor = v.select(x < 14.0, middle, v.select(x < 40.0, far, last))
    root = v.exp(x * 0.5)
    beyond = v.select(v.equal(x, math.inf), x, root * factor / x * root)
    found = v.select(x < 6.0, near, beyond)
    return v.select(v.equal(x, 0.0), -math.inf, v.select(x < 0.0, math.nan, found))


def _spence(v: Vocabulary, x: Any) -> Any:
    large = x > 1.5
    near = v.select(large, 1.0 / x, x)
    small = near < 0.5
    # From here on the argument is within 1/2 of 1; w is its distance.
    w = v.select(small, -near, near - 1.0)
    found = -w * v.series(w, -0.5, 0.5, c.SPENCE)
    mirrored = _SIXTH - v.log(near) * v.log1p(-near) - found
    mirrored = v.select(v.equal(near, 0.0), _SIXTH, mirrored)
    found = v.select(small, mirrored, found)
    logarithm = v.log(x)
    found = v.select(large, -0.5 * logarithm * logarithm - found, found)
    return v.select(x < 0.0, math.nan, found)


def _fresnel(v: Vocabulary, x: Any, sine: bool) -> Any:
    size = v.abs(x)
    square, inverse = size * size, 1.0 / size
    fourth = square * square
    if sine:
        near = size * square * v.series(fourth, 0.0, 6.5536, c.FRESNEL_SIN)
    else:
        near = size * v.series(fourth, 0.0, 6.5536, c.FRESNEL_COS)
    slow = inverse * inverse
    f = v.series(slow * slow, 0.0, 1 / 6.5536, c.FRESNEL_F) * inverse * (1 / math.pi)
    g = v.series(slow * slow, 0.0, 1 / 6.5536, c.FRESNEL_G) * inverse * slow * (1 / math.pi**2)
    # The angle pi/2 * x^2 without whole turns: of x = n + r, n*n counts as 0 or 1, and n*r has no
    # more digits than x, so it is exact.
    whole = v.rint(size)
    rest = size - whole
    odd = whole - 2.0 * v.rint(whole * 0.5)
    cross = whole * rest
    angle = (odd * odd + 2.0 * (cross - 2.0 * v.rint(cross * 0.5)) + rest * rest) * (math.pi / 2)
    if sine:
        far = 0.5 - f * v.cos(angle) - g * v.sin(angle)
    else:
        far = 0.5 + f * v.sin(angle) - g * v.cos(angle)
    # Here every digit of the angle is lost, and what depends on it is gone.
    far = v.select(size > 1e9, 0.5, far)
    found = v.select(size < 1.6, near, far)
    return v.select(x < 0.0, -found, found)


def _spence_gradient(x: Tensor) -> Tensor:
    """``log(x) / (1 - x)``, and its limit -1 at 1."""
    one = e.equal_p(x, ones_of(x))
    away = e.select_p(one, ones_of(x) * 2.0, x)
    return e.select_p(one, -ones_of(x), e.log_p(away) / (1.0 - away))


dawsn_p: Primitive = primitive_of("dawsn", _dawsn, lambda c, g: g * (1.0 - 2.0 * c.x * c.output))
expint_p: Primitive = primitive_of("expint", _expint, lambda c, g: g * e.exp_p(c.x) / c.x)
spence_p: Primitive = primitive_of("spence", _spence, lambda c, g: g * _spence_gradient(c.x))
fresnel_sin_p: Primitive = primitive_of(
    "fresnel_sin", lambda v, x: _fresnel(v, x, True),
    lambda c, g: g * e.sin_p(c.x * c.x * (math.pi / 2)),
)  # fmt: skip
fresnel_cos_p: Primitive = primitive_of(
    "fresnel_cos", lambda v, x: _fresnel(v, x, False),
    lambda c, g: g * e.cos_p(c.x * c.x * (math.pi / 2)),
)  # fmt: skip


@dispatched
def dawsn(x: TensorLike, name: str | None = None) -> Tensor:
    """Return Dawson's integral ``exp(-x*x) * integral of exp(t*t) from 0 to x``.

    Example:
        >>> round(float(dawsn(1.0)), 5)
        0.53808
    """
    return one_operand("dawsn", x, dawsn_p)


@dispatched
def expint(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the exponential integral Ei, ``integral of exp(t)/t from -inf to x``; NaN below 0.

    Example:
        >>> round(float(expint(1.0)), 5)
        1.89512
    """
    return one_operand("expint", x, expint_p)


@dispatched
def spence(x: TensorLike, name: str | None = None) -> Tensor:
    """Return Spence's integral ``-integral of log(t)/(t - 1) from 1 to x``; NaN below 0.

    Example:
        >>> round(float(spence(0.0)), 5)  # pi**2 / 6
        1.64493
    """
    return one_operand("spence", x, spence_p)


@dispatched
def fresnel_sin(x: TensorLike, name: str | None = None) -> Tensor:
    """Return Fresnel's sine integral ``integral of sin(pi*t*t/2) from 0 to x``.

    Example:
        >>> round(float(fresnel_sin(1.0)), 5)
        0.43826
    """
    return one_operand("fresnel_sin", x, fresnel_sin_p)


@dispatched
def fresnel_cos(x: TensorLike, name: str | None = None) -> Tensor:
    """Return Fresnel's cosine integral ``integral of cos(pi*t*t/2) from 0 to x``.

    Example:
        >>> round(float(fresnel_cos(1.0)), 5)
        0.77989
    """
    return one_operand("fresnel_cos", x, fresnel_cos_p)
