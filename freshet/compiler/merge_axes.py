"""merge_axes: make one axis of two that every array steps through as one.

Exact. ``y[i, j] = f(x[i, j])`` with contiguous arrays becomes ``y[ij] = f(x[ij])``: fewer loops,
longer vectors.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from freshet.compiler.kernel import Buffer, Change, Kernel
from freshet.core.shapes import TensorType
from freshet.ops.index import Affine, Index, Position, axis


def merge_axes(kernel: Kernel) -> Kernel:
    """Return the kernel with neighbouring axes merged until none can be."""
    while True:
        for a, b in _neighbours(kernel):
            dims = _dimensions(kernel, a, b)
            if dims is not None:
                kernel = _merged(kernel, a, b, dims)
                break
        else:
            return kernel


def _neighbours(kernel: Kernel) -> Iterator[tuple[str, str]]:
    """Yield pairs of axes that are looped over one directly within the other everywhere."""
    groups = [kernel.outer, *(s.axes for s in kernel.stages if s.axes)]
    for group in dict.fromkeys(groups):
        yield from itertools.pairwise(group)


def _accesses(kernel: Kernel) -> Iterator[tuple[str, Position]]:
    for stage in kernel.stages:
        for e in stage.loads():
            yield e.attributes[0], e.attributes[1]
        for s in stage.stores:
            yield s.buffer, s.where


def _dimensions(kernel: Kernel, a: str, b: str) -> dict[str, int] | None:
    """Return, per buffer that has both axes, the dimension of the first; None if they differ.

    Both must be dimensions of their own, one after the other, the second of full length. A buffer
    that is indexed with data keeps its dimensions.
    """
    found: dict[str, int] = {}
    looked_up = {e.attributes[0] for s in kernel.stages for e in s.loads() if e.op == "lookup"}
    looked_up |= {s.buffer for g in kernel.stages for s in g.stores if s.index is not None}
    for name, where in _accesses(kernel):
        d = _pair(where, kernel.buffer(name), a, b, kernel.extents)
        if d is None or (d >= 0 and name in looked_up) or found.setdefault(name, d) != d:
            return None
    if not _mergeable_numbers(kernel, a, b):
        return None
    return {name: d for name, d in found.items() if d >= 0}


def _pair(where: Position, buffer: Buffer, a: str, b: str, extents: dict[str, int]) -> int | None:
    """Return the dimension of `a`; -1 where neither axis occurs, None where they cannot merge."""
    using = [d for d, i in enumerate(where) if {a, b} & set(i.numerator.axes())]
    if not using:
        return -1
    if len(using) != 2 or using[1] != using[0] + 1:
        return None
    first, second = using
    plain = where[first] == Index(axis(a)) and where[second] == Index(axis(b))
    full = buffer.shape[second] == extents[b] and buffer.shape[first] >= extents[a]
    return first if plain and full else None


def _mergeable_numbers(kernel: Kernel, a: str, b: str) -> bool:
    """Whether every number made of the axes is one of the merged axis."""
    for stage in kernel.stages:
        for e in stage.expressions():
            if e.op == "coordinate" and not _proportional(e.attributes[0], a, b, kernel.extents):
                return False
            if e.op == "inside" and any({a, b} & set(i.numerator.axes()) for i, _ in e.attributes):
                return False
        for r in stage.reductions:
            if r.position is not None and not _proportional(r.position, a, b, kernel.extents):
                return False
    return True


def _proportional(where: Affine, a: str, b: str, extents: dict[str, int]) -> bool:
    return where.coefficient(a) == extents[b] * where.coefficient(b)


def _merged(kernel: Kernel, a: str, b: str, dims: dict[str, int]) -> Kernel:
    """Return the kernel with `b` merged into `a`."""

    def position(name: str, where: Position) -> Position:
        if name not in dims:
            return where
        d = dims[name]
        return (*where[: d + 1], *where[d + 2 :])

    def number(where: Affine) -> Affine:
        # Along the merged axis one step is one step of `b`.
        c = where.coefficient(b)
        return where.without((a, b)) + axis(a) * c if c else where.without((a, b))

    change = Change(position=position, number=number)
    stages = [
        replace(change.of_stage(stage), axes=tuple(x for x in stage.axes if x != b))
        for stage in kernel.stages
    ]
    extents = dict(kernel.extents)
    extents[a] *= extents.pop(b)
    return replace(
        kernel,
        buffers=tuple(_reshaped(x, dims) for x in kernel.buffers),
        extents=extents,
        outer=tuple(x for x in kernel.outer if x != b),
        stages=tuple(stages),
    )


def _reshaped(buffer: Buffer, dims: dict[str, int]) -> Buffer:
    if buffer.name not in dims:
        return buffer
    d, shape = dims[buffer.name], buffer.shape
    joined = (*shape[:d], shape[d] * shape[d + 1], *shape[d + 2 :])
    return replace(buffer, type=TensorType(buffer.dtype, joined))
