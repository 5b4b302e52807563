"""Conversion by hand: `to_graph`, `to_code`, and what tells about it."""

from __future__ import annotations

import ast
from types import FunctionType, MethodType
from typing import Any

from freshet.core.errors import InvalidArgumentError
from freshet.graph.autograph import calling, operators
from freshet.graph.autograph.conversion import convert, converted_definition, twin
from freshet.graph.autograph.source import NoSource


def _function(caller: str, entity: Any) -> FunctionType:
    """Return the Python function of what is to be converted."""
    function = getattr(entity, "python_function", entity)
    if isinstance(function, MethodType):
        function = function.__func__
    if not isinstance(function, FunctionType):
        raise InvalidArgumentError(
            f"{caller}: takes a Python function or method, received {type(entity).__name__}"
        )
    return function


def to_graph(
    entity: Any, recursive: bool = True, experimental_optional_features: Any = None
) -> Any:
    """Return what `ft.function` makes of a function before it traces it.

    Outside of traced functions it does what the function does; inside of them, Python's control
    flow in it works on tensors.

    Args:
        entity: A Python function or method.
        recursive: Accepted for TensorFlow programs; functions that are called are converted, too.
        experimental_optional_features: Ignored; every feature is always on.

    Raises:
        InvalidArgumentError: It is no function, or its source is not available.

    Example:
        >>> import freshet as ft
        >>> def size(x):
        ...     if x < 0:
        ...         return -x
        ...     return x
        >>> int(ft.function(ft.autograph.to_graph(size), autograph=False)(ft.constant(-3)))
        3
    """
    del recursive, experimental_optional_features
    function = _function("to_graph", entity)
    try:
        code, within = convert(function)
    except NoSource as error:
        raise InvalidArgumentError(f"to_graph: {function.__qualname__}: {error}") from None
    calling.remember_made(within)
    made = twin(function, code, operators)
    return MethodType(made, entity.__self__) if isinstance(entity, MethodType) else made


def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """Return the source code of what `to_graph` returns.

    Args:
        entity: A Python function or method.
        recursive: Ignored.
        experimental_optional_features: Ignored.

    Raises:
        InvalidArgumentError: It is no function, or its source is not available.

    Example:
        >>> import freshet as ft
        >>> def either(a, b):
        ...     return a or b
        >>> print(ft.autograph.to_code(either))
        def either(a, b):
            return ag__.both_or_(a, lambda *ag__thunk: b)
    """
    del recursive, experimental_optional_features
    function = _function("to_code", entity)
    try:
        node = converted_definition(function)
    except NoSource as error:
        raise InvalidArgumentError(f"to_code: {function.__qualname__}: {error}") from None
    return ast.unparse(ast.fix_missing_locations(node))


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Say which functions are converted, on the log of the module ``logging``.

    Args:
        level: 0 for nothing, which is the default; from 1 on, each function and why it is not
            converted.
        alsologtostdout: Whether it is printed as well.

    Example:
        >>> import freshet as ft
        >>> ft.autograph.set_verbosity(0)
    """
    calling.report(int(level), bool(alsologtostdout))


def trace(*args: Any) -> None:
    """Print arguments when a function is traced, and not when it runs.

    Args:
        *args: Anything; symbolic tensors show their dtype and shape.

    Example:
        >>> import freshet as ft
        >>> @ft.function
        ... def double(x):
        ...     ft.autograph.trace("tracing", x.shape)
        ...     return x + x
        >>> int(double(ft.constant(2)))
        tracing ()
        4
    """
    print(*args)  # noqa: T201 (it is what the function is for)
