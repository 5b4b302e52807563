"""``ft.sparse``: arithmetic, reductions, products, counts and crosses; ``ft.sets``."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import numpy as np

from database.ragged_rows import TWO
from database.record import (
    Operation,
    Ragged,
    Sparse,
    case,
    complexes,
    error,
    integers,
    normal,
    strings,
)
from database.sparse_tensors import CUBE, EXACT, LINE, NONE, ROWS, TURNED, WIDE, dense, sparse


def _rows(x: Any) -> list[list[Any]]:
    """Return what each row holds, all dimensions but the last numbering rows."""
    if isinstance(x, Sparse):
        found: dict[Any, list[Any]] = {p: [] for p in np.ndindex(*x.shape[:-1])}
        for where, value in zip(x.indices.tolist(), x.values.tolist(), strict=True):
            found[tuple(where[:-1])].append(value)
        return list(found.values())
    if isinstance(x, Ragged):
        splits = x.splits[0]
        return [x.values[a:b].tolist() for a, b in pairwise(splits)]
    return x.reshape(-1, x.shape[-1]).tolist()


def _union(a: Sparse, b: Sparse, function: Callable[[Any, Any], Any], dtype: Any = None) -> Sparse:
    places = sorted({tuple(i) for i in [*a.indices.tolist(), *b.indices.tolist()]})
    x, y = dense(a), dense(b)
    values = [function(x[p], y[p]) for p in places]
    indices = np.array(places, np.int64).reshape(-1, len(a.shape))
    return Sparse(indices, np.array(values, a.values.dtype), a.shape)


def _add(a: Any, b: Any, threshold: float = 0) -> Any:
    if not (isinstance(a, Sparse) and isinstance(b, Sparse)):
        return sum(dense(v) if isinstance(v, Sparse) else v for v in (a, b))
    found = _union(a, b, lambda x, y: x + y)
    both = {tuple(i) for i in a.indices.tolist()} & {tuple(i) for i in b.indices.tolist()}
    kept = np.abs(found.values) >= threshold
    kept |= [tuple(i) not in both for i in found.indices.tolist()]
    return Sparse(found.indices[kept], found.values[kept], a.shape)


def _reduce(function: Callable[..., Any]) -> Callable[..., Any]:
    def reference(
        x: Sparse, axis: Any = None, keepdims: Any = None, output_is_sparse: bool = False
    ) -> Any:
        axes = (
            range(len(x.shape)) if axis is None else [a % len(x.shape) for a in np.atleast_1d(axis)]
        )
        kept = [d for d in range(len(x.shape)) if d not in axes]
        groups: dict[tuple[int, ...], list[Any]] = {}
        for where, value in zip(x.indices, x.values, strict=True):
            groups.setdefault(tuple(int(where[d]) for d in kept), []).append(value)
        shape = tuple(x.shape[d] for d in kept)
        wide = tuple(1 if d in axes else n for d, n in enumerate(x.shape))
        if output_is_sparse:
            places = sorted(groups)
            values = np.array([function(groups[p]) for p in places], x.values.dtype)
            indices = np.array(places, np.int64).reshape(len(places), len(kept))
            if keepdims:
                full = np.zeros((len(places), len(x.shape)), np.int64)
                full[:, kept] = indices
                return Sparse(full, values, wide)
            return Sparse(indices, values, shape)
        result = np.zeros(shape, x.values.dtype)
        for place, values in groups.items():
            result[place] = function(values)
        return result.reshape(wide) if keepdims else result

    return reference


def _softmax(x: Sparse) -> Sparse:
    values = np.empty_like(x.values)
    rows = [tuple(i[:-1]) for i in x.indices.tolist()]
    for row in set(rows):
        here = [i for i, r in enumerate(rows) if r == row]
        powers = np.exp(x.values[here] - np.max(x.values[here]))
        values[here] = powers / powers.sum()
    return Sparse(x.indices, values, x.shape)


def _matmul(a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False) -> np.ndarray:
    x, y = (dense(v) if isinstance(v, Sparse) else v for v in (a, b))
    x = x.conj().T if adjoint_a else x
    y = y.conj().T if adjoint_b else y
    return x @ y


def _segments(scale: Callable[[int], float]) -> Callable[..., Any]:
    def reference(data: Any, indices: Any, ids: Any, num_segments: Any = None) -> np.ndarray:
        count = int(ids[-1]) + 1 if num_segments is None else int(num_segments)
        result = np.zeros((count, *data.shape[1:]), data.dtype)
        for s in range(count):
            rows = [data[i] for i, seg in zip(indices, ids, strict=True) if seg == s]
            if rows:
                result[s] = np.sum(rows, axis=0) / scale(len(rows))
        return result

    return reference


def _map(function: Any, *args: Any) -> Sparse:
    x = next(a for a in args if isinstance(a, Sparse))
    values = [a.values if isinstance(a, Sparse) else a for a in args]
    return Sparse(x.indices, np.asarray(_total(*values), x.values.dtype), x.shape)


def _total(*values: Any) -> Any:
    found = values[0]
    for v in values[1:]:
        found = found + v
    return found


def _bincount(
    values: Any, weights: Any = None, axis: Any = 0, minlength: int = 0, maxlength: Any = None,
    binary_output: bool = False,
) -> Sparse:  # fmt: skip
    rows = _rows(values)
    given = [[1] * len(r) for r in rows] if weights is None else _rows(weights)
    kind = values if weights is None else weights
    dtype = kind.values.dtype if isinstance(kind, (Sparse, Ragged)) else kind.dtype
    flat = isinstance(values, np.ndarray) and values.ndim == 1
    if axis == 0 or flat:
        rows, given = [[v for r in rows for v in r]], [[w for g in given for w in g]]
    length = max(max((v for r in rows for v in r), default=-1) + 1, minlength)
    length = length if maxlength is None else min(length, maxlength)
    count = np.zeros((len(rows), length), dtype)
    seen = np.zeros((len(rows), length), bool)
    for r, (row, weight) in enumerate(zip(rows, given, strict=True)):
        for v, w in zip(row, weight, strict=True):
            if v < length:
                count[r, v] = 1 if binary_output else count[r, v] + w
                seen[r, v] = True
    if axis == 0 or flat:
        count, seen = count[0], seen[0]
    return Sparse(np.argwhere(seen).astype(np.int64), count[seen], count.shape)


def _cross(inputs: Any, separator: str = "_X_") -> Sparse:
    ordered = sorted(inputs, key=lambda x: not isinstance(x, Sparse))
    found = []
    for rows in zip(*map(_rows, ordered), strict=True):
        text = [[v if isinstance(v, bytes) else str(v).encode() for v in row] for row in rows]
        found.append([separator.encode().join(c) for c in product(*text)])
    width = max(len(f) for f in found)
    places = [[r, i] for r, f in enumerate(found) for i in range(len(f))]
    return Sparse(
        np.array(places, np.int64), strings(*(v for f in found for v in f)), (len(found), width)
    )


def _set(name: str) -> Callable[..., Any]:
    def reference(a: Any, b: Any, aminusb: bool = True) -> Sparse:
        first, second = (a, b) if aminusb else (b, a)
        found = [sorted(getattr(set(x), name)(y))
                 for x, y in zip(_rows(first), _rows(second), strict=True)]  # fmt: skip
        shape = (*a.shape[:-1], max(len(f) for f in found))
        places = [(*p, i) for p, f in zip(np.ndindex(*a.shape[:-1]), found, strict=True)
                  for i in range(len(f))]  # fmt: skip
        values = [v for f in found for v in f]
        dtype = a.values.dtype if isinstance(a, Sparse) else a.dtype
        kept = strings(*values) if np.dtype(dtype).kind == "O" else np.array(values, dtype)
        return Sparse(np.array(places, np.int64).reshape(-1, len(shape)), kept, shape)

    return reference


_DATA = normal(3, 2, dtype="f8")
_SEGMENT_CASES = [
    case(normal(4, 2), np.array([0, 2, 1], np.int32), np.array([0, 0, 2], np.int32)),
    case(normal(4, dtype="f8"), np.array([3, 3]), np.array([0, 1]), num_segments=4),
    case(normal(2, 1, 2), np.array([1], np.int32), np.array([0], np.int32)),
    case(normal(4, 2), [], [], num_segments=2),
]
_SEGMENT_GRADIENT = [case(_DATA, np.array([0, 2, 1]), np.array([0, 0, 2]))]
_SEGMENT_ERRORS = [
    error("InvalidArgumentError", normal(2), [0, 1], [1, 0], message="not decrease"),
    error("InvalidArgumentError", normal(2), [0, 5], [0, 0], message="index 5"),
    error("InvalidArgumentError", normal(2), [0, 1], [0, 5], num_segments=2),
]
_A = np.array([[1, 2, 2], [3, 4, 5]], np.int32)
_B = np.array([[2, 9], [5, 6]], np.int32)
_SA = Sparse(np.array([[0, 0], [0, 1], [2, 0]]), np.array([1, 2, 5], np.int32), (3, 2))
_SB = Sparse(np.array([[0, 0], [1, 0], [2, 1]]), np.array([2, 3, 5], np.int32), (3, 2))
_WORDS = strings("a", "b", "c", "d").reshape(1, 2, 2)
_OTHERS = strings("a", "z", "c", "c").reshape(1, 2, 2)
_ONES = np.ones((3, 2), np.int32)
_SET_CASES = [case(_A, _B), case(_SA, _SB), case(_WORDS, _OTHERS), case(_SA, _ONES),
              case(_ONES, _SB)]  # fmt: skip
_SET_ERRORS = [
    error("InvalidArgumentError", _A, np.array([1, 2], np.int32), message="rank 2 or more"),
    error("InvalidArgumentError", _A, np.array([[1, 2]], np.int32), message="must agree"),
    error("TypeError", _A, np.array([[1], [2]]), message="one dtype"),
    error("TypeError", normal(1, 2), normal(1, 2), message="integers or strings"),
]
_LETTERS = strings("a", "b", "c", "d").reshape(2, 2)
_COUNTED = np.array([[1, 1, 3], [0, 0, 0]], np.int32)
OPERATIONS = [
    Operation(
        name="sparse.add", reference=_add,
        cases=[
            case(ROWS, WIDE), case(ROWS, WIDE, 25.0), case(ROWS, normal(2, 3)),
            case(normal(4), sparse([0, 1, 0, 2], np.float32)), case(CUBE, CUBE), case(NONE, ROWS),
        ],
        gradient=[case(EXACT, EXACT), case(EXACT, normal(2, 3, dtype="f8"))],
        errors=[
            error("InvalidArgumentError", ROWS, sparse([[1.0]], np.float32),
                  message="different shapes"),
            error("TypeError", normal(2), normal(2), message="expected a SparseTensor"),
        ],
    ),
    Operation(
        name="sparse.maximum", reference=lambda a, b: _union(a, b, max),
        cases=[case(ROWS, WIDE), case(CUBE, CUBE), case(NONE, ROWS)],
        gradient=[case(EXACT, sparse([[0, 1.0, -2], [0, 0, 5]], np.float64))],
        errors=[error("InvalidArgumentError", ROWS, sparse([[1.0]], np.float32))],
    ),
    Operation(
        name="sparse.minimum", reference=lambda a, b: _union(a, b, min),
        cases=[case(ROWS, WIDE), case(LINE, LINE), case(NONE, WIDE)],
        gradient=[case(EXACT, sparse([[0, 1.0, -2], [0, 0, 5]], np.float64))],
    ),
    Operation(
        name="sparse.map_values", reference=_map,
        cases=[case(_total, ROWS, 5.0), case(_total, ROWS, ROWS), case(_total, LINE, LINE, 1)],
        gradient=[case(_total, EXACT, EXACT)],
        errors=[error("InvalidArgumentError", _total, ROWS, WIDE)],
    ),
    Operation(
        name="sparse.reduce_sum", reference=_reduce(np.sum),
        cases=[
            case(ROWS), case(ROWS, 0), case(ROWS, 1, keepdims=True), case(CUBE, [0, 2]),
            case(ROWS, 1, output_is_sparse=True),
            case(CUBE, -1, keepdims=True, output_is_sparse=True),
            case(NONE, 1), case(LINE), case(ROWS, output_is_sparse=True),
            case(ROWS, keepdims=True),
        ],
        gradient=[case(EXACT, 1), case(EXACT, 0, output_is_sparse=True)],
        errors=[error("InvalidArgumentError", ROWS, 2)],
    ),
    Operation(
        name="sparse.reduce_max", reference=_reduce(np.max),
        cases=[case(WIDE), case(WIDE, 1), case(LINE, 0), case(CUBE, [1], output_is_sparse=True),
               case(WIDE, 0, keepdims=True)],
        gradient=[case(EXACT, 1)],
    ),
    Operation(
        name="sparse.softmax", reference=_softmax,
        cases=[case(ROWS), case(WIDE), case(Sparse(np.array([[0, 0, 1], [0, 0, 2], [1, 1, 0]]),
                                                   normal(3, dtype="f8"), (2, 2, 3)))],
        gradient=[case(EXACT)],
        errors=[error("InvalidArgumentError", sparse([0, 1.0], np.float32), message="rank 2")],
    ),
    Operation(
        name="sparse.sparse_dense_matmul", reference=_matmul,
        cases=[
            case(ROWS, normal(3, 2)), case(ROWS, normal(2, 2), adjoint_a=True),
            case(ROWS, normal(2, 3), adjoint_b=True), case(normal(2, 2), ROWS),
            case(normal(3, 3), ROWS, adjoint_b=True),
            case(Sparse(np.array([[0, 1], [1, 0]]), complexes(2), (2, 2)), complexes(2, 3),
                 adjoint_a=True),
            case(NONE, normal(3, 2)), case(TURNED, normal(2, 1)),
        ],
        gradient=[case(EXACT, normal(3, 2, dtype="f8")),
                  case(EXACT, normal(2, 2, dtype="f8"), adjoint_a=True)],
        errors=[error("InvalidArgumentError", ROWS, normal(2, 2), message="inner sizes differ")],
    ),
    Operation(name="sparse.segment_sum", reference=_segments(lambda n: 1),
              cases=[*_SEGMENT_CASES, case(integers(3, 2), [0, 1], [0, 1])],
              gradient=_SEGMENT_GRADIENT, errors=_SEGMENT_ERRORS),
    Operation(name="sparse.segment_mean", reference=_segments(lambda n: n),
              cases=_SEGMENT_CASES, gradient=_SEGMENT_GRADIENT,
              errors=[*_SEGMENT_ERRORS,
                      error("InvalidArgumentError", integers(2), [0, 1], [0, 0])]),
    Operation(name="sparse.segment_sqrt_n", reference=_segments(lambda n: n**0.5),
              cases=_SEGMENT_CASES, gradient=_SEGMENT_GRADIENT, errors=_SEGMENT_ERRORS),
    Operation(
        name="sparse.bincount", reference=_bincount,
        cases=[
            case(np.array([1, 1, 3], np.int32)), case(_COUNTED), case(_COUNTED, axis=-1),
            case(_COUNTED, axis=-1, minlength=6), case(_COUNTED, axis=-1, maxlength=2),
            case(_COUNTED, axis=-1, binary_output=True), case(_COUNTED, normal(2, 3), axis=-1),
            case(np.array([1, 1, 3]), minlength=2, maxlength=3), case(_SA, axis=-1), case(_SA),
            case(TWO, axis=-1), case(_SA, Sparse(_SA.indices, normal(3), (3, 2)), axis=-1),
        ],
        no_gradient="counts; of the weights it would be known, but TensorFlow has none",
        errors=[error("InvalidArgumentError", np.array([-1], np.int32), message="not be negative")],
    ),
    Operation(
        name="sparse.cross", reference=_cross,
        cases=[
            case([_LETTERS, strings("e", "f").reshape(2, 1)]),
            case([_LETTERS, strings("e", "f").reshape(2, 1)], separator="-"),
            case([_LETTERS, Sparse(np.array([[0, 0], [0, 1], [1, 0]]), strings("x", "y", "z"),
                                   (2, 2))]),
            case([integers(2, 2), _LETTERS]),
        ],
    ),
    Operation(name="sets.union", reference=_set("union"), cases=_SET_CASES, errors=_SET_ERRORS),
    Operation(name="sets.intersection", reference=_set("intersection"), cases=_SET_CASES,
              errors=_SET_ERRORS),
    Operation(name="sets.difference", reference=_set("difference"),
              cases=[*_SET_CASES, case(_A, _B, aminusb=False)], errors=_SET_ERRORS),
    Operation(
        name="sets.size",
        reference=lambda a: np.array(
            [len(set(r)) for r in _rows(a)], np.int32).reshape(a.shape[:-1]),
        cases=[case(_SA), case(_SB),
               case(Sparse(np.array([[0, 0], [0, 1]]), strings("a", "a"), (1, 2)))],
        errors=[error("TypeError", _A, message="expected a SparseTensor")],
    ),
]  # fmt: skip
