"""The problems: what every framework is given, as NumPy arrays.

A problem's network stands in ``<network>_keras.py`` (for TensorFlow and Freshet), ``_torch.py`` and
``_jax.py``; what a step does with it in ``steps_keras.py`` and so on, a function for each kind of
step; the loop around both in ``training_keras.py`` and so on. Each of these has

    forms(problem)      the ways in which a framework can sensibly run it; the fastest is measured
    configure(package)  what must be set once
    Training(problem, data, form, rate)
                        a model in training, with dropout at `rate`: `step`, `loss`, `metric`
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from benchmarks.models.weights import (
    Array,
    Shape,
    Weights,
    attention,
    convolution,
    dense,
    embedding,
    gru,
    lstm,
    normalization,
    transposed_convolution,
)


class Input(NamedTuple):
    """One array of a batch: float32, or int32 from 0 to below `below`.

    Attributes:
        shape: Of one example.
        below: For integers, the number of classes or words; 0 for floats.
    """

    shape: Shape
    below: int = 0

    def random(self, batch: int, numbers: np.random.Generator) -> Array:
        """Return an array of random numbers."""
        shape = (batch, *self.shape)
        if self.below:
            return numbers.integers(0, self.below, shape, dtype=np.int32)
        return numbers.standard_normal(shape, dtype=np.float32)


@dataclass(frozen=True)
class Data:
    """What every framework is given.

    Attributes:
        weights: Initial values, in the order of `Problem.weights`.
        batches: The arrays of each batch, in the order of `Problem.inputs`.
    """

    weights: list[Array]
    batches: list[tuple[Array, ...]]


@dataclass(frozen=True)
class Problem:
    """A network and what it is trained on.

    Attributes:
        name: For the command line.
        network: The beginning of its files' names.
        title: For tables and charts.
        kind: What a step does; a function in each of the modules ``steps_*``:

            - ``classification``: softmax cross-entropy with labels, accuracy.
            - ``prediction``: the same at each position of a sequence; mean loss.
            - ``reconstruction``: mean squared error to what was given; mean loss.
            - ``adversarial``: a generator and a discriminator, each with a loss of its own.
            - ``policy_gradient``: cross-entropy with actions, weighted by returns; mean loss.
            - ``acting``: no training. Gives the probability of the first action.
        batch: Examples in a batch.
        inputs: The arrays of a batch.
        weights: Each trainable array, in Keras's order and layout.
        rate: Of its dropout; 0 if it has none.
        batch_count: Training goes through so many batches in turn. Enough that the network cannot
            learn them by heart while it is measured: its gradients would become so small that the
            processor is slow with them.
        has: What frameworks can run in several ways: ``images``, ``normalization`` (by the batch),
            ``pooling``, ``recurrence``.
    """

    name: str
    network: str
    title: str
    kind: str
    batch: int
    inputs: tuple[Input, ...]
    weights: Weights
    rate: float = 0.0
    batch_count: int = 64
    has: tuple[str, ...] = ()

    @property
    def trains(self) -> bool:
        """Whether a step changes the weights.

        If not, the next step cannot begin before the result of this one has been read.
        """
        return self.kind != "acting"

    def data(self, batches: int | None = None) -> Data:
        """Return what training starts from: random, but the same for every framework."""
        numbers = np.random.default_rng(0)
        weights = [weight.initial(numbers) for weight in self.weights]
        return Data(
            weights,
            [
                tuple(given.random(self.batch, numbers) for given in self.inputs)
                for _ in range(batches or self.batch_count)
            ],
        )


def _labels(classes: int) -> Input:
    return Input((), below=classes)


def _normalized(window: Shape, inputs: int, outputs: int) -> Weights:
    # The convolution has no bias: the normalization after it would take it out again.
    return (*convolution(window, inputs, outputs, bias=False), *normalization(outputs))


_MLP: Final = Problem(
    "mlp", "mlp", "MLP 784-512-10", "classification", 128,
    (Input((784,)), _labels(10)),
    (*dense(784, 512), *dense(512, 10)),
    rate=0.2,
)  # fmt: skip

_LENET: Final = Problem(
    "lenet", "lenet", "LeNet 5x5", "classification", 128,
    (Input((28, 28, 1)), _labels(10)),
    (
        *convolution((5, 5), 1, 32), *convolution((5, 5), 32, 64),
        *dense(3136, 1024), *dense(1024, 10),
    ),
    rate=0.4, has=("images", "pooling"),
)  # fmt: skip

_RESIDUAL: Final = Problem(
    "residual", "residual", "3 residual blocks", "classification", 32,
    (Input((32, 32, 16)), _labels(10)),
    (*_normalized((3, 3), 16, 16) * 6, *dense(16, 10)),
    batch_count=16, has=("images", "normalization"),
)  # fmt: skip


def _resnet_block(inputs: int, channels: int) -> Weights:
    """Return a block's weights; with another number of channels, the way around it has some too."""
    first, second = _normalized((3, 3), inputs, channels), _normalized((3, 3), channels, channels)
    around = () if inputs == channels else _normalized((1, 1), inputs, channels)
    return (*first, *second, *around)


_RESNET20: Final = Problem(
    "resnet20", "resnet20", "ResNet-20", "classification", 32,
    (Input((32, 32, 3)), _labels(10)),
    (
        *_normalized((3, 3), 3, 16),
        *_resnet_block(16, 16), *_resnet_block(16, 16) * 2,
        *_resnet_block(16, 32), *_resnet_block(32, 32) * 2,
        *_resnet_block(32, 64), *_resnet_block(64, 64) * 2,
        *dense(64, 10),
    ),
    batch_count=32, has=("images", "normalization"),
)  # fmt: skip

_SMILE: Final = Problem(
    "smile", "smile", "smile detector", "classification", 64,
    (Input((48, 48, 3)), _labels(2)),
    (
        *_normalized((3, 3), 3, 12), *_normalized((3, 3), 12, 24), *_normalized((3, 3), 24, 48),
        *dense(1728, 128), *dense(128, 2),
    ),
    batch_count=32, has=("images", "normalization", "pooling"),
)  # fmt: skip

_GRU: Final = Problem(
    "gru", "gru", "two GRUs", "classification", 128,
    (Input((28, 28)), _labels(10)),
    (*gru(28, 128), *gru(128, 256), *dense(256, 1024), *dense(1024, 10)),
    has=("recurrence",),
)  # fmt: skip

_BIGRU: Final = Problem(
    "bigru", "bigru", "two GRUs, both directions", "classification", 128,
    (Input((28, 28)), _labels(10)),
    (*gru(28, 128) * 2, *gru(128, 256) * 2, *dense(256, 1024), *dense(1024, 10)),
    has=("recurrence",),
)  # fmt: skip

_CNN_GRU: Final = Problem(
    "cnn_gru", "cnn_gru", "convolution and two GRUs", "classification", 128,
    (Input((28, 28)), _labels(10)),
    (
        *convolution((5,), 28, 32),
        *gru(32, 128), *gru(128, 256), *dense(256, 1024), *dense(1024, 10),
    ),
    has=("pooling", "recurrence"),
)  # fmt: skip

_AUTOENCODER: Final = Problem(
    "conv_autoencoder", "conv_autoencoder", "convolutional autoencoder", "reconstruction", 128,
    (Input((28, 28, 1)),),
    (
        *convolution((3, 3), 1, 32), *convolution((3, 3), 32, 64),
        *transposed_convolution((3, 3), 64, 64), *transposed_convolution((3, 3), 64, 32),
        *convolution((3, 3), 32, 1),
    ),
    has=("images",),
)  # fmt: skip

_DCGAN: Final = Problem(
    "dcgan", "dcgan", "DCGAN", "adversarial", 64,
    (Input((28, 28, 1)), Input((100,))),
    (
        # Generator.
        *dense(100, 12544, bias=False), *normalization(12544),
        *transposed_convolution((5, 5), 256, 128, bias=False), *normalization(128),
        *transposed_convolution((5, 5), 128, 64, bias=False), *normalization(64),
        *transposed_convolution((5, 5), 64, 1, bias=False),
        # Discriminator.
        *convolution((5, 5), 1, 64), *convolution((5, 5), 64, 128), *dense(6272, 1),
    ),
    rate=0.3, has=("images", "normalization"),
)  # fmt: skip

_TEXTCNN: Final = Problem(
    "textcnn", "textcnn", "text CNN", "classification", 64,
    (Input((56,), below=20_000), _labels(2)),
    (
        *embedding(20_000, 128),
        *(weight for width in (3, 4, 5) for weight in convolution((width,), 128, 128)),
        *dense(384, 2),
    ),
    rate=0.5,
)  # fmt: skip

_LSTM_LM: Final = Problem(
    "lstm_lm", "lstm_lm", "LSTM language model", "prediction", 20,
    (Input((35,), below=10_000), Input((35,), below=10_000)),
    (*embedding(10_000, 200), *lstm(200, 200) * 2, *dense(200, 10_000)),
    has=("recurrence",),
)  # fmt: skip


def _transformer_block(width: int, heads: int, hidden: int) -> Weights:
    return (
        *normalization(width), *attention(width, heads),
        *normalization(width), *dense(width, hidden), *dense(hidden, width),
    )  # fmt: skip


_TRANSFORMER: Final = Problem(
    "transformer", "transformer", "transformer", "prediction", 16,
    (Input((128,), below=8_000), Input((128,), below=8_000)),
    (
        *embedding(8_000, 128), *embedding(128, 128),
        *_transformer_block(128, 4, 512) * 4,
        *normalization(128), *dense(128, 8_000),
    ),
)  # fmt: skip

_POLICY: Final = Problem(
    "cartpole_update", "cartpole", "cart-pole policy, update", "policy_gradient", 64,
    (Input((4,)), Input((), below=2), Input(())),
    (*dense(4, 128), *dense(128, 2)),
)  # fmt: skip

PROBLEMS: Final = {
    p.name: p
    for p in (
        replace(_MLP, name="mlp_32", batch=32),
        _MLP,
        _LENET,
        replace(_LENET, name="lenet_512", batch=512),
        _RESIDUAL,
        _RESNET20,
        _SMILE,
        _GRU,
        _BIGRU,
        _CNN_GRU,
        _AUTOENCODER,
        _DCGAN,
        _TEXTCNN,
        _LSTM_LM,
        _TRANSFORMER,
        replace(
            _POLICY, name="cartpole_act", title="cart-pole policy, acting", kind="acting",
            batch=1, inputs=_POLICY.inputs[:1],
        ),
        _POLICY,
    )
}  # fmt: skip
