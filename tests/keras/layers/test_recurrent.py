"""Recurrent layers beside Keras: numbers, gradients, states, masks, configurations and files."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.config import config
from freshet.core.nest import flatten
from freshet.core.shapes import TensorSpec
from freshet.keras import layers, saving
from freshet.keras.configurable import serialize_object
from freshet.testing import LayerSample, LayerSuite
from freshet.testing.compare import assert_agree

FOLDER = Path(__file__).parents[1] / "oracle"
MODES = ["eager", "numpy", "native"]


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def floats(value: Any) -> Any:
    return np.asarray(value, np.float32)


def label(case: dict[str, Any]) -> str:
    def short(entry: dict[str, Any]) -> str:
        inner = entry["config"]
        flags = [k for k, v in inner.items() if v is True and k not in {"trainable", "use_bias"}]
        flags += [str(inner["merge_mode"])] if "merge_mode" in inner else []
        parts = [short(inner[k]) for k in ("layer", "cell") if k in inner]
        return " ".join([entry["class_name"], *flags, *parts])

    return " ".join([short(case["layer"]), *case.get("given", {})])


def made(case: dict[str, Any]) -> Any:
    layer = saving.deserialize_keras_object(case["layer"])
    weights = [floats(w) for w in case["weights"]]
    if not layer.built:
        layer.build((4, 5, 2))
    layer.set_weights(weights)
    return layer


def given(case: dict[str, Any]) -> dict[str, Any]:
    options = dict(case["given"])
    if "initial_state" in options:
        options["initial_state"] = [floats(s) for s in options["initial_state"]]
    if "mask" in options:
        options["mask"] = np.asarray(options["mask"], bool)
    return options


def weighted(outputs: list[Any]) -> Any:
    total: Any = 0.0
    for number, y in enumerate(outputs):
        size = int(np.prod(y.shape))
        factors = np.cos(np.arange(size) + number).reshape(y.shape).astype(np.float32)
        total = total + ft.reduce_sum(y * factors)
    return total


def in_mode(run: Any, mode: str) -> Any:
    if mode != "eager":
        config.backend = mode
        return ft.function(run)
    return run


def close(found: Any, expected: Any, bound: float = 2e-5) -> None:
    expected = floats(expected)
    assert_agree(np.asarray(found), expected, slack=bound * (1 + np.abs(expected)), what="value")


def alike(entry: Any) -> Any:
    """Return a configuration without what may differ between Keras's and ours."""
    if isinstance(entry, dict):
        if entry.get("class_name") == "DTypePolicy":
            return entry["config"]["name"]
        skipped = {"build_config", "shared_object_id"}
        skipped |= {k for k in ("activity_regularizer", "seed") if entry.get(k) is None}
        return {k: alike(v) for k, v in entry.items() if k not in skipped}
    if isinstance(entry, list):
        return [alike(v) for v in entry]
    return float(np.float32(entry)) if isinstance(entry, float) else entry


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", cases("recurrent_layers"), ids=label)
def test_outputs_and_gradients_are_those_of_keras(case: dict[str, Any], mode: str) -> None:
    layer, options = made(case), given(case)

    def run(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            outputs = flatten(layer(x, **options))
            loss = weighted(outputs)
        return outputs, tape.gradient(loss, [x, *layer.trainable_weights])

    outputs, gradients = in_mode(run, mode)(ft.constant(floats(case["x"])))
    for y, other in zip(outputs, case["y"], strict=True):
        close(y, other)
    for gradient, other in zip(gradients, case["gradients"], strict=True):
        close(gradient, other, 1e-4)
    np.testing.assert_allclose([float(v) for v in layer.losses], case["losses"], rtol=1e-6)


@pytest.mark.parametrize("case", cases("recurrent_layers"), ids=label)
def test_configuration_and_names_are_those_of_keras(case: dict[str, Any]) -> None:
    layer = made(case)
    assert [w.path for w in layer.weights] == case["paths"]
    assert alike(serialize_object(layer)) == alike(case["layer"])
    again = saving.deserialize_keras_object(json.loads(json.dumps(serialize_object(layer))))
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize("case", cases("recurrent_cells"), ids=label)
def test_one_step_of_a_cell_is_that_of_keras(case: dict[str, Any]) -> None:
    cell = saving.deserialize_keras_object(case["layer"])
    x, states = ft.constant(floats(case["x"])), [ft.constant(floats(s)) for s in case["states"]]
    cell(x, states)
    cell.set_weights([floats(w) for w in case["weights"]])
    y, after = cell(x, states)
    close(y, case["y"])
    for state, other in zip(after, case["after"], strict=True):
        close(state, other)
    first = [np.asarray(s) for s in cell.get_initial_state(batch_size=2)]
    np.testing.assert_array_equal(first, floats(case["first"]))
    assert alike(serialize_object(cell)) == alike(case["layer"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", cases("recurrent_stateful"), ids=label)
def test_a_stateful_layer_begins_where_it_ended(case: dict[str, Any], mode: str) -> None:
    layer = made(case)
    run = in_mode(layer, mode)
    for x, expected in zip(case["x"], case["y"], strict=True):
        close(run(ft.constant(floats(x))), expected[0])
    layer.reset_state()
    close(run(ft.constant(floats(case["x"][0]))), case["again"][0])
    assert len(layer.weights) == len(case["weights"])
    with pytest.raises(ft.errors.InvalidArgumentError, match="every batch must have 4 examples"):
        layer(ft.zeros([3, 5, 2]))


# --- models ---------------------------------------------------------------------------------------


def load(name: str) -> Any:
    return keras.models.load_model(FOLDER / "recurrent" / f"{name}.keras")


def inputs(case: dict[str, Any]) -> Any:
    several = isinstance(case["x"][0][0][0], list)
    return [floats(x) for x in case["x"]] if several else floats(case["x"])


FILES = pytest.mark.parametrize("case", cases("recurrent_files"), ids=lambda c: c["name"])


@FILES
def test_files_of_keras_predict_the_same(case: dict[str, Any]) -> None:
    model = load(case["name"])
    close(model.predict(inputs(case), verbose=0), case["predicted"])


def test_dropout_acts_when_a_file_of_keras_is_trained_on() -> None:
    model, x = load("reader"), random(4, 6, 3)
    dropped, again = (model([x, x], training=True).numpy() for _ in range(2))
    assert not np.array_equal(dropped, again)
    assert np.array_equal(model([x, x]).numpy(), model([x, x]).numpy())


@FILES
def test_files_have_what_keras_reads(case: dict[str, Any], tmp_path: Path) -> None:
    path = FOLDER / "recurrent" / f"{case['name']}.keras"
    model = load(case["name"])
    model.save(tmp_path / "model.keras")
    theirs, ours = (contents(p) for p in (path, tmp_path / "model.keras"))
    assert {k for k in ours if not k.startswith("freshet")} == set(theirs)
    for place, array in theirs.items():
        np.testing.assert_array_equal(ours[place], array)
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    x = inputs(case)
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def contents(path: Path) -> dict[str, Any]:
    """Return the arrays of a saved model by their places."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        data = archive.read("model.weights.h5")
    with h5py.File(io.BytesIO(data)) as file:
        file.visititems(lambda k, v: found.update({k: v[()]}) if hasattr(v, "shape") else None)
    return found


def test_training_counts_what_the_masks_let_through_as_keras() -> None:
    (case,) = cases("recurrent_training")
    model = load("tagger")
    model.set_weights([floats(w) for w in case["start"]])
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        weighted_metrics=["accuracy"],
    )
    x, y, weight = floats(case["x"]), np.asarray(case["y"], np.int32), floats(case["sample_weight"])
    found = model.fit(
        x, y, sample_weight=weight, batch_size=8, epochs=3, shuffle=False, verbose=0
    ).history
    assert set(found) == set(case["history"])
    for name, values in case["history"].items():
        np.testing.assert_allclose(found[name], values, rtol=2e-4, err_msg=name)
    for weights, expected in zip(model.get_weights(), case["end"], strict=True):
        close(weights, expected, 2e-4)
    close(model.predict(x, verbose=0), case["predicted"], 5e-4)


SEQUENCE = (TensorSpec((3, 5, 2), "float32"),)
ROWS = {"return_sequences": True}
DROPS = {"dropout": 0.3, "recurrent_dropout": 0.4, "seed": 1}


def sample(kind: Any, **arguments: Any) -> LayerSample:
    return LayerSample(layer=kind, arguments=arguments, inputs=SEQUENCE)


class TestRecurrentLayers(LayerSuite):
    samples = [
        sample(layers.SimpleRNN, units=3),
        sample(layers.SimpleRNN, units=3, **ROWS, **DROPS),
        sample(layers.GRU, units=3, return_state=True),
        sample(layers.GRU, units=3, **ROWS, **DROPS),
        sample(layers.GRU, units=3, reset_after=False, go_backwards=True, **DROPS),
        sample(layers.GRU, units=3, dropout=0.5, implementation=1),
        sample(layers.LSTM, units=3, return_state=True, **ROWS),
        sample(layers.LSTM, units=3, **DROPS),
        LayerSample(
            layer=layers.Masking,
            arguments={"mask_value": 2.0},
            inputs=(floats([[[1, 2], [4, 3]], [[2, 5], [0, 0]]]),),
            expected=[[[1, 2], [4, 3]], [[2, 5], [0, 0]]],
        ),
    ]


# --- cells of the caller's ------------------------------------------------------------------------


@saving.register_keras_serializable("tests")
class Decay(layers.Layer):
    """A cell of two states, of which none is the output."""

    state_size = (3, 2)
    output_size = 4

    def build(self, input_shape: Any) -> None:
        self.mix = self.add_weight(shape=(input_shape[-1], 3), name="mix")

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        long, short = states
        long = long * 0.5 + ft.matmul(inputs, self.mix)
        short = short - ft.reduce_mean(inputs, 1, keepdims=True)
        return ft.concat([long[:, :2] * (2.0 if training else 1.0), short], 1), [long, short]


def decayed(cell: Any, x: Any, mask: Any, reverse: bool, training: bool) -> Any:
    long, short = np.zeros((len(x), 3)), np.zeros((len(x), 2))
    mix, outputs, y = np.asarray(cell.mix.numpy()), {}, np.zeros((len(x), 4))
    for t in range(x.shape[1])[:: -1 if reverse else 1]:
        keep = mask[:, t, None]
        long = np.where(keep, long * 0.5 + x[:, t] @ mix, long)
        short = np.where(keep, short - x[:, t].mean(1, keepdims=True), short)
        new = np.concatenate([long[:, :2] * (2 if training else 1), short], 1)
        outputs[t] = y = np.where(keep, new, y)
    return np.stack(list(outputs.values()), 1), long, short


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_any_cell_goes_through_a_sequence(
    mode: str, training: bool, reverse: bool, every: bool, masked: bool
) -> None:
    x = random(4, 5, 2)
    mask = random(4, 5) > -0.4 if masked else np.ones((4, 5), bool)
    layer = layers.RNN(Decay(), return_sequences=every, return_state=True, go_backwards=reverse)
    layer.build(x.shape)
    run = in_mode(lambda x: layer(x, mask=mask if masked else None, training=training), mode)
    found = run(ft.constant(x))
    outputs, *states = decayed(layer.cell, x, mask, reverse, training)
    for part, other in zip(found, [outputs if every else outputs[:, -1], *states], strict=True):
        close(part, other)


def random(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_a_cell_need_not_be_a_layer() -> None:
    class Count:
        state_size = 1

        def call(self, inputs: Any, states: Any) -> Any:
            total = states[0] + ft.reduce_sum(inputs, 1, keepdims=True)
            return total, total

    found = layers.RNN(Count(), return_sequences=True)(ft.ones([2, 3, 4]))
    assert found.numpy().tolist() == [[[4.0], [8.0], [12.0]]] * 2


def test_a_cell_with_dropout_of_its_own_draws_at_every_step() -> None:
    class Noisy(layers.Layer):
        state_size = 1

        def __init__(self) -> None:
            super().__init__()
            self.drop = layers.Dropout(0.5, seed=3)

        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            return self.drop(inputs, training=training), states

    layer = layers.RNN(Noisy(), return_sequences=True)
    run = ft.function(lambda x: layer(x, training=True))
    y = run(ft.ones([8, 20, 50])).numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert len({step.tobytes() for step in y.swapaxes(0, 1)}) == 20


def test_a_bidirectional_copy_of_a_callers_cell_trains() -> None:
    ft.random.set_seed(1)
    x = random(16, 5, 2)
    layer = layers.Bidirectional(layers.RNN(Decay(), return_sequences=True))
    model = keras.Sequential([layers.Input((5, 2)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    losses = model.fit(x, x.sum((1, 2)), epochs=80, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 20
    again = saving.deserialize_keras_object(serialize_object(layer))
    assert again.get_config() == layer.get_config()


def test_first_weights_and_states_go_to_both_directions() -> None:
    x, values = random(2, 3, 2), [random(*s) for s in ((2, 3), (3, 3), (3,)) * 2]
    layer = layers.Bidirectional(layers.SimpleRNN(3, stateful=True), weights=values)
    layer(x)
    for weight, value in zip(layer.get_weights(), values, strict=True):
        np.testing.assert_array_equal(weight, value)
    first, second = layer.states
    assert np.abs(first.numpy()).min() > 0
    layer.reset_state()
    assert not np.any(first.numpy())
    assert not np.any(second.numpy())
    layer.forward_layer.reset_state([np.full((2, 3), 0.5)])
    assert np.all(first.numpy() == 0.5)


# --- dropout --------------------------------------------------------------------------------------


def test_dropped_inputs_and_states_are_the_same_in_every_step() -> None:
    eye = np.eye(30, dtype=np.float32)
    layer = layers.SimpleRNN(
        30, "linear", dropout=0.5, recurrent_dropout=0.25, seed=5, return_sequences=True
    )
    layer.build((40, 4, 30))
    layer.set_weights([eye, eye, np.zeros(30)])
    x = np.ones((40, 4, 30), np.float32)
    y = layer(x, training=True).numpy()
    inputs = y[:, 0]
    assert set(np.unique(inputs)) == {0.0, 2.0}
    assert abs((inputs == 0).mean() - 0.5) < 0.05
    with np.errstate(invalid="ignore", divide="ignore"):
        state = np.where(inputs > 0, (y[:, 1] - inputs) / inputs, np.nan)
    dropped = np.isclose(state, 0)
    assert abs(dropped[inputs > 0].mean() - 0.25) < 0.05
    factor = np.where(dropped, 0, 1 / 0.75)
    for t in range(1, 4):
        expected = inputs + factor * y[:, t - 1]
        np.testing.assert_allclose(y[:, t][inputs > 0], expected[inputs > 0], rtol=1e-5)
    assert not np.array_equal(layer(x, training=True).numpy(), y)
    assert np.array_equal(layer(x).numpy()[0], np.cumsum(x[0], 0))


# --- masks ----------------------------------------------------------------------------------------


def test_masks_go_through_layers_that_support_them() -> None:
    x = floats([[[1, 1], [0, 0], [2, 2]]])
    y = layers.Masking()(x)
    for layer in (
        layers.Dense(3, "relu"), layers.Dropout(0.5), layers.Activation("tanh"), layers.ReLU(),
        layers.BatchNormalization(), layers.GRU(2, return_sequences=True),
        layers.TimeDistributed(layers.Dense(2)),
        layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
    ):  # fmt: skip
        y = layer(y)
        assert y._keras_mask.numpy().tolist() == [[True, False, True]], layer.name
    assert not hasattr(layers.LSTM(2)(y), "_keras_mask")


def test_steps_that_hold_the_mask_value_alone_are_masked() -> None:
    y = layers.Masking(2.0)(floats([[[1, 2], [2, 2]], [[2, 2], [0, 0]]]))
    assert y.numpy().tolist() == [[[1, 2], [0, 0]], [[0, 0], [0, 0]]]
    assert y._keras_mask.numpy().tolist() == [[True, False], [False, True]]


def test_a_layer_without_masks_says_that_it_drops_one() -> None:
    y = layers.Masking()(floats([[[1, 1], [0, 0]]]))
    with pytest.warns(UserWarning, match=r"'flat' \(Flatten\) does not support masks"):
        assert not hasattr(layers.Flatten(name="flat")(y), "_keras_mask")


def test_a_layer_of_the_callers_gets_and_makes_masks() -> None:
    class Skip(layers.Layer):
        def call(self, x: Any, mask: Any = None) -> Any:
            return ft.where(mask[:, :, None], x, -1.0)

        def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
            return ft.logical_not(previous_mask)

    model = keras.Sequential([layers.Input((2, 1)), layers.Masking(), Skip(), layers.LSTM(3)])
    x = floats([[[5], [0]], [[0], [7]]])
    lstm = model.layers[-1]
    expected = lstm(floats([[[-1]], [[-1]]]))
    close(model.predict(x, verbose=0), expected)


@pytest.mark.parametrize("mode", MODES)
def test_a_mean_and_a_normalization_count_what_the_mask_lets_through(mode: str) -> None:
    x, keep = random(4, 5, 3), random(4, 5, seed=1) > -0.5
    keep[:, 0] = True
    rows = x[keep]
    mean = in_mode(layers.GlobalAveragePooling1D(), mode)(ft.constant(x), mask=ft.constant(keep))
    close(mean, [x[b][keep[b]].mean(0) for b in range(4)])
    norm = layers.BatchNormalization(momentum=0.0)
    norm.build(x.shape)
    run = in_mode(lambda x: norm(x, training=True, mask=keep), mode)
    close(run(ft.constant(x)), (x - rows.mean(0)) / np.sqrt(rows.var(0) + 1e-3), 1e-4)
    close(norm.moving_mean.numpy(), rows.mean(0))
    close(norm.moving_variance.numpy(), rows.var(0), 1e-4)


def test_merging_layers_combine_masks() -> None:
    x, y = floats([[[1], [0], [0]]]), floats([[[0], [2], [0]]])
    masked, other, plain = layers.Masking()(x), layers.Masking()(y), ft.constant(y)
    for layer in (layers.Add(), layers.Average(), layers.Concatenate()):
        assert layer([masked, other])._keras_mask.numpy().tolist() == [[True, True, False]]
    assert not hasattr(layers.Add()([masked, plain]), "_keras_mask")
    joined = layers.Concatenate(axis=1)([masked, plain])
    assert joined._keras_mask.numpy().tolist() == [[True, False, False, True, True, True]]


def test_a_functional_model_hands_masks_to_its_loss() -> None:
    x = random(8, 6, 2)
    x[:4, 3:] = 0
    a = layers.Input((6, 2))
    h = layers.GRU(3, return_sequences=True)(layers.Masking()(a))
    inner = keras.Model(a, h)
    b = layers.Input((6, 2))
    model = keras.Model(b, layers.Dense(1)(inner(b)))
    model.compile("sgd", "mse", metrics=["mae"])
    y = random(8, 6, 1, seed=2)
    loss, mae = model.evaluate(x, y, verbose=0)
    kept = (x != 0).any(-1)
    error = (model.predict(x, verbose=0) - y)[kept]
    np.testing.assert_allclose(loss, (error**2).mean(), rtol=1e-5)
    rows = [np.abs((model.predict(x, verbose=0) - y)[b][kept[b], 0]).sum() for b in range(8)]
    np.testing.assert_allclose(mae, sum(rows) / kept.sum(), rtol=1e-5)


# --- training -------------------------------------------------------------------------------------

TASK = """
import numpy as np, freshet as ft
from freshet import keras
from freshet.keras import layers
ft.random.set_seed(7)
r = np.random.default_rng(0)
x = np.zeros((512, 10, 3), np.float32)
y = r.integers(0, 2, 512)
for row in range(512):
    steps = r.integers(4, 11)
    x[row, :steps, 0] = r.choice([-1, 1], steps)
    x[row, :steps, 1] = 1
    x[row, r.integers(0, steps), 2] = 2 * y[row] - 1  # the answer, shown once
model = keras.Sequential([
    layers.Input((10, 3)), layers.Masking(),
    layers.Bidirectional(layers.LSTM(8, return_sequences=True)), layers.GRU(8, dropout=0.1),
    layers.Dense(1),
])
model.compile(
    keras.optimizers.Adam(0.02), keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
)
model.fit(x[:384], y[:384, None], batch_size=64, epochs=12, verbose=0)
print(model.evaluate(x[384:], y[384:, None], verbose=0)[1])
print(b"".join(w.tobytes() for w in model.get_weights()).hex())
"""


def test_training_finds_the_answer_with_the_same_bits_on_any_number_of_threads() -> None:
    results = []
    for threads in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", TASK],
            env={**os.environ, "FRESHET_NUM_THREADS": threads},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        results.append(run.stdout.split())
    assert float(results[0][0]) > 0.97
    assert results[0] == results[1]


def test_steps_applied_at_once_and_one_by_one_are_the_same() -> None:
    x = random(4, 5, 3)
    dense = layers.Dense(2)
    layer = layers.TimeDistributed(dense)
    close(layer(x), [[dense(x[b : b + 1, t])[0].numpy() for t in range(5)] for b in range(4)])
    norm = layers.TimeDistributed(layers.BatchNormalization(momentum=0.5))
    y = norm(x, training=True)
    close(y, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-3), 1e-4)
    mean = np.zeros(3)
    for t in range(5):
        mean = 0.5 * mean + 0.5 * x[:, t].mean(0)
    close(norm.layer.moving_mean.numpy(), mean)
    model = keras.Sequential([layers.Input((None, 6, 6, 1)), layers.TimeDistributed(conv())])
    assert model.output_shape == (None, None, 4, 4, 2)
    assert model.predict(random(2, 3, 6, 6, 1), verbose=0).shape == (2, 3, 4, 4, 2)


def conv() -> Any:
    return layers.Conv2D(2, 3)


def test_sequences_of_any_length_go_through_one_trace() -> None:
    layer = layers.Bidirectional(layers.GRU(3, return_sequences=True))
    layer.build((None, None, 2))
    run = ft.function(layer, input_signature=[TensorSpec((None, None, 2), "float32")])
    for batch, steps in ((2, 3), (3, 7)):
        x = random(batch, steps, 2)
        close(run(x), layer(x))
    assert run.experimental_get_tracing_count() == 1


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.LSTM(0), "LSTMCell: units must be a positive integer, received 0"),
        (lambda: layers.GRU(3, use_cudnn="no"), "use_cudnn must be 'auto', True or False"),
        (lambda: layers.GRU(3)(ft.ones([2, 3])), r"expected an input of shape \[batch, steps, "),
        (lambda: layers.RNN(3), "3 has no call"),
        (lambda: layers.RNN([layers.Dense(3)]), "has no state_size"),
        (lambda: layers.LSTM(3, stateful=True)(layers.Input((5, 2))), "give Input a batch_size"),
        (lambda: layers.LSTM(3)(ft.ones([2, 3, 1]), initial_state=[ft.ones([2, 3])]),
         "expected 2 initial states, received 1"),
        (lambda: layers.Bidirectional(layers.LSTM(2), "max"), "merge_mode must be one of"),
        (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)),
         "one layer must have go_backwards=True"),
        (lambda: layers.Bidirectional(layers.Dense(2)), "expected a recurrent layer"),
        (lambda: layers.TimeDistributed(3), "expected a layer to wrap, received 3"),
        (lambda: layers.TimeDistributed(layers.Dense(2))(ft.ones([2, 3])), "batch, steps, ..."),
        (lambda: layers.GRU(3, unitss=2), "unknown argument 'unitss'; did you mean 'units'?"),
    ],
)  # fmt: skip
def test_mistakes_are_named(make: Any, message: str) -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match=message):
        make()
