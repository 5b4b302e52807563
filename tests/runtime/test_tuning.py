"""Trying schedules on the machine: all mean the same, and the fastest is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.kernel import Kernel, Tiles
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.schedule_search import candidates
from freshet.compiler.target import host
from freshet.core.config import config
from freshet.graph.interpret import interpret
from freshet.runtime import tuning
from freshet.runtime.execute import NativeExecutor, executable_of
from freshet.testing import assert_agree
from freshet.testing.primitives import trace


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).standard_normal(shape).astype(np.float32)


def product(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
    return [ft.nn.relu(x @ w)]


def gradients(x: ft.Tensor, w: ft.Tensor) -> list[ft.Tensor]:
    with ft.GradientTape() as tape:
        tape.watch([x, w])
        loss = ft.reduce_sum(ft.nn.conv2d(x, w, strides=1, padding="SAME") ** 2)
    return list(tape.gradient(loss, [x, w]))


PROGRAMS = {
    "product": (product, [(150, 140), (140, 300)]),
    "few rows": (product, [(20, 700), (700, 120)]),
    "convolution": (gradients, [(3, 9, 10, 21), (3, 3, 21, 40)]),
    "filter of many images": (gradients, [(64, 10, 10, 3), (3, 3, 3, 24)]),
}


@pytest.fixture(autouse=True)
def cache_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(config, "cache", tmp_path)
    yield
    config.tune = False


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_candidate_computes_the_same(name: str) -> None:
    function, shapes = PROGRAMS[name]
    inputs = [numbers(*s) for s in shapes]
    graph = trace("program", function, inputs)
    expected = interpret(graph, inputs)
    types = [v.type for v in graph.inputs]
    counts = [len(_tried(k)) for k in compile_graph(graph, types, host()).kernels]
    assert max(counts) > 5
    for number in range(max(counts)):
        program = compile_graph(graph, types, host(), lambda k, t, n=number: _nth(k, n))
        found = executable_of(program).run(inputs, ())
        for actual, wanted in zip(found, expected, strict=True):
            slack = 1e-5 * float(np.max(np.abs(wanted)))
            assert_agree(actual, wanted, slack=slack, what=f"candidate {number}")


def _tried(kernel: Kernel) -> list[Tiles]:
    return candidates(kernel, host()) if isinstance(kernel.schedule, Tiles) else []


def _nth(kernel: Kernel, number: int) -> Kernel:
    tried = _tried(kernel)
    return replace(kernel, schedule=tried[number]) if number < len(tried) else kernel


def kernel_of(inputs: list[np.ndarray]) -> Kernel:
    executor = NativeExecutor(trace("program", product, inputs))
    (kernel,) = executor.executable(inputs, ()).program.kernels
    return kernel


def test_the_fastest_is_kept_and_used_without_being_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [numbers(150, 140), numbers(140, 300)]
    chosen = kernel_of(inputs)
    others = candidates(chosen, host())
    calls = []

    def pretend(kernels: list[Kernel]) -> list[float]:
        calls.append(len(kernels))
        return [1.0, *(2.0 for _ in kernels[2:]), 0.5]

    monkeypatch.setattr(tuning, "time_kernels", pretend)
    config.tune = True
    assert kernel_of(inputs).schedule == others[-1]
    config.tune = False
    assert kernel_of(inputs).schedule == others[-1]
    assert calls == [len(others)]


def test_nothing_is_changed_for_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [numbers(150, 140), numbers(140, 300)]
    chosen = kernel_of(inputs)
    monkeypatch.setattr(tuning, "time_kernels", lambda kernels: [1.0, *(0.99 for _ in kernels[1:])])
    config.tune = True
    assert kernel_of(inputs) == chosen


def test_nothing_is_tried_unless_the_user_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "time_kernels", lambda kernels: pytest.fail("tried"))
    kernel_of([numbers(150, 140), numbers(140, 300)])


def test_a_damaged_entry_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = [numbers(150, 140), numbers(140, 300)]
    chosen = kernel_of(inputs)
    monkeypatch.setattr(tuning.cache, "load", lambda key: b"tiles of nonsense")
    assert tuning.tuned(chosen, host()) == chosen


def test_kernels_are_really_timed() -> None:
    chosen = kernel_of([numbers(150, 140), numbers(140, 300)])
    seconds = tuning.time_kernels([chosen, chosen], rounds=3)
    assert len(seconds) == 2
    assert all(0 < s < 1 for s in seconds)
