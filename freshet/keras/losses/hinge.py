"""Losses that ask for a margin: `Hinge`, `SquaredHinge`, `CategoricalHinge`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.losses.loss import PairLoss
from freshet.keras.losses.operands import pair
from freshet.ops import math as m
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_all, reduce_max, reduce_mean, reduce_sum

# --- functions ------------------------------------------------------------------------------------


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(max(1 - t p, 0))`` along the last dimension, for t of -1 or 1.

    If all targets are 0 or 1, 0 means -1.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    return reduce_mean(_margin("hinge", y_true, y_pred), -1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(max(1 - t p, 0)**2)`` along the last dimension, for t of -1 or 1.

    If all targets are 0 or 1, 0 means -1.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    return reduce_mean(m.square(_margin("squared_hinge", y_true, y_pred)), -1)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``max(wrong - right + 1, 0)``: the best wrong score beside that of the class.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("categorical_hinge", y_true, y_pred)
    right = reduce_sum(true * pred, -1)
    wrong = reduce_max((1.0 - true) * pred, -1)
    return m.maximum(wrong - right + 1.0, 0.0)


def _margin(caller: str, y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    true, pred = pair(caller, y_true, y_pred)
    binary = reduce_all(m.logical_or(m.equal(true, 0.0), m.equal(true, 1.0)))
    sign = m.where(binary, true * 2.0 - 1.0, true)
    return m.maximum(1.0 - sign * pred, 0.0)


# --- classes --------------------------------------------------------------------------------------


class Hinge(PairLoss):
    """Linear in how far predictions are from the right side of a margin.

    loss = mean(max(1 - t p, 0)),   t = -1 or 1 (or 0 and 1, where 0 means -1)

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(Hinge()([[0.0, 1.0]], [[-0.5, 2.0]]))
        0.25

    Source: Cortes & Vapnik 1995, Machine Learning 20, eq. 24-25.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return hinge(y_true, y_pred)


class SquaredHinge(PairLoss):
    """Quadratic in how far predictions are from the right side of a margin.

    loss = mean(max(1 - t p, 0)**2),   t = -1 or 1 (or 0 and 1, where 0 means -1)

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(SquaredHinge()([[0.0, 1.0]], [[-0.5, 2.0]]))
        0.125
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return squared_hinge(y_true, y_pred)


class CategoricalHinge(PairLoss):
    """The margin between the score of the class and the best other.

    loss = max(wrong - right + 1, 0),   right = sum(t p),   wrong = max((1 - t) p)

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]))
        0.75

    Source: Crammer & Singer 2001, JMLR 2, eq. 3.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return categorical_hinge(y_true, y_pred)
