"""Losses over many classes of which only a few are computed.

    logit(c) = x . w_c + b_c - log Q(c)

Q(c) is how often class c is expected among the candidates; taking its logarithm away makes the
sampled loss an estimate of the whole one.

Source: Jean et al. 2015, arXiv:1412.2007, section 3; Gutmann & Hyvarinen 2010, "Noise-contrastive
estimation".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.candidate_sampling import (
    IMPOSSIBLE,
    classes_of,
    log_uniform_candidate_sampler,
)
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.cross_entropy import (
    sigmoid_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits,
)
from freshet.ops.linalg.einsum import einsum
from freshet.ops.lookup import gather_along
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_any, reduce_sum


def _table(weights: Any) -> Tensor:
    """Return the classes' vectors as one table; parts of it follow each other."""
    parts = isinstance(weights, (list, tuple)) and any(
        isinstance(w, (Tensor, Variable, np.ndarray)) and len(w.shape) == 2 for w in weights
    )
    return shaping.concat(list(weights), 0) if parts else convert_to_tensor(weights)


def _logits(
    name: str, weights: Any, biases: TensorLike, labels: TensorLike, inputs: TensorLike,
    num_sampled: int, num_classes: int, num_true: int, sampled_values: Any,
    remove_accidental_hits: bool, seed: int | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return logits of the true and the sampled classes, and the labels that go with them."""
    table, bias = _table(weights), convert_to_tensor(biases)
    x, true = convert_to_tensor(inputs), classes_of(name, labels, num_true)
    values = sampled_values or log_uniform_candidate_sampler(
        true, num_true, num_sampled, True, num_classes, seed
    )
    sampled, true_count, sampled_count = (
        m.stop_gradient(convert_to_tensor(value)) for value in values
    )
    sampled = m.cast(sampled, dtypes.int64)
    right = einsum("bd,btd->bt", x, gather_along(table, true, 0)) + gather_along(bias, true, 0)
    others = matmul(x, gather_along(table, sampled, 0), transpose_b=True)
    others = others + gather_along(bias, sampled, 0)
    if remove_accidental_hits:
        hit = reduce_any(m.equal(shaping.expand_dims(true, 2), sampled), 1)
        others = m.where(hit, others + IMPOSSIBLE, others)
    right = right - m.log(m.cast(true_count, x.dtype))
    others = others - m.log(m.cast(sampled_count, x.dtype))
    wanted = [shaping.ones_like(right) / float(num_true), shaping.zeros_like(others)]
    return shaping.concat([right, others], 1), shaping.concat(wanted, 1)


def sampled_softmax_loss(
    weights: Any, biases: TensorLike, labels: TensorLike, inputs: TensorLike, num_sampled: int,
    num_classes: int, num_true: int = 1, sampled_values: Any = None,
    remove_accidental_hits: bool = True, seed: int | None = None,
    name: str | None = "sampled_softmax_loss",
) -> Tensor:  # fmt: skip
    """Return the softmax cross-entropy over the true classes and a sample of the others.

    For training only: evaluate with the softmax of all classes.

    Args:
        weights: float[num_classes, dim], or a list of tables that follow each other.
        biases: float[num_classes].
        labels: Integers[batch, num_true], the classes that are right.
        inputs: float[batch, dim].
        num_sampled: How many classes to draw for the whole batch.
        num_classes: How many there are.
        num_true: How many are right for each example.
        sampled_values: What a sampler returned; by default that of
            `log_uniform_candidate_sampler`.
        remove_accidental_hits: Whether a candidate that is right does not count as wrong.
        seed: Of the sampler.
        name: Ignored.

    Returns:
        float[batch].

    Example:
        >>> w, b = [[1.0], [2.0], [3.0]], [0.0, 0.0, 0.0]
        >>> sampled_softmax_loss(w, b, [[1]], [[1.0]], 2, 3).shape
        TensorShape([1])
    """
    logits, wanted = _logits(
        "sampled_softmax_loss", weights, biases, labels, inputs, num_sampled, num_classes,
        num_true, sampled_values, remove_accidental_hits, seed,
    )  # fmt: skip
    return softmax_cross_entropy_with_logits(m.stop_gradient(wanted), logits)


def nce_loss(
    weights: Any, biases: TensorLike, labels: TensorLike, inputs: TensorLike, num_sampled: int,
    num_classes: int, num_true: int = 1, sampled_values: Any = None,
    remove_accidental_hits: bool = False, name: str | None = "nce_loss",
) -> Tensor:  # fmt: skip
    """Return the noise-contrastive loss: the right classes told from a sample of the others.

    For training only. Arguments as for `sampled_softmax_loss`; the loss is a sum of logistic ones
    over the true and the sampled classes.

    Returns:
        float[batch].

    Example:
        >>> w, b = [[1.0], [2.0], [3.0]], [0.0, 0.0, 0.0]
        >>> nce_loss(w, b, [[1]], [[1.0]], 2, 3).shape
        TensorShape([1])
    """
    logits, wanted = _logits(
        "nce_loss", weights, biases, labels, inputs, num_sampled, num_classes, num_true,
        sampled_values, remove_accidental_hits, None,
    )  # fmt: skip
    return reduce_sum(sigmoid_cross_entropy_with_logits(wanted, logits), 1)
