"""Many strings in one piece of memory, which NumPy goes over without a step of Python for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np

from freshet.core.tensor import Array

_MARGIN = 8
"""Bytes behind the last string, so that eight can be read from the start of every one."""


@final
class Packed:
    """Strings one after the other.

    Attributes:
        data: All of them, with bytes of no meaning between them and at the end.
        starts: int64[n], where each begins.
        lengths: int64[n], how many bytes each has.
    """

    def __init__(self, texts: Sequence[bytes]) -> None:
        count = len(texts)
        joined = b"\0".join(texts)
        ends = np.flatnonzero(np.frombuffer(joined, np.uint8) == 0)
        if len(ends) == count - 1:
            # As many zeros as separators: the places of the zeros say where the strings end, which
            # takes a fifth of the time of asking each for its length.
            self.starts = np.concatenate([[0], ends + 1])
            self.lengths = np.append(ends, len(joined)) - self.starts
        else:
            self.lengths = np.fromiter(map(len, texts), np.int64, count)
            self.starts = np.cumsum(self.lengths + 1) - (self.lengths + 1)
        self.data = joined + bytes(_MARGIN)

    def bytes(self) -> Array:
        """Return all bytes, uint8."""
        return np.frombuffer(self.data, np.uint8)

    def words(self, size: int = 8) -> Array:
        """Return the little-endian whole number of `size` bytes that begins at each byte."""
        kind = np.dtype(f"<u{size}")
        return np.ndarray(len(self.data) - size + 1, kind, self.data, strides=(1,))
