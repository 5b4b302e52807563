"""Metrics of yes-or-no answers: `TruePositives`, ..., `Precision`, `Recall`."""

from __future__ import annotations

from typing import Any

from freshet.core.tensor import Tensor
from freshet.keras.metrics.confusion_matrix import NEVER, Counts, Thresholds, count_answers
from freshet.keras.metrics.metric import Metric
from freshet.ops.math import divide_no_nan


class AnswerMetric(Metric):
    """A metric made of counts of answers at thresholds.

    Args:
        counted: Names of the counts, of which the metric keeps a vector each.
        thresholds: Scores above which an answer is yes; one or several.
        top_k: Only the k best scores of each row may be yes; then there is no threshold by default.
        class_id: Only this column counts.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].
    """

    def __init__(
        self,
        counted: tuple[str, ...],
        thresholds: Any,
        top_k: int | None,
        class_id: int | None,
        name: str | None,
        dtype: Any,
    ) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        default = 0.5 if top_k is None else NEVER
        self._levels = Thresholds.parse(type(self).__name__, thresholds, default)
        self._counted = {n: self.add_weight((len(self._levels),), name=n) for n in counted}

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, one or several."""
        return self._levels.values

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: Labels; anything but 0 means yes.
            y_pred: Scores, of the same shape.
            sample_weight: How much each example (or answer) counts; 1 by default.
        """
        counts = self._count(y_true, y_pred, sample_weight)
        for name, variable in self._counted.items():
            variable.assign(variable + getattr(counts, name))

    def _count(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Counts:
        return count_answers(
            type(self).__name__, y_true, y_pred, sample_weight, self._levels, dtype=self.dtype,
            top_k=self.top_k, class_id=self.class_id,
        )  # fmt: skip

    def _per_threshold(self, values: Any) -> Tensor:
        """Return a vector, or its only element."""
        chosen: Tensor = values[0] if len(self._levels) == 1 else values[:]
        return chosen

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        return {**super().get_config(), "thresholds": self.init_thresholds}


class _Count(AnswerMetric):
    """One of the four counts."""

    counted: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__((self.counted,), thresholds, None, None, name, dtype)
        self.accumulator = self._counted[self.counted]

    def result(self) -> Tensor:
        """Return the count."""
        return self._per_threshold(self.accumulator)


class TruePositives(_Count):
    """How many answers are yes and should be.

    Args:
        thresholds: Scores above which an answer is yes; one, or several for several results. 0.5 by
            default.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].

    Example:
        >>> float(TruePositives()([0, 1, 1, 1], [1, 0, 1, 1]))
        2.0
    """

    counted = "true_positives"


class TrueNegatives(_Count):
    """How many answers are no and should be.

    Args:
        thresholds: Scores above which an answer is yes; one, or several for several results. 0.5 by
            default.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].

    Example:
        >>> float(TrueNegatives()([0, 1, 0, 0], [1, 1, 0, 0]))
        2.0
    """

    counted = "true_negatives"


class FalsePositives(_Count):
    """How many answers are yes and should not be.

    Args:
        thresholds: Scores above which an answer is yes; one, or several for several results. 0.5 by
            default.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].

    Example:
        >>> float(FalsePositives()([0, 1, 0, 0], [0, 0, 1, 1]))
        2.0
    """

    counted = "false_positives"


class FalseNegatives(_Count):
    """How many answers are no and should not be.

    Args:
        thresholds: Scores above which an answer is yes; one, or several for several results. 0.5 by
            default.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].

    Example:
        >>> float(FalseNegatives()([0, 1, 1, 1], [0, 1, 0, 0]))
        2.0
    """

    counted = "false_negatives"


class Precision(AnswerMetric):
    """The share of yes answers that are right.

    result = TP / (TP + FP),  and 0 without yes answers

    Args:
        thresholds: Scores above which an answer is yes; one, or several for several results. 0.5 by
            default, none with `top_k`.
        top_k: Only the k best scores of each row may be yes.
        class_id: Only this column counts.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].

    Example:
        >>> round(float(Precision()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        counted = ("true_positives", "false_positives")
        super().__init__(counted, thresholds, top_k, class_id, name, dtype)
        self.true_positives, self.false_positives = self._counted.values()

    def result(self) -> Tensor:
        """Return the share."""
        answered = self.true_positives + self.false_positives
        return self._per_threshold(divide_no_nan(self.true_positives, answered))


class Recall(AnswerMetric):
    """The share of what should be yes that is answered so.

    result = TP / (TP + FN),  and 0 if nothing should be yes

    Args:
        thresholds: Scores above which an answer is yes; one, or several for several results. 0.5 by
            default, none with `top_k`.
        top_k: Only the k best scores of each row may be yes.
        class_id: Only this column counts.
        name: As for `Metric`.
        dtype: As for `Metric`.

    Raises:
        InvalidArgumentError: A threshold is outside [0, 1].

    Example:
        >>> round(float(Recall()([0, 1, 1, 1], [1, 0, 1, 1])), 4)
        0.6667
    """

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        counted = ("true_positives", "false_negatives")
        super().__init__(counted, thresholds, top_k, class_id, name, dtype)
        self.true_positives, self.false_negatives = self._counted.values()

    def result(self) -> Tensor:
        """Return the share."""
        wanted = self.true_positives + self.false_negatives
        return self._per_threshold(divide_no_nan(self.true_positives, wanted))
