"""Three residual blocks of 16 channels, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits."""
    del rate  # it has no dropout
    image = keras.Input([32, 32, 16])
    features = image
    for _ in range(3):
        features = _block(layers, features)
    pooled = layers.GlobalAveragePooling2D()(features)
    return keras.Model(image, layers.Dense(10)(pooled))


def _block(layers: Any, x: Any) -> Any:
    h = layers.Conv2D(16, 3, padding="same", use_bias=False)(x)
    h = layers.ReLU()(layers.BatchNormalization()(h))
    h = layers.Conv2D(16, 3, padding="same", use_bias=False)(h)
    return layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(h)]))


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.SGD(1e-2, momentum=0.9)
