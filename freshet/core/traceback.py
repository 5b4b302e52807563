"""Short tracebacks: the user's frames, without Freshet's own between them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import ParamSpec, TypeVar

from freshet.core.config import config
from freshet.core.source import is_own_file

P = ParamSpec("P")
T = TypeVar("T")


def short_traceback(function: Callable[P, T]) -> Callable[P, T]:
    """Let errors that leave a function show the user's frames only.

    The error's message says what went wrong within; ``FRESHET_FULL_TRACEBACK=1`` shows where.
    """

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if config.full_traceback:
                raise
            raise error.with_traceback(_users(error.__traceback__)) from error.__cause__

    return guarded


def _users(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback without Freshet's frames."""
    kept = []
    while traceback is not None:
        if not is_own_file(traceback.tb_frame.f_code.co_filename):
            kept.append(traceback)
        traceback = traceback.tb_next
    result: TracebackType | None = None
    for part in reversed(kept):
        result = TracebackType(result, part.tb_frame, part.tb_lasti, part.tb_lineno)
    return result


def enable_traceback_filtering() -> None:
    """Show only the user's frames in tracebacks, which is the default."""
    config.full_traceback = False


def disable_traceback_filtering() -> None:
    """Show Freshet's own frames in tracebacks, too."""
    config.full_traceback = True


def is_traceback_filtering_enabled() -> bool:
    """Return whether tracebacks show only the user's frames."""
    return not config.full_traceback
