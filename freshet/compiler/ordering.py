"""Putting things in order: what is needed comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def dependencies_first(wanted: Iterable[int], before: Callable[[int], Iterable[int]]) -> list[int]:
    """Return numbers in the order given, each after those that must come before it.

    Args:
        wanted: The numbers.
        before: What must come before a number. In a circle the one wanted first comes last.

    Example:
        >>> dependencies_first([0, 1, 2], {0: [2], 1: [], 2: [1]}.__getitem__)
        [1, 2, 0]
    """
    done: list[int] = []
    seen: set[int] = set()
    # A stack of its own: programs are deeper than Python's.
    waiting = [(number, False) for number in reversed(list(wanted))]
    while waiting:
        number, ready = waiting.pop()
        if ready:
            done.append(number)
        elif number not in seen:
            seen.add(number)
            waiting.append((number, True))
            waiting += [(n, False) for n in reversed(list(before(number))) if n not in seen]
    return done
