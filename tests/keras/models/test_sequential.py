"""Rows of layers."""

from __future__ import annotations

import numpy as np
import pytest

from freshet import keras
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras import layers

X = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)


def test_with_an_input_the_weights_are_made_at_once() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(2)])
    assert model.built
    assert [w.shape for w in model.weights] == [(3, 4), (4,), (4, 2), (2,)]
    assert model.input_shape == (None, 3)
    assert model.output_shape == (None, 2)
    assert model.count_params() == 3 * 4 + 4 + 4 * 2 + 2


def test_without_one_they_are_made_by_the_first_call() -> None:
    model = keras.Sequential([layers.Dense(4, activation="relu"), layers.Dense(2)])
    assert not model.built
    assert model.weights == []
    with pytest.raises(FailedPreconditionError, match="has no output before it knows the shape"):
        _ = model.output
    y = model(X)
    assert y.shape == (4, 2)
    assert len(model.weights) == 4
    kernel, bias, kernel2, bias2 = model.get_weights()
    np.testing.assert_allclose(y, np.maximum(X @ kernel + bias, 0) @ kernel2 + bias2, atol=1e-6)


@pytest.mark.parametrize("how", ["build", "fit", "predict", "older argument"])
def test_other_ways_to_tell_the_shape(how: str) -> None:
    first = layers.Dense(2, input_shape=(3,)) if how == "older argument" else layers.Dense(2)
    model = keras.Sequential([first])
    if how == "build":
        model.build((None, 3))
    elif how == "fit":
        model.compile("sgd", "mse")
        model.fit(X, X[:, :2], verbose=0)
    elif how == "predict":
        model.predict(X, verbose=0)
    assert model.built
    assert model.get_weights()[0].shape == (3, 2)


def test_add_and_pop() -> None:
    model = keras.Sequential(name="grown")
    model.add(keras.Input((3,)))
    model.add(layers.Dense(4, name="a"))
    model.add(layers.Dense(2, name="b"))
    assert model.output_shape == (None, 2)
    assert model.pop().name == "b"
    assert model.output_shape == (None, 4)
    assert [layer.name for layer in model.layers] == ["a"]
    assert model.predict(X, verbose=0).shape == (4, 4)
    model.add(layers.Dense(5))
    assert model.predict(X, verbose=0).shape == (4, 5)


def test_layers_by_name_and_number() -> None:
    model = keras.Sequential([layers.Dense(4, name="a"), layers.Dense(2, name="b")], name="m")
    assert model.get_layer("b") is model.layers[1]
    assert model.get_layer(index=-2) is model.layers[0]
    with pytest.raises(InvalidArgumentError, match="no layer is called 'c'; there are a, b"):
        model.get_layer("c")
    with pytest.raises(InvalidArgumentError, match="there are 2 layers, no number 2"):
        model.get_layer(index=2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([3], "expected a layer, received 3 of type int"),
        ([layers.Dense], "expected a layer, received <class"),
        ([layers.Dense(1, name="a"), layers.Dense(1, name="a")], "a layer called 'a' is there"),
        ([layers.Dense(1), keras.Input((3,), name="i")], "'i' is an input and must come first"),
    ],
)
def test_what_is_no_row_of_layers_is_refused(given, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        keras.Sequential(given)


def test_pop_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="the model has no layers"):
        keras.Sequential().pop()


def test_configuration_round_trip() -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(4, "relu"), layers.Dropout(0.5)])
    again = keras.Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    unbuilt = keras.Sequential([layers.Dense(4)])
    assert not keras.Sequential.from_config(unbuilt.get_config()).built


def test_a_model_is_a_layer_of_another() -> None:
    inner = keras.Sequential([layers.Dense(4, activation="tanh"), layers.Dense(2)])
    model = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1)])
    kernel, bias, kernel2, bias2, kernel3, bias3 = model.get_weights()
    expected = (np.tanh(X @ kernel + bias) @ kernel2 + bias2) @ kernel3 + bias3
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, atol=1e-6)


def test_an_error_of_a_layer_names_it_with_shapes_and_line() -> None:
    model = keras.Sequential([layers.Flatten(), layers.Conv2D(2, 3, name="conv")], name="m")
    with pytest.raises(
        InvalidArgumentError,
        match=r"layer 'conv' \(Conv2D\): expected an input of rank 4 .*received shape \(4, 3\)",
    ) as caught:
        model(X)
    assert "test_sequential.py" in str(caught.value)
