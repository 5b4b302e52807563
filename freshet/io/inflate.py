"""Reading a GZIP or ZLIB stream so that damage costs only what stands behind it."""

from __future__ import annotations

import io
import zlib
from typing import IO, Any, Final, final

CHUNK: Final = 64 * 1024
"""Compressed bytes read at once. Deflate makes at most 1032 bytes of one: 64 MiB at the worst."""


@final
class Inflated(io.RawIOBase):
    """The decompressed bytes of a file.

    `zlib` gives nothing of a chunk that is damaged anywhere. This stream goes back and takes every
    byte before the damage, then ends, and says in `failure` why. A file may hold several
    compressed streams one after another.

    Args:
        file: The compressed file.
        window_bits: What `zlib.decompressobj` takes: 31 for GZIP, 15 for ZLIB.

    Attributes:
        failure: Why the stream ended too early; empty if it did not.

    Example:
        >>> damaged = zlib.compress(b"whole")[:-1] + b"?"
        >>> stream = Inflated(io.BytesIO(damaged), 15)
        >>> stream.read(100), stream.read(100), stream.failure
        (b'whole', b'', 'Error -3 while decompressing data: incorrect data check')
    """

    def __init__(self, file: IO[bytes], window_bits: int) -> None:
        super().__init__()
        self.failure = ""
        self._file = file
        self._window_bits = window_bits
        self._inflater: Any = None
        """Decompresses the present stream; None between two streams."""
        self._ahead = b""
        """Compressed bytes that stand behind the end of the previous stream."""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Put the next bytes into `buffer`; 0 at the end."""
        while not self._ready and not self.failure:
            chunk = self._ahead or self._file.read(CHUNK)
            if not chunk:
                self.failure = "the compressed stream is cut off" if self._inflater else ""
                break
            self._ready = memoryview(self._inflate(chunk))
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _inflate(self, chunk: bytes) -> bytes:
        inflater = self._inflater or zlib.decompressobj(self._window_bits)
        before = inflater.copy()
        try:
            data: bytes = inflater.decompress(chunk)
        except zlib.error as error:
            self.failure = str(error)
            return _salvage(before, chunk)
        self._ahead = inflater.unused_data
        self._inflater = None if inflater.eof else inflater
        return data


def _salvage(inflater: Any, chunk: bytes) -> bytes:
    """Return what a damaged chunk holds before the damage."""
    found = []
    try:
        for position in range(len(chunk)):
            found.append(inflater.decompress(chunk[position : position + 1]))
    except zlib.error:
        pass
    return b"".join(found)
