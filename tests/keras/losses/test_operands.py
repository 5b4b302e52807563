"""Mistakes with shapes: each gets one sentence that says what to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras import losses
from freshet.keras.losses.operands import class_numbers, pair

NUMBERS = np.array([0, 1, 2, 1])
ONE_HOT = np.eye(3)[NUMBERS]
PROBABILITIES = np.full((4, 3), 1 / 3, np.float32)


def message(loss: Any, y_true: Any, y_pred: Any) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        loss(y_true, y_pred)
    return caught.value.message


def test_class_numbers_for_a_loss_of_vectors() -> None:
    for y_true, shape in ((NUMBERS, "[4]"), (NUMBERS[:, None], "[4,1]")):
        assert message(losses.CategoricalCrossentropy(), y_true, PROBABILITIES) == (
            "categorical_crossentropy: targets and predictions must have one shape, received "
            f"y_true i64{shape} and y_pred f32[4,3]; if y_true holds class numbers, use "
            "sparse_categorical_crossentropy, or ft.one_hot(y_true, 3)"
        )
    assert "use sparse_categorical_crossentropy, or ft.one_hot(y_true, 3)" in message(
        losses.BinaryCrossentropy(), NUMBERS, PROBABILITIES
    )


def test_vectors_for_a_loss_of_class_numbers() -> None:
    assert message(losses.SparseCategoricalCrossentropy(), ONE_HOT, PROBABILITIES) == (
        "sparse_categorical_crossentropy: y_true must hold one class number for each row of "
        "y_pred, received y_true f64[4,3] and y_pred f32[4,3]; if y_true is one-hot, use "
        "categorical_crossentropy, or ft.argmax(y_true, -1)"
    )


def test_shapes_that_would_only_broadcast() -> None:
    assert message(losses.MeanSquaredError(), np.zeros((4, 1)), np.zeros((4, 3))) == (
        "mean_squared_error: targets and predictions must have one shape, received y_true "
        "f64[4,1] and y_pred f32[4,3]"
    )


@pytest.mark.parametrize(
    "name",
    [
        "mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error", "huber", "log_cosh", "cosine_similarity",
        "kl_divergence", "poisson", "hinge", "squared_hinge", "categorical_hinge",
        "binary_crossentropy", "categorical_crossentropy",
    ],
)  # fmt: skip
def test_every_loss_names_itself(name: str) -> None:
    found = message(getattr(losses, name), np.zeros((4, 2)), np.zeros((4, 3)))
    assert found.startswith(f"{name}: targets and predictions must have one shape")


def test_other_numbers_of_labels() -> None:
    found = message(losses.sparse_categorical_crossentropy, np.zeros(5, int), PROBABILITIES)
    assert found.endswith("received y_true i64[5] and y_pred f32[4,3]")


def test_predictions_without_a_batch() -> None:
    assert "predictions need a batch dimension" in message(losses.mse, 1.0, 2.0)
    assert "y_pred needs a dimension of classes" in message(
        losses.sparse_categorical_crossentropy, 1, 2.0
    )


def test_one_number_is_the_target_of_every_prediction() -> None:
    assert losses.mse(1.0, np.array([[1.0, 3.0]])).numpy().tolist() == [2.0]


def test_targets_take_the_dtype_of_predictions() -> None:
    true, pred = pair("loss", np.array([1, 0]), np.array([0.5, 0.5], np.float64))
    assert (true.dtype.name, pred.dtype.name) == ("float64", "float64")


@pytest.mark.parametrize(
    ("given", "kept"),
    [("uint8", "int32"), ("int64", "int64"), ("float32", "int32"), ("bool", "int32")],
)
def test_labels_become_whole_numbers(given: str, kept: str) -> None:
    y_pred = pair("loss", PROBABILITIES, PROBABILITIES)[1]
    assert class_numbers("loss", np.zeros(4, given), y_pred).dtype.name == kept
