"""A small language model of transformer blocks that normalize first, in PyTorch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    """Causal attention and a layer for each position, each with a way around it."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(128)
        self.queries_keys_values = nn.Linear(128, 384)
        self.joined = nn.Linear(128, 128)
        self.hidden_norm = nn.LayerNorm(128)
        self.hidden = nn.Linear(128, 512)
        self.output = nn.Linear(512, 128)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the block's output."""
        x = x + self._attend(self.attention_norm(x))
        return x + self.output(functional.gelu(self.hidden(self.hidden_norm(x))))

    def _attend(self, x: torch.Tensor) -> torch.Tensor:
        heads = self.queries_keys_values(x).unflatten(2, (3, 4, 32)).permute(2, 0, 3, 1, 4)
        query, key, value = heads.unbind(0)
        found = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.joined(found.transpose(1, 2).flatten(2))


class Transformer(nn.Module):
    """The network; it gives logits for each position."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(8_000, 128)
        self.positions = nn.Embedding(128, 128)
        self.blocks = nn.Sequential(*(Block() for _ in range(4)))
        self.norm = nn.LayerNorm(128)
        self.logits = nn.Linear(128, 8_000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of a batch of texts."""
        return self.logits(self.norm(self.blocks(self.words(x) + self.positions.weight)))

    def arrange(self, weights: list[torch.Tensor]) -> list[torch.Tensor]:
        """Join queries, keys and values: one product is faster than three."""
        words, positions, *blocks, gamma, beta, kernel, bias = weights
        size = len(blocks) // 4
        joined = []
        for start in range(0, len(blocks), size):
            one, two, *heads = blocks[start : start + 8]
            joined += [one, two, torch.cat(heads[::2]), torch.cat(heads[1::2])]
            joined += blocks[start + 8 : start + size]
        return [words, positions, *joined, gamma, beta, kernel, bias]


def build(rate: float) -> nn.Module:
    """Return the model."""
    del rate  # it has no dropout
    return Transformer()


def optimizer(parameters: Iterable[Any], **options: Any) -> torch.optim.Optimizer:
    """Return the optimizer."""
    return torch.optim.AdamW(parameters, lr=3e-4, eps=1e-7, weight_decay=0.01, **options)
