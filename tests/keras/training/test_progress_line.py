"""Durations, speeds and values in words."""

from __future__ import annotations

import pytest

from freshet.keras.training import progress_line


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0.0s"), (9.94, "9.9s"), (9.96, "10s"), (59.6, "1:00"), (3599.9, "1:00:00"),
     (86400.0, "1d 00:00:00"), (-0.1, "0.0s")],
)  # fmt: skip
def test_durations(seconds, text):
    assert progress_line.format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(float("nan"), "nan"), (float("inf"), "inf"), (-0.5, "-0.5000"), (1e-3, "1.0000e-03"),
     (2e6, "2.0000e+06"), ("x", "x"), ([1.0, 2.0], "1.5000")],
)  # fmt: skip
def test_values(value, text):
    assert progress_line.format_value(value) == text


def test_units_that_are_abbreviations_have_no_plural():
    assert progress_line.format_rate(20.0, "kB") == "20 kB/s"
