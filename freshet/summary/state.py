"""What summaries of a thread are written with: the default writer, the step, the condition."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from freshet.core import context, dtypes
from freshet.core.errors import UnimplementedError
from freshet.ops.conversion import convert_to_tensor

if TYPE_CHECKING:
    from freshet.summary.writer import SummaryWriter


class _State(threading.local):
    writer: SummaryWriter | None = None
    step: Any = None
    condition: Any = None


state = _State()


def get_step() -> Any:
    """Return the step that `set_step` gave this thread, or None."""
    return state.step


def set_step(step: Any) -> None:
    """Give this thread's summaries a step where they are written without one.

    Args:
        step: A whole number, or a variable, which is read whenever a summary is written. None for
            no step.

    Example:
        >>> set_step(7)
        >>> get_step()
        7
        >>> set_step(None)
    """
    state.step = step


@contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Write this thread's summaries only if `condition` holds.

    Args:
        condition: A bool, a bool tensor, or a function without arguments that returns one and is
            called for every summary. None is True.

    Example:
        >>> with record_if(False):
        ...     should_record_summaries()
        False
    """
    before = state.condition
    state.condition = condition
    try:
        yield
    finally:
        state.condition = before


def should_record_summaries() -> bool:
    """Return whether a summary would be written now.

    There must be a default writer, and the condition of `record_if`, if one is set, must hold.

    Raises:
        DTypeError: The condition is not a bool.
    """
    if state.writer is None:
        return False
    condition = state.condition() if callable(state.condition) else state.condition
    if condition is None:
        return True
    return bool(convert_to_tensor(condition, dtype=dtypes.bool_))


def reject_tracing(caller: str) -> None:
    """Raise `UnimplementedError` while `ft.function` traces."""
    if context.state.tracer is not None:
        raise UnimplementedError(
            f"{caller}: a summary cannot be written inside a function that ft.function traces: its "
            "values exist only when the compiled program runs. Return them from the function and "
            "write the summary outside of it"
        )
