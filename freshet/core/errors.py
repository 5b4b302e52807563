"""Exceptions under TensorFlow's names, each also the nearest built-in exception.

An error says who, what was expected, what was received, and ends with the user's own line:

    matmul: inner sizes differ: a is f32[3,4], b is f32[5,6]; a.shape[-1] must equal b.shape[-2]
      at model.py:42 in call: logits = ft.matmul(h, self.w)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Final

from freshet.core.source import SourceLine, user_line

# TensorFlow's numbers of the classes.
OK: Final = 0
CANCELLED: Final = 1
UNKNOWN: Final = 2
INVALID_ARGUMENT: Final = 3
DEADLINE_EXCEEDED: Final = 4
NOT_FOUND: Final = 5
ALREADY_EXISTS: Final = 6
PERMISSION_DENIED: Final = 7
RESOURCE_EXHAUSTED: Final = 8
FAILED_PRECONDITION: Final = 9
ABORTED: Final = 10
OUT_OF_RANGE: Final = 11
UNIMPLEMENTED: Final = 12
INTERNAL: Final = 13
UNAVAILABLE: Final = 14
DATA_LOSS: Final = 15
UNAUTHENTICATED: Final = 16


class OpError(Exception):
    """What every Freshet error is; catch a subclass where you can.

    Programs written for TensorFlow also make one as ``OpError(node_def, op, message)``; the first
    two are kept and mean nothing.

    Attributes:
        message: One sentence, without the location.
        source: The user's line; where the error was made, unless the raiser knew better (a traced
            operation that fails later names the line that traced it).
        error_code: TensorFlow's number of the class, such as ``ft.errors.INVALID_ARGUMENT``.
        node_def: None, or what TensorFlow's constructor was given, as is the next one.
        op: None.
    """

    error_code = UNKNOWN

    def __init__(
        self,
        *arguments: Any,
        message: str | None = None,
        source: SourceLine | None = None,
        node_def: Any = None,
        op: Any = None,
        error_code: int | None = None,
    ) -> None:
        if len(arguments) > 2:
            node_def, op, message = arguments[:3]
            error_code = arguments[3] if len(arguments) > 3 else error_code
        elif arguments and message is None:
            message, source = arguments[0], arguments[1] if len(arguments) > 1 else source
        text = "" if message is None else message
        super().__init__(text)
        self.message = text
        self.source = source or user_line()
        self.node_def, self.op = node_def, op
        if error_code is not None:
            self.error_code = error_code

    def __str__(self) -> str:
        return f"{self.message}\n  at {self.source}" if self.source else self.message


class InvalidArgumentError(OpError, ValueError):
    """An argument has a value, shape or dtype that the operation does not take."""

    error_code = INVALID_ARGUMENT


class DTypeError(InvalidArgumentError, TypeError):
    """An argument has a dtype that the operation does not take."""


class NotFoundError(OpError, LookupError):
    """A file, key or name does not exist."""

    error_code = NOT_FOUND


class AlreadyExistsError(OpError, FileExistsError):
    """What was to be made exists already."""

    error_code = ALREADY_EXISTS


class FailedPreconditionError(OpError, RuntimeError):
    """The call is right but comes at the wrong time, such as a variable read before it is made."""

    error_code = FAILED_PRECONDITION


class OperatorNotAllowedInGraphError(FailedPreconditionError, TypeError):
    """Python asks for a value that is known only when the traced function runs."""


class SymbolicValueError(FailedPreconditionError, AttributeError, NotImplementedError):
    """Python or NumPy asks for the elements of a tensor that is known only when the graph runs."""


class OutOfRangeError(OpError, IndexError):
    """Something was read past its end, such as an exhausted dataset."""

    error_code = OUT_OF_RANGE


class UnimplementedError(OpError, NotImplementedError):
    """The combination asked for does not exist in Freshet."""

    error_code = UNIMPLEMENTED


class InternalError(OpError, RuntimeError):
    """A bug in Freshet."""

    error_code = INTERNAL


class ResourceExhaustedError(OpError, MemoryError):
    """Memory, disk or a quota is used up."""

    error_code = RESOURCE_EXHAUSTED


class PermissionDeniedError(OpError, PermissionError):
    """The caller may not do this."""

    error_code = PERMISSION_DENIED


class DataLossError(OpError, ValueError):
    """A file is truncated or its contents contradict each other."""

    error_code = DATA_LOSS


class CancelledError(OpError):
    """The operation was stopped before it ended."""

    error_code = CANCELLED


class AbortedError(OpError, RuntimeError):
    """The operation was given up, usually because another one interfered."""

    error_code = ABORTED


class UnavailableError(OpError, ConnectionError):
    """A service cannot be reached now."""

    error_code = UNAVAILABLE


class DeadlineExceededError(OpError, TimeoutError):
    """The operation took longer than allowed."""

    error_code = DEADLINE_EXCEEDED


class UnauthenticatedError(OpError, PermissionError):
    """The caller has not said who it is."""

    error_code = UNAUTHENTICATED


class UnknownError(OpError, RuntimeError):
    """The cause is not known."""

    error_code = UNKNOWN


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the closest of `known`, or ``""`` if none is close."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
