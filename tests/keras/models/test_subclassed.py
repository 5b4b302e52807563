"""Models with a `call` of the user's own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras import layers

X = np.random.default_rng(0).standard_normal((6, 3)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((6, 1)).astype(np.float32)


class Net(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.first = layers.Dense(4, activation="relu")
        self.drop = layers.Dropout(0.5, seed=1)
        self.last = layers.Dense(1)
        self.seen: list[Any] = []

    def call(self, x: Any, training: bool = False) -> Any:
        self.seen.append(training)
        return self.last(self.drop(self.first(x), training=training))


def test_weights_are_made_by_the_first_call() -> None:
    model = Net()
    assert not model.built
    with pytest.raises(FailedPreconditionError, match="has no weights yet"):
        model.count_params()
    kernel, bias, kernel2, bias2 = (model(X), model.get_weights())[1]
    expected = np.maximum(X @ kernel + bias, 0) @ kernel2 + bias2
    np.testing.assert_allclose(model(X), expected, atol=1e-6)
    assert model.count_params() == 3 * 4 + 4 + 4 + 1
    assert [layer.name for layer in model.layers] == [
        model.first.name, model.drop.name, model.last.name,
    ]  # fmt: skip


def test_build_makes_them_without_data() -> None:
    model = Net()
    model.build((None, 3))
    assert [w.shape for w in model.weights] == [(3, 4), (4,), (4, 1), (1,)]


def test_training_is_handed_on_by_fit_evaluate_and_predict() -> None:
    model = Net()
    model.compile("sgd", "mse", run_eagerly=True)
    model.build((None, 3))
    for run, expected in (
        (lambda: model.fit(X, Y, verbose=0), True),
        (lambda: model.evaluate(X, Y, verbose=0), False),
        (lambda: model.predict(X, verbose=0), False),
        (lambda: model(X), False),
        (lambda: model(X, training=True), True),
    ):
        model.seen.clear()
        run()
        assert set(model.seen) == {expected}


def test_inner_layers_follow_the_outermost_one_unless_told() -> None:
    class Silent(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.drop = layers.Dropout(0.5, seed=1)

        def call(self, x: Any) -> Any:
            return self.drop(x)

    model = Silent()
    np.testing.assert_array_equal(model(X), X)
    assert (np.asarray(model(X, training=True)) == 0).any()


def test_layers_in_lists_and_dicts_are_found() -> None:
    class Stack(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.rows = [layers.Dense(3) for _ in range(2)]
            self.named = {"a": layers.Dense(1)}

        def call(self, x: Any) -> Any:
            for row in self.rows:
                x = row(x)
            return self.named["a"](x)

    model = Stack()
    model.compile("sgd", "mse")
    before = (model(X), model.get_weights())[1]
    model.fit(X, Y, verbose=0)
    assert len(before) == 6
    for one, other in zip(before, model.get_weights(), strict=True):
        assert (one != other).any()


def test_variables_of_ones_own_are_trained() -> None:
    class Line(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.slope = ft.Variable(0.0, name="slope")
            self.fixed = ft.Variable(1.0, trainable=False)

        def call(self, x: Any) -> Any:
            return x * self.slope + self.fixed

    model = Line()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.linspace(-1, 1, 20, dtype=np.float32)[:, None]
    model.fit(x, 3 * x + 1, epochs=60, batch_size=20, verbose=0)
    assert float(model.slope) == pytest.approx(3.0, abs=0.1)
    assert float(model.fixed) == 1.0


def test_the_constructor_must_call_its_base() -> None:
    class Hasty(keras.Model):
        def __init__(self) -> None:
            self.layer = 3

    with pytest.raises(FailedPreconditionError, match="must begin with super"):
        Hasty()(X)


def test_a_model_without_call_says_so() -> None:
    class Empty(keras.Model):
        pass

    with pytest.raises(FailedPreconditionError, match="Empty has no call method"):
        Empty()(X)


def test_an_error_within_names_the_way_to_the_layer() -> None:
    class Outer(keras.Model):
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.inner = layers.Conv1D(2, 9, name="narrow")

        def call(self, x: Any) -> Any:
            return self.inner(x)

    with pytest.raises(InvalidArgumentError, match=r"^layer 'outer/narrow' \(Conv1D\): .*filter"):
        Outer()(np.ones((1, 4, 2), np.float32))
