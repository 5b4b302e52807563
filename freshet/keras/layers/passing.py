"""Layers that give their input on unchanged."""

from __future__ import annotations

from typing import Any, ClassVar

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import regularizers
from freshet.keras.layers.layer import Layer


class Identity(Layer):
    """The input itself: a placeholder where a layer is expected.

    Args:
        **kwargs: As for `Layer`.

    Example:
        >>> Identity()([1.0, 2.0]).numpy().tolist()
        [1.0, 2.0]
    """

    supports_masking = True

    def call(self, x: Any) -> Any:
        """Apply the layer."""
        return x


class ActivityRegularization(Layer):
    """Add the size of the input to the loss, for each example.

    loss = (l1 * sum(|x|) + l2 * sum(x**2)) / batch size

    Args:
        l1: Factor of the absolute values.
        l2: Factor of the squares.
        **kwargs: As for `Layer`.

    Example:
        >>> layer = ActivityRegularization(l1=0.5)
        >>> layer([[1.0, -2.0]]).numpy().tolist(), float(layer.losses[0])
        ([[1.0, -2.0]], 1.5)
    """

    supports_masking = True
    not_in_config: ClassVar[frozenset[str]] = frozenset({"activity_regularizer"})

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        if "activity_regularizer" in kwargs:
            raise InvalidArgumentError("ActivityRegularization: give l1 and l2")
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return x
