"""Joining, repeating and rearranging ragged tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.composite import CompositeTensorError
from freshet.core.dtypes import as_dtype
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import overload
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged import partition
from freshet.ops.ragged.gathering import equal_splits
from freshet.ops.ragged.indexing import (
    expand_first,
    expand_second,
    slice_inner,
    slice_outer,
    take,
)
from freshet.ops.ragged.ragged_tensor import RaggedTensor

# --- concat and stack -----------------------------------------------------------------------------


def _interleaved_reference(rows: Array, parts: int) -> Array:
    return np.arange(int(rows) * parts).reshape(parts, int(rows)).T.reshape(-1)


interleaved_p: Primitive = Primitive(
    name="interleaved_rows",
    infer=lambda rows, parts: TensorType(rows.dtype, (None,)),
    reference=_interleaved_reference,
    gradient=NoGradient("positions are whole numbers"),
    lower=Host("the number of rows is data"),
)


@overload(shaping.concat, RaggedTensor)
def ragged_concat(values: Sequence[Any], axis: int, name: str | None = None) -> Any:
    """Implement `ft.concat` where a value is ragged."""
    parts = _alike("concat", values)
    where = normalize_axis("concat", int(axis), parts[0].ndim)
    return parts[0] if len(parts) == 1 else _concat(parts, where)


def _alike(name: str, values: Sequence[Any]) -> list[Any]:
    """Return tensors and ragged tensors of one rank and dtype of row splits."""
    items = list(values)
    if not items:
        raise InvalidArgumentError(f"{name}: expected at least one tensor, received none")
    hint = next((v.dtype for v in items if isinstance(v, (RaggedTensor, Tensor))), None)
    parts = [
        v if isinstance(v, RaggedTensor) else convert_to_tensor(v, dtype_hint=hint) for v in items
    ]
    if len({p.ndim for p in parts}) > 1 or len({p.dtype for p in parts}) > 1:
        listed = ", ".join(f"{p.dtype.short}{list(p.shape)}" for p in parts)
        raise InvalidArgumentError(f"{name}: all must have one rank and dtype, received {listed}")
    kinds = {p.row_splits.dtype for p in parts if isinstance(p, RaggedTensor)}
    if len(kinds) > 1:
        raise InvalidArgumentError(
            f"{name}: the row splits must have one dtype; use with_row_splits_dtype"
        )
    return parts


def _same_depth(parts: list[Any]) -> list[RaggedTensor]:
    """Return ragged tensors of as many ragged dimensions as the one with most."""
    ragged = [p for p in parts if isinstance(p, RaggedTensor)]
    depth = max(1, *(p.ragged_rank for p in ragged)) if ragged else 1
    kind = ragged[0].row_splits.dtype if ragged else dtypes.int64
    return [_deepened(p, depth, kind) for p in parts]


def _deepened(x: Any, depth: int, kind: Any) -> RaggedTensor:
    if not isinstance(x, RaggedTensor):
        return RaggedTensor.from_tensor(x, ragged_rank=depth, row_splits_dtype=kind)
    if x.ragged_rank == depth:
        return x
    return RaggedTensor._of(_deepened(x.values, depth - 1, kind), x.row_splits, x._uniform)


def _concat(parts: list[Any], axis: int) -> Any:
    if not any(isinstance(p, RaggedTensor) for p in parts):
        return shaping.concat(parts, axis)
    rows = _same_depth(parts)
    if axis == 0:
        return _concat_rows(rows)
    if axis == 1:
        return _concat_within(rows)
    splits = rows[0].row_splits
    for other in rows[1:]:
        splits = equal_splits(splits, other.row_splits)
    return RaggedTensor._of(_concat([p.values for p in rows], axis - 1), splits, rows[0]._uniform)


def _concat_rows(parts: Sequence[Any]) -> Any:
    if not isinstance(parts[0], RaggedTensor):
        return shaping.concat(list(parts), 0)
    splits, total = [parts[0].row_splits], parts[0].row_splits[-1]
    for part in parts[1:]:
        splits.append(part.row_splits[1:] + total)
        total = total + part.row_splits[-1]
    uniform = parts[0]._uniform if len({p._uniform for p in parts}) == 1 else None
    joined = _concat_rows([p.values for p in parts])
    return RaggedTensor._of(joined, shaping.concat(splits, 0), uniform)


def _concat_within(parts: Sequence[RaggedTensor]) -> RaggedTensor:
    """Join rows: row i of each, in order."""
    counts = {partition.row_count(p.row_splits) for p in parts} - {None}
    if len(counts) > 1:
        raise InvalidArgumentError(
            f"concat: along axis 1 all need as many rows, received {sorted(map(int, counts))}"  # type: ignore[arg-type]
        )
    below = _concat_rows(parts)
    order = interleaved_p(parts[0].nrows(), parts=len(parts))
    mixed = take(below, order)
    return RaggedTensor._of(mixed.values, mixed.row_splits[:: len(parts)])


def stack(values: Sequence[Any], axis: int = 0, name: str | None = None) -> Any:
    """Join tensors of one rank, whatever their sizes, along a new dimension.

    Args:
        values: Tensors and ragged tensors of rank k.
        axis: Where the new dimension comes, from 0 to k.
        name: Ignored.

    Returns:
        A ragged tensor of rank k + 1; a tensor for numbers of rank 0.

    Raises:
        InvalidArgumentError: They differ in rank or dtype.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.stack([[1, 2], [3], []])
        <ft.RaggedTensor [[1, 2], [3], []]>
    """
    parts = _alike("stack", _one_dtype(values))
    rank = parts[0].ndim
    where = normalize_axis("stack", int(axis), rank + 1)
    if len(parts) == 1 and where:
        return _expanded(parts[0], where)
    plain = not any(isinstance(p, RaggedTensor) for p in parts)
    if plain and rank == 1 and not where:
        lengths = [shaping.shape(p) for p in parts]
        splits = partition.lengths_to_splits_p(shaping.concat(lengths, 0))
        return RaggedTensor._of(shaping.concat(parts, 0), splits)
    if not rank or (plain and where >= rank - 1):
        return shaping.stack(parts, where)
    return _stack(parts, where)


def _one_dtype(values: Sequence[Any]) -> list[Any]:
    """Give empty lists, which have no dtype of their own, that of the others."""
    items = list(values)
    known = [v for v in items if not (isinstance(v, (list, tuple)) and not v)]
    if not known or len(known) == len(items):
        return items
    first = known[0] if isinstance(known[0], RaggedTensor) else convert_to_tensor(known[0])
    none = Tensor._of_array(np.zeros(0, first.dtype.as_numpy_dtype), first.dtype)
    return [none if isinstance(v, (list, tuple)) and not v else v for v in items]


@overload(shaping.stack, RaggedTensor)
def ragged_stack(values: Sequence[Any], axis: int = 0, name: str | None = None) -> Any:
    """Implement `ft.stack` where a value is ragged."""
    return stack(values, axis)


def _stack(parts: list[Any], axis: int) -> Any:
    rows = _same_depth(parts)
    if axis == 0:
        return _concat_rows([expand_first(p) for p in rows])
    if axis == 1:
        return _concat([expand_second(p) for p in rows], 1)
    splits = rows[0].row_splits
    for other in rows[1:]:
        splits = equal_splits(splits, other.row_splits)
    return RaggedTensor._of(_inner_stack([p.values for p in rows], axis - 1), splits)


def _inner_stack(parts: list[Any], axis: int) -> Any:
    if not any(isinstance(p, RaggedTensor) for p in parts):
        return shaping.stack(parts, axis)
    return _stack(parts, axis)


# --- one tensor -----------------------------------------------------------------------------------


@overload(shaping.tile, RaggedTensor)
def ragged_tile(input: Any, multiples: Any, name: str | None = None) -> Any:
    """Implement `ft.tile` for a ragged tensor."""
    times = [int(n) for n in np.asarray(multiples).tolist()]
    if len(times) != input.ndim or min(times) < 0:
        raise InvalidArgumentError(
            f"tile: {input.shape} needs {input.ndim} multiples not below 0, received {times}"
        )
    found = input
    for axis, count in enumerate(times):
        if count == 0:
            whole = slice(None)
            found = found[(*[whole] * axis, slice(0, 0))]
        elif count > 1:
            found = _concat([found] * count, axis)
    return found


@overload(shaping.reverse, RaggedTensor)
def ragged_reverse(tensor: Any, axis: Any, name: str | None = None) -> Any:
    """Implement `ft.reverse` for a ragged tensor."""
    items = np.asarray(axis).reshape(-1).tolist()
    found = tensor
    for a in items:
        found = _reversed(found, normalize_axis("reverse", int(a), tensor.ndim))
    return found


def _reversed(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return shaping.reverse(x, [axis])
    backward = slice(None, None, -1)
    if axis == 0:
        return slice_outer(x, backward)
    if axis == 1:
        return slice_inner(x, backward)
    return x.with_values(_reversed(x.values, axis - 1))


@overload(shaping.expand_dims, RaggedTensor)
def ragged_expand_dims(input: Any, axis: int, name: str | None = None) -> Any:
    """Implement `ft.expand_dims` for a ragged tensor."""
    return _expanded(input, normalize_axis("expand_dims", int(axis), input.ndim + 1))


def _expanded(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return shaping.expand_dims(x, axis)
    if axis == 0:
        return expand_first(x)
    if axis == 1:
        return expand_second(x)
    return RaggedTensor._of(_expanded(x.values, axis - 1), x.row_splits, x._uniform)


@overload(shaping.squeeze, RaggedTensor)
def ragged_squeeze(input: Any, axis: Any = None, name: str | None = None) -> Any:
    """Implement `ft.squeeze` for a ragged tensor."""
    if axis is None:
        raise InvalidArgumentError("squeeze: a ragged tensor needs an axis")
    items = [int(a) for a in np.asarray(axis).reshape(-1).tolist()]
    found = input
    for a in sorted({normalize_axis("squeeze", i, input.ndim) for i in items}, reverse=True):
        found = _squeezed(found, a)
    return found


def _squeezed(x: Any, axis: int) -> Any:
    if not isinstance(x, RaggedTensor):
        return shaping.squeeze(x, [axis])
    if axis > 1:
        return RaggedTensor._of(_squeezed(x.values, axis - 1), x.row_splits, x._uniform)
    splits = x.row_splits
    if axis == 0:
        rows = partition.row_count(splits)
        if rows not in {1, None}:
            raise InvalidArgumentError(f"squeeze: dimension 0 of {x.shape} does not have size 1")
        return x.values
    one = partition.whole(1, splits.dtype)
    equal_splits(splits, partition.uniform_splits_p(x.nrows(), one))
    return x.values


@overload(shaping.shape, RaggedTensor)
def ragged_shape(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """Implement `ft.shape` for a ragged tensor, which has one if all rows are known to be equal.

    Differs: TensorFlow returns a `DynamicRaggedShape`, which is no vector of sizes either.
    """
    if None in input.shape[1 : input.ragged_rank + 1]:
        raise CompositeTensorError(
            f"shape: the rows of a RaggedTensor of shape {input.shape} differ in length, so that "
            "no vector says its shape; use x.nrows(), x.row_lengths(), or x.bounding_shape() for "
            "the sizes of x.to_tensor()"
        )
    return input.bounding_shape(out_type=out_type or dtypes.int32)


@overload(shaping.size, RaggedTensor)
def ragged_size(input: Any, out_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """Implement `ft.size` for a ragged tensor."""
    return shaping.size(input.flat_values, as_dtype(out_type))


@overload(shaping.rank, RaggedTensor)
def ragged_rank_of(input: Any, name: str | None = None) -> Tensor:
    """Implement `ft.rank` for a ragged tensor."""
    return convert_to_tensor(input.ndim)


@overload(shaping.reshape, RaggedTensor)
def ragged_reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """Implement `ft.reshape` for a ragged tensor: its elements in order, as a plain tensor."""
    return shaping.reshape(tensor.flat_values, shape)


@overload(shaping.unstack, RaggedTensor)
def ragged_unstack(value: Any, num: int | None = None, axis: int = 0) -> list[Any]:
    """Implement `ft.unstack` for a ragged tensor, along its first dimension."""
    if normalize_axis("unstack", int(axis), value.ndim):
        raise InvalidArgumentError("unstack: a ragged tensor is taken apart along axis 0 only")
    return list(value)
