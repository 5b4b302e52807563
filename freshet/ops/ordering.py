"""The order of elements: whether they rise, and approximately the largest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_all
from freshet.ops.sorting import top_k


def _each_pair(name: str, x: TensorLike, holds: Callable[..., Tensor]) -> Tensor:
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_numeric:
        raise DTypeError(f"{name}: expected numbers, received {tensor._type}")
    flat = shaping.reshape(tensor, [-1])
    return reduce_all(holds(flat[:-1], flat[1:]))


@dispatched
def is_non_decreasing(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether no element is less than the one before it; elements in row-major order.

    Example:
        >>> bool(is_non_decreasing([1, 1, 2]))
        True
    """
    return _each_pair("is_non_decreasing", x, m.less_equal)


@dispatched
def is_strictly_increasing(x: TensorLike, name: str | None = None) -> Tensor:
    """Return whether each element is larger than the one before it; in row-major order.

    Example:
        >>> bool(is_strictly_increasing([1, 1, 2]))
        False
    """
    return _each_pair("is_strictly_increasing", x, m.less)


class ApproxTopK(NamedTuple):
    """What `approx_max_k` and `approx_min_k` return."""

    values: Tensor
    indices: Tensor


def approx_max_k(
    operand: TensorLike, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:  # fmt: skip
    """Return the `k` largest elements along a dimension and where they are; here exactly.

    Args:
        operand: Floating-point numbers.
        k: How many.
        reduction_dimension: The dimension.
        recall_target: Which part of them must be found; all are.
        reduction_input_size_override: Ignored: nothing is approximated.
        aggregate_to_topk: Ignored: the result always has k elements.
        name: Ignored.

    Returns:
        ``values`` in descending order and ``indices`` (int32).

    Example:
        >>> approx_max_k([1.0, 5.0, 3.0], 2).values.numpy().tolist()
        [5.0, 3.0]
    """
    return _extremes("approx_max_k", operand, k, reduction_dimension, largest=True)


def approx_min_k(
    operand: TensorLike, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:  # fmt: skip
    """Return the `k` smallest elements along a dimension, in ascending order; see `approx_max_k`.

    Example:
        >>> approx_min_k([1.0, 5.0, 3.0], 2).values.numpy().tolist()
        [1.0, 3.0]
    """
    return _extremes("approx_min_k", operand, k, reduction_dimension, largest=False)


def _extremes(name: str, operand: TensorLike, k: Any, axis: int, *, largest: bool) -> ApproxTopK:
    tensor = convert_to_tensor(operand)
    if not tensor.dtype.is_floating:
        raise DTypeError(f"{name}: expected floating-point numbers, received {tensor._type}")
    if not tensor.ndim:
        raise InvalidArgumentError(f"{name}: expected rank 1 or more, received {tensor._type}")
    where = normalize_axis(name, axis, tensor.ndim)
    order = [d for d in range(tensor.ndim) if d != where] + [where]
    back = [order.index(d) for d in range(tensor.ndim)]
    last = shaping.transpose(tensor, order)
    found = top_k(last if largest else -last, k)
    values = found.values if largest else -found.values
    return ApproxTopK(shaping.transpose(values, back), shaping.transpose(found.indices, back))
