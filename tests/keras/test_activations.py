"""Activations beside Keras, traced, and differentiated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.graph.function import function
from freshet.graph.tape import GradientTape
from freshet.keras import activations
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.reduction import reduce_sum

ORACLE = json.loads((Path(__file__).parent / "oracle" / "functions.json").read_text())
CASES = [case for case in ORACLE if case["family"] == "activations"]


def arguments(case: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in case["kwargs"].items()}


def label(case: dict[str, Any]) -> str:
    return case["name"] + "".join(f"-{k}={v}" for k, v in case["kwargs"].items())


@pytest.mark.parametrize("case", CASES, ids=label)
def test_values_are_those_of_keras(case: dict[str, Any]) -> None:
    found = getattr(activations, case["name"])(np.asarray(case["x"], np.float32), **arguments(case))
    np.testing.assert_allclose(found, case["y"], rtol=3e-6, atol=3e-7)


def test_traced_values_are_the_eager_ones() -> None:
    def everything(inputs: list[Any]) -> list[Any]:
        return [
            getattr(activations, case["name"])(x, **arguments(case)) + 0.0
            for case, x in zip(CASES, inputs, strict=True)
        ]

    inputs = [convert_to_tensor(np.asarray(case["x"], np.float32)) for case in CASES]
    traced = function(everything)(inputs)
    for case, eager, found in zip(CASES, everything(inputs), traced, strict=True):
        np.testing.assert_allclose(found, eager, rtol=2e-6, atol=3e-7, err_msg=label(case))


@pytest.mark.parametrize("case", CASES, ids=label)
def test_gradients_agree_with_central_differences(case: dict[str, Any]) -> None:
    # Away from the corners: no input is within 0.05 of a whole or half number.
    x = np.array([[-7.3, -1.7, -0.8, -0.3], [0.2, 0.7, 1.3, 3.6]])
    weights = np.array([[1.0, -2.0, 3.0, 0.5], [2.0, 1.0, -1.0, 4.0]])

    def weighted(values: Any) -> Any:
        y = getattr(activations, case["name"])(values, **arguments(case))
        return reduce_sum(y * weights[tuple(slice(0, n) for n in y.shape)])

    tensor = convert_to_tensor(x)
    with GradientTape() as tape:
        tape.watch(tensor)
        total = weighted(tensor)
    found = tape.gradient(total, tensor)
    found = np.zeros_like(x) if found is None else found.numpy()
    step = 1e-6
    for place in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[place] += step
        down[place] -= step
        slope = (float(weighted(up)) - float(weighted(down))) / (2 * step)
        assert found[place] == pytest.approx(slope, abs=1e-6, rel=1e-6)


def test_relu_without_arguments_keeps_integers() -> None:
    found = activations.relu([-1, 2])
    assert found.dtype.name == "int32"
    assert found.numpy().tolist() == [0, 2]


def test_integers_become_floats_where_the_function_needs_them() -> None:
    assert activations.sigmoid([0]).numpy().tolist() == [0.5]
    assert activations.softmax([0, 0]).dtype.name == "float32"


def test_log_functions_do_not_underflow() -> None:
    assert activations.log_sigmoid([-200.0]).numpy().tolist() == [-200.0]
    assert activations.log_softmax([0.0, -500.0]).numpy().tolist() == [0.0, -500.0]


def test_nothing_stands_for_linear_which_returns_its_input() -> None:
    assert activations.get(None) is activations.linear
    value = object()
    assert activations.linear(value) is value


def test_names_come_back() -> None:
    for name in ("relu", "swish", "hard_swish", "log_softmax"):
        written = activations.serialize(activations.get(name))
        assert activations.deserialize(written) is activations.get(name)
    assert activations.serialize(activations.swish) == "silu"


def test_a_function_that_is_not_registered_cannot_be_saved() -> None:
    def own(x: Any) -> Any:
        return x

    assert activations.get(own) is own
    with pytest.raises(UnimplementedError, match=r"own.* cannot be saved"):
        activations.serialize(own)


def test_glu_needs_an_even_size() -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"glu: axis -1 must have an even size.*f32\[3\]"
    ):
        activations.glu([1.0, 2.0, 3.0])
