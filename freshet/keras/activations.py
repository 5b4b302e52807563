"""Activation functions: ``ft.keras.activations``.

Plain functions of a tensor, which a layer's `activation` argument names. What they return carries
no memory of its input: a loss that needs logits is told so with ``from_logits=True``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.keras import configurable, identifiers
from freshet.keras.dtype_policies import floatx
from freshet.ops import math as m
from freshet.ops import nn
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.shaping import split

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def _floating(x: TensorLike) -> Tensor:
    """Return a tensor of floating-point numbers; integers become `floatx()`."""
    tensor = convert_to_tensor(x)
    return tensor if tensor.dtype.is_floating else m.cast(tensor, floatx())


# --- rectifiers -----------------------------------------------------------------------------------


def relu(
    x: TensorLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """Return ``max(x, 0)``, or a variant of it.

    y = min(x, max_value)  where x > threshold,  else  negative_slope (x - threshold)

    Args:
        x: Numbers.
        negative_slope: Slope below the threshold; 0, so that nothing passes.
        max_value: Upper bound; none by default.
        threshold: Where the function starts to rise.

    Example:
        >>> relu([-2.0, 1.0, 7.0], negative_slope=0.5, max_value=6.0).numpy().tolist()
        [-1.0, 1.0, 6.0]

    Source: Nair & Hinton, ICML 2010, section 2.
    """
    tensor = convert_to_tensor(x)
    passed = nn.relu(tensor)
    if threshold != 0:
        passed = m.where(tensor > threshold, tensor, 0)
    if max_value is not None:
        passed = m.clip_by_value(passed, 0, max_value)
    if negative_slope == 0:
        return passed
    return passed - nn.relu(threshold - tensor) * negative_slope


def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Tensor:
    """Return x where it is positive, else ``negative_slope * x``.

    Args:
        x: Numbers.
        negative_slope: Slope below 0; 0.2, as Keras.

    Source: Maas, Hannun & Ng, ICML 2013 workshop, eq. 2.
    """
    return nn.leaky_relu(_floating(x), negative_slope)


def relu6(x: TensorLike) -> Tensor:
    """Return ``min(max(x, 0), 6)``."""
    return nn.relu6(_floating(x))


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Return x where it is positive, else ``alpha (exp(x) - 1)``.

    Args:
        x: Numbers.
        alpha: The function tends to -alpha; 1 makes its slope continuous.

    Source: Clevert, Unterthiner & Hochreiter 2015, arXiv:1511.07289, eq. 15.
    """
    tensor = _floating(x)
    below = m.expm1(m.minimum(tensor, 0.0))
    return m.where(tensor > 0.0, tensor, below if alpha == 1 else below * alpha)


def celu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """Return ``max(x, 0) + alpha (exp(min(x, 0) / alpha) - 1)``.

    Source: Barron 2017, arXiv:1704.07483, eq. 2.
    """
    tensor = _floating(x)
    return m.maximum(tensor, 0.0) + m.expm1(m.minimum(tensor, 0.0) / alpha) * alpha


def selu(x: TensorLike) -> Tensor:
    """Return the scaled `elu` whose fixed point has mean 0 and variance 1.

    Source: Klambauer et al. 2017, arXiv:1706.02515, eq. 2 and 14.
    """
    return nn.selu(_floating(x))


def threshold(x: TensorLike, threshold: float, default_value: float) -> Tensor:
    """Return x where it is above the threshold, else `default_value`."""
    tensor = _floating(x)
    return m.where(tensor > threshold, tensor, default_value)


# --- smooth ---------------------------------------------------------------------------------------


def sigmoid(x: TensorLike) -> Tensor:
    """Return ``1 / (1 + exp(-x))``."""
    return m.sigmoid(_floating(x))


def log_sigmoid(x: TensorLike) -> Tensor:
    """Return ``log(sigmoid(x))``, exact also where that underflows."""
    return -m.softplus(-_floating(x))


def tanh(x: TensorLike) -> Tensor:
    """Return the hyperbolic tangent."""
    return m.tanh(_floating(x))


def softplus(x: TensorLike) -> Tensor:
    """Return ``log(1 + exp(x))``."""
    return m.softplus(_floating(x))


def softsign(x: TensorLike) -> Tensor:
    """Return ``x / (1 + |x|)``."""
    tensor = _floating(x)
    return tensor / (m.abs(tensor) + 1.0)


def squareplus(x: TensorLike, b: float = 4) -> Tensor:
    """Return ``(x + sqrt(x**2 + b)) / 2``.

    Args:
        x: Numbers.
        b: Above 0; greater is smoother. 4 gives 1 at 0.

    Source: Barron 2021, arXiv:2112.11687, eq. 1.
    """
    tensor = _floating(x)
    return (tensor + m.sqrt(tensor * tensor + b)) * 0.5


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """Return ``x P(X <= x)`` for a standard normal X.

    Args:
        x: Numbers.
        approximate: Use the formula with tanh instead of erf.

    Source: Hendrycks & Gimpel 2016, arXiv:1606.08415, section 2.
    """
    return nn.gelu(_floating(x), approximate)


def silu(x: TensorLike) -> Tensor:
    """Return ``x sigmoid(x)``, also called swish.

    Example:
        >>> silu([0.0, 20.0]).numpy().tolist()
        [0.0, 20.0]

    Source: Ramachandran, Zoph & Le 2017, arXiv:1710.05941, eq. 1 with beta = 1.
    """
    return nn.silu(_floating(x))


swish = silu


def mish(x: TensorLike) -> Tensor:
    """Return ``x tanh(softplus(x))``.

    Source: Misra 2019, arXiv:1908.08681, eq. 1.
    """
    tensor = _floating(x)
    return tensor * m.tanh(m.softplus(tensor))


def glu(x: TensorLike, axis: int = -1) -> Tensor:
    """Return the first half of a dimension times the sigmoid of the second.

    Raises:
        InvalidArgumentError: The dimension has an odd size.

    Source: Dauphin et al. 2016, arXiv:1612.08083, eq. 1.
    """
    tensor = _floating(x)
    size = tensor.shape[axis]
    if size is None or size % 2:
        raise InvalidArgumentError(
            f"glu: axis {axis} must have an even size, received {tensor._type}"
        )
    value, gate = split(tensor, 2, axis)
    return value * m.sigmoid(gate)


def exponential(x: TensorLike) -> Tensor:
    """Return e to the power x."""
    return m.exp(_floating(x))


def linear(x: TensorLike) -> Any:
    """Return x itself."""
    return x


# --- along an axis --------------------------------------------------------------------------------


def softmax(x: TensorLike, axis: Any = -1) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` along one axis or several.

    Example:
        >>> softmax([0.0, math.log(3)]).numpy().tolist()
        [0.25, 0.75]
    """
    return nn.softmax(_floating(x), axis)


def log_softmax(x: TensorLike, axis: Any = -1) -> Tensor:
    """Return the logarithm of `softmax`, exact also where that underflows."""
    return nn.log_softmax(_floating(x), axis)


# --- piecewise ------------------------------------------------------------------------------------


def hard_sigmoid(x: TensorLike) -> Tensor:
    """Return ``min(max(x / 6 + 1/2, 0), 1)``, a sigmoid of straight lines."""
    return m.clip_by_value(_floating(x) / 6.0 + 0.5, 0.0, 1.0)


def hard_silu(x: TensorLike) -> Tensor:
    """Return ``x hard_sigmoid(x)``, also called hard swish.

    Source: Howard et al. 2019, arXiv:1905.02244, section 5.2.
    """
    tensor = _floating(x)
    return tensor * hard_sigmoid(tensor)


hard_swish = hard_silu


def hard_tanh(x: TensorLike) -> Tensor:
    """Return ``min(max(x, -1), 1)``."""
    return m.clip_by_value(_floating(x), -1.0, 1.0)


def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """Return x where ``|x| > threshold``, else 0."""
    tensor = _floating(x)
    return m.where(m.abs(tensor) > threshold, tensor, 0.0)


def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """Return x moved towards 0 by the threshold, 0 where it is nearer than that."""
    tensor = _floating(x)
    return m.where(
        tensor > threshold,
        tensor - threshold,
        m.where(tensor < -threshold, tensor + threshold, 0.0),
    )


def tanh_shrink(x: TensorLike) -> Tensor:
    """Return ``x - tanh(x)``."""
    tensor = _floating(x)
    return tensor - m.tanh(tensor)


def sparse_plus(x: TensorLike) -> Tensor:
    """Return 0 up to -1, ``(x + 1)**2 / 4`` up to 1, then x."""
    tensor = _floating(x)
    middle = m.square(tensor + 1.0) * 0.25
    return m.where(tensor <= -1.0, 0.0, m.where(tensor < 1.0, middle, tensor))


def sparse_sigmoid(x: TensorLike) -> Tensor:
    """Return ``min(max((x + 1) / 2, 0), 1)``."""
    return m.clip_by_value((_floating(x) + 1.0) * 0.5, 0.0, 1.0)


# --- by name --------------------------------------------------------------------------------------

ALIASES: Final[dict[str, Any]] = {
    name: globals()[name] for name in __all__ if name not in {"deserialize", "get", "serialize"}
}


def get(identifier: Any) -> Any:
    """Return the function that an argument stands for; `linear` for None.

    Args:
        identifier: A name such as "relu", a configuration, or any callable.

    Raises:
        InvalidArgumentError: The name is not known.

    Example:
        >>> get("swish") is silu
        True
    """
    if identifier is None:
        return linear
    return identifiers.get(identifier, "activations", "an activation")


def serialize(activation: Any) -> Any:
    """Return the name of an activation, or the configuration of an object or registered function.

    Raises:
        UnimplementedError: It is a function that is not registered.
    """
    return configurable.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the function that a name or configuration describes."""
    return identifiers.deserialize(config, "activations", "an activation", custom_objects)
