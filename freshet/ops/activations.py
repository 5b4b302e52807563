"""Activations: the functions between the layers of a network."""

from __future__ import annotations

from typing import Any

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor, floating_operand
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max, reduce_sum

relu = m.relu
tanh = m.tanh
sigmoid = m.sigmoid
softplus = m.softplus


@dispatched
def relu6(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``min(max(x, 0), 6)``; its gradient at 0 and at 6 is 0.

    Example:
        >>> relu6([-1.0, 3.0, 9.0]).numpy().tolist()
        [0.0, 3.0, 6.0]
    """
    x = convert_to_tensor(features)
    return m.where(x >= 6, 6, m.relu(x))


@dispatched
def leaky_relu(features: TensorLike, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """Return x where it is positive, else ``alpha * x``; integers become float32.

    Example:
        >>> leaky_relu([-2.0, 3.0], alpha=0.5).numpy().tolist()
        [-1.0, 3.0]

    Source: Maas, Hannun & Ng 2013, "Rectifier nonlinearities improve neural network acoustic
    models", eq. 2.
    """
    x = convert_to_tensor(features)
    if x.dtype.is_integer:
        x = m.cast(x, dtypes.float32)
    return m.where(x > 0.0, x, x * alpha)


@dispatched
def elu(features: TensorLike, name: str | None = None) -> Tensor:
    """Return x where it is positive, else ``exp(x) - 1``.

    Example:
        >>> elu([0.0, 3.0]).numpy().tolist()
        [0.0, 3.0]

    Source: Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289, eq. 16.
    """
    x = floating_operand("elu", features)
    return m.where(x > 0.0, x, m.expm1(m.minimum(x, 0.0)))


@dispatched
def softsign(features: TensorLike, name: str | None = None) -> Tensor:
    """Return ``x / (1 + |x|)``.

    Example:
        >>> softsign([-1.0, 0.0, 3.0]).numpy().tolist()
        [-0.5, 0.0, 0.75]
    """
    x = floating_operand("softsign", features)
    return x / (m.abs(x) + 1.0)


@dispatched
def crelu(features: TensorLike, axis: int = -1, name: str | None = None) -> Tensor:
    """Return the positive part of ``x`` and that of ``-x``, one after the other along an axis.

    Example:
        >>> crelu([-1.0, 2.0]).numpy().tolist()
        [0.0, 2.0, 1.0, 0.0]

    Source: Shang et al. 2016, arXiv:1603.05201, eq. 2.
    """
    x = convert_to_tensor(features)
    return m.relu(shaping.concat([x, -x], axis))


@dispatched
def selu(features: TensorLike, name: str | None = None) -> Tensor:
    """Return the scaled `elu` whose fixed point has mean 0 and variance 1.

    Example:
        >>> selu([0.0, 1.0]).numpy().round(4).tolist()
        [0.0, 1.0506999492645264]

    Source: Klambauer et al. 2017, arXiv:1706.02515, eq. 2 and 14.
    """
    x = floating_operand("selu", features)
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    return m.where(x < 0.0, m.expm1(m.minimum(x, 0.0)) * alpha, x) * scale


@dispatched
def silu(features: TensorLike, beta: float = 1.0) -> Tensor:
    """Return ``x * sigmoid(beta * x)``, also called swish.

    Example:
        >>> silu([0.0, 100.0]).numpy().tolist()
        [0.0, 100.0]

    Source: Ramachandran, Zoph & Le 2017, arXiv:1710.05941.
    """
    x = floating_operand("silu", features)
    return x * m.sigmoid(x * beta)


@dispatched
def gelu(features: TensorLike, approximate: bool = False, name: str | None = None) -> Tensor:
    """Return ``x * P(X <= x)`` for a standard normal X.

    Args:
        features: Floating-point numbers.
        approximate: Use the tanh formula instead of erf.
        name: Ignored.

    Example:
        >>> gelu([0.0, 100.0]).numpy().tolist()
        [0.0, 100.0]

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    """
    x = floating_operand("gelu", features)
    if approximate:
        inner = (x + x * x * x * 0.044715) * 0.7978845608028654
        return x * 0.5 * (m.tanh(inner) + 1.0)
    return x * 0.5 * (m.erf(x * 0.7071067811865476) + 1.0)


@dispatched
def softmax(logits: TensorLike, axis: Any = None, name: str | None = None) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` along an axis.

    Args:
        logits: Floating-point numbers of rank 1 or more.
        axis: The dimension, or several; the last by default.
        name: Ignored.

    Example:
        >>> softmax([0.0, 0.0]).numpy().tolist()
        [0.5, 0.5]
    """
    x = _logits("softmax", logits)
    along = -1 if axis is None else axis
    shifted = m.exp(x - m.stop_gradient(reduce_max(x, along, keepdims=True)))
    return shifted / reduce_sum(shifted, along, keepdims=True)


@dispatched
def log_softmax(logits: TensorLike, axis: int | None = None, name: str | None = None) -> Tensor:
    """Return the logarithm of `softmax`, exact also where that underflows.

    Args:
        logits: Floating-point numbers of rank 1 or more.
        axis: The dimension; the last by default.
        name: Ignored.

    Example:
        >>> log_softmax([0.0, -1000.0]).numpy().tolist()
        [0.0, -1000.0]
    """
    x = _logits("log_softmax", logits)
    along = -1 if axis is None else axis
    shifted = x - m.stop_gradient(reduce_max(x, along, keepdims=True))
    return shifted - m.log(reduce_sum(m.exp(shifted), along, keepdims=True))


def _logits(name: str, logits: TensorLike) -> Tensor:
    x = floating_operand(name, logits)
    if not x.ndim:
        raise InvalidArgumentError(f"{name}: logits must have rank 1 or more, received {x._type}")
    return x
