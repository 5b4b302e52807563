"""Sparse tensors as strings: their indices, values and shape, each a serialized tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.formats.tensor_proto import array_of_bytes, tensor_bytes
from freshet.ops.sparse.sparse_tensor import SparseTensor
from freshet.ops.strings.host import check_strings, filled, host_primitive, string_tensor

# --- writing --------------------------------------------------------------------------------------


def _serialize_sparse(indices: Array, values: Array, shape: Array) -> Array:
    return filled((3,), [tensor_bytes(part, packed=True) for part in (indices, values, shape)])


def _serialize_many(indices: Array, values: Array, shape: Array) -> Array:
    if np.any(np.diff(indices[:, 0]) < 0):
        raise InvalidArgumentError(
            "io.serialize_many_sparse: the indices are not in order; ft.sparse.reorder sorts them"
        )
    items = []
    for row in range(int(shape[0])):
        here = indices[:, 0] == row
        parts = indices[here, 1:], values[here], shape[1:]
        items += [tensor_bytes(np.ascontiguousarray(part), packed=True) for part in parts]
    return filled((int(shape[0]), 3), items)


serialize_sparse_p = host_primitive(
    "serialize_sparse", lambda *parts: TensorType(dtypes.string, (3,)), _serialize_sparse
)
serialize_many_sparse_p = host_primitive(
    "serialize_many_sparse", lambda *parts: TensorType(dtypes.string, (None, 3)), _serialize_many
)


def _parts(name: str, sp_input: Any, out_type: Any) -> tuple[Tensor, Tensor, Tensor]:
    if not isinstance(sp_input, SparseTensor):
        raise DTypeError(f"{name}: expected a SparseTensor, received {sp_input!r}")
    if as_dtype(out_type) is not dtypes.string:
        raise DTypeError(f"{name}: out_type must be string, received {as_dtype(out_type).name}")
    return sp_input.indices, sp_input.values, sp_input.dense_shape


def serialize_sparse(sp_input: Any, out_type: Any = dtypes.string, name: str | None = None) -> Any:
    """Return a sparse tensor as three strings: its indices, values and shape.

    Args:
        sp_input: A sparse tensor.
        out_type: Only string.
        name: Ignored.

    Returns:
        Strings[3], each a serialized tensor.

    Raises:
        DTypeError: The input is no sparse tensor.

    Example:
        >>> from freshet.ops.formats.tensor_proto import parse_tensor
        >>> parts = serialize_sparse(SparseTensor([[0, 1]], [5], [2, 2]))
        >>> parse_tensor(parts[0], "int64").numpy().tolist()
        [[0, 1]]
    """
    del name
    return serialize_sparse_p(*_parts("io.serialize_sparse", sp_input, out_type))


def serialize_many_sparse(
    sp_input: Any, out_type: Any = dtypes.string, name: str | None = None
) -> Any:
    """Return each part of a sparse tensor along its first dimension as three strings.

    Args:
        sp_input: A sparse tensor of rank 2 or more, its indices in order.
        out_type: Only string.
        name: Ignored.

    Returns:
        Strings[n, 3]: a row is what `serialize_sparse` returns for a part.

    Raises:
        DTypeError: The input is no sparse tensor.
        InvalidArgumentError: Its indices are not in order.
    """
    del name
    return serialize_many_sparse_p(*_parts("io.serialize_many_sparse", sp_input, out_type))


# --- reading --------------------------------------------------------------------------------------


def _deserialize_many(x: Array, dtype: DType, rank: int) -> tuple[Array, Array, Array]:
    name = "io.deserialize_many_sparse"
    if x.shape[1:] != (3,):
        raise InvalidArgumentError(f"{name}: expected strings of shape [n, 3], received {x.shape}")
    indices, values = [], [np.empty(0, dtype.as_numpy_dtype)]
    inner = rank - 1
    largest = np.zeros(inner, np.int64)
    for number, row in enumerate(x):
        place, value, shape = (array_of_bytes(part) for part in row)
        fits = place.shape == (value.size, inner) and shape.shape == (inner,)
        if not fits or dtypes.of_array(value) != dtype:
            raise InvalidArgumentError(
                f"{name}: row {number} holds no sparse tensor of {dtype.name} and rank {inner}"
            )
        lead = np.full((len(place), 1), number, np.int64)
        indices.append(np.concatenate([lead, place], 1))
        values.append(value)
        largest = np.maximum(largest, shape)
    places = np.concatenate(indices) if indices else np.empty((0, rank), np.int64)
    return places, np.concatenate(values), np.array([len(x), *largest], np.int64)


def _deserialize_infer(x: TensorType, dtype: DType, rank: int) -> tuple[TensorType, ...]:
    check_strings("io.deserialize_many_sparse", x)
    return (
        TensorType(dtypes.int64, (None, rank)),
        TensorType(dtype, (None,)),
        TensorType(dtypes.int64, (rank,)),
    )


deserialize_many_sparse_p = host_primitive(
    "deserialize_many_sparse", _deserialize_infer, _deserialize_many
)


def deserialize_many_sparse(
    serialized_sparse: Any, dtype: Any, rank: int | None = None, name: str | None = None
) -> Any:
    """Return the sparse tensor whose parts `serialize_many_sparse` made strings of.

    Args:
        serialized_sparse: Strings[n, 3].
        dtype: Dtype of the values.
        rank: Rank of the result; needed inside `ft.function`.
        name: Ignored.

    Returns:
        A sparse tensor with one dimension more than the parts, as large as the largest of them.

    Raises:
        InvalidArgumentError: A row holds no sparse tensor of that dtype, or the ranks differ.

    Example:
        >>> both = serialize_many_sparse(SparseTensor([[0, 1], [1, 0]], [5, 6], [2, 2]))
        >>> deserialize_many_sparse(both, "int32").values.numpy().tolist()
        [5, 6]
    """
    del name
    x = string_tensor("io.deserialize_many_sparse", serialized_sparse)
    if rank is None:
        if x._array is None or not x._array.size:
            raise InvalidArgumentError(
                "io.deserialize_many_sparse: rank is not known here; give it"
            )
        rank = 1 + len(array_of_bytes(x._array.reshape(-1)[-1]))
    if rank < 1:
        raise InvalidArgumentError(
            f"io.deserialize_many_sparse: rank must be at least 1, received {rank}"
        )
    params = {"dtype": as_dtype(dtype), "rank": int(rank)}
    return SparseTensor(*deserialize_many_sparse_p.apply((x,), params))
