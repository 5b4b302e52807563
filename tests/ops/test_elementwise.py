"""Samples of the elementwise primitives."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, UnimplementedError
from freshet.ops.primitive import PRIMITIVES
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.oracles import by_element, by_mpmath, pack, wrapped
from freshet.testing.samples import extremes

ALL = list(dtypes.COMPILED)
INTEGERS = [d for d in ALL if d.is_integer]
FLOATS = [d for d in ALL if d.is_floating]
NUMBERS = INTEGERS + FLOATS
HALVES = [dtypes.float16, dtypes.bfloat16]

SHAPES = (
    ((), ()), ((0,), (0,)), ((1,), (1,)), ((17,), ()), ((3, 0, 2), (2,)), ((7, 13), (13,)),
    ((7, 1, 5), (33, 1)), ((1, 17), (7, 1)), ((2, 3, 4, 5), (3, 1, 5)), ((1000, 37), (37,)),
    ((100_003,), (1,)),
)  # fmt: skip
"""Of two operands: scalars, nothing, odd sizes, stretching, several blocks with a rest."""


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def every_pattern(dtype: DType) -> np.ndarray:
    """Return all numbers of a 16-bit format."""
    return np.arange(2**16, dtype=np.uint16).view(dtype.as_numpy_dtype)


def many_patterns(dtype: DType, count: int = 3000) -> np.ndarray:
    """Return numbers of every size: random bits."""
    bits = rng().integers(0, 2**dtype.bits, count, np.uint64).astype(f"u{dtype.size}")
    return np.concatenate([extremes(dtype), bits.view(dtype.as_numpy_dtype)])


def positive(*shape: int) -> np.ndarray:
    return rng().uniform(0.3, 2.0, shape).astype(np.float32)


def centred(*shape: int) -> np.ndarray:
    return rng().uniform(-1.7, 1.9, shape).astype(np.float32)


# --- two operands ---------------------------------------------------------------------------------


def pairs(dtype: DType) -> tuple[np.ndarray, np.ndarray]:
    """Return every two extremes of a dtype."""
    values = extremes(dtype)
    return values[:, None], values


def binary(
    function: Callable[..., Any],
    kinds: list[DType],
    *,
    result: DType | None = None,
    gradient: tuple[np.ndarray, ...] = (),
    shapes: DType = dtypes.float32,
    **options: Any,
) -> list[Sample]:
    """Return samples of an operation of two operands that is exact in every dtype."""
    expected = by_element(function, result)
    samples = [Sample(inputs=pairs(d), expected=expected, **options) for d in kinds]
    samples += [
        Sample(inputs=tuple(TensorSpec(s, shapes) for s in both), expected=expected, **options)
        for both in SHAPES
    ]
    if gradient:
        samples.append(Sample(inputs=gradient, expected=expected, gradient=(0, 1), second=True,
                              **options))  # fmt: skip
    return samples


def floor_of_quotient(x: Any, y: Any) -> Any:
    if isinstance(x, int):
        return 0 if y == 0 else x // y
    quotient = np.floor(x / y)
    # Below zero, however small.
    return -1.0 if quotient == 0 and x * np.sign(y) < 0 and np.isfinite(y) else quotient


def rounded_floor_of_quotient(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Divide in the dtype itself (16-bit floats in float32), rounding once, then take the floor."""
    if x.dtype.kind in "iu":
        return by_element(floor_of_quotient)(x, y)
    own = np.float64 if x.dtype == np.float64 else np.float32
    found = np.floor((x.astype(np.float64) / y.astype(np.float64)).astype(own))
    below = (np.sign(x) * np.sign(y) < 0) & np.isfinite(y)
    return np.where(below & (found == 0), -1, found).astype(x.dtype)


def remainder(x: Any, y: Any) -> Any:
    if isinstance(x, int):
        return 0 if y == 0 else x % y
    if y == 0 or not math.isfinite(x) or math.isnan(y):
        return math.nan
    rest = math.fmod(x, y)
    if rest == 0:
        return math.copysign(0.0, y)
    return rest + y if (rest < 0) != (y < 0) else rest


def divided(function: Callable[..., Any]) -> list[Sample]:
    expected: Callable[..., Any] = by_element(function)
    if function is floor_of_quotient:
        expected = rounded_floor_of_quotient
    shaped = [Sample(inputs=pairs(d), expected=expected) for d in NUMBERS]
    shaped += [
        Sample(inputs=(TensorSpec(a, kind), TensorSpec(b, kind)), expected=expected)
        for a, b in SHAPES[:-2]
        for kind in ("int32", "float32")
    ]
    return shaped


def power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The C library's pow in float64: accurate to float64's last place or two."""
    return by_element(lambda a, b: np.float64(a) ** np.float64(b))(x, y)


def larger(x: Any, y: Any) -> Any:
    return math.nan if x != x or y != y else max(x, y)


def smaller(x: Any, y: Any) -> Any:
    return math.nan if x != x or y != y else min(x, y)


APART = (np.float32([[1.0, 2.5, -3.0], [0.5, 9.0, 4.0]]), np.float32([[2.0], [1.0]]))
"""Operands that are not close to each other: near equal ones, extremes are not smooth."""

ARITHMETIC = {
    "add": binary(operator.add, NUMBERS, gradient=(centred(3, 4), centred(4))),
    "subtract": binary(operator.sub, NUMBERS, gradient=(centred(4), centred(3, 1))),
    "multiply": binary(operator.mul, NUMBERS, gradient=(centred(2, 3, 2), centred(3, 1))),
    "divide": binary(operator.truediv, FLOATS, gradient=(centred(3, 4), positive(4))),
    "floordiv": divided(floor_of_quotient),
    "floormod": [
        *divided(remainder),
        Sample(inputs=(np.float32([[5.3], [-7.2]]), np.float32([2.0, 3.0])),
               expected=by_element(remainder), gradient=(0, 1)),
    ],
    "maximum": binary(larger, NUMBERS, gradient=APART, signed_zeros=False),
    "minimum": binary(smaller, NUMBERS, gradient=APART, signed_zeros=False),
    "pow": [
        Sample(inputs=pairs(dtypes.float32), expected=power, expected_ulp=4, ulp=4),
        Sample(inputs=pairs(dtypes.float64), expected=power, expected_ulp=4, ulp=4),
        *(Sample(inputs=pairs(d), expected=power, expected_ulp=1, ulp=1) for d in HALVES),
        Sample(inputs=(np.abs(many_patterns(dtypes.float32)), np.float32(0.37)), expected=power,
               expected_ulp=4, ulp=4),
        Sample(inputs=(positive(1000, 37), centred(37)), expected=power, expected_ulp=4, ulp=4),
        Sample(inputs=(np.float32([]), np.float32(2)), expected=power),
        Sample(inputs=(positive(3, 4), centred(4)), expected=power, expected_ulp=4, ulp=4,
               gradient=(0, 1), second=True),
    ],
}  # fmt: skip


def compared(function: Callable[..., Any]) -> list[Sample]:
    return binary(function, ALL, result=dtypes.bool_)


def anded(x: Any, y: Any) -> Any:
    return x & y


def shifted_right(most: int) -> Callable[..., Any]:
    """Shift by at most so many bits, as TensorFlow does beyond the width."""
    return by_element(lambda x, y: x >> min(y, most))


BITS = [*INTEGERS, dtypes.bool_]
DISCRETE = {
    "less": compared(operator.lt),
    "less_equal": compared(operator.le),
    "greater": compared(operator.gt),
    "greater_equal": compared(operator.ge),
    "equal": compared(operator.eq),
    "not_equal": compared(operator.ne),
    "bitwise_and": binary(operator.and_, BITS, shapes=dtypes.uint8),
    "bitwise_or": binary(operator.or_, BITS, shapes=dtypes.int16),
    "bitwise_xor": binary(operator.xor, BITS, shapes=dtypes.bool_),
    "right_shift": [
        Sample(
            inputs=(extremes(d)[:, None], np.array([0, 1, 3, 7, 8, 31, 63, 100], d.as_numpy_dtype)),
            expected=shifted_right(d.bits - 1),
        )
        for d in INTEGERS
    ],
    "invert": [
        Sample(inputs=(extremes(d),), expected=by_element(operator.invert)) for d in INTEGERS
    ]
    + [Sample(inputs=(extremes("bool"),), expected=by_element(operator.not_))],
}

# --- one operand ----------------------------------------------------------------------------------

UNARY_SHAPES = ((), (0,), (1,), (3, 0, 2), (17,), (33, 7), (1000, 37), (100_003,))


def exact(
    function: Callable[[Any], Any],
    kinds: list[DType],
    gradient: np.ndarray | None = None,
    **options: Any,
) -> list[Sample]:
    """Return samples of an operation of one operand that is exact in every dtype."""
    expected = by_element(function)
    samples = [Sample(inputs=(extremes(d),), expected=expected, **options) for d in kinds]
    samples += [
        Sample(inputs=(TensorSpec(s, "float32"),), expected=expected, **options)
        for s in UNARY_SHAPES
    ]
    if gradient is not None:
        samples.append(Sample(inputs=(gradient,), expected=expected, gradient=(0,), **options))
    return samples


def smooth(
    name: str, wide: Callable[[np.ndarray], Any], gradient: np.ndarray, oracle: Any = None
) -> list[Sample]:
    """Return samples of a mathematical function.

    Args:
        name: Its name, also mpmath's.
        wide: The function in float64, against which the 16-bit formats are checked exhaustively.
        gradient: Where it is differentiated.
        oracle: The independent definition, if mpmath does not have it under that name.
    """
    expected = oracle or by_mpmath(name)
    samples = [
        Sample(inputs=(many_patterns(d),), expected=expected, expected_ulp=4, ulp=4, label="all")
        for d in (dtypes.float32, dtypes.float64)
    ]
    samples += [
        Sample(inputs=(every_pattern(d),), expected=in_float64(wide), expected_ulp=1, ulp=1)
        for d in HALVES
    ]
    samples += [
        Sample(inputs=(np.abs(of_shape(s)),),
               expected=expected if np.prod(s) < 500 else None, expected_ulp=4, ulp=4)
        for s in UNARY_SHAPES
    ]  # fmt: skip
    samples.append(
        Sample(inputs=(gradient,), expected=expected, expected_ulp=4, ulp=4, gradient=(0,),
               second=True)
    )  # fmt: skip
    return samples


def of_shape(shape: tuple[int, ...]) -> np.ndarray:
    return np.asarray(rng().standard_normal(shape) * 3).astype(np.float32)


def in_float64(function: Callable[[np.ndarray], Any]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: np.asarray(function(x.astype(np.float64))).astype(x.dtype)


def reciprocal_root(x: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(x.astype(np.longdouble))


def sigmoid(x: np.ndarray) -> np.ndarray:
    """By mpmath where it is finite: 1/(1+e^-x)."""
    return by_element(lambda v: v if np.isnan(v) else precise_sigmoid(v))(x)


def precise_sigmoid(v: float) -> float:
    import mpmath

    if not np.isfinite(v):
        return float(v > 0)
    with mpmath.workdps(40):
        return float(1 / (1 + mpmath.exp(-mpmath.mpf(float(v)))))


def softplus(x: np.ndarray) -> np.ndarray:
    return by_element(lambda v: v if np.isnan(v) else precise_softplus(v))(x)


def precise_softplus(v: float) -> float:
    import mpmath

    if not np.isfinite(v):
        return float(max(v, 0))
    with mpmath.workdps(40):
        return float(mpmath.log1p(mpmath.exp(mpmath.mpf(float(v)))))


def erf(x: np.ndarray) -> np.ndarray:
    return by_element(lambda v: np.sign(v) if np.isinf(v) else v if v == 0 else precise_erf(v))(x)


def precise_erf(v: float) -> float:
    import mpmath

    with mpmath.workdps(40):
        return math.nan if np.isnan(v) else float(mpmath.erf(float(v)))


def reciprocal(x: np.ndarray) -> np.ndarray:
    return 1 / x.astype(np.longdouble)


FUNCTIONS = {
    "reciprocal": smooth("reciprocal", reciprocal, positive(3, 5), in_float64(lambda x: 1 / x)),
    "exp": smooth("exp", np.exp, centred(3, 5)),
    "expm1": smooth("expm1", np.expm1, centred(3, 5)),
    "log": smooth("log", np.log, positive(3, 5)),
    "log1p": smooth("log1p", np.log1p, positive(3, 5)),
    "sqrt": smooth("sqrt", np.sqrt, positive(3, 5)),
    "rsqrt": smooth("rsqrt", reciprocal_root, positive(3, 5), in_float64(reciprocal_root)),
    "tanh": smooth("tanh", np.tanh, centred(3, 5)),
    "sigmoid": smooth("sigmoid", special.expit, centred(3, 5), sigmoid),
    "softplus": smooth("softplus", lambda x: np.logaddexp(x, 0), centred(3, 5), softplus),
    "sin": smooth("sin", np.sin, centred(3, 5)),
    "cos": smooth("cos", np.cos, centred(3, 5)),
    "erf": smooth("erf", special.erf, centred(3, 5), erf),
}


def sign_of(x: Any) -> Any:
    return x if x != x else int(x > 0) - int(x < 0)


def whole(function: Callable[[float], int]) -> Callable[[Any], Any]:
    """Return Python's rounding, with the sign of zero that IEEE 754 asks for."""

    def rounded(x: Any) -> Any:
        return math.copysign(function(float(x)), x) if math.isfinite(x) else x

    return rounded


KINKED = np.float32([[-2.2, -0.7, 0.4], [1.3, 2.8, 3.4]])
"""Away from whole numbers and zero, where these functions are not smooth."""

STEPS = {
    "negative": exact(operator.neg, NUMBERS, KINKED),
    "abs": exact(abs, NUMBERS, KINKED),
    "sign": exact(sign_of, NUMBERS, KINKED, signed_zeros=False),
    "relu": exact(lambda x: x if x != x else max(x, 0), NUMBERS, KINKED, signed_zeros=False),
    "floor": exact(whole(math.floor), FLOATS),
    "ceil": exact(whole(math.ceil), FLOATS),
    "round": exact(whole(round), FLOATS),
    "stop_gradient": exact(lambda x: x, ALL),
}

# --- select and cast ------------------------------------------------------------------------------


def chosen(c: Any, x: Any, y: Any) -> Any:
    return x if c else y


def select_samples() -> list[Sample]:
    samples = [
        Sample(
            inputs=(np.array([[True], [False]]), extremes(d), extremes(d)[::-1].copy()),
            expected=lambda c, x, y: pack_choice(c, x, y),
        )
        for d in ALL
    ]
    samples += [
        Sample(
            inputs=(TensorSpec(c, "bool"), TensorSpec(x), TensorSpec(y)),
            expected=lambda c, x, y: pack_choice(c, x, y),
        )
        for c, x, y in (
            ((), (), ()), ((7,), (), ()), ((), (7, 13), (13,)), ((33, 1), (1, 17), ()),
            ((0, 3), (3,), ()), ((100_003,), (), (100_003,)), ((1000, 37), (37,), (1000, 1)),
        )
    ]  # fmt: skip
    samples.append(
        Sample(
            inputs=(TensorSpec([3, 4], "bool"), TensorSpec([4]), TensorSpec([3, 1])),
            gradient=(1, 2), second=True,
        )
    )  # fmt: skip
    return samples


def pack_choice(c: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    shape = np.broadcast_shapes(c.shape, x.shape, y.shape)
    result = np.empty(shape, x.dtype)
    parts = [np.broadcast_to(a, shape) for a in (c, x, y)]
    for at in np.ndindex(shape):
        result[at] = parts[1][at] if parts[0][at] else parts[2][at]
    return result


def converted(x: np.ndarray, dtype: DType) -> np.ndarray:
    """Convert element by element, through exact Python numbers."""
    values = x.astype(np.float64) if dtypes.of_array(x).is_floating else x
    items = [converted_one(v, dtype) for v in values.reshape(-1).tolist()]
    return pack(items, dtype, x.shape)


def converted_one(value: Any, dtype: DType) -> Any:
    if dtype.is_bool:
        return value != 0
    if dtype.is_floating:
        return nearest(value, dtype)
    if isinstance(value, float):
        if math.isnan(value):
            return 0
        low, high = (0, 2**64 - 1) if dtype.name == "uint64" else (-(2**63), 2**63 - 1)
        whole_part = low if value < low else high if value > high else int(value)
        return wrapped(whole_part, dtype)
    return value


def nearest(value: Any, dtype: DType) -> float:
    """Round a number once to a floating-point format, halves to even."""
    if isinstance(value, float):
        return value
    import mpmath

    digits = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}[dtype.name]
    with mpmath.workprec(digits):
        return float(+mpmath.mpf(int(value)))


def cast_samples() -> list[Sample]:
    samples = []
    for source in ALL:
        for to in ALL:
            twice = source.kind != "bool" and to.bits == 16 and source.bits > 16
            samples.append(
                Sample(
                    inputs=(extremes(source),), params={"dtype": to}, expected=converted,
                    # To 16 bits by way of float32: two roundings.
                    expected_ulp=int(twice), ulp=int(twice),
                )
            )  # fmt: skip
    for shape in ((), (0,), (7, 13), (100_003,)):
        samples += [
            Sample(inputs=(TensorSpec(shape, a),), params={"dtype": dtypes.as_dtype(b)},
                   expected=converted)
            for a, b in (("float32", "int32"), ("int8", "float64"), ("bool", "float32"),
                         ("float32", "float16"), ("uint8", "bool"))
        ]  # fmt: skip
    for half in HALVES:
        wide = many_patterns(dtypes.float32, 20_000)
        samples.append(
            Sample(inputs=(every_pattern(half),), params={"dtype": dtypes.float32},
                   expected=converted)
        )  # fmt: skip
        samples.append(Sample(inputs=(wide,), params={"dtype": half}, expected=converted))
    samples.append(Sample(inputs=(centred(3, 4),), params={"dtype": dtypes.float64}, gradient=(0,)))
    return samples


# --- errors ---------------------------------------------------------------------------------------


def mixed(name: str) -> ErrorSample:
    return ErrorSample(
        inputs=(np.float32([1, 2]), np.int32([1, 2])),
        message=rf"{name}: all operands must have one dtype, received f32\[2\] and i32\[2\]; "
        r"convert with ft\.cast",
        exception=DTypeError,
    )


def unfit(name: str, *arrays: np.ndarray) -> ErrorSample:
    return ErrorSample(
        inputs=arrays,
        message=rf"{name}: expected [a-z -]+ operands, received "
        + " and ".join(rf"\w+\[{len(a)}\]" for a in arrays),
        exception=DTypeError,
    )


def unstretched(name: str, dtype: str) -> ErrorSample:
    return ErrorSample(
        inputs=(TensorSpec([2, 3], dtype), TensorSpec([4], dtype)),
        message=rf"{name}: shapes \[2,3\] and \[4\] do not broadcast: sizes 3 and 4 differ and "
        "neither is 1",
    )


BOOLS = np.array([True, False])
ERRORS: dict[str, list[ErrorSample]] = {
    **{n: [mixed(n), unfit(n, BOOLS, BOOLS), unstretched(n, "float32")] for n in ARITHMETIC},
    **{n: [mixed(n), unstretched(n, "float32")] for n in DISCRETE if n not in {"invert"}
       and not n.startswith(("bit", "right"))},
    **{n: [mixed(n), unfit(n, np.float32([1]), np.float32([1])), unstretched(n, "int8")]
       for n in DISCRETE if n.startswith(("bit", "right"))},
    **{n: [unfit(n, np.int32([1, 2]))] for n in (*FUNCTIONS, "floor", "ceil", "round")},
    **{n: [unfit(n, BOOLS)] for n in ("negative", "abs", "sign", "relu")},
    "invert": [unfit("invert", np.float32([1]))],
    "select": [
        ErrorSample(
            inputs=(np.int32([1]), np.float32([1]), np.float32([2])),
            message=r"where: the condition must be bool, received i32\[1\]", exception=DTypeError,
        ),
        ErrorSample(
            inputs=(BOOLS, np.float32([1]), np.int32([2])), exception=DTypeError,
            message=r"where: both values must have one dtype, received f32\[1\] and i32\[1\]",
        ),
        ErrorSample(
            inputs=(BOOLS, TensorSpec([2, 3]), TensorSpec([4])),
            message=r"where: shapes \[2\] and \[2,3\] and \[4\] do not broadcast: sizes \d and \d "
            "differ and neither is 1",
        ),
    ],
    "cast": [
        ErrorSample(
            inputs=(np.array([b"text"], object),), params={"dtype": dtypes.int32},
            message=r"cast: cannot convert str\[1\] to int32.*", exception=UnimplementedError,
        ),
    ],
}  # fmt: skip


class TestElementwise(PrimitiveSuite):
    samples = {
        **ARITHMETIC,
        **DISCRETE,
        **FUNCTIONS,
        **STEPS,
        "select": select_samples(),
        "cast": cast_samples(),
    }
    errors = ERRORS


def test_every_elementwise_primitive_refuses_something() -> None:
    silent = {n for n in TestElementwise.samples if n not in ERRORS}
    assert silent == {"stop_gradient"}
    assert set(TestElementwise.samples) <= set(PRIMITIVES)
