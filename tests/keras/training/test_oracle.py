"""`fit`, `evaluate` and `predict` beside Keras, from the same weights, for three epochs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet import keras

CASES = json.loads((Path(__file__).parents[1] / "oracle" / "training.json").read_text())


def label(case: dict[str, Any]) -> str:
    parts = [case["model"], *map(str, case["optimizer"][1].values()), case["optimizer"][0]]
    return "-".join(
        [*parts, *case.get("fit", {}), *([case["loss"]] if case["loss"] == "mse" else [])]
    )


def arrays(value: Any, dtype: Any = np.float32) -> Any:
    if isinstance(value, dict):
        return {k: arrays(v, np.int32 if k == "kind" else dtype) for k, v in value.items()}
    return np.asarray(value, dtype)


def compiled(case: dict[str, Any], **more: Any) -> Any:
    """Return the model as it was before training."""
    model = keras.saving.deserialize_keras_object(case["config"] | {"compile_config": None})
    name, arguments = case["optimizer"]
    loss = case["loss"]
    if isinstance(loss, dict) and "class_name" in loss:
        loss = keras.losses.deserialize(loss)
    options = {k: case[k] for k in ("loss_weights", "metrics", "weighted_metrics") if k in case}
    model.compile(getattr(keras.optimizers, name)(**arguments), loss, **options, **more)
    model.set_weights([np.asarray(w, np.float32) for w in case["start"]])
    return model


def data(case: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    labels = np.float32 if case.get("target") == "numbers" else np.int32
    y = arrays(case["y"], np.float32 if isinstance(case["y"], dict) else labels)
    options = dict(case.get("fit", {}))
    if "sample_weight" in options:
        options["sample_weight"] = arrays(case["sample_weight"])
    if "class_weight" in options:
        options["class_weight"] = {int(k): v for k, v in options["class_weight"].items()}
    return arrays(case["x"]), y, options


def check(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_training_is_that_of_keras(case: dict[str, Any]) -> None:
    model = compiled(case)
    x, y, options = data(case)
    history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, **options)
    check(history.history, case["history"])
    check(model.evaluate(x, y, batch_size=8, verbose=0, return_dict=True), case["evaluated"])
    predicted = model.predict(x, verbose=0)
    several = isinstance(predicted, list)
    for one, other in zip(
        predicted if several else [predicted],
        case["predicted"] if several else [case["predicted"]],
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    for weight, value in zip(model.weights, case["end"], strict=True):
        np.testing.assert_allclose(weight.numpy(), value, rtol=1e-4, atol=1e-5, err_msg=weight.path)


@pytest.mark.parametrize("case", CASES[:1] + CASES[7:8] + CASES[-1:], ids=label)
def test_running_eagerly_is_that_of_keras_too(case: dict[str, Any]) -> None:
    model = compiled(case, run_eagerly=True)
    x, y, options = data(case)
    history = model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0, **options)
    check(history.history, case["history"])
    for weight, value in zip(model.weights, case["end"], strict=True):
        np.testing.assert_allclose(weight.numpy(), value, rtol=1e-4, atol=1e-5)
