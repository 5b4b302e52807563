"""row_sweep: the schedule of products whose sums are not cut, such as those of a dense layer.

    for each slice of columns whose vectors the second-level cache holds     (units)
      for each group of rows                                                 (units)
        copy the slice, if it cannot be read in place
        for each block of a few row tiles
          copy their part of the scalar operand, if it lies across many pages
          for each column tile, for each row tile: sum over the whole depth

A few rows at a time go through all columns of the slice. So their elements stay in the first-level
cache and the slice in the second one; and the output, with whatever the epilogue reads, is walked
through from end to end, where memory is fastest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from freshet.compiler.contraction import FAR, FAR_COPY, NEAR_COPY, READ, Contraction, Factor
from freshet.compiler.kernel import Loop, Tiles

BLOCK_ROWS: Final = 32
"""Rows of a block: enough to use the lines of a panel again before they are gone."""
PAGES: Final = 64
"""Pages whose addresses a processor knows at once."""
FAR_ROW: Final = 60.0
"""Cycles lost where a unit goes on to another row of an output that no cache holds."""
IDLE: Final = 0.01
"""Part of the time lost to waiting where there are just enough units; half with twice as many."""


def row_sweep(c: Contraction, s: Tiles, *, pack: bool, units: int) -> Tiles | None:
    """Return the schedule.

    Args:
        c: What is computed.
        s: The schedule so far: register tiles, the batch as units.
        pack: Whether the vector operand is copied.
        units: How many are enough.

    Returns:
        None if the second-level cache does not hold the vectors of one column tile.
    """
    blocks = _blocks(c, s, units)
    cost = _Costs(c, blocks[0].axis, copied=pack, enough=units)
    width = s.vectors * c.lanes
    found = [
        (cost.of(wide, step, narrow=wide <= width), wide, step)
        for wide in _slices(c, s)
        for step in _groups(c, blocks[0])
    ]
    if not found:
        return None
    _, wide, step = min(found)
    group = Loop(blocks[0].axis, step) if step < c.extents[blocks[0].axis] else None
    return _with_units(c, s, wide, group, blocks, pack=pack)


def _slices(c: Contraction, s: Tiles) -> Iterator[int]:
    """Yield widths of equal slices, in columns, of which half the second-level cache holds one."""
    width = s.vectors * c.lanes
    tiles = -(-c.extents[c.column] // width)
    most = c.target.l2_bytes // 2 // (_depth(c, c.vectors) * width * c.element.size)
    return (wide * width for wide in _steps(tiles) if wide <= most)


def _groups(c: Contraction, block: Loop) -> Iterator[int]:
    """Yield ways to share out the rows: how many a group has, in whole blocks."""
    blocks = -(-c.extents[block.axis] // block.step)
    return (min(step * block.step, c.extents[block.axis]) for step in _steps(blocks))


def _steps(count: int) -> Iterator[int]:
    """Yield steps that cut so many things into equal parts, into ever more of them."""
    parts = 1
    while parts <= count:
        step = -(-count // parts)
        yield step
        # One more part changes little where there are many.
        parts = max(-(-count // step), parts * 9 // 8, parts) + 1


def _blocks(c: Contraction, s: Tiles, units: int) -> tuple[Loop, ...]:
    """Return loops over the row axes, the last of them in steps of a few tiles."""
    tile = math.prod(r.step for r in s.rows)
    near = c.target.l2_bytes // 8 // (_depth(c, c.scalars) * c.element.size)
    times = max(min(BLOCK_ROWS, near, c.row_count // units) // tile, 1)
    loops: list[Loop] = []
    for row in reversed(s.rows):
        if row.step < c.extents[row.axis]:
            loops.append(Loop(row.axis, row.step * times))
            times = 1
    return tuple(reversed(loops)) or (s.rows[0],)


def _depth(c: Contraction, factor: Factor) -> int:
    return math.prod(c.extents[a] for a in c.reduced if factor.has(a))


def _with_units(
    c: Contraction, s: Tiles, wide: int, group: Loop | None, loops: tuple[Loop, ...], *, pack: bool
) -> Tiles:
    units = s.units
    if wide < c.extents[c.column]:
        units = (*units, Loop(c.column, wide))
    # What no unit chooses a part of is copied once per thread.
    depth = len(units)
    if group is not None:
        units = (*units, group)
        loops = loops[1:] if loops[0] == group else loops
    across = _is_across(c) and wide > s.vectors * c.lanes
    return replace(
        s, units=units, loops=loops, pack_vector=(len(units) if depth else 0) if pack else None,
        pack_scalar=len(units) + len(loops) if across else None,
    )  # fmt: skip


def _is_across(c: Contraction) -> bool:
    """Whether each depth step finds the elements of the scalar operand in another page."""
    step = abs(c.scalars.stride(c.reduced[-1])) * c.element.size
    return step >= FAR and _depth(c, c.scalars) > PAGES


class _Costs:
    """The cycles that the busiest core needs: multiply-adds, and operands read and copied."""

    def __init__(self, c: Contraction, row: str, *, copied: bool, enough: int) -> None:
        self.columns, self.rows = c.extents[c.column], c.extents[row]
        self.batch = math.prod(c.extents[a] for a in c.batch)
        self.cores, self.copied, self.enough = c.target.cores, copied, enough
        self.work = math.prod(c.extents.values()) / (2 * c.lanes)
        elements = math.prod(c.scalars.shape)
        self.scalars = READ * _cycles(c, c.scalars) * elements
        # Rows that lie across pages come as slowly as from far away.
        self.scalars_copied = FAR_COPY * elements if _is_across(c) else self.scalars
        self.vectors = _cycles(c, c.vectors) * math.prod(c.vectors.shape)
        far = c.epilogue_bytes > c.target.l2_bytes
        self.far_rows = FAR_ROW * c.row_count * self.batch if far else 0.0

    def of(self, wide: int, step: int, *, narrow: bool) -> float:
        """Return the cycles of slices of so many columns and groups of so many rows."""
        slices, groups = -(-self.columns // wide), -(-self.rows // step)
        work = self.work + slices * (self.scalars if narrow else self.scalars_copied)
        work += slices * self.far_rows
        if not self.copied:
            work += READ * self.vectors * min(groups, self.cores)
        else:
            alone = self.batch == slices == 1
            work += self.vectors * (min(groups, self.cores) if alone else groups)
        idle = IDLE * self.enough / (self.batch * slices * groups)
        return work * (self._share(wide, step, slices, groups) + idle)

    def _share(self, wide: int, step: int, slices: int, groups: int) -> float:
        """Return the busiest core's part of the outputs."""
        each, total = slices * groups, self.columns * self.rows
        units, most, last = self.batch * each, 0, 0
        for n in range(1, self.cores + 1):
            element, unit = divmod(units * n // self.cores, each)
            number, rest = divmod(unit, groups)
            low = min(number * wide, self.columns)
            width = min(low + wide, self.columns) - low
            # The outputs of all units before this one.
            end = element * total + low * self.rows + width * min(rest * step, self.rows)
            most, last = max(most, end - last), end
        return most / (self.batch * total)


def _cycles(c: Contraction, factor: Factor) -> float:
    """Return the cycles for copying one element of an operand."""
    near = math.prod(factor.shape) * c.element.size <= c.target.l2_bytes // 2
    return NEAR_COPY if near else FAR_COPY
