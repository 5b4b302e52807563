"""`PReLU`: a leaky rectifier that learns its slopes."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import constraints, initializers, regularizers
from freshet.keras.layers.layer import Layer
from freshet.ops import math as m


class PReLU(Layer):
    """``x`` where it is positive, else ``alpha * x`` with a trained alpha.

    Args:
        alpha_initializer: Zeros by default.
        alpha_regularizer: Added to the loss.
        alpha_constraint: Applied after each update.
        shared_axes: Axes along which alpha is the same, such as [1, 2] for an image's height and
            width; none by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, ...].

    Returns:
        A tensor of the same shape.

    Example:
        >>> PReLU("ones")([[-1.0, 2.0]]).numpy().tolist()
        [[-1.0, 2.0]]

    Source: He et al. 2015, arXiv:1502.01852, eq. 1.
    """

    supports_masking = True

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        if isinstance(shared_axes, int):
            shared_axes = [shared_axes]
        self.shared_axes = None if shared_axes is None else list(shared_axes)

    def build(self, input_shape: Any) -> None:
        """Make alpha."""
        shared = self.shared_axes or []
        shape = [1 if d in shared else size for d, size in enumerate(input_shape)][1:]
        if None in shape:
            raise InvalidArgumentError(
                f"the sizes that alpha has must be known, or be in shared_axes={shared}, received "
                f"shape {input_shape}"
            )
        self.alpha = self.add_weight(
            shape, self.alpha_initializer, name="alpha", regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )  # fmt: skip

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        return m.where(x > 0.0, x, x * self.alpha)
