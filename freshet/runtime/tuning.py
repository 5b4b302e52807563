"""Schedules found by trying, with ``FRESHET_TUNE=1``, and kept in the kernel cache.

The cost model (`freshet.compiler.schedule`) knows a machine by a few numbers. Where it is wrong, a
search around its choice helps: each contraction is timed with other tiles, blocks and copies, on
all threads, in memory of its own. What was fastest is kept and used from then on, with or without
``FRESHET_TUNE``, wherever the same kernel occurs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from freshet.compiler.calls import Place
from freshet.compiler.costs import kernel_flops
from freshet.compiler.kernel import Kernel, Schedule, Tiles
from freshet.compiler.kernel_text import parse_schedule, schedule_text
from freshet.compiler.memory import ALIGNMENT
from freshet.compiler.program import KernelCall, Program
from freshet.compiler.schedule_search import candidates
from freshet.compiler.target import Target
from freshet.core.config import config
from freshet.graph.ir import Graph
from freshet.runtime import cache, stored_programs

LEAST_FLOPS: Final = 1 << 20
"""Of a kernel that is worth the search."""
ROUNDS: Final = 7
BETTER: Final = 0.97
"""Part of the chosen schedule's time that another one must stay below: clocks are not exact."""


def tuned(kernel: Kernel, target: Target) -> Kernel:
    """Return a kernel with the fastest schedule known; look for one if the user asks for that."""
    if not isinstance(kernel.schedule, Tiles):
        return kernel
    key = cache.kernel_key(replace(kernel, name="schedule of"), target) + "-schedule"
    known = cache.load(key)
    if known is not None:
        schedule = _read(known)
        if schedule is not None:
            return replace(kernel, schedule=schedule)
    if not config.tune or kernel_flops(kernel) < LEAST_FLOPS:
        return kernel
    schedules = candidates(kernel, target)
    seconds = time_kernels([replace(kernel, schedule=s) for s in schedules])
    best = min(range(len(schedules)), key=seconds.__getitem__)
    found = schedules[best] if seconds[best] < BETTER * seconds[0] else schedules[0]
    cache.store(key, schedule_text(found).encode())
    stored_programs.forget_all()
    return replace(kernel, schedule=found)


def _read(data: bytes) -> Schedule | None:
    try:
        return parse_schedule(data.decode())
    except ValueError:
        return None


def time_kernels(kernels: Sequence[Kernel], rounds: int = ROUNDS) -> list[float]:
    """Return the seconds of kernels with the same buffers, one after the other: medians."""
    from freshet.runtime.execute import executable_of  # noqa: PLC0415 (it imports this module)
    from freshet.runtime.profile import profile  # noqa: PLC0415 (likewise)

    places, size = [], 0
    for buffer in kernels[0].buffers:
        places.append(Place("arena", size))
        # Not all at the beginning of a page, where they would fall into the same cache sets.
        size += -(-buffer.type.num_bytes // ALIGNMENT) * ALIGNMENT + 17 * ALIGNMENT
    calls = tuple(KernelCall(k, tuple(places)) for k in kernels)
    graph = Graph("tuning", (), (), ())
    executable = executable_of(Program("tuning", calls, (), (), (), size, (), graph))
    numbers = np.random.default_rng(0)
    for buffer, place in zip(kernels[0].buffers, places, strict=True):
        array = executable.arena(place, buffer.type)
        array[...] = 0
        if buffer.dtype.is_floating:
            # Neither denormal nor large, however often it is multiplied and added to.
            array[...] = 0.01 + 0.01 * numbers.random(array.shape)
    return [call.seconds for call in profile(executable, [], [], rounds).calls]
