"""The line of a progress bar: what a screen can show, and how it is put in words."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from typing import Any, Final, TextIO

import numpy as np

Segments = list[tuple[str, str]]
"""Text and how it looks: the parameters of ANSI's SGR sequence, empty for plain."""

NOTEBOOK_COLUMNS: Final = 100
SHORTEST_BAR: Final = 6
BOLD, GREEN, DIM = "1", "32", "2"


# --- where it is drawn ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Screen:
    """What a stream can show.

    Attributes:
        dynamic: Whether a line can be drawn over.
        colour: Whether ANSI colours work.
        unicode: Whether box-drawing characters can be encoded.
        columns: Width; None to ask the terminal, which may be resized, each time.
    """

    dynamic: bool
    colour: bool
    unicode: bool
    columns: int | None = None

    @property
    def width(self) -> int:
        """Columns to use: one less than there are, where a terminal would wrap."""
        return (self.columns or shutil.get_terminal_size((80, 24)).columns) - 1


def screen_of(stream: TextIO) -> Screen:
    """Return what a stream can show."""
    notebook = type(stream).__module__.split(".")[0] == "ipykernel"
    terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
    dynamic = notebook or terminal or "PYCHARM_HOSTED" in os.environ
    plain_console = sys.platform == "win32" and "WT_SESSION" not in os.environ and not notebook
    return Screen(
        dynamic=dynamic,
        colour=dynamic and "NO_COLOR" not in os.environ and not plain_console,
        unicode=_can_encode(stream, "━╸"),
        columns=NOTEBOOK_COLUMNS if notebook else None,
    )


def _can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


# --- how it is put in words -----------------------------------------------------------------------


def format_seconds(seconds: float) -> str:
    """Return a duration as one reads it.

    Example:
        >>> [format_seconds(s) for s in (0.21, 34, 125, 3723, 90061)]
        ['0.2s', '34s', '2:05', '1:02:03', '1d 01:01:01']
    """
    if seconds < 9.95:
        return f"{max(seconds, 0.0):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    hours, rest = divmod(whole, 3600)
    minutes, last = divmod(rest, 60)
    if hours == 0:
        return f"{minutes}:{last:02}"
    days, hours = divmod(hours, 24)
    return (
        f"{days}d {hours:02}:{minutes:02}:{last:02}" if days else f"{hours}:{minutes:02}:{last:02}"
    )


def format_rate(rate: float, unit: str) -> str:
    """Return a speed in units per second, or seconds per unit where that is the larger number.

    Example:
        >>> [format_rate(r, "step") for r in (1234.5, 95.2, 2.345, 0.25)]
        ['1,234 steps/s', '95 steps/s', '2.3 steps/s', '4.0s/step']
    """
    if rate <= 0.0:
        return ""
    if rate < 0.5:
        return f"{format_seconds(1.0 / rate)}/{unit}"
    number = f"{rate:,.0f}" if rate >= 9.95 else f"{rate:.1f}"
    return f"{number} {plural(unit)}/s"


def plural(unit: str, count: int = 2) -> str:
    """Return the name of several units; abbreviations such as ``kB`` have no plural."""
    return unit if count == 1 or unit[-1:].isupper() else unit + "s"


def format_value(value: Any) -> str:
    """Return a metric's value in about as many characters whatever its size.

    Example:
        >>> [format_value(v) for v in (0.98765, 0.0001, 0, 1234567.0)]
        ['0.9877', '1.0000e-04', '0.0000', '1.2346e+06']
    """
    if isinstance(value, str):
        return value
    number = float(np.mean(value))
    plain = number == 0.0 or 1e-3 < abs(number) < 1e6 or not np.isfinite(number)
    return f"{number:.4f}" if plain else f"{number:.4e}"


# --- what it shows --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """What a progress bar knows at one time.

    Attributes:
        current: Steps done.
        target: Steps in all; None if that is not known.
        elapsed: Seconds since the start.
        rate: Steps per second; 0 if not known.
        unit: What a step is called.
        values: Names and texts of the metrics.
        note: A word on what is going on now.
        final: Whether this line stays.
    """

    current: int
    target: int | None
    elapsed: float
    rate: float
    unit: str
    values: tuple[tuple[str, str], ...] = ()
    note: str = ""
    final: bool = False

    @property
    def count(self) -> str:
        """``38/113``, both numbers of the same width."""
        if self.target is None:
            return f"{self.current} {plural(self.unit, self.current)}"
        return f"{self.current:>{len(str(self.target))}}/{self.target}"

    @property
    def remaining(self) -> str:
        """Remaining time, while that is known and there is some."""
        if self.final or self.target is None or self.rate <= 0.0 or self.current >= self.target:
            return ""
        return f"{format_seconds((self.target - self.current) / self.rate)} left"

    def details(self, *, short: bool = False, paired: bool = False) -> list[str]:
        """Return what stands behind the bar.

        Args:
            short: Leave out what matters least.
            paired: Show a validation's metric in brackets behind the training's.
        """
        elapsed = format_seconds(self.elapsed)
        if short:
            parts = [self.remaining or elapsed]
        else:
            both = ", ".join(part for part in (elapsed, self.remaining) if part)
            parts = [both, format_rate(self.rate, self.unit)]
        values = dict(self.values)
        for name, text in self.values:
            validated = values.get(f"val_{name}") if paired else None
            if validated is not None:
                parts.append(f"{name}: {text} (val {validated})")
            elif not (paired and name.removeprefix("val_") in values and name.startswith("val_")):
                parts.append(f"{name}: {text}")
        return [part for part in [*parts, self.note] if part]


def plain_line(moment: Moment, title: str) -> str:
    """Return the line that a log keeps of an epoch."""
    return " - ".join(part for part in [title, moment.count, *moment.details()] if part)


def bar(moment: Moment, width: int, screen: Screen) -> Segments:
    """Return the bar alone: its filled part in colour, half characters where there are some."""
    full, half, empty = ("━", "╸", "━") if screen.unicode else ("=", "=", ".")
    if screen.unicode and not screen.colour:
        empty = "─"
    if moment.target is None:  # a short piece that moves on
        start = int(moment.elapsed * 8) % width
        piece = min(4, width - start)
        return [(empty * start, DIM), (full * piece, GREEN), (empty * (width - start - piece), DIM)]
    halves = int(2 * width * min(moment.current / max(moment.target, 1), 1.0))
    done = full * (halves // 2) + half * (halves % 2)
    return [(done, GREEN), (empty * (width - len(done)), DIM)]


def dynamic_line(moment: Moment, width: int, screen: Screen) -> Segments:
    """Return the line that fits the screen; a final line may wrap rather than lose a metric."""
    room = screen.width
    count: Segments = [(moment.count, BOLD), (" ", "")]
    for short, paired in ((False, False), (False, True), (True, True)):
        details = moment.details(short=short, paired=paired)
        left = room - len(moment.count) - len(" - ".join(details)) - 2
        if left >= SHORTEST_BAR:
            # In steps of four, so that the bars of one epoch and the next are of one length.
            drawn = bar(moment, min(width, max(left - left % 4, SHORTEST_BAR)), screen)
            return [*count, *drawn, (" ", ""), (" - ".join(details), "")]
    if moment.final:
        return [*count, (" - ".join(details), "")]
    left = room - len(moment.count) - SHORTEST_BAR - 2
    while details and len(" - ".join(details)) + 4 > left:
        details.pop()
    text = " - ".join([*details, "…" if screen.unicode else "..."])
    return _cut([*count, *bar(moment, SHORTEST_BAR, screen), (" ", ""), (text, "")], room)


def _cut(segments: Segments, room: int) -> Segments:
    """Return what of a line fits."""
    kept: Segments = []
    for text, look in segments:
        kept.append((text[: max(room, 0)], look))
        room -= len(text)
    return kept


def paint(segments: Segments, screen: Screen) -> str:
    """Return the characters to write for a line."""
    return "".join(
        f"\x1b[{look}m{text}\x1b[0m" if look and text and screen.colour else text
        for text, look in segments
    )
