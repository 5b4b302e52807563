"""The arrays that training starts from: their shapes in Keras's order and layout, and their values.

Each function returns the weights of one layer. A weight's kind says what it is, for frameworks that
keep it in another layout:

    dense                   [in, out]; also an LSTM's two kernels
    convolution             [*window, in, out]
    transposed_convolution  [*window, out, in]
    embedding               [words, width]
    gru, gru_bias           [in, 3 * units] and [2, 3 * units]: update, reset, candidate
    heads                   [width, heads, size]
    joined_heads            [heads, size, width]
    gamma                   begins with ones
    bias                    begins with zeros, of any shape
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int, ...]


class Weight(NamedTuple):
    """One trainable array: its kind, its shape and how widely its initial values scatter."""

    kind: str
    shape: Shape
    deviation: float = 0.0

    def initial(self, numbers: np.random.Generator) -> Array:
        """Return its initial value."""
        if self.deviation:
            return (numbers.standard_normal(self.shape) * self.deviation).astype(np.float32)
        return np.full(self.shape, 1.0 if self.kind == "gamma" else 0.0, np.float32)


Weights = tuple[Weight, ...]


def dense(inputs: int, outputs: int, *, bias: bool = True) -> Weights:
    """Return a dense layer's weights."""
    kernel = Weight("dense", (inputs, outputs), 1 / math.sqrt(inputs))
    return (kernel, Weight("bias", (outputs,))) if bias else (kernel,)


def convolution(window: Shape, inputs: int, outputs: int, *, bias: bool = True) -> Weights:
    """Return a convolution's weights."""
    deviation = 1 / math.sqrt(math.prod(window) * inputs)
    kernel = Weight("convolution", (*window, inputs, outputs), deviation)
    return (kernel, Weight("bias", (outputs,))) if bias else (kernel,)


def transposed_convolution(
    window: Shape, inputs: int, outputs: int, *, bias: bool = True
) -> Weights:
    """Return the weights of a transposed convolution."""
    deviation = 1 / math.sqrt(math.prod(window) * inputs)
    kernel = Weight("transposed_convolution", (*window, outputs, inputs), deviation)
    return (kernel, Weight("bias", (outputs,))) if bias else (kernel,)


def normalization(channels: int) -> Weights:
    """Return the scale and the offset of a batch or layer normalization."""
    return (Weight("gamma", (channels,)), Weight("bias", (channels,)))


def embedding(words: int, width: int) -> Weights:
    """Return a table with a row for each word."""
    return (Weight("embedding", (words, width), 0.05),)


def gru(inputs: int, units: int) -> Weights:
    """Return the weights of a GRU that resets after the product, one direction."""
    return (
        Weight("gru", (inputs, 3 * units), 1 / math.sqrt(inputs)),
        Weight("gru", (units, 3 * units), 1 / math.sqrt(units)),
        Weight("gru_bias", (2, 3 * units)),
    )


def lstm(inputs: int, units: int) -> Weights:
    """Return an LSTM's weights: input, forget, candidate, output."""
    return (
        Weight("dense", (inputs, 4 * units), 1 / math.sqrt(inputs)),
        Weight("dense", (units, 4 * units), 1 / math.sqrt(units)),
        Weight("bias", (4 * units,)),
    )


def attention(width: int, heads: int) -> Weights:
    """Return the weights of multi-head attention: query, key, value, output."""
    size, deviation = width // heads, 1 / math.sqrt(width)
    split = (Weight("heads", (width, heads, size), deviation), Weight("bias", (heads, size)))
    joined = (Weight("joined_heads", (heads, size, width), deviation), Weight("bias", (width,)))
    return (*split * 3, *joined)
