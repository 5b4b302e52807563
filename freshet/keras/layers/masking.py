"""`Masking`: which steps of a sequence are padding."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.layers.layer import Layer
from freshet.ops import shaping
from freshet.ops.math import not_equal, where
from freshet.ops.reduction import reduce_any


class Masking(Layer):
    """Mask the steps of a sequence at which every feature has a certain value.

    mask[b, t] = any over f of (x[b, t, f] != mask_value)
    y[b, t] = x[b, t] where mask[b, t], else 0

    Recurrent layers skip masked steps; the loss and the metrics do not count them.

    Args:
        mask_value: The value.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: float[batch, steps, ..., features].

    Example:
        >>> y = Masking()([[[1.0, 2.0], [0.0, 0.0]]])
        >>> y._keras_mask.numpy().tolist()
        [[True, False]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, inputs: Tensor) -> Tensor:
        """Apply the layer."""
        kept = reduce_any(not_equal(inputs, self.mask_value), -1, keepdims=True)
        return where(kept, inputs, shaping.zeros_like(inputs))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return which steps count."""
        del previous_mask
        return reduce_any(not_equal(inputs, self.mask_value), -1)
