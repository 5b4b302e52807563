"""LeNet with 5x5 convolutions, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.models.layouts_torch import turned


class LeNet(nn.Module):
    """The network; it gives logits."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 32, 5, padding="same")
        self.second = nn.Conv2d(32, 64, 5, padding="same")
        self.hidden = nn.Linear(3136, 1024)
        self.logits = nn.Linear(1024, 10)
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of images."""
        h = functional.max_pool2d(functional.relu(self.first(x)), 2)
        h = functional.max_pool2d(functional.relu(self.second(h)), 2)
        # Pixels before channels, as the other frameworks flatten; a view in channels_last.
        h = h.permute(0, 2, 3, 1).flatten(1)
        h = functional.relu(self.hidden(h))
        return self.logits(functional.dropout(h, self.rate, self.training))

    def arrange(self, weights: list[torch.Tensor]) -> list[torch.Tensor]:
        """Turn what the hidden layer sees."""
        return [turned(w, 1, (7, 7)) if w.shape == (1024, 3136) else w for w in weights]


def build(rate: float) -> nn.Module:
    """Return the model."""
    return LeNet(rate)


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
