"""break, continue and return inside conditions and loops, expressed by conditions alone.

A jump sets a flag, and what it would jump over runs only if the flag is not set:

    while a:                            stop = False
        if b:                           while go_on(stop) and a:
            break             ->            if b:
        c                                       stop = True
                                            else:
                                                c

What follows a condition one of whose branches always jumps becomes part of the other branch, as
here, so that most flags are never read; those are left out. Afterwards nothing leaves the middle of
a block, so that conditions and loops can become function calls.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from freshet.graph.autograph.symbols import FUNCTIONS, Statements, own_nodes
from freshet.graph.autograph.templates import expression, statements

RETURNED: Final = "ag__returned"
"""The flag that says that the function has returned."""
VALUE: Final = "ag__value"
"""What it returns."""
_CONTROL = (ast.If, ast.While, ast.For)


def lower_jumps(body: Statements) -> Statements:
    """Return a function's body without jumps, save for one return at its end."""
    lowering = _Lowering(body)
    found, _ = lowering.block(lowering.body, None)
    return lowering.finished(found)


def _returns_inside(body: Statements) -> bool:
    return any(
        isinstance(inner, ast.Return)
        for node in own_nodes(*body)
        if isinstance(node, _CONTROL)
        for inner in own_nodes(node)
    )


def _never_ends(node: ast.stmt) -> bool:
    """Return whether nothing but a return leaves a loop: it is ``while True`` without a break."""
    forever = (
        isinstance(node, ast.While) and isinstance(node.test, ast.Constant) and node.test.value
    )
    return bool(forever) and not any(map(_breaks, ast.iter_child_nodes(node)))


def _breaks(node: ast.AST) -> bool:
    """Return whether there is a break in a statement, of the loop that is around it."""
    if isinstance(node, (ast.While, ast.For, *FUNCTIONS)):
        return any(_breaks(n) for n in getattr(node, "orelse", ()))
    return isinstance(node, ast.Break) or any(map(_breaks, ast.iter_child_nodes(node)))


@dataclass(frozen=True)
class _Loop:
    """The flags of the loop around a statement."""

    stop: str
    skip: str


class _Lowering:
    def __init__(self, body: Statements) -> None:
        self.body = body
        self._returns = _returns_inside(body)
        if self._returns and not self._always_jumps(body):
            end = ast.copy_location(ast.Return(None), body[-1])
            self.body = [*body, end]
        self._read: set[str] = set()
        self._loops = 0

    def finished(self, body: Statements) -> Statements:
        """Return the body with its one return, without the flags that nobody reads."""
        kept = _without(body, self._read)
        if not self._returns:
            return kept
        first = statements(f"{RETURNED} = False", body[0]) if RETURNED in self._read else []
        last = statements(f"return ag__.returned({VALUE})", body[-1])
        return [*first, *kept, *last]

    # --- blocks -----------------------------------------------------------------------------------

    def block(self, body: Statements, loop: _Loop | None) -> tuple[Statements, set[str]]:
        """Return statements without jumps, and the flags that they may set."""
        done: Statements = []
        flags: set[str] = set()
        for number, node in enumerate(body):
            rest = body[number + 1 :]
            jump = self._jump(node, loop)
            if jump is not None:
                return [*done, *jump[0]], flags | {jump[1]}
            if isinstance(node, ast.If) and rest:
                rest = self._absorb(node, rest)
                absorbed = not rest
            else:
                absorbed = False
            new, set_here = self._statement(node, loop)
            done += new
            flags |= set_here
            if absorbed:
                break
            if set_here and rest:
                inner, more = self.block(rest, loop)
                done.append(self._guarded(set_here, inner, node))
                return done, flags | more
        return done, flags

    def _jump(self, node: ast.stmt, loop: _Loop | None) -> tuple[Statements, str] | None:
        if isinstance(node, ast.Return) and self._returns:
            value = node.value or ast.copy_location(ast.Constant(None), node)
            set_value = statements(f"{VALUE} = RESULT", node, RESULT=value)
            return [*set_value, *_set(RETURNED, node)], RETURNED
        if loop is not None and isinstance(node, (ast.Break, ast.Continue)):
            flag = loop.stop if isinstance(node, ast.Break) else loop.skip
            return _set(flag, node), flag
        return None

    def _absorb(self, node: ast.If, rest: Statements) -> Statements:
        """Move what follows a condition into the branch that goes on; return what is left."""
        body, orelse = self._always_jumps(node.body), self._always_jumps(node.orelse)
        if not body and not orelse:
            return rest
        if body and not orelse:
            node.orelse = [*node.orelse, *rest]
        elif orelse and not body:
            node.body = [*node.body, *rest]
        return []

    def _always_jumps(self, body: Statements) -> bool:
        kinds = (
            (ast.Break, ast.Continue, ast.Return) if self._returns else (ast.Break, ast.Continue)
        )
        return any(
            isinstance(n, kinds)
            or (self._returns and _never_ends(n))
            or (
                isinstance(n, ast.If)
                and self._always_jumps(n.body)
                and self._always_jumps(n.orelse)
            )
            for n in body
        )

    def _guard(self, flags: Iterable[str], at: ast.AST) -> ast.expr:
        self._read.update(flags)
        return expression(f"ag__.go_on({', '.join(sorted(flags))})", at)

    def _guarded(self, flags: set[str], body: Statements, at: ast.stmt) -> ast.If:
        test = self._guard(flags, body[0] if body else at)
        return ast.copy_location(
            ast.If(test, body or [ast.copy_location(ast.Pass(), at)], []), test
        )

    # --- statements with blocks -------------------------------------------------------------------

    def _statement(self, node: ast.stmt, loop: _Loop | None) -> tuple[Statements, set[str]]:
        if isinstance(node, (ast.While, ast.For)):
            return self._loop(node, loop)
        flags: set[str] = set()
        if isinstance(node, (ast.Try, ast.TryStar)):
            flags = self._try(node, loop)
        elif isinstance(node, (ast.If, ast.With)):
            for name in ("body", "orelse"):
                inner: Statements = getattr(node, name, [])
                if inner:
                    new, more = self.block(inner, loop)
                    setattr(node, name, new)
                    flags |= more
        elif isinstance(node, ast.Match):
            for case in node.cases:
                case.body, more = self.block(case.body, loop)
                flags |= more
        return [node], flags

    def _try(self, node: ast.Try | ast.TryStar, loop: _Loop | None) -> set[str]:
        node.body, flags = self.block(node.body, loop)
        before = set(flags)
        for handler in node.handlers:
            handler.body, more = self.block(handler.body, loop)
            flags |= more
        if node.orelse:
            node.orelse, more = self.block(node.orelse, loop)
            if before:
                node.orelse = [self._guarded(before, node.orelse, node)]
            flags |= more
        node.finalbody, more = self.block(node.finalbody, loop)
        return flags | more

    def _loop(self, node: ast.While | ast.For, outer: _Loop | None) -> tuple[Statements, set[str]]:
        if isinstance(node, ast.While) and not node.orelse and _binds(node.test):
            # What the test assigns, the step reads: the test becomes part of the step.
            node.body = [_leave_unless(node.test), *node.body]
            node.test = ast.copy_location(ast.Constant(True), node.test)
        self._loops += 1
        flags = _Loop(f"ag__stop_{self._loops}", f"ag__skip_{self._loops}")
        node.body, inside = self.block(node.body, flags)
        if flags.skip in self._read:
            node.body = [*statements(f"{flags.skip} = False", node), *node.body]
        leaving = inside & {flags.stop, RETURNED}
        if leaving:
            guard = self._guard(leaving, node)
            if isinstance(node, ast.While):
                both = ast.BoolOp(ast.And(), [guard, node.test])
                node.test = ast.copy_location(both, node.test)
            else:
                node.extra_test = guard  # type: ignore[attr-defined]
        before = statements(f"{flags.stop} = False", node) if flags.stop in inside else []
        after, passed = self._loop_else(node, leaving, outer)
        return [*before, node, *after], (inside & {RETURNED}) | passed

    def _loop_else(
        self, node: ast.While | ast.For, leaving: set[str], outer: _Loop | None
    ) -> tuple[Statements, set[str]]:
        """Return what runs after a loop that was not left."""
        if not node.orelse:
            return [], set()
        body, flags = self.block(node.orelse, outer)
        node.orelse = []
        return ([self._guarded(leaving, body, node)] if leaving else body), flags


def _binds(test: ast.expr) -> bool:
    return any(isinstance(n, ast.NamedExpr) for n in ast.walk(test))


def _leave_unless(test: ast.expr) -> ast.If:
    opposite = ast.copy_location(ast.UnaryOp(ast.Not(), test), test)
    stop: ast.stmt = ast.copy_location(ast.Break(), test)
    return ast.copy_location(ast.If(opposite, [stop], []), test)


def _set(flag: str, at: ast.stmt) -> Statements:
    return statements(f"{flag} = True", at)


def _without(body: Statements, read: set[str]) -> Statements:
    """Return statements without those that set a flag that nobody reads."""

    def unread(node: ast.AST) -> bool:
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            return False
        name = node.targets[0].id
        return name.startswith(("ag__stop_", "ag__skip_", RETURNED)) and name not in read

    class Remove(ast.NodeTransformer):
        def visit_Assign(self, node: ast.Assign) -> ast.AST:
            return ast.copy_location(ast.Pass(), node) if unread(node) else node

        def generic_visit(self, node: ast.AST) -> ast.AST:
            return node if isinstance(node, (ast.expr, *FUNCTIONS)) else super().generic_visit(node)

    remove = Remove()
    return [remove.visit(node) for node in body]
