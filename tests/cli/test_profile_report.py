"""What the report of ``freshet profile`` says of figures that are given."""

from __future__ import annotations

import pytest

import freshet as ft
from freshet.cli.profile_report import (
    ProgramReport,
    Report,
    program_text,
    report_text,
    size_text,
    time_text,
    verdict,
)
from freshet.compiler.costs import Traffic
from freshet.core.source import SourceLine
from freshet.runtime.machine import Bandwidth
from freshet.runtime.recorder import ProgramRecord, Recorder
from freshet.runtime.roofline import KernelTime, Machine, Roof

ROOF = Roof(1e11, Bandwidth(1e10, 1e10, 1e10))


@pytest.fixture(scope="module")
def record() -> ProgramRecord:
    double = ft.function(lambda x: x + x)
    with Recorder() as recorder:
        for _ in range(8):
            double(ft.ones(5))
    return recorder.programs[0]


def kernel(name: str, seconds: float, roof: float | None, **more) -> KernelTime:
    given = {
        "sources": (SourceLine("train.py", 7, "f", name.upper()),), "calls": 1, "flops": 4,
        "traffic": Traffic(4, 4, 0), "share": seconds / 1e-3, "is_compute_bound": True, "note": "",
        "numbers": (0,),
    }  # fmt: skip
    return KernelTime(name=name, seconds=seconds, roof=roof, **(given | more))


def said(record: ProgramRecord, *kernels: KernelTime) -> str:
    """Return the verdict but for what the test's own machine adds: how runs went."""
    text = verdict(ProgramReport(record, ROOF, list(kernels)))
    return text.partition(" But the fastest run took ")[0]


def test_the_kernel_with_most_to_win_comes_first(record):
    text = said(record, kernel("fast", 6e-4, 0.45), kernel("slow", 4e-4, 0.1))
    assert text.startswith("2 kernels take 100% of the time and stay below 50% of the roof.")
    assert "Most is to be won in slow (SLOW): 10% of what the arithmetic allows;" in text
    assert "would take 360 us less" in text
    assert "Then fast (FAST, 330 us)." in text


def test_memory_and_notes_are_named(record):
    text = said(record, kernel("k", 1e-3, 0.2, is_compute_bound=False, note="it is odd"))
    assert text.startswith("One kernel takes 100% of the time and stays below")
    assert "20% of what the memory allows (it is odd);" in text


def test_what_takes_little_or_is_near_its_roof_is_not_complained_of(record):
    text = said(record, kernel("good", 9.8e-4, 0.5), kernel("trifle", 2e-5, 0.01))
    assert text.startswith("Every kernel that takes 3% of the time or more reaches at least 50%")
    assert "they would take 490 us instead of 1 ms." in text


def test_the_rest_of_the_kernels_is_summed_up(record):
    kernels = [kernel(f"k{n}", 1e-4, 1.0) for n in range(5)]
    lines = program_text(ProgramReport(record, ROOF, kernels), top=2, width=100).splitlines()
    (rest,) = (line for line in lines if "more kernels" in line)
    assert rest.split() == ["0.300", "30.0%", "3", "3", "more", "kernels"]


def test_no_line_is_longer_than_the_terminal_is_wide(record):
    kernels = [kernel("contract_" * 20, 1e-3, 0.1), kernel("b", 1e-4, None, note="why")]
    program = ProgramReport(record, ROOF, kernels)
    machine = Machine(2, 1e11, Bandwidth(1e10, 1e10, 1e10), {})
    text = report_text(Report("train.py", "finished", 2.0, 0.5, machine, [program]), 5, width=90)
    assert max(map(len, text.splitlines())) <= 90
    assert "train.py finished after 2.0 s, of which compiled programs ran 500 ms (25%)" in text
    assert "Most of the time passes outside of them" in text


def test_units_suit_the_numbers():
    assert [time_text(s) for s in (12.34, 0.0123, 1.5e-5)] == ["12.3 s", "12.3 ms", "15 us"]
    assert [size_text(n) for n in (512, 12_400_000)] == ["0.5 kB", "12.4 MB"]
