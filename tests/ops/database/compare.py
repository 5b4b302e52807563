"""Whether a result is what it should be."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.record import TOLERANCE, Operation, Ragged, Sparse


def assert_equal(actual: Any, expected: Any, operation: Operation, what: str) -> None:
    """Raise unless a result is what it should be: structure, dtypes, shapes and values."""
    if isinstance(expected, (Ragged, Sparse)):
        assert isinstance(actual, type(expected)), f"{what}: {actual!r} is of another kind"
        for field in expected.__dataclass_fields__:
            pair = getattr(actual, field), getattr(expected, field)
            assert_equal(*pair, operation, f"{what}.{field}")
    elif isinstance(expected, (list, tuple)) and not isinstance(actual, np.ndarray):
        assert len(actual) == len(expected), f"{what}: {len(actual)} results"
        for i, pair in enumerate(zip(actual, expected, strict=True)):
            assert_equal(*pair, operation, f"{what}[{i}]")
    elif isinstance(expected, dict):
        assert actual.keys() == expected.keys(), what
        for key, value in expected.items():
            assert_equal(actual[key], value, operation, f"{what}[{key!r}]")
    elif isinstance(actual, np.ndarray):
        _assert_close(_with_objects(actual), _with_objects(expected), operation, what)
    else:
        assert actual == expected, f"{what}: {actual!r} instead of {expected!r}"


def _with_objects(value: Any) -> np.ndarray:
    """Return an array; a string that stands for itself as the object that tensors hold."""
    array = np.asarray(value, object if isinstance(value, bytes) else None)
    return array.astype(object) if array.dtype.kind == "S" else array


def _assert_close(x: np.ndarray, y: np.ndarray, operation: Operation, what: str) -> None:
    assert x.shape == y.shape, f"{what}: shape {x.shape} instead of {y.shape}"
    assert x.dtype == y.dtype, f"{what}: dtype {x.dtype} instead of {y.dtype}"
    name = x.dtype.name
    if name not in TOLERANCE:
        wrong = np.flatnonzero(np.atleast_1d(x != y))
        assert not wrong.size, f"{what}: {x.tolist()} instead of {y.tolist()}"
        return
    relative = operation.tolerance.get(name, TOLERANCE[name])
    wide = np.complex128 if x.dtype.kind == "c" else np.float64
    scale = max(relative / TOLERANCE["float32"], 1e-6)
    np.testing.assert_allclose(
        x.astype(wide), y.astype(wide), rtol=relative, atol=operation.absolute * min(scale, 1),
        err_msg=what,
    )  # fmt: skip
