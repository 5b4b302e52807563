"""`UnconnectedGradients`: what stands for a derivative that does not exist."""

from __future__ import annotations

from enum import Enum
from typing import Any

from freshet.core.errors import InvalidArgumentError


class UnconnectedGradients(Enum):
    """What the derivative is of something that does not depend on its source.

    NONE gives None, ZERO gives zeros of the source's shape. Wherever one is expected, its value
    ("none", "zero") will do.

    Example:
        >>> import freshet as ft
        >>> x = ft.constant(1.0)
        >>> with ft.GradientTape() as tape:
        ...     tape.watch(x)
        >>> float(tape.gradient(ft.constant(2.0), x, unconnected_gradients="zero"))
        0.0
    """

    NONE = "none"
    ZERO = "zero"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        text = value.lower() if isinstance(value, str) else None
        if text not in {"none", "zero"}:
            raise InvalidArgumentError(
                f"unconnected_gradients must be 'none' or 'zero', received {value!r}"
            )
        return cls(text)
