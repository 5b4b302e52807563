"""Three convolutions that see whether a face smiles, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.models.layouts_torch import turned


class Smile(nn.Module):
    """The network; it gives logits."""

    def __init__(self) -> None:
        super().__init__()
        # Keras's momentum of 0.99 is 1 - 0.01.
        self.features = nn.Sequential(
            *(
                layer
                for inputs, outputs in ((3, 12), (12, 24), (24, 48))
                for layer in (
                    nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                    nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
                    nn.ReLU(),
                    nn.MaxPool2d(2),
                )
            )
        )
        self.hidden = nn.Linear(1728, 128)
        self.logits = nn.Linear(128, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of images."""
        # Pixels before channels, as the other frameworks flatten; a view in channels_last.
        h = self.features(x).permute(0, 2, 3, 1).flatten(1)
        return self.logits(functional.relu(self.hidden(h)))

    def arrange(self, weights: list[torch.Tensor]) -> list[torch.Tensor]:
        """Turn what the hidden layer sees."""
        return [turned(w, 1, (6, 6)) if w.shape == (128, 1728) else w for w in weights]


def build(rate: float) -> nn.Module:
    """Return the model."""
    del rate  # it has no dropout
    return Smile()


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
