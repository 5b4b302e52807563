"""How much memory this process holds; Linux only, elsewhere None."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_RESET: Final = Path("/proc/self/clear_refs")
_FORGET_PEAK: Final = "5"


def resident_bytes() -> int | None:
    """Return the memory that is resident now."""
    return _status("VmRSS")


def peak_bytes(work: Callable[[], object]) -> int | None:
    """Do something; return the most memory that was resident meanwhile.

    What was freed before is given back to the system first, as far as `malloc` can: memory that a
    compiler has used is not a step's.
    """
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _RESET.write_text(_FORGET_PEAK)
    except (OSError, AttributeError):
        return None
    work()
    return _status("VmHWM")


def _status(field: str) -> int | None:
    try:
        lines = _STATUS.read_text().splitlines()
    except OSError:
        return None
    found = dict(line.split(":", 1) for line in lines)
    return int(found[field].split()[0]) * 1024 if field in found else None
