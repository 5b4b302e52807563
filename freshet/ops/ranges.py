"""Ranges of numbers and grids of coordinates: the public functions."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, Final

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.dynamic import range_p, range_size, range_values
from freshet.ops.math import TensorLike
from freshet.ops.sizes import shape_operand, sizes
from freshet.ops.static import static_value

_PLAIN: Final = 1 << 30
"""Whole numbers below which no dtype has to be looked for: they are int32."""
_RANGE_ORDER: Final = (
    dtypes.int32, dtypes.int64, dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64,
)  # fmt: skip


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = "range"
) -> Tensor:
    """Return ``start, start + delta, ...`` up to, not including, `limit`.

    Args:
        start: The first number; the limit if no other is given, and 0 is the first.
        limit: Where it ends.
        delta: The step, which may be negative.
        dtype: That of the result; by default the widest of the arguments' in the order int32,
            int64, float16, bfloat16, float32, float64.
        name: Ignored.

    Raises:
        InvalidArgumentError: `delta` is 0 or leads away from the limit, or an argument is not a
            single number.

    Example:
        >>> range(3, 9, 2).numpy().tolist()
        [3, 5, 7]
        >>> range(1.5).numpy().tolist()
        [0.0, 1.0]
    """
    if limit is None:
        start, limit = 0, start
    if all(type(v) is int and abs(v) < _PLAIN for v in (start, limit, delta)):
        plain = dtypes.int32 if dtype is None else as_dtype(dtype)
        size = range_size(start, limit, delta)
        return Tensor._of_array(range_values(start, delta, size, plain), plain)
    parts = [_range_part(v, dtype) for v in (start, limit, delta)]
    kind = as_dtype(dtype) if dtype is not None else _widest([p.dtype for p in parts])
    parts = [m.cast(p, kind) if p.dtype != kind else p for p in parts]
    known = [static_value(p) for p in parts]
    if any(k is None for k in known):
        return range_p(*parts, start=None, delta=None, size=None, dtype=kind)
    first, last, step = (k.item() for k in known if k is not None)
    size = range_size(first, last, step)
    return Tensor._of_array(range_values(first, step, size, kind), kind)


def _range_part(value: Any, dtype: Any) -> Tensor:
    given = isinstance(value, (Tensor, Variable))
    part = convert_to_tensor(value) if given else convert_to_tensor(value, dtype=dtype)
    if part.ndim:
        raise InvalidArgumentError(
            f"range: start, limit and delta must be single numbers, received {part._type}"
        )
    return part


def _widest(kinds: Sequence[DType]) -> DType:
    if all(k == kinds[0] for k in kinds):
        return kinds[0]
    known = [k for k in kinds if k in _RANGE_ORDER]
    if len(known) < len(kinds):
        raise DTypeError(
            f"range: cannot choose a dtype for {', '.join(k.name for k in kinds)}; give dtype"
        )
    return max(known, key=_RANGE_ORDER.index)


def linspace(
    start: TensorLike, stop: TensorLike, num: Any, name: str | None = None, axis: int = 0
) -> Tensor:
    """Return `num` evenly spaced numbers from `start` to `stop`, both included.

    Args:
        start: The first number, or an array of them.
        stop: The last; it broadcasts with `start`.
        num: How many, at least 0; of one, it is `start`.
        name: Ignored.
        axis: Where the new dimension goes.

    Returns:
        Floats; float64 where the arguments are integers.

    Raises:
        InvalidArgumentError: `num` is below 0, or the axis does not exist.
        DTypeError: `num` is not an integer.

    Example:
        >>> linspace(0.0, 1.0, 5).numpy().tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    first = convert_to_tensor(start)
    last = convert_to_tensor(stop, dtype=None if isinstance(stop, Tensor) else first.dtype)
    if first.dtype.is_integer:
        first, last = m.cast(first, dtypes.float64), m.cast(last, dtypes.float64)
    count = _count(num)
    rank = max(first.ndim, last.ndim)
    where = axis + rank + 1 if axis < 0 else axis
    if not 0 <= where <= rank:
        raise InvalidArgumentError(f"linspace: axis {axis} is outside of rank {rank + 1}")
    gaps = m.cast(m.maximum(count - 1, 1), first.dtype)
    others = tuple(d for d in builtins.range(rank + 1) if d != where)
    steps = a.expand_dims_p(m.cast(range(count), first.dtype), axes=others)
    low, high = (a.expand_dims_p(_lifted(x, rank), axes=(where,)) for x in (first, last))
    between = low + (high - low) / gaps * steps
    return m.where(m.equal(steps, gaps), high, between)


def _lifted(x: Tensor, rank: int) -> Tensor:
    return a.expand_dims_p(x, axes=tuple(builtins.range(rank - x.ndim))) if x.ndim < rank else x


def _count(num: Any) -> Tensor:
    """Return how many numbers `linspace` makes; they are at least 0, and known or not."""
    count = convert_to_tensor(num)
    if not count.dtype.is_integer or count.ndim:
        raise DTypeError(f"linspace: num must be an integer, received {num!r}")
    known = static_value(count)
    if known is not None and known < 0:
        raise InvalidArgumentError(f"linspace: num must be at least 0, received {known}")
    return count


@dispatched
def meshgrid(
    *args: TensorLike, indexing: str = "xy", name: str | None = "meshgrid"
) -> list[Tensor]:
    """Return the coordinates of a grid's points, one array for each dimension.

    Args:
        *args: The coordinates along each dimension.
        indexing: "xy", where the first two dimensions of the results are y and x, or "ij".
        name: Ignored.

    Example:
        >>> x, y = meshgrid([1, 2, 3], [4, 5])
        >>> x.numpy().tolist(), y.numpy().tolist()
        ([[1, 2, 3], [1, 2, 3]], [[4, 4, 4], [5, 5, 5]])
    """
    if indexing not in {"xy", "ij"}:
        raise InvalidArgumentError(f"meshgrid: indexing must be 'xy' or 'ij', not {indexing!r}")
    axes = [a.reshape_p(convert_to_tensor(x), shape=(-1,)) for x in args]
    if any(x.dtype != axes[0].dtype for x in axes):
        raise DTypeError(
            "meshgrid: all must have one dtype, received "
            + " and ".join(str(x._type) for x in axes)
        )
    rank = len(axes)
    order = list(builtins.range(rank))
    if indexing == "xy" and rank > 1:
        order[:2] = [1, 0]
    shape: list[Any] = [0] * rank
    for x, d in zip(axes, order, strict=True):
        shape[d] = sizes(x)[0]
    operands, known = shape_operand("meshgrid", shape)
    return [
        a.broadcast_to_p(
            a.expand_dims_p(x, axes=tuple(e for e in builtins.range(rank) if e != d)),
            *operands, shape=known,
        )
        for x, d in zip(axes, order, strict=True)
    ]  # fmt: skip
