"""Three residual blocks of 16 channels, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Two normalized convolutions and the way around them."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(16, eps=1e-3, momentum=0.01)  # Keras's 0.99 is 1 - 0.01
        self.second = nn.Conv2d(16, 16, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(16, eps=1e-3, momentum=0.01)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        h = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(x + self.second_norm(self.second(h)))


class Residual(nn.Module):
    """The network; it gives logits."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(), Block(), Block())
        self.logits = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of images."""
        return self.logits(self.blocks(x).mean((2, 3)))


def build(rate: float) -> nn.Module:
    """Return the model."""
    del rate  # it has no dropout
    return Residual()


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.SGD(parameters, lr=1e-2, momentum=0.9, **options)
