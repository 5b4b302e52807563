"""Layers that apply a function to each element."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import activations
from freshet.keras.layers.layer import Layer


class Activation(Layer):
    """Apply an activation function.

    Args:
        activation: Name or function.
        **kwargs: As for `Layer`.

    Example:
        >>> Activation("relu")([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        activated: Tensor = self.activation(x)
        return activated


class ReLU(Layer):
    """Rectified linear unit.

    y = max_value              where x >= max_value
        x                      where threshold <= x < max_value
        negative_slope * (x - threshold)   below

    Args:
        max_value: Upper bound; none by default.
        negative_slope: Slope below the threshold.
        threshold: Where the unit starts to respond.
        **kwargs: As for `Layer`.
    """

    supports_masking = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (max_value is not None and max_value < 0) or negative_slope < 0 or threshold < 0:
            raise InvalidArgumentError(
                "ReLU: max_value, negative_slope and threshold must not be negative, received "
                f"{max_value}, {negative_slope}, {threshold}"
            )
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        activated: Tensor = activations.relu(
            x,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )
        return activated


class LeakyReLU(Layer):
    """``x`` where it is positive, else ``negative_slope * x``.

    Args:
        negative_slope: 0.3 by default, as Keras.
        **kwargs: As for `Layer`.
    """

    supports_masking = True

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = negative_slope

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        activated: Tensor = activations.leaky_relu(x, negative_slope=self.negative_slope)
        return activated


class ELU(Layer):
    """``x`` where it is positive, else ``alpha * (exp(x) - 1)``.

    Args:
        alpha: Scale of the negative part.
        **kwargs: As for `Layer`.
    """

    supports_masking = True

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        activated: Tensor = activations.elu(x, alpha=self.alpha)
        return activated


class Softmax(Layer):
    """``exp(x) / sum(exp(x))`` along an axis.

    Args:
        axis: The dimension; the last by default.
        **kwargs: As for `Layer`.
    """

    supports_masking = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        activated: Tensor = activations.softmax(x, axis=self.axis)
        return activated


class Rescaling(Layer):
    """``x * scale + offset``, such as 1/255 for the bytes of an image.

    Args:
        scale: Factor.
        offset: Added after.
        **kwargs: As for `Layer`.
    """

    supports_masking = True

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        from freshet.ops.math import cast  # noqa: PLC0415

        y: Tensor = cast(x, self.compute_dtype) * self.scale + self.offset
        return y
