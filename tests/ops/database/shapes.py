"""Shapes and the order of elements."""

from __future__ import annotations

import math
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


def _vector(*numbers: int, dtype: Any = "i4") -> np.ndarray:
    return np.array(numbers, dtype)


def _transpose(a: Any, perm: Any = None, conjugate: bool = False) -> np.ndarray:
    return np.transpose(np.conj(a) if conjugate else a, perm)


def _reshape(x: Any, shape: Any) -> np.ndarray:
    if not x.size and -1 in shape and 0 in shape:  # the sizes that are not 0 decide
        known = math.prod(n for n in shape if n > 0)
        size = math.prod(n for n in x.shape if n) // known
        shape = [size if n == -1 else n for n in shape]
    return np.reshape(x, shape)


def _shape(input: Any, out_type: Any = "int32") -> np.ndarray:
    return np.array(np.shape(input), out_type)


def _repeat(input: Any, repeats: Any, axis: Any = None) -> np.ndarray:
    return np.repeat(input, repeats, axis)


OPERATIONS = [
    Operation(
        name="shape", reference=_shape, no_gradient="a shape does not vary",
        cases=[
            case(normal(2, 3)), case(np.float32(1)), case(normal(0, 2)), case(strings("a")),
            case(integers(2), out_type="int64"),
        ],
    ),
    Operation(
        name="shape_n", reference=lambda xs, out_type="int32": [_shape(x, out_type) for x in xs],
        no_gradient="a shape does not vary",
        cases=[case([normal(2, 3), normal(1)]), case([normal(2), normal(0)], out_type="int64")],
    ),
    Operation(
        name="size", reference=lambda x, out_type="int32": np.array(np.size(x), out_type),
        no_gradient="a number of elements does not vary",
        cases=[case(normal(2, 3)), case(np.float32(1)), case(normal(0, 2)), case(booleans(2))],
    ),
    Operation(
        name="rank", reference=lambda x: np.array(np.ndim(x), "i4"),
        no_gradient="a rank does not vary",
        cases=[case(normal(2, 3)), case(np.float32(1)), case(strings("a"))],
    ),
    Operation(
        name="broadcast_dynamic_shape",
        reference=lambda x, y: np.array(np.broadcast_shapes(tuple(x), tuple(y)), x.dtype),
        cases=[
            case(_vector(2, 1), _vector(1, 3)), case(_vector(2, 1, 4), _vector(3, 1)),
            case(_vector(dtype="i8"), _vector(2, dtype="i8")), case(_vector(3), _vector(3)),
        ],
        # The ranks of the two shapes must be known.
        unknown_shapes=False,
        errors=[error("ValueError", [2, 2], [3, 1], message="do not broadcast")],
    ),
    Operation(
        name="identity", reference=lambda x: np.asarray(x),
        cases=[case(normal(2, 3)), case(strings("a", "b")), case(complexes(2)), case(booleans(2))],
        gradient=[case(_X)],
    ),
    Operation(
        name="identity_n", reference=lambda xs: [np.asarray(x) for x in xs],
        cases=[case([normal(2, 3), integers(2)]), case([normal(1)])], gradient=[case([_X, _X[0]])],
    ),
    Operation(
        name="guarantee_const", reference=lambda x: np.asarray(x),
        cases=[case(normal(2)), case(integers(2, 1))], no_gradient="it marks constants",
    ),
    Operation(
        name="ensure_shape", reference=lambda x, shape: x,
        cases=[
            case(normal(2, 3), [2, 3]), case(normal(2, 3), [None, 3]), case(normal(2), [None]),
            case(np.float32(1), []), case(strings("a"), [1]),
        ],
        gradient=[case(_X, [2, None, 4])],
        errors=[
            error("ValueError", [1, 2], [3], message="ensure_shape: .*not compatible"),
            error("ValueError", [1, 2], [None, None], message="not compatible"),
        ],
    ),
    Operation(
        name="reshape", reference=_reshape,
        cases=[
            case(normal(2, 3), [3, 2]), case(normal(2, 3), [-1]), case(normal(2, 3), [1, -1, 2]),
            case(normal(1), []), case(np.float32(1), [1, 1]), case(normal(0, 3), [3, 0]),
            case(normal(0, 3), [-1, 3]), case(strings("a", "b"), [2, 1]),
            case(complexes(4), [2, 2]), case(booleans(2, 2), [4]), case(normal(0, 5), [0, -1]),
            case(normal(0, 5), [-1, 0]), case(normal(0, 4, 3), [2, 0, -1]),
            case(normal(0), [0, -1]),
        ],
        gradient=[case(_X, [4, -1])],
        errors=[
            error("ValueError", [1, 2], [3], message="reshape: .*2 elements"),
            error("ValueError", [1, 2], [-1, -1], message="only one"),
            error("ValueError", [1, 2], [-2]),
        ],
    ),
    Operation(
        name="expand_dims", reference=np.expand_dims,
        cases=[
            case(normal(2, 3), 0), case(normal(2, 3), 1), case(normal(2, 3), -1),
            case(normal(2, 3), -3), case(np.float32(1), 0), case(normal(0), 1),
            case(strings("a"), 0),
        ],
        gradient=[case(_X, 2)],
        errors=[
            error("ValueError", [1], 3, message="axis 3"),
            error("ValueError", [1], -3, message="axis -3"),
            error("ValueError", [1], [0, 1], message="axis must be one number"),
        ],
    ),
    Operation(
        name="squeeze", reference=lambda x, axis=None: np.squeeze(
            x, tuple(axis) if isinstance(axis, list) else axis
        ),
        cases=[
            case(normal(1, 3, 1), [0]), case(normal(1, 3, 1), -1), case(normal(1, 3, 1), [0, 2]),
            case(normal(1, 1), [0, -1]), case(strings("a", "b").reshape(1, 2), 0),
        ],
        gradient=[case(_X[:1], 0)],
        errors=[
            error("ValueError", [[1, 2]], 1, message="squeeze: dimension 1"),
            error("ValueError", [[1, 2]], 5, message="axis 5"),
        ],
    ),
    Operation(
        name="transpose", reference=_transpose,
        cases=[
            case(normal(2, 3)), case(normal(2, 3, 4), [1, 2, 0]), case(normal(2, 3), [-1, 0]),
            case(np.float32(1)), case(normal(0, 2)), case(complexes(2, 3), conjugate=True),
            case(normal(2, 3), conjugate=True), case(strings("a", "b").reshape(1, 2)),
            case(complexes(2, 3, dtype="c16"), [0, 1], True),
        ],
        gradient=[
            case(_X, [2, 0, 1]), case(complexes(2, 3, dtype="c16"), [1, 0], True),
        ],
        errors=[
            error("ValueError", [[1, 2]], [0, 0], message="is not an order"),
            error("ValueError", [[1, 2]], [0], message="is not an order"),
        ],
    ),
    Operation(
        name="broadcast_to", reference=np.broadcast_to,
        cases=[
            case(normal(3), [2, 3]), case(normal(2, 1), [2, 4]), case(np.float32(2), [2, 2]),
            case(normal(1, 3), [2, 2, 3]), case(integers(1), [0]), case(booleans(2), [2]),
            case(complexes(1), [3]), case(strings("a"), [2]),
        ],
        gradient=[case(normal(2, 1, dtype="f8"), [3, 2, 4])],
        errors=[
            error("ValueError", [1, 2], [2, 3], message="broadcast_to: "),
            error("ValueError", [[1], [2]], [2], message="broadcast_to: "),
        ],
    ),
    Operation(
        name="reverse", reference=lambda x, axis: np.flip(x, axis),
        cases=[
            case(normal(3), [0]), case(normal(2, 3), [-1]), case(normal(2, 3), [0, 1]),
            case(normal(0, 2), [0]), case(normal(2), []), case(strings("a", "b"), [0]),
            case(booleans(2, 2), [1]),
        ],
        gradient=[case(_X, [0, 2])],
        errors=[
            error("ValueError", [1, 2], [1], message="axis 1"),
            error("ValueError", [[1, 2]], [0, 0], message="twice"),
        ],
    ),
    Operation(
        name="roll", reference=lambda x, shift, axis: np.roll(
            x, tuple(shift) if isinstance(shift, list) else shift,
            tuple(axis) if isinstance(axis, list) else axis,
        ),
        cases=[
            case(normal(5), 2, 0), case(normal(5), -7, 0), case(normal(2, 3), [1, -2], [0, 1]),
            case(normal(2, 3), [1, 1], [1, 1]), case(normal(2, 3), 1, -1), case(normal(0), 1, 0),
            case(integers(3), _vector(4).reshape(()), 0), case(complexes(3), 1, 0),
        ],
        gradient=[case(_X, [1, -1], [0, 2])],
        errors=[
            error("ValueError", [0, 1], 1, 1, message="axis 1"),
            error("ValueError", [0, 1], [1, 2], 0, message="2 shifts for 1"),
            error("ValueError", 1.0, 1, 0, message="rank 1 or more"),
        ],
    ),
    Operation(
        name="tile", reference=np.tile,
        cases=[
            case(normal(2), [3]), case(normal(2, 3), [2, 1]), case(normal(2, 3), [1, 0]),
            case(np.float32(1), []), case(normal(0, 2), [2, 2]), case(strings("a", "b"), [2]),
            case(booleans(2), [2]),
        ],
        gradient=[case(_X, [2, 1, 2])],
        errors=[
            error("ValueError", [1, 2], [-1], message="tile: a size"),
            error("ValueError", [1, 2], [1, 2], message="needs 1 multiples"),
        ],
    ),
    Operation(
        name="repeat", reference=_repeat,
        cases=[
            case(normal(3), 2), case(normal(2, 3), 2), case(normal(2, 3), [1, 0, 2], 1),
            case(normal(2, 3), [2, 1], 0), case(np.float32(3), 2), case(normal(2, 3), [2], -1),
            case(normal(2, 3), 0, 0), case(integers(3), _vector(2, 0, 1)),
            case(strings("a", "b"), 2), case(np.float32(3), 2, 0),
        ],
        gradient=[case(_X, 2, 1), case(_X, [2, 0, 1], 1)],
        errors=[error("ValueError", [1, 2], [1, 2, 3], message="needs as many counts")],
    ),
]  # fmt: skip
