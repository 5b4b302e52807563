"""Convolution layers that treat each channel by itself."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import activations, constraints, initializers, regularizers
from freshet.keras.layers.convolution import data_format_of, padding_of, tuple_of
from freshet.keras.layers.layer import Layer
from freshet.ops import nn
from freshet.ops.depthwise_convolution import depthwise_conv


class BaseDepthwiseConv(Layer):
    """What the depthwise convolutions share; the rank is the number of spatial dimensions.

    y[i, c*depth_multiplier + m] = activation(sum over k of
    x[strides*i + dilation_rate*k - pad, c] * kernel[k, c, m] + bias[c*depth_multiplier + m])

    Args:
        kernel_size: Size of the window.
        strides: Distance between windows.
        padding: "valid" (none) or "same" (as many windows as inputs, for a stride of 1).
        depth_multiplier: Number of outputs for each channel.
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the elements of a window.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        depthwise_initializer: Of the kernel; Glorot & Bengio's uniform by default.
        bias_initializer: Zeros by default.
        depthwise_regularizer: Of the kernel, added to the loss.
        bias_regularizer: Added to the loss.
        activity_regularizer: Of the output, added to the loss.
        depthwise_constraint: Applied to the kernel after each update.
        bias_constraint: Applied after each update.
        **kwargs: As for `Layer`.
    """

    rank = 2

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        kind, rank = type(self).__name__, self.rank
        if not isinstance(depth_multiplier, int) or depth_multiplier <= 0:
            raise InvalidArgumentError(
                f"{kind}: depth_multiplier must be a positive integer, received "
                f"{depth_multiplier!r}"
            )
        self.kernel_size = tuple_of(kind, "kernel_size", kernel_size, rank)
        self.strides = tuple_of(kind, "strides", strides, rank)
        self.padding = padding_of(kind, padding)
        self.depth_multiplier = depth_multiplier
        self.data_format = data_format_of(kind, data_format)
        self.dilation_rate = tuple_of(kind, "dilation_rate", dilation_rate, rank)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        channels = self._channels_of(input_shape)
        self._channels = channels
        self.kernel = self._depthwise_weight("kernel")
        self.bias = self._bias_weight(channels * self.depth_multiplier)

    def _depthwise_weight(self, name: str) -> Any:
        return self.add_weight(
            (*self.kernel_size, self._channels, self.depth_multiplier), self.depthwise_initializer,
            name=name, regularizer=self.depthwise_regularizer, constraint=self.depthwise_constraint,
        )  # fmt: skip

    def _bias_weight(self, size: int) -> Any:
        if not self.use_bias:
            return None
        return self.add_weight(
            (size,), self.bias_initializer, name="bias", regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
        )  # fmt: skip

    def _channels_of(self, shape: Any) -> int:
        axis = -1 if self.data_format == "channels_last" else 1
        if len(shape) != self.rank + 2 or shape[axis] is None:
            where = "[batch, spatial..., channels]"
            if self.data_format == "channels_first":
                where = "[batch, channels, spatial...]"
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected an input of rank "
                f"{self.rank + 2} {where} with a known number of channels, received shape {shape}"
            )
        return int(shape[axis])

    def _check_input(self, args: tuple[Any, ...]) -> None:
        if self._channels_of(args[0].shape) != self._channels:
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected {self._channels} channels, "
                f"as when the layer was built, received shape {args[0].shape}"
            )

    @property
    def _layout(self) -> str | None:
        return None if self.data_format == "channels_last" else "NC"

    def _convolved(self, x: Tensor, kernel: Any) -> Tensor:
        return depthwise_conv(
            x, kernel, self.strides, self.padding.upper(), self._layout, self.dilation_rate
        )

    def _finished(self, y: Tensor) -> Tensor:
        if self.bias is not None:
            y = nn.bias_add(y, self.bias, self._layout)
        activated: Tensor = self.activation(y)
        return activated

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return self._finished(self._convolved(x, self.kernel))


class DepthwiseConv1D(BaseDepthwiseConv):
    """Convolution of each channel by itself over one dimension; see `BaseDepthwiseConv`.

    Call arguments:
        x: float[batch, steps, channels].

    Returns:
        float[batch, new steps, channels * depth_multiplier].
    """

    rank = 1


class DepthwiseConv2D(BaseDepthwiseConv):
    """Convolution of each channel by itself over two dimensions; see `BaseDepthwiseConv`.

    Call arguments:
        x: float[batch, height, width, channels].

    Returns:
        float[batch, new height, new width, channels * depth_multiplier].

    Example:
        >>> import freshet as ft
        >>> DepthwiseConv2D(3, depth_multiplier=2)(ft.ones([1, 8, 8, 5])).shape
        TensorShape([1, 6, 6, 10])
    """

    rank = 2


class BaseSeparableConv(BaseDepthwiseConv):
    """What the separable convolutions share: each channel by itself, then a mix of the channels.

    y[i, f] = activation(sum over c, m of deep[i, c*depth_multiplier + m] *
    pointwise_kernel[c*depth_multiplier + m, f] + bias[f])

    where ``deep`` is what `BaseDepthwiseConv` computes with `depthwise_kernel`, without bias.

    Args:
        filters: Number of output channels.
        kernel_size: Size of the window.
        strides: Distance between windows.
        padding: "valid" (none) or "same" (as many windows as inputs, for a stride of 1).
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the elements of a window.
        depth_multiplier: Number of outputs of the first step for each channel.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        depthwise_initializer: Glorot & Bengio's uniform by default.
        pointwise_initializer: Glorot & Bengio's uniform by default.
        bias_initializer: Zeros by default.
        depthwise_regularizer: Added to the loss.
        pointwise_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        activity_regularizer: Of the output, added to the loss.
        depthwise_constraint: Applied after each update.
        pointwise_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        **kwargs: As for `Layer`.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate, activation,
            use_bias, depthwise_initializer, bias_initializer, depthwise_regularizer,
            bias_regularizer, activity_regularizer, depthwise_constraint, bias_constraint, **kwargs,
        )  # fmt: skip
        if not isinstance(filters, int) or filters <= 0:
            raise InvalidArgumentError(
                f"{type(self).__name__}: filters must be a positive integer, received {filters!r}"
            )
        self.filters = filters
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Any) -> None:
        """Make both kernels and the bias."""
        channels = self._channels_of(input_shape)
        self._channels = channels
        self.depthwise_kernel = self._depthwise_weight("depthwise_kernel")
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer, name="pointwise_kernel",
            regularizer=self.pointwise_regularizer, constraint=self.pointwise_constraint,
        )  # fmt: skip
        self.bias = self._bias_weight(self.filters)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        deep = self._convolved(x, self.depthwise_kernel)
        return self._finished(nn.convolution(deep, self.pointwise_kernel, 1, "VALID", self._layout))


class SeparableConv1D(BaseSeparableConv):
    """Separable convolution over one dimension; arguments as for `BaseSeparableConv`.

    Call arguments:
        x: float[batch, steps, channels].

    Returns:
        float[batch, new steps, filters].
    """

    rank = 1


class SeparableConv2D(BaseSeparableConv):
    """Separable convolution over two dimensions; arguments as for `BaseSeparableConv`.

    Call arguments:
        x: float[batch, height, width, channels].

    Returns:
        float[batch, new height, new width, filters].

    Example:
        >>> import freshet as ft
        >>> SeparableConv2D(7, 3, padding="same")(ft.ones([1, 8, 8, 5])).shape
        TensorShape([1, 8, 8, 7])

    Source: Chollet 2017, arXiv:1610.02357, section 3.
    """

    rank = 2
