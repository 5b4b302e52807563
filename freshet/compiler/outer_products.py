"""outer_products: the schedule of long sums of outer products, such as the gradients of weights.

    gradient[channel, column] = sum over positions of x[position, channel] * dy[position, column]

Both operands are stepped through from position to position, and both are long. They are taken in
blocks of positions, copied where that pays, so short that a panel stays in the first-level cache;
each unit takes some channels and some columns, and keeps their sums in memory from block to block.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from freshet.compiler.contraction import FAR, FAR_COPY, NEAR_COPY, READ, Contraction
from freshet.compiler.kernel import Loop, Tiles
from freshet.compiler.row_sweep import BLOCK_ROWS
from freshet.compiler.tile_plan import blocks_at

OFTEN: Final = 96
"""Uses of an element that make a copy worth its while."""


def channel_of(c: Contraction) -> str | None:
    """Return the row axis along which the scalar operand is contiguous, if the sum is long.

    So it is for gradients of weights and filters: for each position of the batch, the product
    of a column with a row. Both operands are stepped through from position to position.
    """
    deep = all(c.scalars.has(a) and c.vectors.has(a) for a in c.reduced)
    plain = len(c.reduced) == 1 and not c.scalars.guarded
    near = _near_steps(c, 1) * (2 if plain else 1)
    long = math.prod(c.extents[a] for a in c.reduced) > near
    along = [a for a in c.rows if c.scalars.stride(a) == 1 and c.scalars.can_pack(a)]
    packable = c.vectors.can_pack(c.column)
    return along[-1] if deep and long and along and packable else None


def _near_steps(c: Contraction, vectors: int) -> int:
    """Return how many depth steps of a panel half the first-level cache holds."""
    return c.target.l1_bytes // 2 // (vectors * c.lanes * c.element.size)


def outer_products(c: Contraction, s: Tiles, channel: str) -> Tiles:
    """Copy blocks of both operands, and give each unit some channels and some columns."""
    blocks = _depth_blocks(c, _near_steps(c, s.vectors))
    depth = tuple(a for a in c.reduced if Loop(a, 1) not in blocks)
    s = replace(s, loops=blocks, depth=depth)
    best: tuple[float, Tiles] | None = None
    for channels in _cuts(c, channel, _row_step(c, s, channel)):
        for columns in _cuts(c, c.column, s.vectors * c.lanes):
            units = tuple(u for u in (columns, channels) if u.step < c.extents[u.axis])
            t = replace(s, units=(*s.units, *units))
            t = _with_copies(c, t)
            cost = _unit_cost(c, t)
            if best is None or cost < best[0]:
                best = cost, t
    assert best is not None
    return _in_row_blocks(c, best[1])


def _in_row_blocks(c: Contraction, s: Tiles) -> Tiles:
    """Let a few rows at a time go through all columns, their elements in the first-level cache."""
    rows = [r for r in s.rows if c.extents[r.axis] > 1]
    inside = len(s.units) + len(s.loops)
    sizes = blocks_at(replace(c.kernel, schedule=s), s, inside)
    if len(rows) != 1 or not s.loops or sizes[c.column] <= s.vectors * c.lanes:
        return s
    step = max(BLOCK_ROWS // rows[0].step, 1) * rows[0].step
    if step >= sizes[rows[0].axis]:
        return s
    scalar = None if s.pack_scalar is None else inside + 1
    return replace(s, loops=(*s.loops, Loop(rows[0].axis, step)), pack_scalar=scalar)


def _with_copies(c: Contraction, s: Tiles) -> Tiles:
    """Copy the operands of which a unit uses each element often, and what has padding."""
    at = len(s.units) + len(s.loops)
    columns = c.extents[c.column]
    narrow = columns <= s.vectors * c.lanes
    far = abs(c.scalars.stride(s.depth[-1])) * c.element.size >= FAR
    scalar = c.scalars.guarded or (far and columns >= OFTEN)
    vector = c.vectors.must_pack(c.column) or (c.row_count >= OFTEN and not narrow)
    return replace(
        s, pack_scalar=at if scalar else None, pack_vector=at if vector else None,
        accumulate=len(s.units) if s.loops else None,
    )  # fmt: skip


def _row_step(c: Contraction, s: Tiles, axis: str) -> int:
    return next(r.step for r in s.rows if r.axis == axis)


def _cuts(c: Contraction, axis: str, tile: int) -> Iterator[Loop]:
    """Yield the ways to cut an axis into equal parts, in tiles."""
    tiles = -(-c.extents[axis] // tile)
    for parts in range(1, tiles + 1):
        step = -(-tiles // parts)
        if -(-tiles // step) == parts:
            yield Loop(axis, step * tile)


def _unit_cost(c: Contraction, s: Tiles) -> float:
    """Return the cycles that the busiest core needs: multiply-adds, and copies of operands."""
    shares = _shares(c, s)
    work = math.prod(c.extents.values()) / (2 * c.lanes) * max(shares)
    copies = 0.0
    blocks = math.prod(-(-c.extents[x.axis] // x.step) for x in s.loops)
    scratch = c.scratch(s)
    sizes = blocks_at(replace(c.kernel, schedule=s), s, len(s.units))
    for factor, size in zip((c.scalars, c.vectors), scratch, strict=True):
        whole = math.prod(factor.shape) * c.element.size
        far = whole > c.target.l2_bytes // 2
        cycles = FAR_COPY if far else NEAR_COPY
        elements = size / c.element.size * blocks
        if not size:
            elements = READ * math.prod(sizes[a] for a in c.extents if factor.has(a))
        copies += cycles * elements * c.units(s) * max(shares)
    sums = math.prod(sizes[a] for a in (c.column, *c.rows)) * c.element.size
    crowd = max((sum(scratch) + sums) / (c.target.l2_bytes * 3 // 8), 1.0)
    return (work + copies) * crowd


def _shares(c: Contraction, s: Tiles) -> list[float]:
    """Return the part of the work that each core does."""
    parts = [1.0]
    for u in s.units:
        extent = c.extents[u.axis]
        own = [min(u.step, extent - low) / extent for low in range(0, extent, u.step)]
        parts = [p * q for p in parts for q in own]
    cores = c.target.cores
    bounds = [len(parts) * n // cores for n in range(cores + 1)]
    return [sum(parts[low:high]) for low, high in itertools.pairwise(bounds)]


def _depth_blocks(c: Contraction, steps: int) -> tuple[Loop, ...]:
    """Return loops over reduced axes that leave about so many depth steps."""
    found: list[Loop] = []
    for number, axis in enumerate(c.reduced):
        inner = math.prod(c.extents[a] for a in c.reduced[number + 1 :])
        if inner <= steps:
            most = max(steps // inner, 1)
            blocks = -(-c.extents[axis] // most)
            step = -(-c.extents[axis] // blocks)
            return (*found, Loop(axis, step)) if blocks > 1 else tuple(found)
        found.append(Loop(axis, 1))
    return tuple(found)
