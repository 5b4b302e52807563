"""How a tiled kernel uses its scratch memory: packed operands, then running sums."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from freshet.compiler.kernel import Buffer, Kernel, Loops, Store, Tiles
from freshet.compiler.target import Target
from freshet.core.errors import InternalError
from freshet.ops.index import Affine, Position, combine, strides_of
from freshet.ops.scalar import Expr


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
