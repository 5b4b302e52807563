"""Incomplete gamma and beta functions, regularized: distribution functions of statistics.

Series and continued fractions (Abramowitz and Stegun, 6.5 and 26.5) in float64 on the host, all
elements at once until the last has converged.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import DTypeError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Array, Tensor
from freshet.ops import elementwise as e
from freshet.ops.conversion import binary_operands
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import FLOATS, elementwise, infer_elementwise, summed
from freshet.ops.formulas import NUMPY
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, NoGradient, Primitive, float_compute
from freshet.ops.special.gamma import _digamma, _lgamma, lgamma_p

_TINY: Final = 1e-300
_CLOSE: Final = 1e-16
_MOST: Final = 100_000
"""Terms after which it gives up: enough for parameters of about 1e9."""


def _series(a: Array, x: Array) -> tuple[Array, Array]:
    """Return the lower function and its derivative by a.

    ``x**a * exp(-x) / gamma(a + 1) * sum(x**n / ((a + 1) ... (a + n)))``
    """
    term, slope = np.ones(a.shape), np.zeros(a.shape)
    total, slopes = term.copy(), slope.copy()
    for n in range(1, _MOST):
        step = x / (a + n)
        slope = slope * step - term * step / (a + n)
        term = term * step
        total += term
        slopes += slope
        small = (term <= _CLOSE * total) & (np.abs(slope) <= _CLOSE * (np.abs(slopes) + _TINY))
        if np.all(small | ~np.isfinite(total)):
            break
    factor = np.exp(a * np.log(x) - x - _lgamma(NUMPY, a + 1))
    lower = factor * total
    return lower, lower * (np.log(x) - _digamma(NUMPY, a + 1)) + factor * slopes


def _fraction(a: Array, x: Array) -> Array:
    """Return the upper function by its continued fraction, for ``x > a + 1``."""
    b = x + 1 - a
    c = np.full(a.shape, 1 / _TINY)
    d = 1 / b
    total = d.copy()
    for n in range(1, _MOST):
        factor = -n * (n - a)
        b = b + 2
        d = 1 / _not_zero(factor * d + b)
        c = _not_zero(b + factor / c)
        change = c * d
        total = total * change
        if np.all((np.abs(change - 1) <= 2 * _CLOSE) | ~np.isfinite(total)):
            break
    return np.asarray(np.exp(a * np.log(x) - x - _lgamma(NUMPY, a)) * total)


def _not_zero(x: Array) -> Array:
    return np.where(np.abs(x) < _TINY, _TINY, x)


def _gamma_parts(a: Array, x: Array) -> tuple[Array, Array]:
    """Return the lower and the upper function, both to full precision."""
    p, q = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
    wrong = ~((p > 0) & (q >= 0)) | ((p == np.inf) & (q == np.inf))
    plain = ~wrong & (q > 0) & np.isfinite(q) & np.isfinite(p)
    shape = np.where(plain, p, 1.0)
    at = np.where(plain, q, 1.0)
    near = at <= shape + 1
    lower = _series(shape, np.where(near, at, shape))[0]
    upper = _fraction(shape, np.where(near, shape + 2, at))
    lower, upper = np.where(near, lower, 1 - upper), np.where(near, 1 - lower, upper)
    ends = np.where((q > 0) & (p < np.inf), 1.0, 0.0)
    lower, upper = np.where(plain, lower, ends), np.where(plain, upper, 1 - ends)
    return np.where(wrong, np.nan, lower), np.where(wrong, np.nan, upper)


def _gamma_slope(a: Array, x: Array) -> Array:
    p, q = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
    plain = (p > 0) & (q > 0) & np.isfinite(q) & np.isfinite(p)
    found = _series(np.where(plain, p, 1.0), np.where(plain, q, 1.0))[1]
    result: Array = np.where(plain, found, np.where((p > 0) & (q >= 0), 0.0, np.nan))
    return result.astype(x.dtype)


_ITERATES: Final = Host("the number of terms depends on the operands")


def _density(a: Tensor, x: Tensor) -> Tensor:
    """Return ``x**(a - 1) * exp(-x) / gamma(a)``."""
    return e.exp_p((a - 1.0) * e.log_p(x) - x - lgamma_p(a))


igamma_slope_p: Primitive = elementwise(
    "igamma_slope", FLOATS, reference=_gamma_slope,
    gradient=NoGradient("a series for it is not known here"), lower=_ITERATES,
)  # fmt: skip
igamma_p: Primitive = elementwise(
    "igamma", FLOATS, reference=lambda a, x: _gamma_parts(a, x)[0].astype(x.dtype),
    gradient=(
        lambda c, g: g * igamma_slope_p(c.x, c.y), lambda c, g: g * _density(c.x, c.y),
    ),
    lower=_ITERATES,
)  # fmt: skip
igammac_p: Primitive = elementwise(
    "igammac", FLOATS, reference=lambda a, x: _gamma_parts(a, x)[1].astype(x.dtype),
    gradient=(
        lambda c, g: -g * igamma_slope_p(c.x, c.y), lambda c, g: -g * _density(c.x, c.y),
    ),
    lower=_ITERATES,
)  # fmt: skip

# --- beta -----------------------------------------------------------------------------------------


def _beta_fraction(a: Array, b: Array, x: Array) -> Array:
    """Return the continued fraction 26.5.8, by Lentz's method."""
    c = np.ones(x.shape)
    d = 1 / _not_zero(1 - (a + b) * x / (a + 1))
    total = d.copy()
    for n in range(1, _MOST):
        even = n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n))
        d = 1 / _not_zero(1 + even * d)
        c = _not_zero(1 + even / c)
        total = total * c * d
        odd = -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))
        d = 1 / _not_zero(1 + odd * d)
        c = _not_zero(1 + odd / c)
        change = c * d
        total = total * change
        if np.all((np.abs(change - 1) <= 2 * _CLOSE) | ~np.isfinite(total)):
            break
    return total


def _betainc(a: Array, b: Array, x: Array) -> Array:
    p, q, z = np.broadcast_arrays(*(v.astype(np.float64) for v in (a, b, x)))
    wrong = ~((p > 0) & (q > 0) & (z >= 0) & (z <= 1))
    plain = ~wrong & (z > 0) & (z < 1)
    p, q, at = np.where(plain, p, 1.0), np.where(plain, q, 1.0), np.where(plain, z, 0.5)
    swap = at > (p + 1) / (p + q + 2)
    left, right = np.where(swap, q, p), np.where(swap, p, q)
    near = np.where(swap, 1 - at, at)
    log_beta = _lgamma(NUMPY, p) + _lgamma(NUMPY, q) - _lgamma(NUMPY, p + q)
    factor = np.exp(p * np.log(at) + q * np.log1p(-at) - log_beta) / left
    found = factor * _beta_fraction(left, right, near)
    found = np.where(swap, 1 - found, found)
    result: Array = np.where(wrong, np.nan, np.where(plain, found, z))
    return result.astype(x.dtype)


def _betainc_infer(*types: TensorType) -> TensorType:
    if len({t.dtype.name for t in types}) > 1:
        raise DTypeError(
            "betainc: all operands must have one dtype, received "
            f"{' and '.join(map(str, types))}; convert with ft.cast"
        )
    kind = infer_elementwise("betainc", FLOATS)(*types)
    return TensorType(kind.dtype, broadcast_shapes("betainc", [t.shape for t in types]))


def _beta_density(call: Call, grad: Tensor) -> Tensor:
    a, b, x = call.inputs
    log_beta = lgamma_p(a) + lgamma_p(b) - lgamma_p(a + b)
    return grad * e.exp_p((a - 1.0) * e.log_p(x) + (b - 1.0) * e.log1p_p(-x) - log_beta)


betainc_p: Primitive = Primitive(
    name="betainc", infer=_betainc_infer, reference=float_compute(_betainc),
    gradient=(None, None, summed(_beta_density, 2)), lower=_ITERATES,
)  # fmt: skip

# --- public functions -----------------------------------------------------------------------------


@dispatched
def igamma(a: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """Return the lower regularized incomplete gamma function.

    ``P(a, x) = integral of t**(a-1) * exp(-t) from 0 to x / gamma(a)``

    Args:
        a: Above 0; NaN elsewhere.
        x: Not below 0; NaN elsewhere. Both broadcast.
        name: Ignored.

    Example:
        >>> round(float(igamma(1.0, 2.0)), 5)  # 1 - exp(-2)
        0.86466
    """
    return igamma_p(*binary_operands("igamma", a, x))


@dispatched
def igammac(a: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """Return the upper regularized incomplete gamma function, ``1 - igamma(a, x)``.

    Arguments as for `igamma`; the result is exact also where `igamma` is close to 1.

    Example:
        >>> round(float(igammac(1.0, 2.0)), 5)  # exp(-2)
        0.13534
    """
    return igammac_p(*binary_operands("igammac", a, x))


@dispatched
def betainc(a: TensorLike, b: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """Return the regularized incomplete beta function.

    ``I(a, b; x) = integral of t**(a-1) * (1-t)**(b-1) from 0 to x / beta(a, b)``

    Args:
        a: Above 0; NaN elsewhere. No gradient flows to `a` and `b`.
        b: Above 0; NaN elsewhere.
        x: In ``[0, 1]``; NaN elsewhere. All three broadcast.
        name: Ignored.

    Example:
        >>> round(float(betainc(2.0, 2.0, 0.25)), 5)
        0.15625
    """
    parts: list[Any] = [a, b, x]
    first = next((p for p in parts if hasattr(p, "dtype")), a)
    tensors = [binary_operands("betainc", first, part)[1] for part in parts]
    return betainc_p(*tensors)
