"""Many strings to one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError, OutOfRangeError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import dispatched
from freshet.ops.shaping import expand_dims
from freshet.ops.strings.host import (
    check_strings,
    count_argument,
    filled,
    host_primitive,
    is_ragged,
    single_string,
    string_tensor,
)
from freshet.ops.strings.rows import ragged

# --- element by element ---------------------------------------------------------------------------


def _join_infer(*xs: TensorType, separator: bytes) -> TensorType:
    del separator
    check_strings("strings.join", *xs)
    full = [x for x in xs if x.rank]
    if not full:
        return TensorType(dtypes.string, ())
    if any(x.rank != full[0].rank for x in full):
        raise _unlike(full)
    sizes = [_one_size(full, column) for column in zip(*(x.shape for x in full), strict=True)]
    return TensorType(dtypes.string, tuple(sizes))


def _one_size(xs: Sequence[TensorType], sizes: tuple[Dim, ...]) -> Dim:
    known = {size for size in sizes if size is not None}
    if len(known) > 1:
        raise _unlike(xs)
    return known.pop() if known else None


def _unlike(xs: Sequence[TensorType]) -> InvalidArgumentError:
    return InvalidArgumentError(
        "strings.join: the tensors must have one shape or be single strings, received "
        + " and ".join(map(str, xs))
    )


def _join(*xs: Array, separator: bytes) -> Array:
    shape = next((x.shape for x in xs if x.ndim), ())
    columns = [x.reshape(-1) if x.ndim else itertools.repeat(x[()]) for x in xs]
    if not shape:
        return filled((), [separator.join(map(single_string, xs))])
    return filled(shape, [separator.join(row) for row in zip(*columns, strict=False)])


string_join_p = host_primitive("string_join", _join_infer, _join)


@dispatched
def join(inputs: Sequence[Any], separator: str | bytes = "", name: str | None = None) -> Any:
    """Join strings element by element.

    ``y[i...] = inputs[0][i...] + separator + inputs[1][i...] + ...``

    Args:
        inputs: Tensors of strings of one shape, or single strings; ragged ones must have the same
            rows. Of none, the result is one empty string.
        separator: What stands between; nothing by default.
        name: Ignored.

    Raises:
        InvalidArgumentError: Their shapes differ.

    Example:
        >>> join([["a", "b"], "x"], separator="-").numpy().tolist()
        [b'a-x', b'b-x']
    """
    del name
    items = list(inputs)
    if not items:
        return convert_to_tensor("")
    ragged = next((item for item in items if is_ragged(item)), None)
    values = [i.flat_values if is_ragged(i) else i for i in items]
    if ragged is not None and any(not is_ragged(i) and convert_to_tensor(i).ndim for i in items):
        raise InvalidArgumentError(
            "strings.join: beside a ragged tensor only ragged tensors and single strings are taken"
        )
    tensors = [string_tensor("strings.join", v) for v in values]
    joined = string_join_p(*tensors, separator=text_argument("strings.join", separator))
    return joined if ragged is None else ragged.with_flat_values(joined)


def text_argument(name: str, value: Any, argument: str = "separator") -> bytes:
    """Return a string that is an option of an operation as bytes.

    Raises:
        DTypeError: It is no string.
    """
    if isinstance(value, Tensor) and value._array is not None and not value.ndim:
        value = value.numpy()
    if not isinstance(value, (str, bytes)):
        raise DTypeError(f"{name}: {argument} must be a string, received {value!r}")
    return value.encode() if isinstance(value, str) else value


# --- along dimensions -----------------------------------------------------------------------------


def _reduce_join_infer(
    x: TensorType, axes: tuple[int, ...], keepdims: bool, separator: bytes
) -> TensorType:
    del separator
    check_strings("strings.reduce_join", x)
    sizes = (1 if d in axes else s for d, s in enumerate(x.shape) if keepdims or d not in axes)
    return TensorType(dtypes.string, tuple(sizes))


def _reduce_join(x: Array, axes: tuple[int, ...], keepdims: bool, separator: bytes) -> Array:
    rest = [d for d in range(x.ndim) if d not in axes]
    # Of the dimensions named, the first varies fastest.
    rows = np.transpose(x, (*rest, *reversed(axes)))
    kept = rows.shape[: len(rest)]
    count = int(np.prod(kept, dtype=np.int64))
    items = [separator.join(row) for row in rows.reshape(count, -1)] if rows.size else [b""] * count
    shape = tuple(1 if d in axes else s for d, s in enumerate(x.shape)) if keepdims else kept
    return filled(shape, items)


reduce_join_p = host_primitive("reduce_join", _reduce_join_infer, _reduce_join)


@dispatched
def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: str | bytes = "",
    name: str | None = None,
) -> Any:  # fmt: skip
    """Join all strings along dimensions.

    Args:
        inputs: Strings, a tensor or ragged tensor.
        axis: The dimension or dimensions; of several, the first varies fastest. By default all, in
            row-major order.
        keepdims: Whether they stay, with size 1.
        separator: What stands between; nothing by default.
        name: Ignored.

    Raises:
        OutOfRangeError: There is no such dimension.
        InvalidArgumentError: A dimension is named twice.

    Example:
        >>> reduce_join([["a", "b"], ["c", "d"]], axis=0, separator=" ").numpy().tolist()
        [b'a c', b'b d']
        >>> reduce_join([["a", "b"], ["c", "d"]], axis=[0, 1]).numpy()
        b'acbd'
    """
    del name
    between = text_argument("strings.reduce_join", separator)
    if is_ragged(inputs):
        return _reduce_join_ragged(inputs, axis, keepdims, between)
    x = string_tensor("strings.reduce_join", inputs)
    if axis is None:
        axes = tuple(range(x.ndim))[::-1]
    else:
        given = np.asarray(axis).reshape(-1).tolist()
        axes = tuple(_axis(int(a), x) for a in given)
    if len(set(axes)) != len(axes):
        raise InvalidArgumentError(f"strings.reduce_join: axis {axis} names a dimension twice")
    return reduce_join_p(x, axes=axes, keepdims=bool(keepdims), separator=between)


def _axis(axis: int, x: Tensor) -> int:
    if not -x.ndim <= axis < x.ndim:
        raise OutOfRangeError(
            f"strings.reduce_join: axis {axis} is none of the {x.ndim} dimensions of {x._type}"
        )
    return axis % x.ndim


def _rows_joined(x: Array, splits: Array, separator: bytes) -> Array:
    ends = itertools.pairwise(splits)
    return filled((len(splits) - 1,), [_gathered(x[start:end], separator) for start, end in ends])


def _gathered(texts: Iterable[bytes], separator: bytes) -> bytes:
    """Join, with no separator before there is something to separate, as TensorFlow does here."""
    found = b""
    for text in texts:
        found += (separator if found else b"") + text
    return found


def _rows_joined_infer(x: TensorType, splits: TensorType, separator: bytes) -> TensorType:
    del separator
    check_strings("strings.reduce_join", x)
    size = splits.shape[0]
    return TensorType(dtypes.string, (None if size is None else size - 1,))


join_rows_p = host_primitive("join_rows", _rows_joined_infer, _rows_joined)


def _columns_joined(x: Array, splits: Array, separator: bytes) -> Array:
    lengths = np.diff(splits)
    columns: list[list[bytes]] = [[] for _ in range(max(lengths, default=0))]
    for start, length in zip(splits, lengths, strict=False):
        for column, text in zip(columns, x[start : start + length], strict=False):
            column.append(text)
    return filled((len(columns),), [_gathered(column, separator) for column in columns])


join_columns_p = host_primitive(
    "join_columns", lambda x, splits, separator: TensorType(dtypes.string, (None,)), _columns_joined
)


def _reduce_join_ragged(x: Any, axis: Any, keepdims: bool, separator: bytes) -> Any:
    """Join along the last dimension, all dimensions, or the rows of a ragged matrix."""
    splits = x.nested_row_splits
    rank = len(splits) + x.flat_values.shape.rank
    if axis is None:
        return reduce_join(x.flat_values, keepdims=keepdims, separator=separator)
    axes = [int(a) % rank for a in np.asarray(axis).reshape(-1)]
    if x.flat_values.shape.rank != 1 or (axes != [rank - 1] and (rank > 2 or axes != [0])):
        raise InvalidArgumentError(
            f"strings.reduce_join: a ragged tensor of strings is joined along its last dimension, "
            f"axis={rank - 1}, along all, or one of rank 2 along its rows; received axis={axis}: "
            "join in several steps"
        )
    if axes == [0]:
        joined = join_columns_p(x.flat_values, splits[0], separator=separator)
        return expand_dims(joined, 0) if keepdims else joined
    joined = join_rows_p(x.flat_values, splits[-1], separator=separator)
    return ragged(expand_dims(joined, 1) if keepdims else joined, splits[:-1])


# --- segments -------------------------------------------------------------------------------------


def _segment_join_infer(
    x: TensorType, ids: TensorType, count: int, separator: bytes
) -> TensorType:  # fmt: skip
    del separator
    check_strings("strings.unsorted_segment_join", x)
    if not ids.dtype.is_integer:
        raise DTypeError(
            f"strings.unsorted_segment_join: segment_ids must be integers, received {ids}"
        )
    if not 1 <= ids.rank <= x.rank:
        raise InvalidArgumentError(
            f"strings.unsorted_segment_join: the shape of segment_ids must begin that of the "
            f"inputs, received {ids} beside {x}"
        )
    return TensorType(dtypes.string, (count, *x.shape[ids.rank :]))


def _segment_join(x: Array, ids: Array, count: int, separator: bytes) -> Array:
    name = "strings.unsorted_segment_join"
    if x.shape[: ids.ndim] != ids.shape:
        raise InvalidArgumentError(
            f"{name}: the shape of segment_ids, {ids.shape}, must begin that of the inputs, "
            f"{x.shape}"
        )
    rest = x.shape[ids.ndim :]
    rows = x.reshape(ids.size, -1) if x.size else x.reshape(ids.size, int(np.prod(rest)))
    parts: list[list[list[bytes]]] = [[[] for _ in range(rows.shape[1])] for _ in range(count)]
    for segment, row in zip(ids.reshape(-1).tolist(), rows, strict=True):
        if not 0 <= segment < count:
            raise InvalidArgumentError(f"{name}: segment {segment} is outside [0, {count})")
        for column, text in zip(parts[segment], row, strict=True):
            column.append(text)
    joined = [_gathered(column, separator) for segment in parts for column in segment]
    return filled((count, *rest), joined)


segment_join_p = host_primitive("segment_join", _segment_join_infer, _segment_join)


def unsorted_segment_join(
    inputs: Any, segment_ids: Any, num_segments: Any, separator: str | bytes = "",
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Join the strings of each segment, in their order.

    Args:
        inputs: Strings.
        segment_ids: For each part of the inputs, the number of its segment; the shape begins that
            of `inputs`.
        num_segments: How many segments there are.
        separator: What stands between; nothing by default, and nothing before the first string of
            a segment that is not empty.
        name: Ignored.

    Returns:
        Strings of shape ``[num_segments] + inputs.shape[rank of segment_ids:]``.

    Raises:
        InvalidArgumentError: A number is outside ``[0, num_segments)``, or the shapes do not fit.

    Example:
        >>> unsorted_segment_join(["a", "b", "c"], [1, 0, 1], 2, separator=":").numpy().tolist()
        [b'b', b'a:c']
    """
    del name
    caller = "strings.unsorted_segment_join"
    return segment_join_p(
        string_tensor(caller, inputs), convert_to_tensor(segment_ids),
        count=count_argument(caller, "num_segments", num_segments, least=0),
        separator=text_argument(caller, separator),
    )  # fmt: skip
