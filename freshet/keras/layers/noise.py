"""Layers that disturb their input in training only, against overfitting."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.convolution import data_format_of
from freshet.keras.layers.layer import Layer
from freshet.keras.layers.regularization import Dropout
from freshet.keras.random import SeedGenerator
from freshet.ops import math as m
from freshet.ops import random, shaping
from freshet.ops.nn import keep_elements


class _SpatialDropout(Dropout):
    """What the spatial dropouts share: a channel is dropped everywhere, or nowhere."""

    rank = 2
    not_in_config = frozenset({"noise_shape", "trainable", "activity_regularizer"})

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = data_format_of(type(self).__name__, data_format)
        ones = (1,) * self.rank
        last = self.data_format == "channels_last"
        self.noise_shape = (None, *ones, None) if last else (None, None, *ones)

    def _check_input(self, args: tuple[Any, ...]) -> None:
        if args[0].ndim != self.rank + 2:
            raise InvalidArgumentError(
                f"layer {self.name!r} ({type(self).__name__}): expected an input of rank "
                f"{self.rank + 2}, received shape {args[0].shape}"
            )


class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of a sequence: a channel is dropped at all steps, or at none.

    Args:
        rate: Probability of being dropped, in [0, 1].
        seed: Of the choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, steps, channels].
        training: Whether to drop anything.

    Example:
        >>> import freshet as ft
        >>> y = SpatialDropout1D(0.5, seed=1)(ft.ones([1, 3, 4]), training=True).numpy()
        >>> bool((y == y[:, :1]).all())
        True

    Source: Tompson et al. 2014, arXiv:1411.4280, section 3.2.
    """

    rank = 1
    not_in_config = _SpatialDropout.not_in_config | {"data_format"}

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        if "data_format" in kwargs:
            raise InvalidArgumentError("SpatialDropout1D: unknown argument 'data_format'")
        super().__init__(rate, seed=seed, **kwargs)


class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of an image: a channel is dropped everywhere, or nowhere.

    Args:
        rate: Probability of being dropped, in [0, 1].
        data_format: "channels_last" or "channels_first".
        seed: Of the choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, height, width, channels].
        training: Whether to drop anything.
    """

    rank = 2


class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of a volume; arguments as for `SpatialDropout2D`."""

    rank = 3


class GaussianNoise(Layer):
    """In training, add normally distributed noise.

    y = x + stddev * noise

    Args:
        stddev: Standard deviation of the noise, in [0, 1].
        seed: Of the noise; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[...].
        training: Whether to add anything.

    Example:
        >>> GaussianNoise(0.1)([1.0, 2.0]).numpy().tolist()
        [1.0, 2.0]
    """

    supports_masking = True

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_share("GaussianNoise", "stddev", stddev)
        self.stddev = stddev
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if stddev > 0 else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Apply the layer."""
        if not training or self.seed_generator is None:
            return x
        return x + _normal(x, self.seed_generator, 0.0, self.stddev)


class GaussianDropout(Layer):
    """In training, multiply by normally distributed numbers with a mean of 1.

    y = x * (1 + sqrt(rate / (1 - rate)) * noise)

    Args:
        rate: As for `Dropout`, whose mean and variance it has; in [0, 1).
        seed: Of the noise; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[...].
        training: Whether to multiply.

    Source: Srivastava et al., "Dropout", JMLR 15, 2014, section 10.
    """

    supports_masking = True

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        _check_share("GaussianDropout", "rate", rate, below=True)
        self.rate = rate
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Apply the layer."""
        if not training or self.seed_generator is None:
            return x
        return x * _normal(x, self.seed_generator, 1.0, math.sqrt(self.rate / (1.0 - self.rate)))


class AlphaDropout(Layer):
    """In training, set elements to `selu`'s lower bound, and keep mean 0 and variance 1.

    y = a * (x where it is kept, else alpha') + b,  with  alpha' = -1.7580993408473766,
    a = ((1 - rate) * (1 + rate * alpha'**2)) ** -0.5  and  b = -a * rate * alpha'

    Args:
        rate: Probability of being set, in [0, 1).
        noise_shape: Shape of the choices, which broadcast; None in it stands for the input's size.
        seed: Of the choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[...].
        training: Whether to set anything.

    Source: Klambauer et al. 2017, arXiv:1706.02515, section 2.
    """

    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        _check_share("AlphaDropout", "rate", rate, below=True)
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Apply the layer."""
        if not training or self.seed_generator is None:
            return x
        lowest = -1.6732632423543772 * 1.0507009873554805
        a = ((1 - self.rate) * (1 + self.rate * lowest**2)) ** -0.5
        keep = keep_elements(x, self.rate, self.noise_shape, self.seed_generator.next())
        return m.where(keep, x, lowest) * a - a * lowest * self.rate


def _check_share(layer: str, argument: str, value: Any, *, below: bool = False) -> None:
    good = isinstance(value, (int, float)) and 0 <= value <= 1 and not (below and value == 1)
    if not good:
        raise InvalidArgumentError(
            f"{layer}: {argument} must be a number in [0, 1{')' if below else ']'}, received "
            f"{value!r}"
        )


def _normal(x: Tensor, source: SeedGenerator, mean: float, stddev: float) -> Tensor:
    shape = shaping.shape(x) if None in x.shape else tuple(x.shape)
    return random._normal(source.next(), shape, mean, stddev, x.dtype)
