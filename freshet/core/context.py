"""What an operation must tell about itself: the function being traced, the tapes that record.

`freshet.graph` implements both protocols. The state is kept per thread.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from freshet.core.tensor import Tensor
    from freshet.core.variable import Variable


class Tracer(Protocol):
    """Builds a graph out of the operations that run while it is active."""

    around: Tracer | None
    """The one whose graph the built one is a part of: the body of a loop, or a branch."""

    def record(
        self, primitive: Any, inputs: tuple[Tensor, ...], params: Mapping[str, Any]
    ) -> tuple[Tensor, ...]:
        """Add a node and return its symbolic outputs."""

    def read_variable(self, variable: Variable) -> Tensor:
        """Return the variable's value at this point of the graph."""

    def assign_variable(self, variable: Variable, value: Tensor) -> None:
        """Make `value` what later reads return and the run leaves in the variable."""

    def register_variable(self, variable: Variable) -> None:
        """Learn that a variable was made while tracing; raises where that is not allowed."""


class Recorder(Protocol):
    """Remembers operations for differentiation: a gradient tape."""

    def record(
        self,
        primitive: Any,
        inputs: tuple[Tensor, ...],
        params: Mapping[str, Any],
        outputs: tuple[Tensor, ...],
    ) -> None:
        """Remember one operation."""

    def record_read(self, variable: Variable, value: Tensor) -> None:
        """Remember that `value` is what `variable` held."""

    def tracks(self, tensor: Tensor) -> bool:
        """Return whether a tensor depends on something that is watched."""


class _State(threading.local):
    tracer: Tracer | None = None
    recorders: tuple[Recorder, ...] = ()

    def __init__(self) -> None:
        quiet = contextvars.copy_context()
        quiet.run(np.seterr, all="ignore")
        self.quietly: Callable[..., Any] = quiet.run
        """Calls NumPy functions without warnings, in a third of the time that `errstate` takes.

        They must not come back here.
        """


state = _State()


@contextmanager
def tracing(tracer: Tracer | None) -> Iterator[None]:
    """Send operations to `tracer` within the block; None runs them eagerly."""
    before = state.tracer
    state.tracer = tracer
    try:
        yield
    finally:
        state.tracer = before


@contextmanager
def recording(recorders: tuple[Recorder, ...]) -> Iterator[None]:
    """Let exactly `recorders` see the operations within the block, and those that see all."""
    before = state.recorders
    always = tuple(r for r in before if getattr(r, "sees_all", False) and r not in recorders)
    state.recorders = recorders + always
    try:
        yield
    finally:
        state.recorders = before


@contextmanager
def init_scope() -> Iterator[None]:
    """Run operations eagerly and unrecorded, also while a function is being traced.

    Example:
        >>> with init_scope():
        ...     state.tracer is None
        True
    """
    with tracing(None), recording(()):
        yield


def executing_eagerly() -> bool:
    """Return whether operations run at once (no function is being traced)."""
    return state.tracer is None
