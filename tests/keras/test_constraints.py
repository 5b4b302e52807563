"""Constraints beside Keras, and the bounds they keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.graph.function import function
from freshet.keras import constraints
from freshet.ops.conversion import convert_to_tensor

ORACLE = json.loads((Path(__file__).parent / "oracle" / "functions.json").read_text())
CASES = [case for case in ORACLE if case["family"] == "constraints"]


def label(case: dict[str, Any]) -> str:
    return case["name"] + "".join(f"-{k}={v}" for k, v in case["kwargs"].items())


@pytest.mark.parametrize("case", CASES, ids=label)
def test_values_are_those_of_keras(case: dict[str, Any]) -> None:
    constraint = getattr(constraints, case["name"])(**case["kwargs"])
    found = constraint(np.asarray(case["x"], np.float32))
    np.testing.assert_allclose(found, case["y"], rtol=1e-6, atol=1e-7)


def test_traced_values_are_the_eager_ones() -> None:
    made = [getattr(constraints, case["name"])(**case["kwargs"]) for case in CASES]
    inputs = [convert_to_tensor(np.asarray(case["x"], np.float32)) for case in CASES]
    traced = function(lambda xs: [c(x) for c, x in zip(made, xs, strict=True)])(inputs)
    for constraint, x, found in zip(made, inputs, traced, strict=True):
        np.testing.assert_allclose(found, constraint(x), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_configurations_of_keras_are_read(case: dict[str, Any]) -> None:
    made = constraints.deserialize(case["config"])
    assert made.get_config() == case["config"]["config"]
    assert constraints.serialize(made) == case["config"]


def test_lengths_are_bounded() -> None:
    w = np.random.default_rng(0).normal(size=(5, 7)).astype(np.float32) * 3

    def lengths(constraint: Any) -> Any:
        return np.linalg.norm(constraint(w).numpy(), axis=0)

    assert lengths(constraints.MaxNorm(1.0)).max() <= 1
    np.testing.assert_allclose(lengths(constraints.UnitNorm()), 1, rtol=1e-5)
    bounded = lengths(constraints.MinMaxNorm(2.0, 3.0))
    assert bounded.min() >= 2 - 1e-5
    assert bounded.max() <= 3 + 1e-5


def test_a_zero_vector_stays_finite() -> None:
    for constraint in (constraints.MaxNorm(), constraints.UnitNorm(), constraints.MinMaxNorm()):
        assert constraint(np.zeros((2, 2), np.float32)).numpy().tolist() == [[0, 0], [0, 0]]


def test_the_base_class_allows_everything() -> None:
    assert constraints.get("constraint")([-1.0, 2.0]).numpy().tolist() == [-1.0, 2.0]
