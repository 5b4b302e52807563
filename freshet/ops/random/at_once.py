"""Formulas of many operations on many numbers, as one kernel also outside of traced functions."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from freshet.core import context
from freshet.core.dtypes import DType
from freshet.core.providers import provider
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.random.philox import rounded_size

_MANY: Final = 1 << 14
"""Elements from which on a formula is compiled. They alone decide, so that the same call gives the
same bits wherever it stands."""


@dataclass(frozen=True)
class Formula:
    """A function of single elements, made of public operations; calling it applies it.

    Attributes:
        name: Its name in printed graphs.
        function: ``tensor -> tensor`` of the same dtype and shape, element by element.
    """

    name: str
    function: Callable[[Tensor], Tensor]

    def __call__(self, x: Tensor) -> Tensor:
        """Return the function of each element."""
        array = x._array
        if context.state.tracer is not None or array is None or array.size < _MANY:
            return self.function(x)
        size = rounded_size(array.size)
        padded = np.zeros(size, array.dtype)
        padded[: array.size] = array.reshape(-1)
        found = _kernel(self, x.dtype, size)(padded)[: array.size]
        return Tensor._of_array(found.reshape(array.shape), x.dtype)

    def apply(self, inputs: Sequence[Tensor], params: Mapping[str, Any]) -> tuple[Tensor, ...]:
        """Trace it, as a primitive is."""
        del params
        return (self.function(*inputs),)

    def evaluate(
        self, arrays: Sequence[Array], params: Mapping[str, Any], types: Sequence[TensorType]
    ) -> tuple[Array, ...]:
        """Compute it with NumPy, operation by operation."""
        del params
        return (self.function(Tensor._of_array(arrays[0], types[0].dtype))._value,)


@functools.lru_cache(64)
def _kernel(formula: Formula, dtype: DType, size: int) -> Callable[[Array], Array]:
    found: Callable[[Array], Array] = provider("eager")(formula, (TensorType(dtype, (size,)),), {})
    return found
