"""Three residual blocks of 16 channels, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode, averages, batch_norm, convolution


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the new moving averages."""
    del mode  # it has no dropout
    *blocks, output, output_bias = weights
    new = []
    for number in range(3):
        first, gamma1, beta1, second, gamma2, beta2 = blocks[6 * number : 6 * number + 6]
        h, one = batch_norm(convolution(x, first), gamma1, beta1, state[2 * number])
        h = convolution(jax.nn.relu(h), second)
        h, two = batch_norm(h, gamma2, beta2, state[2 * number + 1])
        x = jax.nn.relu(x + h)
        new += [one, two]
    return x.mean((1, 2)) @ output + output_bias, new


def initial_state() -> list[Any]:
    """Return the moving averages: one pair for each normalization."""
    return [averages(16) for _ in range(6)]


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.sgd(1e-2, momentum=0.9)
