"""Constants, fills, ranges, grids and one-hot vectors."""

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


def _like(value: int) -> Any:
    def reference(x: Any, dtype: Any = None) -> np.ndarray:
        array = np.asarray(x)
        kind = array.dtype if dtype is None else np.dtype(dtype)
        if kind.kind == "O":
            return np.full(array.shape, b"", object)
        return np.full(array.shape, value, kind)

    return reference


def _constant(value: Any, dtype: Any = None, shape: Any = None) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "US":
        found = np.empty(array.shape, object)
        found[...] = np.char.encode(array) if array.size else array
        return found.reshape(shape) if shape is not None else found
    default = {"f": "f4", "i": "i4"}.get(array.dtype.kind, array.dtype)
    array = array.astype(dtype or (array.dtype if isinstance(value, np.ndarray) else default))
    if shape is not None:
        array = np.full(shape, array) if array.size == 1 else array.reshape(shape)
    return array


def _range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> np.ndarray:
    if limit is None:
        start, limit = 0, start
    kinds = [np.asarray(v).dtype for v in (start, limit, delta) if isinstance(v, np.ndarray)]
    floating = any(isinstance(v, float) for v in (start, limit, delta))
    kind = dtype or (kinds[0] if kinds else "f4" if floating else "i4")
    return np.arange(start, limit, delta).astype(kind)


def _linspace(start: Any, stop: Any, num: int, axis: int = 0) -> np.ndarray:
    kind = np.asarray(start).dtype if isinstance(start, np.ndarray) else np.dtype("f4")
    kind = np.dtype("f8") if kind.kind == "i" else kind
    return np.linspace(start, stop, num, axis=axis).astype(kind)


def _eye(
    num_rows: int, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32"
) -> np.ndarray:
    matrix = np.eye(num_rows, num_columns, dtype=dtype)
    return np.broadcast_to(matrix, (*(batch_shape or ()), *matrix.shape))


def _one_hot(
    indices: Any, depth: int, on_value: Any = None, off_value: Any = None, axis: Any = None,
    dtype: Any = None,
) -> np.ndarray:  # fmt: skip
    index = np.asarray(indices).astype(np.int64)
    on = 1 if on_value is None else on_value
    off = 0 if off_value is None else off_value
    given = next((v for v in (on_value, off_value) if v is not None), 1.0)
    default = {float: "f4", int: "i4", bool: "?"}[type(given)]
    rows = np.where(index[..., None] == np.arange(depth), on, off).astype(dtype or default)
    return np.moveaxis(rows, -1, index.ndim if axis in {None, -1} else axis)


OPERATIONS = [
    Operation(
        name="constant", reference=_constant, no_gradient="it has no operands",
        cases=[
            case(3), case(2.5), case([[1, 2], [3, 4]]), case([1.5, 2]), case(True),
            case(["a", "bc"]), case([1, 2], "float64"), case(1, shape=[2, 3]),
            case([1, 2, 3, 4], shape=[2, 2]), case([], "int32"), case(normal(2, 3)),
            case(7, "int64", [0, 2]),
        ],
        errors=[
            error("ValueError", [[1], [2, 3]]), error("TypeError", 1.5, "int32"),
            error("TypeError", "a", "float32"), error("TypeError", [1, 2], shape=[2, 2]),
        ],
    ),
    Operation(
        name="fill", reference=lambda dims, value: np.full(dims, value),
        cases=[
            case([2, 3], np.float32(1.5)), case([], np.array(2, "i4")),
            case([0, 2], np.array(True)),
            case([3], np.array(1 + 2j, "c8")), case([1, 4], np.array(7, "i8")),
        ],
        gradient=[case([2, 3], np.array(1.5))],
        errors=[
            error("ValueError", [-1], 3.0, message="size"),
            error("ValueError", [2], [3.0, 4.0], message="fill: value"),
        ],
    ),
    Operation(
        name="zeros", reference=lambda shape, dtype="f4": _like(0)(np.empty(shape), dtype),
        cases=[
            case([2, 3]), case([]), case(3), case([0, 2], "int64"), case([2], "bool"),
            case([2], "complex64"), case([2], "float16"), case((1, 2), "uint8"),
        ],
        errors=[error("ValueError", [-1], message="zeros: a size")],
    ),
    Operation(
        name="ones", reference=lambda shape, dtype="f4": _like(1)(np.empty(shape), dtype),
        cases=[
            case([2, 3]), case([]), case(3), case([0, 2], "int64"), case([2], "bool"),
            case([2], "complex64"), case([2], "float16"),
        ],
        errors=[error("TypeError", [2], "string", message="ones: .*string")],
    ),
    Operation(
        name="zeros_like", reference=_like(0), no_gradient="the result is constant",
        cases=[
            case(normal(2, 3)), case(np.float64(2)), case(integers(0, 2)), case(booleans(3)),
            case(complexes(2)), case(strings("a", "b")), case(normal(2), dtype="int16"),
        ],
    ),
    Operation(
        name="ones_like", reference=_like(1), no_gradient="the result is constant",
        cases=[
            case(normal(2, 3)), case(np.array(2.0)), case(integers(0, 2)), case(booleans(3)),
            case(complexes(2)), case(normal(2), dtype="int16"),
        ],
        errors=[error("Exception", strings("a"), message="ones_like: .*string")],
    ),
    Operation(
        name="eye", reference=_eye,
        cases=[
            case(3), case(2, 3), case(3, 2, dtype="int32"), case(0), case(2, batch_shape=[2, 1]),
            case(2, 3, [2], "float64"), case(2, dtype="bool"), case(2, dtype="complex64"),
        ],
        errors=[
            error("ValueError", -2, message="eye: a size"),
            error("TypeError", 2, dtype="string", message="eye: .*string"),
        ],
    ),
    Operation(
        name="range", reference=_range, no_gradient="counting does not vary smoothly",
        cases=[
            case(5), case(3, 9, 2), case(5, 1, -2), case(0), case(2, 2), case(3.5),
            case(0.0, 1.0, 0.25), case(5, 0, -1), case(3, dtype="float64"),
            case(1, 4, dtype="int64"), case(np.array(4, "i8")),
            case(np.array(2), np.array(9), np.array(3)),
            case(np.array(0, "f4"), np.array(2, "f4"), np.array(0.5, "f4")),
            case(np.array(5, "f2")),
        ],
        errors=[
            error("ValueError", 0, 10, 0, message="delta must not be 0"),
            error("ValueError", 5, 1, message="wrong sign"),
            error("ValueError", [1, 2], message="single numbers"),
        ],
    ),
    Operation(
        name="linspace", reference=_linspace,
        cases=[
            case(0.0, 10.0, 3), case(0.0, 10.0, 1), case(1.0, 2.0, 7), case(0.0, 1.0, 0),
            case(normal(3), normal(3, seed=1), 4), case(normal(3), normal(3, seed=1), 4, axis=-1),
            case(normal(2, 3, dtype="f8"), normal(2, 3, dtype="f8", seed=1), 4, axis=1),
            case(np.array(5.0), np.array(-5.0), 5), case(0.0, 1.0, np.array(4, "i4")),
        ],
        gradient=[case(np.array([1.0, 2.0]), np.array([3.0, -2.0]), 4)],
        tolerance={"float32": 4e-6},
        errors=[
            error("TypeError", 0.0, 1.0, 4.0, message="num must be an integer"),
            error("ValueError", 0.0, 1.0, -1, message="num must be at least 0"),
        ],
    ),
    Operation(
        name="one_hot", reference=_one_hot,
        cases=[
            case(np.array([0, 1, -1, 5]), 3), case(np.array(1), 2),
            case(np.array([[0, 2], [1, 1]], "i4"), 3, axis=0),
            case(np.array([[0, 2], [1, 1]], "i4"), 3, axis=1),
            case(np.array([0, 1], "u1"), 3, axis=-1), case(np.array([0, 1]), 2, 5, 1),
            case(np.array([0, 1]), 2, True, False), case(np.array([0, 1]), 2, dtype="int64"),
            case(np.array([1]), 2, 2.0, -1.0, dtype="float64"), case(np.zeros(0, "i4"), 3),
            case(np.array([0, 2]), 0), case([], 2),
        ],
        errors=[
            error("TypeError", [0, 1], 2, 5.0, dtype="int32", message="one_hot: .*dtype"),
            error("TypeError", [0], 2, 5, 1.0, message="one_hot: .*dtype"),
            error("Exception", [0.5], 2, message="indices must be integers"),
            error("ValueError", [0], -1), error("ValueError", [0], 2, axis=3, message="axis 3"),
        ],
    ),
    Operation(
        name="meshgrid",
        reference=lambda *args, indexing="xy": list(np.meshgrid(*args, indexing=indexing)),
        cases=[
            case(normal(2), normal(3)), case(normal(2), normal(3), indexing="ij"),
            case(normal(3)), case(integers(2), integers(1), integers(3)),
            case(integers(2), integers(1), integers(3), indexing="ij"), case(normal(0), normal(2)),
            case(normal(1, 2), normal(3)),
        ],
        gradient=[case(normal(2, dtype="f8"), normal(3, dtype="f8"))],
        errors=[error("ValueError", [1, 2], [3], indexing="zz", message="indexing must be")],
    ),
]  # fmt: skip
