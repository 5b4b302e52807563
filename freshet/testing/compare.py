"""Comparing arrays: exactly, within units in the last place, within a bound."""

from __future__ import annotations

from typing import Any, Final

import ml_dtypes
import numpy as np

from freshet.core.dtypes import of_array
from freshet.core.tensor import Array

FAR: Final = 2.0**64
"""The distance between NaN and a number."""
_DENORMAL: Final = {
    np.dtype(ml_dtypes.bfloat16): 2**7,
    np.dtype(np.float32): 2**23,
    np.dtype(np.float64): 2**52,
}
"""Floats of each sign that count as zero: denormal ones, and the first one after them."""


def ulp_distance(actual: Any, expected: Any) -> Array:
    """Return how many numbers of the dtype lie between two arrays' elements, as float64.

    NaN is 0 away from NaN and `FAR` from everything else; 0 and -0 are 0 apart; infinity follows
    the largest finite number. Numbers that a processor may flush to zero are 0: those that are
    denormal in float32, float64 or bfloat16, and what rounds to the smallest normal one.

    Args:
        actual: An array of a floating-point dtype.
        expected: An array of the same dtype and shape.

    Example:
        >>> ulp_distance(np.float32(1), np.nextafter(np.float32(1), np.float32(2)))
        array(1.)
    """
    x, y = np.asarray(actual), np.asarray(expected)
    negative_x, size_x = _sign_and_size(x)
    negative_y, size_y = _sign_and_size(y)
    # Unsigned 64-bit numbers hold every distance within a format exactly.
    apart = np.where(
        negative_x == negative_y,
        np.maximum(size_x, size_y) - np.minimum(size_x, size_y),
        size_x + size_y,
    )
    missing_x, missing_y = np.isnan(x), np.isnan(y)
    distance = np.where(missing_x | missing_y, FAR, apart.astype(np.float64))
    return np.where(missing_x & missing_y, 0.0, distance)


def without_denormals(x: Array) -> Array:
    """Return an array with zeros instead of the numbers that a processor may flush to zero.

    Example:
        >>> without_denormals(np.float32([1e-39, 1.0])).tolist()
        [0.0, 1.0]
    """
    if x.dtype not in _DENORMAL:
        return x
    _, size = _sign_and_size(x)
    with np.errstate(invalid="ignore"):
        return np.where(size == 0, x * x.dtype.type(0), x)


def _sign_and_size(x: Array) -> tuple[Array, Array]:
    """Return which elements are negative, and how many floats lie between each and zero."""
    size = x.dtype.itemsize
    bits: Array = np.ascontiguousarray(x).view(f"i{size}").reshape(x.shape)
    numbers = bits & (2 ** (8 * size - 1) - 1)
    return bits < 0, np.maximum(numbers - _DENORMAL.get(x.dtype, 0), 0).astype(np.uint64)


def assert_agree(
    actual: Any,
    expected: Any,
    *,
    ulp: float = 0,
    slack: Any = 0.0,
    signed_zeros: bool = True,
    what: str = "",
) -> None:
    """Raise `AssertionError` unless two arrays agree in dtype, shape and elements.

    Args:
        actual: What was computed.
        expected: What should be.
        ulp: How many units in the last place a floating-point element may be off.
        slack: How far it may be off in absolute terms, where `ulp` does not hold: a number or one
            per element.
        signed_zeros: Whether 0 and -0 differ.
        what: Put before the message.
    """
    x, y = np.asarray(actual), np.asarray(expected)
    head = f"{what}: " if what else ""
    assert x.dtype == y.dtype, f"{head}dtype {x.dtype} instead of {y.dtype}"
    assert x.shape == y.shape, f"{head}shape {x.shape} instead of {y.shape}"
    if x.size == 0:
        return
    if x.dtype.hasobject or not of_array(x).is_floating:
        wrong = x != y
        distance: Array = wrong.astype(np.float64)
    else:
        distance = ulp_distance(x, y)
        wrong = (distance > ulp) & ~_near(x, y, slack)
        if signed_zeros:
            wrong |= (x == 0) & (y == 0) & (np.signbit(x) != np.signbit(y))
    if np.any(wrong):
        raise AssertionError(head + _report(x, y, wrong, distance))


def _near(x: Array, y: Array, slack: Any) -> Array:
    with np.errstate(all="ignore"):
        distance = np.abs(x.astype(np.float64) - y.astype(np.float64))
    near: Array = distance <= np.asarray(slack, np.float64)
    return near


def _report(x: Array, y: Array, wrong: Array, distance: Array) -> str:
    at = np.unravel_index(int(np.argmax(np.where(wrong, distance, -1.0))), x.shape)
    where = f" at {tuple(int(i) for i in at)}" if at else ""
    return (
        f"{int(np.count_nonzero(wrong))} of {x.size} elements differ; the farthest{where} is "
        f"{x[at]!r} instead of {y[at]!r} ({float(distance[at]):.6g} ULP)"
    )
