"""Where the time of a compiled program goes: each of its calls timed inside a real run.

`profile` runs a program as always, in one native call per segment, with clock stamps around each
kernel (`freshet.runtime.stamps`). So every kernel meets the caches, the threads and the numbers
that it meets in a training step.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from freshet.compiler.calls import HostCall
from freshet.compiler.costs import is_contraction, kernel_bytes, kernel_flops
from freshet.compiler.kernel import Kernel
from freshet.compiler.program import KernelCall, Program
from freshet.core.errors import FailedPreconditionError
from freshet.core.source import SourceLine
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.graph.function import Function
from freshet.ops.nest import Host
from freshet.runtime.execute import Executable, Leap, NativeExecutor, Part, Run
from freshet.runtime.pool import pool
from freshet.runtime.stamps import Stamps, Words, clock, segment

Call = KernelCall | HostCall

# --- results --------------------------------------------------------------------------------------


def name_of(call: Call) -> str:
    """Return the name of a call's kernel, or ``host:`` and the primitive's."""
    if isinstance(call, HostCall):
        return f"host:{call.node.primitive.name}"
    return call.kernel.name


def sources_of(call: Call) -> tuple[SourceLine, ...]:
    """Return the user's lines that a call comes from."""
    if isinstance(call, KernelCall):
        return call.sources
    source = call.node.source
    return () if source is None else (source,)


def reason_of(call: HostCall) -> str:
    """Return why a call runs in Python."""
    lower = call.node.lower
    return lower.why if isinstance(lower, Host) else "it has no kernel"


@dataclass(frozen=True)
class CallTime:
    """How long one call of a program takes.

    Attributes:
        call: The kernel, or the primitive that the host runs.
        seconds: What it takes in a run: the median of the rounds; where data decides how often it
            runs, the mean.
        runs: How often it runs, a mean of the rounds.
    """

    call: Call
    seconds: float
    runs: float = 1.0

    @property
    def kernel(self) -> Kernel | None:
        """The kernel; None for a call to the host."""
        return self.call.kernel if isinstance(self.call, KernelCall) else None

    @property
    def name(self) -> str:
        """Name of the kernel, or ``host:`` and the primitive's."""
        return name_of(self.call)

    @property
    def sources(self) -> tuple[SourceLine, ...]:
        """The user's lines that the call comes from."""
        return sources_of(self.call)

    @property
    def flops(self) -> int:
        """Floating-point operations of the kernel; 0 for a host call."""
        return 0 if self.kernel is None else kernel_flops(self.kernel)

    @property
    def is_contraction(self) -> bool:
        """Whether it is a matrix product, a convolution or the like, limited by arithmetic."""
        return self.kernel is not None and is_contraction(self.kernel)

    @property
    def bytes(self) -> int:
        """Bytes that the kernel must read and write; 0 for a host call."""
        return 0 if self.kernel is None else kernel_bytes(self.kernel)


@dataclass(frozen=True)
class Profile:
    """How long a program takes, as a whole and call by call.

    Attributes:
        calls: In the program's order.
        seconds: Median of whole runs without stamps, of which the calls are parts.
        threads: How many ran it.
    """

    calls: tuple[CallTime, ...]
    seconds: float
    threads: int


# --- timing ---------------------------------------------------------------------------------------


def profile_function(function: Function, *args: Any, rounds: int = 20) -> Profile:
    """Profile what an `ft.function` runs for the given arguments.

    Args:
        function: A traced function; it is run, and updates its variables, `rounds` times and more.
        args: Its arguments.
        rounds: As for `profile`.

    Raises:
        FailedPreconditionError: It is not compiled: the backend is not ``native``.
    """
    leaves, structure = function._arguments(args, {})
    concrete, tensors = function._find(leaves, structure)
    executor = concrete.executor
    if not isinstance(executor, NativeExecutor):
        raise FailedPreconditionError(
            "only compiled functions can be profiled; set FRESHET_BACKEND to 'native'"
        )
    arrays = [t._value for t in tensors]
    variables = concrete.captured_variables
    return profile(executor.executable(arrays, variables), arrays, variables, rounds)


def profile(
    executable: Executable,
    arguments: Sequence[Array],
    variables: Sequence[Variable],
    rounds: int = 20,
) -> Profile:
    """Time each call of a program.

    Args:
        executable: The program; it is run, and updates its variables, ``2 * rounds + 3`` times.
        arguments: What it is given.
        variables: The variables it reads and updates.
        rounds: Runs with stamps, each followed by one without.

    Example:
        >>> import freshet as ft
        >>> double = ft.function(lambda x: x + x)
        >>> [c.name for c in profile_function(double, ft.constant([1.0, 2.0])).calls]
        ['add']
    """
    timed = Timed(executable)
    for _ in range(3):  # wakes the threads, fills the caches
        executable.run(arguments, variables)
    times, runs, whole = [], [], []
    for _ in range(rounds):
        run, _ = timed.run(lambda s: executable.run(arguments, variables, s))
        times.append(run.call_seconds)
        runs.append(run.runs)
        start = clock()
        executable.run(arguments, variables)
        whole.append(1e-9 * (clock() - start))
    seconds = typical(executable.program, times)
    counts = np.mean(np.array(runs).reshape(rounds, -1), axis=0).tolist()
    calls = zip(executable.program.work, seconds, counts, strict=True)
    return Profile(
        tuple(CallTime(c, s, n) for c, s, n in calls), statistics.median(whole), pool().threads
    )


def typical(program: Program, samples: Sequence[Array]) -> list[float]:
    """Return what each call of a program takes in a run, given what it took in several.

    It is the median. Where data decides how often a call runs, it is the mean: a branch that seldom
    runs takes its part, too, and the parts add up to the whole.
    """
    rows = np.array(samples).reshape(len(samples), -1)
    middle = np.mean if program.has_jumps else np.median
    found: list[float] = middle(rows, axis=0).tolist()
    return found


@dataclass(frozen=True)
class TimedRun:
    """When each call of one run was at work.

    Attributes:
        start: When the run began, in nanoseconds.
        end: When it was over.
        times: For each call and thread, when the thread began and when it was done with its share;
            a call to the host is the first thread's. Of a call that ran several times, the last.
        runs: How often each call ran.
        busy: For each call and thread, how many nanoseconds it worked on it in all.
    """

    start: int
    end: int
    times: Words
    runs: Words
    busy: Words

    @property
    def seconds(self) -> float:
        """How long it took."""
        return 1e-9 * (self.end - self.start)

    @property
    def outside_seconds(self) -> float:
        """What it took beyond its calls: arguments, waking threads, barriers."""
        return max(self.seconds - float(self.call_seconds.sum()), 0.0)

    @property
    def call_seconds(self) -> Array:
        """What each call took in all.

        Of one that ran once it is the time from the first thread's beginning to the last one's end.
        Of more runs it is that of the thread that worked longest: threads meet before each.
        """
        once = self.times[:, :, 1].max(axis=1) - self.times[:, :, 0].min(axis=1)
        found: Array = 1e-9 * np.where(self.runs == 1, once, self.busy.max(axis=1))
        return found


def _threads(executable: Executable) -> int:
    return 1 if executable.is_small else pool().threads


class Timed:
    """The calls of a program with stamps around each."""

    def __init__(self, executable: Executable) -> None:
        self._executable = executable
        self.threads = _threads(executable)
        count = len(executable.program.work) + 2 * len(executable.segments)
        self._stamps = Stamps(count, self.threads)
        self._kernels: list[tuple[int, int]] = []
        """Per kernel, its number among the calls and the number of its stamps."""
        self._hosts: list[tuple[int, int]] = []
        """Per call to the host, its number and that of the meeting before it."""
        self.segments: Final = list(self._build(executable.segments))

    @property
    def is_outdated(self) -> bool:
        """Whether another number of threads runs the program now."""
        return self.threads != _threads(self._executable)

    def _build(self, segments: Sequence[Part]) -> Iterator[Part]:
        # Threads meet before the first kernel, so that waking them is not part of it, and around a
        # call to the host, which runs in Python: the stamps of these meetings tell how long.
        stamps = self._stamps
        places = self._places(segments)
        number = 0
        for part in segments:
            if isinstance(part, HostCall):
                self._hosts.append((number, stamps.used))
                number += 1
                yield segment([stamps.meeting()])
                yield part
                yield segment([stamps.meeting()])
            elif isinstance(part, Leap):
                yield Leap(places[part.target], part.unless)
            else:
                rows = [stamps.meeting()]
                for row in part.calls:
                    address, arguments, last = row.tolist()
                    if not address:  # a jump, past the meeting
                        rows.append(np.array([0, arguments, last + 1], np.int64))
                        continue
                    self._kernels.append((number, stamps.used))
                    number += 1
                    rows.append(stamps.call(address, arguments, last))
                rows.append(stamps.meeting())
                yield segment(rows, part)

    @staticmethod
    def _places(segments: Sequence[Part]) -> list[int]:
        """Return the number that each part, and the end, has among those with stamps."""
        found = [0]
        for part in segments:
            found.append(found[-1] + (3 if isinstance(part, HostCall) else 1))
        return found

    def run(self, run: Run) -> tuple[TimedRun, list[Array]]:
        """Time one run, which is done by giving `run` the segments; return what it returned too."""
        self._stamps.clear()
        start = clock()
        result = run(self.segments)
        end = clock()
        last, every, runs = self._stamps.nanoseconds(), self._stamps.sums(), self._stamps.runs()
        count = len(self._kernels) + len(self._hosts)
        times: Words = np.zeros((count, self.threads, 2), np.int64)
        busy: Words = np.zeros((count, self.threads), np.int64)
        counts: Words = np.zeros((count,), np.int64)
        for number, stamp in self._kernels:
            times[number], counts[number] = last[stamp], runs[stamp]
            busy[number] = every[stamp, :, 1] - every[stamp, :, 0]
        for number, stamp in self._hosts:
            begin, done = last[stamp, 0, 1], last[stamp + 1, 0, 0]
            times[number] = begin
            times[number, 0, 1] = done
            counts[number] = runs[stamp + 1]
            busy[number, 0] = every[stamp + 1, 0, 0] - every[stamp, 0, 1]
        return TimedRun(start, end, times, counts, busy), result
