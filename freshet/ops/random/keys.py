"""Keys: where the numbers of a draw come from.

A key, uint32[2], names a stream of random bits. Stateless functions make it from a seed. Functions
with state take it from a counter of draws in a variable, so that every run of a traced function
draws anew.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.random.philox import KEY_STEPS, WORD, philox, random_bits


def constant_key(*words: int) -> Tensor:
    """Return 32-bit words as a tensor."""
    return Tensor._of_array(np.array([w % WORD for w in words], np.uint32))


def mixed(seed: Tensor, number: Tensor) -> Tensor:
    """Return the key of a draw: the seed u32[2] mixed with the draw's number u32[1].

    By one round of multiplication and exclusive or.
    """
    return e.bitwise_xor_p(seed, number * constant_key(*KEY_STEPS))


def mixed_words(seed: tuple[int, int], number: int) -> Tensor:
    """Return what `mixed` does of whole numbers: outside of traced functions, in one step."""
    return constant_key(
        *(part ^ number * step % WORD for part, step in zip(seed, KEY_STEPS, strict=True))
    )


class KeyStream:
    """A sequence of keys with its state in a variable: two words of seed, one that counts.

    Args:
        seed: A whole number; its low 64 bits count.
    """

    def __init__(self, seed: int) -> None:
        state = np.array([*words(seed), 0], np.uint32)
        self.state = Variable(state, trainable=False, name="generator_state")

    def make_key(self) -> Tensor:
        """Return a key that no other call gets."""
        state = self.state.value()
        if context.state.tracer is None:
            low, high, count = state._value.tolist()
            self.state.assign(np.array([low, high, (count + 1) % WORD], np.uint32))
            return mixed_words((low, high), count)
        self.state.assign(state + constant_key(0, 0, 1))
        number = a.slice_p(state, spec=((2, 3, None),))
        return mixed(a.slice_p(state, spec=((0, 2, None),)), number)

    def reset_from_seed(self, seed: int) -> None:
        """Start again from a seed."""
        self.state.assign(np.array([*words(seed), 0], np.uint32))


def words(seed: int) -> tuple[int, int]:
    """Return the low and the high half of a whole number's low 64 bits."""
    return int(seed) % WORD, (int(seed) >> 32) % WORD


# --- streams of operations ------------------------------------------------------------------------

DEFAULT_SEED: Final = 87654321
"""Stands for the global seed where only an operation's seed is given, so that this is enough to
repeat its numbers."""
_global_seed: int | None = None
_streams: Final[dict[int, KeyStream]] = {}
"""The keys of each operation seed. An operation without one draws from the global generator."""


def operation_key(seed: int | None) -> Tensor:
    """Return the next key of an operation seed; None for an operation without one."""
    if seed is None:
        from freshet.ops.random.generator import get_global_generator  # noqa: PLC0415 (it is above)

        return get_global_generator().make_key()
    own = int(seed)
    if own not in _streams:
        with context.init_scope():
            _streams[own] = KeyStream(_stream_seed(own))
    return _streams[own].make_key()


def _stream_seed(seed: int) -> int:
    base = DEFAULT_SEED if _global_seed is None else _global_seed
    low, high, *_ = philox(words(base), np.array([seed % 2**64], np.uint64)).ravel().tolist()
    return int(low) + int(high) * WORD


def restart_streams(seed: int) -> None:
    """Start the streams of all operation seeds again, from a global seed.

    Traced functions hold their variables, so these are written to, not replaced.
    """
    global _global_seed  # noqa: PLW0603 (it is the global seed)
    _global_seed = int(seed)
    for own, stream in _streams.items():
        stream.reset_from_seed(_stream_seed(own))


# --- seeds of stateless functions -----------------------------------------------------------------


def stateless_key(seed: TensorLike) -> Tensor:
    """Return the key of a stateless seed: two integers."""
    given = convert_to_tensor(seed)
    if given.shape[:] == (None,):
        given = a.reshape_p(given, shape=(2,))
    if given.shape != (2,) or not given.dtype.is_integer:
        raise InvalidArgumentError(f"a stateless seed must be two integers, received {given._type}")
    key = m.cast(given, dtypes.uint32)
    if given.dtype != dtypes.int64:
        return key
    # What int32 cannot hold enters by a product; -1 is the same number in both dtypes.
    above = (given + 2**31) // 2**32
    return e.bitwise_xor_p(key, m.cast(above, dtypes.uint32) * constant_key(*KEY_STEPS))


def _full_integers(key: Tensor, shape: Any, dtype: dtypes.DType) -> Tensor:
    """Return integers that take every value of their dtype equally often."""
    if dtype.bits <= 32:
        return m.cast(random_bits(key, shape), dtype)
    other = e.bitwise_xor_p(key, constant_key(0x9E3779B9, 0x5A5A5A5A))
    high = m.cast(random_bits(key, shape), dtypes.uint64)
    low = m.cast(random_bits(other, shape), dtypes.uint64)
    return m.cast(high * np.uint64(WORD) + low, dtype)


def full_integers(key: Tensor, shape: Any, dtype: dtypes.DType) -> Tensor:
    """Return integers of a key that take every value of their dtype equally often."""
    if dtype not in {dtypes.int32, dtypes.int64, dtypes.uint32, dtypes.uint64}:
        raise InvalidArgumentError(
            "uniform integers over their whole range must be int32, int64, uint32 or uint64, "
            f"received {dtype.name}"
        )
    return _full_integers(key, shape, dtype)


def split(seed: TensorLike, num: int = 2, alg: Any = "auto_select") -> Tensor:
    """Return new seeds, as different from each other and from the given one as random ones.

    Args:
        seed: Two integers.
        num: How many seeds to make.
        alg: Ignored: all random numbers are Philox's.

    Returns:
        Integers[num, 2] of the seed's dtype; each row is a seed.

    Example:
        >>> split([1, 2], 3).shape
        TensorShape([3, 2])
    """
    given = convert_to_tensor(seed)
    return full_integers(stateless_key(given), [num, 2], given.dtype)


def fold_in(seed: TensorLike, data: TensorLike, alg: Any = "auto_select") -> Tensor:
    """Return a new seed of a seed and a number, such as that of a step or a replica.

    Args:
        seed: Two integers.
        data: One integer.
        alg: Ignored: all random numbers are Philox's.

    Returns:
        Two integers of the dtype of `data`.

    Example:
        >>> fold_in([1, 2], 3).shape
        TensorShape([2])
    """
    number = convert_to_tensor(data)
    if number.ndim or not number.dtype.is_integer:
        raise InvalidArgumentError(f"fold_in: data must be one integer, received {number._type}")
    first = full_integers(stateless_key(seed), [], number.dtype)
    return convert_to_tensor([first, number])
