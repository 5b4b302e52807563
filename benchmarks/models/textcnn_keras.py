"""Convolutions of three widths over words, the largest of each kept, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits."""
    words = keras.Input([56], dtype="int32")
    vectors = layers.Embedding(20_000, 128)(words)
    found = [
        layers.GlobalMaxPooling1D()(layers.Conv1D(128, width, activation="relu")(vectors))
        for width in (3, 4, 5)
    ]
    features = layers.Dropout(rate)(layers.Concatenate()(found))
    return keras.Model(words, layers.Dense(2)(features))


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.Adam(1e-4)
