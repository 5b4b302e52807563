"""Public operations under one name for plain, ragged and sparse tensors.

`dispatched` marks a public function that other kinds of tensor may be given to. A call with plain
tensors runs the function and nothing else. Where `convert_to_tensor` meets a composite it refuses,
and the function's `overload` for that kind of composite is called instead.

Example of a definition, and of what another kind of tensor does:

    @dispatched
    def negative(x): ...

    @overload(negative, RaggedTensor)
    def _negative(x): return x.with_flat_values(negative(x.flat_values))
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from freshet.core.composite import CompositeTensor, CompositeTensorError
from freshet.core.nest import is_nested

_Function = TypeVar("_Function", bound=Callable[..., Any])
_OVERLOADS: Final[dict[tuple[Any, type], Callable[..., Any]]] = {}


def dispatched(function: _Function) -> _Function:
    """Return the function, with composite tensors handled by what `overload` registers."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except CompositeTensorError as refusal:
            handler = _handler(call, args, kwargs)
            if handler is None:
                raise
            source = refusal.source
        try:
            return handler(*args, **kwargs)
        except CompositeTensorError as refusal:
            refusal.source = source
            raise

    return call  # type: ignore[return-value]


def overload(function: Callable[..., Any], kind: type) -> Callable[[_Function], _Function]:
    """Return a decorator that registers what `function` does if an argument is a `kind`.

    Args:
        function: A function marked with `dispatched`.
        kind: A class of composite tensors. Of several among the arguments, the first that has an
            overload decides.
    """

    def register(handler: _Function) -> _Function:
        _OVERLOADS[function, kind] = handler
        return handler

    return register


def _handler(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Callable[..., Any] | None:
    for composite in composites([*args, *kwargs.values()]):
        kind = type(composite)
        importlib.import_module(kind._overloads)
        if (function, kind) in _OVERLOADS:
            return _OVERLOADS[function, kind]
    return None


def composites(values: Iterable[Any]) -> list[CompositeTensor]:
    """Return the composite tensors among values and the lists, tuples and dicts in them."""
    found: list[CompositeTensor] = []
    for value in values:
        if isinstance(value, CompositeTensor):
            found.append(value)
        elif isinstance(value, dict):
            found += composites(value.values())
        elif is_nested(value):
            found += composites(value)
    return found
