"""MLP 784-512-10, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


def build(rate: float) -> nn.Module:
    """Return the model; it gives logits."""
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Dropout(rate), nn.Linear(512, 10))


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
