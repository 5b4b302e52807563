"""Operations on bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from database.record import Operation, case, complexes, error, integers, normal

BOOLS = np.array([True, False])
PAIRS = [
    case(integers(4), integers(4, seed=1)),
    case(integers(2, 1, dtype="i8"), integers(3, dtype="i8")),
    case(integers(4, dtype="u1", low=0), integers(4, dtype="u1", low=0, seed=1)),
    case(np.int16([-5]), np.int16([3])), case(np.int32([]), np.int32([])), case(integers(3), 5),
    case(np.int32(6), np.int32(3)),
]  # fmt: skip
SHIFTS = [
    case(np.int32([1, -8, 3, 100]), np.int32([0, 1, 31, 3])),
    case(np.uint8([1, 255, 129]), np.uint8([7, 1, 3])),
    case(np.int64([[-1], [5]]), np.int64([1, 40])),
    case(np.int8([-128, 127]), 3), case(np.int32([]), np.int32([])),
]  # fmt: skip


def of_bits(name: str, function: Callable[..., Any], cases: Any) -> Operation:
    """Return the record of an operation on two integers."""
    short = name.rpartition(".")[2]
    return Operation(
        name=f"bitwise.{name}", reference=function, cases=cases,
        errors=[error("InvalidArgumentError", np.float32([1]), np.float32([1]), message=short),
                error("InvalidArgumentError", BOOLS, BOOLS, message=short),
                error("InvalidArgumentError", np.int32([1]), np.int64([1]), message=short)],
    )  # fmt: skip


def _bitcast(x: Any, kind: str) -> Any:
    to = np.dtype(kind)
    if to.itemsize > x.itemsize:
        return np.frombuffer(x.tobytes(), to).reshape(x.shape[:-1])
    parts = () if to.itemsize == x.itemsize else (x.itemsize // to.itemsize,)
    return np.frombuffer(x.tobytes(), to).reshape(*x.shape, *parts)


OPERATIONS = [
    of_bits("bitwise_and", np.bitwise_and, PAIRS),
    of_bits("bitwise_or", np.bitwise_or, PAIRS),
    of_bits("bitwise_xor", np.bitwise_xor, PAIRS),
    of_bits("left_shift", lambda x, y: np.left_shift(x, np.asarray(y, x.dtype)), SHIFTS),
    of_bits("right_shift", lambda x, y: np.right_shift(x, np.asarray(y, x.dtype)), SHIFTS),
    Operation(
        name="bitwise.invert", reference=np.invert,
        cases=[case(integers(4)), case(integers(4, dtype="u1", low=0)), case(np.int64(7)),
               case(np.int8([]))],
        errors=[error("InvalidArgumentError", BOOLS, message="invert"),
                error("InvalidArgumentError", np.float32([1]), message="invert")],
    ),
    Operation(
        name="bitcast", reference=_bitcast, no_gradient="bits do not vary smoothly",
        cases=[case(normal(3), "int32"), case(normal(2, 3), "uint8"), case(normal(4, 2), "int64"),
               case(integers(2, 4, dtype="u1", low=0), "float32"), case(normal(), "uint16"),
               case(normal(2, dtype="f8"), "complex64"), case(complexes(2), "float32"),
               case(normal(0), "int8"), case(integers(3, dtype="i8"), "float64")],
        errors=[error("InvalidArgumentError", np.uint8([1, 2, 3]), "float32", message="bitcast"),
                error("InvalidArgumentError", BOOLS, "uint8", message="bitcast")],
    ),
]  # fmt: skip
