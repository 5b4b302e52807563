"""Making arrays: constants, fills, ranges, grids, one-hot vectors. The public functions."""

from __future__ import annotations

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
from freshet.ops.ranges import range as counted
from freshet.ops.sizes import shape_operand, sizes, static_integer
from freshet.ops.static import partly_known, static_value


def constant(
    value: Any, dtype: Any = None, shape: Any = None, name: str | None = "Const"
) -> Tensor:
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
    full: Any = known  # every size is known here
    array = np.full(full, value._array, value.dtype.as_numpy_dtype)
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

    Raises:
        InvalidArgumentError: A size is below 0.
        DTypeError: The dtype is string.

    Example:
        >>> eye(2, 3).numpy().tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    kind = as_dtype(dtype)
    if kind.kind == "string":
        raise DTypeError("eye: expected a dtype of numbers, received string")
    lead = [] if batch_shape is None else [batch_shape]
    operands, (rows, columns) = shape_operand(
        "eye", [num_rows, num_rows if num_columns is None else num_columns]
    )
    if rows is not None and columns is not None:
        matrix = Tensor._of_array(np.eye(rows, columns, dtype=kind.as_numpy_dtype), kind)
    else:
        down = counted(operands[0][0] if rows is None else rows)
        across = counted(operands[0][1] if columns is None else columns)
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
    index = convert_to_tensor(indices, dtype_hint=dtypes.int32)
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
    others = tuple(d for d in range(index.ndim + 1) if d != where)
    hit = m.equal(a.expand_dims_p(index, axes=(where,)), a.expand_dims_p(steps, axes=others))
    return m.where(hit, on, off)


def _counted(depth: Any, dtype: DType) -> Tensor:
    operands, (size,) = shape_operand("one_hot", [depth])
    if operands:
        return m.cast(counted(operands[0][0]), dtype)
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
