"""The logarithm of the gamma function and its derivatives."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import FLOATS, elementwise
from freshet.ops.formulas import NUMPY, Vocabulary, primitive_of
from freshet.ops.math import TensorLike, one_operand
from freshet.ops.nest import Host
from freshet.ops.primitive import Primitive
from freshet.ops.special import coefficients as c

_STEPS: Final = 6
"""From [7, 8) down to [1, 2)."""


def _positive_lgamma(v: Vocabulary, x: Any) -> Any:
    """For ``x >= 0``: a series on [1, 2), recurrence around it, Stirling's formula from 8 on."""
    base, product = x, x * 0.0 + 1.0
    for _ in range(_STEPS):
        above = base >= 2.0
        base = v.select(above, base - 1.0, base)
        product = v.select(above, product * base, product)
    below = x < 1.0
    base = v.select(below, x + 1.0, base)
    middle = (base - 1.0) * (base - 2.0) * v.series(base, 1.0, 2.0, c.LOG_GAMMA)
    shift = v.log(v.select(below, x, product))
    near = v.select(below, middle - shift, middle + shift)
    inverse = 1.0 / x
    rest = inverse * v.series(inverse * inverse, 0.0, 1 / 64, c.STIRLING)
    far = (x - 0.5) * (v.log(x) - 1.0) + (0.5 * math.log(2 * math.pi) - 0.5) + rest
    return v.select(x < 8.0, near, far)


def _lgamma(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    found = _positive_lgamma(v, size)
    # Reflection: gamma(-x) * gamma(x) = -pi / (x * sin(pi * x)).
    height = v.abs(v.sin((size - v.rint(size)) * math.pi))
    mirrored = -v.log(size) - v.log(height * (1 / math.pi)) - found
    mirrored = v.select(v.equal(height, 0.0), math.inf, mirrored)
    found = v.select(x < 0.0, mirrored, found)
    return v.select(v.equal(size, math.inf), size, found)


def _digamma(v: Vocabulary, x: Any) -> Any:
    size = v.abs(x)
    base, added = size, size * 0.0
    for _ in range(_STEPS):
        above = base >= 2.0
        base = v.select(above, base - 1.0, base)
        added = v.select(above, added + 1.0 / base, added)
    below = size < 1.0
    base = v.select(below, size + 1.0, base)
    # Below 0, this 1 / x and that of the reflection cancel.
    added = v.select(below, v.select(x < 0.0, 0.0, -1.0 / size), added)
    root, rest = c.DIGAMMA_ROOT if v.double else _NARROW_ROOT
    near = ((base - root) - rest) * v.series(base, 1.0, 2.0, c.DIGAMMA) + added
    inverse = 1.0 / size
    square = inverse * inverse
    far = v.log(size) - 0.5 * inverse - square * v.series(square, 0.0, 1 / 64, c.DIGAMMA_TAIL)
    found = v.select(size < 8.0, near, far)
    # Reflection: digamma(-x) = digamma(x) + 1 / x + pi / tan(pi * x).
    part = (size - v.rint(size)) * math.pi
    mirrored = found + v.select(below, 0.0, inverse) + v.cos(part) / v.sin(part) * math.pi
    # At 0 and the negative whole numbers the two sides go to different infinities.
    mirrored = v.select(v.equal(part, 0.0), math.nan, mirrored)
    return v.select(x <= 0.0, mirrored, found)


_NARROW_ROOT: Final = (
    float(np.float32(c.DIGAMMA_ROOT[0])),
    c.DIGAMMA_ROOT[0] - float(np.float32(c.DIGAMMA_ROOT[0])),
)

# --- Hurwitz's zeta function ----------------------------------------------------------------------

_TERMS: Final = 10
_BERNOULLI: Final = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330,
)  # fmt: skip


def hurwitz(x: Array, q: Array) -> Array:
    """Return ``sum((q + k)**-x for k = 0, 1, ...)`` by Euler and Maclaurin."""
    x, q = np.broadcast_arrays(x.astype(np.float64), q.astype(np.float64))
    whole = q == np.floor(q)
    refused = (x < 1) | ((q <= 0) & ~whole & (x != np.floor(x))) | np.isnan(x + q)
    infinite = ~refused & ((x == 1) | ((q <= 0) & whole))
    # An infinite exponent leaves nothing of terms whose base is above 1, nor does infinity as q.
    limit = ~refused & ~infinite & (np.isposinf(q) | (np.isposinf(x) & (q > 0)))
    fine = ~refused & ~infinite & ~limit
    s, start = np.where(fine, x, 2.0), np.where(fine, q, 1.0)
    # A start below 0 takes more terms until the rest is smooth.
    count = _TERMS + int(np.max(np.maximum(-np.floor(start), 0), initial=0))
    total = np.zeros(s.shape)
    for k in range(count):
        total += (start + k) ** -s
    end = start + count
    power = end**-s
    total += power * end / (s - 1) + power / 2
    # B(2j) / (2j)! * s (s+1) ... (s+2j-2) * end**(-s-2j+1)
    factor = power * s / end
    for j, bernoulli in enumerate(_BERNOULLI, 1):
        total += bernoulli / math.factorial(2 * j) * factor
        factor = factor * (s + 2 * j - 1) * (s + 2 * j) / (end * end)
    ends = np.where(q > 1, 0.0, np.where(q == 1, 1.0, np.inf))
    found = np.where(limit, ends, total)
    return np.where(refused, np.nan, np.where(infinite, np.inf, found))


def _polygamma(n: Array, x: Array) -> Array:
    order, wide = np.broadcast_arrays(n.astype(np.float64), x.astype(np.float64))
    proper = (order >= 0) & (order == np.floor(order))
    safe = np.where(proper, order, 1.0)
    factorial = np.vectorize(_factorial, otypes=[np.float64])(safe).reshape(safe.shape)
    sign = np.where(safe % 2 == 1, 1.0, -1.0)
    found = sign * factorial * hurwitz(safe + 1, wide)
    found = np.where(order == 0, _digamma(NUMPY, wide), found)
    result: Array = np.where(proper, found, np.nan).astype(x.dtype)
    return result


def _factorial(n: float) -> float:
    return math.gamma(n + 1) if n <= 170 else math.inf


_SERIES: Final = Host("the number of terms depends on the operands")
lgamma_p: Primitive = primitive_of("lgamma", _lgamma, lambda c, g: g * digamma_p(c.x))
digamma_p: Primitive = primitive_of("digamma", _digamma, lambda c, g: g * polygamma(1.0, c.x))
zeta_p: Primitive = elementwise(
    "zeta", FLOATS, reference=lambda x, q: hurwitz(x, q).astype(x.dtype),
    gradient=(None, lambda c, g: -g * c.x * zeta_p(c.x + 1.0, c.y)), lower=_SERIES,
)  # fmt: skip
polygamma_p: Primitive = elementwise(
    "polygamma", FLOATS, reference=_polygamma,
    gradient=(None, lambda c, g: g * polygamma_p(c.x + 1.0, c.y)), lower=_SERIES,
)  # fmt: skip


@dispatched
def lgamma(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(|gamma(x)|)``; infinite at 0 and the negative whole numbers.

    Example:
        >>> round(float(lgamma(5.0)), 5)  # log(4!)
        3.17805
    """
    return one_operand("lgamma", x, lgamma_p)


@dispatched
def digamma(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the derivative of `lgamma`; NaN at 0 and the negative whole numbers.

    Example:
        >>> round(float(digamma(1.0)), 5)  # minus Euler's constant
        -0.57722
    """
    return one_operand("digamma", x, digamma_p)


@dispatched
def zeta(x: TensorLike, q: TensorLike, name: str | None = None) -> Tensor:
    """Return Hurwitz's zeta function ``sum((q + k)**-x for k = 0, 1, 2, ...)``.

    Args:
        x: The exponent, above 1: infinite at 1, NaN below. No gradient flows to it.
        q: Where the sum starts; infinite at 0 and the negative whole numbers.
        name: Ignored.

    Example:
        >>> round(float(zeta(2.0, 1.0)), 5)  # pi**2 / 6
        1.64493
    """
    return zeta_p(*binary_operands("zeta", x, q))


@dispatched
def polygamma(a: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """Return the derivative of order `a` of `digamma`.

    ``polygamma(n, x) = (-1)**(n + 1) * n! * zeta(n + 1, x)`` for ``n > 0``.

    Args:
        a: The order, a whole number as a float; NaN for others. No gradient flows to it.
        x: Floating-point numbers.
        name: Ignored.

    Example:
        >>> round(float(polygamma(1.0, 1.0)), 5)
        1.64493
    """
    return polygamma_p(*binary_operands("polygamma", a, x))


@dispatched
def lbeta(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(|beta(x)|)`` along the last dimension: ``sum(lgamma(x)) - lgamma(sum(x))``.

    Example:
        >>> round(float(lbeta([1.0, 2.0])), 5)
        -0.69315
    """
    from freshet.ops.reduction import reduce_sum  # noqa: PLC0415 (reduction builds on primitives)

    tensor = convert_to_tensor(x)
    return reduce_sum(lgamma(tensor), -1) - lgamma(reduce_sum(tensor, -1))
