"""`Function.explain`: what a call runs, in words."""

from __future__ import annotations

import re

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config


def test_a_program_s_parts_are_counted() -> None:
    total = ft.Variable(np.zeros((8, 4), np.float32))
    scale = ft.Variable(2.0)

    @ft.function
    def step(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        total.assign_add(ft.nn.relu(ft.matmul(x, w)) * scale)
        return ft.cumsum(total[:3])

    x, w = ft.ones((8, 16)), ft.ones((16, 4))
    text = step.explain(x, w)
    assert text.startswith("step(f32[8,16], f32[16,4])\n")
    said = dict(re.findall(r"^  ([A-Za-z ]+?)  +(.*)$", text, re.MULTILINE))
    assert said["arguments"] == f"2, {4 * (8 * 16 + 16 * 4)} bytes"
    assert said["variables"] == f"2, {4 * (8 * 4 + 1)} bytes, 1 updated"
    assert said["outputs"] == f"1, {4 * 3 * 4} bytes"
    assert said["host calls"] == "1"
    assert said["FLOP"] == f"{2 * 8 * 16 * 4 + 3 * 8 * 4:,} a run"
    assert "cumsum: each element needs the one before it   test_explain.py:" in text
    (product,) = (line for line in text.splitlines() if " contract" in line)
    assert product.endswith("total.assign_add(ft.nn.relu(ft.matmul(x, w)) * scale)")


def test_it_runs_nothing() -> None:
    count = ft.Variable(0.0)

    @ft.function
    def step() -> None:
        count.assign_add(1.0)

    assert "variables     1, 4 bytes, 1 updated" in step.explain()
    assert float(count) == 0.0
    step()
    assert float(count) == 1.0
    assert step.experimental_get_tracing_count() == 1


def test_the_steps_of_a_loop_share_rows_and_add_up() -> None:
    @ft.function
    def last(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
        return ft.scan(lambda s, e: s @ w + e, x, initializer=x[0])[-1]

    text = last.explain(np.ones((7, 3, 5), np.float32), np.ones((5, 5), np.float32))
    (product,) = (line for line in text.splitlines() if " contract" in line)
    calls, flops, *_ = product.split()
    assert (calls, flops) == ("7", f"{7 * (2 * 3 * 5 * 5 + 3 * 5):,}")


def test_layers_are_named() -> None:
    layer = ft.keras.layers.Dense(4, name="mine")
    text = ft.function(lambda x: layer(x)).explain(ft.ones((2, 3)))
    assert re.search(r"contract_add +mine +test_explain.py:", text)


@pytest.mark.parametrize("strings", [False, True])
def test_what_is_not_compiled_cannot_be_explained(strings: bool) -> None:
    same = ft.function(lambda x: ft.identity(x))
    if not strings:
        config.backend = "numpy"
    with pytest.raises(ft.errors.FailedPreconditionError, match="runs on NumPy, because"):
        same.explain(ft.constant(["a"] if strings else [1.0]))
