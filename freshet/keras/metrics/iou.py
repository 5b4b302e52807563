"""How well areas of classes cover each other: `MeanIoU`, `IoU`, ..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.epsilon import epsilon
from freshet.keras.losses.reduction import weight_of
from freshet.keras.metrics.metric import Metric
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.reduction import argmax, reduce_sum
from freshet.ops.shaping import expand_dims, eye, one_hot, ones_like, reshape


class IoU(Metric):
    """Intersection over union of chosen classes, averaged over those that occur.

    IoU = TP / (TP + FP + FN)

    Args:
        num_classes: Number of classes; other class numbers do not count.
        target_class_ids: The classes to average over.
        name: As for `Metric`.
        dtype: Of the counts. int64 by default, which is exact for any number of pixels.
        ignore_class: A number that marks elements without a class, such as 255.
        sparse_y_true: Whether targets are class numbers, not one-hot vectors.
        sparse_y_pred: Whether predictions are class numbers, not scores.
        axis: Dimension of the vectors.

    Raises:
        InvalidArgumentError: A class is outside ``[0, num_classes)``.

    Example:
        >>> round(float(IoU(2, [0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333

    Source: Jaccard 1912, New Phytologist 11.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__("int64" if dtype in {None, "int"} else dtype, name)
        self.num_classes = num_classes
        self.target_class_ids = list(target_class_ids)
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        wrong = [c for c in self.target_class_ids if not 0 <= c < num_classes]
        if wrong:
            raise InvalidArgumentError(
                f"{type(self).__name__}: class {wrong[0]} is outside [0, {num_classes})"
            )
        shape = (num_classes, num_classes)
        self.total_cm = self.add_weight(shape, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: Targets.
            y_pred: Predictions, an element for each target.
            sample_weight: How much each example (or element) counts; 1 by default. Counts are whole
                numbers, so weights are too unless the metric has a floating-point dtype.
        """
        true = _numbers(y_true, self.sparse_y_true, self.axis)
        pred = _numbers(y_pred, self.sparse_y_pred, self.axis)
        weight = ones_like(true, self.dtype)
        if sample_weight is not None:
            name = type(self).__name__
            weight = weight * weight_of(name, "sample_weight", sample_weight, weight)
        if self.ignore_class is not None:
            weight = weight * m.cast(m.not_equal(true, self.ignore_class), self.dtype)
        true, pred, weight = (reshape(x, [-1]) for x in (true, pred, weight))
        if not true.shape.is_compatible_with(pred.shape):
            raise InvalidArgumentError(
                f"{type(self).__name__}: targets and predictions must have the same number of "
                f"elements, received y_true {true._type} and y_pred {pred._type}"
            )
        # Numbers outside the classes have no place in the vectors, so they count nowhere.
        rows = one_hot(true, self.num_classes, dtype=self.dtype) * expand_dims(weight, -1)
        columns = one_hot(pred, self.num_classes, dtype=self.dtype)
        self.total_cm.assign(self.total_cm + matmul(rows, columns, transpose_a=True))

    def result(self) -> Tensor:
        """Return the mean over the chosen classes that occur."""
        counts = self.total_cm.value()
        right = reduce_sum(counts * eye(self.num_classes, dtype=self.dtype), 0)
        union = reduce_sum(counts, 0) + reduce_sum(counts, 1) - right
        chosen = np.bincount(self.target_class_ids, minlength=self.num_classes)
        occurs = m.cast(union > 0, "float32") * chosen.astype(np.float32)
        share = m.cast(right, "float32") / (m.cast(union, "float32") + epsilon())
        return reduce_sum(share * occurs) / (reduce_sum(occurs) + epsilon())


class MeanIoU(IoU):
    """Intersection over union, averaged over all classes that occur.

    IoU = TP / (TP + FP + FN)

    Args:
        num_classes: Number of classes; other class numbers do not count.
        name: As for `Metric`.
        dtype: As for `IoU`.
        ignore_class: As for `IoU`.
        sparse_y_true: As for `IoU`.
        sparse_y_pred: As for `IoU`.
        axis: As for `IoU`.

    Example:
        >>> round(float(MeanIoU(2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true,
            sparse_y_pred, axis,
        )  # fmt: skip


class BinaryIoU(IoU):
    """Intersection over union of two classes, told apart by a threshold.

    Args:
        target_class_ids: The classes to average over, of 0 and 1.
        threshold: Scores from here on mean class 1.
        name: As for `Metric`.
        dtype: As for `IoU`.

    Example:
        >>> round(float(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets 0 or 1 and scores."""
        score = m.cast(y_pred, "float32")
        super().update_state(y_true, m.cast(score >= self.threshold, "int32"), sample_weight)


class OneHotIoU(IoU):
    """`IoU` of targets that are one-hot vectors.

    Args:
        num_classes: Number of classes.
        target_class_ids: The classes to average over.
        name: As for `Metric`.
        dtype: As for `IoU`.
        ignore_class: As for `IoU`.
        sparse_y_pred: Whether predictions are class numbers, not scores.
        axis: As for `IoU`.

    Example:
        >>> float(OneHotIoU(2, [1])([[0, 1], [0, 1]], [[0.2, 0.8], [0.6, 0.4]]).numpy().round(4))
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of targets that are one-hot vectors.

    Args:
        num_classes: Number of classes.
        name: As for `Metric`.
        dtype: As for `IoU`.
        ignore_class: As for `IoU`.
        sparse_y_pred: Whether predictions are class numbers, not scores.
        axis: As for `IoU`.

    Example:
        >>> float(OneHotMeanIoU(2)([[0, 1], [0, 1]], [[0.2, 0.8], [0.6, 0.4]]).numpy().round(4))
        0.25
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)


def _numbers(values: Any, sparse: bool, axis: int) -> Tensor:
    """Return class numbers."""
    tensor = convert_to_tensor(values)
    return m.cast(tensor if sparse else argmax(tensor, axis), "int64")
