"""A policy for the cart-pole, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the actions' logits and the state."""
    del mode  # it has no dropout
    hidden, hidden_bias, output, output_bias = weights
    return jax.nn.relu(x @ hidden + hidden_bias) @ output + output_bias, state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-2, eps=1e-7)
