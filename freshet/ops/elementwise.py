"""Elementwise operations: each output element depends on one element of each input.

The primitives; what they have in common is in `freshet.ops.elementwise_rules`, the public functions
in `freshet.ops.math`, `freshet.ops.comparison` and others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.elementwise_rules import (
    ANALYTIC,
    ANY,
    BOOLS,
    COMPLEX,
    FIELD,
    FLOATS,
    INTEGERS,
    NO_COMPLEX,
    NUMBERS,
    STRINGS,
    comparison,
    conj,
    elementwise,
    lower_elementwise,
    ones_of,
    scalar_op,
    summed,
    unary,
    zeros_of,
)
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, NoGradient, OperandGradient, Primitive
from freshet.ops.scalar import Expr

__all__ = ["ANY", "BOOLS", "COMPLEX", "FLOATS", "INTEGERS", "NUMBERS", "STRINGS", "zeros_of"]
"""What other modules take from here beside the primitives."""


# --- primitives: arithmetic -----------------------------------------------------------------------

add_p: Primitive = elementwise(
    "add", FIELD | STRINGS, reference=np.add, gradient=(lambda c, g: g, lambda c, g: g),
    lower=lambda x, y: x + y,
)  # fmt: skip
subtract_p: Primitive = elementwise(
    "subtract", FIELD, reference=np.subtract, gradient=(lambda c, g: g, lambda c, g: -g),
    lower=lambda x, y: x - y,
)  # fmt: skip
multiply_p: Primitive = elementwise(
    "multiply", FIELD, reference=np.multiply,
    gradient=(lambda c, g: g * conj(c.y), lambda c, g: g * conj(c.x)),
    lower=lambda x, y: x * y,
)  # fmt: skip
divide_p: Primitive = elementwise(
    "divide", ANALYTIC, reference=np.divide,
    gradient=(
        lambda c, g: g / conj(c.y),
        lambda c, g: -g * conj(c.output) / conj(c.y),
    ),
    lower=lambda x, y: x / y,
)  # fmt: skip


def _floordiv_reference(x: Array, y: Array) -> Any:
    if x.dtype.kind == "f":
        below = (np.sign(x) * np.sign(y) < 0) & np.isfinite(y)
        found = np.floor(x / y)
        return np.where(below & (found == 0), x.dtype.type(-1), found)
    return np.where(y == 0, 0, x // np.where(y == 0, 1, y))


def _floordiv_lower(x: Expr, y: Expr) -> Expr:
    if x.dtype.is_floating:
        # A quotient too small for its dtype is 0, though it is below zero.
        found = scalar.unary("floor", x / y)
        other_sign = scalar.compare("ne", x < 0, y < 0)
        finite = scalar.compare("lt", scalar.unary("abs", y), math.inf)
        conditions = (
            scalar.compare("eq", found, 0),
            scalar.compare("ne", x, 0),
            other_sign,
            finite,
        )
        below = reduce(lambda a, b: scalar.make("bit_and", (a, b), dtypes.bool_), conditions)
        return scalar.select(below, -1, found)
    quotient = scalar.binary("quotient", x, y)
    if x.dtype.is_unsigned:
        return quotient
    rest = scalar.binary("remainder", x, y)
    return scalar.select(_rounds_up(rest, y), quotient - 1, quotient)


def _rounds_up(rest: Expr, y: Expr) -> Expr:
    """Whether division towards zero lies above the floor: a rest of the other sign than y."""
    other_sign = scalar.compare("ne", rest < 0, y < 0)
    return scalar.make("bit_and", (scalar.compare("ne", rest, 0), other_sign), dtypes.bool_)


floordiv_p: Primitive = elementwise(
    "floordiv", NUMBERS, reference=_floordiv_reference, gradient=NoGradient("it has steps"),
    lower=_floordiv_lower,
)  # fmt: skip


def _floormod_lower(x: Expr, y: Expr) -> Expr:
    rest = scalar.binary("remainder", x, y)
    if x.dtype.is_unsigned:
        return rest
    if x.dtype.is_floating:
        zero = scalar.select(y < 0, scalar.constant(-0.0, y.dtype), 0.0)
        rest = scalar.select(scalar.compare("eq", rest, 0), zero, rest)
    return scalar.select(_rounds_up(rest, y), rest + y, rest)


floormod_p: Primitive = elementwise(
    "floormod", NUMBERS,
    reference=lambda x, y: (
        np.mod(x, y) if x.dtype.kind == "f" else np.where(y == 0, 0, x % np.where(y == 0, 1, y))
    ),
    gradient=(lambda c, g: g, lambda c, g: -g * floor_p(c.x / c.y)),
    lower=_floormod_lower,
)  # fmt: skip


def _log_of_base(x: Tensor) -> Tensor:
    """Return the logarithm that the gradient of a power needs.

    A real base that is not positive has none: the power does not vary smoothly there, so 0.
    """
    proper = not_equal_p(x, zeros_of(x)) if x.dtype.is_complex else greater_p(x, zeros_of(x))
    return select_p(proper, log_p(select_p(proper, x, ones_of(x))), zeros_of(x))


pow_p: Primitive = elementwise(
    "pow", ANALYTIC, reference=np.power,
    gradient=(
        lambda c, g: g * conj(c.y) * conj(pow_p(c.x, c.y - 1.0)),
        lambda c, g: g * conj(c.output) * conj(_log_of_base(c.x)),
    ),
    lower=scalar_op("pow"),
)  # fmt: skip


def _integer_pow_reference(x: Array, y: Array) -> Any:
    if np.any(np.less(y, 0)):
        raise InvalidArgumentError(
            f"pow: an integer to a negative power is not an integer; the exponent {y.min()} is "
            "negative: convert the operands with ft.cast(x, ft.float32)"
        )
    return np.power(x, y)


integer_pow_p: Primitive = elementwise(
    "integer_pow", INTEGERS, reference=_integer_pow_reference,
    gradient=NoGradient("integers do not vary smoothly"),
    lower=Host("each element is multiplied another number of times"),
)  # fmt: skip
maximum_p: Primitive = elementwise(
    "maximum", NUMBERS, reference=np.maximum,
    gradient=(
        lambda c, g: select_p(c.x >= c.y, g, zeros_of(g)),
        lambda c, g: select_p(c.x >= c.y, zeros_of(g), g),
    ),
    lower=scalar.maximum,
)  # fmt: skip
minimum_p: Primitive = elementwise(
    "minimum", NUMBERS, reference=np.minimum,
    gradient=(
        lambda c, g: select_p(c.x <= c.y, g, zeros_of(g)),
        lambda c, g: select_p(c.x <= c.y, zeros_of(g), g),
    ),
    lower=scalar.minimum,
)  # fmt: skip

# --- primitives: one operand ----------------------------------------------------------------------

negative_p: Primitive = unary("negative", np.negative, lambda c, g: -g, scalar.Expr.__neg__, FIELD)
abs_p: Primitive = unary("abs", np.abs, lambda c, g: g * sign_p(c.x), scalar_op("abs"), NUMBERS)


def complex_sign(x: Tensor) -> Tensor:
    """Return ``x / |x|``, and 0 for 0."""
    size = cast_p(complex_abs_p(x), dtype=x.dtype)
    nothing = equal_p(size, zeros_of(size))
    return select_p(nothing, zeros_of(x), divide_p(x, select_p(nothing, ones_of(size), size)))


complex_abs_p: Primitive = Primitive(
    name="complex_abs", infer=lambda x: TensorType(x.dtype.real_dtype, x.shape), reference=np.abs,
    gradient=(lambda c, g: cast_p(g, dtype=c.x.dtype) * complex_sign(c.x),), lower=NO_COMPLEX,
)  # fmt: skip


def _sign_lower(x: Expr) -> Expr:
    if x.dtype.is_unsigned:
        return scalar.select(x > 0, scalar.constant(1, x.dtype), 0)
    below = scalar.select(x < 0, scalar.constant(-1, x.dtype), scalar.constant(0, x.dtype))
    found = scalar.select(x > 0, scalar.constant(1, x.dtype), below)
    # NaN has no sign; it is returned as it came.
    return scalar.select(scalar.compare("ne", x, x), x, found) if x.dtype.is_floating else found


def _zero_gradient(call: Call, grad: Tensor) -> Tensor:
    from freshet.ops.array import broadcast_like  # noqa: PLC0415 (array builds on this module)

    return broadcast_like(zeros_of(grad), call.x)


sign_p: Primitive = unary("sign", np.sign, _zero_gradient, _sign_lower, NUMBERS)


def _function(name: str, reference: Callable[..., Any], gradient: OperandGradient) -> Primitive:
    """Make a function that real and complex numbers have."""
    return unary(name, reference, gradient, kinds=ANALYTIC)


exp_p: Primitive = _function("exp", np.exp, lambda c, g: g * conj(c.output))
expm1_p: Primitive = _function("expm1", np.expm1, lambda c, g: g * conj(c.output + 1.0))
log_p: Primitive = _function("log", np.log, lambda c, g: g / conj(c.x))
log1p_p: Primitive = _function("log1p", np.log1p, lambda c, g: g / conj(c.x + 1.0))


def _unless_at_rest(at: Tensor, grad: Tensor, value: Tensor) -> Tensor:
    """Return `value`, but 1 where `at` and the gradient that arrives are both 0.

    The slope is infinite where `at` is 0. If nothing arrives there, as from ``where(x > 0, sqrt(x),
    0.0)``, nothing goes on, where infinity times 0 would be NaN.
    """
    if at._array is not None and at._array.all():
        return conj(value)
    rest = bitwise_and_p(equal_p(at, zeros_of(at)), equal_p(grad, zeros_of(grad)))
    return conj(select_p(rest, ones_of(value), value))


def _rsqrt_gradient(call: Call, grad: Tensor) -> Tensor:
    root, x = (_unless_at_rest(call.x, grad, value) for value in (call.output, call.x))
    return grad * -0.5 * root / x


def _reciprocal_gradient(call: Call, grad: Tensor) -> Tensor:
    share = _unless_at_rest(call.x, grad, call.output)
    return -grad * share * share


sqrt_p: Primitive = _function(
    "sqrt", np.sqrt, lambda c, g: g * 0.5 / _unless_at_rest(c.output, g, c.output)
)
rsqrt_p: Primitive = _function("rsqrt", lambda x: 1 / np.sqrt(x), _rsqrt_gradient)
reciprocal_p: Primitive = unary(
    "reciprocal", lambda x: 1 / x, _reciprocal_gradient, lambda x: 1.0 / x, ANALYTIC
)
tanh_p: Primitive = _function("tanh", np.tanh, lambda c, g: g * conj(1.0 - c.output * c.output))


def _sigmoid_reference(x: Array) -> Any:
    if x.dtype.kind == "c":
        return 1 / (1 + np.exp(-x))
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


sigmoid_p: Primitive = _function(
    "sigmoid", _sigmoid_reference, lambda c, g: g * conj(c.output) * conj(1.0 - c.output)
)
softplus_p: Primitive = unary(
    "softplus",
    lambda x: np.logaddexp(x, 0).astype(x.dtype),
    lambda c, g: g * sigmoid_p(c.x),
    # log(1 + e^x) without overflow: e^(-|x|) never exceeds 1.
    lambda x: (
        scalar.maximum(x, 0.0) + scalar.unary("log1p", scalar.unary("exp", -scalar.unary("abs", x)))
    ),
)
sin_p: Primitive = _function("sin", np.sin, lambda c, g: g * conj(cos_p(c.x)))
cos_p: Primitive = _function("cos", np.cos, lambda c, g: -g * conj(sin_p(c.x)))


def erf_reference(x: Array) -> Array:
    """Return the error function of floats, element by element: NumPy has none."""
    wide = x.astype(np.float64).reshape(-1).tolist()
    return np.fromiter(map(math.erf, wide), np.float64, len(wide)).astype(x.dtype).reshape(x.shape)


erf_p: Primitive = unary(
    "erf", erf_reference, lambda c, g: g * exp_p(-c.x * c.x) * 1.1283791670955126
)
relu_p: Primitive = unary(
    "relu", lambda x: np.maximum(x, 0).astype(x.dtype),
    lambda c, g: select_p(c.output > 0, g, zeros_of(g)),
    lambda x: scalar.maximum(x, 0), NUMBERS,
)  # fmt: skip
_FLAT: Final = NoGradient("it is a step function")
floor_p: Primitive = unary("floor", np.floor, _FLAT)
ceil_p: Primitive = unary("ceil", np.ceil, _FLAT)
round_p: Primitive = unary("round", np.rint, _FLAT, scalar_op("rint"))

# --- primitives: comparison, logic, bits ----------------------------------------------------------

less_p: Primitive = comparison("less", "lt", np.less)
less_equal_p: Primitive = comparison("less_equal", "le", np.less_equal)
greater_p: Primitive = comparison("greater", "gt", np.greater)
greater_equal_p: Primitive = comparison("greater_equal", "ge", np.greater_equal)
equal_p: Primitive = comparison("equal", "eq", np.equal, ANY | COMPLEX | STRINGS)
not_equal_p: Primitive = comparison("not_equal", "ne", np.not_equal, ANY | COMPLEX | STRINGS)

_DISCRETE: Final = NoGradient("bits and truth values do not vary smoothly")
bitwise_and_p: Primitive = elementwise(
    "bitwise_and", INTEGERS | BOOLS, reference=np.bitwise_and, gradient=_DISCRETE,
    lower=scalar_op("bit_and"),
)  # fmt: skip
bitwise_or_p: Primitive = elementwise(
    "bitwise_or", INTEGERS | BOOLS, reference=np.bitwise_or, gradient=_DISCRETE,
    lower=scalar_op("bit_or"),
)  # fmt: skip
bitwise_xor_p: Primitive = elementwise(
    "bitwise_xor", INTEGERS | BOOLS, reference=np.bitwise_xor, gradient=_DISCRETE,
    lower=scalar_op("bit_xor"),
)  # fmt: skip
invert_p: Primitive = elementwise(
    "invert", INTEGERS | BOOLS, reference=np.invert, gradient=_DISCRETE,
    lower=scalar_op("bit_not"),
)  # fmt: skip


def _shift_reference(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: function(x, np.clip(y, 0, x.dtype.itemsize * 8 - 1).astype(x.dtype))


def _shift_lower(op: str) -> Callable[[Expr, Expr], Expr]:
    """Shift by 0 to the dtype's size - 1: beyond them the processor does what it likes."""

    def lower(x: Expr, y: Expr) -> Expr:
        by = y if y.dtype.is_unsigned else scalar.maximum(y, 0)
        return scalar.binary(op, x, scalar.minimum(by, x.dtype.bits - 1))

    return lower


right_shift_p: Primitive = elementwise(
    "right_shift", INTEGERS, reference=_shift_reference(np.right_shift), gradient=_DISCRETE,
    lower=_shift_lower("shift_right"),
)  # fmt: skip
left_shift_p: Primitive = elementwise(
    "left_shift", INTEGERS, reference=_shift_reference(np.left_shift), gradient=_DISCRETE,
    lower=_shift_lower("shift_left"),
)  # fmt: skip

# --- primitives: select and cast ------------------------------------------------------------------


def _select_infer(condition: TensorType, x: TensorType, y: TensorType) -> TensorType:
    if condition.dtype != dtypes.bool_:
        raise DTypeError(f"where: the condition must be bool, received {condition}")
    if x.dtype != y.dtype:
        raise DTypeError(f"where: both values must have one dtype, received {x} and {y}")
    shape = broadcast_shapes("where", [condition.shape, x.shape, y.shape])
    return TensorType(x.dtype, shape)


select_p: Primitive = Primitive(
    name="select", infer=_select_infer,
    reference=lambda condition, x, y: np.where(condition, x, y),
    gradient=(
        None,
        summed(lambda c, g: select_p(c.inputs[0], g, zeros_of(g)), 1),
        summed(lambda c, g: select_p(c.inputs[0], zeros_of(g), g), 2),
    ),
    lower=lower_elementwise(scalar.select),
)  # fmt: skip


def _cast_infer(x: TensorType, dtype: DType) -> TensorType:
    if "string" in {x.dtype.kind, dtype.kind}:
        way_out = "ft.strings.to_number" if x.dtype.kind == "string" else "ft.strings.as_string"
        raise UnimplementedError(f"cast: cannot convert {x} to {dtype.name}; use {way_out}")
    return TensorType(dtype, x.shape)


def _cast_reference(x: Array, dtype: DType) -> Array:
    to = dtype.as_numpy_dtype
    if x.dtype.kind == "c" and not dtype.is_complex:
        x = x.real
    if dtype.is_integer and dtypes.of_array(x).is_floating:
        return _float_to_integer(x.astype(np.float64), to)
    return x.astype(to)


def _float_to_integer(x: Array, to: type[Any]) -> Array:
    """Truncate towards zero; values out of int64's range stick to its ends, NaN gives 0."""
    if to == np.uint64:
        limit = 2.0**64
        inside = np.clip(np.nan_to_num(x, nan=0.0), 0, limit)
        return np.where(inside >= limit, np.uint64(2**64 - 1), inside.astype(np.uint64))
    limit = 2.0**63
    inside = np.clip(np.nan_to_num(x, nan=0.0), -limit, limit)
    whole = np.where(inside >= limit, np.int64(2**63 - 1), inside.astype(np.int64))
    return whole.astype(to)


cast_p: Primitive = Primitive(
    name="cast", infer=_cast_infer, reference=_cast_reference,
    gradient=(lambda c, g: cast_p(g, dtype=c.x.dtype),),
    lower=lower_elementwise(lambda x, dtype: scalar.cast(x, dtype)),
)  # fmt: skip
stop_gradient_p: Primitive = Primitive(
    name="stop_gradient", infer=lambda x: x, reference=lambda x: x,
    gradient=NoGradient("that is its purpose"), lower=lower_elementwise(lambda x: x),
)  # fmt: skip
