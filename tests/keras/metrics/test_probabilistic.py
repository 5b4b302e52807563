"""Cross-entropies as metrics: labels that do not count, labels that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras import losses, metrics

PROBABILITIES = np.array([[0.7, 0.3], [0.2, 0.8], [0.5, 0.5]], np.float32)


def test_ignored_labels_do_not_count_with_or_without_weights() -> None:
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    found = metric([0, -1, 1], PROBABILITIES)
    assert float(found) == pytest.approx(-(np.log(0.7) + np.log(0.5)) / 2, rel=1e-5)
    metric.reset_state()
    found = metric([0, -1, 1], PROBABILITIES, sample_weight=[3.0, 5.0, 1.0])
    assert float(found) == pytest.approx(-(3 * np.log(0.7) + np.log(0.5)) / 4, rel=1e-5)


def test_the_metric_is_the_mean_of_the_loss_over_batches() -> None:
    metric = metrics.SparseCategoricalCrossentropy()
    metric.update_state([0, 1], PROBABILITIES[:2])
    metric.update_state([1], PROBABILITIES[2:])
    loss = losses.SparseCategoricalCrossentropy()([0, 1, 1], PROBABILITIES)
    assert float(metric.result()) == pytest.approx(float(loss), rel=1e-6)


def test_a_label_outside_the_classes_is_an_error_that_changes_nothing() -> None:
    metric = metrics.SparseCategoricalCrossentropy()
    with pytest.raises(InvalidArgumentError, match=r"label 2 is outside \[0, 2\)"):
        metric.update_state([0, 2, 1], PROBABILITIES)
    assert float(metric.count) == 0.0
