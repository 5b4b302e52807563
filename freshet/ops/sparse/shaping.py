"""Sparse tensors in other shapes and orders; parts of them, and several as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import reduction, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.masks import positions_p
from freshet.ops.sparse import places
from freshet.ops.sparse.places import sizes_of, sparse_of
from freshet.ops.sparse.sparse_tensor import SparseTensor


def _taken(x: SparseTensor, chosen: Tensor) -> SparseTensor:
    """Return some of the elements, of the same shape."""
    where, values = gather(x.indices, chosen), gather(x.values, chosen)
    return SparseTensor._of(where, values, x.dense_shape, x.shape)


def reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Return the same with its indices in lexicographic order.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[1, 0], [0, 1]], [5, 7], [2, 2])
        >>> ft.sparse.reorder(x).values.numpy().tolist()
        [7, 5]
    """
    x = sparse_of("sparse.reorder", sp_input)
    return _taken(x, places.order_p(x.indices))


def retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """Return the elements for which a vector of truth values, one for each, is true.

    Raises:
        InvalidArgumentError: There are not as many.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 0], [1, 1]], [5, 7], [2, 2])
        >>> ft.sparse.retain(x, [False, True]).values.numpy().tolist()
        [7]
    """
    x = sparse_of("sparse.retain", sp_input)
    kept = convert_to_tensor(to_retain, dtype=dtypes.bool_)
    if kept.ndim != 1 or not kept.shape.is_compatible_with(x.values.shape):
        raise InvalidArgumentError(
            f"sparse.retain: to_retain must have a value for each of the elements {x.values.shape},"
            f" received {kept._type}"
        )
    return _taken(x, positions_p(kept)[:, 0])


def transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """Return the dimensions in another order, reversed by default.

    Args:
        sp_input: A sparse tensor.
        perm: For each dimension of the result, the dimension of the input that it is.
        name: Ignored.
    """
    x = sparse_of("sparse.transpose", sp_input)
    order = tuple(range(x.ndim))[::-1] if perm is None else tuple(
        int(p) for p in np.asarray(perm).tolist()
    )  # fmt: skip
    if sorted(order) != list(range(x.ndim)):
        raise InvalidArgumentError(
            f"sparse.transpose: perm {order} is not an order of the {x.ndim} dimensions"
        )
    sizes = gather(sizes_of(x), np.asarray(order, np.int32))
    shape = TensorShape([x.shape[p] for p in order])
    return reorder(SparseTensor._of(places.columns(x.indices, order), x.values, sizes, shape))


def expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """Insert a dimension of size 1 before dimension `axis`; at the end by default."""
    x = sparse_of("sparse.expand_dims", sp_input)
    where = normalize_axis("sparse.expand_dims", -1 if axis is None else int(axis), x.ndim + 1)
    zeros = shaping.zeros_like(x.indices[:, :1]) if x.ndim else shaping.reshape(
        shaping.zeros_like(x.values, dtypes.int64), [-1, 1]
    )  # fmt: skip
    indices = shaping.concat([x.indices[:, :where], zeros, x.indices[:, where:]], 1)
    sizes = sizes_of(x)
    one = convert_to_tensor(np.ones(1, np.int64))
    shape = TensorShape([*x.shape[:where], 1, *x.shape[where:]])
    new = shaping.concat([sizes[:where], one, sizes[where:]], 0)
    return SparseTensor._of(indices, x.values, new, shape)


def reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """Return the same elements, counted through in the same order, under another shape.

    Args:
        sp_input: A sparse tensor.
        shape: The new sizes; one may be -1 and is inferred.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shape has another number of elements.
    """
    x = sparse_of("sparse.reshape", sp_input)
    sizes, wanted = sizes_of(x), places.int64s("sparse.reshape", shape)
    new = _evaluated(places.new_shape_p, sizes, wanted)
    indices = places.reshaped_p(x.indices, sizes, new)
    return SparseTensor._of(indices, x.values, new, places.known(new))


def _evaluated(primitive: Any, *operands: Tensor) -> Tensor:
    """Return a function of shapes: a constant if they are."""
    if any(t._array is None for t in operands):
        found: Tensor = primitive(*operands)
        return found
    return Tensor._of_array(np.asarray(primitive.reference(*(t._value for t in operands)), "int64"))


def _reset_infer(indices: TensorType, sizes: TensorType, *wanted: TensorType) -> TensorType:
    return sizes


def _reset_reference(indices: Array, sizes: Array, *wanted: Array) -> Array:
    if not wanted:
        return np.max(indices + 1, axis=0, initial=0)
    if np.any(wanted[0] < sizes):
        raise InvalidArgumentError(
            f"sparse.reset_shape: the new shape {wanted[0].tolist()} must not be below the old one,"
            f" {sizes.tolist()}, in any dimension"
        )
    return wanted[0]


reset_p = places.position_primitive("sparse_reset_shape", _reset_infer, _reset_reference)


def reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """Return the same elements in a larger shape, or the smallest that holds them.

    Args:
        sp_input: A sparse tensor.
        new_shape: Sizes, none below the present one; as small as possible by default.

    Raises:
        InvalidArgumentError: A size is below, or there is another number of them.
    """
    x = sparse_of("sparse.reset_shape", sp_input)
    if new_shape is None:
        found = reset_p(x.indices, sizes_of(x))
        return SparseTensor._of(x.indices, x.values, found)
    wanted = places.int64s("sparse.reset_shape", new_shape)
    if wanted.shape[0] != x.ndim:
        raise InvalidArgumentError(
            f"sparse.reset_shape: expected {x.ndim} sizes, received {wanted._type}"
        )
    found = reset_p(x.indices, sizes_of(x), wanted)
    return SparseTensor._of(x.indices, x.values, found, places.known(wanted))


# --- parts ----------------------------------------------------------------------------------------


def slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """Return a block: from `start`, up to `size` elements along each dimension.

    Args:
        sp_input: A sparse tensor.
        start: Where it begins, one number a dimension.
        size: Its sizes; what reaches outside is cut.
        name: Ignored.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 1], [1, 2]], [5, 7], [2, 3])
        >>> ft.sparse.to_dense(ft.sparse.slice(x, [0, 1], [2, 2])).numpy().tolist()
        [[5, 0], [0, 7]]
    """
    x = sparse_of("sparse.slice", sp_input)
    first, count = places.int64s("sparse.slice", start), places.int64s("sparse.slice", size)
    if first.shape != (x.ndim,) or count.shape != (x.ndim,):
        raise InvalidArgumentError(
            f"sparse.slice: start and size need a number for each of {x.ndim} dimensions, received "
            f"{first._type} and {count._type}"
        )
    chosen = places.inside_p(x.indices, first, count)
    sizes = m.maximum(m.minimum(count, sizes_of(x) - first), convert_to_tensor(np.int64(0)))
    indices = gather(x.indices, chosen) - first
    return SparseTensor._of(indices, gather(x.values, chosen), sizes, places.known(sizes))


def split(
    sp_input: Any = None, num_split: Any = None, axis: Any = None, name: str | None = None
) -> list[SparseTensor]:
    """Cut along a dimension into equal parts; the first are larger by 1 where that does not go.

    Args:
        sp_input: A sparse tensor.
        num_split: How many parts.
        axis: The dimension, whose size must be known.
        name: Ignored.
    """
    x = sparse_of("sparse.split", sp_input)
    if num_split is None or axis is None:
        raise InvalidArgumentError("sparse.split: num_split and axis are required")
    where, count = normalize_axis("sparse.split", int(axis), x.ndim), int(num_split)
    total = x.shape[where]
    if total is None:
        raise InvalidArgumentError(f"sparse.split: the size of axis {axis} is not known")
    if not 0 < count <= total:
        raise InvalidArgumentError(
            f"sparse.split: num_split must be from 1 to the size {total} of axis {axis}, received "
            f"{count}"
        )
    sizes = sizes_of(x)
    found, start = [], 0
    for number in range(count):
        length = total // count + (number < total % count)
        unit = np.eye(x.ndim, dtype=np.int64)[where]
        block = m.where(unit == 1, convert_to_tensor(np.int64(length)), sizes)
        found.append(slice(x, unit * start, block))
        start += length
    return found


# --- several --------------------------------------------------------------------------------------


def concat(
    axis: int, sp_inputs: Sequence[Any], expand_nonconcat_dims: bool = False,
    name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Join sparse tensors along a dimension.

    Args:
        axis: The dimension.
        sp_inputs: Sparse tensors of one rank and dtype.
        expand_nonconcat_dims: Whether the other sizes may differ; the result has the largest.
        name: Ignored.

    Raises:
        InvalidArgumentError: Another size differs, or rank or dtype.

    Example:
        >>> import freshet as ft
        >>> x = ft.sparse.eye(2)
        >>> ft.sparse.to_dense(ft.sparse.concat(1, [x, x])).numpy().tolist()
        [[1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]
    """
    parts = [sparse_of("sparse.concat", x) for x in sp_inputs]
    if not parts:
        raise InvalidArgumentError("sparse.concat: expected at least one tensor")
    if len({x.ndim for x in parts}) > 1 or len({x.dtype for x in parts}) > 1:
        raise InvalidArgumentError(
            "sparse.concat: all must have one rank and dtype, received "
            f"{', '.join(f'{x.dtype.name}{list(x.shape)}' for x in parts)}"
        )
    if len(parts) == 1:
        return parts[0]
    where = normalize_axis("sparse.concat", int(axis), parts[0].ndim)
    shape = _concat_shape(parts, where, bool(expand_nonconcat_dims))
    unit = np.eye(parts[0].ndim, dtype=np.int64)[where]
    along = convert_to_tensor(unit)
    indices, total = [], convert_to_tensor(np.zeros(parts[0].ndim, np.int64))
    for x in parts:
        indices.append(x.indices + total)
        total = total + sizes_of(x) * along
    others = reduction.reduce_max(shaping.stack([sizes_of(x) for x in parts]), axis=0)
    sizes = total + others * (1 - along)
    values = shaping.concat([x.values for x in parts], 0)
    return reorder(SparseTensor._of(shaping.concat(indices, 0), values, sizes, shape))


def _concat_shape(parts: Sequence[SparseTensor], axis: int, expand: bool) -> TensorShape:
    dims = []
    for d in range(parts[0].ndim):
        sizes = [x.shape[d] for x in parts]
        if d == axis:
            dims.append(None if None in sizes else sum(s for s in sizes if s is not None))
            continue
        if not expand and len(set(sizes) - {None}) > 1:
            raise InvalidArgumentError(
                f"sparse.concat: dimension {d} has sizes {sizes}; only axis {axis} may differ "
                "without expand_nonconcat_dims"
            )
        dims.append(None if None in sizes else max(s for s in sizes if s is not None))
    return TensorShape(dims)
