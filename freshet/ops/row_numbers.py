"""Places of several dimensions as numbers of rows, and the check that there are such places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.ops import scalar
from freshet.ops.index import Index
from freshet.ops.nest import Check, Nest, identity, o
from freshet.ops.primitive import NoGradient, Primitive


def row_numbers(name: str, sizes: Sequence[int], indices: Array, batch_dims: int) -> Array:
    """Return, for each index, which row it names: `sizes` are the dimensions that number rows.

    Args:
        name: Who asks.
        sizes: The batch dimensions and those that an index names, the first of an array.
        indices: Whole numbers; the last dimension holds the places of one part.
        batch_dims: How many first dimensions the array and the indices have in common.

    Raises:
        InvalidArgumentError: An index is outside.

    Example:
        >>> row_numbers("gather_nd", [2, 3], np.array([[1, 2], [0, 1]]), 0).tolist()
        [5, 1]
    """
    _check_places(indices, np.asarray(sizes[batch_dims:], np.int64), name)
    number = np.zeros(indices.shape[:-1], np.int64)
    for d in range(batch_dims):
        along = [-1 if e == d else 1 for e in range(number.ndim)]
        number *= sizes[d]
        number += np.arange(sizes[d]).reshape(along)
    for d, size in enumerate(sizes[batch_dims:]):
        number *= size
        number += indices[..., d].astype(np.int64, copy=False)
    return number


def _check_places(indices: Array, named: Array, caller: str) -> Array:
    """Return indices; raise `InvalidArgumentError` if one is outside of the dimensions `named`."""
    # A column at a time: short rows, one after the other, take NumPy ten times as long.
    columns = [indices[..., d] for d in range(len(named))] if indices.size else []
    if all(c.min() >= 0 and c.max() < n for c, n in zip(columns, named.tolist(), strict=False)):
        return indices
    wrong = np.any((indices < 0) | (indices >= named), axis=-1)
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    raise InvalidArgumentError(
        f"{caller}: the index {indices[first].tolist()} at position {list(first)} is outside the "
        f"dimensions {named.tolist()}"
    )


def _outside(indices: TensorType, named: TensorType, caller: str) -> Nest:
    del named, caller

    def body(index: Any, size: Any) -> Any:
        wide = scalar.cast(index, dtypes.int64)
        low, high = scalar.compare("lt", wide, 0), scalar.compare("ge", wide, size)
        return scalar.make("bit_or", (low, high), dtypes.bool_)

    last = (Index(o(indices.rank - 1)),)
    return Nest(operands=(identity(indices.rank), last), body=body)


check_places_p: Primitive = Primitive(
    name="check_places", infer=lambda indices, named, caller: indices, reference=_check_places,
    gradient=NoGradient("indices are whole numbers"), lower=Check(_outside, shown=True),
)  # fmt: skip
