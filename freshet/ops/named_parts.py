"""Parts of arrays that several indices name: in traced functions, as rows that have numbers.

`gather_nd` and `scatter_nd` themselves run on the host. Where the sizes of the dimensions that are
named are known, the number of a row is arithmetic for a kernel, and what is left is `gather` or its
adjoint, which kernels do too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from freshet.core import context, dtypes
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.array import Shape, reshape_p
from freshet.ops.lookup import (
    check_updates,
    gather_adjoint_p,
    gather_nd_p,
    gather_p,
    place_rank,
    scatter_nd_p,
)
from freshet.ops.reduction import reduce_sum
from freshet.ops.row_numbers import check_places_p


def row_numbers_of(name: str, sizes: Sequence[int], indices: Tensor, batch_dims: int) -> Tensor:
    """Return `row_numbers` of a tensor, int64; an index outside is an error when it runs."""
    named = Tensor._of_array(np.asarray(sizes[batch_dims:], np.int64))
    places = m.cast(check_places_p(indices, named, caller=name), dtypes.int64)
    strides = np.cumprod([1, *sizes[:0:-1]], dtype=np.int64)[::-1]
    number = reduce_sum(places * strides[batch_dims:], -1)
    for d in range(batch_dims):
        along = [-1 if e == d else 1 for e in range(number.ndim)]
        number = number + (np.arange(sizes[d]) * strides[d]).reshape(along)
    return number


def gather_parts(x: Tensor, indices: Tensor, batch_dims: int = 0) -> Tensor:
    """Return `gather_nd_p` of its operands; in traced functions, where it can, as `gather_p`.

    What names a row is a number that kernels compute, and then they read the row where it is used.
    """
    sizes = _known_sizes("gather_nd", x.shape, indices, batch_dims)
    if sizes is None:
        return gather_nd_p(x, indices, batch_dims=batch_dims)
    number = row_numbers_of("gather_nd", sizes, indices, batch_dims)
    rest = x.shape[len(sizes) :]
    rows = reshape_p(x, shape=(math.prod(sizes), *rest))
    return gather_p(rows, number, axis=0)


def scatter_parts(
    indices: Tensor, updates: Tensor, operands: Sequence[Tensor], shape: Shape
) -> Tensor:
    """Return `scatter_nd_p` of its operands; in traced functions, where it can, as additions."""
    sizes = None
    if not operands and None not in updates.shape and updates.dtype.kind in _ADDED:
        sizes = _known_sizes("scatter_nd", shape, indices, 0)
    if sizes is None:
        return scatter_nd_p(indices, updates, *operands, shape=shape, batch_dims=0)
    check_updates("scatter_nd", shape, indices._type, updates._type, 0)
    number = row_numbers_of("scatter_nd", sizes, indices, 0)
    wide = m.cast(updates, dtypes.float32) if updates.dtype.bits == 16 else updates
    rows = (math.prod(sizes), *shape[len(sizes) :])
    total = reshape_p(gather_adjoint_p(wide, number, axis=0, shape=rows), shape=shape)
    return m.cast(total, updates.dtype)


_ADDED: Final = frozenset({"float", "int", "uint"})


def _known_sizes(name: str, shape: Shape, indices: Tensor, batch_dims: int) -> list[int] | None:
    """Return the sizes of the dimensions that number rows; None where rows cannot be numbered.

    That is outside of traced functions, where a size is not known, and where there are no rows.
    """
    rank = place_rank(name, shape, indices._type, batch_dims)
    sizes = [size for size in shape[: batch_dims + rank] if size]
    if context.state.tracer is None or not rank or len(sizes) < batch_dims + rank:
        return None
    return sizes if None not in shape else None
