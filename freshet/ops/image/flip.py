"""Images mirrored and turned: views, which cost nothing in compiled code."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops.image.operands import image_operand
from freshet.ops.math import TensorLike
from freshet.ops.sizes import static_integer


def mirrored(x: Tensor, *axes: int) -> Tensor:
    """Return images with dimensions, counted from the end, in reverse order."""
    return a.reverse_p(x, axes=tuple(x.ndim + axis for axis in axes))


def _swapped(x: Tensor) -> Tensor:
    order = [*range(x.ndim - 3), x.ndim - 2, x.ndim - 3, x.ndim - 1]
    return a.transpose_p(x, perm=tuple(order))


def flip_left_right(image: TensorLike) -> Tensor:
    """Return images with their columns in reverse order.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].

    Example:
        >>> flip_left_right([[[1], [2]]])[:, :, 0].numpy().tolist()
        [[2, 1]]
    """
    return mirrored(image_operand("image.flip_left_right", image), -2)


def flip_up_down(image: TensorLike) -> Tensor:
    """Return images with their rows in reverse order.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].

    Example:
        >>> flip_up_down([[[1]], [[2]]])[:, :, 0].numpy().tolist()
        [[2], [1]]
    """
    return mirrored(image_operand("image.flip_up_down", image), -3)


def transpose(image: TensorLike, name: str | None = None) -> Tensor:
    """Return images with rows and columns exchanged.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        name: Ignored.

    Example:
        >>> transpose([[[1], [2]]])[:, :, 0].numpy().tolist()
        [[1], [2]]
    """
    return _swapped(image_operand("image.transpose", image))


def rot90(image: TensorLike, k: Any = 1, name: str | None = None) -> Tensor:
    """Return images turned counter-clockwise.

    Args:
        image: [height, width, channels] or [batch, height, width, channels].
        k: How many times by 90 degrees; any whole number.
        name: Ignored.

    Example:
        >>> rot90([[[1], [2]]])[:, :, 0].numpy().tolist()
        [[2], [1]]
    """
    x = image_operand("image.rot90", image)
    turns = static_integer("image.rot90", "k", k) % 4
    if turns == 1:
        return _swapped(mirrored(x, -2))
    if turns == 2:
        return mirrored(x, -3, -2)
    return mirrored(_swapped(x), -2) if turns == 3 else x
