"""Losses of logits and of regressions, one number per example or element."""

from __future__ import annotations

import math

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import elementwise as e
from freshet.ops import math as m
from freshet.ops import scalar
from freshet.ops.activations import log_softmax
from freshet.ops.checks import check_in_range
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.index import Index
from freshet.ops.lookup import check_indices_p
from freshet.ops.math import TensorLike
from freshet.ops.nest import Nest, o
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.reduction import reduce_max, reduce_sum

# --- of classes -----------------------------------------------------------------------------------


def softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, axis: int = -1, name: str | None = None
) -> Tensor:
    """Return ``-sum(labels * log_softmax(logits))`` along an axis.

    Args:
        labels: Probabilities, of the shape of `logits`.
        logits: Unnormalised log probabilities.
        axis: The dimension of the classes.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes do not broadcast, or are of rank 0.

    Example:
        >>> float(softmax_cross_entropy_with_logits([0.0, 1.0], [0.0, 0.0])).__round__(4)
        0.6931
    """
    caller = "softmax_cross_entropy_with_logits"
    x = convert_to_tensor(logits)
    want = convert_to_tensor(labels)
    if want.dtype != x.dtype:
        want = m.cast(want, x.dtype)
    if not want.ndim or not x.ndim:
        raise InvalidArgumentError(
            f"{caller}: labels and logits must have rank 1 or more, received {want._type} and "
            f"{x._type}"
        )
    return -reduce_sum(want * log_softmax(x, axis), axis)


def sparse_softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, name: str | None = None
) -> Tensor:
    """Return ``-log_softmax(logits)[label]`` for each label.

    Args:
        labels: int[...], class numbers.
        logits: float[..., classes].
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes do not fit, or a label is outside ``[0, classes)``; inside
            a traced function this is raised when the function runs, before it changes a variable.

    Example:
        >>> float(sparse_softmax_cross_entropy_with_logits([1], [[0.0, 0.0]])[0]).__round__(4)
        0.6931
    """
    label, x = convert_to_tensor(labels), convert_to_tensor(logits)
    caller = "sparse_softmax_cross_entropy_with_logits"
    if not label.dtype.is_integer:
        raise DTypeError(f"{caller}: labels must be integers, received {label._type}")
    if not x.shape[:-1].is_compatible_with(label.shape):
        raise InvalidArgumentError(
            f"{caller}: labels must have the shape of logits without its last dimension, "
            f"received labels {label._type} and logits {x._type}"
        )
    if not x.ndim:
        raise InvalidArgumentError(f"{caller}: logits must have a dimension of classes")
    classes = x.shape[-1]
    if classes is None:
        label = check_indices_p(label, x, axis=x.ndim - 1)
        hit = hits_p(label, x)
    else:
        label = check_in_range(caller, "label", label, 0, classes)
        hit = m.equal(a.expand_dims_p(label, axes=(label.ndim,)), _class_numbers(label, classes))
    shifted = x - m.stop_gradient(reduce_max(x, -1, keepdims=True))
    chosen = reduce_sum(m.where(hit, shifted, e.zeros_of(shifted)), -1)
    return m.log(reduce_sum(m.exp(shifted), -1)) - chosen


def _class_numbers(label: Tensor, classes: int) -> Tensor:
    steps = a.iota_p(size=classes, dtype=label.dtype)
    return a.expand_dims_p(steps, axes=tuple(range(label.ndim))) if label.ndim else steps


def _hits_reference(label: Array, x: Array) -> Array:
    hit: Array = label[..., None] == np.arange(x.shape[-1])
    return hit


def _hits_lower(label: TensorType, x: TensorType) -> Nest:
    last = x.rank - 1
    where = tuple(Index(o(d)) for d in range(last))
    return Nest(
        operands=(where, None),
        body=lambda number, _: scalar.compare(
            "eq", scalar.cast(number, dtypes.int64), scalar.coordinate(o(last))
        ),
    )


hits_p: Primitive = Primitive(
    name="hits", infer=lambda label, x: TensorType(dtypes.bool_, x.shape),
    reference=_hits_reference, gradient=NoGradient("the result is bool"), lower=_hits_lower,
)  # fmt: skip
"""Where the last dimension's number is the label: for classes whose number is not known yet."""


# --- of truth values ------------------------------------------------------------------------------


@dispatched
def sigmoid_cross_entropy_with_logits(
    labels: TensorLike = None, logits: TensorLike = None, name: str | None = None
) -> Tensor:
    """Return ``-z*log(sigmoid(x)) - (1-z)*log(1-sigmoid(x))``, computed as softplus(x) - x*z.

    Args:
        labels: The z, in ``[0, 1]``, of the shape of `logits`.
        logits: The x.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes differ.

    Example:
        >>> float(sigmoid_cross_entropy_with_logits([1.0], [0.0])[0]).__round__(4)
        0.6931
    """
    z, x = _alike("sigmoid_cross_entropy_with_logits", labels, logits)
    return m.softplus(x) - x * z


def weighted_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, pos_weight: TensorLike, name: str | None = None
) -> Tensor:
    """Return ``-z*log(sigmoid(x)) * weight - (1-z)*log(1-sigmoid(x))``.

    Args:
        labels: The z, in ``[0, 1]``, of the shape of `logits`.
        logits: The x.
        pos_weight: Weight of what is true: above 1 for more recall, below for more precision.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes of labels and logits differ.

    Example:
        >>> float(weighted_cross_entropy_with_logits([1.0], [0.0], 2.0)[0]).__round__(4)
        1.3863
    """
    z, x = _alike("weighted_cross_entropy_with_logits", labels, logits)
    # With w = 1 + (weight - 1) * z, both logarithms are w * softplus(-x) and (1 - z) * x.
    weight: Tensor = (convert_to_tensor(pos_weight, dtype_hint=x.dtype) - 1) * z + 1
    return (1 - z) * x + weight * m.softplus(-x)


def _alike(name: str, labels: TensorLike, logits: TensorLike) -> tuple[Tensor, Tensor]:
    z, x = binary_operands(name, labels, logits)
    if not z.shape.is_compatible_with(x.shape):
        raise InvalidArgumentError(
            f"{name}: labels and logits must have one shape, received {z._type} and {x._type}"
        )
    return z, x


# --- of counts and numbers ------------------------------------------------------------------------


def log_poisson_loss(
    targets: TensorLike, log_input: TensorLike, compute_full_loss: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return ``exp(c) - z*c``: the negative log likelihood of counts z with expectation e^c.

    Args:
        targets: The counts z, of the shape of `log_input`.
        log_input: The logarithms c of the expected counts.
        compute_full_loss: Add Stirling's approximation of ``log(z!)``, ``z*log(z) - z +
            0.5*log(2*pi*z)``, where z is not in ``[0, 1]``.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes differ.

    Example:
        >>> log_poisson_loss([2.0], [0.0]).numpy().tolist()
        [1.0]
    """
    z, c = _alike("log_poisson_loss", targets, log_input)
    loss = m.exp(c) - c * z
    if not compute_full_loss:
        return loss
    small = m.logical_and(m.greater_equal(z, 0), m.less_equal(z, 1))
    # The approximation is computed for all, so that it must be finite where it is not used.
    safe = m.where(small, e.zeros_of(z) + 1, z)
    stirling = safe * m.log(safe) - safe + m.log(safe * (2 * math.pi)) * 0.5
    return loss + m.where(small, e.zeros_of(z), stirling)


def l2_loss(t: TensorLike, name: str | None = None) -> Tensor:
    """Return ``sum(t**2) / 2``.

    Example:
        >>> float(l2_loss([3.0, 4.0]))
        12.5
    """
    x = convert_to_tensor(t)
    if not x.dtype.is_floating:
        raise DTypeError(f"l2_loss: expected floating-point numbers, received {x._type}")
    return reduce_sum(m.square(x)) * 0.5
