"""Pieces of syntax tree made from text, at the place in the user's file that they stand for."""

from __future__ import annotations

import ast
from typing import Any, Final

AG: Final = "ag__"
"""The name under which rewritten code knows `operators`; others it makes up begin so as well."""
_PLACE: Final = ("lineno", "col_offset", "end_lineno", "end_col_offset")
THUNK: Final = "ag__thunk"
"""The argument of a lambda that only delays an expression."""


def statements(text: str, at: ast.AST, **parts: Any) -> list[ast.stmt]:
    """Parse statements.

    Args:
        text: Source code, in which a name in capitals stands for an expression, and a line of such
            a name for a list of statements.
        at: Whose place in the file the new code gets; what is filled in keeps its own.
        **parts: What the names in capitals stand for.
    """
    tree = ast.parse(text)
    place = {name: getattr(at, name) for name in _PLACE}
    for node in ast.walk(tree):
        if "lineno" in node._attributes:
            node.__dict__.update(place)
    if parts:
        tree = _Fill(parts).visit(tree)
    return tree.body


def expression(text: str, at: ast.AST, **parts: Any) -> ast.expr:
    """Parse an expression; see `statements`."""
    (statement,) = statements(text, at, **parts)
    assert isinstance(statement, ast.Expr)
    return statement.value


def operator(name: str, at: ast.AST, *arguments: ast.expr) -> ast.Call:
    """Return a call of one of `operators`."""
    module = ast.copy_location(ast.Name(AG, ast.Load()), at)
    function = ast.copy_location(ast.Attribute(module, name, ast.Load()), at)
    return ast.copy_location(ast.Call(function, list(arguments), []), at)


def is_operator(node: ast.AST) -> bool:
    """Return whether an expression is a name that rewritten code uses for itself."""
    return (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == AG
    )


def thunk(node: ast.expr) -> ast.Lambda:
    """Return a function that evaluates an expression when it is called."""
    empty = ast.arguments(
        posonlyargs=[], args=[], vararg=ast.copy_location(ast.arg(THUNK), node), kwonlyargs=[],
        kw_defaults=[], kwarg=None, defaults=[],
    )  # fmt: skip
    return ast.copy_location(ast.Lambda(empty, node), node)


class _Fill(ast.NodeTransformer):
    def __init__(self, parts: dict[str, Any]) -> None:
        self._parts = parts

    def visit_Expr(self, node: ast.Expr) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id in self._parts:
            part = self._parts[node.value.id]
            if isinstance(part, list):
                return part or ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        return self._parts.get(node.id, node)
