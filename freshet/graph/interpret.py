"""Running a graph by its primitives' references: the oracle of every compiler test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from freshet.core.dtypes import of_array
from freshet.core.errors import OpError
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.graph.ir import Graph, Node, Value


def interpret(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """Return the graph's results (outputs, then updates) for the given inputs."""
    values: dict[Value, Array] = dict(zip(graph.inputs, inputs, strict=True))
    for node in graph.nodes:
        operands = [values[v] for v in node.operands]
        outputs = run_node(node, operands)
        values.update(zip(node.outputs, outputs, strict=True))
    return [values[v] for v in graph.results]


def run_node(node: Node, operands: Sequence[Array]) -> tuple[Array, ...]:
    """Run one node's reference; its error names the line that asked for it."""
    types = [TensorType(of_array(a), a.shape) for a in operands]
    try:
        found = node.primitive.types(types, node.params)
        return node.primitive.evaluate(operands, node.params, found)
    except OpError as error:
        error.source = node.source or error.source
        raise


class ReferenceExecutor:
    """Runs a traced function with NumPy: ``FRESHET_BACKEND=numpy``."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def __call__(self, arguments: Sequence[Array], variables: Sequence[Variable]) -> list[Array]:
        """Return the outputs; leave the updates in the variables."""
        inputs: list[Any] = [*arguments, *(v._array for v in variables)]
        results = interpret(self._graph, inputs)
        count = len(self._graph.outputs)
        held = dict(zip(self._graph.inputs[len(arguments) :], variables, strict=True))
        for (target, _), value in zip(self._graph.updates, results[count:], strict=True):
            held[target]._check("assign", TensorSpec(value.shape, of_array(value)))
            held[target]._replace(np.array(value))
        return [np.array(r) for r in results[:count]]
