"""The generator and the discriminator of a DCGAN for 28x28 images, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from benchmarks.models.layouts_torch import turned


class Generator(nn.Module):
    """Draws images from noise."""

    def __init__(self) -> None:
        super().__init__()
        # Keras's momentum of 0.99 is 1 - 0.01.
        norm = {"eps": 1e-3, "momentum": 0.01}
        twice = {"stride": 2, "padding": 2, "output_padding": 1, "bias": False}
        self.begin = nn.Linear(100, 12544, bias=False)
        self.begin_norm = nn.BatchNorm1d(12544, **norm)
        self.first = nn.ConvTranspose2d(256, 128, 5, padding=2, bias=False)
        self.first_norm = nn.BatchNorm2d(128, **norm)
        self.second = nn.ConvTranspose2d(128, 64, 5, **twice)
        self.second_norm = nn.BatchNorm2d(64, **norm)
        self.image = nn.ConvTranspose2d(64, 1, 5, **twice)

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        """Return images."""
        h = functional.leaky_relu(self.begin_norm(self.begin(noise)), 0.3)
        # Pixels before channels, as the other frameworks have it; a view in channels_last.
        h = h.unflatten(1, (7, 7, 256)).permute(0, 3, 1, 2)
        h = functional.leaky_relu(self.first_norm(self.first(h)), 0.3)
        h = functional.leaky_relu(self.second_norm(self.second(h)), 0.3)
        return self.image(h).tanh()


class Discriminator(nn.Module):
    """Gives logits of images being real."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 64, 5, stride=2, padding=2)
        self.second = nn.Conv2d(64, 128, 5, stride=2, padding=2)
        self.logit = nn.Linear(6272, 1)
        self.rate = rate

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch."""
        h = images
        for convolution in (self.first, self.second):
            h = functional.leaky_relu(convolution(h), 0.3)
            h = functional.dropout(h, self.rate, self.training)
        return self.logit(h.permute(0, 2, 3, 1).flatten(1))


class Gan(nn.Module):
    """Both of them."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.generator = Generator()
        self.discriminator = Discriminator(rate)

    def arrange(self, weights: list[torch.Tensor]) -> list[torch.Tensor]:
        """Turn what the generator begins with and what the discriminator ends with."""
        begin, *between, kernel, bias = weights
        return [turned(begin, 0, (7, 7)), *between, turned(kernel, 1, (7, 7)), bias]


def build(rate: float) -> nn.Module:
    """Return the model."""
    return Gan(rate)


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.Adam(parameters, lr=1e-4, eps=1e-7, **options)
