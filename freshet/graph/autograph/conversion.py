"""A function in, its converted twin out."""

from __future__ import annotations
import __future__

import ast
import functools
import inspect
import operator
import re
from collections.abc import Iterator
from types import CellType, CodeType, FunctionType
from typing import Any, Final

from freshet.graph.autograph.source import Definition, class_around, definition
from freshet.graph.autograph.statements import convert_function, convert_lambda
from freshet.graph.autograph.templates import AG, THUNK, statements

_FLAGS: Final = functools.reduce(
    operator.or_, (getattr(__future__, n).compiler_flag for n in __future__.all_feature_names)
)
_FACTORY: Final = "ag__factory"
_MADE: Final = "ag__function"
_OWN: Final = re.compile(r"ag__\w+\.<locals>\.")


def convert(function: FunctionType) -> tuple[CodeType, list[CodeType]]:
    """Return the code of the converted twin, and the codes of all functions within it.

    They keep the user's file, lines and names, so that tracebacks and errors show them.

    Raises:
        NoSource: The source of the function is not available.
    """
    node = converted_definition(function)
    code = function.__code__
    if isinstance(node, ast.Lambda):
        body: list[ast.stmt] = statements("return LAMBDA", node, LAMBDA=node)
    else:
        node.name = _MADE  # its own name stays that of the function that it may call
        body = [node]
    module = ast.Module(_factory(body, code), [])
    # A plain function around it makes its free variables free.
    compiled = compile(
        module, code.co_filename, "exec", flags=code.co_flags & _FLAGS, dont_inherit=True
    )
    factory = _inner(compiled, _FACTORY)
    name = code.co_name if isinstance(node, ast.Lambda) else _MADE
    found = _renamed(_inner(factory, name), code.co_name, code.co_qualname)
    return found, list(_within(found))


def twin(function: FunctionType, code: CodeType, namespace: Any) -> FunctionType:
    """Return a function with other code that shares everything else, variables included."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    cells[AG] = CellType(namespace)
    closure = tuple(cells[n] for n in code.co_freevars)
    made = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, closure
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__dict__.update(function.__dict__)
    made.__module__, made.__doc__ = function.__module__, function.__doc__
    made.__qualname__, made.__annotations__ = function.__qualname__, function.__annotations__
    return made


def converted_definition(function: FunctionType) -> Definition:
    """Return the rewritten syntax tree of a function.

    Raises:
        NoSource: The source of the function is not available.
    """
    node = definition(function)
    around = class_around(function)
    if around:
        node = _Mangle(around).visit(node)
    if isinstance(node, ast.Lambda):
        convert_lambda(node)
    else:
        convert_function(node)
        node.decorator_list, node.returns = [], None
    _plain_arguments(node.args)
    return node


def _plain_arguments(args: ast.arguments) -> None:
    """Leave out annotations and what defaults are: the twin gets those of the function."""
    for argument in (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg):
        if argument is not None:
            argument.annotation = None
    args.defaults = [ast.copy_location(ast.Constant(None), d) for d in args.defaults]
    args.kw_defaults = [
        None if d is None else ast.copy_location(ast.Constant(None), d) for d in args.kw_defaults
    ]


def _factory(body: list[ast.stmt], code: CodeType) -> list[ast.stmt]:
    arguments = ", ".join(dict.fromkeys([AG, *code.co_freevars]))
    return statements(f"def {_FACTORY}({arguments}):\n    BODY", body[0], BODY=body)


def _inner(code: CodeType, name: str) -> CodeType:
    return next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name)


def _within(code: CodeType) -> Iterator[CodeType]:
    """Yield code and that of the functions within; methods of classes within are not converted."""
    if not code.co_flags & inspect.CO_OPTIMIZED:  # the body of a class
        return
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _within(constant)


def _renamed(code: CodeType, name: str, qualname: str) -> CodeType:
    """Give code the user's names; the functions that blocks have become, that of the one around."""
    constants = []
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            made_up = inner.co_name.startswith("ag__") or THUNK in inner.co_varnames
            own = (name, qualname) if made_up else _own_names(inner, qualname)
            constants.append(_renamed(inner, *own))
        else:
            constants.append(inner)
    return code.replace(co_name=name, co_qualname=qualname, co_consts=tuple(constants))


def _own_names(code: CodeType, around: str) -> tuple[str, str]:
    # Within a class, a name hangs on the class; within a function, on its variables.
    in_class = not code.co_qualname.endswith(f"<locals>.{code.co_name}")
    qualname = code.co_qualname if in_class else f"{around}.<locals>.{code.co_name}"
    return code.co_name, _OWN.sub("", qualname)


class _Mangle(ast.NodeTransformer):
    """Gives names such as ``__x`` their class, as Python does within one."""

    def __init__(self, around: str) -> None:
        self._prefix = f"_{around.lstrip('_')}"

    def _mangled(self, name: str) -> str:
        private = name.startswith("__") and not name.endswith("__") and "." not in name
        return self._prefix + name if private else name

    def visit_Name(self, node: ast.Name) -> ast.expr:
        node.id = self._mangled(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        node.attr = self._mangled(node.attr)
        return self.generic_visit(node)  # type: ignore[return-value]

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return node
