"""The shape of arrays and the order of their elements: the public functions.

Primitives are in `freshet.ops.array`. Neighbours of one subject each, whose names are also found
here: `creation`, `slicing`, `joining`, `padding`.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, broadcast_shapes, normalize_axis
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.assertions import check
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.creation import constant as constant
from freshet.ops.creation import eye as eye
from freshet.ops.creation import fill as fill
from freshet.ops.creation import one_hot as one_hot
from freshet.ops.creation import ones as ones
from freshet.ops.creation import ones_like as ones_like
from freshet.ops.creation import zeros as zeros
from freshet.ops.creation import zeros_like as zeros_like
from freshet.ops.dispatch import dispatched
from freshet.ops.dynamic import repeated_places_p
from freshet.ops.elementwise_rules import conj
from freshet.ops.joining import concat as concat
from freshet.ops.joining import split as split
from freshet.ops.joining import stack as stack
from freshet.ops.joining import unstack as unstack
from freshet.ops.lookup import gather_along
from freshet.ops.math import TensorLike
from freshet.ops.padding import pad as pad
from freshet.ops.ranges import linspace as linspace
from freshet.ops.ranges import meshgrid as meshgrid
from freshet.ops.ranges import range as range
from freshet.ops.sizes import shape_operand, static_integers
from freshet.ops.sizes import sizes as sizes
from freshet.ops.slicing import getitem as getitem
from freshet.ops.slicing import slice as slice
from freshet.ops.slicing import static_axes
from freshet.ops.slicing import strided_slice as strided_slice
from freshet.ops.static import static_value

# --- asking ---------------------------------------------------------------------------------------


@dispatched
def shape(input: TensorLike, out_type: Any = None, name: str | None = None) -> Tensor:
    """Return the shape as a vector of integers, int32 by default.

    Example:
        >>> shape([[1, 2, 3]]).numpy().tolist()
        [1, 3]
    """
    return m.cast(a.shape(convert_to_tensor(input)), out_type or dtypes.int32)


def shape_n(
    input: Sequence[TensorLike], out_type: Any = dtypes.int32, name: str | None = None
) -> list[Tensor]:
    """Return the shape of each of several tensors.

    Example:
        >>> [s.numpy().tolist() for s in shape_n([[1], [[2, 3]]])]
        [[1], [1, 2]]
    """
    return [shape(x, out_type) for x in input]


@dispatched
def size(input: TensorLike, out_type: Any = None, name: str | None = None) -> Tensor:
    """Return the number of elements, as int32 by default.

    Example:
        >>> int(size([[1, 2, 3]]))
        3
    """
    from freshet.ops.reduction import reduce_prod  # noqa: PLC0415 (reduction builds on this room)

    return m.cast(reduce_prod(a.shape(convert_to_tensor(input))), out_type or dtypes.int32)


@dispatched
def rank(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the number of dimensions.

    Example:
        >>> int(rank([[1, 2]]))
        2
    """
    x = convert_to_tensor(input)
    return convert_to_tensor(x.ndim) if x._type.has_rank else size(a.shape(x))


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """Return the shape that two shapes broadcast to.

    Example:
        >>> broadcast_static_shape(TensorShape([2, 1]), TensorShape([3]))
        TensorShape([2, 3])
    """
    both = [TensorShape(shape_x), TensorShape(shape_y)]
    if any(shape.rank is None for shape in both):
        return TensorShape(None)
    return TensorShape(broadcast_shapes("broadcast_static_shape", both))


def broadcast_dynamic_shape(shape_x: TensorLike, shape_y: TensorLike) -> Tensor:
    """Return the shape, as a vector, that two shapes given as vectors broadcast to.

    Raises:
        InvalidArgumentError: Two sizes differ and neither is 1; of shapes that are known only when
            the function runs, it is raised then.

    Example:
        >>> broadcast_dynamic_shape([2, 1], [3]).numpy().tolist()
        [2, 3]
    """
    x, y = binary_operands(
        "broadcast_dynamic_shape", *(_whole_numbers(shape) for shape in (shape_x, shape_y))
    )
    known = static_value(x), static_value(y)
    if known[0] is not None and known[1] is not None:
        both = [tuple(int(n) for n in k.reshape(-1)) for k in known if k is not None]
        found = broadcast_shapes("broadcast_dynamic_shape", both)
        return convert_to_tensor(np.asarray(found, x.dtype.as_numpy_dtype))
    lengths = x.shape[0], y.shape[0]
    if lengths[0] is None or lengths[1] is None:
        raise InvalidArgumentError("broadcast_dynamic_shape: the ranks must be known")
    longest = builtins.max(lengths[0], lengths[1])
    x, y = (
        a.pad_p(v, paddings=((longest - n, 0),), value=1)
        for v, n in zip((x, y), lengths, strict=True)
        if n is not None
    )
    check(_broadcast, [x, y], "x == y, or one of them is 1,", "broadcast_dynamic_shape", None)
    return m.where(m.equal(x, 1), y, x)


def _broadcast(x: Tensor, y: Tensor) -> Tensor:
    """Return which sizes broadcast."""
    return m.logical_or(m.equal(x, y), m.logical_or(m.equal(x, 1), m.equal(y, 1)))


def _whole_numbers(shape: TensorLike) -> Tensor:
    return convert_to_tensor(shape, dtype_hint=dtypes.int32)


# --- the same elements ----------------------------------------------------------------------------


@dispatched
def identity(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the input as a tensor.

    Example:
        >>> identity([1, 2]).numpy().tolist()
        [1, 2]
    """
    return convert_to_tensor(input)


def identity_n(input: Sequence[TensorLike], name: str | None = None) -> list[Tensor]:
    """Return several inputs as tensors.

    Example:
        >>> [x.dtype.name for x in identity_n([1, 2.0])]
        ['int32', 'float32']
    """
    return [convert_to_tensor(x) for x in input]


def no_op(name: str | None = None) -> None:
    """Do nothing; kept for TensorFlow 1.x programs.

    Example:
        >>> no_op() is None
        True
    """


def ensure_shape(x: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Return the tensor, whose shape must fit; unknown sizes become known in the result.

    Args:
        x: Any tensor.
        shape: A shape, with None for sizes that may be anything; None for any shape.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shape does not fit; of sizes that are not known while a function
            is traced, when it runs.

    Example:
        >>> ensure_shape([[1, 2]], [None, 2]).shape
        TensorShape([1, 2])
    """
    tensor = convert_to_tensor(x)
    wanted = TensorShape(shape)
    if not wanted.is_compatible_with(tensor.shape):
        raise InvalidArgumentError(
            f"ensure_shape: the shape of {tensor._type} is not compatible with {wanted}"
        )
    if wanted.merge_with(tensor.shape) == tensor.shape:
        return tensor
    return a.ensure_shape_p(tensor, shape=tuple(wanted))


@dispatched
def reshape(tensor: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Return the same elements in the same order under another shape.

    Args:
        tensor: Any tensor.
        shape: The new sizes, numbers or tensors; one may be -1 and is inferred.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shape has another number of elements.

    Example:
        >>> reshape([1, 2, 3, 4], [2, -1]).numpy().tolist()
        [[1, 2], [3, 4]]
    """
    x = convert_to_tensor(tensor)
    if isinstance(shape, Tensor) and tuple(shape.shape) == (None,) and static_value(shape) is None:
        return a.reshape_p(x, shape, shape=(None,))  # the rank of the result is not known either
    operands, known = shape_operand("reshape", shape, least=-1)
    return a.reshape_p(x, *operands, shape=known)


@dispatched
def expand_dims(input: TensorLike, axis: Any, name: str | None = None) -> Tensor:
    """Insert a dimension of size 1 before dimension `axis`; -1 puts it last.

    Raises:
        InvalidArgumentError: `axis` is not one number from ``-rank - 1`` to `rank`.

    Example:
        >>> expand_dims([1, 2], 1).shape
        TensorShape([2, 1])
    """
    tensor = convert_to_tensor(input)
    numbers = static_integers("expand_dims", "axis", axis)
    if len(numbers) != 1:
        raise InvalidArgumentError(f"expand_dims: axis must be one number, received {axis!r}")
    where = normalize_axis("expand_dims", numbers[0], tensor.ndim + 1)
    return a.expand_dims_p(tensor, axes=(where,))


@dispatched
def squeeze(input: TensorLike, axis: Any = None, name: str | None = None) -> Tensor:
    """Drop dimensions of size 1: those named, or all.

    Args:
        input: Any tensor.
        axis: The dimensions. Without it, those whose size is not known while a function is traced
            stay, and must not turn out to be 1.
        name: Ignored.

    Raises:
        InvalidArgumentError: A named dimension has another size; or one that stayed has size 1,
            when the function runs.

    Example:
        >>> squeeze([[[1], [2]]], axis=0).shape
        TensorShape([2, 1])
    """
    tensor = convert_to_tensor(input)
    named = [] if axis is None else static_integers("squeeze", "axis", axis)
    if named:
        axes = a.axes_of("squeeze", tensor, named)
    else:
        axes = tuple(d for d, s in enumerate(tensor.shape) if s == 1)
        for d, size in enumerate(sizes(tensor)):
            if isinstance(size, Tensor):
                check(
                    m.not_equal, [size, convert_to_tensor(1)], "x != y",
                    f"squeeze: the size of dimension {d} was not known when the function was "
                    "traced; name the dimensions to drop with axis", None,
                )  # fmt: skip
    return a.squeeze_p(tensor, axes=tuple(sorted(set(axes))))


@dispatched
def transpose(
    a: TensorLike, perm: Any = None, conjugate: bool = False, name: str | None = "transpose"
) -> Tensor:
    """Return the dimensions in another order; reversed by default.

    Args:
        a: Any tensor.
        perm: For each dimension of the result, the dimension of `a` that it is.
        conjugate: Whether complex elements are conjugated.
        name: Ignored.

    Raises:
        InvalidArgumentError: `perm` does not name each dimension once.

    Example:
        >>> transpose([[1, 2], [3, 4]]).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    return _transposed(convert_to_tensor(a), perm, conjugate=conjugate)


def _transposed(x: Tensor, perm: Any, *, conjugate: bool) -> Tensor:
    if perm is None:
        order = tuple(reversed(builtins.range(x.ndim)))
    else:
        numbers = static_integers("transpose", "perm", perm)
        order = tuple(normalize_axis("transpose", p, x.ndim) for p in numbers)
    if sorted(order) != list(builtins.range(x.ndim)):
        raise InvalidArgumentError(
            f"transpose: perm {order} is not an order of the {x.ndim} dimensions of {x._type}"
        )
    return a.transpose_p(conj(x) if conjugate else x, perm=order)


def broadcast_to(input: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Return the input stretched to a shape by NumPy's rules.

    Example:
        >>> broadcast_to([1, 2], [2, 2]).numpy().tolist()
        [[1, 2], [1, 2]]
    """
    operands, known = shape_operand("broadcast_to", shape)
    return a.broadcast_to_p(convert_to_tensor(input), *operands, shape=known)


# --- order and repetition -------------------------------------------------------------------------


@dispatched
def reverse(tensor: TensorLike, axis: Any, name: str | None = None) -> Tensor:
    """Return the elements in opposite order along dimensions.

    Raises:
        InvalidArgumentError: A dimension does not exist, or is named twice.

    Example:
        >>> reverse([[1, 2], [3, 4]], [1]).numpy().tolist()
        [[2, 1], [4, 3]]
    """
    x = convert_to_tensor(tensor)
    axes = static_axes("reverse", x, axis)
    if len(set(axes)) < len(axes):
        raise InvalidArgumentError(f"reverse: a dimension is named twice in axis {axes}")
    return a.reverse_p(x, axes=axes)


def roll(input: TensorLike, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Return the elements moved along dimensions; what leaves at one end comes in at the other.

    ``y[(i + shift) % n] = x[i]``

    Args:
        input: A tensor of rank 1 or more.
        shift: By how many places; one number for each of the dimensions.
        axis: The dimensions; one that is named several times moves by the sum.
        name: Ignored.

    Raises:
        InvalidArgumentError: `shift` and `axis` differ in length.

    Example:
        >>> roll([0, 1, 2, 3], 1, 0).numpy().tolist()
        [3, 0, 1, 2]
    """
    x = convert_to_tensor(input)
    if not x.ndim:
        raise InvalidArgumentError("roll: the input must have rank 1 or more, received rank 0")
    axes = static_axes("roll", x, axis)
    shifts = _scalars(shift)
    if len(shifts) != len(axes):
        raise InvalidArgumentError(f"roll: {len(shifts)} shifts for {len(axes)} dimensions")
    for by, d in zip(shifts, axes, strict=True):
        x = _rolled(x, by, d)
    return x


def _scalars(values: Any) -> list[Any]:
    """Return numbers, or scalar tensors where they are not known while tracing."""
    if isinstance(values, (Tensor, Variable)):
        tensor = convert_to_tensor(values)
        known = static_value(tensor)
        if known is None:
            return [tensor] if not tensor.ndim else unstack(tensor)
        return [int(v) for v in known.reshape(-1)]
    return list(static_integers("roll", "shift", values))


def _rolled(x: Tensor, by: Any, d: int) -> Tensor:
    size = x.shape[d]
    if not size or isinstance(by, Tensor):
        count: Any = sizes(x)[d]
        if isinstance(count, int) and not count:
            return x
        places = range(count)
        # Of no elements, none are moved; dividing by their number would be an error.
        number = m.maximum(m.cast(convert_to_tensor(count), dtypes.int64), 1)
        where = m.floormod(
            m.cast(places, dtypes.int64) - m.cast(convert_to_tensor(by), dtypes.int64), number
        )
        return gather_along(x, where, d)
    start = -by % size
    if not start:
        return x
    lead = (builtins.slice(None),) * d
    return a.concat_p(
        getitem(x, (*lead, builtins.slice(start, None))),
        getitem(x, (*lead, builtins.slice(None, start))),
        axis=d,
    )


@dispatched
def tile(input: TensorLike, multiples: Any, name: str | None = None) -> Tensor:
    """Repeat the tensor along each dimension.

    Args:
        input: Any tensor.
        multiples: How often along each dimension; numbers or a vector.
        name: Ignored.

    Example:
        >>> tile([1, 2], [2]).numpy().tolist()
        [1, 2, 1, 2]
    """
    x = convert_to_tensor(input)
    operands, known_times = shape_operand("tile", multiples)
    times: list[Any] = [operands[0][d] if n is None else n for d, n in enumerate(known_times)]
    if len(times) != x.ndim:
        raise InvalidArgumentError(
            f"tile: {x._type} needs {x.ndim} multiples, received {len(times)}"
        )
    wide = a.expand_dims_p(x, axes=tuple(builtins.range(0, 2 * x.ndim, 2)))
    known = sizes(x)
    stretched = broadcast_to(wide, [n for pair in zip(times, known, strict=True) for n in pair])
    return reshape(stretched, [n * s for n, s in zip(times, known, strict=True)])


def repeat(
    input: TensorLike, repeats: Any, axis: int | None = None, name: str | None = None
) -> Tensor:
    """Repeat each element along an axis.

    Args:
        input: Any tensor.
        repeats: How often: one number, or one for each element along the axis.
        axis: The dimension; by default the input is made a vector before.
        name: Ignored.

    Example:
        >>> repeat([1, 2], 2).numpy().tolist()
        [1, 1, 2, 2]
        >>> repeat([[1, 2], [3, 4]], [0, 3], axis=0).numpy().tolist()
        [[3, 4], [3, 4], [3, 4]]
    """
    x = convert_to_tensor(input)
    if axis is None or not x.ndim:
        x, axis = reshape(x, [-1]), 0 if axis is None else axis
    where = normalize_axis("repeat", int(axis), x.ndim)
    counts = convert_to_tensor(repeats)
    if counts.ndim > 1:
        raise InvalidArgumentError(f"repeat: repeats must be a vector, received {counts._type}")
    known = static_value(counts)
    if counts.shape.num_elements() != 1:
        if counts.shape[0] is not None and x.shape[where] not in {None, counts.shape[0]}:
            raise InvalidArgumentError(
                f"repeat: axis {axis} of {x._type} needs as many counts, received {counts.shape[0]}"
            )
        return gather_along(x, repeated_places_p(counts), where)
    extent = sizes(x)
    (count,) = known.reshape(-1).tolist() if known is not None else [reshape(counts, [])]
    if isinstance(count, int) and count < 0:
        raise InvalidArgumentError(
            f"repeat: repeats must be whole numbers from 0 on, received {count}"
        )
    wide = a.expand_dims_p(x, axes=(where + 1,))
    stretched = broadcast_to(wide, [*extent[: where + 1], count, *extent[where + 1 :]])
    return reshape(stretched, [*extent[:where], extent[where] * count, *extent[where + 1 :]])
