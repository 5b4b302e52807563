"""Elementwise mathematics: the public functions.

Their primitives, with meaning, gradient and lowering, are in `freshet.ops.elementwise`. Every
function takes what `convert_to_tensor` takes; two operands broadcast and must have one dtype, a
bare number taking the other's.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import elementwise as e
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.elementwise import zeros_of
from freshet.ops.primitive import Primitive

TensorLike = Any
"""A tensor, variable, array, number or nested sequence: what `convert_to_tensor` takes."""


def _one(name: str, x: TensorLike, primitive: Primitive) -> Tensor:
    """Apply a primitive of one floating-point operand."""
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_floating:
        raise DTypeError(
            f"{name}: expected a floating-point tensor, received {tensor._type}; "
            "convert it with ft.cast(x, ft.float32)"
        )
    return primitive(tensor)


def add(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x + y``."""
    return e.add_p(*binary_operands("add", x, y))


def subtract(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x - y``."""
    return e.subtract_p(*binary_operands("subtract", x, y))


def multiply(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * y``, element by element."""
    return e.multiply_p(*binary_operands("multiply", x, y))


def divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``; integers are divided as float64 (8- and 16-bit ones as float32)."""
    a, b = binary_operands("divide", x, y)
    if a.dtype.is_integer:
        wide = dtypes.float32 if a.dtype.bits <= 16 else dtypes.float64
        a, b = cast(a, wide), cast(b, wide)
    return e.divide_p(a, b)


def divide_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``, and 0 where y is 0.

    Example:
        >>> divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy().tolist()
        [0.0, 0.5]
    """
    a, b = binary_operands("divide_no_nan", x, y)
    none = e.equal_p(b, zeros_of(b))
    one = Tensor._of_array(np.ones((), b.dtype.as_numpy_dtype), b.dtype)
    return e.select_p(none, zeros_of(a), e.divide_p(a, e.select_p(none, one, b)))


def floordiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``floor(x / y)``.

    Raises:
        InvalidArgumentError: Eagerly, an integer is divided by 0. Compiled code gives 0 there.
    """
    a, b = binary_operands("floordiv", x, y)
    _check_divisor("floordiv", b)
    return e.floordiv_p(a, b)


def floormod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the rest of `floordiv`: ``x - floor(x / y) * y``, with the sign of y.

    Raises:
        InvalidArgumentError: Eagerly, an integer is divided by 0. Compiled code gives 0 there.
    """
    a, b = binary_operands("floormod", x, y)
    _check_divisor("floormod", b)
    return e.floormod_p(a, b)


def _check_divisor(name: str, y: Tensor) -> None:
    if y.dtype.is_integer and y._array is not None and not np.all(y._array):
        raise InvalidArgumentError(f"{name}: integer division by zero")


def pow(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x ** y``."""
    a, b = binary_operands("pow", x, y)
    if a.dtype.is_integer:
        result = e.pow_p(cast(a, dtypes.float64), cast(b, dtypes.float64))
        return cast(result, a.dtype)
    return e.pow_p(a, b)


def maximum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the larger of each pair; NaN if either is NaN."""
    return e.maximum_p(*binary_operands("maximum", x, y))


def minimum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the smaller of each pair; NaN if either is NaN."""
    return e.minimum_p(*binary_operands("minimum", x, y))


def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``(x - y)**2``."""
    return square(subtract(x, y))


def negative(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``-x``."""
    return e.negative_p(convert_to_tensor(x))


def abs(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``|x|``."""
    return e.abs_p(convert_to_tensor(x))


def sign(x: TensorLike, name: str | None = None) -> Tensor:
    """Return -1, 0 or 1; NaN for NaN."""
    return e.sign_p(convert_to_tensor(x))


def square(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * x``."""
    tensor = convert_to_tensor(x)
    return e.multiply_p(tensor, tensor)


def exp(x: TensorLike, name: str | None = None) -> Tensor:
    """Return e to the power x."""
    return _one("exp", x, e.exp_p)


def expm1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(x) - 1``, exact for small x."""
    return _one("expm1", x, e.expm1_p)


def log(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the natural logarithm; -inf at 0, NaN below."""
    return _one("log", x, e.log_p)


def log1p(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(1 + x)``, exact for small x."""
    return _one("log1p", x, e.log1p_p)


def sqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the square root; NaN below 0."""
    return _one("sqrt", x, e.sqrt_p)


def rsqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / sqrt(x)``."""
    return _one("rsqrt", x, e.rsqrt_p)


def reciprocal(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / x``."""
    tensor = convert_to_tensor(x)
    return divide(1.0, tensor)


def tanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the hyperbolic tangent."""
    return _one("tanh", x, e.tanh_p)


def sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / (1 + exp(-x))``."""
    return _one("sigmoid", x, e.sigmoid_p)


def softplus(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(1 + exp(x))``."""
    return _one("softplus", x, e.softplus_p)


def sin(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the sine of x in radians."""
    return _one("sin", x, e.sin_p)


def cos(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the cosine of x in radians."""
    return _one("cos", x, e.cos_p)


def erf(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the error function ``2/sqrt(pi) * integral of exp(-t**2) from 0 to x``."""
    return _one("erf", x, e.erf_p)


def relu(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``max(x, 0)``; its gradient at 0 is 0.

    Example:
        >>> relu([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]
    """
    return e.relu_p(convert_to_tensor(features))


def floor(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the largest whole number not above x."""
    return _one("floor", x, e.floor_p)


def ceil(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the smallest whole number not below x."""
    return _one("ceil", x, e.ceil_p)


def round(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the nearest whole number, halves to the even one."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.is_integer else e.round_p(tensor)


def less(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x < y``."""
    return e.less_p(*binary_operands("less", x, y))


def less_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x <= y``."""
    return e.less_equal_p(*binary_operands("less_equal", x, y))


def greater(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x > y``."""
    return e.greater_p(*binary_operands("greater", x, y))


def greater_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x >= y``."""
    return e.greater_equal_p(*binary_operands("greater_equal", x, y))


def equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x == y``; NaN equals nothing."""
    return e.equal_p(*binary_operands("equal", x, y))


def not_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x != y``."""
    return e.not_equal_p(*binary_operands("not_equal", x, y))


def logical_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether both are true."""
    return e.bitwise_and_p(*_truths("logical_and", x, y))


def logical_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether either is true."""
    return e.bitwise_or_p(*_truths("logical_or", x, y))


def logical_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether exactly one is true."""
    return e.bitwise_xor_p(*_truths("logical_xor", x, y))


def logical_not(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is false."""
    return e.invert_p(*_truths("logical_not", x))


def _truths(name: str, *values: TensorLike) -> list[Tensor]:
    tensors = [convert_to_tensor(v) for v in values]
    for t in tensors:
        if not t.dtype.is_bool:
            raise DTypeError(f"{name}: expected bool tensors, received {t._type}")
    return tensors


def is_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is NaN."""
    tensor = convert_to_tensor(x)
    return e.not_equal_p(tensor, tensor)


def is_finite(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is neither infinite nor NaN."""
    tensor = convert_to_tensor(x)
    largest = Tensor._of_array(np.asarray(tensor.dtype.max, tensor.dtype.as_numpy_dtype))
    return e.less_equal_p(e.abs_p(tensor), largest)


def is_inf(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is infinite."""
    tensor = convert_to_tensor(x)
    infinite = Tensor._of_array(np.asarray(np.inf, tensor.dtype.as_numpy_dtype))
    return e.equal_p(e.abs_p(tensor), infinite)


def cast(x: TensorLike, dtype: Any, name: str | None = None) -> Tensor:
    """Convert to another dtype; floats are truncated to integers.

    Example:
        >>> cast([1.8, -1.8], dtypes.int32).numpy().tolist()
        [1, -1]
    """
    to = as_dtype(dtype)
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype == to else e.cast_p(tensor, dtype=to)


def stop_gradient(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the input as if it were a constant: no gradient flows through."""
    return e.stop_gradient_p(convert_to_tensor(input))


def clip_by_value(
    t: TensorLike, clip_value_min: TensorLike, clip_value_max: TensorLike, name: str | None = None
) -> Tensor:
    """Return ``min(max(t, clip_value_min), clip_value_max)``."""
    return minimum(maximum(t, clip_value_min), clip_value_max)


def where(
    condition: TensorLike, x: TensorLike = None, y: TensorLike = None, name: str | None = None
) -> Tensor:
    """Return x where the condition holds, else y; all three broadcast.

    Raises:
        DTypeError: The condition is not bool, or x and y differ in dtype.

    Example:
        >>> where([True, False], [1, 2], [10, 20]).numpy().tolist()
        [1, 20]
    """
    if x is None or y is None:
        raise InvalidArgumentError("where: give both x and y")
    return e.select_p(convert_to_tensor(condition), *binary_operands("where", x, y))


def python_equal(x: Any, y: Any) -> Any:
    """Implement ``==``: False for what is no tensor at all, or of a shape that does not broadcast.

    Raises:
        DTypeError: Both are tensors, of different dtypes; or strings.
    """
    return _python_compare(x, y, e.equal_p, otherwise=False)


def python_not_equal(x: Any, y: Any) -> Any:
    """Implement ``!=``: True where ``==`` is False for the whole."""
    return _python_compare(x, y, e.not_equal_p, otherwise=True)


def _python_compare(x: Any, y: Any, primitive: Primitive, *, otherwise: bool) -> Any:
    if y is None or isinstance(y, type):
        return otherwise
    try:
        return primitive(*binary_operands(primitive.name, x, y))
    except DTypeError:
        if isinstance(y, (Tensor, Variable)) or x.dtype.kind == "string":
            raise
        return otherwise
    except InvalidArgumentError:  # shapes that do not broadcast
        return otherwise
