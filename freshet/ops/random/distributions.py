"""Distributions as functions of a key: made of random bits by arithmetic, in compiled code."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.cumulative import cumsum
from freshet.ops.math import TensorLike
from freshet.ops.random.at_once import Formula
from freshet.ops.random.keys import constant_key, full_integers
from freshet.ops.random.philox import random_bits
from freshet.ops.reduction import argmax, reduce_max
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.sizes import static_integer
from freshet.ops.sorting import searchsorted

# --- even -----------------------------------------------------------------------------------------


def unit_numbers(key: Tensor, shape: Any, dtype: dtypes.DType) -> Tensor:
    """Return numbers in [0, 1), every multiple of 2^-24 (of 2^-53 in float64) equally likely."""
    if dtype == dtypes.float64:
        other = e.bitwise_xor_p(key, constant_key(0xA5A5A5A5, 0))
        high = m.cast(_shifted(random_bits(key, shape), 6), dtypes.float64)
        low = m.cast(_shifted(random_bits(other, shape), 5), dtypes.float64)
        return (high * 2.0**27 + low) * 2.0**-53
    unit = m.cast(_shifted(random_bits(key, shape), 8), dtypes.float32) * 2.0**-24
    if dtype == dtypes.float32:
        return unit
    # Rounding to 16 bits must not reach 1.
    below = 1 - 2.0**-8 if dtype == dtypes.bfloat16 else 1 - 2.0**-11
    return m.cast(m.minimum(unit, below), dtype)


def _shifted(bits: Tensor, by: int) -> Tensor:
    return e.right_shift_p(bits, Tensor._of_array(np.asarray(by, np.uint32)))


def _floating(name: str, dtype: Any) -> dtypes.DType:
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise DTypeError(f"{name}: dtype must be floating-point, received {kind.name}")
    return kind


def uniform_numbers(key: Tensor, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Tensor:
    """Return numbers evenly distributed in ``[minval, maxval)``."""
    kind = as_dtype(dtype)
    if kind.is_integer:
        return _uniform_integers(key, shape, minval, maxval, kind)
    _floating("uniform", kind)
    if _is_number(minval, 0) and _is_number(maxval, 1):
        return unit_numbers(key, shape, kind)
    low = _of_dtype(0 if minval is None else minval, kind)
    high = _of_dtype(1 if maxval is None else maxval, kind)
    return unit_numbers(key, shape, kind) * (high - low) + low


def _is_number(value: Any, number: int) -> bool:
    """Return whether an option is a number, or None, which stands for it."""
    return value is None or (isinstance(value, (int, float)) and value == number)


def _of_dtype(value: Any, dtype: dtypes.DType) -> Tensor:
    tensor = convert_to_tensor(value, dtype_hint=dtype)
    return tensor if tensor.dtype == dtype else m.cast(tensor, dtype)


def _uniform_integers(
    key: Tensor, shape: Any, minval: Any, maxval: Any, kind: dtypes.DType
) -> Tensor:
    if minval is None and maxval is None:
        return full_integers(key, shape, kind)
    if minval is None or maxval is None:
        raise InvalidArgumentError(f"uniform: integers of {kind.name} need a maxval")
    low = convert_to_tensor(minval, dtype=kind)
    high = convert_to_tensor(maxval, dtype=kind)
    if low._array is not None and high._array is not None and np.any(low._array >= high._array):
        raise InvalidArgumentError(
            f"uniform: minval must be less than maxval, received {minval} and {maxval}"
        )
    span = high - low
    small = m.cast(span, dtypes.uint32)
    found = m.cast(e.floormod_p(random_bits(key, shape), small), kind) + low
    if kind.bits <= 32:
        return found
    limit = 2**32 - 1
    if span._array is not None and np.all(span._array.astype(np.uint64) <= limit):
        return found
    wide = m.cast(span, dtypes.uint64)
    far = m.cast(e.floormod_p(full_integers(key, shape, dtypes.uint64), wide), kind) + low
    fits = m.less_equal(wide, np.uint64(limit))
    return far if span._array is not None and not span.ndim else m.where(fits, found, far)


# --- normal ---------------------------------------------------------------------------------------


def _scaled(standard: Tensor, mean: Any, stddev: Any) -> Tensor:
    kind = standard.dtype
    spread = standard if _is_number(stddev, 1) else standard * _of_dtype(stddev, kind)
    result: Tensor = spread + _of_dtype(mean, kind)
    return result


def normal_numbers(key: Tensor, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Tensor:
    """By the method of Box & Muller (1958): sqrt(-2 log u) cos(2 pi v), u in (0, 1]."""
    kind = _floating("normal", dtype)
    wide = kind if kind.bits >= 32 else dtypes.float32
    other = e.bitwise_xor_p(key, constant_key(0, 0xC3C3C3C3))
    u = 1.0 - unit_numbers(key, shape, wide)
    v = unit_numbers(other, shape, wide)
    standard = m.cast(m.sqrt(m.log(u) * -2.0) * m.cos(v * (2 * np.pi)), kind)
    return _scaled(standard, mean, stddev)


def truncated_normal_numbers(key: Tensor, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Tensor:
    """Return normal numbers, none farther than two deviations from the mean."""
    kind = _floating("truncated_normal", dtype)
    wide = kind if kind.bits >= 32 else dtypes.float32
    standard = _cut_normal(unit_numbers(key, shape, wide))
    return _scaled(m.cast(standard, kind), mean, stddev)


def _of_even(unit: Tensor) -> Tensor:
    """Return the cut distribution's own inverse of numbers in [0, 1).

    They are spread between its values at -2 and 2 and inverted by Newton's method on erf, from a
    rational first guess; each step doubles the correct digits.
    """
    edge = 0.9544997361036416  # erf(2 / sqrt(2)): the share within two deviations
    target = (unit * 2.0 - 1.0) * edge
    # Winitzki's approximation of the inverse of erf (2008), good to 2e-3.
    w = m.log(1.0 - target * target)
    c = 2 / (np.pi * 0.147)
    half = w * 0.5 + c
    guess = m.sign(target) * m.sqrt(m.sqrt(half * half - w / 0.147) - half)
    for _ in range(3):
        slope = m.exp(-guess * guess) * (2 / np.sqrt(np.pi))
        guess = guess - (m.erf(guess) - target) / slope
    return m.clip_by_value(guess * np.sqrt(2), -2.0, 2.0)


_cut_normal: Final = Formula("truncated_normal", _of_even)


# --- classes --------------------------------------------------------------------------------------


def class_numbers(key: Tensor, logits: TensorLike, num_samples: Any, dtype: Any) -> Tensor:
    """Return samples of each row's classes; class c has probability ``softmax(logits)[c]``."""
    x = convert_to_tensor(logits)
    if x.ndim != 2 or not x.dtype.is_floating:
        raise InvalidArgumentError(
            f"categorical: logits must be float[batch, classes], received {x._type}"
        )
    count = static_integer("categorical", "num_samples", num_samples)
    if count < 0:
        raise InvalidArgumentError(
            f"categorical: num_samples must not be below 0, received {count}"
        )
    kind = as_dtype(dtypes.int64 if dtype is None else dtype)
    return (_searched if count > _MANY else _noisiest)(key, x, count, kind)


_MANY: Final = 32
"""Samples of a row from which on it pays to leave the kernel to search in sums of probabilities."""


def _noisiest(key: Tensor, logits: Tensor, count: int, dtype: dtypes.DType) -> Tensor:
    """Return where the logit and its noise together are largest.

    With noise ``-log(e)``, e exponentially distributed, class c wins with probability
    ``softmax(logits)[c]``.

    Source: Gumbel 1954, "Statistical theory of extreme values and some practical applications";
    Maddison, Tarlow & Minka 2014, arXiv:1411.0030, section 2.
    """
    wide = m.cast(logits, dtypes.float32) if logits.dtype.bits == 16 else logits
    batch, classes = known_sizes(wide)
    bits = random_bits(key, [batch, count, classes])
    # (0, 1], fine near 0, which is where the largest noise comes from.
    unit = (m.cast(bits, wide.dtype) + 1.0) * 2.0**-32
    noise = -m.log(-m.log1p(-unit))
    return argmax(a.expand_dims_p(wide, axes=(1,)) + noise, 2, dtype)


def _searched(key: Tensor, logits: Tensor, count: int, dtype: dtypes.DType) -> Tensor:
    """Return the classes whose shares of the summed probabilities even numbers fall into."""
    wide = m.cast(logits, dtypes.float64)
    upto = cumsum(m.exp(wide - reduce_max(wide, 1, keepdims=True)), 1)
    unit = (
        m.cast(random_bits(key, [known_sizes(wide)[0], count]), dtypes.float64) + 0.5
    ) * 2.0**-32
    return m.cast(searchsorted(upto, unit * upto[:, -1:], side="right"), dtype)
