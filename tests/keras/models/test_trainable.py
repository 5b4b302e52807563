"""What is trained and what is not, and what is added to the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.keras import layers

X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((12, 1)).astype(np.float32)


def changed(model: Any, **options: Any) -> list[str]:
    """Return the paths of the weights that an epoch changes."""
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(0.1), "mse", **options)
    model.fit(X, Y, verbose=0)
    return [
        w.path
        for w, old, new in zip(model.weights, before, model.get_weights(), strict=True)
        if (old != new).any()
    ]


def model_of(*, trainable: bool = True) -> Any:
    made = [
        keras.Input((3,)),
        layers.Dense(4, name="a", trainable=trainable),
        layers.BatchNormalization(name="norm", trainable=trainable),
        layers.Dense(1, name="b"),
    ]
    return keras.Sequential(made)


LAST = ["b/kernel", "b/bias"]


def test_everything_is_trained_by_default() -> None:
    model = model_of()
    assert changed(model) == [w.path for w in model.weights]
    assert [w.path for w in model.non_trainable_weights] == [
        "norm/moving_mean", "norm/moving_variance",
    ]  # fmt: skip


@pytest.mark.parametrize("how", ["constructor", "attribute", "run_eagerly"])
def test_a_frozen_layer_does_not_change(how: str) -> None:
    model = model_of(trainable=how != "constructor")
    if how != "constructor":
        model.get_layer("a").trainable = False
        model.get_layer("norm").trainable = False
    assert changed(model, run_eagerly=how == "run_eagerly") == LAST


def test_freezing_a_model_freezes_all_and_can_be_undone() -> None:
    model = model_of()
    model.trainable = False
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 8
    model.trainable = True
    assert len(model.trainable_weights) == 6
    inner = model_of()
    inner.trainable = False
    outer = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1, name="out")])
    assert changed(outer) == ["out/kernel", "out/bias"]


def test_a_frozen_normalization_uses_its_moving_statistics() -> None:
    layer = layers.BatchNormalization()
    layer.build((None, 3))
    layer.set_weights([np.full(3, v, np.float32) for v in (2.0, 1.0, 0.5, 4.0)])
    layer.trainable = False
    expected = 2.0 * (X - 0.5) / np.sqrt(4.0 + 1e-3) + 1.0
    np.testing.assert_allclose(layer(X, training=True), expected, rtol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), np.full(3, 0.5, np.float32))


# --- losses ---------------------------------------------------------------------------------------


class Sparse(layers.Layer):
    def call(self, x: Any) -> Any:
        self.add_loss(0.5 * ft.reduce_mean(ft.abs(x)))
        return x


def test_regularizers_are_added_to_the_loss() -> None:
    dense = layers.Dense(1, kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.3))
    model = keras.Sequential([keras.Input((3,)), dense])
    kernel, bias = np.ones((3, 1), np.float32), np.full(1, 2.0, np.float32)
    model.set_weights([kernel, bias])
    assert [float(v) for v in model.losses] == pytest.approx([0.01 * 3, 0.3 * 2])
    model.compile("sgd", "mse")
    expected = np.mean((X @ kernel + bias - Y) ** 2) + 0.03 + 0.6
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    dense.trainable = False
    assert model.losses == []


def test_a_regularizer_changes_the_gradient() -> None:
    half = keras.regularizers.L2(0.5)
    dense = layers.Dense(1, use_bias=False, kernel_regularizer=half)
    model = keras.Sequential([keras.Input((3,)), dense])
    kernel = model.get_weights()[0].astype(np.float64)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.fit(X, Y, batch_size=12, verbose=0)
    gradient = 2 * X.T @ (X @ kernel - Y) / 12 + 2 * 0.5 * kernel
    np.testing.assert_allclose(model.get_weights()[0], kernel - 0.1 * gradient, atol=1e-6)


@pytest.mark.parametrize("eager", [False, True])
def test_what_layers_add_is_part_of_the_loss_of_each_batch(eager: bool) -> None:
    model = keras.Sequential([keras.Input((3,)), Sparse(), layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=eager)
    kernel, bias = model.get_weights()
    batches = [slice(0, 8), slice(8, 12)]
    each = [
        np.mean((X[b] @ kernel + bias - Y[b]) ** 2) + 0.5 * np.abs(X[b]).mean() for b in batches
    ]
    expected = (8 * each[0] + 4 * each[1]) / 12
    assert model.evaluate(X, Y, batch_size=8, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_losses_are_those_of_the_last_call() -> None:
    model = keras.Sequential([keras.Input((3,)), Sparse(), Sparse()])
    for scale in (1.0, 2.0):
        model(X * scale)
        expected = [0.5 * scale * np.abs(X).mean()] * 2
        assert [float(v) for v in model.losses] == pytest.approx(expected, rel=1e-5)


def test_losses_have_values_after_training() -> None:
    model = keras.Sequential(
        [keras.Input((3,)), Sparse(), layers.Dense(1, kernel_regularizer="l2")]
    )
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    kernel = model.get_weights()[0]
    assert [float(v) for v in model.losses] == pytest.approx([0.01 * (kernel**2).sum()], rel=1e-5)


def test_an_activity_regularizer_is_a_mean_over_the_batch() -> None:
    layer = layers.Dense(2, activity_regularizer=keras.regularizers.L1(0.1))
    y = np.asarray(layer(X))
    assert float(layer.losses[0]) == pytest.approx(0.1 * np.abs(y).sum() / 12, rel=1e-5)


def test_a_model_can_learn_from_added_losses_alone() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="d"), Sparse()])
    model.compile(keras.optimizers.SGD(0.5))
    history = model.fit(X, epochs=30, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
