"""Every kernel of a Freshet training step beside the machine's peak: `kernels.py --help`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

# Run as a file, it finds its package one folder up.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import freshet as ft
from benchmarks.harness.environment import available_cpus, busy_seconds, process_seconds
from benchmarks.harness.report import table
from benchmarks.harness.rounds import QUIET
from benchmarks.models import PROBLEMS, Problem
from benchmarks.models.training_keras import Training
from freshet.compiler.kernel_text import schedule_text
from freshet.runtime.machine import peak_flops
from freshet.runtime.profile import CallTime, Profile, profile_function

ENOUGH: Final = 0.8
"""Part of the peak below which a contraction is listed again at the end."""

EXPLANATION: Final = """\
what is measured
  The step is run as in training, in one native call, with the clock read around each kernel; then
  without, for the time of the whole. Times are medians of the rounds. The peak is measured by a
  loop of multiply-adds that stay in registers, on all threads, before and after; the better counts.
  `freshet profile` measures scripts of your own in the same way.

columns
  share     part of the sum of all kernels
  GFLOP/s   floating-point operations a second; a multiply-add is two
  peak      of contractions: that as part of the machine's peak
  GB/s      bytes that must be read and written a second; most come from a cache
  line      the first of the user's lines that the kernel comes from, and how many more there are

examples
  kernels.py lenet
  kernels.py mlp residual --threads 1 --rounds 50
"""


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        prog="kernels.py", epilog=EXPLANATION,
        description="Time every kernel of one Freshet training step.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument(
        "models", nargs="*", metavar="MODEL", help=f"of {', '.join(PROBLEMS)}; all by default"
    )
    parser.add_argument("--rounds", type=int, default=30, help="steps timed (default 30)")
    parser.add_argument(
        "--threads", type=int, default=None, help="threads (default: all processors)"
    )
    options = parser.parse_args(arguments)
    options.models = options.models or list(PROBLEMS)
    for name in options.models:
        if name not in PROBLEMS:
            parser.error(f"no model is called {name!r}; there are {', '.join(PROBLEMS)}")
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    cpus = len(available_cpus())
    if not 1 <= (options.threads or 1) <= cpus:
        parser.error(f"--threads {options.threads}: there are {cpus} processors")
    return options


def measure(problem: Problem, rounds: int) -> tuple[Profile, float]:
    """Return the profile of a training step and the peak."""
    training = Training(
        problem, problem.data(1), "layers", problem.rate, package="freshet", jit_compile=None
    )
    before = peak_flops()
    profile = profile_function(training.function, *training.batches[0], rounds=rounds)
    return profile, max(before, peak_flops())


def profile_text(problem: Problem, profile: Profile, peak: float, others: float) -> str:
    """Return the table of the kernels and what to look at first.

    Args:
        problem: What was trained.
        profile: Its kernels' times.
        peak: The machine's, in operations a second.
        others: Processors that anything else used meanwhile.
    """
    total = sum(call.seconds for call in profile.calls)
    flops = sum(call.flops for call in profile.calls if call.is_contraction)
    slowest = sorted(profile.calls, key=lambda call: -call.seconds)
    weak = [c for c in slowest if c.is_contraction and c.flops / c.seconds < ENOUGH * peak]
    head = ["ms", "share", "GFLOP/s", "peak", "GB/s", "kernel", "line"]
    lines = [
        f"{problem.title}, batch {problem.batch}, {profile.threads} threads",
        f"peak {peak / 1e9:.0f} GFLOP/s; step {profile.seconds * 1e3:.3f} ms, "
        f"kernels {total * 1e3:.3f} ms; "
        f"contractions at peak would take {flops / peak * 1e3:.3f} ms",
        *_disturbance(others),
        "",
        table(head, [_row(call, total, peak) for call in slowest], ">>>>><<"),
        "",
        f"contractions below {ENOUGH:.0%} of the peak:" if weak else
        f"every contraction reaches {ENOUGH:.0%} of the peak",
        *(_weak_line(call, peak) for call in weak),
    ]  # fmt: skip
    return "\n".join(lines)


def _row(call: CallTime, total: float, peak: float) -> list[str]:
    rate = call.flops / call.seconds
    return [
        f"{call.seconds * 1e3:.4f}", f"{call.seconds / total:.1%}",
        f"{rate / 1e9:.1f}" if rate else "", f"{rate / peak:.0%}" if call.is_contraction else "",
        f"{call.bytes / call.seconds / 1e9:.1f}", call.name, _line(call),
    ]  # fmt: skip


def _line(call: CallTime) -> str:
    if not call.sources:
        return ""
    first, *more = call.sources
    return f"{first.short}  {first.text}" + (f"  (+{len(more)})" if more else "")


def _weak_line(call: CallTime, peak: float) -> str:
    assert call.kernel is not None
    extents = " ".join(f"{axis}={size}" for axis, size in call.kernel.extents.items())
    lost = call.seconds - call.flops / peak
    return (
        f"  {call.flops / call.seconds / peak:4.0%}  {lost * 1e3:.3f} ms over the floor  "
        f"{call.name}  [{extents}]\n        {schedule_text(call.kernel.schedule)}"
    )


def _disturbance(others: float) -> list[str]:
    if others <= QUIET:
        return []
    return [f"something else used {others:.1f} processors meanwhile: the times are too long"]


def _others_seconds() -> float:
    """Return the processor time that others have used; 0 if unknown."""
    busy = busy_seconds()
    return 0.0 if busy is None else busy - process_seconds(os.getpid())


def main(arguments: Sequence[str]) -> None:
    """Run the command."""
    options = parse_arguments(arguments)
    if options.threads:
        ft.config.threading.set_intra_op_parallelism_threads(options.threads)
    for name in options.models:
        start, before = time.monotonic(), _others_seconds()
        profile, peak = measure(PROBLEMS[name], options.rounds)
        others = (_others_seconds() - before) / (time.monotonic() - start)
        print(profile_text(PROBLEMS[name], profile, peak, others), end="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
