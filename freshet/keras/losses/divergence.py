"""Losses between distributions: `KLDivergence`, `Poisson`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.epsilon import epsilon
from freshet.keras.losses.loss import PairLoss
from freshet.keras.losses.operands import pair
from freshet.ops import math as m
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_mean, reduce_sum


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``sum(t log(t / p))`` along the last dimension, both kept above epsilon.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("kl_divergence", y_true, y_pred)
    true, pred = (m.clip_by_value(x, epsilon(), 1.0) for x in (true, pred))
    return reduce_sum(true * m.log(true / pred), -1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(p - t log(p + epsilon))`` along the last dimension.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("poisson", y_true, y_pred)
    return reduce_mean(pred - true * m.log(pred + epsilon()), -1)


class KLDivergence(PairLoss):
    """How many nats more a code for the predictions needs than one for the targets.

    loss = sum over classes of  t log(t / p),   t and p in [epsilon, 1]

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.9, 0.1]])), 4)
        0.5108

    Source: Kullback & Leibler 1951, Ann. Math. Stat. 22, eq. 2.4.
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return kl_divergence(y_true, y_pred)


class Poisson(PairLoss):
    """Minus the log-likelihood of counts under predicted rates, but for a constant.

    loss = mean(p - t log(p + epsilon))

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(Poisson()([[2.0]], [[1.0]])), 4)
        1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return poisson(y_true, y_pred)
