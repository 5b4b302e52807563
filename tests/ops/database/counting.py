"""Counts: of numbers, of elements that are not 0, of classes and in histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import Operation, booleans, case, error, integers, normal, strings

WHOLE = "counts are whole numbers"


def _bincount(
    arr: Any, weights: Any = None, minlength: int = 0, maxlength: Any = None, dtype: str = "int32",
    axis: Any = None, binary_output: bool = False,
) -> Any:  # fmt: skip
    size = max(int(arr.max(initial=-1)) + 1, minlength)
    size = size if maxlength is None else min(size, maxlength)
    rows = arr.reshape(1, -1) if axis in {None, 0} or arr.ndim == 1 else arr
    heavy = np.ones(rows.shape, dtype) if weights is None else weights.reshape(rows.shape)
    found = np.zeros((len(rows), size), heavy.dtype)
    for i, row in enumerate(rows):
        for number, weight in zip(row, heavy[i], strict=True):
            if number < size:
                found[i, number] = 1 if binary_output else found[i, number] + weight
    return found if axis == -1 and arr.ndim == 2 else found[0]


def _count(x: Any, axis: Any = None, keepdims: bool = False, dtype: str = "int64") -> Any:
    there = x != (b"" if x.dtype == object else x.dtype.type(0))
    return np.sum(there.astype(bool), axis=axis, keepdims=keepdims).astype(dtype)


def _confusion(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None,
    dtype: str = "int32",
) -> Any:  # fmt: skip
    true, guess = np.reshape(labels, -1), np.reshape(predictions, -1)
    size = num_classes or max(true.max(), guess.max()) + 1
    found = np.zeros((size, size), dtype)
    heavy = np.ones(true.shape) if weights is None else weights
    for a, b, w in zip(true, guess, heavy, strict=True):
        found[a, b] += np.dtype(dtype).type(w)
    return found


def _bins(values: Any, value_range: Any, nbins: int = 100, dtype: str = "int32") -> Any:
    low, high = np.asarray(value_range, values.dtype)
    places = np.floor((values - low) / (high - low) * nbins)
    return np.clip(places, 0, nbins - 1).astype(dtype)


def _histogram(values: Any, value_range: Any, nbins: int = 100, dtype: str = "int32") -> Any:
    places = _bins(values.astype("f8"), value_range, nbins).reshape(-1)
    return np.bincount(places, minlength=nbins).astype(dtype)


NUMBERS = np.int32([1, 1, 3, 0, 5])
TABLE = np.int32([[1, 1, 0], [3, 0, 2]])
HEAVY = np.float32([0.5, 1, 2, 3, 4])
SPREAD = np.float32([-1.0, 0.0, 1.5, 2.2, 5.0, 15.0])

OPERATIONS = [
    Operation(
        name="math.bincount", reference=_bincount, no_gradient=WHOLE,
        cases=[
            case(NUMBERS), case(NUMBERS, minlength=9), case(NUMBERS, maxlength=3),
            case(NUMBERS, weights=HEAVY), case(NUMBERS, minlength=4, maxlength=4),
            case(TABLE), case(TABLE, axis=-1), case(TABLE, axis=0),
            case(NUMBERS, binary_output=True),
            case(TABLE, axis=-1, binary_output=True), case(np.int32([])),
            case(NUMBERS.astype("i8"), dtype="int64"), case(TABLE, weights=TABLE * 2, axis=-1),
            case(NUMBERS, axis=-1), case(NUMBERS, dtype="float32"),
        ],
        errors=[error("InvalidArgumentError", np.int32([1, -1]), message="negative"),
                error("ValueError", TABLE, axis=1, message="axis"),
                error("InvalidArgumentError", NUMBERS, weights=np.float32([1, 2]),
                      message="weights")],
    ),
    Operation(
        name="math.count_nonzero", reference=_count, no_gradient=WHOLE,
        cases=[case(np.float32([1, 0, 2])), case(integers(3, 4, low=-1, high=1), 1),
               case(booleans(5)), case(strings("a", "", "b")), case(normal(0)),
               case(integers(3, 4, low=-1, high=1), axis=0, keepdims=True, dtype="int32"),
               case(np.complex64([0, 1j]))],
    ),
    Operation(
        name="math.confusion_matrix", reference=_confusion, no_gradient=WHOLE,
        cases=[
            case(np.int32([0, 1, 2, 1]), np.int32([0, 2, 2, 1])),
            case(np.int64([0, 1]), np.int64([1, 1]), num_classes=4),
            case(np.int32([0, 1]), np.int32([1, 1]), weights=np.float32([0.5, 2]), dtype="float32"),
            case(np.int32([[0], [1]]), np.int32([1, 1])),
            case(np.int32([0, 1, 1]), np.int32([1, 1, 1]), num_classes=2, weights=np.int32([1, 2,
            3])),
        ],
        errors=[
            error("InvalidArgumentError", np.int32([0, -1]), np.int32([1, 1]), message="label"),
            error("InvalidArgumentError", np.int32([0, 3]), np.int32([1, 1]), num_classes=2,
                  message="label"),
            error("InvalidArgumentError", np.int32([0, 1]), np.int32([5, 1]), num_classes=2,
                  message="prediction"),
        ],
    ),
    Operation(
        name="histogram_fixed_width_bins", reference=_bins, no_gradient=WHOLE,
        cases=[case(SPREAD, [0.0, 5.0], nbins=5), case(SPREAD, np.float32([0, 5])),
               case(normal(3, 4), [-1.0, 1.0], 7),
               case(SPREAD.astype("f8"), np.float64([0, 5]), 5)],
        errors=[error("InvalidArgumentError", SPREAD, [0.0, 5.0], nbins=0, message="nbins")],
    ),
    Operation(
        name="histogram_fixed_width", reference=_histogram, no_gradient=WHOLE,
        cases=[case(SPREAD, [0.0, 5.0], nbins=5), case(SPREAD, np.float32([0, 5])),
               case(normal(3, 4), [-1.0, 1.0], 7), case(integers(5), [0, 5], nbins=3),
               case(SPREAD.astype("f8"), np.float64([0, 5]), 5, dtype="int64"),
               case(normal(0), [0.0, 1.0], 3)],
        errors=[error("InvalidArgumentError", SPREAD, [0.0, 5.0], nbins=0, message="nbins"),
                error("InvalidArgumentError", SPREAD, [5.0, 0.0], nbins=2, message="rise"),
                error("InvalidArgumentError", np.float32([1, np.nan]), [0.0, 5.0], nbins=2,
                      message="histogram_fixed_width: a value is NaN")],
    ),
]  # fmt: skip
