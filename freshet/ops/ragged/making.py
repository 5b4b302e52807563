"""Making ragged tensors: from nested lists, of consecutive numbers, of what belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged import partition
from freshet.ops.ragged.dense import merge_dims
from freshet.ops.ragged.ragged_tensor import RaggedTensor, join_components

# --- from lists -----------------------------------------------------------------------------------


def constant(
    pylist: Any, dtype: Any = None, ragged_rank: int | None = None, inner_shape: Any = None,
    name: str | None = None, row_splits_dtype: Any = dtypes.int64,
) -> Any:  # fmt: skip
    """Return a ragged tensor of nested lists.

    Args:
        pylist: A list, nested to one depth everywhere; an empty list may stand for any.
        dtype: Dtype of the elements; by default float32 for Python floats, int32 for ints.
        ragged_rank: How many dimensions are ragged; by default all but the first and those of
            `inner_shape`.
        inner_shape: The sizes of the dimensions that are not ragged; found in the list if
            `ragged_rank` is given, else there are none.
        name: Ignored.
        row_splits_dtype: int32 or int64.

    Returns:
        A ragged tensor; a plain one if no dimension is ragged.

    Raises:
        InvalidArgumentError: The list is nested to several depths, or not as told.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.constant([[1, 2], [3]])
        <ft.RaggedTensor [[1, 2], [3]]>
    """
    if isinstance(pylist, RaggedTensor):
        raise TypeError("ragged.constant: expected a nested list, received a RaggedTensor")
    nested = _as_lists(pylist)
    inner = None if inner_shape is None else _sizes(inner_shape)
    if ragged_rank is not None and ragged_rank < 0:
        raise InvalidArgumentError(f"ragged.constant: ragged_rank is {ragged_rank}, below 0")
    if not isinstance(nested, list):
        if ragged_rank or inner:
            raise InvalidArgumentError(
                f"ragged.constant: {pylist!r} has no dimensions, but ragged_rank is {ragged_rank} "
                f"and inner_shape {inner_shape}"
            )
        return convert_to_tensor(nested, dtype)
    leaves, deepest = _depths(nested, pylist)
    _check_depths(pylist, leaves, deepest, ragged_rank, inner)
    flat = deepest < 2 or (inner is not None and deepest - len(inner) < 2)
    if ragged_rank == 0 or (ragged_rank is None and flat):
        return shaping.constant(nested, dtype, inner if inner is None else None)
    if inner is None:
        inner = () if ragged_rank is None else _inner_sizes(nested, ragged_rank)
    if ragged_rank is None:
        depth = deepest - 1 if leaves is None else leaves - 1 - len(inner)
        ragged_rank = max(1, depth)
    splits, values = [], nested
    for _ in range(ragged_rank):
        lengths = [len(row) for row in values]
        splits.append(_splits(lengths, as_dtype(row_splits_dtype)))
        values = [item for row in values for item in row]
    array = _innermost(values, (len(values), *inner), dtype, pylist)
    found: RaggedTensor = join_components([array, *splits], [None] * ragged_rank)
    return found


def _as_lists(value: Any) -> Any:
    if isinstance(value, (np.ndarray, Tensor)):
        array = np.asarray(value)
        return [_as_lists(v) for v in array] if array.ndim else value
    if isinstance(value, (list, tuple)):
        return [_as_lists(v) for v in value]
    return value


def _sizes(shape: Any) -> tuple[int, ...]:
    return (int(shape),) if np.ndim(shape) == 0 else tuple(int(s) for s in shape)


def _depths(value: Any, pylist: Any) -> tuple[int | None, int]:
    """Return how deep the elements are, None if there are none, and the deepest list."""
    if not isinstance(value, list):
        return 0, 0
    leaves: int | None = None
    deepest = 1
    for item in value:
        below, depth = _depths(item, pylist)
        deepest = max(deepest, depth + 1)
        if below is not None:
            if leaves not in {None, below + 1}:
                raise InvalidArgumentError(
                    f"ragged.constant: the elements of {pylist!r} are nested to several depths"
                )
            leaves = below + 1
    return leaves, deepest


def _check_depths(
    pylist: Any, leaves: int | None, deepest: int, rank: int | None, inner: Any
) -> None:
    if leaves is not None and deepest > leaves:
        raise InvalidArgumentError(
            f"ragged.constant: an empty list in {pylist!r} is nested deeper than the elements"
        )
    if rank is not None and leaves is not None and deepest <= rank:
        raise InvalidArgumentError(
            f"ragged.constant: {pylist!r} is nested {deepest} deep, ragged_rank {rank} needs more"
        )
    if rank is None or inner is None:
        return
    wanted = rank + len(inner) + 1
    if (leaves is not None and wanted != leaves) or (leaves is None and wanted < deepest):
        raise InvalidArgumentError(
            f"ragged.constant: ragged_rank {rank} and {len(inner)} inner sizes need lists nested "
            f"{wanted} deep, received {pylist!r}"
        )


def _inner_sizes(value: Any, rank: int) -> tuple[int, ...]:
    """Return the sizes of the lists inside the ragged dimensions."""
    items = value
    for _ in range(rank):
        items = [item for row in items for item in row]
    sizes: list[int] = []
    while items and isinstance(items[0], list):
        sizes.append(len(items[0]))
        if any(len(row) != sizes[-1] for row in items):
            raise InvalidArgumentError(
                f"ragged.constant: with ragged_rank {rank} the lists inside must have one length, "
                f"received {value!r}"
            )
        items = [item for row in items for item in row]
    return tuple(sizes)


def _splits(lengths: Sequence[int], dtype: DType) -> Tensor:
    array = np.concatenate([[0], np.cumsum(lengths)]).astype(dtype.as_numpy_dtype)
    return Tensor._of_array(array, dtype)


def _innermost(values: list[Any], shape: tuple[int, ...], dtype: Any, pylist: Any) -> Tensor:
    if not values and dtype is None:
        return Tensor._of_array(np.zeros(shape, np.float32))
    tensor = convert_to_tensor(values, dtype)
    if not values:
        return Tensor._of_array(np.zeros(shape, tensor.dtype.as_numpy_dtype), tensor.dtype)
    if tuple(tensor.shape) != shape:
        raise InvalidArgumentError(
            f"ragged.constant: the innermost lists of {pylist!r} have shape {tensor.shape[1:]}, "
            f"not {shape[1:]}"
        )
    return tensor


# --- consecutive numbers --------------------------------------------------------------------------

_RANGE_DTYPES: Final = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range_(
    starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None, name: str | None = None,
    row_splits_dtype: Any = dtypes.int64,
) -> RaggedTensor:  # fmt: skip
    """Return rows of evenly spaced numbers: ``starts[i], starts[i] + deltas[i], ...``.

    Args:
        starts: The first number of each row, a vector or one for all; if `limits` is not given,
            these are the limits and the rows begin with 0.
        limits: What the numbers of each row stay below (above, for a delta below 0).
        deltas: Their distances.
        dtype: Dtype of the numbers; by default the widest among the arguments.
        name: Ignored.
        row_splits_dtype: int32 or int64.

    Raises:
        InvalidArgumentError: A delta is 0, or the vectors have different sizes.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.range([3, 0, 2])
        <ft.RaggedTensor [[0, 1, 2], [], [0, 1]]>
    """
    if limits is None:
        starts, limits = 0, starts
    want = None if dtype is None else as_dtype(dtype)
    given = [convert_to_tensor(v, want) for v in (starts, limits, deltas)]
    if want is None:
        if any(t.dtype not in _RANGE_DTYPES for t in given):
            listed = ", ".join(t.dtype.name for t in given)
            raise DTypeError(f"ragged.range: cannot count in {listed}")
        want = _RANGE_DTYPES[max(_RANGE_DTYPES.index(t.dtype) for t in given)]
        given = [m.cast(t, want) for t in given]
    values, splits = partition.ranges_p.apply(
        tuple(given), {"splits_dtype": as_dtype(row_splits_dtype)}
    )
    return RaggedTensor._of(values, splits)


# --- segments -------------------------------------------------------------------------------------


def row_splits_to_segment_ids(splits: Any, name: str | None = None, out_type: Any = None) -> Tensor:
    """Return the row of each value, given where the rows begin and end.

    Args:
        splits: Row splits: integers that do not decrease, the first 0.
        name: Ignored.
        out_type: int32 or int64; that of `splits` by default.

    Example:
        >>> row_splits_to_segment_ids([0, 3, 3, 5]).numpy().tolist()
        [0, 0, 0, 2, 2]
    """
    found = partition.rows_of_values(partition.splits_tensor("row_splits_to_segment_ids", splits))
    return found if out_type is None else m.cast(found, as_dtype(out_type))


def segment_ids_to_row_splits(
    segment_ids: Any, num_segments: Any = None, out_type: Any = None, name: str | None = None
) -> Tensor:
    """Return where rows begin and end, given the row of each value.

    Args:
        segment_ids: Integers that do not decrease.
        num_segments: How many rows there are; one more than the last id by default.
        out_type: int32 or int64; that of the ids by default.
        name: Ignored.

    Example:
        >>> segment_ids_to_row_splits([0, 0, 0, 2, 2]).numpy().tolist()
        [0, 3, 3, 5]
    """
    ids = partition.splits_tensor("segment_ids_to_row_splits", segment_ids)
    operand: tuple[Tensor, ...] = ()
    count = None
    if num_segments is not None:
        number = convert_to_tensor(num_segments)
        if number._array is None:
            operand = (number,)
        else:
            count = int(number)
    found = partition.rows_to_splits_p(ids, *operand, count=count)
    return found if out_type is None else m.cast(found, as_dtype(out_type))


def _order_infer(parts: TensorType, count: int) -> tuple[TensorType, TensorType]:
    size = parts.shape[0]
    return TensorType(dtypes.int64, (size,)), TensorType(dtypes.int64, (count + 1,))


def _order_reference(parts: Array, count: int) -> tuple[Array, Array]:
    if np.any((parts < 0) | (parts >= count)):
        raise InvalidArgumentError(
            f"stack_dynamic_partitions: partitions must be in [0, {count}), received "
            f"{parts.tolist()}"
        )
    lengths = np.bincount(parts, minlength=count)
    return np.argsort(parts, kind="stable"), np.concatenate([[0], np.cumsum(lengths)])


partition_order_p: Primitive = Primitive(
    name="partition_order", infer=_order_infer, reference=_order_reference,
    gradient=NoGradient("positions are whole numbers"), lower=Host("it sorts"),
)  # fmt: skip


def _plain(x: Any) -> Tensor:
    found: Tensor = x.flat_values if isinstance(x, RaggedTensor) else x
    return found


def stack_dynamic_partitions(
    data: Any, partitions: Any, num_partitions: Any, name: str | None = None
) -> RaggedTensor:
    """Return as rows what belongs together.

    Args:
        data: A tensor or ragged tensor whose first dimensions are those of `partitions`.
        partitions: For each element, its row: integers in ``[0, num_partitions)``.
        num_partitions: How many rows there are.
        name: Ignored.

    Returns:
        A ragged tensor of ``num_partitions`` rows, the elements of each in their order.

    Raises:
        InvalidArgumentError: A number is outside that range, or the shapes do not fit.

    Example:
        >>> import freshet as ft
        >>> ft.ragged.stack_dynamic_partitions(["a", "b", "c"], [1, 0, 1], 2)
        <ft.RaggedTensor [[b'b'], [b'a', b'c']]>
    """
    from freshet.ops.ragged.indexing import take  # noqa: PLC0415 (it imports the class as well)

    values = data if isinstance(data, RaggedTensor) else convert_to_tensor(data)
    parts = (
        partitions if isinstance(partitions, RaggedTensor) else convert_to_tensor(partitions)
    )  # fmt: skip
    if not parts.dtype.is_integer or parts.ndim > values.ndim:
        raise InvalidArgumentError(
            "stack_dynamic_partitions: partitions must be integers, one for each of the first "
            f"elements of data, received data {values.shape} and partitions {parts.shape}"
        )
    ragged = isinstance(values, RaggedTensor) or isinstance(parts, RaggedTensor)
    if not parts.ndim:
        values, parts = shaping.expand_dims(values, 0), shaping.expand_dims(parts, 0)
    for _ in range(parts.ndim - 1):
        values, parts = merge_dims(values, 0, 1), merge_dims(parts, 0, 1)
    count = int(convert_to_tensor(num_partitions))
    if None not in {values.shape[0], parts.shape[0]} and values.shape[0] != parts.shape[0]:
        raise InvalidArgumentError(
            f"stack_dynamic_partitions: {values.shape[0]} elements need as many partitions, "
            f"received {parts.shape[0]}"
        )
    order, splits = partition_order_p.apply((_plain(parts),), {"count": count})
    kind = dtypes.int32 if parts.dtype == dtypes.int32 and not ragged else dtypes.int64
    return RaggedTensor._of(take(values, order), m.cast(splits, kind))
