"""Sets in the last dimension of tensors: union, intersection, difference, size."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.gathering import gather_nd
from freshet.ops.masks import positions_p
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sparse.places import sizes_of, sparse_of
from freshet.ops.sparse.sparse_tensor import SparseTensor

_ELEMENTS: Final = frozenset({"int", "uint", "string"})


def _rows(indices: Array, values: Array) -> dict[tuple[int, ...], set[Any]]:
    found: dict[tuple[int, ...], set[Any]] = {}
    for where, value in zip(indices[:, :-1].tolist(), values.tolist(), strict=True):
        found.setdefault(tuple(where), set()).add(value)
    return found


def _set_infer(
    a: TensorType, x: TensorType, sizes: TensorType, b: TensorType, y: TensorType,
    others: TensorType, op: str,
) -> tuple[TensorType, TensorType, TensorType]:  # fmt: skip
    rank = a.shape[1]
    return (
        TensorType(dtypes.int64, (None, rank)),
        TensorType(x.dtype, (None,)),
        TensorType(dtypes.int64, (rank,)),
    )


def _set_reference(
    a: Array, x: Array, sizes: Array, b: Array, y: Array, others: Array, op: str
) -> tuple[Array, Array, Array]:
    if len(sizes) != len(others) or np.any(sizes[:-1] != others[:-1]):
        raise InvalidArgumentError(
            f"sets.{op}: all dimensions but the last must agree, received shapes {sizes.tolist()} "
            f"and {others.tolist()}"
        )
    first, second = _rows(a, x), _rows(b, y)
    join: Any = {
        "union": set.union,
        "intersection": set.intersection,
        "difference": set.difference,
    }[op]
    indices: list[tuple[int, ...]] = []
    values: list[Any] = []
    largest = 0
    for row in sorted(first.keys() | second.keys()):
        found = sorted(join(first.get(row, set()), second.get(row, set())))
        indices += [(*row, i) for i in range(len(found))]
        values += found
        largest = max(largest, len(found))
    kept = np.empty(len(values), x.dtype)
    kept[:] = values
    where = np.asarray(indices, np.int64).reshape(-1, len(sizes))
    return where, kept, np.asarray([*sizes[:-1], largest], np.int64)


set_p: Primitive = Primitive(
    name="set_operation", infer=_set_infer, reference=_set_reference,
    gradient=NoGradient("sets of whole numbers or strings"),
    lower=Host("how many elements come out is data"),
)  # fmt: skip


def _parts(name: str, value: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return where the elements are, which they are, and the shape."""
    if isinstance(value, SparseTensor):
        where, elements, sizes = value.indices, value.values, sizes_of(value)
        rank = value.ndim
    else:
        x = convert_to_tensor(value)
        rank = x.ndim
        if rank:
            where = positions_p(shaping.ones_like(x, dtypes.bool_))
            elements = gather_nd(x, where)
        else:
            where = elements = x
        sizes = m.cast(shaping.shape(x), dtypes.int64)
    if elements.dtype.kind not in _ELEMENTS:
        raise DTypeError(
            f"sets.{name}: expected integers or strings, received {elements.dtype.name}"
        )
    if rank < 2:
        raise InvalidArgumentError(
            f"sets.{name}: expected rank 2 or more, whose last dimension holds the sets; received "
            f"rank {rank}"
        )
    return where, elements, sizes


def _operation(name: str, a: Any, b: Any) -> SparseTensor:
    hint = a.dtype if isinstance(a, (Tensor, SparseTensor)) else None
    if hint is not None and not isinstance(b, (Tensor, SparseTensor)):
        b = convert_to_tensor(b, dtype_hint=hint)
    first, second = _parts(name, a), _parts(name, b)
    if first[1].dtype != second[1].dtype:
        raise DTypeError(
            f"sets.{name}: both must have one dtype, received {first[1].dtype.name} and "
            f"{second[1].dtype.name}"
        )
    indices, values, shape = set_p.apply((*first, *second), {"op": name})
    return SparseTensor._of(indices, values, shape)


def union(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Return, for each row, the elements that are in either of two sets.

    Args:
        a: Integers or strings, a tensor or sparse tensor of shape ``[..., n]``: a set in each row.
            An element may occur more than once.
        b: The same; all dimensions but the last are those of `a`.
        validate_indices: Ignored; kept for TensorFlow programs.

    Returns:
        A sparse tensor with the elements of each row in ascending order, of the size of the
        largest set.

    Raises:
        InvalidArgumentError: The shapes do not agree.
        DTypeError: The dtypes differ, or are not integers or strings.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.to_dense(ft.sets.union([[1, 2]], [[2, 9]])).numpy().tolist()
        [[1, 2, 9]]
    """
    return _operation("union", a, b)


def intersection(a: Any, b: Any, validate_indices: bool = True) -> SparseTensor:
    """Return, for each row, the elements that are in both of two sets: see `union`.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.to_dense(ft.sets.intersection([[1, 2]], [[2, 9]])).numpy().tolist()
        [[2]]
    """
    return _operation("intersection", a, b)


def difference(a: Any, b: Any, aminusb: bool = True, validate_indices: bool = True) -> SparseTensor:
    """Return, for each row, the elements of one set that are not in the other: see `union`.

    Args:
        a: As for `union`.
        b: As for `union`.
        aminusb: Whether elements of `a` are kept, or those of `b`.
        validate_indices: Ignored; kept for TensorFlow programs.

    Example:
        >>> import freshet as ft
        >>> ft.sparse.to_dense(ft.sets.difference([[1, 2]], [[2, 9]])).numpy().tolist()
        [[1]]
    """
    return _operation("difference", a, b) if aminusb else _operation("difference", b, a)


def _size_reference(indices: Array, values: Array, sizes: Array) -> Array:
    found = np.zeros(tuple(sizes[:-1]), np.int32)
    for row, elements in _rows(indices, values).items():
        found[row] = len(elements)
    return found


size_p: Primitive = Primitive(
    name="set_size",
    infer=lambda indices, values, sizes: TensorType(
        dtypes.int32, (None,) * ((sizes.shape[0] or 1) - 1)
    ),
    reference=_size_reference, gradient=NoGradient("sizes are whole numbers"),
    lower=Host("how many different elements there are is data"),
)  # fmt: skip


def size(a: Any, validate_indices: bool = True) -> Tensor:
    """Return how many different elements each row has.

    Args:
        a: A sparse tensor of integers or strings, of shape ``[..., n]``.
        validate_indices: Ignored; kept for TensorFlow programs.

    Returns:
        int32 of shape ``a.shape[:-1]``.

    Example:
        >>> import freshet as ft
        >>> ft.sets.size(ft.sets.union([[1, 2], [1, 1]], [[2, 9], [1, 1]])).numpy().tolist()
        [3, 1]
    """
    x = sparse_of("sets.size", a)
    if x.dtype.kind not in _ELEMENTS:
        raise DTypeError(f"sets.size: expected integers or strings, received {x.dtype.name}")
    found = size_p(x.indices, x.values, sizes_of(x))
    found.set_shape(x.shape[:-1])
    return found
