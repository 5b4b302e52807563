"""Views of arrays: shape, order and parts, without arithmetic. Primitives.

An operation that takes a shape has it in the parameter `shape`. A size that is known only when the
function runs is None there, and a last operand, a vector of integers, then gives all sizes; the
graph pass `specialize` puts it into the parameter once it is a constant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import (
    UNKNOWN_SHAPE,
    Dim,
    TensorType,
    broadcast_shapes,
    normalize_axis,
)
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.index import Index, Position, constant
from freshet.ops.nest import RESHAPE, Host, Nest, Reduce, broadcast, o, r, view
from freshet.ops.primitive import (
    Call,
    Joint,
    NoGradient,
    Primitive,
    Resolved,
    float_compute,
)

Shape = tuple[Dim, ...]
SliceSpec = tuple[tuple[int | None, int | None, int | None], ...]


# --- shapes as operands ---------------------------------------------------------------------------


def resolve_shape(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved | None:
    """Move a constant shape operand into the parameter."""
    if None not in params["shape"] or values[-1] is None:
        return None
    shape = tuple(int(size) for size in values[-1])
    return range(len(types) - 1), {**params, "shape": shape}


def sizes_of(shape: Shape, operand: tuple[Array, ...]) -> tuple[int, ...]:
    """Return a shape for the reference: from the operand if there is one."""
    found: Sequence[Any] = operand[0].tolist() if operand else shape
    return tuple(int(size) for size in found)


def shape_arguments(x: Tensor) -> tuple[tuple[Tensor, ...], Shape]:
    """Return the operands and the parameter that stand for the shape of `x`."""
    if not x._type.has_rank:
        return (shape(x),), (None,)
    if None in x.shape:
        return (shape(x),), tuple(x.shape)
    return (), tuple(x.shape)


shape_p: Primitive = Primitive(
    name="shape",
    infer=lambda x: TensorType(dtypes.int32, (x.rank if x.has_rank else None,)),
    reference=lambda x: np.asarray(x.shape, np.int32),
    gradient=NoGradient("a shape is not a number that varies"),
    lower=Host("specialize replaces it by a constant"),
    any_rank=True,
)


def shape(x: Tensor) -> Tensor:
    """Return the shape as an int32 vector, a constant if it is known."""
    if None in x.shape:
        return shape_p(x)
    return Tensor._of_array(np.asarray(x.shape, np.int32), dtypes.int32)


constant_p: Primitive = Primitive(
    name="constant",
    infer=lambda value: TensorType(dtypes.of_array(value), value.shape),
    reference=lambda value: value,
    gradient=NoGradient("a constant does not vary"),
    lower=Host("the compiler keeps it as data"),
)


# --- reshape --------------------------------------------------------------------------------------


def _reshape_infer(x: TensorType, *operand: TensorType, shape: Shape) -> TensorType:
    text = f"[{','.join('?' if s is None else str(s) for s in shape)}]"
    known = [s for s in shape if s is not None and s >= 0]
    if len([s for s in shape if s == -1]) > 1:
        raise InvalidArgumentError(f"reshape: only one size may be -1, received {text}")
    if any(s is not None and s < -1 for s in shape):
        raise InvalidArgumentError(f"reshape: sizes must be -1 or more, received {text}")
    if operand and operand[0].shape == (None,):
        return TensorType(x.dtype, UNKNOWN_SHAPE)
    if operand and operand[0].shape != (len(shape),):  # its length was not known before
        shape = (None,) * operand[0].static_shape[0]
    if None in x.shape or None in shape:
        return TensorType(x.dtype, tuple(None if s in {None, -1} else s for s in shape))
    total, rest = math.prod(x.static_shape), math.prod(known)
    if -1 not in shape:
        if rest != total:
            raise InvalidArgumentError(
                f"reshape: {x} has {total} elements, the shape {text} has {rest}"
            )
        return TensorType(x.dtype, shape)
    if rest == total == 0:  # the sizes that are not 0 decide
        total = math.prod(s for s in x.static_shape if s)
        rest = math.prod(s for s in known if s)
    elif rest == 0 or total % rest:
        raise InvalidArgumentError(
            f"reshape: {x} has {total} elements, which the known sizes of {text} do not divide"
        )
    return TensorType(x.dtype, tuple(total // rest if s == -1 else s for s in shape))


def _reshape_reference(x: Array, *operand: Array, shape: Shape) -> Array:
    sizes = sizes_of(shape, operand)
    if not x.size and -1 in sizes:  # NumPy infers no size of nothing
        found = _reshape_infer(TensorType(dtypes.of_array(x), x.shape), shape=sizes)
        sizes = found.static_shape
    return x.reshape(sizes)


reshape_p: Primitive = Primitive(
    name="reshape", infer=_reshape_infer,
    reference=_reshape_reference,
    gradient=(lambda c, g: reshape_like(g, c.x), None), lower=RESHAPE, resolve=resolve_shape,
    any_rank=True,
)  # fmt: skip


def reshape_like(x: Tensor, like: Tensor) -> Tensor:
    """Return `x` with the shape of `like`."""
    if like._type.has_rank and like.shape.count(None) == 1 and 0 not in like.shape:
        return reshape_p(x, shape=tuple(-1 if s is None else s for s in like.shape))
    operands, sizes = shape_arguments(like)
    return reshape_p(x, *operands, shape=sizes)


def _ensured(x: TensorType, shape: Shape) -> TensorType:
    if not x.has_rank:
        return TensorType(x.dtype, shape)
    if x.rank != len(shape) or any(
        a not in {None, b} and b is not None for a, b in zip(x.shape, shape, strict=True)
    ):
        text = ",".join("?" if s is None else str(s) for s in shape)
        raise InvalidArgumentError(
            f"ensure_shape: the shape of {x} is not compatible with [{text}]"
        )
    sizes = tuple(b if a is None else a for a, b in zip(x.shape, shape, strict=True))
    return TensorType(x.dtype, sizes)


ensure_shape_p: Primitive = Primitive(
    name="ensure_shape", infer=_ensured, reference=lambda x, shape: x,
    gradient=(lambda c, g: g,), lower=RESHAPE, any_rank=True,
)  # fmt: skip


def _without(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(size for d, size in enumerate(shape) if d not in axes)


def _expanded(shape: Shape, axes: tuple[int, ...]) -> Shape:
    rest = iter(shape)
    return tuple(1 if d in axes else next(rest) for d in range(len(shape) + len(axes)))


def _squeeze_infer(x: TensorType, axes: tuple[int, ...]) -> TensorType:
    for axis in axes:
        if x.shape[axis] not in {1, None}:
            raise InvalidArgumentError(f"squeeze: dimension {axis} of {x} does not have size 1")
    return TensorType(x.dtype, _without(x.shape, axes))


def _squeeze_where(x: TensorType, axes: tuple[int, ...]) -> Position:
    rest = iter(range(x.rank))
    return tuple(Index(constant(0) if d in axes else o(next(rest))) for d in range(x.rank))


expand_dims_p: Primitive = Primitive(
    name="expand_dims",
    infer=lambda x, axes: TensorType(x.dtype, _expanded(x.shape, axes)),
    reference=lambda x, axes: np.expand_dims(x, axes),
    gradient=(lambda c, g: squeeze_p(g, axes=c.params["axes"]),),
    lower=view(
        lambda x, axes: tuple(Index(o(d)) for d in range(x.rank + len(axes)) if d not in axes)
    ),
)
squeeze_p: Primitive = Primitive(
    name="squeeze", infer=_squeeze_infer,
    reference=lambda x, axes: np.squeeze(x, axes),
    gradient=(lambda c, g: expand_dims_p(g, axes=c.params["axes"]),),
    lower=view(_squeeze_where),
)  # fmt: skip
transpose_p: Primitive = Primitive(
    name="transpose",
    infer=lambda x, perm: TensorType(x.dtype, tuple(x.shape[p] for p in perm)),
    reference=lambda x, perm: np.transpose(x, perm),
    gradient=(
        lambda c, g: transpose_p(g, perm=tuple(int(i) for i in np.argsort(c.params["perm"]))),
    ),
    lower=view(lambda x, perm: tuple(Index(o(perm.index(d))) for d in range(x.rank))),
)
reverse_p: Primitive = Primitive(
    name="reverse",
    infer=lambda x, axes: x,
    reference=lambda x, axes: np.flip(x, axes),
    gradient=(lambda c, g: reverse_p(g, axes=c.params["axes"]),),
    lower=view(
        lambda x, axes: tuple(
            Index(constant(x.static_shape[d] - 1) - o(d) if d in axes else o(d))
            for d in range(x.rank)
        )
    ),
)


# --- broadcasting and its adjoint -----------------------------------------------------------------


def _broadcast_infer(x: TensorType, *operand: TensorType, shape: Shape) -> TensorType:
    known = None not in x.shape and None not in shape
    if known and (
        len(shape) < x.rank or broadcast_shapes("broadcast_to", [x.shape, shape]) != shape
    ):
        raise InvalidArgumentError(
            f"broadcast_to: {x} does not stretch to [{','.join(map(str, shape))}]"
        )
    return TensorType(x.dtype, shape)


broadcast_to_p: Primitive = Primitive(
    name="broadcast_to", infer=_broadcast_infer,
    reference=lambda x, *operand, shape: np.broadcast_to(x, sizes_of(shape, operand)),
    gradient=(lambda c, g: sum_to(g, c.x), None),
    lower=view(lambda x, shape: broadcast(x.static_shape, len(shape))),
    resolve=resolve_shape,
)  # fmt: skip


def broadcast_like(x: Tensor, like: Tensor) -> Tensor:
    """Return `x` stretched to the shape of `like`."""
    if x.shape == like.shape and None not in x.shape:
        return x
    operands, sizes = shape_arguments(like)
    return broadcast_to_p(x, *operands, shape=sizes)


def _stretched(source: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """Return the dimensions of `source` that `target` lacks or has with size 1."""
    skip = len(source) - len(target)
    return tuple(
        d for d, size in enumerate(source) if d < skip or (target[d - skip] == 1 and size != 1)
    )


def _sum_to_reference(x: Array, *operand: Array, shape: Shape) -> Array:
    target = sizes_of(shape, operand)
    total = np.sum(x, axis=_stretched(x.shape, target), dtype=x.dtype)
    return np.asarray(total).reshape(target)


def _sum_to_lower(x: TensorType, shape: tuple[int, ...]) -> Nest:
    source = x.static_shape
    axes, skip = _stretched(source, shape), len(source) - len(shape)
    where = tuple(Index(r(axes.index(d)) if d in axes else o(d - skip)) for d in range(len(source)))
    return Nest(
        operands=(where,), body=lambda value: value, reduced=tuple(source[a] for a in axes),
        reduce=(Reduce("sum"),),
    )  # fmt: skip


sum_to_p: Primitive = Primitive(
    name="sum_to",
    infer=lambda x, *operand, shape: TensorType(x.dtype, shape),
    reference=float_compute(_sum_to_reference),
    gradient=(lambda c, g: broadcast_like(g, c.x), None), lower=_sum_to_lower,
    resolve=resolve_shape,
)  # fmt: skip


def sum_to(x: Tensor, like: Tensor) -> Tensor:
    """Return `x` summed over the dimensions along which `like` was stretched to its shape."""
    if x.shape == like.shape and None not in x.shape:
        return x
    operands, sizes = shape_arguments(like)
    return sum_to_p(x, *operands, shape=sizes)


# --- slices ---------------------------------------------------------------------------------------


def _ranges(shape: tuple[int, ...], spec: SliceSpec) -> list[range]:
    return [range(size)[slice(*part)] for size, part in zip(shape, spec, strict=True)]


def _slice_infer(x: TensorType, spec: SliceSpec) -> TensorType:
    sizes = tuple(
        size if part == (None, None, None) else None if size is None
        else len(range(size)[slice(*part)])
        for size, part in zip(x.shape, spec, strict=True)
    )  # fmt: skip
    return TensorType(x.dtype, sizes)


def _slice_where(x: TensorType, spec: SliceSpec) -> Position:
    return tuple(
        Index(o(d) * part.step + (part.start if len(part) else 0))
        for d, part in enumerate(_ranges(x.static_shape, spec))
    )


slice_p: Primitive = Primitive(
    name="slice", infer=_slice_infer,
    reference=lambda x, spec: x[tuple(slice(*part) for part in spec)],
    gradient=(lambda c, g: _unslice(g, c),), lower=view(_slice_where),
)  # fmt: skip


def _unslice(grad: Tensor, call: Call) -> Tensor:
    operands, sizes = shape_arguments(call.x)
    return slice_adjoint_p(grad, *operands, spec=call.params["spec"], shape=sizes)


def _slice_adjoint_reference(x: Array, *operand: Array, spec: SliceSpec, shape: Shape) -> Array:
    result = np.zeros(sizes_of(shape, operand), x.dtype)
    result[tuple(slice(*part) for part in spec)] = x
    return result


def _slice_adjoint_lower(x: TensorType, spec: SliceSpec, shape: tuple[int, ...]) -> Nest:
    where = []
    for d, part in enumerate(_ranges(shape, spec)):
        start, step = (part.start, part.step) if len(part) else (0, 1)
        distance = o(d) - start if step > 0 else constant(start) - o(d)
        where.append(Index(distance, abs(step)))
    return Nest(operands=(tuple(where),))


slice_adjoint_p: Primitive = Primitive(
    name="slice_adjoint",
    infer=lambda x, *operand, spec, shape: TensorType(x.dtype, shape),
    reference=_slice_adjoint_reference,
    gradient=(lambda c, g: slice_p(g, spec=c.params["spec"]), None),
    lower=_slice_adjoint_lower, resolve=resolve_shape,
)  # fmt: skip


# --- padding and joining --------------------------------------------------------------------------

Paddings = tuple[tuple[int, int], ...]


def _pad_infer(x: TensorType, paddings: Paddings, value: float) -> TensorType:
    sizes = tuple(
        None if size is None else size + before + after
        for size, (before, after) in zip(x.shape, paddings, strict=True)
    )
    return TensorType(x.dtype, sizes)


def _unpad(call: Call, grad: Tensor) -> Tensor:
    spec = tuple(
        (before, -after if after else None, None) for before, after in call.params["paddings"]
    )
    return slice_p(grad, spec=spec)


def _pad_reference(x: Array, paddings: Paddings, value: Any) -> Array:
    sizes = [n + before + after for n, (before, after) in zip(x.shape, paddings, strict=True)]
    found = np.empty(sizes, x.dtype)
    found.fill(value)  # NumPy's own pad makes other objects of strings
    found[tuple(slice(p[0], p[0] + n) for n, p in zip(x.shape, paddings, strict=True))] = x
    return found


pad_p: Primitive = Primitive(
    name="pad", infer=_pad_infer, reference=_pad_reference,
    gradient=(_unpad,),
    lower=view(
        lambda x, paddings, value: tuple(
            Index(o(d) - before) for d, (before, _) in enumerate(paddings)
        ),
        fill=lambda x, paddings, value: value,
    ),
)  # fmt: skip


def _concat_infer(*xs: TensorType, axis: int) -> TensorType:
    first = xs[0]
    for x in xs[1:]:
        same_rank = x.rank == first.rank
        if x.dtype != first.dtype or not same_rank or any(
            a is not None and b is not None and a != b
            for d, (a, b) in enumerate(zip(x.shape, first.shape, strict=True)) if d != axis
        ):  # fmt: skip
            raise InvalidArgumentError(
                f"concat: operands must agree in dtype and in every size but that of axis {axis}, "
                f"received {' and '.join(map(str, xs))}"
            )
    along = [x.shape[axis] for x in xs]
    total = None if None in along else sum(s for s in along if s is not None)
    sizes = list(first.shape)
    for d in range(first.rank):
        if d != axis:
            sizes[d] = next((x.shape[d] for x in xs if x.shape[d] is not None), None)
    sizes[axis] = total
    return TensorType(first.dtype, tuple(sizes))


def _concat_lower(*xs: TensorType, axis: int) -> Nest:
    rank, start = xs[0].rank, 0
    operands, conditions = [], []
    for x in xs:
        shifted = Index(o(axis) - start)
        operands.append(tuple(shifted if d == axis else Index(o(d)) for d in range(rank)))
        conditions.append(scalar.inside([(shifted, x.static_shape[axis])]))
        start += x.static_shape[axis]

    def body(*elements: scalar.Expr) -> scalar.Expr:
        result = elements[-1]
        for element, here in zip(elements[-2::-1], conditions[-2::-1], strict=True):
            result = scalar.select(here, element, result)
        return result

    return Nest(operands=tuple(operands), body=body)


def _concat_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    axis = call.params["axis"]
    sizes = [x.shape[axis] for x in call.inputs]
    if None in sizes:
        return _concat_gradient_of_unknown(call, wanted, grad)
    whole = (None, None, None)
    parts: list[Tensor | None] = []
    start = 0
    for size, asked in zip(sizes, wanted, strict=True):
        part = (start, start + (size or 0), None)
        spec = tuple(part if d == axis else whole for d in range(grad.ndim))
        parts.append(slice_p(grad, spec=spec) if asked else None)
        start += size or 0
    return parts


def _concat_gradient_of_unknown(
    call: Call, wanted: Sequence[bool], grad: Tensor
) -> list[Tensor | None]:
    from freshet.ops.slicing import getitem  # noqa: PLC0415 (slicing builds on this module)

    axis = call.params["axis"]
    parts: list[Tensor | None] = []
    start: Any = 0
    for x, asked in zip(call.inputs, wanted, strict=True):
        end = start + (shape(x)[axis] if x.shape[axis] is None else x.shape[axis])
        key = (*(slice(None),) * axis, slice(start, end))
        parts.append(getitem(grad, key) if asked else None)
        start = end
    return parts


concat_p: Primitive = Primitive(
    name="concat", infer=_concat_infer,
    reference=lambda *xs, axis: np.concatenate(xs, axis),
    gradient=Joint(_concat_gradient), lower=_concat_lower,
)  # fmt: skip

# --- counting -------------------------------------------------------------------------------------

iota_p: Primitive = Primitive(
    name="iota",
    infer=lambda size, dtype: TensorType(dtype, (size,)),
    reference=lambda size, dtype: np.arange(size).astype(dtype.as_numpy_dtype),
    gradient=NoGradient("it has no operands"),
    lower=lambda size, dtype: Nest(operands=(), body=lambda: scalar.coordinate(o(0), dtype)),
)


def axes_of(name: str, x: Tensor, axes: Any) -> tuple[int, ...]:
    """Return a dimension or several, counted from the front."""
    items = axes if isinstance(axes, (list, tuple)) else (axes,)
    return tuple(normalize_axis(name, int(a), x.ndim) for a in items)
