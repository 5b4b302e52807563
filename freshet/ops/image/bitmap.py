"""BMP files without compression: 8 bits (levels of grey), 24 or 32."""

from __future__ import annotations

import struct

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Array


def decode(contents: bytes) -> Array:
    """Return uint8[height, width, 1, 3 or 4].

    Raises:
        InvalidArgumentError: The file is damaged, or of another kind.
    """
    if len(contents) < 32:
        raise InvalidArgumentError(f"a BMP file has 32 bytes or more, this one {len(contents)}")
    (start,) = struct.unpack("<I", contents[10:14])
    width, signed_height, _, bits = struct.unpack("<iiHH", contents[18:30])
    height = abs(signed_height)
    if bits not in {8, 24, 32}:
        raise InvalidArgumentError(f"a BMP file of 8, 24 or 32 bits is expected, this has {bits}")
    if width <= 0 or not height:
        raise InvalidArgumentError(f"the BMP header says {height} x {width} pixels")
    channels = bits // 8
    row = (width * channels + 3) // 4 * 4  # rows begin at multiples of 4 bytes
    # The bytes that fill up the last row may be missing.
    needed = start + row * (height - 1) + width * channels
    if needed > len(contents):
        raise InvalidArgumentError(
            f"the BMP header promises {height} x {width} pixels of {bits} bits, {needed} bytes; "
            f"{len(contents)} are there"
        )
    data = np.frombuffer(contents[start : start + row * height].ljust(row * height, b"\0"), "u1")
    pixels = data.reshape(height, row)[:, : width * channels].reshape(height, width, channels)
    if signed_height > 0:
        pixels = pixels[::-1]  # the lowest row comes first
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    return np.ascontiguousarray(pixels[..., order])
