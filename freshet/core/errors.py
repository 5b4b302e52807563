"""Exceptions under TensorFlow's names, each also the nearest built-in exception.

An error says who, what was expected, what was received, and ends with the user's own line:

    matmul: inner sizes differ: a is f32[3,4], b is f32[5,6]; a.shape[-1] must equal b.shape[-2]
      at model.py:42 in call: logits = ft.matmul(h, self.w)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from freshet.core.source import SourceLine, user_line


class OpError(Exception):
    """What every Freshet error is; catch a subclass where you can.

    Attributes:
        message: One sentence, without the location.
        source: The user's line; where the error was made, unless the raiser knew better (a traced
            operation that fails later names the line that traced it).
    """

    def __init__(self, message: str, source: SourceLine | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.source = source or user_line()

    def __str__(self) -> str:
        return f"{self.message}\n  at {self.source}" if self.source else self.message


class InvalidArgumentError(OpError, ValueError):
    """An argument has a value, shape or dtype that the operation does not take."""


class DTypeError(InvalidArgumentError, TypeError):
    """An argument has a dtype that the operation does not take."""


class NotFoundError(OpError, LookupError):
    """A file, key or name does not exist."""


class AlreadyExistsError(OpError, FileExistsError):
    """What was to be made exists already."""


class FailedPreconditionError(OpError, RuntimeError):
    """The call is right but comes at the wrong time, such as a variable read before it is made."""


class OperatorNotAllowedInGraphError(FailedPreconditionError, TypeError):
    """Python asks for a value that is known only when the traced function runs."""


class OutOfRangeError(OpError, IndexError):
    """Something was read past its end, such as an exhausted dataset."""


class UnimplementedError(OpError, NotImplementedError):
    """The combination asked for does not exist in Freshet."""


class InternalError(OpError, RuntimeError):
    """A bug in Freshet."""


class ResourceExhaustedError(OpError, MemoryError):
    """Memory, disk or a quota is used up."""


class PermissionDeniedError(OpError, PermissionError):
    """The caller may not do this."""


class DataLossError(OpError, ValueError):
    """A file is truncated or its contents contradict each other."""


class CancelledError(OpError):
    """The operation was stopped before it ended."""


class AbortedError(OpError, RuntimeError):
    """The operation was given up, usually because another one interfered."""


class UnavailableError(OpError, ConnectionError):
    """A service cannot be reached now."""


class DeadlineExceededError(OpError, TimeoutError):
    """The operation took longer than allowed."""


class UnauthenticatedError(OpError, PermissionError):
    """The caller has not said who it is."""


class UnknownError(OpError, RuntimeError):
    """The cause is not known."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of `known`, or ``""`` if none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
