"""Ragged tensors as NumPy arrays, as Python lists, and as they are printed."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from freshet.core.errors import FailedPreconditionError
from freshet.core.tensor import Array, Tensor
from freshet.ops.ragged.ragged_tensor import RaggedTensor


def _array(x: Tensor) -> Array:
    if x._array is None:
        raise FailedPreconditionError(
            "a ragged tensor's values are known only when the traced function runs; return it and "
            "read it outside"
        )
    return x._array


def to_list(x: Any) -> list[Any]:
    """Implement `RaggedTensor.to_list`."""
    if not isinstance(x, RaggedTensor):
        return list(_array(x).tolist())
    rows, splits = to_list(x.values), _array(x.row_splits).tolist()
    return [rows[a:b] for a, b in pairwise(splits)]


def to_numpy(x: Any) -> Array:
    """Implement `RaggedTensor.numpy`."""
    if not isinstance(x, RaggedTensor):
        return _array(x).copy()
    values, splits = to_numpy(x.values), _array(x.row_splits)
    lengths = np.diff(splits)
    if not len(lengths):
        return np.zeros((0, 0, *values.shape[1:]), values.dtype)
    plain = values.dtype != object or x.dtype.kind == "string"
    if plain and np.all(lengths == lengths[0]):
        return values.reshape(len(lengths), lengths[0], *values.shape[1:])
    rows = np.empty(len(lengths), object)
    for i, (a, b) in enumerate(pairwise(splits)):
        rows[i] = values[a:b]
    return rows


_SHOWN = 1000
_EDGE = 3
_WIDTH = 75


def text(x: RaggedTensor) -> str:
    """Return the elements as they are printed: of very many, the first and last."""
    edge = _EDGE if _array(x.flat_values).size > _SHOWN else None
    return _listed(to_list(x), edge)


def _listed(items: Any, edge: int | None, indent: int = 1) -> str:
    """Return a list as text, wrapped as NumPy wraps arrays, its rows below each other."""
    if not isinstance(items, list):
        return repr(items)
    shown = items
    if edge is not None and len(items) > 2 * edge:
        shown = [*items[:edge], ..., *items[-edge:]]
    lines = [""]
    for number, item in enumerate(shown):
        text = "..." if item is ... else _listed(item, edge, indent + 1)
        text += "," if number < len(shown) - 1 else ""
        wide = indent + len(lines[-1]) + 1 + len(text) > _WIDTH
        if lines[-1] and (wide or "\n" in text or "\n" in lines[-1]):
            lines.append(text)
        else:
            lines[-1] = f"{lines[-1]} {text}" if lines[-1] else text
    between = "\n" + " " * indent
    return f"[{between.join(lines)}]"
