"""Making and rearranging arrays: the public functions. Primitives are in `freshet.ops.array`."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import Dim, TensorShape, broadcast_shapes, normalize_axis
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.lookup import gather_along
from freshet.ops.math import TensorLike

# --- making ---------------------------------------------------------------------------------------


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """Return a tensor of given values.

    Args:
        value: A number, string, array or nested sequence.
        dtype: Its dtype; by default float32 for Python floats, int32 for ints, an array's own.
        shape: Its shape; a single number fills it. By default that of `value`.
        name: Ignored.

    Example:
        >>> constant([[1, 2], [3, 4]]).shape
        TensorShape([2, 2])
    """
    tensor = convert_to_tensor(value, dtype=dtype)
    if shape is None:
        return tensor
    sizes = tuple(TensorShape(shape))
    if tensor.shape.num_elements() == 1:
        return fill(sizes, tensor.numpy().reshape(())[()])
    return reshape(tensor, sizes)


def _fixed_shape(name: str, shape: Any) -> tuple[int, ...]:
    if isinstance(shape, (Tensor, Variable)):
        tensor = convert_to_tensor(shape)
        if tensor._array is None:
            raise UnimplementedError(
                f"{name}: a shape that depends on the traced function's arguments; use "
                f"ft.{name}_like, or ft.broadcast_to"
            )
        shape = tensor.numpy().tolist()
    dims = (shape,) if isinstance(shape, int) else tuple(shape)
    return tuple(_size(name, d) for d in dims)


def _size(name: str, value: Any, least: int = 0) -> int:
    try:
        size = int(value.__index__())
    except (AttributeError, TypeError):
        size = least - 1
    if size < least:
        raise InvalidArgumentError(
            f"{name}: a size must be a whole number from {least} on, received {value!r}"
        )
    return size


def fill(dims: Any, value: TensorLike, name: str | None = None) -> Tensor:
    """Return a tensor of the given shape with one value everywhere."""
    return broadcast_to(value, dims)


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Return a tensor of zeros."""
    return Tensor._of_array(np.zeros(_fixed_shape("zeros", shape), as_dtype(dtype).as_numpy_dtype))


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Return a tensor of ones."""
    return Tensor._of_array(np.ones(_fixed_shape("ones", shape), as_dtype(dtype).as_numpy_dtype))


def zeros_like(input: TensorLike, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return zeros of the shape and, unless given, dtype of another tensor."""
    return _filled_like(input, 0, dtype)


def ones_like(input: TensorLike, dtype: Any = None, name: str | None = None) -> Tensor:
    """Return ones of the shape and, unless given, dtype of another tensor."""
    return _filled_like(input, 1, dtype)


def _filled_like(x: TensorLike, value: int, dtype: Any) -> Tensor:
    tensor = convert_to_tensor(x)
    kind = tensor.dtype if dtype is None else as_dtype(dtype)
    one = Tensor._of_array(np.asarray(value, kind.as_numpy_dtype), kind)
    return a.broadcast_like(one, tensor)


def eye(num_rows: int, num_columns: int | None = None, dtype: Any = dtypes.float32) -> Tensor:
    """Return the identity matrix."""
    return Tensor._of_array(np.eye(num_rows, num_columns, dtype=as_dtype(dtype).as_numpy_dtype))


def range(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None
) -> Tensor:
    """Return ``start, start + delta, ...`` up to, not including, `limit`.

    Example:
        >>> range(3, 9, 2).numpy().tolist()
        [3, 5, 7]
    """
    if limit is None:
        start, limit = 0, start
    parts = [np.asarray(v) for v in (start, limit, delta)]
    if any(p.ndim for p in parts):
        raise InvalidArgumentError("range: start, limit and delta must be single numbers")
    first, last, step = (p.item() for p in parts)
    if step == 0:
        raise InvalidArgumentError("range: delta must not be 0")
    values = np.arange(first, last, step)
    if dtype is None:
        given = [v.dtype for v in (start, limit, delta) if isinstance(v, Tensor)]
        dtype = given[0] if given else dtypes.float32 if values.dtype.kind == "f" else dtypes.int32
    return Tensor._of_array(values.astype(as_dtype(dtype).as_numpy_dtype))


def linspace(start: float, stop: float, num: int, name: str | None = None) -> Tensor:
    """Return `num` evenly spaced numbers from `start` to `stop`, both included."""
    return Tensor._of_array(np.linspace(start, stop, num, dtype=np.float32))


def one_hot(
    indices: TensorLike, depth: int, on_value: Any = None, off_value: Any = None, axis: int = -1,
    dtype: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return vectors that are `on_value` at the index and `off_value` elsewhere.

    An index outside ``[0, depth)`` gives `off_value` everywhere.

    Args:
        indices: Whole numbers.
        depth: Length of the new dimension.
        on_value: 1 by default.
        off_value: 0 by default.
        axis: Where the new dimension goes; last by default.
        dtype: That of the values; float32 by default.
        name: Ignored.
    """
    index = convert_to_tensor(indices)
    kind = as_dtype(dtype if dtype is not None else dtypes.float32)
    on = convert_to_tensor(1 if on_value is None else on_value, dtype_hint=kind)
    off = convert_to_tensor(0 if off_value is None else off_value, dtype_hint=kind)
    where = normalize_axis("one_hot", axis, index.ndim + 1)
    steps = a.iota_p(size=int(depth), dtype=index.dtype)
    others = tuple(d for d in builtins.range(index.ndim + 1) if d != where)
    hit = m.equal(a.expand_dims_p(index, axes=(where,)), a.expand_dims_p(steps, axes=others))
    return m.where(hit, on, off)


# --- asking ---------------------------------------------------------------------------------------


def shape(input: TensorLike, out_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """Return the shape as a vector of integers."""
    return m.cast(a.shape(convert_to_tensor(input)), out_type)


def sizes(x: Tensor) -> list[Any]:
    """Return each dimension's size: a number, or a scalar tensor where it is not known."""
    if None not in x.shape:
        return [*x.shape]
    found = a.shape(x)
    return [getitem(found, d) if n is None else n for d, n in enumerate(x.shape)]


def size(input: TensorLike, out_type: Any = dtypes.int32, name: str | None = None) -> Tensor:
    """Return the number of elements."""
    from freshet.ops.reduction import reduce_prod  # noqa: PLC0415 (reduction builds on this room)

    return m.cast(reduce_prod(a.shape(convert_to_tensor(input))), out_type)


def rank(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the number of dimensions."""
    return convert_to_tensor(convert_to_tensor(input).ndim)


# --- changing the shape ---------------------------------------------------------------------------


def _shape_operand(
    name: str, shape: Any, least: int = 0
) -> tuple[tuple[Tensor, ...], tuple[Dim, ...]]:
    """Return the operands and parameter of a shape given as numbers, tensors or both.

    No size that is known may be below `least`.
    """
    if isinstance(shape, (Tensor, Variable)):
        tensor = convert_to_tensor(shape)
        if tensor._array is not None:
            return (), tuple(_size(name, s, least) for s in tensor._array.reshape(-1))
        if tensor.ndim != 1 or tensor.shape[0] is None:
            raise InvalidArgumentError(
                f"{name}: a shape must be a vector of known length, received {tensor._type}"
            )
        return (tensor,), (None,) * tensor.shape[0]
    items: Sequence[Any] = (shape,) if isinstance(shape, int) else tuple(shape)
    sizes: list[Dim] = []
    for item in items:
        symbolic = isinstance(item, Tensor) and item._array is None
        sizes.append(None if symbolic or item is None else _size(name, item, least))
    if None not in sizes:
        return (), tuple(sizes)
    if any(item is None for item in items):
        raise InvalidArgumentError(f"{name}: a size of None; use -1 to infer one")
    return (convert_to_tensor(list(items)),), tuple(sizes)


def reshape(tensor: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Return the same elements in the same order under another shape.

    Args:
        tensor: Any tensor.
        shape: The new sizes, numbers or tensors; one may be -1 and is inferred.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shape has another number of elements.
    """
    operands, sizes = _shape_operand("reshape", shape, least=-1)
    return a.reshape_p(convert_to_tensor(tensor), *operands, shape=sizes)


def expand_dims(input: TensorLike, axis: int, name: str | None = None) -> Tensor:
    """Insert a dimension of size 1 before dimension `axis`; -1 puts it last."""
    tensor = convert_to_tensor(input)
    where = normalize_axis("expand_dims", int(axis), tensor.ndim + 1)
    return a.expand_dims_p(tensor, axes=(where,))


def squeeze(input: TensorLike, axis: Any = None, name: str | None = None) -> Tensor:
    """Drop dimensions of size 1: those named, or all.

    Raises:
        InvalidArgumentError: A named dimension has another size.
    """
    tensor = convert_to_tensor(input)
    if axis is None or axis == []:
        axes = tuple(d for d, s in enumerate(tensor.shape) if s == 1)
    else:
        axes = a.axes_of("squeeze", tensor, axis)
    return a.squeeze_p(tensor, axes=tuple(sorted(axes)))


def transpose(x: TensorLike, perm: Any = None, name: str | None = None) -> Tensor:
    """Return the dimensions in another order; reversed by default.

    Args:
        x: Any tensor.
        perm: For each dimension of the result, the dimension of `x` that it is.
        name: Ignored.
    """
    tensor = convert_to_tensor(x)
    if perm is None:
        order = tuple(reversed(builtins.range(tensor.ndim)))
    else:
        order = tuple(normalize_axis("transpose", int(p), tensor.ndim) for p in perm)
    if sorted(order) != list(builtins.range(tensor.ndim)):
        raise InvalidArgumentError(
            f"transpose: perm {order} is not an order of the {tensor.ndim} dimensions of "
            f"{tensor._type}"
        )
    return a.transpose_p(tensor, perm=order)


def broadcast_to(input: TensorLike, shape: Any, name: str | None = None) -> Tensor:
    """Return the input stretched to a shape by NumPy's rules."""
    operands, sizes = _shape_operand("broadcast_to", shape)
    return a.broadcast_to_p(convert_to_tensor(input), *operands, shape=sizes)


def reverse(tensor: TensorLike, axis: Any, name: str | None = None) -> Tensor:
    """Return the elements in opposite order along dimensions."""
    x = convert_to_tensor(tensor)
    return a.reverse_p(x, axes=a.axes_of("reverse", x, axis))


def tile(input: TensorLike, multiples: Sequence[int], name: str | None = None) -> Tensor:
    """Repeat the tensor along each dimension.

    Example:
        >>> tile([1, 2], [2]).numpy().tolist()
        [1, 2, 1, 2]
    """
    x = convert_to_tensor(input)
    times = [int(n) for n in multiples]
    if len(times) != x.ndim:
        raise InvalidArgumentError(f"tile: {x._type} needs {x.ndim} multiples, received {times}")
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
        repeats: How often: one number, or one for each element along the axis, which must be known
            when a function is traced.
        axis: The dimension; by default the input is made a vector before.
        name: Ignored.

    Example:
        >>> repeat([1, 2], 2).numpy().tolist()
        [1, 1, 2, 2]
        >>> repeat([[1, 2], [3, 4]], [0, 3], axis=0).numpy().tolist()
        [[3, 4], [3, 4], [3, 4]]
    """
    x = convert_to_tensor(input)
    if axis is None:
        x, axis = reshape(x, [-1]), 0
    where = normalize_axis("repeat", int(axis), x.ndim)
    counts = _fixed_shape("repeat", repeats)
    known = sizes(x)
    if len(counts) > 1:
        if len(counts) != x.shape[where]:
            raise InvalidArgumentError(
                f"repeat: axis {axis} of {x._type} needs as many counts, received {len(counts)}"
            )
        places = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        return gather_along(x, convert_to_tensor(places), where)
    wide = a.expand_dims_p(x, axes=(where + 1,))
    stretched = broadcast_to(wide, [*known[: where + 1], counts[0], *known[where + 1 :]])
    return reshape(stretched, [*known[:where], known[where] * counts[0], *known[where + 1 :]])


# --- parts ----------------------------------------------------------------------------------------


def slice(
    input_: TensorLike, begin: Sequence[int], size: Sequence[int], name: str | None = None
) -> Tensor:
    """Return a block: from `begin`, `size` elements along each dimension (-1: all that follow)."""
    x = convert_to_tensor(input_)
    spec = []
    for d, (start, count) in enumerate(zip(begin, size, strict=True)):
        first, length = int(start), int(count)
        known = x.shape[d]
        if known is not None and not 0 <= first <= first + max(length, 0) <= known:
            raise InvalidArgumentError(
                f"slice: begin {first} and size {length} reach outside dimension {d} of {x._type}"
            )
        spec.append((first, None if length == -1 else first + length, None))
    return a.slice_p(x, spec=tuple(spec))


def getitem(x: Any, key: Any) -> Tensor:
    """Implement ``x[key]``: integers, slices, ``...`` and None, as NumPy; also an integer tensor.

    Raises:
        InvalidArgumentError: An integer is outside its dimension, a step is 0, or the key has more
            parts than the tensor dimensions.
    """
    tensor = convert_to_tensor(x)
    parts = list(key) if isinstance(key, tuple) else [key]
    if len(parts) == 1 and isinstance(parts[0], (Tensor, Variable, np.ndarray, list)):
        return _getitem_tensor(tensor, convert_to_tensor(parts[0]))
    parts = _without_ellipsis(tensor, parts)
    spec: list[tuple[int | None, int | None, int | None]] = []
    dropped: list[int] = []
    added: list[int] = []
    for part in parts:
        if part is None:
            added.append(len(spec) - len(dropped) + len(added))
        elif isinstance(part, builtins.slice):
            start, stop, step = (
                None if v is None else int(v) for v in (part.start, part.stop, part.step)
            )
            if step == 0:
                raise InvalidArgumentError("getitem: the step of a slice must not be 0")
            spec.append((start, stop, step))
        else:
            spec.append(_one_index(tensor, len(spec), part))
            dropped.append(len(spec) - 1)
    whole = (None, None, None)
    spec += [whole] * (tensor.ndim - len(spec))
    if any(part != whole for part in spec):
        tensor = a.slice_p(tensor, spec=tuple(spec))
    if dropped:
        tensor = a.squeeze_p(tensor, axes=tuple(dropped))
    return a.expand_dims_p(tensor, axes=tuple(added)) if added else tensor


def _without_ellipsis(tensor: Tensor, parts: list[Any]) -> list[Any]:
    named = sum(p is not None and p is not Ellipsis for p in parts)
    if named > tensor.ndim:
        raise InvalidArgumentError(
            f"getitem: {named} indices for a tensor of rank {tensor.ndim} ({tensor._type})"
        )
    at = next((i for i, p in enumerate(parts) if p is Ellipsis), None)
    if at is None:
        return parts
    rest = [builtins.slice(None)] * (tensor.ndim - named)
    return [*parts[:at], *rest, *parts[at + 1 :]]


def _one_index(tensor: Tensor, d: int, part: Any) -> tuple[int, int | None, None]:
    if isinstance(part, Tensor) and part._array is None:
        raise UnimplementedError(
            "getitem: an index that depends on the traced function's arguments, beside others; "
            "use ft.gather"
        )
    try:
        if isinstance(part, (bool, np.bool_)):
            raise TypeError
        index = int(part.__index__())
    except (AttributeError, TypeError):
        raise InvalidArgumentError(
            f"getitem: an index must be an integer, a slice, ... or None, received {part!r}"
        ) from None
    known = tensor.shape[d]
    if known is not None and not -known <= index < known:
        raise InvalidArgumentError(
            f"getitem: index {index} is outside [{-known}, {known}) of dimension {d} of "
            f"{tensor._type}"
        )
    return index, index + 1 if index != -1 else None, None


def _getitem_tensor(tensor: Tensor, index: Tensor) -> Tensor:
    if index.dtype.is_bool:
        raise UnimplementedError(
            "getitem: a mask would give a shape that depends on data; use ft.where"
        )
    if index.ndim == 0:
        size = m.cast(shape(tensor)[0], index.dtype)
        index = m.where(index < 0, index + size, index)
    return gather_along(tensor, index, 0)


def pad(
    tensor: TensorLike, paddings: Any, mode: str = "CONSTANT", constant_values: float = 0,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Put elements before and after along each dimension.

    Args:
        tensor: Any tensor.
        paddings: ``[[before, after], ...]``, one pair a dimension.
        mode: Only "CONSTANT".
        constant_values: What is put there.
        name: Ignored.
    """
    if mode.upper() != "CONSTANT":
        raise UnimplementedError(f"pad: mode {mode!r}; only 'CONSTANT' is there")
    x = convert_to_tensor(tensor)
    pairs = tuple((int(before), int(after)) for before, after in np.asarray(paddings).tolist())
    if len(pairs) != x.ndim or any(n < 0 for pair in pairs for n in pair):
        raise InvalidArgumentError(
            f"pad: {x._type} needs {x.ndim} pairs of numbers not below 0, received {pairs}"
        )
    return a.pad_p(x, paddings=pairs, value=constant_values)


def concat(values: Sequence[TensorLike], axis: int, name: str | None = None) -> Tensor:
    """Join tensors along a dimension they have.

    Raises:
        InvalidArgumentError: They differ in dtype or in another dimension.
    """
    tensors = _alike(values)
    where = normalize_axis("concat", int(axis), tensors[0].ndim)
    return tensors[0] if len(tensors) == 1 else a.concat_p(*tensors, axis=where)


def stack(values: Sequence[TensorLike], axis: int = 0, name: str | None = None) -> Tensor:
    """Join tensors of one shape along a new dimension."""
    tensors = _alike(values)
    where = normalize_axis("stack", int(axis), tensors[0].ndim + 1)
    return concat([a.expand_dims_p(t, axes=(where,)) for t in tensors], where)


def _alike(values: Sequence[TensorLike]) -> list[Tensor]:
    items = list(values)
    if not items:
        raise InvalidArgumentError("concat: expected at least one tensor, received none")
    hint = next((v.dtype for v in items if isinstance(v, (Tensor, Variable))), None)
    return [convert_to_tensor(v, dtype_hint=hint) for v in items]


def unstack(value: TensorLike, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Return the slices along a dimension, without it."""
    x = convert_to_tensor(value)
    where = normalize_axis("unstack", int(axis), x.ndim)
    count = x.shape[where] if num is None else num
    if count is None:
        raise InvalidArgumentError(f"unstack: the size of axis {axis} of {x._type} is not known")
    before = (builtins.slice(None),) * where
    return [getitem(x, (*before, i)) for i in builtins.range(count)]


def split(
    value: TensorLike, num_or_size_splits: Any, axis: int = 0, name: str | None = None
) -> list[Tensor]:
    """Cut along a dimension: into a number of equal parts, or parts of given sizes.

    Example:
        >>> [t.numpy().tolist() for t in split([1, 2, 3, 4], [1, 3])]
        [[1], [2, 3, 4]]
    """
    x = convert_to_tensor(value)
    where = normalize_axis("split", int(axis), x.ndim)
    total = x.shape[where]
    if total is None:
        raise InvalidArgumentError(f"split: the size of axis {axis} of {x._type} is not known")
    if isinstance(num_or_size_splits, int):
        if total % num_or_size_splits:
            raise InvalidArgumentError(
                f"split: size {total} of axis {axis} is not a multiple of {num_or_size_splits}"
            )
        sizes = [total // num_or_size_splits] * num_or_size_splits
    else:
        sizes = [int(s) for s in num_or_size_splits]
        if -1 in sizes:
            sizes[sizes.index(-1)] = total - sum(s for s in sizes if s != -1)
        if sum(sizes) != total:
            raise InvalidArgumentError(
                f"split: sizes {sizes} do not add up to the {total} of axis {axis}"
            )
    parts, start = [], 0
    before = (builtins.slice(None),) * where
    for part in sizes:
        parts.append(getitem(x, (*before, builtins.slice(start, start + part))))
        start += part
    return parts


def identity(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the input as a tensor."""
    return convert_to_tensor(input)


def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """Return the shape that two shapes broadcast to."""
    both = [tuple(TensorShape(shape_x)), tuple(TensorShape(shape_y))]
    return TensorShape(broadcast_shapes("broadcast_static_shape", both))
