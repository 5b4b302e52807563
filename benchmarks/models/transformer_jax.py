"""A small language model of transformer blocks that normalize first, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import Mode, layer_norm


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits for each position and the state."""
    del mode  # it has no dropout
    words, positions, *blocks, gamma, beta, output, output_bias = weights
    h = words[x] + positions
    for number in range(4):
        h = _block(h, blocks[16 * number : 16 * number + 16])
    return layer_norm(h, gamma, beta) @ output + output_bias, state


def _block(x: Any, weights: list[Any]) -> Any:
    gamma, beta, *projections, gamma2, beta2, hidden, hidden_bias, output, output_bias = weights
    x = x + _attend(layer_norm(x, gamma, beta), projections)
    h = jax.nn.gelu(layer_norm(x, gamma2, beta2) @ hidden + hidden_bias, approximate=False)
    return x + h @ output + output_bias


def _attend(x: Any, weights: list[Any]) -> Any:
    *split, output, output_bias = weights
    query, key, value = (
        jnp.einsum("bsw,whd->bshd", x, kernel) + bias
        for kernel, bias in zip(split[::2], split[1::2], strict=True)
    )
    found = jax.nn.dot_product_attention(query, key, value, is_causal=True)
    return jnp.einsum("bshd,hdw->bsw", found, output) + output_bias


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adamw(3e-4, eps=1e-7, weight_decay=0.01)
