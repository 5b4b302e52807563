"""Ragged tensors: making them, and taking them apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from database.record import Operation, Ragged, Sparse, case, error, integers, normal, strings


def ragged(rows: Any, rank: int = 1, dtype: Any = np.int32, splits: Any = np.int64) -> Ragged:
    """Return nested lists as a ragged tensor, `rank` of their dimensions ragged."""
    found: list[np.ndarray] = []
    for _ in range(rank):
        found.append(np.cumsum([0, *(len(row) for row in rows)]).astype(splits))
        rows = [item for row in rows for item in row]
    if dtype is object:
        return Ragged(strings(*rows), tuple(found))
    return Ragged(np.array(rows, dtype), tuple(found))


def lists(x: Any) -> Any:
    """Return a ragged tensor or array as nested lists of Python values."""
    if not isinstance(x, Ragged):
        return np.asarray(x).tolist()
    values = x.values.tolist()
    for splits in reversed(x.splits):
        values = [values[a:b] for a, b in pairwise(splits)]
    return values


def cut(values: Any, splits: Sequence[Any], kind: Any = np.int64) -> Ragged:
    found = np.asarray(splits, kind)
    if isinstance(values, Ragged):
        return Ragged(values.values, (found, *values.splits))
    return Ragged(np.asarray(values), (found,))


def summed(lengths: Any) -> list[int]:
    return [0, *np.cumsum(np.asarray(lengths, np.int64)).tolist()]


def kind_of(x: Any) -> Any:
    return x.dtype if isinstance(x, np.ndarray) else np.int64


def from_rowids(values: Any, rows: Any, nrows: Any = None, **_: Any) -> Ragged:
    count = (int(rows[-1]) + 1 if len(rows) else 0) if nrows is None else int(nrows)
    lengths = [int(np.sum(np.asarray(rows) == r)) for r in range(count)]
    return cut(values, summed(lengths), kind_of(rows))


def from_uniform(values: Any, length: int, nrows: Any = None, **_: Any) -> Ragged:
    rows = len(values) // length if nrows is None else int(nrows)
    return cut(values, [length * i for i in range(rows + 1)])


def from_tensor(
    tensor: np.ndarray, lengths: Any = None, padding: Any = None, ragged_rank: int = 1,
    row_splits_dtype: str = "int64",
) -> Ragged:  # fmt: skip
    rows = list(tensor)
    for _ in range(ragged_rank - 1):
        rows = [item for row in rows for item in row]
    if lengths is None:
        lengths = [len(row) for row in rows]
    if padding is not None:
        whole = [[bool(np.all(v == padding)) for v in row] for row in rows]
        lengths = [max((i + 1 for i, same in enumerate(w) if not same), default=0) for w in whole]
    kept = [row[: int(n)] for row, n in zip(rows, lengths, strict=True)]
    inner = tensor.shape[ragged_rank + 1 :]
    empty = np.zeros((0, *inner), tensor.dtype)
    result: Any = np.concatenate([empty, *kept])
    result = cut(result, summed([len(k) for k in kept]), np.dtype(row_splits_dtype))
    for d in range(ragged_rank - 1, 0, -1):
        count = int(np.prod(tensor.shape[:d]))
        result = cut(result, [i * tensor.shape[d] for i in range(count + 1)])
    return result


def to_tensor(x: Ragged, default_value: Any = None, shape: Any = None) -> np.ndarray:
    rows = lists(x)
    rank = len(x.splits) + 1
    sizes = [len(rows)]
    level = rows
    for _ in range(rank - 1):
        sizes.append(max((len(row) for row in level), default=0))
        level = [item for row in level for item in row]
    if shape is not None:
        sizes = [n if s is None else s for n, s in zip(sizes, shape, strict=False)]
    blank = b"" if x.values.dtype == object else 0
    result = np.full((*sizes, *x.values.shape[1:]), blank, x.values.dtype)
    if default_value is not None:
        result[...] = default_value

    def fill(place: tuple[int, ...], part: Any) -> None:
        if len(place) == rank:
            result[place] = part
            return
        for i, item in enumerate(part[: sizes[len(place)]]):
            fill((*place, i), item)

    fill((), rows)
    return result


def to_sparse(x: Ragged) -> Sparse:
    places: list[list[int]] = []

    def walk(place: list[int], part: Any) -> None:
        if not isinstance(part, list):
            places.append(place)
            return
        for i, item in enumerate(part):
            walk([*place, i], item)

    rows = lists(x)
    walk([], rows)
    shape = to_tensor(x).shape
    return Sparse(np.array(places, np.int64).reshape(-1, len(shape)), x.values.reshape(-1), shape)


def row_lengths(x: Ragged, axis: int = 1) -> Any:
    if axis == 0:
        return np.int64(len(x.splits[0]) - 1)
    lengths = np.diff(x.splits[axis - 1]) if axis <= len(x.splits) else np.full(
        x.values.shape[: axis - len(x.splits)], x.values.shape[axis - len(x.splits)],
        x.splits[0].dtype,
    )  # fmt: skip
    return Ragged(lengths, x.splits[: axis - 1]) if axis > 1 else lengths


def merged(x: Ragged, outer: int, inner: int) -> Any:
    splits, values = list(x.splits), x.values
    for _ in range(inner - outer):
        if outer < len(splits) and outer > 0:
            splits[outer - 1] = splits[outer][splits[outer - 1]]
            del splits[outer]
        elif outer == 0 and splits:
            del splits[0]
        else:
            at = outer - len(splits)
            size = values.shape[1]
            values = values.reshape(-1, *values.shape[2:])
            if outer:
                splits[outer - 1] = splits[outer - 1] * size
            del at
    return Ragged(values, tuple(splits)) if splits else values


TWO = ragged([[3, 1], [], [4, 1, 5]])
FLOATS = ragged([[3.0, 1.0], [], [4.0, 1.5, 5.0]], dtype=np.float64)
THREE = ragged([[[3, 1]], [], [[], [4, 1, 5]]], rank=2)
INNER = ragged([[[1, 2], [3, 4]], [], [[5, 6]]])
WORDS = ragged([["a"], [], ["b", "cd"]], dtype=object)
SMALL = ragged([[1], [2, 3]], splits=np.int32)
EMPTY = ragged([[], []], dtype=np.float32)

_FIVE = integers(5)
OPERATIONS = [
    Operation(
        name="RaggedTensor.from_row_splits", reference=lambda v, s, **k: cut(v, s, kind_of(s)),
        cases=[
            case(_FIVE, [0, 2, 2, 5]), case(_FIVE, np.array([0, 5], np.int32)),
            case(normal(3, 2), np.array([0, 1, 3])), case(TWO, [0, 1, 3]),
            case(strings("a", "b"), [0, 2], validate=False), case(np.zeros(0, np.float32), [0]),
        ],
        gradient=[case(normal(3, 2, dtype="f8"), np.array([0, 1, 3]))],
        errors=[
            error("InvalidArgumentError", _FIVE, [0, 2, 4], message="hold 4 values.* are 5"),
            error("InvalidArgumentError", _FIVE, [1, 5], message="first row split is 1"),
            error("InvalidArgumentError", _FIVE, [0, 3, 2, 5], message="row 1 would have -1"),
            error("ValueError", _FIVE, [], message="begins with 0"),
            error("ValueError", _FIVE, [[0, 5]], message="must be a vector"),
            error("ValueError", _FIVE, [0.0, 5.0], message="expected int32 or int64"),
        ],
    ),
    Operation(
        name="RaggedTensor.from_row_lengths",
        reference=lambda v, n, **k: cut(v, summed(n), kind_of(n)),
        cases=[
            case(_FIVE, [2, 0, 3]), case(_FIVE, np.array([5], np.int32)),
            case(normal(2, 2), [1, 1]), case(TWO, [3]),
        ],
        gradient=[case(normal(3, dtype="f8"), [1, 2])],
        errors=[error("InvalidArgumentError", _FIVE, [2, 2]),
                error("InvalidArgumentError", _FIVE, [6, -1], message="-1 values")],
    ),
    Operation(
        name="RaggedTensor.from_row_starts", reference=lambda v, s, **k: cut(v, [*s, len(v)]),
        cases=[case(_FIVE, [0, 2, 2]), case(_FIVE, [0, 5]), case(normal(2, 2), [0, 1])],
        gradient=[case(normal(3, dtype="f8"), [0, 2])],
        errors=[error("InvalidArgumentError", _FIVE, [1, 2])],
    ),
    Operation(
        name="RaggedTensor.from_row_limits", reference=lambda v, s, **k: cut(v, [0, *s]),
        cases=[case(_FIVE, [0, 2, 5]), case(_FIVE, [5, 5]), case(normal(2, 2), [1, 2])],
        gradient=[case(normal(3, dtype="f8"), [1, 3])],
        errors=[error("InvalidArgumentError", _FIVE, [1, 2])],
    ),
    Operation(
        name="RaggedTensor.from_value_rowids", reference=from_rowids,
        cases=[
            case(_FIVE, [0, 0, 2, 2, 2]), case(_FIVE, [0, 0, 2, 2, 3], nrows=6),
            case(_FIVE, np.array([0, 0, 1, 1, 1], np.int32)), case(normal(2, 2), [0, 3]),
            case(np.zeros(0, np.float32), np.zeros(0, np.int64), nrows=2),
        ],
        gradient=[case(normal(3, dtype="f8"), [0, 0, 2])],
        errors=[
            error("ValueError", _FIVE, [0, 0, 2, 2, 2], nrows=2, message="row 2.* 2 rows"),
            error("InvalidArgumentError", _FIVE, [0, 1, 0, 1, 1]),
            error("ValueError", _FIVE, [0, 1], message="hold 2 values"),
            error("ValueError", _FIVE, [0, 0, 1, 1, 1], nrows=-1, message="below 0"),
        ],
    ),
    Operation(
        name="RaggedTensor.from_uniform_row_length", reference=from_uniform,
        cases=[
            case(integers(4), 2), case(normal(6, 2), 3), case(np.zeros(0, np.float32), 0, nrows=3),
        ],
        gradient=[case(normal(4, dtype="f8"), 2)],
        errors=[
            error("ValueError", _FIVE, 2), error("ValueError", _FIVE, -1, message="below 0"),
            error("ValueError", integers(4), 2, nrows=3),
        ],
    ),
    Operation(
        name="RaggedTensor.from_nested_row_splits",
        reference=lambda v, nested, **k: Ragged(v, tuple(np.asarray(s, np.int64) for s in nested)),
        cases=[case(_FIVE, [[0, 1, 2], [0, 2, 5]]), case(normal(3, 2), [[0, 3]])],
        gradient=[case(normal(3, dtype="f8"), [[0, 1], [0, 3]])],
        errors=[error("InvalidArgumentError", _FIVE, [[0, 1, 3], [0, 2, 5]])],
    ),
    Operation(
        name="RaggedTensor.from_nested_row_lengths",
        reference=lambda v, nested, **k: Ragged(
            v, tuple(np.asarray(summed(s), np.int64) for s in nested)
        ),
        cases=[case(_FIVE, [[1, 1], [2, 3]]), case(normal(3, 2), [[0, 3]])],
        gradient=[case(normal(3, dtype="f8"), [[1], [3]])],
        errors=[error("InvalidArgumentError", _FIVE, [[1, 2], [2, 3]])],
    ),
    Operation(
        name="RaggedTensor.from_nested_value_rowids",
        reference=lambda v, nested, nested_nrows=None: from_rowids(
            from_rowids(v, nested[1], None if nested_nrows is None else nested_nrows[1]),
            nested[0], None if nested_nrows is None else nested_nrows[0],
        ),
        cases=[
            case(_FIVE, [[0, 2], [0, 0, 1, 1, 1]]),
            case(_FIVE, [[0, 1, 1], [0, 0, 1, 1, 1]], nested_nrows=[3, 3]),
        ],
        errors=[error("ValueError", _FIVE, [[0, 2], [0, 0, 1, 1, 1]], nested_nrows=[3])],
    ),
    Operation(
        name="RaggedTensor.from_tensor", reference=from_tensor,
        cases=[
            case(integers(2, 3)), case(integers(2, 3), lengths=[1, 2]),
            case(np.array([[1, 0], [0, 3], [0, 0]]), padding=0),
            case(np.array([[[1, 2], [0, 0]], [[0, 0], [0, 3]]], np.int32), padding=[0, 0]),
            case(normal(2, 3, 2), ragged_rank=2), case(normal(2, 3, 2)),
            case(np.zeros((2, 0), np.float32)), case(np.zeros((0, 3), np.float32)),
            case(integers(1, 2), row_splits_dtype="int32"),
            case(strings("a", "", "b", "c").reshape(2, 2), padding=b""),
            case(np.array([[[1, 0], [0, 0]]], np.int32), padding=0, ragged_rank=2),
        ],
        gradient=[case(normal(2, 3, dtype="f8"), lengths=[1, 3]), case(normal(2, 2, dtype="f8"))],
        errors=[
            error("ValueError", integers(3), message="ragged_rank"),
            error("ValueError", integers(1, 2), lengths=[1], padding=0, message="not both"),
            error("ValueError", integers(1, 2), ragged_rank=0),
        ],
    ),
    Operation(
        name="RaggedTensor.from_sparse",
        reference=lambda x: from_rowids(x.values, x.indices[:, 0], x.shape[0]),
        cases=[
            case(Sparse(np.array([[0, 0], [0, 1], [2, 0]]), integers(3), (4, 3))),
            case(Sparse(np.array([[0, 0], [1, 0]]), normal(2), (2, 1))),
            case(Sparse(np.zeros((0, 2), np.int64), normal(0), (2, 1))),
        ],
        gradient=[case(Sparse(np.array([[0, 0], [1, 0]]), normal(2, dtype="f8"), (2, 1)))],
        errors=[
            error("InvalidArgumentError", Sparse(np.array([[0, 1]]), integers(1), (2, 2)),
                  message="row 0 has no element in column 0"),
            error("ValueError", Sparse(np.array([[1]]), integers(1), (2,)), message="rank 2"),
        ],
    ),
    Operation(
        name="RaggedTensor.to_tensor", reference=to_tensor,
        cases=[
            case(TWO), case(TWO, -1), case(TWO, shape=[None, 2]), case(TWO, shape=[4, 4]),
            case(TWO, shape=[2, None]), case(THREE), case(THREE, 9), case(INNER, [7, 8]),
            case(INNER, shape=[None, 3, 2]), case(WORDS, b"?"), case(EMPTY), case(SMALL),
        ],
        gradient=[case(FLOATS), case(FLOATS, np.array(2.0)), case(FLOATS, shape=[2, 2])],
        errors=[
            error("InvalidArgumentError", TWO, shape=[3], message="another rank"),
            error("TypeError", TWO, 1.5),
        ],
    ),
    Operation(
        name="RaggedTensor.to_sparse", reference=to_sparse,
        cases=[case(TWO), case(THREE), case(INNER), case(WORDS), case(EMPTY)],
        gradient=[case(FLOATS)],
    ),
    Operation(
        name="RaggedTensor.row_lengths", reference=row_lengths,
        cases=[case(TWO), case(TWO, axis=0), case(THREE, 2), case(THREE), case(INNER, axis=2),
               case(SMALL)],
        errors=[error("ValueError", TWO, axis=3)],
    ),
    Operation(
        name="RaggedTensor.value_rowids",
        reference=lambda x: np.repeat(np.arange(len(x.splits[0]) - 1), np.diff(x.splits[0])).astype(
            x.splits[0].dtype),
        cases=[case(TWO), case(THREE), case(SMALL)],
    ),
    Operation(
        name="RaggedTensor.nrows",
        reference=lambda x, out_type="int64": np.asarray(len(x.splits[0]) - 1, out_type),
        cases=[case(TWO), case(THREE, out_type="int32")],
    ),
    Operation(
        name="RaggedTensor.bounding_shape",
        reference=lambda x, axis=None, out_type="int64": np.asarray(to_tensor(x).shape, out_type)[
            slice(None) if axis is None else axis],
        cases=[case(TWO), case(THREE), case(INNER), case(THREE, 1), case(THREE, [0, 2]),
               case(TWO, out_type="int32"), case(WORDS)],
    ),
    Operation(
        name="RaggedTensor.merge_dims", reference=merged,
        cases=[case(THREE, 0, 1), case(THREE, 1, 2), case(THREE, 0, 2), case(INNER, 1, 2),
               case(INNER, 0, 2), case(TWO, 1, 1)],
        gradient=[case(FLOATS, 0, 1)],
        errors=[error("ValueError", THREE, 2, 1, message="outer_axis")],
    ),
    Operation(
        name="RaggedTensor.with_row_splits_dtype",
        reference=lambda x, dtype: Ragged(x.values, tuple(s.astype(dtype) for s in x.splits)),
        cases=[case(TWO, "int32"), case(SMALL, "int64"), case(THREE, "int32")],
    ),
    Operation(
        name="RaggedTensor.with_values",
        reference=lambda x, v: cut(v, x.splits[0]),
        cases=[case(TWO, normal(5)), case(TWO, normal(5, 2)), case(TWO, ragged([[1]] * 5))],
        gradient=[case(TWO, normal(5, dtype="f8"))],
        errors=[error("ValueError", TWO, normal(2), message="expected 5 values, received 2")],
    ),
]  # fmt: skip
