"""Two GRUs over the rows of an image, in both directions, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class BidirectionalGru(nn.Module):
    """The network; it gives logits."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.GRU(28, 128, batch_first=True, bidirectional=True)
        self.second = nn.GRU(128, 256, batch_first=True, bidirectional=True)
        self.hidden = nn.Linear(256, 1024)
        self.logits = nn.Linear(1024, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of images."""
        rows, _ = self.first(x)
        forward, backward = rows.chunk(2, -1)
        _, last = self.second(forward + backward)
        return self.logits(functional.relu(self.hidden(last.sum(0))))


def build(rate: float) -> nn.Module:
    """Return the model."""
    del rate  # it has no dropout
    return BidirectionalGru()


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
