"""Masks: which steps of a sequence count.

A mask is bool[batch, steps]. The output of a layer carries it in `_keras_mask`, where the next
layer, the loss and the metrics find it.
"""

from __future__ import annotations

from typing import Any, TypeVar

Value = TypeVar("Value")


def mask_of(value: Any) -> Any:
    """Return the mask that a tensor carries, None if it has none."""
    return getattr(value, "_keras_mask", None)


def with_mask(value: Value, mask: Any) -> Value:
    """Let a tensor, eager or symbolic, carry a mask; None leaves it as it is."""
    if mask is not None:
        value._keras_mask = mask  # type: ignore[attr-defined]
    return value
