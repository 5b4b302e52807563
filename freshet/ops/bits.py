"""Operations on the bits of numbers: ``ft.bitwise`` and `bitcast`."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import elementwise as e
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive


def _integers(name: str, x: TensorLike, y: TensorLike, primitive: Primitive) -> Tensor:
    a, b = binary_operands(name, x, y)
    _check_integer(name, a)
    return primitive(a, b)


def _check_integer(name: str, x: Tensor) -> None:
    if not x.dtype.is_integer:
        raise DTypeError(f"{name}: expected integer tensors, received {x._type}")


@dispatched
def bitwise_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the bits that both integers have.

    Example:
        >>> int(bitwise_and(12, 10))
        8
    """
    return _integers("bitwise_and", x, y, e.bitwise_and_p)


@dispatched
def bitwise_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the bits that either integer has.

    Example:
        >>> int(bitwise_or(12, 10))
        14
    """
    return _integers("bitwise_or", x, y, e.bitwise_or_p)


@dispatched
def bitwise_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the bits that exactly one of the integers has.

    Example:
        >>> int(bitwise_xor(12, 10))
        6
    """
    return _integers("bitwise_xor", x, y, e.bitwise_xor_p)


@dispatched
def invert(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the bits that an integer does not have.

    Example:
        >>> int(invert(5))
        -6
    """
    tensor = convert_to_tensor(x)
    _check_integer("invert", tensor)
    return e.invert_p(tensor)


@dispatched
def left_shift(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return x with its bits moved up by y places; y is clipped to the dtype's bits less one.

    Example:
        >>> int(left_shift(3, 2))
        12
    """
    return _integers("left_shift", x, y, e.left_shift_p)


@dispatched
def right_shift(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return x with its bits moved down by y places; signed integers keep their sign.

    Like `left_shift`, it clips y to the dtype's bits less one.

    Example:
        >>> int(right_shift(-8, 1))
        -4
    """
    return _integers("right_shift", x, y, e.right_shift_p)


# --- bitcast --------------------------------------------------------------------------------------


def _bitcast_infer(x: TensorType, dtype: DType) -> TensorType:
    if not (x.dtype.is_numeric and dtype.is_numeric):
        raise DTypeError(f"bitcast: cannot take the bits of {x} for {dtype.name}")
    if x.dtype.bits == dtype.bits:
        return TensorType(dtype, x.shape)
    if x.dtype.bits > dtype.bits:
        return TensorType(dtype, (*x.shape, x.dtype.bits // dtype.bits))
    parts = dtype.bits // x.dtype.bits
    if not x.shape or x.shape[-1] not in {parts, None}:
        raise InvalidArgumentError(
            f"bitcast: {parts} elements of {x.dtype.name} make one {dtype.name}, so the last "
            f"dimension must have that size; received {x}"
        )
    return TensorType(dtype, x.shape[:-1])


def _bitcast_reference(x: Array, dtype: DType) -> Array:
    to = np.dtype(dtype.as_numpy_dtype)
    flat = np.ascontiguousarray(x)
    if x.dtype.itemsize == to.itemsize:
        return flat.view(to).reshape(x.shape)
    if x.dtype.itemsize > to.itemsize:
        return flat.reshape(-1).view(to).reshape(*x.shape, x.dtype.itemsize // to.itemsize)
    return flat.reshape(-1).view(to).reshape(x.shape[:-1])


bitcast_p: Primitive = Primitive(
    name="bitcast", infer=_bitcast_infer, reference=_bitcast_reference,
    gradient=NoGradient("bits do not vary smoothly"),
    lower=Host("kernels do not see the bits of a number"),
)  # fmt: skip


@dispatched
def bitcast(input: TensorLike, type: Any, name: str | None = None) -> Tensor:
    """Return the same bits as another dtype.

    Args:
        input: Numbers.
        type: The dtype. A smaller one adds a last dimension for the parts of an element; for a
            larger one, the last dimension must hold the parts, and goes away.
        name: Ignored.

    Raises:
        InvalidArgumentError: The last dimension does not fit.
        DTypeError: Either dtype is bool or string.

    Example:
        >>> bitcast([1.0], "int32").numpy().tolist() == [0x3F800000]
        True
    """
    return bitcast_p(convert_to_tensor(input), dtype=as_dtype(type))
