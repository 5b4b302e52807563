"""Metrics of margins: `Hinge`, `SquaredHinge`, `CategoricalHinge`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras import losses
from freshet.keras.metrics.mean import MeanOfPairs


class Hinge(MeanOfPairs):
    """How far predictions are from the right side of a margin.

    result = mean(max(1 - t p, 0)),   t = -1 or 1 (or 0 and 1, where 0 means -1)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(Hinge()([[0.0, 1.0]], [[-0.5, 2.0]]))
        0.25
    """

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.hinge(y_true, y_pred)


class SquaredHinge(MeanOfPairs):
    """The square of how far predictions are from the right side of a margin.

    result = mean(max(1 - t p, 0)**2),   t = -1 or 1 (or 0 and 1, where 0 means -1)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(SquaredHinge()([[0.0, 1.0]], [[-0.5, 2.0]]))
        0.125
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.squared_hinge(y_true, y_pred)


class CategoricalHinge(MeanOfPairs):
    """The margin between the score of the class and the best other.

    result = mean(max(wrong - right + 1, 0))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
        0.75
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.categorical_hinge(y_true, y_pred)
