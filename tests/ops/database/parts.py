"""Parts of arrays: slices, joins, cuts, paddings; and parts at places that are data."""

from __future__ import annotations

from collections.abc import Callable
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

_X = normal(2, 3, 4, dtype="f8")


def _block(x: Any, begin: Any, size: Any) -> np.ndarray:
    return np.asarray(x)[
        tuple(slice(b, None if s == -1 else b + s) for b, s in zip(begin, size, strict=True))
    ]


def _split(value: Any, num_or_size_splits: Any, axis: int = 0) -> list[np.ndarray]:
    sizes = num_or_size_splits
    if isinstance(sizes, int):
        return np.split(value, sizes, axis)
    rest = np.shape(value)[axis] - sum(s for s in sizes if s != -1)
    cuts = np.cumsum([rest if s == -1 else s for s in sizes])[:-1]
    return np.split(value, cuts, axis)


def _pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0
) -> np.ndarray:
    if np.asarray(tensor).dtype == object:
        filler = str(constant_values or "").encode()
        padded = np.pad(tensor, paddings, constant_values=None)
        return np.array([filler if s is None else s for s in padded], object)
    if mode.upper() == "CONSTANT":
        return np.pad(tensor, paddings, constant_values=constant_values)
    return np.pad(tensor, paddings, mode.lower())


def _gather(params: Any, indices: Any, axis: Any = None, batch_dims: int = 0) -> np.ndarray:
    batch = batch_dims % max(np.ndim(indices), 1) if batch_dims < 0 else batch_dims
    where = batch if axis is None else axis % np.ndim(params)
    if not batch:
        return np.take(params, indices, where)
    return np.stack(
        [_gather(p, i, where - 1, batch - 1) for p, i in zip(params, indices, strict=True)]
    )


def _gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> np.ndarray:
    if batch_dims:
        pairs = zip(params, indices, strict=True)
        return np.stack([_gather_nd(p, i, batch_dims - 1) for p, i in pairs])
    return np.asarray(params)[tuple(np.moveaxis(indices, -1, 0))]


def _scattered(
    choose: Callable[[Any, Any], Any], x: np.ndarray, indices: Any, updates: Any
) -> np.ndarray:
    result = np.array(x)
    for at in np.ndindex(*np.shape(indices)[:-1]):
        place = tuple(indices[at])
        result[place] = choose(result[place], updates[at])
    return result


def _scatter_nd(indices: Any, updates: Any, shape: Any) -> np.ndarray:
    return _scattered(lambda a, b: a + b, np.zeros(shape, updates.dtype), indices, updates)


def _scatter(op: Callable[[Any, Any], Any]) -> Callable[..., np.ndarray]:
    return lambda tensor, indices, updates: _scattered(op, tensor, indices, updates)


_PLACES = np.array([[2], [0]])
_TWICE = np.array([[1], [3], [1]])


def _updates(name: str, op: Callable[[Any, Any], Any], twice: bool, **rest: Any) -> Operation:
    at = _TWICE if twice else _PLACES
    return Operation(
        name=name, reference=_scatter(op),
        cases=[
            case(normal(4), at, normal(len(at))), case(normal(4, 2), at, normal(len(at), 2)),
            case(integers(4, 2), np.array([[0, 1], [3, 0]]), integers(2)),
            case(normal(2, 3), np.array([[[0, 1]], [[1, 2]]], "i8"), normal(2, 1)),
            case(normal(3), np.zeros((0, 1), "i4"), normal(0)),
        ],
        gradient=[case(normal(4, 2, dtype="f8"), at, normal(len(at), 2, dtype="f8", seed=3))],
        errors=[
            error("ValueError", [1, 2, 3], [[0], [5]], [1, 2], message="outside"),
            error("ValueError", [1, 2, 3], [[0]], [1, 2], message="updates must have shape"),
        ],
        **rest,
    )  # fmt: skip


OPERATIONS = [
    Operation(
        name="slice", reference=_block,
        cases=[
            case(normal(2, 3), [0, 1], [2, 2]), case(normal(2, 3), [1, 0], [-1, -1]),
            case(normal(4), [1], [0]), case(normal(4), [4], [0]),
            case(normal(5), np.array([2]), [3]), case(strings("a", "b", "c"), [1], [-1]),
        ],
        # The number of dimensions that are cut must be known.
        unknown_shapes=False,
        gradient=[case(_X, [0, 1, 0], [2, 2, -1]), case(_X, np.array([0, 1, 2]), [1, 2, 2])],
        errors=[
            error("ValueError", [1, 2, 3], [1], [5], message="outside dimension 0"),
            error("ValueError", [1, 2, 3], [4], [0], message="outside dimension 0"),
            error("ValueError", [1, 2, 3], [-1], [1], message="outside dimension 0"),
            error("ValueError", [1, 2, 3], [0], [-2], message="outside dimension 0"),
            error("ValueError", [1, 2, 3], [1, 0], [1, 1], message="needs 1 numbers"),
        ],
    ),
    Operation(
        name="strided_slice",
        reference=lambda x, begin, end, strides=None, **masks: _strided(
            x, begin, end, strides, masks
        ),
        cases=[
            case(normal(5), [1], [4], [2]), case(normal(5), [4], [0], [-2]),
            case(normal(2, 3), [0], [1]),
            case(normal(2, 3), [0, 1], [1, 0], [1, 1], shrink_axis_mask=2),
            case(normal(2, 3), [0, 0], [0, 1], [1, 1], new_axis_mask=1),
            case(normal(2, 3), [1, 0], [0, 1], [1, 1], end_mask=1),
            case(normal(2, 3), [1, 1], [2, 2], [1, 1], begin_mask=2),
            case(normal(2, 3, 4), [0, 0, 1], [0, 0, 3], [1, 1, 1], ellipsis_mask=2, end_mask=1),
            case(strings("a", "b", "c"), [-2], [3], [1]),
        ],
        gradient=[case(_X, [0, 2, 0], [2, 0, 4], [1, -1, 3])],
        errors=[error("ValueError", [1, 2], [0], [1], [0], message="step .* must not be 0")],
    ),
    Operation(
        name="concat", reference=lambda values, axis: np.concatenate(values, axis),
        cases=[
            case([normal(2, 3), normal(1, 3)], 0), case([normal(2, 3), normal(2, 1)], -1),
            case([normal(0, 2), normal(3, 2)], 0), case([normal(3)], 0),
            case([strings("a"), strings("b", "c")], 0), case([complexes(2), complexes(1)], 0),
            case([booleans(2), booleans(3), booleans(1)], 0), case([integers(2, 1)] * 3, 1),
        ],
        gradient=[case([_X, normal(2, 1, 4, dtype="f8"), _X], 1)],
        errors=[
            error("ValueError", [[1], [2]], 1, message="axis 1"),
            error("ValueError", [1, 2], 0, message="rank 0"),
            error("ValueError", [[[1, 2]], [[3]]], 0, message="concat: operands must agree"),
            error("TypeError", [[1], [2.0]], 0),
            error("ValueError", [normal(2), integers(2)], 0, message="agree in dtype"),
        ],
    ),
    Operation(
        name="stack", reference=lambda values, axis=0: np.stack(values, axis),
        cases=[
            case([normal(2, 3), normal(2, 3)]), case([normal(2, 3), normal(2, 3)], 1),
            case([normal(2), normal(2), normal(2)], axis=-1), case([np.array(1.0), np.array(2.0)]),
            case([strings("a"), strings("b")]), case([integers(2)], 1),
        ],
        gradient=[case([_X, _X * 2], 2)],
        errors=[
            error("ValueError", [1, 2], 2, message="axis 2"),
            error("ValueError", [normal(1), normal(2)], message="(?i)shape"),
        ],
    ),
    Operation(
        name="unstack",
        reference=lambda value, num=None, axis=0: list(np.moveaxis(value, axis, 0)),
        cases=[
            case(normal(2, 3)), case(normal(2, 3), axis=1), case(normal(2, 3), 3, -1),
            case(normal(0, 2)), case(strings("a", "b").reshape(1, 2), axis=0),
        ],
        # How many tensors there are must be known.
        unknown_shapes=False,
        gradient=[case(_X, axis=1)],
        errors=[
            error("ValueError", [1, 2], 3, message="num=3"),
            error("ValueError", 1, message="axis 0"),
        ],
    ),
    Operation(
        name="split", reference=_split,
        cases=[
            case(normal(4, 2), 2), case(normal(4, 2), 4), case(normal(2, 6), [1, 2, 3], 1),
            case(normal(5), [1, -1, 2]), case(normal(2, 3), 3, axis=-1), case(normal(0, 2), 2, 1),
            case(normal(4), [4]), case(strings("a", "b"), 2),
        ],
        gradient=[case(_X, [1, 3], 2)],
        errors=[
            error("ValueError", [1, 2, 3, 4], 3, message="not a multiple of 3"),
            error("ValueError", [1, 2, 3, 4], [1, 2], message="do not add up"),
            error("ValueError", [1, 2, 3, 4], [1, -1, -1], message="at most one"),
            error("ValueError", [1, 2], 2, axis=1, message="axis 1"),
        ],
    ),
    Operation(
        name="pad", reference=_pad,
        cases=[
            case(normal(3), [[1, 2]]), case(normal(2, 3), [[0, 1], [2, 0]]),
            case(normal(3), [[2, 1]], "REFLECT"), case(normal(3), [[3, 2]], "SYMMETRIC"),
            case(normal(3, 4), [[1, 1], [2, 0]], "REFLECT"),
            case(normal(2, 3), [[1, 0], [0, 3]], "symmetric"),
            case(integers(3), [[1, 1]], constant_values=7), case(normal(0), [[1, 1]]),
            case(normal(2), [[1, 1]], constant_values=-1.5), case(strings("a"), [[1, 1]]),
            case(booleans(2), [[0, 2]]), case(complexes(2), [[1, 0]]),
            case(strings("a"), [[1, 0]], constant_values="z"),
        ],
        gradient=[
            case(_X, [[0, 1], [2, 0], [1, 1]]), case(_X, [[1, 0], [2, 1], [0, 3]], "REFLECT"),
            case(_X, [[2, 1], [0, 0], [4, 1]], "SYMMETRIC"),
        ],
        errors=[
            error("ValueError", [1, 2, 3], [[3, 1]], "REFLECT", message="must be below its size"),
            error("ValueError", [1, 2, 3], [[4, 1]], "SYMMETRIC", message="be at most its size"),
            error("ValueError", [1, 2, 3], [[1, 1]], "EDGE", message="mode must be one of"),
            error("ValueError", [1, 2, 3], [[-1, 1]], message="0 or more"),
            error("ValueError", [1, 2, 3], [[1, 1], [1, 1]], message="needs 1 pairs"),
            error("ValueError", [1, 2, 3], [1, 1], message="pairs"),
            error("TypeError", [1], [[1, 1]], constant_values=2.5),
        ],
    ),
    Operation(
        name="gather", reference=_gather,
        cases=[
            case(normal(5), np.array([3, 0, 3])), case(normal(3, 4), np.array([[2], [0]])),
            case(normal(3, 4), np.array([1, 1]), axis=1), case(normal(3, 4), np.array(2)),
            case(normal(2, 3, 4), np.array([0, 2]), axis=-2), case(normal(3), np.zeros(0, "i4")),
            case(normal(2, 3), np.array([[1], [0]]), batch_dims=1),
            case(normal(2, 3, 4), np.array([[1, 0], [3, 3]]), axis=2, batch_dims=1),
            case(normal(2, 3, 4), integers(2, 3, 2, low=0, high=3), batch_dims=-1),
            case(strings("a", "b"), np.array([1, 0])), case(complexes(3), np.array([2], "i8")),
            case(booleans(3), np.array([1, 2], "i8")),
        ],
        gradient=[
            case(_X, np.array([2, 0, 2]), axis=1),
            case(_X, np.array([[1, 0], [2, 2]]), axis=1, batch_dims=1),
        ],
        errors=[
            error("ValueError", [1, 2, 3], [0, 5], message="outside"),
            error("ValueError", [1, 2, 3], [-1], message="outside"),
            error("Exception", [1, 2, 3], [0.0], message="indices must be integers"),
        ],
    ),
    Operation(
        name="gather_nd", reference=_gather_nd,
        cases=[
            case(normal(2, 3), np.array([[0, 1], [1, 2]])), case(normal(2, 3), np.array([[1]])),
            case(normal(2, 3), np.array([1, 0])), case(normal(2, 3, 4), np.array([[[0, 1]]], "i8")),
            case(normal(2, 3), np.array([[2], [0]]), batch_dims=1),
            case(normal(2, 3, 4), np.array([[[2, 0]], [[0, 1]]]), batch_dims=1),
            case(strings("a", "b"), np.array([[1], [0]])), case(normal(3), np.zeros((0, 1), "i4")),
        ],
        # How many dimensions an index names must be known.
        unknown_shapes=False,
        gradient=[
            case(_X, np.array([[0, 1], [1, 2], [0, 1]])),
            case(_X, np.array([[2], [2]]), batch_dims=1),
        ],
        errors=[
            error("ValueError", [[1, 2], [3, 4]], [[2, 0]], message="outside"),
            error("ValueError", [[1, 2], [3, 4]], [[0, 1, 0]], message="indices"),
        ],
    ),
    Operation(
        name="scatter_nd", reference=_scatter_nd,
        cases=[
            case(_TWICE, normal(3), [5]), case(_TWICE, normal(3, 2), [4, 2]),
            case(np.array([[0, 1], [1, 1]]), integers(2), [2, 2]),
            case(np.zeros((0, 1), "i4"), normal(0), [3]), case(_PLACES, complexes(2), [3]),
            case(np.array([[[0], [1]]], "i8"), normal(1, 2, 3), [2, 3]),
        ],
        unknown_shapes=False,
        gradient=[case(_TWICE, normal(3, 2, dtype="f8"), [4, 2])],
        errors=[
            error("ValueError", [[0], [5]], [1, 2], [3], message="outside"),
            error("ValueError", [[0]], [1, 2], [3], message="updates must have shape"),
        ],
    ),
    _updates("tensor_scatter_nd_update", lambda a, b: b, twice=False, unknown_shapes=False),
    _updates("tensor_scatter_nd_add", lambda a, b: a + b, twice=True, unknown_shapes=False),
    _updates("tensor_scatter_nd_sub", lambda a, b: a - b, twice=True, unknown_shapes=False),
    _updates("tensor_scatter_nd_max", np.maximum, twice=True, unknown_shapes=False),
    _updates("tensor_scatter_nd_min", np.minimum, twice=True, unknown_shapes=False),
]  # fmt: skip


def _strided(x: Any, begin: Any, end: Any, strides: Any, masks: dict[str, int]) -> np.ndarray:
    key: list[Any] = []
    for i, (b, e) in enumerate(zip(begin, end, strict=True)):
        bit = 1 << i
        if masks.get("ellipsis_mask", 0) & bit:
            key.append(...)
        elif masks.get("new_axis_mask", 0) & bit:
            key.append(None)
        elif masks.get("shrink_axis_mask", 0) & bit:
            key.append(b)
        else:
            first = None if masks.get("begin_mask", 0) & bit else b
            last = None if masks.get("end_mask", 0) & bit else e
            key.append(slice(first, last, strides[i] if strides else None))
    return np.asarray(x)[tuple(key)]
