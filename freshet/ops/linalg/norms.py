"""Lengths of vectors, sizes of matrices, and division by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg.svd import singular_values
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_max, reduce_sum

_EUCLIDEAN = ("euclidean", 2)
_OF_MATRICES = ("euclidean", "fro", 1, 2, np.inf)


def norm(
    tensor: TensorLike, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the norm of vectors or of matrices.

    For vectors, ``sum(|x|**p) ** (1/p)`` with p the `ord`; the largest ``|x|`` for infinity. For
    matrices: "fro" and "euclidean" are the square root of the sum of the squares, 1 the largest sum
    of a column, infinity the largest sum of a row, each of absolute values, and 2 the largest
    singular value.

    Args:
        tensor: Floating-point or complex numbers.
        ord: "euclidean", a positive number or infinity; for matrices "fro", "euclidean", 1, 2 or
            infinity.
        axis: The dimension of the vectors, or a pair for that of rows and columns of matrices. By
            default the whole tensor is one vector.
        keepdims: Keep these dimensions with size 1.
        name: Ignored.

    Returns:
        Real numbers; of complex ones, the Euclidean norm has their dtype.

    Raises:
        InvalidArgumentError: `ord` is not a norm of vectors, or of matrices; or `axis` names
            neither one dimension nor two.

    Example:
        >>> float(norm([3.0, 4.0]))
        5.0
        >>> float(norm([[1.0, -2.0], [3.0, 4.0]], ord=1, axis=(0, 1)))
        6.0
    """
    x = convert_to_tensor(tensor)
    axes = _axes(x, axis)
    _check_order(ord, len(axes) if axis is not None else 1)
    keep = bool(keepdims)
    if len(axes) == 2 and axis is not None and ord == 2:
        return _spectral(x, axes, keep)
    if ord in _EUCLIDEAN or ord == "fro":
        return m.cast(m.sqrt(reduce_sum(_squared(x), axes, keep)), x.dtype)
    size = m.abs(x)
    if len(axes) == 2 and axis is not None:
        first, then = (axes[1], axes[0]) if ord == np.inf else (axes[0], axes[1])
        sums = reduce_sum(size, first, keepdims=True)
        found = reduce_max(sums, then, keepdims=True)
        return found if keep else shaping.squeeze(found, list(axes))
    if ord == np.inf:
        return reduce_max(size, axes, keep)
    if ord == 1:
        return reduce_sum(size, axes, keep)
    return m.pow(reduce_sum(m.pow(size, float(ord)), axes, keep), 1.0 / float(ord))


def _squared(x: Tensor) -> Tensor:
    return m.square(m.abs(x)) if x.dtype.is_complex else m.square(x)


def _spectral(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    others = [d for d in range(x.ndim) if d not in axes]
    largest = reduce_max(singular_values(shaping.transpose(x, [*others, *axes])), -1)
    for d in sorted(axes) if keep else ():
        largest = shaping.expand_dims(largest, d)
    return largest


def _axes(x: Tensor, axis: Any) -> tuple[int, ...]:
    if axis is None:
        return tuple(range(x.ndim))
    if isinstance(axis, (Tensor, Variable)):
        axis = axis.numpy().tolist()
    items = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    found = tuple(normalize_axis("norm", int(d), x.ndim) for d in items)
    if len(items) not in {1, 2} or len(set(found)) != len(found):
        raise InvalidArgumentError(
            f"norm: axis must be None, one dimension or two different ones, received {axis!r}"
        )
    return found


def _check_order(ord: Any, rank: int) -> None:
    number = isinstance(ord, (int, float)) and not isinstance(ord, bool)
    if rank == 2 and ord not in _OF_MATRICES:
        raise InvalidArgumentError(
            f"norm: ord of matrices must be 'euclidean', 'fro', 1, 2 or infinity, received {ord!r}"
        )
    if rank == 1 and ord != "euclidean" and not (number and ord > 0):
        raise InvalidArgumentError(
            "norm: ord of vectors must be 'euclidean', a positive number or infinity, received "
            f"{ord!r}"
        )


def normalize(
    tensor: TensorLike, ord: Any = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Return vectors or matrices divided by their norm, and the norm.

    Args:
        tensor: Floating-point or complex numbers.
        ord: As for `norm`.
        axis: As for `norm`.
        name: Ignored.

    Returns:
        ``(tensor / norm, norm)``, the norm with the reduced dimensions kept as size 1.

    Raises:
        InvalidArgumentError: As for `norm`.

    Example:
        >>> normalize([3.0, 4.0])[0].numpy().tolist()
        [0.6000000238418579, 0.800000011920929]
    """
    x = convert_to_tensor(tensor)
    size = norm(x, ord, axis, keepdims=True)
    return m.divide(x, m.cast(size, x.dtype)), size


def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """Return the Euclidean norm of all elements of several tensors together.

    ``sqrt(sum over t of sum(t**2))``

    Args:
        t_list: Tensors or None, which count for nothing.
        name: Ignored.

    Returns:
        One number of the tensors' dtype; a float32 0 of no tensors.

    Raises:
        InvalidArgumentError: It is a single tensor.

    Example:
        >>> float(global_norm([[3.0], None, [[4.0]]]))
        5.0
    """
    if isinstance(t_list, (Tensor, Variable, np.ndarray, str)) or not hasattr(t_list, "__iter__"):
        raise InvalidArgumentError(f"global_norm: expected a list of tensors, received {t_list!r}")
    tensors = [convert_to_tensor(getattr(t, "values", t)) for t in t_list if t is not None]
    if not tensors:
        return convert_to_tensor(0.0)
    total = reduce_sum(_squared(tensors[0]))
    for t in tensors[1:]:
        total = total + reduce_sum(_squared(t))
    return m.sqrt(total)
