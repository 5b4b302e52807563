"""Samples of the reductions: their definitions are Python loops over the elements."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.oracles import pack
from freshet.testing.samples import extremes

ALL = list(dtypes.COMPILED)
NUMBERS = [d for d in ALL if d.is_numeric]
INTEGERS = [d for d in ALL if d.is_integer]
Axes = tuple[int, ...]


def reduced(function: Callable[[list[Any]], Any]) -> Callable[..., np.ndarray]:
    """Return an expectation: a function of the list of the elements that become one."""

    def expected(x: np.ndarray, axes: Axes) -> np.ndarray:
        kind = dtypes.of_array(x)
        kept = [d for d in range(x.ndim) if d not in axes]
        rows = np.transpose(x, (*kept, *axes)).astype(np.float64 if kind.is_floating else x.dtype)
        shape = tuple(x.shape[d] for d in kept)
        flat = rows.reshape(math.prod(shape), -1 if rows.size else 0).tolist()
        return pack((function(row) for row in flat), kind, shape)

    return expected


def largest(row: list[Any]) -> Any:
    return math.nan if any(v != v for v in row) else max(row)


def smallest(row: list[Any]) -> Any:
    return math.nan if any(v != v for v in row) else min(row)


def first_best(better: Callable[[Any, Any], bool]) -> Callable[..., np.ndarray]:
    """Return an expectation for positions: the first NaN, else the first of the best."""

    def expected(x: np.ndarray, axis: int, dtype: DType) -> np.ndarray:
        rows = np.moveaxis(x, axis, -1)
        values = rows.astype(np.float64) if dtypes.of_array(x).is_floating else rows
        result = np.zeros(rows.shape[:-1], dtype.as_numpy_dtype)
        for place in itertools.product(*map(range, rows.shape[:-1])):
            row = values[place].tolist()
            best = 0
            for i, v in enumerate(row):
                if row[best] == row[best] and (v != v or better(v, row[best])):
                    best = i
            result[place] = best
        return result

    return expected


def extremes_block(dtype: DType) -> np.ndarray:
    """Return [3, n]: the extremes in three orders."""
    values = extremes(dtype)
    return np.stack([values, values[::-1], np.roll(values, 5)])


def whole_numbers(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Return small whole numbers, whose sums are exact in any order."""
    return np.random.default_rng(5).integers(-8, 9, shape).astype(dtype)


SHAPES: tuple[tuple[tuple[int, ...], Axes], ...] = (
    ((), ()), ((1,), (0,)), ((7,), (0,)), ((7, 13), (0,)), ((7, 13), (1,)), ((7, 13), (0, 1)),
    ((3, 1, 5), (1,)), ((2, 3, 4, 5), (0, 2)), ((2, 3, 4, 5), (1, 3)), ((2, 3, 4, 5), (0, 3)),
    ((17, 33), (1,)), ((33, 17), (0,)), ((1000, 37), (0,)), ((1000, 37), (1,)),
    ((1000, 37), (0, 1)), ((3, 40_000), (1,)), ((40_000, 3), (0,)), ((100_000,), (0,)),
    ((100_003,), (0,)), ((64, 33, 30), (0, 2)), ((64, 33, 30), (1,)),
)  # fmt: skip
"""Rows and columns, odd sizes, sums long enough to be cut among threads, and prime ones."""
EMPTY: tuple[tuple[tuple[int, ...], Axes], ...] = (
    ((0,), (0,)), ((0, 3), (0,)), ((0, 3), (1,)), ((3, 0), (1,)),
)  # fmt: skip


def over_shapes(expected: Any, make: Callable[..., np.ndarray], **options: Any) -> list[Sample]:
    """Return a sample per shape; the small ones are differentiated, too."""
    return [
        Sample(inputs=(make(*shape),), params={"axes": axes}, expected=expected, **options)
        for shape, axes in SHAPES
    ]


def over_dtypes(expected: Any, kinds: Iterable[DType], **options: Any) -> list[Sample]:
    return [
        Sample(inputs=(extremes_block(d),), params={"axes": axes}, expected=expected, **options)
        for d in kinds
        for axes in ((0,), (1,))
    ]


def random_numbers(*shape: int) -> np.ndarray:
    return np.asarray(np.random.default_rng(6).standard_normal(shape)).astype(np.float32)


def sum_slack(x: np.ndarray, axes: Axes) -> Any:
    """Four standard deviations of what rounding does to n additions in any order."""
    precision = 2.0**-53 if x.dtype == np.float64 else 2.0**-24
    size = np.sum(np.abs(x.astype(np.float64)), axis=axes)
    return 4 * math.sqrt(math.prod(x.shape[a] for a in axes)) * precision * size


def product_slack(x: np.ndarray, axes: Axes) -> Any:
    """Each of n multiplications rounds once."""
    count = math.prod(x.shape[a] for a in axes)
    return count * 2.0**-24 * np.abs(np.prod(x.astype(np.float64), axis=axes))


def exact_sum(row: list[Any]) -> Any:
    return math.fsum(row) if row and isinstance(row[0], float) else sum(row)


def near_one(*shape: int) -> np.ndarray:
    """Numbers whose product neither overflows nor underflows."""
    size = math.prod(shape)
    values = np.exp(np.random.default_rng(8).uniform(-1, 1, shape) / max(math.sqrt(size), 1))
    return np.asarray(values).astype(np.float32)


def powers_of_two(*shape: int) -> np.ndarray:
    """1, seldom 2 and 1/2, of either sign: their products are exact."""
    choices = np.float32([1] * 36 + [-1, -1, 2, 0.5])
    picked = np.random.default_rng(9).integers(0, 40, shape)
    return np.asarray(choices[picked])


SMALL = (((3, 4), (0,)), ((3, 4), (1,)), ((2, 3, 2), (0, 2)), ((5,), (0,)))
DISTINCT = np.float32([[1.0, -2.0, 7.0, 3.5], [4.0, 9.0, -1.0, 0.5], [2.0, 5.0, 6.0, -3.0]])
"""No two elements that matter are close, so extremes are smooth."""


def differentiated(make: Callable[..., np.ndarray]) -> list[Sample]:
    return [
        Sample(inputs=(make(*shape),), params={"axes": axes}, gradient=(0,), second=True,
               ulp=2, slack=1e-6)
        for shape, axes in SMALL
    ]  # fmt: skip


HALVES = ("float16", "bfloat16")
SUMS = {
    "reduce_sum": [
        *over_shapes(reduced(exact_sum), whole_numbers),
        *over_dtypes(reduced(sum), INTEGERS),
        *(Sample(inputs=(TensorSpec(s, d),), params={"axes": axes}, expected=reduced(exact_sum),
                 expected_ulp=1, expected_slack=sum_slack, ulp=1, slack=sum_slack)
          for s, axes in (((1000, 37), (0,)), ((1000, 37), (1,)), ((100_000,), (0,)))
          for d in ("float32", "float64", *HALVES)),
        *(Sample(inputs=(np.full(s, 60_000, np.float16) * np.float16(sign),), label="overflow",
                 params={"axes": (0,)}, expected=reduced(exact_sum))
          for s, sign in (((3,), 1), ((40_000,), -1))),
        *(Sample(inputs=(TensorSpec(s),), params={"axes": axes}, expected=reduced(exact_sum))
          for s, axes in EMPTY),
        *differentiated(random_numbers),
    ],
    "reduce_prod": [
        *over_shapes(reduced(math.prod), powers_of_two),
        *over_dtypes(reduced(math.prod), INTEGERS),
        *(Sample(inputs=(near_one(*s).astype(d),), params={"axes": axes},
                 expected=reduced(math.prod), expected_ulp=1, expected_slack=product_slack,
                 ulp=1, slack=product_slack)
          for s, axes in (((1000, 37), (0,)), ((1000, 37), (1,)), ((100_000,), (0,)))
          for d in ("float32", *HALVES)),
        *(Sample(inputs=(TensorSpec(s),), params={"axes": axes}, expected=reduced(math.prod))
          for s, axes in EMPTY),
        *differentiated(random_numbers),
        *(Sample(inputs=(np.float32(rows),), params={"axes": (1,)}, gradient=(0,), label="zeros")
          for rows in ([[2, 0, 3], [1, 4, 5]], [[0, 0, 3], [0, 2, 7]])),
    ],
    "reduce_max": [
        *over_shapes(reduced(largest), whole_numbers, signed_zeros=False),
        *over_dtypes(reduced(largest), NUMBERS, signed_zeros=False),
        *(Sample(inputs=(TensorSpec(s),), params={"axes": axes},
                 expected=reduced(lambda row: max(row, default=-math.inf))) for s, axes in EMPTY),
        *(Sample(inputs=(TensorSpec([0, 2], d.name),), params={"axes": (0,)},
                 expected=reduced(lambda row, d=d: d.min)) for d in INTEGERS),
        *(Sample(inputs=(DISTINCT,), params={"axes": axes}, expected=reduced(largest),
                 gradient=(0,)) for axes in ((0,), (1,), (0, 1))),
    ],
    "reduce_min": [
        *over_shapes(reduced(smallest), whole_numbers, signed_zeros=False),
        *over_dtypes(reduced(smallest), NUMBERS, signed_zeros=False),
        *(Sample(inputs=(TensorSpec(s),), params={"axes": axes},
                 expected=reduced(lambda row: min(row, default=math.inf))) for s, axes in EMPTY),
        *(Sample(inputs=(TensorSpec([0, 2], d.name),), params={"axes": (0,)},
                 expected=reduced(lambda row, d=d: d.max)) for d in INTEGERS),
        *(Sample(inputs=(DISTINCT,), params={"axes": axes}, expected=reduced(smallest),
                 gradient=(0,)) for axes in ((0,), (1,), (0, 1))),
    ],
    **{
        name: [
            Sample(inputs=(np.random.default_rng(4).random(shape) < share,), params={"axes": axes},
                   expected=reduced(function))
            for shape, axes in (*SHAPES, *EMPTY)
            for share in ((0.001, 0.999) if math.prod(shape) > 1000 else (0.7,))
        ]
        for name, function in (("reduce_all", all), ("reduce_any", any))
    },
}  # fmt: skip


def positions(better: Callable[[Any, Any], bool]) -> list[Sample]:
    expected = first_best(better)
    samples = [
        Sample(inputs=(extremes_block(d),), params={"axis": axis, "dtype": dtypes.int64},
               expected=expected)
        for d in ALL for axis in (0, 1)
    ]  # fmt: skip
    samples += [
        Sample(inputs=(make(*shape),), params={"axis": axis, "dtype": dtype}, expected=expected)
        for shape, axis, dtype in (
            ((1,), 0, dtypes.int32), ((7, 13), 0, dtypes.int32), ((7, 13), 1, dtypes.int64),
            ((2, 3, 4), 1, dtypes.int64), ((33, 1000), 1, dtypes.int32),
            ((1000, 37), 0, dtypes.int64), ((100_003,), 0, dtypes.int32),
            ((5, 0), 0, dtypes.int64), ((17, 33, 5), 1, dtypes.uint8),
        )
        for make in (whole_numbers, random_numbers)  # many equal elements; none equal
    ]  # fmt: skip
    same = [np.full((5, 40), v, d) for v, d in (
        (-np.inf, "float32"), (np.inf, "float64"), (np.nan, "float32"), (-128, "int8"),
        (255, "uint8"), (0.0, "float16"), (True, "bool"), (False, "bool"),
    )]  # fmt: skip
    samples += [
        Sample(inputs=(x,), params={"axis": axis, "dtype": dtypes.int64}, expected=expected,
               label="all equal")
        for x in same for axis in (0, 1)
    ]  # fmt: skip
    late = np.zeros((4, 100), np.float32)
    late[0, 70], late[1, [50, 99]], late[2, 3] = np.nan, np.nan, -np.inf
    samples.append(
        Sample(inputs=(late,), params={"axis": 1, "dtype": dtypes.int64}, expected=expected)
    )
    return samples


POSITIONS = {
    "argmax": positions(lambda v, best: v > best),
    "argmin": positions(lambda v, best: v < best),
}

ERRORS = {
    **{
        name: [
            ErrorSample(inputs=(np.array([[True]]),), params={"axes": (0,)},
                        message=rf"{name}: cannot reduce bool\[1,1\]", exception=DTypeError)
        ]
        for name in ("reduce_sum", "reduce_prod", "reduce_max", "reduce_min")
    },
    **{
        name: [
            ErrorSample(inputs=(TensorSpec([2, 3]),), params={"axes": (0,)},
                        message=rf"{name}: cannot reduce f32\[2,3\]", exception=DTypeError)
        ]
        for name in ("reduce_all", "reduce_any")
    },
    **{
        name: [
            ErrorSample(inputs=(TensorSpec([3, 0]),), params={"axis": 1, "dtype": dtypes.int64},
                        message=rf"{name}: axis 1 of f32\[3,0\] has no elements"),
            ErrorSample(inputs=(np.array([b"x"], object),), exception=DTypeError,
                        params={"axis": 0, "dtype": dtypes.int64},
                        message=rf"{name}: cannot compare the elements of str\[1\]"),
        ]
        for name in ("argmax", "argmin")
    },
}  # fmt: skip


class TestReduction(PrimitiveSuite):
    samples = {**SUMS, **POSITIONS}
    errors = ERRORS


def test_gradient_of_a_tied_maximum_is_shared_equally() -> None:
    import freshet as ft

    x = ft.constant([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.reduce_max(x, 1)
    third = np.float32(1) / np.float32(3)
    expected = [[0, 0.5, 0.5], [third, third, third]]
    assert tape.gradient(y, x).numpy().tolist() == np.float32(expected).tolist()
