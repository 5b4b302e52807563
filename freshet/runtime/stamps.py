"""Clock stamps: calls of a program that also write when each thread begins and ends them.

A stamped call stands in the place of the call itself, in the same native run, so it meets the
caches, the threads and the numbers that the call always meets. It reads the clock twice on every
thread, some 50 ns together. One that runs several times, in a loop, keeps the last two readings,
and adds up all of them.

    a thread's line: begin (s, ns), end (s, ns), how often, sum of begins (ns), sum of ends (ns)

Sums may pass the largest number and start over: their difference is still right.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.compiler.target import host
from freshet.core.buffers import aligned_empty
from freshet.runtime.code import text_addresses
from freshet.runtime.driver import DESCRIPTOR_WORDS
from freshet.runtime.execute import Segment

Words = np.ndarray[Any, np.dtype[np.int64]]

_LINE: Final = 64
"""Bytes per thread and call: threads do not write to the same line of memory."""


class Stamps:
    """The stamps of up to `count` calls on `threads` threads."""

    def __init__(self, count: int, threads: int) -> None:
        self.threads = threads
        self._times = aligned_empty((count, threads, _LINE // 8), np.dtype(np.int64))
        self._times[:] = 0
        self._arguments = aligned_empty((count, 3), np.dtype(np.int64))
        self._used = 0

    def call(self, address: int, arguments: int, check: int = -1) -> Words:
        """Return the call of a function with the next stamps around it."""
        row = self._arguments[self._used]
        row[:] = address, arguments, self._times[self._used].ctypes.data
        self._used += 1
        return np.array([_addresses()[0], row.ctypes.data, check], np.int64)

    def meeting(self) -> Words:
        """Return a call that does nothing but let the threads meet, with the next stamps."""
        return self.call(_addresses()[1], 0)

    @property
    def used(self) -> int:
        """How many of the stamps belong to a call."""
        return self._used

    def clear(self) -> None:
        """Forget what was written."""
        self._times[:] = 0

    def nanoseconds(self) -> Words:
        """Return what was written last: for each call and thread, the beginning and the end."""
        words = self._times[: self._used, :, :4]
        found: Words = words[..., 0::2] * 1_000_000_000 + words[..., 1::2]
        return found

    def runs(self) -> Words:
        """Return how often each call has run."""
        return self._times[: self._used, 0, 4].copy()

    def sums(self) -> Words:
        """Return, for each call and thread, the sums of all beginnings and of all ends."""
        return self._times[: self._used, :, 5:7].copy()


def segment(rows: Sequence[Words], like: Segment | None = None) -> Segment:
    """Return a segment of the given calls, whose memory is that of `like`."""
    calls: Words = np.array(rows, np.int64)
    if like is None:
        descriptor: Words = np.zeros(DESCRIPTOR_WORDS, np.int64)
    else:
        descriptor = like.descriptor.copy()
    descriptor[:2] = calls.ctypes.data, len(rows)
    return Segment(calls, descriptor, [like], descriptor.ctypes.data)


def clock() -> int:
    """Return the nanoseconds of the clock that the stamps read."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


@functools.cache
def _addresses() -> tuple[int, int]:
    """Return the addresses of the stamped call and of the function that does nothing."""
    text = f"""
target triple = "{host().triple}"
declare i32 @clock_gettime(i32, ptr)
define void @stamped(ptr %call, i64 %thread, i64 %threads) {{
entry:
  %function = load ptr, ptr %call
  %arguments_at = getelementptr ptr, ptr %call, i64 1
  %arguments = load ptr, ptr %arguments_at
  %times_at = getelementptr ptr, ptr %call, i64 2
  %times = load ptr, ptr %times_at
  %skip = mul i64 %thread, {_LINE}
  %begin = getelementptr i8, ptr %times, i64 %skip
  %end = getelementptr i8, ptr %begin, i64 16
  %failed = call i32 @clock_gettime(i32 {time.CLOCK_MONOTONIC}, ptr %begin)
  call void %function(ptr %arguments, i64 %thread, i64 %threads)
  %fails = call i32 @clock_gettime(i32 {time.CLOCK_MONOTONIC}, ptr %end)
  %runs = getelementptr i64, ptr %begin, i64 4
  %before = load i64, ptr %runs
  %now = add i64 %before, 1
  store i64 %now, ptr %runs
  %begins = getelementptr i64, ptr %begin, i64 5
  call void @add_time(ptr %begins, ptr %begin)
  %ends = getelementptr i64, ptr %begin, i64 6
  call void @add_time(ptr %ends, ptr %end)
  ret void
}}
define internal void @add_time(ptr %sum, ptr %time) alwaysinline {{
entry:
  %seconds = load i64, ptr %time
  %rest_at = getelementptr i64, ptr %time, i64 1
  %rest = load i64, ptr %rest_at
  %whole = mul i64 %seconds, 1000000000
  %all = add i64 %whole, %rest
  %before = load i64, ptr %sum
  %after = add i64 %before, %all
  store i64 %after, ptr %sum
  ret void
}}
define void @nothing(ptr %call, i64 %thread, i64 %threads) {{
entry:
  ret void
}}
"""
    stamped, nothing = text_addresses(text, ("stamped", "nothing"))
    return stamped, nothing
