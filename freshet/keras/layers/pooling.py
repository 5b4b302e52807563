"""Pooling layers: the largest element or the mean of each window, or of everything."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.convolution import data_format_of, padding_of, tuple_of
from freshet.keras.layers.layer import Layer
from freshet.ops import nn
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast, where
from freshet.ops.reduction import reduce_max, reduce_mean, reduce_sum
from freshet.ops.shaping import expand_dims, zeros_like


class BasePooling(Layer):
    """What the pooling layers share; the rank is the number of spatial dimensions.

    Args:
        pool_size: Size of the window.
        strides: Distance between windows; `pool_size` by default, so that they do not overlap.
        padding: "valid" (none) or "same" (a window for every `strides` inputs).
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    """

    rank = 2
    largest = True

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        kind = type(self).__name__
        self.pool_size = tuple_of(kind, "pool_size", pool_size, self.rank)
        steps = self.pool_size if strides is None else strides
        self.strides = tuple_of(kind, "strides", steps, self.rank)
        self.padding = padding_of(kind, padding)
        self.data_format = data_format_of(kind, data_format)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args[0].shape, self.rank)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        layout = None if self.data_format == "channels_last" else "NC"
        pool = nn.max_pool if self.largest else nn.avg_pool
        return pool(x, self.pool_size, self.strides, self.padding.upper(), layout)


def _check_rank(layer: Layer, shape: Any, rank: int) -> None:
    if len(shape) != rank + 2:
        raise InvalidArgumentError(
            f"layer {layer.name!r} ({type(layer).__name__}): expected an input of rank {rank + 2} "
            f"(batch, {rank} spatial, channels), received shape {shape}"
        )


class MaxPooling1D(BasePooling):
    """Largest element of each window over one dimension; arguments as for `BasePooling`."""

    rank = 1


class MaxPooling2D(BasePooling):
    """Largest element of each window over two dimensions; arguments as for `BasePooling`.

    Call arguments:
        x: Numbers[batch, height, width, channels].

    Example:
        >>> import freshet as ft
        >>> MaxPooling2D()(ft.ones([1, 4, 4, 3])).shape
        TensorShape([1, 2, 2, 3])
    """


class MaxPooling3D(BasePooling):
    """Largest element of each window over three dimensions; arguments as for `BasePooling`."""

    rank = 3


class AveragePooling1D(BasePooling):
    """Mean of each window over one dimension; arguments as for `BasePooling`."""

    rank, largest = 1, False


class AveragePooling2D(BasePooling):
    """Mean of each window over two dimensions; arguments as for `BasePooling`.

    What "same" padding adds does not count.
    """

    largest = False


class AveragePooling3D(BasePooling):
    """Mean of each window over three dimensions; arguments as for `BasePooling`."""

    rank, largest = 3, False


class BaseGlobalPooling(Layer):
    """What the global pooling layers share.

    Args:
        data_format: "channels_last" or "channels_first".
        keepdims: Keep the spatial dimensions with size 1.
        **kwargs: As for `Layer`.
    """

    rank = 2
    largest = True

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of(type(self).__name__, data_format)
        self.keepdims = keepdims

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args[0].shape, self.rank)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        first = 1 if self.data_format == "channels_last" else 2
        axes = list(range(first, first + self.rank))
        reduce = reduce_max if self.largest else reduce_mean
        return reduce(x, axes, self.keepdims)


class GlobalMaxPooling1D(BaseGlobalPooling):
    """Largest element over one dimension; arguments as for `BaseGlobalPooling`."""

    rank = 1


class GlobalMaxPooling2D(BaseGlobalPooling):
    """Largest element over height and width; arguments as for `BaseGlobalPooling`."""


class GlobalAveragePooling1D(BaseGlobalPooling):
    """Mean over one dimension, of the steps that count; arguments as for `BaseGlobalPooling`.

    Call arguments:
        x: float[batch, steps, features], or with "channels_first" float[batch, features, steps].
        mask: bool[batch, steps]; steps where it is False do not count.
    """

    rank, largest = 1, False

    def call(self, x: Tensor, mask: Any = None) -> Tensor:
        """Apply the layer."""
        if mask is None:
            return super().call(x)
        last = self.data_format == "channels_last"
        kept = cast(expand_dims(convert_to_tensor(mask), 2 if last else 1), "bool")
        axis = 1 if last else 2
        total = reduce_sum(where(kept, x, zeros_like(x)), axis, self.keepdims)
        return total / reduce_sum(cast(kept, x.dtype), axis, self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: the steps are gone."""
        del inputs, previous_mask


class GlobalAveragePooling2D(BaseGlobalPooling):
    """Mean over height and width; arguments as for `BaseGlobalPooling`.

    Example:
        >>> import freshet as ft
        >>> GlobalAveragePooling2D()(ft.ones([1, 4, 4, 3])).numpy().tolist()
        [[1.0, 1.0, 1.0]]
    """

    largest = False


class GlobalMaxPooling3D(BaseGlobalPooling):
    """Largest element over depth, height and width; arguments as for `BaseGlobalPooling`."""

    rank = 3


class GlobalAveragePooling3D(BaseGlobalPooling):
    """Mean over depth, height and width; arguments as for `BaseGlobalPooling`."""

    rank, largest = 3, False
