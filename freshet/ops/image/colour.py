"""Colour spaces: linear ones are a matrix product, hue and saturation a formula with cases.

Red, green and blue are the last dimension. Matrices: ITU-R BT.601 (YUV) and NTSC (YIQ). Hue and
saturation: A. R. Smith, "Color gamut transform pairs" (1978).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops.contraction import tensordot
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.elementwise_rules import ones_of, zeros_of
from freshet.ops.image.pixel_types import as_floats, convert_image_dtype
from freshet.ops.joining import concat, stack
from freshet.ops.math import TensorLike
from freshet.ops.slicing import getitem

Matrix = tuple[tuple[float, ...], ...]

_YIQ: Final[Matrix] = (
    (0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617),
    (0.114, -0.32134392, 0.31119955),
)  # fmt: skip
_FROM_YIQ: Final[Matrix] = (
    (1.0, 1.0, 1.0), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049),
)  # fmt: skip
_YUV: Final[Matrix] = (
    (0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512),
    (0.114, 0.43601035, -0.10001026),
)  # fmt: skip
_FROM_YUV: Final[Matrix] = (
    (1.0, 1.0, 1.0), (0.0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0.0),
)  # fmt: skip
_GREY: Final = (0.2989, 0.5870, 0.1140)


def colours(name: str, images: TensorLike, *, least: int = 1) -> Tensor:
    """Return images whose last dimension has size 3.

    Raises:
        InvalidArgumentError: It has another size.
    """
    x = convert_to_tensor(images)
    if x.ndim < least or x.shape[-1] not in {3, None}:
        raise InvalidArgumentError(
            f"{name}: the last dimension must hold red, green and blue, received {x._type}"
        )
    return x


def channels_of(x: Tensor) -> list[Tensor]:
    """Return the three channels, without the last dimension."""
    return [getitem(x, (..., c)) for c in range(3)]


# --- linear ---------------------------------------------------------------------------------------


def _product(name: str, images: TensorLike, matrix: Matrix) -> Tensor:
    x = colours(name, images)
    if not x.dtype.is_floating:
        raise InvalidArgumentError(
            f"{name}: images must be floating-point, received {x._type}; see "
            "ft.image.convert_image_dtype"
        )
    return tensordot(x, convert_to_tensor(np.array(matrix), dtype=x.dtype), [[-1], [0]])


def rgb_to_yiq(images: TensorLike) -> Tensor:
    """Convert floating-point colours [..., 3] to brightness and two chroma values, of NTSC.

    Example:
        >>> float(rgb_to_yiq([0.0, 1.0, 0.0])[0])
        0.5870000123977661
    """
    return _product("image.rgb_to_yiq", images, _YIQ)


def yiq_to_rgb(images: TensorLike) -> Tensor:
    """Convert what `rgb_to_yiq` gives back to colours.

    Example:
        >>> yiq_to_rgb([0.5, 0.0, 0.0]).numpy().tolist()
        [0.5, 0.5, 0.5]
    """
    return _product("image.yiq_to_rgb", images, _FROM_YIQ)


def rgb_to_yuv(images: TensorLike) -> Tensor:
    """Convert floating-point colours [..., 3] to brightness (0 to 1) and two chroma values.

    Chroma goes from -0.5 to 0.5.

    Example:
        >>> float(rgb_to_yuv([0.0, 1.0, 0.0])[0])
        0.5870000123977661
    """
    return _product("image.rgb_to_yuv", images, _YUV)


def yuv_to_rgb(images: TensorLike) -> Tensor:
    """Convert what `rgb_to_yuv` gives back to colours.

    Example:
        >>> yuv_to_rgb([0.5, 0.0, 0.0]).numpy().tolist()
        [0.5, 0.5, 0.5]
    """
    return _product("image.yuv_to_rgb", images, _FROM_YUV)


def rgb_to_grayscale(images: TensorLike, name: str | None = None) -> Tensor:
    """Return the brightness of colours: 0.2989 red + 0.587 green + 0.114 blue.

    Args:
        images: [..., 3], real numbers of any dtype, which the result has too.
        name: Ignored.

    Example:
        >>> rgb_to_grayscale(np.uint8([[255, 255, 255]])).numpy().tolist()
        [[255]]
    """
    x = colours("image.rgb_to_grayscale", images)
    pixels = as_floats("image.rgb_to_grayscale", x)
    weights = convert_to_tensor(np.array(_GREY)[:, None], dtype=pixels.dtype)
    return convert_image_dtype(tensordot(pixels, weights, [[-1], [0]]), x.dtype)


def grayscale_to_rgb(images: TensorLike, name: str | None = None) -> Tensor:
    """Return images [..., 1] with their only channel three times.

    Raises:
        InvalidArgumentError: There is not just one channel, or only one dimension.

    Example:
        >>> grayscale_to_rgb([[1], [2]]).numpy().tolist()
        [[1, 1, 1], [2, 2, 2]]
    """
    x = convert_to_tensor(images)
    if x.ndim < 2 or x.shape[-1] not in {1, None}:
        raise InvalidArgumentError(
            f"image.grayscale_to_rgb: images must be [..., 1] of two dimensions or more, received "
            f"{x._type}"
        )
    return concat([x, x, x], -1)


# --- hue ------------------------------------------------------------------------------------------


def hue_saturation_value(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return hue in [0, 1), saturation and value of colours [..., 3]."""
    red, green, blue = channels_of(x)
    value = m.maximum(red, m.maximum(green, blue))
    spread = value - m.minimum(red, m.minimum(green, blue))
    zero, one = zeros_of(value), ones_of(value)
    some = m.greater(value, zero)
    saturation = e.select_p(some, spread / e.select_p(some, value, one), zero)
    coloured = m.greater(spread, zero)
    sixth = one / (6.0 * e.select_p(coloured, spread, one))
    of_green = sixth * (blue - red) + 2.0 / 6.0
    of_blue = sixth * (red - green) + 4.0 / 6.0
    rest = e.select_p(m.equal(green, value), of_green, of_blue)
    hue = e.select_p(m.equal(red, value), sixth * (green - blue), rest)
    hue = e.select_p(coloured, hue, zero)
    return e.select_p(m.less(hue, zero), hue + 1.0, hue), saturation, value


def colours_of(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Return the colours of hue, saturation and value."""
    six = hue * 6.0
    ramps = [m.abs(six - 3.0) - 1.0, 2.0 - m.abs(six - 2.0), 2.0 - m.abs(six - 4.0)]
    parts = [m.clip_by_value(ramp, 0.0, 1.0) for ramp in ramps]
    return stack([((1.0 - saturation) + saturation * part) * value for part in parts], -1)


class ColourError(InvalidArgumentError, FailedPreconditionError):
    """Images without three channels; a failed precondition as well, as in TensorFlow."""


def _floating(name: str, images: Any) -> Tensor:
    try:
        x = colours(name, images)
    except InvalidArgumentError as error:
        raise ColourError(error.message) from None
    if not x.dtype.is_floating:
        raise InvalidArgumentError(f"{name}: images must be floating-point, received {x._type}")
    return x


def rgb_to_hsv(images: TensorLike, name: str | None = None) -> Tensor:
    """Convert colours to hue, saturation and value, each from 0 to 1.

    ``v = max(r, g, b)``, ``s = (v - min(r, g, b)) / v``; the hue is the place on the circle of
    colours: red at 0, green at 1/3, blue at 2/3.

    Args:
        images: float[..., 3], from 0 to 1.
        name: Ignored.

    Raises:
        InvalidArgumentError: The last dimension has another size, or the dtype is no float.

    Example:
        >>> rgb_to_hsv([0.0, 0.5, 0.0]).numpy().round(3).tolist()
        [0.3330000042915344, 1.0, 0.5]
    """
    return stack(list(hue_saturation_value(_floating("image.rgb_to_hsv", images))), -1)


def hsv_to_rgb(images: TensorLike, name: str | None = None) -> Tensor:
    """Convert hue, saturation and value, each from 0 to 1, to colours.

    Args:
        images: float[..., 3].
        name: Ignored.

    Raises:
        InvalidArgumentError: The last dimension has another size, or the dtype is no float.

    Example:
        >>> hsv_to_rgb([0.5, 1.0, 0.5]).numpy().tolist()
        [0.0, 0.5, 0.5]
    """
    hue, saturation, value = channels_of(_floating("image.hsv_to_rgb", images))
    return colours_of(hue, saturation, value)
