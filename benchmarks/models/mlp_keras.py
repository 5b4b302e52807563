"""MLP 784-512-10, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits."""
    return keras.Sequential(
        [
            keras.Input([784]),
            layers.Dense(512, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(10),
        ]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.Adam(1e-4)
