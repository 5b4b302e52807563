"""From the values that each example has of a feature to tensors: one function per kind of feature.

A kind is described by plain parameters, so that it can be printed in a graph. Each function takes
the rows, an array per example or None where the example lacks the feature, and returns arrays whose
first dimension is the examples; `types` says which.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array

Rows = Sequence[Array | None]
Read = Callable[[str, DType], Rows]
"""``(name of a feature, dtype) -> rows``."""


class Column(NamedTuple):
    """A feature to be parsed.

    Attributes:
        kind: "dense", "padded", "sparse", "indexed" or "ragged".
        key: The feature with the values.
        dtype: Their dtype.
        shape: Of one example's values, or of one part of them (of "ragged" its last dimensions); of
            "indexed" the dense sizes.
        default: Whether there is a default, an operand.
        indices: Of "indexed", the features with the indices.
        is_sorted: Of "indexed", whether they are sorted.
        partitions: Of "ragged", (kind, feature or length) from the outside inwards.
        splits: Of "ragged", the dtype of row splits.
    """

    kind: str
    key: str
    dtype: DType
    shape: tuple[int, ...] = ()
    default: bool = False
    indices: tuple[str, ...] = ()
    is_sorted: bool = False
    partitions: tuple[tuple[str, str | int], ...] = ()
    splits: DType = dtypes.int64


def types(column: Column, count: Dim, *, single: bool) -> list[TensorType]:
    """Return the types of a column's tensors, for `count` examples or a single one."""
    lead: tuple[Dim, ...] = () if single else (count,)
    if column.kind == "dense":
        return [TensorType(column.dtype, (*lead, *column.shape))]
    if column.kind == "padded":
        return [TensorType(column.dtype, (*lead, None, *column.shape))]
    if column.kind == "ragged":
        splits = [TensorType(column.splits, (None,)) for _ in column.partitions]
        if not single:
            rows = None if count is None else count + 1
            splits.insert(0, TensorType(column.splits, (rows,)))
        return [TensorType(column.dtype, (None, *column.shape)), *splits]
    rank = len(lead) + (len(column.shape) if column.kind == "indexed" else 1)
    return [
        TensorType(dtypes.int64, (None, rank)),
        TensorType(column.dtype, (None,)),
        TensorType(dtypes.int64, (rank,)),
    ]


def arrays(column: Column, read: Read, default: Array | None, *, single: bool) -> list[Array]:
    """Return a column's arrays.

    Raises:
        InvalidArgumentError: An example lacks what it must have, or has too many or too few values.
    """
    found = _FUNCTIONS[column.kind](column, read, default)
    if not single:
        return found
    if column.kind in {"dense", "padded"}:
        return [found[0][0]]
    if column.kind == "ragged":
        return [found[0], *found[2:]]
    return [found[0][:, 1:], found[1], found[2][1:]]


def _present(rows: Rows, dtype: DType) -> list[Array]:
    nothing = np.empty(0, dtype.as_numpy_dtype)
    return [nothing if row is None else row for row in rows]


def _concatenated(rows: Sequence[Array], dtype: DType) -> Array:
    if not rows:
        return np.empty(0, dtype.as_numpy_dtype)
    return np.concatenate(rows)


def _dense(column: Column, read: Read, default: Array | None) -> list[Array]:
    count = math.prod(column.shape)
    rows = read(column.key, column.dtype)
    found = np.empty((len(rows), count), column.dtype.as_numpy_dtype)
    for number, row in enumerate(rows):
        if row is None:
            if default is None:
                raise InvalidArgumentError(
                    f"feature {column.key!r} ({column.dtype.name}) is required but example "
                    f"{number} does not have it"
                )
            row = default.reshape(-1)  # noqa: PLW2901 (what stands in its place)
        if len(row) != count:
            raise InvalidArgumentError(
                f"feature {column.key!r}: example {number} has {len(row)} values, the shape "
                f"{column.shape} needs {count}"
            )
        found[number] = row
    return [found.reshape(len(rows), *column.shape)]


def _padded(column: Column, read: Read, default: Array | None) -> list[Array]:
    rows = _present(read(column.key, column.dtype), column.dtype)
    stride = math.prod(column.shape)
    for number, row in enumerate(rows):
        if stride and len(row) % stride:
            raise InvalidArgumentError(
                f"feature {column.key!r}: example {number} has {len(row)} values, no multiple of "
                f"the {stride} of one part of shape {column.shape}"
            )
    longest = max((len(row) for row in rows), default=0)
    fill = column.dtype.zero if default is None else default.reshape(-1)[0]
    found = np.full((len(rows), longest), fill, column.dtype.as_numpy_dtype)
    for number, row in enumerate(rows):
        found[number, : len(row)] = row
    return [found.reshape(len(rows), longest // max(stride, 1), *column.shape)]


def _sparse(column: Column, read: Read, default: Array | None) -> list[Array]:
    del default
    rows = _present(read(column.key, column.dtype), column.dtype)
    indices = [(number, i) for number, row in enumerate(rows) for i in range(len(row))]
    longest = max((len(row) for row in rows), default=0)
    return [
        np.array(indices, np.int64).reshape(-1, 2),
        _concatenated(rows, column.dtype),
        np.array([len(rows), longest], np.int64),
    ]


def _indexed(column: Column, read: Read, default: Array | None) -> list[Array]:
    del default
    rows = _present(read(column.key, column.dtype), column.dtype)
    places = [_present(read(key, dtypes.int64), dtypes.int64) for key in column.indices]
    indices, values = [], []
    for number, row in enumerate(rows):
        mine = [place[number] for place in places]
        if any(len(place) != len(row) for place in mine):
            raise InvalidArgumentError(
                f"feature {column.key!r}: example {number} has {len(row)} values and "
                f"{[len(place) for place in mine]} indices in {list(column.indices)}"
            )
        order = np.arange(len(row)) if column.is_sorted else np.lexsort(mine[::-1])
        lead = np.full(len(row), number, np.int64)
        indices.append(np.stack([lead, *mine], 1)[order])
        values.append(row[order])
    rank = 1 + len(column.indices)
    return [
        np.concatenate(indices) if indices else np.empty((0, rank), np.int64),
        _concatenated(values, column.dtype),
        np.array([len(rows), *column.shape], np.int64),
    ]


def _ragged(column: Column, read: Read, default: Array | None) -> list[Array]:
    del default
    rows = _present(read(column.key, column.dtype), column.dtype)
    levels: list[list[Array]] = []
    size = math.prod(column.shape)
    for row in rows:
        if len(row) % size:
            raise _not_cut(column.key, len(row), size)
    counts = [len(row) // size for row in rows]
    # From the inside outwards: how many parts there are decides where the last row ends.
    for kind, what in reversed(column.partitions):
        if kind == "uniform":
            level = [np.array(_uniform(column.key, n, int(what)), np.int64) for n in counts]
        else:
            given = _present(read(str(what), dtypes.int64), dtypes.int64)
            level = [
                _lengths(kind, column.key, row, count)
                for row, count in zip(given, counts, strict=True)
            ]
        levels.insert(0, [lengths.astype(np.int64) for lengths in level])
        counts = [len(lengths) for lengths in level]
    lengths = [np.array(counts, np.int64), *(_concatenated(r, dtypes.int64) for r in levels)]
    splits = [np.concatenate([[0], np.cumsum(n)]) for n in lengths]
    return [_concatenated(rows, column.dtype).reshape(-1, *column.shape), *splits]


def _uniform(key: str, count: int, length: int) -> list[int]:
    if length < 1 or count % length:
        raise _not_cut(key, count, length)
    return [length] * (count // length)


def _not_cut(key: str, count: int, length: int) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"feature {key!r}: {count} values cannot be cut into rows of {length}"
    )


def _lengths(kind: str, key: str, given: Array, count: int) -> Array:
    """Return the lengths of rows; they must be those of `count` parts."""
    if kind == "row_lengths":
        found = given
    elif kind == "value_rowids":
        found = np.bincount(given) if given.size else given
        if len(given) != count or np.any(np.diff(given) < 0):
            found = np.array([-1])
    else:
        start = {"row_limits": [0], "row_splits": [], "row_starts": []}[kind]
        end = [count] if kind == "row_starts" and given.size else []
        found = np.diff(np.concatenate([start, given, end]).astype(np.int64))
        if kind != "row_limits" and given.size and given[0] != 0:
            found = np.array([-1])
    if np.any(found < 0) or found.sum() != count:
        raise InvalidArgumentError(
            f"feature {key!r}: the {kind} {given.tolist()} do not cut {count} values into rows"
        )
    return found


_FUNCTIONS = {
    "dense": _dense, "padded": _padded, "sparse": _sparse, "indexed": _indexed, "ragged": _ragged,
}  # fmt: skip
