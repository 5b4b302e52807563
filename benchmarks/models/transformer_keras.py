"""A small language model of transformer blocks that normalize first, in Keras."""

from __future__ import annotations

from typing import Any


def build(keras: Any, layers: Any, rate: float) -> Any:
    """Return the model; it gives logits for each position."""
    del rate  # it has no dropout

    class Positions(keras.layers.Layer):  # type: ignore[misc]
        """Adds a vector for each position."""

        def build(self, shape: Any) -> None:
            self.table = self.add_weight(shape=tuple(shape[1:]))

        def call(self, x: Any) -> Any:
            return x + self.table

    words = keras.Input([128], dtype="int32")
    x = Positions()(layers.Embedding(8_000, 128)(words))
    for _ in range(4):
        x = _block(layers, x)
    x = layers.LayerNormalization(epsilon=1e-5)(x)
    return keras.Model(words, layers.Dense(8_000)(x))


def _block(layers: Any, x: Any) -> Any:
    h = layers.LayerNormalization(epsilon=1e-5)(x)
    h = layers.MultiHeadAttention(num_heads=4, key_dim=32)(h, h, use_causal_mask=True)
    x = layers.Add()([x, h])
    h = layers.LayerNormalization(epsilon=1e-5)(x)
    h = layers.Dense(512, activation="gelu")(h)
    return layers.Add()([x, layers.Dense(128)(h)])


def optimizer(keras: Any) -> Any:
    """Return the optimizer."""
    return keras.optimizers.AdamW(3e-4, weight_decay=0.01)
