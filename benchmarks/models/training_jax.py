"""One training step in JAX: plain functions and optax, one `jit` with its state donated.

Forms: `window` pools with `reduce_window`, as the libraries do; `reshape` takes the maximum over
axes of size 2, whose gradient XLA:CPU runs much faster. JAX's default random generator stays: it
is the faster one on a CPU, where XLA fuses it with what uses it.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from benchmarks.models import Data, Problem


class Mode(NamedTuple):
    """How a network is run: the key of this step's random numbers, dropout's rate, the form."""

    key: Any
    rate: float
    form: str


def forms(problem: Problem) -> tuple[str, ...]:
    """Return the ways to run a problem."""
    return ("window", "reshape") if problem.name == "lenet" else ("window",)


def configure(package: Any) -> None:
    """Do nothing: threads are limited by the environment, before JAX is imported."""


def convolution(x: Any, kernel: Any) -> Any:
    """Convolve with padding that keeps the size."""
    return jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def max_pool(x: Any, mode: Mode) -> Any:
    """Return the largest of each 2x2 window."""
    if mode.form == "reshape":
        n, h, w, c = x.shape
        return x.reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))
    window = (1, 2, 2, 1)
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, window, "VALID")


def batch_norm(x: Any, gamma: Any, beta: Any, averages: Any) -> tuple[Any, Any]:
    """Normalize by the batch; return the result and the new moving averages."""
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    y = (x - mean) * (jax.lax.rsqrt(variance + 1e-3) * gamma) + beta
    old_mean, old_variance = averages
    return y, (old_mean * 0.99 + mean * 0.01, old_variance * 0.99 + variance * 0.01)


def dropout(x: Any, mode: Mode) -> Any:
    """Set elements to 0 with the mode's probability and enlarge the others."""
    if not mode.rate:
        return x
    keep = 1 - mode.rate
    return jnp.where(jax.random.bernoulli(mode.key, keep, x.shape), x / keep, 0)


class Training:
    """A model in training; `step` takes the next batch."""

    def __init__(self, problem: Problem, data: Data, form: str, rate: float) -> None:
        code = importlib.import_module(f"benchmarks.models.{problem.name}_jax")
        weights = [jnp.asarray(w) for w in data.weights]
        metric = (jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))
        self._optimizer = code.optimizer()
        state = code.initial_state()
        self._values = (
            weights, state, self._optimizer.init(weights), metric, jax.random.key(0)
        )  # fmt: skip
        batches = [(jnp.asarray(x), jnp.asarray(y)) for x, y in data.batches]
        self._batches = itertools.cycle(batches)

        def apply(weights: Any, state: Any, x: Any, key: Any) -> Any:
            return code.apply(weights, state, x, Mode(key, rate, form))

        self._step = jax.jit(functools.partial(_step, apply, self._optimizer), donate_argnums=0)

    def step(self) -> None:
        """Train on one batch."""
        self._values, self._loss = self._step(self._values, *next(self._batches))

    def loss(self) -> float:
        """Return the loss of the last step, once everything is done."""
        jax.block_until_ready(self._values)
        return float(self._loss)

    def accuracy(self) -> float:
        """Return the metric so far."""
        correct, seen = self._values[3]
        return float(correct) / max(float(seen), 1.0)


def _step(apply: Any, optimizer: Any, values: Any, x: Any, y: Any) -> tuple[Any, Any]:
    weights, state, moments, (correct, seen), key = values
    key, own = jax.random.split(key)

    def evaluate(weights: Any) -> tuple[Any, Any]:
        logits, new_state = apply(weights, state, x, own)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, y)
        return losses.mean(), (logits, new_state)

    (loss, (logits, state)), gradients = jax.value_and_grad(evaluate, has_aux=True)(weights)
    updates, moments = optimizer.update(gradients, moments, weights)
    metric = (correct + (logits.argmax(1) == y).sum(), seen + len(y))
    return (optax.apply_updates(weights, updates), state, moments, metric, key), loss
