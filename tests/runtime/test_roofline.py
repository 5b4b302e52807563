"""Kernels beside what the machine allows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.costs import Traffic
from freshet.runtime.machine import Bandwidth, rounded_size
from freshet.runtime.recorder import ProgramRecord, Recorder
from freshet.runtime.roofline import Machine, Roof, grouped, kernel_times

STEPS = 9


@ft.function
def loop(x: ft.Tensor, w: ft.Tensor) -> ft.Tensor:
    state = ft.scan(lambda s, e: ft.tanh(s @ w + e), x, initializer=x[0])
    return ft.math.cumsum(state[-1])


@pytest.fixture(scope="module")
def record() -> ProgramRecord:
    x, w = np.ones((STEPS, 4, 6), np.float32), np.ones((6, 6), np.float32)
    with Recorder() as recorder:
        for _ in range(4):
            loop(x, w)
    return recorder.programs[0]


def even(rate: float) -> Bandwidth:
    return Bandwidth(rate, rate, rate)


def test_the_shortest_time_is_that_of_the_tighter_limit() -> None:
    roof = Roof(peak_flops=1e9, bandwidth=Bandwidth(1e8, 5e7, 2e8))
    assert roof.shortest_seconds(2e9, Traffic(10**8, 0, 0)) == pytest.approx(2.0)
    assert roof.shortest_seconds(1e9, Traffic(10**8, 10**8, 2 * 10**8)) == pytest.approx(4.0)


def test_equal_kernels_from_the_same_lines_are_one(record: ProgramRecord) -> None:
    groups = grouped(record.calls)
    assert sorted(n for g in groups for n in g) == list(range(len(record.calls)))
    assert max(map(len, groups)) == STEPS
    assert [g[0] for g in groups] == sorted(g[0] for g in groups)


def test_rows_sum_up_their_calls(record: ProgramRecord) -> None:
    roof = Roof(peak_flops=1e9, bandwidth=even(1e8))
    rows = kernel_times(record, roof)
    assert sum(r.seconds for r in rows) == pytest.approx(sum(record.call_seconds))
    (product,) = (r for r in rows if r.calls == STEPS and r.name.startswith("contract"))
    assert product.flops >= STEPS * 2 * 4 * 6 * 6
    assert product.roof == pytest.approx(
        roof.shortest_seconds(product.flops, product.traffic) / product.seconds
    )
    assert "ft.scan" in product.sources[0].text


@pytest.mark.parametrize(
    ("share", "reached", "weak"),
    [(0.03, 0.49, True), (0.029, 0.1, False), (0.9, 0.5, False), (0.9, None, False)],
)
def test_a_kernel_is_weak_if_it_takes_much_and_is_far_below(
    record: ProgramRecord, share: float, reached: float | None, weak: bool
) -> None:
    row = kernel_times(record, Roof(1e9, even(1e9)))[0]
    assert replace(row, share=share, roof=reached).is_weak == weak


def test_a_call_to_the_host_has_a_reason_and_no_roof(record: ProgramRecord) -> None:
    (host,) = (r for r in kernel_times(record, Roof(1e9, even(1e9))) if r.name == "host:cumsum")
    assert host.roof is None
    assert not host.is_weak
    assert host.note == "it runs in Python because each element needs the one before it"


def test_a_program_is_compared_with_memory_that_holds_its_data() -> None:
    sizes = {rounded_size(s): even(b) for s, b in ((100_000, 4e11), (30_000_000, 6e10))}
    machine = Machine(2, 1e11, even(3e10), sizes)
    assert machine.roof(90_000).bandwidth == even(4e11)
    assert machine.roof(31_000_000).bandwidth == even(6e10)
    assert machine.roof(10**10).bandwidth == even(3e10)


def test_rows_count_the_runs_of_calls_in_loops_and_leave_out_what_did_not_run() -> None:
    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        for i in ft.range(n):
            x = ft.tanh(x @ x)
            if i > 100:
                x = ft.sin(x)
        return x

    with Recorder() as recorder:
        for n in (3, 7, 7):
            f(ft.ones([8, 8]), ft.constant(n))
    (program,) = recorder.programs
    rows = kernel_times(program, Roof(peak_flops=1e9, bandwidth=even(1e8)))
    (product,) = (r for r in rows if r.name.startswith("contract"))
    assert product.calls == 7
    assert product.flops >= 7 * 2 * 8**3
    assert not any("ft.sin" in s.text for r in rows for s in r.sources)
    assert sum(r.seconds for r in rows) == pytest.approx(sum(program.call_seconds))
    assert sum(r.share for r in rows) == pytest.approx(1.0)
