"""Shapes and statistics beside those of Keras: the numbers differ, their distributions may not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from freshet.keras import initializers

CASES = json.loads((Path(__file__).parents[1] / "oracle" / "initializers.json").read_text())


def label(case: dict[str, Any]) -> str:
    return case["name"] + "".join(f"-{k}={v}" for k, v in case["kwargs"].items())


def is_bounded(case: dict[str, Any]) -> bool:
    unbounded = {"RandomNormal", "Orthogonal"}
    return case["name"] not in unbounded and "untruncated_normal" not in case["kwargs"].values()


@pytest.mark.parametrize("case", CASES, ids=label)
def test_distribution_is_that_of_keras(case: dict[str, Any]) -> None:
    seed = {"seed": 7} if "seed" in case["config"]["config"] else {}
    initializer = getattr(initializers, case["name"])(**{**seed, **case["kwargs"]})
    values = initializer(case["shape"]).numpy().astype("float64")
    assert list(values.shape) == case["shape"]
    # Of 60 000 draws each mean is within 5 of its own deviations, so two differ by at most 7.
    assert values.mean() == pytest.approx(case["mean"], abs=7 * case["std"] / 245 + 1e-6)
    assert values.std() == pytest.approx(case["std"], rel=0.02, abs=1e-7)
    if is_bounded(case):
        slack = 0.001 * (case["max"] - case["min"]) + 1e-6
        assert values.min() == pytest.approx(case["min"], abs=slack)
        assert values.max() == pytest.approx(case["max"], abs=slack)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_configurations_of_keras_are_read_and_written(case: dict[str, Any]) -> None:
    made = initializers.deserialize(case["config"])
    assert type(made).__name__ == case["name"]
    written = initializers.serialize(made)
    # Keras leaves the gain of Identity out.
    assert written["config"] | case["config"]["config"] == written["config"]
    assert {**written, "config": None} == {**case["config"], "config": None}
