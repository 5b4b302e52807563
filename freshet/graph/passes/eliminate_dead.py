"""eliminate_dead: drop what nothing needs.

Exact. Checks and effects stay: stopping the program, or printing, is what they are for.
"""

from __future__ import annotations

from freshet.graph.ir import Graph, Node, Rewriter


def eliminate_dead(graph: Graph) -> Graph:
    """Return the graph with the nodes that the results, a check or an effect depend on."""
    needed = set(graph.results)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if node.must_run or any(v in needed for v in node.outputs):
            needed.update(node.operands)
            kept.append(node)
    rewriter = Rewriter(graph.name)
    for value in graph.inputs:
        rewriter.input(value)
    for node in reversed(kept):
        rewriter.copy(node)
    return rewriter.finish(graph)
