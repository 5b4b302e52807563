"""Sparse tensors element by element: functions of the values, sums, extremes, masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, map_structure
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import gathering, shaping
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import composites
from freshet.ops.gathering import gather
from freshet.ops.masks import positions_p
from freshet.ops.ragged.reduction import combine
from freshet.ops.sparse import places
from freshet.ops.sparse.dense import to_dense
from freshet.ops.sparse.places import sizes_of, sparse_of
from freshet.ops.sparse.sparse_tensor import SparseTensor


def map_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply a function to the values of sparse tensors; the result has them at the same places.

    Args:
        op: Called with `args` and `kwargs` in which each sparse tensor is replaced by its values.
        *args: Arguments of `op`; all sparse tensors have the same indices and shape.
        **kwargs: Arguments of `op`.

    Returns:
        A sparse tensor; without any among the arguments, what `op` returns.

    Raises:
        InvalidArgumentError: The sparse tensors have different indices.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.map_values(ft.square, ft.sparse.eye(2) * 3.0).values.numpy().tolist()
        [9.0, 9.0]
    """
    found = [x for x in composites(flatten([args, kwargs])) if isinstance(x, SparseTensor)]
    if not found:
        return op(*args, **kwargs)
    first = found[0]
    indices = first.indices
    for other in found[1:]:
        indices = same_places_p(indices, other.indices)
    args, kwargs = map_structure(
        lambda x: x.values if isinstance(x, SparseTensor) else x, (args, kwargs)
    )
    values = convert_to_tensor(op(*args, **kwargs))
    if values.ndim != 1 or not values.shape.is_compatible_with(first.values.shape):
        raise InvalidArgumentError(
            f"sparse.map_values: the function must return a value for each of {first.values.shape},"
            f" returned {values._type}"
        )
    return SparseTensor._of(indices, values, first.dense_shape, first.shape)


def _same_reference(indices: Array, other: Array) -> Array:
    if not np.array_equal(indices, other):
        raise InvalidArgumentError(
            f"sparse.map_values: all must have the same indices, received {indices.tolist()} and "
            f"{other.tolist()}"
        )
    return indices


same_places_p = places.position_primitive(
    "sparse_same_places", lambda indices, other: indices, _same_reference
)


# --- with a tensor --------------------------------------------------------------------------------


def _broadcast_places_reference(indices: Array, sizes: Array, other: Array) -> Array:
    """Return where in a tensor that stretches to the shape each element's partner is."""
    missing = len(sizes) - len(other)
    if missing < 0 or any(n not in {1, s} for n, s in zip(other, sizes[missing:], strict=True)):
        raise InvalidArgumentError(
            f"a tensor of shape {other.tolist()} does not stretch to that of the sparse tensor, "
            f"{sizes.tolist()}"
        )
    return np.where(other == 1, 0, indices[:, missing:])


broadcast_places_p = places.position_primitive(
    "sparse_broadcast_places",
    lambda indices, sizes, other: TensorType(dtypes.int64, (indices.shape[0], other.shape[0])),
    _broadcast_places_reference,
)


def with_dense(name: str, x: SparseTensor, other: Any) -> SparseTensor:
    """Multiply or divide by a tensor that stretches to the shape; zeros stay zeros."""
    function = getattr(m, name)
    if isinstance(other, SparseTensor):
        raise TypeError(f"{name}: a sparse tensor is multiplied or divided by a plain one only")
    tensor = convert_to_tensor(other, dtype_hint=x.dtype)
    if tensor.ndim:
        sizes = m.cast(shaping.shape(tensor), dtypes.int64)
        tensor = gathering.gather_nd(tensor, broadcast_places_p(x.indices, sizes_of(x), sizes))
    return x.with_values(function(x.values, tensor))


# --- two sparse tensors ---------------------------------------------------------------------------


def _union_reference(a: Array, b: Array, sizes: Array, other: Array) -> tuple[Array, Array]:
    if not np.array_equal(sizes, other):
        raise InvalidArgumentError(
            f"sparse tensors of different shapes: {sizes.tolist()} and {other.tolist()}"
        )
    both = np.concatenate([a, b])
    if not both.shape[1]:
        return both[:1], np.zeros(len(both), np.int64)
    found, place = np.unique(both, axis=0, return_inverse=True)
    return found, place.reshape(-1)


def _union_infer(a: TensorType, b: TensorType, *sizes: TensorType) -> tuple[TensorType, TensorType]:
    counts = (a.shape[0], b.shape[0])
    total = None if None in counts else sum(n for n in counts if n is not None)
    return TensorType(dtypes.int64, (None, a.shape[1])), TensorType(dtypes.int64, (total,))


union_p = places.position_primitive("sparse_union", _union_infer, _union_reference)


def _pair(name: str, a: Any, b: Any) -> tuple[Tensor, Tensor, SparseTensor, SparseTensor]:
    x, y = sparse_of(name, a), sparse_of(name, b)
    if x.ndim != y.ndim or x.dtype != y.dtype:
        raise InvalidArgumentError(
            f"{name}: both must have one rank and dtype, received {x.dtype.name}{list(x.shape)} "
            f"and {y.dtype.name}{list(y.shape)}"
        )
    where, place = union_p.apply((x.indices, y.indices, sizes_of(x), sizes_of(y)), {})
    return where, place, x, y


def add(a: Any, b: Any, threshold: Any = 0) -> Any:
    """Return the sum of two tensors of which one or both are sparse.

    Args:
        a: A sparse tensor, or a plain one.
        b: The same; of one dtype and, if both are sparse, one shape.
        threshold: Of two sparse tensors, where both have an element, a sum of a smaller magnitude
            is left away.

    Returns:
        A sparse tensor of what either has; a plain one if an argument is plain.

    Raises:
        TypeError: Neither is sparse.
        InvalidArgumentError: Shapes or dtypes differ.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.add(ft.sparse.eye(2), ft.sparse.eye(2)).values.numpy().tolist()
        [2.0, 2.0]
    """
    if not isinstance(a, SparseTensor) or not isinstance(b, SparseTensor):
        sparse, plain = (a, b) if isinstance(a, SparseTensor) else (b, a)
        dense = to_dense(sparse_of("sparse.add", sparse), validate_indices=False)
        return dense + convert_to_tensor(plain, dtype_hint=dense.dtype)
    where, place, x, y = _pair("sparse.add", a, b)
    values = shaping.concat([x.values, y.values], 0)
    total = combine(values, place, _rows(where), "sum")
    found = SparseTensor._of(where, total, x.dense_shape, x.shape)
    if isinstance(threshold, (int, float)) and threshold == 0:
        return found
    magnitude = m.abs(total)
    large = m.greater_equal(magnitude, m.cast(threshold, magnitude.dtype))
    alone = m.equal(combine(shaping.ones_like(place), place, _rows(where), "sum"), np.int64(1))
    kept = positions_p(m.logical_or(large, alone))[:, 0]
    return SparseTensor._of(gather(where, kept), gather(total, kept), x.dense_shape, x.shape)


def _rows(where: Tensor) -> Tensor:
    return m.cast(shaping.shape(where)[0], dtypes.int64)


def _extreme(name: str, a: Any, b: Any) -> SparseTensor:
    where, place, x, y = _pair(f"sparse.{name}", a, b)
    rows = _rows(where)
    count = shaping.shape(x.values)[0]
    first = combine(x.values, place[:count], rows, "sum")
    second = combine(y.values, place[count:], rows, "sum")
    values = getattr(m, name)(first, second)
    return SparseTensor._of(where, values, x.dense_shape, x.shape)


def maximum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """Return the larger of each pair of elements, of which one missing is 0.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0]], [-7.0], [2])
        >>> y = ft.SparseTensor([[1]], [5.0], [2])
        >>> ft.sparse.maximum(x, y).values.numpy().tolist()
        [0.0, 5.0]
    """
    return _extreme("maximum", sp_a, sp_b)


def minimum(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
    """Return the smaller of each pair of elements, of which one missing is 0."""
    return _extreme("minimum", sp_a, sp_b)


# --- rows -----------------------------------------------------------------------------------------


def _fill_reference(indices: Array, sizes: Array) -> tuple[Array, Array, Array]:
    if len(sizes) < 1:
        raise InvalidArgumentError("sparse.fill_empty_rows: expected rank 1 or more")
    rows = int(sizes[0])
    empty = np.ones(rows, bool)
    empty[indices[:, 0]] = False
    added = np.zeros((int(empty.sum()), indices.shape[1]), np.int64)
    added[:, 0] = np.flatnonzero(empty)
    both = np.concatenate([indices, added])
    order = np.argsort(both[:, 0], kind="stable")
    return both[order], np.where(order < len(indices), order, -1), empty


fill_rows_p = places.position_primitive(
    "sparse_fill_rows",
    lambda indices, sizes: (
        TensorType(dtypes.int64, (None, indices.shape[1])),
        TensorType(dtypes.int64, (None,)),
        TensorType(dtypes.bool_, (None,)),
    ),
    _fill_reference,
)


def fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """Put an element into every row that has none.

    Args:
        sp_input: A sparse tensor of rank 1 or more.
        default_value: The element, put at the row's first place.
        name: Ignored.

    Returns:
        The tensor, and for each row whether it was empty.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[1, 1]], [5], [2, 2])
        >>> y, empty = ft.sparse.fill_empty_rows(x, 9)
        >>> y.values.numpy().tolist(), empty.numpy().tolist()
        ([9, 5], [True, False])
    """
    x = sparse_of("sparse.fill_empty_rows", sp_input)
    default = convert_to_tensor(default_value, dtype=x.dtype)
    if default.ndim:
        raise InvalidArgumentError(
            f"sparse.fill_empty_rows: default_value must be one value, received {default._type}"
        )
    where, source, empty = fill_rows_p.apply((x.indices, sizes_of(x)), {})
    padded = shaping.concat([x.values, shaping.reshape(default, [1])], 0)
    last = m.cast(shaping.shape(x.values)[0], dtypes.int64)
    values = gather(padded, m.where(m.less(source, np.int64(0)), last, source))
    if x.shape[0] is not None:
        empty.set_shape([x.shape[0]])
    return SparseTensor._of(where, values, x.dense_shape, x.shape), empty


def mask(a: Any, mask_indices: Any, name: str | None = None) -> Any:
    """Return `ft.IndexedSlices` without the rows of some indices.

    Args:
        a: An `ft.IndexedSlices`.
        mask_indices: The rows to leave away.
        name: Ignored.
    """
    from freshet.ops.indexed_slices import IndexedSlices  # noqa: PLC0415 (rarely needed)

    if not isinstance(a, IndexedSlices):
        raise TypeError(f"sparse.mask: expected an IndexedSlices, received {a!r}")
    hidden = m.cast(convert_to_tensor(mask_indices), a.indices.dtype)
    same = m.equal(shaping.expand_dims(a.indices, 1), shaping.expand_dims(hidden, 0))
    from freshet.ops.reduction import reduce_any  # noqa: PLC0415

    kept = positions_p(m.logical_not(reduce_any(same, axis=1)))[:, 0]
    return IndexedSlices(gather(a.values, kept), gather(a.indices, kept), a.dense_shape)
