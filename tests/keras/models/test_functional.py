"""Models of symbolic inputs and outputs."""

from __future__ import annotations

import numpy as np
import pytest

from freshet import keras
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.keras import layers

A = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
B = np.random.default_rng(1).standard_normal((4, 2)).astype(np.float32)


def two() -> keras.Model:
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    h = layers.Concatenate(name="both")([a, b])
    return keras.Model([a, b], [layers.Dense(1, name="y")(h), layers.Dense(2, name="z")(h)])


def test_several_inputs_and_outputs() -> None:
    model = two()
    kernel, bias, kernel2, bias2 = model.get_weights()
    both = np.concatenate([A, B], 1)
    for found in (model([A, B]), model.predict([A, B], verbose=0)):
        assert isinstance(found, list)
        np.testing.assert_allclose(found[0], both @ kernel + bias, atol=1e-6)
        np.testing.assert_allclose(found[1], both @ kernel2 + bias2, atol=1e-6)
    assert model.input_shape == [(None, 3), (None, 2)]
    assert model.output_shape == [(None, 1), (None, 2)]
    assert model.output_names == ["y", "z"]


def test_inputs_by_name() -> None:
    model = two()
    expected = model.predict([A, B], verbose=0)
    for given in ({"a": A, "b": B}, {"b": B, "a": A}):
        for one, other in zip(model.predict(given, verbose=0), expected, strict=True):
            np.testing.assert_array_equal(one, other)
    with pytest.raises(InvalidArgumentError, match="no data for the input 'b'; received a"):
        model({"a": A})


def test_outputs_in_a_dict() -> None:
    x = keras.Input((3,))
    outputs = {"sum": layers.Dense(1)(x), "kind": layers.Dense(2)(x)}
    found = keras.Model(x, outputs).predict(A, verbose=0)
    assert {k: v.shape for k, v in found.items()} == {"sum": (4, 1), "kind": (4, 2)}


def test_a_shared_layer_has_its_weights_once() -> None:
    x = keras.Input((3,))
    shared = layers.Dense(3, activation="tanh")
    model = keras.Model(x, layers.Add()([shared(x), shared(shared(x))]))
    kernel, bias = model.get_weights()
    once = np.tanh(A @ kernel + bias)
    np.testing.assert_allclose(model(A), once + np.tanh(once @ kernel + bias), atol=1e-6)
    with pytest.raises(FailedPreconditionError, match="has no single output: it was used 3 times"):
        _ = shared.output


def test_a_model_used_twice_in_another() -> None:
    x = keras.Input((3,))
    inner = keras.Model(x, layers.Dense(3, activation="relu")(x), name="inner")
    a = keras.Input((3,))
    model = keras.Model(a, layers.Subtract()([inner(a), inner(inner(a))]))
    kernel, bias = model.get_weights()

    def once(value):
        return np.maximum(value @ kernel + bias, 0)

    np.testing.assert_allclose(model(A), once(A) - once(once(A)), atol=1e-6)
    assert model.get_layer("inner") is inner
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(A, verbose=0), model.predict(A, verbose=0))


def test_operators_between_symbolic_tensors() -> None:
    x, y = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([x, y], (x + y) * (x - y))
    np.testing.assert_allclose(model([A, A * 2]), (A + A * 2) * (A - A * 2), rtol=1e-6)


def test_a_model_of_another_ones_inner_tensor() -> None:
    x = keras.Input((3,))
    h = layers.Dense(5, activation="relu", name="features")(x)
    whole = keras.Model(x, layers.Dense(1)(h))
    part = keras.Model(whole.input, whole.get_layer("features").output)
    assert part.predict(A, verbose=0).shape == (4, 5)
    assert part.weights[0] is whole.weights[0]


def test_training_reaches_layers_that_ask_for_it() -> None:
    x = keras.Input((3,))
    model = keras.Model(x, layers.Dropout(0.5, seed=1)(x))
    np.testing.assert_array_equal(model(A), A)
    np.testing.assert_array_equal(model(A, training=False), A)
    assert (np.asarray(model(A, training=True)) == 0).any()
    always = keras.Model(x, layers.Dropout(0.5, seed=1)(x, training=True))
    assert (always.predict(A, verbose=0) == 0).any()
    never = keras.Model(x, layers.Dropout(0.5, seed=1)(x, training=False))
    np.testing.assert_array_equal(never(A, training=True), A)


def test_layers_are_ordered_as_keras_orders_them() -> None:
    # Farthest from the output first; this order numbers the weights in saved files.
    x = keras.Input((4,), name="x")
    left = layers.Dense(4, name="l2")(layers.Dense(4, name="l1")(x))
    right = layers.Dense(4, name="r1")(x)
    model = keras.Model(x, layers.Add(name="sum")([right, left]))
    assert [layer.name for layer in model.layers] == ["x", "l1", "r1", "l2", "sum"]
    assert [w.path for w in model.weights[::2]] == ["l1/kernel", "r1/kernel", "l2/kernel"]


def test_a_model_may_be_deeper_than_python_recurses() -> None:
    made = [layers.Activation("linear") for _ in range(1500)]
    model = keras.Sequential([keras.Input((3,)), *made])
    assert model.layers == made
    again = keras.Sequential.from_config(model.get_config())
    assert len(again.layers) == 1500


def test_grey_images_may_lack_their_channel() -> None:
    x = keras.Input((4, 4, 1))
    model = keras.Model(x, layers.Flatten()(x))
    images = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    np.testing.assert_array_equal(model.predict(images, verbose=0), images.reshape(2, 16))


def test_inputs_are_converted_to_their_dtype() -> None:
    x, n = keras.Input((3,)), keras.Input((3,), dtype="int32")
    model = keras.Model([x, n], [x, n])
    floats, whole = model([A.astype(np.float64), np.ones((4, 3), np.int64)])
    assert (floats.dtype, whole.dtype) == ("float32", "int32")


def test_what_does_not_fit_is_refused() -> None:
    model = two()
    with pytest.raises(InvalidArgumentError, match=r"has 2 inputs \(a, b\), received 1"):
        model(A)
    with pytest.raises(
        InvalidArgumentError, match=r"the input 'b' must have shape \(None, 2\), received \(4, 3\)"
    ):
        model([A, A])
    text = np.full((4, 2), "a")
    with pytest.raises(InvalidArgumentError, match="the input 'b' must be float32, received str"):
        model([A, text])


def test_a_graph_that_is_not_whole_is_refused() -> None:
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    with pytest.raises(InvalidArgumentError, match="depends on the input 'y', which is not among"):
        keras.Model(x, x + y)
    with pytest.raises(InvalidArgumentError, match="outputs must be symbolic tensors"):
        keras.Model(x, A)
    with pytest.raises(InvalidArgumentError, match="give both inputs and outputs"):
        keras.Model(inputs=x)
    twice = layers.Dense(3, name="d")(layers.Dense(3, name="d")(x))
    with pytest.raises(InvalidArgumentError, match="two layers are called 'd'"):
        keras.Model(x, twice)


def test_symbolic_tensors_say_what_they_cannot_do() -> None:
    x = keras.Input((3,))
    with pytest.raises(FailedPreconditionError, match="can be given to layers only"):
        np.asarray(x)
    with pytest.raises(FailedPreconditionError, match="is neither true nor false"):
        bool(x)
    with pytest.raises(FailedPreconditionError, match="put the operation into a layer"):
        _ = x + 1.0


def test_configuration_round_trip() -> None:
    for model in (two(), keras.Model.from_config(two().get_config())):
        again = keras.Model.from_config(model.get_config())
        assert again.get_config() == model.get_config()
        again.set_weights(model.get_weights())
        for one, other in zip(again([A, B]), model([A, B]), strict=True):
            np.testing.assert_array_equal(one, other)
