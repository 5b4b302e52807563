"""A convolutional autoencoder for 28x28 images, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode, convolution, transposed_convolution


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return images and the state."""
    del mode  # it has no dropout
    *layers, last, last_bias = weights
    h = x
    for number, layer in enumerate((convolution,) * 2 + (transposed_convolution,) * 2):
        kernel, bias = layers[2 * number : 2 * number + 2]
        h = jax.nn.relu(layer(h, kernel, 2) + bias)
    return jax.nn.sigmoid(convolution(h, last) + last_bias), state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
