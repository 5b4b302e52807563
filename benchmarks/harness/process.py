"""The parent's side of a worker: start, ask, stop while others are measured, kill."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness.environment import process_seconds


class WorkerError(Exception):
    """A worker failed, ended or did not answer in time."""


class Worker:
    """A process that answers commands; stopped by the system whenever it has nothing to do.

    A stopped process uses no processor, whatever its idle threads would like to do.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by close)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log,
            env={**os.environ, **environment},
            # Ctrl-C is for the parent, who then kills the worker with all that it started.
            start_new_session=True,
        )  # fmt: skip
        self._pending = b""

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def ask(self, do: str, timeout: float = 900.0, **fields: Any) -> dict[str, Any]:
        """Send a command and return the answer.

        Raises:
            WorkerError: There is none within `timeout` seconds, or it is an error.
        """
        line = json.dumps({"do": do, **fields}) + "\n"
        with self._awake():
            try:
                assert self._process.stdin is not None
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()
                answer: dict[str, Any] = json.loads(self._read_line(time.monotonic() + timeout))
            except OSError as error:
                raise WorkerError(f"{error}{self._last_words()}") from None
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    @contextlib.contextmanager
    def _awake(self) -> Iterator[None]:
        self._signal("SIGCONT")
        try:
            yield
        finally:
            self._signal("SIGSTOP")

    def _signal(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, getattr(signal, name))

    def _read_line(self, deadline: float) -> bytes:
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as ready:
            ready.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._pending:
                if not ready.select(max(deadline - time.monotonic(), 0)):
                    raise WorkerError(f"no answer in time{self._last_words()}")
                data = os.read(self._process.stdout.fileno(), 65536)
                if not data:
                    raise WorkerError(f"it ended{self._last_words()}")
                self._pending += data
        line, _, self._pending = self._pending.partition(b"\n")
        return line

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        return f": {lines[-1]}" if lines else ""

    def cpu_seconds(self) -> float:
        """Return the processor time it has used."""
        return process_seconds(self.pid)

    def close(self) -> None:
        """Kill it and whatever it started."""
        self._signal("SIGKILL")
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def start_worker(python: str, framework: str, environment: Mapping[str, str]) -> Worker:
    """Start the worker of a framework.

    Args:
        python: The interpreter of the environment that the framework is in.
        framework: Its name in `frameworks.FRAMEWORKS`.
        environment: Variables beside the present ones.
    """
    return Worker([python, "-m", "benchmarks.harness.worker", framework], environment)


def can_import(python: str, packages: Sequence[str]) -> bool:
    """Whether an interpreter finds all packages."""
    if not Path(python).exists():
        return False
    code = f"import importlib.util as u; exit(any(u.find_spec(n) is None for n in {packages!r}))"
    return subprocess.run([python, "-c", code], check=False, capture_output=True).returncode == 0
