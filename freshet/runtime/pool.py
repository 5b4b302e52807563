"""The thread pool: Python threads parked in one native call, woken for each program."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading

import numpy as np

from freshet.compiler.target import host
from freshet.core.buffers import aligned_empty
from freshet.core.config import config
from freshet.runtime.code import text_addresses
from freshet.runtime.driver import CONTROL_BYTES, FIRST_WORD, driver_text

_lock = threading.RLock()
"""Held while a program runs or the pool changes. A program may call Python that runs another."""


class ThreadPool:
    """Runs one program at a time on a fixed number of threads, the caller's among them.

    Attributes:
        size: How many threads it was made with.
        threads: How many there are: `size`, and only the caller's once the pool is closed.
        lock: Held by who runs a program; one for all pools, so that a program that has seen the old
            pool does not run beside one that has the new.
    """

    def __init__(self, threads: int) -> None:
        self.size = self.threads = threads
        self.lock = _lock
        pointer, word = ctypes.c_void_p, ctypes.c_int64
        text = driver_text(host())
        start, stop, worker = text_addresses(text, ("start", "stop", "worker"), few_passes=True)
        self._start = ctypes.CFUNCTYPE(word, pointer, pointer, word)(start)
        self._stop = ctypes.CFUNCTYPE(None, pointer)(stop)
        run = ctypes.CFUNCTYPE(None, pointer, word, word)(worker)
        self._control_block = aligned_empty((CONTROL_BYTES // 8,), np.dtype(np.int64))
        self._control_block[:] = 0
        self._control: int = self._control_block.ctypes.data
        self._workers = [
            threading.Thread(
                target=run, args=(self._control, n, threads), name=f"freshet-{n}", daemon=True
            )
            for n in range(1, threads)
        ]
        for thread in self._workers:
            thread.start()

    def run(self, descriptor: int, *, alone: bool = False) -> None:
        """Run the program whose descriptor is at an address; `driver` says what that is.

        Args:
            descriptor: The address.
            alone: Let the other threads sleep, which is faster if there is next to nothing to do.
        """
        threads = 1 if alone else self.threads
        resume = self._start(self._control, descriptor, threads)
        if resume:
            first = ctypes.c_int64.from_address(descriptor + 8 * FIRST_WORD)
            try:
                # Between two parts of a loop Python may raise KeyboardInterrupt.
                while resume:
                    first.value = resume
                    resume = self._start(self._control, descriptor, threads)
            finally:
                first.value = 0

    def close(self) -> None:
        """Stop the workers and wait until they are gone; who has the pool may go on using it."""
        with self.lock:
            if self._workers:
                self._stop(self._control)
                for thread in self._workers:
                    thread.join()
                self._workers = []
            self.threads = 1


_pool: ThreadPool | None = None


def pool() -> ThreadPool:
    """Return the pool with as many threads as `config.num_threads` asks for."""
    global _pool  # noqa: PLW0603 (there is one pool)
    current = _pool
    if current is not None and current.size == config.num_threads:
        return current
    with _lock:
        if _pool is None or _pool.size != config.num_threads:
            if _pool is not None:
                _pool.close()
            _pool = ThreadPool(config.num_threads)
        return _pool


def _close() -> None:
    if _pool is not None:
        _pool.close()


def _forget() -> None:
    """In a forked child neither the workers exist nor who holds the lock; begin anew."""
    global _pool, _lock
    _pool, _lock = None, threading.RLock()


atexit.register(_close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
