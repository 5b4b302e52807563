"""Timing the programs of a process that goes about its work: `Recorder`.

    with Recorder() as recorder:
        ...                       anything that runs compiled functions
    recorder.programs             what ran, how often, and how long each call of it took

Every run of a program is counted. Some are *sampled*: run with clock stamps around each kernel. The
others are run as always. Sampled and plain runs take turns, until there are enough of both, so that
what sampling costs is measured too. The kernels are the same in the same order: so are the results.
"""

from __future__ import annotations

import statistics
import weakref
from collections.abc import Sequence
from typing import Final, Self

import numpy as np

from freshet.compiler.program import Program
from freshet.core.dtypes import of_array
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.runtime.execute import Executable, Run, watch
from freshet.runtime.pool import pool
from freshet.runtime.profile import Call, Timed, TimedRun, typical
from freshet.runtime.stamps import clock

SAMPLES: Final = 20
_TRACED: Final = 3
"""Sampled runs of each program whose stamps are kept."""


class ProgramRecord:
    """What was seen of one program.

    Attributes:
        name: The traced function's.
        arguments: Types of what it was given, without variables.
        calls: Its kernels and calls to the host, in order.
        threads: How many ran it.
        working_set: Bytes of its inputs, outputs, constants and intermediates.
        runs: How often it ran.
        total_seconds: What all the runs took.
        traces: Some of the sampled runs, with the stamps of each thread.
    """

    def __init__(self, program: Program, arguments: Sequence[TensorType]) -> None:
        self.name = program.name
        self.arguments = tuple(arguments)
        self.calls: tuple[Call, ...] = program.work
        self.threads = pool().threads
        self.working_set = working_set(program)
        self.runs = 0
        self.total_seconds = 0.0
        self.traces: list[TimedRun] = []
        self._first: TimedRun | None = None
        self._program = program
        self._samples: list[Array] = []
        self._counts: list[Array] = []
        self._outside: list[float] = []
        self._sampled: list[float] = []
        self._plain: list[float] = []

    @property
    def label(self) -> str:
        """The name with the types of the arguments."""
        return f"{self.name}({', '.join(map(str, self.arguments))})"

    @property
    def is_cold(self) -> bool:
        """Whether all that is known is the first run, which fills the caches."""
        return not self._samples

    @property
    def sampled(self) -> int:
        """How many runs were sampled."""
        return max(len(self._samples), int(self._first is not None))

    @property
    def call_seconds(self) -> list[float]:
        """What each call takes in a run, by the sampled runs: see `typical`."""
        if self._samples:
            return typical(self._program, self._samples)
        return [] if self._first is None else self._first.call_seconds.tolist()

    @property
    def call_counts(self) -> list[float]:
        """How often each call runs in a run, the mean of the sampled ones."""
        if self._counts:
            found: list[float] = np.mean(np.array(self._counts), axis=0).tolist()
            return found
        return [] if self._first is None else self._first.runs.tolist()

    @property
    def seconds(self) -> float:
        """How long a run takes: the median of plain runs; of sampled ones if there is none."""
        if self._plain or self._sampled:
            return statistics.median(self._plain or self._sampled)
        return 0.0 if self._first is None else self._first.seconds

    @property
    def fastest_seconds(self) -> float:
        """How long the fastest run took."""
        return min([*self._plain, *self._sampled], default=self.seconds)

    @property
    def varies(self) -> bool:
        """Whether data lets some runs do more than others."""
        return any(np.any(counts != self._counts[0]) for counts in self._counts)

    @property
    def outside_seconds(self) -> float:
        """What a run takes beyond its calls, by the sampled runs: see `typical`."""
        if self._outside:
            return typical(self._program, [np.array(s) for s in self._outside])[0]
        return 0.0 if self._first is None else self._first.outside_seconds

    @property
    def overhead(self) -> float | None:
        """The part by which a sampled run takes longer than a plain one; None if unknown."""
        if not self._plain or not self._sampled or self.varies:
            return None
        return statistics.median(self._sampled) / statistics.median(self._plain) - 1.0

    def add(self, run: TimedRun) -> None:
        """Note a sampled run."""
        if self.runs == 0:
            self._first = run
            self.traces.append(run)
            return
        if self._first in self.traces:
            self.traces.clear()  # a run with warm caches says more
        if len(self.traces) < _TRACED:
            self.traces.append(run)
        self._samples.append(run.call_seconds)
        self._counts.append(run.runs)
        self._outside.append(run.outside_seconds)
        self._sampled.append(run.seconds)

    def add_plain(self, seconds: float) -> None:
        """Note what a run without stamps took."""
        self._plain.append(seconds)

    def samples_next(self, wanted: int) -> bool:
        """Return whether the next run is to be sampled: the first and then every second one."""
        return self.runs == 0 or (len(self._samples) < wanted and self.runs % 2 == 1)

    def wants_plain(self, wanted: int) -> bool:
        """Return whether more plain runs are needed."""
        return self.runs > 0 and len(self._plain) < wanted


class Recorder:
    """Times every program that runs while it is on: see the module's docstring.

    Args:
        samples: How many runs of each program are sampled.

    Attributes:
        programs: What ran, in the order of first runs.

    Example:
        >>> import freshet as ft
        >>> double = ft.function(lambda x: x + x)
        >>> with Recorder() as recorder:
        ...     for _ in range(3):
        ...         _ = double(ft.constant([1.0, 2.0]))
        >>> [(p.name, p.runs, p.sampled) for p in recorder.programs]
        [('_lambda_', 3, 1)]
    """

    def __init__(self, samples: int = SAMPLES) -> None:
        self.samples = samples
        self.programs: list[ProgramRecord] = []
        self._found: weakref.WeakKeyDictionary[Executable, ProgramRecord] = (
            weakref.WeakKeyDictionary()
        )
        self._timed: weakref.WeakKeyDictionary[Executable, Timed] = weakref.WeakKeyDictionary()

    def __enter__(self) -> Self:
        watch(self._run)
        return self

    def __exit__(self, *error: object) -> None:
        watch(None)
        self._timed.clear()

    @property
    def total_seconds(self) -> float:
        """What all runs of all programs took."""
        return sum(p.total_seconds for p in self.programs)

    def _run(self, executable: Executable, arguments: Sequence[Array], run: Run) -> list[Array]:
        record = self._found.get(executable)
        if record is None:
            types = [TensorType(of_array(a), a.shape) for a in arguments]
            record = self._found[executable] = ProgramRecord(executable.program, types)
            self.programs.append(record)
        if record.samples_next(self.samples):
            timed, result = self._timed_of(executable).run(run)
            record.add(timed)
            nanoseconds = timed.end - timed.start
        else:
            start = clock()
            result = run(executable.segments)
            nanoseconds = clock() - start
            if record.wants_plain(self.samples):
                record.add_plain(1e-9 * nanoseconds)
            elif executable in self._timed:
                del self._timed[executable]
        record.runs += 1
        record.total_seconds += 1e-9 * nanoseconds
        return result

    def _timed_of(self, executable: Executable) -> Timed:
        timed = self._timed.get(executable)
        if timed is None or timed.is_outdated:
            timed = self._timed[executable] = Timed(executable)
        return timed


def working_set(program: Program) -> int:
    """Return the bytes of a program's inputs, outputs, constants and intermediates."""
    types = (*program.inputs, *program.outputs)
    constants = sum(c.nbytes for c in program.constants)
    return sum(t.num_bytes for t in types) + constants + program.arena_bytes
