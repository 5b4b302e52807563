"""Sizes as arguments: numbers, tensors or a mixture, known or not while a function is traced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import Dim
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.static import partly_known, static_value


def one_size(name: str, value: Any, least: int = 0) -> int:
    """Return a size as a number; `InvalidArgumentError` unless it is whole and at least `least`."""
    try:
        size = int(value.__index__())
    except (AttributeError, TypeError):
        size = least - 1
    if size < least:
        raise InvalidArgumentError(
            f"{name}: a size must be a whole number from {least} on, received {value!r}"
        )
    return size


def static_integer(name: str, what: str, value: Any) -> int:
    """Return an argument as a Python integer.

    Raises:
        UnimplementedError: It depends on the arguments of the traced function.
        InvalidArgumentError: It is not a whole number.
    """
    if isinstance(value, (Tensor, Variable)):
        tensor = convert_to_tensor(value)
        known = static_value(tensor)
        if known is None:
            raise UnimplementedError(
                f"{name}: {what} depends on the traced function's arguments; give a Python number"
            )
        value = known.reshape(())[()] if known.size == 1 else known
    try:
        return int(value.__index__())
    except (AttributeError, TypeError):
        raise InvalidArgumentError(
            f"{name}: {what} must be a whole number, received {value!r}"
        ) from None


def static_integers(name: str, what: str, values: Any) -> list[int]:
    """Return an argument, a number or a sequence of them, as a list of Python integers."""
    if isinstance(values, (Tensor, Variable)):
        known = static_value(convert_to_tensor(values))
        if known is None:
            raise UnimplementedError(
                f"{name}: {what} depends on the traced function's arguments; give Python numbers"
            )
        values = known
    if isinstance(values, np.ndarray):
        values = values.reshape(-1).tolist()
    items = values if isinstance(values, (list, tuple)) else [values]
    return [static_integer(name, what, v) for v in items]


def shape_operand(
    name: str, shape: Any, least: int = 0
) -> tuple[tuple[Tensor, ...], tuple[Dim, ...]]:
    """Return the operands and parameter of a shape given as numbers, tensors or both.

    No size that is known may be below `least`.
    """
    if isinstance(shape, (Tensor, Variable)):
        return _of_tensor(name, convert_to_tensor(shape), least)
    if isinstance(shape, np.ndarray):
        shape = shape.reshape(-1).tolist() if shape.ndim <= 1 else shape
    single = not isinstance(shape, (list, tuple)) and hasattr(shape, "__index__")
    items: Sequence[Any] = (shape,) if single else tuple(shape)
    sizes: list[Dim] = []
    for item in items:
        if item is None:
            raise InvalidArgumentError(f"{name}: a size of None; use -1 to infer one")
        known = static_value(item) if isinstance(item, Tensor) else item
        sizes.append(None if known is None else one_size(name, known, least))
    if None not in sizes:
        return (), tuple(sizes)
    parts = [convert_to_tensor(i if s is None else s) for i, s in zip(items, sizes, strict=True)]
    kind = next(p.dtype for p, s in zip(parts, sizes, strict=True) if s is None)
    return (convert_to_tensor([_as(p, kind) for p in parts]),), tuple(sizes)


def _as(size: Tensor, dtype: Any) -> Tensor:
    from freshet.ops.math import cast  # noqa: PLC0415 (math needs no shapes)

    return cast(size, dtype)


def _of_tensor(name: str, tensor: Tensor, least: int) -> tuple[tuple[Tensor, ...], tuple[Dim, ...]]:
    if not tensor.dtype.is_integer and tensor.shape.num_elements() != 0:
        raise DTypeError(f"{name}: a shape must be integers, received {tensor._type}")
    known = partly_known(tensor) if tensor.ndim == 1 else static_value(tensor)
    if isinstance(known, np.ndarray):
        return (), tuple(one_size(name, s, least) for s in known.reshape(-1))
    if known is not None:
        sizes = tuple(None if s is None else one_size(name, s, least) for s in known)
        return ((tensor,) if None in sizes else ()), sizes
    if tensor.ndim != 1 or tensor.shape[0] is None:
        raise InvalidArgumentError(
            f"{name}: a shape must be a vector of known length, received {tensor._type}"
        )
    return (tensor,), (None,) * tensor.shape[0]


def sizes(x: Tensor) -> list[Any]:
    """Return each dimension's size: a number, or a scalar tensor where it is not known."""
    if None not in x.shape:
        return [*x.shape]
    found = a.shape(x)
    return [_element(found, d) if n is None else n for d, n in enumerate(x.shape)]


def _element(vector: Tensor, number: int) -> Tensor:
    return a.squeeze_p(a.slice_p(vector, spec=((number, number + 1, None),)), axes=(0,))
