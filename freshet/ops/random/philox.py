"""Random bits: counter-based, so the same in every mode, on any number of threads.

`random_bits` is the one source of compiled code: element i of its output is a function of the key
and i alone, by Philox 4x32-10. What draws until it accepts (`freshet.ops.random.rejection`) uses
the same function with another counter for each turn.

Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.errors import DTypeError
from freshet.core.providers import provider
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.array import resolve_shape, sizes_of
from freshet.ops.index import Affine, Index, constant, strides_of
from freshet.ops.nest import Nest, o
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sizes import shape_operand

_ROUNDS: Final = 10
_MULTIPLIERS: Final = np.array([[0xD2511F53], [0xCD9E8D57]], np.uint64)
KEY_STEPS: Final = (0x9E3779B9, 0xBB67AE85)
WORD: Final = 2**32


def philox(key: Sequence[int], counter: Array, high: int = 0) -> Array:
    """Return the four words of each block.

    Args:
        key: Two 32-bit numbers.
        counter: uint64[n], the low half of each block's 128-bit counter.
        high: The third word of all counters; the fourth is 0.

    Returns:
        uint32[4, n].
    """
    found = np.empty((4, len(counter)), np.uint32)
    for at in range(0, len(counter), _BLOCKS):
        _some_blocks(key, counter[at : at + _BLOCKS], high, found[:, at : at + _BLOCKS])
    return found


_BLOCKS: Final = 1 << 13
"""Blocks that are computed at once, so that what is made of them stays in cache."""


def _some_blocks(key: Sequence[int], counter: Array, high: int, found: Array) -> None:
    mask, half = np.uint64(WORD - 1), np.uint64(32)
    # The words 0 and 2, which are multiplied, and the words 1 and 3.
    even, odd = np.empty((2, len(counter)), np.uint64), np.zeros((2, len(counter)), np.uint64)
    even[0], even[1] = counter & mask, high
    odd[0] = counter >> half
    product = np.empty_like(even)
    for turn in range(_ROUNDS):
        keys = [[(part + turn * step) % WORD] for part, step in zip(key, KEY_STEPS, strict=True)]
        np.multiply(even, _MULTIPLIERS, out=product)
        np.right_shift(product[::-1], half, out=even)
        even ^= odd
        even ^= np.array(keys, np.uint64)
        np.bitwise_and(product[::-1], mask, out=odd)
    found[0::2], found[1::2] = even, odd


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
    operands, sizes = shape_operand("random_bits", shape)
    if context.state.tracer is None and key._array is not None and None not in sizes:
        return Tensor._of_array(_drawn(key._array, tuple(s for s in sizes if s is not None)))
    return random_bits_p(key, key, *operands, shape=sizes)


# --- outside of traced functions ------------------------------------------------------------------

_CALL: Final = 1 << 12
_ENOUGH: Final = 1 << 22
"""Numbers whose computing takes as long as what every draw needs beside, and from how many on a
kernel would have been faster, compiling included."""
_LEAST: Final = 64


class _Effort:
    """What was drawn without a kernel so far, in numbers."""

    spent = 0


def _drawn(key: Array, shape: tuple[int, ...]) -> Array:
    """Return the bits: by a kernel once enough was drawn without one; they are the same."""
    count = math.prod(shape)
    _Effort.spent += count + _CALL
    if not count or _Effort.spent < _ENOUGH:
        return _bits_reference(key, shape=shape)
    return _kernel(rounded_size(count))(key, key)[:count].reshape(shape)


def rounded_size(count: int) -> int:
    """Return a size that is not much larger, of so few that each can have a kernel."""
    step = max(_LEAST, 1 << max(count.bit_length() - 3, 0))
    return -(-count // step) * step


@functools.lru_cache(64)
def _kernel(count: int) -> Callable[..., Array]:
    kind = TensorType(dtypes.uint32, (2,))
    found: Callable[..., Array] = provider("eager")(
        random_bits_p, (kind, kind), {"shape": (count,)}
    )
    return found
