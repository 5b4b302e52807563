"""A warning for functions that are traced again and again, which says what changed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final
from weakref import WeakKeyDictionary

from freshet.core.shapes import TensorSpec
from freshet.core.tensor import Tensor

CALLS: Final = 10
TRACES: Final = 5
"""A warning comes when so many of the last calls had to trace; as in TensorFlow."""
WARNINGS: Final = 2
"""So many warnings a function."""
_LOG: Final = logging.getLogger("freshet")


class Retracing:
    """Watches the calls of one function.

    Attributes:
        calls: How many there were.
    """

    def __init__(self, name: str) -> None:
        self.calls = 0
        self._name = name
        self._traces: deque[int] = deque(maxlen=TRACES)
        self._warnings = 0
        self._before: Sequence[Any] | None = None

    def traced(self, arguments: Sequence[Any]) -> None:
        """Note that the last call traced; warn if too many did.

        Args:
            arguments: The leaves of its arguments.
        """
        arguments = [
            TensorSpec(leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf
            for leaf in arguments
        ]
        changed = self._difference(arguments)
        self._before = arguments
        self._traces.append(self.calls)
        last = self.calls - self._traces[0] + 1
        often = len(self._traces) == TRACES and last <= CALLS
        if not often or self._warnings == WARNINGS:
            return
        self._warnings += 1
        _LOG.warning(
            "%s was traced in %d of its last %d calls, which takes much more time than running it. "
            "%s. Define it once, outside of loops; give tensors for numbers that change; leave "
            "sizes that change open, with input_signature or reduce_retracing=True.",
            self._name, TRACES, last, changed,
        )  # fmt: skip

    def _difference(self, arguments: Sequence[Any]) -> str:
        before = self._before
        if before is None or len(before) != len(arguments):
            return "The number of its arguments differs from call to call"
        for number, (old, new) in enumerate(zip(before, arguments, strict=True)):
            if isinstance(old, TensorSpec) and isinstance(new, TensorSpec):
                if old.type != new.type:
                    return f"This time argument {number} was {new.type} instead of {old.type}"
            elif type(old) is not type(new) or old is not new:
                return f"This time argument {number} was {_short(new)} instead of {_short(old)}"
        return (
            "Each ft.function(...) has traces of its own, or the structure of its arguments "
            "differs from call to call"
        )


_WATCHED: Final[WeakKeyDictionary[Callable[..., Any], Retracing]] = WeakKeyDictionary()


def retracing_of(python_function: Callable[..., Any], name: str) -> Retracing:
    """Return what watches a Python function, the same however often it is made an `ft.function`."""
    try:
        return _WATCHED.setdefault(python_function, Retracing(name))
    except TypeError:  # an object that has no hash, or that cannot be referred to weakly
        return Retracing(name)


def _short(value: Any) -> str:
    text = str(value.type) if isinstance(value, TensorSpec) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
