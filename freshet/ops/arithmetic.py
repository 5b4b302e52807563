"""Arithmetic beyond the operators: other divisions, products that ignore NaN, sums of many."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops import scalar
from freshet.ops.complex_numbers import complex_p, imag_p, real_p
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import (
    ANALYTIC,
    FLOATS,
    NUMBERS,
    conj,
    elementwise,
    ones_of,
    zeros_of,
)
from freshet.ops.math import TensorLike, one_operand
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.reduction import reduce_sum
from freshet.ops.scalar import Expr

# --- primitives -----------------------------------------------------------------------------------


def _truncated(x: np.ndarray, y: np.ndarray) -> Any:
    if x.dtype.kind == "f":
        return np.trunc(x / y)
    divisor = np.where(y == 0, 1, y)
    # fmod takes the sign of x, so the difference is a multiple of y, of what lies towards 0.
    return np.where(y == 0, 0, (x - np.fmod(x, divisor)) // divisor)


def _truncated_lower(x: Expr, y: Expr) -> Expr:
    return scalar.unary("trunc", x / y) if x.dtype.is_floating else scalar.binary("quotient", x, y)


truncatediv_p: Primitive = elementwise(
    "truncatediv", NUMBERS, reference=_truncated, gradient=NoGradient("it has steps"),
    lower=_truncated_lower,
)  # fmt: skip
truncatemod_p: Primitive = elementwise(
    "truncatemod", NUMBERS,
    reference=lambda x, y: (
        np.fmod(x, y) if x.dtype.kind == "f"
        else np.where(y == 0, 0, np.fmod(x, np.where(y == 0, 1, y)))
    ),
    gradient=(lambda c, g: g, lambda c, g: -g * truncatediv_p(c.x, c.y)),
    lower=lambda x, y: scalar.binary("remainder", x, y),
)  # fmt: skip
nextafter_p: Primitive = elementwise(
    "nextafter", FLOATS, reference=np.nextafter,
    # The step hardly changes with x, and not at all with the direction.
    gradient=(lambda c, g: g, lambda c, g: g * 0.0),
    lower=Host("kernels do not see the bits of a number"),
)  # fmt: skip
multiply_no_nan_p: Primitive = elementwise(
    "multiply_no_nan", ANALYTIC, reference=lambda x, y: np.where(y == 0, 0, x * y),
    gradient=(
        lambda c, g: multiply_no_nan_p(g, conj(c.y)),
        lambda c, g: multiply_no_nan_p(conj(c.x), g),
    ),
    lower=lambda x, y: scalar.select(scalar.compare("eq", y, 0), 0, x * y),
)  # fmt: skip

# --- division -------------------------------------------------------------------------------------


@dispatched
def truediv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``; integers are divided as float64 (8- and 16-bit ones as float32).

    Example:
        >>> truediv(7, 2).numpy()
        np.float64(3.5)
    """
    return m.divide(x, y)


@dispatched
def truncatediv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y`` rounded towards 0, as C divides integers.

    Raises:
        InvalidArgumentError: An integer is divided by 0.

    Example:
        >>> int(truncatediv(-7, 2))
        -3
    """
    a, b = binary_operands("truncatediv", x, y)
    return truncatediv_p(a, m.nonzero_divisor("truncatediv", b))


@dispatched
def truncatemod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the rest of `truncatediv`, with the sign of x.

    Raises:
        InvalidArgumentError: An integer is divided by 0.

    Example:
        >>> int(truncatemod(-7, 2))
        -1
    """
    a, b = binary_operands("truncatemod", x, y)
    return truncatemod_p(a, m.nonzero_divisor("truncatemod", b))


@dispatched
def reciprocal_no_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / x``, and 0 where x is 0.

    Example:
        >>> reciprocal_no_nan([0.0, 4.0]).numpy().tolist()
        [0.0, 0.25]
    """
    tensor = _analytic("reciprocal_no_nan", convert_to_tensor(x))
    return m.divide_no_nan(ones_of(tensor), tensor)


# --- where 0 wins ---------------------------------------------------------------------------------


def _analytic(name: str, tensor: Tensor) -> Tensor:
    if not tensor.dtype.is_differentiable:
        raise DTypeError(
            f"{name}: expected floating-point or complex tensors, received {tensor._type}; "
            "convert with ft.cast(x, ft.float32)"
        )
    return tensor


def _unless_zero(name: str, x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor, Tensor]:
    """Return both operands and where the first is 0."""
    a, b = binary_operands(name, x, y)
    return a, b, e.equal_p(_analytic(name, a), zeros_of(a))


@dispatched
def multiply_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * y``, and 0 where y is 0, even if x is infinite or NaN.

    Its gradients are products of this kind as well.

    Example:
        >>> multiply_no_nan([2.0, float("nan")], [3.0, 0.0]).numpy().tolist()
        [6.0, 0.0]
    """
    a, b = binary_operands("multiply_no_nan", x, y)
    return multiply_no_nan_p(_analytic("multiply_no_nan", a), b)


@dispatched
def xlogy(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * log(y)``, and 0 where x is 0.

    Example:
        >>> xlogy([0.0, 2.0], [0.0, 1.0]).numpy().tolist()
        [0.0, 0.0]
    """
    a, b, zero = _unless_zero("xlogy", x, y)
    return e.select_p(zero, zeros_of(a), a * e.log_p(e.select_p(zero, ones_of(b), b)))


@dispatched
def xlog1py(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * log(1 + y)``, and 0 where x is 0.

    Example:
        >>> xlog1py([0.0, 2.0], [-1.0, 0.0]).numpy().tolist()
        [0.0, 0.0]
    """
    a, b, zero = _unless_zero("xlog1py", x, y)
    return e.select_p(zero, zeros_of(a), a * e.log1p_p(e.select_p(zero, zeros_of(b), b)))


@dispatched
def xdivy(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``, and 0 where x is 0.

    Example:
        >>> xdivy([0.0, 2.0], [0.0, 4.0]).numpy().tolist()
        [0.0, 0.5]
    """
    a, b, zero = _unless_zero("xdivy", x, y)
    return e.select_p(zero, zeros_of(a), a / e.select_p(zero, ones_of(b), b))


# --- sums and products of several -----------------------------------------------------------------


@dispatched
def add_n(inputs: Sequence[TensorLike], name: str | None = None) -> Tensor:
    """Return the sum of tensors of one shape, element by element.

    Args:
        inputs: One tensor or more; they must agree in dtype and shape. Of one tensor, the rows.
        name: Ignored.

    Raises:
        InvalidArgumentError: There is no tensor, or the shapes differ.
        DTypeError: They are no numbers, or of different dtypes.

    Example:
        >>> add_n([[1, 2], [3, 4], [5, 6]]).numpy().tolist()
        [9, 12]
    """
    if isinstance(inputs, (Tensor, np.ndarray)) and inputs.ndim:
        return reduce_sum(inputs, 0)
    items = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not items:
        raise InvalidArgumentError("add_n: expected one tensor or more, received none")
    tensors = [convert_to_tensor(item) for item in items]
    total = tensors[0]
    if not total.dtype.is_numeric:
        raise DTypeError(f"add_n: expected numbers, received {total._type}")
    for other in tensors[1:]:
        if not other.shape.is_compatible_with(total.shape):
            raise InvalidArgumentError(
                f"add_n: all tensors must have one shape, received {total._type} and {other._type}"
            )
        total = m.add(total, other)
    return total


@dispatched
def accumulate_n(
    inputs: Sequence[TensorLike], shape: Any = None, tensor_dtype: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the sum of tensors of one shape, as `add_n` does.

    Args:
        inputs: One tensor or more.
        shape: What their shape must be, if given.
        tensor_dtype: What their dtype must be, if given.
        name: Ignored.

    Raises:
        InvalidArgumentError: The tensors do not agree with each other or with what is asked for.

    Example:
        >>> int(accumulate_n([1, 2, 3]))
        6
    """
    total = add_n(inputs)
    if tensor_dtype is not None and total.dtype != as_dtype(tensor_dtype):
        raise DTypeError(
            f"accumulate_n: expected {as_dtype(tensor_dtype).name} tensors, received {total._type}"
        )
    if shape is not None and not total.shape.is_compatible_with(shape):
        raise InvalidArgumentError(
            f"accumulate_n: expected tensors of shape {shape}, received {total._type}"
        )
    return total


@dispatched
def scalar_mul(scalar: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """Return a tensor times one number.

    Args:
        scalar: A tensor of rank 0, or a number.
        x: The tensor.
        name: Ignored.

    Raises:
        InvalidArgumentError: `scalar` has another rank than 0.

    Example:
        >>> scalar_mul(2, [1.0, 2.0]).numpy().tolist()
        [2.0, 4.0]
    """
    tensor = convert_to_tensor(x)
    factor, tensor = binary_operands("scalar_mul", scalar, tensor)
    if factor.ndim:
        raise InvalidArgumentError(
            f"scalar_mul: expected a scalar of rank 0, received {factor._type}"
        )
    return m.multiply(factor, tensor)


@dispatched
def polyval(coeffs: Sequence[TensorLike], x: TensorLike, name: str | None = None) -> Tensor:
    """Return a polynomial's value, by Horner's rule.

    ``coeffs[0] * x**(n-1) + ... + coeffs[n-2] * x + coeffs[n-1]``

    Args:
        coeffs: A list of numbers or tensors, which broadcast with x; of none, the value is 0.
        x: Where the polynomial is evaluated.
        name: Ignored.

    Raises:
        InvalidArgumentError: `coeffs` is no list.

    Example:
        >>> float(polyval([1.0, 2.0, 3.0], 2.0))
        11.0
    """
    if not isinstance(coeffs, (list, tuple)):
        raise InvalidArgumentError(
            f"polyval: coeffs must be a list of numbers or tensors, received a "
            f"{type(coeffs).__name__}; split a tensor with ft.unstack"
        )
    tensor = convert_to_tensor(x)
    if not coeffs:
        return tensor * 0
    total = convert_to_tensor(coeffs[0], dtype_hint=tensor.dtype)
    for coefficient in coeffs[1:]:
        total = m.add(m.multiply(total, tensor), coefficient)
    return total


# --- rounding -------------------------------------------------------------------------------------


@dispatched
def rint(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the nearest whole number, halves to the even one.

    Example:
        >>> rint([0.5, 1.5]).numpy().tolist()
        [0.0, 2.0]
    """
    return one_operand("rint", x, e.round_p)


@dispatched
def nextafter(x1: TensorLike, x2: TensorLike, name: str | None = None) -> Tensor:
    """Return the next number that the dtype has after x1 in the direction of x2.

    Args:
        x1: float32 or float64.
        x2: Of the same dtype; both broadcast.
        name: Ignored.

    Raises:
        DTypeError: Another dtype.

    Example:
        >>> bool(nextafter(1.0, 2.0) > 1.0)
        True
    """
    a, b = binary_operands("nextafter", x1, x2)
    if a.dtype.name not in {"float32", "float64"}:
        raise DTypeError(f"nextafter: expected float32 or float64 tensors, received {a._type}")
    return nextafter_p(a, b)


@dispatched
def saturate_cast(value: TensorLike, dtype: Any, name: str | None = None) -> Tensor:
    """Convert to another dtype; what is outside its range becomes the nearest end of it.

    Args:
        value: Numbers; of complex ones that become real, the imaginary part is dropped.
        dtype: The dtype of the result.
        name: Ignored.

    Raises:
        DTypeError: Either dtype is bool or string.

    Example:
        >>> saturate_cast([-1.0, 3.7, 300.0], "uint8").numpy().tolist()
        [0, 3, 255]
    """
    tensor, to = convert_to_tensor(value), as_dtype(dtype)
    if not tensor.dtype.is_numeric or not to.is_numeric:
        raise DTypeError(f"saturate_cast: cannot convert {tensor._type} to {to.name}")
    if to.is_complex:
        return _saturate_to_complex(tensor, to)
    own = tensor.dtype.real_dtype
    tensor = m.cast(tensor, own)
    if to.min > own.min:
        tensor = m.maximum(tensor, _bound(to.min, own, toward=math.inf))
    if to.max < own.max:
        tensor = m.minimum(tensor, _bound(to.max, own, toward=-math.inf))
    return m.cast(tensor, to)


def _saturate_to_complex(tensor: Tensor, to: dtypes.DType) -> Tensor:
    """Convert both parts, each within the range of the result's."""
    if not tensor.dtype.is_complex:
        return m.cast(saturate_cast(tensor, to.real_dtype), to)
    parts = (saturate_cast(part, to.real_dtype) for part in (real_p(tensor), imag_p(tensor)))
    return complex_p(*parts)


def _bound(value: Any, dtype: dtypes.DType, toward: float) -> Tensor:
    """Return a bound in a dtype, rounded to the inside of the range."""
    kind = dtype.as_numpy_dtype
    found = np.asarray(value).astype(kind)
    beyond = float(found) > value if toward < 0 else float(found) < value
    if dtype.is_floating and beyond:
        found = np.nextafter(found, np.asarray(toward, kind))
    return Tensor._of_array(np.asarray(found, kind), dtype)
