"""schedule_tiles: register tiles, loop order and packing for contractions.

Decided from the shape and the target alone, in steps:

1. *Operands.* The output's contiguous axis is the column, in vector lanes. The factor that has it
   is the vector operand, the other one the scalar operand.
2. *Tile.* Rows x vectors that fill the registers and waste least at the edges.
3. *Packing.* An operand with padding or fractional strides must be copied; the vector operand also
   if its columns are not contiguous or its rows lie so far apart that they evict each other.
4. *Blocks.* Copies must fit the second-level cache; that fixes which axes are looped over outside.
5. *Units.* The outermost loops, shared out among threads: at least `UNITS_PER_CORE` for each
   core if there are, in any case 16.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.kernel import Kernel, Loop, Store, Tiles
from freshet.compiler.split_reduction import can_split, chunk_axis, split_reduction
from freshet.compiler.target import Target
from freshet.compiler.tile_plan import blocks_at, plan
from freshet.core import dtypes
from freshet.ops.index import Position, strides_of
from freshet.ops.scalar import Expr

CHUNKS: Final = 16
"""Parts that a long sum is cut into: the same on every machine, for they decide its rounding."""
UNITS_PER_CORE: Final = 4
LEAST_WORK: Final = 1 << 15
"""Multiply-adds below which plain loops do as well."""
FAR: Final = 2048
"""Bytes between rows of the vector operand from which it is packed: a panel of such rows falls
into few sets of the first-level cache, and into as many pages as it has rows."""
FAR_COPY: Final = 0.6
"""Cycles for copying an element that comes from beyond the second-level cache."""
NEAR_COPY: Final = 0.2
"""The same of one that the second-level cache holds."""
FAR_RUN: Final = 60
"""Half cycles lost where a tile leaves one row of an output that no cache holds for the next."""
FEW_ROWS: Final = 64
OFTEN: Final = 96
"""Uses of an element that make a copy worth its while."""
CROWDED: Final = 1024
"""Rows that lie a multiple of so many bytes apart share a sixteenth of the cache's sets or less."""


@dataclass(frozen=True)
class _Factor:
    """One operand: what it loads."""

    shape: tuple[int, ...]
    where: Position
    guarded: bool

    def has(self, axis: str) -> bool:
        return any(i.numerator.coefficient(axis) for i in self.where)

    def can_pack(self, column: str) -> bool:
        """Whether an axis walks along one dimension, alone and one by one, as panels do."""
        along = [i.numerator.terms for i in self.where if i.numerator.coefficient(column)]
        return along == [((column, 1),)]

    def must_pack(self, column: str) -> bool:
        """Whether the operand cannot be read along the column as it is."""
        return self.guarded or self.stride(column) != 1

    def stride(self, axis: str) -> int:
        """Distance between neighbours along an axis; 0 if it is not even."""
        if any(i.divisor != 1 and i.numerator.coefficient(axis) for i in self.where):
            return 0
        pairs = zip(strides_of(self.shape), self.where, strict=True)
        return sum(s * i.numerator.coefficient(axis) for s, i in pairs)


def schedule_tiles(kernel: Kernel, target: Target) -> list[Kernel] | None:
    """Return the kernel with a tiled schedule, followed by what combines its parts if it was cut.

    None if it is no contraction that tiles are good for.
    """
    factors = _factors(kernel)
    if factors is None or math.prod(kernel.extents.values()) < LEAST_WORK:
        return None
    column = _column(kernel)
    if column is None:
        return None
    swap = factors[0].has(column)
    scalars, vectors = (factors[1], factors[0]) if swap else factors
    if scalars.has(column) or not vectors.has(column):
        return None
    if vectors.must_pack(column) and not vectors.can_pack(column):
        return None
    cut = _cut(kernel, scalars, vectors, column, target)
    if cut is not None:
        first, second = cut
        tiled = schedule_tiles(first, target)
        return None if tiled is None else [*tiled, second]
    s = _Scheduler(kernel, target, scalars, vectors, column, swap).schedule()
    return [replace(kernel, schedule=s)]


def is_product_sum(kernel: Kernel) -> bool:
    """Whether a kernel sums the products of two loads and does the rest afterwards."""
    stages = kernel.stages
    if len(stages) != 2 or stages[1].axes or len(stages[0].statements) != 1:
        return False
    if not stages[0].reductions or stages[0].reductions[0].op != "sum":
        return False
    value = stages[0].reductions[0].value
    plain = value.op == "mul" and all(a.op == "load" for a in value.args)
    return plain and value.dtype in {dtypes.float32, dtypes.float64} and bool(kernel.outer)


def _factors(kernel: Kernel) -> tuple[_Factor, _Factor] | None:
    """Return the two loads whose product the first stage sums, None if that is not what it does."""
    if not is_product_sum(kernel):
        return None
    first, second = (_factor(kernel, e) for e in kernel.stages[0].reductions[0].value.args)
    return first, second


def _factor(kernel: Kernel, load: Expr) -> _Factor:
    name, where, _ = load.attributes
    shape = kernel.buffer(name).shape
    guarded = not all(
        i.always_inside(size, kernel.extents) for i, size in zip(where, shape, strict=True)
    )
    return _Factor(shape, where, guarded)


def _column(kernel: Kernel) -> str | None:
    """Return the output axis along which results are stored one after the other."""
    for statement in kernel.stages[-1].statements:
        assert isinstance(statement, Store)
        shape = kernel.buffer(statement.buffer).shape
        stored = _Factor(shape, statement.where, guarded=False)
        for axis in kernel.outer:
            if stored.stride(axis) == 1:
                return axis
    return None


def _cut(
    kernel: Kernel, scalars: _Factor, vectors: _Factor, column: str, target: Target
) -> tuple[Kernel, Kernel] | None:
    """Cut a sum over much that gives little, such as a filter's gradient."""
    del target
    outer = math.prod(kernel.extents[a] for a in kernel.outer)
    total = math.prod(kernel.extents.values())
    both = [a for a in kernel.outer if scalars.has(a) and vectors.has(a)]
    reduced = total // outer
    if not can_split(kernel) or both or reduced < 4096 or outer > (1 << 18) or not column:
        return None
    found = chunk_axis(kernel, wanted=CHUNKS)
    return None if found is None else split_reduction(kernel, *found)


class _Scheduler:
    def __init__(
        self, kernel: Kernel, target: Target, scalars: _Factor, vectors: _Factor, column: str,
        swap: bool,
    ) -> None:  # fmt: skip
        self.kernel, self.target = kernel, target
        self.scalars, self.vectors = scalars, vectors
        self.column, self.swap = column, swap
        self.extents = kernel.extents
        self.element = kernel.stages[0].reductions[0].dtype
        self.lanes = target.lanes(self.element)
        self.enough_units = max(UNITS_PER_CORE * target.cores, 16)
        self.reduced = kernel.stages[0].axes
        self.rows = [a for a in kernel.outer if a != column and not vectors.has(a)]
        self.batch = [a for a in kernel.outer if vectors.has(a) and a != column]

    def schedule(self) -> Tiles:
        """Return the schedule."""
        rows, vectors = self._tile()
        s = Tiles(
            units=tuple(Loop(a, 1) for a in self.batch), loops=(), rows=rows, column=self.column,
            vectors=vectors, depth=self.reduced, swap=self.swap,
        )  # fmt: skip
        channel = self._channel()
        if channel is not None:
            return self._outer_products(s, channel)
        if self.scalars.guarded:
            s = self._pack_scalar(s)
        if not self._packs_vector(s):
            s = self._panels(s, pack=False) if self._rows_are_few() else self._keep_near(s)
        elif self._rows_are_long(s):
            s = self._pack_for_long_rows(s)
        else:
            s = self._panels(s, pack=True)
        if s.pack_scalar is None and self._rows_conflict(s):
            s = self._unalias_rows(s)
        return self._share(s)

    # --- the tile ---------------------------------------------------------------------------------

    def _tile(self) -> tuple[tuple[Loop, ...], int]:
        best: tuple[float, tuple[Loop, ...], int] | None = None
        columns = -(-self.extents[self.column] // self.lanes)
        for vectors in range(1, min(columns, 4) + 1):
            spare = vectors + (1 if self.target.broadcast_operands else 2)
            most = max((self.target.vector_registers - spare) // vectors, 1)
            for sizes in self._row_tiles(most):
                cost = self._cost(sizes, vectors, columns)
                if best is None or cost < best[0]:
                    rows = tuple(Loop(a, n) for a, n in zip(self.rows, sizes, strict=True))
                    best = cost, rows, vectors
        assert best is not None
        return best[1], best[2]

    def _row_tiles(self, most: int) -> Iterator[tuple[int, ...]]:
        """Yield tile sizes, the last axes first to be covered; only one axis leaves a rest."""
        extents = [self.extents[a] for a in self.rows]
        if not extents:
            yield ()
            return

        def grow(d: int, room: int, tail: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
            if d < 0:
                yield tail
                return
            for n in range(1, min(extents[d], room) + 1):
                if n == extents[d] and d:
                    yield from grow(d - 1, room // n, (n, *tail))
                else:
                    yield (*([1] * d), n, *tail)

        yield from grow(len(extents) - 1, most, ())

    def _cost(self, sizes: tuple[int, ...], vectors: int, columns: int) -> float:
        """Return cycles per depth step for the whole output, up to a factor."""
        variants = 1
        column_tiles = [(columns // vectors, vectors)]
        if columns % vectors:
            column_tiles.append((1, columns % vectors))
            variants += 1
        row_tiles = [(1.0, 1)]
        for axis, n in zip(self.rows, sizes, strict=True):
            extent = self.extents[axis]
            found = [(extent // n, n)] + ([(1, extent % n)] if extent % n else [])
            variants += bool(extent % n)
            row_tiles = [(times * t, rows * k) for times, rows in row_tiles for t, k in found]
        latency = self.target.fma_latency / 2
        depth = math.prod(self.extents[a] for a in self.reduced)
        apart = self.extents[self.column] * self.element.size >= FAR
        far = self._epilogue_bytes() > self.target.l2_bytes
        run = FAR_RUN / depth if apart and far else 0.0
        total = 0.0
        for times, rows in row_tiles:
            for t, v in column_tiles:
                # Multiply-adds, or the wait for an accumulator; what is loaded beside them, vectors
                # often from the second-level cache; the part of an output row that goes to memory;
                # the loop itself.
                step = max(rows * v, v + rows, latency) + (0.1 + run) * rows + 0.3 * v + 0.5
                total += times * t * step
        return total * (1 + 0.005 * (variants - 1))

    # --- sums of outer products -------------------------------------------------------------------

    def _channel(self) -> str | None:
        """Return the row axis along which the scalar operand is contiguous, if the sum is long.

        So it is for gradients of weights and filters: for each position of the batch, the product
        of a column with a row. Both operands are stepped through from position to position.
        """
        deep = all(self.scalars.has(a) and self.vectors.has(a) for a in self.reduced)
        long = math.prod(self.extents[a] for a in self.reduced) > self._near_steps(1)
        along = [a for a in self.rows if self.scalars.stride(a) == 1 and self.scalars.can_pack(a)]
        packable = self.vectors.can_pack(self.column)
        return along[-1] if deep and long and along and packable else None

    def _near_steps(self, vectors: int) -> int:
        """Return how many depth steps of a panel half the first-level cache holds."""
        return self.target.l1_bytes // 2 // (vectors * self.lanes * self.element.size)

    def _outer_products(self, s: Tiles, channel: str) -> Tiles:
        """Copy blocks of both operands, and give each unit some channels and some columns."""
        blocks = self._depth_blocks(self._near_steps(s.vectors))
        depth = tuple(a for a in self.reduced if Loop(a, 1) not in blocks)
        s = replace(s, loops=blocks, depth=depth)
        best: tuple[float, Tiles] | None = None
        for channels in self._cuts(channel, self._row_step(s, channel)):
            for columns in self._cuts(self.column, s.vectors * self.lanes):
                units = tuple(u for u in (columns, channels) if u.step < self.extents[u.axis])
                t = replace(s, units=(*s.units, *units))
                t = self._with_copies(t)
                cost = self._unit_cost(t)
                if best is None or cost < best[0]:
                    best = cost, t
        assert best is not None
        return best[1]

    def _with_copies(self, s: Tiles) -> Tiles:
        """Copy the operands of which a unit uses each element often, and what has padding."""
        at = len(s.units) + len(s.loops)
        rows = math.prod(self.extents[a] for a in self.rows)
        columns = self.extents[self.column]
        narrow = columns <= s.vectors * self.lanes
        scalar = self.scalars.guarded or columns >= OFTEN
        vector = self.vectors.must_pack(self.column) or (rows >= OFTEN and not narrow)
        return replace(
            s, pack_scalar=at if scalar else None, pack_vector=at if vector else None,
            accumulate=len(s.units) if s.loops else None,
        )  # fmt: skip

    def _row_step(self, s: Tiles, axis: str) -> int:
        return next(r.step for r in s.rows if r.axis == axis)

    def _cuts(self, axis: str, tile: int) -> Iterator[Loop]:
        """Yield the ways to cut an axis into equal parts, in tiles."""
        tiles = -(-self.extents[axis] // tile)
        for parts in range(1, tiles + 1):
            step = -(-tiles // parts)
            if -(-tiles // step) == parts:
                yield Loop(axis, step * tile)

    def _unit_cost(self, s: Tiles) -> float:
        """Return the cycles that the busiest core needs: multiply-adds, and copies of operands."""
        shares = self._shares(s)
        work = math.prod(self.extents.values()) / (2 * self.lanes) * max(shares)
        copies = 0.0
        blocks = math.prod(-(-self.extents[x.axis] // x.step) for x in s.loops)
        scratch = self._scratch(s)
        for factor, size in zip((self.scalars, self.vectors), scratch, strict=True):
            whole = math.prod(factor.shape) * self.element.size
            far = whole > self.target.l2_bytes // 2
            cycles = FAR_COPY if far else NEAR_COPY
            copies += cycles * size / self.element.size * blocks * self._units(s) * max(shares)
        sizes = blocks_at(replace(self.kernel, schedule=s), s, len(s.units))
        sums = math.prod(sizes[a] for a in (self.column, *self.rows)) * self.element.size
        crowd = max((sum(scratch) + sums) / (self.target.l2_bytes // 4), 1.0)
        return (work + copies) * crowd

    def _shares(self, s: Tiles) -> list[float]:
        """Return the part of the work that each core does."""
        parts = [1.0]
        for u in s.units:
            extent = self.extents[u.axis]
            own = [min(u.step, extent - low) / extent for low in range(0, extent, u.step)]
            parts = [p * q for p in parts for q in own]
        cores = self.target.cores
        bounds = [len(parts) * n // cores for n in range(cores + 1)]
        return [sum(parts[low:high]) for low, high in itertools.pairwise(bounds)]

    def _depth_blocks(self, steps: int) -> tuple[Loop, ...]:
        """Return loops over reduced axes that leave about so many depth steps."""
        found: list[Loop] = []
        for number, axis in enumerate(self.reduced):
            inner = math.prod(self.extents[a] for a in self.reduced[number + 1 :])
            if inner <= steps:
                most = max(steps // inner, 1)
                blocks = -(-self.extents[axis] // most)
                step = -(-self.extents[axis] // blocks)
                return (*found, Loop(axis, step)) if blocks > 1 else tuple(found)
            found.append(Loop(axis, 1))
        return tuple(found)

    # --- packing ----------------------------------------------------------------------------------

    def _scratch(self, s: Tiles) -> tuple[int, int]:
        """Return the bytes of the packed scalar and vector operands."""
        layout = plan(replace(self.kernel, schedule=s), self.target)
        size = self.element.size
        return layout.scalar.elements * size, layout.vector.elements * size

    def _pack_scalar(self, s: Tiles) -> Tiles:
        """Loop over the operand's first dimensions until a block of it fits the cache."""
        budget = self.target.l2_bytes // 2
        for index in self.scalars.where:
            for axis in sorted(index.numerator.axes(), key=lambda a: a in self.reduced):
                s = replace(s, pack_scalar=len(s.units) + len(s.loops))
                first = index is self.scalars.where[0]
                if not first and self._scratch(s)[0] <= budget:
                    return s
                s = self._looped(s, axis, budget)
        return replace(s, pack_scalar=len(s.units) + len(s.loops))

    def _looped(self, s: Tiles, axis: str, budget: int) -> Tiles:
        """Open a loop over an axis, with the largest step whose block fits; a step of 1 if none."""
        extent = self.extents[axis]
        tile = next((r.step for r in s.rows if r.axis == axis), 1)
        if axis in (self.column, *self.batch):
            return s
        first = not s.loops and all(u.axis in self.batch for u in s.units)
        steps = [1] if first else [extent // n for n in range(2, extent + 1) if extent % n == 0]
        steps = [n for n in dict.fromkeys(steps) if n % tile == 0] or [tile]
        for step in steps:
            candidate = self._with_loop(s, axis, step)
            depth = len(candidate.units) + len(candidate.loops)
            if self._scratch(replace(candidate, pack_scalar=depth))[0] <= budget:
                break
        return candidate

    def _with_loop(self, s: Tiles, axis: str, step: int) -> Tiles:
        if axis in self.reduced:
            depth = s.depth if step > 1 else tuple(a for a in s.depth if a != axis)
            at = len(s.units) if s.accumulate is None else s.accumulate
            return replace(s, loops=(*s.loops, Loop(axis, step)), depth=depth, accumulate=at)
        if s.loops:
            return replace(s, loops=(*s.loops, Loop(axis, step)))
        return replace(s, units=(*s.units, Loop(axis, step)))

    def _packs_vector(self, s: Tiles) -> bool:
        if self.vectors.must_pack(self.column) or not self.vectors.can_pack(self.column):
            return self.vectors.must_pack(self.column)
        depth = [abs(self.vectors.stride(a)) for a in s.depth if self.extents[a] > 1]
        step = min(depth, default=0) * self.element.size
        far = step >= FAR or (step > 0 and step % CROWDED == 0)
        large = math.prod(self.vectors.shape) * self.element.size > 2 * self.target.l1_bytes
        return far and large and not self._rows_are_few()

    def _panels(self, s: Tiles, *, pack: bool) -> Tiles:
        """Let units take columns, and of the depth what keeps a panel in the first-level cache.

        Every panel meets all rows, so it is read from far away, or copied, once.
        """
        width = s.vectors * self.lanes
        panel = self.target.l1_bytes // 2
        deep = [a for a in s.depth if self.vectors.has(a)]
        depth = math.prod(self.extents[a] for a in deep)
        if depth * width * self.element.size > 4 * panel and deep:
            axis = max(deep, key=lambda a: self.extents[a])
            others = depth // self.extents[axis]
            step = max(panel // (width * self.element.size * others), 1)
            blocks = -(-self.extents[axis] // step)
            step = -(-self.extents[axis] // blocks)
            step = min(-(-step // self.lanes) * self.lanes, self.extents[axis])
            if step < self.extents[axis]:
                s = self._blocked_depth(s, axis, step)
                depth = others * step
        fits = max(self.target.l2_bytes // 2 // (depth * width * self.element.size), 1)
        tiles = -(-self.extents[self.column] // width)
        wanted = max(self.enough_units // max(self._units(s), 1), 1)
        wide = max(min(fits, tiles // wanted), 1)
        if wide < tiles:
            s = self._with_unit(s, Loop(self.column, wide * width))
        return replace(s, pack_vector=len(s.units) + len(s.loops)) if pack else s

    def _blocked_depth(self, s: Tiles, axis: str, step: int) -> Tiles:
        at = len(s.units) if s.accumulate is None else s.accumulate
        return replace(s, loops=(*s.loops, Loop(axis, step)), accumulate=at)

    def _row_count(self) -> int:
        return math.prod(self.extents[a] for a in self.rows)

    def _rows_are_few(self) -> bool:
        """Whether so few rows share the vector operand that a copy of it does not pay."""
        return self._row_count() < FEW_ROWS

    def _rows_are_long(self, s: Tiles) -> bool:
        """Whether units are to be blocks of whole rows.

        So it is where the output has more rows than columns, and where it is far away, while the
        vector operand is near: memory is fastest from end to end.
        """
        if self._row_count() > 2 * self.extents[self.column]:
            return True
        near = self._near_tiles(s) >= self._column_tiles(s)
        return near and self._epilogue_bytes() > self.target.l2_bytes and not self._rows_are_few()

    def _epilogue_bytes(self) -> int:
        """Return the bytes of what the epilogue reads and writes at each output."""
        stage = self.kernel.stages[1]
        names = {e.attributes[0] for e in stage.loads()} | {s.buffer for s in stage.stores}
        return sum(self.kernel.buffer(n).type.num_bytes for n in names)

    def _pack_for_long_rows(self, s: Tiles) -> Tiles:
        """Copy the whole operand if the second-level cache holds it, else slices of columns."""
        wide, tiles = self._near_tiles(s), self._column_tiles(s)
        if wide >= tiles:
            s = replace(s, pack_vector=len(s.units) + len(s.loops))
            if not s.loops and not any(self.vectors.has(u.axis) for u in s.units):
                return replace(s, pack_vector=0)
            return s
        if not wide:
            return self._panels(s, pack=True)
        s = self._sliced(s, wide)
        return replace(s, pack_vector=len(s.units))

    def _keep_near(self, s: Tiles) -> Tiles:
        """Of a vector operand that is read in place, let units take what the caches hold."""
        wide = self._near_tiles(s)
        return self._sliced(s, wide) if 0 < wide < self._column_tiles(s) else s

    def _column_tiles(self, s: Tiles) -> int:
        return -(-self.extents[self.column] // (s.vectors * self.lanes))

    def _near_tiles(self, s: Tiles) -> int:
        """Return how many column tiles of the vector operand half the second-level cache holds."""
        one = s.vectors * self.lanes * self.element.size
        taken = {x.axis: x.step for x in (*s.units, *s.loops)}
        for axis in self.reduced:
            if self.vectors.has(axis):
                one *= min(taken.get(axis, self.extents[axis]), self.extents[axis])
        return self.target.l2_bytes // 2 // one

    def _sliced(self, s: Tiles, wide: int) -> Tiles:
        """Let units take slices of so many column tiles.

        The rows of a unit share a slice, so there are as many as leave enough units. What is copied
        of the scalar operand row by row still is.
        """
        column = Loop(self.column, wide * s.vectors * self.lanes)
        own = [u for u in s.units if u.axis in self.batch]
        first = [u for u in s.units if u.axis not in self.batch]
        units = self._units(replace(s, units=(*own, column)))
        groups = []
        for unit in first:
            count = -(-self.extents[unit.axis] // unit.step)
            wanted = max(-(-self.enough_units // units), 1)
            groups.append(Loop(unit.axis, max(count // wanted, 1) * unit.step))
            units *= -(-self.extents[unit.axis] // groups[-1].step)
        again = [u for u, g in zip(first, groups, strict=True) if g.step > u.step]
        more = 1 + len(again)

        def later(depth: int | None) -> int | None:
            return None if depth is None else depth + more

        return replace(
            s, units=(*own, column, *groups), loops=(*again, *s.loops),
            pack_scalar=later(s.pack_scalar), accumulate=later(s.accumulate),
        )  # fmt: skip

    def _rows_conflict(self, s: Tiles) -> bool:
        """Whether the rows of a tile evict each other from the first-level cache.

        They do if they lie a multiple of its reach apart; a copy pays if enough columns use them.
        """
        reach = self.target.l1_bytes // 8  # bytes between lines of one set, if it is 8-way
        apart = any(
            r.step > 1 and self.scalars.stride(r.axis) * self.element.size % reach == 0
            for r in s.rows
        )
        sizes = dict(self.extents)
        for loop in (*s.units, *s.loops):
            sizes[loop.axis] = min(loop.step, sizes[loop.axis])
        return apart and sizes[self.column] >= 4 * s.vectors * self.lanes

    def _unalias_rows(self, s: Tiles) -> Tiles:
        """Copy the scalar operand's block into rows of another length."""
        budget = self.target.l2_bytes // 4
        packed = replace(s, pack_scalar=len(s.units) + len(s.loops))
        size = self._scratch(packed)[0]
        if size > budget and s.depth and not any(x.axis in self.reduced for x in s.loops):
            axis = max(s.depth, key=lambda a: self.extents[a])
            step = self.extents[axis] * budget // size // self.lanes * self.lanes
            if not step:
                return s
            s = self._blocked_depth(s, axis, step)
            if s.pack_vector is not None:
                s = replace(s, pack_vector=len(s.units) + len(s.loops))
        return replace(s, pack_scalar=len(s.units) + len(s.loops))

    # --- units ------------------------------------------------------------------------------------

    def _units(self, s: Tiles) -> int:
        return math.prod(-(-self.extents[u.axis] // u.step) for u in s.units)

    def _with_unit(self, s: Tiles, loop: Loop) -> Tiles:
        """Open one more unit loop; what happens inside of the units happens one loop later."""

        def later(depth: int | None) -> int | None:
            return None if depth is None else depth + 1

        # What no unit chooses a part of is copied once per thread, not once per unit.
        whole = s.pack_vector == 0 and not self.vectors.has(loop.axis)
        return replace(
            s, units=(*s.units, loop), pack_scalar=later(s.pack_scalar),
            pack_vector=0 if whole else later(s.pack_vector), accumulate=later(s.accumulate),
        )  # fmt: skip

    def _share(self, s: Tiles) -> Tiles:
        """Cut units out of rows and columns until there are enough."""
        taken = {u.axis for u in (*s.units, *s.loops)}
        # Units of rows would each copy, or read from far away, the same of the vector operand.
        few = s.pack_vector or self._rows_are_few()
        enough = 2 * self.target.cores if few else self.enough_units
        for row in s.rows:
            units = self._units(s)
            if units >= enough or row.axis in taken:
                continue
            tiles = -(-self.extents[row.axis] // row.step)
            if tiles > 1:
                wanted = -(-enough // units)
                s = self._with_unit(s, Loop(row.axis, max(tiles // wanted, 1) * row.step))
        tiles = -(-self.extents[self.column] // (s.vectors * self.lanes))
        if self._units(s) < self.enough_units and self.column not in taken and tiles > 1:
            wanted = -(-self.enough_units // self._units(s))
            step = max(tiles // wanted, 1) * s.vectors * self.lanes
            s = self._with_unit(s, Loop(self.column, step))
        return s
