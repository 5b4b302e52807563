"""Event files: the TFRecord files that TensorBoard reads."""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections import deque
from pathlib import Path
from typing import Final, final

from google.protobuf.message import DecodeError

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.tensor import Array
from freshet.io.files import file_errors
from freshet.io.tfrecord import frame
from freshet.summary.protos import Event, fill_tensor_proto

_FILE_VERSION: Final = "brain.Event:2"
_NUMBERS: Final = itertools.count()


@final
class EventFile:
    """Collects events in memory and appends them, whole, to a file of its own.

    The file is made at once. Events may be added from several threads. A process that forks leaves
    the file to the parent; the child starts another one with its first event.

    Args:
        logdir: Folder of the file; made if it does not exist.
        max_queue: Events kept in memory; one more, and all are appended.
        flush_millis: Milliseconds after which the next event causes all to be appended.
        filename_suffix: End of the file's name.

    Attributes:
        path: The file: ``events.out.tfevents.<seconds>.<host>.<process>.<number><suffix>``.
    """

    def __init__(
        self, logdir: Path, max_queue: int, flush_millis: int, filename_suffix: str
    ) -> None:
        self._logdir = logdir
        self._max_queue = max_queue
        self._flush_seconds = flush_millis / 1000
        self._suffix = filename_suffix
        self._closed = False
        self._start()

    def _start(self) -> None:
        """Open a file that belongs to this process."""
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._queue: deque[bytes] = deque()
        now = int(time.time())
        self.path = self._logdir / (
            f"events.out.tfevents.{now:010d}.{socket.gethostname()}.{self._process}."
            f"{next(_NUMBERS)}{self._suffix}"
        )
        with file_errors(self._logdir):
            self._logdir.mkdir(parents=True, exist_ok=True)
        with file_errors(self.path):
            self._file = self.path.open("wb")
        first = Event(wall_time=now, file_version=_FILE_VERSION)
        first.source_metadata.writer = "freshet.summary"
        self._queue.append(first.SerializeToString())
        self._append()

    def add(self, tag: str, array: Array, step: int, metadata: bytes) -> None:
        """Add an event with one tensor.

        Args:
            tag: What TensorBoard shows as its name.
            array: The tensor.
            step: Where it stands in its series.
            metadata: A serialized `SummaryMetadata`; empty for none.

        Raises:
            FailedPreconditionError: The file is closed.
            InvalidArgumentError: `metadata` is something else.
        """
        event = Event(wall_time=time.time(), step=step)
        value = event.summary.value.add(tag=tag)
        fill_tensor_proto(value.tensor, array)
        if metadata:
            try:
                value.metadata.ParseFromString(metadata)
            except DecodeError as error:
                raise InvalidArgumentError(
                    f"summary {tag!r}: metadata is not a serialized SummaryMetadata ({error})"
                ) from None
        data = event.SerializeToString()
        if os.getpid() != self._process and not self._closed:
            self._file.close()
            self._start()
        with self._lock:
            if self._closed:
                raise FailedPreconditionError(
                    f"summary {tag!r}: the writer of {self._logdir} is closed"
                )
            self._queue.append(data)
            late = time.monotonic() - self._appended > self._flush_seconds
            if late or len(self._queue) > self._max_queue:
                self._append()

    def flush(self) -> None:
        """Append what is in memory; does nothing once closed."""
        if os.getpid() == self._process:
            with self._lock:
                if not self._closed:
                    self._append()

    def close(self) -> None:
        """Append what is in memory and close the file; does nothing the second time."""
        if os.getpid() != self._process:
            self._closed = True
            self._file.close()
            return
        with self._lock:
            if not self._closed:
                self._closed = True
                with self._file:
                    self._append()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def _append(self) -> None:
        while self._queue:
            self._file.write(frame(self._queue[0]))
            self._queue.popleft()
        self._file.flush()
        self._appended = time.monotonic()
