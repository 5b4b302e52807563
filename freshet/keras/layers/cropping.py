"""Layers that put zeros around their input, or cut its borders off."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.convolution import data_format_of, tuple_of
from freshet.keras.layers.layer import Layer
from freshet.ops import shaping

Sides = tuple[tuple[int, ...], ...]


def _sides(layer: str, argument: str, value: Any, rank: int) -> Sides:
    """Return (before, after) for each dimension, from one number, one each or two each."""
    items = (value,) * rank if isinstance(value, int) else tuple(value)
    if len(items) != rank:
        raise InvalidArgumentError(
            f"{layer}: {argument} must be a number or {rank} of them, received {value!r}"
        )
    return tuple(tuple_of(layer, argument, item, 2, least=0) for item in items)


def _around(layer: Any, sides: Sides) -> list[tuple[int, ...]]:
    """Return (before, after) for every dimension of the input."""
    none = (0, 0)
    last = getattr(layer, "data_format", "channels_last") == "channels_last"
    return [none, *sides, none] if last else [none, none, *sides]


def _check_rank(layer: Layer, args: tuple[Any, ...], rank: int) -> None:
    if args[0].ndim != rank:
        raise InvalidArgumentError(
            f"layer {layer.name!r} ({type(layer).__name__}): expected an input of rank {rank}, "
            f"received shape {args[0].shape}"
        )


# --- padding --------------------------------------------------------------------------------------


class ZeroPadding1D(Layer):
    """Put zeros before and after a sequence.

    Args:
        padding: A number, or (before, after).
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, steps, channels].

    Returns:
        Numbers[batch, before + steps + after, channels].

    Example:
        >>> ZeroPadding1D((0, 1))([[[1.0], [2.0]]]).numpy().tolist()
        [[[1.0], [2.0], [0.0]]]
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = tuple_of("ZeroPadding1D", "padding", padding, 2, least=0)
        self.data_format = data_format_of("ZeroPadding1D", data_format)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 3)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return shaping.pad(x, _around(self, (self.padding,)))


class ZeroPadding3D(Layer):
    """Put zeros around a volume.

    Args:
        padding: A number, one for each dimension, or (before, after) for each.
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, depth, height, width, channels].
    """

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = _sides("ZeroPadding3D", "padding", padding, 3)
        self.data_format = data_format_of("ZeroPadding3D", data_format)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 5)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return shaping.pad(x, _around(self, self.padding))


# --- cropping -------------------------------------------------------------------------------------


def _cropped(layer: Layer, x: Tensor, sides: Sides) -> Tensor:
    """Return the input without its borders.

    Raises:
        InvalidArgumentError: Nothing would be left.
    """
    around = _around(layer, sides)
    if any(n is not None and n <= sum(cut) for n, cut in zip(x.shape, around, strict=True)):
        raise InvalidArgumentError(f"cropping={sides} leaves nothing of an input {x._type}")
    found: Tensor = x[tuple(slice(before, -after or None) for before, after in around)]
    return found


class Cropping1D(Layer):
    """Cut off the first and last steps of a sequence.

    Args:
        cropping: A number, or (first, last).
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, steps, channels].

    Returns:
        Numbers[batch, steps - first - last, channels].

    Example:
        >>> Cropping1D((1, 0))([[[1.0], [2.0]]]).numpy().tolist()
        [[[2.0]]]
    """

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = tuple_of("Cropping1D", "cropping", cropping, 2, least=0)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 3)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return _cropped(self, x, (self.cropping,))


class Cropping2D(Layer):
    """Cut off the borders of an image.

    Args:
        cropping: A number, (height, width), or ((top, bottom), (left, right)).
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, height, width, channels].

    Returns:
        Numbers[batch, height - top - bottom, width - left - right, channels].
    """

    def __init__(
        self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.cropping = _sides("Cropping2D", "cropping", cropping, 2)
        self.data_format = data_format_of("Cropping2D", data_format)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 4)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return _cropped(self, x, self.cropping)


class Cropping3D(Layer):
    """Cut off the borders of a volume.

    Args:
        cropping: A number, one for each dimension, or (before, after) for each.
        data_format: "channels_last" or "channels_first".
        **kwargs: As for `Layer`.
    Call arguments:
        x: Numbers[batch, depth, height, width, channels].
    """

    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = _sides("Cropping3D", "cropping", cropping, 3)
        self.data_format = data_format_of("Cropping3D", data_format)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        _check_rank(self, args, 5)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return _cropped(self, x, self.cropping)
