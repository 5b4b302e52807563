"""What weights are held to after each update: ``ft.keras.constraints``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from freshet.core.module import to_snake_case
from freshet.core.tensor import Tensor
from freshet.keras import configurable, identifiers
from freshet.keras.configurable import Configurable
from freshet.keras.epsilon import epsilon
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import clip_by_value, maximum, sqrt, square
from freshet.ops.reduction import reduce_sum

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

Axis = int | Sequence[int]


class Constraint(Configurable):
    """A function that returns the allowed value nearest to a weight; a subclass writes `__call__`.

    This one allows every value.
    """

    family = "keras.constraints"

    def __call__(self, w: Any) -> Tensor:
        """Return the weight, changed to fit."""
        return convert_to_tensor(w)


class MaxNorm(Constraint):
    """Shrink vectors that are longer than a bound to that length.

    w <- w min(|w|, max_value) / (|w| + epsilon)

    Args:
        max_value: The greatest length; 2, as Keras.
        axis: Dimensions along which the length is taken: 0 for the inputs of a dense kernel,
            ``[0, 1, 2]`` for the filters of a two-dimensional convolution.

    Example:
        >>> MaxNorm(1.0)([[3.0, 0.3], [4.0, 0.4]]).numpy().round(3).tolist()
        [[0.6000000238418579, 0.30000001192092896], [0.800000011920929, 0.4000000059604645]]

    Source: Srivastava et al., JMLR 15, 2014, section 5.1.
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Return the weight with the bound kept."""
        tensor = convert_to_tensor(w)
        lengths = _lengths(tensor, self.axis)
        return tensor * (clip_by_value(lengths, 0.0, self.max_value) / (lengths + epsilon()))


class NonNeg(Constraint):
    """Set negative weights to 0.

    Example:
        >>> NonNeg()([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: Any) -> Tensor:
        """Return the weight without negative elements."""
        return maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scale vectors to length 1.

    w <- w / (|w| + epsilon)

    Args:
        axis: Dimensions along which the length is taken; see `MaxNorm`.

    Example:
        >>> UnitNorm()([[3.0], [4.0]]).numpy().round(3).tolist()
        [[0.6000000238418579], [0.800000011920929]]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Return the weight with vectors of length 1."""
        tensor = convert_to_tensor(w)
        return tensor / (_lengths(tensor, self.axis) + epsilon())


class MinMaxNorm(Constraint):
    """Move vectors towards the nearest length between two bounds.

    w <- w (rate clip(|w|, min_value, max_value) + (1 - rate) |w|) / (|w| + epsilon)

    Args:
        min_value: The least length.
        max_value: The greatest length.
        rate: The part of the way that is gone each time; 1 goes all of it.
        axis: Dimensions along which the length is taken; see `MaxNorm`.

    Example:
        >>> MinMaxNorm(1.0, 2.0)([[3.0], [4.0]]).numpy().round(2).tolist()
        [[1.2000000476837158], [1.600000023841858]]
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: Axis = 0,
    ) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """Return the weight with the bounds kept."""
        tensor = convert_to_tensor(w)
        lengths = _lengths(tensor, self.axis)
        allowed = clip_by_value(lengths, self.min_value, self.max_value)
        wanted = allowed * self.rate + lengths * (1 - self.rate)
        return tensor * (wanted / (lengths + epsilon()))


def _lengths(w: Tensor, axis: Axis) -> Tensor:
    return sqrt(reduce_sum(square(w), axis, keepdims=True))


max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

ALIASES: Final[dict[str, Any]] = {
    name: cls
    for cls in (Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm)
    for name in (cls.__name__, to_snake_case(cls.__name__))
}


def get(identifier: Any) -> Any:
    """Return the constraint that an argument stands for; None for None.

    Args:
        identifier: A name such as "max_norm", a configuration, a class, an object or a function of
            a weight.

    Raises:
        InvalidArgumentError: The name is not known.
    """
    return identifiers.get(identifier, "constraints", "a constraint")


def serialize(constraint: Any) -> Any:
    """Return the configuration of a constraint, in Keras's format."""
    return configurable.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint that a configuration describes."""
    return identifiers.deserialize(config, "constraints", "a constraint", custom_objects)
