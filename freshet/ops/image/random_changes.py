"""Images changed at random: mirrored, cut, in colour. With state, or as functions of a seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import elementwise as e
from freshet.ops import lookup
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image import adjust
from freshet.ops.image.encoding import adjust_jpeg_quality
from freshet.ops.image.flip import mirrored
from freshet.ops.image.operands import image_operand
from freshet.ops.math import TensorLike
from freshet.ops.random import stateless_uniform, uniform
from freshet.ops.ranges import range as counted
from freshet.ops.sizes import shape_operand, sizes
from freshet.ops.slicing import getitem

Draw = Callable[..., Tensor]
"""``(shape, low, high, dtype) -> random numbers``."""


def _with_state(seed: int | None) -> Draw:
    def draw(shape: Any, low: Any, high: Any, dtype: Any = dtypes.float32) -> Tensor:
        return uniform(shape, low, high, dtype, seed)

    return draw


def _of_seed(seed: TensorLike) -> Draw:
    def draw(shape: Any, low: Any, high: Any, dtype: Any = dtypes.float32) -> Tensor:
        return stateless_uniform(shape, seed, low, high, dtype)

    return draw


# --- mirrored -------------------------------------------------------------------------------------


def _flipped(name: str, image: TensorLike, axis: int, draw: Draw) -> Tensor:
    x = image_operand(f"image.{name}", image)
    shape = [sizes(x)[0], 1, 1, 1] if x.ndim == 4 else []
    heads = m.less(draw(shape, 0.0, 1.0), 0.5)
    return e.select_p(a.broadcast_like(heads, x), mirrored(x, axis), x)


def random_flip_left_right(image: TensorLike, seed: int | None = None) -> Tensor:
    """Return images, each with its columns in reverse order with probability 1/2.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        seed: Of this operation, beside the global one.

    Example:
        >>> random_flip_left_right([[[1], [2]]]).shape
        TensorShape([1, 2, 1])
    """
    return _flipped("random_flip_left_right", image, -2, _with_state(seed))


def random_flip_up_down(image: TensorLike, seed: int | None = None) -> Tensor:
    """Return images, each with its rows in reverse order with probability 1/2.

    Arguments as for `random_flip_left_right`.
    """
    return _flipped("random_flip_up_down", image, -3, _with_state(seed))


def stateless_random_flip_left_right(image: TensorLike, seed: TensorLike) -> Tensor:
    """Return images, each with its columns in reverse order if the seed says so.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        seed: Two integers.
    """
    return _flipped("stateless_random_flip_left_right", image, -2, _of_seed(seed))


def stateless_random_flip_up_down(image: TensorLike, seed: TensorLike) -> Tensor:
    """Return images, each with its rows in reverse order if the seed says so.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        seed: Two integers.
    """
    return _flipped("stateless_random_flip_up_down", image, -3, _of_seed(seed))


# --- cut ------------------------------------------------------------------------------------------


def _cropped(name: str, value: TensorLike, size: Any, draw: Draw) -> Tensor:
    x = convert_to_tensor(value)
    if isinstance(size, Tensor) and size.shape[:] == (None,):
        size = a.reshape_p(size, shape=(x.ndim,))
    operands, wanted = shape_operand(f"image.{name}", size)
    if len(wanted) != x.ndim:
        raise InvalidArgumentError(
            f"image.{name}: size must have one number for each dimension of {x._type}, received "
            f"{size}"
        )
    parts = [getitem(operands[0], d) if s is None else s for d, s in enumerate(wanted)]
    # Numbers without a bound, as the bounds may be known later only.
    numbers = draw([x.ndim], 0, dtypes.int32.max, dtypes.int32)
    for d, (old, new) in enumerate(zip(sizes(x), parts, strict=True)):
        if isinstance(old, int) and isinstance(new, int):
            if new > old:
                raise InvalidArgumentError(
                    f"image.{name}: the size {size} must not be above that of {x._type}"
                )
            if new == old:
                continue
        room = m.cast(convert_to_tensor(old - new + 1), dtypes.int32)
        start = m.floormod(getitem(numbers, d), room)
        x = lookup.gather_p(x, start + counted(new), axis=d)
    return x


def random_crop(
    value: TensorLike, size: Any, seed: int | None = None, name: str | None = None
) -> Tensor:
    """Return a part of a tensor, at a place that is random in each dimension.

    Args:
        value: Any tensor.
        size: The shape of the part; a dimension of the same size stays as it is.
        seed: Of this operation, beside the global one.
        name: Ignored.

    Raises:
        InvalidArgumentError: A size is above that of the tensor.

    Example:
        >>> random_crop([[1, 1, 1], [1, 1, 1]], [1, 2]).numpy().tolist()
        [[1, 1]]
    """
    return _cropped("random_crop", value, size, _with_state(seed))


def stateless_random_crop(
    value: TensorLike, size: Any, seed: TensorLike, name: str | None = None
) -> Tensor:
    """Return a part of a tensor, at the place of a seed: two integers.

    Other arguments as for `random_crop`.
    """
    return _cropped("stateless_random_crop", value, size, _of_seed(seed))


# --- in colour ------------------------------------------------------------------------------------


def _range(name: str, lower: float, upper: float) -> None:
    if not 0 <= lower < upper:
        raise InvalidArgumentError(
            f"image.{name}: expected 0 <= lower < upper, received lower={lower}, upper={upper}"
        )


def _around_zero(name: str, max_delta: float, most: float = float("inf")) -> None:
    if not 0 <= max_delta <= most:
        raise InvalidArgumentError(
            f"image.{name}: max_delta must be in [0, {most}], received {max_delta}"
        )


def _brightness(name: str, image: TensorLike, max_delta: float, draw: Draw) -> Tensor:
    _around_zero(name, max_delta)
    return adjust.adjust_brightness(image, draw([], -max_delta, max_delta))


def _contrast(name: str, image: TensorLike, lower: float, upper: float, draw: Draw) -> Tensor:
    _range(name, lower, upper)
    return adjust.adjust_contrast(image, draw([], lower, upper))


def _saturation(name: str, image: TensorLike, lower: float, upper: float, draw: Draw) -> Tensor:
    _range(name, lower, upper)
    return adjust.adjust_saturation(image, draw([], lower, upper))


def _hue(name: str, image: TensorLike, max_delta: float, draw: Draw) -> Tensor:
    _around_zero(name, max_delta, 0.5)
    return adjust.adjust_hue(image, draw([], -max_delta, max_delta))


def _jpeg_quality(name: str, image: TensorLike, low: int, high: int, draw: Draw) -> Tensor:
    if not 0 <= low < high <= 100:
        raise InvalidArgumentError(
            f"image.{name}: expected 0 <= min_jpeg_quality < max_jpeg_quality <= 100, received "
            f"{low} and {high}"
        )
    return adjust_jpeg_quality(image, draw([], low, high, dtypes.int32))


def random_brightness(image: TensorLike, max_delta: float, seed: int | None = None) -> Tensor:
    """Apply `adjust_brightness` with one random number in ``[-max_delta, max_delta)``.

    Args:
        image: Real numbers of any shape.
        max_delta: Not below 0.
        seed: Of this operation, beside the global one.

    Raises:
        InvalidArgumentError: `max_delta` is negative.

    Example:
        >>> random_brightness([0.5], 0.0).numpy().tolist()
        [0.5]
    """
    return _brightness("random_brightness", image, max_delta, _with_state(seed))


def stateless_random_brightness(image: TensorLike, max_delta: float, seed: TensorLike) -> Tensor:
    """Apply `adjust_brightness` with the number in ``[-max_delta, max_delta)`` of a seed."""
    return _brightness("stateless_random_brightness", image, max_delta, _of_seed(seed))


def random_contrast(
    image: TensorLike, lower: float, upper: float, seed: int | None = None
) -> Tensor:
    """Apply `adjust_contrast` with one random factor in ``[lower, upper)``.

    Args:
        image: [..., height, width, channels].
        lower: The least factor, not below 0.
        upper: The end, above `lower`.
        seed: Of this operation, beside the global one.

    Raises:
        InvalidArgumentError: The range is empty or begins below 0.
    """
    return _contrast("random_contrast", image, lower, upper, _with_state(seed))


def stateless_random_contrast(
    image: TensorLike, lower: float, upper: float, seed: TensorLike
) -> Tensor:
    """Apply `adjust_contrast` with the factor in ``[lower, upper)`` of a seed: two integers."""
    return _contrast("stateless_random_contrast", image, lower, upper, _of_seed(seed))


def random_saturation(
    image: TensorLike, lower: float, upper: float, seed: int | None = None
) -> Tensor:
    """Apply `adjust_saturation` with one random factor in ``[lower, upper)``.

    Arguments as for `random_contrast`; images have three channels.
    """
    return _saturation("random_saturation", image, lower, upper, _with_state(seed))


def stateless_random_saturation(
    image: TensorLike, lower: float, upper: float, seed: TensorLike
) -> Tensor:
    """Apply `adjust_saturation` with the factor in ``[lower, upper)`` of a seed: two integers."""
    return _saturation("stateless_random_saturation", image, lower, upper, _of_seed(seed))


def random_hue(image: TensorLike, max_delta: float, seed: int | None = None) -> Tensor:
    """Apply `adjust_hue` with one random number in ``[-max_delta, max_delta)``.

    Args:
        image: [..., height, width, 3].
        max_delta: In [0, 0.5].
        seed: Of this operation, beside the global one.

    Raises:
        InvalidArgumentError: `max_delta` is outside its range.
    """
    return _hue("random_hue", image, max_delta, _with_state(seed))


def stateless_random_hue(image: TensorLike, max_delta: float, seed: TensorLike) -> Tensor:
    """Apply `adjust_hue` with the number in ``[-max_delta, max_delta)`` of a seed."""
    return _hue("stateless_random_hue", image, max_delta, _of_seed(seed))


def random_jpeg_quality(
    image: TensorLike, min_jpeg_quality: int, max_jpeg_quality: int, seed: int | None = None
) -> Tensor:
    """Apply `adjust_jpeg_quality` with one random quality.

    Args:
        image: [height, width, channels], 1 or 3 channels.
        min_jpeg_quality: The least quality, not below 0.
        max_jpeg_quality: The end, which is never reached; at most 100.
        seed: Of this operation, beside the global one.

    Raises:
        InvalidArgumentError: The range is empty, or not within 0 and 100.
    """
    draw = _with_state(seed)
    return _jpeg_quality("random_jpeg_quality", image, min_jpeg_quality, max_jpeg_quality, draw)


def stateless_random_jpeg_quality(
    image: TensorLike, min_jpeg_quality: int, max_jpeg_quality: int, seed: TensorLike
) -> Tensor:
    """Apply `adjust_jpeg_quality` with the quality of a seed: two integers.

    Other arguments as for `random_jpeg_quality`.
    """
    low, high = min_jpeg_quality, max_jpeg_quality
    return _jpeg_quality("stateless_random_jpeg_quality", image, low, high, _of_seed(seed))
