"""Two GRUs over the rows of an image, in both directions, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits."""
    del rate  # it has no dropout
    return keras.Sequential(
        [
            keras.Input([28, 28]),
            layers.Bidirectional(layers.GRU(128, return_sequences=True), merge_mode="sum"),
            layers.Bidirectional(layers.GRU(256), merge_mode="sum"),
            layers.Dense(1024, activation="relu"),
            layers.Dense(10),
        ]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.Adam(1e-4)
