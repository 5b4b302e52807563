"""Several values at once, and what describes a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from freshet.core.composite import CompositeTensor
from freshet.core.nest import flatten
from freshet.core.shapes import TensorSpec
from freshet.core.tensor import Tensor
from freshet.ops.conversion import convert_to_tensor


def group(*inputs: Any, **kwargs: Any) -> None:
    """Do nothing more: what was given has been done, or is part of the traced function.

    Args:
        *inputs: Anything.
        **kwargs: `name`, which is ignored.

    Raises:
        TypeError: There is another argument.

    Example:
        >>> group(convert_to_tensor(1)) is None
        True
    """
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"group: there is no argument {next(iter(kwargs))!r}")


def tuple(
    tensors: Sequence[Any], control_inputs: Any = None, name: str | None = None
) -> list[Tensor | None]:
    """Return values as a list of tensors, None for each None.

    Args:
        tensors: Tensors, or what can be one.
        control_inputs: Ignored: what was traced before is done before.
        name: Ignored.

    Example:
        >>> [int(x) for x in tuple([1, 2])]
        [1, 2]
    """
    return [None if x is None else convert_to_tensor(x) for x in tensors]


def type_spec_from_value(value: Any) -> Any:
    """Return the spec of a value: dtype and shape of a tensor, or what a composite one has.

    Args:
        value: A tensor, variable, array, number or composite tensor.

    Example:
        >>> type_spec_from_value([1.0, 2.0])
        TensorSpec(shape=(2,), dtype=ft.float32, name=None)
    """
    if isinstance(value, CompositeTensor):
        from freshet.ops.ragged.ragged_spec import RaggedTensorSpec  # noqa: PLC0415 (rarely used)
        from freshet.ops.sparse.sparse_tensor import SparseTensorSpec  # noqa: PLC0415

        kind: Any = SparseTensorSpec if hasattr(value, "dense_shape") else RaggedTensorSpec
        return kind.from_value(value)
    if isinstance(value, TensorSpec) or not flatten(value):
        return value
    return TensorSpec.from_tensor(convert_to_tensor(value))
