"""fold_constants: compute what depends on constants only.

Exact: it runs the references. Results larger than the operands together stay in the graph: a
broadcast or a fill costs nothing in a kernel and much as data.
"""

from __future__ import annotations

from collections.abc import Iterable

from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite
from freshet.graph.trace import static_value
from freshet.ops.array import constant_p


def fold_constants(graph: Graph) -> Graph:
    """Return the graph with constant nodes in place of what can be computed now."""
    return rewrite(graph, _fold)


def _fold(rewriter: Rewriter, node: Node) -> Iterable[Value] | None:
    if not node.operands or node.must_run:
        return None
    arrays = [static_value(rewriter.values[v]) for v in node.operands]
    constants = [a for a in arrays if a is not None]
    if len(constants) != len(arrays) or any(None in v.type.shape for v in node.outputs):
        return None
    size = sum(v.type.num_elements for v in node.outputs)
    if size > sum(a.size for a in constants):
        return None
    results = node.primitive.evaluate(constants, node.params, [v.type for v in node.outputs])
    return [rewriter.node(constant_p, (), {"value": r}, node.source)[0] for r in results]
