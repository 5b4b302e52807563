"""Formulas: functions that are written once, for NumPy and for kernels.

A formula is ``(vocabulary, *elements) -> element``. Its elements take Python's arithmetic and the
comparisons ``< <= > >=``; everything else it takes from the vocabulary. With NumPy's vocabulary it
computes in float64 whatever the operands are, which makes the reference; with the scalar
language's it becomes loops that compute in the operands' dtype (16-bit floats in float32).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.tensor import Array
from freshet.ops import scalar
from freshet.ops.elementwise import erf_reference
from freshet.ops.elementwise_rules import FLOATS, elementwise
from freshet.ops.primitive import NoGradient, OperandGradient, Primitive
from freshet.ops.scalar import Expr

Formula = Callable[..., Any]
Table = tuple[Sequence[float], Sequence[float]]
"""Coefficients for float64 and for float32."""

_FUNCTIONS: Final = (
    "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "floor", "rint", "erf",
)  # fmt: skip


class Vocabulary:
    """What formulas are written with beside arithmetic.

    Attributes:
        double: Whether it computes in float64; float32 needs fewer terms of a series.
    """

    double: bool

    def __init__(self, *, double: bool) -> None:
        self.double = double

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        """Return a function of one element: exp, log, sqrt, ..."""
        raise NotImplementedError(name)

    def select(self, condition: Any, yes: Any, no: Any) -> Any:
        """Return `yes` where the condition holds, else `no`."""
        raise NotImplementedError

    def equal(self, x: Any, y: float) -> Any:
        """Return whether both are the same number."""
        raise NotImplementedError

    def every(self, *conditions: Any) -> Any:
        """Return whether all conditions hold."""
        raise NotImplementedError

    def abs(self, x: Any) -> Any:
        """Return the absolute value."""
        return self.select(x < 0.0, -x, x)

    def maximum(self, x: Any, y: Any) -> Any:
        """Return the larger; NaN if either is."""
        raise NotImplementedError

    def minimum(self, x: Any, y: Any) -> Any:
        """Return the smaller; NaN if either is."""
        raise NotImplementedError

    def series(self, x: Any, low: float, high: float, table: Table) -> Any:
        """Return the sum of Chebyshev polynomials on ``[low, high]``, by Clenshaw's recurrence.

        The sum is ``sum(c[k] * T_k(t))`` with ``t = (2 * x - low - high) / (high - low)``.
        """
        terms = table[0 if self.double else 1]
        t = (x - (high + low) / 2) * (2 / (high - low))
        twice = t + t
        first, second = twice * 0.0 + terms[-1], twice * 0.0
        for term in terms[-2:0:-1]:
            first, second = twice * first - second + term, first
        return t * first - second + terms[0]


class _NumPy(Vocabulary):
    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        found: Callable[[Any], Any] = erf_reference if name == "erf" else getattr(np, name)
        return found

    def select(self, condition: Any, yes: Any, no: Any) -> Any:
        return np.where(condition, yes, no)

    def equal(self, x: Any, y: float) -> Any:
        return x == y

    def every(self, *conditions: Any) -> Any:
        return np.logical_and.reduce(np.broadcast_arrays(*conditions))

    def maximum(self, x: Any, y: Any) -> Any:
        return np.maximum(x, y)

    def minimum(self, x: Any, y: Any) -> Any:
        return np.minimum(x, y)


class _Scalars(Vocabulary):
    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        return lambda x: scalar.unary(name, x)

    def select(self, condition: Any, yes: Any, no: Any) -> Any:
        return scalar.select(condition, yes, no)

    def equal(self, x: Any, y: float) -> Any:
        return scalar.compare("eq", x, y)

    def every(self, *conditions: Any) -> Any:
        found = conditions[0]
        for other in conditions[1:]:
            found = scalar.make("bit_and", (found, other), dtypes.bool_)
        return found

    def abs(self, x: Any) -> Any:
        return scalar.unary("abs", x)

    def maximum(self, x: Any, y: Any) -> Any:
        return scalar.maximum(x, y)

    def minimum(self, x: Any, y: Any) -> Any:
        return scalar.minimum(x, y)


NUMPY: Final = _NumPy(double=True)
_WIDE: Final = _Scalars(double=True)
_NARROW: Final = _Scalars(double=False)


def reference_of(function: Formula) -> Callable[..., Array]:
    """Return the reference: the formula in float64, rounded once."""

    def reference(*arrays: Array) -> Array:
        found = function(NUMPY, *(a.astype(np.float64) for a in arrays))
        result: Array = np.asarray(found).astype(arrays[0].dtype)
        return result

    return reference


def lower_of(function: Formula) -> Callable[..., Expr]:
    """Return the formula of scalar expressions."""

    def lower(*elements: Expr) -> Expr:
        own = elements[0].dtype
        kind = dtypes.float32 if own.bits < 32 else own
        wide = [scalar.cast(x, kind) for x in elements]
        found: Expr = function(_WIDE if kind.bits == 64 else _NARROW, *wide)
        return scalar.cast(found, own)

    return lower


def primitive_of(
    name: str,
    function: Formula,
    *gradient: OperandGradient | None,
    kinds: frozenset[str] = FLOATS,
    reference: Callable[..., Any] | None = None,
    none: str = "",
) -> Primitive:
    """Make an elementwise primitive of a formula.

    Args:
        name: Its name.
        function: The formula.
        gradient: A rule per operand.
        kinds: Kinds of dtype it takes.
        reference: Where NumPy has the function itself, also for complex numbers.
        none: Why it has no gradient.
    """
    return elementwise(
        name, kinds, reference=reference or reference_of(function),
        gradient=NoGradient(none) if none else gradient, lower=lower_of(function),
    )  # fmt: skip
