"""The error function's complement and inverses."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops.dispatch import dispatched
from freshet.ops.formulas import Vocabulary, primitive_of
from freshet.ops.math import TensorLike, one_operand
from freshet.ops.primitive import Primitive
from freshet.ops.special import coefficients as c

_ROOT_OF_TWO = math.sqrt(2)


def _erfc(v: Vocabulary, x: Any) -> Any:
    """``exp(-x*x) * F(x) / (1 + 2*x)``, after Shepherd and Laframboise (1981), from 1/2 on."""
    # Beyond 30 the result is 0 in every dtype; infinity would give NaN below.
    size = v.minimum(v.abs(x), 30.0)
    factor = v.series((size - 3.75) / (size + 3.75), -1.0, 1.0, c.ERFC) / (1.0 + 2.0 * size)
    # The square of a number of few bits is exact, so exp does not amplify its rounding.
    short = v.rint(size * 16.0) * 0.0625
    tail = v.exp(-short * short) * v.exp((short - size) * (short + size)) * factor
    return v.select(size < 0.5, 1.0 - v.erf(x), v.select(x < 0.0, 2.0 - tail, tail))


def _inverse(v: Vocabulary, w: Any) -> Any:
    """Return ``erfinv(x) / x`` for ``w = -log(1 - x*x)``, a function without kinks or poles."""
    root = v.sqrt(w)
    near = v.series(w, 0.0, 6.25, c.ERFINV)
    middle = v.series(root, 2.5, 5.0, c.ERFINV_MIDDLE)
    far = root * v.series(1.0 / root, 1 / 28, 1 / 5, c.ERFINV_FAR)
    return v.select(w < 6.25, near, v.select(root < 5.0, middle, far))


def _erfinv(v: Vocabulary, x: Any) -> Any:
    return x * _inverse(v, v.abs(v.log((1.0 - x) * (1.0 + x))))


def _erfcinv(v: Vocabulary, y: Any) -> Any:
    # Rounding must not give the square root something below 0.
    return (1.0 - y) * _inverse(v, v.abs(v.log(y * (2.0 - y))))


def _ndtri(v: Vocabulary, p: Any) -> Any:
    found = _inverse(v, v.abs(v.log(4.0 * p * (1.0 - p))))
    return _ROOT_OF_TWO * ((p + p - 1.0) * found)


erfc_p: Primitive = primitive_of(
    "erfc", _erfc, lambda c, g: g * e.exp_p(-c.x * c.x) * (-2 / math.sqrt(math.pi))
)
erfinv_p: Primitive = primitive_of(
    "erfinv", _erfinv, lambda c, g: g * e.exp_p(c.output * c.output) * (math.sqrt(math.pi) / 2)
)
erfcinv_p: Primitive = primitive_of(
    "erfcinv", _erfcinv, lambda c, g: g * e.exp_p(c.output * c.output) * (-math.sqrt(math.pi) / 2)
)
ndtri_p: Primitive = primitive_of(
    "ndtri", _ndtri,
    lambda c, g: g * e.exp_p(c.output * c.output * 0.5) * math.sqrt(2 * math.pi),
)  # fmt: skip


@dispatched
def erfc(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 - erf(x)``, exact also where erf(x) is close to 1.

    Example:
        >>> float(erfc(0.0))
        1.0
    """
    return one_operand("erfc", x, erfc_p)


@dispatched
def erfinv(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the number whose error function is x; infinite at -1 and 1, NaN beyond.

    Example:
        >>> float(erfinv(0.0))
        0.0
    """
    return one_operand("erfinv", x, erfinv_p)


@dispatched
def erfcinv(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the number whose `erfc` is x, for x in ``[0, 2]``.

    Example:
        >>> float(erfcinv(1.0))
        0.0
    """
    return one_operand("erfcinv", x, erfcinv_p)


@dispatched
def ndtri(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the quantile of the standard normal distribution for the probability x.

    Example:
        >>> float(ndtri(0.5))
        0.0
    """
    return one_operand("ndtri", x, ndtri_p)
