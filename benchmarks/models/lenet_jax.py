"""LeNet with 5x5 convolutions, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode, convolution, dropout, max_pool


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the state."""
    first, first_bias, second, second_bias, hidden, hidden_bias, output, output_bias = weights
    h = max_pool(jax.nn.relu(convolution(x, first) + first_bias), mode)
    h = max_pool(jax.nn.relu(convolution(h, second) + second_bias), mode)
    h = jax.nn.relu(h.reshape(len(h), -1) @ hidden + hidden_bias)
    return dropout(h, mode) @ output + output_bias, state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
