"""How often each number occurs, as a sparse tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.ragged.ragged_tensor import RaggedTensor
from freshet.ops.ragged.reduction import combine
from freshet.ops.sparse.places import sizes_of
from freshet.ops.sparse.sparse_tensor import SparseTensor


def _count_infer(
    rows: TensorType, values: TensorType, height: TensorType, least: int, most: int | None,
    by_row: bool,
) -> tuple[TensorType, ...]:  # fmt: skip
    rank = 2 if by_row else 1
    return (
        TensorType(dtypes.int64, (None, rank)),
        TensorType(dtypes.int64, (None,)),
        TensorType(dtypes.int64, (None,)),
        TensorType(dtypes.int64, (rank,)),
    )


def _count_reference(
    rows: Array, values: Array, height: Array, least: int, most: int | None, by_row: bool
) -> tuple[Array, ...]:
    """Return the places counted, the elements that count, each one's place, and the shape."""
    if np.any(values < 0):
        raise InvalidArgumentError("sparse.bincount: values must not be negative")
    kept = np.flatnonzero(values < most) if most is not None else np.arange(len(values))
    chosen = values[kept].astype(np.int64)
    # Of all values, also those beyond: the length is cut after.
    length = int(values.max(initial=-1)) + 1
    length = max(length, least)
    length = length if most is None else min(length, most)
    where = np.stack([rows[kept], chosen], axis=1) if by_row else chosen[:, None]
    places, place = np.unique(where, axis=0, return_inverse=True)
    shape = np.asarray([height, length] if by_row else [length], np.int64)
    return places.reshape(-1, where.shape[1]), kept, place.reshape(-1), shape


count_p: Primitive = Primitive(
    name="sparse_count", infer=_count_infer, reference=_count_reference,
    gradient=NoGradient("positions are whole numbers"), lower=Host("which numbers occur is data"),
)  # fmt: skip


def bincount(
    values: Any, weights: Any = None, axis: int | None = 0, minlength: int | None = None,
    maxlength: int | None = None, binary_output: bool = False, name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Return how often each whole number occurs.

    Args:
        values: Integers from 0 on: a tensor of rank 1 or 2, ragged or sparse.
        weights: What an occurrence counts, of the same kind and shape; 1 by default.
        axis: 0 counts all together, -1 in each row.
        minlength: Size of the last dimension at least.
        maxlength: Size of the last dimension at most; larger numbers are not counted.
        binary_output: Whether to tell only which numbers occur, by ones.
        name: Ignored.

    Returns:
        A sparse tensor, of shape ``[length]`` or ``[rows, length]``, of the weights' dtype or that
        of the values.

    Raises:
        InvalidArgumentError: A value is negative, or both weights and `binary_output` are given.

    Example:
        >>> import freshet as ft
        >>> x = ft.sparse.bincount([[1, 1, 3], [0, 0, 0]], axis=-1)
        >>> ft.sparse.to_dense(x).numpy().tolist()
        [[0, 2, 0, 1], [3, 0, 0, 0]]
    """
    if axis not in {0, -1, None}:
        raise InvalidArgumentError(f"sparse.bincount: axis must be 0 or -1, received {axis}")
    if weights is not None and binary_output:
        raise InvalidArgumentError("sparse.bincount: weights and binary_output exclude each other")
    rows, flat, height = _flat(values)
    if not flat.dtype.is_integer:
        raise DTypeError(f"sparse.bincount: expected integers, received {flat.dtype.name}")
    by_row = axis == -1 and height is not None
    where, kept, place, shape = count_p.apply(
        (rows, flat, convert_to_tensor(np.int64(0)) if height is None else height),
        {"least": int(minlength or 0), "most": None if maxlength is None else int(maxlength),
         "by_row": by_row},
    )  # fmt: skip
    count = m.cast(shaping.shape(where)[0], dtypes.int64)
    if weights is None:
        ones = shaping.ones_like(gather(flat, kept))
        total = combine(ones, place, count, "sum")
        total = shaping.ones_like(total) if binary_output else total
    else:
        given = _flat(weights)[1]
        if not given.shape.is_compatible_with(flat.shape):
            raise InvalidArgumentError(
                f"sparse.bincount: weights must be like the values, received {given.shape} for "
                f"{flat.shape}"
            )
        total = combine(gather(given, kept), place, count, "sum")
    return SparseTensor._of(where, total, shape)


def _flat(x: Any) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return the row of each element, the elements, and how many rows there are."""
    if isinstance(x, SparseTensor):
        rows = x.indices[:, 0]
        return rows, x.values, sizes_of(x)[0] if x.ndim > 1 else None
    if isinstance(x, RaggedTensor):
        return (
            m.cast(x.value_rowids(), dtypes.int64),
            x.flat_values,
            m.cast(x.nrows(), dtypes.int64),
        )
    tensor = convert_to_tensor(x)
    if tensor.ndim > 2:
        raise InvalidArgumentError(
            f"sparse.bincount: expected rank 1 or 2, received {tensor._type}"
        )
    if tensor.ndim < 2:
        flat = shaping.reshape(tensor, [-1])
        return m.cast(shaping.zeros_like(flat, dtypes.int64), dtypes.int64), flat, None
    ragged = RaggedTensor.from_tensor(tensor)
    return ragged.value_rowids(), ragged.flat_values, m.cast(ragged.nrows(), dtypes.int64)
