"""Programs whose shapes depend on data: compiled up to there, then for the shapes that came out.

A graph is cut at the nodes whose results have sizes that only data knows (the elements a mask
keeps, the rows of a ragged tensor): what can be computed before is one program; these nodes run in
Python; what is left is a graph again, which is compiled for the shapes that it is given, and may
be cut again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.graph.interpret import run_node
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.drop_markers import drop_markers
from freshet.graph.passes.eliminate_dead import eliminate_dead
from freshet.graph.passes.specialize import specialize
from freshet.graph.trace import static_value


@dataclass(frozen=True)
class Cut:
    """A graph in three parts.

    Attributes:
        first: What has known shapes; its outputs are what the other parts read of it.
        middle: The nodes whose results' shapes depend on data, in order.
        last: The rest, its inputs being `crossing` and then the variables.
        crossing: The values that `last` is given.
    """

    first: Graph
    middle: tuple[Node, ...]
    last: Graph
    crossing: tuple[Value, ...]


def prepared(graph: Graph, types: Sequence[TensorType]) -> Graph:
    """Return a graph with the shapes that follow from its inputs' types, without what is dead."""
    return eliminate_dead(drop_markers(specialize(graph, types)))


def is_open(kind: TensorType) -> bool:
    """Return whether a size is not known."""
    return None in kind.shape


def has_open_shapes(graph: Graph) -> bool:
    """Return whether data decides a shape in a graph whose inputs' shapes are known."""
    return any(is_open(v.type) for node in graph.nodes for v in node.outputs)


def cut(graph: Graph, variables: int) -> Cut:
    """Return a graph in parts.

    Args:
        graph: Specialized to shapes of its inputs; data decides some other shape.
        variables: How many of its last inputs are variables.
    """
    first, middle, last = _sorted_nodes(graph)
    made = {v for node in first for v in node.outputs}
    results = set(graph.results)
    later = {v for node in (*middle, *last) for v in node.operands} | results
    outputs = tuple(
        v for node in first for v in node.outputs if v in later and static_value(v) is None
    )
    arguments = graph.inputs[: len(graph.inputs) - variables]
    held = graph.inputs[len(graph.inputs) - variables :]
    read = {v for node in last for v in node.operands} | results
    known = (*arguments, *outputs, *(v for node in middle for v in node.outputs))
    crossing = tuple(v for v in known if v in read)
    constants = [n for n in first if static_value(n.outputs[0]) is not None]
    return Cut(
        Graph(f"{graph.name}_known", graph.inputs, tuple(first), outputs),
        tuple(middle),
        _renamed(graph, crossing, held, [*constants, *last] if made else last),
        crossing,
    )


def _sorted_nodes(graph: Graph) -> tuple[list[Node], list[Node], list[Node]]:
    """Return the nodes that run first, in the middle and last."""
    first: list[Node] = []
    middle: list[Node] = []
    last: list[Node] = []
    unknown: set[Value] = set()
    waiting = False
    for node in graph.nodes:
        late = any(v in unknown for v in node.operands) or (waiting and node.must_run)
        dynamic = any(is_open(v.type) for v in node.outputs)
        (last if late else middle if dynamic else first).append(node)
        if late or dynamic:
            unknown.update(node.outputs)
            # What happens after an effect stays after it.
            waiting = waiting or node.must_run
    return first, middle, last


def _renamed(
    graph: Graph, crossing: Sequence[Value], held: Sequence[Value], nodes: Iterable[Node]
) -> Graph:
    """Return the last part with inputs of its own."""
    values = {v: Value(v.type, f"x_{number}") for number, v in enumerate(crossing)}
    values |= {v: Value(v.type, v.name) for v in held}
    names = iter(range(10**9))
    copies = []
    for node in nodes:
        operands = [values[v] for v in node.operands]
        copy = Node(node.primitive, operands, node.params, lambda: str(next(names)), node.source)
        copies.append(copy)
        values.update(zip(node.outputs, copy.outputs, strict=True))
    inputs = tuple(values[v] for v in (*crossing, *held))
    outputs = tuple(values[v] for v in graph.outputs)
    updates = tuple((values[i], values[v]) for i, v in graph.updates)
    return Graph(f"{graph.name}_rest", inputs, tuple(copies), outputs, updates)


class StagedProgram:
    """A program in stages, run like an `Executable`.

    Args:
        graph: Specialized to the shapes of its inputs.
        variables: How many of its last inputs are variables.
        executor: What makes an executor of a graph.
    """

    resized: tuple[int, ...] = ()

    def __init__(self, graph: Graph, variables: int, executor: Callable[[Graph], Any]) -> None:
        self._cut = cut(graph, variables)
        self._first = executor(self._cut.first)
        self._last = executor(self._cut.last)
        self._inputs = graph.inputs

    def run(self, arguments: Sequence[Array], variables: Sequence[Variable]) -> list[Array]:
        """Return the outputs; leave the updates in the variables."""
        given = [*arguments, *(v._array for v in variables)]
        values: dict[Value, Array] = dict(zip(self._inputs, given, strict=True))
        outputs = self._first(given, ())
        values.update(zip(self._cut.first.outputs, outputs, strict=True))
        for node in self._cut.first.nodes:
            constant = static_value(node.outputs[0])
            if constant is not None:
                values[node.outputs[0]] = constant
        for node in self._cut.middle:
            results = run_node(node, [values[v] for v in node.operands])
            values.update(zip(node.outputs, results, strict=True))
        found: list[Array] = self._last([values[v] for v in self._cut.crossing], variables)
        return found
