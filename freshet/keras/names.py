"""Automatic names: ``dense``, ``dense_1``, ..."""

from __future__ import annotations

from collections import Counter
from typing import Final

from freshet.core.module import to_snake_case

_used: Final[Counter[str]] = Counter()


def auto_name(prefix: str) -> str:
    """Return a name that no earlier call returned since the last `clear_session`."""
    number = _used[prefix]
    _used[prefix] += 1
    return prefix if number == 0 else f"{prefix}_{number}"


def class_prefix(cls: type) -> str:
    """Return the name that objects of a class are numbered under."""
    return to_snake_case(cls.__name__)


def clear_session(free_memory: bool = True) -> None:
    """Start automatic names again at the first."""
    del free_memory
    _used.clear()
