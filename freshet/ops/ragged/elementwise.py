"""Elementwise operations on ragged tensors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.core.nest import flatten, map_structure
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.dispatch import composites
from freshet.ops.ragged.alignment import align, of_partition, same_partition
from freshet.ops.ragged.ragged_tensor import RaggedTensor


def of_operands(function: Callable[..., Any], operands: Sequence[str]) -> Callable[..., Any]:
    """Return what a function of every element does with ragged tensors.

    Args:
        function: It.
        operands: Names of its arguments that are tensors, of which any may be ragged: they
            broadcast. An argument that is left away or None stays so.
    """
    signature = inspect.signature(function)

    def of_elements(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        given = {n: v for n in operands if (v := bound.arguments.get(n)) is not None}
        values, partition = align(list(given.values()))
        bound.arguments.update(zip(given, values, strict=True))
        return of_partition(function(*bound.args, **bound.kwargs), partition)

    return of_elements


def of_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same for a function of one operand, its first argument."""
    return of_operands(function, list(inspect.signature(function).parameters)[:1])


def of_two(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same for a function of two operands, its first arguments."""
    return of_operands(function, list(inspect.signature(function).parameters)[:2])


def of_list(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same for a function that takes its operands as one list, its first argument."""
    signature = inspect.signature(function)
    argument = next(iter(signature.parameters))

    def of_elements(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        values, partition = align(list(bound.arguments[argument]))
        bound.arguments[argument] = values
        return of_partition(function(*bound.args, **bound.kwargs), partition)

    return of_elements


def of_new_axis(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same for a function of one operand that makes a dimension, its argument `axis`."""
    signature = inspect.signature(function)
    name = function.__name__

    def of_elements(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        ragged = next(iter(bound.arguments.values()))
        axis = bound.arguments.get("axis")
        if axis not in {None, -1}:
            if axis <= ragged.ragged_rank:
                raise InvalidArgumentError(
                    f"{name}: of a ragged tensor, axis must be -1 or above {ragged.ragged_rank}, "
                    f"the number of ragged dimensions, received {axis}"
                )
            bound.arguments["axis"] = axis - ragged.ragged_rank
        return of_first(function)(*bound.args, **bound.kwargs)

    return of_elements


def map_flat_values(op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply a function to the innermost values of ragged tensors, and cut the result alike.

    Args:
        op: Called with `args` and `kwargs` in which each ragged tensor is replaced by its
            `flat_values`, also in lists, tuples and dicts. Its result has as many rows as these.
        *args: Arguments of `op`.
        **kwargs: Arguments of `op`.

    Returns:
        A ragged tensor with the partition of those given; without any, what `op` returns.

    Raises:
        InvalidArgumentError: The ragged tensors are cut into rows differently, or the result has
            another number of rows than the values.

    Example:
        >>> import freshet as ft
        >>> x = ft.ragged.constant([[1, 2, 3], [], [4]])
        >>> ft.ragged.map_flat_values(lambda v: v * 10, x)
        <ft.RaggedTensor [[10, 20, 30], [], [40]]>
    """
    ragged = [x for x in composites(flatten([args, kwargs])) if isinstance(x, RaggedTensor)]
    if not ragged:
        return op(*args, **kwargs)
    first = ragged[0]
    for other in ragged[1:]:
        if not same_partition(first, other):
            raise InvalidArgumentError(
                "map_flat_values: all ragged arguments must have the same row splits, received "
                f"{first!r} and {other!r}"
            )
    args, kwargs = map_structure(
        lambda x: x.flat_values if isinstance(x, RaggedTensor) else x, (args, kwargs)
    )
    result = op(*args, **kwargs)
    if not isinstance(result, RaggedTensor):
        result = convert_to_tensor(result)
    before = first.flat_values.shape[0]
    if not result.ndim or (before is not None and result.shape[0] not in {before, None}):
        raise InvalidArgumentError(
            f"map_flat_values: the result has shape {result.shape}, but there are {before} values"
        )
    return first.with_flat_values(result)
