"""Isotonic regression, beside SciPy's."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from database.record import Operation, case, error, normal


def regression(
    x: np.ndarray, decreasing: bool = True, axis: int = -1
) -> tuple[np.ndarray, np.ndarray]:
    if x.dtype.kind == "i":
        x = x.astype("f4" if x.dtype.itemsize < 4 else "f8")
    if not x.ndim:
        return x, np.int32(0)
    rows = np.moveaxis(x, axis, -1)
    y, segments = np.zeros(rows.shape), np.zeros(rows.shape, np.int32)
    for at in np.ndindex(*rows.shape[:-1]):
        found = optimize.isotonic_regression(rows[at].astype("f8"), increasing=not decreasing)
        y[at] = found.x
        segments[at] = np.repeat(np.arange(len(found.weights)), np.diff(found.blocks))
    return np.moveaxis(y, -1, axis).astype(x.dtype), np.moveaxis(segments, -1, axis)


F8 = {"dtype": "f8"}
OPERATIONS = [
    Operation(
        name="nn.isotonic_regression", reference=regression,
        cases=[
            case(normal(9)), case(normal(3, 5), decreasing=False), case(normal(4, 3, **F8), axis=0),
            case(np.array([3, 1, 2, 7, 5], np.int32)), case(normal(2, 3, 4), False, 1),
            case(np.float32(3)), case(np.array([3, 1, 2], np.int8)),
            case(np.float16([3, 1, 2, 0])),
        ],
        gradient=[case(normal(7, **F8)), case(normal(4, 3, **F8), decreasing=False, axis=0)],
        errors=[error("InvalidArgumentError", normal(3), axis=2, message="axis")],
    ),
]  # fmt: skip
