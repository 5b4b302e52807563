"""tile_shape: how many rows and vectors of a contraction's output stay in registers at a time.

A tile of rows x vectors does as many multiply-adds a depth step, for rows + vectors loads. Large
tiles load least; those that divide the output waste least.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from freshet.compiler.contraction import Contraction
from freshet.compiler.kernel import Loop


@dataclass(frozen=True, slots=True)
class TileShape:
    """A register tile: its size along each row axis, and its vectors along the column."""

    rows: tuple[Loop, ...]
    vectors: int


def tile_shape(c: Contraction) -> TileShape:
    """Return the register tile that takes least time for all outputs."""
    return min(_shapes(c), key=lambda found: found[0])[1]


def best_shapes(c: Contraction, count: int) -> list[TileShape]:
    """Return the tiles that promise to take least time, the best first."""
    return [shape for _, shape in sorted(_shapes(c), key=lambda found: found[0])[:count]]


def _shapes(c: Contraction) -> Iterator[tuple[float, TileShape]]:
    """Yield the tiles that fit the registers, with their costs."""
    columns = -(-c.extents[c.column] // c.lanes)
    for vectors in range(1, min(columns, 4) + 1):
        spare = vectors + (1 if c.target.broadcast_operands else 2)
        most = max((c.target.vector_registers - spare) // vectors, 1)
        for sizes in _row_tiles(c, most):
            rows = tuple(Loop(a, n) for a, n in zip(c.rows, sizes, strict=True))
            yield _cost(c, sizes, vectors, columns), TileShape(rows, vectors)


def _row_tiles(c: Contraction, most: int) -> Iterator[tuple[int, ...]]:
    """Yield tile sizes, the last axes first to be covered; only one axis leaves a rest."""
    extents = [c.extents[a] for a in c.rows]
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


def _cost(c: Contraction, sizes: tuple[int, ...], vectors: int, columns: int) -> float:
    """Return cycles per depth step for the whole output, up to a factor."""
    variants = 1
    column_tiles = [(columns // vectors, vectors)]
    if columns % vectors:
        column_tiles.append((1, columns % vectors))
        variants += 1
    row_tiles = [(1.0, 1)]
    for axis, n in zip(c.rows, sizes, strict=True):
        extent = c.extents[axis]
        found = [(extent // n, n)] + ([(1, extent % n)] if extent % n else [])
        variants += bool(extent % n)
        row_tiles = [(times * t, rows * k) for times, rows in row_tiles for t, k in found]
    latency = c.target.fma_latency / 2
    total = 0.0
    for times, rows in row_tiles:
        for t, v in column_tiles:
            # Multiply-adds, or the wait for an accumulator; what is loaded beside them, vectors
            # often from the second-level cache; the loop.
            step = max(rows * v, v + rows, latency) + 0.1 * rows + 0.3 * v + 0.5
            total += times * t * step
    return total * (1 + 0.005 * (variants - 1))
