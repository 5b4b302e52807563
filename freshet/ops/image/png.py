"""PNG files: writing all of them, reading those of 16 bits, which Pillow reads in part only.

Source: Portable Network Graphics, W3C recommendation, sections 7 to 11.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KINDS: Final = {1: 0, 2: 4, 3: 2, 4: 6}
"""Number of channels to colour type: grey, grey with alpha, colours, colours with alpha."""
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES: Final = (
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
    (1, 0, 2, 1),
)  # fmt: skip
"""First row, first column and steps of the seven passes of an interlaced image."""
_MOST_DEFLATED: Final = 1032
"""Bytes that one compressed byte can stand for."""


class Header(NamedTuple):
    """What the first chunk says."""

    width: int
    height: int
    bits: int
    kind: int
    interlaced: bool

    @property
    def channels(self) -> int:
        """Numbers a pixel consists of."""
        return _CHANNELS[self.kind]


def header(contents: bytes) -> Header:
    """Return the header of a file.

    Raises:
        InvalidArgumentError: It is damaged, or promises more pixels than the file can hold.
    """
    if contents[12:16] != b"IHDR" or len(contents) < 33:
        raise InvalidArgumentError("the PNG file has no header")
    width, height, bits, kind, *_, interlaced = struct.unpack(">IIBBBBB", contents[16:29])
    if kind not in _CHANNELS or bits not in {1, 2, 4, 8, 16} or not width or not height:
        raise InvalidArgumentError(f"the PNG header says {width} x {height}, {bits} bits")
    found = Header(width, height, bits, kind, bool(interlaced))
    if height * (width * bits * found.channels // 8) > _MOST_DEFLATED * len(contents):
        raise InvalidArgumentError(
            f"the PNG header promises {height} x {width} pixels, more than {len(contents)} bytes "
            "can hold"
        )
    return found


def _chunks(contents: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(contents):
        (size,) = struct.unpack(">I", contents[at : at + 4])
        name, body = contents[at + 4 : at + 8], contents[at + 8 : at + 8 + size]
        (check,) = struct.unpack(">I", contents[at + 8 + size : at + 12 + size].rjust(4, b"\0"))
        if len(body) < size or check != zlib.crc32(body, zlib.crc32(name)):
            raise InvalidArgumentError(f"the PNG chunk {name!r} is damaged")
        yield name, body
        at += 12 + size


def decode_16_bits(contents: bytes, head: Header) -> Array:
    """Return uint16[height, width, channels] of a file with 16 bits a number.

    Raises:
        InvalidArgumentError: The file is damaged.
    """
    packed = b"".join(body for name, body in _chunks(contents) if name == b"IDAT")
    size = _data_size(head)
    try:
        data = zlib.decompressobj().decompress(packed, size)
    except zlib.error as error:
        raise InvalidArgumentError(f"the PNG data are damaged: {error}") from None
    if len(data) < size:
        raise InvalidArgumentError(f"the PNG data end after {len(data)} of {size} bytes")
    found = np.zeros((head.height, head.width, head.channels), np.uint16)
    rest = np.frombuffer(data, np.uint8)
    for top, left, down, across in _passes(head):
        part = found[top::down, left::across]
        if part.size:
            rows, columns, channels = part.shape
            taken = rows * (1 + columns * channels * 2)
            lines = _unfiltered(rest[:taken].reshape(rows, -1), channels * 2)
            part[...] = lines.view(">u2").reshape(part.shape)
            rest = rest[taken:]
    return found


def _passes(head: Header) -> tuple[tuple[int, int, int, int], ...]:
    return _PASSES if head.interlaced else ((0, 0, 1, 1),)


def _data_size(head: Header) -> int:
    total = 0
    for top, left, down, across in _passes(head):
        rows = len(range(top, head.height, down))
        columns = len(range(left, head.width, across))
        total += rows * (1 + columns * head.channels * 2) if columns else 0
    return total


# --- filters --------------------------------------------------------------------------------------


def _unfiltered(lines: Array, step: int) -> Array:
    """Return rows of bytes without their first byte, which says how they were filtered."""
    found = np.zeros((len(lines), lines.shape[1] - 1), np.uint8)
    above = np.zeros(lines.shape[1] - 1, np.uint8)
    for row, line in zip(found, lines, strict=True):
        kind, coded = int(line[0]), line[1:]
        if kind > 4:
            raise InvalidArgumentError(f"the PNG filter {kind} does not exist")
        if kind == 0:
            row[:] = coded
        elif kind == 1:
            row[:] = coded.reshape(-1, step).cumsum(0, dtype=np.uint8).reshape(-1)
        elif kind == 2:
            row[:] = coded + above
        else:
            _one_by_one(row, coded, above, step, _mean if kind == 3 else _paeth)
        above = row
    return found


Predictor = Callable[[int, int, int], int]


def _one_by_one(row: Array, coded: Array, above: Array, step: int, predict: Predictor) -> None:
    done: list[int] = []
    upper = [0] * step + above.tolist()
    for i, byte in enumerate(coded.tolist()):
        left = done[i - step] if i >= step else 0
        done.append((byte + predict(left, upper[i + step], upper[i])) & 255)
    row[:] = done


def _mean(left: int, up: int, corner: int) -> int:
    del corner
    return (left + up) // 2


def _paeth(left: int, up: int, corner: int) -> int:
    to_left, to_up = abs(up - corner), abs(left - corner)
    to_corner = abs(left + up - 2 * corner)
    if to_left <= to_up and to_left <= to_corner:
        return left
    return up if to_up <= to_corner else corner


# --- writing --------------------------------------------------------------------------------------


def encode(image: Array, compression: int) -> bytes:
    """Return the file of an image.

    Args:
        image: uint8 or uint16[height, width, channels], 1 to 4 channels.
        compression: zlib's level, 0 to 9, or -1 for its default.
    """
    height, width, channels = image.shape
    bits = image.dtype.itemsize * 8
    step = channels * image.dtype.itemsize
    rows = image.astype(f">u{image.dtype.itemsize}").reshape(height, -1).view(np.uint8)
    size = struct.pack(">IIBBBBB", width, height, bits, _KINDS[channels], 0, 0, 0)
    data = zlib.compress(_filtered(rows, step).tobytes(), compression)
    chunks = ((b"IHDR", size), (b"IDAT", data), (b"IEND", b""))
    return SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body
        + struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))
        for name, body in chunks
    )  # fmt: skip


def _filtered(rows: Array, step: int) -> Array:
    """Return rows of bytes with their filter: of three, the one that leaves the smallest bytes."""
    left = np.zeros_like(rows)
    left[:, step:] = rows[:, :-step]
    above = np.zeros_like(rows)
    above[1:] = rows[:-1]
    forms = np.stack([rows, rows - left, rows - above])
    weight = np.abs(forms.view(np.int8).astype(np.int16)).sum(-1, dtype=np.int64)
    best = np.argmin(weight, 0)
    chosen = np.take_along_axis(forms, best[None, :, None], 0)[0]
    return np.concatenate([best[:, None].astype(np.uint8), chosen], 1)
