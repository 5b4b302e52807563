"""Models saved and loaded: everything comes back, or nothing happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import keras
from freshet.core.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from freshet.keras import layers


def test_everything_comes_back(trained, x, y, state, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert state(loaded) == state(trained)
    assert loaded.get_config() == trained.get_config()
    assert loaded.get_compile_config() == trained.get_compile_config()
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))
    assert loaded.evaluate(x, y, verbose=0) == trained.evaluate(x, y, verbose=0)
    assert [type(m) for m in loaded.metrics] == [type(m) for m in trained.metrics]
    assert loaded.metrics_names == ["loss", "mae", "squares"]


def test_training_goes_on_as_if_it_had_not_been_saved(trained, x, y, state, tmp_path) -> None:
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    histories = [m.fit(x, y, batch_size=3, epochs=3, verbose=0).history for m in (trained, loaded)]
    assert histories[0] == histories[1]
    assert state(loaded) == state(trained)


RESUME = """
    import sys
    import numpy as np
    import freshet as ft
    from freshet.keras import layers

    x = np.random.default_rng(1).standard_normal((20, 6, 6, 1)).astype(np.float32)
    y = np.random.default_rng(2).integers(0, 3, 20)
    path, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if first == 0:
        ft.random.set_seed(5)
        model = ft.keras.Sequential([
            ft.keras.Input((6, 6, 1)), layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(), layers.Dropout(0.4), layers.Flatten(), layers.Dense(3),
        ])
        loss = ft.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(ft.keras.optimizers.{optimizer}, loss, metrics=["accuracy"])
    else:
        model = ft.keras.models.load_model(path)
    model.fit(x, y, batch_size=8, epochs=last, initial_epoch=first, verbose=0)
    model.save(path)
"""


@pytest.mark.parametrize("optimizer", ["Adam(0.01)", "SGD(0.05, momentum=0.9)"])
def test_a_resumed_training_ends_as_an_uninterrupted_one(optimizer: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(RESUME.replace("{optimizer}", optimizer)))

    def run(name: str, first: int, last: int) -> None:
        command = [sys.executable, script, tmp_path / name, str(first), str(last)]
        subprocess.run(command, check=True, env=os.environ)

    run("whole.keras", 0, 4)
    run("parts.keras", 0, 2)
    run("parts.keras", 2, 4)
    whole, parts = (
        keras.models.load_model(tmp_path / f"{name}.keras") for name in ("whole", "parts")
    )
    for one, other in zip(
        [*whole.variables, *whole.optimizer.variables],
        [*parts.variables, *parts.optimizer.variables],
        strict=True,
    ):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


@pytest.mark.parametrize(
    "optimizer",
    [
        keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 20), amsgrad=True),
        keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        keras.optimizers.Nadam(0.01, use_ema=True),
        keras.optimizers.AdamW(0.01, gradient_accumulation_steps=2, clipnorm=1.0),
    ],
    ids=lambda o: o.name,
)
def test_optimizers_go_on_with_their_state(optimizer, tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((16, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile(optimizer, "mse")
    model.fit(x, x[:, :2], batch_size=4, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for m in (model, loaded):
        m.fit(x, x[:, :2], batch_size=4, verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_without_compiling(trained, x, tmp_path: Path) -> None:
    trained.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert not loaded.compiled
    assert loaded.optimizer is None
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), trained.predict(x, verbose=0))


def test_frozen_layers_stay_frozen(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dense(2)])
    model.layers[0].trainable = False
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.trainable for layer in loaded.layers] == [False, True]
    assert len(loaded.trainable_weights) == 2


def test_the_same_model_gives_the_same_bytes(trained, tmp_path: Path) -> None:
    trained.save(tmp_path / "a.keras")
    trained.save(tmp_path / "b.keras")
    from freshet.keras.saving.keras_file import read_archive

    parts = [read_archive(tmp_path / name) for name in ("a.keras", "b.keras")]
    assert parts[0]["config.json"] == parts[1]["config.json"]
    assert parts[0]["model.weights.h5"] == parts[1]["model.weights.h5"]


# --- a caller's own classes -----------------------------------------------------------------------


class Scale(layers.Layer):
    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, x: Any) -> Any:
        return x * self.factor + self.shift


class Net(keras.Model):
    def __init__(self, units: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.stem = layers.Dense(units, activation="relu")
        self.blocks = [layers.Dense(units), [Scale(3.0), layers.Dense(units)]]
        self.heads = {"one": layers.Dense(1)}

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.stem(x)
        x = self.blocks[0](x) + self.blocks[1][1](self.blocks[1][0](x))
        return self.heads["one"](x)


@keras.saving.register_keras_serializable("mine")
class Registered(Scale):
    pass


@keras.saving.register_keras_serializable("mine")
def doubled(x: Any) -> Any:
    return x * 2.0


def test_a_layer_of_the_callers_must_be_given(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), Scale(5.0)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(InvalidArgumentError, match=r"pass it: custom_objects=\{'Scale': Scale\}"):
        keras.models.load_model(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects={"Scale": Scale})
    assert loaded.layers[0].factor == 5.0
    with keras.saving.custom_object_scope({"Scale": Scale}):
        assert type(keras.models.load_model(tmp_path / "model.keras").layers[0]) is Scale


def test_registered_classes_and_functions_are_found(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), Registered(5.0), layers.Dense(2, doubled)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[0]) is Registered
    assert loaded.layers[1].activation is doubled
    x = np.ones((2, 3), np.float32)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_function_that_no_file_can_name_is_refused(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation=lambda x: x)])
    with pytest.raises(NotImplementedError, match="the function '<lambda>' cannot be saved"):
        model.save(tmp_path / "model.keras")
    assert not list(tmp_path.iterdir())


def test_a_subclassed_model_with_layers_in_lists_and_dicts(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32)
    model = Net(5)
    model.compile("adam", "mse")
    model.fit(x, x[:, :1], verbose=0)
    model.save(tmp_path / "model.keras")
    objects = {"Net": Net, "Scale": Scale}
    loaded = keras.models.load_model(tmp_path / "model.keras", custom_objects=objects)
    assert loaded.units == 5
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    fresh = Net(5)
    fresh.build((None, 3))
    fresh.load_weights(tmp_path / "model.keras")
    np.testing.assert_array_equal(fresh.predict(x, verbose=0), model.predict(x, verbose=0))


def test_configuration_as_json(trained, x) -> None:
    again = keras.models.model_from_json(trained.to_json())
    assert again.get_config() == trained.get_config()
    assert json.loads(trained.to_json(indent=1))["class_name"] == "Sequential"
    again.set_weights(trained.get_weights())
    np.testing.assert_array_equal(again.predict(x, verbose=0), trained.predict(x, verbose=0))


# --- paths ----------------------------------------------------------------------------------------


def test_an_existing_file_is_kept_if_asked(trained, tmp_path: Path) -> None:
    for name, save in (("m.keras", trained.save), ("m.weights.h5", trained.save_weights)):
        path = tmp_path / name
        path.write_bytes(b"precious")
        with pytest.raises(AlreadyExistsError, match="exists; give overwrite=True"):
            save(path, overwrite=False)
        assert path.read_bytes() == b"precious"
        save(path)
        assert path.stat().st_size > 1000
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_save_leaves_the_old_file(trained, tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "model.keras"
    trained.save(path)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        trained.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_names_of_files(trained, tmp_path: Path) -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"must end in '\.keras', received '.*model\.h5'"
    ):
        trained.save(tmp_path / "model.h5")
    with pytest.raises(InvalidArgumentError, match=r"must end in '\.weights\.h5'"):
        trained.save_weights(tmp_path / "model.h5")
    (tmp_path / "model.h5").touch()
    with pytest.raises(InvalidArgumentError, match=r"expected a '\.keras' file"):
        keras.models.load_model(tmp_path / "model.h5")
    with pytest.raises(NotFoundError, match=r"there is no file .*nothing\.keras"):
        keras.models.load_model(tmp_path / "nothing.keras")
    with pytest.raises(NotFoundError, match=r"there is no file .*nothing\.weights\.h5"):
        trained.load_weights(tmp_path / "nothing.weights.h5")
    with pytest.raises(InvalidArgumentError, match="files are never run"):
        keras.models.load_model(tmp_path / "nothing.keras", safe_mode=False)
    trained.save(str(tmp_path / "new" / "folder" / "model.keras"))
    assert (tmp_path / "new" / "folder" / "model.keras").exists()


def test_public_names() -> None:
    assert ft.keras.models.load_model is keras.models.load_model
    assert ft.keras.saving.load_model is keras.models.load_model
