"""Write what Keras's recurrent layers compute into files beside this one; see `make.py`.

    KERAS_BACKEND=jax python tests/keras/oracle/make_recurrent.py
    KERAS_BACKEND=tensorflow python tests/keras/oracle/make_recurrent.py

Training comes from TensorFlow: with JAX, what the metrics get has lost its mask. `recurrent/` holds
whole files that Keras saved.
"""

from __future__ import annotations

import shutil
from typing import Any

import jax
import keras
import numpy as np
from make import HERE, Case, classes, floats, listed, write

L = keras.layers
ROWS = {"return_sequences": True}
STATE = {"return_state": True}
BACK = {"go_backwards": True}


def weighted(outputs: Any) -> Any:
    """Return a sum that treats no two elements alike."""
    total = 0.0
    for number, y in enumerate(jax.tree.leaves(outputs)):
        total = total + (y * np.cos(np.arange(y.size) + number).reshape(y.shape)).sum()
    return total


def flat(outputs: Any) -> Any:
    """Return a list of outputs and states, without structure."""
    return listed(keras.tree.flatten(outputs))


def padding(*shape: int) -> np.ndarray:
    """Return a mask: a row that ends early, one that begins late, one with a hole, full ones."""
    mask = np.ones(shape, bool)
    mask[0, 2:] = False
    mask[1, :1] = False
    mask[2, 1:2] = False
    return mask


def layer_rows() -> list[tuple[Any, dict[str, Any]]]:
    """Return layers and what they are called with beside the sequence."""
    start = [floats(4, 3)]
    pair = [floats(4, 3), floats(4, 3)]
    masked = {"mask": padding(4, 5)}
    regularized = {"recurrent_regularizer": "l2", "bias_regularizer": "l1"}
    regularized["kernel_constraint"] = "max_norm"
    rows: list[tuple[Any, dict[str, Any]]] = [
        (L.SimpleRNN(3), {}),
        (L.SimpleRNN(3, activation="relu", use_bias=False, **ROWS, **STATE), {}),
        (L.SimpleRNN(3, **BACK, **ROWS), masked),
        (L.SimpleRNN(3, **regularized), {"initial_state": start}),
        (L.GRU(3), {}),
        (L.GRU(3, **ROWS, **STATE), {"initial_state": start}),
        (L.GRU(3, reset_after=False, **ROWS), {}),
        (L.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid", unroll=True), masked),
        (L.GRU(3, use_bias=False, activation="softsign", **BACK, **ROWS), {}),
        (L.GRU(3, reset_after=False, use_bias=False, **STATE), {}),
        (L.GRU(3, **ROWS, **STATE), masked),
        (L.GRU(3, **BACK, **STATE), {**masked, "initial_state": start}),
        (L.GRU(3, zero_output_for_mask=True, **ROWS), masked),
        (L.LSTM(3), {}),
        (L.LSTM(3, unit_forget_bias=False, **ROWS, **STATE), {"initial_state": pair}),
        (L.LSTM(3, use_bias=False, recurrent_activation="relu", **BACK), {}),
        (L.LSTM(3, **ROWS, **STATE), masked),
        (L.LSTM(3, zero_output_for_mask=True, **BACK, **ROWS), masked),
        (L.LSTM(3, zero_output_for_mask=True), masked),
        (L.RNN(L.GRUCell(3), **ROWS), {}),
        (L.RNN([L.LSTMCell(3), L.SimpleRNNCell(2)], **STATE), {}),
        (L.RNN([L.SimpleRNNCell(2), L.GRUCell(3)], **ROWS, **BACK), masked),
        (L.Bidirectional(L.LSTM(2)), {}),
        (L.Bidirectional(L.GRU(2, **ROWS), merge_mode="sum"), masked),
        (L.Bidirectional(L.GRU(2, **ROWS), merge_mode="mul"), {}),
        (L.Bidirectional(L.SimpleRNN(3, **STATE, **ROWS), merge_mode="ave"),
         {"initial_state": [*start, floats(4, 3)]}),
        (L.Bidirectional(L.LSTM(2, **ROWS), merge_mode=None), masked),
        (L.Bidirectional(L.LSTM(3, **ROWS), backward_layer=L.GRU(2, **ROWS, **BACK)), {}),
        (L.TimeDistributed(L.Dense(2, activation="tanh")), {}),
        (L.TimeDistributed(L.BatchNormalization()), {}),
    ]  # fmt: skip
    return rows


def layer_cases() -> list[Case]:
    cases = []
    for layer, given in layer_rows():
        x = floats(4, 5, 2)
        layer(x, **given)
        layer.set_weights([floats(*w.shape, low=-0.7, high=0.7) for w in layer.weights])
        fixed = [v.value for v in layer.non_trainable_variables]

        def loss(values: Any, x: Any, one: tuple[Any, ...] = (layer, fixed, given)) -> Any:
            y, _ = one[0].stateless_call(values, one[1], x, training=False, **one[2])
            return weighted(y)

        values = [v.value for v in layer.trainable_variables]
        of_weights, of_x = jax.grad(loss, argnums=(0, 1))(values, x)
        cases.append(
            {
                "layer": keras.layers.serialize(layer),
                "x": listed(x),
                "given": {k: listed(v) for k, v in given.items()},
                "weights": listed(layer.get_weights()),
                "paths": [w.path for w in layer.weights],
                "y": flat(layer(x, training=False, **given)),
                "gradients": listed([of_x, *of_weights]),
                "losses": [float(value) for value in layer.losses],
            }
        )
    return cases


def cell_cases() -> list[Case]:
    cases = []
    for cell in (L.SimpleRNNCell(3), L.GRUCell(3), L.GRUCell(3, reset_after=False), L.LSTMCell(3)):
        x = floats(4, 2)
        states = [floats(4, 3) for _ in range(2 if isinstance(cell, L.LSTMCell) else 1)]
        cell(x, states)
        cell.set_weights([floats(*w.shape, low=-0.7, high=0.7) for w in cell.weights])
        y, after = cell(x, states)
        cases.append(
            {
                "layer": keras.layers.serialize(cell),
                "x": listed(x),
                "states": listed(states),
                "weights": listed(cell.get_weights()),
                "y": listed(y),
                "after": listed(after),
                "first": listed(cell.get_initial_state(batch_size=2)),
            }
        )
    return cases


def stateful_cases() -> list[Case]:
    cases = []
    for layer in (
        L.SimpleRNN(3, stateful=True),
        L.GRU(3, stateful=True, return_sequences=True),
        L.LSTM(3, stateful=True, go_backwards=True),
        L.RNN([L.LSTMCell(3), L.GRUCell(2)], stateful=True),
        L.Bidirectional(L.LSTM(2, stateful=True)),
    ):
        layer.build((4, 5, 2))
        layer.set_weights([floats(*w.shape, low=-0.7, high=0.7) for w in layer.weights])
        case: Case = {"layer": keras.layers.serialize(layer)}
        case["weights"] = listed(layer.get_weights())
        case["x"] = listed([floats(4, 5, 2) for _ in range(2)])
        case["y"] = [flat(layer(np.asarray(x, np.float32))) for x in case["x"]]
        for variable in keras.tree.flatten(layer.states):  # reset_state fails for stacked cells
            variable.assign(np.zeros(variable.shape))
        case["again"] = flat(layer(np.asarray(case["x"][0], np.float32)))
        cases.append(case)
    return cases


# --- models ---------------------------------------------------------------------------------------


def tagger() -> Any:
    """Return a model that labels every step that counts."""
    return keras.Sequential(
        [
            L.Input((6, 3)), L.Masking(), L.Bidirectional(L.LSTM(4, return_sequences=True)),
            L.BatchNormalization(), L.GRU(4, return_sequences=True), L.Dense(3),
        ]
    )  # fmt: skip


def reader() -> Any:
    """Return a model with masks of its own and states handed from one layer to another."""
    x, z = L.Input((6, 3), name="left"), L.Input((6, 3), name="right")
    masked = L.Masking(name="padding")(x)
    states = L.LSTM(4, return_sequences=True, return_state=True, dropout=0.2, seed=1)(masked)
    h = L.LSTM(4, return_sequences=True, name="decoder")(z, initial_state=states[1:])
    h = L.Concatenate()([states[0], h])
    h = L.TimeDistributed(L.Dense(3, activation="relu"))(h)
    h = L.RNN([L.GRUCell(3, reset_after=False), L.SimpleRNNCell(2)])(h)
    pooled = L.GlobalAveragePooling1D()(states[0])
    return keras.Model([x, z], L.Dense(1)(L.Concatenate()([h, pooled])))


def sequences(examples: int) -> np.ndarray:
    """Return sequences of which some end early, in zeros."""
    x = floats(examples, 6, 3)
    for row in range(examples):
        x[row, 2 + row % 5 :] = 0
    return x


def training_case() -> Case:
    model = tagger()
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        weighted_metrics=["accuracy"],
    )
    x, y, weight = sequences(22), classes(3, 22, 6), floats(22, 6, low=0.0)
    start = model.get_weights()
    history = model.fit(
        x, y, sample_weight=weight, batch_size=8, epochs=3, shuffle=False, verbose=0
    )
    return {
        "x": listed(x),
        "y": listed(y),
        "sample_weight": listed(weight),
        "start": listed(start),
        "end": listed(model.get_weights()),
        "history": history.history,
        "predicted": listed(model.predict(x, verbose=0)),
    }


def file_cases() -> list[Case]:
    folder = HERE / "recurrent"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    cases = []
    for name, model in (("tagger", tagger()), ("reader", reader())):
        model.set_weights([abs(floats(*w.shape)) / 2 for w in model.weights])
        x = [sequences(4) for _ in model.inputs]
        model.save(folder / f"{name}.keras")
        predicted = model.predict(x if len(x) > 1 else x[0], verbose=0)
        cases.append({"name": name, "x": listed(x), "predicted": listed(predicted)})
    return cases


if __name__ == "__main__" and keras.backend.backend() == "tensorflow":
    write("recurrent_training", [training_case()])
elif __name__ == "__main__":
    write("recurrent_layers", layer_cases())
    write("recurrent_cells", cell_cases())
    write("recurrent_stateful", stateful_cases())
    write("recurrent_files", file_cases())
