"""The files of ``freshet profile`` for other programs: all figures, and a trace of threads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import freshet
from freshet.cli.profile_report import ProgramReport, Report
from freshet.runtime.profile import TimedRun
from freshet.runtime.roofline import KernelTime

_PROCESS: Final = 1

# --- figures --------------------------------------------------------------------------------------


def write_json(report: Report, path: Path) -> None:
    """Write all figures: seconds, FLOP, bytes, and parts of one, without rounding."""
    machine = report.machine
    content = {
        "freshet": freshet.__version__,
        "command": report.command,
        "ending": report.ending,
        "seconds": report.seconds,
        "compiled_seconds": report.compiled_seconds,
        "machine": {
            "threads": machine.threads,
            "peak_flops": machine.peak_flops,
            "far_bandwidth": asdict(machine.far_bandwidth),
        },
        "programs": [_program(p) for p in report.programs],
    }
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


def _program(program: ProgramReport) -> dict[str, Any]:
    record = program.record
    return {
        "name": record.name,
        "arguments": [str(t) for t in record.arguments],
        "runs": record.runs,
        "sampled_runs": record.sampled,
        "sampling_overhead": record.overhead,
        "total_seconds": record.total_seconds,
        "seconds": record.seconds,
        "kernel_seconds": program.kernel_seconds,
        "fastest_seconds": record.fastest_seconds,
        "outside_seconds": record.outside_seconds,
        "working_set_bytes": record.working_set,
        "bandwidth": asdict(program.roof.bandwidth),
        "kernels": [_kernel(k) for k in program.kernels],
    }


def _kernel(k: KernelTime) -> dict[str, Any]:
    lines = [
        {"file": s.file, "line": s.line, "function": s.function, "part": s.part, "text": s.text}
        for s in k.sources
    ]
    return {
        "name": k.name,
        "lines": lines,
        "calls": k.calls,
        "seconds": k.seconds,
        "share": k.share,
        "flops": k.flops,
        "bytes": k.bytes,
        "traffic": asdict(k.traffic),
        "flop_rate": k.flop_rate,
        "byte_rate": k.byte_rate,
        "roof": k.roof,
        "limit": None if k.roof is None else "flop" if k.is_compute_bound else "memory",
        "note": k.note,
    }


# --- trace ----------------------------------------------------------------------------------------


def write_trace(report: Report, path: Path) -> None:
    """Write some runs of each program, call by call and thread by thread.

    The format is that of Chrome's trace viewer, which Perfetto reads: complete events (``X``) with
    a beginning and a duration in microseconds.
    """
    runs = [(p, run) for p in report.programs for run in p.record.traces]
    zero = min(run.start for _, run in runs)
    threads = max(run.times.shape[1] for _, run in runs)
    events = list(_names(report.command, threads))
    for program, run in sorted(runs, key=lambda pair: pair[1].start):
        events += _run_events(program, run, zero)
    content = {"traceEvents": events, "displayTimeUnit": "ms"}
    path.write_text(json.dumps(content), encoding="utf-8")


def _names(command: str, threads: int) -> Iterator[dict[str, Any]]:
    yield _event("M", "process_name", 0, args={"name": command})
    for n in range(threads):
        name = "thread 0 (Python's)" if n == 0 else f"thread {n}"
        yield _event("M", "thread_name", n, args={"name": name})
        yield _event("M", "thread_sort_index", n, args={"sort_index": n})


def _run_events(program: ProgramReport, run: TimedRun, zero: int) -> Iterator[dict[str, Any]]:
    label = program.record.label
    yield _span(label, "program", 0, run.start - zero, run.end - run.start, {"program": label})
    kernel_of = {number: k for k in program.kernels for number in k.numbers}
    for number, threads in enumerate(run.times.tolist()):
        if not run.runs[number]:
            continue
        kernel = kernel_of[number]
        said = _arguments(kernel)
        if run.runs[number] > 1:
            said["the last of"] = int(run.runs[number])
        for thread, (begin, end) in enumerate(threads):
            if end > begin:
                kind = "host" if kernel.roof is None else "kernel"
                yield _span(kernel.name, kind, thread, begin - zero, end - begin, said)


def _arguments(k: KernelTime) -> dict[str, Any]:
    found: dict[str, Any] = {"line": str(k.sources[0]) if k.sources else ""}
    if k.parts:
        found["part"] = ", ".join(k.parts)
    if k.roof is not None:
        found["flop"], found["bytes"] = round(k.flops / k.calls), round(k.bytes / k.calls)
        found["roof"] = round(k.roof, 3)
    return found


def _span(
    name: str, kind: str, thread: int, start: int, duration: int, args: dict[str, Any]
) -> dict[str, Any]:
    return _event(
        "X", name, thread, cat=kind, ts=start / 1000, dur=duration / 1000, args=args
    )  # fmt: skip


def _event(phase: str, name: str, thread: int, **more: Any) -> dict[str, Any]:
    return {"ph": phase, "name": name, "pid": _PROCESS, "tid": thread, **more}
