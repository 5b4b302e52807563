"""Elementwise mathematics: the public functions.

Their primitives, with meaning, gradient and lowering, are in `freshet.ops.elementwise`. Every
function takes what `convert_to_tensor` takes; two operands broadcast and must have one dtype, a
bare number taking the other's. Comparisons (`freshet.ops.comparison`) and functions of one operand
(`freshet.ops.smooth_functions`) are also found here.
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
from freshet.ops.comparison import equal as equal
from freshet.ops.comparison import greater as greater
from freshet.ops.comparison import greater_equal as greater_equal
from freshet.ops.comparison import is_finite as is_finite
from freshet.ops.comparison import is_inf as is_inf
from freshet.ops.comparison import is_nan as is_nan
from freshet.ops.comparison import less as less
from freshet.ops.comparison import less_equal as less_equal
from freshet.ops.comparison import logical_and as logical_and
from freshet.ops.comparison import logical_not as logical_not
from freshet.ops.comparison import logical_or as logical_or
from freshet.ops.comparison import logical_xor as logical_xor
from freshet.ops.comparison import not_equal as not_equal
from freshet.ops.conversion import TensorLike as TensorLike
from freshet.ops.conversion import binary_operands, convert_to_tensor, floating_operand
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import conj, ones_of, zeros_of
from freshet.ops.smooth_functions import cos as cos
from freshet.ops.smooth_functions import erf as erf
from freshet.ops.smooth_functions import exp as exp
from freshet.ops.smooth_functions import expm1 as expm1
from freshet.ops.smooth_functions import log as log
from freshet.ops.smooth_functions import log1p as log1p
from freshet.ops.smooth_functions import log_sigmoid as log_sigmoid
from freshet.ops.smooth_functions import one_operand as one_operand
from freshet.ops.smooth_functions import rsqrt as rsqrt
from freshet.ops.smooth_functions import sigmoid as sigmoid
from freshet.ops.smooth_functions import sin as sin
from freshet.ops.smooth_functions import softplus as softplus
from freshet.ops.smooth_functions import sqrt as sqrt
from freshet.ops.smooth_functions import tanh as tanh


@dispatched
def add(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x + y``.

    Example:
        >>> add([1, 2], 3).numpy().tolist()
        [4, 5]
    """
    return e.add_p(*binary_operands("add", x, y))


@dispatched
def subtract(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x - y``.

    Example:
        >>> subtract([1, 2], 3).numpy().tolist()
        [-2, -1]
    """
    return e.subtract_p(*binary_operands("subtract", x, y))


@dispatched
def multiply(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * y``, element by element.

    Example:
        >>> multiply([1, 2], [3, 4]).numpy().tolist()
        [3, 8]
    """
    return e.multiply_p(*binary_operands("multiply", x, y))


@dispatched
def divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / y``; integers are divided as float64 (8- and 16-bit ones as float32).

    Example:
        >>> divide([1, 3], 2).numpy().tolist()
        [0.5, 1.5]
    """
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

    Example:
        >>> floordiv([7, -7], 2).numpy().tolist()
        [3, -4]
    """
    a, b = binary_operands("floordiv", x, y)
    return e.floordiv_p(a, nonzero_divisor("floordiv", b))


@dispatched
def floormod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the rest of `floordiv`: ``x - floor(x / y) * y``, with the sign of y.

    Raises:
        InvalidArgumentError: An integer is divided by 0; inside a traced function this is raised
            when the function runs.

    Example:
        >>> floormod([7, -7], 3).numpy().tolist()
        [1, 2]
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
    """Return the larger of each pair; NaN if either is NaN.

    Example:
        >>> maximum([1, 5], 3).numpy().tolist()
        [3, 5]
    """
    return e.maximum_p(*binary_operands("maximum", x, y))


@dispatched
def minimum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return the smaller of each pair; NaN if either is NaN.

    Example:
        >>> minimum([1, 5], 3).numpy().tolist()
        [1, 3]
    """
    return e.minimum_p(*binary_operands("minimum", x, y))


@dispatched
def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Return ``(x - y)**2``; of complex numbers, ``|x - y|**2`` as a complex number.

    Example:
        >>> squared_difference([1, 5], 3).numpy().tolist()
        [4, 4]
    """
    difference = e.subtract_p(*binary_operands("squared_difference", x, y))
    return e.multiply_p(conj(difference), difference)


@dispatched
def negative(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``-x``.

    Example:
        >>> negative([1, -2]).numpy().tolist()
        [-1, 2]
    """
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
    """Return -1, 0 or 1; NaN for NaN; of complex numbers ``x / |x|``, and 0 for 0.

    Example:
        >>> sign([-3.0, 0.0, 2.0]).numpy().tolist()
        [-1.0, 0.0, 1.0]
    """
    tensor = convert_to_tensor(x)
    if tensor.dtype.is_complex:
        return e.complex_sign(tensor)
    return e.sign_p(tensor)


@dispatched
def square(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x * x``.

    Example:
        >>> square([2, -3]).numpy().tolist()
        [4, 9]
    """
    tensor = convert_to_tensor(x)
    return e.multiply_p(tensor, tensor)


@dispatched
def reciprocal(x: TensorLike, name: str | None = None) -> Tensor:
    """Return ``1 / x``.

    Example:
        >>> reciprocal([2.0, 4.0]).numpy().tolist()
        [0.5, 0.25]
    """
    tensor = convert_to_tensor(x)
    return e.reciprocal_p(tensor) if tensor.dtype.is_differentiable else divide(1.0, tensor)


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
    """Return the largest whole number not above x.

    Example:
        >>> floor([1.7, -1.2]).numpy().tolist()
        [1.0, -2.0]
    """
    return one_operand("floor", x, e.floor_p)


@dispatched
def ceil(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the smallest whole number not below x.

    Example:
        >>> ceil([1.2, -1.7]).numpy().tolist()
        [2.0, -1.0]
    """
    return one_operand("ceil", x, e.ceil_p)


@dispatched
def round(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the nearest whole number, halves to the even one.

    Example:
        >>> round([0.5, 1.5, 2.4]).numpy().tolist()
        [0.0, 2.0, 2.0]
    """
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.is_integer else e.round_p(tensor)


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
    """Return the input as if it were a constant: no gradient flows through.

    Example:
        >>> float(stop_gradient(2.0))
        2.0
    """
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
