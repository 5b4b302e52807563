"""Two GRUs over the rows of an image, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import Mode, gru


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the state."""
    hidden, hidden_bias, output, output_bias = weights[6:]
    rows, _ = gru(jnp.swapaxes(x, 0, 1), weights[:3], mode)
    _, last = gru(rows, weights[3:6], mode)
    return jax.nn.relu(last @ hidden + hidden_bias) @ output + output_bias, state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
