"""Ranges and slices whose bounds are tensors. Primitives.

A bound that is known only when the function runs is an operand, and the text ``"?"`` stands for it
in the parameters; the graph pass `specialize` puts it there once it is a constant, so that bounds
computed from shapes cost nothing. Where data decides, the shape of the result depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.array import Shape, SliceSpec, shape_arguments, sizes_of, slice_adjoint_p, slice_p
from freshet.ops.nest import Host, Nest, OnceResolved, o
from freshet.ops.primitive import Call, Joint, NoGradient, Primitive, Resolved

OPEN: Final = "?"
Bound = int | str | None
OpenSpec = tuple[tuple[Bound, Bound, Bound], ...]

# --- ranges ---------------------------------------------------------------------------------------


def range_size(start: Any, limit: Any, delta: Any) -> int:
    """Return how many numbers ``start, start + delta, ...`` lie before `limit`.

    Raises:
        InvalidArgumentError: `delta` is 0 or leads away from `limit`.
    """
    if delta == 0:
        raise InvalidArgumentError("range: delta must not be 0")
    if (limit - start) * math.copysign(1, delta) < 0:
        raise InvalidArgumentError(
            f"range: from {start} to {limit} in steps of {delta}: delta has the wrong sign"
        )
    if isinstance(start, int) and isinstance(limit, int) and isinstance(delta, int):
        steps: int = -((start - limit) // delta)
    else:
        steps = math.ceil(abs((limit - start) / delta))
    return steps


def range_values(start: Any, delta: Any, size: int, dtype: DType) -> Array:
    """Return ``start + i * delta``, computed in `dtype`."""
    kind = dtype.as_numpy_dtype
    steps = np.arange(size).astype(kind)
    return np.asarray(kind(start) + steps * kind(delta), kind)


def _range_infer(
    *bounds: TensorType, start: Any, delta: Any, size: Dim, dtype: DType
) -> TensorType:
    return TensorType(dtype, (size,))


def _range_reference(*bounds: Array, start: Any, delta: Any, size: Dim, dtype: DType) -> Array:
    if bounds:
        start, limit, delta = (b.item() for b in bounds)
        size = range_size(start, limit, delta)
    return range_values(start, delta, int(size or 0), dtype)


def _range_lower(start: Any, delta: Any, size: int, dtype: DType) -> Nest:
    def body() -> scalar.Expr:
        steps = scalar.coordinate(o(0), dtype)
        scaled = steps if delta == 1 else steps * scalar.constant(delta, dtype)
        return scaled if start == 0 else scaled + scalar.constant(start, dtype)

    return Nest(operands=(), body=body)


def _range_resolve(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved | None:
    known = [v.item() for v in values if v is not None]
    if not types or len(known) < len(types):
        return None
    start, limit, delta = known
    size = range_size(start, limit, delta)
    return (), {**params, "start": start, "delta": delta, "size": size}


range_p: Primitive = Primitive(
    name="range", infer=_range_infer, reference=_range_reference,
    gradient=NoGradient("counting does not vary smoothly"), resolve=_range_resolve,
    lower=OnceResolved(_range_lower, lambda size, **_: size is None, "its bounds are data"),
)  # fmt: skip

# --- places ---------------------------------------------------------------------------------------


def _repeated_places(counts: Array) -> Array:
    if np.any(counts < 0):
        raise InvalidArgumentError(
            f"repeat: repeats must be 0 or more, received {int(counts.min())}"
        )
    return np.repeat(np.arange(counts.size, dtype=np.int32), counts)


repeated_places_p: Primitive = Primitive(
    name="repeated_places",
    infer=lambda counts: TensorType(dtypes.int32, (None,)), reference=_repeated_places,
    gradient=NoGradient("places are whole numbers"), lower=Host("its length is data"),
)  # fmt: skip

# --- slices ---------------------------------------------------------------------------------------


def closed(spec: OpenSpec, values: Sequence[Any]) -> SliceSpec:
    """Return a specification with its open bounds filled in, in their order."""
    rest = iter(values)
    parts = [tuple(int(next(rest)) if b == OPEN else b for b in part) for part in spec]
    if any(part[2] == 0 for part in parts):
        raise InvalidArgumentError("getitem: the step of a slice must not be 0")
    return tuple(parts)  # type: ignore[arg-type]


def _has_open_bounds(spec: OpenSpec, shape: Shape = ()) -> bool:
    return _open_count(spec) > 0 or None in shape


def _open_count(spec: OpenSpec) -> int:
    return sum(b == OPEN for part in spec for b in part)


def _slice_infer(x: TensorType, *bounds: TensorType, spec: OpenSpec) -> TensorType:
    sizes = []
    for size, part in zip(x.shape, spec, strict=True):
        if part == (None, None, None):
            sizes.append(size)
        elif OPEN in part or size is None:
            sizes.append(None)
        else:
            ends: Any = part
            sizes.append(len(range(size)[slice(*ends)]))
    return TensorType(x.dtype, tuple(sizes))


def _resolve_bounds(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved | None:
    """Move constant bounds, and a constant shape after them, into the parameters."""
    count = _open_count(params["spec"])
    bounds = [v.item() for v in values[1 : 1 + count] if v is not None]
    if not count or len(bounds) < count:
        return None
    found = {**params, "spec": closed(params["spec"], bounds)}
    kept = [0, *range(1 + count, len(types))]
    if len(kept) == 2 and values[-1] is not None:
        kept, found["shape"] = [0], tuple(int(n) for n in values[-1])
    return kept, found


def _slice_reference(x: Array, *bounds: Array, spec: OpenSpec) -> Array:
    part: Array = slice_p.reference(x, spec=closed(spec, [b.item() for b in bounds]))
    return part


def _slice_lower(x: TensorType, spec: SliceSpec) -> Nest:
    return slice_p.lower(x, spec=spec)  # type: ignore[operator]


def _slice_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    operands, sizes = shape_arguments(call.x)
    spec = call.params["spec"]
    found = dynamic_slice_adjoint_p(grad, *call.inputs[1:], *operands, spec=spec, shape=sizes)
    return [found, *[None] * (len(wanted) - 1)]


dynamic_slice_p: Primitive = Primitive(
    name="dynamic_slice", infer=_slice_infer, reference=_slice_reference,
    gradient=Joint(_slice_gradient), resolve=_resolve_bounds,
    lower=OnceResolved(_slice_lower, _has_open_bounds, "its bounds are data"),
)  # fmt: skip


def _adjoint_infer(
    grad: TensorType, *operands: TensorType, spec: OpenSpec, shape: Shape
) -> TensorType:
    return TensorType(grad.dtype, shape)


def _adjoint_reference(grad: Array, *operands: Array, spec: OpenSpec, shape: Shape) -> Array:
    count = _open_count(spec)
    known = closed(spec, [b.item() for b in operands[:count]])
    result = np.zeros(sizes_of(shape, operands[count:]), grad.dtype)
    result[tuple(slice(*part) for part in known)] = grad
    return result


def _adjoint_lower(grad: TensorType, spec: SliceSpec, shape: tuple[int, ...]) -> Nest:
    return slice_adjoint_p.lower(grad, spec=spec, shape=shape)  # type: ignore[operator]


def _adjoint_gradient(call: Call, wanted: Sequence[bool], grad: Tensor) -> list[Tensor | None]:
    spec = call.params["spec"]
    bounds = call.inputs[1 : 1 + _open_count(spec)]
    return [dynamic_slice_p(grad, *bounds, spec=spec), *[None] * (len(wanted) - 1)]


dynamic_slice_adjoint_p: Primitive = Primitive(
    name="dynamic_slice_adjoint", infer=_adjoint_infer, reference=_adjoint_reference,
    gradient=Joint(_adjoint_gradient), resolve=_resolve_bounds,
    lower=OnceResolved(_adjoint_lower, _has_open_bounds, "its bounds are data"),
)  # fmt: skip
