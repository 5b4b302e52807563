"""Running sums and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from database.record import Operation, case, complexes, error, integers, normal, uniform

OPTIONS = [{"exclusive": e, "reverse": r} for e in (False, True) for r in (False, True)]
SMOOTH = uniform(2, 3, low=0.5, high=2.0, dtype="f8")


def running(function: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    """Return a reference that computes each element from the ones before it."""

    def reference(x: Any, axis: int = 0, exclusive: bool = False, reverse: bool = False) -> Any:
        last = np.moveaxis(x, axis, -1)
        found = np.full(last.shape, neutral, x.dtype)
        size = last.shape[-1]
        for i in range(size):
            end = i + (not exclusive)
            part = last[..., i + exclusive :] if reverse else last[..., :end]
            if part.shape[-1]:
                found[..., i] = function(part)
        return np.moveaxis(found, -1, axis)

    return reference


def _logsumexp(x: Any) -> Any:
    from scipy.special import logsumexp

    return logsumexp(x.astype("f8"), -1)


def record(name: str, function: Callable[..., Any], neutral: float, *, every: bool) -> Operation:
    """Return the record of one running reduction."""
    cases = [
        case(normal(4)), case(normal(2, 3, 4), axis=1), case(normal(2, 3), -1, True),
        case(normal(0)), case(normal(2, 0), 1), case(normal(5, dtype="f8")), case(normal(1)),
        *(case(normal(2, 5), 1, **o) for o in OPTIONS),
    ]  # fmt: skip
    if every:
        cases += [case(integers(4)), case(np.int8([100, 100, 3])), case(complexes(3)),
                  case(integers(2, 3, dtype="i8"), axis=1, reverse=True)]  # fmt: skip
    # What starts with -inf has no weighted sum; another test looks at its gradient.
    smooth = [case(SMOOTH, axis=1, **o) for o in OPTIONS if every or not o["exclusive"]]
    if every:
        smooth.append(case(complexes(3, dtype=np.complex128)))
    short = name.rpartition(".")[2]
    refused = np.array([True]) if every else np.int32([1])
    return Operation(
        name=name, reference=running(function, neutral), cases=cases, gradient=smooth,
        errors=[error("InvalidArgumentError", refused, message=short),
                error("InvalidArgumentError", normal(2), axis=2, message="axis 2"),
                error("InvalidArgumentError", normal(), message=short)],
    )  # fmt: skip


OPERATIONS = [
    record("math.cumsum", lambda x: x.sum(-1, dtype=x.dtype), 0, every=True),
    record("math.cumprod", lambda x: x.prod(-1, dtype=x.dtype), 1, every=True),
    record("math.cumulative_logsumexp", _logsumexp, -np.inf, every=False),
]
