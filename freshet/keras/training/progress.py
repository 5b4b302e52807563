"""`Progbar`: what a terminal shows while a model trains.

In a terminal or notebook one line is drawn over and over, at most every `interval` seconds, and
left behind when the epoch ends:

    Epoch 3/20
     38/113 ━━━━━━╸━━━━━━━━━━━━━ 0.4s, 0.8s left - 95 steps/s - accuracy: 0.9432 - loss: 0.2134

Elsewhere (a file, a pipe, a continuous-integration log) each epoch is one plain line.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TextIO

from freshet.core.errors import InvalidArgumentError
from freshet.keras.training.progress_line import (
    Moment,
    Screen,
    dynamic_line,
    format_value,
    paint,
    plain_line,
    screen_of,
)

Values = Sequence[tuple[str, Any]]

_open: list[Progbar] = []
"""The bar whose line is unfinished; there is one terminal, so there is at most one."""


class Progbar:
    """A progress bar with time, speed and metrics.

    Args:
        target: Steps in all; None if that is not known.
        width: Characters of the bar, fewer where the terminal is narrow.
        verbose: 0 shows nothing, 1 the bar, 2 one line at the end.
        interval: Seconds between two drawings, at least.
        stateful_metrics: Names of metrics to show as they are; others are averaged over the steps.
        stateless_metrics: Names of metrics to average; others are shown as they are.
        unit_name: What a step is called.
        title: What is being done, such as ``Epoch 1/20``: a line above the bar, the beginning of a
            plain line.
        stream: Where to write; standard output by default.
        clock: Returns the time in seconds.

    Raises:
        InvalidArgumentError: Both kinds of metrics are given.

    Example:
        >>> bar = Progbar(2, verbose=2, clock=iter(range(9)).__next__)
        >>> bar.update(1, [("loss", 0.5)])
        >>> bar.update(2, [("loss", 0.1)])
        2/2 - 3.0s - 1.0 steps/s - loss: 0.3000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        *,
        title: str = "",
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise InvalidArgumentError(
                "Progbar takes stateful_metrics or stateless_metrics, not both: each says that all "
                "other metrics are of the other kind"
            )
        self.target = target
        self.width = width
        self.interval = interval
        self.unit_name = unit_name
        self.title = title
        self.stateful_metrics = (
            None if stateless_metrics is not None else set(stateful_metrics or ())
        )
        self.stateless_metrics = None if stateless_metrics is None else set(stateless_metrics)
        self._stream = stream or sys.stdout
        self.verbose = verbose if self._stream is not None else 0  # None: a program without console
        self._screen = screen_of(self._stream) if self.verbose else Screen(False, False, False)
        self._clock = clock
        self._start = clock()
        self._first: tuple[int, float] | None = None  # steps and time when the first were done
        self._last = self._start  # when the latest step was done
        self._drawn_at = -1e9
        self._drawn_width = 0
        self._titled = False
        self._current = 0
        self._sums: dict[str, tuple[Any, int]] = {}  # of each metric: sum, number of steps

    @property
    def dynamic(self) -> bool:
        """Whether the bar is drawn while it moves."""
        return self.verbose == 1 and self._screen.dynamic

    def update(
        self, current: int, values: Values | None = None, finalize: bool | None = None
    ) -> None:
        """Show how far things are.

        Args:
            current: Steps done.
            values: Names and values of metrics, for the latest step.
            finalize: Whether this is the end; by default, whether `target` is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._accumulate(current, values or (), finalize)
        if self.advance(current) or finalize:
            self.show(final=finalize)

    def add(self, n: int, values: Values | None = None) -> None:
        """Show that `n` more steps are done."""
        self.update(self._current + n, values)

    def advance(self, current: int) -> bool:
        """Note the time of a step and return whether the bar should be drawn again now."""
        now = self._clock()
        if current != self._current:
            self._current = current
            self._last = now
            if self._first is None:
                self._first = (current, now)
        return self.dynamic and now - self._drawn_at >= self.interval

    def show(self, values: Values | None = None, *, note: str = "", final: bool = False) -> None:
        """Draw the bar now.

        Args:
            values: Names and values of metrics, shown as they are; those of `update` by default.
            note: A word on what is going on.
            final: Whether to leave the line behind.
        """
        if values is not None:
            self._sums = {name: (value, 1) for name, value in values}
        if self.verbose == 0 or not (final or self.dynamic):
            return
        moment = self._moment(note, final)
        if self.dynamic:
            self._draw(moment)
        else:
            self._write(plain_line(moment, self.title) + "\n")

    def close(self) -> None:
        """Leave an unfinished bar as it is and go on in a fresh line."""
        if self in _open:
            _open.remove(self)
            self._drawn_width = 0
            self._write("\n")

    def wipe(self) -> None:
        """Take an unfinished bar off the screen until it is drawn again."""
        if self in _open:
            _open.remove(self)
            self._write("\r" + " " * min(self._drawn_width, self._screen.width) + "\r")
            self._drawn_width = 0
            self._drawn_at = -1e9

    def _accumulate(self, current: int, values: Values, final: bool) -> None:
        """Add the values of a step; those of a final update without a new step replace all."""
        steps = current - self._current
        for name, value in values:
            if not self._averages(name) or (final and steps == 0):
                self._sums[name] = (value, 1)
                continue
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = (total + value * max(steps, 1), count + max(steps, 1))

    def _averages(self, name: str) -> bool:
        if self.stateless_metrics is not None:
            return name in self.stateless_metrics
        return name not in (self.stateful_metrics or ())

    def _moment(self, note: str, final: bool) -> Moment:
        return Moment(
            current=self._current,
            target=self.target,
            elapsed=self._clock() - self._start,
            rate=self._rate(),
            unit=self.unit_name,
            values=tuple(
                (name, format_value(value if isinstance(value, str) else value / count))
                for name, (value, count) in self._sums.items()
            ),
            note=note,
            final=final,
        )

    def _rate(self) -> float:
        """Return steps per second; the first, which compiles, counts only while it is alone."""
        done, since = self._current, self._start
        if self._first is not None and self._current > self._first[0]:
            done, since = self._current - self._first[0], self._first[1]
        return done / (self._last - since) if self._last > since else 0.0

    def _draw(self, moment: Moment) -> None:
        text = ""
        if self.title and not self._titled:
            text = self.title + "\n"
            self._titled = True
        segments = dynamic_line(moment, self.width, self._screen)
        length = sum(len(part) for part, _ in segments)
        padding = " " * (self._drawn_width - length)
        text += "\r" + paint(segments, self._screen) + padding + ("\n" if moment.final else "")
        self._drawn_at = self._clock()
        self._drawn_width = 0 if moment.final else length
        _open[:] = [] if moment.final else [self]
        self._write(text)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def print_message(text: str) -> None:
    """Print a line; a bar that is under way moves below it."""
    for unfinished in list(_open):
        unfinished.wipe()
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def close_unfinished() -> None:
    """Let what is written next begin in a fresh line, also after an exception in mid-bar."""
    for unfinished in list(_open):
        unfinished.close()
