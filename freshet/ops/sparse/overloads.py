"""What public operations do with sparse tensors; imported when one is first given to them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from freshet.core.dtypes import as_dtype
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import overload
from freshet.ops.sparse.places import sizes_of
from freshet.ops.sparse.sparse_tensor import SparseTensor

OF_VALUES: Final = (
    m.abs, m.cast, m.ceil, m.erf, m.expm1, m.floor, m.log1p, m.negative, m.round, m.sign, m.sin,
    m.sqrt, m.square, m.stop_gradient, m.tanh, shaping.identity,
)  # fmt: skip
"""Functions that leave 0 as it is: of a sparse tensor they are that of its values."""


def _of_values(function: Callable[..., Any]) -> None:
    first, *_ = inspect.signature(function).parameters

    @overload(function, SparseTensor)
    def of_values(*args: Any, **kwargs: Any) -> SparseTensor:
        bound = inspect.signature(function).bind(*args, **kwargs)
        x = bound.arguments[first]
        bound.arguments[first] = x.values
        return x.with_values(function(*bound.args, **bound.kwargs))


for _function in OF_VALUES:
    _of_values(_function)


@overload(shaping.shape, SparseTensor)
def _shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    return m.cast(sizes_of(input), as_dtype("int32" if out_type is None else out_type))


@overload(shaping.rank, SparseTensor)
def _rank(input: Any, name: str | None = None) -> Tensor:
    return convert_to_tensor(input.ndim)


@overload(shaping.size, SparseTensor)
def _size(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    from freshet.ops.sparse.places import product  # noqa: PLC0415 (only here)

    return m.cast(product(sizes_of(input)), as_dtype("int32" if out_type is None else out_type))
