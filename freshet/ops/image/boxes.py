"""Boxes in images: cut out and resized, or drawn.

A box is ``[top, left, bottom, right]`` in parts of the image's size, from 0 to 1.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError, OutOfRangeError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import lookup
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.elementwise_rules import zeros_of
from freshet.ops.joining import stack
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sizes import sizes, static_integers
from freshet.ops.slicing import getitem


def crop_and_resize(
    image: TensorLike, boxes: TensorLike, box_indices: TensorLike, crop_size: Any,
    method: str = "bilinear", extrapolation_value: float = 0.0, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Cut boxes out of images and resize each to one size.

    The corners of a box are the corners' pixels of the result: row i of it is read at
    ``top * (height - 1) + i * (bottom - top) * (height - 1) / (rows - 1)``.

    Args:
        image: Real numbers[batch, height, width, channels].
        boxes: float32[n, 4]: top, left, bottom, right, from 0 to 1. Of a box with its bottom above
            its top, the result is upside down.
        box_indices: int32[n]: which image each box is of.
        crop_size: Rows and columns of the result.
        method: "bilinear" or "nearest".
        extrapolation_value: What pixels outside the image are.
        name: Ignored.

    Returns:
        float32[n, rows, columns, channels]. Gradients flow to the image and to the boxes.

    Raises:
        InvalidArgumentError: An argument has another form.
        OutOfRangeError: An index is outside the batch; inside a traced function, this is an
            `InvalidArgumentError` when it runs.

    Example:
        >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
        >>> crop_and_resize(x, [[0.0, 0.0, 0.5, 1.0]], [0], [2, 2]).numpy()[0, :, :, 0].tolist()
        [[0.0, 2.0], [3.0, 5.0]]
    """
    caller = "image.crop_and_resize"
    x, which = convert_to_tensor(image), convert_to_tensor(box_indices)
    where = convert_to_tensor(boxes, dtype_hint=dtypes.float32)
    if x.ndim != 4 or where.ndim != 2 or which.ndim != 1 or where.shape[1] not in {4, None} or (
        None not in {where.shape[0], which.shape[0]} and where.shape[0] != which.shape[0]
    ):  # fmt: skip
        raise InvalidArgumentError(
            f"{caller}: expected images [batch, height, width, channels], boxes [n, 4] and "
            f"box_indices [n], received {x._type}, {where._type} and {which._type}"
        )
    if method not in {"bilinear", "nearest"}:
        raise InvalidArgumentError(
            f"{caller}: method must be 'bilinear' or 'nearest', received {method!r}"
        )
    counts = static_integers(caller, "crop_size", crop_size)
    if len(counts) != 2 or min(counts) < 1:
        raise InvalidArgumentError(
            f"{caller}: crop_size must be two positive numbers, received {crop_size}"
        )
    if which._array is not None and x.shape[0] is not None:
        _check_batch(caller, which._array, x.shape[0])
    pixels = m.cast(x, dtypes.float32)
    axes = [_along(where, d, sizes(x)[1 + d], counts[d]) for d in (0, 1)]
    inside = m.logical_and(axes[0][1][:, :, None], axes[1][1][:, None, :])
    rows, columns = axes[0][0], axes[1][0]
    if method == "nearest":
        found = _pixels(pixels, which, _rounded(rows), _rounded(columns))
    else:
        found = _between(pixels, which, rows, columns)
    kept = a.expand_dims_p(inside, axes=(3,))
    return m.where(kept, found, convert_to_tensor(extrapolation_value, dtype=dtypes.float32))


def _check_batch(caller: str, which: Array, batch: int) -> None:
    wrong = which[(which < 0) | (which >= batch)]
    if wrong.size:
        raise OutOfRangeError(f"{caller}: box index {wrong[0]} is outside [0, {batch})")


def _along(boxes: Tensor, d: int, size: Any, count: int) -> tuple[Tensor, Tensor]:
    """Return float32[n, count] places along a dimension, and whether they are in the image."""
    low, high = getitem(boxes, (slice(None), d)), getitem(boxes, (slice(None), d + 2))
    last = m.cast(convert_to_tensor(size - 1), dtypes.float32)
    if count == 1:
        places = (0.5 * (low + high) * last)[:, None]
    else:
        step = (high - low) * last / float(count - 1)
        numbers = np.arange(count, dtype=np.float32)
        places = (low * last)[:, None] + step[:, None] * numbers
    inside = m.logical_and(m.greater_equal(places, 0.0), m.less_equal(places, last))
    # Elsewhere, any pixel may be read.
    return m.where(inside, places, zeros_of(places)), inside


def _rounded(places: Tensor) -> Tensor:
    return m.cast(m.floor(places + 0.5), dtypes.int32)


def _pixels(x: Tensor, which: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return the pixels of images `which` at int32[n, rows] and int32[n, columns]."""
    image = m.cast(which, dtypes.int32)[:, None, None]
    zero = image * 0 + 0 * rows[:, :, None] + 0 * columns[:, None, :]
    places = [image + zero, rows[:, :, None] + zero, columns[:, None, :] + zero]
    return lookup.gather_nd_p(x, stack(places, -1), batch_dims=0)


def _between(x: Tensor, which: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    top, left = (m.cast(m.floor(p), dtypes.int32) for p in (rows, columns))
    bottom, right = (m.cast(m.ceil(p), dtypes.int32) for p in (rows, columns))
    down = (rows - m.cast(top, dtypes.float32))[:, :, None, None]
    across = (columns - m.cast(left, dtypes.float32))[:, None, :, None]
    upper_left, lower_left = _pixels(x, which, top, left), _pixels(x, which, bottom, left)
    upper = upper_left + (_pixels(x, which, top, right) - upper_left) * across
    lower = lower_left + (_pixels(x, which, bottom, right) - lower_left) * across
    return upper + (lower - upper) * down


# --- drawing --------------------------------------------------------------------------------------

_COLOURS: Final = np.array(
    [
        [1, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1], [0.5, 0, 0.5, 1],
        [0.5, 0.5, 0, 1], [0.5, 0, 0, 1], [0, 0, 0.5, 1], [0, 1, 1, 1], [1, 0, 1, 1],
    ], np.float32,
)  # fmt: skip
"""Yellow, blue, red, lime, purple, olive, maroon, navy, aqua and fuchsia; white if all is grey."""


def _drawn(images: Array, boxes: Array, colours: Array, default: bool) -> Array:
    found = images.copy()
    height, width, channels = images.shape[1:]
    if default and channels == 1:
        colours = np.ones((1, 1), np.float32)
    for image, own in zip(found, boxes, strict=True):
        for number, box in enumerate(own):
            sizes = np.array([height - 1, width - 1] * 2, np.float32)
            top, left, bottom, right = np.trunc(box.astype(np.float32) * sizes).astype(np.int64)
            if top > bottom or left > right or bottom < 0 or right < 0:
                continue
            if top >= height or left >= width:
                continue
            colour = colours[number % len(colours), :channels].astype(images.dtype)
            rows = slice(max(top, 0), min(bottom, height - 1) + 1)
            columns = slice(max(left, 0), min(right, width - 1) + 1)
            for row in (top, bottom):
                if 0 <= row < height:
                    image[row, columns] = colour
            for column in (left, right):
                if 0 <= column < width:
                    image[rows, column] = colour
    return found


def _drawn_infer(
    images: TensorType, boxes: TensorType, colours: TensorType, default: bool
) -> TensorType:
    del default
    caller = "image.draw_bounding_boxes"
    if images.rank != 4 or boxes.rank != 3 or boxes.shape[-1] not in {4, None}:
        raise InvalidArgumentError(
            f"{caller}: expected images [batch, height, width, channels] and boxes [batch, n, 4], "
            f"received {images} and {boxes}"
        )
    if not images.dtype.is_floating or images.shape[3] not in {1, 3, 4, None}:
        raise InvalidArgumentError(
            f"{caller}: images must be floating-point of 1, 3 or 4 channels, received {images}"
        )
    needed, given = images.shape[3], colours.shape[-1] if colours.rank == 2 else 0
    if given is not None and given < (needed or 1):
        raise InvalidArgumentError(
            f"{caller}: colors must be [n, {needed} or more], received {colours}"
        )
    if None not in {images.shape[0], boxes.shape[0]} and images.shape[0] != boxes.shape[0]:
        raise InvalidArgumentError(
            f"{caller}: there must be boxes for each image, received {images} and {boxes}"
        )
    return images


draw_bounding_boxes_p: Primitive = Primitive(
    name="draw_bounding_boxes", infer=_drawn_infer, reference=_drawn,
    gradient=NoGradient("drawings are looked at, not trained with"),
    lower=Host("which pixels it draws is data"),
)  # fmt: skip


def draw_bounding_boxes(
    images: TensorLike, boxes: TensorLike, colors: Any, name: str | None = None
) -> Tensor:
    """Return images with the borders of boxes drawn, one pixel wide.

    Args:
        images: float[batch, height, width, channels], 1, 3 or 4 channels.
        boxes: float32[batch, n, 4]: top, left, bottom, right, from 0 to 1.
        colors: float32[colours, channels or more], used one after the other; None for ten colours
            of pixels from 0 to 1.
        name: Ignored.

    Raises:
        InvalidArgumentError: An argument has another form.

    Example:
        >>> x = np.zeros([1, 3, 4, 1], np.float32)
        >>> boxes = [[[0.0, 0.0, 1.0, 0.7]]]
        >>> draw_bounding_boxes(x, boxes, [[5.0]]).numpy()[0, :, :, 0].tolist()
        [[5.0, 5.0, 5.0, 0.0], [5.0, 0.0, 5.0, 0.0], [5.0, 5.0, 5.0, 0.0]]
    """
    x = convert_to_tensor(images)
    where = convert_to_tensor(boxes, dtype_hint=dtypes.float32)
    table = convert_to_tensor(_COLOURS if colors is None else colors, dtype_hint=dtypes.float32)
    return draw_bounding_boxes_p(x, where, table, default=colors is None)
