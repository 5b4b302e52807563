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

*Packing* copies an operand's block to scratch memory: it resolves padding and fractional strides
once (so the inner loop has no conditions), and lays the vector operand out as panels, one column
tile after the other, which the inner loop reads from end to end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from freshet.compiler.emit.builder import Builder, Int, Value, element_type, vector_type
from freshet.compiler.emit.expressions import Expressions, Point, axis_mask
from freshet.compiler.emit.loops import decode, thread_range
from freshet.compiler.kernel import Buffer, Kernel, Loop, Loops, Store, Tiles
from freshet.compiler.target import Target
from freshet.core.errors import InternalError
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, axis, combine, strides_of
from freshet.ops.scalar import Expr

DIRECT_EPILOGUE: Final = 12
"""Up to this many scalar operations the epilogue is written out for each vector of the tile; a
longer one becomes a loop over the tile, which goes through memory in the first-level cache."""


@dataclass(frozen=True)
class Block:
    """The part of an axis that the open loops have chosen."""

    low: Int
    size: Int
    most: int
    """What `size` never exceeds."""


@dataclass(frozen=True)
class Operand:
    """A factor of the contraction: a load, and how its packed copy is laid out."""

    buffer: Buffer
    where: Position
    fill: Expr
    guarded: tuple[bool, ...]
    """Per dimension: whether the index may be outside or not exact."""
    depth: int | None
    """How many loops are open when it is packed; None if it is not."""
    extents: tuple[int, ...] = ()
    """Packed: how many positions of each dimension a block reaches."""
    strides: tuple[int, ...] = ()
    """Packed: distance in scratch between positions; of the column's dimension, per column."""
    column: int | None = None
    """Packed vector operand: the dimension that the column axis walks along."""
    tile: int = 0
    """Packed vector operand: columns of a panel."""
    offset: int = 0
    """Packed: first element in the thread's scratch memory."""

    @property
    def elements(self) -> int:
        """Size of the packed copy."""
        if self.depth is None:
            return 0
        if self.column is None:
            return self.strides[0] * self.extents[0] if self.extents else 1
        panels = -(-self.extents[self.column] // self.tile)
        rest = math.prod(e for d, e in enumerate(self.extents) if d != self.column)
        return panels * rest * self.tile

    def address(self) -> Affine:
        """Return the offset as a function of the axes; packed, before the origin is subtracted."""
        strides = strides_of(self.buffer.shape) if self.depth is None else self.strides
        return combine((s, i.numerator) for s, i in zip(strides, self.where, strict=True))


@dataclass(frozen=True)
class Plan:
    """Everything about a tiled kernel that its shape decides."""

    scalar: Operand
    vector: Operand
    lanes: int
    sums_offset: int
    """First element of the sums kept in scratch."""
    sums_strides: dict[str, int]
    """Their layout; empty where sums stay in registers or in the output itself."""
    in_output: Store | None
    """The store whose buffer holds the sums while they grow."""
    bytes: int


def plan(kernel: Kernel, target: Target) -> Plan:
    """Lay out a tiled kernel's scratch memory."""
    s = kernel.schedule
    assert isinstance(s, Tiles)
    product = kernel.stages[0].reductions[0].value
    lanes = target.lanes(product.dtype)
    first, second = product.args
    if s.swap:
        first, second = second, first
    scalars = _operand(kernel, s, first, s.pack_scalar, lanes, vector=False)
    vectors = _operand(kernel, s, second, s.pack_vector, lanes, vector=True)
    vectors = _moved(vectors, _aligned(scalars.elements))
    sums_offset = vectors.offset + _aligned(vectors.elements)
    strides: dict[str, int] = {}
    total = sums_offset
    in_output = _plain_store(kernel)
    if s.accumulate is not None and in_output is None:
        sizes = blocks_at(kernel, s, s.accumulate)
        width = s.vectors * lanes
        strides[s.column] = 1
        step = -(-sizes[s.column] // width) * width
        for row in reversed(s.rows):
            strides[row.axis] = step
            step *= sizes[row.axis]
        total += _aligned(step)
    return Plan(
        scalars, vectors, lanes, sums_offset, strides,
        in_output if s.accumulate is not None else None, total * product.dtype.size,
    )  # fmt: skip


def scratch_bytes(kernel: Kernel, target: Target) -> int:
    """Return the scratch memory that each thread needs, a whole number of cache lines."""
    if isinstance(kernel.schedule, Loops):
        return 0
    return -(-plan(kernel, target).bytes // 64) * 64


def blocks_at(kernel: Kernel, s: Tiles, depth: int) -> dict[str, int]:
    """Return the largest extent of each axis once `depth` loops are open."""
    sizes = dict(kernel.extents)
    for loop in (*s.units, *s.loops)[:depth]:
        sizes[loop.axis] = min(loop.step, sizes[loop.axis])
    return sizes


def _aligned(elements: int) -> int:
    return -(-elements // 16) * 16


def _moved(operand: Operand, offset: int) -> Operand:
    return replace(operand, offset=offset)


def _operand(
    kernel: Kernel, s: Tiles, expr: Expr, depth: int | None, lanes: int, *, vector: bool
) -> Operand:
    if expr.op != "load":
        raise InternalError(f"bug in freshet: a tiled operand is {expr.op!r}, not a load")
    name, where, fill = expr.attributes
    buffer = kernel.buffer(name)
    guarded = tuple(
        not i.always_inside(size, kernel.extents)
        for i, size in zip(where, buffer.shape, strict=True)
    )
    if depth is None:
        if any(guarded):
            raise InternalError(f"bug in freshet: {name} has padding and must be packed")
        return Operand(buffer, where, fill, guarded, None)
    sizes = blocks_at(kernel, s, depth)
    extents = tuple(1 + sum(abs(c) * (sizes[n] - 1) for n, c in i.numerator.terms) for i in where)
    if not vector:
        return Operand(buffer, where, fill, guarded, depth, extents, _row_strides(extents, lanes))
    column = next(d for d, i in enumerate(where) if i.numerator.coefficient(s.column))
    tile = s.vectors * lanes
    others = [d for d in range(len(where)) if d != column]
    strides = [0] * len(where)
    step = tile
    for d in reversed(others):
        strides[d] = step
        step *= extents[d]
    # A column tile starts `tile` columns after the one before and `step` elements: per column,
    # step / tile of them.
    strides[column] = step // tile
    return Operand(buffer, where, fill, guarded, depth, extents, tuple(strides), column, tile)


def _row_strides(extents: tuple[int, ...], lanes: int) -> tuple[int, ...]:
    """Row-major strides, rows padded where their length would put them all in one cache set."""
    strides = [0] * len(extents)
    step = 1
    for d in reversed(range(len(extents))):
        strides[d] = step
        step *= extents[d]
        if step % 256 == 0 and any(e > 1 for e in extents[:d]):
            step += lanes
    return tuple(strides)


def _plain_store(kernel: Kernel) -> Store | None:
    """Return the only store of a kernel that does nothing but store the sum."""
    statements = kernel.stages[1].statements
    if len(statements) == 1 and isinstance(statements[0], Store):
        store = statements[0]
        if store.value.op == "result" and kernel.buffer(store.buffer).dtype is store.value.dtype:
            return store
    return None


@dataclass
class _State:
    """What the open loops have fixed."""

    blocks: dict[str, Block]
    origins: dict[int, Int] = field(default_factory=dict)
    """Per packed operand (by id): what to subtract from its address."""


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

    # --- loops ------------------------------------------------------------------------------------

    def emit(self, thread: Value, threads: Value) -> None:
        """Emit the whole kernel."""
        extents = self.kernel.extents
        counts = [(u.axis, -(-extents[u.axis] // u.step)) for u in self.s.units]
        total = math.prod(n for _, n in counts)
        low, high = thread_range(self.b, total, thread, threads)
        with self.b.loop(low, high, name="unit") as unit:
            state = _State({a: Block(0, e, e) for a, e in extents.items()})
            numbers = decode(self.b, unit, counts)
            for u in self.s.units:
                start = self.b.mul(numbers[u.axis], u.step)
                state.blocks[u.axis] = self._block(start, u, state.blocks[u.axis])
            self._open(len(self.s.units), state)

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
                self._pack(operand, state)
        number = depth - len(self.s.units)
        if number == len(self.s.loops):
            self._tiles(state, [Loop(self.s.column, self.s.vectors * self.lanes), *self.s.rows], {})
        else:
            loop = self.s.loops[number]
            outer = state.blocks[loop.axis]
            end = self.b.add(outer.low, outer.size)
            with self.b.loop(outer.low, end, loop.step, loop.axis) as start:
                blocks = {**state.blocks, loop.axis: self._block(start, loop, outer)}
                self._open(depth + 1, _State(blocks, dict(state.origins)))
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

    # --- packing ----------------------------------------------------------------------------------

    def _pack(self, operand: Operand, state: _State) -> None:
        """Copy the operand's block to scratch, guards resolved."""
        lows, sizes = [], []
        total: Int = 0
        for index, stride in zip(operand.where, operand.strides, strict=True):
            low, size = self._reach(index.numerator, state)
            lows.append(low)
            sizes.append(size)
            total = self.b.add(total, self.b.mul(low, stride))
        state.origins[id(operand)] = total
        along = self._source_run(operand)
        copy = _Copy(operand, lows, [f"pack{d}" for d in range(len(lows))])
        whole: list[tuple[Int, Int]] = [(0, size) for size in sizes]
        if along is None:
            self._copy(copy, whole)
        else:
            self._copy_transposed(copy, whole, along)

    def _source_run(self, operand: Operand) -> int | None:
        """Return the dimension along which the vector operand can be read in vectors.

        None if that is its column anyway, or too short.
        """
        if operand.column is None:
            return None
        strides = strides_of(operand.buffer.shape)
        runs = [d for d, e in enumerate(operand.extents) if e >= self.lanes and strides[d] == 1]
        return runs[0] if runs and runs[0] != operand.column else None

    def _copy(self, copy: _Copy, ranges: list[tuple[Int, Int]]) -> None:
        """Copy element by element along the dimension that is contiguous in scratch."""
        inner = self._contiguous(copy.operand)
        order = [d for d in range(len(ranges)) if d != inner]
        with self._copy_loops(order, ranges, 1, {}) as offsets:
            low, high = ranges[inner]
            whole = self.b.mul(self.b.divide(self.b.sub(high, low), self.lanes), self.lanes)
            full = self.b.add(low, whole)
            with self.b.loop(low, full, self.lanes, "copy") as i:
                self._copy_vector(copy, {**offsets, inner: i}, inner, None)
            with self.b.when(self.b.less(full, high)):
                mask = axis_mask(self.b, self.b.sub(high, full), self.lanes)
                self._copy_vector(copy, {**offsets, inner: full}, inner, mask)

    def _copy_vector(
        self, copy: _Copy, offsets: dict[int, Int], inner: int, mask: Value | None
    ) -> None:
        at = self._copy_point(copy, offsets, inner, mask)
        value = self.b.splat(self._source(copy, at), self.lanes)
        place = self._packed_place(copy.operand, offsets)
        step = 1 if inner == copy.operand.column else copy.operand.strides[inner]
        self.expressions.store_vector(value, place, step, at)

    def _copy_transposed(self, copy: _Copy, ranges: list[tuple[Int, Int]], along: int) -> None:
        """Copy in square blocks: read along the source, turned, written along the column."""
        column, lanes, b = copy.operand.column, self.lanes, self.b
        assert column is not None
        full = list(ranges)
        for d in (column, along):
            full[d] = (0, b.mul(b.divide(ranges[d][1], lanes), lanes))
        others = [d for d in range(len(ranges)) if d not in {column, along}]
        with (
            self._copy_loops(others, full, 1, {}) as fixed,
            self._copy_loops([column, along], full, lanes, fixed) as offsets,
        ):
            rows = []
            for j in range(lanes):
                here = {**offsets, column: b.add(offsets[column], j)}
                rows.append(self._source(copy, self._copy_point(copy, here, along, None)))
            for j, row in enumerate(self._transposed(rows)):
                here = {**offsets, along: b.add(offsets[along], j)}
                at = Point({}, copy.names[column], lanes)
                self.expressions.store_vector(row, self._packed_place(copy.operand, here), 1, at)
        # What is left: the columns past the last block, then the rest of the run.
        self._copy(copy, _with(ranges, column, (full[column][1], ranges[column][1])))
        left = _with(ranges, column, (0, full[column][1]))
        self._copy(copy, _with(left, along, (full[along][1], ranges[along][1])))

    def _transposed(self, rows: list[Value]) -> list[Value]:
        """Transpose a square block of vectors by exchanging ever smaller quarters."""
        lanes = self.lanes
        rows = list(rows)
        half = lanes // 2
        while half:
            for i in range(lanes):
                if i & half:
                    continue
                a, c = rows[i], rows[i + half]
                low = [k if not k & half else k - half + lanes for k in range(lanes)]
                high = [k + half if not k & half else k + lanes for k in range(lanes)]
                rows[i], rows[i + half] = self._shuffle(a, c, low), self._shuffle(a, c, high)
            half //= 2
        return rows

    def _shuffle(self, x: Value, y: Value, lanes: list[int]) -> Value:
        picks = ", ".join(f"i32 {k}" for k in lanes)
        return self.b.emit(x.type, f"shufflevector {x}, {y}, <{len(lanes)} x i32> <{picks}>")

    def _source(self, copy: _Copy, at: Point) -> Value:
        operand = copy.operand
        where = tuple(
            Index(axis(n), i.divisor) for n, i in zip(copy.names, operand.where, strict=True)
        )
        return self.expressions.read(operand.buffer, where, operand.guarded, operand.fill, at)

    def _copy_point(
        self, copy: _Copy, offsets: Mapping[int, Int], inner: int, mask: Value | None
    ) -> Point:
        axes = {n: self.b.add(copy.lows[d], offsets[d]) for d, n in enumerate(copy.names)}
        return Point(axes, copy.names[inner], self.lanes, mask)

    def _reach(self, numerator: Affine, state: _State) -> tuple[Int, Int]:
        """Return the smallest position of a dimension that the block reaches, and how many."""
        low: Int = numerator.constant
        size: Int = 1
        for name, c in numerator.terms:
            block = state.blocks[name]
            steps = self.b.sub(block.size, 1)
            low = self.b.add(low, self.b.mul(block.low, c))
            if c < 0:
                low = self.b.add(low, self.b.mul(steps, c))
            size = self.b.add(size, self.b.mul(steps, abs(c)))
        return low, size

    def _contiguous(self, operand: Operand) -> int:
        """Return the dimension to copy in vectors: the one contiguous in scratch."""
        if operand.column is not None:
            return operand.column
        strides = strides_of(operand.buffer.shape)
        reached = [d for d, e in enumerate(operand.extents) if e > 1 and strides[d] == 1]
        return reached[-1] if reached else len(operand.extents) - 1

    @contextmanager
    def _copy_loops(
        self, order: list[int], ranges: list[tuple[Int, Int]], step: int, offsets: dict[int, Int]
    ) -> Iterator[dict[int, Int]]:
        if not order:
            yield offsets
            return
        d = order[0]
        with (
            self.b.loop(*ranges[d], step, f"pack{d}") as i,
            self._copy_loops(order[1:], ranges, step, {**offsets, d: i}) as inside,
        ):
            yield inside

    def _packed_place(self, operand: Operand, offsets: Mapping[int, Int]) -> Value:
        place: Int = operand.offset
        for d, stride in enumerate(operand.strides):
            if d == operand.column:
                # Which panel, and where in it.
                panel = self.b.divide(offsets[d], operand.tile)
                within = self.b.modulo(offsets[d], operand.tile)
                step = stride * operand.tile
                place = self.b.add(place, self.b.add(self.b.mul(panel, step), within))
            else:
                place = self.b.add(place, self.b.mul(offsets[d], stride))
        return self.b.pointer(self.scratch, place, self.element)

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
        self._depth_loops(state, tile, list(self.s.depth), self._values(state) | base)
        self._finish_tile(state, tile)

    def _values(self, state: _State) -> dict[str, Int]:
        """Return the value of every axis that a loop has fixed to one point, else its low end."""
        return {a: block.low for a, block in state.blocks.items()}

    def _depth_loops(
        self, state: _State, tile: _Tile, axes: list[str], values: dict[str, Int]
    ) -> None:
        if not axes:
            self._step(state, tile, values)
            return
        name, block = axes[0], state.blocks[axes[0]]
        end = self.b.add(block.low, block.size)
        # Depth steps are never unrolled: LLVM would share elements between the steps and run out
        # of registers, and the tile is large enough to hide the loop.
        with self.b.loop(block.low, end, name=name) as i:
            self._depth_loops(state, tile, axes[1:], values | {name: i})

    def _step(self, state: _State, tile: _Tile, values: dict[str, Int]) -> None:
        """Emit one depth step: every row's element times the vectors."""
        loaded = self._vector_loads(state, tile, values)
        address = self.plan.scalar.address()
        pointer = self._operand_pointer(self.plan.scalar, address, state, values)
        for row, slots in zip(tile.rows, tile.slots, strict=True):
            shift = sum(c * row.get(n, 0) for n, c in address.terms)
            place = self.b.pointer(pointer, shift, self.element)
            one = self.b.splat(self.b.load(self.element, place, self.dtype.size), self.lanes)
            for vector, slot in zip(loaded, slots, strict=True):
                old = self.b.load(self.vector, slot, 64)
                self.b.store(self._multiply_add(one, vector, old), slot, 64)

    def _vector_loads(self, state: _State, tile: _Tile, values: dict[str, Int]) -> list[Value]:
        operand = self.plan.vector
        pointer = self._operand_pointer(operand, operand.address(), state, values)
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

    def _operand_pointer(
        self, operand: Operand, address: Affine, state: _State, values: Mapping[str, Int]
    ) -> Value:
        """Return where the operand is at the tile's first row and column."""
        total: Int = address.constant
        for name, c in address.terms:
            total = self.b.add(total, self.b.mul(values[name], c))
        if operand.depth is None:
            base = self.expressions.pointers[operand.buffer.name]
        else:
            base = self.b.pointer(self.scratch, operand.offset, self.element)
            total = self.b.sub(total, state.origins[id(operand)])
        return self.b.pointer(base, total, self.element)

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
class _Copy:
    """An operand's block while it is packed."""

    operand: Operand
    lows: list[Int]
    """First position of each dimension."""
    names: list[str]
    """What the position along each dimension is called while it is copied."""


def _with(items: list[tuple[Int, Int]], at: int, item: tuple[Int, Int]) -> list[tuple[Int, Int]]:
    return [*items[:at], item, *items[at + 1 :]]


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
