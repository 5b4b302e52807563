"""Layers that act in training only, against overfitting."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.layers.layer import Layer
from freshet.keras.random import SeedGenerator
from freshet.ops.nn import drop_elements
from freshet.ops.shaping import zeros_like


class Dropout(Layer):
    """In training, set elements to 0 with a probability and divide the others by its complement.

    The mean stays the same, so nothing changes at inference.

    Args:
        rate: Probability of being dropped, in [0, 1].
        noise_shape: Shape of the choices, which broadcast; None in it stands for the input's size.
        seed: Of the choices; drawn from the global generator by default.
        **kwargs: As for `Layer`.

    Raises:
        InvalidArgumentError: `rate` is outside [0, 1].

    Source: Srivastava et al., "Dropout", JMLR 15, 2014.
    """

    supports_masking = True

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
            raise InvalidArgumentError(
                f"Dropout: rate must be a number between 0 and 1, received {rate!r}"
            )
        self.rate = rate
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if rate > 0 else None

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """Apply the layer."""
        if not training or self.seed_generator is None:
            return x
        if self.rate == 1:
            return zeros_like(x)  # nothing is left to be scaled up
        return drop_elements(x, self.rate, self.noise_shape, self.seed_generator.next())
