"""A convolutional autoencoder for 28x28 images, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


def build(rate: float) -> nn.Module:
    """Return the model; it gives images."""
    del rate  # it has no dropout
    twice = {"stride": 2, "padding": 1, "output_padding": 1}
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 64, 3, **twice),
        nn.ReLU(),
        nn.ConvTranspose2d(64, 32, 3, **twice),
        nn.ReLU(),
        nn.Conv2d(32, 1, 3, padding=1),
        nn.Sigmoid(),
    )


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
