"""What this machine can do at most, measured: multiply-adds a second, and bytes a second.

A kernel cannot take less time than its operations at `peak_flops`, nor less than its bytes at
`memory_bandwidth`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from freshet.compiler.costs import Traffic
from freshet.compiler.target import Target, host
from freshet.core.buffers import aligned_empty
from freshet.core.dtypes import float32
from freshet.runtime.code import text_addresses
from freshet.runtime.pool import pool
from freshet.runtime.stamps import Stamps, segment

_BYTES: Final = np.dtype(np.uint8)


def _best_seconds(address: int, arguments: Sequence[int], rounds: int) -> float:
    """Return the shortest of some runs of a function on all threads."""
    words = aligned_empty((len(arguments),), np.dtype(np.int64))
    words[:] = arguments
    threads = pool()
    stamps = Stamps(2, threads.threads)
    native = segment([stamps.meeting(), stamps.call(address, words.ctypes.data)])
    nanoseconds = []
    with threads.lock:
        for _ in range(rounds):
            threads.run(native.address)
            times = stamps.nanoseconds()[1]
            nanoseconds.append(int(times[:, 1].max() - times[:, 0].min()))
    return 1e-9 * max(min(nanoseconds), 1)


# --- arithmetic -----------------------------------------------------------------------------------


_TURNS: Final = 200_000


def peak_flops(rounds: int = 20) -> float:
    """Return the most float32 multiplications and additions a second, on all of Freshet's threads.

    Measured: a loop of independent multiply-adds that stay in registers, the best of `rounds`.
    """
    target = host()
    accumulators = min(2 * target.fma_latency, target.vector_registers - 4)
    (address,) = text_addresses(_peak_text(target, accumulators), ("peak",))
    threads = pool().threads
    data = aligned_empty((threads * accumulators * target.vector_bytes,), _BYTES)
    seconds = _best_seconds(address, [data.ctypes.data], rounds)
    lanes = target.lanes(float32)
    return 2.0 * threads * _TURNS * accumulators * lanes / seconds


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


# --- memory ---------------------------------------------------------------------------------------

FAR_BYTES: Final = 128 * 2**20
"""Memory that no cache holds, on most machines."""
_LEAST_BYTES: Final = 64 * 2**10
_VECTORS: Final = 8
"""Handled together: as many independent sums."""
_MOVED: Final = 64 * 2**20
"""Bytes that one measurement moves at least, pass after pass."""


@dataclass(frozen=True)
class Bandwidth:
    """Bytes a second, by what is done with them.

    Attributes:
        read: Of what is only read.
        write: Of what is only written. Before a line of memory is written, it is read as well, so
            this is far less than twice what an update takes.
        update: Of what is read and written in place, each counted twice.
    """

    read: float
    write: float
    update: float

    @property
    def most(self) -> float:
        """The largest of them."""
        return max(self.read, self.write, self.update)

    def seconds(self, traffic: Traffic) -> float:
        """Return the least time for what is to be moved."""
        own = (traffic.read / self.read, traffic.written / self.write)
        return sum(own) + traffic.updated / self.update

    def or_better(self, other: Bandwidth) -> Bandwidth:
        """Return the larger of each."""
        return Bandwidth(
            max(self.read, other.read), max(self.write, other.write),
            max(self.update, other.update),
        )  # fmt: skip


def memory_bandwidth(size: int = FAR_BYTES, rounds: int = 6) -> Bandwidth:
    """Return the most bytes a second that all threads move, when they go over `size` bytes.

    Measured: reading the memory, copying one half of it into the other, and updating it in place,
    the best of `rounds` each. What a copy takes longer than reading is the time of writing.

    Args:
        size: What the data take together: of a small number, it is a cache that answers. It is
            rounded up to a power of two from 64 KiB to 128 MiB.
        rounds: Measurements of each kind.
    """
    size = rounded_size(size)
    target = host()
    addresses = text_addresses(_stream_text(target), ("read", "update", "copy"))
    threads = pool().threads
    step = _VECTORS * target.vector_bytes
    own = max(size // threads // (2 * step), 1) * 2 * step
    data = aligned_empty((own * threads,), _BYTES)
    data[:] = 0
    passes = max(_MOVED // size, 1)
    arguments = [data.ctypes.data, own, passes]
    moved = own * threads * passes
    read, update, copy = (_best_seconds(a, arguments, rounds) for a in addresses)
    half = 0.5 * moved
    # A clock that is not exact must not make writing free.
    return Bandwidth(moved / read, half / max(copy - 0.5 * read, 0.25 * copy), 2 * moved / update)


def rounded_size(size: int) -> int:
    """Return the size that `memory_bandwidth` measures with for a given one."""
    return min(max(1 << (size - 1).bit_length(), _LEAST_BYTES), FAR_BYTES)


def _stream_text(target: Target) -> str:
    """Return the functions that go over each thread's part of the memory, in passes."""
    return f"""
target triple = "{target.triple}"
{_stream_function(target, "read")}
{_stream_function(target, "update")}
{_stream_function(target, "copy")}
"""


def _stream_function(target: Target, name: str) -> str:
    lanes = target.lanes(float32)
    vector, width = f"<{lanes} x float>", target.vector_bytes
    numbers = range(_VECTORS)
    sums = "\n".join(
        f"  %s{i} = phi {vector} [ zeroinitializer, %next ], [ %t{i}, %step ]" for i in numbers
    )
    steps = "\n".join(
        f"  %p{i} = getelementptr i8, ptr %at, i64 {i * width}\n"
        f"  %x{i} = load {vector}, ptr %p{i}, align {width}\n"
        f"  %t{i} = fadd {vector} %x{i}, %s{i}"
        + {
            "read": "",
            "update": f"\n  store {vector} %t{i}, ptr %p{i}, align {width}",
            "copy": f"\n  %q{i} = getelementptr i8, ptr %p{i}, i64 %half"
            f"\n  store {vector} %x{i}, ptr %q{i}, align {width}",
        }[name]
        for i in numbers
    )
    # The sums are kept, or LLVM would leave the loads out; an update adds nothing to nothing.
    kept = "\n".join(
        f"  %o{i} = getelementptr i8, ptr %own, i64 {i * width}\n"
        f"  store volatile {vector} %t{i}, ptr %o{i}, align {width}"
        for i in numbers
    )
    return f"""
define void @{name}(ptr %args, i64 %thread, i64 %threads) {{
entry:
  %all = load ptr, ptr %args
  %size_at = getelementptr i64, ptr %args, i64 1
  %size = load i64, ptr %size_at
  %passes_at = getelementptr i64, ptr %args, i64 2
  %passes = load i64, ptr %passes_at
  %skip = mul i64 %thread, %size
  %own = getelementptr i8, ptr %all, i64 %skip
  %half = lshr i64 %size, 1
  br label %next
next:
  %pass = phi i64 [ 0, %entry ], [ %pass1, %done ]
  br label %step
step:
  %n = phi i64 [ 0, %next ], [ %n1, %step ]
{sums}
  %at = getelementptr i8, ptr %own, i64 %n
{steps}
  %n1 = add i64 %n, {_VECTORS * width}
  %on = icmp ult i64 %n1, {"%half" if name == "copy" else "%size"}
  br i1 %on, label %step, label %done
done:
{kept}
  %pass1 = add i64 %pass, 1
  %again = icmp ult i64 %pass1, %passes
  br i1 %again, label %next, label %out
out:
  ret void
}}
"""
