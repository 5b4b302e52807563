"""Counts, precision and recall beside NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras import metrics
from freshet.keras.metrics.confusion_matrix import Thresholds
from freshet.ops.conversion import convert_to_tensor

RNG = np.random.default_rng(6)
ANSWERS = RNG.integers(0, 2, (40, 3)).astype(bool)
SCORES = RNG.uniform(size=(40, 3)).astype(np.float32)
WEIGHTS = RNG.uniform(size=40).astype(np.float32)


def counted(threshold: float, weights: Any = 1.0) -> dict[str, float]:
    yes = threshold < SCORES
    weight = np.broadcast_to(np.reshape(weights, (-1, 1)), SCORES.shape)
    return {
        "TruePositives": weight[yes & ANSWERS].sum(),
        "FalsePositives": weight[yes & ~ANSWERS].sum(),
        "TrueNegatives": weight[~yes & ~ANSWERS].sum(),
        "FalseNegatives": weight[~yes & ANSWERS].sum(),
    }


@pytest.mark.parametrize("name", counted(0.5))
def test_counts_are_those_of_numpy(name: str) -> None:
    cls = getattr(metrics, name)
    assert float(cls()(ANSWERS, SCORES)) == counted(0.5)[name]
    found = cls()(ANSWERS, SCORES, sample_weight=WEIGHTS)
    assert float(found) == pytest.approx(counted(0.5, WEIGHTS)[name], rel=1e-5)
    several = cls(thresholds=[0.2, 0.7])(ANSWERS, SCORES)
    assert several.numpy().tolist() == [counted(t)[name] for t in (0.2, 0.7)]


def test_precision_and_recall_are_quotients_of_counts() -> None:
    c = counted(0.3)
    assert float(metrics.Precision(0.3)(ANSWERS, SCORES)) == pytest.approx(
        c["TruePositives"] / (c["TruePositives"] + c["FalsePositives"])
    )
    assert float(metrics.Recall(0.3)(ANSWERS, SCORES)) == pytest.approx(
        c["TruePositives"] / (c["TruePositives"] + c["FalseNegatives"])
    )


def test_without_answers_both_are_zero() -> None:
    assert float(metrics.Precision()([0, 1], [0.1, 0.2])) == 0.0
    assert float(metrics.Recall()([0, 0], [0.1, 0.9])) == 0.0


def test_only_the_best_k_can_be_yes_the_first_of_equals() -> None:
    scores = np.array([[0.2, 0.9, 0.9, 0.1]])
    metric = metrics.Precision(top_k=1)
    assert float(metric(np.array([[0, 1, 0, 0]]), scores)) == 1.0
    assert float(metrics.Recall(top_k=2)(np.array([[1, 1, 1, 0]]), scores)) == pytest.approx(2 / 3)


def test_one_class_alone() -> None:
    metric = metrics.Recall(class_id=2)
    expected = metrics.Recall()(ANSWERS[:, 2], SCORES[:, 2])
    assert float(metric(ANSWERS, SCORES)) == float(expected)


def test_even_thresholds_do_not_depend_on_rounding() -> None:
    # 0.7 * 10 is 7 in float32, and 0.7 is above the float32 nearest to 7/10 in float64's view.
    levels = Thresholds([i / 10 for i in range(11)])
    assert levels.even
    passed = levels.passed(convert_to_tensor(np.float32([0.7]))).numpy()[:, 0]
    assert passed.tolist() == [i < 7 for i in range(11)]
    assert not Thresholds([0.0, 0.3, 1.0]).even
    assert not Thresholds([0.5]).even


def test_scores_equal_to_a_threshold_are_no() -> None:
    assert float(metrics.TruePositives(0.5)([1, 1], [0.5, 0.6])) == 1.0


@pytest.mark.parametrize("threshold", [-0.1, 1.5])
def test_a_threshold_outside_the_scores_is_an_error(threshold: float) -> None:
    with pytest.raises(InvalidArgumentError, match=r"thresholds must be in \[0, 1\], received"):
        metrics.Precision(thresholds=[0.5, threshold])


def test_shapes_that_do_not_fit_are_errors() -> None:
    with pytest.raises(InvalidArgumentError, match=r"Precision: labels and scores must have one"):
        metrics.Precision()(ANSWERS[:5], SCORES)
    with pytest.raises(InvalidArgumentError, match=r"Recall: there is no class 3 in scores"):
        metrics.Recall(class_id=3)(ANSWERS, SCORES)
    with pytest.raises(InvalidArgumentError, match=r"Recall: there is no class 0 in scores"):
        metrics.Recall(class_id=0)(ANSWERS[:, 0], SCORES[:, 0])


def test_the_constructor_keeps_what_it_was_given() -> None:
    metric = metrics.Precision(thresholds=0.3, name="p")
    assert metric.thresholds == [0.3]
    assert metric.get_config() == {
        "thresholds": 0.3, "top_k": None, "class_id": None, "name": "p", "dtype": "float32",
    }  # fmt: skip
