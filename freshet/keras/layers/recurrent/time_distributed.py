"""`TimeDistributed`: a layer applied to every step of a sequence."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.keras.layers.recurrent.inner import takes
from freshet.keras.layers.recurrent.wrapper import Wrapper
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor


class TimeDistributed(Wrapper):
    """Apply a layer to every step of a sequence, with the same weights.

    y[:, t] = layer(x[:, t])

    All steps are computed at once, as one larger batch. Only a layer whose weights change without
    being trained (a batch normalization) has the steps one after the other in training.

    Args:
        layer: The layer.
        **kwargs: As for `Layer`.
    Call arguments:
        inputs: float[batch, steps, ...].
        training: Handed on to the layer.
        mask: bool[batch, steps]; handed on to a layer that asks for it.

    Raises:
        InvalidArgumentError: The input has fewer than three dimensions.

    Example:
        >>> import freshet as ft
        >>> dense = ft.keras.layers.Dense(4)
        >>> TimeDistributed(dense)(ft.ones([2, 5, 3])).shape
        TensorShape([2, 5, 4])
    """

    supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Make the weights of the layer for one step."""
        if len(input_shape) < 3:
            raise InvalidArgumentError(
                f"TimeDistributed: expected an input of shape [batch, steps, ...], received "
                f"{input_shape}"
            )
        super().build(TensorShape((input_shape[0], *input_shape[2:])))

    def call(self, inputs: Tensor, training: bool = False, mask: Any = None) -> Tensor:
        """Apply the layer."""
        given: dict[str, Any] = {"training": training} if takes(self.layer, "training") else {}
        if mask is not None and takes(self.layer, "mask"):
            given["mask"] = convert_to_tensor(mask)
        steps = inputs.shape[1]
        changes = training and self.layer.trainable and self.layer.non_trainable_weights
        if changes and steps is not None:
            return shaping.stack([self._step(inputs, t, given) for t in range(steps)], 1)
        rows = {k: _merged(v) if isinstance(v, Tensor) else v for k, v in given.items()}
        return _parted(self.layer(_merged(inputs), **rows), inputs)

    def _step(self, inputs: Tensor, t: int, given: dict[str, Any]) -> Any:
        own = {k: v[:, t] if isinstance(v, Tensor) else v for k, v in given.items()}
        return self.layer(inputs[:, t], **own)


def _merged(x: Tensor) -> Tensor:
    """Return a tensor with batch and steps as one dimension."""
    rest = x.shape[2:]
    if None not in rest:
        return shaping.reshape(x, [-1, *rest])
    sizes = shaping.shape(x)
    return shaping.reshape(x, [-1, *(sizes[d] for d in range(2, x.ndim))])


def _parted(y: Tensor, like: Tensor) -> Tensor:
    """Return a tensor with its first dimension parted into batch and steps again."""
    batch: Any
    steps: Any
    batch, steps = like.shape[:2]
    if steps is None:
        steps = -1 if batch is not None else shaping.shape(like)[1]
    rest = [n if n is not None else shaping.shape(y)[1 + d] for d, n in enumerate(y.shape[1:])]
    return shaping.reshape(y, [-1 if batch is None else batch, steps, *rest])
