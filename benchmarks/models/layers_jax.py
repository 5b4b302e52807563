"""What the networks in JAX are made of, on Keras's weights.

Forms: `window` pools with `reduce_window`, as the libraries do; `reshape` takes the maximum over
axes of size 2, whose gradient XLA:CPU runs much faster. `scan` runs a recurrent layer position by
position, `unrolled` by seven at a time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


class Mode(NamedTuple):
    """How a network is run: the key of this step's random numbers, dropout's rate, the form."""

    key: Any
    rate: float
    form: str


def convolution(x: Any, kernel: Any, stride: int = 1, padding: str = "SAME") -> Any:
    """Convolve images or sequences."""
    space = "HW"[: x.ndim - 2]
    layout = (f"N{space}C", f"{space}IO", f"N{space}C")
    strides = (stride,) * len(space)
    return jax.lax.conv_general_dilated(x, kernel, strides, padding, dimension_numbers=layout)


def transposed_convolution(x: Any, kernel: Any, stride: int) -> Any:
    """Return images that are `stride` times as large."""
    return jax.lax.conv_transpose(
        x, kernel, (stride, stride), "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"), transpose_kernel=True,
    )  # fmt: skip


def max_pool(x: Any, mode: Mode) -> Any:
    """Return the largest of each two neighbours on each axis of space."""
    n, *space, channels = x.shape
    if "reshape" in mode.form:
        pairs = (half for size in space for half in (size // 2, 2))
        return x.reshape(n, *pairs, channels).max(tuple(range(2, 2 * len(space) + 1, 2)))
    window = (1, *(2 for _ in space), 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def batch_norm(x: Any, gamma: Any, beta: Any, averages: Any) -> tuple[Any, Any]:
    """Normalize by the batch; return the result and the new moving averages."""
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    y = (x - mean) * (jax.lax.rsqrt(variance + 1e-3) * gamma) + beta
    old_mean, old_variance = averages
    return y, (old_mean * 0.99 + mean * 0.01, old_variance * 0.99 + variance * 0.01)


def averages(channels: int) -> Any:
    """Return the moving averages that batch normalization begins with."""
    return jnp.zeros(channels), jnp.ones(channels)


def layer_norm(x: Any, gamma: Any, beta: Any) -> Any:
    """Normalize each vector."""
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * gamma + beta


def dropout(x: Any, mode: Mode) -> Any:
    """Set elements to 0 with the mode's probability and enlarge the others."""
    if not mode.rate:
        return x
    keep = 1 - mode.rate
    return jnp.where(jax.random.bernoulli(mode.key, keep, x.shape), x / keep, 0)


def gru(x: Any, weights: Any, mode: Mode, *, backward: bool = False) -> tuple[Any, Any]:
    """Return the state at each position and the last one; positions come before examples."""
    kernel, recurrent, (bias, recurrent_bias) = weights

    def cell(state: Any, given: Any) -> tuple[Any, Any]:
        update_x, reset_x, candidate_x = jnp.split(given, 3, axis=-1)
        own = jnp.split(state @ recurrent + recurrent_bias, 3, axis=-1)
        update, reset = jax.nn.sigmoid(update_x + own[0]), jax.nn.sigmoid(reset_x + own[1])
        candidate = jnp.tanh(candidate_x + reset * own[2])
        state = update * state + (1 - update) * candidate
        return state, state

    begin = jnp.zeros((x.shape[1], len(recurrent)))
    last, states = jax.lax.scan(
        cell, begin, x @ kernel + bias, reverse=backward, unroll=_unroll(mode)
    )
    return states, last


def lstm(x: Any, weights: Any, mode: Mode) -> Any:
    """Return the output at each position; positions come before examples."""
    kernel, recurrent, bias = weights

    def cell(carried: Any, given: Any) -> tuple[Any, Any]:
        output, memory = carried
        enter, forget, candidate, leave = jnp.split(given + output @ recurrent, 4, axis=-1)
        memory = jax.nn.sigmoid(forget) * memory + jax.nn.sigmoid(enter) * jnp.tanh(candidate)
        output = jax.nn.sigmoid(leave) * jnp.tanh(memory)
        return (output, memory), output

    begin = jnp.zeros((x.shape[1], len(recurrent)))
    given = x @ kernel + bias
    return jax.lax.scan(cell, (begin, begin), given, unroll=_unroll(mode))[1]


def _unroll(mode: Mode) -> int:
    return 7 if "unrolled" in mode.form else 1
