"""What a profile says of a program's calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.runtime.profile import Timed, profile_function

ROWS, DEPTH, COLUMNS = 64, 96, 80


@pytest.fixture
def count() -> ft.Variable:
    return ft.Variable(0.0)


@pytest.fixture
def step(count: ft.Variable) -> ft.Function:
    w = ft.Variable(np.ones((DEPTH, COLUMNS), np.float32))

    @ft.function
    def step(x: ft.Tensor) -> ft.Tensor:
        count.assign_add(1.0)
        w.assign(w.value() * 1.0)
        y = ft.nn.relu(x @ w.value())
        return ft.reduce_sum(ft.math.cumsum(y)[:3], 1)

    return step


def arguments() -> tuple[np.ndarray]:
    return (np.ones((ROWS, DEPTH), np.float32),)


def test_calls_have_names_flops_bytes_and_lines(step: ft.Function) -> None:
    profile = profile_function(step, *arguments(), rounds=2)
    calls = {c.name: c for c in profile.calls}
    assert [c.name for c in profile.calls].count("host:cumsum") == 1
    (product,) = (c for c in profile.calls if c.is_contraction)
    assert product.name.startswith("contract")
    assert product.flops == 2 * ROWS * DEPTH * COLUMNS + ROWS * COLUMNS  # and relu
    assert product.bytes == 4 * (ROWS * DEPTH + DEPTH * COLUMNS + ROWS * COLUMNS)
    assert calls["reduce_sum"].bytes == 4 * (3 * COLUMNS + 3)
    assert (calls["host:cumsum"].flops, calls["host:cumsum"].bytes) == (0, 0)
    assert calls["host:cumsum"].kernel is None
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
    assert step(*arguments()).numpy().tolist() == [DEPTH * COLUMNS * k for k in (1, 2, 3)]


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


# --- conditions and loops -------------------------------------------------------------------------


@ft.function
def collatz(n: ft.Tensor) -> ft.Tensor:
    count = 0
    while n > 1:
        if n % 2 == 0:  # noqa: SIM108 (each branch has a line)
            n = n // 2
        else:
            n = 3 * n + 1
        count += 1
    return count


def collatz_steps(n: int) -> list[bool]:
    """Return, for each step, whether the number was even."""
    even = []
    while n > 1:
        even.append(n % 2 == 0)
        n = n // 2 if even[-1] else 3 * n + 1
    return even


def runs_of_lines(calls: Any) -> dict[str, float]:
    """Return how often the calls of each line ran: the most of them."""
    found: dict[str, float] = {}
    for call in calls:
        for source in call.sources:
            found[source.text] = max(found.get(source.text, 0), call.runs)
    return found


@pytest.mark.parametrize("n", [1, 6, 27])
def test_calls_in_loops_and_branches_say_how_often_they_ran(n: int) -> None:
    even = collatz_steps(n)
    assert int(collatz(ft.constant(n))) == len(even)
    profile = profile_function(collatz, ft.constant(n), rounds=2)
    found = runs_of_lines(profile.calls)
    assert found["while n > 1:"] == len(even) + 1
    assert found["n = n // 2"] == sum(even)
    assert found["n = 3 * n + 1"] == len(even) - sum(even)
    for call in profile.calls:
        assert (call.seconds > 0) == (call.runs > 0)
    assert sum(c.seconds for c in profile.calls) < 100 * profile.seconds


def test_a_loop_that_returns_to_python() -> None:
    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        for i in ft.range(n):
            if i % 2 == 0:
                x = ft.math.cumsum(x)
            x = x + 1.0
        return x

    profile = profile_function(f, ft.constant([1.0, 2.0]), ft.constant(5), rounds=1)
    (call,) = (c for c in profile.calls if c.name == "host:cumsum")
    assert call.runs == 3
    assert call.seconds > 0
    assert runs_of_lines(profile.calls)["x = x + 1.0"] == 5
    # [1, 3] -> [2, 4] -> [3, 5] -> [3, 8] -> [4, 9] -> [5, 10] -> [5, 15] -> [6, 16]
    assert f(ft.constant([1.0, 2.0]), ft.constant(5)).numpy().tolist() == [6, 16]


def test_a_loop_of_more_turns_than_one_native_call_makes() -> None:
    v = ft.Variable(0.0)

    @ft.function
    def f() -> None:
        while v < 200_000.0:
            v.assign_add(1.0)

    concrete = f.get_concrete_function()
    variables = concrete.captured_variables
    executable = concrete.executor.executable([], variables)
    timed, _ = Timed(executable).run(lambda parts: executable.run([], variables, parts))
    assert float(v) == 200_000
    assert timed.runs.tolist().count(200_000) >= 1
    assert max(timed.runs) == 200_001
    assert 0 < timed.call_seconds.sum() <= timed.seconds
