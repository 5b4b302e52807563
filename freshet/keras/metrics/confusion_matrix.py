"""Counts of true and false answers at thresholds, which the metrics of answers are made of."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras.epsilon import epsilon
from freshet.keras.losses.reduction import same_rank, weight_of
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.reduction import reduce_sum
from freshet.ops.shaping import broadcast_to, expand_dims, range, reshape, shape

NEVER: Final = -1e10
"""A score below every threshold, for answers that are not among the best k."""


class Thresholds:
    """Scores above which an answer is yes.

    Thresholds that divide [0, 1] evenly are compared after multiplying the scores by their number,
    as Keras counts them: a score of 0.1 is then on the same side of a threshold of 1/10.

    Args:
        values: The thresholds, in order.
        even: Whether they divide [0, 1] evenly; seen from the values by default.

    Raises:
        InvalidArgumentError: On `parse`, one is outside [0, 1].
    """

    def __init__(self, values: Sequence[float], even: bool | None = None) -> None:
        self.values = [float(v) for v in values]
        count = len(self.values)
        regular = np.arange(count, dtype=np.float32) / max(count - 1, 1)
        found = count > 2 and np.allclose(self.values, regular, atol=epsilon())
        self.even = found if even is None else even

    @classmethod
    def parse(cls, caller: str, given: Any, default: float) -> Thresholds:
        """Return thresholds given as one number, several or None."""
        values = given if isinstance(given, (list, tuple, np.ndarray)) else [given]
        wrong = [v for v in values if v is not None and not 0 <= v <= 1]
        if wrong:
            raise InvalidArgumentError(
                f"{caller}: thresholds must be in [0, 1], received {wrong[0]!r}"
            )
        return cls([default if v is None else v for v in values])

    def __len__(self) -> int:
        return len(self.values)

    def passed(self, scores: Tensor) -> Tensor:
        """Return whether scores are above each threshold, which becomes the first dimension."""
        levels = np.asarray(self.values)
        if self.even:
            scores = m.clip_by_value(scores, 0.0, 1.0) * float(len(self) - 1)
            levels = np.arange(len(self), dtype=np.float64)
            if self.values[0] < 0:  # a first threshold below 0 is passed by 0 as well
                levels[0] = -1.0
        column = levels.astype(scores.dtype.as_numpy_dtype).reshape([-1] + [1] * scores.ndim)
        return expand_dims(scores, 0) > Tensor._of_array(column, scores.dtype)


class Counts:
    """Weighted counts of answers: true and false, positive and negative.

    Each is a vector with one count per threshold (and, if labels are kept apart, per label). They
    are computed when they are asked for.

    Args:
        passed: Whether each answer is yes, thresholds first.
        label: 1 where it should be, else 0.
        weight: How much each answer counts.
        apart: Whether the last dimension, the labels, is kept apart.
    """

    def __init__(self, passed: Tensor, label: Tensor, weight: Tensor, apart: bool) -> None:
        self._passed = m.cast(passed, label.dtype)
        self._yes = label * weight
        self._no = (1.0 - label) * weight
        self._axis = 0 if apart else None

    def _total(self, part: Tensor) -> Tensor:
        return reduce_sum(part, self._axis)

    def _counted(self, part: Tensor) -> Tensor:
        both = self._passed * part
        axes = 1 if self._axis == 0 else tuple(builtins.range(1, both.ndim))
        return reduce_sum(both, axes)

    @property
    def true_positives(self) -> Tensor:
        """Answers that are yes and should be."""
        return self._counted(self._yes)

    @property
    def false_positives(self) -> Tensor:
        """Answers that are yes and should not be."""
        return self._counted(self._no)

    @property
    def true_negatives(self) -> Tensor:
        """Answers that are no and should be."""
        return self._total(self._no) - self.false_positives

    @property
    def false_negatives(self) -> Tensor:
        """Answers that are no and should not be."""
        return self._total(self._yes) - self.true_positives


def count_answers(
    caller: str,
    y_true: Any,
    y_pred: Any,
    sample_weight: Any,
    thresholds: Thresholds,
    *,
    dtype: str,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: Any = None,
    apart: bool = False,
) -> Counts:
    """Compare answers with labels.

    Args:
        caller: Name of the metric, for errors.
        y_true: Labels; anything but 0 means yes.
        y_pred: Scores, of the same shape.
        sample_weight: How much each example (or answer) counts; 1 by default.
        thresholds: Scores above which an answer is yes.
        dtype: Of the counts.
        top_k: Only the k best scores of each row may be yes.
        class_id: Only this column counts.
        label_weights: How much each column counts.
        apart: Keep columns apart instead of adding them up.

    Raises:
        InvalidArgumentError: The shapes do not fit.
    """
    label, score, weight = _answers(caller, y_true, y_pred, sample_weight, dtype)
    if top_k is not None:
        score = _only_best(caller, score, top_k)
    if class_id is not None:
        label, score, weight = (_column(caller, x, class_id) for x in (label, score, weight))
    if label_weights is not None:
        weight = weight * m.cast(label_weights, dtype)
    if not apart:
        label, score, weight = (reshape(x, [-1]) for x in (label, score, weight))
    elif score.ndim != 2:
        raise InvalidArgumentError(
            f"{caller}: expected y_pred of shape (examples, labels), received {score._type}"
        )
    return Counts(thresholds.passed(score), label, weight, apart)


def _answers(
    caller: str, y_true: Any, y_pred: Any, sample_weight: Any, dtype: str
) -> tuple[Tensor, Tensor, Tensor]:
    given = convert_to_tensor(y_true)
    label, score = same_rank(given, m.cast(convert_to_tensor(y_pred), dtype))
    if not label.shape.is_compatible_with(score.shape):
        raise InvalidArgumentError(
            f"{caller}: labels and scores must have one shape, received y_true {given._type} and "
            f"y_pred {score._type}"
        )
    label = m.cast(m.cast(label, "bool"), dtype)
    weight = convert_to_tensor(1.0, dtype=dtype)
    if sample_weight is not None:
        weight = weight_of(caller, "sample_weight", sample_weight, score)
    sizes = shape(score) if None in score.shape else tuple(score.shape)
    return label, score, broadcast_to(weight, sizes)


def _column(caller: str, x: Tensor, class_id: int) -> Tensor:
    size = x.shape[-1] if x.ndim > 1 else None
    if x.ndim < 2 or (size is not None and not 0 <= class_id < size):
        raise InvalidArgumentError(
            f"{caller}: there is no class {class_id} in scores {x._type}, whose last dimension "
            "should be the classes"
        )
    return x[..., class_id : class_id + 1]


def _only_best(caller: str, score: Tensor, k: int) -> Tensor:
    """Return scores with all but the k best of each row below every threshold."""
    classes = score.shape[-1] if score.ndim else None
    if classes is None:
        raise InvalidArgumentError(
            f"{caller}: top_k needs the number of classes, received y_pred {score._type}"
        )
    own, other = expand_dims(score, -1), expand_dims(score, -2)
    number = range(classes)
    earlier = expand_dims(number, 0) < expand_dims(number, 1)
    # Of equal scores the first is the better one.
    better = m.logical_or(other > own, m.logical_and(m.equal(other, own), earlier))
    place = reduce_sum(m.cast(better, "int32"), -1)
    return m.where(place < k, score, NEVER)
