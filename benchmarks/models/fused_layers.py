"""Keras's layers with a batch normalization that uses TensorFlow's fused operation."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from keras.layers import *  # noqa: F403 (stands in for the module)
from keras.layers import Layer


class BatchNormalization(Layer):  # type: ignore[misc]
    """Normalization by the batch, with moving averages for later."""

    def build(self, shape: Any) -> None:
        """Make the weights."""
        channels = (shape[-1],)
        self.gamma = self.add_weight(shape=channels, initializer="ones")
        self.beta = self.add_weight(shape=channels, initializer="zeros")
        self.mean = self.add_weight(shape=channels, initializer="zeros", trainable=False)
        self.variance = self.add_weight(shape=channels, initializer="ones", trainable=False)

    def call(self, x: Any) -> Any:
        """Return the normalized batch; update the averages."""
        images = x if len(x.shape) == 4 else x[:, None, None]
        y, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            images, self.gamma.value, self.beta.value, epsilon=1e-3
        )
        self.mean.assign(self.mean * 0.99 + mean * 0.01)
        self.variance.assign(self.variance * 0.99 + variance * 0.01)
        return y if len(x.shape) == 4 else y[:, 0, 0]
