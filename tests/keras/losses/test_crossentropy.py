"""Cross-entropies beside formulas in NumPy, and labels that are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.core.variable import Variable
from freshet.graph.function import function
from freshet.graph.tape import GradientTape
from freshet.keras import losses
from freshet.ops.conversion import convert_to_tensor

RNG = np.random.default_rng(4)
LOGITS = RNG.normal(size=(5, 4))
LABELS = np.array([0, 3, 2, 2, 1])
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
CHOSEN = -np.log(PROBABILITIES[np.arange(5), LABELS])


def test_three_ways_to_the_same_loss() -> None:
    one_hot = np.eye(4)[LABELS]
    for found in (
        losses.sparse_categorical_crossentropy(LABELS, PROBABILITIES),
        losses.sparse_categorical_crossentropy(LABELS, LOGITS, from_logits=True),
        losses.categorical_crossentropy(one_hot, PROBABILITIES),
        losses.categorical_crossentropy(one_hot, LOGITS, from_logits=True),
    ):
        np.testing.assert_allclose(found, CHOSEN, rtol=1e-9)


def test_binary_crossentropy_is_the_formula() -> None:
    t, x = RNG.uniform(size=(5, 3)), RNG.normal(size=(5, 3))
    p = 1 / (1 + np.exp(-x))
    expected = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(-1)
    np.testing.assert_allclose(losses.binary_crossentropy(t, p), expected, rtol=1e-9)
    found = losses.binary_crossentropy(t, x, from_logits=True)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_smoothing_moves_targets_to_the_middle() -> None:
    found = losses.binary_crossentropy([[1.0]], [[0.3]], label_smoothing=0.4)
    expected = -(0.8 * np.log(0.3) + 0.2 * np.log(0.7))
    assert float(found[0]) == pytest.approx(expected)
    found = losses.categorical_crossentropy([[0.0, 1.0]], [[0.3, 0.7]], label_smoothing=0.4)
    assert float(found[0]) == pytest.approx(-(0.2 * np.log(0.3) + 0.8 * np.log(0.7)))


def test_certain_and_wrong_is_finite_for_probabilities_and_exact_for_logits() -> None:
    found = losses.sparse_categorical_crossentropy([0], [[0.0, 1.0]])
    assert float(found[0]) == pytest.approx(-np.log(1e-7), rel=1e-6)
    found = losses.sparse_categorical_crossentropy([0], [[-500.0, 500.0]], from_logits=True)
    assert float(found[0]) == 1000.0
    found = losses.binary_crossentropy([[1.0]], [[-500.0]], from_logits=True)
    assert float(found[0]) == 500.0


def test_classes_may_be_in_another_dimension() -> None:
    maps = RNG.normal(size=(2, 4, 3))
    labels = RNG.integers(0, 4, (2, 3))
    found = losses.sparse_categorical_crossentropy(labels, maps, from_logits=True, axis=1)
    moved = losses.sparse_categorical_crossentropy(labels, maps.transpose(0, 2, 1), True)
    np.testing.assert_allclose(found, moved, rtol=1e-12)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("label", [-1, 4])
def test_a_label_outside_the_classes_is_an_error(from_logits: bool, label: int) -> None:
    loss = losses.SparseCategoricalCrossentropy(from_logits)
    with pytest.raises(InvalidArgumentError, match=rf"label {label} is outside \[0, 4\)"):
        loss([0, 1, label, 2, 3], PROBABILITIES)


def test_a_wrong_label_is_found_inside_a_compiled_program_before_it_changes_anything() -> None:
    steps = Variable(0)
    loss = losses.SparseCategoricalCrossentropy()

    @function
    def step(labels: Any, predictions: Any) -> Any:
        steps.assign_add(1)
        return loss(labels, predictions)

    assert float(step(LABELS, PROBABILITIES)) == pytest.approx(CHOSEN.mean(), rel=1e-6)
    with pytest.raises(InvalidArgumentError, match=r"label 9 is outside \[0, 4\)"):
        step(np.array([0, 1, 9, 2, 3]), PROBABILITIES)
    assert int(steps) == 1


def test_ignored_labels_count_neither_in_sum_nor_in_mean() -> None:
    labels = np.where(LABELS == 2, -1, LABELS)
    kept = labels >= 0
    for from_logits, y_pred in ((True, LOGITS), (False, PROBABILITIES)):
        loss = losses.SparseCategoricalCrossentropy(from_logits, ignore_class=-1)
        assert float(loss(labels, y_pred)) == pytest.approx(CHOSEN[kept].mean(), rel=1e-5)
        values = losses.sparse_categorical_crossentropy(labels, y_pred, from_logits, -1)
        assert values.numpy()[~kept].tolist() == [0.0, 0.0]


def test_ignored_elements_get_no_gradient_whatever_is_predicted() -> None:
    logits = convert_to_tensor(np.array([[1.0, 2.0], [np.nan, 0.0]], np.float32))
    with GradientTape() as tape:
        tape.watch(logits)
        loss = losses.SparseCategoricalCrossentropy(True, ignore_class=255)([0, 255], logits)
    assert np.isfinite(float(loss))
    assert tape.gradient(loss, logits).numpy()[1].tolist() == [0.0, 0.0]


def test_labels_of_small_dtypes_know_more_than_256_classes() -> None:
    logits = np.zeros((1, 300), np.float32)
    logits[0, 256] = 50.0
    found = losses.sparse_categorical_crossentropy(np.array([0], np.uint8), logits, True)
    assert float(found[0]) == pytest.approx(50.0)


def test_float_labels_are_class_numbers() -> None:
    found = losses.SparseCategoricalCrossentropy()(
        LABELS.astype(np.float32)[:, None], LOGITS * 0 + 1
    )
    assert float(found) == pytest.approx(np.log(4), rel=1e-6)


def test_one_class_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="has one class, so the loss is always 0"):
        losses.categorical_crossentropy([[1.0]], [[0.4]])
