"""Random orders."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.lookup import gather_p
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.random.keys import operation_key, stateless_key
from freshet.ops.random.philox import WORD, philox


def _order_reference(key: Array, x: Array) -> Array:
    numbers = np.random.Generator(np.random.Philox(key=key.tolist()))
    return numbers.permutation(len(x)).astype(np.int32)


random_order_p: Primitive = Primitive(
    name="random_order", infer=lambda key, x: TensorType(dtypes.int32, x.shape[:1]),
    reference=_order_reference, gradient=NoGradient("an order is whole numbers"),
    lower=Host("each place depends on those before"),
)  # fmt: skip


def _shuffled(name: str, key: Tensor, value: TensorLike) -> Tensor:
    tensor = convert_to_tensor(value)
    if not tensor.ndim:
        return tensor
    return gather_p(tensor, random_order_p(key, tensor), axis=0)


def shuffle(value: TensorLike, seed: int | None = None, name: str | None = None) -> Tensor:
    """Return the slices along the first dimension in random order.

    Args:
        value: Any tensor.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Example:
        >>> sorted(shuffle([1, 2, 3]).numpy().tolist())
        [1, 2, 3]
    """
    return _shuffled("shuffle", operation_key(seed), value)


def stateless_shuffle(
    value: TensorLike, seed: TensorLike, alg: Any = "auto_select", name: str | None = None
) -> Tensor:
    """Return the slices along the first dimension in the random order of a seed.

    Args:
        value: Any tensor.
        seed: Two integers.
        alg: Ignored: all random numbers are Philox's.
        name: Ignored.

    Example:
        >>> sorted(stateless_shuffle([1, 2, 3], [1, 2]).numpy().tolist())
        [1, 2, 3]
    """
    return _shuffled("stateless_shuffle", stateless_key(seed), value)


# --- one place of an order ------------------------------------------------------------------------

_ROUNDS = 6


def _place(index: int, largest: int, seed: list[int]) -> int:
    """Return where a bijection of [0, largest] puts an index, without the others.

    A Feistel network permutes the numbers of an even count of bits; what falls outside is
    permuted again, until it is inside.
    """
    half = max((int(largest).bit_length() + 1) // 2, 1)
    mask = (1 << half) - 1
    at = index
    while True:
        left, right = at >> half, at & mask
        for turn in range(_ROUNDS):
            counter = np.array([right + (turn << 40)], np.uint64)
            key = [(seed[0] + turn) % WORD, seed[1]]
            left, right = right, left ^ (int(philox(key, counter)[0, 0]) & mask)
        at = left << half | right
        if at <= largest:
            return at


def _index_infer(index: TensorType, seed: TensorType, largest: TensorType) -> TensorType:
    if index.rank > 1 or seed.rank not in {1, 2} or seed.shape[-1] not in {2, None}:
        raise InvalidArgumentError(
            "index_shuffle: expected an index or a vector of them and a seed of two integers, or "
            f"a matrix with such a seed per index, received {index} and {seed}"
        )
    count = index.shape[0] if index.rank else None
    if index.rank == 0 and seed.rank == 2:
        count = seed.shape[0]
    if largest.rank > 1:
        raise InvalidArgumentError(
            f"index_shuffle: max_index must be one number or a vector, received {largest}"
        )
    single = index.rank == 0 and seed.rank == 1 and largest.rank == 0
    return TensorType(index.dtype, () if single else (count,))


def _index_reference(index: Array, seed: Array, largest: Array) -> Array:
    if np.any(index > largest) or np.any(index < 0):
        raise InvalidArgumentError(
            f"index_shuffle: index {index.tolist()} is outside [0, {largest.tolist()}]"
        )
    shape = np.broadcast_shapes(index.shape, seed.shape[:-1], largest.shape)
    each = np.broadcast_to(index, shape).reshape(-1).tolist()
    seeds = np.broadcast_to(seed, (*shape, 2)).reshape(-1, 2).tolist()
    ends = np.broadcast_to(largest, shape).reshape(-1).tolist()
    found = [
        _place(i, end, [s % WORD for s in own])
        for i, own, end in zip(each, seeds, ends, strict=True)
    ]
    return np.array(found, index.dtype).reshape(shape)


index_shuffle_p: Primitive = Primitive(
    name="index_shuffle", infer=_index_infer, reference=_index_reference,
    gradient=NoGradient("places are whole numbers"),
    lower=Host("it permutes again what falls outside"),
)  # fmt: skip


def index_shuffle(index: TensorLike, seed: TensorLike, max_index: TensorLike) -> Tensor:
    """Return where a random order of the numbers from 0 to `max_index` puts a number.

    The order is a function of the seed, and a place is computed without the others: a data set can
    be gone through in random order without a list of its elements.

    Args:
        index: An integer in ``[0, max_index]``, or a vector of them.
        seed: Two integers, or a matrix with two for each index.
        max_index: The largest number, not below 0.

    Returns:
        Integers of the dtype of `index`.

    Raises:
        InvalidArgumentError: An index is outside, or the shapes do not fit.

    Example:
        >>> sorted(int(index_shuffle(i, [1, 2], 4)) for i in range(5))
        [0, 1, 2, 3, 4]
    """
    number, largest = binary_operands("index_shuffle", index, max_index)
    own = convert_to_tensor(seed)
    if not own.dtype.is_integer or not number.dtype.is_integer:
        raise InvalidArgumentError(
            f"index_shuffle: expected integers, received {number._type} and {own._type}"
        )
    return index_shuffle_p(number, m.cast(own, dtypes.int64), largest)
