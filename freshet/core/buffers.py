"""Memory for arrays that compiled kernels read and write."""

from __future__ import annotations

import ctypes
import math
from typing import Any, Final

import numpy as np

ALIGNMENT: Final = 64
"""Bytes. One cache line, and the widest vector register: a vector load never crosses a line."""


def address(array: np.ndarray[Any, Any]) -> int:
    """Return where an array's first element is."""
    buffer: Any = array
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(buffer))  # a third of the other's time
    except (TypeError, ValueError):  # read-only, empty, or not contiguous
        return array.ctypes.data


def aligned_empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return an uninitialised C-contiguous array whose first byte is `ALIGNMENT`-aligned."""
    if dtype.hasobject:
        return np.empty(shape, dtype)
    size = math.prod(shape) * dtype.itemsize
    raw = np.empty(size + ALIGNMENT, np.uint8)
    skip = -address(raw) % ALIGNMENT
    return raw[skip : skip + size].view(dtype).reshape(shape)


def aligned_copy(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return an aligned C-contiguous copy of `array`, in the machine's byte order."""
    copy = aligned_empty(array.shape, array.dtype.newbyteorder("="))
    copy[...] = array
    return copy
