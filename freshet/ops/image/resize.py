"""Images of another size: ``ft.image.resize`` and its relatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import context, dtypes
from freshet.core.errors import InvalidArgumentError, OpError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import lookup, slicing
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image.crop_and_pad import pad_to_bounding_box
from freshet.ops.image.operands import image_operand, require, whole_number
from freshet.ops.image.resize_now import resized_images
from freshet.ops.image.resize_taps import (
    METHODS,
    boxed_size_p,
    fitted_size_p,
    resize_taps_p,
    taps,
)
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_sum
from freshet.ops.sizes import sizes
from freshet.ops.static import partly_known


class ResizeMethod:
    """Names of the methods of `resize`."""

    BILINEAR = "bilinear"
    NEAREST_NEIGHBOR = "nearest"
    BICUBIC = "bicubic"
    AREA = "area"
    LANCZOS3 = "lanczos3"
    LANCZOS5 = "lanczos5"
    GAUSSIAN = "gaussian"
    MITCHELLCUBIC = "mitchellcubic"


def resize(
    images: TensorLike, size: Any, method: str = ResizeMethod.BILINEAR,
    preserve_aspect_ratio: bool = False, antialias: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return images of another size.

    ``y[i, j] = sum over s and t of  u[i, s] * v[j, t] * x[s, t]``, with weights u and v of few
    neighbouring pixels, which the method decides.

    Args:
        images: [height, width, channels] or [batch, height, width, channels], real numbers.
        size: Height and width of the result.
        method: "bilinear"; "nearest"; "bicubic" (Keys, a = -1/2); "area", the mean over what a new
            pixel covers; "lanczos3", "lanczos5", with a radius of so many pixels; "gaussian", with
            a radius of 3 and a deviation of 1 half pixel steps; "mitchellcubic".
        preserve_aspect_ratio: Whether the result is the largest of the image's proportions that
            fits into `size`.
        antialias: Whether shrinking images takes all pixels into account, not those next to the
            new ones only. Of no effect for "nearest" and "area".
        name: Ignored.

    Returns:
        float32 images, whatever the dtype of `images`; "nearest" keeps the dtype.

    Raises:
        InvalidArgumentError: The images have neither 3 nor 4 dimensions or no pixels, the size is
            not two positive numbers, or the method is unknown.

    Example:
        >>> x = np.float32([[0.0, 4.0]])[:, :, None]
        >>> resize(x, [1, 4])[:, :, 0].numpy().tolist()
        [[0.0, 1.0, 3.0, 4.0]]
        >>> resize(x, [2, 2], "nearest")[:, :, 0].numpy().tolist()
        [[0.0, 4.0], [0.0, 4.0]]
    """
    x = image_operand("image.resize", images, "images")
    if method not in METHODS:
        raise InvalidArgumentError(
            f"image.resize: method must be one of {', '.join(METHODS)}, received {method!r}"
        )
    if x.dtype.kind not in {"int", "uint", "float"}:
        raise InvalidArgumentError(f"image.resize: images must be real numbers, not {x._type}")
    old = sizes(x)[-3:-1]
    new = _size(size)
    if preserve_aspect_ratio:
        new = _numbers(fitted_size_p(*map(_scalar, [*old, *new])))
    for part in new:
        require(part > 0, f"image.resize: size must be positive, received {size}")
    known = x._array is not None and all(isinstance(n, int) for n in new)
    if known and method != "nearest" and not context.state.recorders:
        both = (taps(n, m, method, antialias=antialias) for n, m in zip(old, new, strict=True))
        return Tensor._of_array(resized_images(x._value, *both))
    y = x if method == "nearest" else m.cast(x, dtypes.float32)
    for axis, before, after in zip((x.ndim - 3, x.ndim - 2), old, new, strict=True):
        y = _resized(y, axis, before, after, method, antialias)
    return y


def _size(size: Any) -> list[Any]:
    """Return height and width, each a number or a tensor."""
    wrong = f"image.resize: size must be two whole numbers, height and width, received {size!r}"
    if isinstance(size, Tensor) or not isinstance(size, (list, tuple)):
        try:
            tensor = convert_to_tensor(size)
        except OpError:
            raise InvalidArgumentError(wrong) from None
        if tensor.ndim != 1 or tensor.shape[0] not in {2, None} or not tensor.dtype.is_integer:
            raise InvalidArgumentError(wrong)
        return _numbers(tensor)
    if len(size) != 2:
        raise InvalidArgumentError(wrong)
    return [whole_number("image.resize", "size", s) for s in size]


def _numbers(vector: Tensor) -> list[Any]:
    """Return the elements of a vector of sizes, as numbers where these are known."""
    known = partly_known(vector)
    count = vector.shape[0] or 2
    parts = known if known is not None else [None] * count
    return [
        m.cast(slicing.getitem(vector, i), dtypes.int32) if part is None else int(part)
        for i, part in enumerate(parts)
    ]


def _scalar(size: Any) -> Tensor:
    return convert_to_tensor(size, dtype=dtypes.int32)


def _resized(x: Tensor, axis: int, old: Any, new: Any, method: str, antialias: bool) -> Tensor:
    """Return `x` with `new` elements along an axis of `old` ones."""
    if isinstance(old, int) and isinstance(new, int):
        places, weights = map(Tensor._of_array, taps(old, new, method, antialias=antialias))
    else:
        known = new if isinstance(new, int) else None
        places, weights = resize_taps_p.apply(
            (_scalar(old), _scalar(new)), {"known": known, "method": method, "antialias": antialias}
        )
    if method == "nearest":
        return lookup.gather_p(x, a.squeeze_p(places, axes=(1,)), axis=axis)
    found = lookup.gather_p(x, places, axis=axis)
    after = tuple(range(2, found.ndim - axis))
    return reduce_sum(m.multiply(found, a.expand_dims_p(weights, axes=after)), axis + 1)


def resize_with_pad(
    image: TensorLike, target_height: Any, target_width: Any,
    method: str = ResizeMethod.BILINEAR, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """Return images resized to fit a size in their own proportions, in the middle of zeros.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        target_height: Height of the result.
        target_width: Width of the result.
        method: One of `resize`.
        antialias: As for `resize`.

    Raises:
        InvalidArgumentError: As `resize`.

    Example:
        >>> resize_with_pad(np.ones([2, 4, 1], np.float32), 4, 4)[:, 0, 0].numpy().tolist()
        [0.0, 1.0, 1.0, 0.0]
    """
    x = image_operand("image.resize_with_pad", image)
    target = [
        whole_number("image.resize_with_pad", "target_height", target_height),
        whole_number("image.resize_with_pad", "target_width", target_width),
    ]
    for part in target:
        require(part > 0, f"image.resize_with_pad: the target {target} must be positive")
    found = boxed_size_p(*map(_scalar, [*sizes(x)[-3:-1], *target]))
    height, width, top, left = _numbers(found)
    resized = resize(x, [height, width], method, antialias=antialias)
    return pad_to_bounding_box(resized, top, left, *target)
