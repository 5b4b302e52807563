"""What a profile says of a program's calls."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.runtime.profile import profile_function

ROWS, DEPTH, COLUMNS = 64, 96, 80


@pytest.fixture
def count() -> ft.Variable:
    return ft.Variable(0.0)


@pytest.fixture
def step(count: ft.Variable) -> ft.Function:
    w = ft.Variable(np.ones((DEPTH, COLUMNS), np.float32))

    @ft.function
    def step(x: ft.Tensor, rows: ft.Tensor) -> ft.Tensor:
        count.assign_add(1.0)
        w.assign(w.value() * 1.0)
        y = ft.nn.relu(x @ w.value())
        return ft.reduce_sum(ft.gather_nd(y, rows[:, None]), 1)

    return step


def arguments() -> tuple[np.ndarray, np.ndarray]:
    return np.ones((ROWS, DEPTH), np.float32), np.array([0, 5, 9])


def test_calls_have_names_flops_bytes_and_lines(step: ft.Function) -> None:
    profile = profile_function(step, *arguments(), rounds=2)
    calls = {c.name: c for c in profile.calls}
    assert [c.name for c in profile.calls].count("host:gather_nd") == 1
    (product,) = (c for c in profile.calls if c.is_contraction)
    assert product.name.startswith("contract")
    assert product.flops == 2 * ROWS * DEPTH * COLUMNS + ROWS * COLUMNS  # and relu
    assert product.bytes == 4 * (ROWS * DEPTH + DEPTH * COLUMNS + ROWS * COLUMNS)
    assert calls["reduce_sum"].bytes == 4 * (3 * COLUMNS + 3)
    assert (calls["host:gather_nd"].flops, calls["host:gather_nd"].bytes) == (0, 0)
    assert calls["host:gather_nd"].kernel is None
    texts = {str(line) for c in profile.calls for line in c.sources}
    assert all("test_profile.py" in text for text in texts)
    assert any("x @ w.value()" in str(line) for line in product.sources)


def test_what_is_updated_in_place_is_read_and_written() -> None:
    v = ft.Variable(np.ones(1000, np.float32))

    @ft.function
    def double() -> None:
        v.assign(v.value() * 2.0)

    (call,) = profile_function(double, rounds=1).calls
    assert call.bytes == 2 * 4 * 1000


def test_every_call_has_a_time_and_so_has_the_whole(step: ft.Function) -> None:
    profile = profile_function(step, *arguments(), rounds=5)
    assert profile.threads == config.num_threads
    assert profile.seconds > 0
    assert all(0 <= c.seconds < 10 for c in profile.calls)
    assert sum(c.seconds for c in profile.calls) > 0


def test_a_profiled_function_runs_as_often_as_it_says(
    step: ft.Function, count: ft.Variable
) -> None:
    profile_function(step, *arguments(), rounds=4)
    assert float(count) == 2 * 4 + 3
    assert step(*arguments()).numpy().tolist() == [DEPTH * COLUMNS] * 3


def test_a_check_that_fails_while_profiling_leaves_the_function_usable() -> None:
    @ft.function
    def losses(labels: ft.Tensor) -> ft.Tensor:
        return ft.nn.sparse_softmax_cross_entropy_with_logits(labels, ft.zeros([2, 3]))

    with pytest.raises(ft.errors.InvalidArgumentError, match="label 3"):
        profile_function(losses, ft.constant([0, 3]))
    assert profile_function(losses, ft.constant([0, 2]), rounds=1).calls
    np.testing.assert_allclose(losses(ft.constant([0, 1])).numpy(), np.log([3.0, 3.0]), rtol=1e-6)


def test_the_reference_backend_cannot_be_profiled() -> None:
    config.backend = "numpy"
    double = ft.function(lambda x: x + x)
    with pytest.raises(ft.errors.FailedPreconditionError, match="FRESHET_BACKEND"):
        profile_function(double, np.ones(3, np.float32))
