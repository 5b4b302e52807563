"""How often predictions are right: `Accuracy`, `SparseCategoricalAccuracy`, ..."""

from __future__ import annotations

import math
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.dtype_policies import floatx
from freshet.keras.losses.operands import class_numbers, floating, pair
from freshet.keras.losses.reduction import same_rank
from freshet.keras.metrics.mean import MeanOfPairs
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.reduction import argmax, reduce_any, reduce_sum
from freshet.ops.shaping import expand_dims, range

# --- functions ------------------------------------------------------------------------------------


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where prediction and target are equal, else 0.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = _same_shape("accuracy", y_true, y_pred)
    return m.cast(m.equal(m.cast(true, pred.dtype), pred), floatx())


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """Return 1 where ``y_pred > threshold`` says the same as the target, else 0.

    Args:
        y_true: 0 or 1.
        y_pred: Probabilities, of the same shape.
        threshold: Above it a prediction means 1.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = _same_shape("binary_accuracy", y_true, floating(y_pred))
    answer = m.cast(pred > threshold, true.dtype)
    return m.cast(m.equal(true, answer), floatx())


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where the largest prediction is at the largest target, else 0.

    Args:
        y_true: One-hot vectors.
        y_pred: Scores, of the same shape.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("categorical_accuracy", y_true, y_pred)
    return m.cast(m.equal(argmax(true, -1), argmax(pred, -1)), floatx())


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Return 1 where the largest prediction is at the class number, else 0.

    Args:
        y_true: Class numbers, one for each row of the predictions.
        y_pred: Scores.

    Raises:
        InvalidArgumentError: There is not one class number for each row.

    Example:
        >>> sparse_categorical_accuracy([0, 1], [[0.9, 0.1], [0.6, 0.4]]).numpy().tolist()
        [1.0, 0.0]
    """
    pred = convert_to_tensor(y_pred)
    label = class_numbers("sparse_categorical_accuracy", y_true, pred)
    return m.cast(m.equal(label, argmax(pred, -1, output_type=label.dtype)), floatx())


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """Return 1 where the largest target is among the k largest predictions, else 0.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("top_k_categorical_accuracy", y_true, y_pred)
    return m.cast(_in_top_k(argmax(true, -1), pred, k), floatx())


def sparse_top_k_categorical_accuracy(
    y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """Return 1 where the class number is among the k largest predictions, else 0.

    Args:
        y_true: Class numbers, one for each row of the predictions.
        y_pred: Scores.
        k: How many of them are looked at. Scores equal to the k-th count as well.
        from_sorted_ids: Whether `y_pred` holds class numbers instead, the best first.

    Raises:
        InvalidArgumentError: There is not one class number for each row.
    """
    pred = convert_to_tensor(y_pred)
    label = class_numbers("sparse_top_k_categorical_accuracy", y_true, pred)
    if from_sorted_ids:
        best = m.cast(pred[..., :k], label.dtype)
        return m.cast(reduce_any(m.equal(expand_dims(label, -1), best), -1), floatx())
    return m.cast(_in_top_k(label, floating(pred), k), floatx())


def _in_top_k(label: Tensor, pred: Tensor, k: int) -> Tensor:
    """Return whether fewer than k scores are larger than that of the class."""
    classes = pred.shape[-1]
    if classes is None:
        raise InvalidArgumentError(f"top k: the number of classes of {pred._type} is not known")
    hit = m.equal(expand_dims(label, -1), range(classes, dtype=label.dtype))
    own = reduce_sum(m.where(hit, pred, 0.0), -1, keepdims=True)
    own = m.where(m.is_nan(own), -math.inf, own)
    larger = reduce_sum(m.cast(pred > own, "int32"), -1)
    return m.logical_and(reduce_any(hit, -1), larger < k)


def _same_shape(caller: str, y_true: TensorLike, y_pred: TensorLike) -> tuple[Tensor, Tensor]:
    true, pred = same_rank(convert_to_tensor(y_true), convert_to_tensor(y_pred))
    if not true.shape.is_compatible_with(pred.shape):
        raise InvalidArgumentError(
            f"{caller}: targets and predictions must have one shape, received y_true {true._type} "
            f"and y_pred {pred._type}"
        )
    return true, pred


# --- classes --------------------------------------------------------------------------------------


class Accuracy(MeanOfPairs):
    """How often predictions equal targets.

    result = mean(y_true = y_pred)

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
        0.75
    """

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return 1 or 0 for each element."""
        return accuracy(y_true, y_pred)


class BinaryAccuracy(MeanOfPairs):
    """How often a probability is on the right side of a threshold.

    result = mean(y_true = (y_pred > threshold))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.
        threshold: Above it a prediction means 1. For logits, 0.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(BinaryAccuracy()([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6]))
        0.75
    """

    def __init__(
        self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5
    ) -> None:
        super().__init__(name, dtype)
        self.threshold = threshold

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return 1 or 0 for each element."""
        return binary_accuracy(y_true, y_pred, self.threshold)


class CategoricalAccuracy(MeanOfPairs):
    """How often the best score is that of the class, for one-hot targets.

    result = mean(argmax(y_true) = argmax(y_pred))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(CategoricalAccuracy()([[0, 1], [0, 1]], [[0.1, 0.9], [0.7, 0.3]]))
        0.5
    """

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return 1 or 0 for each example."""
        return categorical_accuracy(y_true, y_pred)


class SparseCategoricalAccuracy(MeanOfPairs):
    """How often the best score is that of the class, for class numbers.

    result = mean(y_true = argmax(y_pred))

    Args:
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if there is not one class number for each row of scores.

    Example:
        >>> float(SparseCategoricalAccuracy()([1, 1], [[0.1, 0.9], [0.7, 0.3]]))
        0.5
    """

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(name, dtype)

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return 1 or 0 for each class number."""
        return sparse_categorical_accuracy(y_true, y_pred)


class TopKCategoricalAccuracy(MeanOfPairs):
    """How often the class is among the k best scores, for one-hot targets.

    result = mean(argmax(y_true) in top k of y_pred)

    Args:
        k: How many scores are looked at; 5, as the ImageNet competition.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> float(TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.1, 0.6, 0.3]]))
        1.0
    """

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(name, dtype)
        self.k = k

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return 1 or 0 for each example."""
        return top_k_categorical_accuracy(y_true, y_pred, self.k)


class SparseTopKCategoricalAccuracy(MeanOfPairs):
    """How often the class is among the k best scores, for class numbers.

    result = mean(y_true in top k of y_pred)

    Args:
        k: How many scores are looked at; 5, as the ImageNet competition.
        name: As for `Metric`.
        dtype: As for `Metric`.
        from_sorted_ids: Whether predictions are class numbers instead, the best first.

    Raises:
        InvalidArgumentError: On a call, if there is not one class number for each row of scores.

    Example:
        >>> float(SparseTopKCategoricalAccuracy(k=1)([2], [[0.1, 0.6, 0.3]]))
        0.0
    """

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(name, dtype)
        self.k = k
        self.from_sorted_ids = from_sorted_ids

    def values(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return 1 or 0 for each class number."""
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k, self.from_sorted_ids)
