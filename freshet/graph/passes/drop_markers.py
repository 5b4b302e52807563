"""drop_markers: put in the place of a marker what it marks: only differentiation reads markers.

So in branches and bodies of loops, which are then no longer given what only markers there have
read: a variable that a loop assigns would be kept as it was before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite
from freshet.graph.markers import custom_gradient_p, reread_p
from freshet.ops.nest import Branch, Loop, Repeat

MARKERS: Final = frozenset({reread_p, custom_gradient_p})
_GRAPHS: Final = ("then", "otherwise", "condition", "body")
"""Parameters that hold what runs; what else holds a graph is for differentiation."""


def drop_markers(graph: Graph) -> Graph:
    """Return the graph without markers."""

    def change(rewriter: Rewriter, node: Node) -> list[Value] | None:
        if node.primitive in MARKERS:
            return [rewriter.values[v] for v in node.operands[: len(node.outputs)]]
        graphs = {n: g for n in _GRAPHS if isinstance(g := node.params.get(n), Graph)}
        if not any(map(_has_markers, graphs.values())):
            return None
        return _without(rewriter, node, {n: drop_markers(g) for n, g in graphs.items()})

    return rewrite(graph, change)


def _has_markers(graph: Graph) -> bool:
    return any(n.primitive in MARKERS or any(map(_has_markers, n.graphs)) for n in graph.nodes)


def _without(rewriter: Rewriter, node: Node, graphs: dict[str, Graph]) -> list[Value]:
    """Add a node with other graphs, without the inputs that none of them reads."""
    params = {n: v for n, v in node.params.items() if not isinstance(v, Graph)}
    lower = node.primitive.lower
    skipped = 1 if isinstance(lower, Branch) else 0  # the predicate is no input
    fixed = params["carries"] if isinstance(lower, (Loop, Repeat)) else 0
    fixed += params["sequences"] if isinstance(lower, Repeat) else 0
    read: set[int] = set(range(fixed))
    for graph in graphs.values():
        used = {v for n in graph.nodes for v in n.operands} | set(graph.results)
        read |= {i for i, v in enumerate(graph.inputs) if v in used}
    kept = sorted(read)
    operands = [rewriter.values[v] for v in node.operands]
    pruned = {n: replace(g, inputs=tuple(g.inputs[i] for i in kept)) for n, g in graphs.items()}
    given = [*operands[:skipped], *(operands[i + skipped] for i in kept)]
    return list(rewriter.node(node.primitive, given, {**params, **pruned}, node.source))
