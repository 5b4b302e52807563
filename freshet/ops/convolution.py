"""Convolutions by name, for one to three dimensions: the public functions.

Their primitives are in `freshet.ops.convolution_primitives`. Convolutions of single channels are in
`freshet.ops.depthwise_convolution`, transposed ones in `freshet.ops.transposed_convolution`.
"""

from __future__ import annotations

from typing import Any

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import convolution_primitives as c
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.array import expand_dims_p
from freshet.ops.conversion import binary_operands
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.windows import (
    Padding,
    channels_come_first,
    channels_first,
    channels_last,
    window_options,
)


def convolution(
    input: TensorLike, filters: TensorLike, strides: Any = None, padding: Padding = "VALID",
    data_format: str | None = None, dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over all spatial dimensions.

    ``y[n, i, f] = sum over k, c of  x[n, stride*i + dilation*k - pad, c] * w[k, c, f]``

    Args:
        input: float[batch, spatial..., channels]; with a `data_format` that starts with "NC", the
            channels come second.
        filters: float[kernel..., channels, output channels]. Fewer channels than the input has, a
            divisor of them, make a grouped convolution.
        strides: Distance between windows, one or one per dimension; 1 by default.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" (or "NWC", "NDHWC") or "NCHW".
        dilations: Distance between a window's elements; 1 by default.
        name: Ignored.

    Returns:
        float[batch, windows..., output channels], or with the channels second.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> convolution([[[1.0], [2.0], [4.0]]], [[[1.0]], [[-1.0]]]).numpy().tolist()
        [[[-1.0], [-2.0]]]
    """
    x, w = binary_operands("convolution", input, filters)
    rank = w.ndim - 2
    if rank < 1 or x.ndim != rank + 2:
        raise InvalidArgumentError(
            f"convolution: a filter of rank {w.ndim} needs an input of rank {w.ndim}, received "
            f"input {x._type} and filter {w._type}"
        )
    first = channels_come_first("convolution", data_format, rank)
    if first:
        x = channels_last(x)
    if None in w.shape or 0 in w.shape:
        raise InvalidArgumentError(
            f"convolution: expected a filter of known shape with one element or more, received "
            f"{w._type}"
        )
    kernel = tuple(int(k) for k in w.shape[:rank] if k is not None)
    params = window_options(
        "convolution", x.shape[1:-1], kernel, strides, padding, dilations, channels_first=first
    )
    groups = _groups(x, w)
    if groups == 1:
        y = c.convolution_p(x, w, grouped=False, **params)
    else:
        y = _grouped(x, w, groups, params)
    return channels_first(y) if first else y


def _groups(x: Tensor, w: Tensor) -> int:
    channels, per_group, outputs = x.shape[-1], w.shape[-2], w.shape[-1]
    if channels is None or channels == per_group:
        return 1
    fits = per_group and channels % per_group == 0 and (outputs or 0) % (channels // per_group) == 0
    if not fits:
        raise InvalidArgumentError(
            f"convolution: the input {x._type} has {channels} channels, the filter {w._type} takes "
            f"{per_group}; they must be equal (or divide both channels, for groups)"
        )
    return channels // (per_group or 1)


def _grouped(x: Tensor, w: Tensor, groups: int, params: dict[str, Any]) -> Tensor:
    per_group = (w.shape[-1] or 0) // groups
    kernel = shaping.reshape(w, [*w.shape[:-1], groups, per_group])
    split = shaping.reshape(x, [*known_sizes(x)[:-1], groups, w.shape[-2]])
    y = c.convolution_p(split, kernel, grouped=True, **params)
    return shaping.reshape(y, [*known_sizes(y)[:-2], w.shape[-1]])


# --- by the number of dimensions ------------------------------------------------------------------


def conv1d(
    input: TensorLike, filters: TensorLike, stride: Any, padding: Padding,
    data_format: str = "NWC", dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over one dimension, such as time.

    ``y[n, i, f] = sum over k, c of  x[n, stride*i + dilation*k - pad, c] * w[k, c, f]``

    Args:
        input: float[batch, width, channels]; more dimensions before these are batch as well.
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
        input: float[batch, height, width, channels]; more dimensions before these are batch as
            well.
        filters: float[height, width, channels, output channels].
        strides: Distance between windows, one or one per dimension.
        padding: "SAME", "VALID" or pairs of numbers.
        data_format: "NHWC" or "NCHW".
        dilations: Distance between a window's elements; 1 by default.
        name: Ignored.

    Returns:
        float[batch, new height, new width, output channels].

    Example:
        >>> conv2d([[[[1.0], [2.0]]]], [[[[3.0, 4.0]]]], 1, "SAME").numpy().tolist()
        [[[[3.0, 4.0], [6.0, 8.0]]]]
    """
    return _plain("conv2d", 2, input, filters, strides, padding, data_format, dilations)


def conv3d(
    input: TensorLike, filters: TensorLike, strides: Any, padding: Padding,
    data_format: str = "NDHWC", dilations: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Convolve over depth, height and width; arguments as for `conv2d`, with one dimension more.

    Example:
        >>> conv3d([[[[[2.0]]]]], [[[[[3.0]]]]], 1, "VALID").shape
        TensorShape([1, 1, 1, 1, 1])
    """
    return _plain("conv3d", 3, input, filters, strides, padding, data_format, dilations)


def _plain(
    name: str, rank: int, input: TensorLike, filters: TensorLike, strides: Any, padding: Padding,
    data_format: str | None, dilations: Any,
) -> Tensor:  # fmt: skip
    x, w = binary_operands(name, input, filters)
    if w.ndim != rank + 2 or x.ndim < rank + 2:
        raise InvalidArgumentError(
            f"{name}: expected an input of rank {rank + 2} or more and a filter of rank "
            f"{rank + 2}, received {x._type} and {w._type}"
        )
    if x.ndim == rank + 2:
        return convolution(x, w, strides, padding, data_format, dilations)
    known = known_sizes(x)
    lead = known[: x.ndim - rank - 1]
    flat = shaping.reshape(x, [-1, *known[len(lead) :]])
    y = convolution(flat, w, strides, padding, data_format, dilations)
    return shaping.reshape(y, [*lead, *known_sizes(y)[1:]])


def atrous_conv2d(
    value: TensorLike, filters: TensorLike, rate: int, padding: Padding, name: str | None = None
) -> Tensor:
    """Convolve over height and width with holes in the window: `conv2d` with ``dilations=rate``.

    Args:
        value: float[batch, height, width, channels].
        filters: float[height, width, channels, output channels].
        rate: Distance between a window's elements.
        padding: "SAME" or "VALID".
        name: Ignored.

    Example:
        >>> x = [[[[1.0], [2.0], [4.0]]]]
        >>> atrous_conv2d(x, [[[[1.0]], [[1.0]]]], 2, "VALID").numpy().tolist()
        [[[[5.0]]]]

    Source: Chen et al. 2015, arXiv:1412.7062, section 3.1.
    """
    if int(rate) < 1:
        raise InvalidArgumentError(f"atrous_conv2d: rate must be 1 or more, received {rate}")
    return conv2d(value, filters, 1, padding, dilations=int(rate))


# --- bias -----------------------------------------------------------------------------------------


@dispatched
def bias_add(
    value: TensorLike, bias: TensorLike, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """Add a vector to the channels: the last dimension, or the second with "NC...".

    Args:
        value: Numbers of rank 2 or more.
        bias: A vector with one number per channel.
        data_format: A word that starts with "NC" or with "N".
        name: Ignored.

    Raises:
        InvalidArgumentError: The bias is not a vector of as many numbers as there are channels.

    Example:
        >>> bias_add([[1.0, 2.0]], [10.0, 20.0]).numpy().tolist()
        [[11.0, 22.0]]
    """
    x, b = binary_operands("bias_add", value, bias)
    if data_format is not None and not data_format.startswith("N"):
        raise InvalidArgumentError(
            "bias_add: data_format must start with 'NC' or, for channels that come last, with 'N', "
            f"received {data_format!r}"
        )
    if not x.dtype.is_numeric:
        raise DTypeError(f"bias_add: expected numbers, received {x._type}")
    first = data_format is not None and data_format.startswith("NC")
    if b.ndim != 1 or x.ndim < 2:
        raise InvalidArgumentError(
            "bias_add: expected a value of rank 2 or more and a vector, received "
            f"{x._type} and {b._type}"
        )
    channels = x.shape[1 if first else -1]
    if channels is not None and b.shape[0] not in {None, channels}:
        raise InvalidArgumentError(
            f"bias_add: the value {x._type} has {channels} channels, the bias is {b._type}"
        )
    if first:
        b = expand_dims_p(b, axes=tuple(range(1, x.ndim - 1)))
    return m.add(x, b)
