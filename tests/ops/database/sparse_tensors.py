"""``ft.sparse``: conversions, shapes and parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import (
    Operation,
    Sparse,
    booleans,
    case,
    complexes,
    error,
    integers,
    normal,
    strings,
)


def sparse(dense: Any, dtype: Any = None) -> Sparse:
    """Return an array's elements that are not 0."""
    array = np.asarray(dense, dtype)
    there = array != (b"" if array.dtype == object else 0)
    return Sparse(np.argwhere(there).astype(np.int64), array[there], array.shape)


def dense(x: Sparse, default: Any = None) -> np.ndarray:
    """Return the whole array of a sparse one; later elements win."""
    blank = b"" if x.values.dtype == object else 0
    result = np.full(x.shape, blank if default is None else default, x.values.dtype)
    for where, value in zip(x.indices, x.values, strict=True):
        result[tuple(where)] = value
    return result


def moved(x: Sparse, indices: Any, shape: Any, chosen: Any = slice(None)) -> Sparse:
    """Return elements at other places, in order."""
    where = np.asarray(indices, np.int64).reshape(-1, len(shape))
    values = x.values[chosen]
    order = sorted(range(len(where)), key=lambda i: where[i].tolist())
    return Sparse(where[order], values[order], tuple(int(n) for n in shape))


def _transpose(x: Sparse, perm: Any = None) -> Sparse:
    order = list(range(len(x.shape)))[::-1] if perm is None else list(perm)
    return moved(x, x.indices[:, order], [x.shape[p] for p in order])


def _reshape(x: Sparse, shape: Any) -> Sparse:
    whole = np.zeros(x.shape, np.int8).reshape(shape).shape
    flat = np.ravel_multi_index(tuple(x.indices.T), x.shape)
    return Sparse(np.stack(np.unravel_index(flat, whole), 1).astype(np.int64), x.values, whole)


def _expand(x: Sparse, axis: int = -1) -> Sparse:
    at = axis % (len(x.shape) + 1)
    shape = (*x.shape[:at], 1, *x.shape[at:])
    return Sparse(np.insert(x.indices, at, 0, axis=1), x.values, shape)


def _slice(x: Sparse, start: Any, size: Any) -> Sparse:
    first, count = np.asarray(start), np.asarray(size)
    inside = np.all((x.indices >= first) & (x.indices < first + count), axis=1)
    shape = np.maximum(np.minimum(count, np.asarray(x.shape) - first), 0)
    return Sparse(x.indices[inside] - first, x.values[inside], tuple(shape.tolist()))


def _split(sp_input: Sparse, num_split: int, axis: int) -> list[Sparse]:
    total = sp_input.shape[axis]
    found, start = [], 0
    for i in range(num_split):
        length = total // num_split + (i < total % num_split)
        first, size = [0] * len(sp_input.shape), list(sp_input.shape)
        first[axis], size[axis] = start, length
        found.append(_slice(sp_input, first, size))
        start += length
    return found


def _concat(axis: int, parts: Any, expand_nonconcat_dims: bool = False) -> Sparse:
    indices, total = [], 0
    for x in parts:
        where = x.indices.copy()
        where[:, axis] += total
        total += x.shape[axis]
        indices.append(where)
    shape = [max(sizes) for sizes in zip(*(x.shape for x in parts), strict=True)]
    shape[axis] = total
    joined = Sparse(np.concatenate(indices), np.concatenate([x.values for x in parts]), ())
    return moved(joined, joined.indices, shape)


def _fill(x: Sparse, default: Any) -> tuple[Sparse, np.ndarray]:
    empty = np.array([r not in x.indices[:, 0] for r in range(x.shape[0])])
    added = np.zeros((int(empty.sum()), len(x.shape)), np.int64)
    added[:, 0] = np.flatnonzero(empty)
    fill = np.full(len(added), default, x.values.dtype)
    both = Sparse(np.concatenate([x.indices, added]), np.concatenate([x.values, fill]), ())
    return moved(both, both.indices, x.shape), empty


def _reset(x: Sparse, new_shape: Any = None) -> Sparse:
    shape = x.indices.max(0) + 1 if new_shape is None else np.asarray(new_shape)
    return Sparse(x.indices, x.values, tuple(shape.tolist()))


def _indicator(x: Sparse, vocab_size: int) -> np.ndarray:
    result = np.zeros((*x.shape[:-1], vocab_size), bool)
    for where, value in zip(x.indices, x.values, strict=True):
        result[(*where[:-1], value)] = True
    return result


ROWS = sparse([[0, 1, 0], [2, 0, 3]], np.float32)
WIDE = sparse([[0, 10, -20], [0, 0, 0]], np.float32)
EXACT = sparse([[0.5, 1.5, 0], [0, 0, 3]], np.float64)
LINE = sparse([0, 3, 0, -4], np.int32)
CUBE = sparse(np.where(booleans(2, 3, 2), integers(2, 3, 2, low=1), 0), np.int32)
NAMES = Sparse(np.array([[0, 1], [1, 0]]), strings("a", "b"), (2, 2))
NONE = Sparse(np.zeros((0, 2), np.int64), np.zeros(0, np.float32), (2, 3))
TURNED = Sparse(np.array([[1, 0], [0, 1], [0, 0]]), normal(3), (2, 2))
OPERATIONS = [
    Operation(
        name="sparse.to_dense",
        reference=lambda x, default_value=None, validate_indices=True: dense(x, default_value),
        cases=[
            case(ROWS), case(ROWS, 7.0), case(LINE), case(CUBE), case(NAMES), case(NAMES, b"?"),
            case(NONE), case(TURNED, validate_indices=False),
            case(Sparse(np.array([[1]]), np.array([True]), (2,))),
            case(Sparse(np.array([[1]]), complexes(1), (2,))),
        ],
        gradient=[case(EXACT), case(EXACT, np.array(2.0))],
        errors=[
            error("InvalidArgumentError", Sparse(np.array([[0], [0]]), integers(2), (2,)),
                  message="is repeated"),
            error("InvalidArgumentError", TURNED, message="out of order"),
            error("InvalidArgumentError", Sparse(np.array([[5]]), integers(1), (2,)),
                  message="outside the shape"),
            error("TypeError", normal(2), message="expected a SparseTensor"),
        ],
    ),
    Operation(
        name="sparse.from_dense", reference=sparse,
        cases=[
            case(np.array([[0, 2], [3, 0]], np.int32)), case(np.array([0.0, 1.5], np.float32)),
            case(np.array([[[True], [False]]])), case(strings("", "a")), case(np.zeros((2, 2))),
        ],
        gradient=[case(np.array([[1.0, 2.0], [3.0, 0.5]]))],
    ),
    Operation(
        name="sparse.to_indicator", reference=_indicator,
        cases=[
            case(Sparse(np.array([[0, 0], [1, 0], [1, 1]]), np.array([2, 0, 1]), (2, 2)), 3),
            case(Sparse(np.array([[0, 0, 1]]), np.array([1], np.int32), (1, 2, 2)), 2),
        ],
        errors=[
            error("InvalidArgumentError", Sparse(np.array([[0, 0]]), np.array([5]), (1, 1)), 3),
            error("InvalidArgumentError", ROWS, 3, message="integers"),
        ],
    ),
    Operation(
        name="sparse.eye",
        reference=lambda n, m=None, dtype="float32": sparse(np.eye(n, m), dtype),
        cases=[case(3), case(2, 3), case(3, 2, dtype="int32")],
    ),
    Operation(
        name="sparse.reorder", reference=lambda x: moved(x, x.indices, x.shape),
        cases=[case(TURNED), case(ROWS), case(NONE), case(CUBE)],
        gradient=[case(Sparse(TURNED.indices, normal(3, dtype="f8"), (2, 2)))],
    ),
    Operation(
        name="sparse.retain",
        reference=lambda x, kept: Sparse(x.indices[kept], x.values[kept], x.shape),
        cases=[case(ROWS, np.array([True, False, True])), case(NAMES, np.array([False, False]))],
        gradient=[case(EXACT, np.array([True, False, True]))],
        errors=[error("ValueError", ROWS, np.array([True]), message="each of the elements")],
    ),
    Operation(
        name="sparse.transpose", reference=_transpose,
        cases=[case(ROWS), case(CUBE, [1, 2, 0]), case(CUBE), case(NAMES, [0, 1]), case(NONE)],
        gradient=[case(EXACT)],
    ),
    Operation(
        name="sparse.expand_dims", reference=_expand,
        cases=[case(ROWS), case(ROWS, 0), case(CUBE, 1), case(LINE, -1)],
        gradient=[case(EXACT, 1)],
        errors=[error("ValueError", ROWS, 5)],
    ),
    Operation(
        name="sparse.reshape", reference=_reshape,
        cases=[case(ROWS, [3, 2]), case(ROWS, [-1]), case(CUBE, [2, -1, 1]), case(NONE, [6])],
        gradient=[case(EXACT, [3, -1])],
        errors=[error("InvalidArgumentError", ROWS, [4], message="6 elements")],
    ),
    Operation(
        name="sparse.reset_shape", reference=_reset,
        cases=[case(ROWS), case(ROWS, [4, 3]), case(WIDE)],
        gradient=[case(EXACT, [3, 3])],
        errors=[error("ValueError", ROWS, [1, 3], message="must not be below")],
    ),
    Operation(
        name="sparse.slice", reference=_slice,
        cases=[
            case(ROWS, [0, 1], [2, 2]), case(ROWS, [1, 0], [5, 5]),
            case(CUBE, [0, 1, 0], [2, 1, 2]),
            case(LINE, [4], [1]), case(NONE, [0, 0], [1, 1]),
        ],
        gradient=[case(EXACT, [0, 1], [2, 2])],
    ),
    Operation(
        name="sparse.split", reference=_split,
        cases=[
            case(sp_input=ROWS, num_split=2, axis=1), case(sp_input=ROWS, num_split=3, axis=1),
            case(sp_input=LINE, num_split=2, axis=0),
        ],
        gradient=[case(sp_input=EXACT, num_split=2, axis=1)],
        errors=[error("InvalidArgumentError", sp_input=ROWS, num_split=5, axis=1)],
    ),
    Operation(
        name="sparse.concat", reference=_concat,
        cases=[
            case(0, [ROWS, WIDE]), case(-1, [ROWS, WIDE]), case(1, [NAMES, NAMES]),
            case(0, [ROWS, sparse([[5]], np.float32)], expand_nonconcat_dims=True),
            case(0, [ROWS]),
        ],
        gradient=[case(1, [EXACT, EXACT])],
        errors=[
            error("InvalidArgumentError", 0, [ROWS, sparse([[5]], np.float32)],
                  message="expand_nonconcat_dims"),
            error("InvalidArgumentError", 0, [ROWS, LINE], message="one rank and dtype"),
        ],
    ),
    Operation(
        name="sparse.fill_empty_rows", reference=_fill,
        cases=[case(WIDE, 9.0), case(NAMES, b"x"), case(NONE, 1.0), case(CUBE, 7)],
        gradient=[case(EXACT, np.array(2.0))],
        errors=[error("InvalidArgumentError", ROWS, [1.0], message="one value")],
    ),
]  # fmt: skip
