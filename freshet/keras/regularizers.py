"""Penalties on weights and outputs that are added to a model's loss: ``ft.keras.regularizers``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Tensor
from freshet.keras import configurable, identifiers
from freshet.keras.configurable import Configurable
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import abs as absolute
from freshet.ops.math import square
from freshet.ops.nn import l2_normalize
from freshet.ops.reduction import reduce_sum
from freshet.ops.shaping import eye, transpose

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "serialize",
]


class Regularizer(Configurable):
    """A function of a tensor that returns a scalar penalty; a subclass writes `__call__`."""

    family = "keras.regularizers"

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty of a weight or an output."""
        raise UnimplementedError(f"{type(self).__name__} has no __call__(x)")


class L1(Regularizer):
    """Penalise the sum of absolute values, which drives weights to exactly 0.

    penalty = l1 sum(|x|)

    Args:
        l1: Strength; 0.01, as Keras.

    Raises:
        InvalidArgumentError: `l1` is negative or not a number.

    Example:
        >>> float(L1(0.5)([1.0, -3.0]))
        2.0

    Source: Tibshirani 1996, J. R. Stat. Soc. B 58, "lasso".
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _strength("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty."""
        penalty: Tensor = reduce_sum(absolute(x)) * self.l1
        return penalty


class L2(Regularizer):
    """Penalise the sum of squares, which keeps weights small.

    penalty = l2 sum(x**2)

    Args:
        l2: Strength; 0.01, as Keras.

    Raises:
        InvalidArgumentError: `l2` is negative or not a number.

    Example:
        >>> float(L2(0.5)([1.0, -3.0]))
        5.0

    Source: Hoerl & Kennard 1970, Technometrics 12, "ridge regression".
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _strength("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty."""
        penalty: Tensor = reduce_sum(square(x)) * self.l2
        return penalty


class L1L2(Regularizer):
    """Penalise both the sum of absolute values and the sum of squares.

    penalty = l1 sum(|x|) + l2 sum(x**2)

    Args:
        l1: Strength of the first; 0, so that one may be given alone.
        l2: Strength of the second; 0 as well.

    Raises:
        InvalidArgumentError: A strength is negative or not a number.

    Example:
        >>> float(L1L2(l1=0.5, l2=0.25)([1.0, -3.0]))
        4.5

    Source: Zou & Hastie 2005, J. R. Stat. Soc. B 67, "elastic net", eq. 3.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = _strength("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _strength("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty."""
        tensor = convert_to_tensor(x)
        penalty = convert_to_tensor(0.0, dtype=tensor.dtype)
        if self.l1:
            penalty = penalty + reduce_sum(absolute(tensor)) * self.l1
        if self.l2:
            penalty = penalty + reduce_sum(square(tensor)) * self.l2
        return penalty


class OrthogonalRegularizer(Regularizer):
    """Penalise rows (or columns) of a matrix that are not orthogonal to each other.

    penalty = factor * mean over pairs of  |cos(angle between them)|

    Args:
        factor: Strength; 0.01, as Keras.
        mode: "rows" or "columns".

    Raises:
        InvalidArgumentError: `factor` is negative, `mode` neither word, or the input no matrix.

    Example:
        >>> round(float(OrthogonalRegularizer(1.0)([[1.0, 0.0], [1.0, 1.0]])), 4)  # cos 45 degrees
        0.7071
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _strength("OrthogonalRegularizer", "factor", factor)
        if mode not in {"rows", "columns"}:
            raise InvalidArgumentError(
                f"OrthogonalRegularizer: mode must be 'rows' or 'columns', received {mode!r}"
            )
        self.mode = mode

    def __call__(self, x: Any) -> Tensor:
        """Return the penalty."""
        matrix = convert_to_tensor(x)
        if matrix.ndim != 2:
            raise InvalidArgumentError(
                f"OrthogonalRegularizer: expected a matrix, received {matrix._type}"
            )
        if self.mode == "columns":
            matrix = transpose(matrix)
        size = matrix.shape[0]
        if size is None or size < 2:
            raise InvalidArgumentError(
                f"OrthogonalRegularizer: two or more {self.mode} are needed, received "
                f"{convert_to_tensor(x)._type}"
            )
        unit = l2_normalize(matrix, 1)
        cosines = matmul(unit, transpose(unit)) * (1.0 - eye(size, dtype=matrix.dtype))
        pairs = size * (size - 1) / 2
        # Each pair stands in the product twice.
        penalty: Tensor = reduce_sum(absolute(cosines)) * (self.factor * 0.5 / pairs)
        return penalty


def _strength(name: str, argument: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise InvalidArgumentError(
            f"{name}: {argument} must be a finite number not below 0, received {value!r}"
        )
    return float(value)


l1 = L1
l2 = L2
l1_l2 = L1L2

ALIASES: Final[dict[str, Any]] = {
    "L1": L1,
    "L1L2": L1L2,
    "L2": L2,
    "OrthogonalRegularizer": OrthogonalRegularizer,
    "l1": L1,
    "l1l2": L1L2,
    "l1_l2": L1L2,
    "l2": L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}


def get(identifier: Any) -> Any:
    """Return the regularizer that an argument stands for; None for None.

    Args:
        identifier: A name such as "l2", a configuration, a class, an object or a function of a
            tensor.

    Raises:
        InvalidArgumentError: The name is not known.
    """
    return identifiers.get(identifier, "regularizers", "a regularizer")


def serialize(regularizer: Any) -> Any:
    """Return the configuration of a regularizer, in Keras's format."""
    return configurable.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer that a configuration describes."""
    return identifiers.deserialize(config, "regularizers", "a regularizer", custom_objects)
