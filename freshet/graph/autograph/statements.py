"""if, while and for become calls of operators with the blocks as functions.

    if test:                 def ag__then_1():
        x = f(x)                 nonlocal x
    else:            ->          x = f(x)
        x = g(x)             def ag__else_1(): ...
                             def ag__get_1(): return (x,)
                             def ag__set_1(values): nonlocal x; (x,) = values
                             ag__.if_stmt(test, ag__then_1, ag__else_1, State(get, set, ("x",)))

What a block assigns stays a variable of the function, so a block can simply be called where Python
decides; where a tensor decides, the operator saves, replaces and joins the variables of the state.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from freshet.graph.autograph import symbols
from freshet.graph.autograph.expressions import Expressions
from freshet.graph.autograph.jumps import lower_jumps
from freshet.graph.autograph.symbols import Statements
from freshet.graph.autograph.templates import expression, statements, thunk

_CONTROL: Final = (ast.If, ast.While, ast.For)
_CHANGING: Final = {"append", "extend", "insert", "pop", "remove", "clear"}


def convert_function(node: ast.FunctionDef) -> None:
    """Rewrite the body of a function, in place; one that yields or waits is left alone."""
    if _is_generator(node):
        return
    _Function(node).convert()


def convert_lambda(node: ast.Lambda) -> None:
    """Rewrite the body of a lambda, in place."""
    node.body = Expressions(set(), _first(node.args), _nested).visit(node.body)


def _nested(node: ast.FunctionDef) -> ast.stmt:
    marks = [ast.unparse(d) for d in node.decorator_list]
    if not any("do_not_convert" in m for m in marks):
        convert_function(node)
    return node


def _is_generator(node: ast.FunctionDef) -> bool:
    return any(
        isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await, ast.AsyncFor, ast.AsyncWith))
        for n in symbols.own_nodes(*node.body)
    )


def _first(args: ast.arguments) -> str | None:
    positional = [*args.posonlyargs, *args.args]
    return positional[0].arg if positional else None


class _Function:
    """One function on its way."""

    def __init__(self, node: ast.FunctionDef) -> None:
        self._node = node
        args = node.args
        named = [*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg]
        self._parameters = {a.arg for a in named if a is not None}
        self._global: set[str] = set()
        self._nonlocal: set[str] = set()
        self._count = 0

    def convert(self) -> None:
        """Rewrite it."""
        body = self._without_declarations(self._node.body)
        docstring = body[:1] if ast.get_docstring(self._node) is not None else []
        body = lower_jumps(body[len(docstring) :] or [ast.copy_location(ast.Pass(), self._node)])
        outer = self._global | self._nonlocal
        self._through = symbols.assigned_through(body)
        blocks = [n for n in symbols.own_nodes(*body) if isinstance(n, _CONTROL)]
        # Variables of blocks: a block is a function, which may run or not.
        maybe = symbols.assigned(*blocks).union(*self._through.values())
        maybe = (maybe & symbols.assigned(*body)) - self._parameters - outer
        self._kept = symbols.captured(body) | outer
        self._expressions = Expressions(maybe, _first(self._node.args), _nested)
        done = self._block(body, set())
        start = body[0]
        self._node.body = [
            *docstring,
            *self._declarations(start),
            *(s for name in sorted(maybe)
              for s in statements(f"{name} = ag__.Undefined({name!r})", start)),
            *done,
        ]  # fmt: skip

    def _without_declarations(self, body: Statements) -> Statements:
        """Take out the function's global and nonlocal statements, wherever they stand."""
        function = self

        class Take(ast.NodeTransformer):
            def visit_Global(self, node: ast.Global) -> ast.stmt:
                function._global.update(node.names)
                return ast.copy_location(ast.Pass(), node)

            def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.stmt:
                function._nonlocal.update(node.names)
                return ast.copy_location(ast.Pass(), node)

            def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
                return node

            def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.stmt:
                return node

            def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
                return node

        return [Take().visit(s) for s in body]

    def _declarations(self, at: ast.AST, names: set[str] | None = None) -> Statements:
        """Return the statements that let a function assign names of an outer one."""
        own = set() if names is None else names - self._global
        outer = self._global if names is None else names & self._global
        own |= self._nonlocal if names is None else set()
        text = [f"{kind} {', '.join(sorted(found))}"
                for kind, found in (("nonlocal", own), ("global", outer)) if found]  # fmt: skip
        return statements("\n".join(text), at)

    # --- blocks -----------------------------------------------------------------------------------

    def _block(self, body: Statements, after: set[str]) -> Statements:
        """Rewrite statements, given the names whose values are needed after them."""
        done: Statements = []
        live = after
        for node in reversed(body):
            before = symbols.live_before([node], live)
            done = [*self._statement(node, live), *done]
            live = before
        return done

    def _statement(self, node: ast.stmt, after: set[str]) -> Statements:
        if isinstance(node, ast.If):
            return self._if(node, after)
        if isinstance(node, (ast.While, ast.For)):
            return self._loop(node, after)
        if isinstance(node, ast.With):
            for item in node.items:
                item.context_expr = self._expressions.visit(item.context_expr)
            node.body = self._block(node.body, after)
            return [node]
        if isinstance(node, (ast.Try, ast.TryStar)):
            return self._try(node, after)
        if isinstance(node, ast.Match):
            node.subject = self._expressions.visit(node.subject)
            for case in node.cases:
                if case.guard is not None:
                    case.guard = self._expressions.visit(case.guard)
                case.body = self._block(case.body, after)
            return [node]
        found = self._expressions.visit(node)
        return found if isinstance(found, list) else [found]

    def _try(self, node: ast.Try | ast.TryStar, after: set[str]) -> Statements:
        # An exception may come from anywhere: what is needed anywhere, is needed everywhere.
        after = after | symbols.reads(node)
        for handler in node.handlers:
            handler.body = self._block(handler.body, after)
        for name in ("body", "orelse", "finalbody"):
            setattr(node, name, self._block(getattr(node, name), after))
        return [node]

    # --- conditions and loops ---------------------------------------------------------------------

    def _if(self, node: ast.If, after: set[str]) -> Statements:
        after = after | self._kept
        both = [*node.body, *node.orelse]
        changed = self._changed(*both)
        entry = symbols.live_before(node.body, after) | symbols.live_before(node.orelse, after)
        results = sorted(changed & after)
        # The other names are put back before the other branch begins.
        rest = sorted((changed & entry) - after)
        inner = symbols.composites(*both)
        head, state = self._state(node.test, [*results, *inner], rest, inner, both)
        number, declared = self._count, self._declarations(node.test, changed)
        return [
            *head,
            *statements(
                f"def ag__then_{number}():\n    BODY\ndef ag__else_{number}():\n    OTHER",
                node.test,
                BODY=[*declared, *self._block(node.body, after)],
                OTHER=[*self._declarations(node.test, changed),
                       *self._block(node.orelse, after), ast.copy_location(ast.Pass(), node)],
            ),
            *statements(
                f"ag__.if_stmt(TEST, ag__then_{number}, ag__else_{number}, STATE)", node.test,
                TEST=self._expressions.visit(node.test), STATE=state,
            ),
        ]  # fmt: skip

    def _loop(self, node: ast.While | ast.For, after: set[str]) -> Statements:
        after = after | self._kept
        entry = symbols.loop_entry(node, after)
        own, at = (node.target, node.iter) if isinstance(node, ast.For) else (node.test, node.test)
        changed = self._changed(*node.body, own)
        inner = symbols.composites(*node.body)
        options, node.body = _options(node.body)
        names = [*sorted(changed & (entry | after)), *inner]
        fresh = sorted(changed - entry)
        head, state = self._state(at, names, [], inner, node.body, fresh)
        live = entry | after
        if isinstance(node, ast.For):
            return [*head, *self._for(node, live, changed, state, options)]
        return [*head, *self._while(node, live, changed, state, options)]

    def _while(
        self, node: ast.While, live: set[str], changed: set[str], state: ast.expr,
        options: ast.expr,
    ) -> Statements:  # fmt: skip
        number, at = self._count, node.test
        bound = symbols.assigned(node.test)
        return [
            *statements(
                f"def ag__test_{number}():\n    DECLARED\n    return TEST", at,
                DECLARED=self._declarations(at, bound), TEST=self._expressions.visit(node.test),
            ),
            *statements(
                f"def ag__body_{number}():\n    BODY", at,
                BODY=[*self._declarations(at, changed), *self._block(node.body, live)],
            ),
            *statements(
                f"ag__.while_stmt(ag__test_{number}, ag__body_{number}, STATE, OPTIONS)", at,
                STATE=state, OPTIONS=self._expressions.visit(options),
            ),
        ]  # fmt: skip

    def _for(
        self, node: ast.For, live: set[str], changed: set[str], state: ast.expr,
        options: ast.expr,
    ) -> Statements:  # fmt: skip
        number, at = self._count, node.iter
        extra = symbols.extra_test(node)
        target = statements("TARGET = ag__item", at, TARGET=node.target)
        test = ast.copy_location(ast.Constant(None), at) if extra is None else thunk(extra)
        return [
            *statements(
                f"def ag__body_{number}(ag__item):\n    BODY", at,
                BODY=[*self._declarations(at, changed), *target, *self._block(node.body, live)],
            ),
            *statements(
                f"ag__.for_stmt(ITERATED, EXTRA, ag__body_{number}, STATE, OPTIONS)", at,
                ITERATED=self._expressions.iterated(node.iter),
                EXTRA=self._expressions.visit(test), STATE=state,
                OPTIONS=self._expressions.visit(options),
            ),
        ]  # fmt: skip

    def _changed(self, *block: ast.AST) -> set[str]:
        """Return what a block assigns, by itself and by the functions within that it knows."""
        found = symbols.assigned(*block)
        for name in symbols.reads(*block) & self._through.keys():
            found |= self._through[name]
        return found

    def _state(
        self, at: ast.expr, results: list[str], rest: list[str], inner: dict[str, ast.expr],
        body: Statements, fresh: Sequence[str] = (),
    ) -> tuple[Statements, ast.expr]:  # fmt: skip
        """Return the functions that get and set the state of a block, and the state."""
        self._count += 1
        number = self._count
        names = [*results, *rest]
        plain = {n for n in names if n not in inner}
        values = [f"ag__.look(lambda *ag__thunk: {n}, {n!r})" if n in inner else n for n in names]
        parts = [f"ag__part_{i}" if n in inner else n for i, n in enumerate(names)]
        lines = [f"def ag__get_{number}():", f"    return ({''.join(f'{v}, ' for v in values)})"]
        lines += [f"def ag__set_{number}(ag__values):", "    DECLARED"]
        if names:
            lines += [f"    ({', '.join(parts)},) = ag__values"]
        for part, name in zip(parts, names, strict=True):
            if name in inner:
                lines += [f"    if ag__.is_defined({part}):", f"        {name} = {part}"]
        changing = [f"({n!r}, lambda *ag__thunk: {n})" for n in sorted(_lists(body))]
        text = (
            f"ag__.State(ag__get_{number}, ag__set_{number}, {tuple(names)!r}, {len(results)}, "
            f"({''.join(f'{c}, ' for c in changing)}), {tuple(fresh)!r})"
        )
        head = statements("\n".join(lines), at, DECLARED=self._declarations(at, plain))
        return head, expression(text, at)


def _lists(body: Statements) -> set[str]:
    """Return the lists that a block changes and does not make."""
    own = symbols.assigned(*body)
    found = set()
    for node in symbols.own_nodes(*body):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CHANGING
            and symbols.is_constant_step(node.func.value)
            and not symbols.reads(node.func.value) & own
        ):
            found.add(ast.unparse(node.func.value))
    return found


def _options(body: Statements) -> tuple[ast.expr, Statements]:
    """Take a call of `set_loop_options` out of a loop's body; return it as a function."""
    for number, node in enumerate(body):
        call = node.value if isinstance(node, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("set_loop_options"):
            made = expression("ag__.loop_options()", call)
            assert isinstance(made, ast.Call)
            made.args, made.keywords = call.args, call.keywords
            rest = [*body[:number], *body[number + 1 :]]
            return thunk(made), rest or [ast.copy_location(ast.Pass(), node)]
    return ast.copy_location(ast.Constant(None), body[0]), body
