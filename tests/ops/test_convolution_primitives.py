"""Samples of convolution and both its gradients: defined by a loop over the windows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from freshet import TensorSpec
from freshet.core.errors import DTypeError
from freshet.ops.nn import explicit_padding
from freshet.ops.primitive import PRIMITIVES
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.primitives import check_compiled

Place = tuple[int, ...]
Windows = Iterator[tuple[Place, tuple[slice, ...]]]


def windows(size: Place, kernel: Place, params: dict[str, Any]) -> tuple[Place, Windows]:
    """Return how many windows there are along each dimension, and where each is when padded."""
    strides, padding, dilations = (params[k] for k in ("strides", "padding", "dilations"))
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    counts = tuple(
        max((n + sum(p) - r) // s + 1, 0)
        for n, p, r, s in zip(size, padding, reach, strides, strict=True)
    )

    def each() -> Windows:
        for place in itertools.product(*map(range, counts)):
            starts = [i * s for i, s in zip(place, strides, strict=True)]
            yield (
                place,
                tuple(slice(a, a + r, d) for a, r, d in zip(starts, reach, dilations, strict=True)),
            )

    return counts, each()


EQUATIONS = {False: "nKc,Kcf->nf", True: "nKgc,Kcgf->ngf"}


def parts(grouped: bool) -> tuple[int, int]:
    """Return how many channel dimensions the input and the filter have."""
    return (2, 3) if grouped else (1, 2)


def padded(x: np.ndarray, params: dict[str, Any], tail: int) -> np.ndarray:
    return np.pad(x.astype(np.float64), ((0, 0), *params["padding"], *[(0, 0)] * tail))


def flat(window: np.ndarray, tail: int) -> np.ndarray:
    """Return a window [n, k..., c...] with its places as one dimension."""
    middle = math.prod(window.shape[1 : window.ndim - tail])
    return window.reshape(window.shape[0], middle, *window.shape[window.ndim - tail :])


def convolved(x: np.ndarray, w: np.ndarray, **params: Any) -> np.ndarray:
    tail, tail_w = parts(params["grouped"])
    kernel = w.shape[: w.ndim - tail_w]
    counts, each = windows(x.shape[1 : x.ndim - tail], kernel, params)
    wide = padded(x, params, tail)
    filters = w.astype(np.float64).reshape(-1, *w.shape[w.ndim - tail_w :])
    channels = w.shape[w.ndim - tail :]
    y = np.zeros((x.shape[0], *counts, *channels))
    for place, where in each:
        patch = flat(wide[(slice(None), *where)], tail)
        y[(slice(None), *place)] = np.einsum(EQUATIONS[params["grouped"]], patch, filters)
    return y.astype(x.dtype)


def input_gradient(
    dy: np.ndarray, w: np.ndarray, *operand: np.ndarray, shape: Place, **params: Any
) -> np.ndarray:
    sizes = tuple(operand[0].tolist()) if operand else shape
    tail, tail_w = parts(params["grouped"])
    kernel = w.shape[: w.ndim - tail_w]
    _, each = windows(sizes[1 : len(sizes) - tail], kernel, params)
    wide = padded(np.zeros(sizes), params, tail)
    inputs, _, out = EQUATIONS[params["grouped"]].partition("->")
    patch, filters = inputs.split(",")
    for place, where in each:
        window = wide[(slice(None), *where)]
        rows = w.astype(np.float64).reshape(-1, *w.shape[w.ndim - tail_w :])
        back = np.einsum(f"{out},{filters}->{patch}", dy[(slice(None), *place)], rows)
        window += back.reshape(window.shape)
    inside = (slice(p, p + n) for n, (p, _) in zip(sizes[1:], params["padding"], strict=False))
    return wide[(slice(None), *inside)].astype(dy.dtype)


def filter_gradient(
    x: np.ndarray, dy: np.ndarray, *operand: np.ndarray, shape: Place, **params: Any
) -> np.ndarray:
    sizes = tuple(operand[0].tolist()) if operand else shape
    tail, tail_w = parts(params["grouped"])
    kernel = sizes[: len(sizes) - tail_w]
    _, each = windows(x.shape[1 : x.ndim - tail], kernel, params)
    wide = padded(x, params, tail)
    inputs, _, out = EQUATIONS[params["grouped"]].partition("->")
    patch, filters = inputs.split(",")
    total = np.zeros((math.prod(kernel), *sizes[len(kernel) :]))
    for place, where in each:
        window = flat(wide[(slice(None), *where)], tail)
        total += np.einsum(f"{patch},{out}->{filters}", window, dy[(slice(None), *place)])
    return total.reshape(sizes).astype(x.dtype)


# --- cases ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """A convolution: sizes without batch and channels, then those."""

    size: Place
    kernel: Place
    strides: Place = ()
    dilations: Place = ()
    padding: Any = "VALID"
    batch: int = 2
    channels: int = 3
    outputs: int = 4
    groups: int = 0
    dtype: str = "float32"

    @property
    def params(self) -> dict[str, Any]:
        n = len(self.size)
        strides, dilations = self.strides or (1,) * n, self.dilations or (1,) * n
        pads = explicit_padding(self.padding, self.size, self.kernel, strides, dilations)
        return {
            "strides": strides, "padding": pads, "dilations": dilations,
            "grouped": bool(self.groups),
        }  # fmt: skip

    @property
    def x(self) -> Place:
        middle = (self.groups,) if self.groups else ()
        return (self.batch, *self.size, *middle, self.channels)

    @property
    def w(self) -> Place:
        middle = (self.groups,) if self.groups else ()
        return (*self.kernel, self.channels, *middle, self.outputs)

    @property
    def y(self) -> Place:
        counts, _ = windows(self.size, self.kernel, self.params)
        middle = (self.groups,) if self.groups else ()
        return (self.batch, *counts, *middle, self.outputs)

    @property
    def work(self) -> int:
        return math.prod(self.y) * math.prod(self.kernel) * self.channels

    def numbers(self, shape: Place, seed: int) -> np.ndarray:
        """Return small whole numbers, whose sums are exact in any order."""
        rng = np.random.default_rng(seed)
        return rng.integers(-3, 4, shape).astype(self.dtype)

    def samples(self) -> dict[str, Sample]:
        """Return a sample of each of the three primitives."""
        small = self.work < 2500 and self.dtype == "float32"
        x, w, dy = self.numbers(self.x, 1), self.numbers(self.w, 2), self.numbers(self.y, 3)
        options: dict[str, Any] = {"signed_zeros": False, "gradient": (0, 1) if small else ()}
        return {
            "convolution": Sample(
                inputs=(x, w), params=self.params, expected=convolved, **options
            ),
            "convolution_input_gradient": Sample(
                inputs=(dy, w), params={"shape": self.x, **self.params}, expected=input_gradient,
                **options,
            ),
            "convolution_filter_gradient": Sample(
                inputs=(x, dy), params={"shape": self.w, **self.params}, expected=filter_gradient,
                **options,
            ),
        }  # fmt: skip


ONE = (
    Case((9,), (3,)), Case((9,), (3,), padding="SAME"), Case((10,), (3,), (2,), padding="SAME"),
    Case((9,), (2,), (3,)), Case((11,), (3,), (1,), (2,)), Case((11,), (4,), (2,), (2,), "SAME"),
    Case((5,), (1,)), Case((5,), (1,), (2,)), Case((3,), (5,), padding="SAME"),
    Case((4,), (3,), padding=((2, 0),)), Case((4,), (3,), (2,), padding=((0, 3),)),
    Case((1,), (1,), (2,), padding=((2, 2),)), Case((1,), (3,), (2,), padding=((1, 2),)),
    Case((7,), (3,), groups=2), Case((0,), (3,), padding=((2, 2),)),
    Case((300,), (5,), (2,), padding="SAME", channels=8, outputs=16),
)  # fmt: skip
TWO = (
    Case((5, 6), (3, 2)),
    Case((5, 6), (3, 3), padding="SAME"),
    Case((7, 6), (3, 2), (2, 3), padding="SAME"),
    Case((7, 8), (2, 3), (1, 2), (3, 1)),
    Case((5, 5), (3, 3), (3, 3), padding="SAME"),
    Case((4, 4), (1, 1), channels=5, outputs=2),
    Case((4, 4), (4, 4)),
    Case((5, 4), (2, 2), padding=((1, 0), (0, 2))),
    Case((5, 4), (3, 3), groups=3, channels=1, outputs=1, padding="SAME"),
    Case((6, 5), (3, 2), (2, 2), groups=2, channels=2, outputs=3),
    Case((5, 5), (3, 3), batch=1, channels=1, outputs=1),
    Case((5, 5), (2, 2), batch=0),
)
TILED = (
    Case((14, 14), (5, 5), padding="SAME", channels=8, outputs=16),
    Case((13, 11), (3, 3), (2, 2), padding="SAME", channels=7, outputs=33),
    Case((17, 9), (3, 3), (1, 2), (2, 1), padding="SAME", channels=5, outputs=17),
    Case((12, 12), (3, 3), padding="SAME", channels=16, outputs=1),
    Case((33, 33), (3, 3), (2, 2), padding="SAME", channels=16, outputs=1),
    Case((33, 33), (3, 3), (2, 2), channels=1, outputs=8),
    Case((28, 28), (5, 5), padding="SAME", batch=3, channels=1, outputs=32),
    Case((9, 9), (1, 1), channels=31, outputs=65), Case((9, 9), (1, 1), (2, 2), (1, 1), "VALID", 5,
                                                         31, 65),
    Case((16, 15), (3, 3), padding="SAME", groups=16, channels=1, outputs=1),
    Case((16, 15), (3, 3), (2, 1), padding="SAME", groups=4, channels=5, outputs=9),
    Case((20, 20), (7, 7), (3, 3), padding=((4, 2), (0, 5)), channels=3, outputs=17),
    Case((4, 40), (4, 3), padding="SAME", batch=8, channels=16, outputs=16, dtype="float64"),
    Case((1, 1), (3, 3), padding="SAME", batch=33, channels=64, outputs=64),
)  # fmt: skip
THREE = (
    Case((4, 3, 5), (2, 2, 2)),
    Case((4, 3, 5), (2, 3, 2), (2, 1, 2), padding="SAME"),
    Case((3, 4, 4), (2, 1, 3), dilations=(1, 2, 1), groups=2, channels=2, outputs=2),
    Case((7, 8, 9), (3, 3, 3), padding="SAME", channels=5, outputs=9),
)
CASES = (*ONE, *TWO, *TILED, *THREE)
NAMES = ("convolution", "convolution_input_gradient", "convolution_filter_gradient")


def slack(name: str, function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    """Return four standard deviations of what rounding does to the sums in any order."""

    def bound(a: np.ndarray, b: np.ndarray, **params: Any) -> np.ndarray:
        size = function(np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64)), **params)
        terms = 500 if name.endswith("filter_gradient") else 200
        return 4 * math.sqrt(terms) * 2.0**-24 * size

    return bound


def random_samples() -> dict[str, list[Sample]]:
    """Return samples whose sums round, in each dtype and by each of the two schedules."""
    functions = dict(zip(NAMES, (convolved, input_gradient, filter_gradient), strict=True))
    found: dict[str, list[Sample]] = {name: [] for name in NAMES}
    for case in (Case((6, 5), (3, 2), (2, 1), padding="SAME"), replace(TILED[1], batch=2)):
        for dtype in ("float16", "bfloat16", "float32"):
            operands = {"x": case.x, "w": case.w, "dy": case.y}
            specs = {k: TensorSpec(v, dtype) for k, v in operands.items()}
            for name, (a, b) in zip(NAMES, (("x", "w"), ("dy", "w"), ("x", "dy")), strict=True):
                shape = {"x": {}, "dy": {"shape": case.x}}[a] if b == "w" else {"shape": case.w}
                bound = slack(name, functions[name])
                found[name].append(
                    Sample(
                        inputs=(specs[a], specs[b]), params={**shape, **case.params},
                        expected=functions[name], expected_ulp=1, expected_slack=bound, ulp=1,
                        slack=bound, signed_zeros=False,
                    )
                )  # fmt: skip
    return found


def all_samples() -> dict[str, list[Sample]]:
    found = random_samples()
    for case in CASES:
        for name, sample in case.samples().items():
            found[name].append(sample)
    # A shape that comes as an operand, as it does where sizes are not known while tracing.
    case = Case((5,), (3,), (2,), padding="SAME")
    for name in NAMES[1:]:
        sample = case.samples()[name]
        shape = np.int32(sample.params["shape"])
        found[name].append(
            replace(
                sample, inputs=(*sample.inputs, shape), constants=(2,),
                params={**sample.params, "shape": (None,) * 3}, second=True,
            )
        )  # fmt: skip
    found["convolution"].append(replace(Case((5,), (3,)).samples()["convolution"], second=True))
    return found


class TestConvolution(PrimitiveSuite):
    samples = all_samples()
    errors = {
        "convolution": [
            ErrorSample(
                inputs=(TensorSpec([1, 5, 2]), TensorSpec([3, 2, 4], "float64")),
                params=Case((5,), (3,)).params, exception=DTypeError,
                message=r"convolution: expected input and filter of one floating dtype, received "
                r"f32\[1,5,2\] and f64\[3,2,4\]",
            ),
            ErrorSample(
                inputs=(TensorSpec([1, 5, 2]), TensorSpec([3, 3, 4])),
                params=Case((5,), (3,)).params,
                message=r"convolution: the filter f32\[3,3,4\] does not fit the input f32\[1,5,2\]:"
                " the filter's input channels must be those of the input",
            ),
            ErrorSample(
                inputs=(TensorSpec([1, 2, 2]), TensorSpec([3, 2, 4])),
                params=Case((5,), (3,)).params,
                message=r"convolution: the filter f32\[3,2,4\] does not fit into the input "
                r'f32\[1,2,2\] even once; use padding="same" or a smaller kernel',
            ),
        ]
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(16))
def test_random_convolutions_are_exact(seed: int) -> None:
    # Strides, dilations, paddings and sizes in any combination, large enough to be tiled.
    rng = np.random.default_rng(seed)
    rank = int(rng.integers(1, 3))

    def some(low: int, high: int) -> Place:
        return tuple(int(v) for v in rng.integers(low, high, rank))

    kernel, dilations = some(1, 5), some(1, 3)
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilations, strict=True)]
    padding: Any = tuple((int(a), int(b)) for a, b in rng.integers(0, 4, (rank, 2)))
    if seed % 2:
        padding = "SAME"
    size = tuple(int(n + r) for n, r in zip(some(1, 60 if rank == 1 else 14), reach, strict=True))
    groups = int(rng.choice([0, 0, 3]))
    case = Case(
        size, kernel, some(1, 4), dilations, padding, int(rng.integers(1, 6)),
        int(2 ** rng.uniform(0, 4.5)), int(2 ** rng.uniform(0, 5.5)), groups,
    )  # fmt: skip
    for name, sample in case.samples().items():
        check_compiled(PRIMITIVES[name], sample)
