"""Intersections and unions beside NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.metrics import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU

RNG = np.random.default_rng(9)
TRUE, PRED = RNG.integers(0, 4, (3, 8, 8)), RNG.integers(0, 4, (3, 8, 8))


def share(c: int, keep: np.ndarray | None = None) -> float:
    a, b = np.equal(TRUE, c), np.equal(PRED, c)
    if keep is not None:
        a, b = a & keep, b & keep
    return float((a & b).sum() / (a | b).sum())


def test_means_are_those_of_numpy() -> None:
    expected = np.mean([share(c) for c in range(4)])
    assert float(MeanIoU(4)(TRUE, PRED)) == pytest.approx(expected, rel=1e-5)
    assert float(IoU(4, [1, 3])(TRUE, PRED)) == pytest.approx((share(1) + share(3)) / 2, rel=1e-5)


def test_classes_that_do_not_occur_do_not_count() -> None:
    found = MeanIoU(9)(TRUE, PRED)
    assert float(found) == pytest.approx(np.mean([share(c) for c in range(4)]), rel=1e-5)


def test_ignored_elements_do_not_count() -> None:
    keep = TRUE != 2
    expected = np.mean([share(0, keep), share(1, keep), share(3, keep)])
    metric = IoU(4, [0, 1, 3], ignore_class=2)
    assert float(metric(TRUE, PRED)) == pytest.approx(expected, rel=1e-5)
    void = np.where(keep, TRUE, 255)
    assert float(MeanIoU(4, ignore_class=255)(void, np.where(keep, PRED, 0))) > 0


def test_counts_are_whole_and_exact() -> None:
    metric = MeanIoU(4)
    metric.update_state(TRUE, PRED)
    assert metric.total_cm.dtype.name == "int64"
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (TRUE.reshape(-1), PRED.reshape(-1)), 1)
    np.testing.assert_array_equal(metric.total_cm.numpy(), expected)


def test_weights_count_examples_or_elements() -> None:
    by_example, by_element = MeanIoU(4), MeanIoU(4)
    by_example.update_state(TRUE, PRED, sample_weight=[1, 0, 2])
    weights = np.broadcast_to(np.reshape([1, 0, 2], (3, 1, 1)), TRUE.shape)
    by_element.update_state(TRUE, PRED, sample_weight=weights)
    np.testing.assert_array_equal(by_example.total_cm.numpy(), by_element.total_cm.numpy())
    assert by_example.total_cm.numpy().sum() == 3 * 64


def test_vectors_and_scores_stand_for_class_numbers() -> None:
    vectors, scores = np.eye(4)[TRUE], np.eye(4)[PRED] * 0.9
    expected = float(MeanIoU(4)(TRUE, PRED))
    assert float(OneHotMeanIoU(4)(vectors, scores)) == expected
    assert float(OneHotIoU(4, range(4))(vectors, scores)) == expected
    assert float(MeanIoU(4, sparse_y_pred=False)(TRUE, scores)) == expected


def test_a_score_at_the_threshold_means_one() -> None:
    metric = BinaryIoU([1], threshold=0.5)
    assert float(metric([1, 1, 0], [0.5, 0.4, 0.1])) == pytest.approx(0.5, rel=1e-5)


def test_classes_and_shapes_that_do_not_fit_are_errors() -> None:
    with pytest.raises(InvalidArgumentError, match=r"IoU: class 4 is outside \[0, 4\)"):
        IoU(4, [0, 4])
    with pytest.raises(InvalidArgumentError, match="must have the same number of elements"):
        MeanIoU(4)([0, 1], [0, 1, 2])
