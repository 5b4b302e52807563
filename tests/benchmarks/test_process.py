"""The protocol between parent and worker, with a worker that imports no framework."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.harness.process import Worker, WorkerError, can_import

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os, sys, time
from benchmarks.harness.worker import serve, take_stdout

def fail():
    raise ValueError("no such model")

print("printed before there is a protocol", file=sys.stderr)
answers = take_stdout()
serve(sys.stdin, answers, {
    "add": lambda a, b: {"sum": a + b},
    "noisy": lambda: os.system("echo from a child") or print("from Python") or {"quiet": True},
    "fail": fail,
    "end": lambda: print("last words", file=sys.stderr, flush=True) or os._exit(3),
    "sleep": lambda: time.sleep(60) or {},
})
"""


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker([sys.executable, "-c", SCRIPT], {"PYTHONPATH": str(ROOT)}) as started:
        yield started


def test_commands_are_answered_in_order(worker: Worker) -> None:
    assert worker.ask("add", a=1, b=2) == {"sum": 3}
    assert worker.ask("add", a=3, b=4) == {"sum": 7}


def test_what_a_framework_prints_does_not_disturb_the_protocol(worker: Worker) -> None:
    assert worker.ask("noisy") == {"quiet": True}


def test_an_exception_is_an_answer_and_the_worker_lives_on(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="ValueError: no such model"):
        worker.ask("fail")
    assert worker.ask("add", a=1, b=1) == {"sum": 2}


def test_a_worker_that_ends_is_reported_with_its_last_words(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="it ended: last words"):
        worker.ask("end")


def test_a_worker_that_does_not_answer_is_given_up(worker: Worker) -> None:
    with pytest.raises(WorkerError, match="no answer in time"):
        worker.ask("sleep", timeout=0.05)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_is_stopped_while_it_has_nothing_to_do(worker: Worker) -> None:
    worker.ask("add", a=0, b=0)
    states = set()
    for _ in range(1000):  # the signal is on its way
        states = {
            (task / "stat").read_text().rpartition(")")[2].split()[0]
            for task in Path(f"/proc/{worker.pid}/task").iterdir()
        }
        if states == {"T"}:
            break
    assert states == {"T"}


def test_closing_kills_a_stopped_worker(worker: Worker) -> None:
    worker.ask("add", a=0, b=0)
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_packages_are_looked_for_without_importing_them() -> None:
    assert can_import(sys.executable, ["json", "freshet"])
    assert not can_import(sys.executable, ["json", "no_such_package"])
    assert not can_import("/no/such/python", ["json"])
