"""Losses of numbers: `MeanSquaredError`, `MeanAbsoluteError`, `Huber`, ..."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.epsilon import epsilon
from freshet.keras.losses.loss import PairLoss
from freshet.keras.losses.operands import pair
from freshet.ops import math as m
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_mean, reduce_sum

# --- functions ------------------------------------------------------------------------------------


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean((y_true - y_pred)**2)`` along the last dimension.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("mean_squared_error", y_true, y_pred)
    return reduce_mean(m.square(true - pred), -1)


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(|y_true - y_pred|)`` along the last dimension.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("mean_absolute_error", y_true, y_pred)
    return reduce_mean(m.abs(true - pred), -1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``100 mean(|y_true - y_pred| / max(|y_true|, epsilon))`` along the last dimension.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    share = m.abs((true - pred) / m.maximum(m.abs(true), epsilon()))
    return reduce_mean(share, -1) * 100.0


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean((log(1 + y_true) - log(1 + y_pred))**2)`` along the last dimension.

    Numbers below epsilon count as epsilon.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    true, pred = (m.log(m.maximum(x, epsilon()) + 1.0) for x in (true, pred))
    return reduce_mean(m.square(pred - true), -1)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """Return the mean along the last dimension of e**2/2 where ``|e| <= delta``, else linear.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("huber", y_true, y_pred)
    error = pred - true
    distance = m.abs(error)
    linear = distance * delta - 0.5 * delta**2
    return reduce_mean(m.where(distance <= delta, m.square(error) * 0.5, linear), -1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return ``mean(log(cosh(y_pred - y_true)))`` along the last dimension.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("log_cosh", y_true, y_pred)
    error = pred - true
    # log(cosh(e)) = e + log(1 + exp(-2 e)) - log(2), which overflows nowhere.
    return reduce_mean(error + m.softplus(error * -2.0) - math.log(2), -1)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: Any = -1) -> Tensor:
    """Return minus the cosine of the angle between vectors along an axis: -1 where they agree.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("cosine_similarity", y_true, y_pred)
    return -reduce_sum(unit_vectors(true, axis) * unit_vectors(pred, axis), axis)


def unit_vectors(x: Tensor, axis: Any) -> Tensor:
    """Return vectors divided by their lengths, those shorter than epsilon by that."""
    inverse = m.rsqrt(reduce_sum(m.square(x), axis, keepdims=True))
    return x * m.minimum(inverse, 1 / epsilon())


# --- classes --------------------------------------------------------------------------------------


class MeanSquaredError(PairLoss):
    """The mean of squared differences.

    loss = mean((y_true - y_pred)**2)

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
        2.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(PairLoss):
    """The mean of absolute differences.

    loss = mean(|y_true - y_pred|)

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
        1.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return mean_absolute_error(y_true, y_pred)


class MeanAbsolutePercentageError(PairLoss):
    """The mean of absolute differences as a percentage of the targets.

    loss = 100 mean(|y_true - y_pred| / max(|y_true|, epsilon))

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(MeanAbsolutePercentageError()([[4.0, 10.0]], [[5.0, 15.0]]))
        37.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(PairLoss):
    """The mean of squared differences of logarithms: ratios count, not distances.

    loss = mean((log(1 + y_true) - log(1 + y_pred))**2)

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[math.e - 1]])), 4)
        1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return mean_squared_logarithmic_error(y_true, y_pred)


class Huber(PairLoss):
    """Squared near 0 and linear beyond, so that outliers pull less.

    loss = mean(e**2 / 2             where |e| <= delta
                delta |e| - delta**2 / 2   elsewhere),   e = y_pred - y_true

    Args:
        delta: Where it turns linear, in units of the targets.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(Huber()([[0.0, 0.0]], [[1.0, 3.0]]))
        1.5

    Source: Huber 1964, Ann. Math. Stat. 35, p. 75.
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.delta = delta

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return huber(y_true, y_pred, self.delta)


class LogCosh(PairLoss):
    """The logarithm of the hyperbolic cosine of the error: a smooth `Huber`.

    loss = mean(log(cosh(y_pred - y_true)))

    Args:
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return log_cosh(y_true, y_pred)


class CosineSimilarity(PairLoss):
    """Minus the cosine of the angle between targets and predictions.

    loss = -sum(y_true y_pred) / (|y_true| |y_pred|)

    Args:
        axis: Dimension of the vectors' components.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
        -0.6
    """

    def __init__(
        self,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return cosine_similarity(y_true, y_pred, self.axis)
