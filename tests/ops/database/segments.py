"""Sums, products and extremes of segments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, uniform

IDS = np.int32([0, 0, 2, 2, 3])
MIXED = np.int32([2, 0, -1, 2, 0])
FULL = np.int32([1, 0, -1, 1, 0])
SMOOTH = uniform(5, 2, low=0.5, high=2.0, dtype="f8")


def of_segments(function: Callable[..., Any], empty: Any) -> Callable[..., Any]:
    """Return a reference that reduces one segment after the other."""

    def reference(data: Any, segment_ids: Any, num_segments: Any = None) -> Any:
        ids = segment_ids.reshape(-1)
        count = int(ids.max(initial=-1)) + 1 if num_segments is None else num_segments
        rows = data.reshape(len(ids), *data.shape[segment_ids.ndim :])
        none = empty(data.dtype) if callable(empty) else empty
        parts = [
            function(rows[ids == s], axis=0) if np.any(ids == s)
            else np.full(rows.shape[1:], none, data.dtype)
            for s in range(count)
        ]  # fmt: skip
        shape = (count, *rows.shape[1:])
        return np.asarray(parts, data.dtype).reshape(shape)

    return reference


def least(dtype: Any) -> Any:
    """Return the lowest number of a dtype."""
    return np.finfo(dtype).min if dtype.kind == "f" else np.iinfo(dtype).min


def largest(dtype: Any) -> Any:
    """Return the highest number of a dtype."""
    return np.finfo(dtype).max if dtype.kind == "f" else np.iinfo(dtype).max


def both(
    name: str, function: Callable[..., Any], gone: Any, empty: Any = 0, *, ints: bool = True
) -> list[Operation]:
    """Return the records of a reduction of sorted and of any segments."""
    cases = [case(normal(5), IDS), case(normal(5, 2, dtype="f8"), IDS.astype("i8")),
             case(normal(3, 2), np.int32([0, 1, 2]))]  # fmt: skip
    unsorted = [
        case(normal(5), MIXED, 4),
        case(normal(5, 2, dtype="f8"), MIXED, 3),
        case(normal(2, 2, 3), np.int32([[0, 1], [1, 0]]), 2),
        case(normal(5), MIXED, 3),
    ]
    if ints:
        cases.append(case(integers(5), IDS))
        unsorted.append(case(integers(5, 2), MIXED, 4))
    falling = np.int32([1, 0, 2, 3, 3])
    return [
        Operation(
            name=f"math.segment_{name}", reference=of_segments(function, gone), cases=cases,
            gradient=[case(SMOOTH, IDS)],
            errors=[error("InvalidArgumentError", normal(5), falling, message="never fall"),
                    error("InvalidArgumentError", normal(5), np.int32([0, 1]), message="segment")],
        ),
        Operation(
            name=f"math.unsorted_segment_{name}", reference=of_segments(function, empty),
            cases=unsorted, gradient=[case(SMOOTH, FULL, 2)],
            errors=[error("InvalidArgumentError", normal(5), MIXED, 2, message="outside"),
                    error("InvalidArgumentError", normal(5), np.int32([0, 1]), 3,
                          message="segment_ids")],
        ),
    ]  # fmt: skip


def _root_mean(x: Any, axis: int) -> Any:
    return np.sum(x, axis=axis) / np.sqrt(len(x))


OPERATIONS = [
    *both("sum", np.sum, 0),
    *both("prod", np.prod, 1, 1),
    *both("mean", np.mean, 0, ints=False),
    *both("max", np.max, 0, least),
    *both("min", np.min, 0, largest),
    both("sqrt_n", _root_mean, 0, ints=False)[1],
]
