"""Accuracies: ranks, ties, top k, errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras import metrics

RNG = np.random.default_rng(5)
SCORES = RNG.normal(size=(50, 6)).astype(np.float32)
LABELS = RNG.integers(0, 6, 50)


@pytest.mark.parametrize("k", [1, 2, 5, 6])
def test_top_k_is_membership_in_the_k_largest(k: int) -> None:
    best = np.argsort(-SCORES, -1)[:, :k]
    expected = (best == LABELS[:, None]).any(-1).astype(np.float32)
    found = metrics.sparse_top_k_categorical_accuracy(LABELS, SCORES, k)
    np.testing.assert_array_equal(found, expected)
    found = metrics.top_k_categorical_accuracy(np.eye(6)[LABELS], SCORES, k)
    np.testing.assert_array_equal(found, expected)
    found = metrics.sparse_top_k_categorical_accuracy(LABELS, best, k, from_sorted_ids=True)
    np.testing.assert_array_equal(found, expected)


def test_ties_with_the_last_of_the_k_count() -> None:
    found = metrics.sparse_top_k_categorical_accuracy([0, 1, 2], np.ones((3, 3)), k=1)
    assert found.numpy().tolist() == [1.0, 1.0, 1.0]


def test_nan_is_not_among_the_best() -> None:
    scores = [[math.nan, 1.0, 2.0]]
    assert metrics.sparse_top_k_categorical_accuracy([0], scores, k=2).numpy().tolist() == [0.0]


def test_a_label_outside_the_classes_is_never_right() -> None:
    assert metrics.sparse_categorical_accuracy([7], [[0.1, 0.9]]).numpy().tolist() == [0.0]
    assert metrics.sparse_top_k_categorical_accuracy([7], [[0.1, 0.9]], 2).numpy().tolist() == [0.0]


def test_the_first_of_equal_scores_is_the_answer() -> None:
    found = metrics.sparse_categorical_accuracy([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    assert found.numpy().tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_labels_may_be_a_column_of_any_dtype(dtype: str) -> None:
    labels = LABELS.astype(dtype)[:, None]
    expected = (SCORES.argmax(-1) == LABELS).mean()
    found = metrics.SparseCategoricalAccuracy()(labels, SCORES)
    assert float(found) == pytest.approx(expected)


def test_sequences_have_an_answer_per_step() -> None:
    scores, labels = SCORES.reshape(5, 10, 6), LABELS.reshape(5, 10)
    assert metrics.sparse_categorical_accuracy(labels, scores).shape == (5, 10)


def test_binary_answers_may_be_a_column() -> None:
    found = metrics.binary_accuracy(np.array([1, 0, 1]), np.array([[0.9], [0.4], [0.5]]))
    assert found.numpy().tolist() == [[1.0], [1.0], [0.0]]


def test_whole_numbers_are_compared_exactly() -> None:
    large = 2**53 + np.array([1, 2])
    found = metrics.Accuracy()(large, large[::-1].copy())
    assert float(found) == 0.0


@pytest.mark.parametrize(
    ("metric", "y_true", "message"),
    [
        (metrics.SparseCategoricalAccuracy, np.eye(3), "if y_true is one-hot, use"),
        (metrics.CategoricalAccuracy, np.zeros(3), "targets and predictions must have one shape"),
        (metrics.Accuracy, np.zeros((3, 2)), "targets and predictions must have one shape"),
        (metrics.BinaryAccuracy, np.zeros(4), "targets and predictions must have one shape"),
    ],
)
def test_shapes_that_do_not_fit_are_errors(metric: type, y_true: np.ndarray, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        metric()(y_true, np.zeros((3, 3), np.float32))
