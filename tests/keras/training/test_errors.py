"""What is said when data or arguments do not fit: who, what was expected, what came, which line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freshet import keras
from freshet.core.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    OpError,
    UnimplementedError,
)
from freshet.keras import layers

X = np.random.default_rng(0).standard_normal((10, 4)).astype(np.float32)
LABELS = np.arange(10) % 3
CROSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def model(loss: Any = CROSS, **options: Any) -> Any:
    made = keras.Sequential([keras.Input((4,), name="x"), layers.Dense(3, name="head")], name="net")
    made.compile("sgd", loss, **options)
    return made


def images() -> Any:
    made = keras.Sequential(
        [keras.Input((8, 8, 1), name="image"), layers.Conv2D(2, 3), layers.Flatten(),
         layers.Dense(3)], name="net",
    )  # fmt: skip
    made.compile("sgd", CROSS)
    return made


def built(layer: Any, *shape: int) -> Any:
    layer(np.ones(shape, np.float32))
    return layer


def fitted(x: Any, y: Any, made: Any = None, **options: Any) -> Any:
    return (made or model()).fit(x, y, verbose=0, **options)


ROWS: dict[str, tuple[Callable[[], Any], str]] = {
    # shapes
    "width in fit": (
        lambda: fitted(X[:, :3], LABELS),
        "model 'net': the input 'x' must have shape (None, 4), received (10, 3)",
    ),
    "width in evaluate": (
        lambda: model().evaluate(X[:, :3], LABELS, verbose=0),
        "model 'net': the input 'x' must have shape (None, 4), received (10, 3)",
    ),
    "one example without its batch": (
        lambda: model().predict(X[0], verbose=0),
        "model 'net': the input 'x' must have shape (None, 4), received (4,)",
    ),
    "size of images in fit": (
        lambda: fitted(np.ones((2, 9, 9, 1)), LABELS[:2], images()),
        "model 'net': the input 'image' must have shape (None, 8, 8, 1), received (2, 9, 9, 1)",
    ),
    "width of Dense": (
        lambda: built(layers.Dense(2, name="d"), 2, 4)(X[:, :3]),
        "layer 'd' (Dense): expected an input whose last dimension is 4, as when the layer was "
        "built, received shape (10, 3)",
    ),
    "rank of Conv2D": (
        lambda: layers.Conv2D(2, 3, name="c")(np.ones((2, 8, 8), np.float32)),
        "layer 'c' (Conv2D): expected an input of rank 4 [batch, spatial..., channels], received "
        "shape (2, 8, 8)",
    ),
    "channels of Conv2D": (
        lambda: built(layers.Conv2D(2, 3, name="c"), 1, 8, 8, 1)(np.ones((1, 8, 8, 3))),
        "layer 'c' (Conv2D): expected 1 channels, as when the layer was built, received shape "
        "(1, 8, 8, 3)",
    ),
    "image smaller than the kernel": (
        lambda: layers.Conv2D(2, 3, name="c")(np.ones((1, 2, 2, 1), np.float32)),
        "layer 'c' (Conv2D): convolution: the filter f32[3,3,1,2] does not fit into the input "
        'f32[1,2,2,1] even once; use padding="same" or a smaller kernel',
    ),
    "rank of pooling": (
        lambda: layers.MaxPooling2D(name="p")(X),
        "layer 'p' (MaxPooling2D): expected an input of rank 4 (batch, 2 spatial, channels), "
        "received shape (10, 4)",
    ),
    "shape of Reshape": (
        lambda: layers.Reshape((3, -1), name="r")(X),
        "layer 'r' (Reshape): the 4 elements of an example of shape (4,) do not divide into "
        "target_shape=(3, -1)",
    ),
    "shapes of Add": (
        lambda: layers.Add(name="sum")([X, X[:, :3]]),
        "layer 'sum' (Add): ",
    ),
    "one tensor to Add": (
        lambda: layers.Add(name="sum")([X]),
        "layer 'sum' (Add): expected a list of at least 2 tensors, received 1",
    ),
    # dtypes
    "strings": (
        lambda: fitted(np.full((10, 4), "a"), LABELS),
        "model 'net': the input 'x' must be float32, received strings",
    ),
    "objects": (
        lambda: fitted(np.array([[None] * 4] * 10), LABELS),
        "x: expected an array of numbers, received objects",
    ),
    "ragged lists": (
        lambda: fitted([[1.0, 2.0], [3.0]], LABELS[:2]),
        "x: expected an array of numbers, received lists of different lengths",
    ),
    "labels that are strings": (
        lambda: fitted(X, np.full(10, "cat")),
        "cast: cannot convert str[10] to int32",
    ),
    # targets
    "number of examples": (
        lambda: fitted(X, LABELS[:9]),
        "the arrays have different numbers of examples: x has 10, y has 9",
    ),
    "number of weights": (
        lambda: fitted(X, LABELS, sample_weight=np.ones(3)),
        "the arrays have different numbers of examples: x has 10, y has 10, sample_weight has 3",
    ),
    "shape of weights": (
        lambda: fitted(X, LABELS, sample_weight=np.ones((10, 2))),
        "SparseCategoricalCrossentropy: sample_weight f64[10,2] does not fit f32[10]; give one "
        "number per example or one per element",
    ),
    "one-hot labels": (
        lambda: fitted(X, np.eye(3)[LABELS]),
        "sparse_categorical_crossentropy: y_true must hold one class number for each row of "
        "y_pred, received y_true f64[10,3] and y_pred f32[10,3]; if y_true is one-hot, use "
        "categorical_crossentropy, or ft.argmax(y_true, -1)",
    ),
    "width of targets": (
        lambda: fitted(X, X[:, :2], model("mse")),
        "mean_squared_error: targets and predictions must have one shape, received y_true "
        "f32[10,2] and y_pred f32[10,3]",
    ),
    "width of one-hot targets": (
        lambda: fitted(X, X[:, :2], model("categorical_crossentropy")),
        "categorical_crossentropy: targets and predictions must have one shape, received y_true "
        "f32[10,2] and y_pred f32[10,3]",
    ),
    "no targets": (
        lambda: fitted(X, None),
        "the loss needs targets, but the data has none: give y, or batches (x, y)",
    ),
    "targets beside batches": (
        lambda: fitted(iter([(X, LABELS)]), LABELS),
        "x yields batches of (x, y, sample_weight): y and sample_weight must not be given",
    ),
    "a batch of four": (
        lambda: fitted(iter([(X, X, X, X)]), None),
        "a batch must be x, (x, y) or (x, y, sample_weight), received a tuple of 4",
    ),
    # amounts
    "no examples": (
        lambda: fitted(X[:0], LABELS[:0]),
        "there are no examples: the data has shapes [(0, 4), (0,)]",
    ),
    "no batches": (
        lambda: fitted(iter([]), None),
        "there are no examples: the data gave no batch",
    ),
    "no data": (lambda: model().fit(), "x is missing: expected arrays or an iterable of batches"),
    "batch size": (
        lambda: fitted(X, LABELS, batch_size=0),
        "batch_size must be a positive integer, received 0",
    ),
    "validation split": (
        lambda: fitted(X, LABELS, validation_split=1.0),
        "validation_split must be between 0 and 1, received 1.0",
    ),
    "nothing left to validate": (
        lambda: fitted(X[:1], LABELS[:1], validation_split=0.5),
        "validation_split=0.5 leaves no examples to train on: there are 1",
    ),
    # names
    "unknown argument": (
        lambda: layers.Dense(3, activaton="relu"),
        "Dense: unknown argument 'activaton'; did you mean 'activation'?",
    ),
    "missing argument": (lambda: layers.Dense(unit=3), "Dense: unknown argument 'unit'"),
    "unknown activation": (
        lambda: layers.Dense(3, activation="rleu"),
        "'rleu' is not an activation; did you mean 'relu'?",
    ),
    "unknown initializer": (
        lambda: layers.Dense(3, kernel_initializer="he_norml"),
        "'he_norml' is not an initializer; did you mean 'he_normal'?",
    ),
    "unknown regularizer": (
        lambda: layers.Dense(3, kernel_regularizer="l3"),
        "'l3' is not a regularizer",
    ),
    "unknown optimizer": (
        lambda: keras.Sequential().compile("adm", "mse"),
        "'adm' is not an optimizer; did you mean 'adam'?",
    ),
    "unknown loss": (
        lambda: keras.Sequential().compile("adam", "mean_square_error"),
        "'mean_square_error' is not a loss; did you mean 'mean_squared_error'?",
    ),
    "unknown metric": (
        lambda: fitted(X, LABELS, model(metrics=["acuracy"])),
        "'acuracy' is not a metric; did you mean 'accuracy'?",
    ),
    "metrics in the place of loss_weights": (
        lambda: keras.Sequential().compile("adam", "mse", ["accuracy"]),
        "compile: loss_weights must be numbers, received ['accuracy']; write metrics=",
    ),
    "units": (
        lambda: layers.Dense(-1),
        "Dense: units must be a positive integer, received -1",
    ),
    "padding": (
        lambda: layers.Conv2D(1, 3, padding="smae"),
        "Conv2D: padding must be one of 'valid', 'same', received 'smae'",
    ),
    "kernel size": (
        lambda: layers.Conv2D(1, (3, 3, 3)),
        "Conv2D: kernel_size must be a whole number of at least 1, or 2 of them, received "
        "(3, 3, 3)",
    ),
    "rate": (
        lambda: layers.Dropout(1.5),
        "Dropout: rate must be a number between 0 and 1, received 1.5",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("act", "message"), ROWS.values(), ids=ROWS)
def test_message_and_line(act: Callable[[], Any], message: str) -> None:
    with pytest.raises((InvalidArgumentError, UnimplementedError)) as caught:
        act()
    text, _, line = str(caught.value).partition("\n  at ")
    assert message in text
    assert "test_errors.py" in line
    assert "\n" not in text


@pytest.mark.parametrize("run", ["fit", "evaluate"])
def test_a_model_must_be_compiled_first(run: str) -> None:
    plain = keras.Sequential([layers.Dense(1)], name="net")
    message = rf"model 'net': call compile\(optimizer=\.\.\., loss=\.\.\.\) before {run}"
    with pytest.raises(FailedPreconditionError, match=message):
        getattr(plain, run)(X, LABELS)


def test_a_model_without_a_loss_or_weights_says_so() -> None:
    with pytest.raises(FailedPreconditionError, match="model 'net' has no loss: give compile"):
        fitted(X, LABELS, model(None))
    flat = keras.Sequential([keras.Input((4,)), layers.Flatten()], name="flat")
    flat.compile("sgd", "mse")
    with pytest.raises(FailedPreconditionError, match="model 'flat' has no trainable weights"):
        fitted(X, X, flat)


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("label", [3, -1])
def test_a_label_outside_its_range_changes_nothing(label: int, eager: bool) -> None:
    made = model(run_eagerly=eager)
    labels = LABELS.copy()
    labels[7] = label
    before = [w.tobytes() for w in made.get_weights()]
    with pytest.raises(InvalidArgumentError) as caught:
        fitted(X, labels, made, shuffle=False)
    message = str(caught.value)
    assert f"label {label} is outside [0, 3); 1 of the 10 labels (i64[10]) are" in message
    assert "at position 7" in message
    assert "test_errors.py" in message
    assert [w.tobytes() for w in made.get_weights()] == before
    assert int(made.optimizer.iterations) == 0
    fitted(X, LABELS, made)  # and it can go on


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_do_not_stop_training(value: float) -> None:
    made = model("mse")
    x = X.copy()
    x[3, 1] = value
    history = fitted(x, X[:, :3], made, epochs=2).history
    assert not np.isfinite(history["loss"]).any()
    assert made.predict(X, verbose=0).shape == (10, 3)


def test_an_error_in_a_layer_of_ones_own_names_its_line() -> None:
    class Wrong(layers.Layer):
        def call(self, x: Any) -> Any:
            return x @ x

    made = keras.Sequential([Wrong(name="w"), layers.Dense(1)])
    made.compile("sgd", "mse")
    with pytest.raises(OpError, match=r"layer '\w+/w' \(Wrong\): matmul: .*f32\[10,4\]") as caught:
        fitted(X, X[:, :1], made)
    assert "return x @ x" in str(caught.value)
