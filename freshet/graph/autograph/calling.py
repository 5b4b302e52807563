"""Which functions are converted: the user's, when traced code calls them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType
from typing import Any, Final

from freshet.core import context
from freshet.core.source import is_own_file

MARK: Final = "_freshet_do_not_convert"
"""Attribute of a function that is run as it is."""
_OTHER: Final = 0x20 | 0x80 | 0x100 | 0x200
"""The flags of generators and coroutines; the module `inspect` has names for them."""

_codes: dict[int, tuple[CodeType, CodeType | None]] = {}
"""For each code that was met, by identity: itself and its twin, None if it runs as it is."""
_reasons: dict[int, str] = {}
"""Why code runs as it is."""
_made: dict[int, CodeType] = {}
"""The codes that conversion made, by identity."""
_report: list[int] = [0, False]


def f(function: Any) -> Any:
    """Return what is called in place of a function.

    Outside of traced functions that is the function itself: eagerly, Python does what it should.
    """
    if context.state.tracer is None:
        return function
    return converted(function)


def converted(function: Any) -> Any:
    """Return the twin of a user's function, what replaces one of Python's, or what is given."""
    kind = type(function)
    if kind is FunctionType:
        return _converted_function(function)
    if kind is MethodType:
        inner = function.__func__
        twin = _converted_function(inner) if type(inner) is FunctionType else inner
        return function if twin is inner else MethodType(twin, function.__self__)
    if kind is BuiltinFunctionType or isinstance(function, type):
        from freshet.graph.autograph.python_builtins import REPLACED  # noqa: PLC0415

        return REPLACED.get(function, function)
    if kind is functools.partial:
        inner = converted(function.func)
        if inner is function.func:
            return function
        return functools.partial(inner, *function.args, **function.keywords)
    call = getattr(kind, "__call__", None)  # noqa: B004 (the function is wanted, not the answer)
    if type(call) is FunctionType:
        twin = _converted_function(call)
        return function if twin is call else MethodType(twin, function)
    return function


def loop(function: Any) -> Any:
    """Return what is called in place of a function where a `for` goes over its result."""
    if context.state.tracer is None:
        return function
    from freshet.graph.autograph.python_builtins import LAZY  # noqa: PLC0415

    try:
        found = LAZY.get(function)
    except TypeError:  # it cannot be hashed, so it is none of them
        found = None
    return converted(function) if found is None else found


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Let a function run as it is when it is traced.

    Python's `if`, `while` and `for` in it are then Python's own; on tensors they raise.

    Args:
        func: The function; without it, a decorator is returned.

    Returns:
        A function that does the same.

    Example:
        >>> import freshet as ft
        >>> @ft.autograph.experimental.do_not_convert
        ... def kind(x):
        ...     return "vector" if len(x.shape) == 1 else "other"
        >>> kind(ft.constant([1.0]))
        'vector'
    """
    if func is None:
        return do_not_convert
    inner = func

    @functools.wraps(inner)
    def call(*args: Any, **kwargs: Any) -> Any:
        return inner(*args, **kwargs)

    setattr(call, MARK, True)
    return call


# --- functions ------------------------------------------------------------------------------------


def _converted_function(function: FunctionType) -> FunctionType:
    code = function.__code__
    known = _codes.get(id(code))
    if known is None:
        known = _codes[id(code)] = code, _converted_code(function)
    if known[1] is None or MARK in function.__dict__:
        return function
    from freshet.graph.autograph import operators  # noqa: PLC0415
    from freshet.graph.autograph.conversion import twin  # noqa: PLC0415

    return twin(function, known[1], operators)


def _converted_code(function: FunctionType) -> CodeType | None:
    code = function.__code__
    if id(code) in _made:
        return None
    reason = _left_alone(code)
    if reason is None:
        from freshet.graph.autograph.conversion import convert  # noqa: PLC0415
        from freshet.graph.autograph.source import NoSource  # noqa: PLC0415

        try:
            found, within = convert(function)
        except (NoSource, SyntaxError, RecursionError) as error:
            reason = str(error)
        else:
            remember_made(within)
            _tell(code, "is converted")
            return found
    _reasons[id(code)] = reason
    _tell(code, f"is not converted: {reason}")
    return None


def remember_made(codes: Sequence[CodeType]) -> None:
    """Know codes that conversion made, so that they are not converted again."""
    _made.update((id(c), c) for c in codes)


def _tell(code: CodeType, what: str) -> None:
    if _report[0] < 1:
        return
    import logging  # noqa: PLC0415

    text = f"AutoGraph: {code.co_qualname} ({code.co_filename}:{code.co_firstlineno}) {what}"
    logging.getLogger("freshet").info(text)
    if _report[1]:
        print(text)  # noqa: T201 (asked for)


def report(level: int, printed: bool) -> None:
    """Tell from now on what is converted, or not any more."""
    _report[:] = [level, printed]


@functools.cache
def _libraries() -> tuple[str, ...]:
    import sysconfig  # noqa: PLC0415 (needed by the first traced function only)

    paths = sysconfig.get_paths()
    kinds = ("stdlib", "platstdlib", "purelib", "platlib")
    return "<frozen", *(os.path.join(paths[n], "") for n in kinds)  # noqa: PTH118


def _left_alone(code: CodeType) -> str | None:
    """Return why code is not converted; None if it is."""
    if is_own_file(code.co_filename):
        return "it belongs to Freshet"
    if code.co_filename.startswith(_libraries()):
        return "it belongs to an installed library"
    if code.co_flags & _OTHER:
        return "it is a generator or a coroutine"
    return None


def why_not(code: CodeType) -> str | None:
    """Return why code that was called in a traced function was not converted."""
    return _reasons.get(id(code))


def is_converted(code: CodeType) -> bool:
    """Return whether code was made by conversion."""
    return id(code) in _made


def unresolved_frame() -> CodeType | None:
    """Return the innermost code on the stack that is the user's."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_back is not None:
        if _left_alone(frame.f_code) is None:
            return frame.f_code
        frame = frame.f_back
    return None
