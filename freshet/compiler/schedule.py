"""schedule: decide how each kernel's loops become machine code.

Contractions get register tiles (`schedule_tiles`), everything else plain loops with one axis in
vector lanes. Long reductions with few results are split first, so that threads can share them.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from dataclasses import replace
from typing import Final

from freshet.compiler.contraction import is_product_sum
from freshet.compiler.costs import makes_random_numbers
from freshet.compiler.emit.random import SHARED
from freshet.compiler.keep_rows import keep_rows
from freshet.compiler.kernel import Kernel, Loops, Rounds, Stage
from freshet.compiler.merge_axes import merge_axes
from freshet.compiler.schedule_tiles import schedule_tiles
from freshet.compiler.skew_sums import skew_sums
from freshet.compiler.split_phases import join_phases, split_phases
from freshet.compiler.split_reduction import can_split, chunk_axis, split_reduction
from freshet.compiler.split_taps import split_taps
from freshet.compiler.target import Target
from freshet.compiler.winograd.choose import winograd
from freshet.ops.index import strides_of

SERIAL_WORK: Final = 1 << 15
"""Points of a reduction that one thread does sooner than two can share."""
ENOUGH_UNITS: Final = 32
UNIT_WORK: Final = 4096
"""Points that are worth a unit of their own."""
_ANY_ROUNDS: Final = Rounds(1, frozenset())


def schedule(kernel: Kernel, target: Target) -> list[Kernel]:
    """Return the kernel with a schedule: as one or, where it is split, as several kernels."""
    if not all(kernel.extents.values()):
        return [kernel]  # no points, or reductions over nothing
    kernel = skew_sums(kernel)
    by_tap = split_taps(kernel)
    if by_tap is not None:
        return [k for part in by_tap for k in schedule(part, target)]
    by_tile = winograd(kernel, target)
    if by_tile is not None:
        return [k for part in by_tile for k in _schedule_part(part, target)]
    phases = split_phases(kernel)
    if len(phases) > 1 and is_product_sum(kernel):
        return [k for phase in phases for k in schedule(phase, target)]
    kernel = merge_axes(join_phases(phases))
    tiled = schedule_tiles(kernel, target)
    if tiled is not None:
        first, *rest = tiled
        return [first, *(k for part in rest for k in schedule(part, target))]
    loops = _loops(kernel, target)
    if can_split(kernel) and _is_serial(kernel, loops, target):
        found = chunk_axis(kernel)
        if found is not None:
            parts = split_reduction(kernel, *found)
            return [replace(k, schedule=_loops(k, target)) for k in map(merge_axes, parts)]
    if loops.vector and loops.vector not in kernel.outer:
        kernel = keep_rows(kernel, target)
    return [replace(kernel, schedule=loops)]


def _schedule_part(kernel: Kernel, target: Target) -> list[Kernel]:
    """Schedule a part of a convolution, as that of another layer of its shape if there is one."""
    near = None if kernel.rounds is None else _ANY_ROUNDS
    found = _schedule_alike(replace(kernel, rounds=near), target)
    return [replace(k, rounds=kernel.rounds) for k in found]


@functools.lru_cache(maxsize=128)
def _schedule_alike(kernel: Kernel, target: Target) -> tuple[Kernel, ...]:
    return tuple(schedule(kernel, target))


def _work(kernel: Kernel) -> int:
    return math.prod(kernel.extents.values())


def _is_serial(kernel: Kernel, loops: Loops, target: Target) -> bool:
    """Whether a kernel has much to do but few outer points to share out."""
    outer = math.prod(kernel.extents[a] for a in kernel.outer)
    lanes = _lanes(kernel, target) if loops.vector in kernel.outer else 1
    return _work(kernel) >= SERIAL_WORK and outer / lanes < ENOUGH_UNITS


def _lanes(kernel: Kernel, target: Target) -> int:
    return min(target.lanes(b.dtype) for b in kernel.buffers)


# --- plain loops ----------------------------------------------------------------------------------


def _loops(kernel: Kernel, target: Target) -> Loops:
    vector = _vector_axis(kernel, _lanes(kernel, target))
    if vector is None:
        return Loops()
    lanes, extent = _lanes(kernel, target), kernel.extents[vector]
    reduces = any(s.reductions for s in kernel.stages)
    unroll = 1
    if reduces and not any(r.position for s in kernel.stages for r in s.reductions):
        # Independent sums hide the latency of an addition; sums of columns also read longer runs.
        most = 8 if vector in kernel.outer else 4
        unroll = max(min(most, extent // lanes), 1)
    if vector in kernel.outer and any(s.adds for stage in kernel.stages for s in stage.stores):
        # Rows that data names lie anywhere: the longer a core's part of each, the better.
        unroll = max(min(8, extent // lanes // target.cores), 1)
    if makes_random_numbers(kernel) and extent >= SHARED:
        unroll = max(SHARED // lanes, 1)
    if vector not in kernel.outer:
        return Loops(vector, unroll)
    others = math.prod(kernel.extents[a] for a in kernel.outer if a != vector)
    work = _work(kernel) // max(others * extent, 1)
    block = _block(extent, others, work, lanes * unroll)
    return Loops(vector, unroll, block)


def _block(extent: int, others: int, work: int, width: int) -> int:
    """Return how much of the vector axis makes a unit: enough units, none too small."""
    wanted = -(-ENOUGH_UNITS * 2 // max(others, 1))
    least = -(-UNIT_WORK // max(work, 1))
    block = max(-(-extent // wanted), min(least, extent))
    return max(-(-block // width) * width, width)


def _vector_axis(kernel: Kernel, lanes: int) -> str | None:
    """Return the axis that most accesses step along one by one."""
    candidates = [a for a in kernel.outer if kernel.extents[a] > 1]
    inner = {s.axes for s in kernel.stages if s.axes}
    if len(inner) == 1:
        last = next(iter(inner))[-1]
        if kernel.extents[last] > 1:
            candidates.append(last)
    if not candidates:
        return None
    # Among equals the last outer axis: its reductions need no combining of lanes.
    order = {a: i for i, a in enumerate(candidates)}
    best = max(
        candidates,
        key=lambda a: (_benefit(kernel, a, lanes), a in kernel.outer, order[a]),
    )
    return best if _benefit(kernel, best, lanes) > 0 else None


def _benefit(kernel: Kernel, vector: str, lanes: int) -> float:
    """Return the speed that an axis in lanes promises: used lanes, less for scattered accesses."""
    extent = kernel.extents[vector]
    used = extent / (-(-extent // lanes) * lanes)
    score = 0.0
    for stage in kernel.stages:
        if vector not in (*kernel.outer, *stage.axes):
            continue
        weight = math.prod(kernel.extents[a] for a in stage.axes)
        for (shape, factors), count in _accesses(kernel, stage).items():
            step = _step(shape, factors, vector)
            score += count * weight * (1.0 if step in {0, 1} else -0.8)
        score += weight * 0.5
    return score * used * min(extent, lanes)


_Factors = tuple[tuple[tuple[tuple[str, int], ...], int], ...]
"""Of each dimension of an array, the factors of the axes and the divisor."""


def _accesses(kernel: Kernel, stage: Stage) -> Counter[tuple[tuple[int, ...], _Factors]]:
    """Return how often arrays are stepped through in which ways, wherever that begins."""
    places = [(e.attributes[0], e.attributes[1]) for e in stage.loads()]
    places += [(s.buffer, s.where) for s in stage.stores]
    ways = ((name, tuple((i.numerator.terms, i.divisor) for i in where)) for name, where in places)
    shapes = {b.name: b.shape for b in kernel.buffers}
    return Counter((shapes[name], factors) for name, factors in ways)


def _step(shape: tuple[int, ...], factors: _Factors, vector: str) -> int:
    """Return the distance from lane to lane; 99 where it is not even."""
    total = 0
    for stride, (terms, divisor) in zip(strides_of(shape), factors, strict=True):
        c = dict(terms).get(vector, 0)
        if c and divisor != 1:
            return 99
        total += c * stride
    return total
