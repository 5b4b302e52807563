"""eliminate_common: compute equal things once.

Exact. Two nodes are equal when primitive, operands and parameters are and it has no effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite


def eliminate_common(graph: Graph) -> Graph:
    """Return the graph without repeated nodes."""
    seen: dict[Any, tuple[Value, ...]] = {}

    def change(rewriter: Rewriter, node: Node) -> Iterable[Value] | None:
        if node.has_effect:
            return None
        operands = tuple(rewriter.values[v] for v in node.operands)
        key = (
            node.primitive.name,
            operands,
            tuple((k, _hashable(v)) for k, v in node.params.items()),
        )
        if key not in seen:
            seen[key] = rewriter.node(node.primitive, operands, node.params, node.source)
        return seen[key]

    return rewrite(graph, change)


def _hashable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            return id(value)
        return value.dtype.str, value.shape, value.tobytes()
    # 1 == True == 1.0 and 0.0 == -0.0, but they are different parameters.
    return repr(value)
