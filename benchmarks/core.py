"""Eager operations and control flow of Freshet beside TensorFlow's: `core.py --help`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import timeit
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any, Final

# Run as a file, it finds its package one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.environment import this_machine
from benchmarks.harness.report import table

ROOT: Final = Path(__file__).resolve().parents[1]
NAMES: Final = {"freshet": "Freshet", "tensorflow": "TensorFlow"}
SECONDS: Final = 0.1
"""How long one measurement takes, about."""

EXPLANATION: Final = """\
what is measured
  Microseconds of one operation on small tensors, called from Python; and of one step of a loop, or
  one run of a condition, inside a compiled function. Both frameworks run the same lines, one import
  apart, in processes of their own that take turns; figures are medians of the rounds, ratios those
  of the rounds.
"""


def tasks(tf: Any) -> dict[str, tuple[Callable[[], Any], int]]:
    """Return what is timed, and how many times it does in one call what is counted."""
    a, b = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    square = tf.ones([64, 64])
    image, kernel = tf.ones([1, 16, 16, 8]), tf.ones([3, 3, 8, 8])
    tape = tf.GradientTape(persistent=True)
    tape.__enter__()
    tape.watch(a)
    recording = tape.stop_recording()
    recording.__enter__()

    def taped() -> None:
        recording.__exit__(None, None, None)
        try:
            for _ in range(100):
                a + b
        finally:
            nonlocal_enter()

    def nonlocal_enter() -> None:
        nonlocal recording
        tape.reset()
        tape.watch(a)
        recording = tape.stop_recording()
        recording.__enter__()

    def loop(n: Any) -> Any:
        return tf.while_loop(
            lambda i, x: i < n, lambda i, x: (i + 1, x * 0.999 + 1.0), (0, tf.zeros([100]))
        )[1]

    def branches(x: Any) -> Any:
        return tf.while_loop(
            lambda i, x: i < 1000,
            lambda i, x: (i + 1, tf.cond(x > 0.0, lambda: x - 1.5, lambda: x + 1.0)),
            (0, x),
        )[1]

    steps, one = tf.constant(1000), tf.constant(1.0)
    compiled_loop, compiled_branches = tf.function(loop), tf.function(branches)
    double = tf.function(lambda x: x + x)
    return {
        "a + b, two floats": (lambda: a + b, 1),
        "a * 2.0": (lambda: a * 2.0, 1),
        "exp(a)": (lambda: tf.exp(a), 1),
        "a + b, on a tape": (taped, 100),
        "reduce_sum(a)": (lambda: tf.reduce_sum(a), 1),
        "matmul 64x64": (lambda: tf.matmul(square, square), 1),
        "conv2d 16x16x8, 3x3": (lambda: tf.nn.conv2d(image, kernel, 1, "SAME"), 1),
        "call of a compiled function": (lambda: double(a), 1),
        "step of a compiled while_loop": (lambda: compiled_loop(steps), 1000),
        "the same with a cond inside": (lambda: compiled_branches(one), 1000),
    }


def work(module: str) -> None:
    """Answer each line of input, a task's name, with its microseconds."""
    found = tasks(importlib.import_module(module))
    for function, _ in found.values():
        function()
    print(json.dumps(list(found)), flush=True)
    for line in sys.stdin:
        function, count = found[line.strip()]
        timer = timeit.Timer(function)
        number = max(int(SECONDS / max(timer.timeit(1), 1e-9)), 1)
        print(timer.timeit(number) / number / count * 1e6, flush=True)


class Worker:
    """A process that times tasks with one framework."""

    def __init__(self, python: str, module: str) -> None:
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        self._process = subprocess.Popen(
            [python, __file__, "--work", module], text=True, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self.tasks: list[str] = json.loads(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args}: the worker ended")
        return line

    def measure(self, task: str) -> float:
        """Return the microseconds of a task."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{task}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="core.py", description="Measure eager operations and loops beside TensorFlow's.",
        epilog=EXPLANATION, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=7, help="of each (default 7)")
    parser.add_argument("--work", choices=NAMES, help=argparse.SUPPRESS)
    parser.add_argument(
        "--peers", metavar="PYTHON",
        default=os.environ.get("PEERS_PYTHON", str(ROOT / ".peers/bin/python")),
        help="interpreter of the peers' environment",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.work:
        work(options.work)
        return
    pythons = {"freshet": sys.executable, "tensorflow": options.peers}
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(Worker(python, name))
            for name, python in pythons.items()
            if Path(python).exists()
        }
        rows = []
        for task in workers["freshet"].tasks:
            times: dict[str, list[float]] = {name: [] for name in workers}
            for _ in range(options.rounds):
                for name, worker in workers.items():
                    times[name].append(worker.measure(task))
            figures = [f"{median(t):.3g}" for t in times.values()]
            pairs = zip(*times.values(), strict=True)
            ratio = (
                [f"{median(mine / other for mine, other in pairs):.2f}"] if len(times) > 1 else []
            )
            rows.append([task, *figures, *ratio])
            print(task, *figures, *ratio, sep="  ", file=sys.stderr, flush=True)
    head = ["microseconds", *(NAMES[n] for n in workers), *(["ratio"] if len(workers) > 1 else [])]
    print(table(head, rows, "<" + ">" * (len(head) - 1)))
    print(f"\n{this_machine().cpu}, median of {options.rounds} rounds")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nstopped")
