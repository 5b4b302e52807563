"""Kernels beside what the machine allows: the roofline model.

    shortest time = max(FLOPs / peak FLOP/s, sum of bytes / bandwidth)
    part of the roof = shortest time / measured time

A kernel that computes much with each byte is limited by arithmetic, one that computes little by
memory, where reading, writing and updating in place have a bandwidth each (S. Williams, A. Waterman
and D. Patterson, Roofline: an insightful visual performance model for multicore architectures,
Communications of the ACM 52, 2009).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from freshet.compiler.calls import HostCall
from freshet.compiler.costs import Traffic, kernel_flops, kernel_traffic, makes_random_numbers
from freshet.compiler.kernel import Kernel
from freshet.compiler.program import KernelCall
from freshet.core.source import SourceLine
from freshet.runtime.machine import Bandwidth, memory_bandwidth, peak_flops, rounded_size
from freshet.runtime.pool import pool
from freshet.runtime.profile import Call, name_of, reason_of, sources_of
from freshet.runtime.recorder import ProgramRecord

FAR_BELOW: Final = 0.5
"""Part of the roof under which a kernel is worth a look."""
MUCH: Final = 0.03
"""Part of a program's time from which a kernel is worth a look."""
_BURSTS: Final = 3
_PAUSE_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Roof:
    """What the machine allows.

    Attributes:
        peak_flops: Floating-point operations a second.
        bandwidth: Bytes a second, from and to memory that holds a program's data.
    """

    peak_flops: float
    bandwidth: Bandwidth

    def shortest_seconds(self, flops: float, traffic: Traffic) -> float:
        """Return the least time for so many operations and bytes."""
        return max(flops / self.peak_flops, self.bandwidth.seconds(traffic))


@dataclass(frozen=True)
class Machine:
    """The measured limits of this machine.

    Attributes:
        threads: How many threads they are for.
        peak_flops: Floating-point operations a second.
        far_bandwidth: Bytes a second of memory that no cache holds.
        bandwidths: Bytes a second by the size of the data.
    """

    threads: int
    peak_flops: float
    far_bandwidth: Bandwidth
    bandwidths: dict[int, Bandwidth]

    def roof(self, working_set: int) -> Roof:
        """Return what it allows a program whose data take so many bytes."""
        bandwidth = self.bandwidths.get(rounded_size(working_set), self.far_bandwidth)
        return Roof(self.peak_flops, bandwidth)


def measure_machine(working_sets: Iterable[int]) -> Machine:
    """Measure the limits, for programs whose data take so many bytes."""
    far = memory_bandwidth()
    # What a cache gives is never less than what is behind it, whatever disturbs a measurement.
    bandwidths = {rounded_size(size): far for size in working_sets}
    peak = 0.0
    for _ in range(_BURSTS):  # apart: what else the machine does comes and goes
        time.sleep(_PAUSE_SECONDS)
        peak = max(peak, peak_flops())
        for size, known in bandwidths.items():
            bandwidths[size] = known.or_better(memory_bandwidth(size, rounds=4))
    return Machine(pool().threads, peak, far, bandwidths)


@dataclass(frozen=True)
class KernelTime:
    """Equal kernels from the same lines, in one run of a program: the steps of a loop are one.

    Attributes:
        name: The kernel's, or ``host:`` and the primitive's.
        sources: The user's lines.
        calls: How often it is called; a mean where data decides.
        seconds: What all its calls take.
        flops: What they compute.
        traffic: What they move.
        share: Part of the time of all calls of the program.
        roof: Part of what the machine allows; None for a call to the host.
        is_compute_bound: Whether arithmetic is its limit, rather than memory.
        note: What else explains its time; empty if nothing does.
        numbers: The numbers of its calls in the program.
    """

    name: str
    sources: tuple[SourceLine, ...]
    calls: float
    seconds: float
    flops: int
    traffic: Traffic
    share: float
    roof: float | None
    is_compute_bound: bool
    note: str
    numbers: tuple[int, ...]

    @property
    def bytes(self) -> int:
        """What they move, in all."""
        return self.traffic.total

    @property
    def parts(self) -> tuple[str, ...]:
        """The layers and optimizers that the kernel works for."""
        return tuple(dict.fromkeys(s.part for s in self.sources if s.part))

    @property
    def flop_rate(self) -> float:
        """FLOP/s."""
        return self.flops / self.seconds if self.seconds else 0.0

    @property
    def byte_rate(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds if self.seconds else 0.0

    @property
    def is_weak(self) -> bool:
        """Whether it takes much of the time and is far below its roof."""
        return self.share >= MUCH and self.roof is not None and self.roof < FAR_BELOW


def kernel_times(record: ProgramRecord, roof: Roof) -> list[KernelTime]:
    """Return the kernels of a program that ran, the slowest first."""
    seconds, counts = record.call_seconds, record.call_counts
    total = sum(seconds) or 1.0
    rows = []
    for numbers in grouped(record.calls):
        call = record.calls[numbers[0]]
        taken, count = sum(seconds[n] for n in numbers), sum(counts[n] for n in numbers)
        if not count:
            continue
        flops, traffic = 0, Traffic(0, 0, 0)
        reached: float | None = None
        if isinstance(call, KernelCall):
            flops = round(kernel_flops(call.kernel) * count)
            traffic = kernel_traffic(call.kernel).times(count)
            reached = roof.shortest_seconds(flops, traffic) / max(taken, 1e-12)
        by_flops = flops / roof.peak_flops > roof.bandwidth.seconds(traffic)
        rows.append(
            KernelTime(
                name_of(call), sources_of(call), count, taken, flops, traffic, taken / total,
                reached, by_flops, _note(call), numbers,
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: -row.seconds)


def grouped(calls: Sequence[Call]) -> list[tuple[int, ...]]:
    """Return the numbers of equal calls from the same lines together, in order of the first."""
    texts: dict[int, str] = {}
    groups: dict[object, list[int]] = {}
    for number, call in enumerate(calls):
        if isinstance(call, HostCall):
            what = f"host {id(call.node)}"
        else:
            what = _text_of(call.kernel, texts)
        groups.setdefault((what, sources_of(call)), []).append(number)
    return [tuple(numbers) for numbers in groups.values()]


def _text_of(kernel: Kernel, known: dict[int, str]) -> str:
    # The steps of a loop share their kernels, whose texts take a while to write.
    if id(kernel) not in known:
        known[id(kernel)] = str(kernel)
    return known[id(kernel)]


def _note(call: Call) -> str:
    if isinstance(call, HostCall):
        return f"it runs in Python because {reason_of(call)}"
    if makes_random_numbers(call.kernel):
        return "it makes random numbers, which count as no FLOPs"
    return ""
