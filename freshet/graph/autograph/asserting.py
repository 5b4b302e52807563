"""`assert`: Python's own for Python's values, a check when the program runs for tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from freshet.graph.autograph.values import as_condition, staged


def assert_stmt(test: Any, message: Callable[[], Any] | None = None) -> None:
    """Check a condition."""
    tensor = staged(test)
    if tensor is None:
        if not test:
            raise AssertionError(*(() if message is None else (message(),)))
        return
    from freshet.ops.assertions import Assert  # noqa: PLC0415 (few programs assert)

    text = "assertion failed" if message is None else message()
    Assert(as_condition("`assert`", tensor), [text])
