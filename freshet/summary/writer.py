"""Summary writers, and which of them is the default."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.tensor import Array
from freshet.summary.state import state
from freshet.summary.whole_number import whole_number

if TYPE_CHECKING:
    from freshet.summary.event_file import EventFile

_MAX_QUEUE: Final = 10
_FLUSH_MILLIS: Final = 2 * 60 * 1000
_SUFFIX: Final = ".v2"


@final
class SummaryWriter:
    """Where summaries go. Make one with `create_file_writer` or `create_noop_writer`.

    A writer may be used from several threads; each thread has a default writer of its own. One
    that is not closed is closed when nothing refers to it any more, or when the program ends.
    """

    def __init__(self, events: EventFile | None) -> None:
        self._events = events
        """None for a writer that does nothing and never becomes the default."""
        if events is not None:
            weakref.finalize(self, events.close)

    def set_as_default(self, step: Any = None) -> None:
        """Write this thread's summaries here from now on.

        Args:
            step: The step of summaries that are written without one; None leaves it as it is.

        Raises:
            FailedPreconditionError: The writer is closed.
        """
        self._check_open()
        if self._events is not None:
            state.writer = self
            if step is not None:
                state.step = step

    def as_default(self, step: Any = None) -> AbstractContextManager[SummaryWriter | None]:
        """Return a block within which this thread's summaries are written here.

        The end of the block flushes, and brings back the writer and step from before.

        Args:
            step: The step of summaries that are written without one; None leaves it as it is.

        Raises:
            FailedPreconditionError: The writer is closed.
        """
        self._check_open()
        return nullcontext() if self._events is None else self._as_default(step)

    @contextmanager
    def _as_default(self, step: Any) -> Iterator[SummaryWriter]:
        writer_before, step_before = state.writer, state.step
        self.set_as_default(step)
        try:
            yield self
        finally:
            state.writer = writer_before
            if step is not None:
                state.step = step_before
            self.flush()

    def init(self) -> None:
        """Do nothing: a writer is ready when it is made. Kept for TensorFlow programs.

        Raises:
            FailedPreconditionError: The writer is closed.
        """
        self._check_open()

    def flush(self) -> None:
        """Hand everything written so far to the operating system."""
        if self._events is not None:
            self._events.flush()

    def close(self) -> None:
        """Flush and close the file; does nothing the second time."""
        if self._events is not None:
            self._events.close()

    def _add(self, tag: str, array: Array, step: int, metadata: bytes) -> None:
        """Write one tensor; see `EventFile.add`."""
        if self._events is not None:
            self._events.add(tag, array, step, metadata)

    def _check_open(self) -> None:
        if self._events is not None and self._events.closed:
            raise FailedPreconditionError(f"{self!r} is closed")

    def __repr__(self) -> str:
        where = "nothing" if self._events is None else self._events.path
        return f"<ft.summary.SummaryWriter of {where}>"


def create_file_writer(
    logdir: str | os.PathLike[str],
    max_queue: int | None = None,
    flush_millis: int | None = None,
    filename_suffix: str | None = None,
    name: str | None = None,
) -> SummaryWriter:
    """Return a writer of summaries that TensorBoard shows.

    Args:
        logdir: Folder of the event file, which is made at once.
        max_queue: Summaries kept in memory; one more, and all are written to the file. 10 by
            default.
        flush_millis: Milliseconds after which the next summary causes all to be written. 120,000
            by default.
        filename_suffix: End of the file's name, ``".v2"`` by default.
        name: Ignored; kept for TensorFlow programs.

    Raises:
        InvalidArgumentError: `logdir` is None, or a number is negative.
        FailedPreconditionError: `logdir` is a file.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as logdir:
        ...     writer = create_file_writer(logdir)
        ...     [path.suffix for path in Path(logdir).iterdir()]
        ...     writer.close()
        ['.v2']

    Source: file name, first event and queue as TensorFlow's `EventsWriter` and
    `SummaryFileWriter`.
    """
    del name
    if logdir is None:
        raise InvalidArgumentError("create_file_writer: logdir must be a folder, received None")
    # Most programs write no summaries and need no protocol buffers.
    from freshet.summary.event_file import EventFile  # noqa: PLC0415

    return SummaryWriter(
        EventFile(
            Path(logdir),
            _count("max_queue", max_queue, _MAX_QUEUE),
            _count("flush_millis", flush_millis, _FLUSH_MILLIS),
            _SUFFIX if filename_suffix is None else filename_suffix,
        )
    )


def _count(name: str, value: Any, default: int) -> int:
    return default if value is None else whole_number("create_file_writer", name, value, least=0)


def create_noop_writer() -> SummaryWriter:
    """Return a writer that does nothing, and leaves the default writer as it is."""
    return SummaryWriter(None)


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Hand everything that a writer holds to the operating system.

    Args:
        writer: The default writer if None; without one nothing happens.
        name: Ignored; kept for TensorFlow programs.

    Raises:
        InvalidArgumentError: `writer` is something else.
    """
    del name
    chosen = state.writer if writer is None else writer
    if chosen is None:
        return
    if not isinstance(chosen, SummaryWriter):
        raise InvalidArgumentError(f"flush: writer must be a SummaryWriter, received {chosen!r}")
    chosen.flush()
