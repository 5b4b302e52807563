"""Reductions along axes, and positions of extremes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from database.record import (
    Case,
    Failure,
    Operation,
    booleans,
    case,
    complexes,
    error,
    integers,
    normal,
    uniform,
)

C128 = np.complex128
WRONG_AXES = [
    error("InvalidArgumentError", normal(2, 3), axis=2, message="axis 2"),
    error("InvalidArgumentError", normal(2, 3), axis=[0, -2], message="twice"),
]


def along(x: Callable[..., np.ndarray]) -> Sequence[Case]:
    """Return the ways to say which axes, for arrays that a maker of shapes gives."""
    return [
        case(x(2, 3)), case(x()), case(x(4), 0), case(x(2, 3, 4), axis=-1),
        case(x(2, 3, 4), axis=[0, 2]), case(x(2, 3, 4), axis=(1,), keepdims=True),
        case(x(2, 3), keepdims=True), case(x(2, 3), axis=[]), case(x(2, 3), axis=[1, 0]),
    ]  # fmt: skip


def by_numpy(function: Callable[..., Any], *, keep: bool = True) -> Callable[..., Any]:
    """Return a reference for TensorFlow's arguments; `keep` the dtype."""

    def reference(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = None if axis is None else tuple(np.reshape(axis, -1).tolist())
        found = np.asarray(function(x, axes, keepdims))
        return found.astype(x.dtype) if keep else found

    return reference


def reduction(
    name: str,
    function: Callable[..., Any],
    *,
    more: Sequence[Case] = (),
    errors: Sequence[Failure] = (),
    keep: bool = True,
    **fields: Any,
) -> Operation:
    """Return the record of a reduction of numbers."""
    smooth = uniform(2, 3, low=0.5, high=2.0, dtype="f8")
    fields.setdefault("gradient", [case(smooth), case(smooth, axis=1), case(smooth, 0, True)])
    return Operation(
        name=name, reference=by_numpy(function, keep=keep), errors=[*WRONG_AXES, *errors],
        cases=[*along(normal), case(normal(3, 4, dtype="f8"), 0), *more], **fields,
    )  # fmt: skip


def truth(name: str, function: Callable[..., Any]) -> Operation:
    """Return the record of a reduction of truth values."""
    along_axes = by_numpy(function)
    return Operation(
        name=name, reference=lambda x, *args, **kw: along_axes(np.asarray(x, bool), *args, **kw),
        cases=[*along(booleans), case(booleans(0)), case(booleans(0, 3), 0),
               case([]), case([[], []], 1), case([True, False]), case(True)],
        errors=[error("InvalidArgumentError", np.int32([1]), message="reduce"),
                error("InvalidArgumentError", np.zeros((), np.float32), message="reduce")],
    )  # fmt: skip


def _mean(x: Any, axis: Any, keepdims: bool) -> Any:
    if x.dtype.kind not in "iu":
        total = np.sum(x, axis=axis, keepdims=keepdims)
        return (total / np.float64(x.size / max(total.size, 1))).astype(x.dtype)
    exact = np.sum(x.astype(object), axis=axis, keepdims=keepdims)
    count = max(x.size // max(np.size(exact), 1), 1)
    towards_0 = np.vectorize(lambda n: abs(n) // count * (1 if n > 0 else -1), otypes=[x.dtype])
    return towards_0(np.asarray(exact, object))


def _variance(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.var(x, axis=axis, keepdims=keepdims)


def _deviation(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.std(x, axis=axis, keepdims=keepdims)


def _norm(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.sqrt(np.sum(np.abs(x) ** 2, axis=axis, keepdims=keepdims))


def _logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    from scipy.special import logsumexp

    return logsumexp(x.astype("f8"), axis=axis, keepdims=keepdims) if axis != () else x


def _position(function: Callable[..., Any]) -> Callable[..., Any]:
    def reference(x: Any, axis: Any = None, output_type: str = "int64") -> Any:
        return function(x, 0 if axis is None else axis).astype(output_type)

    return reference


NUMBERS = [
    case(integers(2, 3), 1),
    case(integers(4, dtype="i8")),
    case(integers(4, dtype="u1", low=0)),
]
NAN = [case(np.float32([[1, np.nan], [np.inf, -np.inf]]), 0)]
EMPTY = [case(normal(0)), case(normal(0, 3), 0), case(normal(2, 0), 1)]
COMPLEX = [case(complexes(2, 3)), case(complexes(2, 3, dtype=C128), 1)]
SMOOTH = uniform(2, 3, low=0.5, high=2.0, dtype="f8")
C_SMOOTH = [case(SMOOTH), case(SMOOTH, axis=1), case(complexes(2, 2, dtype=C128), 0)]
APART = np.float64([[1.0, 4.0, 2.0], [7.0, 3.0, 9.0]])
BOOL = error("InvalidArgumentError", np.array([True]), message="reduce")

OPERATIONS = [
    reduction("reduce_sum", lambda x, a, k: np.sum(x, axis=a, keepdims=k, dtype=x.dtype),
              more=[*NUMBERS, *NAN, *EMPTY, *COMPLEX,
                    case(np.int8([100, 100])), case(normal(3, 5, dtype="f2"), 1)],
              errors=[BOOL], gradient=C_SMOOTH),
    reduction("reduce_prod", lambda x, a, k: np.prod(x, axis=a, keepdims=k, dtype=x.dtype),
              more=[*NUMBERS, *EMPTY, *COMPLEX], errors=[BOOL],
              gradient=C_SMOOTH),
    reduction("reduce_mean", _mean, gradient=C_SMOOTH,
              more=[*NUMBERS, *NAN, *EMPTY[:1], *COMPLEX, case(np.int32([[-1, -2], [4, 7]]), 1),
                    case(np.int8([127, 127])), case(np.uint8([250, 250])),
                    case(np.int32([2**31 - 1] * 2)), case(integers(2, 0), 1)]),
    reduction("reduce_max", lambda x, a, k: np.max(x, axis=a, keepdims=k,
              initial=-np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min),
              more=[*NUMBERS, *NAN, *EMPTY], errors=[BOOL], gradient=[case(APART), case(APART, 1)]),
    reduction("reduce_min", lambda x, a, k: np.min(x, axis=a, keepdims=k,
              initial=np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).max),
              more=[*NUMBERS, *NAN, *EMPTY], errors=[BOOL], gradient=[case(APART), case(APART, 1)]),
    truth("reduce_all", lambda x, a, k: np.all(x, axis=a, keepdims=k)),
    truth("reduce_any", lambda x, a, k: np.any(x, axis=a, keepdims=k)),
    reduction("reduce_logsumexp", _logsumexp,
              more=[case(np.float32([1000, 1000.5])), case(np.float32([-np.inf, -np.inf])),
                    case(np.float32([np.inf, 1])), *EMPTY[:1]],
              errors=[error("InvalidArgumentError", integers(2), message="logsumexp")]),
    reduction("math.reduce_variance", _variance, more=COMPLEX, gradient=C_SMOOTH, keep=False,
              errors=[error("TypeError", integers(2), message="variance")]),
    reduction("math.reduce_std", _deviation, more=COMPLEX, gradient=C_SMOOTH, keep=False,
              errors=[error("TypeError", integers(2), message="variance")]),
    reduction("math.reduce_euclidean_norm", _norm,
              more=[case(integers(2, 3), 1), *EMPTY[:1], *COMPLEX], gradient=C_SMOOTH),
    *(
        Operation(
            name=f"math.{name}", reference=_position(function),
            no_gradient="positions are whole numbers",
            cases=[case(normal(3)), case(normal(2, 3)), case(normal(2, 3), 1),
                   case(integers(2, 3, 4), axis=-2), case(np.float32([1, 5, 5, 1])),
                   case(booleans(5)), case(normal(2, 3, dtype="f8"), 1, output_type="int32"),
                   case(integers(4), output_type="uint16" if name == "argmax" else "int64")],
            errors=[error("InvalidArgumentError", normal(0), message="no elements"),
                    error("InvalidArgumentError", normal(2), axis=3, message="axis 3"),
                    error("InvalidArgumentError", complexes(2), message=name),
                    error("InvalidArgumentError", normal(2), output_type="float32",
                          message="output_type")],
        )
        for name, function in (("argmax", np.argmax), ("argmin", np.argmin))
    ),
]  # fmt: skip
