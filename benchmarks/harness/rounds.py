"""Rounds: the workers take turns, so that whatever disturbs the machine disturbs all of them."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from benchmarks.harness.environment import busy_seconds

LEAST_TURN: Final = 0.5
"""Seconds. The system counts processor time in hundredths of a second, so shorter turns would not
show who else used the processors."""
WARM_STEPS: Final = 3
"""Steps before each turn's clock starts: the others' turns have emptied the caches."""
QUIET: Final = 0.05
"""Processors that others may use during a turn. Threads that wait for each other lose far more time
than what is taken from one of them."""
PAUSE: Final = 2.0
"""Seconds before a disturbed turn is repeated."""
TOLERANCE: Final = 1e-3


class Asked(Protocol):
    """A worker, or what stands in for one."""

    def ask(self, do: str, timeout: float = 900.0, **fields: Any) -> dict[str, Any]:
        """Return the answer to a command."""

    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""


@dataclass(frozen=True)
class Turn:
    """One turn of one worker.

    Attributes:
        milliseconds: Per step.
        cores: Processors it used.
        others: Processors that anything else used meanwhile; None if unknown.
    """

    milliseconds: float
    cores: float
    others: float | None
    loss: float

    @property
    def disturbed(self) -> bool:
        """Whether something else used the machine."""
        return self.others is not None and self.others > QUIET


@dataclass
class Patience:
    """How many more seconds disturbed turns may cost."""

    seconds: float

    def spend(self, seconds: float) -> bool:
        """Take seconds away; return whether there were any left."""
        left = self.seconds > 0
        self.seconds -= seconds
        return left


def turn(worker: Asked, work: Callable[[], dict[str, Any]]) -> Turn:
    """Let a worker do something that it tells the steps and seconds of; note who else was at work.

    Args:
        worker: Whose processor time is known.
        work: Asks the worker; the answer has "seconds", "steps", "cores" and "loss".
    """
    start, busy, own = time.monotonic(), busy_seconds(), worker.cpu_seconds()
    answer = work()
    elapsed = time.monotonic() - start
    others = None
    if busy is not None:
        used = (busy_seconds() or busy) - busy - (worker.cpu_seconds() - own)
        others = max(used / elapsed, 0.0)
    each = answer["seconds"] / answer["steps"] * 1e3
    return Turn(each, answer["cores"], others, answer["loss"])


def take_turn(worker: Asked, steps: int) -> Turn:
    """Let a worker train a few steps."""
    return turn(worker, lambda: worker.ask("run", warm=WARM_STEPS, steps=steps) | {"steps": steps})


def quiet_turn(
    take: Callable[[], Turn], patience: Patience, sleep: Callable[[float], None] = time.sleep
) -> Turn:
    """Take a turn; as long as others disturb it and patience lasts, wait and take it again.

    The least disturbed one counts. Whether a turn is repeated does not depend on its time.
    """
    best = take()
    while best.disturbed and patience.spend(PAUSE):
        sleep(PAUSE)
        again = take()
        best = min(best, again, key=lambda t: t.others or 0.0)
    return best


def steps_per_turn(worker: Asked, least: int) -> int:
    """Return how many steps fill a turn."""
    seconds: float = worker.ask("run", warm=WARM_STEPS, steps=least)["seconds"]
    return max(least, math.ceil(LEAST_TURN * least / max(seconds, 1e-6)))


def rotated(names: Sequence[str], number: int) -> list[str]:
    """Return the order of a round: each begins one further, so that none always follows another."""
    shift = number % len(names)
    return [*names[shift:], *names[:shift]]


def alternate(takes: Mapping[str, Callable[[], Turn]], rounds: int) -> Iterator[tuple[str, Turn]]:
    """Let everybody take one turn in each round; yield them as they come."""
    for number in range(rounds):
        for name in rotated(list(takes), number):
            yield name, takes[name]()


# --- figures --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figures:
    """A framework's rounds in few numbers: milliseconds per step."""

    median: float
    least: float
    low: float
    """First quartile."""
    high: float
    """Third quartile."""
    cores: float
    disturbed: int
    """Turns during which something else used the machine."""


def figures(turns: Sequence[Turn]) -> Figures:
    """Return the figures of a framework's turns."""
    times = [t.milliseconds for t in turns]
    low, median, high = quartiles(times)
    return Figures(
        median, min(times), low, high, statistics.median(t.cores for t in turns),
        sum(t.disturbed for t in turns),
    )  # fmt: skip


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the first quartile, the median and the third quartile."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return low, median, high


def best_peer(turns: Mapping[str, Sequence[Turn]], own: Sequence[str]) -> str | None:
    """Return the peer with the least median."""
    peers = [name for name in turns if name not in own]
    return min(peers, key=lambda name: figures(turns[name]).median, default=None)


def ratios(ours: Sequence[Turn], theirs: Sequence[Turn]) -> list[float]:
    """Return our time divided by theirs, round by round."""
    return [a.milliseconds / b.milliseconds for a, b in zip(ours, theirs, strict=True)]


def disagreement(losses: Mapping[str, Sequence[float]]) -> str | None:
    """Return what is wrong if the frameworks do not compute the same losses.

    The first and the last of each are compared with those of the first framework.
    """
    (reference, expected), *others = losses.items()
    for name, found in others:
        for step in (0, len(expected) - 1):
            bound = TOLERANCE * max(1.0, abs(expected[step]))
            if not abs(found[step] - expected[step]) <= bound:  # false for NaN
                return (
                    f"after {step} steps the loss is {found[step]:.6f} in {name}, "
                    f"{expected[step]:.6f} in {reference}"
                )
    return None
