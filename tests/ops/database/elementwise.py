"""Exponentials, logarithms, roots, rounding, comparisons, logic, choice and casts."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.families import BOOLS, EXTREMES, in_double, of_one, of_two
from database.families import special as sp
from database.record import (
    Operation,
    booleans,
    case,
    complexes,
    error,
    integers,
    normal,
    strings,
    uniform,
)

HALVES = np.float32([0.5, 1.5, 2.5, -0.5, -1.5, 1e10, np.inf, -np.inf, np.nan])
STEPS = "it is constant between its steps"
TRUTH = "truth values do not vary smoothly"


def _rounding(name: str, function: Any, wide: str = "f2") -> Operation:
    return Operation(
        name=name, reference=function, no_gradient=STEPS,
        cases=[case(HALVES), case(normal()), case(normal(0)), case(normal(2, 3, dtype="f8") * 9),
               case(normal(5, dtype=wide) * 9)],
        errors=[error("InvalidArgumentError", np.complex64([1]), message="complex|c64")],
    )  # fmt: skip


def _comparison(name: str, function: Any, *, order: bool = True) -> Operation:
    short = name.rpartition(".")[2]
    cases = [
        case(normal(), normal()), case(integers(3, 1), integers(4)), case(normal(0), normal(0)),
        case(EXTREMES[:, None], EXTREMES), case(integers(4), 2), case(2.0, normal(3, dtype="f8")),
        case(integers(5, dtype="u1", low=0), integers(5, dtype="u1", low=0, seed=1)),
        case(normal(5, dtype="f2"), normal(5, dtype="f2", seed=1)),
        case(integers(4, dtype="i8"), np.int64([-1, 2**40, 3, -9])),
    ]  # fmt: skip
    if not order:
        cases += [
            case(booleans(4), booleans(4, seed=1)), case(complexes(3), complexes(3)),
            case(complexes(3), complexes(3, seed=1)), case(strings("a", "b"), strings("a", "c")),
        ]  # fmt: skip
    refused = [error("InvalidArgumentError", np.int32([1]), np.float32([1]), message=short)]
    if order:
        refused.append(error("InvalidArgumentError", BOOLS, BOOLS, message=short))
    return Operation(name=name, reference=function, cases=cases, errors=refused, no_gradient=TRUTH)


def _logic(name: str, function: Any) -> Operation:
    return Operation(
        name=name, reference=function,
        cases=[case(booleans(), booleans(seed=1)), case(booleans(4), booleans(4, seed=1)),
               case(booleans(3, 1), booleans(2)), case(booleans(0), booleans(0)),
               case(booleans(3), True), case([], []), case([True, False], True)],
        errors=[error("InvalidArgumentError", np.float32([1]), np.float32([1]), message="bool")],
    )  # fmt: skip


def _tested(name: str, function: Any) -> Operation:
    return Operation(
        name=name, reference=function, no_gradient=TRUTH,
        cases=[case(EXTREMES), case(EXTREMES.astype("f8")),
               case(np.float16([1, np.inf, -np.inf, np.nan])),
               case(normal()), case(normal(0)), case(normal(2, 3))],
        errors=[error("InvalidArgumentError", np.int32([1]), message=name.rpartition(".")[2])],
    )  # fmt: skip


def _absolute(x: Any) -> Any:
    return np.abs(x)


def _signs(x: Any) -> Any:
    if x.dtype.kind == "c":
        size = np.abs(x)
        return np.where(size == 0, 0, x / np.where(size == 0, 1, size)).astype(x.dtype)
    return np.sign(x)


def _cast(x: Any, dtype: str) -> Any:
    x = x.real if x.dtype.kind == "c" and not dtype.startswith("complex") else x
    return x.astype(dtype)


_KINKED = np.float64([[-2.2, -0.7, 0.4], [1.3, 2.8, 3.4]])
_PLAIN = [case(normal(2, 3)), case(integers(3)), case(integers(3, dtype="i8")), case(normal()),
          case(normal(0)), case(normal(3, dtype="f8")), case(EXTREMES)]  # fmt: skip
_AWAY = complexes(3, dtype=np.complex128, seed=2) + (2 + 1j)

OPERATIONS = [
    of_one("math.exp", np.exp, complex_too=True),
    of_one("math.expm1", np.expm1, complex_too=True),
    of_one("math.log", np.log, low=0.2, high=3.0, complex_too=True),
    of_one("math.log1p", np.log1p, low=-0.5, high=3.0, complex_too=True),
    of_one("math.sqrt", np.sqrt, low=0.2, high=3.0, complex_too=True),
    of_one("math.rsqrt", lambda x: 1 / np.sqrt(x), low=0.2, high=3.0, complex_too=True,
           extremes=False, more=[case(np.float32([0.0, np.inf, -1.0, np.nan, 4.0]))]),
    of_one("math.sigmoid", lambda x: 1 / (1 + np.exp(-x)), complex_too=True,
           more=[case(np.float32([-90.0, 90.0]))]),
    of_one("math.log_sigmoid", lambda x: -np.logaddexp(0, -x)),
    of_one("math.softplus", lambda x: np.logaddexp(0, x)),
    of_one("math.erf", sp("erf")),
    _rounding("math.floor", np.floor),
    _rounding("math.ceil", np.ceil),
    _rounding("math.rint", np.rint, "f8"),
    Operation(
        name="math.round", reference=np.round, no_gradient=STEPS,
        cases=[case(HALVES), case(normal()), case(normal(2, 3, dtype="f8") * 9), case(integers(3))],
    ),
    Operation(
        name="math.abs", reference=_absolute,
        cases=[*_PLAIN, case(complexes(3)), case(complexes(2, 2, dtype=np.complex128)),
               case(np.complex64([0, 3 + 4j]))],
        gradient=[case(_KINKED), case(_AWAY)],
        errors=[error("InvalidArgumentError", BOOLS, message="abs: .*bool")],
    ),
    Operation(
        name="math.sign", reference=_signs, second=False,
        cases=[*_PLAIN, case(complexes(3)), case(np.complex64([0, 3 + 4j]))],
        gradient=[case(_KINKED)],
        errors=[error("InvalidArgumentError", BOOLS, message="sign: .*bool")],
    ),
    _comparison("math.less", np.less),
    _comparison("math.less_equal", np.less_equal),
    _comparison("math.greater", np.greater),
    _comparison("math.greater_equal", np.greater_equal),
    _comparison("math.equal", np.equal, order=False),
    _comparison("math.not_equal", np.not_equal, order=False),
    _logic("math.logical_and", np.logical_and),
    _logic("math.logical_or", np.logical_or),
    _logic("math.logical_xor", np.logical_xor),
    Operation(
        name="math.logical_not", reference=np.logical_not,
        cases=[case(booleans(4)), case(booleans()), case(booleans(0)), case([])],
        errors=[error("InvalidArgumentError", np.int32([1]), message="bool")],
    ),
    _tested("math.is_nan", np.isnan),
    _tested("math.is_inf", np.isinf),
    _tested("math.is_finite", np.isfinite),
    Operation(
        name="cast", reference=_cast,
        cases=[
            case(np.float32([1.8, -1.8, 0]), "int32"), case(integers(3), "float32"),
            case(booleans(3), "float64"), case(normal(3), "bool"), case(normal(2, 2), "float16"),
            case(np.int32([300, -1]), "uint8"), case(normal(), "float64"), case(normal(0), "int64"),
            case(complexes(3), "float32"), case(complexes(3), "complex128"),
            case(normal(3), "complex64"), case(complexes(2), "bool"),
            case(integers(2), "complex64"), case(np.complex64([0, 1j, 1]), "bool"),
        ],
        errors=[error("UnimplementedError", strings("1"), "float32", message="strings.to_number"),
                error("UnimplementedError", integers(2), "string", message="strings.as_string")],
        gradient=[case(normal(3, dtype="f8"), "float64"), case(normal(2, dtype="f8"), "complex128"),
                  case(complexes(2, dtype=np.complex128), "float64")],
    ),
    of_two(
        "clip_by_value", lambda t, low, high: np.maximum(np.minimum(t, high), low),
        [case(normal(5), -0.5, 0.5), case(integers(5), -2, 3), case(normal(2, 3), normal(3), 2.0),
         case(normal(5), 1.0, -1.0), case(normal(0), -1.0, 1.0),
         case(normal(3, dtype="f8"), 0.0, 1.0),
         case(EXTREMES, -2.0, 2.0)],
        gradient=[case(np.float64([-2.0, 0.2, 0.4, 3.0]), -1.0, 1.0)],
        errors=[error("ValueError", normal(3), normal(2, 1), 2.0, message="clip_by_value")],
    ),
    Operation(
        name="stop_gradient", reference=lambda x: x, no_gradient="that is its purpose",
        cases=[case(normal(3)), case(integers(2, 2)), case(complexes(2)), case(normal())],
    ),
    Operation(
        name="math.softsign", reference=in_double(lambda x: x / (1 + np.abs(x))),
        cases=[case(uniform(3)), case(normal()), case(normal(0)), case(normal(3, dtype="f8"))],
        gradient=[case(uniform(3, low=0.5, dtype="f8"))],
        errors=[error("InvalidArgumentError", np.int32([1]))],
    ),
]  # fmt: skip
