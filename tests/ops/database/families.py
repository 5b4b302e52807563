"""Records of operations that are alike: functions of one number, of two, of truth values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from database.record import Case, Failure, Operation, case, complexes, error, uniform

SHAPES: Sequence[tuple[int, ...]] = ((), (0,), (3,), (2, 1, 5))
BOOLS = np.array([True, False])
INTS = np.array([1, 2, -3], np.int32)
EXTREMES = np.float32([0.0, -0.0, 1.0, -1.0, 1e-30, 1e10, np.inf, -np.inf, np.nan])


def in_double(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a reference that computes in float64 (or complex128) and rounds once."""

    def reference(*args: Any, **kwargs: Any) -> Any:
        arrays = [np.asarray(a) for a in args]
        wide = [a.astype(np.complex128 if a.dtype.kind == "c" else np.float64) for a in arrays]
        kind = next((a.dtype for a in args if isinstance(a, np.ndarray)), np.dtype(np.float32))
        return np.asarray(function(*wide, **kwargs)).astype(kind)

    return reference


def special(name: str) -> Callable[..., Any]:
    """Return SciPy's function of that name, imported when it is first needed."""

    def reference(*args: Any) -> Any:
        from scipy import special as functions

        return getattr(functions, name)(*args)

    return reference


def of_one(
    name: str,
    reference: Callable[..., Any],
    *,
    low: float = -2.0,
    high: float = 2.0,
    complex_too: bool = False,
    more: Sequence[Case] = (),
    extremes: bool = True,
    smooth: Sequence[Case] | None = None,
    errors: Sequence[Failure] | None = None,
    halves: bool = True,
    **fields: Any,
) -> Operation:
    """Return the record of a function of one floating-point number, element by element.

    Args:
        name: Its name.
        reference: In float64 or complex128.
        low: Where its random operands begin.
        high: Where they end.
        complex_too: Whether complex numbers have it.
        more: Other cases.
        extremes: Whether infinities and NaN are a case.
        smooth: Where its gradient is checked, if not between `low` and `high`.
        errors: What it refuses, if not integers and truth values.
        halves: Whether 16-bit floats are a case.
        fields: Of the record.
    """
    cases = [case(uniform(*s, low=low, high=high)) for s in SHAPES]
    cases.append(case(uniform(7, low=low, high=high, dtype="f8")))
    if halves:
        cases.append(case(uniform(5, low=low, high=high, dtype="f2")))
    if extremes:
        cases.append(case(EXTREMES))
    if complex_too:
        cases += [case(complexes(2, 3)), case(complexes(3, dtype=np.complex128))]
    if not fields.get("no_gradient") and smooth is None:
        smooth = [case(uniform(2, 3, low=low, high=high, dtype="f8", seed=1))]
        if complex_too:
            smooth.append(case(complexes(3, dtype=np.complex128, seed=1)))
    short = name.rpartition(".")[2]
    if errors is None:
        errors = [
            error("InvalidArgumentError", INTS, message=rf"{short}: .*i32"),
            error("InvalidArgumentError", BOOLS, message=rf"{short}: .*bool"),
        ]
    return Operation(
        name=name, reference=in_double(reference), cases=[*cases, *more], gradient=smooth or (),
        errors=errors, **fields,
    )  # fmt: skip


def of_two(
    name: str,
    reference: Callable[..., Any],
    cases: Sequence[Case],
    *,
    errors: Sequence[Failure] | None = None,
    **fields: Any,
) -> Operation:
    """Return the record of a function of two numbers, element by element."""
    short = name.rpartition(".")[2]
    if errors is None:
        errors = [
            error("InvalidArgumentError", np.float32([1]), np.float64([1]), message=short),
            error("InvalidArgumentError", np.float32([1, 2]), np.float32([1, 2, 3]),
                  message="do not broadcast"),
        ]  # fmt: skip
    return Operation(name=name, reference=reference, cases=cases, errors=errors, **fields)
