"""`Dense`: every output from every input."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import activations, constraints, initializers, regularizers
from freshet.keras.layers.layer import Layer
from freshet.ops.contraction import tensordot
from freshet.ops.math import add


class Dense(Layer):
    """A densely connected layer.

    y = activation(x @ kernel + bias)

    Args:
        units: Number of outputs.
        activation: Name or function; none by default.
        use_bias: Whether there is a bias.
        kernel_initializer: Glorot & Bengio's uniform by default, which keeps the variance.
        bias_initializer: Zeros by default.
        kernel_regularizer: Added to the loss.
        bias_regularizer: Added to the loss.
        activity_regularizer: Of the output, added to the loss.
        kernel_constraint: Applied after each update.
        bias_constraint: Applied after each update.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[..., inputs].

    Returns:
        float[..., units].

    Raises:
        InvalidArgumentError: `units` is not positive, or the input has no known last size.

    Example:
        >>> Dense(3)([[1.0, 2.0]]).shape
        TensorShape([1, 3])
    """

    supports_masking = True

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        if not isinstance(units, int) or units <= 0:
            raise InvalidArgumentError(
                f"Dense: units must be a positive integer, received {units!r}"
            )
        if quantization_config is not None:
            raise InvalidArgumentError("Dense: quantization_config must be None")
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.quantization_config = None

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias."""
        if not input_shape or input_shape[-1] is None:
            raise InvalidArgumentError(
                f"the last dimension of the input must be known, received shape {input_shape}"
            )
        self.kernel = self.add_weight(
            (input_shape[-1], self.units), self.kernel_initializer, name="kernel",
            regularizer=self.kernel_regularizer, constraint=self.kernel_constraint,
        )  # fmt: skip
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,), self.bias_initializer, name="bias",
                regularizer=self.bias_regularizer, constraint=self.bias_constraint,
            )  # fmt: skip

    def _check_input(self, args: tuple[Any, ...]) -> None:
        size, expected = args[0].shape[-1], self.kernel.shape[0]
        if size != expected:
            raise InvalidArgumentError(
                f"layer {self.name!r} (Dense): expected an input whose last dimension is "
                f"{expected}, as when the layer was built, received shape {args[0].shape}"
            )

    def call(self, x: Tensor) -> Tensor:
        """Apply the layer."""
        y = tensordot(x, self.kernel, 1)
        if self.bias is not None:
            y = add(y, self.bias)
        activated: Tensor = self.activation(y)
        return activated
