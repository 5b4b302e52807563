"""Resizing outside of traced functions: weighted sums of pixels, a piece of the images at a time.

As a chain of operations on whole images, most of the time would go into memory that each of them
asks for anew. Here all that is made of a piece stays in cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from freshet.core.tensor import Array
from freshet.ops.image.resize_taps import Taps

_PIECE: Final = 1 << 16
"""Elements of a piece, about."""


def resized_images(images: Array, rows: Taps, columns: Taps) -> Array:
    """Return float32 images of another size.

    Args:
        images: [..., height, width, channels], real numbers.
        rows: Which rows of the images, with which weights, make a row of the result.
        columns: The same of columns.

    Example:
        >>> half = np.array([[0, 1]], np.int32), np.array([[0.5, 0.5]], np.float32)
        >>> resized_images(np.array([[[1.0], [3.0]], [[5.0], [7.0]]]), half, half).tolist()
        [[[4.0]]]
    """
    height, width, channels = images.shape[-3:]
    flat = images.reshape(-1, height, width * channels)
    # Columns and channels as one dimension: an inner loop over three channels would take longer
    # than what it computes.
    places = (columns[0][:, :, None] * channels + np.arange(channels)).swapaxes(1, 2)
    weights = np.repeat(columns[1], channels, 0)
    places = places.reshape(weights.shape)
    found = np.empty((len(flat), len(rows[0]), len(places)), np.float32)
    for batch, part in _pieces(len(flat), len(rows[0]), max(width * channels, len(places))):
        tall = _summed(flat[batch], rows[0][part], rows[1][part, :, None], 1)
        found[batch, part] = _summed(tall, places, weights, 2)
    return found.reshape(*images.shape[:-3], len(rows[0]), len(columns[0]), channels)


def _pieces(images: int, rows: int, row: int) -> Iterator[tuple[slice, slice]]:
    """Yield slices of the images and of the result's rows, of about `_PIECE` elements."""
    high = max(1, min(rows, _PIECE // max(row, 1)))
    several = max(1, _PIECE // max(row * high, 1)) if high == rows else 1
    for first in range(0, images, several):
        for top in range(0, rows, high):
            yield slice(first, first + several), slice(top, top + high)


def _summed(x: Array, places: Array, weights: Array, axis: int) -> Array:
    """Return the sum of each place's elements along an axis, times weights, one after the other."""
    total: Array | None = None
    for tap in range(places.shape[1]):
        part = np.take(x, places[:, tap], axis, mode="clip").astype(np.float32, copy=False)
        part *= weights[:, tap]
        total = part if total is None else np.add(total, part, out=total)
    assert total is not None
    return total
