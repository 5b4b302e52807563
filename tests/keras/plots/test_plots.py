"""Pictures: what they say, and what they refuse."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest
from PIL import Image

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras import plots

CURVES = {"accuracy": [0.5, 0.9], "loss": [2.0, 0.5], "val_accuracy": [0.4, 0.85],
          "val_loss": [2.2, 0.6], "learning_rate": [0.1, 0.01]}  # fmt: skip


def texts(figure):
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [text.get_text() for text in axes.texts]
        found += [axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()]
    return [text for text in found if text]


def drawn(figure):
    """Return the figure as pixels; drawing must not warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
    return np.asarray(Image.open(buffer).convert("L"))


def test_learning_curves_say_the_result():
    figure = plots.learning_curves(CURVES)
    assert texts(figure)[0] == "85.0 % validation accuracy after 2 epochs"
    assert len(figure.axes) == 2
    assert {"Loss", "Accuracy", "training\n90.0 %", "validation\n85.0 %"} <= set(texts(figure))


def test_a_history_will_do_in_place_of_its_dict():
    history = type("History", (), {"history": {"loss": [1.0]}})()
    figure = plots.learning_curves(history)
    assert texts(figure)[0] == "Training loss 1 after 1 epoch"


@pytest.mark.parametrize(
    "curves",
    [
        {"loss": [float("nan")] * 3},
        {"loss": [1.0, float("nan"), 0.5]},
        {"loss": [1.0, 1e-6]},
        {"loss": [0.0, 0.0]},
        {"loss": [-1.0, -2.0]},
        {"accuracy": [1.0]},
        {"mae": [3.0, 2.0], "val_mae": [2.0]},
    ],
)
def test_odd_curves_can_be_drawn(curves):
    assert drawn(plots.learning_curves(curves)).min() < 128


def test_labels_of_curves_that_end_together_stand_apart():
    figure = plots.learning_curves({"loss": [1.0, 0.5], "val_loss": [1.0, 0.5]})
    first, second = (text.xy[1] for text in figure.axes[0].texts)
    assert abs(first - second) > 0.1


@pytest.mark.parametrize(
    ("curves", "metrics", "message"),
    [
        ({}, None, "no epoch of 'any metric'; the history has nothing"),
        ({"loss": []}, None, "no epoch of 'loss'"),
        (CURVES, ["auc"], "no epoch of 'auc'; the history has accuracy, loss"),
    ],
)
def test_curves_that_are_not_there_are_refused(curves, metrics, message):
    with pytest.raises(InvalidArgumentError, match=message):
        plots.learning_curves(curves, metrics)


def test_confusions_are_counted():
    true, predicted = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 0, 0]
    expected = [[1, 1, 0], [0, 1, 0], [2, 0, 1]]
    assert plots.count_confusions(true, predicted).tolist() == expected
    scores = np.eye(3)[predicted]
    assert plots.count_confusions(np.array(true)[:, None], scores).tolist() == expected


def test_a_confusion_matrix_says_the_result():
    figure = plots.confusion_matrix([0, 1, 1, 1], [0, 0, 0, 1], ["cat", "dog"])
    assert texts(figure)[:2] == [
        "2 of 4 right (50.0 %)",
        "Most often dog was taken for cat: 2 times",
    ]
    assert sorted(texts(figure)[2:5]) == ["1", "1", "2"]


@pytest.mark.parametrize(
    ("true", "predicted", "subtitle"),
    [
        ([0, 1], [0, 1], "No class was taken for another"),
        ([0, 1], [1, 1], "Most often 0 was taken for 1: once"),
        ([0, 1, 2], [1, 2, 2], "2 were taken for another class, no pair of classes more than once"),
    ],
)
def test_the_most_frequent_mistake_is_named(true, predicted, subtitle):
    assert texts(plots.confusion_matrix(true, predicted))[1] == subtitle


@pytest.mark.parametrize(
    ("true", "predicted", "names"),
    [([], [], None), ([0], [0, 1], None), ([0, 2], [0, 1], ["a", "b"]), ([-1], [0], None)],
)
def test_confusions_that_make_no_sense_are_refused(true, predicted, names):
    with pytest.raises(InvalidArgumentError):
        plots.confusion_matrix(true, predicted, names)


@pytest.mark.parametrize("shape", [(1, 5, 4), (7, 5, 4), (3, 5, 4, 1), (3, 5, 4, 3)])
def test_images_of_every_kind_are_drawn(shape):
    images = np.random.default_rng(0).random(shape)
    figure = plots.image_grid(images, [f"number {n}\nmore" for n in range(len(images))], columns=3)
    assert len(figure.axes) == len(images)
    assert drawn(figure).std() > 0


def test_marks_say_in_signs_what_they_say_in_colours():
    figure = plots.image_grid(np.zeros((3, 2, 2)), ["a", "b", "c"], marks=[True, False, None])
    assert texts(figure) == ["✓ a", "✗ b", "c"]


@pytest.mark.parametrize("shape", [(5, 4), (0, 5, 4), (1, 2, 3, 4, 5)])
def test_what_is_no_list_of_images_is_refused(shape):
    with pytest.raises(InvalidArgumentError, match="images must be"):
        plots.image_grid(np.zeros(shape))


def test_pictures_are_saved_in_folders_that_are_made(tmp_path):
    path = tmp_path / "new" / "curves.png"
    plots.learning_curves(CURVES, path=path)
    with Image.open(path) as image:
        assert image.size[0] > 1000


def test_a_missing_matplotlib_is_named(monkeypatch):
    monkeypatch.setattr("freshet.keras.plots.style.is_available", lambda: False)
    with pytest.raises(FailedPreconditionError, match=r"pip install 'freshet\[plot\]'"):
        plots.learning_curves(CURVES)
