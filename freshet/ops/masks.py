"""Elements chosen by truth values or by number: masks, partitions and their inverse.

How many elements are chosen is data, so the shapes of most results are known only when a function
runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.checks import check_in_range
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.gathering import tensor_scatter_nd_update
from freshet.ops.lookup import gather_p
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.reduction import reduce_max
from freshet.ops.sizes import sizes
from freshet.ops.static import static_value


def _positions_infer(x: TensorType) -> TensorType:
    if x.dtype.kind == "string":
        raise DTypeError(f"where: the condition must be bool or numbers, received {x}")
    if not x.rank:
        raise InvalidArgumentError("where: without x and y, the condition must have rank 1 or more")
    return TensorType(dtypes.int64, (None, x.rank))


def _positions_reference(x: Array) -> Array:
    return np.argwhere(x).astype(np.int64)


positions_p: Primitive = Primitive(
    name="positions", infer=_positions_infer, reference=_positions_reference,
    gradient=NoGradient("positions are whole numbers"), lower=Host("how many there are is data"),
)  # fmt: skip


@dispatched
def where(
    condition: TensorLike, x: TensorLike = None, y: TensorLike = None, name: str | None = None
) -> Tensor:
    """Return x where the condition holds, else y; without them, where the condition holds.

    Args:
        condition: Truth values; without x and y also numbers, which count as true unless 0.
        x: What is taken where it is true; all three broadcast.
        y: What is taken where it is false.
        name: Ignored.

    Returns:
        Values of the dtype of x and y; without them int64[n, rank], the places of the n true
        elements in row-major order.

    Raises:
        DTypeError: The condition is not bool, or x and y differ in dtype.
        InvalidArgumentError: Only one of x and y is given.

    Example:
        >>> where([True, False], [1, 2], [10, 20]).numpy().tolist()
        [1, 20]
        >>> where([[True, False], [False, True]]).numpy().tolist()
        [[0, 0], [1, 1]]
    """
    if x is None and y is None:
        return positions_p(convert_to_tensor(condition))
    return m.where(convert_to_tensor(condition, dtype=dtypes.bool_), x, y)


@dispatched
def boolean_mask(
    tensor: TensorLike, mask: TensorLike, axis: Any = None, name: str | None = "boolean_mask"
) -> Tensor:
    """Return the parts of a tensor where a mask is true.

    Args:
        tensor: Any tensor.
        mask: Truth values of rank 1 or more; its shape is that of as many dimensions of `tensor`,
            from `axis` on.
        axis: The first dimension that is masked; 0 by default.
        name: Ignored.

    Returns:
        The masked dimensions have become one.

    Raises:
        InvalidArgumentError: The mask is a scalar, or its shape does not fit.

    Example:
        >>> boolean_mask([[1, 2], [3, 4], [5, 6]], [True, False, True]).numpy().tolist()
        [[1, 2], [5, 6]]
    """
    x, chosen = convert_to_tensor(tensor), convert_to_tensor(mask)
    if not chosen.ndim:
        raise InvalidArgumentError("boolean_mask: the mask cannot be scalar; it needs rank 1")
    start = _static_axis(axis, x.ndim)
    masked = x.shape[start : start + chosen.ndim]
    if start + chosen.ndim > x.ndim or not masked.is_compatible_with(chosen.shape):
        raise InvalidArgumentError(
            f"boolean_mask: the shape of the mask {chosen._type} must be that of the dimensions "
            f"of {x._type} from {start} on"
        )
    places = positions_p(a.reshape_p(chosen, shape=(-1,)))
    flat = a.squeeze_p(places, axes=(1,))
    if chosen.ndim > 1:
        extent = sizes(x)
        kept = [*extent[:start], -1, *extent[start + chosen.ndim :]]
        x = shaping.reshape(x, kept)
    return gather_p(x, flat, axis=start)


def _static_axis(axis: Any, rank: int) -> int:
    if axis is None:
        return 0
    known = static_value(axis) if isinstance(axis, Tensor) else axis
    if known is None:
        raise InvalidArgumentError("boolean_mask: axis must be known when a function is traced")
    return normalize_axis("boolean_mask", int(known), rank)


def sequence_mask(
    lengths: TensorLike, maxlen: Any = None, dtype: Any = dtypes.bool_, name: str | None = None
) -> Tensor:
    """Return masks that are true for the first elements.

    ``y[i..., j] = j < lengths[i...]``

    Args:
        lengths: How many are true in each row.
        maxlen: Length of the rows; by default the largest of `lengths`.
        dtype: That of the result.
        name: Ignored.

    Example:
        >>> sequence_mask([1, 3], 4, "int32").numpy().tolist()
        [[1, 0, 0, 0], [1, 1, 1, 0]]
    """
    count = convert_to_tensor(lengths)
    if maxlen is None:
        most = m.maximum(reduce_max(count), 0) if count.shape.num_elements() != 0 else 0
        longest = convert_to_tensor(most, dtype_hint=count.dtype)
    else:
        longest = convert_to_tensor(maxlen)
    if longest.ndim:
        raise InvalidArgumentError(
            f"sequence_mask: maxlen must be a single number, received {longest._type}"
        )
    steps = m.cast(shaping.range(longest), longest.dtype)
    rows = a.expand_dims_p(count, axes=(count.ndim,))
    return m.cast(m.less(steps, m.cast(rows, longest.dtype)), dtype)


def dynamic_partition(
    data: TensorLike, partitions: TensorLike, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """Return the parts of `data` sorted into partitions, each in the order of `data`.

    Args:
        data: Any tensor.
        partitions: int32; for each part the number of its partition. Its shape begins that of
            `data`.
        num_partitions: How many partitions there are.
        name: Ignored.

    Raises:
        InvalidArgumentError: A number is outside ``[0, num_partitions)``, or the shapes do not fit.

    Example:
        >>> [p.numpy().tolist() for p in dynamic_partition([10, 20, 30], [0, 1, 0], 2)]
        [[10, 30], [20]]
    """
    x, numbers = convert_to_tensor(data), convert_to_tensor(partitions, dtype_hint=dtypes.int32)
    if num_partitions < 1:
        raise InvalidArgumentError(
            f"dynamic_partition: num_partitions must be at least 1, received {num_partitions}"
        )
    lead = x.shape[: numbers.ndim]
    if numbers.ndim > x.ndim or not lead.is_compatible_with(numbers.shape):
        raise InvalidArgumentError(
            f"dynamic_partition: the shape of partitions {numbers._type} must begin that of data "
            f"{x._type}"
        )
    kind = "partition number"
    numbers = check_in_range("dynamic_partition", kind, numbers, 0, num_partitions)
    if not numbers.ndim:
        x, numbers = a.expand_dims_p(x, axes=(0,)), a.expand_dims_p(numbers, axes=(0,))
    return [boolean_mask(x, m.equal(numbers, i)) for i in range(num_partitions)]


def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """Return a tensor whose parts come from several; the inverse of `dynamic_partition`.

    ``y[indices[n][i...], ...] = data[n][i..., ...]``; of several parts for one place, the last.

    Args:
        indices: A list of int32 tensors: the place of each part.
        data: A list of tensors; the shape of each begins with that of its indices.
        name: Ignored.

    Returns:
        A tensor with as many parts as the largest index says; those that no index names are 0.

    Raises:
        InvalidArgumentError: An index is below 0, or the shapes do not fit.

    Example:
        >>> dynamic_stitch([[0, 2], [1]], [[10, 30], [20]]).numpy().tolist()
        [10, 20, 30]
    """
    places = [convert_to_tensor(i, dtype_hint=dtypes.int32) for i in indices]
    parts = [convert_to_tensor(d) for d in data]
    if not places or len(places) != len(parts):
        raise InvalidArgumentError(
            "dynamic_stitch: expected as many indices as data, one tensor or more, received "
            f"{len(places)} and {len(parts)}"
        )
    inner = parts[0].shape[places[0].ndim :]
    for place, part in zip(places, parts, strict=True):
        lead = part.shape[: place.ndim]
        if place.ndim > part.ndim or not lead.is_compatible_with(place.shape):
            raise InvalidArgumentError(
                f"dynamic_stitch: the shape of indices {place._type} must begin that of data "
                f"{part._type}"
            )
        part.shape[place.ndim :].assert_is_compatible_with(inner)
    rest = sizes(parts[0])[places[0].ndim :]
    flat = shaping.concat([a.reshape_p(p, shape=(-1,)) for p in places], 0)
    rows = shaping.concat([_rows(p, i.ndim, rest) for i, p in zip(places, parts, strict=True)], 0)
    flat = check_in_range("dynamic_stitch", "index", flat, 0, dtypes.int32.max)
    if flat.shape.num_elements() == 0:
        return shaping.zeros([0, *rest], rows.dtype)
    count = reduce_max(flat) + 1
    start = shaping.zeros([count, *rest], rows.dtype)
    return tensor_scatter_nd_update(start, a.expand_dims_p(flat, axes=(1,)), rows)


def _rows(part: Tensor, named: int, rest: list[Any]) -> Tensor:
    if not named:
        return a.expand_dims_p(part, axes=(0,))
    return part if named == 1 else shaping.reshape(part, [-1, *rest])
