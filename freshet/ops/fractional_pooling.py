"""Fractional pooling: windows whose sizes vary, so that an image shrinks by any ratio.

Source: Graham 2015, arXiv:1412.6071.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.lookup import gather_p
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max, reduce_sum


def fractional_max_pool(
    value: TensorLike, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
    seed: int = 0, name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the largest element of each of windows of random sizes.

    Args:
        value: Numbers[batch, height, width, channels], height and width known.
        pooling_ratio: By how much height and width shrink, 1 or more; one number, two, or four
            whose outer ones are 1.
        pseudo_random: Whether sizes follow a random line instead of being shuffled.
        overlapping: Whether windows share their border elements.
        seed: Fixes the windows; 0 for others each time. Inside a traced function they are drawn
            when it is traced.
        name: Ignored.

    Returns:
        The pooled image, and where the windows begin in rows and in columns, with the end.

    Example:
        >>> x = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
        >>> fractional_max_pool(x, 2.0, seed=1)[0].numpy().tolist()
        [[[[4.0]]]]
    """
    x, rows, columns = _windows("fractional_max_pool", value, pooling_ratio, pseudo_random, seed)
    y = x
    for axis, edges in ((1, rows), (2, columns)):
        y = reduce_max(_members(y, axis, edges, overlapping)[0], axis + 1)
    return y, Tensor._of_array(rows), Tensor._of_array(columns)


def fractional_avg_pool(
    value: TensorLike, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False,
    seed: int = 0, name: str | None = None,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the mean of each of windows of random sizes; arguments as for the maximum.

    Example:
        >>> x = [[[[1.0], [2.0]], [[3.0], [4.0]]]]
        >>> fractional_avg_pool(x, 2.0, seed=1)[0].numpy().tolist()
        [[[[2.5]]]]
    """
    x, rows, columns = _windows("fractional_avg_pool", value, pooling_ratio, pseudo_random, seed)
    if not x.dtype.is_floating:
        raise DTypeError(f"fractional_avg_pool: expected floating-point numbers, not {x._type}")
    y = x
    for axis, edges in ((1, rows), (2, columns)):
        found, shares = _members(y, axis, edges, overlapping)
        tail = shares.reshape(*shares.shape, *[1] * (y.ndim - axis - 1))
        y = reduce_sum(found * Tensor._of_array(tail.astype(x.dtype.as_numpy_dtype)), axis + 1)
    return y, Tensor._of_array(rows), Tensor._of_array(columns)


def _windows(
    name: str, value: TensorLike, pooling_ratio: Any, pseudo_random: bool, seed: int
) -> tuple[Tensor, Any, Any]:
    x = convert_to_tensor(value)
    if x.ndim != 4 or None in x.shape[1:3]:
        raise InvalidArgumentError(
            f"{name}: expected [batch, height, width, channels] of known height and width, "
            f"received {x._type}"
        )
    given = pooling_ratio if isinstance(pooling_ratio, (list, tuple)) else [pooling_ratio]
    ratios = [float(r) for r in given]
    if len(ratios) == 4:
        if ratios[0] != 1 or ratios[3] != 1:
            raise InvalidArgumentError(f"{name}: pooling_ratio must be 1 for batch and channels")
        ratios = ratios[1:3]
    ratios = ratios * 2 if len(ratios) == 1 else ratios
    if len(ratios) != 2 or min(ratios) < 1:
        raise InvalidArgumentError(
            f"{name}: pooling_ratio must be one, two or four numbers from 1 on, received "
            f"{pooling_ratio!r}"
        )
    rng = np.random.Generator(np.random.Philox(seed or int.from_bytes(os.urandom(8), "little")))
    sizes = [int(n or 0) for n in x.shape[1:3]]
    edges = [
        _edges(rng, n, max(math.floor(n / r), 1), pseudo_random)
        for n, r in zip(sizes, ratios, strict=True)
    ]
    return x, edges[0], edges[1]


def _edges(rng: np.random.Generator, size: int, count: int, pseudo_random: bool) -> Any:
    """Return where windows begin and the last one ends; their sizes differ by at most 1."""
    ratio = size / count
    if pseudo_random and ratio != int(ratio):
        # Section 2.1: ceil(alpha * (i + u)), with u so that the last edge is the image's.
        base = math.floor(ratio)
        largest = (base + 2) / ratio - 1 if base + 2 <= size else 1.0
        u = rng.random() * min(largest, 1.0, (size + 1) / ratio - (count - 1))
        inner = [int(ratio * (i + u)) - int(ratio * u) for i in range(count)]
        return np.array([*inner, size], np.int64)
    small = size // count
    steps = np.full(count, small)
    steps[: size - small * count] += 1
    return np.concatenate([[0], np.cumsum(rng.permutation(steps))]).astype(np.int64)


def _members(x: Tensor, axis: int, edges: Any, overlapping: bool) -> tuple[Tensor, Any]:
    """Return each window's elements along a new dimension, and each one's share of a mean.

    A window smaller than the largest repeats its last element, with no share.
    """
    ends = edges[1:] + overlapping
    ends[-1] = edges[-1]
    longest = int(np.max(ends - edges[:-1]))
    at = edges[:-1, None] + np.arange(longest)
    inside = at < ends[:, None]
    places = np.minimum(at, ends[:, None] - 1).astype(np.int64)
    found = gather_p(x, Tensor._of_array(places), axis=axis)
    return found, inside / inside.sum(1, keepdims=True)
