"""Where the elements of arrays are in order: stable sorting, and choosing the first few.

NumPy sorts unsigned 64-bit numbers with the processor's vectors, many times as fast as it finds a
stable order. So where an element's rank fits beside its place in 64 bits, both are sorted as one
number: equal elements then keep their order by themselves.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from freshet.core.tensor import Array

_SMALL: Final = 512
"""Up to so many elements, packing them takes longer than sorting."""


def places_in_order(x: Array, *, descending: bool = False, count: int | None = None) -> Array:
    """Return where the elements of the last dimension are, in order; equal ones keep theirs.

    Args:
        x: Real numbers of rank 1 or more; NaN counts as larger than every number.
        descending: Whether the largest come first.
        count: How many of the first are wanted; all by default.

    Returns:
        int64[..., count].

    Example:
        >>> places_in_order(np.array([2, 1, 2, 3]), descending=True).tolist()
        [3, 0, 2, 1]
    """
    size = x.shape[-1]
    packed = _packed(x, descending) if x.size > _SMALL else None
    if packed is None:
        return _stable(x, descending)[..., :count]
    if count is not None and count < size // 2:
        packed = np.partition(packed, max(count - 1, 0), -1)[..., :count]
    packed.sort(-1)
    bits = size.bit_length()
    found: Array = (packed & np.uint64((1 << bits) - 1)).astype(np.int64)
    return found


def _stable(x: Array, descending: bool) -> Array:
    ranks = _ranks(x) if x.dtype.itemsize == 2 and x.size > _SMALL else None
    if ranks is not None:
        # Of 16 bits, which NumPy sorts by their digits.
        return np.argsort(~ranks if descending else ranks, -1, kind="stable")
    if not descending:
        return np.argsort(x, -1, kind="stable")
    # From the back, so that equal elements keep their order.
    turned: Array = x.shape[-1] - 1 - np.argsort(x[..., ::-1], -1, kind="stable")
    return turned[..., ::-1]


def _packed(x: Array, descending: bool) -> Array | None:
    """Return each element's rank, with its place in the low bits; None if both do not fit."""
    bits = x.shape[-1].bit_length()
    ranks: Array | None = None
    if x.dtype.kind in "iu" and x.size:
        # Ranks from 0 on: the largest decides whether they fit.
        low, high = int(x.min()), int(x.max())
        if (high - low).bit_length() + bits <= 64:
            wide = x.astype(np.uint64)  # negative numbers wrap, and so does the difference
            least = np.uint64((high if descending else low) % 2**64)
            ranks = least - wide if descending else wide - least
    elif x.dtype == np.float32 and bits <= 32:
        short = _ranks(x)
        ranks = (~short if descending else short).astype(np.uint64)
    if ranks is None:
        return None
    packed = ranks << np.uint64(bits)
    packed |= np.arange(x.shape[-1], dtype=np.uint64)
    return packed


def _ranks(x: Array) -> Array:
    """Return unsigned whole numbers in the order of numbers of at most 32 bits."""
    size = x.dtype.itemsize
    unsigned, sign = np.dtype(f"u{size}"), 1 << 8 * size - 1
    found: Array = x
    if x.dtype.kind == "i":
        found = x.view(unsigned) ^ unsigned.type(sign)
    elif x.dtype.kind == "f":
        # Adding 0 turns -0 into 0, and a NaN's sign does not count. What is negative is turned
        # around.
        bits = np.where(np.isnan(x), np.array(np.nan, x.dtype), x + x.dtype.type(0)).view(unsigned)
        turned = (bits.view(f"i{size}") >> 8 * size - 1).view(unsigned)
        found = bits ^ (turned | unsigned.type(sign))
    return found
