"""A language model of two LSTMs, in JAX."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import Mode, lstm


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits for each position and the state."""
    words, *layers, output, output_bias = weights
    h = words[x.T]  # positions before examples
    for number in range(2):
        h = lstm(h, layers[3 * number : 3 * number + 3], mode)
    return jnp.swapaxes(h, 0, 1) @ output + output_bias, state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.chain(optax.clip_by_global_norm(5.0), optax.sgd(1.0))
