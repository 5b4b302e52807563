"""Independent definitions for samples: one element at a time, in wider or exact arithmetic."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from freshet.core.dtypes import DType, as_dtype, of_array
from freshet.core.tensor import Array

Scalar = Callable[..., Any]


def by_element(function: Scalar, dtype: Any = None) -> Callable[..., Array]:
    """Return an expectation that applies a Python function to the elements, one by one.

    Integers are Python's, so nothing overflows before the result is wrapped to its dtype; floats
    are float64 scalars, so results of narrower dtypes are rounded once.

    Args:
        function: ``(*elements, **params) -> element``.
        dtype: Dtype of the result; that of the first operand by default.

    Example:
        >>> by_element(lambda x, y: x + y)(np.int8([100]), np.int8([100]))
        array([-56], dtype=int8)
    """

    def expected(*arrays: Array, **params: Any) -> Array:
        kind = of_array(arrays[0]) if dtype is None else as_dtype(dtype)
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
        columns = [_elements(np.broadcast_to(a, shape)) for a in arrays]
        return pack((function(*row, **params) for row in zip(*columns, strict=True)), kind, shape)

    return expected


def _elements(array: Array) -> list[Any]:
    flat = array.reshape(-1)
    if of_array(flat).is_floating:
        return list(flat.astype(np.float64))
    found: list[Any] = flat.tolist()
    return found


def pack(values: Iterable[Any], dtype: DType, shape: tuple[int, ...]) -> Array:
    """Return numbers as an array; integers keep the low bits, floats are rounded once."""
    items = list(values)
    if dtype.is_integer:
        items = [wrapped(int(v), dtype) for v in items]
    exact = np.dtype(np.float64) if dtype.is_floating else dtype.as_numpy_dtype
    with np.errstate(all="ignore"):
        return np.array(items, exact).astype(dtype.as_numpy_dtype).reshape(shape)


def wrapped(value: int, dtype: DType) -> int:
    """Return what remains of a whole number in a dtype's bits."""
    low: int = value % (1 << dtype.bits)
    return low - (1 << dtype.bits) if not dtype.is_unsigned and low > dtype.max else low


def by_mpmath(name: str) -> Callable[[Array], Array]:
    """Return an expectation by mpmath's function of that name, in 100 digits.

    What the function does at infinities and outside its domain is not asked: those elements are
    NumPy's own in float64.
    """

    def expected(x: Array) -> Array:
        mpmath = importlib.import_module("mpmath")  # only tests need it
        function = getattr(mpmath, name)
        plain: Any = getattr(np, name, None)
        flat = x.reshape(-1).astype(np.float64)
        with mpmath.workdps(100):
            exact = [_real(function, v) for v in flat.tolist()]
        if plain is not None:
            special = plain(flat)
            exact = [float(s) if e is None else e for e, s in zip(exact, special, strict=True)]
        return pack(exact, of_array(x), x.shape)

    return expected


def _real(function: Scalar, value: float) -> float | None:
    """Return a function's value if it is a finite real number."""
    if not np.isfinite(value) or value == 0:
        return None
    try:
        found = function(value)
    except (ValueError, ZeroDivisionError):
        return None
    # Outside its domain a function gives a complex number.
    return float(found) if hasattr(found, "_mpf_") else None
