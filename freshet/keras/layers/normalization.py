"""Normalization layers."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.keras import constraints, initializers, regularizers
from freshet.keras.epsilon import epsilon
from freshet.keras.layers.layer import Layer
from freshet.ops import nn, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import cast
from freshet.ops.reduction import reduce_sum


class BatchNormalization(Layer):
    """Normalise each channel over the batch, then scale and shift.

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    In training, mean and variance (divided by n) are those of the batch, and the moving ones follow
    them: ``moving = momentum * moving + (1 - momentum) * batch``. Otherwise, and when the layer is
    not trainable, the moving ones are used.

    Args:
        axis: The channels.
        momentum: Share of the old moving statistics.
        epsilon: Added to the variance. 1e-3, as Keras; PyTorch uses 1e-5.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Zeros by default.
        gamma_initializer: Ones by default.
        moving_mean_initializer: Zeros by default.
        moving_variance_initializer: Ones by default.
        beta_regularizer: Added to the loss.
        gamma_regularizer: Added to the loss.
        beta_constraint: Applied after each update.
        gamma_constraint: Applied after each update.
        synchronized: Only False.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, ..., channels].
        training: Whether to use the batch's statistics.
        mask: bool[batch, ...]; elements where it is False do not enter the statistics.

    Source: Ioffe & Szegedy 2015, arXiv:1502.03167, algorithm 1.
    """

    supports_masking = True

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if synchronized or renorm:
            raise UnimplementedError("BatchNormalization: synchronized and renorm are not there")
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = renorm
        self.renorm_clipping = renorm_clipping
        self.renorm_momentum = renorm_momentum
        self.synchronized = synchronized

    def build(self, input_shape: Any) -> None:
        """Make gamma, beta and the moving statistics."""
        channels = input_shape[normalize_axis("BatchNormalization", self.axis, len(input_shape))]
        if channels is None:
            raise InvalidArgumentError(
                f"the size of axis {self.axis} must be known, received shape {input_shape}"
            )
        self._channels = channels
        shape = (channels,)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape, self.gamma_initializer, name="gamma", regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
            )  # fmt: skip
        if self.center:
            self.beta = self.add_weight(
                shape, self.beta_initializer, name="beta", regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
            )  # fmt: skip
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, name="moving_mean", trainable=False
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, name="moving_variance", trainable=False
        )

    def _check_input(self, args: tuple[Any, ...]) -> None:
        shape = args[0].shape
        axis = normalize_axis("BatchNormalization", self.axis, len(shape))
        if shape[axis] != self._channels:
            raise InvalidArgumentError(
                f"layer {self.name!r} (BatchNormalization): expected {self._channels} channels in "
                f"axis {self.axis}, as when the layer was built, received shape {shape}"
            )

    def call(self, x: Tensor, training: bool = False, mask: Any = None) -> Tensor:
        """Apply the layer."""
        axis = normalize_axis("BatchNormalization", self.axis, x.ndim)
        others = [d for d in range(x.ndim) if d != axis]
        if training and self.trainable:
            mean, variance = nn.moments(x, others) if mask is None else _among(x, mask, others)
            for moving, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
                moving.assign(moving * self.momentum + new * (1.0 - self.momentum))
        else:
            mean, variance = self.moving_mean.value(), self.moving_variance.value()
        gamma = None if self.gamma is None else self._spread(self.gamma, x.ndim, axis)
        beta = None if self.beta is None else self._spread(self.beta, x.ndim, axis)
        return nn.batch_normalization(
            x, self._spread(mean, x.ndim, axis), self._spread(variance, x.ndim, axis), beta, gamma,
            self.epsilon,
        )  # fmt: skip

    @staticmethod
    def _spread(vector: Any, rank: int, axis: int) -> Tensor:
        """Give a vector of channels the rank of the input."""
        if axis == rank - 1:
            return shaping.identity(vector)
        return shaping.reshape(vector, [-1 if d == axis else 1 for d in range(rank)])


def _among(x: Tensor, mask: Any, axes: list[int]) -> tuple[Tensor, Tensor]:
    """Return mean and variance of the elements that a mask of the first dimensions lets through."""
    kept = cast(convert_to_tensor(mask), x.dtype)
    for _ in range(x.ndim - kept.ndim):
        kept = shaping.expand_dims(kept, -1)
    kept = kept * shaping.ones_like(x)
    count = reduce_sum(kept, axes, keepdims=True) + epsilon()
    mean = reduce_sum(kept * x, axes, keepdims=True) / count
    distance = kept * x - mean
    variance = reduce_sum(kept * distance * distance, axes, keepdims=True) / count
    return shaping.squeeze(mean, axes), shaping.squeeze(variance, axes)
