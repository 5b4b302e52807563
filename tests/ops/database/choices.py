"""Elements chosen by truth values, by order or by number."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import (
    Operation,
    booleans,
    case,
    complexes,
    error,
    integers,
    normal,
    strings,
)

_X = np.array([[0.3, -1.2, 2.5, 0.9], [1.5, 0.1, -0.7, -2.0]])
_TIES = np.array([2, 1, 2, 1, 3], "i4")


def _int(*numbers: int) -> np.ndarray:
    return np.array(numbers, "i4")


def _where(condition: Any, x: Any = None, y: Any = None) -> np.ndarray:
    if x is None:
        return np.argwhere(condition).astype(np.int64)
    return np.where(condition, x, y)


def _boolean_mask(tensor: Any, mask: Any, axis: int = 0) -> np.ndarray:
    chosen = np.asarray(mask).astype(bool)
    moved = np.reshape(tensor, (*tensor.shape[:axis], -1, *tensor.shape[axis + chosen.ndim :]))
    return np.compress(chosen.reshape(-1), moved, axis)


def _sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = "bool") -> np.ndarray:
    longest = max(np.max(lengths, initial=0), 0) if maxlen is None else maxlen
    return (np.arange(longest) < np.asarray(lengths)[..., None]).astype(dtype)


def _partition(data: Any, partitions: Any, num_partitions: int) -> list[np.ndarray]:
    return [np.asarray(data)[np.asarray(partitions) == i] for i in range(num_partitions)]


def _stitch(indices: Any, data: Any) -> np.ndarray:
    inner = data[0].shape[indices[0].ndim :]
    size = max((int(i.max()) + 1 for i in indices if i.size), default=0)
    result = np.zeros((size, *inner), data[0].dtype)
    for places, parts in zip(indices, data, strict=True):
        for at in np.ndindex(*places.shape):
            result[places[at]] = parts[at]
    return result


def _argsort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", stable: bool = False
) -> Any:
    keys = np.asarray(values)
    if direction == "DESCENDING":
        keys = -keys.astype(np.float64)
    return np.argsort(keys, axis, kind="stable").astype(np.int32)


def _sort(values: Any, axis: int = -1, direction: str = "ASCENDING") -> Any:
    return np.take_along_axis(values, _argsort(values, axis, direction), axis)


def _top_k(input: Any, k: int = 1, sorted: bool = True, index_type: Any = "int32") -> Any:
    order = _argsort(input, -1, "DESCENDING")[..., :k]
    return np.take_along_axis(input, order, -1), order.astype(index_type)


def _in_top_k(targets: Any, predictions: Any, k: int) -> np.ndarray:
    found = []
    for target, row in zip(targets, predictions, strict=True):
        sound = 0 <= target < len(row) and np.all(np.isfinite(row))
        found.append(bool(sound and np.sum(row > row[target]) < k))
    return np.array(found, bool)


def _searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = "int32"
) -> np.ndarray:
    found = np.zeros(values.shape, out_type)
    for at in np.ndindex(*values.shape[:-1]):
        found[at] = np.searchsorted(sorted_sequence[at], values[at], side)
    return found


def _unique(x: Any, out_idx: Any = "int32") -> tuple[np.ndarray, ...]:
    values = list(dict.fromkeys(x.tolist()))
    y = np.empty(len(values), x.dtype)
    y[:] = values
    idx = np.array([values.index(v) for v in x.tolist()], out_idx)
    return y, idx, np.array([x.tolist().count(v) for v in values], out_idx)


_TOP = {
    "reference": _top_k,
    "cases": [
        case(normal(5), 2), case(normal(2, 3), 3), case(_TIES, 4), case(normal(2, 3)),
        case(normal(2, 0), 0), case(normal(4), 2, sorted=True), case(integers(6, dtype="i8"), 3),
        case(normal(3, dtype="f8"), 2), case(normal(2, 80), 3),
        case(normal(4), 2, index_type="int64"),
    ],
    "gradient": [case(_X, 2)],
    "errors": [
        error("ValueError", [1, 2, 3], 4, message="k must be from 0 to 3"),
        error("ValueError", [1, 2, 3], -1, message="k must be from 0"),
        error("ValueError", 1, 1, message="rank 1 or more"),
    ],
}  # fmt: skip
_IN_TOP = {
    "reference": _in_top_k,
    "no_gradient": "the result is bool",
    "cases": [
        case(np.array([0, 1, 2]), np.array([[1, 1, 0], [0, np.nan, 2], [np.inf, 0, 1]], "f4"), 1),
        case(np.array([5, -1]), normal(2, 3), 1),
        case(np.array([0, 2, 1], "i8"), normal(3, 4), 2),
        case(np.zeros(0, "i4"), normal(0, 3), 1),
        case(np.array([1]), normal(1, 3), 0),
    ],
    "errors": [error("ValueError", [0, 1], [[1.0, 1.0, 0.0]], 1, message="(?i)shapes|must")],
}

OPERATIONS = [
    Operation(
        name="where", reference=_where,
        cases=[
            case(booleans(5)), case(booleans(2, 3, 2)), case(np.array([0.0, 3.0, -0.5], "f4")),
            case(np.zeros((0, 2), bool)), case(np.array([0, 2, 0])),
            case(booleans(2, 3), normal(2, 3), normal(2, 3, seed=1)),
            case(booleans(2, 1), normal(3), np.array(0.0, "f4")),
            case(booleans(3), strings("a", "b", "c"), strings("d", "e", "f")),
            case(booleans(3), complexes(3), complexes(3, seed=1)),
            case(booleans(2), integers(2), integers(2, seed=1)),
        ],
        gradient=[case(booleans(2, 4), _X, np.array(1.5))],
        errors=[
            error("ValueError", [True, False], [1, 2], None, message="both x and y"),
            error("ValueError", True, message="rank 1 or more"),
            error("Exception", strings("a"), message="where: the condition"),
            error("TypeError", [1, 0], 2, 3),
        ],
    ),
    Operation(
        name="boolean_mask", reference=_boolean_mask,
        cases=[
            case(normal(4), np.array([True, False, True, True])),
            case(normal(2, 3), np.array([False, True])),
            case(normal(2, 3), np.array([True, False, True]), axis=1),
            case(normal(2, 3), booleans(2, 3)), case(normal(2, 3, 2), booleans(2, 3)),
            case(normal(3), np.zeros(3, bool)), case(strings("a", "b"), np.array([False, True])),
            case(normal(0), np.zeros(0, bool)),
        ],
        gradient=[case(_X, _X > 0), case(_X, np.array([True, False, True, True]), axis=1)],
        errors=[
            error("ValueError", [1, 2, 3], [True, False], message="shape of the mask"),
            error("ValueError", [1, 2, 3], True, message="cannot be scalar"),
        ],
    ),
    Operation(
        name="sequence_mask", reference=_sequence_mask, no_gradient="the result is a mask",
        cases=[
            case(np.array([1, 3, 0])), case(np.array([[1, 3], [2, 0]]), 4, "float32"),
            case(np.array(2), 3), case(np.array([1, 2], "i8")), case(np.array([5, 1]), 2),
            case(np.zeros(0, "i4"), 3), case(np.array([1, 2]), 3, dtype="int32"),
        ],
        errors=[error("ValueError", [1, 2], [3], message="maxlen must be a single number")],
    ),
    Operation(
        name="dynamic_partition", reference=_partition,
        cases=[
            case(normal(4), _int(0, 2, 0, 1), 3), case(normal(3, 2), _int(1, 1, 1), 2),
            case(normal(2, 2), _int(0, 1, 1, 0).reshape(2, 2), 2),
            case(normal(0), np.zeros(0, "i4"), 2),
            case(strings("a", "b"), _int(1, 0), 2),
        ],
        gradient=[case(_X.T.copy(), _int(0, 1, 1, 0), 2)],
        errors=[
            error("ValueError", [10, 20], [0, 2], 2, message="partition number 2"),
            error("ValueError", [1, 2], [0], 2, message="must begin that of data"),
            error("ValueError", [1, 2], [0, 0], 0, message="at least 1"),
        ],
    ),
    Operation(
        name="dynamic_stitch", reference=_stitch,
        cases=[
            case([_int(0, 2), _int(1)], [normal(2), normal(1)]),
            case([_int(0, 2), _int(2, 4)], [normal(2, 3), normal(2, 3, seed=1)]),
            case([np.array(1, "i4"), _int(0, 2)[:, None]], [normal(2), normal(2, 1, 2)]),
            case([_int(1, 0)], [integers(2)]),
        ],
        # The number of dimensions of each part is known, but sizes must agree.
        gradient=[case([_int(0, 2), _int(1)], [normal(2, dtype="f8"), normal(1, dtype="f8")])],
        errors=[
            error("ValueError", [[0], [-1]], [[1], [3]], message="index -1"),
            error("ValueError", [[0]], [[1], [3]], message="as many indices as data"),
            error("ValueError", [], [], message="one tensor or more"),
        ],
    ),
    Operation(
        name="sort", reference=_sort,
        cases=[
            case(normal(5)), case(normal(2, 3), 0), case(normal(2, 3), direction="DESCENDING"),
            case(_TIES), case(integers(4, low=0, dtype="u1")), case(normal(0)),
            case(np.array([np.inf, 1, -np.inf], "f4")), case(normal(2, 3, 2, dtype="f8"), axis=1),
            case(normal(4, dtype="f2")),
        ],
        gradient=[case(_X), case(_X, 0, "DESCENDING")],
        errors=[
            error("ValueError", [3, 1], direction="UP", message="direction must be"),
            error("ValueError", [3, 1], 2, message="axis 2"),
            error("ValueError", 3, message="rank 1 or more"),
        ],
    ),
    Operation(
        name="argsort", reference=_argsort, no_gradient="places are whole numbers",
        cases=[
            case(normal(5)), case(normal(2, 3), 0), case(_TIES, direction="DESCENDING"),
            case(_TIES, stable=True), case(normal(2, 3, 2), axis=1, direction="DESCENDING"),
        ],
        errors=[error("ValueError", [3, 1], direction="down", message="direction must be")],
    ),
    Operation(name="math.top_k", **_TOP), Operation(name="nn.top_k", **_TOP),
    Operation(name="math.in_top_k", **_IN_TOP), Operation(name="nn.in_top_k", **_IN_TOP),
    Operation(
        name="searchsorted", reference=_searchsorted, no_gradient="places are whole numbers",
        cases=[
            case(np.array([1, 3, 5, 7]), np.array([0, 3, 8])),
            case(np.array([1, 3, 3, 7.5], "f4"), np.array([3, 9], "f4"), "right", "int64"),
            case(np.array([[1, 3], [5, 7]]), np.array([[0, 3, 8], [5, 6, 7]])),
            case(np.array([1.0, 2.0]), np.array([1.5]), side="right"),
        ],
        errors=[
            error("ValueError", [1.0, 3.0], [2.0], "mid", message="side must be"),
            error("ValueError", [[1, 3], [5, 7]], [0, 3], message="must agree"),
        ],
    ),
    Operation(
        name="unique", reference=lambda x, out_idx="int32": _unique(x, out_idx)[:2],
        no_gradient="which elements are equal does not vary smoothly",
        cases=[
            case(np.array([1, 1, 2, 4, 4, 1])), case(np.array([2.5, -1, 2.5], "f4")),
            case(strings("b", "a", "b")), case(np.zeros(0, "i4")),
            case(np.array([3, 3], "i8"), "int64"), case(np.array([True, False, True])),
        ],
        errors=[error("ValueError", [[1]], message="expected a vector")],
    ),
    Operation(
        name="unique_with_counts", reference=_unique,
        no_gradient="which elements are equal does not vary smoothly",
        cases=[
            case(np.array([1, 1, 2, 4, 4, 1])), case(strings("b", "a", "b"), "int64"),
            case(np.array([2.5, -1, 2.5], "f4")),
        ],
        errors=[error("ValueError", [[1]], message="expected a vector")],
    ),
    Operation(
        name="unravel_index",
        reference=lambda indices, dims: np.array(np.unravel_index(indices, tuple(dims))).astype(
            np.asarray(indices).dtype
        ),
        cases=[
            case(np.array([2, 5, 7]), [3, 3]), case(np.array(7), [3, 3]),
            case(np.array([0, 23], "i8"), np.array([2, 3, 4], "i8")),
        ],
        # The number of dimensions must be known.
        unknown_shapes=False,
        errors=[
            error("ValueError", [9], [3, 3], message="index 9 is outside"),
            error("ValueError", [[1, 2]], [3, 3], message="scalar or vector"),
        ],
    ),
    Operation(
        name="math.invert_permutation", reference=lambda x: np.argsort(x).astype(x.dtype),
        cases=[
            case(np.array([2, 0, 1])), case(np.array([1, 0], "i8")), case(np.zeros(0, "i4")),
        ],
        errors=[
            error("ValueError", [2, 0, 2], message="there twice"),
            error("ValueError", [2, 0, 3], message="3 is outside"),
        ],
    ),
]  # fmt: skip
