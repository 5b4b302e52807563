"""Whether several threads run a program sooner than one.

Results have the same bits either way, so it may be tried out.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

from freshet.compiler.calls import CodeCall, Jump, Outline

Result = TypeVar("Result")

SMALL: Final = 1 << 16
"""Operations and bytes of a program that one thread has done before another is awake."""
SMALL_BESIDE_LOOPS: Final = 1 << 20
"""The same around a loop of next to nothing, in each step of which threads would have to meet."""
MEETING: Final = 1 << 12
"""Operations and bytes that one thread has done while several meet after a kernel. Meeting takes
0.2 us, and thousands of times as long while another process has one of the cores."""
WORTH_SHARING: Final = 1 << 15
"""Operations and bytes, about a microsecond, of a kernel that several threads are good for."""

WAKING: Final = 1 << 20
"""The same while threads wake up that slept during a call to the host."""

MEASURED: Final = 1 << 23
"""Operations and bytes, less than a millisecond, of a program for which it is tried out."""
FIRST_RUNS: Final = 5
"""Runs that take turns. The first is not counted: memory is new to it, and threads begin."""
TRY_AGAIN: Final = 512
"""Runs after which the slower way is tried again: other processes come and go."""
NEWEST: Final = 0.25
"""What the newest run counts for in the mean of all runs of its kind."""


def runs_alone(program: Outline, small: int = SMALL) -> bool:
    """Return whether one thread runs a program sooner than several.

    Args:
        program: The program.
        small: Operations and bytes that one thread has done before another is awake.
    """
    repeated = set[int]()
    for number, call in enumerate(program.calls):
        if isinstance(call, Jump) and call.target <= number:
            repeated |= set(range(call.target, number))
    once = again = 0
    for number, call in enumerate(program.calls):
        if isinstance(call, Jump):
            continue
        work = program.codes[call.code].work if isinstance(call, CodeCall) else 0
        shared = work if work >= WORTH_SHARING else 0
        shared -= MEETING if isinstance(call, CodeCall) else WAKING
        once, again = (once, again + shared) if number in repeated else (once + shared, again)
    if repeated and again < small:
        return once < max(small, SMALL_BESIDE_LOOPS)
    return once + again < small


class Sharing:
    """Says run by run whether a program is left to one thread.

    Attributes:
        is_small: Whether one thread runs it alone whatever the time it takes.
    """

    def __init__(self, program: Outline, small: int = SMALL) -> None:
        self.is_small = runs_alone(program, small)
        straight = not program.has_jumps
        self._tries = straight and not self.is_small and _whole_work(program) < MEASURED
        self._runs = 0
        self._seconds = {False: 0.0, True: 0.0}

    def run(self, run: Callable[[bool], Result], alone: bool | None = None) -> Result:
        """Run the program and learn from the time it takes.

        Args:
            run: Runs it; it is told whether on one thread.
            alone: Whether on one thread; decided here by default.
        """
        if alone is not None or not self._tries:
            return run(self.is_small if alone is None else alone)
        alone = self._next_alone()
        begin = time.perf_counter()
        result = run(alone)
        self._learn(alone, time.perf_counter() - begin)
        return result

    def _next_alone(self) -> bool:
        self._runs += 1
        if self._runs <= FIRST_RUNS:
            return self._runs % 2 == 0
        return (self._seconds[True] < self._seconds[False]) != (self._runs % TRY_AGAIN == 0)

    def _learn(self, alone: bool, seconds: float) -> None:
        if self._runs > 1:
            before = self._seconds[alone] or seconds
            self._seconds[alone] = before + NEWEST * (seconds - before)


def _whole_work(program: Outline) -> int:
    return sum(program.codes[c.code].work for c in program.calls if isinstance(c, CodeCall))
