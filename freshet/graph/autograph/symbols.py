"""What a piece of code reads and assigns, and which variables are still needed after it.

A *symbol* is a variable's name, such as ``x``, or an attribute or item that is reached from one by
constant steps, such as ``self.count`` or ``d['a']``. Inside of nested functions nothing is
assigned (they have variables of their own), but what they read counts as read.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator

Statements = list[ast.stmt]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def reads(*nodes: ast.AST | None) -> set[str]:
    """Return the names that code may read, those of nested functions and comprehensions too."""
    return set().union(*(_known("ag_reads", n, _reads) for n in nodes if n is not None))


def _known(name: str, node: ast.AST, find: Callable[[ast.AST], set[str]]) -> set[str]:
    """Return what was found for a node, once: it is asked for again and again, from outside in."""
    found: set[str] | None = getattr(node, name, None)
    if found is None:
        found = find(node)
        setattr(node, name, found)
    return found


def _reads(node: ast.AST) -> set[str]:
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            if isinstance(part.ctx, ast.Load):
                found.add(part.id)
        elif isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
            found.add(part.target.id)
        elif isinstance(part, (ast.Nonlocal, ast.Global)):
            found.update(part.names)
    return found


def own_nodes(*nodes: ast.AST) -> Iterator[ast.AST]:
    """Walk over code without entering nested functions and classes.

    A nested definition itself comes, and what of it runs here: decorators and defaults.
    """
    stack = list(reversed(nodes))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, ast.ClassDef):
            stack += [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            stack += [d for d in (*node.args.defaults, *node.args.kw_defaults) if d is not None]
            stack += [] if isinstance(node, ast.Lambda) else node.decorator_list
        else:
            stack += list(ast.iter_child_nodes(node))


def assigned(*nodes: ast.AST) -> set[str]:
    """Return the names that code assigns, deletes or defines.

    The name of an exception handler is not among them: Python deletes it at the handler's end.
    """
    return set().union(*(_known("ag_assigned", n, _assigned) for n in nodes))


def _assigned(code: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in own_nodes(code):
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                found.add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((a.asname or a.name).partition(".")[0] for a in node.names)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            found.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            found.add(node.rest)
    return found - _comprehended(code)


def _comprehended(code: ast.AST) -> set[str]:
    """Return the names that nothing but comprehensions assign: they have a scope of their own."""
    targets = [
        part
        for node in own_nodes(code)
        if isinstance(node, _COMPREHENSIONS)
        for generator in node.generators
        for part in ast.walk(generator.target)
        if isinstance(part, ast.Name)
    ]
    if not targets:
        return set()
    inner = {id(t) for t in targets}
    outer = {
        n.id
        for n in own_nodes(code)
        if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load) and id(n) not in inner
    }
    return {t.id for t in targets} - outer


def composites(*nodes: ast.AST) -> dict[str, ast.expr]:
    """Return the attributes and items that code assigns and that are reached by constant steps.

    One whose base or index is assigned in the same code is left out: it is another one each time.
    """
    names = assigned(*nodes)
    found: dict[str, ast.expr] = {}
    for node in own_nodes(*nodes):
        if (
            isinstance(node, (ast.Attribute, ast.Subscript))
            and isinstance(node.ctx, ast.Store)
            and is_constant_step(node)
            and not reads(node) & names
        ):
            found[ast.unparse(node)] = node
    return found


def is_constant_step(node: ast.expr) -> bool:
    """Return whether an expression is a name, or is reached from one by constant steps."""
    if isinstance(node, ast.Attribute):
        return is_constant_step(node.value)
    if isinstance(node, ast.Subscript):
        return is_constant_step(node.value) and isinstance(node.slice, (ast.Name, ast.Constant))
    return isinstance(node, ast.Name)


def captured(body: Statements) -> set[str]:
    """Return the names that nested functions and classes read: when, nobody knows."""
    found: set[str] = set()
    for node in own_nodes(*body):
        if isinstance(node, FUNCTIONS):
            found |= reads(node)
    return found


def assigned_through(body: Statements) -> dict[str, set[str]]:
    """Return, for each function within, which variables of the outer one it assigns."""
    found: dict[str, set[str]] = {}
    for node in own_nodes(*body):
        if isinstance(node, ast.FunctionDef):
            names = {
                n for part in ast.walk(node) if isinstance(part, ast.Nonlocal) for n in part.names
            }
            if names:
                found.setdefault(node.name, set()).update(names)
    return found


def live_before(body: Iterable[ast.stmt], after: set[str]) -> set[str]:
    """Return the names whose values are needed before some statements.

    Args:
        body: The statements, without break, continue and return in their midst.
        after: The names that are needed after them.
    """
    live = set(after)
    for statement in reversed(list(body)):
        live = _before(statement, live)
    return live


def _before(node: ast.stmt, after: set[str]) -> set[str]:
    if isinstance(node, ast.If):
        return reads(node.test) | live_before(node.body, after) | live_before(node.orelse, after)
    if isinstance(node, ast.While):
        return after | reads(node.test) | loop_entry(node, after)
    if isinstance(node, ast.For):
        return after | reads(node.iter) | loop_entry(node, after)
    if isinstance(node, ast.With):
        inside = live_before(node.body, after)
        kept = inside - assigned(*(i.optional_vars for i in node.items if i.optional_vars))
        return kept | reads(*node.items)
    if isinstance(node, (ast.Try, ast.TryStar, ast.Match)):
        return after | reads(node)
    return (after - _surely_assigned(node)) | reads(node)


def _surely_assigned(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Assign):
        return assigned(*node.targets)
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return assigned(node.target)
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return assigned(node)
    return set()


def loop_entry(node: ast.While | ast.For, after: set[str]) -> set[str]:
    """Return the names whose values a loop's test and body need when a step begins."""
    if isinstance(node, ast.While):
        test, target = reads(node.test), set[str]()
    else:
        test, target = reads(extra_test(node)), assigned(node.target)
    live = after | test
    # What a step needs when it begins, the step before must leave: another round finds it.
    for _ in range(2):
        live = live | (live_before(node.body, live) - target)
    return (live_before(node.body, live) - target) | test


def extra_test(node: ast.For) -> ast.expr | None:
    """Return what must hold for a `for` to go on, if there is such a thing (see `jumps`)."""
    found: ast.expr | None = getattr(node, "extra_test", None)
    return found
