"""Grey-scale dilation and erosion of images."""

from __future__ import annotations

import itertools
import math
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import shaping
from freshet.ops.array import pad_p, slice_p
from freshet.ops.conversion import binary_operands
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max
from freshet.ops.windows import SAME, Padding, window_options


def dilation2d(
    input: TensorLike, filters: TensorLike, strides: Any, padding: Padding, data_format: str,
    dilations: Any, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the largest sum of a window's elements and a filter.

    ``y[n, i, j, c] = max over k, l of  x[n, stride*i + dilation*k - pad, stride*j + dilation*l -
    pad, c] + w[k, l, c]``

    What padding adds never is the largest. Where several are, they share the gradient.

    Args:
        input: Numbers[batch, height, width, channels].
        filters: Numbers[height, width, channels].
        strides: Distance between windows: four numbers, of which the outer ones are 1.
        padding: "SAME" or "VALID".
        data_format: Only "NHWC".
        dilations: Distance between a window's elements: four numbers, of which the outer ones are
            1.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> x, w = [[[[1.0], [5.0], [2.0]]]], [[[0.0], [10.0]]]
        >>> dilation2d(x, w, [1] * 4, "VALID", "NHWC", [1] * 4).numpy().reshape(-1).tolist()
        [15.0, 12.0]

    Source: Serra 1982, "Image analysis and mathematical morphology".
    """
    return _dilated("dilation2d", *binary_operands("dilation2d", input, filters), strides, padding,
                    data_format, dilations)  # fmt: skip


def erosion2d(
    value: TensorLike, filters: TensorLike, strides: Any, padding: Padding, data_format: str,
    dilations: Any, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the least difference of a window's elements and a filter.

    ``y[n, i, j, c] = min over k, l of  x[n, stride*i + dilation*k - pad, stride*j + dilation*l -
    pad, c] - w[-k, -l, c]``

    Arguments as for `dilation2d`: it is that of the negative, with the filter turned around.

    Example:
        >>> x, w = [[[[1.0], [5.0], [2.0]]]], [[[0.0], [0.0]]]
        >>> erosion2d(x, w, [1] * 4, "VALID", "NHWC", [1] * 4).numpy().reshape(-1).tolist()
        [1.0, 2.0]
    """
    x, w = binary_operands("erosion2d", value, filters)
    turned = shaping.reverse(w, [0, 1])
    return -_dilated("erosion2d", -x, turned, strides, padding, data_format, dilations)


def _dilated(
    name: str, x: Tensor, w: Tensor, strides: Any, padding: Padding, data_format: str,
    dilations: Any,
) -> Tensor:  # fmt: skip
    if data_format != "NHWC":
        raise InvalidArgumentError(f"{name}: data_format must be 'NHWC', received {data_format!r}")
    if x.ndim != 4 or w.ndim != 3 or None in w.shape[:2]:
        raise InvalidArgumentError(
            f"{name}: expected an input [batch, height, width, channels] and a filter "
            f"[height, width, channels] of known size, received {x._type} and {w._type}"
        )
    if x.shape[3] not in {None, w.shape[2]} and w.shape[2] is not None:
        raise InvalidArgumentError(
            f"{name}: the input {x._type} and the filter {w._type} differ in channels"
        )
    kernel = tuple(int(k) for k in w.shape[:2] if k is not None)
    steps, pads, gaps = window_options(
        name, x.shape[1:3], kernel, strides, padding, dilations, channels_first=False
    ).values()
    if pads == SAME:
        raise InvalidArgumentError(
            f"{name}: padding 'SAME' with a stride needs an image of known size, received {x._type}"
        )
    if any(n for pair in pads for n in pair):
        least = -math.inf if x.dtype.is_floating else x.dtype.min
        x = pad_p(x, paddings=((0, 0), *pads, (0, 0)), value=least)
    for size, k, d in zip(x.shape[1:3], kernel, gaps, strict=True):
        if size is not None and size < (k - 1) * d + 1:
            raise InvalidArgumentError(f"{name}: the filter {w._type} does not fit into {x._type}")
    shifted = [
        slice_p(x, spec=(_ALL, *map(_part, at, kernel, steps, gaps), _ALL)) + w[at[0], at[1]]
        for at in itertools.product(*map(range, kernel))
    ]
    return reduce_max(shaping.stack(shifted, 0), 0) if len(shifted) > 1 else shifted[0]


_ALL = (None, None, None)


def _part(k: int, kernel: int, step: int, gap: int) -> tuple[int, int | None, int]:
    """Return the slice of the elements that kernel position k meets."""
    after = (kernel - 1 - k) * gap
    return k * gap, -after if after else None, step
