"""The small number that keeps logarithms and quotients of losses and metrics finite."""

from __future__ import annotations

from freshet.core.errors import InvalidArgumentError

_epsilon = 1e-7


def epsilon() -> float:
    """Return the small number, dimensionless; 1e-7 unless `set_epsilon` changed it."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Make losses, metrics and constraints from now on use another small number.

    Raises:
        InvalidArgumentError: `value` is not above 0.
    """
    global _epsilon  # noqa: PLW0603 (Keras's global setting)
    if not value > 0:
        raise InvalidArgumentError(f"set_epsilon: expected a number above 0, received {value!r}")
    _epsilon = float(value)
