"""Transposed convolution layers: from a coarse grid to a finer one."""

from __future__ import annotations

from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.convolution import BaseConv, tuple_of
from freshet.ops import nn, shaping
from freshet.ops.transposed_convolution import conv_transpose


class BaseConvTranspose(BaseConv):
    """What the transposed convolutions share; the rank is the number of spatial dimensions.

    y[strides*i + dilation_rate*k - pad, c] += x[i, f] * kernel[k, c, f], then bias and activation

    The size of the output is ``input * strides`` with padding "same" and ``(input - 1) * strides +
    max(reach of the window, strides)`` with "valid"; with `output_padding`, ``(input - 1) * strides
    + reach - 2 * (reach // 2) + output_padding`` and ``(input - 1) * strides + reach +
    output_padding``.

    Args:
        filters: Number of output channels.
        kernel_size: Size of the window.
        strides: Distance between the windows in the output.
        padding: "valid" or "same".
        output_padding: Elements added at the end of each dimension, fewer than `strides`; chosen by
            default so that the sizes are as above.
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the elements of a window.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Glorot & Bengio's uniform by default.
        bias_initializer: Zeros by default.
        kernel_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        activity_regularizer: Of the output, added to the loss.
        kernel_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        **kwargs: As for `Layer`.
    """

    not_in_config: ClassVar[frozenset[str]] = frozenset({"groups"})

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        kind, rank = type(self).__name__, self.rank
        if "groups" in kwargs:
            raise InvalidArgumentError(f"{kind}: unknown argument 'groups'")
        super().__init__(
            filters, kernel_size, strides, padding, data_format, dilation_rate, 1, activation,
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer,
            activity_regularizer, kernel_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        self.output_padding = None
        if output_padding is not None:
            extra = tuple_of(kind, "output_padding", output_padding, rank, least=0)
            if any(n >= step for n, step in zip(extra, self.strides, strict=True)):
                raise InvalidArgumentError(
                    f"{kind}: output_padding must be less than strides={self.strides}, received "
                    f"{output_padding!r}"
                )
            self.output_padding = extra

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, self.filters, channels)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        last = self.data_format == "channels_last"
        layout = None if last else "NC"
        spatial = range(1, 1 + self.rank) if last else range(2, 2 + self.rank)
        rows = [self._along(d) for d in range(self.rank)]
        known = shaping.sizes(x)
        sizes = [
            (known[axis] - 1) * step + reach + after
            for axis, step, (reach, after, _) in zip(spatial, self.strides, rows, strict=True)
        ]
        shape = [known[0], *sizes, self.filters] if last else [known[0], self.filters, *sizes]
        y = conv_transpose(
            x, self.kernel, shape, self.strides, [pads for _, _, pads in rows], layout,
            self.dilation_rate,
        )  # fmt: skip
        if self.bias is not None:
            y = nn.bias_add(y, self.bias, layout)
        activated: Tensor = self.activation(y)
        return activated

    def _along(self, d: int) -> tuple[int, int, tuple[int, int]]:
        """Return, along a dimension, a window's reach, what the size exceeds it by, and padding.

        The size is ``(input - 1) * stride + reach + excess``; the padding is that of the
        convolution which this one transposes.
        """
        stride = self.strides[d]
        reach = (self.kernel_size[d] - 1) * self.dilation_rate[d] + 1
        extra = None if self.output_padding is None else self.output_padding[d]
        if self.padding == "valid":
            excess = max(stride - reach, 0) if extra is None else extra
            return reach, excess, (0, 0)
        # What padding takes away at both ends together; less at the front if it is odd.
        cut = reach - stride if extra is None else reach - reach % 2 - extra
        before = max(cut // 2, 0)
        return reach, -cut, (before, max(cut - before, 0))


class Conv1DTranspose(BaseConvTranspose):
    """Transposed convolution over one dimension; arguments as for `BaseConvTranspose`.

    Call arguments:
        x: float[batch, steps, channels].

    Returns:
        float[batch, new steps, filters].

    Example:
        >>> import freshet as ft
        >>> Conv1DTranspose(4, 3, strides=2)(ft.ones([1, 8, 2])).shape
        TensorShape([1, 17, 4])
    """

    rank = 1


class Conv2DTranspose(BaseConvTranspose):
    """Transposed convolution over two dimensions; arguments as for `BaseConvTranspose`.

    Call arguments:
        x: float[batch, height, width, channels].

    Returns:
        float[batch, new height, new width, filters].

    Example:
        >>> import freshet as ft
        >>> Conv2DTranspose(4, 5, strides=2, padding="same")(ft.ones([1, 7, 7, 2])).shape
        TensorShape([1, 14, 14, 4])
    """

    rank = 2


class Conv3DTranspose(BaseConvTranspose):
    """Transposed convolution over three dimensions; arguments as for `BaseConvTranspose`.

    Call arguments:
        x: float[batch, depth, height, width, channels].

    Returns:
        float[batch, new depth, new height, new width, filters].
    """

    rank = 3
