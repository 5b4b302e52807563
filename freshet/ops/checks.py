"""Checks of values: at once in eager mode, when the program runs in a traced function.

A traced check is a node like any other, and its output is its input; the compiled program tests the
condition before it writes any variable, so that a failed check leaves everything as it was.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import scalar
from freshet.ops.nest import Check, Nest, identity
from freshet.ops.primitive import NoGradient, Primitive


def _reference(x: Array, caller: str, what: str, low: int, high: int) -> Array:
    wrong = (x < low) | (x >= high)
    if np.any(wrong):
        raise InvalidArgumentError(out_of_range(caller, what, x, low, high))
    return x


def out_of_range(caller: str, what: str, x: Array, low: int, high: int) -> str:
    """Return the message of a failed `check_in_range`."""
    wrong = np.flatnonzero((x < low) | (x >= high))
    first = x.reshape(-1)[wrong[0]]
    kind = TensorType(dtypes.of_array(x), x.shape)
    return (
        f"{caller}: {what} {first} is outside [{low}, {high}); {len(wrong)} of the {x.size} "
        f"{what}s ({kind}) are, the first at position {wrong[0]}"
    )


def _failures(x: TensorType, caller: str, what: str, low: int, high: int) -> Nest:
    """Say which elements fail."""
    del caller, what

    def body(value: Any) -> Any:
        small = scalar.compare("lt", value, low) if low > x.dtype.min else None
        large = scalar.compare("ge", value, high) if high <= x.dtype.max else None
        parts = [part for part in (small, large) if part is not None]
        wrong = parts[0] if parts else scalar.constant(False, dtypes.bool_)
        for part in parts[1:]:
            wrong = scalar.make("bit_or", (wrong, part), dtypes.bool_)
        return wrong

    return Nest(operands=(identity(x.rank),), body=body)


check_in_range_p: Primitive = Primitive(
    name="check_in_range",
    infer=lambda x, caller, what, low, high: x,
    reference=_reference,
    gradient=(lambda c, g: g,),
    lower=Check(_failures),
)


def check_in_range(caller: str, what: str, x: Tensor, low: int, high: int) -> Tensor:
    """Return `x`; raise `InvalidArgumentError` unless every element is in ``[low, high)``."""
    return check_in_range_p(x, caller=caller, what=what, low=low, high=high)


def _nonzero_reference(x: Array, caller: str) -> Array:
    if not np.all(x):
        wrong = np.flatnonzero(x == 0)
        raise InvalidArgumentError(
            f"{caller}: integer division by zero: {len(wrong)} of the {x.size} divisors are 0, the "
            f"first at position {wrong[0]}"
        )
    return x


check_nonzero_p: Primitive = Primitive(
    name="check_nonzero",
    infer=lambda x, caller: x,
    reference=_nonzero_reference,
    gradient=NoGradient("integers do not vary smoothly"),
    lower=Check(
        lambda x, caller: Nest(
            operands=(identity(x.rank),), body=lambda value: scalar.compare("eq", value, 0)
        )
    ),
)


def check_nonzero(caller: str, x: Tensor) -> Tensor:
    """Return the integers `x`; raise `InvalidArgumentError` if one is 0."""
    return check_nonzero_p(x, caller=caller)
