"""ResNet-20 for 32x32 images, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits."""
    del rate  # it has no dropout

    def normalized(channels: int, size: int, strides: int = 1) -> Any:
        convolution = layers.Conv2D(channels, size, strides, padding="same", use_bias=False)
        return keras.Sequential([convolution, layers.BatchNormalization()])

    class Block(keras.layers.Layer):  # type: ignore[misc]
        def __init__(self, channels: int, *, smaller: bool) -> None:
            super().__init__()
            strides = 2 if smaller else 1
            self.first = normalized(channels, 3, strides)
            self.second = normalized(channels, 3)
            self.around = normalized(channels, 1, strides) if smaller else None

        def call(self, x: Any) -> Any:
            h = self.second(keras.activations.relu(self.first(x)))
            around = x if self.around is None else self.around(x)
            return keras.activations.relu(around + h)

    model = keras.Sequential([keras.Input([32, 32, 3]), normalized(16, 3), layers.ReLU()])
    for channels in (16, 32, 64):
        for number in range(3):
            model.add(Block(channels, smaller=channels > 16 and number == 0))
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10))
    return model


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.SGD(1e-2, momentum=0.9)
