"""Order: sorting, the largest elements, and where a value belongs in a sorted sequence.

NaN counts as larger than every number. Equal elements keep their order, in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.lookup import scatter_nd_p
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.places_in_order import places_in_order
from freshet.ops.primitive import Call, Joint, NoGradient, Primitive
from freshet.ops.ranges import range as counted
from freshet.ops.reduction import reduce_all, reduce_any, reduce_sum
from freshet.ops.sizes import sizes, static_integer

_FEW: Final = 16
"""So many largest elements are found one after the other; more of them by sorting."""
_LONG: Final = 64
_MANY: Final = 4096
"""Length, and number of elements, from which finding a few is quicker than sorting all."""

# --- sorted ---------------------------------------------------------------------------------------


def _sorted_infer(
    x: TensorType, count: int | None, descending: bool, dtype: DType
) -> tuple[TensorType, TensorType]:
    if x.dtype.kind not in {"int", "uint", "float"}:
        raise DTypeError(f"sort: expected real numbers, received {x}")
    last = x.shape[-1] if count is None else count
    shape = (*x.shape[:-1], last)
    return TensorType(x.dtype, shape), TensorType(dtype, shape)


def _sorted_reference(
    x: Array, count: int | None, descending: bool, dtype: DType
) -> tuple[Array, Array]:
    if x.dtype.name == "bfloat16":
        values, order = _sorted_reference(x.astype(np.float32), count, descending, dtype)
        return values.astype(x.dtype), order
    size = x.shape[-1]
    few = count is not None and count <= _FEW and size >= _LONG and x.size >= _MANY
    found = _largest(x, count) if few and descending and count else None
    if found is None:
        found = places_in_order(x, descending=descending, count=count)
    return np.take_along_axis(x, found, -1), found.astype(dtype.as_numpy_dtype)


def _largest(x: Array, count: int | None) -> Array | None:
    """Return the places of the largest; None if the smallest number of the dtype is among them."""
    least = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    if np.any(x == least):
        return None
    rest, found = x.copy(), []
    for _ in range(count or 0):
        best = np.argmax(rest, -1)[..., None]  # the first NaN, or else the first of the largest
        found.append(best)
        np.put_along_axis(rest, best, least, -1)
    return np.concatenate(found, -1)


def _sorted_gradient(call: Call, wanted: Sequence[bool], grad: Tensor, *_: Any) -> list[Tensor]:
    operands, shape = a.shape_arguments(call.x)
    order = a.expand_dims_p(call.outputs[1], axes=(call.x.ndim,))
    return [scatter_nd_p(order, grad, *operands, shape=shape, batch_dims=call.x.ndim - 1)]


sorted_p: Primitive = Primitive(
    name="sorted", infer=_sorted_infer, reference=_sorted_reference,
    gradient=Joint(_sorted_gradient), lower=Host("sorting is no loop nest"),
)  # fmt: skip


def _sorted_along(
    name: str, values: TensorLike, axis: int, direction: str
) -> tuple[Tensor, Tensor]:
    x = convert_to_tensor(values)
    if direction not in {"ASCENDING", "DESCENDING"}:
        raise InvalidArgumentError(
            f"{name}: direction must be 'ASCENDING' or 'DESCENDING', received {direction!r}"
        )
    if not x.ndim:
        raise InvalidArgumentError(f"{name}: expected rank 1 or more, received {x._type}")
    where = normalize_axis(name, static_integer(name, "axis", axis), x.ndim)
    order = tuple(d for d in range(x.ndim) if d != where)
    perm = (*order, where)
    inverse = tuple(perm.index(d) for d in range(x.ndim))
    last = a.transpose_p(x, perm=perm) if where != x.ndim - 1 else x
    params = {"count": None, "descending": direction == "DESCENDING", "dtype": dtypes.int32}
    values_, places = sorted_p.apply((last,), params)
    if where == x.ndim - 1:
        return values_, places
    return a.transpose_p(values_, perm=inverse), a.transpose_p(places, perm=inverse)


def sort(
    values: TensorLike, axis: int = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """Return the elements in order along a dimension.

    Args:
        values: Real numbers of rank 1 or more.
        axis: The dimension; the last by default.
        direction: "ASCENDING" or "DESCENDING"; NaN is larger than every number.
        name: Ignored.

    Raises:
        InvalidArgumentError: `direction` is neither, or `axis` does not exist.

    Example:
        >>> sort([3, 1, 2], direction="DESCENDING").numpy().tolist()
        [3, 2, 1]
    """
    return _sorted_along("sort", values, axis, direction)[0]


def argsort(
    values: TensorLike, axis: int = -1, direction: str = "ASCENDING", stable: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the places, as int32, of the elements in order: ``gather(values, y)`` is sorted.

    Args:
        values: Real numbers of rank 1 or more.
        axis: The dimension; the last by default.
        direction: "ASCENDING" or "DESCENDING".
        stable: Ignored: equal elements always keep their order.
        name: Ignored.

    Example:
        >>> argsort([3, 1, 2]).numpy().tolist()
        [1, 2, 0]
    """
    return _sorted_along("argsort", values, axis, direction)[1]


# --- the largest ----------------------------------------------------------------------------------


class TopK(NamedTuple):
    """What `top_k` returns."""

    values: Tensor
    indices: Tensor


@dispatched
def top_k(
    input: TensorLike, k: Any = 1, sorted: bool = True, index_type: Any = dtypes.int32,
    name: str | None = None,
) -> TopK:  # fmt: skip
    """Return the `k` largest elements of the last dimension, and where they are.

    Of equal elements the first come first; NaN is larger than every number.

    Args:
        input: Real numbers of rank 1 or more.
        k: How many.
        sorted: Ignored: the result is always in descending order.
        index_type: Dtype of the places.
        name: Ignored.

    Returns:
        ``values`` and ``indices``, each of shape ``input.shape[:-1] + [k]``.

    Raises:
        InvalidArgumentError: `k` is below 0 or above the size of the dimension.

    Example:
        >>> values, indices = top_k([1, 5, 3, 5], k=2)
        >>> values.numpy().tolist(), indices.numpy().tolist()
        ([5, 5], [1, 3])
    """
    x = convert_to_tensor(input)
    count = static_integer("top_k", "k", k)
    if not x.ndim:
        raise InvalidArgumentError(f"top_k: expected rank 1 or more, received {x._type}")
    size = x.shape[-1]
    if count < 0 or (size is not None and count > size):
        raise InvalidArgumentError(
            f"top_k: k must be from 0 to {size}, the size of the last dimension of {x._type}, "
            f"received {count}"
        )
    params = {"count": count, "descending": True, "dtype": as_dtype(index_type)}
    return TopK(*sorted_p.apply((x,), params))


def in_top_k(
    targets: TensorLike, predictions: TensorLike, k: Any, name: str | None = None
) -> Tensor:
    """Return whether each target's prediction is among the `k` largest of its row.

    A target counts as among them if fewer than k predictions are larger. It does not if it is
    outside the classes, or any prediction of the row is infinite or NaN.

    Args:
        targets: int[batch], the class of each row.
        predictions: float32[batch, classes].
        k: How many.
        name: Ignored.

    Example:
        >>> in_top_k([0, 1], [[0.2, 0.8], [0.2, 0.8]], 1).numpy().tolist()
        [False, True]
    """
    scores, classes = convert_to_tensor(predictions), convert_to_tensor(targets)
    if scores.ndim != 2 or classes.ndim != 1:
        raise InvalidArgumentError(
            f"in_top_k: expected targets of rank 1 and predictions of rank 2, received "
            f"{classes._type} and {scores._type}"
        )
    scores.shape[:1].assert_is_compatible_with(classes.shape)
    steps = m.cast(counted(sizes(scores)[1]), classes.dtype)
    hit = m.equal(steps, a.expand_dims_p(classes, axes=(1,)))
    zero = m.cast(0, scores.dtype)
    own = reduce_sum(m.where(hit, scores, zero), axis=1, keepdims=True)
    larger = reduce_sum(m.cast(m.greater(scores, own), dtypes.int32), axis=1)
    sound = m.logical_and(reduce_any(hit, axis=1), reduce_all(m.is_finite(scores), axis=1))
    few = m.less(larger, m.cast(convert_to_tensor(k), dtypes.int32))
    return m.logical_and(sound, few)


# --- where a value belongs ------------------------------------------------------------------------


def _searched_infer(x: TensorType, values: TensorType, right: bool, dtype: DType) -> TensorType:
    if x.dtype != values.dtype:
        raise DTypeError(f"searchsorted: both must have one dtype, received {x} and {values}")
    lead = zip(x.shape[:-1], values.shape[:-1], strict=False)
    same = x.rank == values.rank and all(p is None or q is None or p == q for p, q in lead)
    if not x.rank or not same:
        raise InvalidArgumentError(
            "searchsorted: sorted_sequence and values must agree in all dimensions but the last, "
            f"received {x} and {values}"
        )
    return TensorType(dtype, values.shape)


def _searched_reference(x: Array, values: Array, right: bool, dtype: DType) -> Array:
    found = np.zeros(values.shape, dtype.as_numpy_dtype)
    rows = x.reshape(-1, x.shape[-1]) if x.size else np.zeros((0, 0))
    if not x.size:
        return found
    flat = found.reshape(len(rows), -1)
    for row, wanted, out in zip(rows, values.reshape(len(rows), -1), flat, strict=True):
        out[:] = np.searchsorted(row, wanted, "right" if right else "left")
        if wanted.dtype.kind == "f":
            out[np.isnan(wanted)] = len(row) if right else 0  # no number is below NaN, nor above
    return found


searched_p: Primitive = Primitive(
    name="searched", infer=_searched_infer, reference=_searched_reference,
    gradient=NoGradient("places are whole numbers"), lower=Host("a search is no loop nest"),
)  # fmt: skip


@dispatched
def searchsorted(
    sorted_sequence: TensorLike, values: TensorLike, side: str = "left",
    out_type: Any = dtypes.int32, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return where values would be inserted in sorted sequences so that they stay sorted.

    Args:
        sorted_sequence: Numbers[..., n] that never fall along the last dimension.
        values: Numbers[..., k]; all dimensions but the last are those of the sequences.
        side: "left", before equal elements, or "right", after them.
        out_type: Dtype of the result.
        name: Ignored.

    Returns:
        Places from 0 to n, of the shape of `values`.

    Raises:
        InvalidArgumentError: `side` is neither, or the shapes do not fit.

    Example:
        >>> searchsorted([1, 3, 5], [0, 3, 9]).numpy().tolist()
        [0, 1, 3]
    """
    if side not in {"left", "right"}:
        raise InvalidArgumentError(f"searchsorted: side must be 'left' or 'right', not {side!r}")
    x = convert_to_tensor(sorted_sequence)
    wanted = convert_to_tensor(values, dtype_hint=x.dtype)
    return searched_p(x, wanted, right=side == "right", dtype=as_dtype(out_type))
