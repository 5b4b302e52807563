"""One training step in PyTorch, eager or with `torch.compile`.

Forms: `channels_last` or `contiguous` memory; images only, and which is faster depends on the
network and the processor. The optimizer is fused in eager mode; with `torch.compile` it is compiled
too in the forms called `whole`.
"""

from __future__ import annotations

import importlib
import itertools
import os
from typing import Any

import torch

from benchmarks.models import Data, Problem, layouts_torch, steps_torch


def forms(problem: Problem, *, compiled: bool) -> tuple[str, ...]:
    """Return the ways to run a problem."""
    layouts = ("channels_last", "contiguous") if "images" in problem.has else ("contiguous",)
    whole = tuple(f"{layout} whole" for layout in layouts)
    return (*layouts, *whole) if compiled and problem.trains else layouts


def configure(package: Any) -> None:
    """Limit PyTorch's thread pools."""
    package.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


class Training:
    """A model in training; `step` takes the next batch."""

    def __init__(
        self, problem: Problem, data: Data, form: str, rate: float, *, compiled: bool
    ) -> None:
        if compiled:
            torch.compiler.reset()  # forget what earlier models compiled: there is a limit
            # Without this, a step that asks for gradients itself falls to pieces there.
            importlib.import_module("torch._dynamo.config").trace_autograd_ops = True
        layout = _layout(form)
        code = importlib.import_module(f"benchmarks.models.{problem.network}_torch")
        model = code.build(rate).train()
        layouts_torch.load(model, problem, data)
        self._model = model.to(memory_format=layout)
        self._parameters = [p for p in model.parameters() if p.requires_grad]
        whole = compiled and form.endswith("whole")
        options = {} if whole else {"fused": True}
        self._optimizer = code.optimizer(self._parameters, **options)
        self._score, self._steps = torch.zeros(()), 0
        batches = [layouts_torch.batch(arrays, layout) for arrays in data.batches]
        self._batches = itertools.cycle(batches)
        kind = getattr(steps_torch, problem.kind)
        self._evaluate = torch.compile(kind) if compiled else kind
        self._update = torch.compile(self._optimizer.step) if whole else self._optimizer.step
        self.step = self._train if problem.trains else self._act

    def _train(self) -> None:
        """Train on one batch."""
        self._optimizer.zero_grad(set_to_none=True)
        self._loss, score, gradients = self._evaluate(self._model, *next(self._batches))
        if gradients is None:
            self._loss.backward()
        else:
            for parameter, gradient in zip(self._parameters, gradients, strict=True):
                parameter.grad = _as_parameter(gradient, parameter)
        self._update()
        self._score += score
        self._steps += 1

    @torch.inference_mode()
    def _act(self) -> None:
        """Read the result for one batch."""
        self._loss = self._evaluate(self._model, *next(self._batches)).loss
        self.loss()

    def loss(self) -> float:
        """Return the loss of the last step."""
        return float(self._loss.detach())

    def metric(self) -> float:
        """Return the metric so far."""
        return float(self._score) / max(self._steps, 1)


def _layout(form: str) -> torch.memory_format:
    return torch.channels_last if form.startswith("channels_last") else torch.contiguous_format


def _as_parameter(gradient: torch.Tensor, parameter: torch.Tensor) -> torch.Tensor:
    """Return a gradient in its parameter's layout, which fused optimizers take for granted."""
    if gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
