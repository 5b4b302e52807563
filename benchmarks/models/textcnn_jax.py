"""Convolutions of three widths over words, the largest of each kept, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import Mode, convolution, dropout


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the state."""
    words, *windows, output, output_bias = weights
    vectors = words[x]
    found = [
        jax.nn.relu(convolution(vectors, kernel, padding="VALID") + bias).max(1)
        for kernel, bias in zip(windows[::2], windows[1::2], strict=True)
    ]
    return dropout(jnp.concatenate(found, 1), mode) @ output + output_bias, state


def initial_state() -> list[Any]:
    """Return what training changes beside the weights."""
    return []


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.adam(1e-4, eps=1e-7)
