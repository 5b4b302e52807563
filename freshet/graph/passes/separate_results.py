"""separate_results: give every result memory of its own.

Exact. A result that is an input, a constant, or another result under a second name becomes a copy,
so that what a function returns never shares memory with what it was given.
"""

from __future__ import annotations

from freshet.graph.ir import Graph, Rewriter, Value
from freshet.ops.array import constant_p, expand_dims_p, squeeze_p
from freshet.ops.elementwise import stop_gradient_p
from freshet.ops.nest import Check, Reshape


def separate_results(graph: Graph) -> Graph:
    """Return the graph with copies added where two results, or a result and an input, are one."""
    rewriter = Rewriter(graph.name)
    for value in graph.inputs:
        rewriter.input(value)
    for node in graph.nodes:
        rewriter.copy(node)
    taken: set[Value] = set()

    def own(old: Value, *, stays: Value | None = None) -> Value:
        value = rewriter.values[old]
        root = _root(value)
        unchanged = stays is not None and root is rewriter.values[stays]
        if not unchanged and (
            root.node is None or root.node.primitive is constant_p or root in taken
        ):
            # As an operation, stopping gradients is a copy.
            value = rewriter.node(stop_gradient_p, [value], {}, None)[0]
            root = value
        taken.add(root)
        return value

    updates = tuple((rewriter.values[i], own(v, stays=i)) for i, v in graph.updates)
    outputs = tuple(own(v) for v in graph.outputs)
    return Graph(graph.name, tuple(rewriter.inputs), tuple(rewriter.nodes), outputs, updates)


def _root(value: Value) -> Value:
    """Return the value whose elements, in the same order, this one has."""
    while value.node is not None and (
        isinstance(value.node.lower, (Reshape, Check))
        or value.node.primitive in {expand_dims_p, squeeze_p}
    ):
        value = value.node.operands[0]
    return value
