"""Penalties beside Keras, and strengths that are wrong."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.core.variable import Variable
from freshet.graph.function import function
from freshet.keras import regularizers

ORACLE = json.loads((Path(__file__).parent / "oracle" / "functions.json").read_text())
CASES = [case for case in ORACLE if case["family"] == "regularizers"]


def label(case: dict[str, Any]) -> str:
    return case["name"] + "".join(f"-{k}={v}" for k, v in case["kwargs"].items())


@pytest.mark.parametrize("case", CASES, ids=label)
def test_penalties_are_those_of_keras(case: dict[str, Any]) -> None:
    regularizer = getattr(regularizers, case["name"])(**case["kwargs"])
    penalty = regularizer(np.asarray(case["x"], np.float32))
    assert penalty.shape == ()
    assert float(penalty) == pytest.approx(case["y"], rel=1e-6)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_configurations_of_keras_are_read(case: dict[str, Any]) -> None:
    made = regularizers.deserialize(case["config"])
    assert type(made).__name__ == case["name"]
    for name, value in case["kwargs"].items():
        assert getattr(made, name) == pytest.approx(value)
    again = regularizers.get(regularizers.serialize(made))
    assert again.get_config() == made.get_config()


def test_penalties_of_variables_are_traced() -> None:
    v = Variable([[1.0, -2.0], [3.0, 0.5]])
    made = [regularizers.get(name) for name in ("l1", "l2", "l1_l2", "orthogonal_regularizer")]
    traced = function(lambda: [r(v) for r in made])()
    for regularizer, found in zip(made, traced, strict=True):
        np.testing.assert_allclose(found, regularizer(v), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("value", [-0.1, math.inf, math.nan, "0.1", True])
def test_strengths_must_be_finite_and_not_negative(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="L2: l2 must be a finite number not below 0"):
        regularizers.L2(value)
    with pytest.raises(InvalidArgumentError, match="L1L2: l1 must be"):
        regularizers.L1L2(l1=value)


def test_orthogonality_is_of_rows_or_columns_of_a_matrix() -> None:
    with pytest.raises(InvalidArgumentError, match="mode must be 'rows' or 'columns'"):
        regularizers.OrthogonalRegularizer(mode="diagonals")
    with pytest.raises(InvalidArgumentError, match=r"expected a matrix, received f32\[2\]"):
        regularizers.OrthogonalRegularizer()([1.0, 2.0])
    with pytest.raises(InvalidArgumentError, match="two or more rows are needed"):
        regularizers.OrthogonalRegularizer()([[1.0, 2.0]])
