"""Isotonic regression: the nearest rows of numbers that never rise, or never fall.

Source: Barlow et al. 1972, "Statistical inference under order restrictions": pool adjacent
violators.
"""

from __future__ import annotations

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, NoGradient, Primitive


def _falling(row: list[float]) -> list[int]:
    """Return for each element the number of its segment; segments have falling means."""
    sums: list[float] = []
    counts: list[int] = []
    for number in row:
        sums.append(number)
        counts.append(1)
        while len(sums) > 1 and sums[-2] * counts[-1] <= sums[-1] * counts[-2]:
            last, size = sums.pop(), counts.pop()
            sums[-1] += last
            counts[-1] += size
    return [number for number, size in enumerate(counts) for _ in range(size)]


def _segments_reference(x: Array) -> Array:
    rows = x.reshape(-1, x.shape[-1]).astype(np.float64).tolist()
    return np.array([_falling(row) for row in rows], np.int32).reshape(x.shape)


def _means_reference(x: Array, segments: Array) -> Array:
    width = x.shape[-1]
    flat, ids = x.reshape(-1, width).astype(np.float64), segments.reshape(-1, width)
    result = np.zeros_like(flat)
    for out, row, own in zip(result, flat, ids, strict=True):
        size = np.bincount(own, minlength=1)
        out[:] = (np.bincount(own, row) / np.maximum(size, 1))[own] if width else 0
    return result.reshape(x.shape).astype(x.dtype)


def _means_gradient(call: Call, grad: Tensor) -> Tensor:
    # A mean gives its gradient back in equal parts: the same operation.
    return segment_means_p(grad, call.y)


_HOST = Host("each segment depends on those before")
isotonic_segments_p: Primitive = Primitive(
    name="isotonic_segments", infer=lambda x: TensorType(dtypes.int32, x.shape),
    reference=_segments_reference, gradient=NoGradient("segments are whole numbers"), lower=_HOST,
)  # fmt: skip
segment_means_p: Primitive = Primitive(
    name="segment_means", infer=lambda x, segments: x, reference=_means_reference,
    gradient=(_means_gradient, None), lower=_HOST,
)  # fmt: skip


def isotonic_regression(
    inputs: TensorLike, decreasing: bool = True, axis: int = -1
) -> tuple[Tensor, Tensor]:
    """Return the numbers nearest to the given ones that never rise along an axis, or never fall.

    ``minimise sum (y - x)**2  with  y[i] >= y[i + 1]``. The result is constant on segments, where
    it is the mean.

    Args:
        inputs: Numbers; whole ones become float64, of 8 and 16 bits float32.
        decreasing: Whether the result never rises; otherwise it never falls.
        axis: The dimension.

    Returns:
        The numbers, and for each, int32, which segment it belongs to.

    Raises:
        InvalidArgumentError: There is no such axis.

    Example:
        >>> y, segments = isotonic_regression([3.0, 1.0, 2.0])
        >>> y.numpy().tolist(), segments.numpy().tolist()
        ([3.0, 1.5, 1.5], [0, 1, 1])
    """
    x = convert_to_tensor(inputs)
    if not x.dtype.is_numeric or x.dtype.is_complex:
        raise DTypeError(f"isotonic_regression: expected real numbers, received {x._type}")
    if x.dtype.is_integer:
        x = m.cast(x, dtypes.float32 if x.dtype.bits < 32 else dtypes.float64)
    if not x.ndim:
        return x, convert_to_tensor(0)
    where = normalize_axis("isotonic_regression", int(axis), x.ndim)
    order = [d for d in range(x.ndim) if d != where] + [where]
    back = [int(d) for d in np.argsort(order)]
    moved = shaping.transpose(x, order)
    signed = moved if decreasing else -moved
    segments = isotonic_segments_p(m.stop_gradient(signed))
    y = segment_means_p(moved, segments)
    return shaping.transpose(y, back), shaping.transpose(segments, back)
