"""Sums, products, quotients and powers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from database.families import of_one, of_two
from database.record import (
    Case,
    Operation,
    case,
    complexes,
    error,
    integers,
    normal,
    strings,
    uniform,
)

C128 = np.complex128


def pairs(*, ints: bool = True, complex_too: bool = True) -> Sequence[Case]:
    """Return operands of two-operand arithmetic, none of them 0."""
    cases = [
        case(normal(), normal()), case(normal(0), normal(0)), case(normal(3, 1), normal(4)),
        case(normal(2, 3, 1), normal(3, 5)), case(normal(5, dtype="f8"), normal(5, dtype="f8")),
        case(normal(5, dtype="f2"), normal(5, dtype="f2", seed=1)),
        case(normal(4), 2.5), case(1.5, normal(4)),
        case(np.float32([np.inf, -np.inf, np.nan, 1]), np.float32([np.inf, 2, 3, np.nan])),
    ]  # fmt: skip
    if ints:
        cases += [
            case(integers(3, 4, low=1), integers(4, low=1, seed=1)),
            case(integers(4, dtype="i8", low=1, high=100), integers(4, dtype="i8", low=1, high=9)),
            case(integers(4, dtype="i8"), integers(4, dtype="i8", low=-9, high=-1)),
            case(integers(4, dtype="u8", low=0), integers(4, dtype="u1", low=1).astype("u8")),
        ]
    if complex_too:
        cases += [
            case(complexes(3), complexes(3, seed=1)),
            case(complexes(2, 1, dtype=C128), complexes(2, dtype=C128, seed=1)),
            case(complexes(3), 2.0),
        ]
    return cases


def smooth(complex_too: bool = True) -> Sequence[Case]:
    """Return operands away from 0 and from each other."""
    left = uniform(3, 1, low=0.5, high=0.9, dtype="f8")
    right = uniform(2, low=1.1, high=2.0, dtype="f8")
    more = [case(complexes(2, 1, dtype=C128) + 2, complexes(2, dtype=C128, seed=1) + 3)]
    return [case(left, right), *(more if complex_too else [])]


def _divided(x: Any, y: Any) -> Any:
    a = np.asarray(x)
    if a.dtype.kind in "iu":
        kind = np.float32 if a.dtype.itemsize <= 2 else np.float64
        return a.astype(kind) / np.asarray(y).astype(kind)
    return x / np.asarray(y, a.dtype) if isinstance(x, np.ndarray) else np.asarray(x, y.dtype) / y


def _no_nan(x: Any, y: Any) -> Any:
    with np.errstate(all="ignore"):
        found = _divided(x, y)
    return np.where(np.asarray(y) == 0, found.dtype.type(0), found)


def _unless_zero(function: Any) -> Any:
    def reference(x: Any, y: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.where(x == 0, x.dtype.type(0), function(x, y)).astype(x.dtype)

    return reference


def _modulo(x: Any, y: Any) -> Any:
    return np.mod(x, y)


def _truncated(x: Any, y: Any) -> Any:
    return np.trunc(x / y).astype(np.asarray(x).dtype)


def _sum(inputs: Any, *args: Any, **kwargs: Any) -> Any:
    return sum(inputs[1:], inputs[0])


def _saturated(value: Any, dtype: str) -> Any:
    to = np.dtype(dtype)
    if to.kind == "c":
        part = np.zeros(0, to).real.dtype.name
        value = value.astype(np.promote_types(value.dtype, "c8"))
        return (_saturated(value.real, part) + 1j * _saturated(value.imag, part)).astype(to)
    value = value.real
    limits = np.iinfo(to) if to.kind in "iu" else np.finfo(to)
    if value.dtype.kind in "iu":
        return np.array([min(max(int(v), int(limits.min)), int(limits.max)) for v in value], to)
    low, high = (_within(limit, value.dtype) for limit in (limits.min, limits.max))
    return np.clip(value, low, high).astype(to)


def _within(limit: Any, dtype: Any) -> Any:
    """Return the number of a floating-point dtype that is closest to a limit and not beyond it."""
    with np.errstate(over="ignore"):
        found = np.asarray(limit).astype(dtype)
    beyond = np.isinf(found) or abs(int(found)) > abs(int(limit))
    return np.nextafter(found, dtype.type(0)) if beyond else found


def _horner(coeffs: Any, x: Any) -> Any:
    total = np.asarray(coeffs[0] if coeffs else x * 0, x.dtype)
    for c in coeffs[1:]:
        total = total * x + c
    return total.astype(x.dtype)


ZEROS = np.float32([0.0, 1.0, 0.0, -2.0])
MANY = np.float32([np.nan, 3.0, np.inf, 0.0])
QUOTIENTS = [
    case(integers(3, 4), integers(4, low=1)),
    case(integers(5, dtype="i8"), np.int64([-3, 2, 5, -1, 4])),
    case(normal(3, 2), uniform(2, low=0.5)),
    case(np.float64([7, -7, 7, -7]), np.float64([3, 3, -3, -3])),
    case(integers(4, dtype="u1", low=0), np.uint8([1, 2, 3, 4])), case(np.int32(7), 2),
    case(np.int32([]), np.int32([])),
]  # fmt: skip
BY_ZERO = [
    error("InvalidArgumentError", np.int32([1, 2]), np.int32([0, 1]), message="division by zero"),
    error("InvalidArgumentError", np.int32([1, 2]), np.float32([1, 2])),
]
ANALYTIC_ONLY = [
    error("InvalidArgumentError", np.int32([1]), np.int32([2]), message="floating-point"),
    error("InvalidArgumentError", np.float32([1, 2]), np.float32([1, 2, 3]), message="broadcast"),
]

OPERATIONS = [
    of_two("math.add", np.add, pairs(), gradient=smooth()),
    of_two("math.subtract", np.subtract, pairs(), gradient=smooth()),
    of_two("math.multiply", np.multiply, pairs(), gradient=smooth()),
    of_two("math.divide", _divided, pairs(), gradient=smooth(), errors=[
        error("InvalidArgumentError", np.float32([1]), np.float64([1]), message="divide"),
        error("TypeError", np.array([True]), np.array([True]), message="divide"),
    ]),
    of_two("math.truediv", _divided, pairs(), gradient=smooth(), errors=[
        error("TypeError", np.array([True]), np.array([True]), message="divide"),
    ]),
    of_two("math.divide_no_nan", _no_nan,
           [*pairs(ints=False), case(np.float32([1, 2, 0]), np.float32([0, 4, 0])),
            case(np.int32([3, 4]), np.int32([0, 3]))], gradient=smooth()),
    of_two("math.floordiv", np.floor_divide, QUOTIENTS, errors=BY_ZERO,
           no_gradient="it has steps"),
    of_two("math.floormod", _modulo, QUOTIENTS, errors=BY_ZERO,
           gradient=[case(np.float64([5.3, -7.2]), np.float64([2.0, 3.0]))]),
    of_two("math.mod", _modulo, QUOTIENTS[:2], errors=BY_ZERO[:1]),
    of_two("truncatediv", _truncated, QUOTIENTS[:-2], errors=BY_ZERO[1:],
           no_gradient="it has steps"),
    of_two("truncatemod", np.fmod, [*QUOTIENTS[:4], *QUOTIENTS[5:]], errors=BY_ZERO[1:],
           gradient=[case(np.float64([5.3, -7.2]), np.float64([2.0, 3.0]))],
           ),
    of_two("math.maximum", np.maximum, pairs(complex_too=False), gradient=smooth(False),
           errors=[error("InvalidArgumentError", np.complex64([1]), np.complex64([1]))]),
    of_two("math.minimum", np.minimum, pairs(complex_too=False), gradient=smooth(False),
           errors=[error("InvalidArgumentError", np.complex64([1]), np.complex64([1]))]),
    of_two("math.squared_difference", lambda x, y: np.conj(x - y) * (x - y),
           [c for c in pairs() if np.asarray(c.args[0]).dtype != np.uint64], gradient=smooth()),
    of_two(
        "math.pow", np.power,
        [
            case(uniform(), normal()), case(uniform(0), uniform(0)), case(uniform(3, 1), normal(4)),
            case(uniform(5, dtype="f8"), normal(5, dtype="f8")), case(normal(4), 2.0),
            case(np.float32([-2, -2, 0, 0, 0, np.inf]), np.float32([3, 0.5, 0, 2, -1, -1])),
            case(integers(4), 3), case(integers(4), 0), case(integers(4), integers(4, low=0)),
            case(np.int8([3, 5]), np.int8([7, 9])), case(np.int64([3, -7]), np.int64([30, 21])),
            case(complexes(3), complexes(3, seed=1)), case(complexes(3), 2.0),
        ],
        gradient=smooth(),
        errors=[error("InvalidArgumentError", np.int32([2]), np.int32([-1]), message="negative")],
        tolerance={"complex64": 5e-6},
    ),
    of_two("math.multiply_no_nan", lambda x, y: _unless_zero(np.multiply)(y, x),
           [case(MANY, ZEROS), case(normal(3, 1), normal(2)), case(complexes(3), complexes(3)),
            case(normal(0), normal(0))], errors=ANALYTIC_ONLY,
           gradient=[*smooth(), case(normal(3, dtype="f8"), np.zeros(3))]),
    of_two("math.xdivy", _unless_zero(np.divide),
           [case(ZEROS, MANY), case(normal(3, 1), uniform(2)), case(complexes(3), complexes(3)),
            case(normal(0), normal(0))], errors=ANALYTIC_ONLY, gradient=smooth()),
    of_two("math.xlogy", _unless_zero(lambda x, y: x * np.log(y)),
           [case(ZEROS, MANY), case(normal(3, 1), uniform(2)), case(complexes(3), complexes(3)),
            case(normal(0), normal(0))], errors=ANALYTIC_ONLY, gradient=smooth()),
    of_two("math.xlog1py", _unless_zero(lambda x, y: x * np.log1p(y)),
           [case(ZEROS, MANY), case(normal(3, 1), uniform(2)), case(complexes(3), complexes(3)),
            case(normal(0), normal(0))], errors=ANALYTIC_ONLY, gradient=smooth()),
    of_two(
        "math.nextafter", np.nextafter,
        [case(normal(3, 1), normal(2)), case(normal(3, dtype="f8"), normal(3, dtype="f8", seed=2)),
         case(np.float32([0, 1, np.inf, np.nan, 1]), np.float32([1, 1, 0, 1, np.nan]))],
        errors=[error("InvalidArgumentError", np.int32([1]), np.int32([2]), message="nextafter")],
        no_gradient="its steps are smaller than the differences that check gradients",
    ),
    of_one("math.reciprocal", lambda x: 1 / x, low=0.5, complex_too=True,
           errors=[error("InvalidArgumentError", np.array([True]), message="bool")]),
    of_one("math.reciprocal_no_nan", lambda x: np.where(x == 0, 0, 1 / np.where(x == 0, 1, x)),
           low=0.5, complex_too=True),
    of_one("math.square", np.square, complex_too=True,
           errors=[error("InvalidArgumentError", np.array([True]), message="bool")]),
    of_one("math.negative", np.negative, complex_too=True,
           errors=[error("InvalidArgumentError", np.array([True]), message="bool")]),
    Operation(
        name="add_n", reference=_sum,
        cases=[case([normal(3), normal(3, seed=1), normal(3, seed=2)]), case([integers(2, 2)]),
               case([complexes(2), complexes(2, seed=1)]), case([normal(), normal(seed=1)]),
               case(normal(3, 2))],
        gradient=[case([normal(2, dtype="f8"), normal(2, dtype="f8", seed=1)])],
        errors=[error("InvalidArgumentError", [normal(2), normal(3)], message="one shape"),
                error("InvalidArgumentError", [strings("a")] * 2, message="add_n: .*numbers"),
                error("ValueError", [], message="received none")],
    ),
    Operation(
        name="math.accumulate_n", reference=_sum,
        cases=[case([normal(3), normal(3, seed=1)]), case([integers(2, 2)] * 2, shape=[2, 2])],
        gradient=[case([normal(2, dtype="f8"), normal(2, dtype="f8", seed=1)])],
        errors=[error("ValueError", [], message="received none")],
    ),
    Operation(
        name="math.scalar_mul", reference=lambda scalar, x: np.asarray(scalar, x.dtype) * x,
        cases=[case(2, normal(3)), case(normal(), normal(2, 2)), case(3, integers(3))],
        gradient=[case(np.float64(1.5), normal(3, dtype="f8"))],
        errors=[error("ValueError", normal(1), normal(2), message="rank 0")],
    ),
    Operation(
        name="math.polyval", reference=_horner,
        cases=[case([1.0, 2.0, 3.0], normal(3)), case([normal(3), normal(3, seed=1)], normal(3)),
               case([], normal(3)), case([2.0], normal(2, 2)), case([1, 2], integers(3))],
        gradient=[case([normal(2, dtype="f8"), normal(2, dtype="f8", seed=1)],
                       normal(2, dtype="f8", seed=2))],
        errors=[error("ValueError", normal(3), normal(3), message="list")],
    ),
    Operation(
        name="saturate_cast", reference=_saturated,
        cases=[case(np.float32([-1.0, 300.0, 3.7]), "uint8"), case(np.int32([-1, 300, 3]), "uint8"),
               case(np.float32([1e30, -1e30]), "int32"), case(np.int64([-5, 5]), "uint64"),
               case(normal(3, dtype="f8"), "float32"), case(np.float64([1e300]), "float32"),
               case(np.complex64([300 + 2j, -1]), "uint8"), case(normal(2), "complex64"),
               case(np.complex128([1e300 - 1e300j, 1j]), "complex64")],
        gradient=[case(normal(3, dtype="f8"), "float64"),
                  case(complexes(2, dtype=np.complex128), "complex128")],
        errors=[error("TypeError", np.array([True]), "uint8", message="saturate_cast: .*bool")],
        differs="TensorFlow clips to a bound that int64 cannot hold", differs_in=[3],
    ),
]  # fmt: skip
