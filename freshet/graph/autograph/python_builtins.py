"""Python's own functions for tensors inside a traced function.

Each does what Python's does unless it is given a tensor whose value is not known yet.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from typing import Any, Final

from freshet.core.tensor import Tensor
from freshet.graph.autograph import iterables
from freshet.graph.autograph.values import as_condition, staged
from freshet.ops import math, reduction, shaping
from freshet.ops.conversion import convert_to_tensor


def _len(value: Any) -> Any:
    tensor = staged(value)
    if tensor is None or not tensor.shape or tensor.shape[0] is not None:
        return len(value)
    return shaping.shape(tensor)[0]


def _cast(dtype: str, python: Callable[..., Any]) -> Callable[..., Any]:
    def convert(*args: Any, **kwargs: Any) -> Any:
        tensor = staged(args[0]) if len(args) == 1 and not kwargs else None
        if tensor is None:
            return python(*args, **kwargs)
        if tensor.dtype.kind == "string":
            from freshet.ops.strings.numbers import to_number  # noqa: PLC0415

            return to_number(tensor, dtype)
        return math.cast(tensor, dtype)

    return convert


def _bool(*args: Any) -> Any:
    tensor = staged(args[0]) if args else None
    return builtins.bool(*args) if tensor is None else as_condition("bool()", tensor)


def _abs(value: Any) -> Any:
    tensor = staged(value)
    return builtins.abs(value) if tensor is None else math.abs(tensor)


def _range(*args: Any) -> Any:
    if any(staged(v) is not None for v in args):
        return shaping.range(*args)
    return builtins.range(*args)


def _extreme(
    python: Callable[..., Any], two: Callable[..., Tensor], rows: Callable[..., Tensor]
) -> Callable[..., Any]:
    """Return `max` or `min`."""

    def extreme(*args: Any, **kwargs: Any) -> Any:
        if kwargs or not any(staged(v) is not None for v in _operands(args)):
            return python(*args, **kwargs)
        if len(args) == 1 and staged(args[0]) is not None:
            return rows(args[0], 0)
        given = list(_operands(args))
        kind = next(t.dtype for v in given if (t := staged(v)) is not None)
        result = convert_to_tensor(given[0], dtype_hint=kind)
        for value in given[1:]:
            result = two(result, convert_to_tensor(value, dtype_hint=kind))
        return result

    return extreme


def _operands(args: tuple[Any, ...]) -> Any:
    """Return what is compared: the arguments, or the elements of the only one."""
    if len(args) == 1 and isinstance(args[0], (list, tuple)):
        return args[0]
    return args


def _sum(value: Any, /, start: Any = 0) -> Any:
    tensor = staged(value)
    if tensor is None:
        return builtins.sum(value, start)
    total = reduction.reduce_sum(tensor, 0)
    return total if type(start) is int and start == 0 else total + start


def _reduced(
    python: Callable[..., Any], rows: Callable[..., Tensor], two: Callable[..., Tensor]
) -> Callable[..., Any]:
    """Return `any` or `all`."""

    def reduced(value: Any) -> Any:
        tensor = staged(value)
        if tensor is not None:
            kind = tensor.dtype.name
            truth = tensor if kind == "bool" else math.not_equal(tensor, shaping.zeros_like(tensor))
            return rows(truth, 0)
        values = list(value)
        if not any(staged(v) is not None for v in values):
            return python(values)
        result = as_condition(f"{python.__name__}()", values[0])
        for other in values[1:]:
            result = two(result, as_condition(f"{python.__name__}()", other))
        return result

    return reduced


def _sorted(value: Any, /, *, key: Any = None, reverse: bool = False) -> Any:
    tensor = staged(value)
    if tensor is None:
        return builtins.sorted(value, key=key, reverse=reverse)
    from freshet.ops.sorting import argsort, sort  # noqa: PLC0415

    direction = "DESCENDING" if reverse else "ASCENDING"
    if key is None:
        return sort(tensor, 0, direction)
    from freshet.graph.functional import map_fn  # noqa: PLC0415
    from freshet.ops.gathering import gather  # noqa: PLC0415

    return gather(tensor, argsort(map_fn(key, tensor), 0, direction, stable=True))


def _calling(python: Callable[..., Any]) -> Callable[..., Any]:
    """Return `map` or `filter`, whose function is converted."""

    def call(function: Any, *rest: Any, **kwargs: Any) -> Any:
        from freshet.graph.autograph.calling import f  # noqa: PLC0415 (each calls the other)

        return python(None if function is None else f(function), *rest, **kwargs)

    return call


REPLACED: Final[dict[Any, Callable[..., Any]]] = {
    len: _len, range: _range, abs: _abs, sum: _sum, sorted: _sorted,
    int: _cast("int32", int), float: _cast("float32", float), bool: _bool,
    max: _extreme(max, math.maximum, reduction.reduce_max),
    min: _extreme(min, math.minimum, reduction.reduce_min),
    any: _reduced(any, reduction.reduce_any, math.logical_or),
    all: _reduced(all, reduction.reduce_all, math.logical_and),
    map: _calling(map), filter: _calling(filter),
}  # fmt: skip

LAZY: Final[dict[Any, Callable[..., Any]]] = {
    range: iterables.lazy_range,
    shaping.range: iterables.lazy_tensor_range,
    enumerate: iterables.lazy_enumerate,
    zip: iterables.lazy_zip,
}
"""What takes the place of a function where a `for` goes over its result."""
