"""`AUC`: the area under a curve over all thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.keras.epsilon import epsilon
from freshet.keras.metrics.confusion_matrix import Thresholds, count_answers
from freshet.keras.metrics.metric import Metric
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.reduction import reduce_mean, reduce_sum

_CURVES: Final = ("ROC", "PR", "PRGAIN")
_METHODS: Final = ("interpolation", "majoring", "minoring")
_COUNTS: Final = ("true_positives", "false_positives", "true_negatives", "false_negatives")


class AUC(Metric):
    """The area under the ROC curve, or under that of precision over recall.

    result = sum over thresholds of  (x[i] - x[i+1]) height(y[i], y[i+1])

    ROC: x = FP / (FP + TN), y = TP / (TP + FN). PR: x = TP / (TP + FN), y = TP / (TP + FP); with
    interpolation, between two thresholds TP is taken as linear in TP + FP.

    Args:
        num_thresholds: How finely [0, 1] is divided. 200, as Keras: the area is then exact to
            about 0.01 where the scores spread.
        curve: "ROC", "PR", or "PRGAIN" (precision and recall as gains over always saying yes).
        summation_method: Height between two thresholds: "interpolation" takes the mean, "majoring"
            the larger, "minoring" the smaller.
        name: As for `Metric`.
        dtype: As for `Metric`.
        thresholds: The thresholds themselves, in (0, 1); 0 and 1 are added.
        multi_label: Compute an area for each column, and average them.
        num_labels: Number of columns; by default that of the first batch.
        label_weights: How much each column counts.
        from_logits: Whether scores are log(p / (1 - p)) instead of p.

    Raises:
        InvalidArgumentError: An argument is none of these.

    Example:
        >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
        0.75

    Source: Davis & Goadrich, ICML 2006, section 4 (interpolation of PR); Flach & Kull, NIPS 2015,
    eq. 3 (gains).
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Sequence[float] | None = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        self.curve = _one_of("curve", str(curve).upper(), _CURVES)
        method = str(summation_method).lower()
        self.summation_method = _one_of("summation_method", method, _METHODS)
        if thresholds is None and not num_thresholds > 1:
            raise InvalidArgumentError(
                f"AUC: num_thresholds must be 2 or more, received {num_thresholds!r}"
            )
        if num_labels and not multi_label:
            raise InvalidArgumentError("AUC: num_labels is for multi_label=True")
        self.init_thresholds = None if thresholds is None else sorted(map(float, thresholds))
        self.num_thresholds = num_thresholds if thresholds is None else len(thresholds) + 2
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = label_weights
        self.from_logits = from_logits
        last = self.num_thresholds - 1
        inner = [i / last for i in range(1, last)] if thresholds is None else self.init_thresholds
        # Ends a little outside, so that every score is above the first and none above the last.
        even = True if thresholds is None else None
        self._levels = Thresholds([-epsilon(), *(inner or []), 1 + epsilon()], even)
        self._counted: dict[str, Variable] = {}
        if not multi_label or num_labels:
            self._build()

    @property
    def thresholds(self) -> list[float]:
        """The thresholds, with those at the ends."""
        return self._levels.values

    def _build(self) -> None:
        labels = [self.num_labels] if self.multi_label else []
        shape = [self.num_thresholds, *labels]
        self._counted = {name: self.add_weight(shape, name=name) for name in _COUNTS}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch.

        Args:
            y_true: Labels; anything but 0 means yes.
            y_pred: Scores, of the same shape.
            sample_weight: How much each example (or answer) counts; 1 by default.
        """
        scores = convert_to_tensor(y_pred)
        if not self._counted:
            self.num_labels = scores.shape[-1]
            self._build()
        counts = count_answers(
            "AUC", y_true, m.sigmoid(scores) if self.from_logits else scores, sample_weight,
            self._levels, dtype=self.dtype, apart=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )  # fmt: skip
        for name, variable in self._counted.items():
            variable.assign(variable + getattr(counts, name))

    def result(self) -> Tensor:
        """Return the area."""
        if not self._counted:
            raise FailedPreconditionError(
                "AUC: the number of labels is not known yet: give num_labels, or a batch"
            )
        tp, fp, tn, fn = (v.value() for v in self._counted.values())
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._total(_interpolated_precision(tp, fp, fn))
        x, y = _curve(self.curve, tp, fp, tn, fn)
        if self.summation_method == "interpolation":
            height = (y[:-1] + y[1:]) / 2.0
        elif self.summation_method == "minoring":
            height = m.minimum(y[:-1], y[1:])
        else:
            height = m.maximum(y[:-1], y[1:])
        return self._total((x[:-1] - x[1:]) * height)

    def _total(self, parts: Tensor) -> Tensor:
        """Return the sum over thresholds, and the mean over labels."""
        if not self.multi_label:
            return reduce_sum(parts)
        areas = reduce_sum(parts, 0)
        if self.label_weights is None:
            return reduce_mean(areas)
        weights = m.cast(self.label_weights, areas.dtype)
        return m.divide_no_nan(reduce_sum(areas * weights), reduce_sum(weights))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments as JSON values."""
        return {**super().get_config(), "thresholds": self.init_thresholds}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the metric from what `get_config` returned."""
        weights = config.get("label_weights")
        if isinstance(weights, dict):  # an array, as Keras writes it
            config = {**config, "label_weights": weights["config"]["value"]}
        return cls(**config)


def _one_of(argument: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise InvalidArgumentError(
            f"AUC: {argument} must be one of {', '.join(known)}, received {value!r}"
        )
    return value


def _curve(curve: str, tp: Tensor, fp: Tensor, tn: Tensor, fn: Tensor) -> tuple[Tensor, Tensor]:
    """Return a curve's x and y at each threshold."""
    recall = m.divide_no_nan(tp, tp + fn)
    if curve == "ROC":
        return m.divide_no_nan(fp, fp + tn), recall
    if curve == "PR":
        return recall, m.divide_no_nan(tp, tp + fp)
    odds = m.divide_no_nan(tp + fn, tn + fp)
    none = m.equal(tp, 0.0)
    recall_gain = m.where(none, 0.0, 1.0 - odds * m.divide_no_nan(fn, tp))
    precision_gain = m.where(none, 1.0, 1.0 - odds * m.divide_no_nan(fp, tp))
    # Recall below the share of positives would be a negative gain.
    return m.maximum(recall_gain, 0.0), precision_gain


def _interpolated_precision(tp: Tensor, fp: Tensor, fn: Tensor) -> Tensor:
    """Return the area between each two thresholds, TP linear in the number of yes answers."""
    answered = tp + fp
    gained = tp[:-1] - tp[1:]
    slope = m.divide_no_nan(gained, m.maximum(answered[:-1] - answered[1:], 0.0))
    intercept = tp[1:] - slope * answered[1:]
    both = m.logical_and(answered[:-1] > 0.0, answered[1:] > 0.0)
    ratio = m.where(both, m.divide_no_nan(answered[:-1], m.maximum(answered[1:], 0.0)), 1.0)
    area = slope * (gained + intercept * m.log(ratio))
    return m.divide_no_nan(area, m.maximum(tp[1:] + fn[1:], 0.0))
