"""Python and NumPy values to tensors, and what is known of shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, strings


def _converted(value: Any, dtype: str | None = None, dtype_hint: str | None = None) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind in "US":
        return strings(*np.ravel(array).tolist()).reshape(array.shape)
    own = dtype or (dtype_hint if array.dtype.kind in "ib" else None)
    if own is None and not isinstance(value, (np.ndarray, np.generic)):
        first = np.ravel(np.asarray(value, object))[0] if array.size else None
        if array.dtype.kind == "f" and isinstance(first, np.floating):
            return array.astype(first.dtype)
        own = {"f": "float32", "i": "int32", "c": "complex128"}.get(array.dtype.kind)
    return array.astype(own) if own else array


OPERATIONS = [
    Operation(
        name="convert_to_tensor", reference=_converted,
        cases=[
            case(1), case(2.5), case(True), case("text"), case([[1, 2], [3, 4]]), case([1, 2.5]),
            case([]), case(normal(2, 3)), case(integers(3, dtype=np.int64)), case(["a", "bc"]),
            case([1, 2], dtype="float32"), case(3, dtype="int64"), case(3, dtype_hint="float32"),
            case(1 + 2j), case(np.float64(0.5) * np.ones(2)), case(strings("a", "b")),
            case([np.float64(0.5)]), case([np.float64(0.5), 2]), case([[np.float16(0.5), 1.0]]),
            case([2, np.float64(0.5)]), case([2.0, np.float64(0.5)]), case([np.int64(2), 1]),
            case([1, True]), case([1.5, True]),
            case(True, dtype="int32"), case([True, False], dtype="float32"),
            case([True, 1], dtype="int32"), case([True], dtype_hint="int32"),
            case([np.float64(0.5)], dtype="float32"),
        ],
        gradient=[case(normal(2, dtype=np.float64))],
        errors=[
            error("ValueError", [[1, 2], [3]]),
            error("ValueError", None, message="a function that returns nothing"),
            error("TypeError", 1.5, dtype="int32"),
            error("ValueError", normal(2), dtype="int32"),
            error("ValueError", [True, 1], message="begins with a truth value"),
            error("ValueError", (True, 2.0), message="begins with a truth value"),
            error("ValueError", [[True], [0]], dtype="bool", message="begins with a truth value"),
            error("TypeError", True, dtype="uint8", message="uint8"),
            error("TypeError", 1, dtype="bool", message="bool"),
        ],
    ),
    Operation(
        name="parallel_stack", reference=lambda values: np.stack(values),
        differs="TensorFlow's works in graphs only",
        cases=[case([normal(2, 3), normal(2, 3, seed=1)]), case([integers(4)])],
        gradient=[case([normal(2, dtype=np.float64), normal(2, dtype=np.float64, seed=1)])],
    ),
]  # fmt: skip
