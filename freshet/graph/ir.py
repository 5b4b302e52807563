"""The graph: single assignment over tensors.

    graph  ::= "graph" name "(" input "," ... ")" "{" line* update* "return" value "," ... "}"
    input  ::= "%" name ":" type
    line   ::= "%" name ":" type "," ... "=" primitive "(" value "," ... parameter "," ... ")"
    parameter ::= name "=" literal
    update ::= "update" input "=" value
    type   ::= dtype "[" size "," ... "]"                    f32[?,28,28]; ? is known at the run

A value is made once, by a node or as an input, and nodes stand in an order in which operands come
before users. An update says what an input that is a variable holds after the run.

Graphs are never changed: a pass makes a new one, with `Rewriter`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from freshet.core.errors import InternalError, OpError
from freshet.core.shapes import Dim, TensorType
from freshet.core.source import SourceLine
from freshet.ops.nest import Check, Host, Lowering, Nested, OnceResolved
from freshet.ops.primitive import Primitive


class Value:
    """The result of a node, or an input. Compared by identity."""

    __slots__ = ("index", "name", "node", "type")

    def __init__(
        self, kind: TensorType, name: str, node: Node | None = None, index: int = 0
    ) -> None:
        self.type = kind
        self.name = name
        self.node = node
        """The node that makes it; None for an input."""
        self.index = index
        """Which of the node's outputs it is."""

    def narrow(self, shape: tuple[Dim, ...]) -> None:
        """Learn the shape of a result whose rank was not known; only its shape was asked for."""
        self.type = TensorType(self.type.dtype, shape)
        if self.node is not None and "shapes" in self.node.params:
            shapes = list(self.node.params["shapes"])
            shapes[self.index] = shape
            self.node.params["shapes"] = tuple(shapes)

    def __repr__(self) -> str:
        return f"%{self.name}: {self.type}"


class Node:
    """One use of a primitive. Compared by identity."""

    __slots__ = ("lower", "must_run", "operands", "outputs", "params", "primitive", "source")

    def __init__(
        self,
        primitive: Primitive,
        operands: Sequence[Value],
        params: Mapping[str, Any],
        names: Callable[[], str],
        source: SourceLine | None = None,
    ) -> None:
        self.primitive = primitive
        self.operands = tuple(operands)
        self.params = dict(params)
        self.source = source
        """The user's line that asked for it."""
        types = primitive.types([v.type for v in self.operands], self.params)
        self.outputs = tuple(Value(t, names(), self, i) for i, t in enumerate(types))
        self.lower = _lowering(primitive, [*(v.type for v in self.operands), *types], self.graphs)
        """How it is compiled: as its primitive says, unless kernels lack one of its dtypes."""
        if isinstance(self.lower, OnceResolved) and self.lower.is_open(**self.params):
            self.lower = Host(self.lower.why)
        self.must_run: bool = (
            isinstance(primitive.lower, Check)
            or primitive.effect
            or any(node.must_run for graph in self.graphs for node in graph.nodes)
        )
        """Whether it stays in a graph that does not need its result: a check, or an effect."""

    def copied(self, operands: Sequence[Value], names: Callable[[], str]) -> Node:
        """Return the same use of the primitive on other operands, of the same types."""
        copy = Node.__new__(Node)
        copy.primitive, copy.params, copy.source = self.primitive, dict(self.params), self.source
        copy.operands = tuple(operands)
        copy.outputs = tuple(Value(v.type, names(), copy, v.index) for v in self.outputs)
        copy.lower, copy.must_run = self.lower, self.must_run
        return copy

    @property
    def graphs(self) -> list[Graph]:
        """The graphs among its parameters: branches, and bodies of loops."""
        return [value for value in self.params.values() if isinstance(value, Graph)]

    @property
    def has_effect(self) -> bool:
        """Whether it does something beside its results."""
        return self.primitive.effect or any(n.has_effect for g in self.graphs for n in g.nodes)

    def __repr__(self) -> str:
        from freshet.graph.text import node_text  # noqa: PLC0415 (text imports this module)

        return node_text(self)


def _lowering(
    primitive: Primitive, types: Sequence[TensorType], graphs: Sequence[Graph]
) -> Lowering:
    if callable(primitive.lower) or isinstance(primitive.lower, Check):
        for kind in types:
            if kind.dtype.kind in {"complex", "string"}:
                return Host(f"there are no kernels for {kind.dtype.name}")
    if isinstance(primitive.lower, Nested):
        inner = [v.type for graph in graphs for node in graph.nodes for v in node.outputs]
        for kind in (*types, *inner):
            if kind.dtype.kind in {"complex", "string"}:
                return Host(f"there are no kernels for {kind.dtype.name}")
        if any(None in kind.shape for kind in inner):
            return Host("data decides on shapes inside it")
    return primitive.lower


@dataclass(frozen=True, eq=False)
class Graph:
    """See the module's docstring for what it means and how it prints."""

    name: str
    inputs: tuple[Value, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Value, ...]
    updates: tuple[tuple[Value, Value], ...] = ()
    """(input, what it holds after the run)."""

    @property
    def results(self) -> tuple[Value, ...]:
        """Everything the outside sees: the outputs, then the updates' values."""
        return (*self.outputs, *(value for _, value in self.updates))

    def uses(self) -> dict[Value, list[Node]]:
        """Return the nodes that read each value."""
        found: dict[Value, list[Node]] = {}
        for node in self.nodes:
            for operand in dict.fromkeys(node.operands):
                found.setdefault(operand, []).append(node)
        return found

    def __str__(self) -> str:
        from freshet.graph.text import to_text  # noqa: PLC0415 (text imports this module)

        return to_text(self)


def verify(graph: Graph) -> None:
    """Raise `InternalError` unless every value is made before it is used, with the type it has."""
    known = set(graph.inputs)
    for node in graph.nodes:
        for operand in node.operands:
            if operand not in known:
                raise InternalError(f"bug in freshet: {operand} is used before it is made\n{graph}")
        types = node.primitive.types([v.type for v in node.operands], node.params)
        if types != tuple(v.type for v in node.outputs):
            raise InternalError(f"bug in freshet: {node!r} has the wrong type\n{graph}")
        known |= set(node.outputs)
    missing = [v for v in graph.results if v not in known]
    if missing:
        raise InternalError(f"bug in freshet: {missing[0]} is returned but not made\n{graph}")
    targets = [target for target, _ in graph.updates]
    for number, target in enumerate(targets):
        if target not in graph.inputs or target in targets[:number]:
            raise InternalError(
                f"bug in freshet: {target} is updated twice or not an input\n{graph}"
            )


@dataclass
class Rewriter:
    """Builds a new graph out of an old one, node by node.

    `values` maps the old graph's values to the new one's.
    """

    name: str
    values: dict[Value, Value] = field(default_factory=dict)
    inputs: list[Value] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    _count: int = 0

    def fresh(self) -> str:
        """Return the next value's name."""
        self._count += 1
        return str(self._count - 1)

    def input(self, old: Value, kind: TensorType | None = None) -> Value:
        """Add an input that stands for an old one, possibly of another type."""
        new = Value(kind or old.type, old.name)
        self.inputs.append(new)
        self.values[old] = new
        return new

    def node(
        self,
        primitive: Primitive,
        operands: Sequence[Value],
        params: Mapping[str, Any],
        source: SourceLine | None,
    ) -> tuple[Value, ...]:
        """Add a node; return its outputs."""
        try:
            node = Node(primitive, operands, params, self.fresh, source)
        except OpError as error:
            error.source = source or error.source
            raise
        self.nodes.append(node)
        return node.outputs

    def copy(self, node: Node) -> tuple[Value, ...]:
        """Add a copy of an old node, its operands mapped."""
        operands = [self.values[v] for v in node.operands]
        if all(new.type == old.type for new, old in zip(operands, node.operands, strict=True)):
            copy = node.copied(operands, self.fresh)
            self.nodes.append(copy)
            outputs = copy.outputs
        else:
            outputs = self.node(node.primitive, operands, node.params, node.source)
        self.values.update(zip(node.outputs, outputs, strict=True))
        return outputs

    def finish(self, old: Graph) -> Graph:
        """Return the new graph, with the old one's outputs and updates."""
        return Graph(
            self.name,
            tuple(self.inputs),
            tuple(self.nodes),
            tuple(self.values[v] for v in old.outputs),
            tuple((self.values[i], self.values[v]) for i, v in old.updates),
        )


def rewrite(graph: Graph, change: Callable[[Rewriter, Node], Iterable[Value] | None]) -> Graph:
    """Return the graph with nodes replaced.

    Args:
        graph: The old graph.
        change: ``(rewriter, old node) -> new values for its outputs``, or None to keep it.
    """
    rewriter = Rewriter(graph.name)
    for value in graph.inputs:
        rewriter.input(value)
    for node in graph.nodes:
        outputs = change(rewriter, node)
        if outputs is None:
            rewriter.copy(node)
        else:
            rewriter.values.update(zip(node.outputs, outputs, strict=True))
    return rewriter.finish(graph)
