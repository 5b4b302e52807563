"""The generator and the discriminator of a DCGAN for 28x28 images, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return a model that holds both; the discriminator gives logits."""

    class Gan(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.generator = _generator(keras, layers)
            self.discriminator = _discriminator(keras, layers, rate)

    return Gan()


def _generator(keras: Any, layers: Any) -> Any:
    same = {"padding": "same", "use_bias": False}
    return keras.Sequential(
        [
            keras.Input([100]),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape([7, 7, 256]),
            layers.Conv2DTranspose(128, 5, strides=1, **same),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(64, 5, strides=2, **same),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(1, 5, strides=2, activation="tanh", **same),
        ]
    )


def _discriminator(keras: Any, layers: Any, rate: float) -> Any:
    return keras.Sequential(
        [
            keras.Input([28, 28, 1]),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(rate),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(rate),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def optimizer(keras: Any) -> Any:
    """Return the optimizer of one of them."""
    return keras.optimizers.Adam(1e-4)
