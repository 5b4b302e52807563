"""Convolution layers."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import activations, constraints, initializers, regularizers
from freshet.keras.layers.layer import Layer
from freshet.ops import nn


def tuple_of(
    layer: str, argument: str, value: Any, rank: int, *, least: int = 1
) -> tuple[int, ...]:
    """Return one number per spatial dimension.

    Raises:
        InvalidArgumentError: There are too few or many, or one is too small or no whole number.
    """
    items = (value,) * rank if isinstance(value, int) else tuple(value)
    good = len(items) == rank and all(isinstance(n, int) and n >= least for n in items)
    if not good:
        raise InvalidArgumentError(
            f"{layer}: {argument} must be a whole number of at least {least}, or {rank} of them, "
            f"received {value!r}"
        )
    return items


def data_format_of(layer: str, value: str | None) -> str:
    """Return "channels_last" (the default) or "channels_first"."""
    if value not in {None, "channels_last", "channels_first"}:
        raise InvalidArgumentError(
            f"{layer}: data_format must be 'channels_last' or 'channels_first', received {value!r}"
        )
    return value or "channels_last"


def padding_of(layer: str, value: str, allowed: tuple[str, ...] = ("valid", "same")) -> str:
    """Return a padding's name in lower case."""
    if not isinstance(value, str) or value.lower() not in allowed:
        raise InvalidArgumentError(
            f"{layer}: padding must be one of {', '.join(map(repr, allowed))}, received {value!r}"
        )
    return value.lower()


class BaseConv(Layer):
    """What the convolution layers share; the rank is the number of spatial dimensions.

    y[i, f] = activation(sum over k, c of x[strides*i + dilation_rate*k - pad, c] * kernel[k, c, f]
    + bias[f])

    Args:
        filters: Number of output channels.
        kernel_size: Size of the window.
        strides: Distance between windows.
        padding: "valid" (none) or "same" (as many windows as inputs, for a stride of 1).
        data_format: "channels_last" or "channels_first".
        dilation_rate: Distance between the elements of a window.
        groups: The channels are split into so many groups, each convolved by itself.
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

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        kind, rank = type(self).__name__, self.rank
        if not isinstance(filters, int) or filters <= 0:
            raise InvalidArgumentError(
                f"{kind}: filters must be a positive integer, received {filters!r}"
            )
        if groups < 1 or filters % groups:
            raise InvalidArgumentError(
                f"{kind}: filters must be a multiple of groups, received filters={filters} and "
                f"groups={groups}"
            )
        self.filters = filters
        self.kernel_size = tuple_of(kind, "kernel_size", kernel_size, rank)
        self.strides = tuple_of(kind, "strides", strides, rank)
        self.padding = padding_of(kind, padding)
        self.data_format = data_format_of(kind, data_format)
        self.dilation_rate = tuple_of(kind, "dilation_rate", dilation_rate, rank)
        self.groups = groups
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        self._check_rank(input_shape)
        channels = input_shape[-1 if self.data_format == "channels_last" else 1]
        if channels is None or channels % self.groups:
            raise InvalidArgumentError(
                f"the input's channels must be known and a multiple of groups={self.groups}, "
                f"received shape {input_shape} with data_format={self.data_format!r}"
            )
        self._channels = channels
        self.kernel = self.add_weight(
            self._kernel_shape(channels), self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.filters,), self.bias_initializer, name="bias",
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _kernel_shape(self, channels: int) -> tuple[int, ...]:
        return (*self.kernel_size, channels // self.groups, self.filters)

    def _check_rank(self, shape: Any) -> None:
        if len(shape) != self.rank + 2:
            where = "[batch, spatial..., channels]"
            if self.data_format == "channels_first":
                where = "[batch, channels, spatial...]"
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected an input of rank "
                f"{self.rank + 2} {where}, received shape {shape}"
            )

    def _check_input(self, args: tuple[Any, ...]) -> None:
        shape = args[0].shape
        self._check_rank(shape)
        channels = shape[-1 if self.data_format == "channels_last" else 1]
        if channels != self._channels:
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected {self._channels} channels, "
                f"as when the layer was built, received shape {shape}"
            )

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        layout = None if self.data_format == "channels_last" else "NC"
        y = nn.convolution(
            x, self.kernel, self.strides, self.padding.upper(), layout, self.dilation_rate
        )
        if self.bias is not None:
            y = nn.bias_add(y, self.bias, layout)
        activated: Tensor = self.activation(y)
        return activated


class Conv1D(BaseConv):
    """Convolution over one dimension, such as time; arguments as for `BaseConv`.

    Call arguments:
        x: float[batch, steps, channels].

    Returns:
        float[batch, new steps, filters].

    Example:
        >>> import freshet as ft
        >>> Conv1D(4, 3)(ft.ones([1, 8, 2])).shape
        TensorShape([1, 6, 4])
    """

    rank = 1


class Conv2D(BaseConv):
    """Convolution over two dimensions, such as an image's; arguments as for `BaseConv`.

    Call arguments:
        x: float[batch, height, width, channels].

    Returns:
        float[batch, new height, new width, filters].

    Example:
        >>> import freshet as ft
        >>> Conv2D(4, 3, padding="same")(ft.ones([1, 8, 8, 2])).shape
        TensorShape([1, 8, 8, 4])
    """

    rank = 2


class Conv3D(BaseConv):
    """Convolution over three dimensions, such as a volume's; arguments as for `BaseConv`.

    Call arguments:
        x: float[batch, depth, height, width, channels].

    Returns:
        float[batch, new depth, new height, new width, filters].

    Example:
        >>> import freshet as ft
        >>> Conv3D(4, 2)(ft.ones([1, 3, 3, 3, 2])).shape
        TensorShape([1, 2, 2, 2, 4])
    """

    rank = 3
