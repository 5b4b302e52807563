"""Code for kernels with a `Tiles` schedule: matrix products and convolutions of every kind.

The kernel's first stage is ``sum(a * b)`` over the reduced axes. One factor is the *scalar
operand*, read one element at a time and spread over the lanes; the other is the *vector operand*,
read along the column axis. A tile of rows x vectors accumulators stays in registers:

    units, loops                         (blocks of output and reduced axes; operands packed here)
      for each column tile, for each row tile
        accumulators = 0
        for each depth step
          vectors = vector operand[column tile]
          for each row: accumulators[row] += scalar operand[row] * vectors
        epilogue: the kernel's second stage on the accumulators

Memory is asked for before it is needed: while one block is computed, the next one to be packed;
while a tile is summed up, what its epilogue will read.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from freshet.compiler.emit.builder import Builder, Int, Value, element_type, vector_type
from freshet.compiler.emit.expressions import Expressions, Point, axis_mask
from freshet.compiler.emit.far_reads import far_reads, is_far
from freshet.compiler.emit.loops import decode, thread_range
from freshet.compiler.emit.packing import Block, Packer, power_of_two
from freshet.compiler.kernel import Kernel, Loop, Tiles
from freshet.compiler.target import Target
from freshet.compiler.tile_plan import Operand, plan
from freshet.core.errors import InternalError
from freshet.ops import scalar
from freshet.ops.index import Affine, combine, strides_of

Prefetch = Callable[[Int], None]
"""Emits what asks for memory at a depth step, given its number."""
DIRECT_EPILOGUE: Final = 12
"""Up to this many scalar operations the epilogue is written out for each vector of the tile; a
longer one becomes a loop over the tile, which goes through memory in the first-level cache."""


@dataclass
class _State:
    """What the open loops have fixed."""

    blocks: dict[str, Block]
    origins: dict[int, Int] = field(default_factory=dict)
    """Per packed operand (by id): what to subtract from its address."""
    unit: Int = 0
    ahead: tuple[Value, dict[str, Block]] | None = None
    """Where the block begins that will be packed next, and the blocks while it is asked for."""


class TileEmitter:
    """Emits one kernel with a `Tiles` schedule."""

    def __init__(
        self, b: Builder, kernel: Kernel, schedule: Tiles, expressions: Expressions, target: Target
    ) -> None:
        self.b, self.kernel, self.s = b, kernel, schedule
        self.expressions, self.target = expressions, target
        self.plan = plan(kernel, target)
        reduction = kernel.stages[0].reductions[0]
        self.dtype = reduction.dtype
        self.element = element_type(self.dtype)
        self.lanes = self.plan.lanes
        self.vector = vector_type(self.element, self.lanes)
        self.result = scalar.result(reduction.name, reduction.dtype)
        self.scratch = Value("ptr", "%scratch")
        self.packer = Packer(b, expressions, self.scratch, self.element, self.lanes)
        self._operands = (self.plan.scalar, self.plan.vector)
        self._check_every_point()

    def _check_every_point(self) -> None:
        """Stop at a schedule that would leave results out."""
        steps = {loop.axis: loop.step for loop in (*self.s.units, *self.s.loops)}
        inside = {self.s.column, *(r.axis for r in self.s.rows)}
        for axis in self.kernel.outer:
            step = steps.get(axis, self.kernel.extents[axis])
            if axis not in inside and min(step, self.kernel.extents[axis]) > 1:
                raise InternalError(
                    f"bug in freshet: the schedule of {self.kernel.name} goes through {axis} in "
                    f"steps of {step}, and nothing goes through a step"
                )

    # --- loops ------------------------------------------------------------------------------------

    def emit(self, thread: Value, threads: Value) -> None:
        """Emit the whole kernel."""
        total = math.prod(n for _, n in self._unit_counts())
        low, high = thread_range(self.b, total, thread, threads)
        with self.b.when(self.b.less(low, high)):
            origins = self._pack_for_all_units()
            with self.b.loop(low, high, name="unit") as unit:
                blocks = self._blocks_of_unit(unit)
                self._open(len(self.s.units), _State(blocks, dict(origins), unit))

    def _pack_for_all_units(self) -> dict[int, Int]:
        """Copy what every unit of a thread reads as a whole; return the origins."""
        whole = {a: Block(0, e, e) for a, e in self.kernel.extents.items()}
        return {
            id(operand): self.packer.pack(operand, whole)
            for operand in (self.plan.scalar, self.plan.vector)
            if operand.depth == 0 and self.s.units
        }

    def _blocks_of_unit(self, unit: Int) -> dict[str, Block]:
        extents = self.kernel.extents
        blocks = {a: Block(0, e, e) for a, e in extents.items()}
        numbers = decode(self.b, unit, self._unit_counts())
        for u in self.s.units:
            start = self.b.mul(numbers[u.axis], u.step)
            blocks[u.axis] = self._block(start, u, blocks[u.axis])
        return blocks

    def _unit_counts(self) -> list[tuple[str, int]]:
        return [(u.axis, -(-self.kernel.extents[u.axis] // u.step)) for u in self.s.units]

    def _block(self, start: Int, loop: Loop, outer: Block) -> Block:
        most = min(loop.step, outer.most)
        if isinstance(outer.size, int) and outer.size % loop.step == 0:
            return Block(start, most, most)
        end = self.b.add(outer.low, outer.size)
        return Block(start, self.b.minimum(most, self.b.sub(end, start)), most)

    def _open(self, depth: int, state: _State) -> None:
        """Emit what happens once `depth` loops are open: packing, then the next loop."""
        if self.s.accumulate == depth:
            self._clear_sums(state)
        for operand in (self.plan.scalar, self.plan.vector):
            if operand.depth == depth:
                state.origins[id(operand)] = self.packer.pack(operand, state.blocks)
        if self._packs_ahead(depth):
            state.ahead = self._next_source(state), state.blocks
        number = depth - len(self.s.units)
        if number == len(self.s.loops):
            self._tiles(state, [Loop(self.s.column, self.s.vectors * self.lanes), *self.s.rows], {})
        else:
            loop = self.s.loops[number]
            outer = state.blocks[loop.axis]
            end = self.b.add(outer.low, outer.size)
            with self.b.loop(outer.low, end, loop.step, loop.axis) as start:
                blocks = {**state.blocks, loop.axis: self._block(start, loop, outer)}
                self._open(depth + 1, _State(blocks, dict(state.origins), state.unit, state.ahead))
        if self.s.accumulate == depth and self.plan.in_output is None:
            self._finish_sums(state)

    def _tiles(self, state: _State, axes: list[Loop], chosen: dict[str, tuple[Int, int]]) -> None:
        """Loop over the tiles of each axis, the whole ones, then the one that is left over."""
        if not axes:
            self._tile(state, chosen)
            return
        tile, block = axes[0], state.blocks[axes[0].axis]
        end = self.b.add(block.low, block.size)
        whole = self.b.mul(self.b.divide(block.size, tile.step), tile.step)
        full = self.b.add(block.low, whole)
        if block.most >= tile.step:
            with self.b.loop(block.low, full, tile.step, tile.axis) as start:
                self._tiles(state, axes[1:], {**chosen, tile.axis: (start, tile.step)})
        # Blocks are multiples of the tile, so only the axis's own end leaves a rest.
        rest = self.kernel.extents[tile.axis] % tile.step
        if rest:
            with self.b.when(self.b.less(full, end)):
                self._tiles(state, axes[1:], {**chosen, tile.axis: (full, rest)})

    # --- memory ahead of time ---------------------------------------------------------------------

    def _packs_ahead(self, depth: int) -> bool:
        """Whether the vector operand is packed here, again and again, out of far memory."""
        operand, inner = self.plan.vector, self.s.loops[depth - len(self.s.units) :]
        again = operand.depth == depth > len(self.s.units) and len(self.s.depth) == 1
        rows = {r.axis for r in self.s.rows}
        return again and all(x.axis in rows for x in inner) and is_far(operand.buffer, self.target)

    def _next_source(self, state: _State) -> Value:
        """Return where the next block to be packed begins: of this unit or the next one."""
        assert self.plan.vector.depth is not None
        loop = self.s.loops[self.plan.vector.depth - len(self.s.units) - 1]
        following = self.b.add(state.blocks[loop.axis].low, loop.step)
        block = replace(state.blocks[loop.axis], low=following)
        here = self.packer.source(self.plan.vector, {**state.blocks, loop.axis: block})
        blocks = self._blocks_of_unit(self.b.add(state.unit, 1))
        there = self.packer.source(self.plan.vector, blocks)
        more = self.b.less(following, self.kernel.extents[loop.axis])
        return self.b.select(more, here, there)

    def _prefetches(self, state: _State, tile: _Tile, depth: int) -> list[Prefetch]:
        """Return what is asked for while a tile is summed up in so many depth steps.

        Everything that does not depend on the step is computed here, before the depth loops.
        """
        block = [] if state.ahead is None else [self._prefetch_block(*state.ahead, tile, depth)]
        return [*block, *self._prefetch_epilogue(state, tile, depth)]

    def _prefetch_block(
        self, source: Value, blocks: Mapping[str, Block], tile: _Tile, depth: int
    ) -> Prefetch:
        """Return what asks for one line of the next block every few depth steps."""
        number: Int = 0
        steps = 1
        for t in (Loop(self.s.column, self.s.vectors * self.lanes), *self.s.rows):
            count = -(-blocks[t.axis].most // t.step)
            start = self.b.sub(tile.base[t.axis], blocks[t.axis].low)
            number = self.b.add(self.b.mul(number, count), self.b.divide(start, t.step))
            steps *= count
        often = _every(steps * depth, self.packer.lines(self.plan.vector))
        first = self.b.mul(number, depth)

        def prefetch(step: Int) -> None:
            line = self.b.divide(self.b.add(first, step), often)
            self.packer.prefetch(self.plan.vector, source, line)

        return prefetch

    def _prefetch_epilogue(self, state: _State, tile: _Tile, depth: int) -> list[Prefetch]:
        """Return what asks for a part of what the epilogue will read of far memory at this tile."""
        if self.s.accumulate is not None:
            return []
        # Powers of two, so that nothing is divided in the inner loop; rows that the tile does not
        # have are the next one's.
        vectors = power_of_two(tile.vectors)
        counts = [(r.axis, max(row[r.axis] for row in tile.rows) + 1) for r in self.s.rows]
        sizes = [(name, power_of_two(count)) for name, count in counts if count > 1]
        lines = math.prod(n for _, n in sizes) * vectors
        each, often = -(-lines // depth), _every(depth, lines)
        corner = Point(self._values(state) | tile.base)

        def prefetch(step: Int, kind: str, address: Affine, first: Value) -> None:
            for i in range(each):
                line = self.b.add(self.b.mul(self.b.divide(step, often), each), i)
                at = self.b.mul(self.b.modulo(line, vectors), self.lanes)
                for name, row in decode(self.b, self.b.divide(line, vectors), sizes).items():
                    at = self.b.add(at, self.b.mul(row, address.coefficient(name)))
                self.b.prefetch(self.b.pointer(first, at, kind), level=1)

        found: list[Prefetch] = []
        for buffer, address in far_reads(
            self.kernel, self.kernel.stages[1], self.s.column, self.target
        ):
            kind = element_type(buffer.dtype)
            base = self.expressions.pointers[buffer.name]
            first = self.b.pointer(base, self.expressions.affine(address, corner), kind)
            found.append(partial(prefetch, kind=kind, address=address, first=first))
        return found

    # --- the tile ---------------------------------------------------------------------------------

    def _tile(self, state: _State, chosen: dict[str, tuple[Int, int]]) -> None:
        """Emit one register tile."""
        base = {a: start for a, (start, _) in chosen.items()}
        rows = [
            dict(zip((r.axis for r in self.s.rows), steps, strict=True))
            for steps in itertools.product(*(range(chosen[r.axis][1]) for r in self.s.rows))
        ]
        width = chosen[self.s.column][1]
        vectors = -(-width // self.lanes)
        tail = axis_mask(self.b, width % self.lanes, self.lanes) if width % self.lanes else None
        slots = [[self.b.stack_slot(self.vector) for _ in range(vectors)] for _ in rows]
        tile = _Tile(base, rows, vectors, tail, slots)
        self._start_tile(state, tile)
        runs = self._depth_runs(state)
        fixed = {a: x for a, x in (self._values(state) | base).items() if a not in dict(runs)}
        first = [self._start(operand, state, fixed) for operand in self._operands]
        prefetches = self._prefetches(state, tile, math.prod(run.most for _, run in runs))
        self._depth_loops(tile, runs, first, prefetches, 0)
        self._finish_tile(state, tile)

    def _values(self, state: _State) -> dict[str, Int]:
        """Return the value of every axis that a loop has fixed to one point, else its low end."""
        return {a: block.low for a, block in state.blocks.items()}

    def _depth_runs(self, state: _State) -> list[tuple[str, Block]]:
        """Return the depth loops: axes that both operands step through as one are one loop.

        The end of a loop is a branch that the processor guesses wrong, so few long ones are better
        than many short ones. Each is named after its innermost axis, which alone moves; the others
        stay at their low ends.
        """
        addresses = [self.plan.scalar.address(), self.plan.vector.address()]
        runs: list[tuple[str, Block]] = []
        for name in reversed(self.s.depth):
            block = state.blocks[name]
            inner, run = runs[-1] if runs else (name, block)
            length = run.size
            if runs and isinstance(length, int) and all(
                a.coefficient(name) == length * a.coefficient(inner) for a in addresses
            ):  # fmt: skip
                size = self.b.mul(block.size, length)
                runs[-1] = inner, Block(run.low, size, block.most * length)
            else:
                runs.append((name, block))
        return runs[::-1]

    def _start(self, operand: Operand, state: _State, fixed: Mapping[str, Int]) -> Value:
        """Return where an operand is at the tile's first row and column, the depth loops at 0."""
        address = operand.address()
        total: Int = address.constant
        for name, c in address.terms:
            if name in fixed:
                total = self.b.add(total, self.b.mul(fixed[name], c))
        if operand.depth is None:
            base = self.expressions.pointers[operand.buffer.name]
        else:
            base = self.b.pointer(self.scratch, operand.offset, self.element)
            total = self.b.sub(total, state.origins[id(operand)])
        return self.b.pointer(base, total, self.element)

    def _depth_loops(
        self,
        tile: _Tile,
        runs: list[tuple[str, Block]],
        pointers: Sequence[Value],
        prefetches: Sequence[Prefetch],
        number: Int,
    ) -> None:
        """Emit the depth loops, with where the operands are and how many steps there were before.

        Each loop adds its own part to the addresses, so that the innermost has little to add.
        """
        if not runs:
            for prefetch in prefetches:
                prefetch(number)
            self._step(tile, pointers)
            return
        (name, run), *inner = runs
        end = self.b.add(run.low, run.size)
        # Depth steps are never unrolled: LLVM would share elements between the steps and run out
        # of registers, and the tile is large enough to hide the loop.
        with self.b.loop(run.low, end, name=name) as i:
            moved = [
                self.b.pointer(p, self.b.mul(i, o.address().coefficient(name)), self.element)
                for p, o in zip(pointers, self._operands, strict=True)
            ]
            if prefetches:
                number = self.b.add(self.b.mul(number, run.most), self.b.sub(i, run.low))
            self._depth_loops(tile, inner, moved, prefetches, number)

    def _step(self, tile: _Tile, pointers: Sequence[Value]) -> None:
        """Emit one depth step: every row's element times the vectors."""
        scalars, vectors = pointers
        loaded = self._vector_loads(tile, vectors)
        address = self.plan.scalar.address()
        for row, slots in zip(tile.rows, tile.slots, strict=True):
            shift = sum(c * row.get(n, 0) for n, c in address.terms)
            place = self.b.pointer(scalars, shift, self.element)
            one = self.b.splat(self.b.load(self.element, place, self.dtype.size), self.lanes)
            for vector, slot in zip(loaded, slots, strict=True):
                old = self.b.load(self.vector, slot, 64)
                self.b.store(self._multiply_add(one, vector, old), slot, 64)

    def _vector_loads(self, tile: _Tile, pointer: Value) -> list[Value]:
        operand = self.plan.vector
        loads = []
        for v in range(tile.vectors):
            place = self.b.pointer(pointer, v * self.lanes, self.element)
            last = v == tile.vectors - 1
            if tile.tail is not None and last and operand.depth is None:
                zero = self.b.constant(0.0, self.vector)
                loads.append(self.expressions.masked_load(self.vector, place, tile.tail, zero))
            else:
                aligned = 64 if operand.depth is not None else self.dtype.size
                aligned = min(aligned, self.lanes * self.dtype.size)
                loads.append(self.b.load(self.vector, place, aligned))
        return loads

    def _multiply_add(self, x: Value, y: Value, z: Value) -> Value:
        if self.target.fused_multiply_add:
            short = "f32" if self.element == "float" else "f64"
            return self.b.call(self.vector, f"llvm.fma.v{self.lanes}{short}", x, y, z)
        product = self.b.emit(self.vector, f"fmul {x}, {y.text}")
        return self.b.emit(self.vector, f"fadd {product}, {z.text}")

    # --- before and after the tile ----------------------------------------------------------------

    def _start_tile(self, state: _State, tile: _Tile) -> None:
        for row, slots in zip(tile.rows, tile.slots, strict=True):
            for v, slot in enumerate(slots):
                if self.s.accumulate is None:
                    start = self.b.constant(0.0, self.vector)
                else:
                    start = self._sum_access(state, tile, row, v, None)
                self.b.store(start, slot, 64)

    def _finish_tile(self, state: _State, tile: _Tile) -> None:
        if self.s.accumulate is not None:
            for row, slots in zip(tile.rows, tile.slots, strict=True):
                for v, slot in enumerate(slots):
                    self._sum_access(state, tile, row, v, self.b.load(self.vector, slot, 64))
            return
        operations = sum(
            e.op not in {"const", "result", "coordinate"}
            for e in self.kernel.stages[1].expressions()
        )
        if operations <= DIRECT_EPILOGUE:
            for row, slots in zip(tile.rows, tile.slots, strict=True):
                for v, slot in enumerate(slots):
                    point = self._tile_point(state, tile, row, v)
                    self._epilogue(point, self.b.load(self.vector, slot, 64))
        else:
            self._looped_epilogue(state, tile)

    def _tile_point(self, state: _State, tile: _Tile, row: Mapping[str, Int], v: int) -> Point:
        axes = self._values(state) | tile.base
        for name, step in row.items():
            axes[name] = self.b.add(axes[name], step)
        axes[self.s.column] = self.b.add(axes[self.s.column], v * self.lanes)
        mask = tile.tail if v == tile.vectors - 1 else None
        return Point(axes, self.s.column, self.lanes, mask)

    def _epilogue(self, point: Point, total: Value) -> None:
        """Emit the second stage for one vector of sums."""
        stage = self.kernel.stages[1]
        point.known[self.result] = total
        values = self.expressions.evaluate((s.value for s in stage.statements), point)
        for statement in stage.stores:
            self.expressions.store(statement, values[statement.value], point)

    def _looped_epilogue(self, state: _State, tile: _Tile) -> None:
        """Put the tile in memory, then loop over its rows."""
        count, vectors = len(tile.rows), tile.vectors
        spill = self.b.stack_slot(f"[{count * vectors} x {self.vector}]")
        for r, slots in enumerate(tile.slots):
            for v, slot in enumerate(slots):
                place = self.b.pointer(spill, r * vectors + v, self.vector)
                self.b.store(self.b.load(self.vector, slot, 64), place, 64)
        sizes = [(r.axis, max(row[r.axis] for row in tile.rows) + 1) for r in self.s.rows]
        with self.b.loop(0, count, name="row") as number:
            row = decode(self.b, number, sizes)
            for v in range(vectors):
                at = self.b.add(self.b.mul(number, vectors), v)
                total = self.b.load(self.vector, self.b.pointer(spill, at, self.vector), 64)
                self._epilogue(self._tile_point(state, tile, row, v), total)

    # --- sums in memory ---------------------------------------------------------------------------

    def _sum_access(
        self, state: _State, tile: _Tile, row: Mapping[str, Int], v: int, value: Value | None
    ) -> Value:
        """Read the running sums of one vector of the tile, or write them."""
        point = self._tile_point(state, tile, row, v)
        place, mask = self._sum_place(point)
        return self._sum_move(place, mask, value)

    def _sum_place(self, point: Point) -> tuple[Value, Value | None]:
        store = self.plan.in_output
        if store is not None:
            buffer = self.kernel.buffer(store.buffer)
            where = combine(
                (s, i.numerator) for s, i in zip(strides_of(buffer.shape), store.where, strict=True)
            )
            base = self.expressions.pointers[store.buffer]
            offset = self.expressions.affine(where, point)
            return self.b.pointer(base, offset, self.element), point.mask
        offset = self.plan.sums_offset
        for name, stride in self.plan.sums_strides.items():
            low = self._sum_lows[name]
            offset = self.b.add(offset, self.b.mul(self.b.sub(point.axes[name], low), stride))
        return self.b.pointer(self.scratch, offset, self.element), None

    def _sum_move(self, place: Value, mask: Value | None, value: Value | None) -> Value:
        size = self.dtype.size
        if value is None:
            if mask is None:
                return self.b.load(self.vector, place, size)
            zero = self.b.constant(0.0, self.vector)
            return self.expressions.masked_load(self.vector, place, mask, zero)
        at = Point({}, self.s.column, self.lanes, mask)
        self.expressions.store_vector(value, place, 1, at)
        return value

    def _clear_sums(self, state: _State) -> None:
        self._sum_lows = {name: state.blocks[name].low for name in self.plan.sums_strides}
        for point in self._sum_points(state):
            place, mask = self._sum_place(point)
            self._sum_move(place, mask, self.b.constant(0.0, self.vector))

    def _finish_sums(self, state: _State) -> None:
        for point in self._sum_points(state):
            place, _ = self._sum_place(point)
            self._epilogue(point, self._sum_move(place, None, None))

    def _sum_points(self, state: _State) -> Iterator[Point]:
        """Loop over every vector of the block's output."""
        with self._rows(state, [r.axis for r in self.s.rows], self._values(state)) as axes:
            column, block = self.s.column, state.blocks[self.s.column]
            whole = self.b.mul(self.b.divide(block.size, self.lanes), self.lanes)
            full, end = self.b.add(block.low, whole), self.b.add(block.low, block.size)
            with self.b.loop(block.low, full, self.lanes, column) as i:
                yield Point({**axes, column: i}, column, self.lanes)
            with self.b.when(self.b.less(full, end)):
                mask = axis_mask(self.b, self.b.sub(end, full), self.lanes)
                yield Point({**axes, column: full}, column, self.lanes, mask)

    @contextmanager
    def _rows(
        self, state: _State, names: Sequence[str], values: dict[str, Int]
    ) -> Iterator[dict[str, Int]]:
        if not names:
            yield values
            return
        block = state.blocks[names[0]]
        with (
            self.b.loop(block.low, self.b.add(block.low, block.size), name=names[0]) as i,
            self._rows(state, names[1:], values | {names[0]: i}) as inside,
        ):
            yield inside


@dataclass(frozen=True)
class _Tile:
    """A register tile while it is emitted."""

    base: dict[str, Int]
    """First row and column."""
    rows: list[dict[str, int]]
    """Each row's distance from the first along the row axes."""
    vectors: int
    tail: Value | None
    """Mask of the last vector, if the columns do not fill it."""
    slots: list[list[Value]]


def _every(steps: int, lines: int) -> int:
    """Return after how many steps another line is asked for: a power of two."""
    return 1 << max((steps // lines).bit_length() - 1, 0)
