"""A convolutional autoencoder for 28x28 images, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives images."""
    del rate  # it has no dropout
    same = {"padding": "same", "activation": "relu"}
    return keras.Sequential(
        [
            keras.Input([28, 28, 1]),
            layers.Conv2D(32, 3, strides=2, **same),
            layers.Conv2D(64, 3, strides=2, **same),
            layers.Conv2DTranspose(64, 3, strides=2, **same),
            layers.Conv2DTranspose(32, 3, strides=2, **same),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.Adam(1e-4)
