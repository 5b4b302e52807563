"""Metrics of numbers: `MeanSquaredError`, `RootMeanSquaredError`, `CosineSimilarity`, ..."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.losses import regression
from freshet.keras.losses.operands import pair
from freshet.keras.metrics.mean import Mean, MeanOfPairs
from freshet.ops.math import sqrt, square


class MeanSquaredError(MeanOfPairs):
    """The mean of squared differences.

    result = mean((y_true - y_pred)**2)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0]], [[1.0, 3.0]]))
        2.5
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return regression.mean_squared_error(y_true, y_pred)


class RootMeanSquaredError(Mean):
    """The square root of the mean of squared differences.

    result = sqrt(mean((y_true - y_pred)**2))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(RootMeanSquaredError()([[0.0, 0.0]], [[1.0, 7.0]]))
        5.0
    """

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions.
            sample_weight: How much each example (or element) counts; 1 by default.
        """
        true, pred = pair("RootMeanSquaredError", y_true, y_pred)
        super().update_state(square(pred - true), sample_weight)

    def result(self) -> Tensor:
        """Return the root."""
        return sqrt(super().result())


class MeanAbsoluteError(MeanOfPairs):
    """The mean of absolute differences.

    result = mean(|y_true - y_pred|)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0]], [[1.0, 3.0]]))
        1.5
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return regression.mean_absolute_error(y_true, y_pred)


class MeanAbsolutePercentageError(MeanOfPairs):
    """The mean of absolute differences as a percentage of the targets.

    result = 100 mean(|y_true - y_pred| / max(|y_true|, epsilon))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(MeanAbsolutePercentageError()([[4.0, 10.0]], [[5.0, 15.0]]))
        37.5
    """

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return regression.mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(MeanOfPairs):
    """The mean of squared differences of logarithms.

    result = mean((log(1 + y_true) - log(1 + y_pred))**2)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 4)  # log(2)**2
        0.4805
    """

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return regression.mean_squared_logarithmic_error(y_true, y_pred)


class LogCoshError(MeanOfPairs):
    """The mean logarithm of the hyperbolic cosine of the error.

    result = mean(log(cosh(y_pred - y_true)))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(LogCoshError()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return regression.log_cosh(y_true, y_pred)


class CosineSimilarity(MeanOfPairs):
    """The cosine of the angle between targets and predictions: 1 where they agree.

    result = mean(sum(y_true y_pred) / (|y_true| |y_pred|))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        axis: Dimension of the vectors' components.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(CosineSimilarity()([[1.0, 0.0]], [[3.0, 4.0]])), 4)
        0.6
    """

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: Any = -1
    ) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        # The loss of this name is its negative.
        return -regression.cosine_similarity(y_true, y_pred, self.axis)
