"""Elementwise mathematics: the public functions.

Their primitives, with meaning, gradient and lowering, are in `freshet.ops.elementwise`. Every
function takes what `convert_to_tensor` takes; two operands broadcast and must have one dtype, a
bare number taking the other's.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import elementwise as e
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.making import conj, ones_of, zeros_of
from freshet.ops.primitive import Primitive

TensorLike = Any
"""A tensor, variable, array, number or nested sequence: what `convert_to_tensor` takes."""


def one_operand(name: str, x: TensorLike, primitive: Primitive) -> Tensor:
    """Apply a primitive of one floating-point or complex operand."""
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_differentiable:
        raise DTypeError(
            f"{name}: expected a floating-point tensor, received {tensor._type}; "
            "convert it with ft.cast(x, ft.float32)"
        )
    return primitive(tensor)


@dispatched
def add(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x + y``."""
    return e.add_p(*binary_operands("add", x, y))


@dispatched
def subtract(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x - y``."""
    return e.subtract_p(*binary_operands("subtract", x, y))


@dispatched
def multiply(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * y``, element by element."""
    return e.multiply_p(*binary_operands("multiply", x, y))


@dispatched
def divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``; integers are divided as float64 (8- and 16-bit ones as float32)."""
    a, b = _dividends("divide", x, y)
    return e.divide_p(a, b)


def _dividends(name: str, x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor]:
    """Return what is divided, integers as floats."""
    a, b = binary_operands(name, x, y)
    if a.dtype.is_integer:
        wide = dtypes.float32 if a.dtype.bits <= 16 else dtypes.float64
        a, b = cast(a, wide), cast(b, wide)
    return a, b


@dispatched
def divide_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``, and 0 where y is 0.

    Example:
        >>> divide_no_nan([1.0, 2.0], [0.0, 4.0]).numpy().tolist()
        [0.0, 0.5]
    """
    a, b = _dividends("divide_no_nan", x, y)
    none = e.equal_p(b, zeros_of(b))
    return e.select_p(none, zeros_of(a), e.divide_p(a, e.select_p(none, ones_of(b), b)))


@dispatched
def floordiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``floor(x / y)``.

    Raises:
        InvalidArgumentError: An integer is divided by 0; inside a traced function this is raised
            when the function runs.
    """
    a, b = binary_operands("floordiv", x, y)
    return e.floordiv_p(a, nonzero_divisor("floordiv", b))


@dispatched
def floormod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the rest of `floordiv`: ``x - floor(x / y) * y``, with the sign of y.

    Raises:
        InvalidArgumentError: An integer is divided by 0; inside a traced function this is raised
            when the function runs.
    """
    a, b = binary_operands("floormod", x, y)
    return e.floormod_p(a, nonzero_divisor("floormod", b))


def nonzero_divisor(name: str, y: Tensor) -> Tensor:
    """Return a divisor that is checked if it is an integer: no element may be 0."""
    if not y.dtype.is_integer:
        return y
    if y._array is not None:
        if not np.all(y._array):
            raise InvalidArgumentError(
                f"{name}: integer division by zero: the divisor {y._type} has a 0"
            )
        return y
    from freshet.ops.checks import check_nonzero  # noqa: PLC0415 (checks builds on primitives)

    return check_nonzero(name, y)


@dispatched
def pow(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x ** y``; integers wrap around.

    Raises:
        InvalidArgumentError: An integer is raised to a negative power.

    Example:
        >>> pow([2, 3], [5, 2]).numpy().tolist()
        [32, 9]
    """
    a, b = binary_operands("pow", x, y)
    if not a.dtype.is_integer:
        return e.pow_p(a, b)
    exponent = b._array
    if exponent is None or exponent.ndim or not 0 < int(exponent) <= _LARGE_POWER:
        return e.integer_pow_p(a, b)
    return _by_squaring(a, int(exponent))


_LARGE_POWER: Final = 64
"""Up to here, an integer's power is a few multiplications."""


def _by_squaring(base: Tensor, exponent: int) -> Tensor:
    if exponent == 1:
        return base
    half = _by_squaring(base, exponent // 2)
    whole = e.multiply_p(half, half)
    return e.multiply_p(whole, base) if exponent % 2 else whole


@dispatched
def maximum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the larger of each pair; NaN if either is NaN."""
    return e.maximum_p(*binary_operands("maximum", x, y))


@dispatched
def minimum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the smaller of each pair; NaN if either is NaN."""
    return e.minimum_p(*binary_operands("minimum", x, y))


@dispatched
def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``(x - y)**2``; of complex numbers, ``|x - y|**2`` as a complex number."""
    difference = e.subtract_p(*binary_operands("squared_difference", x, y))
    return e.multiply_p(conj(difference), difference)


@dispatched
def negative(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``-x``."""
    return e.negative_p(convert_to_tensor(x))


@dispatched
def abs(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``|x|``; of complex numbers, their distance from 0 as a real number.

    Example:
        >>> float(abs(3 + 4j))
        5.0
    """
    tensor = convert_to_tensor(x)
    return e.complex_abs_p(tensor) if tensor.dtype.is_complex else e.abs_p(tensor)


@dispatched
def sign(x: TensorLike, name: str | None = None) -> Tensor:
    """Return -1, 0 or 1; NaN for NaN; of complex numbers ``x / |x|``, and 0 for 0."""
    tensor = convert_to_tensor(x)
    if tensor.dtype.is_complex:
        return e.complex_sign(tensor)
    return e.sign_p(tensor)


@dispatched
def square(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * x``."""
    tensor = convert_to_tensor(x)
    return e.multiply_p(tensor, tensor)


@dispatched
def exp(x: TensorLike, name: str | None = None) -> Tensor:
    """Return e to the power x."""
    return one_operand("exp", x, e.exp_p)


@dispatched
def expm1(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``exp(x) - 1``, exact for small x."""
    return one_operand("expm1", x, e.expm1_p)


@dispatched
def log(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the natural logarithm; -inf at 0, NaN below."""
    return one_operand("log", x, e.log_p)


@dispatched
def log1p(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(1 + x)``, exact for small x."""
    return one_operand("log1p", x, e.log1p_p)


@dispatched
def sqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the square root; NaN below 0."""
    return one_operand("sqrt", x, e.sqrt_p)


@dispatched
def rsqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / sqrt(x)``."""
    return one_operand("rsqrt", x, e.rsqrt_p)


@dispatched
def reciprocal(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / x``."""
    tensor = convert_to_tensor(x)
    return divide(1.0, tensor)


@dispatched
def tanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the hyperbolic tangent."""
    return one_operand("tanh", x, e.tanh_p)


@dispatched
def sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / (1 + exp(-x))``."""
    return one_operand("sigmoid", x, e.sigmoid_p)


@dispatched
def softplus(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(1 + exp(x))``."""
    return one_operand("softplus", x, e.softplus_p)


@dispatched
def log_sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``log(sigmoid(x))``, exact also where the sigmoid underflows.

    Example:
        >>> float(log_sigmoid(-1000.0))
        -1000.0
    """
    tensor = _floats("log_sigmoid", x)
    return e.negative_p(e.softplus_p(e.negative_p(tensor)))


@dispatched
def sin(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the sine of x in radians."""
    return one_operand("sin", x, e.sin_p)


@dispatched
def cos(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the cosine of x in radians."""
    return one_operand("cos", x, e.cos_p)


@dispatched
def erf(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the error function ``2/sqrt(pi) * integral of exp(-t**2) from 0 to x``."""
    return one_operand("erf", x, e.erf_p)


@dispatched
def relu(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``max(x, 0)``; its gradient at 0 is 0.

    Example:
        >>> relu([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]
    """
    return e.relu_p(convert_to_tensor(features))


@dispatched
def floor(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the largest whole number not above x."""
    return one_operand("floor", x, e.floor_p)


@dispatched
def ceil(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the smallest whole number not below x."""
    return one_operand("ceil", x, e.ceil_p)


@dispatched
def round(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the nearest whole number, halves to the even one."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.is_integer else e.round_p(tensor)


def _ordered(name: str, x: TensorLike, y: TensorLike) -> tuple[Tensor, Tensor]:
    """Return two operands that can be larger or smaller: no truth values."""
    a, b = binary_operands(name, x, y)
    if a.dtype.is_bool:
        raise DTypeError(f"{name}: expected real numbers, received {a._type} and {b._type}")
    return a, b


@dispatched
def less(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x < y``."""
    return e.less_p(*_ordered("less", x, y))


@dispatched
def less_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x <= y``."""
    return e.less_equal_p(*_ordered("less_equal", x, y))


@dispatched
def greater(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x > y``."""
    return e.greater_p(*_ordered("greater", x, y))


@dispatched
def greater_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x >= y``."""
    return e.greater_equal_p(*_ordered("greater_equal", x, y))


@dispatched
def equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x == y``; NaN equals nothing."""
    return e.equal_p(*binary_operands("equal", x, y))


@dispatched
def not_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether ``x != y``."""
    return e.not_equal_p(*binary_operands("not_equal", x, y))


@dispatched
def logical_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether both are true."""
    return e.bitwise_and_p(*_truths("logical_and", x, y))


@dispatched
def logical_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether either is true."""
    return e.bitwise_or_p(*_truths("logical_or", x, y))


@dispatched
def logical_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return whether exactly one is true."""
    return e.bitwise_xor_p(*_truths("logical_xor", x, y))


@dispatched
def logical_not(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is false."""
    return e.invert_p(*_truths("logical_not", x))


def _truths(name: str, *values: TensorLike) -> list[Tensor]:
    tensors = [convert_to_tensor(v) for v in values]
    for t in tensors:
        if not t.dtype.is_bool:
            raise DTypeError(f"{name}: expected bool tensors, received {t._type}")
    return tensors


@dispatched
def is_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is NaN."""
    tensor = _floats("is_nan", x)
    return e.not_equal_p(tensor, tensor)


@dispatched
def is_finite(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is neither infinite nor NaN."""
    tensor = _floats("is_finite", x)
    largest = Tensor._of_array(np.asarray(tensor.dtype.max, tensor.dtype.as_numpy_dtype))
    return e.less_equal_p(e.abs_p(tensor), largest)


@dispatched
def is_inf(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether x is infinite."""
    tensor = _floats("is_inf", x)
    infinite = Tensor._of_array(np.asarray(np.inf, tensor.dtype.as_numpy_dtype))
    return e.equal_p(e.abs_p(tensor), infinite)


def _floats(name: str, x: TensorLike) -> Tensor:
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_floating:
        raise DTypeError(f"{name}: expected a floating-point tensor, received {tensor._type}")
    return tensor


@dispatched
def cast(x: TensorLike, dtype: Any, name: str | None = None) -> Tensor:
    """Convert to another dtype; floats are truncated to integers, of complex numbers the real part.

    Example:
        >>> cast([1.8, -1.8], dtypes.int32).numpy().tolist()
        [1, -1]
    """
    to = as_dtype(dtype)
    tensor = convert_to_tensor(x)
    if to.is_bool:
        tensor._suppose_shape(())  # for a condition
    return tensor if tensor.dtype == to else e.cast_p(tensor, dtype=to)


@dispatched
def stop_gradient(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the input as if it were a constant: no gradient flows through."""
    return e.stop_gradient_p(convert_to_tensor(input))


@dispatched
def clip_by_value(
    t: TensorLike, clip_value_min: TensorLike, clip_value_max: TensorLike, name: str | None = None
) -> Tensor:
    """Return ``max(min(t, clip_value_max), clip_value_min)``.

    Raises:
        InvalidArgumentError: A bound does not broadcast to the shape of `t`.

    Example:
        >>> clip_by_value([1, 5, 9], 2, 6).numpy().tolist()
        [2, 5, 6]
    """
    low = binary_operands("clip_by_value", t, clip_value_min)
    tensor, most = binary_operands("clip_by_value", low[0], clip_value_max)
    result = maximum(minimum(tensor, most), low[1])
    if None not in tensor.shape and result.shape != tensor.shape:
        raise InvalidArgumentError(
            f"clip_by_value: the bounds must broadcast to the shape of t, received t "
            f"{tensor._type}, clip_value_min {low[1]._type} and clip_value_max {most._type}"
        )
    return result


@dispatched
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


@dispatched
def python_equal(x: Any, y: Any) -> Any:
    """Implement ``==``: False for what is no tensor at all, or of a shape that does not broadcast.

    Raises:
        DTypeError: Both are tensors, of different dtypes; or strings.
    """
    return _python_compare(x, y, e.equal_p, otherwise=False)


@dispatched
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
