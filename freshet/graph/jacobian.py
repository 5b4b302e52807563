"""Jacobians: the gradients of every element of a target, by one backward pass for all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.graph.vectorize import vectorized
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor

Gradient = Callable[[Tensor], Sequence[Any]]
"""From weights of the target's elements to gradients of the sources; None for no gradient."""

FEW: Final = 4
"""Up to so many rows are done one by one: it takes less time than tracing."""


def jacobian(
    gradient: Gradient, target: Tensor, sources: Sequence[Any], *, at_once: bool
) -> list[Tensor | None]:
    """Return the derivatives of every element of a target.

    Args:
        gradient: How to get the gradients of a weighted sum of the target's elements.
        target: Its shape must be known.
        sources: What the derivatives are for.
        at_once: Whether to do all elements in one pass, or one after the other.

    Returns:
        For each source a tensor of shape ``target.shape + source.shape``, or None.
    """
    count = target.shape.num_elements()
    if count is None:
        raise InvalidArgumentError(
            f"GradientTape.jacobian: the shape of the target {target._type} is not known"
        )
    seeds = np.eye(count, dtype=target.dtype.as_numpy_dtype).reshape(count, *target.shape)
    found = _rows(gradient, Tensor._of_array(seeds, target.dtype), at_once)
    return [
        None if rows is None else _shaped(rows, tuple(target.shape), source)
        for rows, source in zip(found, sources, strict=True)
    ]


def _shaped(rows: Tensor, shape: tuple[int | None, ...], source: Any) -> Tensor:
    sizes = (*shape, *source.shape)
    if list(sizes).count(None) > 1:
        inner = shaping.shape(rows)[1:]
        return shaping.reshape(rows, shaping.concat([list(shape), inner], 0))
    return shaping.reshape(rows, [-1 if s is None else s for s in sizes])


def batch_jacobian(
    gradient: Gradient, target: Tensor, source: Any, *, at_once: bool
) -> Tensor | None:
    """Return the derivatives of every element of each example's target for that example's source.

    Args:
        gradient: How to get the gradient of a weighted sum of the target's elements.
        target: Of shape ``[batch, ...]``; all sizes but the first must be known.
        source: A tensor or variable of shape ``[batch, ...]``.
        at_once: Whether to do all elements in one pass, or one after the other.

    Returns:
        A tensor of shape ``[batch] + target.shape[1:] + source.shape[1:]``, or None.
    """
    batch, *open_sizes = target.shape
    sizes = [s for s in open_sizes if s is not None]
    if len(sizes) < len(open_sizes):
        raise InvalidArgumentError(
            f"GradientTape.batch_jacobian: the target {target._type} must have known sizes after "
            "the first"
        )
    count = math.prod(sizes)
    one = np.eye(count, dtype=target.dtype.as_numpy_dtype).reshape(count, 1, *sizes)
    if batch is None:
        every = shaping.concat([[count], shaping.shape(target)], 0)
        seeds = shaping.broadcast_to(Tensor._of_array(one, target.dtype), every)
    else:
        wide = np.ascontiguousarray(np.broadcast_to(one, (count, batch, *sizes)))
        seeds = Tensor._of_array(wide, target.dtype)
    (rows,) = _rows(gradient, seeds, at_once)
    if rows is None:
        return None
    by_example = shaping.transpose(rows, [1, 0, *range(2, rows.ndim)])
    rest = [*sizes, *source.shape[1:]]
    if None in rest:
        return shaping.reshape(
            by_example, shaping.concat([[-1], sizes, shaping.shape(rows)[2:]], 0)
        )
    return shaping.reshape(by_example, [-1 if batch is None else batch, *rest])


def _rows(gradient: Gradient, seeds: Tensor, at_once: bool) -> list[Tensor | None]:
    """Return the gradients for each of several weights, stacked; None where there is none."""
    exists: list[bool] = []

    def dense(seed: Tensor) -> list[Tensor]:
        found = gradient(seed)
        exists[:] = [g is not None for g in found]
        return [convert_to_tensor(g) for g in found if g is not None]

    count = seeds.shape[0] or 0
    if count == 0:
        none = shaping.zeros(tuple(seeds.shape)[1:], seeds.dtype)
        rows = [shaping.expand_dims(g, 0)[:0] for g in dense(none)]
    elif not at_once or count <= FEW:
        rows = _one_by_one(dense, seeds)
    else:
        rows = vectorized(dense, [seeds], once=True) or []
    given = iter(rows)
    return [next(given) if there else None for there in exists]


def _one_by_one(function: Callable[[Tensor], list[Tensor]], seeds: Tensor) -> list[Tensor]:
    found = [function(seeds[i]) for i in range(seeds.shape[0] or 0)]
    return [shaping.stack(list(column)) for column in zip(*found, strict=True)]
