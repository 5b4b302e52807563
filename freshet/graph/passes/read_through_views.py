"""read_through_views: elementwise operations read what operands with leading ones are views of.

Exact. Broadcasting adds dimensions of size 1 in front by itself: ``x - squeeze(m)`` is ``x - m``.
Batch normalization has both, one for the variance, one for its result. They become equal nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from freshet.core.shapes import Dim
from freshet.graph.ir import Graph, Node, Rewriter, Value, rewrite

VIEWS: Final = frozenset({"expand_dims", "reshape", "squeeze"})


def read_through_views(graph: Graph) -> Graph:
    """Return the graph with such operands replaced by what they are views of."""

    def change(rewriter: Rewriter, node: Node) -> Iterable[Value] | None:
        operands = [rewriter.values[v] for v in node.operands]
        if not node.primitive.broadcasts or not any(map(_is_view, operands)):
            return None
        rank = len(node.outputs[0].type.shape)
        found = list(operands)
        for n, operand in enumerate(operands):
            others = [len(v.type.shape) for k, v in enumerate(found) if k != n]
            for source in _sources(operand):
                # The result keeps its dimensions.
                if max([len(source.type.shape), *others]) == rank:
                    found[n] = source
        if found == operands:
            return None
        return rewriter.node(node.primitive, found, node.params, node.source)

    return rewrite(graph, change)


def _sources(value: Value) -> Iterator[Value]:
    """Yield what a value is a view of, what that is a view of, and so on."""
    while _is_view(value):
        assert value.node is not None
        value = value.node.operands[0]
        yield value


def _is_view(value: Value) -> bool:
    """Whether a value is another one with more or fewer dimensions of size 1 in front."""
    if value.node is None or value.node.primitive.name not in VIEWS:
        return False
    shape, source = value.type.shape, value.node.operands[0].type.shape
    known = None not in shape and None not in source
    return known and _without_ones(shape) == _without_ones(source)


def _without_ones(shape: tuple[Dim, ...]) -> tuple[Dim, ...]:
    start = next((n for n, size in enumerate(shape) if size != 1), len(shape))
    return shape[start:]
