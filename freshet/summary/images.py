"""Image summaries."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Array
from freshet.ops.conversion import convert_to_tensor
from freshet.summary.state import reject_tracing
from freshet.summary.tensors import PluginMetadata, write
from freshet.summary.whole_number import whole_number

_PLUGIN: Final = "images"
_MODES: Final = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Pillow's name for images of so many channels."""


def image(
    name: str,
    data: Any,
    step: Any = None,
    max_outputs: int = 3,
    description: str | None = None,
) -> bool:
    """Write images, as PNG.

    Args:
        name: What TensorBoard shows; summaries of one name make one series.
        data: [N, H, W, C] with 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) channels. Floats are
            from 0 to 1, integers from 0 to the largest of their dtype; what is outside is clipped.
        step: Where it stands in the series: a whole number or a variable. That of
            `ft.summary.experimental.set_step` by default.
        max_outputs: How many of the N images are written at most.
        description: Markdown that TensorBoard shows beside the images.

    Returns:
        Whether it was written: False without a default writer, or if `ft.summary.record_if` says
        so.

    Raises:
        InvalidArgumentError: `data` has another shape, `max_outputs` is negative, or there is a
            default writer but no step.
        DTypeError: `data` holds bools or strings, or the step is not a whole number.
        UnimplementedError: The call is inside a function that `ft.function` traces.

    Example:
        >>> image("noise", np.zeros([1, 8, 8, 3]), step=1)  # there is no default writer
        False
    """
    reject_tracing("ft.summary.image")
    return write(
        name or "image_summary",
        lambda: _encode(data, max_outputs),
        step,
        PluginMetadata(_PLUGIN, description),
    )


def _encode(data: Any, max_outputs: Any) -> Array:
    """Return strings: width, height, then a PNG file for each image."""
    tensor = convert_to_tensor(data)
    if tensor.shape.rank != 4 or tensor.shape[3] not in _MODES:
        raise InvalidArgumentError(
            "ft.summary.image: data must be [N, H, W, C] with 1 to 4 channels, received "
            f"{tensor._type}"
        )
    count = whole_number("ft.summary.image", "max_outputs", max_outputs, least=0)
    array = tensor._value
    strings = [str(array.shape[2]).encode(), str(array.shape[1]).encode()]
    strings += [_png(pixels) for pixels in to_pixels(array[:count])]
    return np.array(strings, object)


def to_pixels(array: Array) -> Array:
    """Return an image as uint8, clipped to what that can hold.

    Floats are multiplied by 255.5 and cut off, integers divided (int8: multiplied) by a power of 2,
    so that the largest value of the dtype becomes 255 (254 for int8). NaN becomes 0.

    Raises:
        DTypeError: The array is not of numbers.

    Example:
        >>> to_pixels(np.array([0.0, 0.5, 2.0])).tolist()
        [0, 127, 255]

    Source: TensorFlow's `tf.image.convert_image_dtype` with ``saturate=True``.
    """
    dtype = dtypes.of_array(array)
    if dtype == dtypes.uint8:
        return array
    if dtype == dtypes.int8:
        return np.left_shift(np.clip(array, 0, None).astype(np.uint8), 1)
    if dtype.is_floating:
        scaled: Array = array * array.dtype.type(255.5)
        scaled = np.where(np.isnan(scaled), np.zeros_like(scaled), scaled)
    elif dtype.is_integer:
        scaled = np.floor_divide(array, array.dtype.type((dtype.max + 1) // 256))
    else:
        raise DTypeError(
            f"ft.summary.image: data must be floats from 0 to 1, or integers, received {dtype.name}"
        )
    pixels: Array = np.clip(scaled, 0, 255).astype(np.uint8)
    return pixels


def _png(pixels: Array) -> bytes:
    # Most programs write no images and need no Pillow.
    from PIL import Image  # noqa: PLC0415

    height, width, channels = pixels.shape
    if not height or not width:
        raise InvalidArgumentError(
            f"ft.summary.image: an image must have pixels, received {height} rows of {width}"
        )
    picture = Image.frombytes(_MODES[channels], (width, height), pixels.tobytes())
    file = io.BytesIO()
    picture.save(file, format="PNG")
    return file.getvalue()
