"""The programs of examples/core print what they print when their import is TensorFlow's.

The golden files are the output under TensorFlow 2.21; `make conformance` compares anew.
"""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "examples" / "core"
GOLDEN = Path(__file__).parent / "golden"
ELSEWHERE = {"spectrogram"}
"""Programs with a test file of their own."""
NAMES = sorted({p.stem for p in FOLDER.glob("*.py")} - ELSEWHERE)


@pytest.mark.parametrize("name", NAMES)
def test_it_prints_what_it_prints_under_tensorflow(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")
    expected = (GOLDEN / f"core_{name}.txt").read_text(encoding="utf-8")
    assert capsys.readouterr().out == expected
