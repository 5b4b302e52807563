"""What ``freshet profile`` prints: a table for each program, and what to make of it."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from freshet.runtime.machine import Bandwidth
from freshet.runtime.recorder import ProgramRecord
from freshet.runtime.roofline import FAR_BELOW, MUCH, KernelTime, Machine, Roof

_SHOWN: Final = 5
"""Programs with a table, of those that take at least `_LEAST` of the time of all."""
_LEAST: Final = 0.01
_OUTSIDE: Final = 0.2
"""Part of a run outside of its kernels from which the verdict mentions it."""
_DISTURBED: Final = 1.5
"""A run takes longer than the fastest by this factor only if it is disturbed."""
_HEAD: Final = (
    "ms",
    "share",
    "calls",
    "GFLOP/s",
    "GB/s",
    "roof",
    "limit",
    "kernel",
    "part",
    "line",
)
_WIDEST: Final = {"kernel": 32, "part": 30}


@dataclass(frozen=True)
class ProgramReport:
    """A program, what the machine allows it, and its kernels, the slowest first."""

    record: ProgramRecord
    roof: Roof
    kernels: list[KernelTime]

    @property
    def kernel_seconds(self) -> float:
        """What all calls of a run take."""
        return sum(k.seconds for k in self.kernels)


@dataclass(frozen=True)
class Report:
    """The profile of a script.

    Attributes:
        command: The script and its arguments.
        ending: How it ended, such as ``finished``.
        seconds: How long it ran.
        compiled_seconds: How much of that passed in compiled programs.
        machine: What the machine allows.
        programs: Those that are shown, the one with the most time first.
    """

    command: str
    ending: str
    seconds: float
    compiled_seconds: float
    machine: Machine
    programs: list[ProgramReport]


def report_text(report: Report, top: int, width: int | None = None) -> str:
    """Return the whole report.

    Args:
        report: The profile.
        top: Kernels shown of each program.
        width: Characters of a line; the terminal's by default.
    """
    width = width or max(shutil.get_terminal_size((120, 24)).columns, 80)
    least = _LEAST * sum(p.record.total_seconds for p in report.programs)
    shown = [p for p in report.programs if p.record.total_seconds >= least][:_SHOWN]
    sections = [_head(report, width), *(program_text(p, top, width) for p in shown)]
    rest = report.programs[len(shown) :]
    if rest:
        seconds = sum(p.record.total_seconds for p in rest)
        names = ", ".join(dict.fromkeys(p.record.name for p in rest))
        sections.append(
            _wrapped(
                f"Not shown: {_many(len(rest), 'program')} that took {time_text(seconds)} in all "
                f"({names}); --program NAME shows one.",
                width,
            )
        )
    return "\n\n".join(sections)


def _head(report: Report, width: int) -> str:
    share = report.compiled_seconds / report.seconds if report.seconds else 0.0
    machine = report.machine
    lines = [
        f"{report.command} {report.ending} after {time_text(report.seconds)}, of which compiled "
        f"programs ran {time_text(report.compiled_seconds)} ({share:.0%})",
        f"This machine, on {_many(machine.threads, 'thread')}: at most "
        f"{machine.peak_flops / 1e9:.0f} GFLOP/s, and {machine.far_bandwidth.most / 1e9:.0f} GB/s "
        "from memory that no cache holds",
    ]
    if share < FAR_BELOW:
        lines.append("Most of the time passes outside of them: importing, compiling, data, Python.")
    return "\n".join(textwrap.fill(line, width) for line in lines)


def program_text(program: ProgramReport, top: int, width: int) -> str:
    """Return a program's figures, its table and the verdict on it."""
    return "\n".join(
        [
            cut(program.record.label, width),
            *(cut(line, width) for line in _figures(program)),
            "",
            *_table(program, top, width),
            "",
            _wrapped(verdict(program), width),
        ]
    )


def _rates(bandwidth: Bandwidth) -> str:
    read, write, update = (x / 1e9 for x in (bandwidth.read, bandwidth.write, bandwidth.update))
    return f"read at {read:.0f} GB/s, written at {write:.0f}, updated at {update:.0f}"


def _figures(program: ProgramReport) -> list[str]:
    record = program.record
    different = len(program.kernels)
    lines = [
        f"  {_many(record.runs, 'run')}, {time_text(record.total_seconds)} in all, "
        f"{time_text(record.seconds)} each; {_calls(sum(record.call_counts))} of "
        f"{_many(different, 'kernel')}",
        f"  its data take {size_text(record.working_set)}; memory of that size is "
        f"{_rates(program.roof.bandwidth)}",
    ]
    if record.is_cold:
        lines.append("  it was seen once, with cold caches: its times are those of a first run")
    else:
        lines.append(f"  sampled: {_many(record.sampled, 'run')}{_cost(record.overhead)}")
    if _only_line(program):
        lines.append(f"  line: {_only_line(program)}")
    return lines


def _cost(overhead: float | None) -> str:
    if overhead is None:
        return ""
    more = f"{overhead:.1%} longer" if overhead >= 0.0005 else "no longer"
    return f", which took {more} than the others"


def _table(program: ProgramReport, top: int, width: int) -> list[str]:
    kernels = program.kernels
    rows = [_row(k) for k in kernels[:top]]
    rest = kernels[top:]
    if rest:
        seconds, share = sum(k.seconds for k in rest), sum(k.share for k in rest)
        calls = sum(k.calls for k in rest)
        rows.append([_ms(seconds), f"{share:.1%}", count_text(calls), "", "", "", "",
                     f"{_many(len(rest), 'more kernel')}", "", ""])  # fmt: skip
    columns = list(zip(_HEAD, *rows, strict=True))
    if _only_line(program):
        del columns[_HEAD.index("line")]
    if not any(columns[_HEAD.index("part")][1:]):
        del columns[_HEAD.index("part")]
    widths = [max(map(len, c)) for c in columns]
    lines = []
    for cells in zip(*columns, strict=True):
        # Numbers, and what stands before the kernel's name, to the right; words to the left.
        parts = [
            cell.rjust(w) if n < _HEAD.index("limit") else cell.ljust(w)
            for n, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        lines.append(cut("  " + "  ".join(parts).rstrip(), width))
    outside = program.record.outside_seconds
    what = "outside of kernels: arguments, waking threads, barriers"
    lines.append(f"  {_ms(outside).rjust(widths[0])}  {what}")
    return lines


def _only_line(program: ProgramReport) -> str:
    """Return the one line that all kernels come from, if parts tell them apart; or nothing."""
    lines = {(s.file, s.line): s for k in program.kernels for s in k.sources}
    if len(lines) != 1 or not any(k.parts for k in program.kernels):
        return ""
    (only,) = lines.values()
    return f"{only.short}  {only.text}"


def _row(k: KernelTime) -> list[str]:
    roof = "" if k.roof is None else f"{k.roof:.0%}"
    limit = "" if k.roof is None else "flop" if k.is_compute_bound else "mem"
    return [
        _ms(k.seconds), f"{k.share:.1%}", count_text(k.calls),
        f"{k.flop_rate / 1e9:.1f}" if k.flops else "",
        f"{k.byte_rate / 1e9:.1f}" if k.bytes else "",
        roof, limit, cut(k.name, _WIDEST["kernel"]), cut(", ".join(k.parts), _WIDEST["part"]),
        line_text(k),
    ]  # fmt: skip


def line_text(k: KernelTime) -> str:
    """Return the first of the user's lines that a kernel comes from."""
    if not k.sources:
        return ""
    first = k.sources[0]
    return f"{first.short}  {first.text}".rstrip()


# --- verdict --------------------------------------------------------------------------------------


def verdict(program: ProgramReport) -> str:
    """Return what to look at first, in a paragraph."""
    weak = [k for k in program.kernels if k.is_weak]
    host = [k for k in program.kernels if k.roof is None and k.share >= MUCH]
    sentences = _weak_sentences(program, weak) if weak else [_praise(program)]
    sentences += [
        f"{k.name} ({_where(k)}) takes {k.share:.0%} of the time: {k.note}." for k in host
    ]
    outside = program.record.outside_seconds
    if outside > _OUTSIDE * (outside + program.kernel_seconds):
        sentences.append(
            f"{outside / (outside + program.kernel_seconds):.0%} of a run pass outside of its "
            "kernels: they are short, and a larger batch would use the machine better."
        )
    record = program.record
    if record.seconds > _DISTURBED * record.fastest_seconds and not record.varies:
        sentences.append(
            f"But the fastest run took {time_text(record.fastest_seconds)}: something else was "
            "using the machine. Measure again when it is quiet."
        )
    return " ".join(sentences)


def _praise(program: ProgramReport) -> str:
    return (
        f"Every kernel that takes {MUCH:.0%} of the time or more reaches at least {FAR_BELOW:.0%} "
        f"of its roof. If all kernels were on it, they would take {time_text(_at_roof(program))} "
        f"instead of {time_text(program.kernel_seconds)}."
    )


def _weak_sentences(program: ProgramReport, weak: Sequence[KernelTime]) -> list[str]:
    share = sum(k.share for k in weak)
    first, *others = sorted(weak, key=_gain, reverse=True)
    count = "One kernel takes" if len(weak) == 1 else f"{len(weak)} kernels take"
    verb = "stays" if len(weak) == 1 else "stay"
    limit = "arithmetic" if first.is_compute_bound else "memory"
    note = f" ({first.note})" if first.note else ""
    sentences = [
        f"{count} {share:.0%} of the time and {verb} below {FAR_BELOW:.0%} of the roof.",
        f"Most is to be won in {first.name} ({_where(first)}): {first.roof:.0%} of what the "
        f"{limit} allows{note}; at its roof a run would take {time_text(_gain(first))} less than "
        f"its {time_text(program.record.seconds)}.",
    ]
    if others:
        named = ", ".join(f"{k.name} ({_where(k)}, {time_text(_gain(k))})" for k in others[:2])
        sentences.append(f"Then {named}.")
    return sentences


def _at_roof(program: ProgramReport) -> float:
    """Return what a run's kernels would take on their roofs; those beyond it stay as they are."""
    return sum(k.seconds * min(1.0 if k.roof is None else k.roof, 1.0) for k in program.kernels)


def _gain(k: KernelTime) -> float:
    """Return what a run would save if the kernel reached its roof."""
    return k.seconds * (1.0 - (1.0 if k.roof is None else k.roof))


def _where(k: KernelTime) -> str:
    if k.parts:
        return k.parts[0] if len(k.parts) == 1 else f"{k.parts[0]} and more"
    return k.sources[0].short if k.sources else "no line"


# --- words and numbers ----------------------------------------------------------------------------


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _calls(number: float) -> str:
    return f"{count_text(number)} call{'' if number == 1 else 's'}"


def count_text(number: float) -> str:
    """Return how often something happens: a whole number, or a mean with a decimal."""
    return f"{number:,.0f}" if number == round(number) else f"{number:,.1f}"


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:.3f}"


def time_text(seconds: float) -> str:
    """Return a time with a unit that suits it."""
    if seconds >= 1.0:
        return f"{seconds:.1f} s"
    return f"{1e3 * seconds:.3g} ms" if seconds >= 1e-3 else f"{1e6 * seconds:.3g} us"


def size_text(count: int) -> str:
    """Return a number of bytes with a unit that suits it."""
    if count >= 1e6:
        return f"{count / 1e6:,.1f} MB"
    return f"{count / 1e3:,.1f} kB"


def cut(text: str, width: int) -> str:
    """Return a text that is no longer than `width`."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, min(width, 100), initial_indent="  ", subsequent_indent="  ")
