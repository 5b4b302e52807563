"""Arguments that must be whole numbers."""

from __future__ import annotations

import operator
from typing import Any

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.variable import Variable


def whole_number(caller: str, name: str, value: Any, least: int, most: int = 2**63 - 1) -> int:
    """Return an argument as an int.

    Args:
        caller: Function that has the argument, for the message.
        name: Name of the argument.
        value: An int, or a tensor or variable that holds one.
        least: Smallest value it may have.
        most: Largest value it may have; by default, what int64 holds.

    Raises:
        DTypeError: It is not one whole number.
        InvalidArgumentError: It is too small or too large.

    Example:
        >>> whole_number("image", "max_outputs", 3, least=0)
        3
    """
    given = value.value() if isinstance(value, Variable) else value
    try:
        number = operator.index(given)
    except (TypeError, InvalidArgumentError):
        raise DTypeError(f"{caller}: {name} must be one whole number, received {value!r}") from None
    if not least <= number <= most:
        raise InvalidArgumentError(
            f"{caller}: {name} must be from {least} to {most}, received {number}"
        )
    return number
