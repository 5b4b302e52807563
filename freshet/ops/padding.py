"""Putting elements around an array: constants, or its own in mirror order."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.assertions import check
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.sizes import shape_operand, sizes
from freshet.ops.slicing import getitem
from freshet.ops.static import static_value

_MODES = ("CONSTANT", "REFLECT", "SYMMETRIC")


def pad(
    tensor: TensorLike, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Put elements before and after along each dimension.

    Args:
        tensor: Any tensor.
        paddings: ``[[before, after], ...]``, one pair a dimension.
        mode: "CONSTANT"; "REFLECT" mirrors without repeating the border (2 1 | 0 1 2), "SYMMETRIC"
            with it (1 0 | 0 1 2).
        constant_values: What a constant padding consists of.
        name: Ignored.

    Raises:
        InvalidArgumentError: A number is below 0, or a mirror would be longer than its dimension;
            of sizes that are not known while tracing, when the function runs.

    Example:
        >>> pad([1, 2, 3], [[2, 1]]).numpy().tolist()
        [0, 0, 1, 2, 3, 0]
        >>> pad([1, 2, 3], [[2, 1]], "REFLECT").numpy().tolist()
        [3, 2, 1, 2, 3, 2]
    """
    kind = str(mode).upper()
    if kind not in _MODES:
        raise InvalidArgumentError(f"pad: mode must be one of {', '.join(_MODES)}, not {mode!r}")
    x = convert_to_tensor(tensor)
    pairs = _pairs(x, paddings)
    if pairs is None:
        return _padded_with(x, convert_to_tensor(paddings), kind, constant_values)
    if kind != "CONSTANT":
        for d, (before, after) in enumerate(pairs):
            x = _mirrored(x, d, before, after, border=kind == "SYMMETRIC")
        return x
    value = _padding_value(x, constant_values)
    if value._array is not None:
        return a.pad_p(x, paddings=pairs, value=value._array.item())
    inside = a.broadcast_like(Tensor._of_array(np.ones((), np.bool_)), x)
    kept = a.pad_p(inside, paddings=pairs, value=False)
    return m.where(kept, a.pad_p(x, paddings=pairs, value=x.dtype.zero), value)


def _pairs(x: Tensor, paddings: Any) -> tuple[tuple[int, int], ...] | None:
    """Return the paddings as numbers; None if they are known only when the function runs."""
    if isinstance(paddings, (Tensor, Variable)):
        known = static_value(convert_to_tensor(paddings))
        if known is None:
            return None
        paddings = known
    rows = np.asarray([[int(n) for n in pair] for pair in _rows(x, paddings)], np.int64)
    if rows.shape != (x.ndim, 2) and not (x.ndim == 0 and not rows.size):
        raise InvalidArgumentError(
            f"pad: {x._type} needs {x.ndim} pairs of numbers, received {rows.tolist()}"
        )
    if np.any(rows < 0):
        raise InvalidArgumentError(f"pad: paddings must be 0 or more, received {rows.tolist()}")
    return tuple((int(before), int(after)) for before, after in rows)


def _rows(x: Tensor, paddings: Any) -> list[Any]:
    rows = list(paddings.tolist() if isinstance(paddings, np.ndarray) else paddings)
    if any(not isinstance(row, (list, tuple, np.ndarray, Tensor)) or len(row) != 2 for row in rows):
        raise InvalidArgumentError(
            f"pad: paddings must be pairs [before, after], {x.ndim} for {x._type}, received "
            f"{paddings!r}"
        )
    return rows


def _padding_value(x: Tensor, value: Any) -> Tensor:
    if isinstance(value, (Tensor, Variable)):
        one = convert_to_tensor(value)
        if one.dtype != x.dtype:
            raise DTypeError(
                f"pad: constant_values must have the dtype of {x._type}, received {one._type}"
            )
        return one
    if isinstance(value, (int, float)) and value == 0:
        value = x.dtype.zero
    return convert_to_tensor(value, dtype=x.dtype)


def _mirrored(x: Tensor, d: int, before: int, after: int, *, border: bool) -> Tensor:
    """Return the tensor with its own elements, mirrored, at both ends of a dimension."""
    size, skip = x.shape[d], 0 if border else 1
    if size is not None and max(before, after) > size - skip:
        limit = "at most" if border else "below"
        raise InvalidArgumentError(
            f"pad: paddings {before} and {after} of dimension {d} must be {limit} its size "
            f"in {x._type}"
        )
    if size is None:
        limit = "the paddings of a dimension must be no longer than what is mirrored of it"
        check(
            m.less_equal, [convert_to_tensor(max(before, after)), sizes(x)[d] - skip],
            "x <= y", f"pad: {limit}", None,
        )  # fmt: skip
    lead = (builtins.slice(None),) * d
    parts = [x]
    if before:
        first = getitem(x, (*lead, builtins.slice(skip, skip + before)))
        parts.insert(0, a.reverse_p(first, axes=(d,)))
    if after:
        last = getitem(x, (*lead, builtins.slice(-skip - after, -skip or None)))
        parts.append(a.reverse_p(last, axes=(d,)))
    return parts[0] if len(parts) == 1 else a.concat_p(*parts, axis=d)


def _padded_with(x: Tensor, paddings: Tensor, kind: str, value: Any) -> Tensor:
    """Pad by sizes that are known only when the function runs."""
    if kind != "CONSTANT":
        raise InvalidArgumentError(
            f"pad: with mode {kind!r} the paddings must be known when the function is traced"
        )
    filler = _padding_value(x, value)
    for d in range(x.ndim):
        blocks = []
        for side in (0, 1):
            shape = sizes(x)
            shape[d] = getitem(paddings, (d, side))
            operands, known = shape_operand("pad", shape)
            blocks.append(a.broadcast_to_p(filler, *operands, shape=known))
        x = a.concat_p(blocks[0], x, blocks[1], axis=d)
    return x
