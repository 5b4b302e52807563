"""Where in the user's own code something happened."""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

_PACKAGE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # noqa: PTH100, PTH120 (pathlib is slow to import here)
_LIBRARY: Final = os.path.dirname(os.__file__) + os.sep  # noqa: PTH120


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a file outside Freshet.

    Attributes:
        part: What of a model was at work: a layer's name, perhaps with `GRADIENT` after it, or an
            optimizer's; empty outside of them. One line, such as the call of `fit`, runs them all.
    """

    file: str
    line: int
    function: str
    part: str = ""

    @property
    def text(self) -> str:
        """The line itself; empty where the file cannot be read (an interactive prompt)."""
        return linecache.getline(self.file, self.line).strip()

    @property
    def short(self) -> str:
        """``file.py:12``, as printed graphs and profiles show it."""
        return f"{self.file.rpartition(os.sep)[2]}:{self.line}"

    def __str__(self) -> str:
        text = self.text
        where = f"{self.file}:{self.line} in {self.function}"
        return f"{where}: {text}" if text else where


class _State(threading.local):
    part = ""


_state: Final = _State()
GRADIENT: Final = " (gradient)"


def current_part() -> str:
    """Return the part of a model that is at work."""
    return _state.part


@contextmanager
def within(part: str) -> Iterator[None]:
    """Let lines found within the block belong to a part of a model.

    Example:
        >>> with within("dense"):
        ...     current_part()
        'dense'
    """
    before, _state.part = _state.part, part
    try:
        yield
    finally:
        _state.part = before


def is_own_file(name: str) -> bool:
    """Return whether a file is Freshet's own."""
    return name.startswith(_PACKAGE)


def _is_python_file(name: str) -> bool:
    """Return whether a file is of Python's own library, which calls back into a user's code."""
    return name.startswith(("<frozen", _LIBRARY)) and "-packages" not in name


def user_line() -> SourceLine | None:
    """Return the innermost line on the stack that is not Freshet's or Python's own, or None."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if not is_own_file(code.co_filename) and not _is_python_file(code.co_filename):
            return SourceLine(code.co_filename, frame.f_lineno, code.co_name, _state.part)
        if frame.f_back is None:
            return None
        frame = frame.f_back
    return None
