"""split_reduction: cut a long reduction into chunks that threads can share.

The first kernel reduces each chunk to a partial result, the second one the partial results. The
number of chunks depends on the shape alone, so the result does not depend on the threads. Exact,
but for the order of sums.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from freshet.compiler.kernel import Buffer, Change, Kernel, Loops, Reduction, Stage, Store
from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.ops import scalar
from freshet.ops.index import Index, Position, axis

CHUNKS: Final = 32
"""Wanted number of chunks: enough to balance many threads, few enough to combine quickly."""
FEWEST: Final = 4


def can_split(kernel: Kernel) -> bool:
    """Whether a kernel reduces in one round, with reductions whose parts can be combined."""
    inner = [s for s in kernel.stages if s.axes]
    return (
        len(inner) == 1
        and kernel.stages[0] is inner[0]
        and bool(inner[0].reductions)
        and all(r.position is None for r in inner[0].reductions)
    )


def chunk_axis(kernel: Kernel, wanted: int = CHUNKS) -> tuple[str, int] | None:
    """Return the reduced axis to cut and into how many equal parts; None if none divides well."""
    best: tuple[str, int] | None = None
    for name in kernel.stages[0].axes:
        extent = kernel.extents[name]
        counts = [n for n in range(FEWEST, min(extent, 2 * wanted) + 1) if extent % n == 0]
        if not counts:
            continue
        count = min(counts, key=lambda n: abs(math.log(n / wanted)))
        if best is None or abs(math.log(count / wanted)) < abs(math.log(best[1] / wanted)) - 0.5:
            best = name, count
    return best


def split_reduction(kernel: Kernel, name: str, count: int) -> tuple[Kernel, Kernel]:
    """Return the kernel of the chunks and the one that combines them.

    The partial results are buffers ``part0``, ``part1``, ...: outputs of the first kernel and
    inputs of the second.
    """
    stage = kernel.stages[0]
    shape = (count, *(kernel.extents[a] for a in kernel.outer))
    where = tuple(Index(axis(a)) for a in ("chunk", *kernel.outer))
    parts = [
        Buffer(f"part{i}", TensorType(_wide(r.dtype), shape), "out")
        for i, r in enumerate(stage.reductions)
    ]
    return _chunks(kernel, parts, where, name, count), _combine(kernel, parts, where, count)


def _wide(dtype: DType) -> DType:
    """Return the dtype of partial results: 16-bit floats are not rounded before the end."""
    return dtypes.float32 if dtype.is_floating and dtype.bits == 16 else dtype


def _chunks(kernel: Kernel, parts: list[Buffer], where: Position, name: str, count: int) -> Kernel:
    size = kernel.extents[name] // count
    moved = {name: axis("chunk") * size + axis(name)}
    change = Change(
        position=lambda _, place: tuple(i.substitute(moved) for i in place),
        number=lambda number: number.substitute(moved),
    )
    stage = change.of_stage(kernel.stages[0])
    results = tuple(
        Store(b.name, where, scalar.result(r.name, r.dtype))
        for b, r in zip(parts, stage.reductions, strict=True)
    )
    extents = {"chunk": count, **kernel.extents, name: size}
    used = _used(stage)
    buffers = tuple(b for b in kernel.buffers if b.name in used)
    return Kernel(
        f"{kernel.name}_chunks", (*buffers, *parts), extents, ("chunk", *kernel.outer),
        (stage, Stage((), results)),
    )  # fmt: skip


def _combine(kernel: Kernel, parts: list[Buffer], where: Position, count: int) -> Kernel:
    stage, after = kernel.stages[0], kernel.stages[1:]
    reductions = tuple(
        Reduction(r.name, r.op, scalar.load(b.name, b.dtype, where), r.dtype)
        for b, r in zip(parts, stage.reductions, strict=True)
    )
    used = set().union(*(_used(s) for s in after)) if after else set()
    inputs = tuple(replace(b, role="in") for b in parts)
    others = tuple(b for b in kernel.buffers if b.name in used)
    extents = {a: kernel.extents[a] for a in kernel.outer} | {"chunk": count}
    roles = sorted((*inputs, *others), key=lambda b: ("in", "inout", "out").index(b.role))
    return Kernel(
        f"{kernel.name}_combine", tuple(roles), extents, kernel.outer,
        (Stage(("chunk",), reductions), *after), Loops(),
    )  # fmt: skip


def _used(stage: Stage) -> set[str]:
    return {e.attributes[0] for e in stage.loads()} | {s.buffer for s in stage.stores}
