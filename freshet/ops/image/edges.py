"""Differences of neighbouring pixels: gradients, Sobel's filter, total variation."""

from __future__ import annotations

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.joining import concat, stack
from freshet.ops.math import TensorLike
from freshet.ops.padding import pad
from freshet.ops.reduction import reduce_sum
from freshet.ops.slicing import getitem


def _part(x: Tensor, axis: int, start: int | None, stop: int | None) -> Tensor:
    key = [slice(None)] * x.ndim
    key[axis] = slice(start, stop)
    return getitem(x, tuple(key))


def _steps(x: Tensor, axis: int) -> Tensor:
    return m.subtract(_part(x, axis, 1, None), _part(x, axis, None, -1))


def image_gradients(image: TensorLike) -> tuple[Tensor, Tensor]:
    """Return how each pixel differs from the next, down and across; 0 at the border.

    ``dy[b, i, j, c] = x[b, i + 1, j, c] - x[b, i, j, c]``, and dx likewise.

    Args:
        image: Numbers[batch, height, width, channels].

    Raises:
        InvalidArgumentError: It has another number of dimensions.

    Example:
        >>> dy, dx = image_gradients(np.float32([1, 2, 4, 8]).reshape(1, 2, 2, 1))
        >>> dy.numpy().reshape(-1).tolist(), dx.numpy().reshape(-1).tolist()
        ([3.0, 6.0, 0.0, 0.0], [1.0, 0.0, 4.0, 0.0])
    """
    x = convert_to_tensor(image)
    if x.ndim != 4:
        raise InvalidArgumentError(
            "image.image_gradients: image must be [batch, height, width, channels], received "
            f"{x._type}"
        )
    down = pad(_steps(x, 1), [[0, 0], [0, 1], [0, 0], [0, 0]])
    across = pad(_steps(x, 2), [[0, 0], [0, 0], [0, 1], [0, 0]])
    return down, across


def sobel_edges(image: TensorLike) -> Tensor:
    """Return the edges that Sobel's filters find, across and along the rows.

    ``dy = [[-1, -2, -1], [0, 0, 0], [1, 2, 1]]`` and its transpose dx, correlated with each
    channel of the image, which is mirrored at its border.

    Args:
        image: float[batch, height, width, channels], at least 2 rows and columns.

    Returns:
        float[batch, height, width, channels, 2]: dy and dx.

    Raises:
        InvalidArgumentError: It has another number of dimensions, or is too small.

    Example:
        >>> x = np.float32([[0, 0, 1, 1]] * 2).reshape(1, 2, 4, 1)
        >>> sobel_edges(x).numpy()[0, 0, :, 0].tolist()
        [[0.0, 0.0], [0.0, 4.0], [0.0, 4.0], [0.0, 0.0]]
    """
    x = convert_to_tensor(image)
    if x.ndim != 4:
        raise InvalidArgumentError(
            f"image.sobel_edges: image must be [batch, height, width, channels], received {x._type}"
        )
    framed = x
    for axis in (1, 2):
        if (size := x.shape[axis]) is not None and size < 2:
            raise InvalidArgumentError(
                f"image.sobel_edges: the image {x._type} needs 2 rows and 2 columns to be mirrored"
            )
        ends = [_part(framed, axis, 1, 2), framed, _part(framed, axis, -2, -1)]
        framed = concat(ends, axis)
    edges = []
    for axis, other in ((1, 2), (2, 1)):
        # Each filter is a difference along one direction and a smoothing along the other.
        steps = m.subtract(_part(framed, axis, 2, None), _part(framed, axis, None, -2))
        before, middle = _part(steps, other, None, -2), _part(steps, other, 1, -1)
        edges.append(m.add(m.add(before, m.add(middle, middle)), _part(steps, other, 2, None)))
    return stack(edges, -1)


def total_variation(images: TensorLike, name: str | None = None) -> Tensor:
    """Return how much neighbouring pixels differ: the sum of absolute differences.

    Args:
        images: [height, width, channels] or [batch, height, width, channels].
        name: Ignored.

    Returns:
        A scalar, or one number for each image of a batch.

    Raises:
        InvalidArgumentError: There are neither 3 nor 4 dimensions.

    Example:
        >>> float(total_variation(np.float32([[[1], [3]], [[0], [0]]])))
        6.0
    """
    x = convert_to_tensor(images)
    if x.ndim not in {3, 4}:
        raise InvalidArgumentError(
            "image.total_variation: images must be [height, width, channels] or a batch of them, "
            f"received {x._type}"
        )
    down, across = (m.abs(_steps(x, x.ndim + axis)) for axis in (-3, -2))
    return m.add(reduce_sum(down, [-3, -2, -1]), reduce_sum(across, [-3, -2, -1]))
