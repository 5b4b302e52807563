"""``ft.ragged``."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from database.ragged_rows import FLOATS, THREE, TWO, WORDS, lists, ragged, summed
from database.record import (
    Operation,
    Ragged,
    Sparse,
    booleans,
    case,
    error,
    integers,
    normal,
    strings,
)


def _constant(value: Any, dtype: Any = None, ragged_rank: Any = None, inner_shape: Any = None,
              row_splits_dtype: Any = "int64") -> Any:  # fmt: skip
    def depth(item: Any) -> int:
        return 1 + max((depth(i) for i in item), default=0) if isinstance(item, list) else 0

    total = depth(value)
    if ragged_rank is None:
        ragged_rank = max(0, total - 1 - len(inner_shape or ()))
    leaf: Any = value
    level = [value]
    while level and isinstance(level[0], list):
        level = [i for item in level for i in item]
    leaf = level[0] if level else 1.0
    kind = dtype or {bool: "bool", int: "int32", float: "float32", str: object}[type(leaf)]
    if not ragged_rank:
        return np.array(value, kind)
    splits = []
    for _ in range(ragged_rank):
        splits.append(np.asarray(summed([len(v) for v in value]), row_splits_dtype))
        value = [i for v in value for i in v]
    if kind is object:
        return Ragged(strings(*value), tuple(splits))
    return Ragged(np.array(value, kind), tuple(splits))


def _range(
    starts: Any, limits: Any = None, deltas: Any = 1, dtype: Any = None,
    row_splits_dtype: Any = "int64",
) -> Ragged:  # fmt: skip
    if limits is None:
        starts, limits = 0, starts
    kinds = [np.asarray(v).dtype for v in (starts, limits, deltas)]
    given = [k if isinstance(v, np.ndarray) else np.dtype(np.float32 if k.kind == "f" else np.int32)
             for k, v in zip(kinds, (starts, limits, deltas), strict=True)]  # fmt: skip
    order = ["int32", "int64", "float32", "float64"]
    kind = dtype or max((k.name for k in given), key=order.index)
    rows = np.broadcast_arrays(*(np.atleast_1d(v) for v in (starts, limits, deltas)))
    found = [np.arange(a, b, d) for a, b, d in zip(*rows, strict=True)]
    splits = np.asarray(summed([len(f) for f in found]), row_splits_dtype)
    return Ragged(np.concatenate(found).astype(kind), (splits,))


def _stack(values: Any, axis: int = 0) -> Any:
    items = [lists(v) for v in values]
    ranks = [len(v.splits) if isinstance(v, Ragged) else v.ndim - 1 for v in values]
    plain = not any(isinstance(v, Ragged) for v in values)
    dtype = values[0].values.dtype if isinstance(values[0], Ragged) else values[0].dtype
    rank = max(1, *ranks)
    if plain and values[0].ndim == 1 and axis == 0:
        return ragged(items, 1, dtype, np.int32)
    if plain and axis >= values[0].ndim - 1:
        return np.stack(values, axis)

    def at(parts: list[Any], depth: int) -> Any:
        if depth == 0:
            return parts
        return [at(list(rows), depth - 1) for rows in zip(*parts, strict=True)]

    return ragged(at(items, axis), rank + 1 if axis <= rank else rank, dtype)


def _mask(data: Any, mask: Any) -> Any:
    deep = len(mask.splits) + 1 if isinstance(mask, Ragged) else mask.ndim
    rank = len(data.splits) if isinstance(data, Ragged) else 0
    dtype = data.values.dtype if isinstance(data, Ragged) else data.dtype

    def kept(x: Any, chosen: Any) -> Any:
        if not isinstance(chosen[0] if chosen else True, list):
            return [i for i, c in zip(x, chosen, strict=True) if c]
        return [kept(i, c) for i, c in zip(x, chosen, strict=True)]

    found = kept(lists(data), lists(mask))
    if deep == 1 and not rank:
        return np.array(found, dtype).reshape(-1, *data.shape[1:])
    return ragged(found, max(rank, deep - 1), dtype)


def _partitions(data: Any, partitions: Any, num_partitions: int) -> Ragged:
    items = lists(data)
    rows = lists(partitions)
    flat = isinstance(partitions, np.ndarray) and partitions.ndim == 1
    if not flat:
        items = [i for row in items for i in row]
        rows = [i for row in rows for i in row]
    found = [[i for i, r in zip(items, rows, strict=True) if r == n] for n in range(num_partitions)]
    dtype = data.values.dtype if isinstance(data, Ragged) else data.dtype
    rank = len(data.splits) if isinstance(data, Ragged) and flat else 0
    both = isinstance(data, np.ndarray) and isinstance(partitions, np.ndarray)
    first = np.asarray(summed([len(f) for f in found]), partitions.dtype if both else np.int64)
    rest = ragged([i for f in found for i in f], rank, dtype)
    return Ragged(rest.values, (first, *rest.splits))


def _text(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _rows(x: Any) -> Any:
    if isinstance(x, Sparse):
        return [[v for v, i in zip(x.values, x.indices, strict=True) if i[0] == r]
                for r in range(x.shape[0])]  # fmt: skip
    return lists(x)


def _cross(inputs: Any) -> Ragged:
    found = [[b"_X_".join(map(_text, c)) for c in product(*rows)]
             for rows in zip(*map(_rows, inputs), strict=True)]  # fmt: skip
    return ragged(found, 1, object)


_LETTERS = strings("a", "b", "c", "d").reshape(2, 2)
_PAIRS = ragged([["x"], ["y", "z"]], dtype=object)
OPERATIONS = [
    Operation(
        name="ragged.constant", reference=_constant,
        cases=[
            case([[1, 2], [], [3]]), case([[[1.0], []], [[2.0, 3.0]]]), case([["a"], ["b", "c"]]),
            case([[[1, 2]], [[3, 4], [5, 6]]], ragged_rank=1), case([[True], [False, True]]),
            case([[[1, 2]], [[3, 4], [5, 6]]], inner_shape=(2,)), case([1, 2]), case([[], []]),
            case([[1, 2], [3]], dtype="float64", row_splits_dtype="int32"),
            case([[1, 2], [3, 4]], ragged_rank=0),
        ],
        errors=[
            error("ValueError", [1, [2]], message="several depths"),
            error("ValueError", [[1], [[]]], message="nested deeper"),
            error("ValueError", [[1]], ragged_rank=2), error("ValueError", 5, ragged_rank=1),
            error("ValueError", [[1], [2, 3]], ragged_rank=-1, message="below 0"),
            error("ValueError", [[[1, 2], [3]]], ragged_rank=1, message="one length"),
        ],
    ),
    Operation(
        name="ragged.range", reference=_range,
        cases=[
            case([3, 0, 2]), case(2, [5, 1, 2], [1, -1, 1]), case([0, 5, 8], [3, 3, 12], 2),
            case(3), case([0.0, 1.0], [1.0, 2.0], 0.25), case([5], [1], [-2]),
            case([1], [3], dtype="int64", row_splits_dtype="int32"),
            case(np.array([1, 2]), np.array([4, 2])), case(np.array([0], np.int32), [2.5]),
        ],
        errors=[
            error("InvalidArgumentError", [1, 2], [1, 2, 3], message="one size"),
            error("InvalidArgumentError", [1], [3], [0], message="must not be 0"),
        ],
    ),
    Operation(
        name="ragged.stack", reference=_stack,
        cases=[
            case([integers(2), integers(3), integers(0)]), case([TWO, TWO]),
            case([TWO, TWO], axis=1),
            case([TWO, TWO], axis=2), case([THREE, THREE], axis=1), case([WORDS, WORDS]),
            case([integers(2), integers(2)], axis=1), case([integers(1, 2), integers(2, 3)]),
            case([TWO, integers(2, 2)]),
        ],
        gradient=[case([FLOATS, FLOATS], axis=1),
                  case([normal(2, dtype="f8"), normal(1, dtype="f8")])],
        errors=[
            error("ValueError", [], message="at least one"),
            error("ValueError", [TWO, integers(2)], message="one rank"),
        ],
    ),
    Operation(
        name="ragged.boolean_mask", reference=_mask,
        cases=[
            case(integers(2, 3), booleans(2, 3)), case(integers(2, 3), np.array([True, False])),
            case(TWO, np.array([True, False, True])), case(normal(3), booleans(3)),
            case(TWO, ragged([[True, False], [], [False, True, True]], dtype=bool)),
            case(THREE, ragged([[True], [], [False, True]], dtype=bool)),
            case(THREE, ragged([[[True, False]], [], [[], [False, True, True]]], 2, bool)),
            case(normal(2, 2, 2), booleans(2, 2, 2)),
        ],
        gradient=[case(FLOATS, ragged([[True, False], [], [False, True, True]], dtype=bool)),
                  case(normal(2, 2, dtype="f8"), np.array([[True, False], [True, True]]))],
        errors=[
            error("TypeError", integers(2), [1, 0], message="must be bool"),
            error("ValueError", integers(2), np.array(True), message="from 1 to 1 dimensions"),
            error("ValueError", TWO, [True, False], message="as many rows"),
            error("InvalidArgumentError", TWO, ragged([[True], [], [True] * 3], dtype=bool),
                  message="same lengths"),
        ],
    ),
    Operation(
        name="ragged.row_splits_to_segment_ids",
        reference=lambda s, out_type=None: np.repeat(np.arange(len(s) - 1), np.diff(s)).astype(
            out_type or getattr(s, "dtype", np.int64)),
        cases=[
            case([0, 3, 3, 5]), case(np.array([0, 2], np.int32)), case([0]),
            case([0, 1, 4], out_type="int32"),
        ],
        errors=[error("ValueError", [], message="no elements"),
                error("ValueError", [0.0, 1.0], message="int32 or int64")],
    ),
    Operation(
        name="ragged.segment_ids_to_row_splits",
        reference=lambda ids, n=None, out_type=None: np.asarray(
            summed(np.bincount(np.asarray(ids, np.int64), minlength=n or 0)),
            out_type or getattr(ids, "dtype", np.int64)),
        cases=[
            case([0, 0, 2]), case([0, 0, 2], 5), case(np.array([1, 1], np.int32)),
            case([0, 0, 2], 5, out_type="int32"), case(np.zeros(0, np.int64), 2),
        ],
        errors=[error("ValueError", [[0]], message="must be a vector")],
    ),
    Operation(
        name="ragged.stack_dynamic_partitions", reference=_partitions,
        cases=[
            case(strings("a", "b", "c"), np.array([1, 0, 1], np.int32), 2),
            case(integers(2, 2), np.array([[1, 0], [1, 1]], np.int32), 3),
            case(TWO, np.array([1, 0, 1], np.int32), 2),
            case(TWO, ragged([[1, 0], [], [1, 1, 2]]), 3),
            case(normal(3, 2), np.array([0, 1, 0]), 2),
        ],
        gradient=[case(normal(3, 2, dtype="f8"), np.array([0, 1, 0]), 2)],
        errors=[error("InvalidArgumentError", integers(2), np.array([1, 5], np.int32), 2,
                      message=r"\[0, 2\)")],
    ),
    Operation(
        name="ragged.cross", reference=_cross,
        cases=[
            case([_LETTERS, _PAIRS]), case([_PAIRS, _PAIRS, _LETTERS]),
            case([integers(2, 1), _PAIRS]), case([ragged([[1], []], dtype=np.int64), _LETTERS]),
            case([_LETTERS, Sparse(np.array([[0, 0], [0, 1]]), strings("p", "q"), (2, 2))]),
        ],
        errors=[error("InvalidArgumentError", [integers(2)], message="rank 2"),
                error("InvalidArgumentError", [TWO, _PAIRS], message="as many rows")],
    ),
    Operation(
        name="ragged.cross_hashed",
        # Hashes as TensorFlow gives them.
        reference=lambda inputs, num_buckets: ragged([[82], [61, 41]], dtype=np.int64),
        cases=[case([ragged([["a"], ["b", "c"]], dtype=object),
                     ragged([["d"], ["e"]], dtype=object)], num_buckets=100)],
    ),
]  # fmt: skip
