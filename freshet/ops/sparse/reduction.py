"""Sums, extremes, softmax and products of sparse tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorType, normalize_axis
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import reduction as plain
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.elementwise import zeros_of
from freshet.ops.elementwise_rules import conj
from freshet.ops.gathering import gather
from freshet.ops.ragged.reduction import combine
from freshet.ops.sparse import places
from freshet.ops.sparse.places import sizes_of, sparse_of
from freshet.ops.sparse.sparse_tensor import SparseTensor

# --- along dimensions -----------------------------------------------------------------------------


def _axes(name: str, x: SparseTensor, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    items = np.asarray(axis).reshape(-1).tolist()
    return tuple(sorted({normalize_axis(name, int(a), x.ndim) for a in items}))


def _reduced(
    op: str, sp_input: Any, axis: Any, keepdims: bool | None, output_is_sparse: bool
) -> Any:
    name = f"sparse.reduce_{op}"
    x = sparse_of(name, sp_input)
    axes = _axes(name, x, axis)
    kept = tuple(d for d in range(x.ndim) if d not in axes)
    sizes = sizes_of(x)
    left = (
        convert_to_tensor(np.asarray([x.shape[d] for d in kept], np.int64))
        if x.shape.is_fully_defined()
        else gather(sizes, np.asarray(kept, np.int32))
    )
    one = convert_to_tensor(np.ones(1, np.int64))
    full = shaping.concat([one if d in axes else sizes[d : d + 1] for d in range(x.ndim)], 0) if (
        x.ndim
    ) else sizes  # fmt: skip
    if output_is_sparse:
        where, group = places.groups_p.apply((x.indices,), {"axes": kept})
        count = m.cast(shaping.shape(where)[0], dtypes.int64)
        values = _combined(op, x.values, group, count)
        if not keepdims:
            return SparseTensor._of(where, values, left, TensorShape([x.shape[d] for d in kept]))
        zeros = shaping.zeros_like(where[:, :1]) if kept else shaping.reshape(
            shaping.zeros_like(values, dtypes.int64), [-1, 1]
        )  # fmt: skip
        numbers = iter(range(len(kept)))
        parts = []
        for d in range(x.ndim):
            number = -1 if d in axes else next(numbers)
            parts.append(zeros if number < 0 else where[:, number : number + 1])
        wide = TensorShape([1 if d in axes else n for d, n in enumerate(x.shape)])
        return SparseTensor._of(shaping.concat(parts, 1), values, full, wide)
    columns = places.columns(x.indices, kept)
    group = places.flat_p(columns, left, name=name, ordered=False)
    total = _combined(op, x.values, group, places.product(left))
    return shaping.reshape(total, places.plain_shape(full if keepdims else left))


def _combined(op: str, values: Tensor, group: Tensor, count: Tensor) -> Tensor:
    """Return the values of each group combined, 0 for none."""
    found = combine(values, group, count, op)
    if op == "sum":
        return found
    there = combine(shaping.ones_like(values, dtypes.int32), group, count, "sum")
    return m.where(m.greater(there, 0), found, zeros_of(found))


def reduce_sum(
    sp_input: Any, axis: Any = None, keepdims: bool | None = None,
    output_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the sum along axes.

    Args:
        sp_input: A sparse tensor of numbers.
        axis: A dimension, several, or None for all.
        keepdims: Keep reduced dimensions with size 1.
        output_is_sparse: Whether the result is sparse; it has elements where there were some.
        name: Ignored.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 0], [0, 2], [1, 1]], [1, 1, 1], [2, 3])
        >>> ft.sparse.reduce_sum(x, 1).numpy().tolist()
        [2, 1]
    """
    return _reduced("sum", sp_input, axis, keepdims, bool(output_is_sparse))


def reduce_max(
    sp_input: Any, axis: Any = None, keepdims: bool | None = None,
    output_is_sparse: bool = False, name: str | None = None,
) -> Any:  # fmt: skip
    """Return the largest of the elements that there are along axes; 0 where there are none.

    Args:
        sp_input: A sparse tensor of real numbers.
        axis: A dimension, several, or None for all.
        keepdims: Keep reduced dimensions with size 1.
        output_is_sparse: Whether the result is sparse; it has elements where there were some.
        name: Ignored.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 0], [0, 2]], [-1, -5], [2, 3])
        >>> ft.sparse.reduce_max(x, 1).numpy().tolist()
        [-1, 0]
    """
    return _reduced("max", sp_input, axis, keepdims, bool(output_is_sparse))


def softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """Return the softmax of the elements that there are, along the last dimension.

    Args:
        sp_input: A sparse tensor of floating-point numbers, of rank 2 or more, in order.
        name: Ignored.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 0], [0, 2], [1, 1]], [1.0, 1.0, 5.0], [2, 3])
        >>> ft.sparse.softmax(x).values.numpy().tolist()
        [0.5, 0.5, 1.0]
    """
    x = sparse_of("sparse.softmax", sp_input)
    if x.ndim < 2 or not x.dtype.is_floating:
        raise InvalidArgumentError(
            "sparse.softmax: expected floating-point numbers of rank 2 or more, received "
            f"{x.dtype.name}{list(x.shape)}"
        )
    _, group = places.groups_p.apply((x.indices,), {"axes": tuple(range(x.ndim - 1))})
    count = m.cast(shaping.shape(x.values)[0], dtypes.int64)  # no more groups than elements
    largest = m.stop_gradient(combine(x.values, group, count, "max"))
    powers = m.exp(x.values - gather(largest, group))
    return x.with_values(powers / gather(combine(powers, group, count, "sum"), group))


# --- products -------------------------------------------------------------------------------------


def sparse_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """Return the product of a sparse matrix and a plain one.

    Args:
        sp_a: A sparse matrix; or a plain one if `b` is sparse.
        b: A plain matrix, or a sparse one.
        adjoint_a: Whether the first is transposed (and conjugated).
        adjoint_b: Whether the second is.
        name: Ignored.

    Returns:
        A plain matrix.

    Raises:
        InvalidArgumentError: They are no matrices, or their inner sizes differ.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 1]], [2.0], [2, 2])
        >>> ft.sparse.sparse_dense_matmul(x, ft.constant([[1.0], [3.0]])).numpy().tolist()
        [[6.0], [0.0]]
    """
    if isinstance(b, SparseTensor):
        first = convert_to_tensor(sp_a)
        flipped = first if adjoint_a else _adjoint(first)
        return _adjoint(sparse_dense_matmul(b, flipped, not adjoint_b, False))
    x, y = sparse_of("sparse_dense_matmul", sp_a), convert_to_tensor(b)
    if x.ndim != 2 or y.ndim != 2:
        raise InvalidArgumentError(
            f"sparse_dense_matmul: expected matrices, received {x.shape} and {y._type}"
        )
    if adjoint_b:
        y = _adjoint(y)
    inner, rows = (0, 1) if adjoint_a else (1, 0)
    values = conj(x.values) if adjoint_a and x.dtype.is_complex else x.values
    if None not in {x.shape[inner], y.shape[0]} and x.shape[inner] != y.shape[0]:
        raise InvalidArgumentError(
            f"sparse_dense_matmul: inner sizes differ: {x.shape} and {y._type}"
        )
    parts = shaping.expand_dims(values, 1) * gather(y, x.indices[:, inner])
    return combine(parts, x.indices[:, rows], places.size_of(x, rows), "sum")


def _adjoint(x: Tensor) -> Tensor:
    turned = shaping.transpose(x)
    return conj(turned) if x.dtype.is_complex else turned


# --- segments -------------------------------------------------------------------------------------


def _segments(name: str, data: Any, indices: Any, segment_ids: Any, number: Any) -> tuple[Any, ...]:
    x = convert_to_tensor(data)
    rows = gather(x, convert_to_tensor(indices, dtype_hint=dtypes.int32))
    ids = m.cast(convert_to_tensor(segment_ids, dtype_hint=dtypes.int32), dtypes.int64)
    if ids.ndim != 1 or rows.ndim != x.ndim:
        raise InvalidArgumentError(
            f"{name}: indices and segment_ids must be vectors, received {rows.shape} and "
            f"{ids._type}"
        )
    if not ids.shape.is_compatible_with(rows.shape[:1]):
        raise InvalidArgumentError(
            f"{name}: indices and segment_ids must have one size, received {rows.shape[0]} and "
            f"{ids.shape[0]}"
        )
    if number is None:
        known = ids._array
        count = segment_count_p(ids) if known is None else convert_to_tensor(
            np.asarray(_count_reference(known), np.int64)
        )  # fmt: skip
    else:
        count = m.cast(convert_to_tensor(number), dtypes.int64)
    return rows, checked_segments_p(ids, count, name=name), count


def _count_reference(ids: Any) -> Any:
    return np.asarray(ids[-1] + 1 if len(ids) else 0)


def _checked_reference(ids: Any, count: Any, name: str) -> Any:
    if np.any(np.diff(ids) < 0) or np.any((ids < 0) | (ids >= count)):
        raise InvalidArgumentError(
            f"{name}: segment_ids must not decrease and be in [0, {int(count)}), received "
            f"{ids.tolist()}"
        )
    return ids


segment_count_p = places.position_primitive(
    "sparse_segment_count", lambda ids: TensorType(dtypes.int64, ()), _count_reference
)
checked_segments_p = places.position_primitive(
    "sparse_check_segments", lambda ids, count, name: ids, _checked_reference
)


def segment_sum(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None,
    sparse_gradient: bool = False,
) -> Tensor:  # fmt: skip
    """Return the sums of rows: ``y[s]`` is that of ``data[indices[i]]`` where segment_ids[i] is s.

    Args:
        data: A tensor of numbers.
        indices: Rows of it.
        segment_ids: For each of them its segment; not decreasing.
        num_segments: How many segments there are; one more than the last by default.
        name: Ignored.
        sparse_gradient: Ignored; kept for TensorFlow programs.

    Returns:
        A tensor like `data`, of `num_segments` rows; 0 for a segment without rows.

    Raises:
        InvalidArgumentError: An index or segment is outside, or the segments decrease.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.segment_sum([[1.0], [2.0], [4.0]], [0, 2, 1], [0, 0, 1]).numpy().tolist()
        [[5.0], [2.0]]
    """
    rows, ids, count = _segments("sparse.segment_sum", data, indices, segment_ids, num_segments)
    return combine(rows, ids, count, "sum")


def _divided(name: str, data: Any, indices: Any, ids: Any, number: Any, root: bool) -> Tensor:
    rows, checked, count = _segments(name, data, indices, ids, number)
    if not rows.dtype.is_floating:
        raise DTypeError(f"{name}: expected floating-point numbers, received {rows.dtype.name}")
    total = combine(rows, checked, count, "sum")
    ones = shaping.ones_like(checked, rows.dtype)
    many = m.maximum(combine(ones, checked, count, "sum"), m.cast(1, rows.dtype))
    scale = m.sqrt(many) if root else many
    for _ in range(rows.ndim - 1):
        scale = shaping.expand_dims(scale, -1)
    return total / scale


def segment_mean(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None,
    sparse_gradient: bool = False,
) -> Tensor:  # fmt: skip
    """Return the means of rows, for each segment: see `segment_sum`.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.segment_mean([[1.0], [2.0], [5.0]], [0, 2, 1], [0, 0, 1]).numpy().tolist()
        [[3.0], [2.0]]
    """
    return _divided("sparse.segment_mean", data, indices, segment_ids, num_segments, root=False)


def segment_sqrt_n(
    data: Any, indices: Any, segment_ids: Any, num_segments: Any = None, name: str | None = None,
    sparse_gradient: bool = False,
) -> Tensor:  # fmt: skip
    """Return the sums of rows divided by the root of how many: see `segment_sum`."""
    return _divided("sparse.segment_sqrt_n", data, indices, segment_ids, num_segments, root=True)
