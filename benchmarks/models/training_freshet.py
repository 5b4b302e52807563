"""One training step in Freshet's low-level API: tape, function, and what Keras would bring.

Optimizers and normalization compute what Keras's do, in the same order.
"""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

import freshet as ft
from benchmarks.models import Data, Problem


def forms(problem: Problem) -> tuple[str, ...]:
    """Return the ways to run a problem: one."""
    del problem
    return ("function",)


def configure(package: Any) -> None:
    """Do nothing: threads are limited by the environment."""


class Adam:
    """Adam, with epsilon where Keras adds it.

    m += (g - m) * (1 - beta1)
    v += (g*g - v) * (1 - beta2)
    w -= m * rate * sqrt(1 - beta2^t) / (1 - beta1^t) / (sqrt(v) + epsilon)
    """

    def __init__(self, variables: Sequence[ft.Variable], rate: float) -> None:
        self.variables, self.rate = variables, rate
        self.first = [_zeros_like(w) for w in variables]
        self.second = [_zeros_like(w) for w in variables]
        self.steps = ft.Variable(0.0, trainable=False)

    def apply(self, gradients: Sequence[ft.Tensor]) -> None:
        """Update the variables."""
        t = self.steps.assign_add(1.0)
        scale = ft.sqrt(1.0 - ft.pow(0.999, t)) / (1.0 - ft.pow(0.9, t)) * self.rate
        slots = zip(self.variables, gradients, self.first, self.second, strict=True)
        for w, g, m, v in slots:
            m.assign_add((g - m) * (1.0 - 0.9))
            v.assign_add((g * g - v) * (1.0 - 0.999))
            w.assign_sub(m * scale / (ft.sqrt(v) + 1e-7))


class Momentum:
    """Gradient descent with momentum 0.9: ``v = 0.9 * v - rate * g``, ``w += v``."""

    def __init__(self, variables: Sequence[ft.Variable], rate: float) -> None:
        self.variables, self.rate = variables, rate
        self.velocity = [_zeros_like(w) for w in variables]

    def apply(self, gradients: Sequence[ft.Tensor]) -> None:
        """Update the variables."""
        for w, g, v in zip(self.variables, gradients, self.velocity, strict=True):
            v.assign(v * 0.9 - g * self.rate)
            w.assign_add(v)


class BatchNorm:
    """Normalization by the batch, with moving averages for later."""

    def __init__(self, gamma: ft.Variable, beta: ft.Variable) -> None:
        self.gamma, self.beta = gamma, beta
        self.mean = _zeros_like(beta)
        self.variance = ft.Variable(np.ones(beta.shape, np.float32), trainable=False)

    def __call__(self, x: ft.Tensor) -> ft.Tensor:
        """Return the normalized batch; update the averages."""
        mean, variance = ft.nn.moments(x, [0, 1, 2])
        self.mean.assign(self.mean * 0.99 + mean * 0.01)
        self.variance.assign(self.variance * 0.99 + variance * 0.01)
        return ft.nn.batch_normalization(x, mean, variance, self.beta, self.gamma, 1e-3)


def _zeros_like(variable: ft.Variable) -> ft.Variable:
    return ft.Variable(np.zeros(variable.shape, np.float32), trainable=False)


class Training:
    """A model in training; `step` takes the next batch."""

    def __init__(self, problem: Problem, data: Data, form: str, rate: float) -> None:
        del form
        code = importlib.import_module(f"benchmarks.models.{problem.name}_freshet")
        self.model = code.Model(data.weights, rate)
        self.optimizer = code.optimizer(self.model.variables)
        self.correct = ft.Variable(0, trainable=False)
        self.seen = ft.Variable(0, trainable=False)
        self.batches = [(ft.constant(x), ft.constant(y)) for x, y in data.batches]
        self.function = ft.function(self._step)
        self._next = itertools.cycle(self.batches)

    def _step(self, x: ft.Tensor, y: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            logits = self.model(x)
            losses = ft.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = ft.reduce_mean(losses)
        self.optimizer.apply(tape.gradient(loss, self.model.variables))
        hits = ft.equal(ft.argmax(logits, -1, ft.int32), y)
        self.correct.assign_add(ft.reduce_sum(ft.cast(hits, ft.int32)))
        self.seen.assign_add(ft.size(y))
        return loss

    def step(self) -> None:
        """Train on one batch."""
        self._loss = self.function(*next(self._next))

    def loss(self) -> float:
        """Return the loss of the last step."""
        return float(self._loss)

    def accuracy(self) -> float:
        """Return the metric so far."""
        return float(self.correct) / max(float(self.seen), 1.0)
