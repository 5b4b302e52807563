"""IDX: the file format of MNIST, an array behind a short header.

    0, 0, code of the dtype, number of dimensions      one byte each
    each dimension                                     four bytes, the most significant first
    the elements, in C order                           the most significant byte first

Source: "The IDX file format" at the end of http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from freshet.core.errors import DataLossError
from freshet.core.tensor import Array
from freshet.io.files import file_errors

DTYPES: Final = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MOST_DIMENSIONS: Final = 32
MOST_EXPANSION: Final = 1032
"""Bytes that one byte of a gzip file can stand for, at most."""


def read_idx(
    path: str | os.PathLike[str],
    *,
    shape: tuple[int, ...] | None = None,
    sha256: str | None = None,
) -> Array:
    """Read an IDX file, plain or compressed with gzip.

    Args:
        path: The file.
        shape: What its dimensions must be; None for any.
        sha256: What the SHA-256 of its contents, uncompressed, must be; None for any.

    Returns:
        An array in the machine's own byte order.

    Raises:
        DataLossError: The file is truncated, too long or damaged, or another than expected.
        NotFoundError: There is no such file.
    """
    with file_errors(path):
        data = Path(path).read_bytes()
    return parse_idx(data, str(path), shape=shape, sha256=sha256)


def parse_idx(
    data: bytes, source: str, *, shape: tuple[int, ...] | None = None, sha256: str | None = None
) -> Array:
    """Return the array that the bytes of an IDX file hold, plain or compressed; see `read_idx`.

    Args:
        data: The file's bytes.
        source: Called so in errors.
        shape: What its dimensions must be.
        sha256: What the SHA-256 of the uncompressed bytes must be.
    """
    compressed = data[:2] == b"\x1f\x8b"
    stream: io.BufferedIOBase = io.BytesIO(data)
    if compressed:
        stream = gzip.GzipFile(fileobj=stream)
    most = len(data) * MOST_EXPANSION if compressed else len(data)
    try:
        array, digest = _parse(stream, source, shape, most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataLossError(f"{source} is truncated or damaged ({error})") from None
    if sha256 is not None and digest != sha256:
        raise DataLossError(
            f"{source} does not hold what it should: the SHA-256 of its uncompressed contents is "
            f"{digest}, expected {sha256}"
        )
    return array


def _parse(
    stream: io.BufferedIOBase, source: str, shape: tuple[int, ...] | None, most: int
) -> tuple[Array, str]:
    """Return the array and the SHA-256 of the stream; nothing is allocated before it is checked."""
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in DTYPES:
        raise DataLossError(
            f"{source} is not an IDX file: it begins with {head.hex(' ') or 'nothing'}"
        )
    rank = head[3]
    sizes = stream.read(4 * rank)
    if rank > MOST_DIMENSIONS or len(sizes) < 4 * rank:
        raise DataLossError(f"{source} is truncated or damaged: its header names {rank} dimensions")
    found = tuple(int(size) for size in np.frombuffer(sizes, ">u4"))
    if shape is not None and found != shape:
        raise DataLossError(f"{source} holds an array of shape {found}, expected {shape}")
    dtype = np.dtype(DTYPES[head[2]])
    needed = math.prod(found) * dtype.itemsize
    if needed > most:
        raise DataLossError(
            f"{source} is truncated: an array of shape {found} takes {needed} bytes"
        )
    body = stream.read(needed)
    if len(body) < needed:
        raise DataLossError(
            f"{source} is truncated: an array of shape {found} takes {needed} bytes, it has "
            f"{len(body)}"
        )
    if stream.read(1):
        raise DataLossError(f"{source} is damaged: bytes follow the array of shape {found}")
    digest = hashlib.sha256(head + sizes)
    digest.update(body)
    array = np.frombuffer(body, dtype).reshape(found).astype(dtype.newbyteorder("="), copy=True)
    return array, digest.hexdigest()
