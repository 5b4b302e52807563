"""Expressions that decide something, and calls, become calls of operators."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from freshet.graph.autograph.symbols import FUNCTIONS
from freshet.graph.autograph.templates import AG, is_operator, operator, statements, thunk

_AS_THEY_ARE: Final = {
    "super", "isinstance", "issubclass", "type", "hasattr", "getattr", "setattr", "id", "repr",
    "str", "locals", "globals", "vars", "dir", "eval", "exec", "callable", "tuple", "list", "dict",
    "set", "slice", "property", "staticmethod", "classmethod",
}  # fmt: skip
"""Functions that need nothing done for tensors, some of which look at who calls them."""
_NAMES: Final = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne",
    ast.Is: "is_", ast.IsNot: "is_not", ast.In: "in_", ast.NotIn: "not_in",
}  # fmt: skip
_CHEAP = (
    ast.Name, ast.Constant, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Attribute, ast.Load, ast.Add,
    ast.Sub, ast.Mult, ast.BinOp, ast.cmpop, ast.boolop, ast.unaryop,
)  # fmt: skip
_LAZY: Final = {"enumerate", "zip"}


def _binds(*nodes: ast.AST) -> bool:
    """Return whether an expression assigns a name, which a function around it would keep."""
    return any(isinstance(n, ast.NamedExpr) for node in nodes for n in ast.walk(node))


class Expressions(ast.NodeTransformer):
    """Rewrites the expressions of one function.

    Args:
        maybe: The names that may be read before they are assigned, since the conditions and loops
            that assign them have become functions.
        first: The function's first argument, which ``super()`` means; None if it has none.
        nested: What is done with the definition of a function within.
    """

    def __init__(
        self,
        maybe: set[str],
        first: str | None,
        nested: Callable[[ast.FunctionDef], ast.stmt],
    ) -> None:
        self._maybe, self._first, self._nested = maybe, first, nested

    # --- names ------------------------------------------------------------------------------------

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Let reading a name that has no value yet raise, as Python does."""
        if isinstance(node.ctx, ast.Load) and node.id in self._maybe:
            return operator("ld", node, node)
        return node

    def visit_Delete(self, node: ast.Delete) -> Any:
        """Let a deleted name be without a value."""
        done: list[ast.stmt] = []
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id in self._maybe:
                done += statements(f"{target.id} = {AG}.Undefined({target.id!r})", node)
            else:
                done.append(ast.copy_location(ast.Delete([self.visit(target)]), node))
        return done

    # --- calls ------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """Call what the function becomes, converted or replaced."""
        return self._call(node, "f")

    def _call(self, node: ast.Call, resolve: str) -> ast.expr:
        function = node.func
        name = function.id if isinstance(function, ast.Name) else None
        if name == "super" and not node.args and self._first is not None:
            cell, first = (
                ast.copy_location(ast.Name(n, ast.Load()), node) for n in ("__class__", self._first)
            )
            node.args = [cell, first]
            return node
        if resolve == "loop" and name in _LAZY:
            node.args = [self.iterated(a) for a in node.args]
        else:
            node.args = [self.visit(a) for a in node.args]
        for keyword in node.keywords:
            keyword.value = self.visit(keyword.value)
        if is_operator(function) or name in _AS_THEY_ARE:
            return node
        node.func = operator(resolve, function, self.visit(function))
        return node

    def iterated(self, node: ast.expr) -> ast.expr:
        """Rewrite what a `for` goes over: ranges and the like are not made, but counted."""
        return self._call(node, "loop") if isinstance(node, ast.Call) else self.visit(node)

    # --- logic ------------------------------------------------------------------------------------

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        """Rewrite ``a and b``, ``a or b``; what is cheap need not be skipped in the graph."""
        cheap = all(isinstance(n, _CHEAP) for v in node.values[1:] for n in ast.walk(v))
        binds = _binds(*node.values[1:])
        values = [self.visit(v) for v in node.values]
        if binds:
            node.values = values
            return node
        name = "and_" if isinstance(node.op, ast.And) else "or_"
        rest = [thunk(v) for v in values[1:]]
        return operator(f"both_{name}" if cheap else name, node, values[0], *rest)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        """Rewrite ``not a``."""
        self.generic_visit(node)
        return operator("not_", node, node.operand) if isinstance(node.op, ast.Not) else node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Rewrite ``a if c else b``."""
        binds = _binds(node.body, node.orelse)
        self.generic_visit(node)
        if binds:
            return node
        return operator("if_exp", node, node.test, thunk(node.body), thunk(node.orelse))

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        """Rewrite ``a < b < c``."""
        chain = len(node.ops) > 1 and not _binds(node)
        self.generic_visit(node)
        if not chain:
            return node
        names = [ast.copy_location(ast.Constant(_NAMES[type(op)]), node) for op in node.ops]
        ops = ast.copy_location(ast.Tuple(list[ast.expr](names), ast.Load()), node)
        return operator("compare", node, ops, node.left, *(thunk(c) for c in node.comparators))

    # --- statements of expressions ----------------------------------------------------------------

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """Rewrite ``assert``."""
        self.generic_visit(node)
        message = [thunk(node.msg)] if node.msg is not None else []
        call = operator("assert_stmt", node, node.test, *message)
        return ast.copy_location(ast.Expr(call), node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        """Leave the annotation out: what blocks share cannot have one."""
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        value = self.visit(node.value)
        return ast.copy_location(ast.Assign([self.visit(node.target)], value), node)

    # --- definitions within -----------------------------------------------------------------------

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        """Rewrite the body; a first argument of its own is what ``super()`` would mean there."""
        node.args.defaults = [self.visit(d) for d in node.args.defaults]
        node.body = self.visit(node.body)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        """Convert a function within."""
        return self._nested(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
        """Leave it alone."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        """Leave it alone: its methods are converted when they are called."""
        return node


assert all(hasattr(Expressions, f"visit_{kind.__name__}") for kind in FUNCTIONS)
