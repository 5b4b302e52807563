"""Gather, masks and `where` of ragged tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import gathering as plain
from freshet.ops import masks, reduction, shaping
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import overload
from freshet.ops.gathering import gather, gather_nd
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged import partition
from freshet.ops.ragged.alignment import broadcast_elements
from freshet.ops.ragged.dense import coordinates_p
from freshet.ops.ragged.indexing import take
from freshet.ops.ragged.ragged_tensor import RaggedTensor

_POSITIONS = NoGradient("positions are whole numbers")
_HOST = Host("row partitions are data that decides shapes")


def _places_infer(splits: TensorType, rows: TensorType, columns: TensorType) -> TensorType:
    if not columns.dtype.is_integer:
        raise DTypeError(f"gather: indices must be integers, received {columns}")
    return TensorType(dtypes.int64, columns.shape)


def _places_reference(splits: Array, rows: Array, columns: Array) -> Array:
    count = len(splits) - 1
    if np.any((rows < 0) | (rows >= count)):
        raise InvalidArgumentError(f"gather: a row of {rows.tolist()} is outside [0, {count})")
    lengths = np.diff(splits)[rows]
    wrong = (columns < 0) | (columns >= lengths)
    if np.any(wrong):
        at = int(np.argmax(wrong.reshape(-1)))
        raise InvalidArgumentError(
            f"gather: index {columns.reshape(-1)[at]} is outside row {rows.reshape(-1)[at]}, which "
            f"has {lengths.reshape(-1)[at]} values"
        )
    return splits[:-1][rows].astype(np.int64) + columns


row_places_p: Primitive = Primitive(
    name="ragged_row_places", infer=_places_infer, reference=_places_reference,
    gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip

rows_p: Primitive = Primitive(
    name="ragged_row_numbers", infer=lambda like: like,
    reference=lambda like: np.arange(len(like)), gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip

true_places_p: Primitive = Primitive(
    name="ragged_true_places",
    infer=lambda mask: TensorType(dtypes.int64, (None,)),
    reference=np.flatnonzero, gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip


# --- gather ---------------------------------------------------------------------------------------


@overload(plain.gather, RaggedTensor)
def ragged_gather(
    params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: int = 0,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Implement `ft.gather` where parameters or indices are ragged."""
    x, index = _either(params), _either(indices, dtypes.int32)
    batch = int(batch_dims) + (index.ndim if batch_dims < 0 else 0)
    where = batch if axis is None else normalize_axis("gather", int(axis), x.ndim)
    if not 0 <= batch <= min(where, index.ndim):
        raise InvalidArgumentError(
            f"gather: batch_dims={batch_dims} must not be above axis={axis} or the ranks of "
            f"{x.shape} and {index.shape}"
        )
    return _along(x, index, where, batch)


def _either(x: Any, hint: Any = None) -> Any:
    return x if isinstance(x, RaggedTensor) else convert_to_tensor(x, dtype_hint=hint)


def _along(x: Any, index: Any, axis: int, batch: int) -> Any:
    if not isinstance(x, RaggedTensor) and not isinstance(index, RaggedTensor):
        return gather(x, index, axis=axis, batch_dims=batch)
    if batch:
        return _in_batches(_as_ragged(x), index, axis, batch)
    if axis == 0:
        return _rows(x, index)
    x = _as_ragged(x)
    if axis > 1:
        return x.with_values(_along(x.values, index, axis - 1, 0))
    # The same indices into each row.
    if isinstance(index, RaggedTensor):
        raise InvalidArgumentError(
            "gather: ragged indices along axis 1 without batch_dims; give batch_dims=1, or axis=0"
        )
    rows = _numbers(x.row_starts())
    for _ in range(index.ndim):
        rows = shaping.expand_dims(rows, -1)
    columns = index + shaping.zeros_like(rows, index.dtype)
    rows = rows + shaping.zeros_like(index, rows.dtype)
    return _rows(x.values, row_places_p(x.row_splits, rows, columns))


def _numbers(like: Tensor) -> Tensor:
    """Return 0, 1, ... for the elements of a vector."""
    return rows_p(like)


def _as_ragged(x: Any) -> RaggedTensor:
    if isinstance(x, RaggedTensor):
        return x
    if x.ndim < 2:
        raise InvalidArgumentError(f"gather: expected rank 2 or more, received {x._type}")
    return RaggedTensor.from_tensor(x)


def _rows(x: Any, index: Any) -> Any:
    """Gather along the first dimension."""
    if isinstance(index, RaggedTensor):
        return index.with_values(_rows(x, index.values))
    if not isinstance(x, RaggedTensor):
        return gather(x, index)
    if not index.ndim:
        return x[index]
    flat = shaping.reshape(index, [-1])
    found = take(x, flat)
    for size in reversed(index.shape[1:]):
        found = RaggedTensor.from_uniform_row_length(found, size, validate=False)
    return found


def _in_batches(x: RaggedTensor, index: Any, axis: int, batch: int) -> Any:
    """Gather within each row along the row's own dimension `axis` - 1."""
    if batch == 1 and axis == 1 and not isinstance(index, RaggedTensor):
        rows = _numbers(x.row_starts())
        for _ in range(index.ndim - 1):
            rows = shaping.expand_dims(rows, -1)
        rows = rows + shaping.zeros_like(index, rows.dtype)
        return _rows(x.values, row_places_p(x.row_splits, rows, index))
    index = _as_ragged(index)
    if batch > 1 or axis > 1:
        inner = _along(x.values, index.values, axis - 1, batch - 1)
        return index.with_values(inner)
    columns = index.flat_values
    rows = index.value_rowids()
    part = index.values
    while isinstance(part, RaggedTensor):
        rows = gather(rows, part.value_rowids())
        part = part.values
    for _ in range(columns.ndim - 1):
        rows = shaping.expand_dims(rows, -1)
    wide = rows + shaping.zeros_like(columns, rows.dtype)
    places = row_places_p(x.row_splits, wide, columns)
    return index.with_flat_values(_rows(x.values, places))


@overload(plain.gather_nd, RaggedTensor)
def ragged_gather_nd(
    params: Any, indices: Any, batch_dims: int = 0, name: str | None = None
) -> Any:
    """Implement `ft.gather_nd` where parameters or indices are ragged."""
    if batch_dims:
        raise InvalidArgumentError("gather_nd: batch_dims is not supported for ragged tensors")
    if isinstance(indices, RaggedTensor):
        return indices.with_values(gather_nd(params, indices.values))
    index = convert_to_tensor(indices)
    depth = index.shape[-1] if index.ndim else None
    if depth is None or depth > params.ndim:
        raise InvalidArgumentError(
            f"gather_nd: the last dimension of indices must be known and at most {params.ndim}, "
            f"received {index._type}"
        )
    if depth == 0:
        raise InvalidArgumentError("gather_nd: an index of a ragged tensor needs a row")
    x, places = params, m.cast(index[..., 0], dtypes.int64)
    for d in range(1, depth):
        if not isinstance(x, RaggedTensor):
            rest = m.cast(index[..., d:], dtypes.int64)
            return gather_nd(x, shaping.concat([shaping.expand_dims(places, -1), rest], -1))
        places = row_places_p(x.row_splits, places, index[..., d])
        x = x.values
    return _rows(x, places)


# --- masks ----------------------------------------------------------------------------------------


def boolean_mask(data: Any, mask: Any, name: str | None = None) -> Any:
    """Return the elements at which the mask is true, row by row.

    Args:
        data: A tensor or ragged tensor.
        mask: Truth values, of the shape of the first dimensions of `data`.
        name: Ignored.

    Returns:
        A ragged tensor of the rank of `data`, its rows as long as they have true values; for a mask
        of rank 1, of which rows are left, a tensor if `data` is one.

    Raises:
        InvalidArgumentError: The mask has no dimensions, is no bool, or has other row lengths.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.boolean_mask([[1, 2, 3], [4, 5, 6]], [[True, False, True], [False] * 3])
        <ft.RaggedTensor [[1, 3], []]>
    """
    x, kept = _either(data), _either(mask, dtypes.bool_)
    if not kept.dtype.is_bool:
        raise DTypeError(f"boolean_mask: the mask must be bool, received {kept.dtype.name}")
    if not kept.ndim or kept.ndim > x.ndim:
        raise InvalidArgumentError(
            f"boolean_mask: the mask must have from 1 to {x.ndim} dimensions, as data has, "
            f"received shape {kept.shape}"
        )
    return _masked(x, kept)


@overload(masks.boolean_mask, RaggedTensor)
def _plain_mask(tensor: Any, mask: Any, axis: Any = None, name: str | None = None) -> Any:
    if axis not in {None, 0}:
        raise InvalidArgumentError(
            f"boolean_mask: ragged tensors are masked from axis 0, not {axis}"
        )
    return boolean_mask(tensor, mask)


def _masked(x: Any, mask: Any) -> Any:
    if not isinstance(mask, RaggedTensor):
        if mask.ndim == 1:
            _check_length(x, mask)
            return take(x, true_places_p(mask))
        mask = RaggedTensor.from_tensor(mask, ragged_rank=mask.ndim - 1)
    rows = x if isinstance(x, RaggedTensor) else RaggedTensor.from_tensor(x)
    if not isinstance(mask.values, RaggedTensor) and mask.values.ndim > 1:
        mask = RaggedTensor._of(
            RaggedTensor.from_tensor(mask.values, ragged_rank=mask.values.ndim - 1),
            mask.row_splits,
        )
    splits = equal_splits(rows.row_splits, mask.row_splits)
    inner = _masked(rows.values, mask.values)
    if isinstance(mask.values, RaggedTensor):
        return RaggedTensor._of(inner, splits)
    counts = RaggedTensor._of(m.cast(mask.values, splits.dtype), splits)
    lengths = reduction.reduce_sum(counts, axis=1)
    return RaggedTensor._of(inner, partition.lengths_to_splits_p(lengths))


def _check_length(x: Any, mask: Tensor) -> None:
    if None not in {x.shape[0], mask.shape[0]} and x.shape[0] != mask.shape[0]:
        raise InvalidArgumentError(
            f"boolean_mask: data of shape {x.shape} needs a mask of as many rows, received "
            f"{mask._type}"
        )


def _equal_reference(splits: Array, other: Array) -> Array:
    if not np.array_equal(splits, other):
        raise InvalidArgumentError(
            "the rows of two ragged tensors must have the same lengths, received "
            f"{np.diff(splits).tolist()} and {np.diff(other).tolist()}"
        )
    return splits


equal_splits_p: Primitive = Primitive(
    name="check_equal_row_splits", infer=lambda splits, other: splits,
    reference=_equal_reference, gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip


def equal_splits(splits: Tensor, other: Tensor) -> Tensor:
    """Return row splits after a check that others are the same."""
    return splits if splits is other else equal_splits_p(splits, m.cast(other, splits.dtype))


@overload(masks.where, RaggedTensor)
def ragged_where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """Implement `ft.where` where an argument is ragged."""
    if (x is None) != (y is None):
        raise InvalidArgumentError("where: give both x and y, or neither")
    if x is None:
        inner = tuple(condition.flat_values.shape[1:])
        where = coordinates_p(*condition.nested_row_splits, inner=inner)
        flat = shaping.reshape(condition.flat_values, [-1])
        return gather(where, true_places_p(flat))
    return broadcast_elements(masks.where, [condition, x, y])
