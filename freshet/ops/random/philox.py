"""Random bits: counter-based, so the same in every mode, on any number of threads.

`random_bits` is the one source of compiled code: element i of its output is a function of the key
and i alone, by Philox 4x32-10. What draws until it accepts (`freshet.ops.random.rejection`) uses
the same function with another counter for each turn.

Source: Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.array import resolve_shape, sizes_of
from freshet.ops.index import Affine, Index, constant, strides_of
from freshet.ops.nest import Nest, o
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sizes import shape_operand

_ROUNDS: Final = 10
_MULTIPLIERS: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
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
    mask, half = np.uint64(WORD - 1), np.uint64(32)
    zero = np.zeros_like(counter)
    c = [counter & mask, counter >> half, zero + np.uint64(high), zero]
    k = [int(part) for part in key]
    for turn in range(_ROUNDS):
        if turn:
            k = [(part + step) % WORD for part, step in zip(k, KEY_STEPS, strict=True)]
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
    operands, sizes = shape_operand("random_bits", shape)
    return random_bits_p(key, key, *operands, shape=sizes)
