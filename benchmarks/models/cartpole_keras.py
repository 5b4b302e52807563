"""A policy for the cart-pole, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives the actions' logits."""
    del rate  # it has no dropout
    return keras.Sequential(
        [keras.Input([4]), layers.Dense(128, activation="relu"), layers.Dense(2)]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.Adam(1e-2)
