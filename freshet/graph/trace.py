"""Tracing: running Python once with symbolic tensors, and keeping what it did as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.errors import FailedPreconditionError, InvalidArgumentError, OpError
from freshet.core.shapes import TensorType
from freshet.core.source import SourceLine, user_line
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.markers import reread_p
from freshet.ops.array import constant_p
from freshet.ops.elementwise import stop_gradient_p
from freshet.ops.primitive import Primitive


class GraphTracer:
    """Builds a graph from the operations it is told of.

    Variables become inputs when they are first read; an assignment changes what later reads return
    and, at the end, becomes an update of the input.

    Args:
        name: The graph's name.
        may_create_variables: Whether variables may be made while tracing; only in the first trace
            of a function, as in TensorFlow.
    """

    def __init__(self, name: str, *, may_create_variables: bool = True) -> None:
        self.name = _identifier(name)
        self.may_create_variables = may_create_variables
        self.around: context.Tracer | None = None
        self.created: list[Variable] = []
        self._arguments: list[Value] = []
        self._nodes: list[Node] = []
        self._known: set[Value] = set()
        self._names = 0
        self._constants: dict[int, tuple[Any, Tensor]] = {}
        self._entry: dict[int, tuple[Variable, Value]] = {}
        self._current: dict[int, Tensor] = {}
        self._written: list[int] = []
        self._unread: set[int] = set()
        self.source: SourceLine | None = None
        """Where new nodes come from, if not from the line that is running."""

    def argument(self, kind: TensorType, name: str) -> Tensor:
        """Add an argument."""
        value = Value(kind, f"{name}_{len(self._arguments)}")
        self._arguments.append(value)
        self._known.add(value)
        return Tensor._of_symbol(value)

    def _fresh(self) -> str:
        self._names += 1
        return str(self._names - 1)

    # --- what operations call ---------------------------------------------------------------------

    def record(
        self, primitive: Primitive, inputs: tuple[Tensor, ...], params: Mapping[str, Any]
    ) -> tuple[Tensor, ...]:
        """Add a node and return its symbolic outputs."""
        operands = [self.value_of(primitive.name, t, any_rank=primitive.any_rank) for t in inputs]
        source = self.source or user_line()
        try:
            node = Node(primitive, operands, params, self._fresh, source)
        except OpError as error:
            error.source = source
            raise
        self._nodes.append(node)
        self._known.update(node.outputs)
        return tuple(map(Tensor._of_symbol, node.outputs))

    def value_of(self, user: str, tensor: Tensor, *, any_rank: bool = False) -> Value:
        """Return the graph value of a tensor; an eager one becomes a constant.

        Args:
            user: Who asks, for errors.
            tensor: Any tensor.
            any_rank: Whether its rank need not be known.
        """
        symbol = tensor._symbol
        if symbol is None:
            found = self._constants.get(id(tensor._array))
            if found is None:
                node = Node(constant_p, (), {"value": tensor._value}, self._fresh)
                self._nodes.append(node)
                self._known.add(node.outputs[0])
                constant = Tensor._of_symbol(node.outputs[0])
                found = self._constants[id(tensor._array)] = (tensor._array, constant)
            symbol = found[1]._symbol
        assert isinstance(symbol, Value)
        if not symbol.type.has_rank and not any_rank:
            raise InvalidArgumentError(
                f"{user}: received {symbol.type}, a tensor whose rank is not known before the run; "
                "say y.set_shape([...]) after it was made, with None for each unknown size, or use "
                "ft.ensure_shape or ft.reshape"
            )
        if symbol not in self._known:
            raise FailedPreconditionError(
                f"{user}: {tensor!r} belongs to another traced function; tensors leave a function "
                "only by being returned (or assigned to a variable)"
            )
        return symbol

    def read_variable(self, variable: Variable) -> Tensor:
        """Return the variable's value at this point of the graph."""
        key = id(variable)
        if key not in self._current:
            kind = TensorType.of(variable.dtype, variable.shape)
            value = Value(
                kind, f"v{len(self._entry)}_{_identifier(variable.name.removesuffix(':0'))}"
            )
            self._known.add(value)
            self._entry[key] = variable, value
            self._current[key] = Tensor._of_symbol(value)
        elif key in self._unread:
            # Another tensor than the assigned one: no gradient flows through an assignment, but
            # what is read is the variable again.
            self._unread.remove(key)
            assigned = self._current[key]
            if key in self._entry:
                entry = Tensor._of_symbol(self._entry[key][1])
                self._current[key] = self.record(reread_p, (assigned, entry), {})[0]
            else:
                self._current[key] = self.record(stop_gradient_p, (assigned,), {})[0]
        return self._current[key]

    def assign_variable(self, variable: Variable, value: Tensor) -> None:
        """Make `value` what later reads return and the run leaves in the variable."""
        if id(variable) not in self._current:
            self.read_variable(variable)
        symbol = Tensor._of_symbol(self.value_of("assign", value))
        self._current[id(variable)] = symbol
        self._unread.add(id(variable))
        if id(variable) not in self._written:
            self._written.append(id(variable))

    def register_variable(self, variable: Variable) -> None:
        """Learn that a variable was made while tracing."""
        if not self.may_create_variables:
            raise InvalidArgumentError(
                f"{self.name}: a variable was made while tracing for the second time. A traced "
                "function may make variables only when it is first called: keep them in an object "
                "(self.v = None; if self.v is None: self.v = ft.Variable(...))"
            )
        self.created.append(variable)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """What was traced so far."""
        return tuple(self._nodes)

    def entry_of(self, variable: Variable) -> Tensor | None:
        """Return what a variable held when the graph began, if it was read."""
        found = self._entry.get(id(variable))
        return None if found is None else Tensor._of_symbol(found[1])

    # --- the result -------------------------------------------------------------------------------

    def finish(self, outputs: Sequence[Tensor]) -> tuple[Graph, list[Variable]]:
        """Return the graph and the variables that are its last inputs, in order."""
        results = tuple(self.value_of("return", t, any_rank=True) for t in outputs)
        updates = []
        for key in self._written:
            symbol = self._current[key]._symbol
            assert isinstance(symbol, Value)
            updates.append((self._entry[key][1], symbol))
        variables = [v for v, _ in self._entry.values()]
        inputs = (*self._arguments, *(value for _, value in self._entry.values()))
        graph = Graph(self.name, inputs, tuple(self._nodes), results, tuple(updates))
        return graph, variables


def inline(graph: Graph, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Run the graph's operations on other tensors: eagerly, or into the graph being traced.

    Updates are left out: the caller knows what its inputs are.
    """
    tensors = dict(zip(graph.inputs, inputs, strict=True))
    tracer = context.state.tracer
    for node in graph.nodes:
        if isinstance(tracer, GraphTracer):
            tracer.source = node.source
        outputs = node.primitive.apply(tuple(tensors[v] for v in node.operands), node.params)
        tensors.update(zip(node.outputs, outputs, strict=True))
    if isinstance(tracer, GraphTracer):
        tracer.source = None
    return [tensors[v] for v in graph.results]


def _identifier(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)


def static_value(value: Value) -> np.ndarray[Any, Any] | None:
    """Return the array of a constant, None for everything else."""
    if value.node is not None and value.node.primitive is constant_p:
        found: np.ndarray[Any, Any] = value.node.params["value"]
        return found
    return None
