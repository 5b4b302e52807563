"""Where the elements of sparse tensors are: orders, flat positions, unions. Primitives.

All work on the indices alone, ``int64[n, rank]``; values are then gathered and added up by public
operations, which is what makes sparse operations differentiable.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import reduction, shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sparse.sparse_tensor import SparseTensor

_POSITIONS: Final = NoGradient("positions are whole numbers")
_HOST: Final = Host("where the elements are is data")


def position_primitive(name: str, infer: Any, reference: Any) -> Primitive:
    """Make a primitive of indices, which runs on the host and has no gradient."""
    return Primitive(name=name, infer=infer, reference=reference, gradient=_POSITIONS, lower=_HOST)


def _vector(indices: TensorType, *rest: TensorType, **params: Any) -> TensorType:
    return TensorType(dtypes.int64, indices.shape[:1])


# --- order ----------------------------------------------------------------------------------------

order_p: Primitive = position_primitive(
    "sparse_order", _vector, lambda indices: np.lexsort(indices.T[::-1]) if indices.shape[1]
    else np.arange(len(indices)),
)  # fmt: skip


def _check(name: str, indices: Array, sizes: Array) -> None:
    outside = np.any((indices < 0) | (indices >= sizes), axis=1)
    if np.any(outside):
        at = int(np.argmax(outside))
        raise InvalidArgumentError(
            f"{name}: indices[{at}] = {indices[at].tolist()} is outside the shape {sizes.tolist()}"
        )


def _flat_numbers(indices: Array, sizes: Array) -> Array:
    number = np.zeros(len(indices), np.int64)
    for d, size in enumerate(sizes):
        number = number * size + indices[:, d]
    return number


def _flat_reference(indices: Array, sizes: Array, name: str, ordered: bool) -> Array:
    _check(name, indices, sizes)
    number = _flat_numbers(indices, sizes)
    if ordered and np.any(np.diff(number) <= 0):
        at = int(np.argmax(np.diff(number) <= 0)) + 1
        how = "repeated" if number[at] == number[at - 1] else "out of order"
        raise InvalidArgumentError(
            f"{name}: indices[{at}] = {indices[at].tolist()} is {how}; ft.sparse.reorder puts "
            "indices in order"
        )
    return number


flat_p: Primitive = position_primitive("sparse_flat", _vector, _flat_reference)


def _reshaped_reference(indices: Array, sizes: Array, wanted: Array) -> Array:
    number = _flat_numbers(indices, sizes)
    if len(wanted) == 0:
        return np.zeros((len(indices), 0), np.int64)
    return np.stack(np.unravel_index(number, tuple(wanted)), axis=1) if len(number) else np.zeros(
        (0, len(wanted)), np.int64
    )  # fmt: skip


reshaped_p: Primitive = position_primitive(
    "sparse_reshaped",
    lambda indices, sizes, wanted: TensorType(dtypes.int64, (indices.shape[0], wanted.shape[0])),
    _reshaped_reference,
)


def _new_shape_reference(sizes: Array, wanted: Array) -> Array:
    total = math.prod(sizes.tolist())
    found = wanted.astype(np.int64)
    unknown = np.flatnonzero(found == -1)
    if len(unknown) > 1:
        raise InvalidArgumentError(f"sparse.reshape: only one size may be -1: {wanted.tolist()}")
    if len(unknown):
        rest = math.prod(int(n) for n in found if n != -1)
        found = found.copy()
        found[unknown[0]] = total // rest if rest else 0
    if math.prod(found.tolist()) != total:
        raise InvalidArgumentError(
            f"sparse.reshape: a tensor of shape {sizes.tolist()} has {total} elements, which the "
            f"shape {wanted.tolist()} has not"
        )
    return found


new_shape_p: Primitive = position_primitive(
    "sparse_new_shape",
    lambda sizes, wanted: TensorType(dtypes.int64, wanted.shape), _new_shape_reference,
)  # fmt: skip


# --- elements that come together ------------------------------------------------------------------


def _groups_infer(indices: TensorType, axes: tuple[int, ...]) -> tuple[TensorType, TensorType]:
    return TensorType(dtypes.int64, (None, len(axes))), _vector(indices)


def _groups_reference(indices: Array, axes: tuple[int, ...]) -> tuple[Array, Array]:
    if not axes:
        return np.zeros((1, 0), np.int64), np.zeros(len(indices), np.int64)
    found, group = np.unique(indices[:, list(axes)], axis=0, return_inverse=True)
    return found.reshape(-1, len(axes)), group.reshape(-1)


groups_p: Primitive = position_primitive("sparse_groups", _groups_infer, _groups_reference)
"""Which different places there are in some of the dimensions, and each element's number of one."""


# --- elements that are kept -----------------------------------------------------------------------


def _inside_reference(indices: Array, start: Array, size: Array) -> Array:
    return np.flatnonzero(np.all((indices >= start) & (indices < start + size), axis=1))


inside_p: Primitive = position_primitive(
    "sparse_inside", lambda *types: TensorType(dtypes.int64, (None,)), _inside_reference
)


# --- tensors --------------------------------------------------------------------------------------


def sparse_of(name: str, value: Any) -> SparseTensor:
    """Return a sparse tensor.

    Raises:
        TypeError: It is none.
    """
    if not isinstance(value, SparseTensor):
        raise TypeError(f"{name}: expected a SparseTensor, received {value!r}")
    return value


def sizes_of(x: SparseTensor) -> Tensor:
    """Return the sizes as int64, a constant where tracing knows them."""
    if x.shape.is_fully_defined():
        return convert_to_tensor(np.asarray(x.shape, np.int64).reshape(-1))
    return x.dense_shape


def size_of(x: SparseTensor, axis: int) -> Tensor:
    """Return one size as int64, a constant where tracing knows it."""
    size = x.shape[axis]
    return x.dense_shape[axis] if size is None else convert_to_tensor(np.int64(size))


def int64s(name: str, values: Any) -> Tensor:
    """Return whole numbers as a vector of int64."""
    tensor = convert_to_tensor(values, dtype_hint=dtypes.int64)
    if not tensor.dtype.is_integer and tensor.shape.num_elements():
        raise InvalidArgumentError(f"{name}: expected whole numbers, received {tensor._type}")
    if tensor.ndim != 1:
        raise InvalidArgumentError(f"{name}: expected a vector, received {tensor._type}")
    return m.cast(tensor, dtypes.int64)


def known(sizes: Tensor) -> TensorShape:
    """Return what tracing knows of sizes."""
    if sizes._array is not None:
        return TensorShape(sizes._array.tolist())
    return TensorShape([None] * int(sizes.shape[0] or 0))


def product(sizes: Tensor) -> Tensor:
    """Return the product of sizes, a constant where tracing knows them."""
    if sizes._array is not None:
        return convert_to_tensor(np.asarray(math.prod(sizes._array.tolist()), np.int64))
    return reduction.reduce_prod(sizes)


def columns(indices: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return some columns of the indices."""
    parts = [indices[:, a : a + 1] for a in axes]
    return shaping.concat(parts, 1) if parts else indices[:, :0]


def plain_shape(sizes: Tensor) -> Any:
    """Return sizes as a shape for public functions."""
    return sizes._array.tolist() if sizes._array is not None else sizes
