"""Write what Keras's layers and training compute into files beside this one; see `make.py`.

    KERAS_BACKEND=jax python tests/keras/oracle/make_models.py

`models/` holds whole files that Keras saved; `models.json` says what they predict.
"""

from __future__ import annotations

import shutil
from typing import Any

import keras
import numpy as np
from make import HERE, Case, classes, floats, listed, write

L = keras.layers

# --- layers ---------------------------------------------------------------------------------------


def layer_rows() -> list[tuple[str, dict[str, Any], list[tuple[int, ...]]]]:
    """Return name, arguments and shapes of the inputs."""
    line, image, volume = [(2, 9, 4)], [(2, 7, 6, 4)], [(2, 5, 6, 4, 2)]
    channels_first = {"data_format": "channels_first"}
    regularized = {
        "kernel_regularizer": "l2",
        "bias_regularizer": "l1",
        "kernel_constraint": "max_norm",
    }
    rows: list[tuple[str, dict[str, Any], list[tuple[int, ...]]]] = [
        ("Dense", {"units": 3}, [(5, 4)]),
        ("Dense", {"units": 3, "activation": "gelu", "use_bias": False}, [(2, 3, 4)]),
        ("Dense", {"units": 2, "activation": "relu", **regularized}, [(5, 4)]),
        ("Activation", {"activation": "tanh"}, [(5, 4)]),
        ("ReLU", {}, [(5, 4)]),
        ("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}, [(5, 4)]),
        ("LeakyReLU", {}, [(5, 4)]),
        ("LeakyReLU", {"negative_slope": 0.01}, [(5, 4)]),
        ("ELU", {"alpha": 0.5}, [(5, 4)]),
        ("Softmax", {}, [(5, 4)]),
        ("Softmax", {"axis": 1}, [(2, 3, 4)]),
        ("Rescaling", {"scale": 0.25, "offset": -1.0}, [(5, 4)]),
        ("Conv1D", {"filters": 3, "kernel_size": 3}, line),
        ("Conv1D", {"filters": 3, "kernel_size": 3, "padding": "same", "strides": 2}, line),
        ("Conv1D", {"filters": 2, "kernel_size": 2, "dilation_rate": 3, "activation": "relu"},
         line),
        ("Conv2D", {"filters": 3, "kernel_size": 3}, image),
        ("Conv2D", {"filters": 3, "kernel_size": [3, 2], "strides": [2, 1], "padding": "same"},
         image),
        ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2, "use_bias": False}, image),
        ("Conv2D", {"filters": 3, "kernel_size": 2, "dilation_rate": 2, "padding": "same"}, image),
        ("Conv2D", {"filters": 3, "kernel_size": 3, **channels_first}, image),
        ("Conv2D", {"filters": 2, "kernel_size": 1, **regularized}, image),
        ("Conv3D", {"filters": 3, "kernel_size": 2}, volume),
        ("Conv3D", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, volume),
        ("MaxPooling1D", {}, line),
        ("MaxPooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, line),
        ("MaxPooling2D", {}, image),
        ("MaxPooling2D", {"pool_size": [3, 2], "strides": 2, "padding": "same"}, image),
        ("MaxPooling2D", {"pool_size": 2, **channels_first}, image),
        ("MaxPooling3D", {}, volume),
        ("AveragePooling1D", {"pool_size": 2}, line),
        ("AveragePooling1D", {"pool_size": 3, "strides": 2, "padding": "same"}, line),
        ("AveragePooling2D", {"pool_size": 2}, image),
        ("AveragePooling2D", {"pool_size": 3, "strides": 2, "padding": "same"}, image),
        ("AveragePooling2D", {"pool_size": 2, **channels_first}, image),
        ("AveragePooling3D", {"pool_size": 2}, volume),
        ("GlobalMaxPooling1D", {}, line),
        ("GlobalMaxPooling2D", {}, image),
        ("GlobalMaxPooling2D", {"keepdims": True, **channels_first}, image),
        ("GlobalAveragePooling1D", {"keepdims": True}, line),
        ("GlobalAveragePooling2D", {}, image),
        ("GlobalAveragePooling2D", channels_first, image),
        ("BatchNormalization", {}, [(6, 4)]),
        ("BatchNormalization", {"momentum": 0.8, "epsilon": 0.01}, image),
        ("BatchNormalization", {"axis": 1, "scale": False}, image),
        ("BatchNormalization", {"center": False, "gamma_regularizer": "l2"}, line),
        ("Dropout", {"rate": 0.4, "seed": 1}, [(5, 4)]),
        ("Dropout", {"rate": 0.4, "noise_shape": [None, 1, 4], "seed": 1}, line),
        ("Dropout", {"rate": 0.0}, [(5, 4)]),
        ("Flatten", {}, image),
        ("Flatten", channels_first, image),
        ("Reshape", {"target_shape": [6, -1]}, image),
        ("Reshape", {"target_shape": [2, 2]}, [(5, 4)]),
        ("ZeroPadding2D", {}, image),
        ("ZeroPadding2D", {"padding": [[1, 0], [2, 3]]}, image),
        ("ZeroPadding2D", {"padding": [1, 2], **channels_first}, image),
        ("Add", {}, [(5, 4)] * 3),
        ("Add", {}, [(2, 3, 4), (2, 1, 4)]),
        ("Subtract", {}, [(5, 4)] * 2),
        ("Multiply", {}, [(5, 4)] * 3),
        ("Average", {}, [(5, 4)] * 3),
        ("Maximum", {}, [(5, 4)] * 3),
        ("Minimum", {}, [(5, 4)] * 2),
        ("Concatenate", {}, [(5, 4), (5, 2)]),
        ("Concatenate", {"axis": 1}, [(2, 3, 4), (2, 1, 4), (2, 2, 4)]),
    ]  # fmt: skip
    return rows


def layer_cases() -> list[Case]:
    cases = []
    for name, kwargs, shapes in layer_rows():
        layer = getattr(L, name)(name="layer", **kwargs)
        inputs = [floats(*shape) for shape in shapes]
        given = inputs if len(inputs) > 1 else inputs[0]
        layer.build([i.shape for i in inputs] if len(inputs) > 1 else inputs[0].shape)
        # Variances are positive, and no bias or mean is left at 0.
        layer.set_weights([floats(*w.shape, low=0.1, high=0.9) for w in layer.weights])
        case: Case = {
            "name": name,
            "kwargs": kwargs,
            "inputs": listed(inputs),
            "weights": listed(layer.get_weights()),
            "weight_names": [w.name for w in layer.weights],
            "trainable": [w.trainable for w in layer.weights],
            "y": listed(layer(given, training=False)),
            "losses": [float(value) for value in layer.losses],
            "config": keras.layers.serialize(layer),
        }
        if name == "BatchNormalization":
            case["y_training"] = listed(layer(given, training=True))
            case["weights_after"] = listed(layer.get_weights())
        cases.append(case)
    return cases


# --- training -------------------------------------------------------------------------------------


def mlp() -> Any:
    return keras.Sequential([L.Input((6,)), L.Dense(8, activation="relu"), L.Dense(3)])


def lenet() -> Any:
    return keras.Sequential(
        [
            L.Input((8, 8, 1)), L.Conv2D(4, 3, padding="same", activation="relu"),
            L.MaxPooling2D(), L.Conv2D(6, 3, activation="relu"), L.Flatten(), L.Dense(3),
        ]
    )  # fmt: skip


def residual() -> Any:
    x = L.Input((6, 6, 2))
    h = L.Conv2D(4, 3, padding="same", use_bias=False)(x)
    h = L.Activation("relu")(L.BatchNormalization()(h))
    # A bias before the normalization would have no gradient but noise, which Adam scales up.
    g = L.Conv2D(4, 3, padding="same", use_bias=False, kernel_regularizer="l2")(h)
    h = L.Add()([h, L.BatchNormalization(momentum=0.9)(g)])
    return keras.Model(x, L.Dense(3)(L.GlobalAveragePooling2D()(h)))


def two_outputs() -> Any:
    a, b = L.Input((3,), name="a"), L.Input((4,), name="b")
    h = L.Concatenate()([L.Dense(5, activation="tanh")(a), L.Dense(4)(b)])
    size = L.Dense(2, name="size")(h)
    kind = L.Dense(3, activation="softmax", name="kind")(h)
    return keras.Model({"a": a, "b": b}, [size, kind])


def training_rows() -> list[Case]:
    logits = {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}}
    optimizers = {
        "sgd": ("SGD", {"learning_rate": 0.1}),
        "momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
        "adam": ("Adam", {"learning_rate": 0.01}),
        "rmsprop": ("RMSprop", {"learning_rate": 0.005}),
        "ema": ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}),
    }
    labels = {"loss": logits, "metrics": ["accuracy"]}
    rows: list[Case] = [
        {"model": "mlp", "optimizer": optimizers[name], **labels} for name in optimizers
    ]
    rows += [{"model": "lenet", "optimizer": optimizers[n], **labels} for n in ("sgd", "adam")]
    rows += [{"model": "residual", "optimizer": optimizers[n], **labels} for n in ("sgd", "adam")]
    mean_squares = {"loss": "mse", "metrics": ["mae", "mse"]}
    weighted = {**labels, "weighted_metrics": ["accuracy"]}
    rows += [
        {"model": "mlp", "optimizer": optimizers["sgd"], **mean_squares, "target": "numbers"},
        {"model": "mlp", "optimizer": optimizers["sgd"], **weighted,
         "fit": {"sample_weight": True}},
        {"model": "mlp", "optimizer": optimizers["sgd"], **weighted,
         "fit": {"class_weight": {"0": 2.0, "2": 0.25}}},
        {"model": "mlp", "optimizer": optimizers["sgd"], **labels,
         "fit": {"validation_split": 0.3}},
        {"model": "residual", "optimizer": optimizers["sgd"], **labels,
         "fit": {"validation_split": 0.3}},
        {"model": "two_outputs", "optimizer": optimizers["sgd"],
         "loss": {"size": "mse", "kind": "sparse_categorical_crossentropy"},
         "loss_weights": {"size": 0.5, "kind": 2.0},
         "metrics": {"size": ["mae"], "kind": ["accuracy"]}, "fit": {"validation_split": 0.3}},
    ]  # fmt: skip
    return rows


def training_cases() -> list[Case]:
    """Return what `fit` reports: 22 examples in batches of 8, so that the last one is smaller."""
    cases = []
    for row in training_rows():
        model = globals()[row["model"]]()
        name, arguments = row["optimizer"]
        loss = row["loss"]
        one_class = isinstance(loss, dict) and "class_name" in loss
        keys = ("loss_weights", "metrics", "weighted_metrics")
        model.compile(
            getattr(keras.optimizers, name)(**arguments),
            keras.losses.deserialize(loss) if one_class else loss,
            **{k: row[k] for k in keys if k in row},
        )
        x: Any = [floats(22, *t.shape[1:]) for t in model.inputs]
        y: Any = classes(3, 22)
        if row["model"] == "two_outputs":
            x, y = {"a": x[0], "b": x[1]}, {"size": floats(22, 2), "kind": y}
        else:
            x = x[0]
        if row.get("target") == "numbers":
            y = floats(22, 3)
        fit = dict(row.get("fit", {}))
        weight = floats(22, low=0.0)
        if fit.get("sample_weight"):
            fit["sample_weight"] = weight
        if "class_weight" in fit:
            fit["class_weight"] = {int(k): v for k, v in fit["class_weight"].items()}
        start = model.get_weights()
        history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, **fit)
        evaluated = model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True)
        arrays = {"x": x, "y": y, "sample_weight": weight}
        cases.append(
            {
                **row,
                **{k: _named(v) for k, v in arrays.items()},
                "start": listed(start),
                "end": listed(model.get_weights()),
                "history": history.history,
                "evaluated": evaluated,
                "predicted": listed(model.predict(x, verbose=0)),
                "config": keras.saving.serialize_keras_object(model),
            }
        )
    return cases


def _named(value: Any) -> Any:
    return {k: listed(v) for k, v in value.items()} if isinstance(value, dict) else listed(value)


# --- files ----------------------------------------------------------------------------------------


def every_layer() -> Any:
    """Return a model in which each kind of layer is used."""
    x = L.Input((8, 6, 2), name="image")
    z = L.Input((4,), name="row")
    h = L.Rescaling(0.5, 0.1)(x)
    h = L.Conv2D(4, 3, padding="same", kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02))(h)
    h = L.LeakyReLU(0.1)(L.BatchNormalization(momentum=0.8)(h))
    h = L.Maximum()([h, L.AveragePooling2D(3, 1, padding="same")(h)])
    h = L.Minimum()([h, L.MaxPooling2D(3, 1, padding="same")(h)])
    flat = L.Flatten()(L.ZeroPadding2D(((1, 0), (0, 2)))(h))
    line = L.Reshape((-1, 8))(h)
    line = L.Conv1D(4, 3, activation="tanh", kernel_initializer="he_normal")(line)
    line = L.MaxPooling1D()(L.AveragePooling1D(2)(line))
    volume = L.Conv3D(2, 2, strides=(1, 2, 1))(L.Reshape((2, 4, 6, 4))(h))
    volume = L.AveragePooling3D((1, 2, 2))(L.MaxPooling3D((1, 1, 2))(volume))
    parts = [
        L.GlobalAveragePooling2D()(h), L.GlobalMaxPooling2D()(h), L.GlobalAveragePooling1D()(line),
        L.GlobalMaxPooling1D()(line), L.Flatten()(volume),
        L.Dense(5, activation="relu", kernel_constraint=keras.constraints.MaxNorm(2.0))(flat),
    ]  # fmt: skip
    joined = L.Dropout(0.3, seed=7)(L.Concatenate()(parts))
    a, b = L.Dense(4)(joined), L.ELU()(L.Dense(4, name="of_row")(z))
    both = L.Average()([L.Add()([a, b]), L.Multiply()([a, b]), L.Subtract()([a, b])])
    both = L.Activation("sigmoid")(L.ReLU(max_value=3.0)(both))
    return keras.Model([x, z], [L.Softmax()(both), L.Dense(1, name="number")(both)])


def nested() -> Any:
    """Return a model that uses a model and a layer twice."""
    a, b = L.Input((4,)), L.Input((4,))
    shared = L.Dense(4, activation="tanh", name="shared")
    inner_x = L.Input((4,))
    inner = keras.Model(inner_x, L.Add()([inner_x, shared(shared(inner_x))]), name="inner")
    row = keras.Sequential([L.Dense(3), L.BatchNormalization()], name="row")
    h = L.Concatenate()([inner(a), inner(b)])
    return keras.Model([a, b], row(h), name="outer")


class Scale(L.Layer):
    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, x: Any) -> Any:
        return x * 3.0 + self.shift


class Net(keras.Model):
    """A model with layers in attributes on both sides of `layers`, in lists and in a dict."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stem = L.Dense(5, activation="relu")
        self.blocks = [L.Dense(5), [Scale(), L.Dense(5)]]
        self.heads = {"one": L.Dense(1)}

    def call(self, x: Any) -> Any:
        x = self.stem(x)
        x = self.blocks[0](x) + self.blocks[1][1](self.blocks[1][0](x))
        return self.heads["one"](x)


def file_cases() -> list[Case]:
    folder = HERE / "models"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    optimizers = keras.optimizers
    rows: list[tuple[str, Any, Any, dict[str, Any]]] = [
        ("every_layer", every_layer(), optimizers.Adam(0.01), {"loss": ["mse", "mae"]}),
        ("nested", nested(), optimizers.SGD(0.1, momentum=0.9), {"loss": "mse"}),
        ("mlp", mlp(), optimizers.RMSprop(0.01), {
            "loss": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
            "metrics": ["mae", keras.metrics.MeanSquaredError(name="squares")],
        }),
    ]  # fmt: skip
    half = keras.Sequential([L.Input((4,)), L.Dense(3, dtype="bfloat16")])
    cases = []
    for name, model, optimizer, arguments in rows:
        model.compile(optimizer, **arguments)
        x: Any = [floats(4, *t.shape[1:]) for t in model.inputs]
        y: Any = [abs(floats(4, *t.shape[1:])) for t in model.outputs]
        x, y = (part if len(part) > 1 else part[0] for part in (x, y))
        model.fit(x, y, verbose=0)
        model.save(folder / f"{name}.keras")
        cases.append(
            {
                "name": name,
                "x": listed(x),
                "y": listed(y),
                "predicted": listed(model.predict(x, verbose=0)),
                "iterations": int(optimizer.iterations),
                "next_loss": float(model.train_on_batch(x, y, return_dict=True)["loss"])
                if name != "every_layer"  # dropout's choices differ
                else None,
            }
        )
    own = Net()
    own.compile(optimizers.Adam(0.01), "mse")
    x, y = floats(4, 3), floats(4, 1)
    own.fit(x, y, verbose=0)
    own.save(folder / "subclassed.keras")
    predicted = listed(own.predict(x, verbose=0))
    cases.append({"name": "subclassed", "x": listed(x), "predicted": predicted, "iterations": 1})
    half.save(folder / "bfloat16.keras")
    x = floats(4, 4)
    predicted = listed(np.asarray(half.predict(x, verbose=0), np.float32))
    cases.append({"name": "bfloat16", "x": listed(x), "predicted": predicted})
    return cases


if __name__ == "__main__":
    write("layers", layer_cases())
    write("training", training_cases())
    write("models", file_cases())
