"""Every loss beside Keras, weighted and unweighted, eager and traced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.graph.function import function
from freshet.keras import losses
from freshet.ops.conversion import convert_to_tensor

CASES = json.loads((Path(__file__).parents[1] / "oracle" / "losses.json").read_text())


def label(case: dict[str, Any]) -> str:
    shape = "x".join(map(str, np.shape(case["y_pred"])))
    return f"{case['name']}-{shape}" + "".join(f"-{k}={v}" for k, v in case["kwargs"].items())


def operands(case: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (
        convert_to_tensor(np.asarray(case["y_true"], case["labels"])),
        convert_to_tensor(np.asarray(case["y_pred"], np.float32)),
        convert_to_tensor(np.asarray(case["sample_weight"], np.float32)),
    )


@pytest.mark.parametrize("case", CASES, ids=label)
def test_values_are_those_of_keras(case: dict[str, Any]) -> None:
    y_true, y_pred, weight = operands(case)
    for reduction, weighted, expected in case["losses"]:
        loss = getattr(losses, case["name"])(reduction=reduction, **case["kwargs"])
        found = loss(y_true, y_pred, sample_weight=weight if weighted else None)
        np.testing.assert_allclose(found, expected, rtol=2e-6, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_configurations_of_keras_are_read_and_written(case: dict[str, Any]) -> None:
    made = losses.deserialize(case["config"])
    assert type(made) is getattr(losses, case["name"])
    written = losses.serialize(made)
    assert {**written, "config": None} == {**case["config"], "config": None}
    assert case["config"]["config"].items() <= written["config"].items()
    assert losses.get(written).get_config() == written["config"]


def test_traced_values_are_the_eager_ones() -> None:
    # One program for all: compiling each alone would take longer than running everything.
    made = [
        (getattr(losses, case["name"])(reduction=reduction, **case["kwargs"]), number, weighted)
        for number, case in enumerate(CASES)
        for reduction, weighted, _ in (case["losses"][0], case["losses"][-1])
    ]

    def everything(inputs: list[Any]) -> list[Any]:
        return [
            loss(*inputs[number][:2], sample_weight=inputs[number][2] if weighted else None)
            for loss, number, weighted in made
        ]

    inputs = [list(operands(case)) for case in CASES]
    for (loss, _, _), eager, found in zip(
        made, everything(inputs), function(everything)(inputs), strict=True
    ):
        np.testing.assert_allclose(found, eager, rtol=2e-6, atol=1e-7, err_msg=repr(loss))
