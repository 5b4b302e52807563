"""Pooling, written out as windows."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from database.convolutions import numbers, pairs
from database.record import Operation, case, error, integers, normal

F8 = {"dtype": "f8"}


def windows(
    x: np.ndarray, ksize: Any, strides: Any, padding: Any, first: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return for each window (last axis) its elements, which of them are inside, and their places.

    The input has its channels last.
    """
    rank = x.ndim - 2
    kernel, steps = numbers(ksize, rank, first), numbers(strides, rank, first)
    pads = pairs(padding, x.shape[1:-1], kernel, steps, [1] * rank, first)
    where = np.arange(x.size).reshape(x.shape)
    around = [(0, 0), *pads, (0, 0)]
    values = np.pad(x.astype(np.float64), around)
    inside = np.pad(np.ones(x.shape, bool), around)
    places = np.pad(where, around)
    counts = [(n - k) // s + 1 for n, k, s in zip(values.shape[1:-1], kernel, steps, strict=True)]
    found: list[list[np.ndarray]] = [[], [], []]
    for at in itertools.product(*map(range, kernel)):
        part = (slice(None), *(
            slice(a, a + (n - 1) * s + 1, s) for a, n, s in zip(at, counts, steps, strict=True)
        ))  # fmt: skip
        for rows, array in zip(found, (values, inside, places), strict=True):
            rows.append(array[part])
    values, inside, places = (np.stack(rows, -1) for rows in found)
    return values, inside, places


def pooled(kind: str) -> Any:
    def pool(
        x: np.ndarray, ksize: Any, strides: Any, padding: Any, data_format: str | None = None
    ) -> np.ndarray:
        first = data_format is not None and data_format.startswith("NC")
        last = np.moveaxis(x, 1, -1) if first else x
        values, inside, _ = windows(last, ksize, strides, padding, first)
        if kind == "max":
            y = np.max(np.where(inside, values, -np.inf), -1)
        else:
            y = np.sum(np.where(inside, values, 0), -1) / inside.sum(-1)
        return np.moveaxis(y, -1, 1).astype(x.dtype) if first else y.astype(x.dtype)

    return pool


def with_argmax(
    x: np.ndarray, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    output_dtype: str = "int64", include_batch_in_index: bool = False,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    values, inside, places = windows(x, ksize, strides, padding)
    values = np.where(inside, values, -np.inf)
    best = np.argmax(values, -1)[..., None]
    where = np.take_along_axis(places, best, -1)[..., 0]
    if not include_batch_in_index:
        where = where % int(np.prod(x.shape[1:]))
    return np.max(values, -1).astype(x.dtype), where.astype(output_dtype)


def holed(
    x: np.ndarray, window_shape: Any, pooling_type: str, strides: Any = None,
    padding: Any = "VALID", data_format: Any = None, dilations: Any = None,
) -> np.ndarray:  # fmt: skip
    """Pool with holes; with them, nothing is padded."""
    rank = x.ndim - 2
    kernel, steps = numbers(window_shape, rank), numbers(strides, rank)
    gaps = numbers(dilations, rank)
    if max(gaps) == 1:
        return pooled(pooling_type.lower())(x, kernel, steps, padding)
    extra = [(k - 1) * d for k, d in zip(kernel, gaps, strict=True)]
    wide = x.astype("f8")
    counts = [n - e for n, e in zip(wide.shape[1:-1], extra, strict=True)]
    parts = [
        wide[(slice(None), *(
            slice(k * d, k * d + n) for k, d, n in zip(at, gaps, counts, strict=True)
        ))]
        for at in itertools.product(*map(range, kernel))
    ]  # fmt: skip
    found = np.max(parts, 0) if pooling_type == "MAX" else np.mean(parts, 0)
    return found.astype(x.dtype)


NO_FIRST = "TensorFlow has no kernel for channels first on CPUs"
WORD = [error("ValueError", normal(1, 2, 2, 1), 1, 1, "FULL", message="padding must be")]
HALF = {"float16": 4e-3}
OPERATIONS = [
    Operation(
        name="nn.pool", reference=holed,
        cases=[
            case(normal(2, 5, 3), [2], "MAX"), case(normal(2, 5, 4, 3), [2, 3], "AVG", [2, 1]),
            case(normal(2, 5, 4, 3), [2, 2], "MAX", padding="SAME"),
            case(normal(2, 5, 6, 3), [2, 2], "MAX", dilations=[2, 3]),
            case(normal(2, 5, 6, 3), [3, 2], "AVG", dilations=[2, 1]),
            case(normal(1, 3, 4, 3, 2), [2, 2, 2], "AVG"),
        ],
        gradient=[case(normal(1, 5, 6, 2, **F8), [2, 2], "AVG", dilations=[2, 1])],
        errors=[
            error("ValueError", normal(2, 5, 3), [2], "MIN", message="pooling_type"),
            error("ValueError", normal(2, 5, 3), [2], "MAX", [2], dilations=[2], message="both"),
            error("ValueError", normal(2, 5, 3), [2], "MAX", padding="SAME", dilations=[2],
                  message="holes"),
        ],
        unknown_shapes=False,  # elements are moved into the batch by known sizes
    ),
    Operation(
        name="nn.max_pool", reference=pooled("max"),
        cases=[
            case(normal(2, 5, 4, 3), 2, 2, "VALID"), case(normal(2, 5, 4, 3), 3, 2, "SAME"),
            case(normal(2, 6, 3), [2], [1], "SAME"), case(normal(1, 3, 4, 3, 2), 2, 1, "VALID"),
            case(normal(1, 5, 4, 2, **F8), [1, 2, 3, 1], [1, 1, 2, 1], "SAME", "NHWC"),
            case(normal(1, 4, 4, 2), 2, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
            case(normal(1, 3, 5, 4), 2, 2, "SAME", "NCHW"),
            case(normal(1, 4, 4, 1, dtype="f2"), 2, 1, "VALID"),
        ],
        gradient=[case(normal(1, 5, 4, 2, **F8), 2, 2, "SAME"),
             case(normal(1, 5, 2, **F8), 3, 1, "SAME")],
        errors=[
            *WORD,
            error("Exception", normal(1, 4, 4, 2), 2, 1.5, "SAME", message="strides must be"),
            error("InvalidArgumentError", normal(1, 4, 4, 2), 2, 2,
                  [[0, 0], [3, 0], [0, 1], [0, 0]], message="must be smaller than the window"),
        ],
        differs=f"{NO_FIRST}; it makes 1 of a stride of 1.5", differs_in=[6, 8 + len(WORD)],
    ),
    Operation(
        name="nn.max_pool1d", reference=pooled("max"),
        cases=[case(normal(2, 6, 3), 2, 2, "VALID"), case(normal(2, 5, 3), 3, 2, "SAME", "NWC")],
        gradient=[case(normal(1, 5, 2, **F8), 2, 1, "SAME")],
    ),
    Operation(
        name="nn.max_pool2d", reference=pooled("max"),
        cases=[
            case(normal(2, 5, 4, 3), 2, 2, "VALID"),
            case(normal(2, 5, 4, 3), [3, 2], [1, 2], "SAME"),
        ],
        gradient=[case(normal(1, 4, 4, 1, **F8), 2, 2, "VALID")], errors=WORD,
    ),
    Operation(
        name="nn.max_pool3d", reference=pooled("max"),
        cases=[
            case(normal(1, 3, 4, 3, 2), 2, 1, "VALID"), case(normal(1, 3, 4, 3, 2), 2, 2, "SAME"),
        ],
        gradient=[case(normal(1, 2, 3, 2, 1, **F8), 2, 1, "VALID")],
    ),
    Operation(
        name="nn.max_pool_with_argmax", reference=with_argmax,
        cases=[
            case(normal(2, 5, 4, 3), 2, 2, "VALID"), case(normal(2, 5, 4, 3), 3, 2, "SAME"),
            case(normal(2, 4, 4, 2), [1, 2, 2, 1], [1, 1, 2, 1], "SAME",
                 include_batch_in_index=True),
            case(normal(2, 4, 4, 2), 2, 2, "VALID", output_dtype="int32"),
        ],
        gradient=[case(normal(1, 4, 4, 2, **F8), 2, 2, "VALID")],
        errors=[
            error("ValueError", normal(2, 4, 4, 2), 2, 2, "VALID", "NCHW", message="data_format"),
        ],
    ),
    Operation(
        name="nn.avg_pool", reference=pooled("avg"), tolerance=HALF,
        cases=[
            case(normal(2, 5, 4, 3), 2, 2, "VALID"), case(normal(2, 5, 4, 3), 3, 2, "SAME"),
            case(normal(2, 6, 3), [2], [1], "SAME"), case(normal(1, 3, 4, 3, 2), 2, 1, "VALID"),
            case(normal(1, 5, 4, 2, **F8), [1, 2, 3, 1], [1, 1, 2, 1], "SAME"),
            case(normal(1, 3, 5, 4), 2, 2, "SAME", "NCHW"),
        ],
        gradient=[case(normal(1, 5, 4, 2, **F8), 2, 2, "SAME"),
             case(normal(1, 5, 2, **F8), 3, 1, "SAME")],
        errors=[*WORD,
             error("InvalidArgumentError", integers(1, 4, 4, 1), 2, 2, "SAME", message="float")],
        differs=NO_FIRST, differs_in=[5],
    ),
    Operation(
        name="nn.avg_pool1d", reference=pooled("avg"),
        cases=[case(normal(2, 6, 3), 2, 2, "VALID"), case(normal(2, 5, 3), 3, 2, "SAME", "NWC")],
        gradient=[case(normal(1, 5, 2, **F8), 2, 1, "SAME")],
    ),
    Operation(
        name="nn.avg_pool2d", reference=pooled("avg"),
        cases=[
            case(normal(2, 5, 4, 3), 2, 2, "VALID"),
            case(normal(2, 5, 4, 3), [3, 2], [1, 2], "SAME"),
        ],
        gradient=[case(normal(1, 4, 4, 1, **F8), 2, 2, "VALID")],
    ),
    Operation(
        name="nn.avg_pool3d", reference=pooled("avg"),
        cases=[
            case(normal(1, 3, 4, 3, 2), 2, 1, "VALID"), case(normal(1, 3, 4, 3, 2), 2, 2, "SAME"),
        ],
        gradient=[case(normal(1, 2, 3, 2, 1, **F8), 2, 1, "VALID")],
    ),
]  # fmt: skip
