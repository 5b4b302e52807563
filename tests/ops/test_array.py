"""Samples of the primitives that move elements: their definitions are loops over positions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.samples import extremes

ALL = list(dtypes.COMPILED)
Place = tuple[int, ...]


def moved(rule: Callable[..., tuple[Place, Callable[[Place], Place | None], Any]]) -> Any:
    """Return an expectation: `rule` says the result's shape, where each element is from, the rest.

    ``rule(shape, **params) -> (result's shape, place -> place in the input or None, number)``
    """

    def expected(x: np.ndarray, *operand: np.ndarray, **params: Any) -> np.ndarray:
        if operand:
            params = {**params, "shape": tuple(operand[0].tolist())}
        shape, source, rest = rule(x.shape, **params)
        result = np.full(shape, rest, x.dtype)
        for place in itertools.product(*map(range, shape)):
            found = source(place)
            if found is not None:
                result[place] = x[found]
        return result

    return expected


def transposed(shape: Place, perm: Place) -> Any:
    def source(place: Place) -> Place:
        found = [0] * len(perm)
        for position, axis in zip(place, perm, strict=True):
            found[axis] = position
        return tuple(found)

    return tuple(shape[p] for p in perm), source, 0


def reversed_(shape: Place, axes: Place) -> Any:
    def source(place: Place) -> Place:
        return tuple(shape[d] - 1 - i if d in axes else i for d, i in enumerate(place))

    return shape, source, 0


def stretched(x: np.ndarray, *operand: np.ndarray, shape: Place) -> np.ndarray:
    sizes = operand[0].tolist() if operand else shape
    result = np.zeros(sizes, x.dtype)
    for place in itertools.product(*map(range, sizes)):
        own = place[len(sizes) - x.ndim :]
        result[place] = x[tuple(0 if n == 1 else i for n, i in zip(x.shape, own, strict=True))]
    return result


def sliced(shape: Place, spec: Sequence[Any]) -> Any:
    ranges = [range(n)[slice(*part)] for n, part in zip(shape, spec, strict=True)]

    def source(place: Place) -> Place:
        return tuple(r[i] for r, i in zip(ranges, place, strict=True))

    return tuple(map(len, ranges)), source, 0


def unsliced(_: Place, spec: Sequence[Any], shape: Place) -> Any:
    ranges = [range(n)[slice(*part)] for n, part in zip(shape, spec, strict=True)]

    def source(place: Place) -> Place | None:
        if any(i not in r for r, i in zip(ranges, place, strict=True)):
            return None
        return tuple(r.index(i) for r, i in zip(ranges, place, strict=True))

    return shape, source, 0


def padded(shape: Place, paddings: Sequence[tuple[int, int]], value: float) -> Any:
    def source(place: Place) -> Place | None:
        found = tuple(i - before for i, (before, _) in zip(place, paddings, strict=True))
        inside = all(0 <= i < n for i, n in zip(found, shape, strict=True))
        return found if inside else None

    return tuple(a + n + b for n, (a, b) in zip(shape, paddings, strict=True)), source, value


def expanded(shape: Place, axes: Place) -> Any:
    rest = iter(shape)
    total = [1 if d in axes else next(rest) for d in range(len(shape) + len(axes))]
    return tuple(total), lambda p: tuple(i for d, i in enumerate(p) if d not in axes), 0


def squeezed(shape: Place, axes: Place) -> Any:
    def source(place: Place) -> Place:
        rest = iter(place)
        return tuple(0 if d in axes else next(rest) for d in range(len(shape)))

    return tuple(n for d, n in enumerate(shape) if d not in axes), source, 0


def reshaped(x: np.ndarray, *operand: np.ndarray, shape: Place) -> np.ndarray:
    """The elements in order, dealt out again."""
    sizes = operand[0].tolist() if operand else list(shape)
    if -1 in sizes:
        known = math.prod(s for s in sizes if s != -1)
        sizes[sizes.index(-1)] = x.size // known
    result = np.zeros(sizes, x.dtype)
    places = itertools.product(*map(range, sizes))
    for place, item in zip(places, itertools.product(*map(range, x.shape)), strict=True):
        result[place] = x[item]
    return result


def joined(*xs: np.ndarray, axis: int) -> np.ndarray:
    lists: list[Any] = []
    for x in xs:
        lists += list(np.moveaxis(x, axis, 0))
    return np.moveaxis(np.array(lists, xs[0].dtype).reshape(-1, *_others(xs[0], axis)), 0, axis)


def _others(x: np.ndarray, axis: int) -> Place:
    return tuple(n for d, n in enumerate(x.shape) if d != axis)


def summed_to(x: np.ndarray, *operand: np.ndarray, shape: Place) -> np.ndarray:
    target = tuple(operand[0].tolist()) if operand else shape
    exact = x.dtype if x.dtype.kind in "iu" else np.longdouble
    result = np.zeros(target, exact)
    skip = x.ndim - len(target)
    for place in itertools.product(*map(range, x.shape)):
        at = tuple(0 if n == 1 else i for n, i in zip(target, place[skip:], strict=True))
        result[at] += x[place]
    return result


# --- samples --------------------------------------------------------------------------------------


def every_dtype(expected: Any, **params: Any) -> list[Sample]:
    """Return a sample of each dtype, made of its extremes, [n, 1] for any n."""
    return [Sample(inputs=(extremes(d),), params=params, expected=expected) for d in ALL]


def views(expected: Any, *rows: tuple[Place, dict[str, Any]]) -> list[Sample]:
    """Return a float32 sample per (shape, parameters); small ones are differentiated, too."""
    return [
        Sample(
            inputs=(TensorSpec(shape),), params=params,
            expected=expected if math.prod(shape) < 5000 else None,
            gradient=(0,) if 0 < math.prod(shape) < 200 else (),
        )
        for shape, params in rows
    ]  # fmt: skip


def whole_numbers(*shape: int, dtype: str = "float32") -> np.ndarray:
    """Return small whole numbers, whose sums are exact in any order."""
    return np.random.default_rng(5).integers(-8, 9, shape).astype(dtype)


VIEWS = {
    "reshape": [
        *every_dtype(reshaped, shape=(-1, 1)),
        *views(
            reshaped,
            ((), {"shape": (1, 1)}), ((1,), {"shape": ()}), ((0, 3), {"shape": (5, 0)}),
            ((6,), {"shape": (2, 3)}), ((2, 3, 4), {"shape": (-1,)}), ((4, 6), {"shape": (3, 8)}),
            ((7, 13), {"shape": (13, 7)}), ((2, 1, 6), {"shape": (1, 4, 3)}),
            ((1000, 37), {"shape": (37, -1)}), ((100_003,), {"shape": (1, 100_003, 1)}),
        ),
        Sample(inputs=(TensorSpec([3, 4]), np.int32([2, 6])), params={"shape": (None, None)},
               expected=reshaped, constants=(1,), gradient=(0,)),
    ],
    "expand_dims": [
        *every_dtype(moved(expanded), axes=(0,)),
        *views(
            moved(expanded), ((), {"axes": (0, 1)}), ((3,), {"axes": (1,)}),
            ((7, 13), {"axes": (0, 2, 4)}), ((0, 2), {"axes": (1,)}),
            ((1000, 37), {"axes": (1,)}),
        ),
    ],
    "squeeze": [
        *(Sample(inputs=(extremes(d)[None, :, None],), params={"axes": (0, 2)},
                 expected=moved(squeezed)) for d in ALL),
        *views(
            moved(squeezed), ((1, 1), {"axes": (0, 1)}), ((1, 7, 1, 13), {"axes": (0, 2)}),
            ((3, 1), {"axes": ()}), ((1, 0), {"axes": (0,)}),
        ),
    ],
    "transpose": [
        *(Sample(inputs=(np.stack([extremes(d)] * 3),), params={"perm": (1, 0)},
                 expected=moved(transposed)) for d in ALL),
        *views(
            moved(transposed), ((), {"perm": ()}), ((5,), {"perm": (0,)}),
            ((7, 13), {"perm": (1, 0)}), ((2, 3, 5), {"perm": (2, 0, 1)}),
            ((2, 3, 4, 5), {"perm": (3, 1, 0, 2)}), ((0, 4), {"perm": (1, 0)}),
            ((1, 33, 1, 17), {"perm": (3, 2, 1, 0)}), ((1000, 37), {"perm": (1, 0)}),
            ((33, 17, 65), {"perm": (1, 2, 0)}),
        ),
    ],
    "reverse": [
        *every_dtype(moved(reversed_), axes=(0,)),
        *views(
            moved(reversed_), ((7,), {"axes": ()}), ((7, 13), {"axes": (1,)}),
            ((3, 4, 5), {"axes": (0, 2)}), ((0, 3), {"axes": (0,)}), ((1000, 37), {"axes": (0, 1)}),
        ),
    ],
    "broadcast_to": [
        *(Sample(inputs=(extremes(d),), params={"shape": (3, len(extremes(d)))},
                 expected=stretched) for d in ALL),
        *views(
            stretched, ((), {"shape": (2, 3)}), ((1,), {"shape": (0,)}),
            ((7, 1), {"shape": (7, 13)}), ((1, 5, 1), {"shape": (2, 3, 5, 4)}),
            ((3,), {"shape": (3,)}), ((37,), {"shape": (1000, 37)}), ((1,), {"shape": (100_003,)}),
        ),
        Sample(inputs=(TensorSpec([3, 1]), np.int32([2, 3, 4])), params={"shape": (None,) * 3},
               expected=stretched, constants=(1,), gradient=(0,)),
    ],
    "slice": [
        *every_dtype(moved(sliced), spec=((1, None, None),)),
        *views(
            moved(sliced), ((), {"spec": ()}), ((7,), {"spec": ((None, None, None),)}),
            ((7, 13), {"spec": ((1, 6, 2), (-4, None, None))}),
            ((7, 13), {"spec": ((None, None, -1), (None, None, -3))}),
            ((7, 13), {"spec": ((5, 2, None), (0, 1, None))}),
            ((4, 0), {"spec": ((1, 3, None), (None, None, 2))}),
            ((33,), {"spec": ((-2, 1, -5),)}), ((5,), {"spec": ((-100, 100, None),)}),
            ((1000, 37), {"spec": ((3, -3, 7), (1, None, 2))}),
            ((100_003,), {"spec": ((1, None, 3),)}),
        ),
    ],
    "slice_adjoint": [
        *(Sample(inputs=(extremes(d),), expected=moved(unsliced),
                 params={"spec": ((1, None, 3),), "shape": (3 * len(extremes(d)),)}) for d in ALL),
        *views(
            moved(unsliced), ((3, 4), {"spec": ((1, 6, 2), (-4, None, None)), "shape": (7, 13)}),
            ((7, 5), {"spec": ((None, None, -1), (None, None, -3)), "shape": (7, 13)}),
            ((0, 1), {"spec": ((5, 2, None), (0, 1, None)), "shape": (7, 13)}),
            ((2, 0), {"spec": ((1, 3, None), (None, None, 2)), "shape": (4, 0)}),
            ((1,), {"spec": ((5, 6, None),), "shape": (9,)}),
            ((142, 18), {"spec": ((3, -3, 7), (1, None, 2)), "shape": (1000, 37)}),
        ),
        Sample(inputs=(TensorSpec([2]), np.int32([5])), constants=(1,), gradient=(0,),
               params={"spec": ((1, None, 2),), "shape": (None,)}, expected=moved(unsliced)),
    ],
    "pad": [
        *every_dtype(moved(padded), paddings=((2, 1),), value=1),
        *views(
            moved(padded), ((), {"paddings": (), "value": 0}),
            ((7, 13), {"paddings": ((1, 0), (2, 5)), "value": 0}),
            ((3, 4), {"paddings": ((0, 0), (0, 3)), "value": -2.5}),
            ((0,), {"paddings": ((2, 3),), "value": 7}),
            ((3,), {"paddings": ((1, 1),), "value": -0.0}),
            ((1000, 37), {"paddings": ((3, 4), (0, 1)), "value": 0}),
        ),
        *(Sample(inputs=(TensorSpec([3]),), params={"paddings": ((1, 2),), "value": v},
                 expected=moved(padded)) for v in (math.inf, -math.inf, math.nan)),
    ],
}  # fmt: skip


def joins() -> list[Sample]:
    rows: list[tuple[list[Place], int]] = [
        ([(3,), (4,)], 0), ([(2, 3), (2, 1), (2, 5)], 1), ([(7, 13), (1, 13)], 0), ([(3,)], 0),
        ([(0, 3), (2, 3)], 0), ([(2, 0), (2, 0)], 1), ([(1, 2, 3), (1, 4, 3), (1, 1, 3)], 1),
        ([(1000, 17), (1000, 20)], 1), ([(50_001,), (50_002,)], 0),
    ]  # fmt: skip
    samples = [
        Sample(inputs=(extremes(d), extremes(d)[:3].copy()), params={"axis": 0}, expected=joined)
        for d in ALL
    ]
    for shapes, axis in rows:
        small = sum(map(math.prod, shapes)) < 100
        every = tuple(range(len(shapes)))
        samples.append(
            Sample(inputs=tuple(map(TensorSpec, shapes)), params={"axis": axis}, expected=joined,
                   gradient=every if small else ())
        )  # fmt: skip
    return samples


COUNTS = {
    "iota": [
        *(Sample(inputs=(), params={"size": 17, "dtype": d},
                 expected=lambda size, dtype: np.array([*range(size)], dtype.as_numpy_dtype))
          for d in ALL if d.is_numeric),
        *(Sample(inputs=(), params={"size": n, "dtype": dtypes.int32},
                 expected=lambda size, dtype: np.array([*range(size)], np.int32))
          for n in (0, 1, 100_003)),
        *(Sample(inputs=(), params={"size": 5000, "dtype": d},  # past what the dtype counts to
                 expected=lambda size, dtype: np.array([*range(size)]).astype(dtype.as_numpy_dtype))
          for d in (dtypes.int8, dtypes.uint8, dtypes.float16, dtypes.bfloat16)),
    ],
    "shape": [
        Sample(inputs=(TensorSpec(s),), expected=lambda x: np.int32([*x.shape]))
        for s in ((), (3,), (0, 7), (2, 3, 4))
    ],
    "constant": [
        *(Sample(inputs=(), params={"value": extremes(d)}, expected=lambda value: value)
          for d in ALL),
        *(Sample(inputs=(), params={"value": v}, expected=lambda value: value)
          for v in (np.array(2.5), np.zeros((0, 3)), np.ones((40, 3), np.int8),
                    np.arange(100_003))),
    ],
}  # fmt: skip


def sum_slack(x: np.ndarray, *operand: np.ndarray, shape: Place) -> np.ndarray:
    """Four standard deviations of what rounding does to n additions in any order."""
    target = tuple(operand[0].tolist()) if operand else shape
    n = x.size / max(math.prod(target), 1)
    size = summed_to(np.abs(x.astype(np.float64)), shape=target)
    return 4 * math.sqrt(n) * 2.0**-24 * size.astype(np.float64)


SUMS = {
    "sum_to": [
        *(Sample(inputs=(np.stack([extremes(d)] * 2),), params={"shape": (len(extremes(d)),)},
                 expected=summed_to) for d in ALL if d.is_integer),
        *(Sample(inputs=(whole_numbers(*s),), params={"shape": to}, expected=summed_to,
                 gradient=(0,) if math.prod(s) < 200 else ())
          for s, to in (((2, 3), ()), ((2, 3), (3,)), ((2, 3), (2, 1)), ((2, 3), (1, 1)),
                        ((4, 7, 5), (1, 7, 1)), ((3,), (3,)), ((0, 3), (3,)), ((3, 0), (3, 1)),
                        ((5, 1, 4), (1, 4)), ((1000, 37), (37,)), ((1000, 37), (1000, 1)),
                        ((33, 17, 13), (17, 1)), ((100_003,), ()))),
        *(Sample(inputs=(TensorSpec(s, d),), params={"shape": to}, expected=summed_to,
                 expected_ulp=1, expected_slack=sum_slack, ulp=1, slack=sum_slack)
          for s, to in (((7, 13), (13,)), ((1000, 37), (1, 37)), ((100_003,), ()))
          for d in ("float16", "bfloat16", "float32")),
        Sample(inputs=(whole_numbers(4, 3), np.int32([3])), params={"shape": (None,)},
               expected=summed_to, constants=(1,), gradient=(0,), second=True),
    ],
}  # fmt: skip

ERRORS = {
    "reshape": [
        ErrorSample(inputs=(TensorSpec([2, 3]),), params={"shape": shape}, message=message)
        for shape, message in (
            ((-1, -1), r"reshape: only one size may be -1, received \[-1,-1\]"),
            ((-2,), r"reshape: sizes must be -1 or more, received \[-2\]"),
            ((4,), r"reshape: f32\[2,3\] has 6 elements, the shape \[4\] has 4"),
            ((4, -1), r"reshape: f32\[2,3\] has 6 elements, which the known sizes of \[4,-1\] do "
                      "not divide"),
        )
    ],
    "squeeze": [
        ErrorSample(inputs=(TensorSpec([2, 1]),), params={"axes": (0,)},
                    message=r"squeeze: dimension 0 of f32\[2,1\] does not have size 1"),
    ],
    "broadcast_to": [
        ErrorSample(inputs=(TensorSpec([2, 3]),), params={"shape": (3,)},
                    message=r"broadcast_to: f32\[2,3\] does not stretch to \[3\]"),
        ErrorSample(inputs=(TensorSpec([3]),), params={"shape": (2, 1)},
                    message=r"broadcast_to: f32\[3\] does not stretch to \[2,1\]"),
        ErrorSample(inputs=(TensorSpec([3]),), params={"shape": (2, 4)},
                    message=r"broadcast_to: shapes \[3\] and \[2,4\] do not broadcast: .*"),
    ],
    "concat": [
        ErrorSample(
            inputs=inputs, params={"axis": 0},
            message=r"concat: operands must agree in dtype and in every size but that of axis 0, "
            r"received \w+\[2,3\] and \w+\[[\d,]+\]",
        )
        for inputs in (
            (TensorSpec([2, 3]), TensorSpec([2, 4])), (TensorSpec([2, 3]), TensorSpec([3])),
            (TensorSpec([2, 3]), TensorSpec([2, 3], "int32")),
        )
    ],
}  # fmt: skip


class TestArray(PrimitiveSuite):
    samples = {**VIEWS, "concat": joins(), **COUNTS, **SUMS}
    errors = ERRORS
