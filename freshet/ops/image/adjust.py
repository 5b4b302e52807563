"""Images made brighter, sharper in contrast, more colourful; and to mean 0 and deviation 1.

Integer images are converted to numbers from 0 to 1, changed, and converted back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image.colour import channels_of, colours, colours_of, hue_saturation_value
from freshet.ops.image.operands import image_operand, images_operand
from freshet.ops.image.pixel_types import as_floats, convert_image_dtype
from freshet.ops.joining import stack
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_mean, reduce_prod, reduce_std
from freshet.ops.shaping import shape
from freshet.ops.static import static_value


def _amount(value: Any, x: Tensor) -> Tensor:
    """Return how much, in the dtype of the pixels."""
    return m.cast(convert_to_tensor(value), x.dtype)


def _known(value: Any) -> float | None:
    """Return a number if it is known."""
    found = static_value(convert_to_tensor(value))
    return None if found is None or found.ndim else float(found)


def adjust_brightness(image: TensorLike, delta: Any) -> Tensor:
    """Return images with a number added to each pixel.

    Args:
        image: Real numbers of any shape.
        delta: What is added to pixels from 0 to 1; for integer images as well.

    Returns:
        Images of the same dtype; integers stop at their dtype's range.

    Example:
        >>> adjust_brightness([0.25], 0.5).numpy().tolist()
        [0.75]
        >>> adjust_brightness(np.uint8([0, 200]), 0.5).numpy().tolist()
        [127, 255]
    """
    x = convert_to_tensor(image)
    pixels = as_floats("image.adjust_brightness", x)
    return convert_image_dtype(pixels + _amount(delta, pixels), x.dtype, saturate=True)


def adjust_contrast(images: TensorLike, contrast_factor: Any) -> Tensor:
    """Return images whose pixels differ more, or less, from each channel's mean.

    ``y = (x - mean) * contrast_factor + mean``, with the mean of each channel of each image.

    Args:
        images: [..., height, width, channels], real numbers.
        contrast_factor: The factor.

    Raises:
        InvalidArgumentError: There are fewer than 3 dimensions.

    Example:
        >>> adjust_contrast([[[1.0], [3.0]]], 2.0).numpy().reshape(-1).tolist()
        [0.0, 4.0]
    """
    x = images_operand("image.adjust_contrast", images)
    pixels = as_floats("image.adjust_contrast", x)
    mean = reduce_mean(pixels, [-3, -2], keepdims=True)
    changed = (pixels - mean) * _amount(contrast_factor, pixels) + mean
    return convert_image_dtype(changed, x.dtype, saturate=True)


def adjust_gamma(image: TensorLike, gamma: Any = 1, gain: Any = 1) -> Tensor:
    """Return ``gain * image**gamma``, of pixels from 0 to 1.

    Args:
        image: Real numbers of any shape.
        gamma: Not below 0; above 1 the image gets darker.
        gain: A factor.

    Raises:
        InvalidArgumentError: `gamma` is negative.

    Example:
        >>> adjust_gamma([0.5], 2.0, 3.0).numpy().tolist()
        [0.75]
    """
    x = convert_to_tensor(image)
    pixels = as_floats("image.adjust_gamma", x)
    known = _known(gamma)
    if known is not None and known < 0:
        raise InvalidArgumentError(f"image.adjust_gamma: gamma must be 0 or more, received {gamma}")
    changed = _amount(gain, pixels) * m.pow(pixels, _amount(gamma, pixels))
    return convert_image_dtype(changed, x.dtype, saturate=True)


def adjust_hue(image: TensorLike, delta: Any, name: str | None = None) -> Tensor:
    """Return colours turned on the circle of hues.

    Args:
        image: [..., height, width, 3], real numbers.
        delta: By how much, in [-1, 1]; 1 is the whole circle.
        name: Ignored.

    Raises:
        InvalidArgumentError: `delta` is outside its range, or there are not three channels.

    Example:
        >>> adjust_hue([[[1.0, 0.0, 0.0]]], 0.5).numpy().reshape(-1).tolist()
        [0.0, 1.0, 1.0]
    """
    known = _known(delta)
    if known is not None and not -1 <= known <= 1:
        raise InvalidArgumentError(f"image.adjust_hue: delta must be in [-1, 1], received {delta}")
    x = colours("image.adjust_hue", image, least=3)
    pixels = as_floats("image.adjust_hue", x)
    hue, _, value = hue_saturation_value(pixels)
    red, green, blue = channels_of(pixels)
    low = m.minimum(red, m.minimum(green, blue))
    six = m.floormod(hue * 6.0 + _amount(delta, pixels) * 6.0, 6.0)
    # Of colours outside 0 to 1 as well: what varies with the hue lies between two channels.
    ramps = [m.abs(six - 3.0) - 1.0, 2.0 - m.abs(six - 2.0), 2.0 - m.abs(six - 4.0)]
    parts = [low + (value - low) * m.clip_by_value(ramp, 0.0, 1.0) for ramp in ramps]
    return convert_image_dtype(stack(parts, -1), x.dtype)


def adjust_saturation(image: TensorLike, saturation_factor: Any, name: str | None = None) -> Tensor:
    """Return images whose colours are stronger, or paler.

    Their saturation (see `rgb_to_hsv`) is multiplied and stops at 0 and 1.

    Args:
        image: [..., height, width, 3], real numbers.
        saturation_factor: The factor; 0 gives shades of grey.
        name: Ignored.

    Raises:
        InvalidArgumentError: There are not three channels.

    Example:
        >>> adjust_saturation([[[1.0, 0.5, 0.5]]], 2.0).numpy().reshape(-1).tolist()
        [1.0, 0.0, 0.0]
    """
    x = colours("image.adjust_saturation", image, least=3)
    pixels = as_floats("image.adjust_saturation", x)
    hue, saturation, value = hue_saturation_value(pixels)
    stronger = m.clip_by_value(saturation * _amount(saturation_factor, pixels), 0.0, 1.0)
    return convert_image_dtype(colours_of(hue, stronger, value), x.dtype)


def per_image_standardization(image: TensorLike) -> Tensor:
    """Return each image with mean 0 and standard deviation 1.

    ``y = (x - mean) / max(deviation, 1 / sqrt(n))`` with the n numbers of an image; the bound keeps
    images of one colour at 0.

    Args:
        image: [..., height, width, channels], real numbers.

    Returns:
        float32 images.

    Raises:
        InvalidArgumentError: There are fewer than 3 dimensions.

    Example:
        >>> per_image_standardization([[[1], [3]]]).numpy().reshape(-1).tolist()
        [-1.0, 1.0]
    """
    x = m.cast(images_operand("image.per_image_standardization", image), dtypes.float32)
    if 0 in x.shape[-3:]:
        raise InvalidArgumentError(f"image.per_image_standardization: {x._type} has no pixels")
    axes = [-3, -2, -1]
    count = m.cast(reduce_prod(shape(x)[-3:]), dtypes.float32)
    deviation = m.maximum(reduce_std(x, axes, keepdims=True), m.rsqrt(count))
    return (x - reduce_mean(x, axes, keepdims=True)) / deviation
