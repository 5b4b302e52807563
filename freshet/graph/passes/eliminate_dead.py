"""eliminate_dead: drop what nothing needs.

Exact. Checks stay: stopping the program is what they are for.
"""

from __future__ import annotations

from freshet.graph.ir import Graph, Node, Rewriter
from freshet.ops.nest import Check


def eliminate_dead(graph: Graph) -> Graph:
    """Return the graph with the nodes that the results or a check depend on."""
    needed = set(graph.results)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if isinstance(node.primitive.lower, Check) or any(v in needed for v in node.outputs):
            needed.update(node.operands)
            kept.append(node)
    rewriter = Rewriter(graph.name)
    for value in graph.inputs:
        rewriter.input(value)
    for node in reversed(kept):
        rewriter.copy(node)
    return rewriter.finish(graph)
