"""Pooling over spatial windows, channels last, and its gradients. Primitives.

    max_pool:  y[n, i, c] = max over k of x[n, s*i + k - p, c];  also which k it was, as one number
    sum_pool:  y[n, i, c] = sum over k of x[n, s*i + k - p, c]

Elements outside the input never are the maximum and add nothing to the sum. `max_unpool` and
`max_pool_take`, and `sum_pool` and `sum_pool_adjoint`, are each other's gradients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.array import Shape, shape_arguments, sizes_of
from freshet.ops.index import Affine, Index, Position
from freshet.ops.nest import Nest, Reduce, identity, o, r
from freshet.ops.primitive import Call, NoGradient, Primitive, float_compute
from freshet.ops.windows import Ints, Pads, output_sizes, pads_of, resolve_padding


def _position_dtype(window: Ints) -> DType:
    """Return the smallest dtype that numbers the places of a window."""
    return dtypes.uint8 if math.prod(window) <= 256 else dtypes.int32


def _pooled(name: str, x: TensorType, window: Ints, strides: Ints, padding: Pads) -> Shape:
    if not x.dtype.is_numeric or x.rank != len(window) + 2:
        raise DTypeError(
            f"{name}: expected numbers of rank {len(window) + 2} [batch, spatial..., channels], "
            f"received {x}"
        )
    sizes = output_sizes(x.shape[1:-1], window, strides, padding, (1,) * len(window))
    if 0 in sizes and 0 not in x.shape:
        raise InvalidArgumentError(
            f"{name}: a window of {'x'.join(map(str, window))} does not fit into {x}; "
            'use padding="same" or a smaller window'
        )
    return (x.shape[0], *sizes, x.shape[-1])


_OF_INPUT = resolve_padding(lambda types, params: (types[0].shape[1:-1], params["window"]))
_OF_SHAPE = resolve_padding(lambda types, params: (params["shape"][1:-1], params["window"]))


def _places(window: Ints) -> list[Ints]:
    return list(itertools.product(*map(range, window)))


def _part(place: Ints, sizes: Sequence[int], strides: Ints) -> tuple[slice, ...]:
    """Return the elements of the padded input that one place of every window is at."""
    return (
        slice(None),
        *(
            slice(k, k + s * (n - 1) + 1, s) if n else slice(0, 0)
            for k, s, n in zip(place, strides, sizes, strict=True)
        ),
    )


def _where(window: Ints, strides: Ints, padding: Pads) -> Position:
    """Return where a window's elements are: output axes and, reduced, the place in the window."""
    n = len(window)
    spatial = (Index(strides[d] * o(1 + d) + r(d) - padding[d][0]) for d in range(n))
    return (Index(o(0)), *spatial, Index(o(1 + n)))


def _back(window: Ints, strides: Ints, padding: Pads) -> Position:
    """Return the window that an input element is in at a given place, if there is one."""
    n = len(window)
    spatial = (Index(o(1 + d) - r(d) + padding[d][0], strides[d]) for d in range(n))
    return (Index(o(0)), *spatial, Index(o(1 + n)))


def _place_number(window: Ints) -> Affine:
    """Return the number of the place within the window, row-major."""
    total = Affine()
    for d, size in enumerate(window):
        total = total * size + r(d)
    return total


# --- the maximum ----------------------------------------------------------------------------------


def _max_infer(
    x: TensorType, window: Ints, strides: Ints, padding: Pads
) -> tuple[TensorType, TensorType]:
    shape = _pooled("max_pool", x, window, strides, padding)
    return TensorType(x.dtype, shape), TensorType(_position_dtype(window), shape)


def _lowest(dtype: DType) -> Any:
    return -math.inf if dtype.is_floating else dtype.min


def _max_reference(x: Array, window: Ints, strides: Ints, padding: Pads) -> tuple[Array, Array]:
    kind = dtypes.of_array(x)
    padding = pads_of(padding, x.shape[1:-1], window, strides)
    shape = _pooled("max_pool", TensorType(kind, x.shape), window, strides, padding)
    sizes = [int(n or 0) for n in shape[1:-1]]
    padded = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=_lowest(kind))
    stacked = np.stack([padded[_part(k, sizes, strides)] for k in _places(window)])
    position = np.argmax(stacked, 0)
    return np.max(stacked, 0), position.astype(_position_dtype(window).as_numpy_dtype)


def _max_lower(x: TensorType, window: Ints, strides: Ints, padding: Pads) -> Nest:
    position = Reduce("argmax", _place_number(window), _position_dtype(window))
    return Nest(
        operands=(_where(window, strides, padding),), body=lambda value: (value, value),
        reduced=window, reduce=(Reduce("max"), position), fills=(_lowest(x.dtype),),
    )  # fmt: skip


def _max_gradient(call: Call, grad: Tensor, _: Any = None) -> Tensor:
    operands, sizes = shape_arguments(call.x)
    return max_unpool_p(grad, call.outputs[1], *operands, shape=sizes, **call.params)


max_pool_p: Primitive = Primitive(
    name="max_pool", infer=_max_infer, reference=float_compute(_max_reference),
    gradient=(_max_gradient,), lower=_max_lower, resolve=_OF_INPUT,
)  # fmt: skip


def _unpool_reference(
    grad: Array, where: Array, *operand: Array, shape: Shape, window: Ints, strides: Ints,
    padding: Pads,
) -> Array:  # fmt: skip
    sizes = sizes_of(shape, operand)
    padding = pads_of(padding, sizes[1:-1], window, strides)
    total = [n + sum(p) for n, p in zip(sizes[1:-1], padding, strict=True)]
    padded = np.zeros((sizes[0], *total, sizes[-1]), grad.dtype)
    for number, place in enumerate(_places(window)):
        padded[_part(place, grad.shape[1:-1], strides)] += np.where(where == number, grad, 0)
    inside = (slice(p, p + n) for n, (p, _) in zip(sizes[1:-1], padding, strict=True))
    return padded[(slice(None), *inside)]


def _unpool_lower(
    grad: TensorType, where: TensorType, shape: Ints, window: Ints, strides: Ints, padding: Pads
) -> Nest:
    del shape
    number = scalar.coordinate(_place_number(window), where.dtype)
    position = _back(window, strides, padding)
    return Nest(
        operands=(position, position),
        body=lambda g, place: scalar.select(scalar.compare("eq", place, number), g, 0),
        reduced=window, reduce=(Reduce("sum"),),
    )  # fmt: skip


max_unpool_p: Primitive = Primitive(
    name="max_unpool",
    infer=lambda grad, where, *operand, shape, **params: TensorType(grad.dtype, shape),
    reference=_unpool_reference,
    gradient=(
        lambda c, g: max_pool_take_p(
            g, c.y, **{k: v for k, v in c.params.items() if k != "shape"}
        ),
        None,
        None,
    ),
    lower=_unpool_lower, resolve=_OF_SHAPE,
)  # fmt: skip


def _take_reference(x: Array, where: Array, window: Ints, strides: Ints, padding: Pads) -> Array:
    padding = pads_of(padding, x.shape[1:-1], window, strides)
    padded = np.pad(x, ((0, 0), *padding, (0, 0)))
    result = np.zeros(where.shape, x.dtype)
    for number, place in enumerate(_places(window)):
        result += np.where(where == number, padded[_part(place, where.shape[1:-1], strides)], 0)
    return result


def _take_lower(
    x: TensorType, where: TensorType, window: Ints, strides: Ints, padding: Pads
) -> Nest:
    number = scalar.coordinate(_place_number(window), where.dtype)
    return Nest(
        operands=(_where(window, strides, padding), identity(x.rank)),
        body=lambda value, place: scalar.select(scalar.compare("eq", place, number), value, 0),
        reduced=window, reduce=(Reduce("sum"),),
    )  # fmt: skip


def _take_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, sizes = shape_arguments(call.x)
    return max_unpool_p(grad, call.y, *operands, shape=sizes, **call.params)


max_pool_take_p: Primitive = Primitive(
    name="max_pool_take",
    infer=lambda x, where, **params: TensorType(x.dtype, where.shape),
    reference=_take_reference, gradient=(_take_gradient, None), lower=_take_lower,
    resolve=_OF_INPUT,
)  # fmt: skip


def _place_parts(window: Ints, strides: Ints, padding: Pads, number: Any) -> list[Any]:
    """Return the input's spatial index that a place of a window is at, as scalar expressions."""
    parts: list[Any] = []
    for d in reversed(range(len(window))):
        within = scalar.binary("remainder", number, window[d])
        number = scalar.binary("quotient", number, window[d])
        start = scalar.coordinate(strides[d] * o(1 + d) - padding[d][0])
        parts.insert(0, start + within)
    return parts


def _place_lower(
    where: TensorType, x: TensorType, batch: bool, window: Ints, strides: Ints, padding: Pads
) -> Nest:
    sizes = x.static_shape

    def body(place: Any, _: Any) -> Any:
        total = scalar.coordinate(o(0)) if batch else scalar.constant(0, dtypes.int64)
        parts = _place_parts(window, strides, padding, scalar.cast(place, dtypes.int64))
        for size, part in zip(sizes[1:-1], parts, strict=True):
            total = total * size + part
        return total * sizes[-1] + scalar.coordinate(o(len(sizes) - 1))

    return Nest(operands=(identity(where.rank), None), body=body)


def _place_reference(
    where: Array, x: Array, batch: bool, window: Ints, strides: Ints, padding: Pads
) -> Array:
    padding = pads_of(padding, x.shape[1:-1], window, strides)
    at = np.indices(where.shape, np.int64)
    total = at[0] if batch else np.zeros(where.shape, np.int64)
    within = np.unravel_index(where.astype(np.int64), window)
    for d, size in enumerate(x.shape[1:-1]):
        total = total * size + at[1 + d] * strides[d] - padding[d][0] + within[d]
    places: Array = total * x.shape[-1] + at[-1]
    return places


max_pool_place_p: Primitive = Primitive(
    name="max_pool_place",
    infer=lambda where, x, **params: TensorType(dtypes.int64, where.shape),
    reference=_place_reference, gradient=NoGradient("places are whole numbers"),
    lower=_place_lower,
    resolve=resolve_padding(lambda types, params: (types[1].shape[1:-1], params["window"])),
)  # fmt: skip
"""The places of the maxima in the input, row-major, from those within their windows."""

# --- the sum --------------------------------------------------------------------------------------


def _sum_reference(x: Array, window: Ints, strides: Ints, padding: Pads) -> Array:
    kind = TensorType(dtypes.of_array(x), x.shape)
    padding = pads_of(padding, x.shape[1:-1], window, strides)
    shape = _pooled("sum_pool", kind, window, strides, padding)
    sizes = [int(n or 0) for n in shape[1:-1]]
    padded = np.pad(x, ((0, 0), *padding, (0, 0)))
    total: Array = sum(padded[_part(k, sizes, strides)] for k in _places(window))  # type: ignore[assignment]
    return total


def _sum_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, sizes = shape_arguments(call.x)
    return sum_pool_adjoint_p(grad, *operands, shape=sizes, **call.params)


sum_pool_p: Primitive = Primitive(
    name="sum_pool",
    infer=lambda x, window, strides, padding: TensorType(
        x.dtype, _pooled("sum_pool", x, window, strides, padding)
    ),
    reference=float_compute(_sum_reference), gradient=(_sum_gradient,),
    lower=lambda x, window, strides, padding: Nest(
        operands=(_where(window, strides, padding),), body=lambda value: value, reduced=window,
        reduce=(Reduce("sum"),),
    ),
    resolve=_OF_INPUT,
)  # fmt: skip


def _adjoint_reference(
    grad: Array, *operand: Array, shape: Shape, window: Ints, strides: Ints, padding: Pads
) -> Array:
    sizes = sizes_of(shape, operand)
    padding = pads_of(padding, sizes[1:-1], window, strides)
    total = [n + sum(p) for n, p in zip(sizes[1:-1], padding, strict=True)]
    padded = np.zeros((sizes[0], *total, sizes[-1]), grad.dtype)
    for place in _places(window):
        padded[_part(place, grad.shape[1:-1], strides)] += grad
    inside = (slice(p, p + n) for n, (p, _) in zip(sizes[1:-1], padding, strict=True))
    return padded[(slice(None), *inside)]


sum_pool_adjoint_p: Primitive = Primitive(
    name="sum_pool_adjoint",
    infer=lambda grad, *operand, shape, **params: TensorType(grad.dtype, shape),
    reference=float_compute(_adjoint_reference),
    gradient=(
        lambda c, g: sum_pool_p(g, **{k: v for k, v in c.params.items() if k != "shape"}),
        None,
    ),
    lower=lambda grad, shape, window, strides, padding: Nest(
        operands=(_back(window, strides, padding),), body=lambda value: value, reduced=window,
        reduce=(Reduce("sum"),),
    ),
    resolve=_OF_SHAPE,
)  # fmt: skip
