"""Random graphs mean the same interpreted, simplified, printed and parsed, and compiled.

Graphs are built out of primitives, one decision at a time. There are two kinds:

* *Exact* ones compute with small whole numbers, where no operation rounds: every result must be the
  same to the last bit, whatever the order of sums. Values that grow are clipped.
* *Smooth* ones compute in float64 with functions without steps, and their gradients: results may
  differ by rounding only.

`make graphs` tries 10,000 of them instead of a few.
"""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import freshet as ft
from freshet.core.tensor import Tensor
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, verify
from freshet.graph.parsing import parse
from freshet.graph.passes.simplify import simplify
from freshet.graph.tape import GradientTape
from freshet.ops import array as a
from freshet.ops import convolution_primitives as c
from freshet.ops import elementwise as e
from freshet.ops import pooling_primitives as p
from freshet.ops import reduction as r
from freshet.ops.contraction import contract_p
from freshet.ops.lookup import gather_p
from freshet.runtime.execute import NativeExecutor
from freshet.testing import assert_agree
from freshet.testing.primitives import threads, trace

Draw = Callable[[int, int], int]
"""``(low, high) -> a whole number``, both ends included: every decision is one."""

MOST_ELEMENTS = 3000
MOST = 2**9
"""Bound of a value above which it is clipped before it grows further."""


@dataclass
class Builder:
    """Grows a graph while it is traced.

    `bounds` says how large an exact value may be.
    """

    draw: Draw
    exact: bool
    values: list[Tensor] = field(default_factory=list)
    bounds: dict[int, int] = field(default_factory=dict)

    def pick(self, items: Sequence[Any]) -> Any:
        return items[self.draw(0, len(items) - 1)]

    def flip(self) -> bool:
        return bool(self.draw(0, 1))

    def bound(self, x: Tensor) -> int:
        return self.bounds.get(id(x), 4)

    def add(self, x: Tensor, bound: int) -> Tensor:
        self.values.append(x)
        self.bounds[id(x)] = bound
        return x

    def value(self) -> Tensor:
        """Return a value to go on with: often a recent one; clipped if it is large."""
        recent = self.values[-4:] if self.flip() else self.values
        return self.small(self.pick(recent))

    def small(self, x: Tensor) -> Tensor:
        if not self.exact or self.bound(x) <= MOST:
            return x
        return self.add(ft.clip_by_value(x, -8.0, 8.0), 8)

    def numbers(self, shape: Sequence[int]) -> np.ndarray:
        """Return an array whose content is drawn as one seed."""
        rng = np.random.default_rng(self.draw(0, 9))
        if self.exact:
            return rng.integers(-4, 5, shape).astype(np.float32)
        return rng.uniform(-1.5, 1.5, shape)

    def constant(self, shape: Sequence[int]) -> Tensor:
        return ft.constant(self.numbers(shape))

    def shape(self, rank: int) -> tuple[int, ...]:
        sizes = [1, 2, 3, 4, 5, 7, 8, 16, 17, 33, 40]
        shape = [self.pick(sizes) for _ in range(rank)]
        while math.prod(shape) > MOST_ELEMENTS:
            shape[shape.index(max(shape))] = 3
        return tuple(shape)

    def step(self) -> None:
        """Add one operation, or a few."""
        actions = EXACT if self.exact else SMOOTH
        self.pick(actions)(self)

    # --- elementwise ------------------------------------------------------------------------------

    def unary(self) -> None:
        x = self.value()
        bound = self.bound(x)
        function, new = self.pick((
            (e.negative_p, bound), (e.abs_p, bound), (e.relu_p, bound), (e.sign_p, 1),
            (lambda v: v * v, bound * bound), (lambda v: v + 3.0, bound + 3), (e.floor_p, bound),
            (lambda v: v * 2.0, 2 * bound), (lambda v: ft.cast(ft.cast(v, ft.int32), ft.float32),
                                             bound),
            (lambda v: ft.cast(v > 0.0, ft.float32), 1), (lambda v: v + 0.0, bound),
            (lambda v: v * 1.0, bound),
            (lambda v: ft.cast(ft.cast(v, "float16"), "float32"), bound),
        ))  # fmt: skip
        self.add(function(x), new)

    def smooth_unary(self) -> None:
        x = self.value()
        function = self.pick((
            e.tanh_p, e.sigmoid_p, e.sin_p, e.cos_p, e.erf_p, e.negative_p, e.softplus_p,
            lambda v: ft.exp(ft.tanh(v)), lambda v: ft.math.expm1(ft.sin(v)), lambda v: v * v,
            lambda v: ft.math.log(v * v + 1.0), lambda v: ft.sqrt(v * v + 1.0),
            lambda v: ft.math.rsqrt(v * v + 1.0), lambda v: ft.math.log1p(v * v), lambda v: v * 0.5,
        ))  # fmt: skip
        self.add(ft.tanh(function(x)) * 1.5, 2)

    def partner(self, x: Tensor) -> Tensor:
        """Return a value that broadcasts with `x`, or a constant."""
        found = [v for v in self.values if self.broadcasts(v, x)]
        if found and self.draw(0, 3):
            return self.small(self.pick(found))
        shape = [n if self.flip() else 1 for n in x.shape]
        return self.constant(shape[self.draw(0, len(shape)) :])

    def broadcasts(self, x: Tensor, y: Tensor) -> bool:
        pairs = itertools.zip_longest(reversed(x.shape), reversed(y.shape), fillvalue=1)
        sizes = [(m, n) for m, n in pairs]
        fits = all(m == n or 1 in (m, n) for m, n in sizes)
        return fits and math.prod(max(pair) for pair in sizes) <= MOST_ELEMENTS

    def binary(self) -> None:
        x = self.value()
        y = self.partner(x)
        m, n = self.bound(x), self.bound(y)
        function, new = self.pick((
            (e.add_p, m + n), (e.subtract_p, m + n), (e.multiply_p, m * n),
            (e.maximum_p, max(m, n)),
            (e.minimum_p, max(m, n)), (lambda u, v: ft.cast(u < v, ft.float32), 1),
            (lambda u, v: ft.cast(ft.equal(u, v), ft.float32), 1),
            (lambda u, v: ft.where(u >= v, u, v * 2.0), m + 2 * n),
        ))  # fmt: skip
        x, y = (x, y) if self.flip() else (y, x)
        self.add(function(x, y), new)

    def smooth_binary(self) -> None:
        x = self.value()
        y = self.partner(x)
        function = self.pick((
            e.add_p, e.subtract_p, e.multiply_p, lambda u, v: u / (v * v + 1.0),
            lambda u, v: ft.exp(ft.tanh(u) * 0.5) * v,
        ))  # fmt: skip
        self.add(ft.tanh(function(x, y)) * 1.5, 2)

    # --- views ------------------------------------------------------------------------------------

    def view(self) -> None:
        x = self.pick(self.values)
        found = self.pick((
            self.transposed, self.reversed, self.reshaped, self.expanded, self.squeezed,
            self.stretched, self.sliced, self.padded, self.unsliced,
        ))(x)  # fmt: skip
        self.add(found, self.bound(x))

    def transposed(self, x: Tensor) -> Tensor:
        perm = list(range(x.ndim))
        for i in range(x.ndim - 1):
            j = self.draw(i, x.ndim - 1)
            perm[i], perm[j] = perm[j], perm[i]
        return a.transpose_p(x, perm=tuple(perm))

    def reversed(self, x: Tensor) -> Tensor:
        return a.reverse_p(x, axes=tuple(d for d in range(x.ndim) if self.flip()))

    def reshaped(self, x: Tensor) -> Tensor:
        rest, sizes = int(x.shape.num_elements() or 0), []
        while rest > 1 and self.draw(0, 3):
            sizes.append(self.pick([d for d in range(1, rest + 1) if rest % d == 0]))
            rest //= sizes[-1]
        return a.reshape_p(x, shape=(*sizes, rest))

    def expanded(self, x: Tensor) -> Tensor:
        return a.expand_dims_p(x, axes=(self.draw(0, x.ndim),)) if x.ndim < 4 else x

    def squeezed(self, x: Tensor) -> Tensor:
        ones = [d for d, n in enumerate(x.shape) if n == 1]
        return a.squeeze_p(x, axes=tuple(d for d in ones if self.flip()))

    def stretched(self, x: Tensor) -> Tensor:
        shape = [n if n != 1 or self.flip() else self.pick([2, 3, 5]) for n in x.shape]
        if x.ndim < 3 and self.flip():
            shape = [self.pick([1, 2, 4]), *shape]
        if math.prod(shape) > MOST_ELEMENTS:
            return x
        return a.broadcast_to_p(x, shape=tuple(shape))

    def spec(self, shape: Sequence[int]) -> tuple[Any, ...]:
        parts = []
        for n in shape:
            step = self.pick([1, 1, 2, 3, -1, -2])
            first, last = sorted((self.draw(0, n - 1), self.draw(0, n - 1)))
            if step > 0:
                parts.append((first, last + 1, step))
            else:
                parts.append((last, first - 1 if first else None, step))
        return tuple(parts)

    def sliced(self, x: Tensor) -> Tensor:
        return a.slice_p(x, spec=self.spec(x.shape))

    def unsliced(self, x: Tensor) -> Tensor:
        steps = [self.pick([1, 1, 2, 3, -1, -2]) for _ in x.shape]
        before, after = [self.draw(0, 2) for _ in x.shape], [self.draw(0, 2) for _ in x.shape]
        shape, spec = [], []
        for n, s, b, f in zip(x.shape, steps, before, after, strict=True):
            reach = (int(n or 0) - 1) * abs(s) + 1
            shape.append(b + reach + f)
            low, high = b, b + reach
            spec.append((low, high, s) if s > 0 else (high - 1, low - 1 if low else None, s))
        if math.prod(shape) > MOST_ELEMENTS:
            return x
        return a.slice_adjoint_p(x, spec=tuple(spec), shape=tuple(shape))

    def padded(self, x: Tensor) -> Tensor:
        pairs = tuple((self.draw(0, 2), self.draw(0, 2)) for _ in x.shape)
        total = math.prod(int(n or 0) + sum(q) for n, q in zip(x.shape, pairs, strict=True))
        if total > MOST_ELEMENTS:
            return x
        return a.pad_p(x, paddings=pairs, value=self.pick([0, 1, -2]))

    def joined(self) -> None:
        x = self.pick(self.values)
        if not x.ndim or 2 * int(x.shape.num_elements() or 0) > MOST_ELEMENTS:
            return
        axis = self.draw(0, x.ndim - 1)
        rest = [n for d, n in enumerate(x.shape) if d != axis]
        others = [
            v for v in self.values
            if v.ndim == x.ndim and [n for d, n in enumerate(v.shape) if d != axis] == rest
        ]  # fmt: skip
        parts = [x, self.pick(others)]
        if self.flip():
            parts.append(self.constant([2 if d == axis else n for d, n in enumerate(x.shape)]))
        self.add(a.concat_p(*parts, axis=axis), max(map(self.bound, parts)))

    def looked_up(self) -> None:
        x = self.pick(self.values)
        if not x.ndim:
            return
        axis = self.draw(0, x.ndim - 1)
        size = int(x.shape[axis] or 0)
        count = self.draw(1, 4)
        indices = np.int32([self.draw(0, size - 1) for _ in range(count)])
        if math.prod(x.shape) // size * count <= MOST_ELEMENTS:
            self.add(gather_p(x, ft.constant(indices), axis=axis), self.bound(x))

    # --- reductions and products ------------------------------------------------------------------

    def reduced(self) -> None:
        x = self.value()
        axes = tuple(d for d in range(x.ndim) if self.flip())
        if not axes:
            return
        count = math.prod(int(x.shape[d] or 0) for d in axes)
        summed = (r.reduce_sum_p, count * self.bound(x))
        kinds = [summed, summed]
        if self.exact:
            kinds += [(r.reduce_max_p, self.bound(x)), (r.reduce_min_p, self.bound(x))]
        primitive, bound = self.pick(kinds)
        found = primitive(x, axes=axes)
        if not self.exact:
            found = found * (1 / count)
        if self.flip():
            found = a.expand_dims_p(found, axes=axes)
        self.add(found, bound)

    def position(self) -> None:
        x = self.value()
        if x.ndim:
            primitive = self.pick([r.argmax_p, r.argmin_p])
            axis = self.draw(0, x.ndim - 1)
            found = primitive(x, axis=axis, dtype=ft.int32)
            self.add(ft.cast(found, ft.float32), int(x.shape[axis] or 0))

    def summed_to(self) -> None:
        x = self.value()
        shape = [n if self.flip() else 1 for n in x.shape][self.draw(0, max(x.ndim - 1, 0)) :]
        count = int(x.shape.num_elements() or 0) // max(math.prod(shape), 1)
        found = a.sum_to_p(x, shape=tuple(shape))
        self.add(found if self.exact else found * (1 / count), count * self.bound(x))

    def contracted(self) -> None:
        """Multiply with a value or constant that shares some dimensions."""
        x = self.value()
        left = "abcdefgh"[: x.ndim]
        roles = [self.pick(["sum", "keep", "batch"]) for _ in left]
        shared = [n for n, role in zip(left, roles, strict=True) if role != "keep"]
        sizes = dict(zip(left, (int(n or 0) for n in x.shape), strict=True))
        new = self.pick([1, 2, 5, 17])
        right = shared + (["z"] if self.flip() else [])
        right = sorted(right, key=lambda n: self.draw(0, 9))
        out = [n for n, role in zip(left, roles, strict=True) if role != "sum"]
        out = sorted(out + [n for n in right if n == "z"], key=lambda n: self.draw(0, 9))
        sizes["z"] = new
        if math.prod(sizes[n] for n in out) > MOST_ELEMENTS:
            return
        wanted = tuple(sizes[n] for n in right)
        found = [v for v in self.values if tuple(v.shape) == wanted]
        y = self.small(self.pick(found)) if found and self.flip() else self.constant(wanted)
        count = math.prod(sizes[n] for n in left) // max(
            math.prod(sizes[n] for n in left if n in out), 1
        )
        product = contract_p(x, y, equation=f"{left},{''.join(right)}->{''.join(out)}")
        bound = count * self.bound(x) * self.bound(y)
        self.add(product if self.exact else product * (1 / max(count, 1)), bound)

    def convolved(self) -> None:
        x = self.value()
        if x.ndim not in {3, 4}:
            return
        n = x.ndim - 2
        kernel = tuple(self.draw(1, 3) for _ in range(n))
        strides, gaps = (tuple(self.draw(1, 2) for _ in range(n)) for _ in range(2))
        pads = tuple((self.draw(0, 2), self.draw(0, 2)) for _ in range(n))
        fits = all(
            int(size or 0) + sum(pad) > gap * (k - 1)
            for size, pad, gap, k in zip(x.shape[1:-1], pads, gaps, kernel, strict=True)
        )
        outputs = self.pick([1, 3, 8])
        if not fits or math.prod(x.shape[:-1]) * 4 * outputs > MOST_ELEMENTS:
            return
        w = self.constant((*kernel, int(x.shape[-1] or 0), outputs))
        found = c.convolution_p(x, w, strides=strides, padding=pads, dilations=gaps, grouped=False)
        count = math.prod(kernel) * int(x.shape[-1] or 0)
        self.add(found if self.exact else found * (1 / count), count * 4 * self.bound(x))

    def pooled(self) -> None:
        x = self.value()
        if x.ndim != 3 or int(x.shape[1] or 0) < 3:
            return
        pads = ((self.draw(0, 1), self.draw(0, 1)),)
        params = {"window": (self.draw(1, 3),), "strides": (self.draw(1, 3),), "padding": pads}
        if self.exact and self.flip():
            best, which = p.max_pool_p.apply((x,), params)
            self.add(best, self.bound(x))
            self.add(ft.cast(which, ft.float32), 3)
        else:
            self.add(p.sum_pool_p(x, **params), 3 * self.bound(x))

    def counted(self) -> None:
        """Compare with positions, as one-hot vectors are made."""
        x = self.pick(self.values)
        size = int(x.shape[-1] or 0) if x.ndim else 3
        steps = ft.cast(a.iota_p(size=size, dtype=ft.int32), ft.float32)
        self.add(ft.where(x > steps, x, steps), max(self.bound(x), size))

    def running(self) -> None:
        """Sum up, or order, along an axis."""
        x = self.value()
        if not x.ndim:
            return
        axis = self.draw(0, x.ndim - 1)
        size = int(x.shape[axis] or 0)
        if self.flip():
            found = ft.cumsum(x, axis, exclusive=self.flip(), reverse=self.flip())
            self.add(found if self.exact else found * (1 / size), size * self.bound(x))
        elif self.exact:
            found = ft.sort(x, axis, self.pick(["ASCENDING", "DESCENDING"]))
            self.add(found, self.bound(x))

    # --- control flow -----------------------------------------------------------------------------

    def change(self, outside: Tensor) -> Callable[[Tensor], Tensor]:
        """Return an operation that keeps shapes, and for exact values a bound of 8."""
        kind = self.draw(0, 4)
        factor = self.pick([-2.0, 0.5, 1.0, 2.0] if not self.exact else [-2.0, 1.0, 2.0, 3.0])

        def changed(x: Tensor) -> Tensor:
            y = [
                lambda: x * factor, lambda: x + factor, lambda: x - ft.reduce_max(x),
                lambda: x + ft.reduce_min(outside), lambda: ft.reverse(x, [0]) if x.ndim else -x,
            ][kind]()  # fmt: skip
            return ft.clip_by_value(y, -8.0, 8.0) if self.exact else ft.tanh(y) * 1.5

        return changed

    def branched(self) -> None:
        x, outside = self.value(), self.value()
        first, second, third = (self.change(outside) for _ in range(3))
        predicate = ft.reduce_sum(ft.cast(outside > 0.0, ft.int32)) > self.draw(0, 6)
        bound = max(8, self.bound(x))
        self.add(ft.cond(predicate, lambda: first(second(x)), lambda: third(x)), bound)

    def looped(self) -> None:
        x, outside = self.value(), self.value()
        first, second = self.change(outside), self.change(outside)
        limit = self.draw(0, 4) if self.flip() else (
            ft.reduce_sum(ft.cast(outside > 0.0, ft.int32)) % 4
        )  # fmt: skip

        def step(i: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            return i + 1, first(y), ft.cond(i % 2 == 0, lambda: second(x), lambda: x)

        _, x, y = ft.while_loop(lambda i, x, y: i < limit, step, (0, x, x))
        bound = max(8, self.bound(x))
        self.add(x, bound)
        self.add(y, bound)

    def normalized(self) -> None:
        x = self.value()
        if x.ndim:
            self.add(ft.nn.softmax(x, axis=self.draw(0, x.ndim - 1)), 1)


EXACT = (
    Builder.unary, Builder.unary, Builder.binary, Builder.binary, Builder.view, Builder.view,
    Builder.view, Builder.joined, Builder.reduced, Builder.reduced, Builder.position,
    Builder.summed_to, Builder.contracted, Builder.contracted, Builder.convolved, Builder.pooled,
    Builder.counted, Builder.looked_up, Builder.running, Builder.branched, Builder.looped,
)  # fmt: skip
SMOOTH = (
    Builder.smooth_unary, Builder.smooth_unary, Builder.smooth_binary, Builder.smooth_binary,
    Builder.view, Builder.view, Builder.joined, Builder.reduced, Builder.summed_to,
    Builder.contracted, Builder.contracted, Builder.convolved, Builder.normalized, Builder.pooled,
    Builder.running, Builder.branched, Builder.looped,
)  # fmt: skip


def build(draw: Draw, *, exact: bool, gradient: bool = False) -> tuple[Graph, list[np.ndarray]]:
    """Return a random graph and inputs for it."""
    first = Builder(draw, exact)
    shapes = [first.shape(draw(0, 4)) for _ in range(draw(1, 3))]
    inputs = [first.numbers(shape) for shape in shapes]
    count = draw(1, 12)

    def body(*tensors: Tensor) -> list[Tensor]:
        builder = Builder(draw, exact)
        for tensor in tensors:
            builder.add(tensor, 4)
        with GradientTape() as tape:
            if gradient:
                tape.watch(tensors)
            for _ in range(count):
                builder.step()
            results = [builder.values[-1]]
            results += [builder.pick(builder.values) for _ in range(draw(0, 2))]
        if not gradient:
            return results
        return [*results, *tape.gradient(results, list(tensors), unconnected_gradients="zero")]

    return trace("random", body, inputs), inputs


def check(graph: Graph, inputs: list[np.ndarray], *, exact: bool) -> None:
    """Run the graph in every way and compare."""
    verify(graph)
    expected = interpret(graph, inputs)
    simple = simplify(simplify(graph))
    verify(simple)
    _compare(interpret(simple, inputs), expected, exact, "simplified")
    again = parse(str(graph))
    _compare(interpret(again, inputs), expected, exact=True, what="parsed")
    run = NativeExecutor(graph)
    results = []
    for number in (1, 2, 3):
        with threads(number):
            results.append(run(inputs, ()))
    _compare(results[0], expected, exact, "compiled")
    for other in results[1:]:
        for x, y in zip(other, results[0], strict=True):
            assert x.tobytes() == y.tobytes(), "the number of threads changes the result"


def _compare(actual: Any, expected: Any, exact: bool, what: str) -> None:
    for x, y in zip(actual, expected, strict=True):
        size = float(np.max(np.abs(y), initial=1.0))
        slack = 0.0 if exact else 1e-9 * size
        assert_agree(x, y, slack=slack, signed_zeros=False, what=what)


def drawer(data: st.DataObject) -> Draw:
    return lambda low, high: data.draw(st.integers(low, high))


GRAPHS = settings(
    max_examples=int(os.environ.get("GRAPHS", "100")), deadline=None, derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@GRAPHS
@given(st.data())
def test_exact_graphs_mean_the_same_in_every_form(data: st.DataObject) -> None:
    graph, inputs = build(drawer(data), exact=True)
    check(graph, inputs, exact=True)


@GRAPHS
@given(st.data())
def test_smooth_graphs_and_their_gradients_mean_the_same(data: st.DataObject) -> None:
    graph, inputs = build(drawer(data), exact=False, gradient=bool(data.draw(st.integers(0, 1))))
    check(graph, inputs, exact=False)
