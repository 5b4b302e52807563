"""Resident memory, as the system counts it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.harness import memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
SIZE = 64_000_000


def test_the_peak_includes_what_is_freed_before_the_end() -> None:
    before = memory.resident_bytes()
    most = memory.peak_bytes(lambda: np.ones(SIZE, np.int8).sum())
    assert before is not None
    assert most is not None
    assert most - before > 0.8 * SIZE
    assert memory.resident_bytes() < before + 0.5 * SIZE


def test_an_earlier_peak_is_forgotten() -> None:
    high = memory.peak_bytes(lambda: np.ones(SIZE, np.int8).sum())
    low = memory.peak_bytes(lambda: None)
    assert high is not None
    assert low is not None
    assert high - low > 0.5 * SIZE


def test_where_the_system_does_not_say_it_is_unknown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "_STATUS", tmp_path / "missing")
    assert memory.resident_bytes() is None
    monkeypatch.setattr(memory, "_RESET", tmp_path / "no" / "folder")
    assert memory.peak_bytes(lambda: None) is None
