"""A convolution and two GRUs over the rows of an image, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits."""
    del rate  # it has no dropout
    return keras.Sequential(
        [
            keras.Input([28, 28]),
            layers.Conv1D(32, 5, padding="same", activation="relu"),
            layers.MaxPooling1D(2),
            layers.GRU(128, return_sequences=True),
            layers.GRU(256),
            layers.Dense(1024, activation="relu"),
            layers.Dense(10),
        ]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.Adam(1e-4)
