"""Parts of arrays at places that are data: gather, scatter and segments. Primitives.

    gather:     y[i..., j...]  = x[indices[i...], j...]
    scatter_nd: y[p, j...]     = sum over i with indices[i] = p  of  updates[i, j...]
    segment:    y[s, j...]     = op over i with ids[i] = s  of  x[i, j...]

`gather` and `gather_adjoint`, and `gather_nd` and `scatter_nd`, are each other's gradients. Sums
are taken in the order of the indices, one after the other, so that their bits depend on nothing
else.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops import scalar
from freshet.ops.array import (
    Shape,
    broadcast_like,
    expand_dims_p,
    resolve_shape,
    shape_arguments,
    sizes_of,
)
from freshet.ops.elementwise_rules import conj, ones_of, zeros_of
from freshet.ops.index import Index, constant
from freshet.ops.nest import Check, Host, Lookup, Nest, identity, o, r
from freshet.ops.primitive import Call, NoGradient, Primitive, float_compute
from freshet.ops.row_numbers import row_numbers

_DATA_DEPENDENT: Final = Host("its indices are data")

# --- adding rows ----------------------------------------------------------------------------------

_WIDE: Final = 16
_MANY: Final = 64
"""From so many columns, NumPy is faster with blocks than row by row; a block of rows that go to
different places pays from so many rows."""


def _apply_rows(function: np.ufunc, total: Array, places: Array, rows: Array) -> None:
    """Do ``total[places[i]] = function(total[places[i]], rows[i])`` for each i in turn."""
    if rows.shape[1] == 1:
        # NumPy has a loop of its own for vectors, ten times as fast.
        total, rows = total[:, 0], rows[:, 0]
    function.at(total, places, rows)


def _add_rows(total: Array, places: Array, rows: Array) -> None:
    """Do ``total[places[i]] += rows[i]`` for each i in turn."""
    if rows.shape[1] < _WIDE:
        _apply_rows(np.add, total, places, rows)
        return
    places = places.astype(np.int64)
    order = np.argsort(places, kind="stable")
    starts = np.flatnonzero(np.diff(places[order], prepend=-1))
    ends = np.append(starts[1:], len(order))[: len(starts)]
    # The first row of each place, then the second of each that has two, ...
    while len(starts) >= _MANY:
        chosen = order[starts]
        total[places[chosen]] += rows[chosen]
        more = starts + 1 < ends
        starts, ends = starts[more] + 1, ends[more]
    # ... and then, place by place, what the few most frequent ones have left.
    for start, end in zip(starts, ends, strict=True):
        chosen = order[start:end]
        place = places[chosen[0]]
        own = np.concatenate([total[place][None], rows[chosen]])
        total[place] = np.add.reduce(own, 0, dtype=total.dtype)  # along columns: row after row


def _rows(x: Array, dimensions: int) -> Array:
    """Return `x` with its first dimensions as one, and the others as one."""
    count = math.prod(x.shape[:dimensions])
    return x.reshape(count, math.prod(x.shape[dimensions:]))


# --- along an axis --------------------------------------------------------------------------------


def _gather_infer(x: TensorType, indices: TensorType, axis: int) -> TensorType:
    _check_integers("gather", "indices", indices)
    return TensorType(x.dtype, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))


def _check_integers(name: str, what: str, kind: TensorType) -> None:
    if not kind.dtype.is_integer:
        raise DTypeError(f"{name}: {what} must be integers, received {kind}")


def _check_reference(indices: Array, x: Array, axis: int) -> Array:
    size = x.shape[axis]
    wrong = (indices < 0) | (indices >= size)
    if np.any(wrong):
        raise InvalidArgumentError(
            f"gather: index {indices[wrong].reshape(-1)[0]} is outside [0, {size}) of axis {axis}"
        )
    return indices


def _outside(indices: TensorType, x: TensorType, axis: int) -> Nest:
    size = x.static_shape[axis]

    def body(index: Any, _: Any) -> Any:
        wide = scalar.cast(index, dtypes.int64)
        low, high = scalar.compare("lt", wide, 0), scalar.compare("ge", wide, size)
        return scalar.make("bit_or", (low, high), dtypes.bool_)

    return Nest(operands=(identity(indices.rank), None), body=body)


check_indices_p: Primitive = Primitive(
    name="check_indices", infer=lambda indices, x, axis: indices, reference=_check_reference,
    gradient=NoGradient("indices are whole numbers"), lower=Check(_outside),
)  # fmt: skip


def _gather_reference(x: Array, indices: Array, axis: int) -> Array:
    if not x.shape[axis]:
        return np.zeros((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)
    return np.take(x, indices, axis, mode="clip")


def _gather_lower(x: TensorType, indices: TensorType, axis: int) -> Nest:
    spread = indices.rank
    before = tuple(Index(o(d)) for d in range(axis))
    after = tuple(Index(o(d + spread - 1)) for d in range(axis + 1, x.rank))
    where = tuple(Index(o(axis + d)) for d in range(spread))
    return Nest(
        operands=((*before, Index(constant(0)), *after), where),
        body=lambda element, _: element,
        lookups=((0, Lookup(axis, 1)),),
    )


def gather_gradient(call: Call, grad: Tensor) -> Tensor:
    """Return the gradient of what is gathered from: of the indices, the second input."""
    operands, sizes = shape_arguments(call.x)
    # 16-bit floats are rounded once, not in every addition.
    wide = m.cast(grad, dtypes.float32) if grad.dtype.bits == 16 else grad
    total = gather_adjoint_p(wide, call.y, *operands, axis=call.params["axis"], shape=sizes)
    return m.cast(total, grad.dtype)


def _gather_adjoint_infer(
    grad: TensorType, indices: TensorType, *operand: TensorType, axis: int, shape: Shape
) -> TensorType:
    if grad.dtype.bits == 16:
        raise DTypeError(f"gather_adjoint: adds in {grad.dtype.name}, where every sum is rounded")
    return TensorType(grad.dtype, shape)


def _gather_adjoint_lower(
    grad: TensorType, indices: TensorType, axis: int, shape: tuple[int, ...]
) -> Nest:
    spread = indices.rank
    before = tuple(Index(o(d)) for d in range(axis))
    after = tuple(Index(o(d)) for d in range(axis + 1, len(shape)))
    where = tuple(Index(r(d)) for d in range(spread))
    return Nest(
        operands=((*before, *where, *after), where),
        body=lambda element, _: element,
        reduced=indices.static_shape,
        scatter=Lookup(axis, 1),
    )


def _gather_adjoint_reference(
    grad: Array, indices: Array, *operand: Array, axis: int, shape: Shape
) -> Array:
    sizes = sizes_of(shape, operand)
    spread = tuple(range(axis, axis + indices.ndim))
    moved = np.moveaxis(grad, spread, tuple(range(indices.ndim)))
    others = (*sizes[:axis], *sizes[axis + 1 :])
    total = np.zeros((sizes[axis], math.prod(others)), grad.dtype)
    _add_rows(total, indices.reshape(-1), _rows(moved, indices.ndim))
    return np.moveaxis(total.reshape(sizes[axis], *others), 0, axis)


gather_p: Primitive = Primitive(
    name="gather", infer=_gather_infer, reference=_gather_reference,
    gradient=(gather_gradient, None), lower=_gather_lower,
)  # fmt: skip
gather_adjoint_p: Primitive = Primitive(
    name="gather_adjoint",
    infer=_gather_adjoint_infer, reference=_gather_adjoint_reference,
    gradient=(lambda c, g: gather_p(g, c.y, axis=c.params["axis"]), None, None),
    lower=_gather_adjoint_lower, resolve=resolve_shape,
)  # fmt: skip


def gather_along(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    """Return the slices of `x` at `indices`; an index outside of the axis is an error."""
    return gather_p(x, check_indices_p(indices, x, axis=axis), axis=axis)


# --- at places of several dimensions --------------------------------------------------------------


def place_rank(name: str, x: Shape, indices: TensorType, batch_dims: int) -> int:
    """Return how many dimensions of x one index names."""
    _check_integers(name, "indices", indices)
    rank = indices.shape[-1] if indices.rank > batch_dims else None
    if rank is None or batch_dims + rank > len(x):
        raise InvalidArgumentError(
            f"{name}: the last dimension of indices must be the number of dimensions that they "
            f"name, of {len(x) - batch_dims}, received indices {indices}"
        )
    if any(
        a not in {None, b} and b is not None
        for a, b in zip(x[:batch_dims], indices.shape[:batch_dims], strict=True)
    ):
        raise InvalidArgumentError(
            f"{name}: the first {batch_dims} dimensions of indices must be those of "
            f"[{','.join(map(str, x))}], received indices {indices}"
        )
    return rank


def _gather_nd_infer(x: TensorType, indices: TensorType, batch_dims: int) -> TensorType:
    rank = place_rank("gather_nd", x.shape, indices, batch_dims)
    return TensorType(x.dtype, (*indices.shape[:-1], *x.shape[batch_dims + rank :]))


def _gather_nd_reference(x: Array, indices: Array, batch_dims: int) -> Array:
    named = batch_dims + indices.shape[-1]
    number = row_numbers("gather_nd", x.shape[:named], indices, batch_dims)
    found = np.take(_rows(x, named), number.reshape(-1), 0) if number.size else np.zeros(0, x.dtype)
    return found.reshape((*number.shape, *x.shape[named:]))


def _gather_nd_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, sizes = shape_arguments(call.x)
    return scatter_nd_p(call.y, grad, *operands, shape=sizes, **call.params)


gather_nd_p: Primitive = Primitive(
    name="gather_nd", infer=_gather_nd_infer, reference=_gather_nd_reference,
    gradient=(_gather_nd_gradient, None), lower=_DATA_DEPENDENT,
)  # fmt: skip


def check_updates(
    name: str, shape: Shape, indices: TensorType, updates: TensorType, batch_dims: int
) -> None:
    """Raise `InvalidArgumentError` if updates do not fit the parts of `shape` that are named."""
    rank = place_rank(name, shape, indices, batch_dims)
    wanted = (*indices.shape[:-1], *shape[batch_dims + rank :])
    fits = len(wanted) == updates.rank and all(
        a is None or b is None or a == b for a, b in zip(wanted, updates.shape, strict=True)
    )
    if not fits:
        raise InvalidArgumentError(
            f"{name}: indices {indices} name parts of [{','.join(map(str, shape))}], so updates "
            f"must have shape [{','.join(map(str, wanted))}], received {updates}"
        )


def _scatter_nd_infer(
    indices: TensorType, updates: TensorType, *operand: TensorType, shape: Shape, batch_dims: int
) -> TensorType:
    check_updates("scatter_nd", shape, indices, updates, batch_dims)
    return TensorType(updates.dtype, shape)


def _scatter_nd_reference(
    indices: Array, updates: Array, *operand: Array, shape: Shape, batch_dims: int
) -> Array:
    sizes = sizes_of(shape, operand)
    named = batch_dims + indices.shape[-1]
    number = row_numbers("scatter_nd", sizes[:named], indices, batch_dims)
    total = np.zeros((math.prod(sizes[:named]), math.prod(sizes[named:])), updates.dtype)
    _add_rows(total, number.reshape(-1), _rows(updates, number.ndim))
    return total.reshape(sizes)


scatter_nd_p: Primitive = Primitive(
    name="scatter_nd", infer=_scatter_nd_infer,
    reference=float_compute(_scatter_nd_reference),
    gradient=(
        None,
        lambda c, g: gather_nd_p(g, c.x, batch_dims=c.params["batch_dims"]),
        None,
    ),
    lower=_DATA_DEPENDENT, resolve=resolve_shape,
)  # fmt: skip


# --- into an array that there is ------------------------------------------------------------------


def _scatter_infer(x: TensorType, indices: TensorType, updates: TensorType, op: str) -> TensorType:
    name = f"tensor_scatter_nd_{op}"
    if x.dtype != updates.dtype:
        raise DTypeError(
            f"{name}: updates must have the tensor's dtype, received {x} and {updates}"
        )
    check_updates(name, x.shape, indices, updates, 0)
    return x


_INTO: Final[dict[str, Any]] = {"min": np.minimum, "max": np.maximum}


def _scatter_reference(x: Array, indices: Array, updates: Array, op: str) -> Array:
    named = indices.shape[-1]
    number = row_numbers(f"tensor_scatter_nd_{op}", x.shape[:named], indices, 0).reshape(-1)
    result = np.array(x)
    rows, given = _rows(result, named), _rows(updates, indices.ndim - 1)
    if op == "update":
        rows[number] = given
    else:
        _apply_rows(_INTO[op], rows, number, given)
    return result


def scattered_rows(name: str, into: np.ufunc, x: Array, indices: Array, updates: Array) -> Array:
    """Return `x` with ``into(part, update)`` in place of each part that an index names."""
    named = indices.shape[-1]
    number = row_numbers(name, x.shape[:named], indices, 0).reshape(-1)
    result = np.array(x)
    _apply_rows(into, _rows(result, named), number, _rows(updates, indices.ndim - 1))
    return result


def _scatter_x_gradient(call: Call, grad: Tensor) -> Tensor:
    indices, updates = call.y, call.inputs[2]
    if call.params["op"] == "update":
        nothing = broadcast_like(zeros_of(updates), updates)
        return tensor_scatter_p(grad, indices, nothing, op="update")
    kept, share = _shares(call, grad)
    return m.where(kept, share, zeros_of(share))


def _scatter_updates_gradient(call: Call, grad: Tensor) -> Tensor:
    indices, updates = call.y, call.inputs[2]
    if call.params["op"] == "update":
        return gather_nd_p(grad, indices, batch_dims=0)
    _, share = _shares(call, grad)
    chosen = m.equal(updates, gather_nd_p(call.output, indices, batch_dims=0))
    part = gather_nd_p(share, indices, batch_dims=0)
    return m.where(chosen, part, zeros_of(part))


def _shares(call: Call, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Return where the array's own element was chosen, and the gradient's share of each chosen."""
    x, indices, updates = call.inputs
    kept = m.equal(x, call.output)
    chosen = m.equal(updates, gather_nd_p(call.output, indices, batch_dims=0))
    operands, sizes = shape_arguments(x)
    count = m.cast(kept, x.dtype) + scatter_nd_p(
        indices, m.cast(chosen, x.dtype), *operands, shape=sizes, batch_dims=0
    )
    return kept, grad / m.maximum(count, 1.0)


tensor_scatter_p: Primitive = Primitive(
    name="tensor_scatter", infer=_scatter_infer, reference=_scatter_reference,
    gradient=(_scatter_x_gradient, None, _scatter_updates_gradient), lower=_DATA_DEPENDENT,
)  # fmt: skip

# --- segments -------------------------------------------------------------------------------------


def _segment_infer(x: TensorType, ids: TensorType, op: str, count: int | None) -> TensorType:
    name = f"unsorted_segment_{op}"
    _check_integers(name, "segment_ids", ids)
    lead = x.shape[: ids.rank]
    if x.rank < ids.rank or any(
        a is not None and b is not None and a != b for a, b in zip(lead, ids.shape, strict=True)
    ):
        raise InvalidArgumentError(
            f"{name}: the shape of segment_ids must begin that of data, received data {x} and "
            f"segment_ids {ids}"
        )
    return TensorType(x.dtype, (count, *x.shape[ids.rank :]))


def _worst(op: str, dtype: DType) -> Any:
    """Return what no element is beyond: the largest for a minimum, the smallest for a maximum.

    Finite, as in TensorFlow, also for floating-point numbers.
    """
    return dtype.max if op == "min" else dtype.min


def _segment_reference(x: Array, ids: Array, op: str, count: int | None) -> Array:
    if count is None:
        count = int(ids.max(initial=-1)) + 1
    # Sums of 16-bit floats are rounded once; the extremes of a dtype are its own.
    compute = float_compute(_segments) if op in {"sum", "prod"} else _segments
    found: Array = compute(x, ids, op=op, count=count)
    return found


def _segments(x: Array, ids: Array, op: str, count: int) -> Array:
    flat = ids.reshape(-1).astype(np.int64)
    if np.any(flat >= count):
        at = int(np.argmax(flat >= count))
        raise InvalidArgumentError(
            f"unsorted_segment_{op}: the segment id {flat[at]} at position {at} is outside "
            f"[0, {count})"
        )
    rows = _rows(x, ids.ndim)[flat >= 0]
    places = flat[flat >= 0]
    if op == "sum":
        total = np.zeros((count, rows.shape[1]), x.dtype)
        _add_rows(total, places, rows)
    else:
        kind = dtypes.of_array(x)
        start = 1 if op == "prod" else _worst(op, kind)
        total = np.full((count, rows.shape[1]), start, x.dtype)
        _apply_rows(np.multiply if op == "prod" else _INTO[op], total, places, rows)
    return total.reshape(count, *x.shape[ids.ndim :])


def of_segments(values: Tensor, ids: Tensor, rank: int) -> Tensor:
    """Return, for each id, the value of its segment; zeros where it has none (it is below 0).

    Args:
        values: One part per segment.
        ids: Segment numbers.
        rank: That of the result.
    """
    inside = m.greater_equal(ids, 0)
    found = gather_p(values, m.maximum(ids, 0), axis=0)
    if rank > ids.ndim:
        inside = expand_dims_p(inside, axes=tuple(range(ids.ndim, rank)))
    return m.where(inside, found, zeros_of(found))


def _segment_prod_gradient(call: Call, grad: Tensor) -> Tensor:
    """The product of the other elements of the segment, also where one of them is 0."""
    x, ids = call.inputs
    count = call.params["count"]
    zero = m.equal(x, zeros_of(x))
    nonzero = m.where(zero, ones_of(x), x)
    product = segment_p(nonzero, ids, op="prod", count=count)
    zeros = segment_p(m.cast(zero, x.dtype), ids, op="sum", count=count)
    others = of_segments(zeros, ids, x.ndim) - m.cast(zero, x.dtype)
    share = of_segments(grad * conj(product), ids, x.ndim) / conj(nonzero)
    return m.where(m.not_equal(others, zeros_of(x)), zeros_of(share), share)


def _segment_gradient(call: Call, grad: Tensor) -> Tensor:
    x, ids = call.inputs
    if call.params["op"] == "sum":
        return of_segments(grad, ids, x.ndim)
    if call.params["op"] == "prod":
        return _segment_prod_gradient(call, grad)
    chosen = m.equal(x, of_segments(call.output, ids, x.ndim))
    ones = m.cast(chosen, grad.dtype)
    count = segment_p(ones, ids, op="sum", count=call.params["count"])
    share = of_segments(grad / m.maximum(count, 1.0), ids, x.ndim)
    return m.where(chosen, share, zeros_of(share))


def check_segments(ids: Array, caller: str) -> Array:
    """Return segment numbers; raise `InvalidArgumentError` if they fall or start below 0."""
    if np.any(ids[1:] < ids[:-1]) or np.any(ids < 0):
        shown = ids.tolist() if ids.size <= 16 else TensorType(dtypes.of_array(ids), ids.shape)
        raise InvalidArgumentError(
            f"{caller}: segment_ids must start from 0 or more and never fall, received {shown}"
        )
    return ids


check_segments_p: Primitive = Primitive(
    name="check_segments", infer=lambda ids, caller: ids, reference=check_segments,
    gradient=NoGradient("segment numbers are whole numbers"), lower=_DATA_DEPENDENT,
)  # fmt: skip
segment_p: Primitive = Primitive(
    name="segment", infer=_segment_infer, reference=_segment_reference,
    gradient=(_segment_gradient, None), lower=_DATA_DEPENDENT,
)  # fmt: skip
