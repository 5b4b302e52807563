"""Timing programs while they go about their work."""

from __future__ import annotations

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.runtime.recorder import Recorder, working_set


def training(steps: int) -> tuple[list[float], np.ndarray]:
    """Return the losses and the last weights of a small training with random numbers."""
    ft.random.set_seed(5)
    w = ft.Variable(np.linspace(-1, 1, 48, dtype=np.float32).reshape(8, 6))
    x = np.random.default_rng(1).normal(size=(32, 8)).astype(np.float32)

    @ft.function
    def step(x: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            y = ft.nn.dropout(ft.nn.softmax(x @ w), 0.3)
            loss = ft.reduce_mean(y * y)
        w.assign_sub(3.0 * tape.gradient(loss, w))
        return loss

    return [float(step(x)) for _ in range(steps)], w.numpy()


@ft.function
def pick(x: ft.Tensor) -> ft.Tensor:
    return ft.math.cumsum(x * 2.0) + 1.0


def picked() -> ft.Tensor:
    return pick(ft.constant([1.0, 2.0]))


def test_recording_changes_no_bit() -> None:
    plain_losses, plain = training(12)
    with Recorder(samples=3):
        losses, weights = training(12)
    assert losses == plain_losses
    assert len(set(losses)) == 12
    np.testing.assert_array_equal(weights, plain)


@pytest.mark.parametrize(("runs", "sampled"), [(1, 1), (2, 1), (3, 1), (7, 3), (40, 5)])
def test_every_second_run_is_sampled_until_there_are_enough(runs: int, sampled: int) -> None:
    with Recorder(samples=5) as recorder:
        for _ in range(runs):
            picked()
    (program,) = recorder.programs
    assert (program.runs, program.sampled) == (runs, sampled)
    assert program.is_cold == (runs == 1)
    assert (program.overhead is None) == (runs < 3)
    assert len(program.traces) == min(sampled, 3)
    assert program.total_seconds >= program.seconds > 0


def test_each_call_has_its_time_in_order() -> None:
    with Recorder() as recorder:
        for _ in range(6):
            assert picked().numpy().tolist() == [3.0, 7.0]
    (program,) = recorder.programs
    assert len(program.call_seconds) == len(program.calls) == 3
    for run in program.traces:
        begins, ends = run.times[:, 0, 0], run.times[:, 0, 1]
        assert (begins <= ends).all()
        assert (ends[:-1] <= begins[1:]).all()
        assert run.start <= begins[0]
        assert ends[-1] <= run.end
        np.testing.assert_allclose(run.call_seconds[1], 1e-9 * (ends[1] - begins[1]))
        assert run.seconds == pytest.approx(run.outside_seconds + run.call_seconds.sum())


def test_programs_are_told_apart_by_what_they_are_given() -> None:
    double = ft.function(lambda x: x + x)
    with Recorder() as recorder:
        double(ft.ones(3))
        double(ft.ones((2, 5)))
        double(ft.ones(3))
    assert [(p.label, p.runs) for p in recorder.programs] == [
        ("_lambda_(f32[3])", 2),
        ("_lambda_(f32[2,5])", 1),
    ]


def test_nothing_is_recorded_before_or_after() -> None:
    picked()
    with Recorder() as recorder:
        pass
    picked()
    assert recorder.programs == []


def test_a_run_that_fails_is_not_counted_and_the_next_one_is() -> None:
    @ft.function
    def losses(labels: ft.Tensor) -> ft.Tensor:
        return ft.nn.sparse_softmax_cross_entropy_with_logits(labels, ft.zeros([2, 3]))

    with Recorder() as recorder:
        for label in (3, 1, 3, 2, 0):
            if label == 3:
                with pytest.raises(ft.errors.InvalidArgumentError, match="label 3"):
                    losses(ft.constant([0, label]))
            else:
                found = losses(ft.constant([0, label])).numpy()
                np.testing.assert_allclose(found, np.log([3.0, 3.0]), rtol=1e-6)
    (program,) = recorder.programs
    assert program.runs == 3
    assert len(program.call_seconds) == len(program.calls)


def test_the_number_of_threads_may_change_on_the_way() -> None:
    found = []
    with Recorder(samples=10) as recorder:
        for threads in (1, 1, 1, 2, 2, 2, 1, 1):
            config.num_threads = threads
            found.append(picked().numpy().tolist())
    assert found == [[3.0, 7.0]] * 8
    assert recorder.programs[0].runs == 8


def test_the_working_set_is_all_memory_of_a_program() -> None:
    double = ft.function(lambda x: ft.reduce_sum(x * 2.0, 1))
    x = np.ones((16, 32), np.float32)
    program = double.get_concrete_function(x).executor.executable([x], ()).program
    expected = 4 * (16 * 32 + 16) + program.arena_bytes + sum(c.nbytes for c in program.constants)
    assert working_set(program) == expected


def test_where_data_decides_how_often_calls_run_their_means_add_up() -> None:
    @ft.function
    def doubled(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        for _ in ft.range(n):
            x = x + x
        return x

    with Recorder() as recorder:
        for n in (0, 5, 9, 1, 9, 3):
            assert float(doubled(ft.constant(1.0), ft.constant(n))) == 2.0**n
    (program,) = recorder.programs
    assert (program.runs, program.sampled) == (6, 3)  # and the first, which was cold
    texts = [[s.text for s in call.sources] for call in program.calls]
    (place,) = (i for i, lines in enumerate(texts) if "x = x + x" in lines)
    assert program.call_counts[place] == (5 + 1 + 3) / 3
    assert program.varies
    assert program.overhead is None
    for run, n in zip(program.traces, (5, 1, 3), strict=True):
        assert run.runs[place] == n
        assert run.seconds == pytest.approx(run.outside_seconds + run.call_seconds.sum())
    every = np.mean([run.call_seconds for run in program.traces], axis=0)
    np.testing.assert_allclose(program.call_seconds, every)
    mean = np.mean([run.seconds for run in program.traces])
    assert sum(program.call_seconds) + program.outside_seconds == pytest.approx(mean)
