"""Parts of arrays by position: ``x[...]``, `slice` and `strided_slice`. The public functions."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.assertions import check
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dynamic import OPEN, dynamic_slice_p
from freshet.ops.lookup import gather_along
from freshet.ops.math import TensorLike
from freshet.ops.sizes import sizes, static_integers
from freshet.ops.static import partly_known, static_value

newaxis = None
"""In ``x[..., newaxis]``, a new dimension of size 1."""
_WHOLE = (None, None, None)


def getitem(x: Any, key: Any) -> Tensor:
    """Implement ``x[key]``: integers, slices, ``...`` and None, as NumPy; also tensors.

    Integers and the bounds of slices may be scalar tensors. A boolean tensor or array keeps the
    elements where it is true (see `ft.boolean_mask`); a single tensor of integers gathers.

    Raises:
        InvalidArgumentError: An integer is outside its dimension, a step is 0, or the key has more
            parts than the tensor dimensions.
        DTypeError: A part of the key is none of these.
    """
    tensor = convert_to_tensor(x)
    if isinstance(key, (Tensor, Variable, np.ndarray)):
        found = _getitem_tensor(tensor, convert_to_tensor(key))
        if found is not None:
            return found
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    return Parts(tensor, without_ellipsis(tensor, parts)).taken()


class Parts:
    """What the parts of a key ask of each dimension.

    Args:
        tensor: What the key is for.
        parts: The key's parts, without ``...``.
        windows: Whether an index that is known only later counts as a slice of length 1.
    """

    def __init__(self, tensor: Tensor, parts: Sequence[Any], *, windows: bool = False) -> None:
        self.tensor = tensor
        self._windows = windows
        self.spec: list[tuple[Any, Any, Any]] = []
        self.bounds: list[Tensor] = []
        self.dropped: list[int] = []
        self.added: list[int] = []
        self.looked_up: list[tuple[int, Tensor]] = []
        """Dimensions of which one element is taken, whose number is known when it runs."""
        for part in parts:
            if part is None:
                gone = len(self.dropped) + len(self.looked_up)
                self.added.append(len(self.spec) - gone + len(self.added))
            elif isinstance(part, builtins.slice):
                self.spec.append(self._slice(part))
            else:
                self._index(part)
        self.spec += [_WHOLE] * (tensor.ndim - len(self.spec))

    def _slice(self, part: builtins.slice) -> tuple[Any, Any, Any]:
        bounds = tuple(self._bound(b) for b in (part.start, part.stop, part.step))
        if bounds[2] == 0:
            raise InvalidArgumentError("getitem: the step of a slice must not be 0")
        return bounds

    def _bound(self, value: Any) -> Any:
        if value is None:
            return None
        known = _whole_number(value)
        if known is not None:
            return known
        self.bounds.append(convert_to_tensor(value))
        return OPEN

    def _index(self, part: Any) -> None:
        number = len(self.spec)
        index = _whole_number(part)
        if index is None and self._windows:
            first = _from_the_front(self.tensor, convert_to_tensor(part), number)
            self.bounds += [first, first + 1]
            self.spec.append((OPEN, OPEN, None))
            self.dropped.append(number)
            return
        if index is None:
            self.looked_up.append((number, convert_to_tensor(part)))
            self.spec.append(_WHOLE)
            return
        size = self.tensor.shape[number]
        if size is not None and not -size <= index < size:
            raise InvalidArgumentError(
                f"getitem: index {index} is outside [{-size}, {size}) of dimension {number} of "
                f"{self.tensor._type}"
            )
        self.spec.append((index, index + 1 if index != -1 else None, None))
        self.dropped.append(number)

    def taken(self) -> Tensor:
        """Return the part of the tensor."""
        tensor = self.tensor
        if self.bounds:
            tensor = dynamic_slice_p(tensor, *self.bounds, spec=tuple(self.spec))
        elif any(part != _WHOLE for part in self.spec):
            tensor = a.slice_p(tensor, spec=tuple(self.spec))
        for number, index in reversed(self.looked_up):
            tensor = _one(tensor, index, number)
        gone = [d for d, _ in self.looked_up]
        dropped = tuple(d - sum(g < d for g in gone) for d in self.dropped)
        if dropped:
            tensor = a.squeeze_p(tensor, axes=dropped)
        return a.expand_dims_p(tensor, axes=tuple(self.added)) if self.added else tensor


def without_ellipsis(tensor: Tensor, parts: list[Any]) -> list[Any]:
    """Return a key with slices for the dimensions that ``...`` stands for."""
    named = sum(p is not None and p is not Ellipsis for p in parts)
    if named > tensor.ndim:
        raise InvalidArgumentError(
            f"getitem: {named} indices for a tensor of rank {tensor.ndim} ({tensor._type})"
        )
    places = [i for i, p in enumerate(parts) if p is Ellipsis]
    if not places:
        return parts
    if len(places) > 1:
        raise InvalidArgumentError("getitem: more than one ... in a key")
    rest = [builtins.slice(None)] * (tensor.ndim - named)
    return [*parts[: places[0]], *rest, *parts[places[0] + 1 :]]


def _whole_number(value: Any) -> int | None:
    """Return an index or bound as a number; None for a tensor that is not known yet."""
    if isinstance(value, (Tensor, Variable)):
        tensor = convert_to_tensor(value)
        if tensor.dtype.is_integer and not tensor.ndim:
            known = static_value(tensor)
            return None if known is None else int(known)
    elif not isinstance(value, (bool, np.bool_)) and hasattr(value, "__index__"):
        try:
            return int(value.__index__())
        except TypeError:
            pass  # an array of several
    raise DTypeError(
        "getitem: an index must be an integer, a slice, ..., None or a scalar integer tensor, "
        f"received {value!r}"
    )


def _one(tensor: Tensor, index: Tensor, axis: int) -> Tensor:
    """Return the slice at one index, which may count from the end."""
    return gather_along(tensor, _from_the_front(tensor, index, axis), axis)


def _from_the_front(tensor: Tensor, index: Tensor, axis: int) -> Tensor:
    size: Any = tensor.shape[axis]
    if size is None:
        size = m.cast(a.shape(tensor)[axis], index.dtype)
    return m.where(index < 0, index + size, index)


def _getitem_tensor(tensor: Tensor, index: Tensor) -> Tensor | None:
    if index.dtype.is_bool:
        from freshet.ops.masks import boolean_mask  # noqa: PLC0415 (masks builds on slicing)

        return boolean_mask(tensor, index)
    if index.ndim and index.dtype.is_integer:
        return gather_along(tensor, index, 0)
    return None


def slice(input_: TensorLike, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """Return a block: from `begin`, `size` elements along each dimension.

    Args:
        input_: Any tensor.
        begin: The first place along each dimension; numbers or a vector.
        size: How many along each dimension; -1 for all that follow.
        name: Ignored.

    Raises:
        InvalidArgumentError: The block reaches outside the tensor. Where that is known only when
            the function runs, this is raised then.

    Example:
        >>> slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).numpy().tolist()
        [[2, 3], [5, 6]]
    """
    x = convert_to_tensor(input_)
    starts, counts = _elements(begin), _elements(size)
    if len(starts) != x.ndim or len(counts) != x.ndim:
        raise InvalidArgumentError(
            f"slice: {x._type} needs {x.ndim} numbers for begin and for size, received "
            f"{len(starts)} and {len(counts)}"
        )
    key: list[Any] = []
    windows: list[tuple[int, Tensor, int]] = []
    for d, (start, count) in enumerate(zip(starts, counts, strict=True)):
        if isinstance(start, Tensor) and isinstance(count, int) and count >= 0:
            windows.append((d, start, count))
            key.append(builtins.slice(None))
            continue
        key.append(builtins.slice(start, _end_of_block(x, d, start, count)))
    result = getitem(x, tuple(key))
    for d, start, count in windows:
        places = a.iota_p(size=count, dtype=start.dtype) + start
        result = gather_along(result, places, d)
    return result


def _elements(vector: Any) -> list[Any]:
    """Return a vector's elements: numbers where they are known, else scalar tensors."""
    if isinstance(vector, (Tensor, Variable)):
        tensor = convert_to_tensor(vector)
        if tensor.ndim != 1 or tensor.shape[0] is None:
            raise InvalidArgumentError(
                f"slice: begin and size must be vectors of known length, received {tensor._type}"
            )
        known = partly_known(tensor) or [None] * tensor.shape[0]
        return [getitem(tensor, i) if v is None else v for i, v in enumerate(known)]
    if not hasattr(vector, "__iter__"):
        raise InvalidArgumentError(
            f"slice: begin and size must have a number for each dimension, received {vector!r}"
        )
    items = vector.tolist() if isinstance(vector, np.ndarray) else list(vector)
    numbers = [_whole_number(v) for v in items]
    return [v if n is None else n for v, n in zip(items, numbers, strict=True)]


def _end_of_block(x: Tensor, d: int, start: Any, count: Any) -> Any:
    """Return where a block ends, None for the end of the dimension."""
    known = x.shape[d]
    whole = isinstance(count, int) and count == -1
    if isinstance(start, int) and isinstance(count, int):
        inside = known is None or start + max(count, 0) <= known
        if start < 0 or count < -1 or not inside:
            raise InvalidArgumentError(
                f"slice: begin {start} and size {count} reach outside dimension {d} of {x._type}"
            )
        if known is not None:
            return None if whole else start + count
    size = sizes(x)[d]
    first, length, total = (
        m.cast(convert_to_tensor(n), dtypes.int64) for n in (start, count, size)
    )
    end = m.where(m.equal(length, -1), total, first + length)
    # Ascending numbers: 0, the beginning, the end, the dimension's size.
    bounds = [0, first, end, total]
    for low, high in itertools.pairwise(bounds):
        check(
            m.less_equal, [m.cast(low, dtypes.int64), m.cast(high, dtypes.int64)], "x <= y",
            f"slice: begin and size reach outside dimension {d}", None,
        )  # fmt: skip
    return None if whole else end


def strided_slice(
    input_: TensorLike, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0,
    end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
    var: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return ``input_[begin[0]:end[0]:strides[0], ...]``; what ``x[...]`` is made of in TensorFlow.

    Args:
        input_: Any tensor.
        begin: Where each slice begins; numbers or a vector.
        end: Where each ends, not included.
        strides: The steps; 1 by default.
        begin_mask: Bit i: slice i begins where the dimension does.
        end_mask: Bit i: slice i ends where the dimension does.
        ellipsis_mask: Bit i: part i stands for all dimensions that no other names.
        new_axis_mask: Bit i: part i inserts a dimension of size 1.
        shrink_axis_mask: Bit i: part i is the one index ``begin[i]``, and its dimension goes away.
        var: Ignored; write ``v[...].assign(...)`` to assign to a part of a variable.
        name: Ignored.

    Example:
        >>> strided_slice([1, 2, 3, 4, 5], [1], [5], [2]).numpy().tolist()
        [2, 4]
    """
    starts, ends = _elements(begin), _elements(end)
    steps = [1] * len(starts) if strides is None else _elements(strides)
    if not len(starts) == len(ends) == len(steps):
        raise InvalidArgumentError(
            f"strided_slice: begin, end and strides have {len(starts)}, {len(ends)} and "
            f"{len(steps)} elements"
        )
    key: list[Any] = []
    for i, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=True)):
        bit = 1 << i
        if ellipsis_mask & bit:
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            key.append(start)
        else:
            first, last = begin_mask & bit, end_mask & bit
            key.append(builtins.slice(None if first else start, None if last else stop, step))
    return getitem(convert_to_tensor(input_), tuple(key))


def static_axes(name: str, x: Tensor, axis: Any) -> tuple[int, ...]:
    """Return dimensions given as numbers or tensors, counted from the front."""
    return a.axes_of(name, x, static_integers(name, "axis", axis))
