"""How operations on strings are made.

A tensor of strings holds `bytes` objects, which no kernel can read: every primitive of this package
is its reference, run on the host, eagerly and inside compiled programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive


def host_primitive(
    name: str, infer: Callable[..., Any], reference: Callable[..., Any], *, effect: bool = False
) -> Primitive:
    """Make a primitive without gradient that runs on the host.

    Args:
        name: Its name.
        infer: Types of the operands to types of the results.
        reference: Arrays to arrays.
        effect: Whether it does something beside its result, or depends on more than its operands.
    """
    return Primitive(
        name=name, infer=infer, reference=reference, effect=effect,
        gradient=NoGradient("it reads or makes strings, which do not vary smoothly"),
        lower=Host("kernels do not read strings"),
    )  # fmt: skip


def same_shape(name: str, result: dtypes.DType) -> Callable[..., TensorType]:
    """Return the type rule of a function that maps each string to one element."""

    def infer(x: TensorType, *others: TensorType, **params: Any) -> TensorType:
        del others, params
        check_strings(name, x)
        return TensorType(result, x.shape)

    return infer


def check_strings(name: str, *types: TensorType) -> None:
    """Raise `DTypeError` unless all types are of strings."""
    for kind in types:
        if kind.dtype != dtypes.string:
            raise DTypeError(f"{name}: expected strings, received {kind}")


def mapped(function: Callable[[bytes], Any], x: Array, dtype: Any = object) -> Array:
    """Return an array of the function's values at each string."""
    return filled(x.shape, list(map(function, x.reshape(-1).tolist())), dtype)


def filled(shape: tuple[int, ...], items: list[Any], dtype: Any = object) -> Array:
    """Return an array of a shape with given elements, in row-major order."""
    found = np.empty(len(items), dtype)
    found[:] = items
    return found.reshape(shape)


def single_string(x: Array) -> bytes:
    """Return the string that an array of rank 0 holds."""
    found: bytes = x.item()
    return found


def string_tensor(name: str, value: Any) -> Tensor:
    """Return a value as a tensor of strings.

    Raises:
        DTypeError: It holds something else.
    """
    hint = dtypes.string if isinstance(value, (list, tuple)) and not value else None
    tensor = convert_to_tensor(value, dtype=hint)
    check_strings(name, tensor._type)
    return tensor


def is_ragged(value: Any) -> bool:
    """Return whether a value is a ragged tensor."""
    return isinstance(value, CompositeTensor) and hasattr(value, "nested_row_splits")


def on_strings(name: str, value: Any, function: Callable[[Tensor], Tensor]) -> Any:
    """Apply a function of each string to a tensor, or to the values of a ragged tensor."""
    if is_ragged(value):
        return value.with_flat_values(function(string_tensor(name, value.flat_values)))
    return function(string_tensor(name, value))


def choice(name: str, argument: str, value: Any, known: tuple[str, ...]) -> str:
    """Return a value that must be one of `known`.

    Raises:
        InvalidArgumentError: It is none of them.
    """
    if value not in known:
        raise InvalidArgumentError(
            f"{name}: {argument} must be one of {', '.join(map(repr, known))}, received {value!r}"
        )
    return str(value)


def count_argument(name: str, argument: str, value: Any, least: int = 1) -> int:
    """Return a whole number from `least` on.

    Raises:
        InvalidArgumentError: It is smaller, or no whole number.
    """
    number = value.numpy() if isinstance(value, Tensor) and value._array is not None else value
    if isinstance(number, bool) or not hasattr(number, "__index__") or int(number) < least:
        raise InvalidArgumentError(
            f"{name}: {argument} must be a whole number from {least} on, received {value!r}"
        )
    return int(number)
