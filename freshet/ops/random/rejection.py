"""Distributions that are drawn until a draw is accepted: gamma, Poisson, binomial, cut normal.

They run on the host. Each element draws from counters of its own, ``(element, turn)``, so that its
number is a function of the key and its parameters alone, whatever the other elements need.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, NoGradient, Primitive
from freshet.ops.random.gamma_derivative import gamma_derivative_p
from freshet.ops.random.philox import philox
from freshet.ops.shaping import broadcast_to

_HOST: Final = Host("it draws until it accepts")
_COUNTS: Final = NoGradient("counts are whole numbers")
Draw = Callable[[Array, Array], tuple[Array, Array]]
"""``(elements, uniforms[4, n]) -> (numbers, accepted)`` for the elements that are still to do."""


def _until_accepted(key: Array, count: int, draw: Draw) -> Array:
    """Return a number for each element, drawn with new uniforms in (0, 1) until it is accepted."""
    result = np.zeros(count)
    pending, turn = np.arange(count), 0
    while pending.size:
        turn += 1
        words = philox(key.tolist(), pending.astype(np.uint64), turn)
        numbers, accepted = draw(pending, (words + 0.5) * 2.0**-32)
        result[pending[accepted]] = numbers[accepted]
        pending = pending[~accepted]
    return result


def _normal(u: Array) -> Array:
    """Return standard normal numbers of the first two uniforms, after Box & Muller (1958)."""
    number: Array = np.sqrt(-2 * np.log(u[0])) * np.cos(2 * np.pi * u[1])
    return number


# --- gamma ----------------------------------------------------------------------------------------


def _gamma_reference(key: Array, alpha: Array) -> Array:
    """Draw by the method of Marsaglia & Tsang (2000).

    Below 1, the number for ``alpha + 1`` is multiplied with ``u**(1/alpha)``.
    """
    shape = alpha.reshape(-1).astype(np.float64)
    wrong = ~(shape > 0)
    usable = np.where(wrong, 1.0, shape)
    small = usable < 1
    d = usable + small - 1 / 3
    c = 1 / np.sqrt(9 * d)

    def draw(at: Array, u: Array) -> tuple[Array, Array]:
        x = _normal(u)
        v = (1 + c[at] * x) ** 3
        inside = v > 0
        log_v = np.log(np.where(inside, v, 1))
        accepted = inside & (np.log(u[2]) < x * x / 2 + d[at] * (1 - v + log_v))
        power = np.where(small[at], 1 / usable[at], 0)
        return d[at] * v * u[3] ** power, accepted

    found = _until_accepted(key, shape.size, draw)
    return np.where(wrong, np.nan, found).reshape(alpha.shape).astype(alpha.dtype)


def _gamma_gradient(call: Call, grad: Tensor) -> Tensor:
    return grad * gamma_derivative_p(call.y, call.output)


gamma_p: Primitive = Primitive(
    name="random_gamma", infer=lambda key, alpha: alpha, reference=_gamma_reference,
    gradient=(None, _gamma_gradient), lower=_HOST,
)  # fmt: skip


def gamma_numbers(key: Tensor, alpha: Tensor, beta: Tensor | None) -> Tensor:
    """Return numbers with density proportional to ``x**(alpha-1) * exp(-beta*x)``.

    One for each element of `alpha`; never 0, so that their logarithm is finite.
    """
    drawn = gamma_p(key, alpha)
    least = float(np.finfo(np.float32 if alpha.dtype == dtypes.bfloat16 else
                           alpha.dtype.as_numpy_dtype).tiny)  # fmt: skip
    return m.maximum(drawn if beta is None else drawn / beta, least)


# --- Poisson --------------------------------------------------------------------------------------


def _log_factorial(k: Array) -> Array:
    """Return ``log(k!)`` by Stirling's series, with the first factorials exact."""
    small = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1.0, 16.0)))])
    x = np.maximum(k, 15.0) + 1
    series = (1 / 12 - (1 / 360 - 1 / 1260 / (x * x)) / (x * x)) / x
    large = (x - 0.5) * np.log(x) - x + 0.5 * np.log(2 * np.pi) + series
    return np.where(k < 16, small[np.clip(k, 0, 15).astype(int)], large)


def _counted(first: Array, ratio: Callable[[int], Array], u: Array) -> Array:
    """Return the k at which the sum of probabilities exceeds u.

    Args:
        first: Probability of 0.
        ratio: ``k -> probability of k over that of k - 1``.
        u: Numbers in (0, 1).
    """
    k, p, total = np.zeros(first.size), first.copy(), first.copy()
    number = 0
    # The rest of a mean of at most 10 is below 2^-53 long before this.
    while number < 120 and np.any(beyond := u > total):
        number += 1
        p = p * ratio(number)
        k += beyond
        total = total + p
    return k


def _fine(u: Array) -> Array:
    """Return numbers in (0, 1) of two uniforms each, all bits of a float64."""
    return np.minimum(u[0] - 2.0**-33 + u[1] * 2.0**-32, 1 - 2.0**-53)


def _poisson_reference(key: Array, rate: Array, dtype: DType) -> Array:
    """Draw small rates by inversion, others by Hoermann's transformed rejection (1993), "PTRS"."""
    lam = rate.reshape(-1).astype(np.float64)
    wrong = ~(lam >= 0) | ~np.isfinite(lam)
    lam = np.where(wrong, 0.0, lam)
    large = np.maximum(lam, 10.0)
    b = 0.931 + 2.53 * np.sqrt(large)
    a = -0.059 + 0.02483 * b
    inverse = 1.1239 + 1.1328 / (b - 3.4)
    plenty = 0.9277 - 3.6224 / (b - 2)

    def draw(at: Array, u: Array) -> tuple[Array, Array]:
        few = lam[at] < 10
        counted = _counted(np.exp(-np.where(few, lam[at], 0)), lambda k: lam[at] / k, _fine(u))
        x, v = u[0] - 0.5, u[1]
        near = 0.5 - np.abs(x)
        k = np.floor((2 * a[at] / near + b[at]) * x + large[at] + 0.43)
        left = np.log(v * inverse[at] / (a[at] / (near * near) + b[at]))
        right = k * np.log(large[at]) - large[at] - _log_factorial(np.maximum(k, 0))
        sure = (near >= 0.07) & (v <= plenty[at])
        possible = (k >= 0) & ~((near < 0.013) & (v > near))
        return np.where(few, counted, k), few | sure | (possible & (left <= right))

    found = _until_accepted(key, lam.size, draw).reshape(rate.shape)
    return _as_counts(found, wrong.reshape(rate.shape), dtype)


def _as_counts(found: Array, wrong: Array, dtype: DType) -> Array:
    if dtype.is_floating:
        found = np.where(wrong, np.nan, found)
    return found.astype(dtype.as_numpy_dtype)


poisson_p: Primitive = Primitive(
    name="random_poisson", infer=lambda key, rate, dtype: TensorType(dtype, rate.shape),
    reference=_poisson_reference, gradient=_COUNTS, lower=_HOST,
)  # fmt: skip

# --- binomial -------------------------------------------------------------------------------------


def _stirling_rest(k: Array) -> Array:
    """Return ``log(k!)`` less Stirling's formula for it."""
    x = k + 1
    return _log_factorial(k) - (k + 0.5) * np.log(x) + x - 0.5 * np.log(2 * np.pi)


def _binomial_reference(key: Array, counts: Array, probs: Array, dtype: DType) -> Array:
    """Draw small means by inversion, others by Hoermann's transformed rejection (1993), "BTRS"."""
    n = np.floor(counts.reshape(-1).astype(np.float64))
    given = probs.reshape(-1).astype(np.float64)
    wrong = ~((given >= 0) & (given <= 1) & (n >= 0))
    n, given = np.where(wrong, 0.0, n), np.where(wrong, 0.0, given)
    p = np.minimum(given, 1 - given)
    q = 1 - p
    many = n * p >= 10
    size, share = np.where(many, n, 100.0), np.where(many, p, 0.5)
    spread = np.sqrt(size * share * (1 - share))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * share
    middle = size * share + 0.5
    plenty = 0.92 - 4.2 / b
    odds = share / (1 - share)
    alpha = (2.83 + 5.1 / b) * spread
    top = np.floor((size + 1) * share)

    def draw(at: Array, u: Array) -> tuple[Array, Array]:
        few = ~many[at]
        trials, ratio = n[at], p[at] / q[at]
        start = np.where(few, np.exp(trials * np.log1p(-p[at])), 1.0)
        counted = _counted(start, lambda k: np.maximum(trials - k + 1, 0) / k * ratio, _fine(u))
        x, v = u[0] - 0.5, u[1]
        near = 0.5 - np.abs(x)
        k = np.floor((2 * a[at] / near + b[at]) * x + middle[at])
        inside = (k >= 0) & (k <= size[at])
        hit, whole, high = np.where(inside, k, 0), size[at], top[at]
        left = np.log(v * alpha[at] / (a[at] / (near * near) + b[at]))
        right = (
            (high + 0.5) * np.log((high + 1) / (odds[at] * (whole - high + 1)))
            + (whole + 1) * np.log((whole - high + 1) / (whole - hit + 1))
            + (hit + 0.5) * np.log(odds[at] * (whole - hit + 1) / (hit + 1))
            + _stirling_rest(high) + _stirling_rest(whole - high)
            - _stirling_rest(hit) - _stirling_rest(whole - hit)
        )  # fmt: skip
        sure = (near >= 0.07) & (v <= plenty[at])
        return np.where(few, counted, k), few | (inside & (sure | (left <= right)))

    found = _until_accepted(key, n.size, draw)
    found = np.where(given > 0.5, n - found, found).reshape(counts.shape)
    return _as_counts(found, wrong.reshape(counts.shape), dtype)


binomial_p: Primitive = Primitive(
    name="random_binomial",
    infer=lambda key, counts, probs, dtype: TensorType(dtype, counts.shape),
    reference=_binomial_reference, gradient=_COUNTS, lower=_HOST,
)  # fmt: skip


def binomial_numbers(key: Tensor, shape: Any, counts: Any, probs: Any, dtype: Any) -> Tensor:
    """Return how many of `counts` trials succeed; both broadcast to `shape`."""
    kind = as_dtype(dtype)
    if not kind.is_numeric:
        raise DTypeError(f"binomial: dtype must be a number's, received {kind.name}")
    n, p = convert_to_tensor(counts), convert_to_tensor(probs)
    wide = [broadcast_to(m.cast(x, dtypes.float64), shape) for x in (n, p)]
    return binomial_p(key, *wide, dtype=kind)


# --- normal between bounds ------------------------------------------------------------------------


def _truncated_reference(
    key: Array, mean: Array, deviation: Array, low: Array, high: Array
) -> Array:
    """Draw by Robert's rejections (1995), "Simulation of truncated normal variables".

    Wide intervals around 0 from the normal distribution, tails from a shifted exponential one,
    narrow intervals from the even one.
    """
    mu, sigma, first, last = (
        x.reshape(-1).astype(np.float64) for x in (mean, deviation, low, high)
    )
    wrong = ~((sigma > 0) & (first < last))
    sigma = np.where(wrong, 1.0, sigma)
    a, b = (first - mu) / sigma, (last - mu) / sigma
    a, b = np.where(wrong, -1.0, a), np.where(wrong, 1.0, b)
    flipped = b < -a  # draw the mirror image where most of the interval is below 0
    a, b = np.where(flipped, -b, a), np.where(flipped, -a, b)
    root = np.sqrt(a * a + 4)
    rate = (a + root) / 2
    wide = (a <= 0) & (b - a > np.sqrt(2 * np.pi))
    tail = (a > 0) & (b > a + np.exp(0.5 + (a * a - a * root) / 4) * 2 / (a + root))
    nearest = np.maximum(a, 0)

    def draw(at: Array, u: Array) -> tuple[Array, Array]:
        normal = _normal(u)
        shifted = a[at] - np.log(u[0]) / rate[at]
        reach = np.where(np.isfinite(b[at] - a[at]), b[at] - a[at], 0)
        even = a[at] + reach * u[0]
        log_v = np.log(u[2])
        by_tail = (shifted <= b[at]) & (log_v <= -((shifted - rate[at]) ** 2) / 2)
        by_even = log_v <= (nearest[at] ** 2 - even * even) / 2
        inside = (normal >= a[at]) & (normal <= b[at])
        found = np.select([wide[at], tail[at]], [normal, shifted], even)
        return found, np.select([wide[at], tail[at]], [inside, by_tail], by_even)

    found = _until_accepted(key, mu.size, draw)
    result = np.where(flipped, -found, found) * sigma + mu
    result = np.where(wrong, np.nan, result).reshape(mean.shape)
    return np.clip(result.astype(mean.dtype), low, high)


truncated_p: Primitive = Primitive(
    name="random_truncated_normal",
    infer=lambda key, mean, deviation, low, high: mean, reference=_truncated_reference,
    gradient=NoGradient("which draw is accepted jumps with the parameters"), lower=_HOST,
)  # fmt: skip


def between_numbers(key: Tensor, shape: Any, parameters: list[Any]) -> Tensor:
    """Return normally distributed numbers between bounds: means, deviations, least and largest."""
    tensors = [convert_to_tensor(p) for p in parameters]
    kind = next((t.dtype for t in tensors if t.dtype != dtypes.float32), dtypes.float32)
    if not kind.is_floating:
        raise InvalidArgumentError(
            "stateless_parameterized_truncated_normal: expected floating-point parameters, "
            f"received {kind.name}"
        )
    wide = [broadcast_to(m.cast(t, kind), shape) for t in tensors]
    return truncated_p(key, *wide)
