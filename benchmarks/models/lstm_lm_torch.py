"""A language model of two LSTMs, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn


class LanguageModel(nn.Module):
    """The network; it gives logits for each position."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(10_000, 200)
        self.lstm = nn.LSTM(200, 200, num_layers=2, batch_first=True)
        self.logits = nn.Linear(200, 10_000)
        # Its second bias would be trained as well: Keras's LSTM has one.
        for bias in (self.lstm.bias_hh_l0, self.lstm.bias_hh_l1):
            bias.requires_grad_(requires_grad=False).zero_()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of texts."""
        found, _ = self.lstm(self.words(x))
        return self.logits(found)


def build(rate: float) -> nn.Module:
    """Return the model."""
    del rate  # it has no dropout
    return LanguageModel()


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer, which first shortens the gradients."""
    parameters = list(parameters)
    sgd = torch.optim.SGD(parameters, lr=1.0, **options)

    def shorten(*_: Any) -> None:
        nn.utils.clip_grad_norm_(parameters, 5.0)

    sgd.register_step_pre_hook(shorten)
    return sgd
