"""Ragged tensors from and to plain and sparse tensors; their dimensions merged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim, TensorShape, TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import reduction, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.lookup import gather_p
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged import partition
from freshet.ops.ragged.ragged_tensor import RaggedTensor

_POSITIONS = NoGradient("positions are whole numbers")
_HOST = Host("row partitions are data that decides shapes")


# --- from a tensor --------------------------------------------------------------------------------


def _kept_infer(x: TensorType, padding: TensorType) -> TensorType:
    same = len(x.shape) == len(padding.shape) + 2 and all(
        a in {None, b} or b is None for a, b in zip(x.shape[2:], padding.shape, strict=True)
    )
    if x.dtype != padding.dtype or not same:
        raise InvalidArgumentError(
            "from_tensor: padding must be like one element of a row, of shape "
            f"{list(x.shape[2:])} and {x.dtype.name}, received {padding}"
        )
    return TensorType(dtypes.int64, x.shape[:1])


def _kept_reference(x: Array, padding: Array) -> Array:
    same = x == padding
    same = np.all(same, axis=tuple(range(2, x.ndim))) if x.ndim > 2 else same
    within = np.where(same, 0, np.arange(1, x.shape[1] + 1))
    return np.max(within, axis=1, initial=0)


lengths_without_padding_p: Primitive = Primitive(
    name="lengths_without_padding", infer=_kept_infer, reference=_kept_reference,
    gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip


def from_tensor(
    tensor: Any, lengths: Any, padding: Any, ragged_rank: int, dtype: DType
) -> RaggedTensor:
    """Implement `RaggedTensor.from_tensor`."""
    x = convert_to_tensor(tensor)
    if lengths is not None and padding is not None:
        raise InvalidArgumentError("from_tensor: give lengths or padding, not both")
    if isinstance(lengths, (list, tuple)) and any(
        isinstance(part, (list, tuple, Tensor, np.ndarray)) for part in lengths
    ):
        return _from_nested_lengths(x, list(lengths), dtype)
    if ragged_rank < 1 or x.ndim <= ragged_rank:
        raise InvalidArgumentError(
            f"from_tensor: ragged_rank must be from 1 to one less than the rank of {x._type}, "
            f"received {ragged_rank}"
        )
    if ragged_rank > 1:
        return _from_inner(x, lengths, padding, ragged_rank, dtype)
    if padding is not None:
        fill = convert_to_tensor(padding, dtype=x.dtype)
        lengths = lengths_without_padding_p(x, fill)
    if lengths is not None:
        return _cut(x, m.cast(partition.splits_tensor("from_tensor", lengths, dtype), dtype))
    return _rows_of(x, dtype)


def _rows_of(x: Tensor, dtype: DType) -> RaggedTensor:
    """Return a tensor of rank 2 or more as rows of one length."""
    sizes = m.cast(shaping.shape(x), dtype)
    rows = x.shape[0] if x.shape[0] is not None else sizes[0]
    length = x.shape[1] if x.shape[1] is not None else sizes[1]
    return RaggedTensor.from_uniform_row_length(
        _merged(x, 0, 1), partition.splits_tensor("from_tensor", length, dtype), rows,
        validate=False,
    )  # fmt: skip


def _from_inner(
    x: Tensor, lengths: Any, padding: Any, ragged_rank: int, dtype: DType
) -> RaggedTensor:
    """Make the dimensions before the last ragged one uniform."""
    if lengths is not None:
        raise InvalidArgumentError(
            f"from_tensor: for ragged_rank {ragged_rank} lengths must be a tuple of the nested "
            "row lengths"
        )
    outer = _rows_of(x, dtype)
    inner = from_tensor(outer.values, None, padding, ragged_rank - 1, dtype)
    return RaggedTensor._of(inner, outer.row_splits, outer._uniform)


def _cut(x: Tensor, lengths: Tensor) -> RaggedTensor:
    """Return of each row of a tensor as many elements as its length says."""
    if lengths.ndim != 1:
        raise InvalidArgumentError(
            f"from_tensor: lengths must be a vector, one of each row, received {lengths._type}"
        )
    sizes = m.cast(shaping.shape(x), lengths.dtype)
    kept = m.minimum(lengths, sizes[1])
    starts = partition.ranges_p(
        partition.whole(0, lengths.dtype), sizes[0] * sizes[1], m.maximum(sizes[1], 1),
        splits_dtype=lengths.dtype,
    ) if None in x.shape[:2] or x.shape[1] == 0 else _starts(x, lengths.dtype)  # fmt: skip
    positions, splits = partition.consecutive(starts, starts + kept)
    return RaggedTensor._of(gather(_merged(x, 0, 1), positions), splits)


def _starts(x: Tensor, dtype: DType) -> Tensor:
    rows, length = x._type.shape[:2]
    assert rows is not None
    assert length is not None
    return Tensor._of_array(np.arange(rows, dtype=dtype.as_numpy_dtype) * length, dtype)


def _from_nested_lengths(x: Tensor, lengths: list[Any], dtype: DType) -> RaggedTensor:
    if x.ndim <= len(lengths):
        raise InvalidArgumentError(
            f"from_tensor: {len(lengths)} nested lengths need a tensor of higher rank than "
            f"{x._type}"
        )
    outer = from_tensor(x, lengths[0], None, 1, dtype)
    if len(lengths) == 1:
        return outer
    inner = _from_nested_lengths(outer.values, lengths[1:], dtype)
    return RaggedTensor._of(inner, outer.row_splits)


def _merged(x: Tensor, outer: int, inner: int) -> Tensor:
    """Return a tensor with the dimensions from `outer` to `inner` as one."""
    return shaping.reshape(x, _sizes(x, outer, inner))


def _sizes(x: Tensor, outer: int, inner: int) -> Any:
    before, between, after = x.shape[:outer], x.shape[outer : inner + 1], x.shape[inner + 1 :]
    if (
        None not in before
        and None not in after
        and (None in between or TensorShape([*before, *after]).num_elements())
    ):
        return [*before, -1, *after] if 0 not in {*before, *after} else _product(x, outer, inner)
    if None not in x.shape:
        return [*before, TensorShape(between).num_elements(), *after]
    return _product(x, outer, inner)


def _product(x: Tensor, outer: int, inner: int) -> Tensor:
    sizes = shaping.shape(x)
    merged = reduction.reduce_prod(sizes[outer : inner + 1], keepdims=True)
    return shaping.concat([sizes[:outer], merged, sizes[inner + 1 :]], 0)


# --- to a tensor ----------------------------------------------------------------------------------


def _positions_infer(*splits: TensorType, shape: tuple[Dim, ...]) -> TensorType:
    rows = splits[0].shape[0]
    first = None if rows is None else rows - 1
    sizes = tuple(s if s is not None else first if d == 0 else None for d, s in enumerate(shape))
    return TensorType(dtypes.int64, sizes)


def _positions_reference(*splits: Array, shape: tuple[Dim, ...]) -> Array:
    """Return which value stands at each place of the dense tensor, -1 for none."""
    lengths = [len(splits[0]) - 1] + [int(np.max(np.diff(s), initial=0)) for s in splits]
    sizes = [n if s is None else s for n, s in zip(lengths, shape, strict=True)]
    found = np.arange(sizes[0])
    found = np.where(found < lengths[0], found, -1)
    for part, size in zip(splits, sizes[1:], strict=True):
        if len(part) < 2:
            found = np.full((*found.shape, size), -1)
            continue
        starts, counts = part[:-1][found], np.where(found >= 0, np.diff(part)[found], 0)
        column = np.arange(size)
        inside = column < counts[..., None]
        found = np.where(inside, starts[..., None] + column, -1)
    return found


positions_p: Primitive = Primitive(
    name="ragged_positions", infer=_positions_infer, reference=_positions_reference,
    gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip


def to_tensor(x: RaggedTensor, default_value: Any, shape: Any) -> Tensor:
    """Implement `RaggedTensor.to_tensor`."""
    values = x.flat_values
    rank = x.ragged_rank
    known: list[Dim] = [None] * (rank + 1)
    if shape is not None:
        if isinstance(shape, Tensor):
            shape = shape.numpy().tolist()
        wanted = [None if s is None or s == -1 else int(s) for s in shape]
        if len(wanted) != x.ndim:
            raise InvalidArgumentError(
                f"to_tensor: {list(shape)} has another rank than the ragged tensor, {x.shape}"
            )
        known = wanted[: rank + 1]
        values = _with_inner_shape(values, wanted[rank + 1 :], x)
    for d, uniform in enumerate(x._uniforms(), 1):
        known[d] = uniform if known[d] is None else known[d]
    if default_value is None:
        default = Tensor._of_array(
            np.asarray(values.dtype.zero, values.dtype.as_numpy_dtype), values.dtype
        )
    else:
        default = convert_to_tensor(default_value, dtype=values.dtype)
    inner = values.ndim - 1
    if default.ndim > inner or any(
        a not in {1, None, b} and b is not None
        for a, b in zip(reversed(default.shape), reversed(values.shape), strict=False)
    ):
        raise InvalidArgumentError(
            f"to_tensor: default_value must have the shape of an element, {values.shape[1:]}, or "
            f"stretch to it, received {default._type}"
        )
    splits = x.nested_row_splits
    positions = positions_p(*splits, shape=tuple(known))
    found = gather_p(values, m.maximum(positions, partition.whole(0)), axis=0)
    inside = m.greater_equal(positions, partition.whole(0))
    for _ in range(inner):
        inside = shaping.expand_dims(inside, -1)
    return m.where(inside, found, default)


def _with_inner_shape(values: Tensor, wanted: list[Dim], x: RaggedTensor) -> Tensor:
    if any(a not in {None, b} and b is not None for a, b in zip(wanted, values.shape[1:],
                                                               strict=True)):  # fmt: skip
        raise InvalidArgumentError(
            f"to_tensor: only ragged dimensions can change their size; the elements of {x.shape} "
            f"have shape {values.shape[1:]}, not {tuple(wanted)}"
        )
    return values


def bounding_shape(x: RaggedTensor, axis: Any, dtype: DType) -> Tensor:
    """Implement `RaggedTensor.bounding_shape`."""
    zero = partition.whole(0, x.row_splits.dtype)
    lengths = [x.nrows()]
    for part in x._levels():
        longest = reduction.reduce_max(partition.row_lengths(part.row_splits))
        lengths.append(m.maximum(longest, zero))
    inner = m.cast(shaping.shape(x.flat_values)[1:], dtype)
    sizes = shaping.concat([m.cast(shaping.stack(lengths), dtype), inner], 0)
    if axis is None:
        return sizes
    where = np.asarray(axis)
    places = [normalize_axis("bounding_shape", int(a), x.ndim) for a in where.reshape(-1)]
    if not where.ndim:
        return sizes[places[0]]
    return gather(sizes, np.asarray(places, np.int32).reshape(where.shape))


def merge_dims(x: Any, outer_axis: int, inner_axis: int) -> Any:
    """Implement `RaggedTensor.merge_dims`."""
    outer = normalize_axis("merge_dims", int(outer_axis), x.ndim)
    inner = normalize_axis("merge_dims", int(inner_axis), x.ndim)
    if outer > inner:
        raise InvalidArgumentError(
            f"merge_dims: outer_axis {outer_axis} must not be after inner_axis {inner_axis}"
        )
    if outer == inner:
        return x
    if not isinstance(x, RaggedTensor):
        return _merged(x, outer, inner)
    if outer > 1:
        return x.with_values(merge_dims(x.values, outer - 1, inner - 1))
    if outer == 0:
        return merge_dims(x.values, 0, inner - 1)
    splits, values = x.row_splits, x.values
    for _ in range(outer, inner):
        if isinstance(values, RaggedTensor):
            splits, values = gather(values.row_splits, splits), values.values
        else:
            size = values.shape[1]
            if size is None:
                size = m.cast(shaping.shape(values)[1], splits.dtype)
            splits, values = splits * size, _merged(values, 0, 1)
    return RaggedTensor._of(values, splits)


# --- sparse ---------------------------------------------------------------------------------------


def _coordinates_reference(*splits: Array, inner: tuple[int, ...]) -> Array:
    where = np.arange(len(splits[0]) - 1)[:, None]
    for part in splits:
        counts = np.diff(part)
        within = np.arange(part[-1]) - np.repeat(part[:-1], counts)
        where = np.concatenate([np.repeat(where, counts, axis=0), within[:, None]], axis=1)
    places = np.array(list(np.ndindex(*inner)), np.int64).reshape(math.prod(inner), len(inner))
    rows = np.repeat(where, len(places), axis=0)
    return np.concatenate([rows, np.tile(places, (len(where), 1))], axis=1)


coordinates_p: Primitive = Primitive(
    name="ragged_coordinates",
    infer=lambda *splits, inner: TensorType(dtypes.int64, (None, 1 + len(splits) + len(inner))),
    reference=_coordinates_reference, gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip


def to_sparse(x: RaggedTensor) -> Any:
    """Implement `RaggedTensor.to_sparse`."""
    from freshet.ops.sparse.sparse_tensor import SparseTensor  # noqa: PLC0415

    inner = x.flat_values.shape[1:]
    if None in inner:
        raise InvalidArgumentError(f"to_sparse: the inner sizes of {x.shape} must be known")
    where = coordinates_p(*x.nested_row_splits, inner=tuple(inner))
    flat = shaping.reshape(x.flat_values, [-1]) if inner else x.flat_values
    return SparseTensor._of(where, flat, bounding_shape(x, None, dtypes.int64))


def _sparse_rows_reference(indices: Array) -> Array:
    rows, columns = indices[:, 0], indices[:, 1]
    new = np.concatenate([[True], rows[1:] != rows[:-1]])[: len(rows)]
    after = np.where(new, 0, np.concatenate([[-1], columns[:-1]])[: len(rows)] + 1)
    if np.any(columns != after):
        at = int(np.argmax(columns != after))
        raise InvalidArgumentError(
            f"from_sparse: row {rows[at]} has no element in column {after[at]} but has one in "
            f"column {columns[at]}; a ragged row has no holes"
        )
    return rows


sparse_rows_p: Primitive = Primitive(
    name="rows_of_sparse",
    infer=lambda indices: TensorType(dtypes.int64, indices.shape[:1]),
    reference=_sparse_rows_reference, gradient=_POSITIONS, lower=_HOST,
)  # fmt: skip


def from_sparse(x: Any, dtype: DType) -> RaggedTensor:
    """Implement `RaggedTensor.from_sparse`."""
    from freshet.ops.sparse.sparse_tensor import SparseTensor  # noqa: PLC0415

    if not isinstance(x, SparseTensor):
        raise TypeError(f"from_sparse: expected a sparse tensor, received {x!r}")
    if x.ndim != 2:
        raise InvalidArgumentError(f"from_sparse: expected rank 2, received shape {x.shape}")
    rows = m.cast(sparse_rows_p(x.indices), dtype)
    count: Any = x.shape[0] if x.shape[0] is not None else x.dense_shape[0]
    nrows = m.cast(count, dtype)
    return RaggedTensor.from_value_rowids(x.values, rows, nrows, validate=False)
