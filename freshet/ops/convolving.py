"""Convolutions by name: transposed, depthwise, separable, and for one to three dimensions.

All of them are `freshet.ops.convolution` and its gradients under other names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import convolution as c
from freshet.ops import nn, shaping
from freshet.ops.conversion import binary_operands
from freshet.ops.math import TensorLike
from freshet.ops.nn import Padding

# --- plain ----------------------------------------------------------------------------------------


def conv1d(
    input: TensorLike, filters: TensorLike, stride: Any, padding: Padding,
    data_format: str = "NWC", dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over one dimension, such as time.

    ``y[n, i, f] = sum over k, c of  x[n, stride*i + dilation*k - pad, c] * w[k, c, f]``

    Args:
        input: float[batch, width, channels].
        filters: float[width, channels, output channels].
        stride: Distance between windows.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NWC" or "NCW".
        dilations: Distance between a window's elements; 1 by default.
        name: Ignored.

    Returns:
        float[batch, new width, output channels].

    Example:
        >>> conv1d([[[1.0], [2.0], [4.0]]], [[[1.0]], [[-1.0]]], 1, "VALID").numpy().tolist()
        [[[-1.0], [-2.0]]]
    """
    return _plain("conv1d", 1, input, filters, stride, padding, data_format, dilations)


def conv2d(
    input: TensorLike, filters: TensorLike, strides: Any, padding: Padding,
    data_format: str = "NHWC", dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over height and width.

    ``y[n, i, j, f] = sum over k, l, c of  x[n, stride*i + dilation*k - pad, stride*j + dilation*l -
    pad, c] * w[k, l, c, f]``

    Args:
        input: float[batch, height, width, channels].
        filters: float[height, width, channels, output channels].
        strides: Distance between windows, one or one per dimension.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" or "NCHW".
        dilations: Distance between a window's elements; 1 by default.
        name: Ignored.

    Returns:
        float[batch, new height, new width, output channels].
    """
    return _plain("conv2d", 2, input, filters, strides, padding, data_format, dilations)


def conv3d(
    input: TensorLike, filters: TensorLike, strides: Any, padding: Padding,
    data_format: str = "NDHWC", dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over depth, height and width; arguments as for `conv2d`, with one dimension more."""
    return _plain("conv3d", 3, input, filters, strides, padding, data_format, dilations)


def _plain(
    name: str, rank: int, input: TensorLike, filters: TensorLike, strides: Any, padding: Padding,
    data_format: str | None, dilations: Any,
) -> Tensor:  # fmt: skip
    x, w = binary_operands(name, input, filters)
    if w.ndim != rank + 2:
        raise InvalidArgumentError(f"{name}: a filter has rank {rank + 2}, received {w._type}")
    gaps = 1 if dilations is None else dilations
    return nn.convolution(x, w, strides, padding, data_format, gaps)


# --- depthwise and separable ----------------------------------------------------------------------


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
    # [k, c, m] holds, channel by channel, what a grouped filter [k, 1, c * m] does.
    flat = shaping.reshape(w, [*sizes[:-2], 1, sizes[-2] * sizes[-1]])
    gaps = 1 if dilations is None else dilations
    return nn.convolution(x, flat, strides, padding, data_format, gaps)


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
    """
    deep = depthwise_conv2d(input, depthwise_filter, strides, padding, data_format, dilations)
    return nn.convolution(deep, pointwise_filter, 1, "VALID", data_format)


# --- transposed -----------------------------------------------------------------------------------


def conv_transpose(
    input: TensorLike, filters: TensorLike, output_shape: Any, strides: Any,
    padding: Padding = "SAME", data_format: str | None = None, dilations: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the gradient of a convolution for its input, as an operation of its own.

    ``y[n, stride*i + dilation*k - pad, c] += x[n, i, f] * w[k, c, f]`` for all i, k and f

    Args:
        input: float[batch, spatial..., channels].
        filters: float[kernel..., output channels, channels].
        output_shape: Shape of the result, numbers or tensors: that of the convolution's input.
        strides: Strides of the convolution.
        padding: Padding of the convolution.
        data_format: With "NC...", channels come second, also in `output_shape`.
        dilations: Dilations of the convolution; 1 by default.
        name: Ignored.

    Raises:
        InvalidArgumentError: A convolution of `output_shape` has not the shape of `input`.
    """
    return _transposed(
        "conv_transpose", None, input, filters, output_shape, strides, padding, data_format,
        dilations,
    )  # fmt: skip


def conv1d_transpose(
    input: TensorLike, filters: TensorLike, output_shape: Any, strides: Any,
    padding: Padding = "SAME", data_format: str = "NWC", dilations: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `conv_transpose` over one dimension; arguments as there."""
    return _transposed(
        "conv1d_transpose", 1, input, filters, output_shape, strides, padding, data_format,
        dilations,
    )  # fmt: skip


def conv2d_transpose(
    input: TensorLike, filters: TensorLike, output_shape: Any, strides: Any,
    padding: Padding = "SAME", data_format: str = "NHWC", dilations: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `conv_transpose` over height and width; arguments as there.

    Example:
        >>> x, w = [[[[1.0]], [[2.0]]]], [[[[1.0]], [[10.0]]]]
        >>> conv2d_transpose(x, w, [1, 2, 2, 1], [1, 2]).numpy().reshape(2, 2).tolist()
        [[1.0, 10.0], [2.0, 20.0]]
    """
    return _transposed(
        "conv2d_transpose", 2, input, filters, output_shape, strides, padding, data_format,
        dilations,
    )  # fmt: skip


def conv3d_transpose(
    input: TensorLike, filters: TensorLike, output_shape: Any, strides: Any,
    padding: Padding = "SAME", data_format: str = "NDHWC", dilations: Any = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return `conv_transpose` over depth, height and width; arguments as there."""
    return _transposed(
        "conv3d_transpose", 3, input, filters, output_shape, strides, padding, data_format,
        dilations,
    )  # fmt: skip


def _transposed(
    name: str, rank: int | None, input: TensorLike, filters: TensorLike, output_shape: Any,
    strides: Any, padding: Padding, data_format: str | None, dilations: Any,
) -> Tensor:  # fmt: skip
    x, w = binary_operands(name, input, filters)
    n = w.ndim - 2 if rank is None else rank
    if w.ndim != n + 2 or x.ndim != n + 2 or n < 1 or None in w.shape:
        raise InvalidArgumentError(
            f"{name}: expected an input [batch, spatial..., channels] and a filter "
            f"[kernel..., output channels, channels], received {x._type} and {w._type}"
        )
    channels_first = bool(data_format) and str(data_format).startswith("NC")
    operands, sizes = shaping._shape_operand(name, output_shape)
    if len(sizes) != n + 2:
        raise InvalidArgumentError(
            f"{name}: output_shape must have {n + 2} sizes, received {len(sizes)}"
        )
    if channels_first:
        last = [0, *range(2, n + 2), 1]
        x = nn._channels_last(x)
        sizes = tuple(sizes[d] for d in last)
        operands = tuple(shaping.stack([shape[d] for d in last]) for shape in operands)
    steps = nn._ints(name, "strides", strides, n)
    gaps = nn._ints(name, "dilations", 1 if dilations is None else dilations, n)
    kernel = tuple(int(k) for k in w.shape[:n] if k is not None)
    pads = nn.explicit_padding(padding, sizes[1:-1], kernel, steps, gaps)
    _check_fits(name, x, w, sizes, (kernel, steps, pads, gaps))
    y = c.convolution_input_gradient_p(
        x, w, *operands, shape=sizes, strides=steps, padding=pads, dilations=gaps, grouped=False
    )
    return nn._channels_first(y) if channels_first else y


def _check_fits(
    name: str, x: Tensor, w: Tensor, sizes: Sequence[Any], params: tuple[Any, ...]
) -> None:
    """Refuse an output shape whose convolution does not have the shape of `x`."""
    forward = [
        c.output_size(size, k, s, pad, d)
        for size, k, s, pad, d in zip(sizes[1:-1], *params, strict=True)
    ]
    wanted = [sizes[0], *forward, w.shape[-1]]
    channels = sizes[-1] in {None, w.shape[-2]}
    if not channels or any(
        a is not None and b is not None and a != b for a, b in zip(wanted, x.shape, strict=True)
    ):
        shown = ",".join("?" if s is None else str(s) for s in sizes)
        raise InvalidArgumentError(
            f"{name}: the input {x._type} is not what a convolution of [{shown}] with the filter "
            f"{w._type} gives"
        )
