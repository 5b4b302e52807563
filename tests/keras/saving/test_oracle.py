"""Files that Keras 3 wrote: what they predict, how they train on, what is written back."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from freshet import keras
from freshet.core.nest import flatten
from freshet.keras import layers

FOLDER = Path(__file__).parents[1] / "oracle"
CASES = {case["name"]: case for case in json.loads((FOLDER / "models.json").read_text())}


class Scale(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, x: Any) -> Any:
        return x * 3.0 + self.shift


class Net(keras.Model):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stem = layers.Dense(5, activation="relu")
        self.blocks = [layers.Dense(5), [Scale(), layers.Dense(5)]]
        self.heads = {"one": layers.Dense(1)}

    def call(self, x: Any) -> Any:
        x = self.stem(x)
        x = self.blocks[0](x) + self.blocks[1][1](self.blocks[1][0](x))
        return self.heads["one"](x)


def load(name: str) -> Any:
    path = FOLDER / "models" / f"{name}.keras"
    return keras.models.load_model(path, custom_objects={"Net": Net, "Scale": Scale})


def arrays(value: Any, rank: int) -> Any:
    """Return one array, or a list of arrays whose rank is that of the model's first."""
    found = value
    for _ in range(rank):
        found = found[0]
    several = isinstance(found, list)
    return [np.asarray(v, np.float32) for v in value] if several else np.asarray(value, np.float32)


def inputs(model: Any, case: dict[str, Any]) -> Any:
    shape = model.get_build_config()["input_shape"]
    return arrays(case["x"], len(shape[0] if isinstance(shape[0], list) else shape))


@pytest.mark.parametrize("name", CASES)
def test_predictions_are_those_of_keras(name: str) -> None:
    model, case = load(name), CASES[name]
    found = flatten(model.predict(inputs(model, case), verbose=0))
    expected = flatten(arrays(case["predicted"], 2))
    # bfloat16 has 8 bits; Keras may round between multiplication and addition.
    bound = 0.02 if name == "bfloat16" else 1e-5
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(one, np.float32), other, rtol=bound, atol=bound)


@pytest.mark.parametrize("name", [n for n in CASES if CASES[n].get("next_loss")])
def test_training_goes_on_with_the_optimizers_state(name: str) -> None:
    model, case = load(name), CASES[name]
    assert int(model.optimizer.iterations) == case["iterations"]
    x, y = inputs(model, case), arrays(case["y"], 2)
    found = model.train_on_batch(x, y, return_dict=True)["loss"]
    np.testing.assert_allclose(found, case["next_loss"], rtol=1e-5)


def parts(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return a file's configuration, and shape and dtype of each of its arrays."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        weights = io.BytesIO(archive.read("model.weights.h5"))
    found: dict[str, Any] = {}

    def note(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = (item.shape, item.dtype, item.attrs.get("dtype"))
        elif "name" in item.attrs:
            found[name] = item.attrs["name"]

    with h5py.File(weights) as file:
        file.visititems(note)
    return config, {k: v for k, v in found.items() if not k.startswith("freshet")}


FROM_KERAS = ("module", "registered_name", "config")


def alike(config: Any) -> Any:
    """Return a configuration without what Keras reads either way."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return config["config"]["name"]
        without = ("activity_regularizer", "compile_config", "mask", "training")
        dropped = {"shared_object_id", "build_config", *(k for k in without if not config.get(k))}
        if "reduction" in config or "build_input_shape" in config:
            dropped.add("dtype")  # a loss's or a Sequential's; Keras writes it now and then
        return {k: alike(v) for k, v in config.items() if k not in dropped}
    if isinstance(config, list):
        return [alike(v) for v in config]
    return float(np.float32(config)) if isinstance(config, float) else config


@pytest.mark.parametrize("name", CASES)
def test_what_is_written_back_is_what_keras_wrote(name: str, tmp_path: Path) -> None:
    load(name).save(tmp_path / "again.keras")
    config, weights = parts(tmp_path / "again.keras")
    expected, expected_weights = parts(FOLDER / "models" / f"{name}.keras")
    own = name == "subclassed"  # whose configuration, module and layers' names are its author's
    for found in (weights, expected_weights) if own else ():
        found |= {k: "" for k, v in found.items() if isinstance(v, str)}
    assert weights == expected_weights
    for key in ("class_name", "compile_config", *(() if own else FROM_KERAS)):
        assert alike(config).get(key) == alike(expected).get(key), key
