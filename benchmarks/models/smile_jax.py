"""Three convolutions that see whether a face smiles, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode, averages, batch_norm, convolution, max_pool


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the new moving averages."""
    *layers, hidden, hidden_bias, output, output_bias = weights
    h, new = x, []
    for number, old in enumerate(state):
        kernel, gamma, beta = layers[3 * number : 3 * number + 3]
        h, changed = batch_norm(convolution(h, kernel), gamma, beta, old)
        h = max_pool(jax.nn.relu(h), mode)
        new.append(changed)
    h = jax.nn.relu(h.reshape(len(h), -1) @ hidden + hidden_bias)
    return h @ output + output_bias, new


def initial_state() -> list[Any]:
    """Return the moving averages."""
    return [averages(channels) for channels in (12, 24, 48)]


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
