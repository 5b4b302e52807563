"""The three training problems: what every framework is given, as NumPy arrays.

A problem's code stands in ``<problem>_keras.py`` (for TensorFlow and Freshet), ``_torch.py`` and
``_jax.py``; the training loop around it in ``training_keras.py`` and so on. Each of these has

    forms(problem)      the ways in which a framework can sensibly run it; the fastest is measured
    configure(package)  what must be set once
    Training(problem, data, form, rate)
                        a model in training, with dropout at `rate`: `step`, `loss`, `accuracy`
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]

CLASSES: Final = 10


@dataclass(frozen=True)
class Data:
    """What every framework is given.

    Attributes:
        weights: Initial values, in the order of `Problem.weights`.
        batches: float32 examples and int32 labels.
    """

    weights: list[Array]
    batches: list[tuple[Array, Array]]


@dataclass(frozen=True)
class Problem:
    """A network and what it is trained on.

    Attributes:
        name: Also the beginning of its files' names.
        title: For tables and charts.
        batch: Examples in a batch.
        example: Shape of one example.
        weights: Name and shape of each trainable array, in Keras's order and layout: kernels are
            ``[in, out]`` or ``[height, width, in, out]``.
        rate: Of its dropout; 0 if it has none.
        batch_count: Training goes through so many batches in turn. Enough that the network cannot
            learn them by heart while it is measured: its gradients would become so small that the
            processor is slow with them.
    """

    name: str
    title: str
    batch: int
    example: Shape
    weights: tuple[tuple[str, Shape], ...]
    rate: float
    batch_count: int

    def data(self, batches: int | None = None) -> Data:
        """Return what training starts from: random, but the same for every framework."""
        numbers = np.random.default_rng(0)
        weights = [_initial(name, shape, numbers) for name, shape in self.weights]
        shape = (self.batch, *self.example)
        return Data(
            weights,
            [
                (
                    numbers.standard_normal(shape, dtype=np.float32),
                    numbers.integers(0, CLASSES, self.batch, dtype=np.int32),
                )
                for _ in range(batches or self.batch_count)
            ],
        )


def _initial(name: str, shape: Shape, numbers: np.random.Generator) -> Array:
    if name.endswith("kernel"):
        deviation = math.sqrt(1.0 / math.prod(shape[:-1]))
        return (numbers.standard_normal(shape) * deviation).astype(np.float32)
    return np.full(shape, 1.0 if name.endswith("gamma") else 0.0, np.float32)


def _dense(name: str, inputs: int, outputs: int) -> tuple[tuple[str, Shape], ...]:
    return ((f"{name}_kernel", (inputs, outputs)), (f"{name}_bias", (outputs,)))


def _convolution(name: str, size: int, inputs: int, outputs: int) -> tuple[tuple[str, Shape], ...]:
    kernel = (size, size, inputs, outputs)
    return ((f"{name}_kernel", kernel), (f"{name}_bias", (outputs,)))


def _residual_block(number: int, channels: int) -> tuple[tuple[str, Shape], ...]:
    # The convolutions have no bias: the normalization after them would take it out again.
    return tuple(
        item
        for part in (f"block{number}a", f"block{number}b")
        for item in (
            (f"{part}_kernel", (3, 3, channels, channels)),
            (f"{part}_gamma", (channels,)),
            (f"{part}_beta", (channels,)),
        )
    )


PROBLEMS: Final = {
    p.name: p
    for p in (
        Problem(
            "mlp", "MLP 784-512-10", 128, (784,),
            (*_dense("hidden", 784, 512), *_dense("logits", 512, CLASSES)),
            rate=0.2, batch_count=64,
        ),
        Problem(
            "lenet", "LeNet 5x5", 128, (28, 28, 1),
            (
                *_convolution("first", 5, 1, 32),
                *_convolution("second", 5, 32, 64),
                *_dense("hidden", 3136, 1024),
                *_dense("logits", 1024, CLASSES),
            ),
            rate=0.4, batch_count=64,
        ),
        Problem(
            "residual", "3 residual blocks", 32, (32, 32, 16),
            (
                *(item for number in range(3) for item in _residual_block(number, 16)),
                *_dense("logits", 16, CLASSES),
            ),
            rate=0.0, batch_count=16,
        ),
    )
}  # fmt: skip
