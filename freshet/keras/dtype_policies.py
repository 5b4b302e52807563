"""`DTypePolicy`: which dtype a layer computes in and keeps its weights in."""

from __future__ import annotations

from typing import Any, Final

from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import UnimplementedError
from freshet.keras.configurable import Configurable, deserialize_object

__all__ = ["DTypePolicy"]
ALIASES: Final[dict[str, type]] = {}

_floatx = "float32"


def floatx() -> str:
    """Return the dtype of layers that are not told another."""
    return _floatx


def set_floatx(value: str) -> None:
    """Make layers from now on use another floating-point dtype."""
    global _floatx  # noqa: PLW0603 (Keras's global setting)
    _floatx = as_dtype(value).name


class DTypePolicy(Configurable):
    """The dtype of a layer's computation and of its weights, which are the same.

    Args:
        name: A floating-point dtype.
    """

    family = "keras"

    def __init__(self, name: str | None = None) -> None:
        self.name = name or floatx()
        if self.name.startswith("mixed_"):
            raise UnimplementedError(
                f"DTypePolicy: {self.name!r}; mixed precision is not there yet, use "
                "'float32', 'float64', 'float16' or 'bfloat16'"
            )
        self.compute_dtype: DType = as_dtype(self.name)
        self.variable_dtype: DType = self.compute_dtype


def get_policy(value: Any) -> DTypePolicy:
    """Return the policy that a layer's `dtype` argument stands for."""
    if isinstance(value, DTypePolicy):
        return value
    if isinstance(value, dict):
        made = deserialize_object(value)
        assert isinstance(made, DTypePolicy)
        return made
    return DTypePolicy(None if value is None else as_dtype(value).name)
