"""Every layer beside Keras, and through the conformance suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.keras import layers, saving
from freshet.keras.configurable import serialize_object
from freshet.testing import LayerSample, LayerSuite

FILES = sorted((Path(__file__).parents[1] / "oracle").glob("layers*.json"))
CASES = [case for file in FILES for case in json.loads(file.read_text())]

OTHER = ("masking", "recurrent")


def optional(value: Any) -> Any:
    return None if value is None else tuple(np.asarray(v, np.float32) for v in value)


def as_sample(case: dict[str, Any]) -> LayerSample:
    return LayerSample(
        layer=getattr(layers, case["name"]),
        arguments=case["kwargs"],
        inputs=tuple(map(np.asarray, case["inputs"])),
        weights=optional(case["weights"]),
        expected=case["y"],
        expected_training=case.get("y_training"),
        weights_after=optional(case.get("weights_after")),
    )


class TestLayers(LayerSuite):
    samples = [as_sample(case) for case in CASES]


def test_every_layer_has_a_sample() -> None:
    found = {getattr(layers, name) for name in layers.__all__}
    exported = {x for x in found if isinstance(x, type)}
    # Layers with masks, states or other layers within need more than a sample of one call.
    other = {x for x in exported if x.__module__.rpartition("layers.")[2].startswith(OTHER)}
    bases = {layers.Layer, layers.InputLayer}
    assert exported - bases - other == {sample.layer for sample in TestLayers.samples}


def alike(config: Any) -> Any:
    """Return a configuration without what may differ: float32's rounding, the dtype's policy."""
    if isinstance(config, dict):
        if config.get("class_name") == "DTypePolicy":
            return config["config"]["name"]
        optional = {k for k in ("activity_regularizer", "build_config") if not config.get(k)}
        return {k: alike(v) for k, v in config.items() if k not in optional}
    if isinstance(config, list):
        return [alike(v) for v in config]
    return float(np.float32(config)) if isinstance(config, float) else config


@pytest.mark.parametrize("case", CASES, ids=lambda c: str(as_sample(c))[:90])
def test_configuration_weights_and_losses_are_those_of_keras(case: dict[str, Any]) -> None:
    layer = as_sample(case).make(name="layer")
    assert [w.name for w in layer.weights] == case["weight_names"]
    assert [w.trainable for w in layer.weights] == case["trainable"]
    np.testing.assert_allclose([float(v) for v in layer.losses], case["losses"], rtol=1e-6)
    theirs = {k: v for k, v in case["config"].items() if k != "build_config"}
    assert alike(serialize_object(layer)) == alike(theirs)
    read = saving.deserialize_keras_object(case["config"])
    assert alike(read.get_config()) == alike(theirs["config"])
