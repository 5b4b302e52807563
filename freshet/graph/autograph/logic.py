"""`and`, `or`, `not` and chains of comparisons."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final

from freshet.core.tensor import Tensor
from freshet.graph.autograph.branching import if_exp
from freshet.graph.autograph.values import as_condition, staged
from freshet.ops.math import logical_and, logical_not, logical_or

_COMPARISONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge,
    "eq": operator.eq, "ne": operator.ne, "is_": operator.is_, "is_not": operator.is_not,
    "in_": lambda x, y: x in y, "not_in": lambda x, y: x not in y,
}  # fmt: skip


def and_(value: Any, *rest: Callable[[], Any]) -> Any:
    """Return ``value and rest[0]() and ...``; what is not needed is not run."""
    if not rest:
        return value
    thunk, *others = rest
    found = staged(value)
    if found is not None:
        return if_exp(found, lambda: and_(thunk(), *others), lambda: found)
    return and_(thunk(), *others) if value else value


def or_(value: Any, *rest: Callable[[], Any]) -> Any:
    """Return ``value or rest[0]() or ...``; what is not needed is not run."""
    if not rest:
        return value
    thunk, *others = rest
    found = staged(value)
    if found is not None:
        return if_exp(found, lambda: found, lambda: or_(thunk(), *others))
    return value if value else or_(thunk(), *others)


def both_and_(value: Any, *rest: Callable[[], Any]) -> Any:
    """Return ``value and ...`` where the rest costs nothing and changes nothing."""
    for number, thunk in enumerate(rest):
        found = staged(value)
        if found is None and not value:
            return value
        other = thunk()
        if found is None:
            value = other
        elif _is_boolean(found) and _is_boolean(other):
            value = logical_and(as_condition("`and`", found), as_condition("`and`", other))
        else:
            both = if_exp(found, lambda: other, lambda: found)  # noqa: B023 (called at once)
            return and_(both, *rest[number + 1 :])
    return value


def both_or_(value: Any, *rest: Callable[[], Any]) -> Any:
    """Return ``value or ...`` where the rest costs nothing and changes nothing."""
    for number, thunk in enumerate(rest):
        found = staged(value)
        if found is None and value:
            return value
        other = thunk()
        if found is None:
            value = other
        elif _is_boolean(found) and _is_boolean(other):
            value = logical_or(as_condition("`or`", found), as_condition("`or`", other))
        else:
            either = if_exp(found, lambda: found, lambda: other)  # noqa: B023 (called at once)
            return or_(either, *rest[number + 1 :])
    return value


def _is_boolean(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.dtype.name == "bool"
    return isinstance(value, bool)


def not_(value: Any) -> Any:
    """Return ``not value``; of a boolean tensor, element by element."""
    found = staged(value)
    if found is None:
        return not value
    return logical_not(found if _is_boolean(found) else as_condition("`not`", found))


def compare(names: tuple[str, ...], left: Any, *rest: Callable[[], Any]) -> Any:
    """Return ``left < a < b``: whether each holds between neighbours, evaluated once each."""
    result: Any = True
    for name, thunk in zip(names, rest, strict=True):
        right = thunk()
        result = both_and_(result, lambda: _COMPARISONS[name](left, right))  # noqa: B023 (at once)
        if staged(result) is None and not result:
            return result
        left = right
    return result


def go_on(*flags: Any) -> Any:
    """Return whether none of the flags is set that say that something was left."""
    return not_(both_or_(flags[0], *((lambda flag=flag: flag) for flag in flags[1:])))
