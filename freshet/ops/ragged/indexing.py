"""``x[key]`` for ragged tensors: rows, slices of rows and of what is in them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError, OutOfRangeError, UnimplementedError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged import partition
from freshet.ops.ragged.ragged_tensor import RaggedTensor

_WHOLE = slice(None)


# --- rows by number -------------------------------------------------------------------------------


def take(x: Any, places: Tensor) -> Any:
    """Return the rows of a tensor or ragged tensor at `places`, a vector, in this order."""
    if not isinstance(x, RaggedTensor):
        return gather(x, places)
    starts, limits = gather(x.row_starts(), places), gather(x.row_limits(), places)
    positions, splits = partition.consecutive(starts, limits)
    return RaggedTensor._of(take(x.values, positions), splits, x._uniform)


def expand_first(x: Any) -> RaggedTensor:
    """Return the tensor as the only row of another dimension."""
    if not isinstance(x, RaggedTensor):
        expanded: Any = shaping.expand_dims(x, 0)
        return expanded
    rows = partition.row_count(x.row_splits)
    zero = partition.whole(0, x.row_splits.dtype)
    return RaggedTensor._of(x, shaping.stack([zero, x.nrows()]), rows)


def expand_second(x: Any) -> Any:
    """Return every element along the first dimension as a row of its own."""
    if not isinstance(x, RaggedTensor):
        return shaping.expand_dims(x, 1)
    one = partition.whole(1, x.row_splits.dtype)
    return RaggedTensor._of(x, partition.uniform_splits_p(x.nrows(), one), 1)


# --- slices within rows ---------------------------------------------------------------------------


def _slice_infer(splits: TensorType, part: Any) -> tuple[TensorType, TensorType]:
    return TensorType(splits.dtype, (None,)), splits


def _slice_reference(splits: Array, part: tuple[Any, Any, Any]) -> tuple[Array, Array]:
    rows = [
        np.arange(a, b)[slice(*part)] for a, b in pairwise(splits)
    ]  # fmt: skip
    positions = np.concatenate(rows) if rows else np.zeros(0, splits.dtype)
    return positions, np.concatenate([[0], np.cumsum([len(r) for r in rows], dtype=np.int64)])


slice_rows_p: Primitive = Primitive(
    name="ragged_slice", infer=_slice_infer, reference=_slice_reference,
    gradient=NoGradient("positions are whole numbers"),
    lower=Host("row partitions are data that decides shapes"),
)  # fmt: skip


# --- keys -----------------------------------------------------------------------------------------


def getitem(x: RaggedTensor, key: Any) -> Any:
    """Implement ``x[key]`` for a ragged tensor.

    Args:
        x: The tensor.
        key: An integer takes a row (also an element of the first dimension of what a row is), a
            slice takes rows, ``...`` all remaining dimensions, None puts in a dimension of size 1;
            several as a tuple, one a dimension. Within ragged rows, which may be too short, there
            are slices only.

    Raises:
        OutOfRangeError: There is no such row.
        InvalidArgumentError: An integer within rows of different lengths, or too many keys.
    """
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    named = sum(p is not None and p is not Ellipsis for p in parts)
    if named > x.ndim:
        raise InvalidArgumentError(f"{named} indices for a ragged tensor of shape {x.shape}")
    at = next((i for i, p in enumerate(parts) if p is Ellipsis), None)
    if at is not None:
        if any(p is Ellipsis for p in parts[at + 1 :]):
            raise InvalidArgumentError("an index may have only one ...")
        parts = [*parts[:at], *[_WHOLE] * (x.ndim - named), *parts[at + 1 :]]
    return _outer(x, parts)


def _outer(x: Any, parts: list[Any]) -> Any:
    """Apply keys to the dimensions from the first on."""
    if not parts:
        return x
    if not isinstance(x, RaggedTensor):
        return x[tuple(parts)]
    head, rest = parts[0], parts[1:]
    if head is None:
        return expand_first(_outer(x, rest))
    if isinstance(head, slice):
        return _inner(slice_outer(x, head), rest)
    return _outer(_row(x, head), rest)


def _inner(x: Any, parts: list[Any]) -> Any:
    """Apply keys to the dimensions from the second on."""
    if not parts:
        return x
    if not isinstance(x, RaggedTensor):
        return x[(_WHOLE, *parts)]
    head, rest = parts[0], parts[1:]
    if head is None:
        return expand_second(_inner(x, rest))
    if isinstance(head, slice):
        sliced = slice_inner(x, head)
        return sliced.with_values(_inner(sliced.values, rest)) if rest else sliced
    if x._uniform is None:
        raise InvalidArgumentError(
            f"Cannot index into an inner ragged dimension: the rows of {x.shape} have different "
            f"lengths, so element {head!r} may not be there; use a slice, or to_tensor"
        )
    number = int(_integer(head))
    if not -x._uniform <= number < x._uniform:
        raise OutOfRangeError(f"index {number} is outside the rows of length {x._uniform}")
    places = x.row_starts() + number % x._uniform
    return _inner(take(x.values, places), rest)


def _integer(part: Any) -> Any:
    """Return an index as a number, or as a scalar tensor if it is symbolic."""
    if isinstance(part, (Tensor, Variable)):
        tensor = convert_to_tensor(part)
        if tensor.ndim or not tensor.dtype.is_integer:
            raise InvalidArgumentError(f"an index must be one integer, received {tensor._type}")
        return tensor if tensor._array is None else int(tensor)
    if isinstance(part, (bool, np.bool_)) or not hasattr(part, "__index__"):
        raise TypeError(f"an index must be an integer, a slice, ... or None, received {part!r}")
    return int(part)


def _row(x: RaggedTensor, key: Any) -> Any:
    """Return one row."""
    number, splits = _integer(key), x.row_splits
    rows = partition.row_count(splits)
    if isinstance(number, int) and rows is not None:
        if not -rows <= number < rows:
            raise OutOfRangeError(f"Row key {number} out of bounds: there are {rows} rows")
        number %= rows
    elif isinstance(number, int):
        # Counted from the end, so that the limit of row -1 is the last split.
        number = m.cast(x.nrows(), dtypes.int64) + number if number < 0 else number
    else:
        count = x.nrows(number.dtype)
        number = m.where(number < 0, number + count, number)
    start, limit = splits[number], splits[number + 1]
    if start._array is not None and limit._array is not None:
        return _between(x.values, int(start), int(limit))
    row = take(x.values, partition.consecutive(start, limit)[0])
    if not isinstance(row, RaggedTensor):
        row.set_shape([x._uniform, *row.shape[1:]])
    return row


def _between(x: Any, start: int, limit: int) -> Any:
    part = slice(start, limit)
    return slice_outer(x, part) if isinstance(x, RaggedTensor) else x[part]


def _fixed(part: slice) -> slice:
    """Return a slice of Python numbers."""
    found = [None if v is None else _integer(v) for v in (part.start, part.stop, part.step)]
    if any(isinstance(v, Tensor) for v in found):
        raise UnimplementedError(
            "a slice of a ragged tensor whose ends depend on the traced function's arguments; use "
            "ft.gather"
        )
    if found[2] == 0:
        raise InvalidArgumentError("the step of a slice must not be 0")
    return slice(*found)


def slice_outer(x: RaggedTensor, part: slice) -> RaggedTensor:
    """Return some of the rows."""
    fixed = _fixed(part)
    if fixed == _WHOLE:
        return x
    starts, limits = x.row_starts()[fixed], x.row_limits()[fixed]
    positions, splits = partition.consecutive(starts, limits)
    return RaggedTensor._of(take(x.values, positions), splits, x._uniform)


def slice_inner(x: RaggedTensor, part: slice) -> RaggedTensor:
    """Return a part of every row."""
    fixed = _fixed(part)
    if fixed == _WHOLE:
        return x
    bounds = (fixed.start, fixed.stop, fixed.step)
    positions, splits = slice_rows_p.apply((x.row_splits,), {"part": bounds})
    length = None if x._uniform is None else len(range(x._uniform)[fixed])
    return RaggedTensor._of(take(x.values, positions), splits, length)
