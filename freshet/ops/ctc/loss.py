"""The loss of connectionist temporal classification.

    loss = -log sum over paths that collapse to the labels of  product over t of  p(path[t], t)

A path names a class or the blank at each time; it collapses by dropping repetitions and then
blanks. The sum is computed forwards and backwards over the labels with blanks in between, as
logarithms; with both, so is its gradient.

Source: Graves et al. 2006, "Connectionist temporal classification", section 4.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.array import expand_dims_p
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, NoGradient, Primitive
from freshet.ops.sparse.sparse_tensor import SparseTensor


def _log_softmax(x: Array) -> Array:
    shifted = x - np.max(x, -1, keepdims=True)
    result: Array = shifted - np.log(np.sum(np.exp(shifted), -1, keepdims=True))
    return result


def _shift(x: Array, by: int) -> Array:
    """Return rows moved to the right, with -inf before; to the left for a number below 0."""
    result = np.full_like(x, -np.inf)
    if by > 0:
        result[:, by:] = x[:, :-by]
    else:
        result[:, :by] = x[:, -by:]
    return result


class _Lattice:
    """The states of all examples: each label between blanks, and how probable they are."""

    def __init__(
        self, logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int
    ) -> None:
        self.log_p = _log_softmax(logits.astype(np.float64))
        self.times, self.batch, _ = logits.shape
        self.states = 2 * labels.shape[1] + 1
        blank %= logits.shape[2]
        self.label = np.full((self.batch, self.states), blank)
        self.label[:, 1::2] = labels
        number = np.arange(self.states)
        self.ends = 2 * label_length.astype(np.int64)[:, None]
        outside: Array = np.greater(number, self.ends)
        self.label[outside] = blank
        # A path may leave out the blank between two different labels.
        before = np.full_like(self.label, blank)
        before[:, 2:] = self.label[:, :-2]
        self.skips: Array = (number % 2 == 1) & (self.label != before) & (number > 1)
        self.length: Array = logit_length.astype(np.int64)
        rows = np.arange(self.batch)[:, None]
        self.emit = np.where(outside, -np.inf, self.log_p[:, rows, self.label])

    def forward(self) -> Array:
        """Return the log probability of each state at each time with all that came before."""
        alpha = np.full((self.times, self.batch, self.states), -np.inf)
        if not self.times:
            return alpha
        alpha[0, :, :2] = self.emit[0, :, :2]
        for t in range(1, self.times):
            last = alpha[t - 1]
            total = np.logaddexp(last, _shift(last, 1))
            total = np.logaddexp(total, np.where(self.skips, _shift(last, 2), -np.inf))
            alpha[t] = total + self.emit[t]
        return alpha

    def backward(self) -> Array:
        """Return the log probability of all that comes after each state at each time."""
        beta = np.full((self.times, self.batch, self.states), -np.inf)
        number = np.arange(self.states)
        final = np.where((number == self.ends) | (number == self.ends - 1), 0.0, -np.inf)
        skip_into = np.zeros_like(self.skips)
        skip_into[:, :-2] = self.skips[:, 2:]
        for t in range(self.times - 1, -1, -1):
            following = np.full_like(final, -np.inf)
            if t + 1 < self.times:
                onward = beta[t + 1] + self.emit[t + 1]
                following = np.logaddexp(onward, _shift(onward, -1))
                jumped = np.where(skip_into, _shift(onward, -2), -np.inf)
                following = np.logaddexp(following, jumped)
            ends_here = np.equal(self.length - 1, t)[:, None]
            beta[t] = np.where(ends_here, final, following)
            beta[t][t >= self.length] = -np.inf
        return beta

    def log_likelihood(self, alpha: Array) -> Array:
        """Return the log probability of each example's labels."""
        empty = np.where(self.ends[:, 0] == 0, 0.0, -np.inf)
        if not self.times:
            return empty
        at = np.maximum(self.length - 1, 0)
        rows = np.arange(self.batch)
        last = alpha[at, rows, self.ends[:, 0]]
        label = alpha[at, rows, np.maximum(self.ends[:, 0] - 1, 0)]
        both = np.where(self.ends[:, 0] > 0, np.logaddexp(last, label), last)
        return np.where(self.length > 0, both, empty)


def _infer(
    logits: TensorType, labels: TensorType, label_length: TensorType, logit_length: TensorType,
    blank: int,
) -> TensorType:  # fmt: skip
    if logits.rank != 3 or labels.rank != 2 or label_length.rank != 1 or logit_length.rank != 1:
        raise InvalidArgumentError(
            "ctc_loss: expected logits [time, batch, classes], labels [batch, length] and two "
            f"vectors of lengths, received {logits}, {labels}, {label_length} and {logit_length}"
        )
    return TensorType(logits.dtype, (logits.shape[1],))


def _reference(
    logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int
) -> Array:
    classes = logits.shape[2]
    inside = np.arange(labels.shape[1]) < label_length[:, None]
    if np.any(inside & ((labels < 0) | (labels >= classes))):
        raise InvalidArgumentError(f"ctc_loss: labels must be in [0, {classes})")
    if np.any(logit_length > logits.shape[0]) or np.any(label_length > labels.shape[1]):
        raise InvalidArgumentError(
            f"ctc_loss: lengths exceed the {logits.shape[0]} times or {labels.shape[1]} labels"
        )
    lattice = _Lattice(logits, labels, label_length, logit_length, blank)
    return -lattice.log_likelihood(lattice.forward()).astype(logits.dtype)


def _gradient_reference(
    logits: Array, labels: Array, label_length: Array, logit_length: Array, blank: int
) -> Array:
    lattice = _Lattice(logits, labels, label_length, logit_length, blank)
    alpha, beta = lattice.forward(), lattice.backward()
    whole = lattice.log_likelihood(alpha)
    possible = np.isfinite(whole)
    occupied = np.exp(alpha + beta - np.where(possible, whole, 0)[:, None])
    expected = np.zeros(logits.shape)
    rows = np.arange(lattice.batch)[:, None]
    for t in range(lattice.times):
        np.add.at(expected[t], (rows, lattice.label), occupied[t])
    found = np.exp(lattice.log_p) - expected
    found[np.arange(lattice.times)[:, None] >= lattice.length] = 0
    found[:, ~possible] = 0
    return found.astype(logits.dtype)


def _gradient(call: Call, grad: Tensor) -> Tensor:
    slope = ctc_gradient_p(*call.inputs, **call.params)
    return slope * expand_dims_p(grad, axes=(0, 2))


_HOST = Host("each time depends on the one before")
ctc_loss_p: Primitive = Primitive(
    name="ctc_loss", infer=_infer, reference=_reference, gradient=(_gradient, None, None, None),
    lower=_HOST,
)  # fmt: skip
ctc_gradient_p: Primitive = Primitive(
    name="ctc_gradient", infer=lambda logits, *others, blank: logits,
    reference=_gradient_reference,
    gradient=NoGradient("the gradient is not differentiated again"), lower=_HOST,
)  # fmt: skip


def ctc_loss(
    labels: Any, logits: TensorLike, label_length: TensorLike | None, logit_length: TensorLike,
    logits_time_major: bool = True, unique: Any = None, blank_index: int | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the negative log probability of label sequences, summed over all their alignments.

    Args:
        labels: Integers[batch, longest], class numbers; or a sparse matrix of them.
        logits: float[time, batch, classes], unnormalised log probabilities.
        label_length: Integers[batch], how many labels count; ignored for sparse labels.
        logit_length: Integers[batch], how many times count.
        logits_time_major: False if the logits are [batch, time, classes].
        unique: Ignored; kept for TensorFlow programs.
        blank_index: The class of the blank, counted from the end if below 0; 0 by default. Sparse
            labels need it.
        name: Ignored.

    Returns:
        float[batch]; infinite where there are too few times for the labels.

    Raises:
        InvalidArgumentError: The shapes do not fit, or a label is no class.

    Example:
        >>> loss = ctc_loss([[1]], [[[0.0, 0.0]], [[0.0, 0.0]]], [1], [2])
        >>> float(loss[0]).__round__(4)  # three of four paths
        0.2877

    Source: Graves et al. 2006, "Connectionist temporal classification", eq. 8.
    """
    x = convert_to_tensor(logits)
    if not x.dtype.is_floating or x.ndim != 3:
        raise DTypeError(f"ctc_loss: logits must be float[time, batch, classes], not {x._type}")
    x = x if logits_time_major else shaping.transpose(x, [1, 0, 2])
    if isinstance(labels, SparseTensor):
        if blank_index is None:
            raise InvalidArgumentError("ctc_loss: sparse labels need blank_index")
        label, count = _dense(labels, x)
    else:
        label = convert_to_tensor(labels)
        if label_length is None:
            raise InvalidArgumentError("ctc_loss: dense labels need label_length")
        count = convert_to_tensor(label_length)
    blank = 0 if blank_index is None else int(blank_index)
    if x.shape[2] is not None and not -x.shape[2] <= blank < x.shape[2]:
        raise InvalidArgumentError(
            f"ctc_loss: blank_index must be one of the {x.shape[2]} classes, received {blank_index}"
        )
    lengths = (m.cast(c, dtypes.int64) for c in (count, convert_to_tensor(logit_length)))
    return ctc_loss_p(x, m.cast(label, dtypes.int64), *lengths, blank=blank)


def _dense_infer(
    indices: TensorType, values: TensorType, shape: TensorType, logits: TensorType
) -> tuple[TensorType, TensorType]:
    batch = logits.shape[1]
    return TensorType(dtypes.int64, (batch, None)), TensorType(dtypes.int64, (batch,))


def _dense_reference(
    indices: Array, values: Array, shape: Array, logits: Array
) -> tuple[Array, Array]:
    rows = logits.shape[1]
    count = np.bincount(indices[:, 0], minlength=rows).astype(np.int64)
    label = np.zeros((rows, int(np.max(count, initial=0))), np.int64)
    # The labels of a row follow each other, whatever their columns.
    place = np.arange(len(values)) - np.repeat(np.cumsum(count) - count, count)
    label[indices[:, 0], place] = values
    return label, count


dense_labels_p: Primitive = Primitive(
    name="dense_labels", infer=_dense_infer, reference=_dense_reference,
    gradient=NoGradient("labels are whole numbers"), lower=Host("its size depends on data"),
)  # fmt: skip


def _dense(labels: SparseTensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    values = m.cast(labels.values, dtypes.int64)
    label, count = dense_labels_p.apply((labels.indices, values, labels.dense_shape, logits), {})
    return label, count
