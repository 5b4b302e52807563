"""Convolutions of three widths over words, the largest of each kept, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class TextCnn(nn.Module):
    """The network; it gives logits."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.words = nn.Embedding(20_000, 128)
        self.convolutions = nn.ModuleList(nn.Conv1d(128, 128, width) for width in (3, 4, 5))
        self.logits = nn.Linear(384, 2)
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of texts."""
        vectors = self.words(x).transpose(1, 2)
        found = [functional.relu(c(vectors)).amax(2) for c in self.convolutions]
        return self.logits(functional.dropout(torch.cat(found, 1), self.rate, self.training))


def build(rate: float) -> nn.Module:
    """Return the model."""
    return TextCnn(rate)


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
