"""Samples of ranges and slices with bounds that are tensors, and of assertions."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.testing import ErrorSample, PrimitiveSuite, Sample

Bounds = tuple[tuple[Any, Any, Any], ...]
OPEN = ("?", None, None)
WHOLE = (None, None, None)


def counted(
    *bounds: np.ndarray, start: Any, delta: Any, size: Any, dtype: dtypes.DType
) -> np.ndarray:
    if bounds:
        return np.arange(*(b.item() for b in bounds)).astype(dtype.as_numpy_dtype)
    values = [start + i * delta for i in range(size)]
    return np.array(values).astype(dtype.as_numpy_dtype)


def key_of(bounds: tuple[np.ndarray, ...], spec: Bounds) -> tuple[slice, ...]:
    rest = iter(bounds)
    return tuple(slice(*(next(rest).item() if b == "?" else b for b in part)) for part in spec)


def sliced(x: np.ndarray, *bounds: np.ndarray, spec: Bounds) -> np.ndarray:
    return x[key_of(bounds, spec)]


def unsliced(grad: np.ndarray, *operands: np.ndarray, spec: Bounds, shape: Any) -> np.ndarray:
    count = sum(b == "?" for part in spec for b in part)
    result = np.zeros(operands[-1] if None in shape else shape, grad.dtype)
    result[key_of(operands[:count], spec)] = grad
    return result


def known(start: Any, delta: Any, size: int, dtype: dtypes.DType) -> dict[str, Any]:
    return {"start": start, "delta": delta, "size": size, "dtype": dtype}


COMPARED = {"claim": "x < y", "message": "text", "summarize": 3, "texts": ()}
LISTED = {"claim": "", "message": "", "summarize": 2, "texts": ("found", None)}


class TestDynamic(PrimitiveSuite):
    samples = {
        "range": [
            *(Sample(inputs=(), params=known(1, 2, 5, d), expected=counted)
              for d in dtypes.REAL if d.bits > 16),
            Sample(inputs=(), params=known(0.5, -0.25, 7, dtypes.float32), expected=counted),
            Sample(inputs=(), params=known(3, 1, 0, dtypes.int32), expected=counted),
            Sample(inputs=(np.int32(2), np.int32(-9), np.int32(-3)), constants=(0, 1, 2),
                   params={"start": None, "delta": None, "size": None, "dtype": dtypes.int32},
                   expected=counted),
        ],
        "dynamic_slice": [
            Sample(inputs=(TensorSpec([7, 4]), np.int32(2), np.int64(6)), constants=(1, 2),
                   params={"spec": (("?", "?", 2), (None, -1, None))}, expected=sliced,
                   gradient=(0,), second=True),
            Sample(inputs=(np.arange(6), np.int32(-2)), constants=(1,),
                   params={"spec": ((None, None, "?"),)}, expected=sliced),
            Sample(inputs=(TensorSpec([3, 2]),), params={"spec": ((1, None, None), WHOLE)},
                   expected=sliced, gradient=(0,)),
        ],
        "dynamic_slice_adjoint": [
            Sample(inputs=(TensorSpec([3, 2]), np.int32(1)), constants=(1,),
                   params={"spec": (OPEN, WHOLE), "shape": (4, 2)}, expected=unsliced,
                   gradient=(0,), second=True),
            Sample(inputs=(TensorSpec([2]), np.int32(4), np.int64([6])), constants=(1, 2),
                   params={"spec": (("?", None, None),), "shape": (None,)}, expected=unsliced),
        ],
        "ensure_shape": [
            Sample(inputs=(TensorSpec([3, 2]),), params={"shape": (None, 2)},
                   expected=lambda x, shape: x, gradient=(0,), second=True),
        ],
        "assert": [
            Sample(inputs=(np.ones((2, 3), bool), TensorSpec([2, 3]), np.float32(9)),
                   params=COMPARED, expected=lambda condition, *_, **__: condition),
            Sample(inputs=(np.array(True), np.arange(4)), params=LISTED,
                   expected=lambda condition, *_, **__: condition),
        ],
        "check_numerics": [
            *(Sample(inputs=(TensorSpec([17], d.name),), params={"message": "text"},
                     expected=lambda x, message: x) for d in dtypes.FLOATING),
            Sample(inputs=(TensorSpec([2, 3], "float64"),), params={"message": "text"},
                   expected=lambda x, message: x, gradient=(0,), second=True),
        ],
    }  # fmt: skip
    errors = {
        "dynamic_slice": [
            ErrorSample(inputs=(np.arange(3), np.int32(0)), params={"spec": ((None, None, "?"),)},
                        message="getitem: the step of a slice must not be 0"),
        ],
        "ensure_shape": [
            ErrorSample(inputs=(TensorSpec([3, 2]),), params={"shape": (None, 3)},
                        message=r"ensure_shape: .* f32\[3,2\] is not compatible with \[\?,3\]"),
            ErrorSample(inputs=(TensorSpec([3]),), params={"shape": (None, 3)},
                        message=r"ensure_shape: .* f32\[3\] is not compatible with .*"),
        ],
        "assert": [
            ErrorSample(
                inputs=(np.array([True, False]), np.float32([1, 2]), np.float32(2)),
                params=COMPARED,
                message=r"text\nCondition x < y did not hold for 1 of 2 elements, at \[\[1\]\]:\n"
                r"  x is \[2.0\] there, and has f32\[2\]\n  y is \[2.0\] there, and has f32\[\]",
            ),
            ErrorSample(
                inputs=(np.array(False), np.arange(4)), params=LISTED,
                message=r"Expected False to be true. Summarized data: found\n0, 1, \.\.\.",
            ),
        ],
        "check_numerics": [
            ErrorSample(inputs=(np.float32([1, np.inf, np.nan]),), params={"message": "text"},
                        message=r"text : Tensor had Inf and NaN values: 2 of .* f32\[3\]"),
            ErrorSample(inputs=(np.float16([-np.inf]),), params={"message": "text"},
                        message=r"text : Tensor had Inf values: 1 of .* f16\[1\]"),
        ],
    }  # fmt: skip
