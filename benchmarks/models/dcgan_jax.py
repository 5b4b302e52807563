"""The generator and the discriminator of a DCGAN for 28x28 images, in JAX."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models.layers_jax import (
    Mode,
    averages,
    batch_norm,
    convolution,
    dropout,
    transposed_convolution,
)


def split(weights: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the generator's weights and the discriminator's."""
    return weights[:10], weights[10:]


def generate(weights: list[Any], state: list[Any], noise: Any) -> tuple[Any, Any]:
    """Return images and the new moving averages."""
    begin, gamma, beta, first, gamma1, beta1, second, gamma2, beta2, last = weights
    h, zero = batch_norm(noise @ begin, gamma, beta, state[0])
    h = jax.nn.leaky_relu(h, 0.3).reshape(-1, 7, 7, 256)
    h, one = batch_norm(transposed_convolution(h, first, 1), gamma1, beta1, state[1])
    h = transposed_convolution(jax.nn.leaky_relu(h, 0.3), second, 2)
    h, two = batch_norm(h, gamma2, beta2, state[2])
    images = jnp.tanh(transposed_convolution(jax.nn.leaky_relu(h, 0.3), last, 2))
    return images, [zero, one, two]


def judge(weights: list[Any], images: Any, mode: Mode) -> Any:
    """Return the logits of images being real."""
    first, first_bias, second, second_bias, output, output_bias = weights
    one, two = jax.random.split(mode.key)
    h = jax.nn.leaky_relu(convolution(images, first, 2) + first_bias, 0.3)
    h = dropout(h, mode._replace(key=one))
    h = jax.nn.leaky_relu(convolution(h, second, 2) + second_bias, 0.3)
    h = dropout(h, mode._replace(key=two))
    return h.reshape(len(h), -1) @ output + output_bias


def initial_state() -> list[Any]:
    """Return the generator's moving averages."""
    return [averages(channels) for channels in (12544, 128, 64)]


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer of both: what it does with one number depends on no other."""
    return optax.adam(1e-4, eps=1e-7)
