"""Every optimizer beside Keras over five steps, eager and compiled; every schedule over 23."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.core.variable import Variable
from freshet.graph.function import function
from freshet.keras import optimizers
from freshet.keras.optimizers import schedules
from freshet.ops.conversion import convert_to_tensor

FOLDER = Path(__file__).parents[1] / "oracle"
CASES = json.loads((FOLDER / "optimizers.json").read_text())
SCHEDULES = json.loads((FOLDER / "schedules.json").read_text())


def label(case: dict[str, Any]) -> str:
    shown = {k: v["class_name"] if isinstance(v, dict) else v for k, v in case["kwargs"].items()}
    return case["name"] + "".join(f"-{k}={v}" for k, v in shown.items())


def made(case: dict[str, Any]) -> tuple[Any, list[Variable]]:
    arguments = dict(case["kwargs"])
    if isinstance(arguments.get("learning_rate"), dict):
        arguments["learning_rate"] = schedules.deserialize(arguments["learning_rate"])
    optimizer = getattr(optimizers, case["name"])(name="optimizer", **arguments)
    start = [np.asarray(value, np.float32) for value in case["start"]]
    variables = [Variable(v, name=n) for v, n in zip(start, ("kernel", "bias"), strict=True)]
    return optimizer, variables


def gradients(case: dict[str, Any]) -> list[list[Any]]:
    return [
        [convert_to_tensor(np.asarray(g, np.float32)) for g in pair] for pair in case["gradients"]
    ]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("case", CASES, ids=label)
def test_five_steps_are_those_of_keras(case: dict[str, Any], compiled: bool) -> None:
    optimizer, variables = made(case)
    optimizer.build(variables)
    step = function(optimizer.apply) if compiled else optimizer.apply
    for pair, expected in zip(gradients(case), case["steps"], strict=True):
        if compiled:
            step(pair)
        else:
            step(pair, variables)
        for variable, value in zip(variables, expected, strict=True):
            np.testing.assert_allclose(variable.numpy(), value, rtol=2e-5, atol=1e-6)
    for variable, value in zip(optimizer.variables, case["state"], strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_state_goes_on_where_it_was_saved(case: dict[str, Any]) -> None:
    pairs = gradients(case)
    first, variables = made(case)
    for pair in pairs[:2]:
        first.apply(pair, variables)
    store: dict[str, Any] = {}
    first.save_own_variables(store)
    second, _ = made(case)
    second.build(variables)
    second.load_own_variables(store)
    for pair in pairs[2:]:
        second.apply(pair, variables)
    for variable, value in zip(variables, case["steps"][-1], strict=True):
        np.testing.assert_allclose(variable.numpy(), value, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_configurations_of_keras_are_read_and_written(case: dict[str, Any]) -> None:
    found = optimizers.deserialize(case["config"])
    assert type(found) is getattr(optimizers, case["name"])
    assert optimizers.serialize(found) == case["config"]


@pytest.mark.parametrize("case", SCHEDULES, ids=label)
def test_schedules_are_those_of_keras(case: dict[str, Any]) -> None:
    schedule = getattr(schedules, case["name"])(**case["kwargs"])
    steps = np.asarray(case["steps"], np.int32)
    eager = [float(schedule(int(step))) for step in steps]
    np.testing.assert_allclose(eager, case["rates"], rtol=2e-6, atol=1e-8)
    traced = function(schedule)
    compiled = [float(traced(convert_to_tensor(step))) for step in steps]
    np.testing.assert_allclose(compiled, case["rates"], rtol=2e-6, atol=1e-8)
    assert schedules.serialize(schedule) == case["config"]
    assert schedules.deserialize(case["config"]).get_config() == case["config"]["config"]
