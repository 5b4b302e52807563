"""What is known of an integer tensor while a function is traced: arithmetic on shapes, mostly.

``shape(x)[1] - 1`` is a number if the size of dimension 1 is known, although the operations that
compute it are nodes of the graph. Sizes, bounds and axes ask here before they count as unknown.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import OpError
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops.array import (
    concat_p,
    constant_p,
    expand_dims_p,
    reshape_p,
    shape_p,
    slice_p,
    squeeze_p,
)
from freshet.ops.elementwise import cast_p

_SMALL: Final = 32
"""Elements. Shapes are small; what is larger is data, and the compiler folds it if it pays."""
_DEEP: Final = 64
"""Operations, one after the other; what takes more is no shape."""
_VIEWS: Final = frozenset({slice_p, squeeze_p, expand_dims_p, concat_p, reshape_p})


def static_value(x: Any) -> Array | None:
    """Return a tensor's elements if they are known without running anything, else None."""
    if isinstance(x, Variable):
        return None
    if x._array is not None:
        found: Array = x._array
        return found
    known = _known(x._symbol, {})
    if known is None or any(v is None for v in known.reshape(-1)):
        return None
    return known.astype(x.dtype.as_numpy_dtype)


def partly_known(x: Tensor) -> list[Any] | None:
    """Return a vector's elements, None for each unknown one; None if nothing is known."""
    if x._array is not None:
        return list(x._array.tolist())
    known = _known(x._symbol, {})
    return None if known is None else list(known.tolist())


def _known(value: Any, seen: dict[int, Array | None], depth: int = 0) -> Array | None:
    """Return an array of objects, None where an element is unknown; None if all of them are."""
    key = id(value)
    if depth > _DEEP:
        return None
    if key not in seen:
        seen[key] = None
        node = getattr(value, "node", None)
        if node is not None and value.type.dtype.kind in {"int", "uint", "bool"}:
            seen[key] = _of_node(node, value.index, seen, depth + 1)
    return seen[key]


def _of_node(node: Any, index: int, seen: dict[int, Array | None], depth: int) -> Array | None:
    if node.primitive is constant_p:
        array = node.params["value"]
        return array.astype(object) if array.size <= _SMALL else None
    if node.primitive is shape_p:
        if not node.operands[0].type.has_rank:
            return None
        sizes = np.empty(node.operands[0].type.rank, object)
        sizes[:] = node.operands[0].type.shape
        return sizes
    if node.must_run or not node.operands:
        return None
    parts = [_known(v, seen, depth) for v in node.operands]
    if any(p is None for p in parts):
        return None
    arrays = [p for p in parts if p is not None]
    unknown = any(v is None for a in arrays for v in a.reshape(-1))
    if node.primitive in _VIEWS:
        found = node.primitive.reference(*arrays, **node.params)
    elif node.primitive is cast_p and unknown:
        found = arrays[0]
    elif unknown or any(None in v.type.shape for v in node.outputs):
        return None
    else:
        found = _computed(node, arrays, index)
    return np.asarray(found, object) if np.size(found) <= _SMALL else None


def _computed(node: Any, arrays: list[Array], index: int) -> Array:
    exact = [
        a.astype(v.type.dtype.as_numpy_dtype) for a, v in zip(arrays, node.operands, strict=True)
    ]
    try:
        found = node.primitive.evaluate(exact, node.params, [v.type for v in node.outputs])
    except OpError:
        return np.full((), None)  # the run says what is wrong
    result: Array = found[index]
    return result
