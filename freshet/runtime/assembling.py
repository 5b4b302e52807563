"""Assembling many kernels at once: LLVM's work is shared out among processes.

llvmlite lets one thread of a process into LLVM at a time, so helpers are processes. A helper is
told the target and then texts, one after the other, and answers each with object code; all are
frames of a length and as many bytes. It lives for one program and ends when nobody talks to it any
more. Whatever goes wrong with a helper, this process does its work.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import IO, Final

from freshet.compiler.assemble import assemble
from freshet.compiler.target import Target
from freshet.core.config import config

SHARE: Final = 8
"""Texts for which a helper is started: they take longer than it needs to get ready."""
LONGEST: Final = 1 << 28
"""Bytes of a frame; text that is taken for a length says far more."""
_LENGTH: Final = struct.Struct("<q")
_CODE: Final = "from freshet.runtime.assembling import serve; serve()"

Texts = Mapping[str, Callable[[], str]]
"""For each key, what makes the text."""


def assemble_all(texts: Texts, target: Target) -> dict[str, bytes]:
    """Return the object code of each text, made on as many processors as Freshet may use.

    Raises:
        RuntimeError: LLVM rejects a text, which is a bug in the emitter.
    """
    work = _Work(texts, target)
    count = min(config.num_threads - 1, len(texts) // SHARE - 1)
    if getattr(sys, "frozen", False):  # the interpreter is an application of its own
        count = 0
    helpers = [threading.Thread(target=work.by_helper, daemon=True) for _ in range(count)]
    for helper in helpers:
        helper.start()
    try:
        work.here()
    finally:
        work.waiting.clear()
    for helper in helpers:
        helper.join()
    work.waiting.extend(key for key in texts if key not in work.done)
    work.here()
    return work.done


class _Work:
    """Texts that wait, and the code that is done."""

    def __init__(self, texts: Texts, target: Target) -> None:
        self._texts, self._target = texts, target
        self.waiting = deque(texts)
        self.done: dict[str, bytes] = {}

    def here(self) -> None:
        """Assemble what waits in this process, from the front."""
        while True:
            try:
                key = self.waiting.popleft()
            except IndexError:
                return
            self.done[key] = assemble(self._texts[key](), self._target)

    def by_helper(self) -> None:
        """Let another process assemble what waits, from the back; silently stop if it cannot."""
        with contextlib.suppress(Exception), _helper() as (requests, answers):
            _send(requests, json.dumps(asdict(self._target)).encode())
            while True:
                try:
                    key = self.waiting.pop()
                except IndexError:
                    return
                _send(requests, self._texts[key]().encode())
                code = _receive(answers)
                if code is None:
                    return
                self.done[key] = code


@contextlib.contextmanager
def _helper() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Start a helper; yield where to write and where to read."""
    process = subprocess.Popen(
        # -P: nothing in the working directory stands in for a module.
        [sys.executable, "-P", "-c", _CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for the parent, after whose end there is nothing to read.
        start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield process.stdin, process.stdout
    finally:
        process.kill()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        process.wait()


def serve() -> None:
    """Answer the parent's texts until there are no more."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    first = _receive(requests)
    target = None if first is None else Target(**json.loads(first))
    while target is not None:
        text = _receive(requests)
        if text is None:
            return
        _send(answers, assemble(text.decode(), target))


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
