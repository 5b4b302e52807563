"""Parts of images, and images with a border: by numbers of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image.operands import image_operand, largest, require, smallest, whole_number
from freshet.ops.math import TensorLike
from freshet.ops.padding import pad
from freshet.ops.sizes import sizes
from freshet.ops.slicing import getitem


def crop_to_bounding_box(
    image: TensorLike, offset_height: Any, offset_width: Any, target_height: Any,
    target_width: Any,
) -> Tensor:  # fmt: skip
    """Return a part of images.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        offset_height: The first row.
        offset_width: The first column.
        target_height: How many rows.
        target_width: How many columns.

    Raises:
        InvalidArgumentError: The part is empty or not within the image.

    Example:
        >>> x = np.arange(9).reshape(3, 3, 1)
        >>> crop_to_bounding_box(x, 1, 0, 2, 2)[:, :, 0].numpy().tolist()
        [[3, 4], [6, 7]]
    """
    caller = "image.crop_to_bounding_box"
    x = image_operand(caller, image)
    box = _box(offset_height, offset_width, target_height, target_width, caller)
    height, width = sizes(x)[-3:-1]
    top, left, rows, columns = box
    shown = f"{rows} x {columns} pixels from ({top}, {left})"
    for number, least in zip(box, (0, 0, 1, 1), strict=True):
        require(number >= least, f"{caller}: no part of an image: {shown}")
    outside = f"{caller}: {shown} are not within the image {x._type}"
    require(top + rows <= height, outside)
    require(left + columns <= width, outside)
    return _part(x, top, left, rows, columns)


def _box(top: Any, left: Any, height: Any, width: Any, caller: str) -> list[Any]:
    names = ("offset_height", "offset_width", "target_height", "target_width")
    values = (top, left, height, width)
    return [whole_number(caller, n, v) for n, v in zip(names, values, strict=True)]


def _part(x: Tensor, top: Any, left: Any, height: Any, width: Any) -> Tensor:
    rows, columns = slice(top, top + height), slice(left, left + width)
    return getitem(x, (..., rows, columns, slice(None)))


def pad_to_bounding_box(
    image: TensorLike, offset_height: Any, offset_width: Any, target_height: Any,
    target_width: Any,
) -> Tensor:  # fmt: skip
    """Return images with zeros around them.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        offset_height: Rows of zeros above.
        offset_width: Columns of zeros before.
        target_height: Height of the result.
        target_width: Width of the result.

    Raises:
        InvalidArgumentError: The image is not within the result.

    Example:
        >>> pad_to_bounding_box(np.ones([1, 1, 1], int), 0, 1, 2, 2)[:, :, 0].numpy().tolist()
        [[0, 1], [0, 0]]
    """
    caller = "image.pad_to_bounding_box"
    x = image_operand(caller, image)
    top, left, rows, columns = _box(
        offset_height, offset_width, target_height, target_width, caller
    )
    height, width = sizes(x)[-3:-1]
    below, after = rows - top - height, columns - left - width
    for number in (top, left, below, after):
        require(
            number >= 0,
            f"{caller}: the image {x._type} at ({top}, {left}) is not within {rows} x {columns} "
            "pixels",
        )
    rest = [[0, 0]] if x.ndim == 4 else []
    paddings: Any = [*rest, [top, below], [left, after], [0, 0]]
    if all(isinstance(n, int) for n in (top, left, below, after)):
        return pad(x, paddings)
    known = [s if isinstance(s, int) else None for s in (rows, columns)]
    shape = (*x.shape[:-3], *known, x.shape[-1])
    return a.ensure_shape_p(pad(x, convert_to_tensor(paddings)), shape=shape)


def resize_with_crop_or_pad(image: TensorLike, target_height: Any, target_width: Any) -> Tensor:
    """Return the middle of images, or images in the middle of zeros, in each direction.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        target_height: Height of the result.
        target_width: Width of the result.

    Raises:
        InvalidArgumentError: A size is not positive.

    Example:
        >>> x = np.arange(1, 4).reshape(1, 3, 1)
        >>> resize_with_crop_or_pad(x, 1, 1).numpy().item()
        2
        >>> resize_with_crop_or_pad(x, 1, 5)[0, :, 0].numpy().tolist()
        [0, 1, 2, 3, 0]
    """
    caller = "image.resize_with_crop_or_pad"
    x = image_operand(caller, image)
    rows = whole_number(caller, "target_height", target_height)
    columns = whole_number(caller, "target_width", target_width)
    for number in (rows, columns):
        require(number > 0, f"{caller}: the target {rows} x {columns} must be positive")
    height, width = sizes(x)[-3:-1]
    down, across = rows - height, columns - width
    part = _part(
        x, largest((-down) // 2, 0), largest((-across) // 2, 0), smallest(rows, height),
        smallest(columns, width),
    )  # fmt: skip
    top, left = largest(down // 2, 0), largest(across // 2, 0)
    return pad_to_bounding_box(part, top, left, rows, columns)


def central_crop(image: TensorLike, central_fraction: Any) -> Tensor:
    """Return the middle of images.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        central_fraction: Its height and width, as a part of the image's, in (0, 1]. The numbers of
            rows and columns that are left away are even.

    Raises:
        InvalidArgumentError: The fraction is outside its range.

    Example:
        >>> central_crop(np.arange(4).reshape(1, 4, 1), 0.5)[0, :, 0].numpy().tolist()
        [1, 2]
    """
    caller = "image.central_crop"
    part = float(convert_to_tensor(central_fraction, dtype=dtypes.float64))
    if not 0 < part <= 1:
        raise InvalidArgumentError(
            f"{caller}: central_fraction must be within (0, 1], received {central_fraction}"
        )
    x = convert_to_tensor(image)
    if part == 1:
        return x
    x = image_operand(caller, x)
    height, width = sizes(x)[-3:-1]
    top, left = _margin(height, part), _margin(width, part)
    return _part(x, top, left, height - 2 * top, width - 2 * left)


def _margin(size: Any, part: float) -> Any:
    if isinstance(size, int):
        return int((size - size * part) / 2)
    wide = m.cast(size, dtypes.float64)
    return m.cast((wide - wide * part) / 2, dtypes.int32)
