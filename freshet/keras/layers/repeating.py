"""Layers that repeat or reorder their input: upsampling, `RepeatVector`, `Permute`."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Array, Tensor
from freshet.keras.layers.convolution import data_format_of, tuple_of
from freshet.keras.layers.layer import Layer
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg.einsum import einsum


def _check_rank(layer: Layer, args: tuple[Any, ...], rank: int) -> None:
    if args[0].ndim != rank:
        raise InvalidArgumentError(
            f"layer {layer.name!r} ({type(layer).__name__}): expected an input of rank {rank}, "
            f"received shape {args[0].shape}"
        )


class RepeatVector(Layer):
    """Repeat each vector.

    Args:
        n: How often.
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, features].

    Returns:
        Numbers[batch, n, features].

    Example:
        >>> RepeatVector(2)([[1.0, 2.0]]).numpy().tolist()
        [[[1.0, 2.0], [1.0, 2.0]]]
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int) or isinstance(n, bool) or n <= 0:
            raise InvalidArgumentError(
                f"RepeatVector: n must be a positive integer, received {n!r}"
            )
        self.n = n

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 2)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return shaping.repeat(shaping.expand_dims(x, 1), self.n, 1)


class Permute(Layer):
    """Put the dimensions after the batch into another order.

    Args:
        dims: For each dimension of the output, that of the input, counted from 1.
        **kwargs: As for `Layer`.

    Example:
        >>> import freshet as ft
        >>> Permute((2, 1))(ft.ones([1, 3, 4])).shape
        TensorShape([1, 4, 3])
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(int(d) for d in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise InvalidArgumentError(
                f"Permute: dims must hold each number from 1 to {len(self.dims)} once, received "
                f"{dims!r}"
            )

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, len(self.dims) + 1)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return shaping.transpose(x, [0, *self.dims])


class UpSampling1D(Layer):
    """Repeat each step of a sequence.

    Args:
        size: How often.
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, steps, channels].

    Returns:
        Numbers[batch, size * steps, channels].

    Example:
        >>> UpSampling1D(2)([[[1.0], [2.0]]]).numpy().reshape(-1).tolist()
        [1.0, 1.0, 2.0, 2.0]
    """

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
            raise InvalidArgumentError(
                f"UpSampling1D: size must be a positive integer, received {size!r}"
            )
        self.size = size

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 3)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return shaping.repeat(x, self.size, 1)


class UpSampling2D(Layer):
    """Enlarge images by whole factors.

    Args:
        size: The factor, or (height, width).
        data_format: "channels_last" or "channels_first".
        interpolation: "nearest" (each pixel is repeated) or "bilinear" (between the centres of
            pixels, the outermost repeated).
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, height, width, channels].

    Returns:
        Numbers[batch, size[0] * height, size[1] * width, channels].

    Example:
        >>> x = [[[[1.0], [3.0]]]]
        >>> UpSampling2D((1, 2))(x).numpy().reshape(-1).tolist()
        [1.0, 1.0, 3.0, 3.0]
        >>> UpSampling2D((1, 2), interpolation="bilinear")(x).numpy().reshape(-1).tolist()
        [1.0, 1.5, 2.5, 3.0]
    """

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size = tuple_of("UpSampling2D", "size", size, 2)
        self.data_format = data_format_of("UpSampling2D", data_format)
        self.interpolation = interpolation.lower()
        if self.interpolation in {"bicubic", "lanczos3", "lanczos5"}:
            raise UnimplementedError(
                f"UpSampling2D: interpolation={interpolation!r}; 'nearest' and 'bilinear' are there"
            )
        if self.interpolation not in {"nearest", "bilinear"}:
            raise InvalidArgumentError(
                "UpSampling2D: interpolation must be 'nearest' or 'bilinear', received "
                f"{interpolation!r}"
            )

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 4)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        first = 1 if self.data_format == "channels_last" else 2
        for d, factor in enumerate(self.size):
            if self.interpolation == "nearest":
                x = shaping.repeat(x, factor, first + d)
            else:
                x = _interpolated(x, factor, first + d)
        return x


def _interpolated(x: Tensor, factor: int, axis: int) -> Tensor:
    size = x.shape[axis]
    if size is None:
        raise InvalidArgumentError(
            f"bilinear interpolation needs spatial sizes that are known, received {x._type}"
        )
    matrix = convert_to_tensor(_weights(size, factor).astype(x.dtype.as_numpy_dtype))
    axes = "abcd"
    out = axes.replace(axes[axis], "z")
    return einsum(f"z{axes[axis]},{axes}->{out}", matrix, x)


def _weights(size: int, factor: int) -> Array:
    """Return how much of each input element is in each output element."""
    centre = (np.arange(size * factor) + 0.5) / factor - 0.5
    low = np.floor(centre).astype(int)
    part = centre - low
    found = np.zeros((size * factor, size))
    rows = np.arange(size * factor)
    np.add.at(found, (rows, np.clip(low, 0, size - 1)), 1 - part)
    np.add.at(found, (rows, np.clip(low + 1, 0, size - 1)), part)
    return found


class UpSampling3D(Layer):
    """Repeat each element of a volume along each dimension.

    Args:
        size: How often, one number or three.
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, depth, height, width, channels].
    """

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size = tuple_of("UpSampling3D", "size", size, 3)
        self.data_format = data_format_of("UpSampling3D", data_format)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 5)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        first = 1 if self.data_format == "channels_last" else 2
        for d, factor in enumerate(self.size):
            x = shaping.repeat(x, factor, first + d)
        return x
