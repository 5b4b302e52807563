"""Settings, forks, signals and the end of a process, each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

SETUP = """
import atexit, os, signal, sys, threading, time
import numpy as np
import freshet as ft

x = np.ones(100_000, np.float32)
total = ft.function(lambda x: ft.reduce_sum(ft.sqrt(x)))
"""


def start(program: str, **settings: str) -> subprocess.Popen[str]:
    names = {f"FRESHET_{k.upper()}": v for k, v in settings.items()}
    code = SETUP + textwrap.dedent(program)
    return subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"FRESHET_NUM_THREADS": "2"} | names,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def run(program: str, **settings: str) -> tuple[str, str]:
    """Return what a program prints to its output and its errors, after it ended well."""
    process = start(program, **settings)
    try:
        output, errors = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        pytest.fail(f"the program did not end; it printed {output!r}, {errors!r}")
    assert process.returncode == 0, errors
    return output, errors


def test_forked_children_compute_and_so_does_the_parent() -> None:
    output, _ = run("""
        assert float(total(x)) == 100_000
        children = []
        for number in range(3):
            child = os.fork()
            if child == 0:
                right = all(float(total(x)) == 100_000 for _ in range(20))
                new = float(ft.function(lambda x: ft.reduce_max(x * 3.0))(x))
                os._exit(0 if right and new == 3 else 1)
            children.append(child)
            assert float(total(x)) == 100_000
        print([os.waitpid(c, 0)[1] for c in children], float(total(x)))
    """)
    assert output == "[0, 0, 0] 100000.0\n"


@pytest.mark.parametrize("count", [1, 3])
def test_the_number_of_threads_comes_from_the_environment(count: int) -> None:
    output, _ = run(
        """
        total(x)
        print(sum(t.name.startswith("freshet-") for t in threading.enumerate()))
        """,
        num_threads=str(count),
    )
    assert int(output) == count - 1  # the caller is one of them


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "", "10000"])
def test_a_wrong_number_of_threads_is_refused_with_its_name(value: str) -> None:
    process = start("total(x)", num_threads=value)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "FRESHET_NUM_THREADS must be a whole number from 1 to 256" in errors
    assert repr(value) in errors


def test_idle_threads_use_no_processor_time() -> None:
    output, _ = run(
        """
        total(x)
        time.sleep(0.1)
        before = time.process_time()
        time.sleep(0.5)
        print(time.process_time() - before)
        assert float(total(x)) == 100_000  # and they wake again
    """,
        num_threads="3",
    )
    assert float(output) < 0.2


def test_a_process_ends_though_threads_sleep_or_spin() -> None:
    for pause in ("0", "0.2"):
        output, errors = run(f"total(x); time.sleep({pause}); print('end')", num_threads="3")
        assert (output, errors) == ("end\n", "")


def test_programs_run_while_the_process_ends() -> None:
    output, errors = run("""
        atexit.register(lambda: print("last", float(total(x))))  # after the threads are gone
        total(x)
        atexit.register(lambda: print("first", float(total(x))))
    """)
    assert (output, errors) == ("first 100000.0\nlast 100000.0\n", "")


def test_an_error_at_the_end_of_the_program_is_shown_and_ends_it() -> None:
    process = start("total(x)\nraise SystemExit('that was all')")
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (1, "", "that was all\n")


def test_ctrl_c_stops_a_long_call_and_leaves_everything_usable() -> None:
    process = start("""
        a = ft.Variable(np.eye(512, dtype=np.float32))
        count = ft.Variable(0)

        @ft.function
        def long():
            y = a.value()
            for _ in range(30):
                y = y @ a
            a.assign(y)
            count.assign_add(1)

        long()
        try:
            print("ready", flush=True)
            while True:
                long()
        except KeyboardInterrupt:
            # The program that ran was finished: all of its updates are there.
            assert np.array_equal(a.numpy(), np.eye(512)), "half a product"
            before = int(count)
            long()
            print(int(count) - before, float(total(x)))
    """)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "1 100000.0\n", "")


def test_after_a_failed_check_threads_that_share_one_core_stay_in_step() -> None:
    # The other thread is late to see the failure: the caller must not have cleared it by then.
    output, _ = run(
        """
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        v = ft.Variable(np.zeros(100_000, np.float32))

        @ft.function
        def step(labels):
            losses = ft.nn.sparse_softmax_cross_entropy_with_logits(labels, ft.zeros([2, 4]))
            v.assign_add(x)
            return ft.reduce_max(v.value()) + 0.0 * ft.reduce_sum(losses)

        good, bad = ft.constant([0, 1]), ft.constant([0, 4])
        for number in range(1, 51):
            try:
                step(bad)
            except ft.errors.InvalidArgumentError:
                assert float(step(good)) == number, (float(step(good)), number)
        print(float(v.numpy().min()), float(v.numpy().max()))
    """,
        num_threads="2",
    )
    assert output == "50.0 50.0\n"


NETWORK = """
    rng = np.random.default_rng(0)
    w = ft.Variable(rng.standard_normal((20, 5)).astype(np.float32))
    table = ft.constant(np.arange(12.0, dtype=np.float32).reshape(3, 4))

    @ft.function
    def step(x, labels):
        with ft.GradientTape() as tape:
            losses = ft.nn.sparse_softmax_cross_entropy_with_logits(labels, ft.tanh(x) @ w)
            loss = ft.reduce_mean(losses)
        w.assign_sub(tape.gradient(loss, w))
        kept = ft.random.stateless_uniform([4], [1, 2]) < 0.5
        return loss, kept, ft.gather(table, labels % 3)

    data = rng.standard_normal((8, 20)).astype(np.float32)
    labels = rng.integers(0, 5, 8)
    for _ in range(3):
        loss, kept, rows = step(data, labels)
    try:
        step(data, labels + 1)
    except ft.errors.InvalidArgumentError as error:
        assert "label 5 is outside" in str(error), error
    else:
        raise AssertionError("no error")
    print(f"{float(loss):.5f}", kept.numpy().tolist(), rows.numpy().sum(), w.numpy().sum().round(4))
"""


def test_the_reference_backend_gives_the_same_results() -> None:
    native, _ = run(NETWORK)
    reference, _ = run(NETWORK, backend="numpy")
    assert native == reference


def test_an_unknown_backend_is_refused() -> None:
    process = start("total(x)", backend="cuda")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "FRESHET_BACKEND must be 'native' or 'numpy', received 'cuda'" in errors


def test_dumps_of_passes_go_to_the_error_stream() -> None:
    program = """
        @ft.function
        def mine(x):
            return ft.reduce_sum(x * x + 1.0)

        print(float(mine(x)))
    """
    output, errors = run(program, dump="specialize,memory")
    assert output == "200000.0\n"
    assert errors.startswith("--- after specialize ---\ngraph mine(")
    assert "--- after memory ---\narena " in errors
    assert "--- after fuse ---" not in errors
    _, everything = run(program, dump="all")
    headings = [line for line in everything.splitlines() if line.startswith("--- after")]
    assert headings[0] == "--- after specialize ---"
    assert headings[-2:] == ["--- after fuse ---", "--- after memory ---"]
    assert len(headings) > 8


@pytest.mark.parametrize("rows", [1, 300], ids=["small", "large"])
def test_ctrl_c_ends_a_loop_that_does_not(rows: int) -> None:
    process = start(f"""
        @ft.function
        def endless(x):
            return ft.while_loop(lambda x: x[0, 0] < 2.0, lambda x: [x @ x], [x])[0]

        @ft.function
        def ends(n):
            return ft.while_loop(lambda i: i < n, lambda i: [i + 1], [0])[0]

        x = ft.eye({rows})
        print("ready", flush=True)
        try:
            endless(x)
        except KeyboardInterrupt:
            print("stopped", endless(x * 3.0).numpy()[0, 0], int(ends(ft.constant(300_000))))
    """)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "stopped 3.0 300000\n", "")
