"""Distinct elements, and permutations and places as numbers."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.checks import check_in_range
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.joining import stack, unstack
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.places_in_order import places_in_order
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.static import static_value


class Unique(NamedTuple):
    """What `unique` returns."""

    y: Tensor
    idx: Tensor


class UniqueWithCounts(NamedTuple):
    """What `unique_with_counts` returns."""

    y: Tensor
    idx: Tensor
    count: Tensor  # type: ignore[assignment]  # in place of the method of tuples


def _unique_infer(x: TensorType, dtype: DType) -> tuple[TensorType, TensorType, TensorType]:
    if x.rank != 1:
        raise InvalidArgumentError(f"unique: expected a vector, received {x}")
    return TensorType(x.dtype, (None,)), TensorType(dtype, x.shape), TensorType(dtype, (None,))


def _unique_reference(x: Array, dtype: DType) -> tuple[Array, Array, Array]:
    kind = dtype.as_numpy_dtype
    if x.dtype.kind == "O":
        return _unique_strings(x.tolist(), kind)
    groups = _groups_of_close(x) if x.dtype.kind in "iu" else None
    first, numbers = groups if groups is not None else _groups_in_order(x)
    counts = np.bincount(numbers, minlength=len(first))
    return x[first], numbers.astype(kind, copy=False), counts.astype(kind, copy=False)


def _unique_strings(texts: list[Any], kind: Any) -> tuple[Array, Array, Array]:
    numbers: defaultdict[Any, int] = defaultdict()
    numbers.default_factory = numbers.__len__  # a new string gets the next number
    places = np.fromiter(map(numbers.__getitem__, texts), kind, len(texts))
    values = np.empty(len(numbers), object)
    values[:] = list(numbers)
    return values, places, np.bincount(places, minlength=len(numbers)).astype(kind)


_CLOSE: Final = 4
"""Whole numbers that lie within so many times their count are told apart by a table."""


def _groups_of_close(x: Array) -> tuple[Array, Array] | None:
    """Return where each distinct whole number comes first, and which of them each element is.

    None if they lie so far apart that a table of all numbers between would be large.
    """
    if not x.size:
        return None
    low, high = int(x.min()), int(x.max())
    if high - low > _CLOSE * x.size:
        return None
    places = x.astype(np.int64) - low if high < 2**63 else (x - x.dtype.type(low)).astype(np.int64)
    steps = np.arange(x.size)
    table = np.empty(high - low + 1, np.int64)
    table[places[::-1]] = steps[::-1]  # what is written last stays: the first of equal elements
    first = np.flatnonzero(table[places] == steps)
    table[places[first]] = np.arange(len(first))
    return first, table[places]


def _groups_in_order(x: Array) -> tuple[Array, Array]:
    """Return the same by sorting: where each distinct element comes first, and which each is."""
    order = places_in_order(x)
    ordered = x[order]
    begins = np.ones(x.size, np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    starts = order[begins]  # equal elements keep their order, so the first of each
    first = np.sort(starts)
    ranks = np.empty(x.size, np.int64)
    ranks[first] = np.arange(len(first))
    numbers = np.empty(x.size, np.int64)
    numbers[order] = np.repeat(ranks[starts], np.diff(np.flatnonzero(begins), append=x.size))
    return first, numbers


unique_p: Primitive = Primitive(
    name="unique", infer=_unique_infer, reference=_unique_reference,
    gradient=NoGradient("which elements are equal does not vary smoothly"),
    lower=Host("how many there are is data"),
)  # fmt: skip


def unique(x: TensorLike, out_idx: Any = dtypes.int32, name: str | None = None) -> Unique:
    """Return the distinct elements of a vector, in the order in which they first come.

    Args:
        x: A vector of numbers, truth values or strings. Each NaN is distinct.
        out_idx: Dtype of the numbers.
        name: Ignored.

    Returns:
        ``y``, the distinct elements, and ``idx``, for each element of x which of them it is:
        ``gather(y, idx)`` is x.

    Raises:
        InvalidArgumentError: x is not a vector.

    Example:
        >>> y, idx = unique([7, 7, 2, 7])
        >>> y.numpy().tolist(), idx.numpy().tolist()
        ([7, 2], [0, 0, 1, 0])
    """
    found = unique_p.apply((convert_to_tensor(x),), {"dtype": as_dtype(out_idx)})
    return Unique(*found[:2])


def unique_with_counts(
    x: TensorLike, out_idx: Any = dtypes.int32, name: str | None = None
) -> UniqueWithCounts:
    """Return the distinct elements of a vector and how often each is there.

    Arguments as for `unique`.

    Example:
        >>> unique_with_counts([7, 7, 2, 7]).count.numpy().tolist()
        [3, 1]
    """
    found = unique_p.apply((convert_to_tensor(x),), {"dtype": as_dtype(out_idx)})
    return UniqueWithCounts(*found)


# --- places ---------------------------------------------------------------------------------------


def unravel_index(indices: TensorLike, dims: TensorLike, name: str | None = None) -> Tensor:
    """Return the coordinates of elements that are given by their number in row-major order.

    Args:
        indices: Whole numbers, a scalar or a vector.
        dims: The shape of the array.
        name: Ignored.

    Returns:
        One row per dimension, of the dtype of `indices`.

    Raises:
        InvalidArgumentError: A number is not in the array.

    Example:
        >>> unravel_index([2, 5], [3, 3]).numpy().tolist()
        [[0, 1], [2, 2]]
    """
    number = convert_to_tensor(indices)
    sizes = convert_to_tensor(dims, dtype_hint=number.dtype)
    if number.ndim > 1 or sizes.ndim != 1:
        raise InvalidArgumentError(
            f"unravel_index: indices must be a scalar or vector and dims a vector, received "
            f"{number._type} and {sizes._type}"
        )
    if not number.dtype.is_integer:
        raise DTypeError(f"unravel_index: indices must be integers, received {number._type}")
    known = static_value(sizes)
    if known is not None:
        total = int(np.prod(known, dtype=np.int64)) if known.size else 0
        number = check_in_range("unravel_index", "index", number, 0, total)
    rows = []
    for size in reversed(unstack(sizes)):
        rows.append(m.floormod(number, m.cast(size, number.dtype)))
        number = m.floordiv(number, m.cast(size, number.dtype))
    return stack(rows[::-1])


def _inverted_infer(x: TensorType) -> TensorType:
    if x.rank != 1 or not x.dtype.is_integer:
        raise InvalidArgumentError(
            f"invert_permutation: expected a vector of integers, received {x}"
        )
    return x


def _inverted_reference(x: Array) -> Array:
    count = len(x)
    wrong = (x < 0) | (x >= count)
    if np.any(wrong):
        raise InvalidArgumentError(
            f"invert_permutation: {int(x[wrong][0])} is outside [0, {count})"
        )
    found = np.full(count, -1, x.dtype)
    found[x] = np.arange(count, dtype=x.dtype)
    if np.any(found < 0):
        raise InvalidArgumentError(
            f"invert_permutation: {int(np.argmax(np.bincount(x)))} is there twice"
        )
    return found


inverted_p: Primitive = Primitive(
    name="inverted_permutation", infer=_inverted_infer, reference=_inverted_reference,
    gradient=NoGradient("places are whole numbers"), lower=Host("where it writes is data"),
)  # fmt: skip


def invert_permutation(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the inverse of a permutation: ``y[x[i]] = i``.

    Raises:
        InvalidArgumentError: x is not each number from 0 to its length once.

    Example:
        >>> invert_permutation([2, 0, 1]).numpy().tolist()
        [1, 2, 0]
    """
    return inverted_p(convert_to_tensor(x))
