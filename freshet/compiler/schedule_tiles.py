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

Steps 3 to 5 are those of products with padding, few rows or one column tile. `outer_products` takes
them for long sums of outer products, `row_sweep` for the others.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from freshet.compiler.contraction import FAR, Contraction, find_contraction
from freshet.compiler.kernel import Kernel, Loop, Tiles
from freshet.compiler.outer_products import channel_of, outer_products
from freshet.compiler.row_sweep import row_sweep
from freshet.compiler.split_reduction import can_split, chunk_axis, split_reduction
from freshet.compiler.target import Target
from freshet.compiler.tile_shape import TileShape, tile_shape

CHUNKS: Final = 16
"""Parts that a long sum is cut into: the same on every machine, for they decide its rounding."""
UNITS_PER_CORE: Final = 4
FEW_CHUNKS: Final = 4
"""The same where few rows meet large weights: a result for each part must not cost more than it
saves."""
LARGE: Final = 1 << 20
"""Bytes of weights of which a core's caches keep a good part from one step to the next."""
LEAST_WORK: Final = 1 << 15
"""Multiply-adds below which plain loops do as well."""
CROWDED: Final = 1024
"""Rows that lie a multiple of so many bytes apart share a sixteenth of the cache's sets or less."""


def schedule_tiles(kernel: Kernel, target: Target) -> list[Kernel] | None:
    """Return the kernel with a tiled schedule, followed by what combines its parts if it was cut.

    None if it is no contraction that tiles are good for.
    """
    if math.prod(kernel.extents.values()) < LEAST_WORK:
        return None
    contraction = find_contraction(kernel, target)
    if contraction is None:
        return None
    cut = _cut(contraction)
    if cut is not None:
        first, second = cut
        tiled = schedule_tiles(first, target)
        return None if tiled is None else [*tiled, second]
    return [replace(kernel, schedule=schedule_with(contraction, tile_shape(contraction)))]


def schedule_with(contraction: Contraction, shape: TileShape) -> Tiles:
    """Return the schedule of a contraction for a given register tile."""
    return _Scheduler(contraction).schedule(shape)


def _cut(c: Contraction) -> tuple[Kernel, Kernel] | None:
    """Cut a sum over much that gives little, such as a filter's gradient.

    Also one of few rows with large weights: a thread then takes rows of the weights, the same ones
    that it updates, instead of columns that another core has just written.
    """
    outer = math.prod(c.extents[a] for a in c.kernel.outer)
    reduced = math.prod(c.extents[a] for a in c.reduced)
    both = [a for a in c.batch if c.scalars.has(a)]
    if not can_split(c.kernel) or both or outer > (1 << 18):
        return None
    weights = math.prod(c.vectors.shape) * c.element.size
    in_rows = c.rows_are_few and not c.vectors.must_pack(c.column) and weights >= LARGE
    if reduced >= 4096:
        found = chunk_axis(c.kernel, wanted=CHUNKS)
    elif in_rows and 4 * FEW_CHUNKS * outer * c.element.size <= weights:
        found = chunk_axis(c.kernel, wanted=FEW_CHUNKS)
    else:
        return None
    return None if found is None else split_reduction(c.kernel, *found)


class _Scheduler:
    def __init__(self, contraction: Contraction) -> None:
        self.c = contraction
        self.enough_units = max(UNITS_PER_CORE * contraction.target.cores, 16)

    def schedule(self, shape: TileShape) -> Tiles:
        """Return the schedule."""
        s = Tiles(
            units=tuple(Loop(a, 1) for a in self.c.batch), loops=(), rows=shape.rows,
            column=self.c.column, vectors=shape.vectors, depth=self.c.reduced, swap=self.c.swap,
        )  # fmt: skip
        if self.c.kernel.rounds is not None and not self._packs_vector(s):
            return self._stay_near(s)
        channel = channel_of(self.c)
        if channel is not None:
            return outer_products(self.c, s, channel)
        if not (self.c.scalars.guarded or self.c.rows_are_few or self._column_tiles(s) == 1):
            swept = row_sweep(self.c, s, pack=self._packs_vector(s), units=self.enough_units)
            if swept is not None:
                return swept
        if self.c.scalars.guarded:
            s = self._pack_scalar(s)
        if not self._packs_vector(s):
            s = self._panels(s, pack=False) if self.c.rows_are_few else self._keep_near(s)
        elif self._rows_are_long(s):
            s = self._pack_for_long_rows(s)
        else:
            s = self._panels(s, pack=True)
        return self._share(s)

    def _stay_near(self, s: Tiles) -> Tiles:
        """Let each core take the rows, or the part of the sum, that it has written a moment ago."""
        row = s.rows[0]
        if any(b.role == "inout" for b in self.c.kernel.buffers):
            return s
        step = -(-self.c.extents[row.axis] // self.enough_units // row.step) * row.step
        return replace(s, units=(Loop(row.axis, step), *s.units))

    # --- packing ----------------------------------------------------------------------------------

    def _pack_scalar(self, s: Tiles) -> Tiles:
        """Loop over the operand's first dimensions until a block of it fits the cache."""
        budget = self.c.target.l2_bytes // 2
        for index in self.c.scalars.where:
            for axis in sorted(index.numerator.axes(), key=lambda a: a in self.c.reduced):
                s = replace(s, pack_scalar=len(s.units) + len(s.loops))
                first = index is self.c.scalars.where[0]
                if not first and self.c.scratch(s)[0] <= budget:
                    return s
                s = self._looped(s, axis, budget)
        return replace(s, pack_scalar=len(s.units) + len(s.loops))

    def _looped(self, s: Tiles, axis: str, budget: int) -> Tiles:
        """Open a loop over an axis, with the largest step whose block fits; a step of 1 if none."""
        extent = self.c.extents[axis]
        tile = next((r.step for r in s.rows if r.axis == axis), 1)
        if axis in (self.c.column, *self.c.batch):
            return s
        first = not s.loops and all(u.axis in self.c.batch for u in s.units)
        steps = [1] if first else [extent // n for n in range(2, extent + 1) if extent % n == 0]
        steps = [n for n in dict.fromkeys(steps) if n % tile == 0] or [tile]
        for step in steps:
            candidate = self._with_loop(s, axis, step)
            depth = len(candidate.units) + len(candidate.loops)
            if self.c.scratch(replace(candidate, pack_scalar=depth))[0] <= budget:
                break
        return candidate

    def _with_loop(self, s: Tiles, axis: str, step: int) -> Tiles:
        if axis in self.c.reduced:
            depth = s.depth if step > 1 else tuple(a for a in s.depth if a != axis)
            at = len(s.units) if s.accumulate is None else s.accumulate
            return replace(s, loops=(*s.loops, Loop(axis, step)), depth=depth, accumulate=at)
        if s.loops:
            return replace(s, loops=(*s.loops, Loop(axis, step)))
        return replace(s, units=(*s.units, Loop(axis, step)))

    def _packs_vector(self, s: Tiles) -> bool:
        if self.c.vectors.must_pack(self.c.column) or not self.c.vectors.can_pack(self.c.column):
            return self.c.vectors.must_pack(self.c.column)
        depth = [abs(self.c.vectors.stride(a)) for a in s.depth if self.c.extents[a] > 1]
        step = min(depth, default=0) * self.c.element.size
        far = step >= FAR or (step > 0 and step % CROWDED == 0)
        large = math.prod(self.c.vectors.shape) * self.c.element.size > 2 * self.c.target.l1_bytes
        return far and large and not self.c.rows_are_few

    def _panels(self, s: Tiles, *, pack: bool) -> Tiles:
        """Let units take columns, and of the depth what keeps a panel in the first-level cache.

        Every panel meets all rows, so it is read from far away, or copied, once.
        """
        width = s.vectors * self.c.lanes
        panel = self.c.target.l1_bytes // 2
        deep = [a for a in s.depth if self.c.vectors.has(a)]
        depth = math.prod(self.c.extents[a] for a in deep)
        if depth * width * self.c.element.size > 4 * panel and deep:
            axis = max(deep, key=lambda a: self.c.extents[a])
            others = depth // self.c.extents[axis]
            step = max(panel // (width * self.c.element.size * others), 1)
            blocks = -(-self.c.extents[axis] // step)
            step = -(-self.c.extents[axis] // blocks)
            step = min(-(-step // self.c.lanes) * self.c.lanes, self.c.extents[axis])
            if step < self.c.extents[axis]:
                s = self._blocked_depth(s, axis, step)
                depth = others * step
        fits = max(self.c.target.l2_bytes // 2 // (depth * width * self.c.element.size), 1)
        tiles = -(-self.c.extents[self.c.column] // width)
        wanted = max(self.enough_units // max(self.c.units(s), 1), 1)
        wide = max(min(fits, tiles // wanted), 1)
        if wide < tiles:
            s = self._with_unit(s, Loop(self.c.column, wide * width))
        return replace(s, pack_vector=len(s.units) + len(s.loops)) if pack else s

    def _blocked_depth(self, s: Tiles, axis: str, step: int) -> Tiles:
        at = len(s.units) if s.accumulate is None else s.accumulate
        return replace(s, loops=(*s.loops, Loop(axis, step)), accumulate=at)

    def _rows_are_long(self, s: Tiles) -> bool:
        """Whether units are to be blocks of whole rows.

        So it is where the output has more rows than columns, and where it is far away, while the
        vector operand is near: memory is fastest from end to end.
        """
        if self.c.row_count > 2 * self.c.extents[self.c.column]:
            return True
        near = self._near_tiles(s) >= self._column_tiles(s)
        return near and self.c.epilogue_bytes > self.c.target.l2_bytes and not self.c.rows_are_few

    def _pack_for_long_rows(self, s: Tiles) -> Tiles:
        """Copy the whole operand if the second-level cache holds it, else slices of columns."""
        wide, tiles = self._near_tiles(s), self._column_tiles(s)
        if wide >= tiles:
            s = replace(s, pack_vector=len(s.units) + len(s.loops))
            if not s.loops and not any(self.c.vectors.has(u.axis) for u in s.units):
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
        return -(-self.c.extents[self.c.column] // (s.vectors * self.c.lanes))

    def _near_tiles(self, s: Tiles) -> int:
        """Return how many column tiles of the vector operand half the second-level cache holds."""
        one = s.vectors * self.c.lanes * self.c.element.size
        taken = {x.axis: x.step for x in (*s.units, *s.loops)}
        for axis in self.c.reduced:
            if self.c.vectors.has(axis):
                one *= min(taken.get(axis, self.c.extents[axis]), self.c.extents[axis])
        return self.c.target.l2_bytes // 2 // one

    def _sliced(self, s: Tiles, wide: int) -> Tiles:
        """Let units take slices of so many column tiles.

        The rows of a unit share a slice, so there are as many as leave enough units. What is copied
        of the scalar operand row by row still is.
        """
        column = Loop(self.c.column, wide * s.vectors * self.c.lanes)
        own = [u for u in s.units if u.axis in self.c.batch]
        first = [u for u in s.units if u.axis not in self.c.batch]
        units = self.c.units(replace(s, units=(*own, column)))
        groups = []
        for unit in first:
            count = -(-self.c.extents[unit.axis] // unit.step)
            wanted = max(-(-self.enough_units // units), 1)
            groups.append(Loop(unit.axis, max(count // wanted, 1) * unit.step))
            units *= -(-self.c.extents[unit.axis] // groups[-1].step)
        again = [u for u, g in zip(first, groups, strict=True) if g.step > u.step]
        more = 1 + len(again)

        def later(depth: int | None) -> int | None:
            return None if depth is None else depth + more

        return replace(
            s, units=(*own, column, *groups), loops=(*again, *s.loops),
            pack_scalar=later(s.pack_scalar), accumulate=later(s.accumulate),
        )  # fmt: skip

    # --- units ------------------------------------------------------------------------------------

    def _with_unit(self, s: Tiles, loop: Loop) -> Tiles:
        """Open one more unit loop; what happens inside of the units happens one loop later."""

        def later(depth: int | None) -> int | None:
            return None if depth is None else depth + 1

        # What no unit chooses a part of is copied once per thread, not once per unit; so is what
        # only the last of several units would choose a part of.
        whole = s.pack_vector == 0 and (bool(s.units) or not self.c.vectors.has(loop.axis))
        return replace(
            s, units=(*s.units, loop), pack_scalar=later(s.pack_scalar),
            pack_vector=0 if whole else later(s.pack_vector), accumulate=later(s.accumulate),
        )  # fmt: skip

    def _share(self, s: Tiles) -> Tiles:
        """Cut units out of rows and columns until there are enough."""
        taken = {u.axis for u in (*s.units, *s.loops)}
        # Units of rows would each copy, or read from far away, the same of the vector operand.
        few = s.pack_vector or self.c.rows_are_few
        enough = 2 * self.c.target.cores if few else self.enough_units
        for row in s.rows:
            units = self.c.units(s)
            if units >= enough or row.axis in taken:
                continue
            tiles = -(-self.c.extents[row.axis] // row.step)
            if tiles > 1:
                wanted = -(-enough // units)
                s = self._with_unit(s, Loop(row.axis, max(tiles // wanted, 1) * row.step))
        tiles = -(-self.c.extents[self.c.column] // (s.vectors * self.c.lanes))
        if self.c.units(s) < self.enough_units and self.c.column not in taken and tiles > 1:
            wanted = -(-self.enough_units // self.c.units(s))
            step = max(tiles // wanted, 1) * s.vectors * self.c.lanes
            s = self._with_unit(s, Loop(self.c.column, step))
        return s
