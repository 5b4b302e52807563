"""Every primitive has samples, and every gradient rule one that checks it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from freshet.testing.primitives import PrimitiveSuite, uncovered


def test_no_primitive_is_without_samples() -> None:
    tables = []
    rooms = Path(__file__).parents[1]
    for file in sorted([*rooms.glob("ops/test_*.py"), *rooms.glob("graph/test_*_samples.py")]):
        spec = importlib.util.spec_from_file_location(f"registry_{file.stem}", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        if file != Path(__file__):
            sys.modules[spec.name] = module  # dataclasses look themselves up there
            spec.loader.exec_module(module)
        suites = [s for s in vars(module).values() if isinstance(s, type)]
        tables += [s.samples for s in suites if issubclass(s, PrimitiveSuite)]
    assert uncovered(tables) == []
