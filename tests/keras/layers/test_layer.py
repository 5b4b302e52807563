"""What every layer inherits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError, UnimplementedError
from freshet.keras import layers

X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)


class Scale(layers.Layer):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor
        self.builds = 0

    def build(self, input_shape: Any) -> None:
        self.builds += 1
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, x: Any) -> Any:
        return x * self.factor + self.shift


def test_a_layer_is_built_once_by_its_first_call() -> None:
    layer = Scale(3.0)
    assert not layer.built
    np.testing.assert_allclose(layer(X), X * 3 + 1, rtol=1e-6)
    layer(X)
    assert layer.builds == 1
    assert layer.built


def test_a_layer_built_by_hand_is_not_built_again() -> None:
    layer = Scale()
    layer.build((None, 3))
    assert layer.built
    layer(X)
    assert layer.builds == 1
    assert len(layer.weights) == 1
    assert layer.get_build_config() == {"input_shape": [None, 3]}


def test_anything_like_an_array_is_taken() -> None:
    layer = Scale()
    expected = np.asarray(layer(X))
    for x in (X.tolist(), ft.constant(X), ft.Variable(X), X.astype(np.float64)):
        found = layer(x)
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, expected)


def test_arguments_by_name_and_further_ones() -> None:
    class Mix(layers.Layer):
        def call(self, x: Any, share: float = 0.5, other: Any = None) -> Any:
            return x * share + (0 if other is None else other)

    np.testing.assert_allclose(Mix()(x=X, share=0.25), X * 0.25)
    np.testing.assert_allclose(Mix()(X, other=ft.constant(X)), X * 1.5)


def test_weights_can_be_made_in_the_constructor() -> None:
    class Early(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.one = self.add_weight(shape=(2,), initializer="zeros", name="one")
            self.two = self.add_weight(shape=(), dtype="int32", trainable=False, name="two")

        def call(self, x: Any) -> Any:
            return x

    layer = Early()
    assert [w.path.partition("/")[2] for w in layer.weights] == ["one", "two"]
    assert layer.weights[1].dtype == "int32"
    assert [w.name for w in layer.trainable_weights] == ["one"]


def test_own_weights_come_before_inner_layers() -> None:
    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner = layers.Dense(2, name="inner")

        def build(self, shape: Any) -> None:
            self.fixed = self.add_weight(shape=(1,), trainable=False, name="fixed")
            self.own = self.add_weight(shape=(1,), name="own")

        def call(self, x: Any) -> Any:
            return self.inner(x) + self.own + self.fixed

    layer = Outer()
    layer(X)
    assert [w.name for w in layer.weights] == ["own", "fixed", "kernel", "bias"]


def test_set_weights_checks_everything_first() -> None:
    layer = layers.Dense(2, name="d")
    layer.build((None, 3))
    before = [w.copy() for w in layer.get_weights()]
    with pytest.raises(InvalidArgumentError, match="the layer has 2 weights, received 1"):
        layer.set_weights([np.zeros((3, 2))])
    with pytest.raises(InvalidArgumentError, match=r"d/bias has shape \(2,\), received \(3,\)"):
        layer.set_weights([np.zeros((3, 2)), np.zeros(3)])
    for one, other in zip(layer.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_get_weights_are_copies() -> None:
    layer = layers.Dense(2)
    layer.build((None, 3))
    taken = layer.get_weights()
    values = [w.copy() for w in taken]
    layer.set_weights([w + 1 for w in values])
    for one, other in zip(taken, values, strict=True):
        np.testing.assert_array_equal(one, other)


def test_add_weight_says_what_is_wrong() -> None:
    layer = layers.Layer(name="own")
    with pytest.raises(InvalidArgumentError, match=r"shape must be numbers, received 'kernel'"):
        layer.add_weight("kernel", (3, 2))
    with pytest.raises(InvalidArgumentError, match=r"own\.add_weight: unknown argument 'shpae'"):
        layer.add_weight(shpae=(3,))


def test_without_weights_there_is_nothing_to_count() -> None:
    with pytest.raises(FailedPreconditionError, match="dense has no weights yet"):
        layers.Dense(2, name="dense").count_params()


def test_a_layer_without_call_says_so() -> None:
    with pytest.raises(FailedPreconditionError, match="Layer has no call method"):
        layers.Layer()(X)


def test_a_forgotten_argument_shows_when_the_layer_is_saved() -> None:
    class Forgetful(layers.Layer):
        def __init__(self, size: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)

        def call(self, x: Any) -> Any:
            return x

    with pytest.raises(UnimplementedError, match="does not keep its argument 'size'"):
        Forgetful(3).get_config()


def test_names_are_numbered_or_given() -> None:
    one, two = layers.Dense(1), layers.Dense(1)
    assert one.name != two.name
    assert one.name.startswith("dense")
    assert layers.Dense(1, name="mine").name == "mine"


def test_a_layer_is_traced_into_a_function_with_its_weights() -> None:
    layer = Scale()
    traced = ft.function(lambda x: layer(x))
    np.testing.assert_allclose(traced(X), X * 2 + 1, rtol=1e-6)
    layer.set_weights([np.full(3, 5.0)])
    np.testing.assert_allclose(traced(X), X * 2 + 5, rtol=1e-6)
    assert layer.builds == 1


def test_a_layer_with_two_outputs_in_a_model() -> None:
    class Halves(layers.Layer):
        def call(self, x: Any) -> Any:
            return x[:, :1], x[:, 1:]

    x = keras.Input((3,))
    left, right = Halves()(x)
    model = keras.Model(x, [right, left])
    found = model.predict(X, verbose=0)
    np.testing.assert_array_equal(found[0], X[:, 1:])
    np.testing.assert_array_equal(found[1], X[:, :1])


def test_constraints_hold_after_every_update() -> None:
    dense = layers.Dense(
        2, kernel_constraint="non_neg", bias_constraint=keras.constraints.MaxNorm(0.1)
    )
    model = keras.Sequential([keras.Input((3,)), dense])
    model.compile(keras.optimizers.SGD(1.0), "mse")
    for _ in range(3):
        model.train_on_batch(X, -X[:, :2] - 5)
        kernel, bias = dense.get_weights()
        assert (kernel >= 0).all()
        assert np.linalg.norm(bias) <= 0.1 + 1e-6


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    layer = layers.Dropout(0.3, seed=1)
    x = np.ones((200, 500), np.float32)
    y = np.asarray(layer(x, training=True))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.7)}
    # 100000 choices: six standard deviations.
    assert abs((y == 0).mean() - 0.3) < 6 * np.sqrt(0.3 * 0.7 / 1e5)
    assert (np.asarray(layer(x, training=True)) != y).any()
    rows = np.asarray(layers.Dropout(0.5, (None, 1), seed=1)(x, training=True))
    assert (rows == rows[:, :1]).all()
    assert not np.asarray(layers.Dropout(1.0)(x, training=True)).any()
