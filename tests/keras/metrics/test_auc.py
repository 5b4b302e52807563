"""Areas under curves beside exact ones, and arguments that are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras.metrics import AUC

RNG = np.random.default_rng(8)
LABELS = RNG.integers(0, 2, 400)
SCORES = np.clip(RNG.normal(0.35 + 0.3 * LABELS, 0.2), 0, 1).astype(np.float32)


def pairs_in_order() -> float:
    """Return the chance that a yes has the higher score, which is the area under the ROC curve."""
    yes, no = SCORES[LABELS == 1], SCORES[LABELS == 0]
    return float((yes[:, None] > no).mean() + 0.5 * (yes[:, None] == no).mean())


def test_the_area_is_the_chance_of_the_right_order() -> None:
    assert float(AUC(num_thresholds=1000)(LABELS, SCORES)) == pytest.approx(
        pairs_in_order(), abs=2e-3
    )


def test_lower_and_upper_sums_enclose_the_area() -> None:
    low, middle, high = (
        float(AUC(summation_method=m)(LABELS, SCORES))
        for m in ("minoring", "interpolation", "majoring")
    )
    assert low < middle < high
    assert middle == pytest.approx((low + high) / 2, rel=1e-5)


def test_perfect_and_opposite_scores() -> None:
    assert float(AUC()(LABELS, LABELS.astype(np.float32))) == pytest.approx(1.0)
    assert float(AUC()(LABELS, 1.0 - LABELS)) == pytest.approx(0.0)


def test_precision_over_recall_of_random_scores_is_the_share_of_yes() -> None:
    scores = RNG.uniform(size=4000).astype(np.float32)
    labels = RNG.uniform(size=4000) < 0.3
    assert float(AUC(curve="PR")(labels, scores)) == pytest.approx(0.3, abs=0.03)


def test_logits_are_turned_into_probabilities() -> None:
    logits = np.log(np.clip(SCORES, 1e-3, 1 - 1e-3) / (1 - np.clip(SCORES, 1e-3, 1 - 1e-3)))
    found = AUC(from_logits=True)(LABELS, logits)
    assert float(found) == pytest.approx(float(AUC()(LABELS, SCORES)), abs=2e-3)


def test_labels_apart_are_averaged() -> None:
    labels, scores = LABELS.reshape(-1, 2), SCORES.reshape(-1, 2)
    alone = [float(AUC()(labels[:, i], scores[:, i])) for i in range(2)]
    assert float(AUC(multi_label=True)(labels, scores)) == pytest.approx(np.mean(alone), rel=1e-5)
    weighted = AUC(multi_label=True, label_weights=[3.0, 1.0])(labels, scores)
    assert float(weighted) == pytest.approx((3 * alone[0] + alone[1]) / 4, rel=1e-5)


def test_the_number_of_labels_is_learnt_from_the_first_batch() -> None:
    metric = AUC(multi_label=True)
    with pytest.raises(FailedPreconditionError, match="number of labels is not known yet"):
        metric.result()
    metric.update_state(LABELS.reshape(-1, 2), SCORES.reshape(-1, 2))
    assert [v.shape for v in metric.variables] == [(200, 2)] * 4


def test_thresholds_may_be_given() -> None:
    metric = AUC(thresholds=[0.8, 0.2])
    assert metric.num_thresholds == 4
    np.testing.assert_allclose(metric.thresholds, [0, 0.2, 0.8, 1], atol=1e-6)
    assert AUC.from_config(metric.get_config()).thresholds == metric.thresholds


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"curve": "DET"}, "curve must be one of ROC, PR, PRGAIN, received 'DET'"),
        ({"summation_method": "simpson"}, "summation_method must be one of interpolation"),
        ({"num_thresholds": 1}, "num_thresholds must be 2 or more, received 1"),
        ({"num_labels": 3}, "num_labels is for multi_label=True"),
    ],
)
def test_other_arguments_are_errors(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        AUC(**kwargs)


def test_labels_apart_need_two_dimensions() -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"shape \(examples, labels\), received f32\[4\]"
    ):
        AUC(multi_label=True, num_labels=2)([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4])
