"""Layers that change the shape only."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.convolution import data_format_of, tuple_of
from freshet.keras.layers.layer import Layer
from freshet.ops import shaping


class Flatten(Layer):
    """Make one dimension of all but the batch.

    Args:
        data_format: With "channels_first" the channels are moved last before.
        **kwargs: As for `Layer`.

    Example:
        >>> import freshet as ft
        >>> Flatten()(ft.ones([2, 3, 4])).shape
        TensorShape([2, 12])
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_of("Flatten", data_format)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        if self.data_format == "channels_first" and x.ndim > 2:
            x = shaping.transpose(x, [0, *range(2, x.ndim), 1])
        rest = x.shape[1:]
        if None in rest:
            return shaping.reshape(x, [shaping.shape(x)[0], -1])
        size = math.prod(n for n in rest if n is not None)
        return shaping.reshape(x, [-1 if x.shape[0] is None else x.shape[0], size])


class Reshape(Layer):
    """Give all but the batch another shape.

    Args:
        target_shape: The new sizes without the batch; one may be -1 and is inferred.
        **kwargs: As for `Layer`.

    Raises:
        InvalidArgumentError: The sizes do not fit the input.

    Example:
        >>> import freshet as ft
        >>> Reshape((2, -1))(ft.ones([5, 12])).shape
        TensorShape([5, 2, 6])
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        sizes = list(self.target_shape)
        rest = x.shape[1:]
        if -1 in sizes and None not in rest:
            total = math.prod(n for n in rest if n is not None)
            known = math.prod(n for n in sizes if n != -1)
            if known == 0 or total % known:
                raise InvalidArgumentError(
                    f"the {total} elements of an example of shape {rest} do not divide into "
                    f"target_shape={self.target_shape}"
                )
            sizes[sizes.index(-1)] = total // known
        return shaping.reshape(x, [-1 if x.shape[0] is None else x.shape[0], *sizes])


class ZeroPadding2D(Layer):
    """Put zeros around an image.

    Args:
        padding: A number, (height, width), or ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(padding, int):
            padding = (padding, padding)
        self.padding = tuple(
            tuple_of("ZeroPadding2D", "padding", side, 2, least=0) for side in padding
        )
        self.data_format = data_format_of("ZeroPadding2D", data_format)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        none = (0, 0)
        last = self.data_format == "channels_last"
        pairs = [none, *self.padding, none] if last else [none, none, *self.padding]
        return shaping.pad(x, pairs)
