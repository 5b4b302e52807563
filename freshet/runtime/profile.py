"""Where the time of a compiled program goes: each of its calls timed inside a real run.

`profile` runs a program as always, in one native call, with a *stamp* between the kernels: a kernel
of its own in which the first thread reads the clock. So every kernel meets the caches, the threads
and the numbers that it meets in a training step. A stamp and its barrier take well under a
microsecond, which is part of the time shown.

The rates that a time can be compared with are here too: what a kernel computes, what it moves, and
`peak_flops`, the most that this machine's cores can multiply and add.
"""

from __future__ import annotations

import functools
import math
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from freshet.compiler.kernel import Kernel, Reduction
from freshet.compiler.program import HostCall, KernelCall
from freshet.compiler.target import Target, host
from freshet.core.buffers import aligned_empty
from freshet.core.dtypes import float32
from freshet.core.errors import FailedPreconditionError
from freshet.core.source import SourceLine
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.graph.function import Function
from freshet.ops.scalar import Expr, topological
from freshet.runtime.code import text_addresses
from freshet.runtime.execute import Executable, NativeExecutor, _Segment
from freshet.runtime.pool import pool

Words = np.ndarray[Any, np.dtype[np.int64]]

# --- results --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CallTime:
    """How long one call of a program takes.

    Attributes:
        call: The kernel, or the primitive that the host runs.
        seconds: Median of the rounds.
    """

    call: KernelCall | HostCall
    seconds: float

    @property
    def kernel(self) -> Kernel | None:
        """The kernel; None for a call to the host."""
        return self.call.kernel if isinstance(self.call, KernelCall) else None

    @property
    def name(self) -> str:
        """Name of the kernel, or ``host:`` and the primitive's."""
        if isinstance(self.call, HostCall):
            return f"host:{self.call.node.primitive.name}"
        return self.call.kernel.name

    @property
    def sources(self) -> tuple[SourceLine, ...]:
        """The user's lines that the call comes from."""
        if isinstance(self.call, KernelCall):
            return self.call.sources
        source = self.call.node.source
        return () if source is None else (source,)

    @property
    def flops(self) -> int:
        """Multiplications and additions of a contraction; 0 for any other kernel."""
        return 0 if self.kernel is None else contraction_flops(self.kernel)

    @property
    def bytes(self) -> int:
        """Bytes of the kernel's buffers, twice for one that it updates; 0 for a host call."""
        return 0 if self.kernel is None else buffer_bytes(self.kernel)


@dataclass(frozen=True)
class Profile:
    """How long a program takes, as a whole and call by call.

    Attributes:
        calls: In the program's order.
        seconds: Median of whole runs without stamps, of which the calls are parts.
        threads: How many ran it.
    """

    calls: tuple[CallTime, ...]
    seconds: float
    threads: int


def contraction_flops(kernel: Kernel) -> int:
    """Return ``2 * product of extents`` of a contraction, 0 of any other kernel.

    A contraction sums products of two factors, each of which it uses for several outputs.
    """
    if any(_is_contraction(kernel, r) for stage in kernel.stages for r in stage.reductions):
        return 2 * math.prod(kernel.extents.values())
    return 0


def _is_contraction(kernel: Kernel, r: Reduction) -> bool:
    if r.op != "sum" or r.value.op != "mul":
        return False
    return all(_is_reused(kernel, factor) for factor in r.value.args)


def _is_reused(kernel: Kernel, factor: Expr) -> bool:
    """Whether a factor is the same along some output axis."""
    indices = [
        index.numerator
        for e in topological([factor])
        if e.op == "load"
        for index in e.attributes[1]
    ]
    used = {a for a in kernel.outer if any(i.coefficient(a) for i in indices)}
    return bool(indices) and used != set(kernel.outer)


def buffer_bytes(kernel: Kernel) -> int:
    """Return the bytes of a kernel's buffers, twice for those that it reads and writes."""
    return sum(b.type.num_bytes * (2 if b.role == "inout" else 1) for b in kernel.buffers)


# --- timing ---------------------------------------------------------------------------------------


def profile_function(function: Function, *args: Any, rounds: int = 20) -> Profile:
    """Profile what an `ft.function` runs for the given arguments.

    Args:
        function: A traced function; it is run, and updates its variables, `rounds` times and more.
        args: Its arguments.
        rounds: As for `profile`.

    Raises:
        FailedPreconditionError: It is not compiled: the backend is not ``native``.
    """
    leaves, structure = function._arguments(args, {})
    concrete, tensors = function._find(leaves, structure)
    executor = concrete.executor
    if not isinstance(executor, NativeExecutor):
        raise FailedPreconditionError(
            "only compiled functions can be profiled; set FRESHET_BACKEND to 'native'"
        )
    arrays = [t._value for t in tensors]
    variables = concrete.captured_variables
    return profile(executor.executable(arrays, variables), arrays, variables, rounds)


def profile(
    executable: Executable,
    arguments: Sequence[Array],
    variables: Sequence[Variable],
    rounds: int = 20,
) -> Profile:
    """Time each call of a program.

    Args:
        executable: The program; it is run, and updates its variables, ``2 * rounds + 3`` times.
        arguments: What it is given.
        variables: The variables it reads and updates.
        rounds: Runs with stamps, each followed by one without.

    Example:
        >>> import freshet as ft
        >>> double = ft.function(lambda x: x + x)
        >>> [c.name for c in profile_function(double, ft.constant([1.0, 2.0])).calls]
        ['add']
    """
    stamped = _Stamped(executable)
    for _ in range(3):  # wakes the threads, fills the caches
        executable.run(arguments, variables)
    times, whole = [], []
    for _ in range(rounds):
        times.append(stamped.run(arguments, variables))
        start = time.perf_counter()
        executable.run(arguments, variables)
        whole.append(time.perf_counter() - start)
    medians = np.median(np.array(times).reshape(rounds, -1), axis=0)
    calls = zip(executable.program.calls, medians.tolist(), strict=True)
    return Profile(
        tuple(CallTime(c, s) for c, s in calls), statistics.median(whole), pool().threads
    )


class _Stamped:
    """An executable's segments with a stamp before and after every call."""

    def __init__(self, executable: Executable) -> None:
        self._executable = executable
        count = len(executable.program.calls) + len(executable._segments)
        self._times: Words = np.zeros((count, 2), np.int64)
        """Per stamp: seconds and nanoseconds, as the clock gives them."""
        start, step = self._times.ctypes.data, self._times.strides[0]
        self._pointers: Words = np.array([start + step * i for i in range(count)], np.int64)
        """The stamps' arguments: where each writes."""
        self._used = 0
        self._intervals: list[tuple[int, int]] = []
        """Per call, the stamps around it."""
        self._segments = list(self._build())

    def _build(self) -> Iterator[_Segment | HostCall]:
        # A host call runs in Python: the stamps around it are programs of their own.
        for segment in self._executable._segments:
            if isinstance(segment, HostCall):
                self._intervals.append((self._used, self._used + 1))
                yield _native([self._stamp()])
                yield segment
                yield _native([self._stamp()])
                continue
            rows = [self._stamp()]
            for row in segment.calls:
                self._intervals.append((self._used - 1, self._used))
                rows += [row, self._stamp()]
            yield _native(rows, segment)

    def _stamp(self) -> Words:
        """Return the call of the next stamp."""
        at = self._pointers.ctypes.data + 8 * self._used
        self._used += 1
        return np.array([_stamp_address(), at, -1], np.int64)

    def run(self, arguments: Sequence[Array], variables: Sequence[Variable]) -> list[float]:
        """Run the program once; return the seconds of each call."""
        executable = self._executable
        plain, executable._segments = executable._segments, self._segments
        try:
            executable.run(arguments, variables)
        finally:
            executable._segments = plain
        now = self._times[:, 0] * 1e9 + self._times[:, 1]
        return [(now[last] - now[first]) * 1e-9 for first, last in self._intervals]


def _native(rows: list[Words], like: _Segment | None = None) -> _Segment:
    """Return a segment of the given calls, whose memory is that of `like`."""
    calls: Words = np.array(rows, np.int64)
    if like is None:
        descriptor: Words = np.zeros(8, np.int64)
    else:
        descriptor = like.descriptor.copy()
    descriptor[:2] = calls.ctypes.data, len(rows)
    return _Segment(calls, descriptor, [like], descriptor.ctypes.data)


@functools.cache
def _stamp_address() -> int:
    """Return the address of the kernel in which thread 0 writes the time to its one argument."""
    text = f"""
target triple = "{host().triple}"
declare i32 @clock_gettime(i32, ptr)
define void @stamp(ptr %args, i64 %thread, i64 %threads) {{
entry:
  %first = icmp eq i64 %thread, 0
  br i1 %first, label %note, label %out
note:
  %to = load ptr, ptr %args
  %failed = call i32 @clock_gettime(i32 {time.CLOCK_MONOTONIC}, ptr %to)
  br label %out
out:
  ret void
}}
"""
    return text_addresses(text, ("stamp",))[0]


# --- the machine's peak ---------------------------------------------------------------------------

_TURNS: Final = 200_000


def peak_flops(rounds: int = 20) -> float:
    """Return the most float32 multiplications and additions a second, on all of Freshet's threads.

    Measured: a loop of independent multiply-adds that stay in registers, the best of `rounds`.
    """
    target = host()
    accumulators = min(2 * target.fma_latency, target.vector_registers - 4)
    (address,) = text_addresses(_peak_text(target, accumulators), ("peak",))
    threads = pool()
    data = aligned_empty(
        (threads.threads * accumulators * target.vector_bytes,), np.dtype(np.uint8)
    )
    times: Words = np.zeros((2, 2), np.int64)
    pointers: Words = np.array(
        [times[0].ctypes.data, data.ctypes.data, times[1].ctypes.data], np.int64
    )
    at = pointers.ctypes.data
    functions = (_stamp_address(), address, _stamp_address())
    segment = _native([np.array([f, at + 8 * i, -1], np.int64) for i, f in enumerate(functions)])
    seconds = []
    with threads.lock:
        for _ in range(rounds):
            threads.run(segment.address)
            elapsed = times[1] - times[0]
            seconds.append(float(elapsed[0]) + float(elapsed[1]) * 1e-9)
    lanes = target.lanes(float32)
    return 2.0 * threads.threads * _TURNS * accumulators * lanes / min(seconds)


def _peak_text(target: Target, accumulators: int) -> str:
    """Return the kernel that runs `_TURNS` turns of one multiply-add per accumulator."""
    lanes = target.lanes(float32)
    vector, operation = f"<{lanes} x float>", f"@llvm.fmuladd.v{lanes}f32"
    splat = f"<{', '.join(['float 0.001'] * lanes)}>".replace("0.001", "0x3F50624DE0000000")
    numbers = range(accumulators)
    sums = "\n".join(
        f"  %s{i} = phi {vector} [ zeroinitializer, %entry ], [ %t{i}, %turn ]" for i in numbers
    )
    steps = "\n".join(
        f"  %t{i} = call {vector} {operation}({vector} %x, {vector} %x, {vector} %s{i})"
        for i in numbers
    )
    stores = "\n".join(
        f"  %p{i} = getelementptr {vector}, ptr %own, i64 {i}\n  store {vector} %t{i}, ptr %p{i}"
        for i in numbers
    )
    return f"""
target triple = "{target.triple}"
declare {vector} {operation}({vector}, {vector}, {vector})
define void @peak(ptr %args, i64 %thread, i64 %threads) {{
entry:
  %all = load ptr, ptr %args
  %skip = mul i64 %thread, {accumulators * target.vector_bytes}
  %own = getelementptr i8, ptr %all, i64 %skip
  store volatile {vector} {splat}, ptr %own
  %x = load volatile {vector}, ptr %own
  br label %turn
turn:
  %n = phi i64 [ 0, %entry ], [ %n1, %turn ]
{sums}
{steps}
  %n1 = add i64 %n, 1
  %on = icmp ult i64 %n1, {_TURNS}
  br i1 %on, label %turn, label %out
out:
{stores}
  ret void
}}
"""
