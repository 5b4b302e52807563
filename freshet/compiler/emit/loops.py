"""Code for kernels with a `Loops` schedule: one axis in vector lanes, the others looped over.

The work is cut into units by the kernel's shape alone, and each thread takes a contiguous range of
them; nothing a unit computes depends on which thread has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from freshet.compiler.emit.builder import (
    Builder,
    Int,
    Value,
    element_type,
    split_type,
    vector_type,
)
from freshet.compiler.emit.expressions import Expressions, Point, axis_mask
from freshet.compiler.emit.far_reads import far_reads
from freshet.compiler.emit.random import SHARED
from freshet.compiler.kernel import Buffer, Kernel, Loops, Reduction, Stage, Store
from freshet.compiler.target import Target
from freshet.core.dtypes import DType
from freshet.core.errors import InternalError
from freshet.ops import scalar
from freshet.ops.index import Affine
from freshet.ops.scalar import Expr

_COMBINE: Final = {
    "sum": "add", "prod": "mul", "max": "maximum", "min": "minimum", "and": "bit_and",
    "or": "bit_or",
}  # fmt: skip


def lanes_of(kernel: Kernel, target: Target) -> int:
    """Return the lanes for a kernel: a full register of its widest floating-point dtype.

    Without floats, of its widest dtype; never less than 4-byte elements would have, since narrow
    ones are widened to compute with.
    """
    types = [b.dtype for b in kernel.buffers]
    floats = [d for d in types if d.is_floating]
    return min(target.lanes(d) for d in floats or types)


def thread_range(b: Builder, units: int, thread: Value, threads: Value) -> tuple[Int, Int]:
    """Return the units [low, high) of a thread."""
    low = b.divide(b.mul(thread, units), threads)
    high = b.divide(b.mul(b.add(thread, 1), units), threads)
    return low, high


def decode(b: Builder, number: Int, extents: Sequence[tuple[str, int]]) -> dict[str, Int]:
    """Return the axes' values at one number of their row-major counting."""
    values: dict[str, Int] = {}
    for name, extent in reversed(extents):
        if len(values) == len(extents) - 1:
            values[name] = number
        else:
            values[name] = b.modulo(number, extent)
            number = b.divide(number, extent)
    return values


@dataclass
class _Accumulator:
    """A reduction in progress: a register, seen as a stack slot."""

    reduction: Reduction
    slot: Value
    position: Value | None
    """For argmax and argmin: the position of the best so far."""
    kind: str


class LoopEmitter:
    """Emits one kernel with a `Loops` schedule."""

    def __init__(
        self, b: Builder, kernel: Kernel, schedule: Loops, expressions: Expressions, target: Target
    ) -> None:
        self.b, self.kernel, self.schedule = b, kernel, schedule
        self.expressions = expressions
        self.lanes = lanes_of(kernel, target) if schedule.vector else 0
        self._next_row = self._reads_of_next_row(target)

    def emit(self, thread: Value, threads: Value) -> None:
        """Emit the whole kernel."""
        vector = self.schedule.vector
        outer = [(a, self.kernel.extents[a]) for a in self.kernel.outer if a != vector]
        if vector not in self.kernel.outer:
            with self._units(outer, thread, threads) as axes:
                self._stages([Point(axes)])
            return
        extent = self.kernel.extents[vector]
        block = self.schedule.block or extent
        blocks = -(-extent // block)
        with self._units([*outer, ("block", blocks)], thread, threads) as axes:
            low = self.b.mul(axes.pop("block"), block)
            high = self.b.minimum(self.b.add(low, block), extent)
            whole = block % SHARED == 0
            for points in self._vectors(vector, low, high, extent, [Point(axes)], whole):
                self._stages(points)

    @contextmanager
    def _units(
        self, axes: list[tuple[str, int]], thread: Value, threads: Value
    ) -> Iterator[dict[str, Int]]:
        units = math.prod(extent for _, extent in axes)
        low, high = thread_range(self.b, units, thread, threads)
        with self.b.loop(low, high, name="unit") as unit:
            yield decode(self.b, unit, axes)

    def _vectors(
        self, axis: str, low: Int, high: Int, extent: int, points: list[Point], whole: bool
    ) -> Iterator[list[Point]]:
        """Loop over an axis in full groups of vectors, then single ones, the last one masked.

        Yields the points of one turn; the caller emits its body for them. `extent` bounds
        ``high - low`` and lets loops that cannot run be left out; `whole` says that `low` is a
        multiple of `SHARED`.
        """
        b, lanes, unroll = self.b, self.lanes, self.schedule.unroll
        start = low
        if unroll > 1 and extent >= lanes * unroll:
            width = lanes * unroll
            full = b.add(low, b.mul(b.divide(b.sub(high, low), width), width))
            with b.loop(low, full, width, axis) as i:
                shared: list[dict[Any, list[Value]] | None]
                shared = [{} if whole and width % SHARED == 0 else None for _ in points]
                yield [
                    replace(
                        p, axes={**p.axes, axis: b.add(i, j * lanes)}, vector=axis, lanes=lanes,
                        ahead=j * lanes, shared=own,
                    )
                    for j in range(unroll)
                    for p, own in zip(points, shared, strict=True)
                ]  # fmt: skip
            start = full
        full = b.add(start, b.mul(b.divide(b.sub(high, start), lanes), lanes))
        if extent >= lanes:
            with b.loop(start, full, lanes, axis) as i:
                yield [
                    replace(p, axes={**p.axes, axis: i}, vector=axis, lanes=lanes) for p in points
                ]
        with b.when(b.less(full, high)):
            mask = axis_mask(b, b.sub(high, full), lanes)
            yield [
                replace(p, axes={**p.axes, axis: full}, vector=axis, lanes=lanes, mask=mask)
                for p in points
            ]

    # --- memory ahead of time ---------------------------------------------------------------------

    def _reads_of_next_row(
        self, target: Target
    ) -> tuple[Stage | None, list[tuple[Buffer, Affine]]]:
        """Return which pass asks for the next row, and what its first pass will read of far memory.

        A row that is gone over several times waits for memory only the first time. The pass that
        computes most asks for the next row meanwhile.
        """
        vector = self.schedule.vector
        passes = [s for s in self.kernel.stages if vector in s.axes]
        outer = [a for a in self.kernel.outer if self.kernel.extents[a] > 1]
        if vector is None or len(passes) < 2 or not outer:
            return None, []
        found = []
        for buffer, address in far_reads(self.kernel, passes[0], vector, target):
            step = address.coefficient(outer[-1])
            if step:
                found.append((buffer, address + step))
        return max(passes[1:], key=lambda s: sum(1 for _ in s.expressions())), found

    def _ask_for_next_row(self, stage: Stage, point: Point) -> None:
        asking, reads = self._next_row
        if stage is asking and point.mask is None:
            for buffer, address in reads:
                base = self.expressions.pointers[buffer.name]
                at = self.expressions.affine(address, point)
                place = self.b.pointer(base, at, element_type(buffer.dtype))
                self.b.prefetch(place, level=2)

    # --- stages -----------------------------------------------------------------------------------

    def _stages(self, points: list[Point]) -> None:
        """Run the stages at one outer point, or one per vector along the vector axis."""
        known: list[dict[Expr, Value]] = [{} for _ in points]
        for stage in self.kernel.stages:
            here = [replace(p, known=dict(k)) for p, k in zip(points, known, strict=True)]
            for own, results in zip(known, self._stage(stage, here), strict=True):
                own.update(results)

    def _stage(self, stage: Stage, points: list[Point]) -> list[dict[Expr, Value]]:
        """Emit a stage; return its reductions' values at each point."""
        vector = self.schedule.vector
        if vector is not None and vector in stage.axes:
            return [self._row(stage, p) for p in points]
        accumulators = [[self._start(r, p.lanes) for r in stage.reductions] for p in points]
        with self._nest(stage.axes, points) as inside:
            for point, own in zip(inside, accumulators, strict=True):
                self._body(stage, point, own)
        return [{_result(a): self._final(a) for a in own} for own in accumulators]

    def _row(self, stage: Stage, point: Point) -> dict[Expr, Value]:
        """Emit a stage whose last axis is in lanes, and combine the lanes."""
        vector = stage.axes[-1]
        if vector != self.schedule.vector:
            raise InternalError(f"bug in freshet: {vector} is not the vector axis")
        extent = self.kernel.extents[vector]
        unroll = self.schedule.unroll if extent >= self.lanes * self.schedule.unroll else 1
        accumulators = [
            [self._start(r, self.lanes) for r in stage.reductions] for _ in range(unroll)
        ]
        with self._nest(stage.axes[:-1], [point]) as inside:
            for turn in self._vectors(vector, 0, extent, extent, inside, whole=True):
                for p, own in zip(turn, accumulators, strict=False):
                    self._body(stage, p, own)
        results: dict[Expr, Value] = {}
        for same in zip(*accumulators, strict=True):
            first = same[0]
            for other in same[1:]:
                self._merge(first, self._load(other), self._load_position(other))
            results[_result(first)] = self._across_lanes(first)
        return results

    @contextmanager
    def _nest(self, axes: Sequence[str], points: list[Point]) -> Iterator[list[Point]]:
        """Loop over axes, in order, at several points at once."""
        if not axes:
            yield points
            return
        with self.b.loop(0, self.kernel.extents[axes[0]], name=axes[0]) as i:
            inner = [replace(p, axes={**p.axes, axes[0]: i}) for p in points]
            with self._nest(axes[1:], inner) as inside:
                yield inside

    def _body(self, stage: Stage, point: Point, accumulators: list[_Accumulator]) -> None:
        self._ask_for_next_row(stage, point)
        # What is written as soon as it is known leaves its register to others. But what a stage
        # writes over has to be read before.
        early = not {s.buffer for s in stage.stores} & {e.attributes[0] for e in stage.loads()}
        wanted = [e for s in stage.statements for e in s.operands]
        values = {} if early else self.expressions.evaluate(wanted, point)
        waiting = iter(accumulators)
        for statement in stage.statements:
            if early:
                at = replace(point, known={**point.known, **values}) if values else point
                values = self.expressions.evaluate(statement.operands, at)
            value = values[statement.value]
            if isinstance(statement, Store):
                index = None if statement.index is None else values[statement.index]
                self.expressions.store(statement, value, point, index)
            else:
                self._accumulate(next(waiting), value, point)

    # --- reductions -------------------------------------------------------------------------------

    def _start(self, reduction: Reduction, lanes: int) -> _Accumulator:
        kind = vector_type(element_type(reduction.value.dtype), lanes)
        slot = self.b.stack_slot(kind)
        self.b.store(self.b.constant(neutral(reduction), kind), slot, 64)
        position = None
        if reduction.position is not None:
            where = vector_type("i64", lanes)
            position = self.b.stack_slot(where)
            self.b.store(self.b.constant(0, where), position, 64)
        return _Accumulator(reduction, slot, position, kind)

    def _accumulate(self, into: _Accumulator, value: Value, point: Point) -> None:
        lanes = split_type(into.kind)[1]
        value = self.b.splat(value, lanes)
        position = None
        where = into.reduction.position
        if where is not None:
            number = scalar.coordinate(where)
            position = self.expressions.evaluate([number], point)[number]
            position = self.b.splat(position, lanes)
        self._merge(into, value, position, point.mask)

    def _merge(
        self,
        into: _Accumulator,
        value: Value,
        position: Value | None,
        mask: Value | None = None,
    ) -> None:
        """Combine a value into an accumulator, in the lanes of `mask`."""
        b, best = self.b, self._load(into)
        if position is None or into.position is None:
            merged = self._combined(into.reduction, best, value)
            if mask is not None:
                merged = b.emit(into.kind, f"select {mask}, {merged}, {best}")
            b.store(merged, into.slot, 64)
            return
        better = self._better(into.reduction, value, best)
        if mask is not None:
            better = b.emit(better.type, f"and {better}, {mask.text}")
        b.store(b.emit(into.kind, f"select {better}, {value}, {best}"), into.slot, 64)
        old = b.load(position.type, into.position, 64)
        b.store(b.emit(old.type, f"select {better}, {position}, {old}"), into.position, 64)

    def _combined(self, reduction: Reduction, x: Value, y: Value) -> Value:
        dtype = reduction.value.dtype
        left, right = scalar.operand(0, dtype), scalar.operand(1, dtype)
        both = scalar.binary(_COMBINE[reduction.op], left, right)
        point = Point({}, known={left: x, right: y})
        return self.expressions.evaluate([both], point)[both]

    def _better(self, reduction: Reduction, value: Value, best: Value) -> Value:
        """Whether `value` takes the place of `best`; the first NaN wins over everything."""
        b, dtype = self.b, reduction.value.dtype
        flags = vector_type("i1", split_type(value.type)[1])
        larger = reduction.op == "argmax"
        if not dtype.is_floating:
            sign = "u" if dtype.is_unsigned or dtype.is_bool else "s"
            return b.emit(flags, f"icmp {sign}{'gt' if larger else 'lt'} {value}, {best.text}")
        ahead = b.emit(flags, f"fcmp {'ogt' if larger else 'olt'} {value}, {best.text}")
        missing = b.emit(flags, f"fcmp uno {value}, {value.text}")
        present = b.emit(flags, f"fcmp ord {best}, {best.text}")
        first = b.emit(flags, f"and {missing}, {present.text}")
        return b.emit(flags, f"or {ahead}, {first.text}")

    def _load(self, accumulator: _Accumulator) -> Value:
        return self.b.load(accumulator.kind, accumulator.slot, 64)

    def _final(self, accumulator: _Accumulator) -> Value:
        """Return what the reduction came to, in its own dtype."""
        position = self._load_position(accumulator)
        if position is None:
            return self._load(accumulator)
        return self.expressions.cast_index(position, accumulator.reduction.dtype)

    def _load_position(self, accumulator: _Accumulator) -> Value | None:
        if accumulator.position is None:
            return None
        lanes = split_type(accumulator.kind)[1]
        return self.b.load(vector_type("i64", lanes), accumulator.position, 64)

    def _across_lanes(self, accumulator: _Accumulator) -> Value:
        """Combine the lanes in halves, always in the same order."""
        reduction = accumulator.reduction
        if reduction.position is not None:
            return self._first_best(accumulator)
        value = self._load(accumulator)
        element, lanes = split_type(value.type)
        while lanes > 1:
            lanes //= 2
            half = vector_type(element, lanes)
            parts = []
            for start in (0, lanes):
                numbers = ", ".join(f"i32 {i}" for i in range(start, start + lanes))
                parts.append(
                    self.b.emit(
                        half,
                        f"shufflevector {value}, {value.type} poison, <{lanes} x i32> <{numbers}>",
                    )
                )
            value = self._combined(reduction, *parts)
        return self.b.emit(element, f"extractelement {value}, i64 0")

    def _first_best(self, accumulator: _Accumulator) -> Value:
        """Return the position of the best lane; of the lowest position among equals."""
        b, reduction = self.b, accumulator.reduction
        values, positions = self._load(accumulator), self._load_position(accumulator)
        assert positions is not None
        element, lanes = split_type(values.type)
        best = b.emit(element, f"extractelement {values}, i64 0")
        place = b.emit("i64", f"extractelement {positions}, i64 0")
        for lane in range(1, lanes):
            value = b.emit(element, f"extractelement {values}, i64 {lane}")
            position = b.emit("i64", f"extractelement {positions}, i64 {lane}")
            ahead = self._better(reduction, value, best)
            equal = self._same(value, best, reduction.value.dtype)
            before = b.emit("i1", f"icmp slt {position}, {place.text}")
            tie = b.emit("i1", f"and {equal}, {before.text}")
            take = b.emit("i1", f"or {ahead}, {tie.text}")
            best = b.emit(element, f"select {take}, {value}, {best}")
            place = b.emit("i64", f"select {take}, {position}, {place}")
        return self.expressions.cast_index(place, reduction.dtype)

    def _same(self, x: Value, y: Value, dtype: DType) -> Value:
        if not dtype.is_floating:
            return self.b.emit("i1", f"icmp eq {x}, {y.text}")
        equal = self.b.emit("i1", f"fcmp oeq {x}, {y.text}")
        left = self.b.emit("i1", f"fcmp uno {x}, {x.text}")
        right = self.b.emit("i1", f"fcmp uno {y}, {y.text}")
        both = self.b.emit("i1", f"and {left}, {right.text}")
        return self.b.emit("i1", f"or {equal}, {both.text}")


def neutral(reduction: Reduction) -> float:
    """Return the value that changes nothing when combined."""
    dtype = reduction.value.dtype
    if reduction.op in {"max", "argmax"}:
        return -math.inf if dtype.is_floating else dtype.min
    if reduction.op in {"min", "argmin"}:
        return math.inf if dtype.is_floating else dtype.max
    return {"sum": 0, "prod": 1, "and": True, "or": False}[reduction.op]


def _result(accumulator: _Accumulator) -> Expr:
    """Return the expression by which later stages read the reduction."""
    return scalar.result(accumulator.reduction.name, accumulator.reduction.dtype)
