"""Lets the tests import `benchmarks`, which is not installed with Freshet."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))
