"""ResNet-20 for 32x32 images, in JAX."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import optax

from benchmarks.models.layers_jax import Mode, averages, batch_norm, convolution

WIDTHS = (16, 16, 16, 16, 32, 32, 32, 64, 64, 64)


def apply(weights: list[Any], state: list[Any], x: Any, mode: Mode) -> tuple[Any, Any]:
    """Return the logits and the new moving averages."""
    del mode  # it has no dropout
    *layers, output, output_bias = weights
    kernels, old, new = iter(layers), iter(state), []

    def normalized(x: Any, stride: int = 1) -> Any:
        h = convolution(x, next(kernels), stride)
        h, changed = batch_norm(h, next(kernels), next(kernels), next(old))
        new.append(changed)
        return h

    h = jax.nn.relu(normalized(x))
    for inputs, channels in itertools.pairwise(WIDTHS):
        stride = 1 if inputs == channels else 2
        inner = normalized(jax.nn.relu(normalized(h, stride)))
        around = h if stride == 1 else normalized(h, stride)
        h = jax.nn.relu(around + inner)
    return h.mean((1, 2)) @ output + output_bias, new


def initial_state() -> list[Any]:
    """Return the moving averages, in the order of the normalizations."""
    blocks = itertools.pairwise(WIDTHS)
    counts = [(channels, 2 if inputs == channels else 3) for inputs, channels in blocks]
    return [averages(16), *(averages(channels) for channels, n in counts for _ in range(n))]


def optimizer() -> optax.GradientTransformation:
    """Return the optimizer."""
    return optax.sgd(1e-2, momentum=0.9)
