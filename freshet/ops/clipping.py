"""Clipping of tensors to a norm, mostly of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.elementwise_rules import conj, ones_of
from freshet.ops.linalg.norms import global_norm
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_sum


@dispatched
def clip_by_norm(
    t: TensorLike, clip_norm: TensorLike, axes: Any = None, name: str | None = None
) -> Tensor:
    """Return ``t * clip_norm / norm(t)`` where the norm is larger than `clip_norm`, else t.

    Args:
        t: Floating-point or complex numbers.
        clip_norm: The largest L2 norm.
        axes: Dimensions whose elements make one norm; all by default.
        name: Ignored.

    Raises:
        DTypeError: `t` holds integers.

    Example:
        >>> clip_by_norm([3.0, 4.0], 2.5).numpy().tolist()
        [1.5, 2.0]
    """
    tensor = convert_to_tensor(t)
    if not tensor.dtype.is_differentiable:
        raise DTypeError(
            f"clip_by_norm: expected a floating-point or complex tensor, received {tensor._type}"
        )
    most = convert_to_tensor(clip_norm, dtype_hint=tensor.dtype.real_dtype)
    squares = reduce_sum(_squares(tensor), axes, keepdims=True)
    some = m.greater(squares, 0.0)
    # The root's slope at 0 is infinite; there the root is taken of something else.
    size = m.where(some, m.sqrt(m.where(some, squares, ones_of(squares))), squares)
    scale = m.cast(m.maximum(size, most), tensor.dtype)
    return m.divide(m.multiply(tensor, m.cast(most, tensor.dtype)), scale)


def _squares(tensor: Tensor) -> Tensor:
    """Return ``|x|**2`` as real numbers."""
    return m.cast(m.multiply(tensor, conj(tensor)), tensor.dtype.real_dtype)


@dispatched
def clip_by_average_norm(t: TensorLike, clip_norm: TensorLike, name: str | None = None) -> Tensor:
    """Return t scaled down until its L2 norm divided by its size is at most `clip_norm`.

    Example:
        >>> clip_by_average_norm([3.0, 4.0], 1.25).numpy().tolist()
        [1.5, 2.0]
    """
    tensor = convert_to_tensor(t)
    squares = reduce_sum(_squares(tensor))
    average = m.divide(m.sqrt(squares), m.cast(shaping.size(tensor), squares.dtype))
    most = convert_to_tensor(clip_norm, dtype_hint=squares.dtype)
    one = ones_of(average)
    return m.multiply(tensor * most, m.minimum(one / average, one / most))


def _listed(name: str, t_list: Any) -> list[Tensor | None]:
    if isinstance(t_list, (Tensor, np.ndarray, str)) or not hasattr(t_list, "__iter__"):
        raise DTypeError(f"{name}: t_list must be a list of tensors, received {t_list!r}")
    return [None if t is None else convert_to_tensor(_values(t)) for t in t_list]


def _values(t: Any) -> Any:
    """Return what counts for a norm: of slices with indices, the slices."""
    return t.values if hasattr(t, "values") and hasattr(t, "indices") else t


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: TensorLike, use_norm: TensorLike = None,
    name: str | None = None,
) -> tuple[list[Any], Tensor]:  # fmt: skip
    """Scale several tensors down together, so that the norm of all is at most `clip_norm`.

    ``t * clip_norm / max(global_norm, clip_norm)`` (Pascanu et al., 2012, "On the difficulty of
    training recurrent neural networks").

    Args:
        t_list: Tensors, usually gradients; None stays None.
        clip_norm: The largest norm.
        use_norm: The norm of all if it is known already; else `global_norm` computes it.
        name: Ignored.

    Returns:
        The scaled tensors, and the norm before. A norm that is infinite or NaN makes all NaN.

    Example:
        >>> clipped, size = clip_by_global_norm([[3.0], [4.0]], 2.5)
        >>> [t.numpy().tolist() for t in clipped], float(size)
        ([[1.5], [2.0]], 5.0)
    """
    tensors = _listed("clip_by_global_norm", t_list)
    size = global_norm(t_list) if use_norm is None else convert_to_tensor(use_norm)
    most = convert_to_tensor(clip_norm, dtype_hint=size.dtype)
    one = ones_of(size)
    scale = m.multiply(most, m.minimum(one / size, one / most))
    # An infinite norm would hide in 1 / inf = 0.
    lost = Tensor._of_array(np.asarray(np.nan, size.dtype.as_numpy_dtype), size.dtype)
    scale = m.where(m.is_finite(size), scale, lost)
    clipped: list[Any] = []
    for given, tensor in zip(t_list, tensors, strict=True):
        if tensor is None:
            clipped.append(None)
            continue
        scaled = m.multiply(tensor, m.cast(scale, tensor.dtype))
        clipped.append(scaled if _values(given) is given else _with_values(given, scaled))
    return clipped, size


def _with_values(slices: Any, values: Tensor) -> Any:
    return type(slices)(values, slices.indices, slices.dense_shape)
