"""Metrics of distributions: `BinaryCrossentropy`, `KLDivergence`, ..."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras import losses
from freshet.keras.losses.operands import floating
from freshet.keras.metrics.mean import MeanOfPairs


class BinaryCrossentropy(MeanOfPairs):
    """Cross-entropy of yes-or-no answers.

    result = -mean(t log(p) + (1 - t) log(1 - p))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_logits: Whether predictions are log(p / (1 - p)) instead of p.
        label_smoothing: Moves targets this part of the way towards 1/2.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


class CategoricalCrossentropy(MeanOfPairs):
    """Cross-entropy between distributions over classes.

    result = -mean(sum over classes of  t log(p))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_logits: Whether predictions are unnormalised logarithms instead of p.
        label_smoothing: Moves targets this part of the way towards ``1 / classes``.
        axis: Dimension of the classes.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
        1.3863
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


class SparseCategoricalCrossentropy(MeanOfPairs):
    """Cross-entropy where each target is a class number.

    result = -mean(log(p[class]))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_logits: Whether predictions are unnormalised logarithms instead of p.
        ignore_class: A number that marks elements without a class, which do not count. (In Keras
            they count as elements with loss 0 unless there are sample weights.)
        axis: Dimension of the classes.

    Raises:
        InvalidArgumentError: On a call, if a class number is outside ``[0, classes)`` or the shapes
            do not fit.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]])), 4)
        1.3863
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
        self._loss = losses.SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per class number."""
        return self._loss.call(y_true, y_pred)

    def valid(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """Return which class numbers are not `ignore_class`."""
        return self._loss.valid(y_true, floating(y_pred))


class KLDivergence(MeanOfPairs):
    """How many nats more a code for the predictions needs than one for the targets.

    result = mean(sum over classes of  t log(t / p))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(KLDivergence()([[0.5, 0.5]], [[0.9, 0.1]])), 4)
        0.5108
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.kl_divergence(y_true, y_pred)


class Poisson(MeanOfPairs):
    """Minus the log-likelihood of counts under predicted rates, but for a constant.

    result = mean(p - t log(p + epsilon))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(Poisson()([[2.0]], [[1.0]])), 4)
        1.0
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one number per example."""
        return losses.poisson(y_true, y_pred)
