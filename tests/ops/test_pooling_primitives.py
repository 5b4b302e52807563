"""Samples of pooling and its adjoints: defined by loops over windows and their places."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.core.errors import DTypeError
from freshet.ops.nn import explicit_padding
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.samples import extremes

Place = tuple[int, ...]


def counted(size: Place, window: Place, strides: Place, padding: Any) -> Place:
    return tuple(
        max((n + sum(p) - k) // s + 1, 0)
        for n, k, s, p in zip(size, window, strides, padding, strict=True)
    )


def places(size: Place, window: Place, strides: Place, padding: Any) -> Any:
    """Yield (window, number within it, input position) for every position inside the input."""
    for at in itertools.product(*map(range, counted(size, window, strides, padding))):
        for number, k in enumerate(itertools.product(*map(range, window))):
            where = tuple(
                i * s + j - p[0] for i, s, j, p in zip(at, strides, k, padding, strict=True)
            )
            if all(0 <= i < n for i, n in zip(where, size, strict=True)):
                yield at, number, where


def wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if dtypes.of_array(x).is_floating else x


def max_pooled(x: np.ndarray, **params: Any) -> tuple[np.ndarray, np.ndarray]:
    kind, size = dtypes.of_array(x), x.shape[1:-1]
    lowest = -math.inf if kind.is_floating else kind.min
    shape = (x.shape[0], *counted(size, **params), x.shape[-1])
    values = wide(x)
    best = np.full(shape, lowest, values.dtype)
    which = np.zeros(shape, np.uint8 if math.prod(params["window"]) <= 256 else np.int32)
    for at, number, where in places(size, **params):
        old, new = best[(slice(None), *at)], values[(slice(None), *where)]
        better = ((new > old) | (new != new)) & (old == old)
        best[(slice(None), *at)] = np.where(better, new, old)
        which[(slice(None), *at)][better] = number
    return best.astype(x.dtype), which


def unpooled(
    grad: np.ndarray, which: np.ndarray, *operand: np.ndarray, shape: Place, **params: Any
) -> np.ndarray:
    sizes = tuple(operand[0].tolist()) if operand else shape
    result = np.zeros(sizes, wide(grad).dtype)
    for at, number, where in places(sizes[1:-1], **params):
        chosen = which[(slice(None), *at)] == number
        result[(slice(None), *where)] += np.where(chosen, wide(grad)[(slice(None), *at)], 0)
    return result.astype(grad.dtype)


def taken(x: np.ndarray, which: np.ndarray, **params: Any) -> np.ndarray:
    result = np.zeros(which.shape, wide(x).dtype)
    for at, number, where in places(x.shape[1:-1], **params):
        chosen = which[(slice(None), *at)] == number
        result[(slice(None), *at)] += np.where(chosen, wide(x)[(slice(None), *where)], 0)
    return result.astype(x.dtype)


def sum_pooled(x: np.ndarray, **params: Any) -> np.ndarray:
    size = x.shape[1:-1]
    result = np.zeros((x.shape[0], *counted(size, **params), x.shape[-1]), wide(x).dtype)
    for at, _, where in places(size, **params):
        result[(slice(None), *at)] += wide(x)[(slice(None), *where)]
    return result.astype(x.dtype)


def spread(grad: np.ndarray, *operand: np.ndarray, shape: Place, **params: Any) -> np.ndarray:
    sizes = tuple(operand[0].tolist()) if operand else shape
    result = np.zeros(sizes, wide(grad).dtype)
    for at, _, where in places(sizes[1:-1], **params):
        result[(slice(None), *where)] += wide(grad)[(slice(None), *at)]
    return result.astype(grad.dtype)


@dataclass(frozen=True)
class Case:
    """A pooling: input size without batch and channels, then the window."""

    size: Place
    window: Place
    strides: Place = ()
    padding: Any = "VALID"
    batch: int = 2
    channels: int = 3

    @property
    def params(self) -> dict[str, Any]:
        strides = self.strides or self.window
        ones = (1,) * len(self.size)
        pads = explicit_padding(self.padding, self.size, self.window, strides, ones)
        return {"window": self.window, "strides": strides, "padding": pads}

    @property
    def x(self) -> Place:
        return (self.batch, *self.size, self.channels)

    @property
    def y(self) -> Place:
        return (self.batch, *counted(self.size, **self.params), self.channels)


CASES = (
    Case((7,), (2,)), Case((7,), (3,), (2,), "SAME"), Case((7,), (3,), (1,), ((2, 1),)),
    Case((5,), (2,), (3,)), Case((3,), (5,), (1,), "SAME"), Case((1,), (1,), (2,), ((0, 0),)),
    Case((6, 6), (2, 2)), Case((7, 5), (3, 2), (2, 2), "SAME"), Case((5, 6), (2, 3), (1, 1)),
    Case((5, 5), (3, 3), (2, 1), ((1, 0), (2, 1))), Case((4, 4), (4, 4)),
    Case((6, 6), (2, 2), (3, 3)), Case((4, 3, 5), (2, 2, 2), (2, 1, 2), "SAME"),
    Case((28, 28), (2, 2), batch=3, channels=33), Case((13, 17), (3, 3), (2, 2), "SAME", 2, 17),
    Case((40, 3), (17, 16), (2, 1), "SAME", 1, 2),  # more places than uint8 numbers
    Case((6, 6), (2, 2), batch=0), Case((300,), (3,), (2,), "SAME", 1, 1),
)  # fmt: skip


def distinct(shape: Place) -> np.ndarray:
    """Return numbers none of which are close, so that maxima are smooth."""
    count = math.prod(shape)
    return np.random.default_rng(2).permutation(count).reshape(shape).astype(np.float32)


def whole_numbers(shape: Place) -> np.ndarray:
    return np.random.default_rng(3).integers(-9, 10, shape).astype(np.float32)


def chosen_places(case: Case) -> np.ndarray:
    """Return for each window one of its places; some of them are outside the input."""
    count = math.prod(case.window)
    dtype = np.uint8 if count <= 256 else np.int32
    return np.random.default_rng(4).integers(0, count, case.y).astype(dtype)


def samples() -> dict[str, list[Sample]]:
    names = ("max_pool", "max_unpool", "max_pool_take", "sum_pool", "sum_pool_adjoint")
    found: dict[str, list[Sample]] = {name: [] for name in names}
    for case in CASES:
        params, to_input = case.params, {"shape": case.x, **case.params}
        small = (0,) if 0 < math.prod(case.x) < 150 else ()
        x, dy, which = whole_numbers(case.x), whole_numbers(case.y), chosen_places(case)
        for values in (distinct(case.x), np.round(x / 4)):  # the second has ties
            grad = small if values is not x and len(np.unique(values)) == values.size else ()
            found["max_pool"].append(
                Sample(inputs=(values,), params=params, expected=max_pooled, gradient=grad,
                       signed_zeros=False)
            )  # fmt: skip
        found["max_unpool"].append(
            Sample(inputs=(dy, which), params=to_input, expected=unpooled, gradient=small,
                   signed_zeros=False)
        )  # fmt: skip
        found["max_pool_take"].append(
            Sample(inputs=(x, which), params=params, expected=taken, gradient=small,
                   signed_zeros=False)
        )  # fmt: skip
        found["sum_pool"].append(
            Sample(inputs=(x,), params=params, expected=sum_pooled, gradient=small,
                   signed_zeros=False)
        )  # fmt: skip
        found["sum_pool_adjoint"].append(
            Sample(inputs=(dy,), params=to_input, expected=spread, gradient=small,
                   signed_zeros=False)
        )  # fmt: skip
    return found


def more_dtypes() -> dict[str, list[Sample]]:
    found: dict[str, list[Sample]] = {"max_pool": [], "sum_pool": []}
    params = Case((1,), (3,), (2,), "SAME").params
    for kind in dtypes.REAL:
        x = np.stack([extremes(kind), np.roll(extremes(kind), 3)])[..., None]
        found["max_pool"].append(
            Sample(inputs=(x,), params={**params, "padding": ((1, 1),)}, expected=max_pooled,
                   signed_zeros=False)
        )  # fmt: skip
        if kind.is_integer:
            found["sum_pool"].append(Sample(inputs=(x,), params=params, expected=sum_pooled))
    for dtype in ("float16", "bfloat16", "float64"):
        found["sum_pool"].append(
            Sample(inputs=(TensorSpec([2, 9, 3], dtype),), params=params, expected=sum_pooled,
                   expected_ulp=1, ulp=1, expected_slack=1e-15, slack=1e-6)
        )  # fmt: skip
    return found


def with_shape_operand(name: str, table: dict[str, list[Sample]]) -> Sample:
    """Return a sample whose shape comes as an operand: sizes not known while tracing."""
    first = table[name][0]
    number = len(first.inputs)
    return replace(
        first, inputs=(*first.inputs, np.int32(first.params["shape"])), constants=(number,),
        params={**first.params, "shape": (None,) * 3}, second=True,
    )  # fmt: skip


def all_samples() -> dict[str, list[Sample]]:
    table = samples()
    for name, more in more_dtypes().items():
        table[name] += more
    for name in ("max_unpool", "sum_pool_adjoint"):
        table[name].append(with_shape_operand(name, table))
    return table


def refused(name: str) -> list[ErrorSample]:
    params = {"window": (4, 4), "strides": (1, 1), "padding": ((0, 0), (0, 0))}
    return [
        ErrorSample(
            inputs=(TensorSpec([1, 3, 5, 2]),), params=params,
            message=rf"{name}: a window of 4x4 does not fit into f32\[1,3,5,2\]; "
            'use padding="same" or a smaller window',
        ),
        ErrorSample(
            inputs=(TensorSpec([1, 5, 2]),), params=params, exception=DTypeError,
            message=rf"{name}: expected numbers of rank 4 \[batch, spatial\.\.\., channels\], "
            r"received f32\[1,5,2\]",
        ),
    ]  # fmt: skip


class TestPooling(PrimitiveSuite):
    samples = all_samples()
    errors = {name: refused(name) for name in ("max_pool", "sum_pool")}
