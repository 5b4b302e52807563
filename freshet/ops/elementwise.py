"""Elementwise operations: each output element depends on one element of each input.

Operands of different shapes broadcast by NumPy's rules. The gradient of an operand that was
stretched is summed back to its shape, in one place: `_summed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.nest import Nest, broadcast
from freshet.ops.primitive import (
    Call,
    Gradient,
    NoGradient,
    OperandGradient,
    Primitive,
    float_compute,
)
from freshet.ops.scalar import Expr

FLOATS: Final = frozenset({"float"})
NUMBERS: Final = frozenset({"float", "int", "uint"})
INTEGERS: Final = frozenset({"int", "uint"})
BOOLS: Final = frozenset({"bool"})
ANY: Final = NUMBERS | BOOLS


# --- how elementwise primitives are made ----------------------------------------------------------


def _lower(body: Callable[..., Expr]) -> Callable[..., Nest]:
    def lower(*types: TensorType, **params: Any) -> Nest:
        shapes = [t.static_shape for t in types]
        rank = len(broadcast_shapes("elementwise", shapes))
        return Nest(
            operands=tuple(broadcast(s, rank) for s in shapes),
            body=(lambda *elements: body(*elements, **params)) if params else body,
        )

    return lower


def _infer(name: str, kinds: frozenset[str], result: DType | None) -> Callable[..., TensorType]:
    def infer(*types: TensorType) -> TensorType:
        first = types[0].dtype
        if any(t.dtype != first for t in types):
            raise DTypeError(
                f"{name}: all operands must have one dtype, received {_listed(types)}; "
                "convert with ft.cast"
            )
        if first.kind not in kinds:
            raise DTypeError(
                f"{name}: expected {_kinds_text(kinds)} operands, received {_listed(types)}"
            )
        return TensorType(result or first, broadcast_shapes(name, [t.shape for t in types]))

    return infer


def _listed(types: tuple[TensorType, ...]) -> str:
    return " and ".join(map(str, types))


def _kinds_text(kinds: frozenset[str]) -> str:
    names = {"float": "floating-point", "int": "integer", "uint": "unsigned", "bool": "boolean"}
    return " or ".join(names[k] for k in ("float", "int", "uint", "bool") if k in kinds)


def _summed(rule: OperandGradient, number: int) -> OperandGradient:
    """Return a rule whose result is summed over what broadcasting stretched."""

    def gradient(call: Call, grad: Tensor) -> Tensor:
        from freshet.ops.array import sum_to  # noqa: PLC0415 (array builds on this module)

        return sum_to(rule(call, grad), call.inputs[number])

    return gradient


def elementwise(
    name: str,
    kinds: frozenset[str],
    *,
    reference: Callable[..., Any],
    gradient: tuple[OperandGradient | None, ...] | NoGradient,
    lower: Callable[..., Expr],
    result: DType | None = None,
) -> Primitive:
    """Make an elementwise primitive.

    Args:
        name: Its name.
        kinds: Kinds of dtype it takes; all operands have one dtype.
        reference: NumPy's function; 16-bit floats are computed in float32.
        gradient: A rule per operand, as if nothing were broadcast.
        lower: Scalars to scalar.
        result: Dtype of the result; that of the operands by default.
    """
    rules: Gradient = gradient
    if not isinstance(gradient, NoGradient):
        rules = tuple(r and _summed(r, i) for i, r in enumerate(gradient))
    return Primitive(
        name=name, infer=_infer(name, kinds, result), reference=float_compute(reference),
        gradient=rules, lower=_lower(lower),
    )  # fmt: skip


def _scalar_op(op: str) -> Callable[..., Expr]:
    return lambda *args: scalar.make(op, args, args[0].dtype)


def _unary(
    name: str,
    reference: Callable[..., Any],
    gradient: OperandGradient | NoGradient,
    lower: Callable[..., Expr] | None = None,
    kinds: frozenset[str] = FLOATS,
) -> Primitive:
    return elementwise(
        name, kinds, reference=reference,
        gradient=gradient if isinstance(gradient, NoGradient) else (gradient,),
        lower=lower or _scalar_op(name),
    )  # fmt: skip


def _comparison(name: str, op: str, reference: Callable[..., Any]) -> Primitive:
    return elementwise(
        name, ANY, reference=reference, gradient=NoGradient("the result is bool"),
        lower=lambda x, y: scalar.compare(op, x, y), result=dtypes.bool_,
    )  # fmt: skip


# --- what rules are written with ------------------------------------------------------------------


def zeros_of(x: Tensor) -> Tensor:
    """Return a scalar 0 of x's dtype, which broadcasts to its shape."""
    return Tensor._of_array(np.zeros((), x.dtype.as_numpy_dtype), x.dtype)


def _or_one(x: Tensor) -> Tensor:
    one = Tensor._of_array(np.ones((), x.dtype.as_numpy_dtype), x.dtype)
    return select_p(x > 0.0, x, one)


# --- primitives: arithmetic -----------------------------------------------------------------------

add_p: Primitive = elementwise(
    "add", NUMBERS, reference=np.add, gradient=(lambda c, g: g, lambda c, g: g),
    lower=lambda x, y: x + y,
)  # fmt: skip
subtract_p: Primitive = elementwise(
    "subtract", NUMBERS, reference=np.subtract, gradient=(lambda c, g: g, lambda c, g: -g),
    lower=lambda x, y: x - y,
)  # fmt: skip
multiply_p: Primitive = elementwise(
    "multiply", NUMBERS, reference=np.multiply,
    gradient=(lambda c, g: g * c.y, lambda c, g: g * c.x),
    lower=lambda x, y: x * y,
)  # fmt: skip
divide_p: Primitive = elementwise(
    "divide", FLOATS, reference=np.divide,
    gradient=(lambda c, g: g / c.y, lambda c, g: -g * c.output / c.y),
    lower=lambda x, y: x / y,
)  # fmt: skip


def _floordiv_reference(x: Array, y: Array) -> Any:
    if x.dtype.kind == "f":
        return np.floor(x / y)
    return np.where(y == 0, 0, x // np.where(y == 0, 1, y))


def _floordiv_lower(x: Expr, y: Expr) -> Expr:
    if x.dtype.is_floating:
        return scalar.unary("floor", x / y)
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


def _pow_reference(x: Array, y: Array) -> Any:
    if x.dtype.kind in "iu" and np.any(np.less(y, 0)):
        raise InvalidArgumentError("pow: an integer to a negative power is not an integer")
    return np.power(x, y)


pow_p: Primitive = elementwise(
    "pow", FLOATS, reference=_pow_reference,
    gradient=(
        lambda c, g: g * c.y * pow_p(c.x, c.y - 1.0),
        # log of a base that is not positive: the power does not vary smoothly there, so 0.
        lambda c, g: g * c.output * select_p(c.x > 0.0, log_p(_or_one(c.x)), zeros_of(c.x)),
    ),
    lower=_scalar_op("pow"),
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

negative_p: Primitive = _unary(
    "negative", np.negative, lambda c, g: -g, scalar.Expr.__neg__, NUMBERS
)
abs_p: Primitive = _unary("abs", np.abs, lambda c, g: g * sign_p(c.x), _scalar_op("abs"), NUMBERS)


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


sign_p: Primitive = _unary("sign", np.sign, _zero_gradient, _sign_lower, NUMBERS)
exp_p: Primitive = _unary("exp", np.exp, lambda c, g: g * c.output)
expm1_p: Primitive = _unary("expm1", np.expm1, lambda c, g: g * (c.output + 1.0))
log_p: Primitive = _unary("log", np.log, lambda c, g: g / c.x)
log1p_p: Primitive = _unary("log1p", np.log1p, lambda c, g: g / (c.x + 1.0))
sqrt_p: Primitive = _unary("sqrt", np.sqrt, lambda c, g: g * 0.5 / c.output)
rsqrt_p: Primitive = _unary(
    "rsqrt", lambda x: 1 / np.sqrt(x), lambda c, g: g * -0.5 * c.output / c.x
)
tanh_p: Primitive = _unary("tanh", np.tanh, lambda c, g: g * (1.0 - c.output * c.output))


def _sigmoid_reference(x: Array) -> Any:
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


sigmoid_p: Primitive = _unary(
    "sigmoid", _sigmoid_reference, lambda c, g: g * c.output * (1.0 - c.output)
)
softplus_p: Primitive = _unary(
    "softplus",
    lambda x: np.logaddexp(x, 0).astype(x.dtype),
    lambda c, g: g * sigmoid_p(c.x),
    # log(1 + e^x) without overflow: e^(-|x|) never exceeds 1.
    lambda x: (
        scalar.maximum(x, 0.0) + scalar.unary("log1p", scalar.unary("exp", -scalar.unary("abs", x)))
    ),
)
sin_p: Primitive = _unary("sin", np.sin, lambda c, g: g * cos_p(c.x))
cos_p: Primitive = _unary("cos", np.cos, lambda c, g: -g * sin_p(c.x))


def _erf_reference(x: Array) -> Any:
    from math import erf as one  # noqa: PLC0415

    return np.vectorize(one, otypes=[np.float64])(x).astype(x.dtype).reshape(x.shape)


erf_p: Primitive = _unary(
    "erf", _erf_reference, lambda c, g: g * exp_p(-c.x * c.x) * 1.1283791670955126
)
relu_p: Primitive = _unary(
    "relu", lambda x: np.maximum(x, 0).astype(x.dtype),
    lambda c, g: select_p(c.output > 0, g, zeros_of(g)),
    lambda x: scalar.maximum(x, 0), NUMBERS,
)  # fmt: skip
_FLAT: Final = NoGradient("it is a step function")
floor_p: Primitive = _unary("floor", np.floor, _FLAT)
ceil_p: Primitive = _unary("ceil", np.ceil, _FLAT)
round_p: Primitive = _unary("round", np.rint, _FLAT, _scalar_op("rint"))

# --- primitives: comparison, logic, bits ----------------------------------------------------------

less_p: Primitive = _comparison("less", "lt", np.less)
less_equal_p: Primitive = _comparison("less_equal", "le", np.less_equal)
greater_p: Primitive = _comparison("greater", "gt", np.greater)
greater_equal_p: Primitive = _comparison("greater_equal", "ge", np.greater_equal)
equal_p: Primitive = _comparison("equal", "eq", np.equal)
not_equal_p: Primitive = _comparison("not_equal", "ne", np.not_equal)

_DISCRETE: Final = NoGradient("bits and truth values do not vary smoothly")
bitwise_and_p: Primitive = elementwise(
    "bitwise_and", INTEGERS | BOOLS, reference=np.bitwise_and, gradient=_DISCRETE,
    lower=_scalar_op("bit_and"),
)  # fmt: skip
bitwise_or_p: Primitive = elementwise(
    "bitwise_or", INTEGERS | BOOLS, reference=np.bitwise_or, gradient=_DISCRETE,
    lower=_scalar_op("bit_or"),
)  # fmt: skip
bitwise_xor_p: Primitive = elementwise(
    "bitwise_xor", INTEGERS | BOOLS, reference=np.bitwise_xor, gradient=_DISCRETE,
    lower=_scalar_op("bit_xor"),
)  # fmt: skip
invert_p: Primitive = elementwise(
    "invert", INTEGERS | BOOLS, reference=np.invert, gradient=_DISCRETE,
    lower=_scalar_op("bit_not"),
)  # fmt: skip


def _shift_reference(x: Array, y: Array) -> Any:
    bits = x.dtype.itemsize * 8
    return np.right_shift(x, np.minimum(y, bits - 1).astype(x.dtype))


right_shift_p: Primitive = elementwise(
    "right_shift", INTEGERS, reference=_shift_reference, gradient=_DISCRETE,
    lower=lambda x, y: scalar.binary(
        "shift_right", x, scalar.minimum(y, x.dtype.bits - 1)
    ),
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
        _summed(lambda c, g: select_p(c.inputs[0], g, zeros_of(g)), 1),
        _summed(lambda c, g: select_p(c.inputs[0], zeros_of(g), g), 2),
    ),
    lower=_lower(scalar.select),
)  # fmt: skip


def _cast_infer(x: TensorType, dtype: DType) -> TensorType:
    if "string" in {x.dtype.kind, dtype.kind}:
        raise DTypeError(f"cast: cannot convert {x} to {dtype.name}")
    return TensorType(dtype, x.shape)


def _cast_reference(x: Array, dtype: DType) -> Array:
    to = dtype.as_numpy_dtype
    if dtype.is_integer and dtypes.of_array(x).is_floating:
        return _float_to_integer(x.astype(np.float64), to)
    return x.astype(to)


def _float_to_integer(x: Array, to: np.dtype[Any]) -> Array:
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
    lower=_lower(lambda x, dtype: scalar.cast(x, dtype)),
)  # fmt: skip
stop_gradient_p: Primitive = Primitive(
    name="stop_gradient", infer=lambda x: x, reference=lambda x: x,
    gradient=NoGradient("that is its purpose"), lower=_lower(lambda x: x),
)  # fmt: skip
