"""Gather, scatter and segments: the public functions. Primitives are in `freshet.ops.lookup`."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import lookup, shaping
from freshet.ops import math as m
from freshet.ops.array import expand_dims_p
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.named_parts import gather_parts, scatter_parts
from freshet.ops.reduction import reduce_sum
from freshet.ops.sizes import shape_operand

# --- gather ---------------------------------------------------------------------------------------


@dispatched
def gather(
    params: TensorLike, indices: TensorLike, validate_indices: Any = None, axis: Any = None,
    batch_dims: int = 0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the slices of `params` at `indices` along an axis.

    ``y[p..., i..., q...] = params[p..., indices[i...], q...]``

    Args:
        params: Any tensor.
        indices: Whole numbers in ``[0, size of the axis)``.
        validate_indices: Ignored: indices are always checked.
        axis: The dimension that is indexed; `batch_dims` by default.
        batch_dims: How many first dimensions `params` and `indices` have in common.
        name: Ignored.

    Returns:
        A tensor of shape ``params.shape[:axis] + indices.shape[batch_dims:] +
        params.shape[axis + 1:]``.

    Raises:
        InvalidArgumentError: An index is outside the axis; inside a traced function this is raised
            when the function runs.

    Example:
        >>> gather([10, 20, 30], [2, 0]).numpy().tolist()
        [30, 10]
        >>> gather([[1, 2], [3, 4]], [1, 0], batch_dims=1).numpy().tolist()
        [2, 3]
    """
    x, index = convert_to_tensor(params), convert_to_tensor(indices)
    batch = int(batch_dims) + (index.ndim if batch_dims < 0 else 0)
    where = batch if axis is None else normalize_axis("gather", int(axis), x.ndim)
    if not 0 <= batch <= min(where, index.ndim, x.ndim - 1):
        raise InvalidArgumentError(
            f"gather: batch_dims={batch_dims} must not be above axis={axis} or the ranks of "
            f"{x._type} and {index._type}"
        )
    if not batch:
        return lookup.gather_along(x, index, where)
    rest = [d for d in range(batch, x.ndim) if d != where]
    first = shaping.transpose(x, [*range(batch), where, *rest])
    found = gather_parts(first, expand_dims_p(index, axes=(index.ndim,)), batch)
    # The dimensions between batch and axis come before those of the indices.
    between = [index.ndim + d for d in range(where - batch)]
    after = range(index.ndim + len(between), found.ndim)
    order = [*range(batch), *between, *range(batch, index.ndim), *after]
    return shaping.transpose(found, order)


@dispatched
def gather_nd(
    params: TensorLike, indices: TensorLike, batch_dims: int = 0, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return the parts of `params` that vectors of indices name.

    ``y[b..., i..., q...] = params[b..., indices[b..., i..., 0], ..., indices[b..., i..., k-1],
    q...]``

    Args:
        params: Any tensor.
        indices: Whole numbers; the last dimension holds the `k` places of one part.
        batch_dims: How many first dimensions `params` and `indices` have in common.
        name: Ignored.
        bad_indices_policy: Only "" or "ERROR".

    Raises:
        InvalidArgumentError: An index is outside `params`; inside a traced function this is raised
            when the function runs.

    Example:
        >>> gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy().tolist()
        [2, 3]
    """
    _only_errors("gather_nd", bad_indices_policy)
    x, index = convert_to_tensor(params), convert_to_tensor(indices)
    batch = normalize_axis("gather_nd", int(batch_dims), index.ndim)
    return gather_parts(x, index, batch)


def _only_errors(name: str, policy: str) -> None:
    if policy not in {"", "DEFAULT", "ERROR"}:
        raise UnimplementedError(f"{name}: bad_indices_policy={policy!r}; only 'ERROR' is there")


@dispatched
def embedding_lookup(
    params: Any, ids: TensorLike, max_norm: float | None = None, name: str | None = None
) -> Tensor:
    """Return the rows of a table, such as the vectors of words.

    ``y[i..., :] = params[ids[i...], :]``

    Args:
        params: float[rows, ...], or a list of such tables that follow each other.
        ids: Row numbers.
        max_norm: Rows with a larger L2 norm are scaled down to it.
        name: Ignored.

    Raises:
        InvalidArgumentError: An id is outside the table.

    Example:
        >>> embedding_lookup([[1.0, 2.0], [3.0, 4.0]], [1, 1]).numpy().tolist()
        [[3.0, 4.0], [3.0, 4.0]]
    """
    parts = isinstance(params, (list, tuple)) and any(
        isinstance(p, (Tensor, Variable, np.ndarray)) for p in params
    )
    table = shaping.concat(params, 0) if parts else convert_to_tensor(params)
    found = gather(table, ids, axis=0)
    if max_norm is None:
        return found
    axes = list(range(found.ndim - table.ndim + 1, found.ndim))
    size = m.sqrt(reduce_sum(m.square(found), axes, keepdims=True))
    scaled: Tensor = found * (max_norm / m.maximum(size, max_norm))
    return scaled


# --- scatter --------------------------------------------------------------------------------------


def scatter_nd(
    indices: TensorLike, updates: TensorLike, shape: Any, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return zeros with values added at places; values for one place add up, in their order.

    ``y[indices[i..., 0], ..., indices[i..., k-1], q...] += updates[i..., q...]``

    Args:
        indices: Whole numbers; the last dimension holds the `k` places of one part.
        updates: What is added, of shape ``indices.shape[:-1] + shape[k:]``.
        shape: That of the result.
        name: Ignored.
        bad_indices_policy: Only "" or "ERROR".

    Raises:
        InvalidArgumentError: An index is outside the shape, or the shapes do not fit.

    Example:
        >>> scatter_nd([[1], [3], [1]], [5, 6, 7], [4]).numpy().tolist()
        [0, 12, 0, 6]
    """
    _only_errors("scatter_nd", bad_indices_policy)
    operands, sizes = shape_operand("scatter_nd", shape)
    index, given = convert_to_tensor(indices), convert_to_tensor(updates)
    return scatter_parts(index, given, operands, sizes)


def _scattered_like(name: str, tensor: TensorLike, indices: TensorLike, updates: TensorLike) -> Any:
    x, given = binary_operands(name, tensor, updates)
    shape = shaping.shape(x) if None in x.shape else tuple(x.shape)
    return x, scatter_nd(indices, given, shape)


def tensor_scatter_nd_add(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return ``tensor + scatter_nd(indices, updates, tensor.shape)``.

    Arguments as for `tensor_scatter_nd_update`.

    Example:
        >>> tensor_scatter_nd_add([1, 1, 1], [[2], [2]], [5, 6]).numpy().tolist()
        [1, 1, 12]
    """
    _only_errors("tensor_scatter_nd_add", bad_indices_policy)
    x, added = _scattered_like("tensor_scatter_nd_add", tensor, indices, updates)
    return m.add(x, added)


def tensor_scatter_nd_sub(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return ``tensor - scatter_nd(indices, updates, tensor.shape)``.

    Arguments as for `tensor_scatter_nd_update`.
    """
    _only_errors("tensor_scatter_nd_sub", bad_indices_policy)
    x, taken = _scattered_like("tensor_scatter_nd_sub", tensor, indices, updates)
    return m.subtract(x, taken)


def tensor_scatter_nd_update(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return a tensor with parts replaced; of several values for one place, the last.

    Args:
        tensor: Any tensor.
        indices: Whole numbers; the last dimension holds the `k` places of one part.
        updates: Of shape ``indices.shape[:-1] + tensor.shape[k:]``.
        name: Ignored.
        bad_indices_policy: Only "" or "ERROR".

    Raises:
        InvalidArgumentError: An index is outside the tensor, or the shapes do not fit.

    Example:
        >>> tensor_scatter_nd_update([1, 2, 3], [[2], [0]], [5, 6]).numpy().tolist()
        [6, 2, 5]
    """
    return _scatter("update", tensor, indices, updates, bad_indices_policy)


def tensor_scatter_nd_max(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return a tensor with parts replaced where the update is larger.

    Arguments as for `tensor_scatter_nd_update`. The gradient is shared equally where several are
    the largest.
    """
    return _scatter("max", tensor, indices, updates, bad_indices_policy)


def tensor_scatter_nd_min(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None,
    bad_indices_policy: str = "",
) -> Tensor:  # fmt: skip
    """Return a tensor with parts replaced where the update is smaller.

    Arguments as for `tensor_scatter_nd_update`. The gradient is shared equally where several are
    the smallest.
    """
    return _scatter("min", tensor, indices, updates, bad_indices_policy)


def _scatter(
    op: str, tensor: TensorLike, indices: TensorLike, updates: TensorLike, policy: str
) -> Tensor:
    name = f"tensor_scatter_nd_{op}"
    _only_errors(name, policy)
    x, given = binary_operands(name, tensor, updates)
    return lookup.tensor_scatter_p(x, convert_to_tensor(indices), given, op=op)


# --- segments -------------------------------------------------------------------------------------


def _unsorted(op: str, data: TensorLike, segment_ids: TensorLike, num_segments: Any) -> Tensor:
    x, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    count = _count(f"unsorted_segment_{op}", num_segments)
    return lookup.segment_p(x, ids, op=op, count=count)


def _count(name: str, value: Any) -> int | None:
    """Return the number of segments; None, which sorted ids may have, is one more than the last."""
    if value is None:
        return None
    tensor = convert_to_tensor(value)
    if tensor._array is None:
        raise UnimplementedError(f"{name}: num_segments must be known when the function is traced")
    if tensor.ndim or not tensor.dtype.is_integer or int(tensor.numpy()) < 0:
        raise InvalidArgumentError(
            f"{name}: num_segments must be a whole number from 0 on, received {value!r}"
        )
    return int(tensor.numpy())


@dispatched
def unsorted_segment_sum(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Return the sum of each segment's elements.

    ``y[s, q...] = sum over i with segment_ids[i...] = s  of  data[i..., q...]``, in the order of i

    Args:
        data: Numbers.
        segment_ids: For each part of `data`, the number of its segment; the shape begins that of
            `data`. Parts with a negative number belong to none.
        num_segments: How many segments there are.
        name: Ignored.

    Returns:
        A tensor of shape ``[num_segments] + data.shape[rank of segment_ids:]``.

    Raises:
        InvalidArgumentError: A number is `num_segments` or more, or the shapes do not fit.

    Example:
        >>> unsorted_segment_sum([1, 2, 3, 4], [0, 2, 0, -1], 3).numpy().tolist()
        [4, 0, 2]
    """
    return _unsorted("sum", data, segment_ids, num_segments)


@dispatched
def unsorted_segment_max(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Return the largest of each segment's elements; of none, the dtype's smallest finite number.

    Arguments as for `unsorted_segment_sum`. The gradient is shared equally where several are the
    largest.
    """
    return _unsorted("max", data, segment_ids, num_segments)


@dispatched
def unsorted_segment_min(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Return the smallest of each segment's elements; of none, the dtype's largest finite number.

    Arguments as for `unsorted_segment_sum`. The gradient is shared equally where several are the
    smallest.
    """
    return _unsorted("min", data, segment_ids, num_segments)


@dispatched
def unsorted_segment_mean(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Return the mean of each segment's elements; of none, 0. Arguments as for the sum."""
    total, size = _sum_and_size(data, segment_ids, num_segments)
    return m.divide(total, size)


@dispatched
def unsorted_segment_sqrt_n(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Return the sum of each segment's elements divided by the square root of their number."""
    total, size = _sum_and_size(data, segment_ids, num_segments)
    return m.divide(total, m.sqrt(size))


def _sum_and_size(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any
) -> tuple[Tensor, Tensor]:
    """Return the segments' sums and, at least 1, numbers of elements."""
    x, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    total = _unsorted("sum", x, ids, num_segments)
    ones = shaping.ones_like(ids, x.dtype)
    size = m.maximum(_unsorted("sum", ones, ids, num_segments), 1)
    return total, expand_dims_p(size, axes=tuple(range(1, total.ndim))) if total.ndim > 1 else size


def _sorted(name: str, segment_ids: TensorLike) -> tuple[Tensor, int | None]:
    """Return segment numbers that never fall, and how many segments there are if that is known.

    Raises:
        InvalidArgumentError: They fall somewhere, or start below 0.
    """
    ids = convert_to_tensor(segment_ids)
    if ids.ndim != 1 or not ids.dtype.is_integer:
        raise InvalidArgumentError(
            f"{name}: segment_ids must be a vector of integers, received {ids._type}"
        )
    if ids._array is None:
        return lookup.check_segments_p(ids, caller=name), None
    lookup.check_segments(ids._array, name)
    return ids, int(ids._array[-1]) + 1 if ids._array.size else 0


@dispatched
def segment_sum(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Return the sum of each segment's elements.

    Args:
        data: Numbers[n, ...].
        segment_ids: int[n], the number of each part's segment, which never falls.
        name: Ignored.

    Returns:
        A tensor of shape ``[last segment + 1] + data.shape[1:]``.

    Raises:
        InvalidArgumentError: The numbers fall somewhere or start below 0.

    Example:
        >>> segment_sum([1, 2, 3, 4], [0, 0, 2, 2]).numpy().tolist()
        [3, 0, 7]
    """
    ids, count = _sorted("segment_sum", segment_ids)
    return unsorted_segment_sum(data, ids, count)


def segment_mean(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Return the mean of each segment's elements; of none, 0. Arguments as for `segment_sum`."""
    x = convert_to_tensor(data)
    ids, count = _sorted("segment_mean", segment_ids)
    return m.cast(unsorted_segment_mean(x, ids, count), x.dtype)


def segment_max(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Return the largest of each segment's elements; of none, 0; as for `segment_sum`."""
    return _sorted_extreme("max", data, segment_ids)


def segment_min(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Return the smallest of each segment's elements; of none, 0; as for `segment_sum`."""
    return _sorted_extreme("min", data, segment_ids)


def _sorted_extreme(op: str, data: TensorLike, segment_ids: TensorLike) -> Tensor:
    ids, count = _sorted(f"segment_{op}", segment_ids)
    found = _unsorted(op, data, ids, count)
    ones = shaping.ones_like(ids)
    filled = m.greater(lookup.segment_p(ones, ids, op="sum", count=count), 0)
    here = expand_dims_p(filled, axes=tuple(range(1, found.ndim))) if found.ndim > 1 else filled
    return m.where(here, found, shaping.zeros_like(found))


@dispatched
def unsorted_segment_prod(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Return the product of each segment's elements; of none, 1. As `unsorted_segment_sum`.

    Example:
        >>> unsorted_segment_prod([2, 3, 4], [0, 2, 0], 3).numpy().tolist()
        [8, 1, 3]
    """
    return _unsorted("prod", data, segment_ids, num_segments)


@dispatched
def segment_prod(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Return the product of each segment's elements; of none, 1. Arguments as for `segment_sum`.

    Example:
        >>> segment_prod([2, 3, 4], [0, 0, 2]).numpy().tolist()
        [6, 1, 4]
    """
    ids, count = _sorted("segment_prod", segment_ids)
    return _unsorted("prod", data, ids, count)
