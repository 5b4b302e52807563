"""What one step does, in PyTorch: a function for each kind, named as in `Problem.kind`.

Each takes the model and a batch. It returns the loss, what the metric is the mean of, and the
gradients of all parameters if `loss.backward()` would not give them.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional


class Outcome(NamedTuple):
    """What one batch gives."""

    loss: torch.Tensor
    score: torch.Tensor
    gradients: tuple[torch.Tensor, ...] | None = None


def classification(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Outcome:
    """Cross-entropy and accuracy."""
    logits = model(x)
    right = (logits.detach().argmax(1) == y).float().mean()
    return Outcome(functional.cross_entropy(logits, y), right)


def prediction(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> Outcome:
    """Cross-entropy at each position."""
    return _scored(functional.cross_entropy(model(x).flatten(0, 1), y.flatten()))


def reconstruction(model: nn.Module, x: torch.Tensor) -> Outcome:
    """Mean squared error to what was given."""
    return _scored(functional.mse_loss(model(x), x))


def policy_gradient(
    model: nn.Module, observations: torch.Tensor, actions: torch.Tensor, returns: torch.Tensor
) -> Outcome:
    """Cross-entropy with the actions, weighted by the returns."""
    losses = functional.cross_entropy(model(observations), actions, reduction="none")
    return _scored((losses * returns).mean())


def adversarial(model: nn.Module, images: torch.Tensor, noise: torch.Tensor) -> Outcome:
    """Both losses from one pass, and the gradient of each for its own network."""
    objective = functional.binary_cross_entropy_with_logits
    drawn = model.generator(noise)
    real, fake = model.discriminator(images), model.discriminator(drawn)
    generator_loss = objective(fake, torch.ones_like(fake))
    discriminator_loss = objective(real, torch.ones_like(real))
    discriminator_loss = discriminator_loss + objective(fake, torch.zeros_like(fake))
    drawing, judging = list(model.generator.parameters()), list(model.discriminator.parameters())
    to_draw = torch.autograd.grad(generator_loss, drawing, retain_graph=True)
    to_judge = torch.autograd.grad(discriminator_loss, judging)
    loss = (generator_loss + discriminator_loss).detach()
    return Outcome(loss, loss, (*to_draw, *to_judge))


def acting(model: nn.Module, observation: torch.Tensor) -> Outcome:
    """Give the probability of the first action."""
    probability = model(observation).softmax(1)[0, 0]
    return Outcome(probability, probability)


def _scored(loss: torch.Tensor) -> Outcome:
    return Outcome(loss, loss.detach())
