"""`Model.fit` of Freshet beside TensorFlow's: `fit.py --help`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

# Run as a file, it finds its package one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.environment import available_cpus, this_machine, worker_environment
from benchmarks.harness.frameworks import FRAMEWORKS
from benchmarks.harness.process import Worker, start_worker
from benchmarks.harness.report import milliseconds, table, versions_text
from benchmarks.harness.rounds import Patience, Turn, alternate, figures, quiet_turn, ratios, turn
from benchmarks.models import PROBLEMS

ROOT: Final = Path(__file__).resolve().parents[1]
MODELS: Final = ("mlp_32", "mlp", "cartpole_update")
NAMES: Final = ("freshet", "tf")

EXPLANATION: Final = """\
what is measured
  Epochs of `model.fit(x, y, batch_size=..., verbose=0)` over --examples random examples, which are
  NumPy arrays, shuffled anew in each epoch, with a metric: the whole of what a user waits for. The
  two frameworks take turns, as in train_step.py. cartpole_update is so small that next to all of
  its time is what `fit` adds to a step.

columns
  ms a step     median of the rounds
  steps a s     the same the other way round
"""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    cpus = len(available_cpus())
    parser = argparse.ArgumentParser(
        prog="fit.py", epilog=EXPLANATION,
        description="Measure `Model.fit` of Freshet beside TensorFlow's.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "--models", nargs="+", choices=PROBLEMS, default=list(MODELS), metavar="MODEL",
        help=f"which (default {', '.join(MODELS)})",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=5, help="epochs of each (default 5)")
    parser.add_argument(
        "--examples", type=int, default=60_000, help="as many as MNIST has by default"
    )
    parser.add_argument("--threads", type=int, default=min(2, cpus), help="of each (default 2)")
    parser.add_argument(
        "--peers", metavar="PYTHON",
        default=os.environ.get("PEERS_PYTHON", str(ROOT / ".peers/bin/python")),
        help="interpreter of the peers' environment",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if min(options.rounds, options.examples, options.threads) < 1:
        parser.error("--rounds, --examples and --threads must be 1 or more")
    return options


def epoch(worker: Worker) -> Turn:
    """Let a worker train one epoch."""
    return turn(worker, lambda: worker.ask("fit"))


def measure(model: str, workers: dict[str, Worker], options: argparse.Namespace) -> str:
    """Return the table of one model."""
    for worker in workers.values():
        worker.ask("build_fit", model=model, examples=options.examples)
        worker.ask("fit")  # compiles
    patience = Patience(120.0)
    takes = {name: partial(quiet_turn, partial(epoch, w), patience) for name, w in workers.items()}
    turns: dict[str, list[Turn]] = {name: [] for name in workers}
    for name, taken in alternate(takes, options.rounds):
        turns[name].append(taken)
    rows = [
        [FRAMEWORKS[n].title, milliseconds(figures(t).median), f"{1e3 / figures(t).median:,.0f}"]
        for n, t in turns.items()
    ]
    problem = PROBLEMS[model]
    lines = [f"{problem.title}, batch {problem.batch}: Model.fit", "",
             table(["", "ms a step", "steps a s"], rows, "<>>")]  # fmt: skip
    if len(turns) == len(NAMES):
        times = median(1 / r for r in ratios(turns["freshet"], turns["tf"]))
        lines += ["", f"Freshet trains {times:.1f} times as many steps a second"]
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    options = parse_arguments(arguments)
    pythons = {"freshet": sys.executable, "tf": options.peers}
    versions = {}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-"))
        environment = worker_environment(options.threads, Path(folder))
        workers = {
            name: stack.enter_context(start_worker(python, name, environment))
            for name, python in pythons.items()
            if Path(python).exists()
        }
        for name, worker in workers.items():
            versions[name] = worker.ask("hello")["versions"]
        for model in options.models:
            print(measure(model, workers, options), end="\n\n", flush=True)
    print(f"{this_machine().cpu}, {options.threads} threads; {versions_text(versions)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nstopped")
