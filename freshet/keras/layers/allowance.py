"""How much memory the weights may take while a model is made from a file.

A few bytes of a damaged or malicious file can ask for a layer of any size. But the file also holds
every weight, so its own size is a bound.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from freshet.core.errors import DataLossError


class _State(threading.local):
    left: int | None = None


_state = _State()


@contextmanager
def weights_within(size: int) -> Iterator[None]:
    """Let the weights made in the block take this many bytes together."""
    before, _state.left = _state.left, size
    try:
        yield
    finally:
        _state.left = before


def claim(layer: str, weight: str, size: int) -> None:
    """Take a weight's bytes from the allowance, if there is one.

    Raises:
        DataLossError: It is used up.
    """
    if _state.left is None:
        return
    if size > _state.left:
        raise DataLossError(
            f"layer {layer!r}: the weight {weight!r} would need {size} bytes, more than the file "
            "holds"
        )
    _state.left -= size
