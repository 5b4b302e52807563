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
from torch import nn
from torch.nn import functional

from benchmarks.models import Array, Data, Problem


def forms(problem: Problem, *, compiled: bool) -> tuple[str, ...]:
    """Return the ways to run a problem."""
    layouts = ("channels_last", "contiguous") if len(problem.example) == 3 else ("contiguous",)
    return (*layouts, *(f"{layout} whole" for layout in layouts)) if compiled else layouts


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
        layout = _layout(form)
        code = importlib.import_module(f"benchmarks.models.{problem.name}_torch")
        model = code.build(rate).train()
        _load(model, data.weights)
        self._model = model.to(memory_format=layout)
        whole = compiled and form.endswith("whole")
        options = {} if whole else {"fused": True}
        self._optimizer = code.optimizer(model.parameters(), **options)
        self._correct, self._seen = torch.zeros((), dtype=torch.int64), 0
        self._batches = itertools.cycle([_batch(x, y, layout) for x, y in data.batches])
        self._forward = torch.compile(self._evaluate) if compiled else self._evaluate
        self._update = torch.compile(self._optimizer.step) if whole else self._optimizer.step

    def _evaluate(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the loss and how many were right."""
        logits = self._model(x)
        loss = functional.cross_entropy(logits, y)
        return loss, (logits.detach().argmax(1) == y).sum()

    def step(self) -> None:
        """Train on one batch."""
        x, y = next(self._batches)
        self._optimizer.zero_grad(set_to_none=True)
        self._loss, correct = self._forward(x, y)
        self._loss.backward()
        self._update()
        self._correct += correct
        self._seen += len(y)

    def loss(self) -> float:
        """Return the loss of the last step."""
        return float(self._loss.detach())

    def accuracy(self) -> float:
        """Return the metric so far."""
        return float(self._correct) / max(self._seen, 1)


def _layout(form: str) -> torch.memory_format:
    return torch.channels_last if form.startswith("channels_last") else torch.contiguous_format


def _batch(x: Array, y: Array, layout: torch.memory_format) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(x)
    if images.ndim == 4:
        images = images.permute(0, 3, 1, 2).contiguous(memory_format=layout)
    return images, torch.from_numpy(y).long()


def _load(model: nn.Module, weights: list[Array]) -> None:
    """Give the model initial weights, which come in Keras's layouts."""
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), weights, strict=True):
            order = {4: (3, 2, 0, 1), 2: (1, 0)}.get(value.ndim)
            parameter.copy_(torch.from_numpy(value if order is None else value.transpose(order)))
