"""Distinct elements, and permutations and places as numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

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
        numbers: dict[Any, int] = {}
        places = np.asarray([numbers.setdefault(v, len(numbers)) for v in x], kind)
        values = np.empty(len(numbers), object)
        values[:] = list(numbers)
        return values, places, np.bincount(places, minlength=len(numbers)).astype(kind)
    _, first, inverse, counts = np.unique(
        x, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    order = np.argsort(first, kind="stable")  # as they come, not sorted
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    return x[first[order]], rank[inverse.reshape(-1)].astype(kind), counts[order].astype(kind)


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
