"""TFRecord files: byte strings one after another, each with checksums.

A record is

    uint64  length of the data, in bytes
    uint32  masked CRC-32C of the 8 bytes above
    bytes   data
    uint32  masked CRC-32C of the data

all little-endian. The whole file may be one GZIP or ZLIB stream.

Source: TensorFlow's guide "TFRecord and tf.train.Example", section "TFRecords format details";
CRC-32C is the polynomial of RFC 3720, appendix B.4.
"""

from __future__ import annotations

import io
import os
import struct
import threading
import weakref
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Final, Self, final

import google_crc32c

from freshet.core.errors import DataLossError, DTypeError, FailedPreconditionError
from freshet.io.files import file_errors
from freshet.io.inflate import Inflated
from freshet.io.tfrecord_options import (
    TFRecordOptions,
    as_options,
    compressor,
    largest_window_bits,
)

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_LENGTH: Final = struct.Struct("<Q")
_CHECKSUM: Final = struct.Struct("<I")
_HEAD_SIZE: Final = _LENGTH.size + _CHECKSUM.size
_MASK_DELTA: Final = 0xA282EAD8
_LARGEST_READ: Final = 1024 * 1024
"""Bytes asked of a file at once, so that no length that a file claims is allocated unseen."""


def masked_crc32c(data: bytes) -> int:
    """Return the checksum that TFRecord files hold of `data`.

    masked = rotate_right(crc32c(data), 15) + 0xa282ead8      (modulo 2^32)

    The mask is there because a CRC over data that itself holds CRCs says little.

    Example:
        >>> hex(masked_crc32c(b"123456789"))  # its CRC-32C is 0xe3069283
        '0xc78ab0e5'
    """
    crc: int = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _MASK_DELTA) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    """Return the record of `data`: what a file holds of it.

    Example:
        >>> frame(b"hello").hex()
        '0500000000000000eab2043e68656c6c6fbb1f1c19'
    """
    length = _LENGTH.pack(len(data))
    length_checksum = _CHECKSUM.pack(masked_crc32c(length))
    return b"".join((length, length_checksum, data, _CHECKSUM.pack(masked_crc32c(data))))


@final
class _Output:
    """The file of a writer: a thing of its own, so that it can be closed after the writer."""

    def __init__(self, path: str, options: TFRecordOptions) -> None:
        self._path = path
        self._compressor = compressor(options)
        self._lock = threading.Lock()
        with file_errors(path):
            self._file: IO[bytes] = open(path, "wb")  # noqa: PTH123, SIM115 (`close` closes it)

    def _check_open(self) -> None:
        if self._file.closed:
            raise FailedPreconditionError(f"TFRecordWriter of {self._path}: the writer is closed")

    def write(self, data: bytes) -> None:
        with self._lock:
            self._check_open()
            self._file.write(self._compressor.compress(data) if self._compressor else data)

    def flush(self) -> None:
        with self._lock:
            self._check_open()
            if self._compressor:
                self._file.write(self._compressor.flush(zlib.Z_PARTIAL_FLUSH))
            self._file.flush()

    def close(self) -> None:
        with self._lock:
            if self._file.closed:
                return
            try:
                if self._compressor:
                    self._file.write(self._compressor.flush())
            finally:
                self._file.close()


@final
class TFRecordWriter:
    """Write records to a TFRecord file; an existing file is replaced.

    Records may be written from several threads. A file is whole once the writer is closed; one
    that was never closed is readable up to the last record that was flushed, at least.

    Args:
        path: The file.
        options: A `TFRecordOptions`, or the compression alone, such as ``"GZIP"``.

    Raises:
        NotFoundError: The folder does not exist.
        InvalidArgumentError: There is no such compression.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with TFRecordWriter(folder + "/words.tfrecord") as writer:
        ...         writer.write(b"one")
        ...         writer.write(b"two")
        ...     list(tf_record_iterator(folder + "/words.tfrecord"))
        [b'one', b'two']
    """

    def __init__(self, path: PathLike, options: TFRecordOptions | str | None = None) -> None:
        self._output = _Output(os.fsdecode(path), as_options(options))
        # A writer that is dropped, or still there when Python ends, is closed like any other.
        weakref.finalize(self, self._output.close)

    def write(self, record: bytes | str) -> None:
        """Add a record; a `str` is written as UTF-8.

        Raises:
            DTypeError: `record` is not bytes.
            FailedPreconditionError: The writer is closed.
        """
        if isinstance(record, str):
            record = record.encode()
        elif not isinstance(record, (bytes, bytearray, memoryview)):
            raise DTypeError(
                f"TFRecordWriter.write: record must be bytes, received {type(record).__name__} "
                f"{record!r}; serialize it first"
            )
        self._output.write(frame(bytes(record)))

    def flush(self) -> None:
        """Hand everything written so far to the operating system.

        Raises:
            FailedPreconditionError: The writer is closed.
        """
        self._output.flush()

    def close(self) -> None:
        """Flush and close the file; does nothing the second time."""
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def tf_record_iterator(
    path: PathLike, options: TFRecordOptions | str | None = None
) -> Iterator[bytes]:
    """Return an iterator over the records of a TFRecord file.

    Every whole record before a damaged place is given out before the error is raised. Memory is
    taken as data arrives, never by what a length in the file claims.

    Args:
        path: The file.
        options: A `TFRecordOptions`, or the compression alone, such as ``"GZIP"``.

    Raises:
        NotFoundError: There is no such file; raised with the first record.
        DataLossError: The file is cut off, damaged, or compressed in another way.
        InvalidArgumentError: There is no such compression.

    Differs: TensorFlow takes a file that ends within the first 12 bytes of a record, or without
    the end of its compressed stream, for a whole one.
    """
    return _records(os.fsdecode(path), as_options(options))


def _records(path: str, options: TFRecordOptions) -> Iterator[bytes]:
    with file_errors(path):
        file = open(path, "rb")  # noqa: PTH123, SIM115 (closed by the `with` below)
    with file:
        yield from iter(_Reader(file, path, options).next, None)


@final
class _Reader:
    def __init__(self, file: io.BufferedReader, path: str, options: TFRecordOptions) -> None:
        self._path = path
        self._compression = options.compression_type
        self._stream = file
        self._inflated: Inflated | None = None
        if self._compression:
            self._inflated = Inflated(file, largest_window_bits(self._compression))
            self._stream = io.BufferedReader(self._inflated, _LARGEST_READ)
        self._number = 0
        self._offset = 0

    def next(self) -> bytes | None:
        """Return the next record, None at the end."""
        head = self._read(_HEAD_SIZE)
        if not head and not self._failure:
            return None
        if len(head) < _HEAD_SIZE:
            raise self._error(f"the file ends {len(head)} bytes into its head of {_HEAD_SIZE}")
        length_bytes, checksum = head[: _LENGTH.size], head[_LENGTH.size :]
        if _CHECKSUM.unpack(checksum)[0] != masked_crc32c(length_bytes):
            raise self._error(f"its length has a wrong checksum{self._compression_hint(head)}")
        (length,) = _LENGTH.unpack(length_bytes)
        body = self._read(length + _CHECKSUM.size)
        if len(body) < length + _CHECKSUM.size:
            raise self._error(
                f"it says it has {length} bytes and a checksum of {_CHECKSUM.size}, but the file "
                f"ends after {len(body)}"
            )
        data = body[:length]
        if _CHECKSUM.unpack(body[length:])[0] != masked_crc32c(data):
            raise self._error(f"its {length} bytes of data have a wrong checksum")
        self._number += 1
        self._offset += _HEAD_SIZE + len(body)
        return data

    def _read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end of the file."""
        piece = self._stream.read(min(size, _LARGEST_READ))
        if len(piece) == size:
            return piece
        pieces = [piece]
        while piece and (size := size - len(piece)):
            piece = self._stream.read(min(size, _LARGEST_READ))
            pieces.append(piece)
        return b"".join(pieces)

    @property
    def _failure(self) -> str:
        return self._inflated.failure if self._inflated else ""

    def _error(self, reason: str) -> DataLossError:
        where = f"byte {self._offset}" + (" of the uncompressed data" if self._compression else "")
        cause = f" ({self._compression}: {self._failure})" if self._failure else ""
        return DataLossError(
            f"{self._path}: record {self._number} (the first is 0) at {where} cannot be read: "
            f"{reason}{cause}"
        )

    def _compression_hint(self, head: bytes) -> str:
        """Say that a file read as uncompressed looks compressed."""
        if self._compression or self._number:
            return ""
        if head.startswith(b"\x1f\x8b"):
            return "; the file looks GZIP compressed: pass 'GZIP'"
        if head[0] == 0x78 and int.from_bytes(head[:2], "big") % 31 == 0:  # RFC 1950, 2.2
            return "; the file looks ZLIB compressed: pass 'ZLIB'"
        return ""
