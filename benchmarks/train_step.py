"""One training step of Freshet beside its peers: `make bench`, or `train_step.py --help`."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

# Run as a file, it finds its package one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.harness.chart import draw
from benchmarks.harness.environment import (
    available_cpus,
    busy_seconds,
    this_machine,
    worker_environment,
)
from benchmarks.harness.frameworks import FRAMEWORKS, FRESHET
from benchmarks.harness.process import Worker, WorkerError, can_import, start_worker
from benchmarks.harness.report import (
    Result,
    Start,
    result_from_json,
    result_json,
    result_text,
    versions_text,
)
from benchmarks.harness.rounds import (
    QUIET,
    Patience,
    alternate,
    disagreement,
    quiet_turn,
    steps_per_turn,
    take_turn,
)
from benchmarks.models import PROBLEMS, Problem

ROOT: Final = Path(__file__).resolve().parents[1]

EXPLANATION: Final = """\
what is measured
  For each model one whole training step: forward, backward, optimizer, a metric; of cartpole_act
  the forward pass alone. Each framework runs in a process of its own and first finds its fastest
  form. In these forms all train the same weights on the same batches without dropout, and must
  find the same loss, also after three steps. Then they take turns: in each round every framework
  trains --steps steps, or as many as fill half a second, while all the others are stopped by the
  system. If something else used the processors during a turn, the turn is repeated as long as
  --patience lasts.

columns
  form       which of the framework's sensible ways was fastest here (memory layout and the like)
  median ms  milliseconds per step: median of the rounds; `*`: something else disturbed some
  cores      processors it used
  import s   seconds to import the framework in a fresh process
  first s    then, to build the model and train one step, with empty compile caches
  again s    the same in the next process, with the caches that the first has left
  MB         the most memory that this process holds in a later step
  + MB       what of it was not there after the import

examples
  make peers && make bench
  train_step.py --models mlp --frameworks freshet torch jax
  train_step.py --quick
  train_step.py --peers ~/other/bin/python --threads 1

exit status
  1 if a framework computes another loss than the others; 2 for wrong arguments.
"""


MEMORY_STEPS: Final = 3
"""Steps before and while memory is measured."""
ENDING: Final = 0.3
"""Seconds of processor time that ending a process may take, which its own count lacks."""


# --- arguments ------------------------------------------------------------------------------------


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    cpus = len(available_cpus())
    parser = argparse.ArgumentParser(
        prog="train_step.py", epilog=EXPLANATION,
        description="Measure one training step of Freshet beside its peers.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "--models", nargs="+", choices=PROBLEMS, default=list(PROBLEMS), metavar="MODEL",
        help=f"which of {', '.join(PROBLEMS)}; all by default",
    )  # fmt: skip
    parser.add_argument(
        "--frameworks", nargs="+", choices=FRAMEWORKS, default=list(FRAMEWORKS), metavar="NAME",
        help=f"which of {', '.join(FRAMEWORKS)}; by default all that are installed",
    )  # fmt: skip
    parser.add_argument("--rounds", type=_positive, default=15, help="turns each (default 15)")
    parser.add_argument(
        "--steps", type=_positive, default=10, help="least steps of a turn (default 10)"
    )
    parser.add_argument(
        "--threads",
        type=_positive,
        default=min(2, cpus),
        help="processors and threads each may use (default 2)",
    )
    parser.add_argument(
        "--starts", type=_not_negative, default=3, metavar="N",
        help="fresh processes for import and first step (default 3; 0 leaves them out)",
    )  # fmt: skip
    parser.add_argument(
        "--patience", type=float, default=300.0, metavar="S",
        help="seconds to wait, in all, for others to leave the machine alone (default 300)",
    )  # fmt: skip
    parser.add_argument(
        "--peers", metavar="PYTHON",
        default=os.environ.get("PEERS_PYTHON", str(ROOT / ".peers/bin/python")),
        help="interpreter of the peers' environment (default: $PEERS_PYTHON, or the one that "
        "`make peers` creates)",
    )  # fmt: skip
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER",
        help="where to write <machine>.json and <machine>.png (default benchmarks/results; "
        "with --quick nowhere)",
    )  # fmt: skip
    parser.add_argument(
        "--quick", action="store_true",
        help="3 short rounds, the first form of each, no checks, no starts: to try it out",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.threads > cpus:
        parser.error(f"--threads {options.threads}: there are {cpus} processors")
    if options.quick:
        options.rounds, options.steps, options.starts, options.patience = 3, 3, 0, 0.0
    elif options.output is None:
        options.output = ROOT / "benchmarks" / "results"
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, received {text}")
    return number


def _not_negative(text: str) -> int:
    return 0 if text == "0" else _positive(text)


# --- one run --------------------------------------------------------------------------------------


@dataclass
class Run:
    """Everything that one call of the command shares."""

    options: argparse.Namespace
    pythons: Mapping[str, str]
    """For each framework to measure, its interpreter."""
    folder: Path
    """For the workers' caches."""
    patience: Patience
    versions: dict[str, dict[str, str]] = field(default_factory=dict)

    def start(self, name: str, cache: str = "shared") -> Worker:
        """Return a worker for a framework."""
        environment = worker_environment(self.options.threads, self.folder / cache)
        return start_worker(self.pythons[name], name, environment)


def installed(options: argparse.Namespace) -> dict[str, str]:
    """Return the interpreter of each wanted framework that is there."""
    found = {}
    for name in options.frameworks:
        framework = FRAMEWORKS[name]
        python = sys.executable if framework.is_freshet else options.peers
        if can_import(python, framework.imports):
            found[name] = python
        else:
            show(f"{framework.title} is left out: {' and '.join(framework.imports)} are not all "
                 f"installed for {Path(python).name}; see `make peers`\n")  # fmt: skip
    return found


def show(text: str) -> None:
    """Write to stderr: a line, or with a carriage return in front one that is overwritten."""
    if not text.startswith("\r"):
        sys.stderr.write(text)
    elif sys.stderr.isatty():
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write("\r" + text[1 : width + 1].ljust(width))
    sys.stderr.flush()


def measure(run: Run, problem: Problem) -> Result:
    """Measure one model."""
    result = Result(problem.name, problem.title, problem.batch)
    with ExitStack() as stack:
        workers: dict[str, Worker] = {}
        for name in run.pythons:
            show(f"\r{problem.title}: starting {FRAMEWORKS[name].title}")
            try:
                workers[name] = stack.enter_context(run.start(name))
                run.versions[name] = workers[name].ask("hello")["versions"]
            except WorkerError as error:
                result.failures[name] = str(error)
                workers.pop(name, None)
        _each(workers, problem, result, "trying", partial(choose, run, result))
        if not run.options.quick:
            check(workers, problem, result)
        _each(workers, problem, result, "building", partial(build, result))
        turns(run, workers, problem, result)
    if run.options.starts:
        for name in result.turns:
            show(f"\r{problem.title}: first steps of {FRAMEWORKS[name].title}")
            result.starts[name] = starts(run, name, problem, result.forms[name])
    show("\r")
    return result


def _each(
    workers: dict[str, Worker],
    problem: Problem,
    result: Result,
    doing: str,
    do: Callable[[str, Worker], None],
) -> None:
    """Do something with every worker; leave out those that fail."""
    for name in list(workers):
        show(f"\r{problem.title}: {doing} {FRAMEWORKS[name].title}")
        try:
            do(name, workers[name])
        except WorkerError as error:
            result.failures[name] = str(error)
            del workers[name]


def choose(run: Run, result: Result, name: str, worker: Worker) -> None:
    """Find the framework's fastest form."""
    forms = worker.ask("forms", model=result.model)["forms"]
    if run.options.quick:
        forms = forms[:1]
    if len(forms) > 1:
        tried = {form: _trial(run, worker, result.model, form) for form in forms}
        result.tried[name] = tried
        forms.sort(key=tried.__getitem__)
    result.forms[name] = forms[0]


def check(workers: dict[str, Worker], problem: Problem, result: Result) -> None:
    """Stop unless all frameworks, in their forms, compute the same losses."""
    losses = {}

    def ask(name: str, worker: Worker) -> None:
        form = result.forms[name]
        losses[name] = worker.ask("check", model=problem.name, form=form, steps=4)["losses"]

    _each(workers, problem, result, "checking", ask)
    wrong = disagreement(losses) if losses else None
    if wrong:
        raise SystemExit(f"{problem.title}: {wrong}")


def build(result: Result, name: str, worker: Worker) -> None:
    """Build the model in the framework's form."""
    worker.ask("build", model=result.model, form=result.forms[name])


def _trial(run: Run, worker: Worker, model: str, form: str) -> float:
    """Return the milliseconds of a step in a form: median of three short turns."""
    worker.ask("build", model=model, form=form)
    steps = steps_per_turn(worker, 3)
    taken = [quiet_turn(partial(take_turn, worker, steps), run.patience) for _ in range(3)]
    return median(t.milliseconds for t in taken)


def turns(run: Run, workers: Mapping[str, Worker], problem: Problem, result: Result) -> None:
    """Let the workers take their turns."""
    options = run.options
    takes = {}
    for name, worker in workers.items():
        steps = steps_per_turn(worker, options.steps)
        takes[name] = partial(quiet_turn, partial(take_turn, worker, steps), run.patience)
        result.turns[name] = []
    for number, (name, turn) in enumerate(alternate(takes, options.rounds)):
        result.turns[name].append(turn)
        show(
            f"\r{problem.title}: round {number // len(takes) + 1} of {options.rounds}, "
            f"{FRAMEWORKS[name].title} {turn.milliseconds:.2f} ms"
        )


def starts(run: Run, name: str, problem: Problem, form: str) -> Start:
    """Time import and first step in fresh processes, and what memory they hold: medians."""
    found: dict[str, list[float]] = {"imports": [], "cold": [], "warm": []}
    for number in range(run.options.starts):
        cache = f"{problem.name}-{name}-{number}"
        for state in ("cold", "warm"):
            imports, first, memory = _quiet_start(run, name, problem.name, form, cache, state)
            found["imports"].append(imports)
            found[state].append(first)
        if None not in memory.values():
            most, imported = memory["bytes"] / 1e6, memory["imported_bytes"] / 1e6
            found.setdefault("megabytes", []).append(most)
            found.setdefault("added_megabytes", []).append(most - imported)
        shutil.rmtree(run.folder / cache, ignore_errors=True)
    return Start(**{key: median(values) for key, values in found.items()})


def _quiet_start(
    run: Run, name: str, model: str, form: str, cache: str, state: str
) -> tuple[float, float, dict[str, Any]]:
    """Return the seconds of import and first step and the memory held in the next.

    Again if something else was running.
    """
    while True:
        if state == "cold":
            shutil.rmtree(run.folder / cache, ignore_errors=True)
        start, busy = time.monotonic(), busy_seconds()
        with run.start(name, cache) as worker:
            imports = worker.ask("hello")["import_seconds"]
            first = worker.ask("build", model=model, form=form, batches=1)["seconds"]
            memory = worker.ask("memory", steps=MEMORY_STEPS)
            own = worker.cpu_seconds()
        elapsed = time.monotonic() - start
        others = 0.0 if busy is None else (busy_seconds() or busy) - busy - own
        if others < QUIET * elapsed + ENDING or not run.patience.spend(elapsed):
            return imports, first, memory


# --- results --------------------------------------------------------------------------------------


def write(run: Run, results: Sequence[Result], command: Sequence[str]) -> Iterator[Path]:
    """Write JSON and chart; yield their paths."""
    machine, folder = this_machine(), run.options.output
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{machine.slug}.json"
    date = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    measured = {
        "date": date, "commit": _commit(),
        "command": shlex.join(["benchmarks/train_step.py", *_without_paths(command)]),
        "threads": run.options.threads, "rounds": run.options.rounds,
        "load": [round(x, 2) for x in os.getloadavg()],
        "versions": run.versions,
    }  # fmt: skip
    # Models that this run left out keep what an earlier one has measured here.
    known = json.loads(path.read_text())["models"] if path.exists() else {}
    known |= {r.model: {"measured": measured} | result_json(r) for r in results}
    models = {name: known[name] for name in PROBLEMS if name in known}
    content = {"machine": asdict(machine), "models": models}
    path.write_text(json.dumps(content, indent=1) + "\n")
    yield path
    results = [result_from_json(name, model) for name, model in models.items()]
    caption = (
        f"{machine.cpu}, {run.options.threads} threads, {date[:10]}; median of the rounds, "
        f"lines: quartiles; {versions_text(run.versions)}"
    )
    try:
        draw(results, caption, path.with_suffix(".png"))
        yield path.with_suffix(".png")
    except ImportError:
        show("no chart: matplotlib is not installed\n")


def _without_paths(command: Sequence[str]) -> list[str]:
    """Return the arguments with folders cut off: they mean nothing on other machines."""
    return [Path(part).name if "/" in part else part for part in command]


def _commit() -> str | None:
    done = subprocess.run(
        ["git", "-C", str(ROOT), "describe", "--always", "--dirty"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip() or None


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    options = parse_arguments(arguments)
    pythons = installed(options)
    if FRESHET in options.frameworks and FRESHET not in pythons:
        raise SystemExit("Freshet itself cannot be imported; run this with its environment")
    if not pythons:
        raise SystemExit("none of the frameworks is installed")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        run = Run(options, pythons, Path(folder), Patience(options.patience))
        results = []
        for model in options.models:
            results.append(measure(run, PROBLEMS[model]))
            print(result_text(results[-1]), end="\n\n", flush=True)
            # After each model: a long run that is stopped has not been in vain.
            written = list(write(run, results, arguments)) if options.output else []
        print(f"{this_machine().cpu}, {options.threads} threads; {versions_text(run.versions)}")
        for path in written:
            print(f"wrote {os.path.relpath(path)}")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit("\nstopped")
