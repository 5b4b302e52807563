"""drop_markers: put in the place of a marker what it marks: only differentiation reads markers."""

from __future__ import annotations

from typing import Final

from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite
from freshet.graph.markers import custom_gradient_p, reread_p

MARKERS: Final = frozenset({reread_p, custom_gradient_p})


def drop_markers(graph: Graph) -> Graph:
    """Return the graph without markers."""

    def change(rewriter: Rewriter, node: Node) -> list[Value] | None:
        if node.primitive not in MARKERS:
            return None
        return [rewriter.values[v] for v in node.operands[: len(node.outputs)]]

    return rewrite(graph, change)
