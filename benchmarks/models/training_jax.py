"""One training step in JAX: plain functions and optax, one `jit` with its state donated.

The forms are explained in `layers_jax`. JAX's default random generator stays: it is the faster one
on a CPU, where XLA fuses it with what uses it.
"""

from __future__ import annotations

import functools
import importlib
import itertools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from benchmarks.models import Data, Problem, steps_jax
from benchmarks.models.layers_jax import Mode

_CHOICES = {"pooling": ("window", "reshape"), "recurrence": ("scan", "unrolled")}


def forms(problem: Problem) -> tuple[str, ...]:
    """Return the ways to run a problem."""
    choices = [words for part, words in _CHOICES.items() if part in problem.has]
    return tuple(" ".join(words) or "plain" for words in itertools.product(*choices))


def configure(package: Any) -> None:
    """Do nothing: threads are limited by the environment, before JAX is imported."""


class Training:
    """A model in training; `step` takes the next batch."""

    def __init__(self, problem: Problem, data: Data, form: str, rate: float) -> None:
        code = importlib.import_module(f"benchmarks.models.{problem.network}_jax")
        kind = functools.partial(getattr(steps_jax, problem.kind), code)
        weights, state = [jnp.asarray(w) for w in data.weights], code.initial_state()
        metric = (jnp.zeros(()), jnp.zeros(()))
        optimizer = code.optimizer()
        moments = optimizer.init(weights)
        self._values = (weights, state, moments, metric, jax.random.key(0))
        batches = [tuple(jnp.asarray(x) for x in batch) for batch in data.batches]
        self._batches = itertools.cycle(batches)
        mode = Mode(None, rate, form)
        train = functools.partial(_train, kind, optimizer, mode)
        self._train_step = jax.jit(train, donate_argnums=0)
        self._forward = jax.jit(lambda weights, *batch: kind(weights, state, mode, *batch)[0])
        self.step = self._train if problem.trains else self._act

    def _train(self) -> None:
        """Train on one batch."""
        self._values, self._loss = self._train_step(self._values, *next(self._batches))

    def _act(self) -> None:
        """Read the result for one batch."""
        self._loss = self._forward(self._values[0], *next(self._batches))
        self.loss()

    def loss(self) -> float:
        """Return the loss of the last step, once everything is done."""
        jax.block_until_ready(self._values)
        return float(self._loss)

    def metric(self) -> float:
        """Return the metric so far."""
        total, steps = self._values[3]
        return float(total) / max(float(steps), 1.0)


def _train(kind: Any, optimizer: Any, mode: Mode, values: Any, *batch: Any) -> tuple[Any, Any]:
    weights, state, moments, (total, steps), key = values
    key, own = jax.random.split(key)
    loss, score, state, gradients = kind(weights, state, mode._replace(key=own), *batch)
    updates, moments = optimizer.update(gradients, moments, weights)
    weights = optax.apply_updates(weights, updates)
    return (weights, state, moments, (total + score, steps + 1), key), loss
