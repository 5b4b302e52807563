"""Losses of class probabilities: `BinaryCrossentropy`, `SparseCategoricalCrossentropy`, ...

Probabilities are kept within ``[epsilon, 1 - epsilon]``, so that their logarithms are finite; a
model that returns logits is told apart by ``from_logits=True``, is exact everywhere, and faster.
"""

from __future__ import annotations

import warnings
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.keras.epsilon import epsilon
from freshet.keras.losses.loss import PairLoss
from freshet.keras.losses.operands import class_numbers, floating, pair
from freshet.ops import math as m
from freshet.ops import nn
from freshet.ops.checks import check_in_range
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_mean, reduce_sum
from freshet.ops.shaping import expand_dims, one_hot, transpose

# --- functions ------------------------------------------------------------------------------------


def binary_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Tensor:
    """Return ``-mean(t log(p) + (1 - t) log(1 - p))`` along an axis.

    Args:
        y_true: Targets t in [0, 1].
        y_pred: Probabilities p, of the same shape.
        from_logits: Whether `y_pred` holds log(p / (1 - p)) instead.
        label_smoothing: Moves targets this part of the way towards 1/2.
        axis: Dimension, or several, to average.

    Raises:
        InvalidArgumentError: The shapes differ.
    """
    true, pred = pair("binary_crossentropy", y_true, y_pred)
    if label_smoothing:
        true = true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        return reduce_mean(nn.sigmoid_cross_entropy_with_logits(true, pred), axis)
    pred = _inside(pred)
    likelihood = true * m.log(pred) + (1.0 - true) * m.log(1.0 - pred)
    return -reduce_mean(likelihood, axis)


def categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return ``-sum(t log(p))`` along the axis of the classes.

    Args:
        y_true: Targets t: one-hot vectors or probabilities.
        y_pred: Probabilities p, of the same shape; divided by their sum.
        from_logits: Whether `y_pred` holds unnormalised logarithms of p instead.
        label_smoothing: Moves targets this part of the way towards ``1 / classes``.
        axis: Dimension of the classes.

    Raises:
        InvalidArgumentError: The shapes differ; the message says so if `y_true` looks like class
            numbers.
    """
    caller = "categorical_crossentropy"
    true, pred = pair(caller, y_true, y_pred)
    classes = pred.shape[normalize_axis(caller, axis, pred.ndim)]
    if classes == 1:
        warnings.warn(
            f"{caller}: y_pred {pred._type} has one class, so the loss is always 0; use "
            "binary_crossentropy for two classes",
            stacklevel=2,
        )
    if label_smoothing:
        if classes is None:
            raise InvalidArgumentError(
                f"{caller}: label_smoothing needs the number of classes of {pred._type}"
            )
        true = true * (1.0 - label_smoothing) + label_smoothing / classes
    if from_logits:
        return nn.softmax_cross_entropy_with_logits(true, pred, axis)
    pred = _inside(pred / reduce_sum(pred, axis, keepdims=True))
    return -reduce_sum(true * m.log(pred), axis)


def sparse_categorical_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Tensor:
    """Return ``-log(p[class])`` for each class number.

    Args:
        y_true: Class numbers, of the shape of `y_pred` without the axis of the classes (or with 1
            there).
        y_pred: Probabilities p; divided by their sum.
        from_logits: Whether `y_pred` holds unnormalised logarithms of p instead.
        ignore_class: A number that marks elements without a class; their loss is 0.
        axis: Dimension of the classes.

    Raises:
        InvalidArgumentError: The shapes do not fit (the message says so if `y_true` looks one-hot),
            or a class number is outside ``[0, classes)``; in a traced function the latter is raised
            when it runs, before it changes a variable.
    """
    caller = "sparse_categorical_crossentropy"
    pred = _classes_last(caller, floating(y_pred), axis)
    label = class_numbers(caller, y_true, pred)
    valid = None
    if ignore_class is not None:
        valid = m.not_equal(label, ignore_class)
        label = m.where(valid, label, 0)
        # Predictions that do not count get no gradient, whatever they are.
        pred = m.where(expand_dims(valid, -1), pred, 1.0)
    if from_logits:
        values = nn.sparse_softmax_cross_entropy_with_logits(label, pred)
    else:
        values = -m.log(_chosen_probability(caller, label, pred))
    return values if valid is None else m.where(valid, values, 0.0)


def _chosen_probability(caller: str, label: Tensor, pred: Tensor) -> Tensor:
    classes = pred.shape[-1]
    if classes is None:
        raise InvalidArgumentError(f"{caller}: the number of classes of {pred._type} is not known")
    label = check_in_range(caller, "label", label, 0, classes)
    chosen = reduce_sum(pred * one_hot(label, classes, dtype=pred.dtype), -1)
    return _inside(chosen / reduce_sum(pred, -1))


def _inside(probability: Tensor) -> Tensor:
    return m.clip_by_value(probability, epsilon(), 1.0 - epsilon())


def _classes_last(caller: str, pred: Tensor, axis: int) -> Tensor:
    if not pred.ndim:
        raise InvalidArgumentError(
            f"{caller}: y_pred needs a dimension of classes, received a single number {pred._type}"
        )
    where = normalize_axis(caller, axis, pred.ndim)
    if where == pred.ndim - 1:
        return pred
    return transpose(pred, [d for d in range(pred.ndim) if d != where] + [where])


# --- classes --------------------------------------------------------------------------------------


class BinaryCrossentropy(PairLoss):
    """Cross-entropy of yes-or-no answers.

    loss = -mean(t log(p) + (1 - t) log(1 - p))

    Args:
        from_logits: Whether predictions are log(p / (1 - p)) instead of p: more exact and faster
            than a sigmoid before it.
        label_smoothing: Moves targets this part of the way towards 1/2.
        axis: Dimension to average within an example.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape.

    Example:
        >>> round(float(BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])), 4)
        0.6931

    Source: Good 1952, J. R. Stat. Soc. B 14, "rational decisions".
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


class CategoricalCrossentropy(PairLoss):
    """Cross-entropy between distributions over classes.

    loss = -sum over classes of  t log(p)

    Args:
        from_logits: Whether predictions are unnormalised logarithms instead of p: more exact and
            faster than a softmax before it.
        label_smoothing: Moves targets this part of the way towards ``1 / classes``.
        axis: Dimension of the classes.
        reduction: As for `Loss`.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if targets and predictions differ in shape. Targets that
            are class numbers belong to `SparseCategoricalCrossentropy`.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
        1.3863

    Source: label smoothing: Szegedy et al. 2015, arXiv:1512.00567, section 7.
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per example."""
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


class SparseCategoricalCrossentropy(PairLoss):
    """Cross-entropy where each target is a class number.

    loss = -log(p[class])

    Args:
        from_logits: Whether predictions are unnormalised logarithms instead of p: more exact and
            faster than a softmax before it.
        ignore_class: A number that marks elements without a class, such as 255 in segmentation
            maps; they count neither in the sum nor in the mean.
        reduction: As for `Loss`.
        axis: Dimension of the classes.
        name: As for `Loss`.
        dtype: As for `Loss`.

    Raises:
        InvalidArgumentError: On a call, if a class number is outside ``[0, classes)`` or the shapes
            do not fit. Targets that are one-hot belong to `CategoricalCrossentropy`.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]])), 4)
        1.3863
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return one loss per class number."""
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def valid(self, y_true: Any, y_pred: Any) -> Tensor | None:
        """Return which class numbers are not `ignore_class`."""
        if self.ignore_class is None:
            return None
        caller = "sparse_categorical_crossentropy"
        pred = _classes_last(caller, y_pred, self.axis)
        return m.not_equal(class_numbers(caller, y_true, pred), self.ignore_class)
