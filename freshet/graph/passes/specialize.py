"""specialize: give every value its concrete shape, once the inputs' shapes are known.

Exact. Every type is inferred anew; ``shape(x)`` becomes a constant, and shape operands that are
constants move into parameters. Afterwards no type has an unknown size, unless data decides it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from freshet.core.shapes import TensorType
from freshet.graph.ir import Graph, Node, Rewriter, Value
from freshet.graph.trace import static_value
from freshet.ops.array import constant_p, shape_p


def specialize(
    graph: Graph, types: Sequence[TensorType], values: Sequence[np.ndarray | None] = ()
) -> Graph:
    """Return the graph for inputs of the given types.

    Args:
        graph: The graph.
        types: Of each input.
        values: Of each input what is known of its value; nothing by default. Whole numbers, which
            may become sizes, are made constants.
    """
    rewriter = Rewriter(graph.name)
    for value, kind, known in zip_longest(graph.inputs, types, values):
        rewriter.input(value, kind)
        if _small_constants([known]):
            rewriter.values[value] = rewriter.node(constant_p, (), {"value": known}, None)[0]
    for node in graph.nodes:
        outputs = _specialized(rewriter, node)
        rewriter.values.update(zip(node.outputs, outputs, strict=True))
    return rewriter.finish(graph)


def _specialized(rewriter: Rewriter, node: Node) -> tuple[Value, ...]:
    operands = [rewriter.values[v] for v in node.operands]
    types = [v.type for v in operands]
    values = [static_value(v) for v in operands]
    if node.primitive is shape_p and None not in types[0].shape:
        value = np.asarray(types[0].shape, np.int32)
        return rewriter.node(constant_p, (), {"value": value}, node.source)
    params = node.params
    if node.primitive.resolve is not None:
        resolved = node.primitive.resolve(types, values, params)
        if resolved is not None:
            kept, params = resolved
            operands = [operands[i] for i in kept]
    elif operands and node.primitive is not constant_p and _small_constants(values):
        return _folded(rewriter, node, [v for v in values if v is not None])
    return rewriter.node(node.primitive, operands, params, node.source)


def _small_constants(values: Sequence[np.ndarray | None]) -> bool:
    """Whether this may be arithmetic on shapes, which later nodes need as numbers."""
    return all(v is not None and v.size <= 8 and v.dtype.kind in "iu" for v in values)


def _folded(rewriter: Rewriter, node: Node, values: list[np.ndarray]) -> tuple[Value, ...]:
    types = node.primitive.types([rewriter.values[v].type for v in node.operands], node.params)
    results = node.primitive.evaluate(values, node.params, types)
    return tuple(rewriter.node(constant_p, (), {"value": r}, node.source)[0] for r in results)
