"""MLP 784-512-10, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode, dropout


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the state."""
    hidden, hidden_bias, output, output_bias = weights
    h = dropout(jax.nn.relu(x @ hidden + hidden_bias), mode)
    return h @ output + output_bias, state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
