"""Convolutions of each channel by itself, and separable ones."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import convolution_primitives as c
from freshet.ops import shaping
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.convolution import convolution
from freshet.ops.math import TensorLike
from freshet.ops.sizes import shape_operand, static_integers
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.windows import (
    Padding,
    channels_come_first,
    channels_first,
    channels_last,
    window_options,
)


def depthwise_conv(
    input: TensorLike, filters: TensorLike, strides: Any, padding: Padding,
    data_format: str | None = None, dilations: Any = None,
) -> Tensor:  # fmt: skip
    """Convolve each channel by itself, over any number of dimensions.

    ``y[n, i, c*multiplier + m] = sum over k of  x[n, stride*i + dilation*k - pad, c] * w[k, c, m]``

    Args:
        input: float[batch, spatial..., channels].
        filters: float[kernel..., channels, multiplier].
        strides: Distance between windows.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: With "NC...", channels come second.
        dilations: Distance between a window's elements; 1 by default.

    Returns:
        float[batch, new spatial..., channels * multiplier].
    """
    x, w = binary_operands("depthwise_conv", input, filters)
    sizes = [int(n) for n in w.shape if n is not None]
    if w.ndim < 3 or len(sizes) < w.ndim:
        raise InvalidArgumentError(
            f"depthwise_conv: filters must be [kernel..., channels, multiplier], received {w._type}"
        )
    first = channels_come_first("depthwise_conv", data_format, w.ndim - 2)
    channels = x.shape[1 if first else -1] if x.ndim == w.ndim else None
    if channels not in {None, sizes[-2]}:
        raise InvalidArgumentError(
            f"depthwise_conv: the input {x._type} has {channels} channels, the filter {w._type} is "
            f"for {sizes[-2]}"
        )
    if channels is None and x.ndim == w.ndim:
        # Grouping needs the number of channels, which the filter knows.
        axis = 1 if first else x.ndim - 1
        known = [sizes[-2] if d == axis else s for d, s in enumerate(known_sizes(x))]
        x = shaping.reshape(x, known)
    # [k, c, m] holds, channel by channel, what a grouped filter [k, 1, c * m] does.
    flat = shaping.reshape(w, [*sizes[:-2], 1, sizes[-2] * sizes[-1]])
    return convolution(x, flat, strides, padding, data_format, dilations)


def depthwise_conv2d(
    input: TensorLike, filter: TensorLike, strides: Any, padding: Padding,
    data_format: str | None = None, dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve each channel of an image by itself.

    Args:
        input: float[batch, height, width, channels].
        filter: float[height, width, channels, multiplier].
        strides: Distance between windows.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" or "NCHW".
        dilations: Distance between a window's elements; 1 by default.
        name: Ignored.

    Returns:
        float[batch, new height, new width, channels * multiplier].

    Example:
        >>> x = [[[[1.0, 10.0], [2.0, 20.0]]]]
        >>> depthwise_conv2d(x, [[[[1.0], [2.0]], [[1.0], [2.0]]]], 1, "VALID").numpy().tolist()
        [[[[3.0, 60.0]]]]
    """
    return depthwise_conv(input, filter, strides, padding, data_format, dilations)


def separable_conv2d(
    input: TensorLike, depthwise_filter: TensorLike, pointwise_filter: TensorLike, strides: Any,
    padding: Padding, data_format: str | None = None, dilations: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve each channel of an image by itself, then mix the channels.

    Args:
        input: float[batch, height, width, channels].
        depthwise_filter: float[height, width, channels, multiplier].
        pointwise_filter: float[1, 1, channels * multiplier, output channels].
        strides: Distance between the windows of the first step.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" or "NCHW".
        dilations: Distance between a window's elements; 1 by default.
        name: Ignored.

    Returns:
        float[batch, new height, new width, output channels].

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> x = [[[[1.0, 10.0], [2.0, 20.0]]]]
        >>> deep = [[[[1.0], [1.0]], [[1.0], [1.0]]]]
        >>> separable_conv2d(x, deep, [[[[1.0], [-1.0]]]], 1, "VALID").numpy().tolist()
        [[[[-27.0]]]]

    Source: Chollet 2017, arXiv:1610.02357.
    """
    mixing = convert_to_tensor(pointwise_filter)
    if mixing.ndim != 4 or tuple(mixing.shape[:2]) != (1, 1):
        raise InvalidArgumentError(
            "separable_conv2d: pointwise_filter must be [1, 1, channels * multiplier, output "
            f"channels], received {mixing._type}"
        )
    deep = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return convolution(deep, mixing, 1, "VALID", data_format)


# --- gradients, as operations of their own --------------------------------------------------------


def depthwise_conv2d_backprop_input(
    input_sizes: Any, filter: TensorLike, out_backprop: TensorLike, strides: Any, padding: Padding,
    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the gradient of `depthwise_conv2d` for its input.

    Args:
        input_sizes: Shape of the input, four numbers or a tensor of them.
        filter: float[height, width, channels, multiplier].
        out_backprop: Gradient for the convolution's result, of its shape.
        strides: As for the convolution; so are `padding`, `data_format` and `dilations`.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" or "NCHW".
        dilations: Distance between a window's elements.
        name: Ignored.

    Returns:
        A tensor of shape `input_sizes`.

    Example:
        >>> w, dy = [[[[2.0]], [[3.0]]]], [[[[1.0]]]]
        >>> depthwise_conv2d_backprop_input([1, 1, 2, 1], w, dy, 1, "VALID").numpy().tolist()
        [[[[2.0], [3.0]]]]
    """
    caller = "depthwise_conv2d_backprop_input"
    w, dy = binary_operands(caller, filter, out_backprop)
    first = channels_come_first(caller, data_format, 2)
    operands, sizes = shape_operand(caller, input_sizes)
    height, width, channels, multiplier = _filter_sizes(caller, w.shape)
    if first:
        last = [0, 2, 3, 1]
        dy, sizes = channels_last(dy), tuple(sizes[d] for d in last)
        operands = tuple(shaping.stack([shape[d] for d in last]) for shape in operands)
    params = _params(caller, sizes, (height, width), strides, padding, dilations, first)
    kernel = shaping.reshape(w, [height, width, 1, channels, multiplier])
    grouped = (*sizes[:-1], channels, 1)
    if operands:
        ends = shaping.constant([channels, 1], operands[0].dtype)
        operands = (shaping.concat([operands[0][:-1], ends], 0),)
    dx = c.convolution_input_gradient_p(
        _by_channel(dy, channels, multiplier), kernel, *operands, shape=grouped, **params
    )
    dx = shaping.reshape(dx, [*known_sizes(dx)[:-2], channels])
    return channels_first(dx) if first else dx


def depthwise_conv2d_backprop_filter(
    input: TensorLike, filter_sizes: Any, out_backprop: TensorLike, strides: Any, padding: Padding,
    data_format: str = "NHWC", dilations: Any = (1, 1, 1, 1), name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the gradient of `depthwise_conv2d` for its filter.

    Args:
        input: float[batch, height, width, channels].
        filter_sizes: Shape of the filter: four numbers that are known.
        out_backprop: Gradient for the convolution's result, of its shape.
        strides: As for the convolution; so are `padding`, `data_format` and `dilations`.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" or "NCHW".
        dilations: Distance between a window's elements.
        name: Ignored.

    Returns:
        A tensor of shape `filter_sizes`.

    Example:
        >>> x, dy = [[[[2.0], [3.0]]]], [[[[10.0]]]]
        >>> depthwise_conv2d_backprop_filter(x, [1, 2, 1, 1], dy, 1, "VALID").numpy().tolist()
        [[[[20.0]], [[30.0]]]]
    """
    caller = "depthwise_conv2d_backprop_filter"
    x, dy = binary_operands(caller, input, out_backprop)
    first = channels_come_first(caller, data_format, 2)
    if first:
        x, dy = channels_last(x), channels_last(dy)
    height, width, channels, multiplier = _filter_sizes(
        caller, static_integers(caller, "filter_sizes", filter_sizes)
    )
    params = _params(caller, x.shape, (height, width), strides, padding, dilations, first)
    dw = c.convolution_filter_gradient_p(
        shaping.expand_dims(x, -1), _by_channel(dy, channels, multiplier),
        shape=(height, width, 1, channels, multiplier), **params,
    )  # fmt: skip
    return shaping.reshape(dw, [height, width, channels, multiplier])


def _filter_sizes(caller: str, shape: Any) -> tuple[int, ...]:
    if len(shape) != 4 or None in shape:
        raise InvalidArgumentError(
            f"{caller}: the filter's shape must be [height, width, channels, multiplier], all "
            f"known, received {tuple(shape)}"
        )
    return tuple(int(n) for n in shape)


def _by_channel(dy: Tensor, channels: int, multiplier: int) -> Tensor:
    return shaping.reshape(dy, [*known_sizes(dy)[:-1], channels, multiplier])


def _params(
    caller: str, sizes: Any, kernel: tuple[int, ...], strides: Any, padding: Padding,
    dilations: Any, first: bool,
) -> dict[str, Any]:  # fmt: skip
    options = window_options(
        caller, sizes[1:-1], kernel, strides, padding, dilations, channels_first=first
    )
    return {**options, "grouped": True}
