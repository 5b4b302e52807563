"""The syntax tree of a function that exists, with the lines and columns of the user's file."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import linecache
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

Definition = ast.FunctionDef | ast.Lambda


class NoSource(Exception):  # noqa: N818 (it is an answer, caught by whoever asked)
    """The code of a function cannot be found; the message says why."""


def definition(function: FunctionType) -> Definition:
    """Return the syntax tree that a function was made from.

    Raises:
        NoSource: There is none, as at a plain Python prompt, or the file has changed since.
    """
    code = function.__code__
    lines = linecache.getlines(code.co_filename, function.__globals__)
    first = code.co_firstlineno - 1
    if first >= len(lines):
        raise NoSource("its source is not available (typed at a prompt, or made by exec)")
    if code.co_name == "<lambda>":
        found: Definition | None = _lambda(code, lines)
    else:
        found = _function(code, lines[first:])
    if found is None or not _fits(found, code):
        raise NoSource(f"{code.co_filename} has changed since the function was made")
    return found


def _function(code: CodeType, lines: list[str]) -> ast.FunctionDef | None:
    try:
        block = inspect.getblock(lines)
        # Under a condition of its own, an indented definition is a program, strings and all.
        indented = lines[0][:1] in {" ", "\t"}
        tree = ast.parse("".join(["if 1:\n", *block] if indented else block))
    except (SyntaxError, IndexError):
        return None
    ast.increment_lineno(tree, code.co_firstlineno - 1 - indented)
    statement: Any = tree.body[0]
    found = statement.body[0] if indented else statement
    return found if isinstance(found, ast.FunctionDef) else None


def _lambda(code: CodeType, lines: list[str]) -> ast.Lambda | None:
    near = [n for n in _lambdas("".join(lines)) if n.lineno == code.co_firstlineno]
    fitting = [n for n in near if _fits(n, code)]
    if len(fitting) > 1:
        # Several on one line differ in where their bodies are; the smallest one that fits is it.
        fitting = sorted((n for n in fitting if _holds(n.body, code)), key=_columns)
    return copy.deepcopy(fitting[0]) if fitting else None


def _holds(node: ast.expr, code: CodeType) -> bool:
    """Return whether all instructions come from within an expression."""
    first, last = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    for line, end_line, column, end_column in code.co_positions():
        if None in {line, end_line, column, end_column} or (line, column) == (end_line, end_column):
            continue  # what Python adds is nowhere
        if (line, column) < first or (end_line, end_column) > last:
            return False
    return True


def _columns(node: ast.Lambda) -> int:
    return len(ast.unparse(node))


@functools.lru_cache(maxsize=8)
def _lambdas(text: str) -> list[ast.Lambda]:
    try:
        return [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Lambda)]
    except SyntaxError:
        return []


def _fits(node: Definition, code: CodeType) -> bool:
    """Return whether a definition has the name and the arguments of the code."""
    same = isinstance(node, ast.Lambda) or node.name == code.co_name
    names = list(_arguments(node.args))
    return same and tuple(names) == code.co_varnames[: len(names)]


def _arguments(args: ast.arguments) -> Iterator[str]:
    yield from (a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs))
    yield from (a.arg for a in (args.vararg, args.kwarg) if a is not None)


def class_around(function: FunctionType) -> str:
    """Return the name of the class that a function is written in; empty outside of one."""
    parts = function.__qualname__.split(".")[:-1]
    while parts and parts[-1] == "<locals>":
        parts = parts[:-2]
    return parts[-1] if parts else ""
