"""schedule_search: schedules near the cost model's choice, to be tried on the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from freshet.compiler.contraction import Contraction, find_contraction
from freshet.compiler.kernel import Kernel, Loop, Tiles
from freshet.compiler.schedule_tiles import schedule_with
from freshet.compiler.target import Target
from freshet.compiler.tile_shape import best_shapes

SHAPES: Final = 5
"""Register tiles that are tried."""


def candidates(kernel: Kernel, target: Target) -> list[Tiles]:
    """Return a tiled kernel's own schedule, then others that mean the same."""
    assert isinstance(kernel.schedule, Tiles)
    found = {kernel.schedule: None}
    contraction = find_contraction(kernel, target)
    if contraction is not None:
        for shape in best_shapes(contraction, SHAPES):
            schedule = schedule_with(contraction, shape)
            found[schedule] = None
            found.update(dict.fromkeys(_variants(contraction, schedule)))
    return list(found)


def _variants(c: Contraction, s: Tiles) -> Iterator[Tiles]:
    """Yield schedules that differ in one decision: what is copied, how much a unit or block is."""
    if s.pack_vector is None and c.vectors.can_pack(c.column):
        yield replace(s, pack_vector=len(s.units) + len(s.loops))
    elif not c.vectors.must_pack(c.column):
        yield replace(s, pack_vector=None)
    if s.pack_scalar is not None and not c.scalars.guarded:
        yield replace(s, pack_scalar=None)
    tile = {r.axis: r.step for r in s.rows} | {s.column: s.vectors * c.lanes}
    inside = {*tile, *(loop.axis for loop in s.loops)}
    for n, unit in enumerate(s.units):
        if unit.axis not in inside:
            continue  # a unit is one point of it: nothing goes through more
        for step in _steps(unit, tile.get(unit.axis, 1), c.extents[unit.axis]):
            units = (*s.units[:n], Loop(unit.axis, step), *s.units[n + 1 :])
            yield replace(s, units=units)
    for n, loop in enumerate(s.loops):
        if loop.axis in s.depth:
            for step in _steps(loop, 1, c.extents[loop.axis]):
                loops = (*s.loops[:n], Loop(loop.axis, step), *s.loops[n + 1 :])
                yield replace(s, loops=loops)


def _steps(loop: Loop, tile: int, extent: int) -> list[int]:
    """Return half and twice the step of a loop, as multiples of the tile."""
    half = max(loop.step // tile // 2, 1) * tile
    return [n for n in (half, 2 * loop.step) if n != loop.step and 1 < n < extent]
