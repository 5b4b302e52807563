"""Two GRUs over the rows of an image, in both directions, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import Mode, gru


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the state."""
    hidden, hidden_bias, output, output_bias = weights[12:]
    rows, _ = _both(jnp.swapaxes(x, 0, 1), weights[:6], mode)
    _, last = _both(rows, weights[6:12], mode)
    return jax.nn.relu(last @ hidden + hidden_bias) @ output + output_bias, state


def _both(x: Any, weights: list[Any], mode: Mode) -> tuple[Any, Any]:
    states, last = gru(x, weights[:3], mode)
    backward_states, backward_last = gru(x, weights[3:], mode, backward=True)
    return states + backward_states, last + backward_last


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
