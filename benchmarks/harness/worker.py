"""A worker: one framework in a process of its own, told what to do by lines of JSON.

    {"do": "hello"}                             -> {"import_seconds", "versions"}
    {"do": "forms", "model"}                    -> {"forms"}
    {"do": "check", "model", "form", "steps"}   -> {"losses"}        without dropout
    {"do": "build", "model", "form", "batches"} -> {"seconds"}       until the first step is done
    {"do": "run", "warm", "steps"}              -> {"seconds", "cores", "loss", "metric"}
    {"do": "memory", "steps"}                   -> {"bytes", "imported_bytes"}
    {"do": "build_fit", "model", "examples"}    -> {}                for `fit`; Keras API only
    {"do": "fit"}                               -> {"seconds", "steps", "cores", "loss"}  an epoch
    {"do": "drop"}                              -> {}                forget the model

An answer with "error" says what went wrong. Whatever a framework prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.metadata
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:  # it imports NumPy, which is timed below
    from benchmarks.models import Problem

from benchmarks.harness.environment import CPUS_VARIABLE
from benchmarks.harness.frameworks import FRAMEWORKS, Framework
from benchmarks.harness.memory import peak_bytes, resident_bytes

Handlers = Mapping[str, Callable[..., dict[str, Any]]]


def serve(commands: IO[str], answers: IO[str], handlers: Handlers) -> None:
    """Answer each command with one line, until there are no more."""
    for line in commands:
        message = json.loads(line)
        try:
            answer = handlers[message.pop("do")](**message)
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def take_stdout() -> IO[str]:
    """Return standard output as a private stream; what others print goes to stderr."""
    private = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return private


class Session:
    """The framework, imported, and the model in training."""

    def __init__(self, framework: Framework) -> None:
        self._framework = framework
        start = time.perf_counter()
        for name in framework.imports:
            importlib.import_module(name)
        self._import_seconds = time.perf_counter() - start
        self._imported_bytes = resident_bytes()
        self._code: Any = importlib.import_module(f"benchmarks.models.{framework.module}")
        self._code.configure(sys.modules[framework.imports[1]])
        self._training: Any = None
        self._fitting: Any = None

    @property
    def handlers(self) -> Handlers:
        """The commands by name."""
        return {
            "hello": self.hello,
            "check": self.check,
            "forms": self.forms,
            "build": self.build,
            "run": self.run,
            "memory": self.memory,
            "build_fit": self.build_fit,
            "fit": self.fit,
            "drop": self.drop,
        }

    def hello(self) -> dict[str, Any]:
        """Say how long the import took and what was imported."""
        versions = {"python": sys.version.split()[0]}
        for name in self._framework.distributions:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                versions[name] = importlib.metadata.version(name)
        return {"import_seconds": self._import_seconds, "versions": versions}

    def check(self, model: str, form: str, steps: int) -> dict[str, Any]:
        """Return the losses of the first steps without dropout."""
        self.drop()
        training = self._make(_problem(model), form, 0.0, batches=2)
        losses = []
        for _ in range(steps):
            training.step()
            losses.append(training.loss())
        return {"losses": losses}

    def forms(self, model: str) -> dict[str, Any]:
        """Return the ways in which the framework can run a model."""
        return {"forms": self._forms(_problem(model))}

    def build(self, model: str, form: str, batches: int | None = None) -> dict[str, Any]:
        """Make the model and train one step; return the seconds that both took."""
        self.drop()
        problem = _problem(model)
        data = problem.data(batches)
        start = time.perf_counter()
        self._training = self._code.Training(
            problem, data, form, problem.rate, **self._framework.options
        )
        self._training.step()
        self._training.loss()
        return {"seconds": time.perf_counter() - start}

    def run(self, warm: int, steps: int) -> dict[str, Any]:
        """Train; return the seconds of `steps` steps after `warm` others."""
        training = self._training
        self._steps(warm)
        cpu, start = time.process_time(), time.perf_counter()
        loss = self._steps(steps)
        seconds = time.perf_counter() - start
        cores = (time.process_time() - cpu) / seconds
        return {"seconds": seconds, "cores": cores, "loss": loss, "metric": training.metric()}

    def memory(self, steps: int) -> dict[str, Any]:
        """Train; return the most memory held meanwhile and what the import left; None: unknown."""
        self._steps(steps)  # whatever is made once is there
        most = peak_bytes(lambda: self._steps(steps))
        return {"bytes": most, "imported_bytes": self._imported_bytes}

    def build_fit(self, model: str, examples: int) -> dict[str, Any]:
        """Make a model and data for `fit`."""
        self.drop()
        package = self._framework.options["package"]
        self._fitting = self._code.Fitting(_problem(model), examples, package)
        return {}

    def fit(self) -> dict[str, Any]:
        """Train an epoch by `Model.fit`."""
        cpu, start = time.process_time(), time.perf_counter()
        steps, loss = self._fitting.epoch()
        seconds = time.perf_counter() - start
        cores = (time.process_time() - cpu) / seconds
        return {"seconds": seconds, "steps": steps, "cores": cores, "loss": loss}

    def drop(self) -> dict[str, Any]:
        """Forget the model."""
        self._training = self._fitting = None
        gc.collect()
        return {}

    def _steps(self, count: int) -> float:
        """Train, wait until all is done, return the last loss."""
        training = self._training
        for _ in range(count):
            training.step()
        loss: float = training.loss()
        return loss

    def _forms(self, problem: Problem) -> list[str]:
        options = {k: v for k, v in self._framework.options.items() if k != "jit_compile"}
        return list(self._code.forms(problem, **options))

    def _make(self, problem: Problem, form: str, rate: float, batches: int) -> Any:
        options = self._framework.options
        return self._code.Training(problem, problem.data(batches), form, rate, **options)


def _problem(model: str) -> Problem:
    from benchmarks.models import PROBLEMS  # noqa: PLC0415 (it imports NumPy, which is timed)

    return PROBLEMS[model]


def stay_on_cpus() -> None:
    """Run on the processors that the parent chose, where the system can do that."""
    chosen = os.environ.get(CPUS_VARIABLE, "")
    if chosen and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [int(number) for number in chosen.split(",")])


def end_with_parent() -> None:
    """Be killed when the parent ends, even while stopped; Linux only."""
    if sys.platform == "linux":
        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def main() -> None:
    """Serve the framework that the command line names."""
    end_with_parent()
    stay_on_cpus()
    answers = take_stdout()
    session = Session(FRAMEWORKS[sys.argv[1]])
    serve(sys.stdin, answers, session.handlers)


if __name__ == "__main__":
    main()
