"""A language model of two LSTMs, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits for each position."""
    del rate  # it has no dropout
    return keras.Sequential(
        [
            keras.Input([35], dtype="int32"),
            layers.Embedding(10_000, 200),
            layers.LSTM(200, return_sequences=True),
            layers.LSTM(200, return_sequences=True),
            layers.Dense(10_000),
        ]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.SGD(1.0, global_clipnorm=5.0)
