"""Sparse tensors from and to plain tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import gathering, shaping
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.masks import positions_p
from freshet.ops.sparse import places
from freshet.ops.sparse.places import sparse_of
from freshet.ops.sparse.sparse_tensor import SparseTensor


def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """Return the elements that are not zero (empty, for strings), in order.

    Args:
        tensor: Any tensor of rank 1 or more.
        name: Ignored.

    Example:
        >>> x = from_dense([[0, 2], [3, 0]])
        >>> x.indices.numpy().tolist(), x.values.numpy().tolist()
        ([[0, 1], [1, 0]], [2, 3])
    """
    x = convert_to_tensor(tensor)
    if x.dtype.is_bool:
        there = x
    elif x.dtype.kind == "string":
        there = m.not_equal(x, convert_to_tensor(b""))
    else:
        there = m.not_equal(x, m.cast(convert_to_tensor(0), x.dtype))
    where = positions_p(there)
    sizes = m.cast(shaping.shape(x), dtypes.int64)
    return SparseTensor._of(where, gathering.gather_nd(x, where), sizes, x.shape)


def to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the whole tensor.

    Args:
        sp_input: A sparse tensor.
        default_value: What stands where there is no element; 0, "" or False by default.
        validate_indices: Whether the indices must be in order and different.
        name: Ignored.

    Raises:
        TypeError: The input is not sparse.
        InvalidArgumentError: An index is outside the shape, repeated or out of order.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.to_dense(ft.SparseTensor([[0, 1]], [5], [2, 2])).numpy().tolist()
        [[0, 5], [0, 0]]
    """
    x = sparse_of("sparse.to_dense", sp_input)
    sizes = places.sizes_of(x)
    flat = places.flat_p(
        x.indices, sizes, name="sparse.to_dense", ordered=bool(validate_indices)
    )  # fmt: skip
    if default_value is None:
        array = np.asarray(x.dtype.zero, x.dtype.as_numpy_dtype)
        default = Tensor._of_array(array, x.dtype)
    else:
        default = convert_to_tensor(default_value, dtype=x.dtype)
    if default.ndim:
        raise InvalidArgumentError(
            f"sparse.to_dense: default_value must be one value, received {default._type}"
        )
    total = places.product(sizes)
    empty = shaping.broadcast_to(default, places.plain_shape(shaping.expand_dims(total, 0)))
    filled = gathering.tensor_scatter_nd_update(empty, shaping.expand_dims(flat, 1), x.values)
    return shaping.reshape(filled, places.plain_shape(sizes))


def to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """Return where each value occurs.

    ``y[i..., v]`` is whether a value ``v`` is in ``x[i..., :]``.

    Args:
        sp_input: Integers in ``[0, vocab_size)``.
        vocab_size: Size of the last dimension of the result.
        name: Ignored.

    Returns:
        bool of shape ``x.shape[:-1] + [vocab_size]``.

    Raises:
        InvalidArgumentError: A value is outside.

    Example:
        >>> import freshet as ft
        >>> x = ft.SparseTensor([[0, 0], [1, 0], [1, 1]], [2, 0, 1], [2, 2])
        >>> ft.sparse.to_indicator(x, 3).numpy().tolist()
        [[False, False, True], [True, True, False]]
    """
    x = sparse_of("sparse.to_indicator", sp_input)
    if not x.dtype.is_integer:
        raise DTypeError(f"sparse.to_indicator: expected integers, received {x.dtype.name}")
    rows = places.columns(x.indices, tuple(range(x.ndim - 1)))
    values = shaping.expand_dims(m.cast(x.values, dtypes.int64), 1)
    where = shaping.concat([rows, values], 1)
    last = shaping.reshape(m.cast(convert_to_tensor(vocab_size), dtypes.int64), [1])
    sizes = shaping.concat([places.sizes_of(x)[:-1], last], 0)
    flat = places.flat_p(where, sizes, name="sparse.to_indicator", ordered=False)
    total = shaping.expand_dims(places.product(sizes), 0)
    empty = shaping.broadcast_to(convert_to_tensor(False), places.plain_shape(total))
    there = shaping.ones_like(x.values, dtypes.bool_)
    found = gathering.tensor_scatter_nd_update(empty, shaping.expand_dims(flat, 1), there)
    return shaping.reshape(found, places.plain_shape(sizes))


def eye(
    num_rows: int, num_columns: int | None = None, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> SparseTensor:  # fmt: skip
    """Return the identity matrix.

    Args:
        num_rows: Its rows.
        num_columns: Its columns; as many as rows by default.
        dtype: Dtype of the ones.
        name: Ignored.

    Example:
        >>> eye(2).indices.numpy().tolist()
        [[0, 0], [1, 1]]
    """
    rows = int(num_rows)
    width = rows if num_columns is None else int(num_columns)
    where = np.repeat(np.arange(min(rows, width), dtype=np.int64)[:, None], 2, axis=1)
    ones = np.ones(len(where), as_dtype(dtype).as_numpy_dtype)
    values = Tensor._of_array(ones, as_dtype(dtype))
    return SparseTensor(where, values, np.asarray([rows, width], np.int64))
