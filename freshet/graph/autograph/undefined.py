"""Variables without a value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from freshet.core.errors import InvalidArgumentError, OpError
from freshet.graph.autograph.jumps import VALUE

CHOICE: Final = "ag__choice"
"""The name of what a conditional expression results in."""


class Undefined:
    """Stands for a variable that has no value; using it raises.

    Args:
        name: The variable's.
        reason: Why there is none, if it is a tensor's doing; a sentence.
        error: What using it raises then.
    """

    __slots__ = ("error", "name", "reason")
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, name: str, reason: str | None = None, error: type[OpError] = InvalidArgumentError
    ) -> None:
        self.name, self.reason, self.error = name, reason, error

    def fail(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise what Python does for such a variable, or the reason."""
        del args, kwargs
        if self.reason is not None:
            raise self.error(self.reason)
        raise UnboundLocalError(f"{spoken(self.name)} is used before it has a value")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self.fail()

    def __repr__(self) -> str:
        return f"<no value: {self.name}>"


_USES: Final = """
    add sub mul truediv floordiv mod pow matmul and or xor lshift rshift radd rsub rmul rtruediv
    rfloordiv rmod rpow rmatmul rand ror rxor lt le gt ge eq ne neg pos abs invert getitem setitem
    delitem call bool int float index len iter next contains enter exit array
"""
for _name in _USES.split():
    setattr(Undefined, f"__{_name}__", Undefined.fail)


def spoken(name: str) -> str:
    """Return what a variable is called in a message."""
    if name == CHOICE:
        return "`a if condition else b`"
    return "the value that the function returns" if name == VALUE else f"variable {name!r}"


def is_defined(value: Any) -> bool:
    """Return whether a variable has a value."""
    return not isinstance(value, Undefined)


def ld(value: Any) -> Any:
    """Return the value of a variable; raise if it has none."""
    if isinstance(value, Undefined):
        value.fail()
    return value


def look(read: Callable[[], Any], name: str) -> Any:
    """Return an attribute or item; `Undefined` where there is none."""
    try:
        return read()
    except (AttributeError, KeyError, IndexError):
        return Undefined(name)


def returned(value: Any) -> Any:
    """Return what a function returns; raise if it is without a value."""
    parts = value if type(value) in {tuple, list} else (value,)
    for part in parts:
        ld(part)
    return value
