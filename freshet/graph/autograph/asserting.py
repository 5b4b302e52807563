"""`assert`: Python's own for Python's values, a check when the program runs for tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.graph.autograph.values import staged


def assert_stmt(test: Any, message: Callable[[], Any] | None = None) -> None:
    """Check a condition."""
    tensor = staged(test)
    if tensor is None:
        if not test:
            raise AssertionError(*(() if message is None else (message(),)))
        return
    import freshet  # noqa: PLC0415 (the namespace above this room)

    text = "assertion failed" if message is None else message()
    freshet.debugging.Assert(tensor, [text])
