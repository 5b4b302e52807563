"""Making arrays: constants, fills, ranges, grids, one-hot vectors. The public functions."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.dynamic import range_p, range_size, range_values
from freshet.ops.math import TensorLike
from freshet.ops.sizes import shape_operand, sizes, static_integer
from freshet.ops.static import partly_known, static_value


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const") -> Tensor:
    """Return a tensor of given values.

    Args:
        value: A number, string, array or nested sequence.
        dtype: Its dtype; by default float32 for Python floats, int32 for ints, an array's own.
        shape: Its shape; a single number fills it. By default that of `value`.
        name: Ignored.

    Raises:
        InvalidArgumentError: `value` is ragged, or has another number of elements than `shape`.

    Example:
        >>> constant([[1, 2], [3, 4]]).shape
        TensorShape([2, 2])
    """
    tensor = convert_to_tensor(value, dtype=dtype)
    if shape is None:
        return tensor
    known = tuple(TensorShape(shape))
    count = tensor.shape.num_elements()
    if count == 1:
        return _filled("constant", known, a.reshape_p(tensor, shape=()))
    if count != TensorShape(known).num_elements():
        raise DTypeError(f"constant: {tensor._type} has {count} elements, not those of {known}")
    return a.reshape_p(tensor, shape=known)


def _filled(name: str, shape: Any, value: Tensor) -> Tensor:
    """Return an array of one value: at once where the shape is known."""
    operands, known = shape_operand(name, shape)
    if operands or value._array is None:
        return a.broadcast_to_p(value, *operands, shape=known)
    array = np.full(known, value._array, value.dtype.as_numpy_dtype)
    return Tensor._of_array(array, value.dtype)


def _number(name: str, value: int, dtype: Any) -> Tensor:
    """Return the number 0 or 1 of a dtype."""
    kind = as_dtype(dtype)
    if kind.kind == "string" and value:
        raise DTypeError(f"{name}: expected a dtype of numbers, received string")
    return Tensor._of_array(np.asarray(value or kind.zero, kind.as_numpy_dtype), kind)


def fill(dims: Any, value: TensorLike, name: str | None = None, layout: Any = None) -> Tensor:
    """Return a tensor of the given shape with one value everywhere.

    Args:
        dims: The shape: numbers, tensors or a vector.
        value: A single number or string, which also says the dtype.
        name: Ignored.
        layout: Ignored: there is one device.

    Raises:
        InvalidArgumentError: A size is below 0, or `value` is not a single one.

    Example:
        >>> fill([2, 2], 7).numpy().tolist()
        [[7, 7], [7, 7]]
    """
    operands, known = shape_operand("fill", dims)
    one = convert_to_tensor(value)
    if one.ndim:
        raise InvalidArgumentError(f"fill: value must be a single one, received {one._type}")
    return a.broadcast_to_p(one, *operands, shape=known)


def zeros(
    shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None
) -> Tensor:
    """Return a tensor of zeros; of strings, empty ones.

    Example:
        >>> zeros([2], "int32").numpy().tolist()
        [0, 0]
    """
    return _filled("zeros", shape, _number("zeros", 0, dtype))


def ones(
    shape: Any, dtype: Any = dtypes.float32, name: str | None = None, layout: Any = None
) -> Tensor:
    """Return a tensor of ones.

    Example:
        >>> ones([2], "bool").numpy().tolist()
        [True, True]
    """
    return _filled("ones", shape, _number("ones", 1, dtype))


@dispatched
def zeros_like(
    input: TensorLike, dtype: Any = None, name: str | None = None, layout: Any = None
) -> Tensor:
    """Return zeros of the shape and, unless given, dtype of another tensor.

    Example:
        >>> zeros_like([[1.0, 2.0]]).numpy().tolist()
        [[0.0, 0.0]]
    """
    return _filled_like("zeros_like", input, 0, dtype)


@dispatched
def ones_like(
    input: TensorLike, dtype: Any = None, name: str | None = None, layout: Any = None
) -> Tensor:
    """Return ones of the shape and, unless given, dtype of another tensor.

    Example:
        >>> ones_like([2, 3]).numpy().tolist()
        [1, 1]
    """
    return _filled_like("ones_like", input, 1, dtype)


def _filled_like(name: str, x: TensorLike, value: int, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(x)
    kind = tensor.dtype if dtype is None else as_dtype(dtype)
    return a.broadcast_like(_number(name, value, kind), tensor)


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the identity matrix, or a batch of it.

    Args:
        num_rows: Number of rows.
        num_columns: Number of columns; as many as rows by default.
        batch_shape: The shape before that of the matrix; none by default.
        dtype: That of the elements.
        name: Ignored.

    Example:
        >>> eye(2, 3).numpy().tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    kind = as_dtype(dtype)
    lead = [] if batch_shape is None else [batch_shape]
    operands, (rows, columns) = shape_operand(
        "eye", [num_rows, num_rows if num_columns is None else num_columns]
    )
    if not operands:
        matrix = Tensor._of_array(np.eye(rows, columns, dtype=kind.as_numpy_dtype), kind)
    else:
        down = range(operands[0][0] if rows is None else rows)
        across = range(operands[0][1] if columns is None else columns)
        same = m.equal(
            a.expand_dims_p(m.cast(down, dtypes.int64), axes=(1,)), m.cast(across, dtypes.int64)
        )
        matrix = m.cast(same, kind)
    if not lead:
        return matrix
    size_operands, known = shape_operand("eye", lead[0])
    whole: Any = [*(size_operands[0][d] if n is None else n for d, n in enumerate(known))]
    operands, shape = shape_operand("eye", [*whole, *sizes(matrix)])
    return a.broadcast_to_p(matrix, *operands, shape=shape)


_RANGE_ORDER: Final = (dtypes.int32, dtypes.int64, dtypes.float32, dtypes.float64)


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range"
) -> Tensor:
    """Return ``start, start + delta, ...`` up to, not including, `limit`.

    Args:
        start: The first number; the limit if no other is given, and 0 is the first.
        limit: Where it ends.
        delta: The step, which may be negative.
        dtype: That of the result; by default the widest of the arguments' in the order int32,
            int64, float32, float64.
        name: Ignored.

    Raises:
        InvalidArgumentError: `delta` is 0 or leads away from the limit, or an argument is not a
            single number.

    Example:
        >>> range(3, 9, 2).numpy().tolist()
        [3, 5, 7]
        >>> range(1.5).numpy().tolist()
        [0.0, 1.0]
    """
    if limit is None:
        start, limit = 0, start
    parts = [_range_part(v, dtype) for v in (start, limit, delta)]
    kind = as_dtype(dtype) if dtype is not None else _widest([p.dtype for p in parts])
    parts = [m.cast(p, kind) if p.dtype != kind else p for p in parts]
    known = [static_value(p) for p in parts]
    if any(k is None for k in known):
        return range_p(*parts, start=None, delta=None, size=None, dtype=kind)
    first, last, step = (k.item() for k in known if k is not None)
    size = range_size(first, last, step)
    return Tensor._of_array(range_values(first, step, size, kind), kind)


def _range_part(value: Any, dtype: Any) -> Tensor:
    given = isinstance(value, (Tensor, Variable))
    part = convert_to_tensor(value) if given else convert_to_tensor(value, dtype=dtype)
    if part.ndim:
        raise InvalidArgumentError(
            f"range: start, limit and delta must be single numbers, received {part._type}"
        )
    return part


def _widest(kinds: Sequence[DType]) -> DType:
    if all(k == kinds[0] for k in kinds):
        return kinds[0]
    known = [k for k in kinds if k in _RANGE_ORDER]
    if len(known) < len(kinds):
        raise DTypeError(
            f"range: cannot choose a dtype for {', '.join(k.name for k in kinds)}; give dtype"
        )
    return max(known, key=_RANGE_ORDER.index)


def linspace(
    start: TensorLike, stop: TensorLike, num: Any, name: str | None = None, axis: int = 0
) -> Tensor:
    """Return `num` evenly spaced numbers from `start` to `stop`, both included.

    Args:
        start: The first number, or an array of them.
        stop: The last; it broadcasts with `start`.
        num: How many, at least 0; of one, it is `start`.
        name: Ignored.
        axis: Where the new dimension goes.

    Returns:
        Floats; float64 where the arguments are integers.

    Example:
        >>> linspace(0.0, 1.0, 5).numpy().tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    first = convert_to_tensor(start)
    last = convert_to_tensor(stop, dtype=None if isinstance(stop, Tensor) else first.dtype)
    if first.dtype.is_integer:
        first, last = m.cast(first, dtypes.float64), m.cast(last, dtypes.float64)
    count = static_integer("linspace", "num", _whole("linspace", "num", num))
    if count < 0:
        raise InvalidArgumentError(f"linspace: num must be at least 0, received {count}")
    rank = max(first.ndim, last.ndim)
    where = axis + rank + 1 if axis < 0 else axis
    if not 0 <= where <= rank:
        raise InvalidArgumentError(f"linspace: axis {axis} is outside of rank {rank + 1}")
    gaps = builtins.max(count - 1, 1)
    others = tuple(d for d in builtins.range(rank + 1) if d != where)
    steps = a.expand_dims_p(m.cast(range(count), first.dtype), axes=others)
    low, high = (
        a.expand_dims_p(_lifted(x, rank), axes=(where,)) for x in (first, last)
    )
    between = low + (high - low) / float(gaps) * steps
    return m.where(m.equal(steps, float(gaps)), high, between)


def _lifted(x: Tensor, rank: int) -> Tensor:
    return a.expand_dims_p(x, axes=tuple(builtins.range(rank - x.ndim))) if x.ndim < rank else x


def _whole(name: str, what: str, value: Any) -> Any:
    kind = value.dtype if isinstance(value, (Tensor, Variable)) else None
    if isinstance(value, float) or (kind is not None and not kind.is_integer):
        raise DTypeError(f"{name}: {what} must be an integer, received {value!r}")
    return value


@dispatched
def one_hot(
    indices: TensorLike, depth: Any, on_value: Any = None, off_value: Any = None,
    axis: int | None = None, dtype: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return vectors that are `on_value` at the index and `off_value` elsewhere.

    An index outside ``[0, depth)`` gives `off_value` everywhere.

    Args:
        indices: Whole numbers.
        depth: Length of the new dimension.
        on_value: 1 by default.
        off_value: 0 by default.
        axis: Where the new dimension goes; last by default.
        dtype: That of the values; theirs if they are given, else float32.
        name: Ignored.

    Raises:
        DTypeError: `indices` are no integers, or a value has another dtype than the rest.

    Example:
        >>> one_hot([1, -1], 3).numpy().tolist()
        [[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    index = convert_to_tensor(indices)
    if not index.dtype.is_integer:
        raise DTypeError(f"one_hot: indices must be integers, received {index._type}")
    where = -1 if axis is None else int(axis)
    if not -1 <= where <= index.ndim:
        raise InvalidArgumentError(
            f"one_hot: axis {axis} must be -1 or up to {index.ndim}, the rank of {index._type}"
        )
    where = index.ndim if where == -1 else where
    on, off = _on_and_off(on_value, off_value, dtype)
    if index.dtype.bits < 32:
        index = m.cast(index, dtypes.int32)  # a depth may not fit the indices' dtype
    steps = _counted(depth, index.dtype)
    others = tuple(d for d in builtins.range(index.ndim + 1) if d != where)
    hit = m.equal(a.expand_dims_p(index, axes=(where,)), a.expand_dims_p(steps, axes=others))
    return m.where(hit, on, off)


def _counted(depth: Any, dtype: DType) -> Tensor:
    operands, (size,) = shape_operand("one_hot", [depth])
    if operands:
        return m.cast(range(operands[0][0]), dtype)
    return a.iota_p(size=size, dtype=dtype)


def _on_and_off(on_value: Any, off_value: Any, dtype: Any) -> tuple[Tensor, Tensor]:
    hint = None if dtype is None else as_dtype(dtype)
    given = [
        None if v is None else convert_to_tensor(v, dtype_hint=hint) for v in (on_value, off_value)
    ]
    kinds = [t.dtype for t in given if t is not None]
    kind = hint or (kinds[0] if kinds else dtypes.float32)
    if any(k != kind for k in kinds):
        raise DTypeError(
            f"one_hot: on_value and off_value must have one dtype, {kind.name}, received "
            f"{' and '.join(k.name for k in kinds)}"
        )
    on, off = given
    return (
        _number("one_hot", 1, kind) if on is None else on,
        _number("one_hot", 0, kind) if off is None else off,
    )


@dispatched
def meshgrid(*args: TensorLike, indexing: str = "xy", name: str | None = "meshgrid") -> list[Tensor]:
    """Return the coordinates of a grid's points, one array for each dimension.

    Args:
        *args: The coordinates along each dimension.
        indexing: "xy", where the first two dimensions of the results are y and x, or "ij".
        name: Ignored.

    Example:
        >>> x, y = meshgrid([1, 2, 3], [4, 5])
        >>> x.numpy().tolist(), y.numpy().tolist()
        ([[1, 2, 3], [1, 2, 3]], [[4, 4, 4], [5, 5, 5]])
    """
    if indexing not in {"xy", "ij"}:
        raise InvalidArgumentError(f"meshgrid: indexing must be 'xy' or 'ij', not {indexing!r}")
    axes = [a.reshape_p(convert_to_tensor(x), shape=(-1,)) for x in args]
    if any(x.dtype != axes[0].dtype for x in axes):
        raise DTypeError(
            f"meshgrid: all must have one dtype, received {' and '.join(str(x._type) for x in axes)}"
        )
    rank = len(axes)
    order = list(builtins.range(rank))
    if indexing == "xy" and rank > 1:
        order[:2] = [1, 0]
    shape: list[Any] = [0] * rank
    for x, d in zip(axes, order, strict=True):
        shape[d] = sizes(x)[0]
    operands, known = shape_operand("meshgrid", shape)
    return [
        a.broadcast_to_p(
            a.expand_dims_p(x, axes=tuple(e for e in builtins.range(rank) if e != d)),
            *operands, shape=known,
        )
        for x, d in zip(axes, order, strict=True)
    ]  # fmt: skip


def get_static_value(tensor: Any, partial: bool = False) -> Array | None:
    """Return a tensor's elements as an array if they are known without running anything.

    Args:
        tensor: Eager tensors are known; of symbolic ones, those computed from known sizes.
        partial: Whether a vector of which some elements are known is returned as well, as an
            array of objects with None for the others.

    Example:
        >>> int(get_static_value(constant(3)))
        3
    """
    if not isinstance(tensor, Tensor):
        return None
    found = static_value(tensor)
    if found is not None:
        return found[()]
    known = partly_known(tensor) if partial and tensor.ndim == 1 else None
    return None if known is None else np.asarray(known, object)
