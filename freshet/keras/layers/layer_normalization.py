"""Normalization of each example by itself."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.keras import constraints, initializers, regularizers
from freshet.keras.layers.layer import Layer
from freshet.ops import math as m
from freshet.ops import nn, shaping
from freshet.ops.reduction import reduce_mean


def _axes(layer: Layer, axis: Any, rank: int) -> list[int]:
    """Return one axis or several, counted from the front and sorted."""
    given = axis if isinstance(axis, (list, tuple)) else [axis]
    return sorted(normalize_axis(type(layer).__name__, int(a), rank) for a in given)


def _sizes(layer: Layer, shape: Any, axes: list[int]) -> tuple[int, ...]:
    """Return the sizes of axes, which must be known."""
    found = [shape[a] for a in axes]
    if None in found:
        raise InvalidArgumentError(
            f"layer {layer.name!r} ({type(layer).__name__}): the sizes of axes {axes} must be "
            f"known, received shape {shape}"
        )
    return tuple(int(n) for n in found)


def _spread(weight: Any, x: Tensor, axes: list[int]) -> Tensor:
    """Return a weight over axes of `x` with the rank of `x`, which it then broadcasts to."""
    value = m.cast(weight, x.dtype)
    if axes == list(range(x.ndim - len(axes), x.ndim)):
        return value
    sizes = iter(weight.shape)
    return shaping.reshape(value, [next(sizes) if d in axes else 1 for d in range(x.ndim)])


class BaseScaled(Layer):
    """What the normalizations with a scale and a shift share.

    Args:
        epsilon: Added to the variance.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Zeros by default.
        gamma_initializer: Ones by default.
        beta_regularizer: Added to the loss.
        gamma_regularizer: Added to the loss.
        beta_constraint: Applied after each update.
        gamma_constraint: Applied after each update.
        **kwargs: As for `Layer`.
    """

    supports_masking = True

    def __init__(
        self,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def _make_scale_and_shift(self, shape: tuple[int, ...]) -> None:
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


def _wide(x: Tensor) -> Tensor:
    """Return 16-bit floats as float32: their squares overflow."""
    return m.cast(x, "float32") if x.dtype.size == 2 else x


class LayerNormalization(BaseScaled):
    """Normalise each example over some of its axes, then scale and shift.

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Mean and variance (divided by n) are those over `axis`; gamma and beta have its shape.

    Args:
        axis: One axis or several; the last by default.
        epsilon: Added to the variance. 1e-3, as Keras; PyTorch uses 1e-5.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Zeros by default.
        gamma_initializer: Ones by default.
        beta_regularizer: Added to the loss.
        gamma_regularizer: Added to the loss.
        beta_constraint: Applied after each update.
        gamma_constraint: Applied after each update.
        rms_scaling: Only False; see `RMSNormalization`.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, ...].

    Returns:
        A tensor of the same shape.

    Example:
        >>> LayerNormalization(epsilon=0.0)([[1.0, 3.0], [10.0, 30.0]]).numpy().tolist()
        [[-1.0, 1.0], [-1.0, 1.0]]

    Source: Ba et al. 2016, arXiv:1607.06450, eq. 4.
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        if rms_scaling:
            raise UnimplementedError(
                "LayerNormalization: rms_scaling is not there; use RMSNormalization"
            )
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.rms_scaling = False

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        # Keras saves the axis of a layer that is built as a list.
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        axes = _axes(self, self.axis, len(input_shape))
        self._make_scale_and_shift(_sizes(self, input_shape, axes))

    def call(self, inputs: Tensor) -> Tensor:
        """Apply the layer."""
        x = _wide(inputs)
        axes = _axes(self, self.axis, x.ndim)
        mean, variance = nn.moments(x, axes, keepdims=True)
        gamma = None if self.gamma is None else _spread(self.gamma, x, axes)
        beta = None if self.beta is None else _spread(self.beta, x, axes)
        y = nn.batch_normalization(x, mean, variance, beta, gamma, self.epsilon)
        return m.cast(y, inputs.dtype)


class RMSNormalization(Layer):
    """Divide each example by the root of its mean square over some of its axes, then scale.

    y = scale * x / sqrt(mean(x**2) + epsilon)

    Args:
        axis: One axis or several; the last by default.
        epsilon: Added to the mean square.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, ...].

    Returns:
        A tensor of the same shape.

    Example:
        >>> RMSNormalization(epsilon=0.0)([[3.0, 3.0], [-5.0, 5.0]]).numpy().tolist()
        [[1.0, 1.0], [-1.0, 1.0]]

    Source: Zhang & Sennrich 2019, arXiv:1910.07467, eq. 4.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make the scale."""
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        axes = _axes(self, self.axis, len(input_shape))
        self.scale = self.add_weight(_sizes(self, input_shape, axes), "ones", name="scale")

    def call(self, inputs: Tensor) -> Tensor:
        """Apply the layer."""
        x = _wide(inputs)
        axes = _axes(self, self.axis, x.ndim)
        factor = m.rsqrt(reduce_mean(m.square(x), axes, keepdims=True) + self.epsilon)
        return m.cast(x * factor * _spread(self.scale, x, axes), inputs.dtype)


class GroupNormalization(BaseScaled):
    """Normalise each example over groups of channels, then scale and shift each channel.

    y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    Mean and variance (divided by n) are those of an example's channels in one group, over all other
    axes.

    Args:
        groups: Number of groups, a divisor of the channels; -1 for one channel each.
        axis: The channels.
        epsilon: Added to the variance.
        center: Whether there is a beta.
        scale: Whether there is a gamma.
        beta_initializer: Zeros by default.
        gamma_initializer: Ones by default.
        beta_regularizer: Added to the loss.
        gamma_regularizer: Added to the loss.
        beta_constraint: Applied after each update.
        gamma_constraint: Applied after each update.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, ..., channels].

    Returns:
        A tensor of the same shape.

    Example:
        >>> GroupNormalization(2, epsilon=0.0)([[1.0, 3.0, 10.0, 30.0]]).numpy().tolist()
        [[-1.0, 1.0, -1.0, 1.0]]

    Source: Wu & He 2018, arXiv:1803.08494, section 3.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer,
            gamma_regularizer, beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        if not isinstance(groups, int) or (groups <= 0 and groups != -1):
            raise InvalidArgumentError(
                f"GroupNormalization: groups must be a positive integer or -1, received {groups!r}"
            )
        self.groups = groups
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Make gamma and beta."""
        axes = _axes(self, self.axis, len(input_shape))
        (channels,) = _sizes(self, input_shape, axes)
        if self.groups == -1:
            self.groups = channels
        if channels % self.groups:
            raise InvalidArgumentError(
                f"the number of channels must be a multiple of groups={self.groups}, received "
                f"shape {input_shape} with axis={self.axis}"
            )
        self._make_scale_and_shift((channels,))

    def call(self, inputs: Tensor) -> Tensor:
        """Apply the layer."""
        x = _wide(inputs)
        (axis,) = _axes(self, self.axis, x.ndim)
        sizes = shaping.sizes(x)
        split = [*sizes[:axis], self.groups, sizes[axis] // self.groups, *sizes[axis + 1 :]]
        groups = shaping.reshape(x, split)
        others = [d for d in range(1, groups.ndim) if d != axis]
        mean, variance = nn.moments(groups, others, keepdims=True)
        normal = (groups - mean) * m.rsqrt(variance + self.epsilon)
        y = shaping.reshape(normal, sizes)
        if self.gamma is not None:
            y = y * _spread(self.gamma, x, [axis])
        if self.beta is not None:
            y = y + _spread(self.beta, x, [axis])
        return m.cast(y, inputs.dtype)


class UnitNormalization(Layer):
    """Scale each example to an L2 norm of 1 over some of its axes.

    y = x / sqrt(max(sum(x**2), 1e-24))

    Args:
        axis: One axis or several; the last by default.
        **kwargs: As for `Layer`.
    Call arguments:
        x: float[batch, ...].

    Returns:
        A tensor of the same shape.

    Example:
        >>> UnitNormalization()([[3.0, 4.0]]).numpy()
        array([[0.6, 0.8]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = list(axis) if isinstance(axis, (list, tuple)) else axis

    def call(self, inputs: Tensor) -> Tensor:
        """Apply the layer."""
        x = _wide(inputs)
        return m.cast(nn.l2_normalize(x, _axes(self, self.axis, x.ndim), 1e-24), inputs.dtype)
