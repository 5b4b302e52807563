"""Models that replace a part of training, and several outputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.errors import InvalidArgumentError
from freshet.keras import layers

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 4)).astype(np.float32)
Y = RNG.standard_normal((20, 1)).astype(np.float32)
LABELS = RNG.integers(0, 3, 20)


class Line(keras.Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.dense(x)


class OwnStep(Line):
    """Keras's own example of a custom step."""

    def __init__(self) -> None:
        super().__init__()
        self.tracker = keras.metrics.Mean(name="own_loss")

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data
        with ft.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        self.tracker.update_state(loss)
        return {"own_loss": self.tracker.result(), "twice": 2 * loss}


@pytest.mark.parametrize("eager", [False, True])
def test_a_step_of_ones_own(eager: bool) -> None:
    plain, own = Line(), OwnStep()
    for model in (plain, own):
        model.build((None, 4))
        model.compile("sgd", "mse", run_eagerly=eager)
    own.set_weights(plain.get_weights())
    options = {"batch_size": 10, "epochs": 2, "shuffle": False, "verbose": 0}
    expected = plain.fit(X, Y, **options).history
    found = own.fit(X, Y, **options).history
    assert list(found) == ["own_loss", "twice"]
    # The metric in the attribute starts anew each epoch.
    np.testing.assert_allclose(found["own_loss"], expected["loss"], rtol=1e-6)
    for one, other in zip(own.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
    assert own.tracker in own.metrics


def test_what_a_step_is_given() -> None:
    seen: list[Any] = []

    class Look(Line):
        def train_step(self, data: Any) -> dict[str, Any]:
            seen.append(data)
            return {"one": 1.0}

    model = Look()
    model.compile(run_eagerly=True)
    model.fit(X, verbose=0)
    model.fit(X, Y, verbose=0)
    model.fit(X, Y, sample_weight=Y[:, 0], verbose=0)
    model.fit({"a": X, "b": X}, verbose=0)
    assert isinstance(seen[0], ft.Tensor)
    assert [len(data) for data in seen[1:3]] == [2, 3]
    assert seen[3].keys() == {"a", "b"}
    for data in seen:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
        again = keras.utils.pack_x_y_sample_weight(x, y, weight)
        assert type(again) is type(data)


def test_steps_of_other_data_are_told_apart() -> None:
    # The same arrays in other roles are another step, though their shapes are the same.
    class Roles(Line):
        def train_step(self, data: Any) -> dict[str, Any]:
            _, y, weight = keras.utils.unpack_x_y_sample_weight(data)
            return {"y": float(y is not None), "weight": float(weight is not None)}

    model = Roles()
    model.compile()
    assert model.train_on_batch([X, Y], return_dict=True) == {"y": 0.0, "weight": 0.0}
    assert model.train_on_batch(X, Y, return_dict=True) == {"y": 1.0, "weight": 0.0}
    assert model.train_on_batch(X, Y, Y, return_dict=True) == {"y": 1.0, "weight": 1.0}
    assert model.train_on_batch(X, [Y, Y], return_dict=True) == {"y": 1.0, "weight": 0.0}


def test_a_loss_of_ones_own() -> None:
    class FourthPower(Line):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ft.reduce_mean((y - y_pred) ** 4)

    model = FourthPower()
    model.build((None, 4))
    model.compile("sgd")
    kernel, bias = model.get_weights()
    expected = np.mean((X @ kernel + bias - Y) ** 4)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != before[0]).all()


def per_example(y_true: Any, y_pred: Any) -> Any:
    return ft.reduce_mean(ft.abs(y_true - y_pred), -1)


def test_functions_and_names_as_losses_and_metrics() -> None:
    options: dict[str, Any] = {"metrics": ["mae", per_example, keras.metrics.MeanAbsoluteError()]}
    made = []
    for loss in (per_example, "mae", "mean_absolute_error", "MeanAbsoluteError",
                 keras.losses.MeanAbsoluteError, keras.losses.MeanAbsoluteError(),
                 keras.losses.mae):  # fmt: skip
        model = Line()
        model.build((None, 4))
        model.set_weights([np.ones((4, 1)), np.zeros(1)])
        model.compile("sgd", loss, **options)
        made.append(model.evaluate(X, Y, verbose=0, return_dict=True))
    value = np.abs(X.sum(1, keepdims=True) - Y).mean()
    names = {"loss", "mae", "per_example", "mean_absolute_error"}
    for logs in made:
        assert logs == pytest.approx(dict.fromkeys(names, value), rel=1e-5)


def test_a_step_that_returns_no_dict_is_refused() -> None:
    class Wrong(Line):
        def train_step(self, data: Any) -> Any:
            return 1.0

    model = Wrong()
    model.compile()
    with pytest.raises(InvalidArgumentError, match="must return a dict of metrics"):
        model.fit(X, Y, verbose=0)


# --- several outputs ------------------------------------------------------------------------------


def two() -> Any:
    x = keras.Input((4,))
    # The names are not in the order of the outputs.
    size = layers.Dense(1, name="z_size")(x)
    kind = layers.Dense(3, name="a_kind")(x)
    return keras.Model(x, [size, kind])


CROSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def expected_of(model: Any) -> dict[str, float]:
    size, kind = (np.asarray(v, np.float64) for v in model.predict(X, verbose=0))
    logs = kind - np.log(np.exp(kind).sum(1, keepdims=True))
    square = np.mean((size - Y) ** 2)
    cross = -logs[np.arange(20), LABELS].mean()
    return {
        "loss": 0.5 * square + 3.0 * cross,
        "z_size_loss": square,
        "a_kind_loss": cross,
        "z_size_mae": np.abs(size - Y).mean(),
        "a_kind_accuracy": (kind.argmax(1) == LABELS).mean(),
    }


@pytest.mark.parametrize("names", [False, True], ids=["lists", "names"])
@pytest.mark.parametrize("batch_size", [20, 6])
def test_losses_weights_and_metrics_of_several_outputs(names: bool, batch_size: int) -> None:
    def given(size: Any, kind: Any) -> Any:
        return {"a_kind": kind, "z_size": size} if names else [size, kind]

    model = two()
    model.compile(
        "sgd", given("mse", CROSS), loss_weights=given(0.5, 3.0),
        metrics=given(["mae"], ["accuracy"]),
    )  # fmt: skip
    found = model.evaluate(X, given(Y, LABELS), batch_size=batch_size, verbose=0, return_dict=True)
    assert found == pytest.approx(expected_of(model), rel=1e-5)
    history = model.fit(X, given(Y, LABELS), epochs=40, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_outputs_in_a_dict_are_named_by_its_keys() -> None:
    x = keras.Input((4,))
    model = keras.Model(x, {"size": layers.Dense(1)(x), "kind": layers.Dense(3)(x)})
    model.compile("sgd", {"size": "mse", "kind": CROSS}, metrics={"kind": ["accuracy"]})
    y = {"size": Y, "kind": LABELS}
    logs = model.evaluate(X, y, verbose=0, return_dict=True)
    assert logs.keys() == {"loss", "size_loss", "kind_loss", "kind_accuracy"}
    found = model.predict(X, verbose=0)
    assert logs["size_loss"] == pytest.approx(np.mean((found["size"] - Y) ** 2), rel=1e-5)


def test_an_output_may_have_no_loss() -> None:
    model = two()
    model.compile("sgd", {"z_size": "mse"})
    before = model.get_layer("a_kind").get_weights()
    with pytest.warns(UserWarning, match="a_kind"):
        model.fit(X, {"z_size": Y}, verbose=0)
    for one, other in zip(model.get_layer("a_kind").get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_names_and_numbers_of_outputs_are_checked() -> None:
    model = two()
    model.compile("sgd", {"size": "mse"})
    with pytest.raises(InvalidArgumentError, match="loss has a key 'size', but the outputs are"):
        model.fit(X, [Y, LABELS], verbose=0)
    model.compile("sgd", ["mse"])
    with pytest.raises(InvalidArgumentError, match="loss has 1 entries for 2 outputs"):
        model.fit(X, [Y, LABELS], verbose=0)
    model.compile("sgd", ["mse", CROSS])
    with pytest.raises(InvalidArgumentError, match="y has 1 arrays, the model has 2 outputs"):
        model.fit(X, Y, verbose=0)
    with pytest.raises(InvalidArgumentError, match="y has a key 'size', but the outputs are"):
        model.fit(X, {"size": Y, "a_kind": LABELS}, verbose=0)


# --- what the optimizer does at the end -----------------------------------------------------------


def test_a_moving_average_is_what_training_ends_with() -> None:
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1, use_bias=False)])
    kernel = model.get_weights()[0].astype(np.float64)
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=10, shuffle=False, verbose=0)
    average = None
    for rows in (slice(0, 10), slice(10, 20)):
        kernel = kernel - 0.1 * 2 * X[rows].T @ (X[rows] @ kernel - Y[rows]) / 10
        average = kernel if average is None else 0.5 * average + 0.5 * kernel
    np.testing.assert_allclose(model.get_weights()[0], average, rtol=1e-5)


def test_a_scaled_loss_gives_the_same_weights_and_the_same_reports() -> None:
    made = []
    for factor in (None, 1024.0):
        model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
        model.set_weights([np.ones((4, 1)), np.zeros(1)])
        model.compile(keras.optimizers.SGD(0.1, loss_scale_factor=factor), "mse")
        made.append((model.fit(X, Y, shuffle=False, verbose=0).history, model.get_weights()))
    assert made[0][0] == made[1][0]
    for one, other in zip(made[0][1], made[1][1], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)
