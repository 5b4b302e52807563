"""Transposed convolutions: the gradient of a convolution for its input, as operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import convolution_primitives as c
from freshet.ops import shaping
from freshet.ops.conversion import binary_operands
from freshet.ops.math import TensorLike
from freshet.ops.sizes import shape_operand
from freshet.ops.sizes import sizes as known_sizes
from freshet.ops.windows import (
    Padding,
    channels_come_first,
    channels_first,
    channels_last,
    output_sizes,
    window_options,
)


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
            Of spatial sizes alone, the batch is that of `input` and the channels the filter's.
        strides: Strides of the convolution.
        padding: Padding of the convolution.
        data_format: With "NC...", channels come second, also in `output_shape`.
        dilations: Dilations of the convolution; 1 by default.
        name: Ignored.

    Raises:
        InvalidArgumentError: A convolution of `output_shape` has not the shape of `input`.

    Example:
        >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]]], [1, 4, 1], 2).numpy().tolist()
        [[[1.0], [0.0], [2.0], [0.0]]]
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
    """Return `conv_transpose` over one dimension; arguments as there.

    Example:
        >>> conv1d_transpose([[[1.0], [2.0]]], [[[1.0]]], [1, 4, 1], 2).numpy().tolist()
        [[[1.0], [0.0], [2.0], [0.0]]]
    """
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
    """Return `conv_transpose` over depth, height and width; arguments as there.

    Example:
        >>> float(conv3d_transpose([[[[[2.0]]]]], [[[[[3.0]]]]], [1, 1, 1, 1, 1], 1))
        6.0
    """
    return _transposed(
        "conv3d_transpose", 3, input, filters, output_shape, strides, padding, data_format,
        dilations,
    )  # fmt: skip


def atrous_conv2d_transpose(
    value: TensorLike, filters: TensorLike, output_shape: Any, rate: int, padding: Padding,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the transpose of `atrous_conv2d`: `conv2d_transpose` with ``dilations=rate``.

    Args:
        value: float[batch, height, width, channels].
        filters: float[height, width, output channels, channels].
        output_shape: Shape of the result.
        rate: Distance between a window's elements.
        padding: "SAME" or "VALID".
        name: Ignored.

    Example:
        >>> x, w = [[[[5.0]]]], [[[[1.0]], [[2.0]]]]
        >>> atrous_conv2d_transpose(x, w, [1, 1, 3, 1], 2, "VALID").numpy().reshape(3).tolist()
        [5.0, 0.0, 10.0]
    """
    return _transposed(
        "atrous_conv2d_transpose", 2, value, filters, output_shape, 1, padding, None, int(rate)
    )


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
    first = channels_come_first(name, data_format, n)
    operands, sizes = shape_operand(name, output_shape)
    if len(sizes) == n:
        inner = [operands[0][d] if s is None else s for d, s in enumerate(sizes)]
        channels = [int(w.shape[-2] or 0)]
        whole = [*channels, *inner] if first else [*inner, *channels]
        operands, sizes = shape_operand(name, [known_sizes(x)[0], *whole])
    if len(sizes) != n + 2:
        raise InvalidArgumentError(
            f"{name}: output_shape must have {n + 2} sizes, or the {n} spatial ones, received "
            f"{len(sizes)}"
        )
    if first:
        last = [0, *range(2, n + 2), 1]
        x = channels_last(x)
        sizes = tuple(sizes[d] for d in last)
        operands = tuple(shaping.stack([shape[d] for d in last]) for shape in operands)
    kernel = tuple(int(k) for k in w.shape[:n] if k is not None)
    params = window_options(
        name, sizes[1:-1], kernel, strides, padding, dilations, channels_first=first
    )
    _check_fits(name, x, w, sizes, (kernel, *params.values()))
    y = c.convolution_input_gradient_p(x, w, *operands, shape=sizes, **params, grouped=False)
    return channels_first(y) if first else y


def _check_fits(
    name: str, x: Tensor, w: Tensor, sizes: Sequence[Any], params: tuple[Any, ...]
) -> None:
    """Refuse an output shape whose convolution does not have the shape of `x`."""
    forward = output_sizes(sizes[1:-1], *params)
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
