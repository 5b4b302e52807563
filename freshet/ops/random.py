"""Random numbers: counter-based, so the same in every mode, on any number of threads.

`random_bits` is the one source: element i of its output is a function of the key and i alone, by
Philox 4x32-10. State is a key and a counter, held in a `Generator`'s variable; drawing n numbers
advances the counter. The functions without an explicit generator draw from a global one, which
`set_seed` restarts.

Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops import scalar, shaping
from freshet.ops.array import resolve_shape, sizes_of
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.index import Affine, Index, constant, strides_of
from freshet.ops.lookup import gather_p
from freshet.ops.math import TensorLike
from freshet.ops.nest import Nest, o
from freshet.ops.primitive import NoGradient, Primitive

_ROUNDS: Final = 10
_MULTIPLIERS: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS: Final = (0x9E3779B9, 0xBB67AE85)
_WORD: Final = 2**32


def philox(key: Sequence[int], counter: Array) -> Array:
    """Return the four words of each block.

    Args:
        key: Two 32-bit numbers.
        counter: uint64[n], the low half of each block's 128-bit counter; the high half is 0.

    Returns:
        uint32[4, n].
    """
    mask, half = np.uint64(_WORD - 1), np.uint64(32)
    zero = np.zeros_like(counter)
    c = [counter & mask, counter >> half, zero, zero]
    k = [int(part) for part in key]
    for turn in range(_ROUNDS):
        if turn:
            k = [(part + step) % _WORD for part, step in zip(k, _KEY_STEPS, strict=True)]
        p0, p1 = c[0] * _MULTIPLIERS[0], c[2] * _MULTIPLIERS[1]
        c = [
            (p1 >> half) ^ c[1] ^ np.uint64(k[0]),
            p1 & mask,
            (p0 >> half) ^ c[3] ^ np.uint64(k[1]),
            p0 & mask,
        ]
    return np.stack(c).astype(np.uint32)


def _bits_reference(key: Array, *operand: Array, shape: tuple[Dim, ...]) -> Array:
    """Element i is word ``(i >> 4) & 3`` of the block with counter ``(i >> 6 << 4) | (i & 15)``.

    So 64 neighbours share 16 blocks, and a vector of 16 takes the same word of 16 blocks.
    """
    sizes = sizes_of(shape, operand)
    count = int(np.prod(sizes))
    groups = -(-count // 64)
    blocks = philox(key.tolist(), np.arange(groups * 16, dtype=np.uint64))
    # [word, group, place] -> [group, word, place]
    return blocks.reshape(4, groups, 16).transpose(1, 0, 2).reshape(-1)[:count].reshape(sizes)


def _bits_infer(key: TensorType, *operand: TensorType, shape: tuple[Dim, ...]) -> TensorType:
    if key.dtype != dtypes.uint32 or key.shape != (2,):
        raise DTypeError(f"random_bits: the key must be u32[2], received {key}")
    return TensorType(dtypes.uint32, shape)


def _bits_lower(key: TensorType, shape: tuple[int, ...]) -> Nest:
    del key
    number = Affine()
    for d, stride in enumerate(strides_of(shape)):
        number = number + o(d) * stride
    first, second = ((Index(constant(i)),) for i in (0, 1))
    return Nest(
        operands=(first, second),
        body=lambda k0, k1: scalar.random_bits(k0, k1, scalar.coordinate(number)),
    )


# The key is read at two places, so the nest has two operands; the primitive's wrapper gives it
# twice, and each use reads its own word.
random_bits_p: Primitive = Primitive(
    name="random_bits", infer=lambda k0, k1, *operand, shape: _bits_infer(k0, shape=shape),
    reference=lambda k0, k1, *operand, shape: _bits_reference(k0, *operand, shape=shape),
    gradient=NoGradient("random bits do not vary with the key smoothly"),
    lower=lambda k0, k1, shape: _bits_lower(k0, shape), resolve=resolve_shape,
)  # fmt: skip


def random_bits(key: Tensor, shape: Any) -> Tensor:
    """Return uint32 random bits, a function of the key u32[2] and each element's position."""
    operands, sizes = shaping._shape_operand("random_bits", shape)
    return random_bits_p(key, key, *operands, shape=sizes)


# --- state ----------------------------------------------------------------------------------------


class Generator:
    """A stream of random numbers with its state in a variable, which can be saved and restored.

    Args:
        seed: A whole number; the same seed gives the same numbers.

    Example:
        >>> Generator.from_seed(1).uniform([2]).shape
        TensorShape([2])
    """

    def __init__(self, seed: int) -> None:
        low, high = int(seed) % _WORD, (int(seed) >> 32) % _WORD
        state = np.array([low, high, 0], np.uint32)
        self.state = Variable(state, trainable=False, name="generator_state")

    @classmethod
    def from_seed(cls, seed: int) -> Generator:
        """Return the generator of a seed."""
        return cls(seed)

    @classmethod
    def from_non_deterministic_state(cls) -> Generator:
        """Return a generator that differs each time."""
        return cls(int.from_bytes(os.urandom(8), "little"))

    def make_key(self) -> Tensor:
        """Return a key that no other call gets: the seed mixed with the count of draws."""
        state = self.state.value()
        step = Tensor._of_array(np.array([0, 0, 1], np.uint32))
        self.state.assign(state + step)
        # The draw's number enters the key by one round of multiplication and exclusive or.
        number = a.slice_p(state, spec=((2, 3, None),))
        mixed = number * Tensor._of_array(np.array(_KEY_STEPS, np.uint32))
        return e.bitwise_xor_p(a.slice_p(state, spec=((0, 2, None),)), mixed)

    def reset_from_seed(self, seed: int) -> None:
        """Start again from a seed."""
        fresh = np.array([int(seed) % _WORD, (int(seed) >> 32) % _WORD, 0], np.uint32)
        self.state.assign(fresh)

    def uniform(
        self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32
    ) -> Tensor:
        """Return numbers evenly distributed in ``[minval, maxval)``."""
        return _uniform(self.make_key(), shape, minval, maxval, dtype)

    def normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32
    ) -> Tensor:
        """Return normally distributed numbers."""
        return _normal(self.make_key(), shape, mean, stddev, dtype)

    def truncated_normal(
        self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32
    ) -> Tensor:
        """Return normally distributed numbers, none farther than two deviations from the mean."""
        return _truncated_normal(self.make_key(), shape, mean, stddev, dtype)


_global: Generator | None = None


def get_global_generator() -> Generator:
    """Return the generator that the functions without one draw from."""
    global _global  # noqa: PLW0603 (it is the global generator)
    if _global is None:
        with context.init_scope():
            _global = Generator.from_non_deterministic_state()
    return _global


def set_seed(seed: int) -> None:
    """Restart the global generator: the same calls then give the same numbers.

    Example:
        >>> set_seed(0); x = uniform([1]); set_seed(0); bool(x == uniform([1]))
        True
    """
    get_global_generator().reset_from_seed(seed)


def _key(seed: Any) -> Tensor:
    """Return a key from the global generator, or a fixed one for an operation seed."""
    if seed is None:
        return get_global_generator().make_key()
    key = get_global_generator().make_key()
    own = Tensor._of_array(np.array([int(seed) % _WORD, 0x5EED], np.uint32))
    return e.bitwise_xor_p(key, own)


def _stateless_key(seed: TensorLike) -> Tensor:
    key = convert_to_tensor(seed)
    if key.shape != (2,) or not key.dtype.is_integer:
        raise InvalidArgumentError(f"a stateless seed must be two integers, received {key._type}")
    return m.cast(key, dtypes.uint32)


# --- distributions --------------------------------------------------------------------------------


def _unit(key: Tensor, shape: Any, dtype: dtypes.DType) -> Tensor:
    """Return numbers in [0, 1), every multiple of 2^-24 (of 2^-53 in float64) equally likely."""
    if dtype == dtypes.float64:
        other = e.bitwise_xor_p(key, Tensor._of_array(np.array([0xA5A5A5A5, 0], np.uint32)))
        high = m.cast(_shifted(random_bits(key, shape), 6), dtypes.float64)
        low = m.cast(_shifted(random_bits(other, shape), 5), dtypes.float64)
        return (high * 2.0**27 + low) * 2.0**-53
    unit = m.cast(_shifted(random_bits(key, shape), 8), dtypes.float32) * 2.0**-24
    return m.cast(unit, dtype)


def _shifted(bits: Tensor, by: int) -> Tensor:
    return e.right_shift_p(bits, Tensor._of_array(np.asarray(by, np.uint32)))


def _uniform(key: Tensor, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Tensor:
    kind = as_dtype(dtype)
    if kind.is_integer:
        if maxval is None:
            raise InvalidArgumentError(f"uniform: integers of {kind.name} need a maxval")
        low = convert_to_tensor(minval, dtype=kind)
        span = m.cast(convert_to_tensor(maxval, dtype=kind) - low, dtypes.uint32)
        return m.cast(e.floormod_p(random_bits(key, shape), span), kind) + low
    low = convert_to_tensor(minval, dtype=kind)
    high = convert_to_tensor(1 if maxval is None else maxval, dtype=kind)
    return _unit(key, shape, kind) * (high - low) + low


def _normal(key: Tensor, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Tensor:
    """By the method of Box & Muller (1958): sqrt(-2 log u) cos(2 pi v), u in (0, 1]."""
    kind = as_dtype(dtype)
    wide = kind if kind.bits >= 32 else dtypes.float32
    other = e.bitwise_xor_p(key, Tensor._of_array(np.array([0, 0xC3C3C3C3], np.uint32)))
    u = 1.0 - _unit(key, shape, wide)
    v = _unit(other, shape, wide)
    standard = m.cast(m.sqrt(m.log(u) * -2.0) * m.cos(v * (2 * np.pi)), kind)
    result: Tensor = standard * stddev + mean
    return result


def _truncated_normal(key: Tensor, shape: Any, mean: Any, stddev: Any, dtype: Any) -> Tensor:
    """Fold numbers farther than two deviations by the distribution's own inverse.

    Draws u evenly between the distribution's values at -2 and 2 and inverts it, by Newton's method
    on erf from a rational first guess; each step doubles the correct digits.
    """
    kind = as_dtype(dtype)
    wide = kind if kind.bits >= 32 else dtypes.float32
    edge = 0.9544997361036416  # erf(2 / sqrt(2)): the share within two deviations
    target = (_unit(key, shape, wide) * 2.0 - 1.0) * edge
    # Winitzki's approximation of the inverse of erf (2008), good to 2e-3.
    w = m.log(1.0 - target * target)
    c = 2 / (np.pi * 0.147)
    half = w * 0.5 + c
    guess = m.sign(target) * m.sqrt(m.sqrt(half * half - w / 0.147) - half)
    for _ in range(3):
        slope = m.exp(-guess * guess) * (2 / np.sqrt(np.pi))
        guess = guess - (m.erf(guess) - target) / slope
    standard = m.clip_by_value(guess * np.sqrt(2), -2.0, 2.0)
    result: Tensor = m.cast(standard, kind) * stddev + mean
    return result


def uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return numbers evenly distributed in ``[minval, maxval)``; integers need a `maxval`."""
    return _uniform(_key(seed), shape, minval, maxval, dtype)


def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers."""
    return _normal(_key(seed), shape, mean, stddev, dtype)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    seed: int | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return normally distributed numbers, none farther than two deviations from the mean."""
    return _truncated_normal(_key(seed), shape, mean, stddev, dtype)


def stateless_uniform(
    shape: Any, seed: TensorLike, minval: Any = 0, maxval: Any = None, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the evenly distributed numbers of a seed: two integers, no state."""
    return _uniform(_stateless_key(seed), shape, minval, maxval, dtype)


def stateless_normal(
    shape: Any, seed: TensorLike, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the normally distributed numbers of a seed: two integers, no state."""
    return _normal(_stateless_key(seed), shape, mean, stddev, dtype)


def stateless_truncated_normal(
    shape: Any, seed: TensorLike, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the truncated normal numbers of a seed: two integers, no state."""
    return _truncated_normal(_stateless_key(seed), shape, mean, stddev, dtype)


def shuffle(value: TensorLike, seed: int | None = None, name: str | None = None) -> Tensor:
    """Return the slices along the first dimension in random order."""
    tensor = convert_to_tensor(value)
    with context.init_scope():
        key = _key(seed).numpy().tolist()
    order = np.random.Generator(np.random.Philox(key=key)).permutation(len(tensor))
    return gather_p(tensor, convert_to_tensor(order.astype(np.int32)), axis=0)
