"""Dilation and erosion, and pooling in windows of random sizes."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from database.convolutions import numbers, pairs
from database.record import Operation, case, error, integers, normal

F8 = {"dtype": "f8"}
ONES = [1, 1, 1, 1]


def dilated(
    x: np.ndarray, w: np.ndarray, strides: Any, padding: str, data_format: str, dilations: Any
) -> np.ndarray:
    steps, gaps = numbers(strides, 2), numbers(dilations, 2)
    pads = pairs(padding, x.shape[1:3], w.shape[:2], steps, gaps)
    wide = np.pad(x.astype("f8"), [(0, 0), *pads, (0, 0)], constant_values=-np.inf)
    counts = [
        (n - (k - 1) * d - 1) // s + 1
        for n, k, s, d in zip(wide.shape[1:3], w.shape, steps, gaps, strict=False)
    ]
    y = np.full((x.shape[0], *counts, x.shape[3]), -np.inf)
    for i, j, k, m in itertools.product(*map(range, counts), *map(range, w.shape[:2])):
        element = wide[:, i * steps[0] + k * gaps[0], j * steps[1] + m * gaps[1]]
        y[:, i, j] = np.maximum(y[:, i, j], element + w[k, m])
    return y.astype(x.dtype)


def eroded(x: np.ndarray, w: np.ndarray, *options: Any) -> np.ndarray:
    return -dilated(-x, w[::-1, ::-1], *options)


X, W = normal(2, 5, 4, 3), normal(2, 3, 3)
CASES = [
    case(X, W, ONES, "VALID", "NHWC", ONES), case(X, W, ONES, "SAME", "NHWC", ONES),
    case(X, W, [1, 2, 2, 1], "VALID", "NHWC", ONES), case(X, W, ONES, "SAME", "NHWC", [1, 2, 1, 1]),
    case(X, W, [1, 2, 1, 1], "SAME", "NHWC", ONES),
    case(normal(1, 3, 3, 1, **F8), normal(1, 1, 1, **F8), ONES, "VALID", "NHWC", ONES),
    case(integers(1, 4, 4, 2), integers(2, 2, 2), ONES, "VALID", "NHWC", ONES),
]  # fmt: skip
FRACTIONAL = [
    case(normal(2, 6, 7, 3), [1.0, 1.5, 2.0, 1.0], seed=3),
    case(normal(1, 4, 4, 1), [1.0, 2.0, 2.0, 1.0]),
    case(normal(1, 9, 8, 2), [1.0, 1.4, 1.7, 1.0], True, True, 5),
    case(normal(1, 9, 8, 2, **F8), [1.0, 1.4, 1.7, 1.0], overlapping=True, seed=1),
]  # fmt: skip
OPERATIONS = [
    *(
        Operation(
            name=f"nn.{name}", reference=reference, cases=CASES,
            gradient=[case(normal(1, 4, 3, 2, **F8), normal(2, 2, 2, **F8), ONES, "SAME", "NHWC",
                 ONES)],
            errors=[
                error("ValueError", X, W, ONES, "VALID", "NCHW", ONES, message="NHWC"),
                error("InvalidArgumentError", X, normal(2, 2, 5), ONES, "SAME", "NHWC", ONES,
                      message="channels"),
            ],
            unknown_shapes=False,  # the size of the filter must be known
        )
        for name, reference in (("dilation2d", dilated), ("erosion2d", eroded))
    ),
    *(
        Operation(
            name=f"nn.{name}", reference=None, cases=FRACTIONAL,
            errors=[error("ValueError", normal(1, 4, 4, 1), 0.5, message="from 1 on")] * (
                name == "fractional_max_pool"
            ),
            unknown_shapes=False,  # windows are drawn for a known size
            no_gradient="its windows are random; test_pooling looks at it",
        )
        for name in ("fractional_max_pool", "fractional_avg_pool")
    ),
]  # fmt: skip
