"""Which programs run on one thread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.calls import CodeCall
from freshet.compiler.costs import kernel_bytes, kernel_flops
from freshet.runtime.sharing import FIRST_RUNS, TRY_AGAIN, Sharing


def is_small(function: Any, *arrays: np.ndarray) -> bool:
    executor = function.get_concrete_function(*map(ft.constant, arrays)).executor
    return bool(executor.executable(arrays, ()).is_small)


@pytest.mark.parametrize(("units", "alone"), [(4, True), (512, False)])
def test_a_long_loop_of_small_steps_runs_alone(units: int, alone: bool) -> None:
    weights = np.full((units, units), 0.01, np.float32)

    def step(state: ft.Tensor, x: ft.Tensor) -> ft.Tensor:
        return ft.tanh(ft.linalg.matvec(weights, state)) + x

    scan = ft.function(lambda x: ft.scan(step, x, ft.zeros([units])))
    assert is_small(scan, np.ones((2000, units), np.float32)) is alone


def test_small_kernels_beside_a_large_one_do_not_keep_it_to_one_thread() -> None:
    def program(x: ft.Tensor, y: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
        for _ in range(20):
            y = ft.tanh(ft.linalg.matvec(x[:4, :4], y))
        return ft.matmul(x, x), y

    x, y = np.ones((512, 512), np.float32), np.ones(4, np.float32)
    assert not is_small(ft.function(program), x, y)


def test_calls_of_the_host_let_threads_sleep() -> None:
    def program(x: ft.Tensor) -> ft.Tensor:
        for _ in range(3):
            x = ft.linalg.eigh(ft.matmul(x, x))[1]
        return x

    x = np.ones((64, 64), np.float32)
    assert is_small(ft.function(program), x)
    assert not is_small(ft.function(lambda x: ft.matmul(x, ft.tanh(ft.matmul(x, x)))), x)


def test_the_work_of_each_kernel_is_counted() -> None:
    scan = ft.function(lambda x: ft.scan(lambda s, e: ft.tanh(s) * e, x, 1.0))
    x = np.ones(5, np.float32)
    executable = scan.get_concrete_function(x).executor.executable([x], ())
    expected = [kernel_flops(k) + kernel_bytes(k) for k in executable.program.kernels]
    codes = executable.outline.codes
    calls = [c for c in executable.outline.calls if isinstance(c, CodeCall)]
    assert [codes[c.code].work for c in calls] == expected
    assert len(codes) < len(calls)


def medium() -> Sharing:
    x = np.ones((64, 64), np.float32)
    function = ft.function(lambda x: ft.matmul(x, ft.tanh(ft.matmul(x, x))))
    executor = function.get_concrete_function(x).executor
    return Sharing(executor.executable([x], ()).outline)


@pytest.mark.parametrize("faster", [True, False])
def test_what_turns_out_faster_is_kept(monkeypatch: pytest.MonkeyPatch, faster: bool) -> None:
    now = 0.0
    choices = []

    def run(alone: bool) -> int:
        nonlocal now
        choices.append(alone)
        now += 1.0 if alone is faster else 2.0
        return len(choices)

    monkeypatch.setattr("freshet.runtime.sharing.time.perf_counter", lambda: now)
    sharing = medium()
    assert not sharing.is_small
    assert [sharing.run(run) for _ in range(1000)] == list(range(1, 1001))
    assert {True, False} == set(choices[:FIRST_RUNS])
    others = [n for n, alone in enumerate(choices, 1) if n > FIRST_RUNS and alone is not faster]
    assert others == [TRY_AGAIN]


def test_a_change_of_speed_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    now, slow = 0.0, {True: 3.0, False: 1.0}

    def run(alone: bool) -> bool:
        nonlocal now
        now += slow[alone]
        return alone

    monkeypatch.setattr("freshet.runtime.sharing.time.perf_counter", lambda: now)
    sharing = medium()
    assert not [sharing.run(run) for _ in range(100)][-1]
    slow[False] = 100.0  # another process has a core
    assert [sharing.run(run) for _ in range(100)][-1]
    slow[False] = 1.0
    assert not [sharing.run(run) for _ in range(40 * TRY_AGAIN)][-1]


def test_who_asks_for_one_way_gets_it() -> None:
    sharing = medium()
    assert [sharing.run(lambda alone: alone, alone) for alone in (True, False)] == [True, False]
