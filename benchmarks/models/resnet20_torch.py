"""ResNet-20 for 32x32 images, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


def _normalized(inputs: int, outputs: int, size: int, stride: int = 1) -> nn.Sequential:
    # Keras's momentum of 0.99 is 1 - 0.01.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False),
        nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01),
    )


class Block(nn.Module):
    """Two normalized convolutions and the way around them."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        stride = 1 if inputs == channels else 2
        self.first = _normalized(inputs, channels, 3, stride)
        self.second = _normalized(channels, channels, 3)
        self.around = nn.Identity() if inputs == channels else _normalized(inputs, channels, 1)
        self.stride = stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        h = self.second(functional.relu(self.first(x)))
        # The pixels that Keras takes, in an image that is turned.
        around = x if self.stride == 1 else x[:, :, 1::2, 1::2]
        return functional.relu(self.around(around) + h)


class ResNet20(nn.Module):
    """The network; it gives logits."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _normalized(3, 16, 3)
        widths = (16, 16, 16, 16, 32, 32, 32, 64, 64, 64)
        self.blocks = nn.Sequential(*map(Block, widths, widths[1:]))
        self.logits = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of images."""
        return self.logits(self.blocks(functional.relu(self.stem(x))).mean((2, 3)))


def build(rate: float) -> nn.Module:
    """Return the model."""
    del rate  # it has no dropout
    return ResNet20()


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.SGD(parameters, lr=1e-2, momentum=0.9, **options)
