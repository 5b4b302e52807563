"""Frames of a signal that overlap, and signals made of such frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType, normalize_axis
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops.array import Shape, resolve_shape, shape_arguments, sizes_of
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.index import Index, Position
from freshet.ops.math import TensorLike
from freshet.ops.nest import Nest, Reduce, o, r
from freshet.ops.primitive import Call, Primitive
from freshet.ops.sizes import shape_operand, sizes, static_integer

# --- primitives -----------------------------------------------------------------------------------


def _frame_reference(
    x: Array, *operand: Array, axis: int, step: int, fill: float, shape: Shape
) -> Array:
    target = sizes_of(shape, operand)
    places = np.arange(target[axis])[:, None] * step + np.arange(target[axis + 1])
    padded = np.full((*x.shape[:axis], x.shape[axis] + 1, *x.shape[axis + 1 :]), fill, x.dtype)
    padded[(slice(None),) * axis + (slice(0, -1),)] = x
    return np.take(padded, np.minimum(places, x.shape[axis]), axis)


def _frame_at(rank: int, axis: int, step: int) -> Position:
    """Return where element (frame, place) is in the signal."""
    return tuple(
        Index(o(axis) * step + o(axis + 1)) if d == axis else Index(o(d + (d > axis)))
        for d in range(rank)
    )


def _frame_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, shape = shape_arguments(call.x)
    p = call.params
    return overlap_p(grad, *operands, axis=p["axis"], step=p["step"], shape=shape)


frame_p: Primitive = Primitive(
    name="frame",
    infer=lambda x, *operand, axis, step, fill, shape: TensorType(x.dtype, shape),
    reference=_frame_reference,
    gradient=(_frame_gradient, None),
    lower=lambda x, axis, step, fill, shape: Nest(
        operands=(_frame_at(x.rank, axis, step),), fills=(fill,)
    ),
    resolve=resolve_shape,
)


def _overlap_reference(x: Array, *operand: Array, axis: int, step: int, shape: Shape) -> Array:
    result = np.zeros(sizes_of(shape, operand), x.dtype)
    along = np.moveaxis(result, axis, -1)
    frames = np.moveaxis(x, (axis, axis + 1), (-2, -1))
    for number in range(frames.shape[-2]):
        part = along[..., number * step : number * step + frames.shape[-1]]
        part += frames[..., number, : part.shape[-1]]
    return result


def _overlap_lower(x: TensorType, axis: int, step: int, shape: tuple[int, ...]) -> Nest:
    where = []
    for d in range(x.rank):
        if d == axis:
            where.append(Index(o(axis) - r(0), step))
        else:
            where.append(Index(r(0)) if d == axis + 1 else Index(o(d - (d > axis))))
    return Nest(
        operands=(tuple(where),), body=lambda value: value,
        reduced=(x.static_shape[axis + 1],), reduce=(Reduce("sum"),),
    )  # fmt: skip


def _overlap_gradient(call: Call, grad: Tensor) -> Tensor:
    operands, shape = shape_arguments(call.x)
    p = call.params
    return frame_p(grad, *operands, axis=p["axis"], step=p["step"], fill=0, shape=shape)


overlap_p: Primitive = Primitive(
    name="overlap_and_add",
    infer=lambda x, *operand, axis, step, shape: TensorType(x.dtype, shape),
    reference=_overlap_reference,
    gradient=(_overlap_gradient, None),
    lower=_overlap_lower,
    resolve=resolve_shape,
)


# --- public functions -----------------------------------------------------------------------------


def scalar_integer(name: str, what: str, value: Any, least: int) -> int:
    """Return an argument that is one whole number, `least` or more.

    Raises:
        InvalidArgumentError: It is less, or no single number.
    """
    if isinstance(value, (list, tuple, np.ndarray, Tensor, Variable)) and np.shape(value):
        raise InvalidArgumentError(f"{name}: {what} must be one number, received {value!r}")
    found = static_integer(name, what, value)
    if found < least:
        raise InvalidArgumentError(f"{name}: {what} must be {least} or more, received {found}")
    return found


def frame(
    signal: TensorLike, frame_length: Any, frame_step: Any, pad_end: bool = False,
    pad_value: Any = 0, axis: int = -1, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Cut a signal into frames that may overlap: ``y[..., f, i] = signal[..., f * step + i]``.

    Args:
        signal: ``[..., samples, ...]``.
        frame_length: Samples of a frame.
        frame_step: Samples from the beginning of one frame to that of the next.
        pad_end: Whether frames that reach over the end are returned as well.
        pad_value: What stands there beyond the end.
        axis: The dimension of the samples.
        name: Ignored.

    Returns:
        ``[..., frames, frame_length, ...]``, with ``max(0, 1 + (samples - frame_length) //
        frame_step)`` frames, or ``ceil(samples / frame_step)`` with `pad_end`.

    Raises:
        InvalidArgumentError: The signal is a single number, or a length or step is not positive.

    Example:
        >>> frame([1, 2, 3, 4, 5], 3, 2).numpy().tolist()
        [[1, 2, 3], [3, 4, 5]]
    """
    x = convert_to_tensor(signal)
    if not x.ndim:
        raise InvalidArgumentError(f"frame: expected a signal of rank 1 or more, got {x._type}")
    length = scalar_integer("frame", "frame_length", frame_length, 0)
    step = scalar_integer("frame", "frame_step", frame_step, 1)
    where = normalize_axis("frame", int(axis), x.ndim)
    known = sizes(x)
    if pad_end:
        count = (known[where] + (step - 1)) // step
    else:
        count = _at_least_zero((known[where] + (step - length)) // step)
    fill = _pad_value(x, pad_value)
    operands, shape = shape_operand("frame", [*known[:where], count, length, *known[where + 1 :]])
    return frame_p(x, *operands, axis=where, step=step, fill=fill, shape=shape)


def _pad_value(x: Tensor, given: Any) -> Any:
    """Return what stands beyond the end, as a Python value."""
    if x.dtype == dtypes.string and isinstance(given, int) and not given:
        return b""  # the default stands for what is empty
    value = convert_to_tensor(given, dtype_hint=x.dtype).numpy()
    return value.item() if isinstance(value, (np.ndarray, np.generic)) else value


def _at_least_zero(n: Any) -> Any:
    return max(n, 0) if isinstance(n, int) else m.maximum(n, 0)


def overlap_and_add(signal: TensorLike, frame_step: Any, name: str | None = None) -> Tensor:
    """Return a signal made of frames, with the sum where they overlap.

    ``y[..., f * step + i] += signal[..., f, i]``

    Args:
        signal: ``[..., frames, frame_length]``.
        frame_step: Samples from the beginning of one frame to that of the next.
        name: Ignored.

    Returns:
        ``[..., (frames - 1) * frame_step + frame_length]``.

    Raises:
        InvalidArgumentError: The rank is below 2, or the step is not a positive number.

    Example:
        >>> overlap_and_add([[1, 1, 1], [2, 2, 2]], 2).numpy().tolist()
        [1, 1, 3, 2, 2]
    """
    x = convert_to_tensor(signal)
    if x.ndim < 2:
        raise InvalidArgumentError(
            f"overlap_and_add: expected frames, of rank 2 or more, received {x._type}"
        )
    step = scalar_integer("overlap_and_add", "frame_step", frame_step, 1)
    known = sizes(x)
    total = (known[-2] - 1) * step + known[-1]
    operands, shape = shape_operand("overlap_and_add", [*known[:-2], total])
    return overlap_p(x, *operands, axis=x.ndim - 2, step=step, shape=shape)
