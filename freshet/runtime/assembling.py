"""Assembling many kernels at once: the emitter's and LLVM's work is shared out among processes.

llvmlite lets one thread of a process into LLVM at a time, so helpers are processes. A helper is
told the target and then kernels as text, one after the other, and answers each with object code;
all are frames of a length and as many bytes. It lives for one program and ends when nobody talks to
it any more. Whatever goes wrong with a helper, this process does its work.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import IO, Final

from freshet.compiler import kernel_text
from freshet.compiler.assemble import assemble, needs_few_passes
from freshet.compiler.emit.module import emit
from freshet.compiler.kernel import Kernel
from freshet.compiler.target import Target
from freshet.core.config import config
from freshet.runtime.cache import symbol_of

SHARE: Final = 8
"""Kernels for which a helper is started: they take longer than it needs to get ready."""
LONGEST: Final = 1 << 28
"""Bytes of a frame; text that is taken for a length says far more."""
_LENGTH: Final = struct.Struct("<q")
_CODE: Final = "from freshet.runtime.assembling import serve; serve()"


def helpers_for(kernels: int) -> int:
    """Return how many helpers so many kernels are worth, on the processors Freshet may use."""
    if getattr(sys, "frozen", False):  # the interpreter is an application of its own
        return 0
    return max(min(config.num_threads - 1, kernels // SHARE - 1), 0)


class Helper:
    """A process that assembles, which gets ready from now on."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(
                # -P: nothing in the working directory stands in for a module.
                [sys.executable, "-P", "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # Ctrl-C is for the parent, after whose end there is nothing to read.
                start_new_session=True,
            )  # fmt: skip

    def streams(self) -> tuple[IO[bytes], IO[bytes]] | None:
        """Return where to write and where to read; None if it could not be started."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            return None
        return process.stdin, process.stdout

    def end(self) -> None:
        """End it, whatever it does."""
        process, streams = self._process, self.streams()
        if process is None or streams is None:
            return
        process.kill()
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.close()
        process.wait()


@contextlib.contextmanager
def helpers(count: int) -> Iterator[list[Helper]]:
    """Start helpers, which end with the block."""
    started = [Helper() for _ in range(count)]
    try:
        yield started
    finally:
        for helper in started:
            helper.end()


def assemble_all(
    kernels: Mapping[str, Kernel], target: Target, ready: Sequence[Helper] = ()
) -> dict[str, bytes]:
    """Return the object code of each kernel, by its key.

    Args:
        kernels: The kernels, by key.
        target: The machine.
        ready: Helpers that have been started; if there are too few, more are.

    Raises:
        RuntimeError: LLVM rejects a kernel's text, which is a bug in the emitter.
    """
    with Assembly(target, ready) as assembly:
        return assembly.finish(kernels)


class Assembly:
    """Assembles kernels from when they are known: helpers begin while others are being made."""

    def __init__(self, target: Target, ready: Sequence[Helper] = ()) -> None:
        self.has_helpers = bool(ready)
        self._ready = len(ready)
        self._work = _Work(target)
        self._threads: list[threading.Thread] = []
        self._start(ready)

    def __enter__(self) -> Assembly:
        return self

    def __exit__(self, *error: object) -> None:
        self._work.end({})

    def offer(self, key: str, kernel: Kernel) -> None:
        """Let helpers assemble a kernel; whether it is wanted, `finish` says."""
        self._work.add({key: kernel})

    def finish(self, kernels: Mapping[str, Kernel]) -> dict[str, bytes]:
        """Return the object code of each kernel, by its key.

        Raises:
            RuntimeError: LLVM rejects a kernel's text, which is a bug in the emitter.
        """
        with helpers(helpers_for(len(kernels)) - self._ready) as more:
            self._start(more)
            self._work.end(kernels)
            try:
                self._work.here()
            finally:
                self._work.waiting.clear()
            for thread in self._threads:
                thread.join()
        done = self._work.done
        self._work.waiting.extend(key for key in kernels if key not in done)
        self._work.here()
        return {key: done[key] for key in kernels}

    def _start(self, ready: Iterable[Helper]) -> None:
        for helper in ready:
            thread = threading.Thread(target=self._work.by_helper, args=(helper,), daemon=True)
            self._threads.append(thread)
            thread.start()


class _Work:
    """Kernels that wait, and the code that is done."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._kernels: dict[str, Kernel] = {}
        self._changed = threading.Condition()
        self._ended = False
        self.waiting: deque[str] = deque()
        self.done: dict[str, bytes] = {}

    def add(self, kernels: Mapping[str, Kernel]) -> None:
        """Let kernels wait that are new."""
        with self._changed:
            self.waiting.extend(key for key in kernels if key not in self._kernels)
            self._kernels |= kernels
            self._changed.notify_all()

    def end(self, kernels: Mapping[str, Kernel]) -> None:
        """Let no more kernels wait than these, none of which is going to follow."""
        with self._changed:
            self._ended = True
            self.add(kernels)
            # Whoever takes the last one takes none that the others wait for.
            wanted = [key for key in self.waiting if key in kernels]
            wanted.sort(key=lambda key: len(str(kernels[key])))
            self.waiting.clear()
            self.waiting.extend(wanted)

    def here(self) -> None:
        """Assemble what waits in this process, from the front."""
        while True:
            try:
                key = self.waiting.popleft()
            except IndexError:
                return
            self.done[key] = _assembled(self._kernels[key], self._target, symbol_of(key))

    def by_helper(self, helper: Helper) -> None:
        """Let another process assemble what waits, from the back; silently stop if it cannot."""
        streams = helper.streams()
        if streams is None:
            return
        requests, answers = streams
        with contextlib.suppress(OSError, ValueError):
            _send(requests, json.dumps(asdict(self._target)).encode())
            while (key := self._next()) is not None:
                _send(requests, f"{symbol_of(key)}\n{self._kernels[key]}".encode())
                code = _receive(answers)
                if code is None:
                    return
                self.done[key] = code

    def _next(self) -> str | None:
        """Return a kernel from the back, once there is one; None after the last."""
        with self._changed:
            while not self.waiting and not self._ended:
                self._changed.wait()
            with contextlib.suppress(IndexError):
                return self.waiting.pop()
        return None


def serve() -> None:
    """Answer the parent's kernels until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    first = _receive(requests)
    target = None if first is None else Target(**json.loads(first))
    while target is not None:
        request = _receive(requests)
        if request is None:
            return
        symbol, _, text = request.decode().partition("\n")
        _send(answers, _assembled(kernel_text.parse(text), target, symbol))


def _assembled(kernel: Kernel, target: Target, symbol: str) -> bytes:
    return assemble(emit(kernel, target, symbol), target, few_passes=needs_few_passes(kernel))


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def _receive(stream: IO[bytes]) -> bytes | None:
    """Return the next frame, None at the end of the stream.

    Raises:
        ValueError: It is none: something else has written to the stream.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if not 0 <= length <= LONGEST:
        raise ValueError(f"a frame of {length} bytes")
    data = stream.read(length)
    return data if len(data) == length else None
