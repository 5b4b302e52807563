"""Row partitions: where each row of a ragged tensor begins and ends. Primitives.

A partition is a vector of *row splits*: row ``i`` holds the values ``splits[i]`` to
``splits[i + 1]``. Everything else that tells rows apart (lengths, starts, the row of each value) is
computed from it here. A count that is a parameter is known when a function is traced; where it is
None the last operand gives it, or the data does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive

_WHOLE = NoGradient("row partitions are whole numbers")
_HOST = Host("row partitions are data that decides shapes")


def _check_vector(name: str, what: str, kind: TensorType) -> None:
    if kind.rank != 1 or not kind.dtype.is_integer:
        raise InvalidArgumentError(f"{name}: {what} must be a vector of integers, received {kind}")


# --- checking -------------------------------------------------------------------------------------


def _check_infer(splits: TensorType, count: TensorType, name: str) -> TensorType:
    _check_vector(name, "row_splits", splits)
    return splits


def _check_reference(splits: Array, count: Array, name: str) -> Array:
    wrong = None
    if not splits.size:
        wrong = "there is no first row split"
    elif splits[0] != 0:
        wrong = f"the first row split is {splits[0]}, not 0"
    elif np.any(np.diff(splits) < 0):
        at = int(np.argmax(np.diff(splits) < 0))
        wrong = f"row {at} would have {splits[at + 1] - splits[at]} values"
    elif splits[-1] != count:
        wrong = f"the rows hold {splits[-1]} values, but there are {count}"
    if wrong:
        raise InvalidArgumentError(f"{name}: not a partition of the values into rows: {wrong}")
    return splits


check_splits_p: Primitive = Primitive(
    name="check_row_splits", infer=_check_infer, reference=_check_reference, gradient=_WHOLE,
    lower=_HOST,
)  # fmt: skip


# --- lengths, rows and splits ---------------------------------------------------------------------


def _lengths_infer(lengths: TensorType) -> TensorType:
    _check_vector("row_lengths", "row_lengths", lengths)
    size = lengths.shape[0]
    return TensorType(lengths.dtype, (None if size is None else size + 1,))


lengths_to_splits_p: Primitive = Primitive(
    name="row_lengths_to_splits", infer=_lengths_infer,
    reference=lambda lengths: np.concatenate([[0], np.cumsum(lengths)]),
    gradient=_WHOLE, lower=_HOST,
)  # fmt: skip


def _rows_infer(splits: TensorType, count: Dim) -> TensorType:
    _check_vector("row_splits_to_segment_ids", "splits", splits)
    if splits.shape[0] == 0:
        raise InvalidArgumentError("row_splits_to_segment_ids: splits has no elements, not even 0")
    return TensorType(splits.dtype, (count,))


def _rows_reference(splits: Array, count: Dim) -> Array:
    if not splits.size:
        raise InvalidArgumentError("row_splits_to_segment_ids: splits has no elements")
    return np.repeat(np.arange(len(splits) - 1), np.diff(splits))


rows_of_values_p: Primitive = Primitive(
    name="row_splits_to_rows", infer=_rows_infer, reference=_rows_reference, gradient=_WHOLE,
    lower=_HOST,
)  # fmt: skip


def _to_splits_infer(rows: TensorType, *operand: TensorType, count: Dim) -> TensorType:
    _check_vector("segment_ids_to_row_splits", "segment_ids", rows)
    return TensorType(rows.dtype, (None if count is None else count + 1,))


def _to_splits_reference(rows: Array, *operand: Array, count: Dim) -> Array:
    number = int(operand[0]) if operand else count
    least = int(rows[-1]) + 1 if rows.size else 0
    if np.any(np.diff(rows) < 0) or np.any(rows[:1] < 0):
        raise InvalidArgumentError(
            "segment_ids_to_row_splits: the row of each value must not be below 0 or that of the "
            f"value before it, received {rows.tolist()}"
        )
    if number is not None and number < least:
        raise InvalidArgumentError(
            f"segment_ids_to_row_splits: a value is in row {least - 1}, but there are {number} rows"
        )
    lengths = np.bincount(rows.astype(np.int64), minlength=least if number is None else number)
    return np.concatenate([[0], np.cumsum(lengths)])


rows_to_splits_p: Primitive = Primitive(
    name="rows_to_row_splits", infer=_to_splits_infer, reference=_to_splits_reference,
    gradient=_WHOLE, lower=_HOST,
)  # fmt: skip

uniform_splits_p: Primitive = Primitive(
    name="uniform_row_splits",
    infer=lambda rows, length: TensorType(rows.dtype, (None,)),
    reference=lambda rows, length: np.arange(int(rows) + 1) * length,
    gradient=_WHOLE, lower=_HOST,
)  # fmt: skip


# --- consecutive numbers --------------------------------------------------------------------------


def _ranges_infer(*bounds: TensorType, splits_dtype: Any) -> tuple[TensorType, TensorType]:
    sizes = {b.shape[0] for b in bounds if b.rank and b.shape[0] is not None}
    if len(sizes) > 1 or any(b.rank > 1 or b.dtype != bounds[0].dtype for b in bounds):
        raise InvalidArgumentError(
            "ragged.range: starts, limits and deltas must be scalars or vectors of one size and "
            f"dtype, received {', '.join(map(str, bounds))}"
        )
    rows: Dim = 1 if all(not b.rank for b in bounds) else next(iter(sizes), None)
    splits = (None if rows is None else rows + 1,)
    return TensorType(bounds[0].dtype, (None,)), TensorType(splits_dtype, splits)


def _ranges_reference(
    starts: Array, limits: Array, deltas: Array, splits_dtype: Any
) -> tuple[Array, Array]:
    given = [np.atleast_1d(v) for v in (starts, limits, deltas)]
    first, last, step = np.broadcast_arrays(*given)
    if np.any(step == 0):
        raise InvalidArgumentError("ragged.range: deltas must not be 0")
    if first.dtype.kind == "f":
        counts = np.maximum(np.ceil(np.abs((last - first) / step)), 0).astype(np.int64)
    else:
        counts = -((first.astype(np.int64) - last) // step)
    counts = np.where((last - first > 0) == (step > 0), counts, 0)
    counts = np.where(last == first, 0, counts).astype(np.int64)
    splits = np.concatenate([[0], np.cumsum(counts)])
    if first.dtype.kind == "f":
        # Added up one by one, which rounds as in TensorFlow.
        rows = [
            np.add.accumulate(np.concatenate([[a], np.full(max(n - 1, 0), d, first.dtype)]))[:n]
            for a, d, n in zip(first, step, counts, strict=True)
        ]
        return np.concatenate([np.zeros(0, first.dtype), *rows]), splits
    within = np.arange(splits[-1]) - np.repeat(splits[:-1], counts)
    values = np.repeat(first, counts) + within.astype(first.dtype) * np.repeat(step, counts)
    return values, splits


ranges_p: Primitive = Primitive(
    name="ragged_range", infer=_ranges_infer, reference=_ranges_reference, gradient=_WHOLE,
    lower=_HOST,
)  # fmt: skip


# --- on tensors -----------------------------------------------------------------------------------


def whole(number: int, dtype: Any = dtypes.int64) -> Tensor:
    """Return a whole number as a tensor."""
    return Tensor._of_array(np.asarray(number, dtype.as_numpy_dtype), dtype)


def splits_tensor(name: str, value: Any, dtype: Any = None) -> Tensor:
    """Return what tells rows apart as a tensor of int64 unless it is one, or an array, of int32.

    Raises:
        DTypeError: It does not hold integers.
    """
    hint = dtypes.int64 if dtype is None else dtype
    if dtype is None and isinstance(value, np.ndarray) and value.dtype == np.int32:
        hint = dtypes.int32
    tensor = convert_to_tensor(value, dtype_hint=hint)
    if tensor._array is not None and not tensor._array.size and not isinstance(value, Tensor):
        tensor = Tensor._of_array(tensor._array.astype(hint.as_numpy_dtype), hint)
    if tensor.dtype not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(f"{name}: expected int32 or int64, received {tensor._type}")
    return tensor


def row_count(splits: Tensor) -> int | None:
    """Return how many rows there are, if it is known while tracing."""
    size = splits.shape[0]
    return None if size is None else size - 1


def known_count(splits: Tensor) -> int | None:
    """Return how many values the rows hold, if it is known while tracing."""
    known = splits._array
    return int(known[-1]) if known is not None and known.ndim == 1 and known.size else None


def row_lengths(splits: Tensor) -> Tensor:
    """Return the length of each row."""
    return shaping.getitem(splits, slice(1, None)) - shaping.getitem(splits, slice(None, -1))


def rows_of_values(splits: Tensor, count: Dim = None) -> Tensor:
    """Return the row of each value."""
    return rows_of_values_p(splits, count=known_count(splits) if count is None else count)


def consecutive(starts: Tensor, limits: Tensor) -> tuple[Tensor, Tensor]:
    """Return the numbers from each start to its limit, one range after the other, and splits."""
    one = whole(1, starts.dtype)
    values, splits = ranges_p.apply((starts, limits, one), {"splits_dtype": starts.dtype})
    return values, splits
