"""What the operations on images take: one image [height, width, channels], or a batch of them."""

from __future__ import annotations

from typing import Any

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.static import static_value


def image_operand(name: str, image: TensorLike, argument: str = "image") -> Tensor:
    """Return one image or a batch as a tensor.

    Raises:
        InvalidArgumentError: It has neither 3 nor 4 dimensions, or no pixels.
    """
    x = convert_to_tensor(image)
    if x.ndim not in {3, 4}:
        raise InvalidArgumentError(
            f"{name}: {argument} must be [height, width, channels] or [batch, height, width, "
            f"channels], received {x._type}"
        )
    if 0 in x.shape[-3:]:
        raise InvalidArgumentError(f"{name}: {argument} {x._type} has no pixels")
    return x


def images_operand(name: str, images: TensorLike) -> Tensor:
    """Return images with any number of dimensions before the last three.

    Raises:
        InvalidArgumentError: There are fewer than 3 dimensions.
    """
    x = convert_to_tensor(images)
    if x.ndim < 3:
        raise InvalidArgumentError(
            f"{name}: images must be [..., height, width, channels], received {x._type}"
        )
    return x


def batched(x: Tensor) -> Tensor:
    """Return an image as a batch of one; a batch as it is."""
    return a.expand_dims_p(x, axes=(0,)) if x.ndim == 3 else x


def unbatched(x: Tensor, like: Tensor) -> Tensor:
    """Return a batch without the dimension that `batched` gave to `like`."""
    return a.squeeze_p(x, axes=(0,)) if like.ndim == 3 else x


def whole_number(name: str, argument: str, value: Any) -> Any:
    """Return an argument as a Python integer, or as a scalar tensor if it is not known yet.

    Raises:
        InvalidArgumentError: It is not one whole number.
    """
    if isinstance(value, (Tensor, Variable)):
        tensor = convert_to_tensor(value)
        known = static_value(tensor)
        if known is None and not tensor.ndim and tensor.dtype.is_integer:
            return m.cast(tensor, dtypes.int32)
        value = None if known is None or known.ndim else known[()]
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise InvalidArgumentError(
            f"{name}: {argument} must be a whole number, received {value!r}"
        ) from None


def largest(x: Any, y: Any) -> Any:
    """Return the larger of two sizes, of which any may be a tensor."""
    return max(x, y) if isinstance(x, int) and isinstance(y, int) else m.maximum(x, y)


def smallest(x: Any, y: Any) -> Any:
    """Return the smaller of two sizes, of which any may be a tensor."""
    return min(x, y) if isinstance(x, int) and isinstance(y, int) else m.minimum(x, y)


def require(condition: bool | Tensor, message: str) -> None:
    """Raise `InvalidArgumentError` if a condition is known to be false.

    What is known only when a traced function runs fails in what is computed with it.
    """
    if isinstance(condition, Tensor):
        return
    if not condition:
        raise InvalidArgumentError(message)
