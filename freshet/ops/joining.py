"""Joining and cutting arrays along a dimension: the public functions."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.assertions import check
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.math import TensorLike
from freshet.ops.sizes import sizes, static_integer
from freshet.ops.slicing import getitem
from freshet.ops.static import partly_known


@dispatched
def concat(values: Any, axis: Any, name: str | None = "concat") -> Tensor:
    """Join tensors along a dimension they have.

    Args:
        values: Tensors of one dtype and rank; all sizes but that of `axis` agree.
        axis: The dimension; -1 is the last.
        name: Ignored.

    Raises:
        InvalidArgumentError: They differ in dtype or in another dimension, or have rank 0.

    Example:
        >>> concat([[[1, 2]], [[3, 4]]], axis=0).numpy().tolist()
        [[1, 2], [3, 4]]
    """
    tensors = _alike("concat", values if isinstance(values, (list, tuple)) else [values])
    along = static_integer("concat", "axis", axis)
    if len(tensors) == 1:
        return tensors[0]
    if any(not t.ndim for t in tensors):
        raise InvalidArgumentError("concat: tensors of rank 0 have no dimension; use ft.stack")
    where = normalize_axis("concat", along, tensors[0].ndim)
    return a.concat_p(*tensors, axis=where)


@dispatched
def stack(values: Any, axis: int = 0, name: str | None = "stack") -> Tensor:
    """Join tensors of one shape along a new dimension.

    Args:
        values: Tensors of one dtype and shape.
        axis: Where the new dimension goes; first by default.
        name: Ignored.

    Raises:
        InvalidArgumentError: There is no tensor, or they differ in dtype or shape.

    Example:
        >>> stack([[1, 2], [3, 4]], axis=1).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    if isinstance(values, (Tensor, Variable)) and not values.shape:
        return convert_to_tensor(values)
    if not hasattr(values, "__iter__"):
        raise DTypeError(f"stack: values must be a list of tensors, received {values!r}")
    items = list(values)
    if not any(isinstance(v, (Tensor, Variable)) for v in items) and not axis:
        return convert_to_tensor(items)
    tensors = _alike("stack", items)
    where = normalize_axis("stack", int(axis), tensors[0].ndim + 1)
    for tensor in tensors:
        tensors[0].shape.assert_is_compatible_with(tensor.shape)
    wide = [a.expand_dims_p(t, axes=(where,)) for t in tensors]
    return wide[0] if len(wide) == 1 else a.concat_p(*wide, axis=where)


def parallel_stack(values: Any, name: str | None = "parallel_stack") -> Tensor:
    """Return ``stack(values)``; kept for TensorFlow 1.x programs.

    Example:
        >>> parallel_stack([[1], [2]]).numpy().tolist()
        [[1], [2]]
    """
    return stack(values)


def _alike(name: str, values: Sequence[TensorLike]) -> list[Tensor]:
    """Return tensors of one dtype: that of the first tensor, or else of the first value."""
    items = list(values)
    if not items:
        raise InvalidArgumentError(f"{name}: expected at least one tensor, received none")
    first = next((v for v in items if isinstance(v, (Tensor, Variable))), None)
    if first is None:
        first = next((v for v in items if hasattr(v, "dtype")), items[0])
    kind = convert_to_tensor(first).dtype
    return [
        convert_to_tensor(v) if isinstance(v, (Tensor, Variable)) else convert_to_tensor(v, kind)
        for v in items
    ]


@dispatched
def unstack(
    value: TensorLike, num: int | None = None, axis: int = 0, name: str | None = "unstack"
) -> list[Tensor]:
    """Return the slices along a dimension, without it.

    Args:
        value: Any tensor.
        num: The size of the dimension, needed where it is not known while tracing.
        axis: The dimension.
        name: Ignored.

    Raises:
        InvalidArgumentError: The dimension has another size than `num`; if its size is not known
            while tracing, when the function runs.

    Example:
        >>> [t.numpy().tolist() for t in unstack([[1, 2], [3, 4]], axis=1)]
        [[1, 3], [2, 4]]
    """
    x = convert_to_tensor(value)
    where = normalize_axis("unstack", int(axis), x.ndim)
    known = x.shape[where]
    count = known if num is None else num
    if count is None:
        raise InvalidArgumentError(
            f"unstack: the size of axis {axis} of {x._type} is not known; give num"
        )
    if known is not None and known != count:
        raise InvalidArgumentError(f"unstack: axis {axis} of {x._type} has not the size num={num}")
    if known is None:
        size = [count if d == where else None for d in builtins.range(x.ndim)]
        x = a.ensure_shape_p(x, shape=tuple(size))
    before = (builtins.slice(None),) * where
    return [getitem(x, (*before, i)) for i in builtins.range(count)]


@dispatched
def split(
    value: TensorLike, num_or_size_splits: Any, axis: Any = 0, num: int | None = None,
    name: str | None = "split",
) -> list[Tensor]:  # fmt: skip
    """Cut along a dimension: into a number of equal parts, or parts of given sizes.

    Args:
        value: Any tensor.
        num_or_size_splits: How many parts, or the size of each; one size may be -1, the rest.
        axis: The dimension.
        num: How many sizes there are, where a tensor gives them and its size is not known.
        name: Ignored.

    Raises:
        InvalidArgumentError: The parts do not make up the dimension; of sizes that are not known
            while tracing, when the function runs.

    Example:
        >>> [t.numpy().tolist() for t in split([1, 2, 3, 4], [1, -1])]
        [[1], [2, 3, 4]]
    """
    x = convert_to_tensor(value)
    where = normalize_axis("split", static_integer("split", "axis", axis), x.ndim)
    total = sizes(x)[where]
    if _is_single(num_or_size_splits):
        count = static_integer("split", "the number of parts", num_or_size_splits)
        if count < 1 or (isinstance(total, int) and total % count):
            raise InvalidArgumentError(
                f"split: size {total} of axis {axis} is not a multiple of {count}"
            )
        if isinstance(total, Tensor):
            claim = f"split: the size of axis {axis} must be a multiple of {count}"
            check(m.equal, [total % count, _zero(total)], "x == y", claim, None)
        parts: list[Any] = [total // count] * count
    else:
        parts = _part_sizes(num_or_size_splits, num, total, axis)
    found, start = [], 0
    before = (builtins.slice(None),) * where
    for part in parts:
        found.append(getitem(x, (*before, builtins.slice(start, start + part))))
        start += part
    return found


def _zero(x: Tensor) -> Tensor:
    return convert_to_tensor(0, dtype=x.dtype)


def _is_single(value: Any) -> bool:
    if isinstance(value, (Tensor, Variable)):
        return not value.shape
    return not isinstance(value, (list, tuple)) and getattr(value, "ndim", 0) == 0


def _part_sizes(given: Any, num: int | None, total: Any, axis: Any) -> list[Any]:
    if isinstance(given, (Tensor, Variable)):
        vector = convert_to_tensor(given)
        known = partly_known(vector)
        count = vector.shape[0] if vector.shape[0] is not None else num
        if count is None:
            raise InvalidArgumentError("split: the number of sizes is not known; give num")
        known = known or [None] * count
        parts: list[Any] = [vector[i] if s is None else s for i, s in enumerate(known)]
    else:
        parts = [
            s if isinstance(s, Tensor) else static_integer("split", "a size", s) for s in given
        ]
    fixed = [s for s in parts if isinstance(s, int)]
    if fixed.count(-1) > 1 or any(s < -1 for s in fixed):
        raise InvalidArgumentError(f"split: at most one size may be -1 and none less: {parts}")
    if -1 in fixed:
        at = next(i for i, s in enumerate(parts) if isinstance(s, int) and s == -1)
        others = [s for i, s in enumerate(parts) if i != at]
        parts[at] = total - sum(others[1:], others[0]) if others else total
    whole = sum(parts)
    is_known = isinstance(whole, int) and isinstance(total, int)
    if (is_known and whole != total) or any(isinstance(s, int) and s < 0 for s in parts):
        raise InvalidArgumentError(
            f"split: sizes {parts} do not add up to the {total} of axis {axis}"
        )
    if not is_known:
        claim = f"split: the sizes must add up to that of axis {axis}"
        check(m.equal, _of_one_dtype(whole, total), "x == y", claim, None)
    return parts


def _of_one_dtype(*sizes: Any) -> list[Tensor]:
    return [m.cast(convert_to_tensor(size), dtypes.int64) for size in sizes]
