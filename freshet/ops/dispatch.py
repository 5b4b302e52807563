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
Handler = Callable[..., Any]
_OVERLOADS: Final[dict[tuple[Handler, type], Handler]] = {}
_MAKERS: Final[dict[tuple[str, type], Callable[[Handler], Handler]]] = {}
"""What makes the overload of a function, by its name."""


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


def overload_named(names: str, kind: type, maker: Callable[[Handler], Handler]) -> None:
    """Register how overloads of many functions are made, without importing these.

    Args:
        names: Names of functions marked with `dispatched`, with blanks between them.
        kind: A class of composite tensors.
        maker: ``function -> handler``.
    """
    _MAKERS.update({(name, kind): maker for name in names.split()})


def _handler(function: Handler, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Handler | None:
    for composite in composites([*args, *kwargs.values()]):
        kind = type(composite)
        importlib.import_module(composite._overloads)
        found = _OVERLOADS.get((function, kind))
        maker = _MAKERS.get((function.__name__, kind))
        if found is None and maker is not None:
            found = _OVERLOADS[function, kind] = maker(function)
        if found is not None:
            return found
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
