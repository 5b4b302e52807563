"""Graphs inside graphs: the branches of a condition and the bodies of loops.

What a body uses from outside becomes an argument, which is captured. A variable that it assigns
becomes a further result; the node around it gives that value back to the variable outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from freshet.core import context
from freshet.core.shapes import TensorType
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.markers import reread_p
from freshet.graph.trace import GraphTracer
from freshet.ops.nest import Check

SMALL: Final = 64
"""Elements up to which a tensor from outside is a constant of the body."""


class BodyTracer(GraphTracer):
    """Traces a body: what it uses from outside becomes an argument.

    Attributes:
        captured: What that is, in the order of the arguments.
        assigned: The variables that the body assigns, in order.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.around = context.state.tracer
        self._outer = context.state.tracer, context.state.recorders
        self.captured: list[Tensor] = []
        self.assigned: list[Variable] = []
        self._inside: dict[int, Tensor] = {}

    def value_of(self, user: str, tensor: Tensor, *, any_rank: bool = False) -> Value:
        """Return the graph value of a tensor, capturing one from outside."""
        symbol = tensor._symbol
        if symbol is None:
            watched = any(r.tracks(tensor) for r in self._outer[1])
            own = tensor._value.size <= SMALL and not watched
        else:
            own = symbol in self._known
        if own:
            return super().value_of(user, tensor, any_rank=any_rank)
        key = id(tensor._array if symbol is None else symbol)
        if key not in self._inside:
            self._inside[key] = self.argument(tensor._type, "captured")
            self.captured.append(tensor)
        return super().value_of(user, self._inside[key], any_rank=any_rank)

    def carry_variable(self, variable: Variable, kind: TensorType) -> None:
        """Let an argument stand for what a variable holds when the body begins."""
        self._current[id(variable)] = self.argument(kind, "variable")
        self._unread.add(id(variable))  # another step may have assigned it

    def read_variable(self, variable: Variable) -> Tensor:
        """Return what the body assigned; before, the value outside.

        What was assigned is read as the variable again, as in `GraphTracer`.
        """
        key = id(variable)
        if key in self._unread:
            self._unread.remove(key)
            if variable.dtype.is_differentiable:
                entry = self._read_outside(variable)
                self._current[key] = self.record(reread_p, (self._current[key], entry), {})[0]
        return self._current[key] if key in self._current else self._read_outside(variable)

    def _read_outside(self, variable: Variable) -> Tensor:
        tracer, recorders = self._outer
        with context.tracing(tracer), context.recording(recorders):
            value = variable.value()
        return Tensor._of_symbol(self.value_of("read", value, any_rank=True))

    def assign_variable(self, variable: Variable, value: Tensor) -> None:
        """Make `value` what later reads return and the body results in."""
        self._current[id(variable)] = Tensor._of_symbol(self.value_of("assign", value))
        self._unread.add(id(variable))
        if not any(v is variable for v in self.assigned):
            self.assigned.append(variable)

    def register_variable(self, variable: Variable) -> None:
        """Let it belong to the function around, as the weights of a layer first called here do."""
        tracer, _ = self._outer
        if tracer is not None:
            tracer.register_variable(variable)

    def final(self, variable: Variable) -> Tensor:
        """Return what a variable holds when the body ends."""
        found = self._current.get(id(variable))
        return self.read_variable(variable) if found is None else found


@dataclass(frozen=True)
class Body:
    """A traced body.

    Attributes:
        graph: Its inputs are the arguments, the carried variables, then what it captures.
        captured: What is captured.
        fixed: How many inputs come before that.
    """

    graph: Graph
    captured: list[Tensor]
    fixed: int


class OpenBody:
    """A body that has been traced, up to the question which variables' values it results in.

    Args:
        name: For the printed graph and for errors.
        types: Types of the function's arguments.
        function: ``(*tensors) -> outputs``.
        carried: Variables whose values at the beginning are arguments, too.
    """

    def __init__(
        self,
        name: str,
        types: Sequence[TensorType],
        function: Callable[..., Sequence[Tensor]],
        carried: Sequence[tuple[Variable, TensorType]] = (),
    ) -> None:
        self._tracer = BodyTracer(name)
        self._fixed = len(types) + len(carried)
        with context.tracing(self._tracer), context.recording(()):
            arguments = [self._tracer.argument(t, "x") for t in types]
            for variable, kind in carried:
                self._tracer.carry_variable(variable, kind)
            self.outputs = list(function(*arguments))

    @property
    def assigned(self) -> list[Variable]:
        """The variables that it assigns."""
        return self._tracer.assigned

    @property
    def tracer(self) -> GraphTracer:
        """What traced it."""
        return self._tracer

    def outside(self, sizes: Tensor) -> Tensor | None:
        """Return, around a body without arguments, a shape that is made in it: `sizes_outside`."""
        with context.tracing(self._tracer), context.recording(()):
            graph, _ = self._tracer.finish([sizes])
        return sizes_outside(graph, self._tracer.captured, 0)

    def close(self, variables: Sequence[Variable]) -> Body:
        """Return it with the final values of variables as its last outputs."""
        with context.tracing(self._tracer), context.recording(()):
            values = [self._tracer.final(v) for v in variables]
            graph, _ = self._tracer.finish([*self.outputs, *values])
        return Body(graph, self._tracer.captured, self._fixed)


def with_inputs(body: Body, captured: Sequence[Tensor]) -> Graph:
    """Return a body's graph with an input for each of `captured`, which hold all it captures."""
    own = body.graph.inputs[body.fixed :]
    keys = {_key(t): value for t, value in zip(body.captured, own, strict=True)}
    unused = [Value(t._type, f"unused_{i}") for i, t in enumerate(captured)]
    inputs = [keys.get(_key(t), spare) for t, spare in zip(captured, unused, strict=True)]
    return Graph(
        body.graph.name, (*body.graph.inputs[: body.fixed], *inputs), body.graph.nodes,
        body.graph.outputs,
    )  # fmt: skip


def all_captured(*bodies: Body) -> list[Tensor]:
    """Return what several bodies capture, each thing once."""
    return list({_key(t): t for body in bodies for t in body.captured}.values())


def _key(tensor: Tensor) -> int:
    return id(tensor._array if tensor._symbol is None else tensor._symbol)


def hoisted(graph: Graph, fixed: int, given: Sequence[Tensor]) -> tuple[Graph, list[Tensor]]:
    """Compute what depends on invariants alone before the loop.

    Args:
        graph: The loop's body.
        fixed: How many of its inputs change from step to step; they come first.
        given: The invariants.

    Returns:
        The body without it, and the invariants that it still needs.
    """
    outside: dict[Value, Tensor] = dict(zip(graph.inputs[fixed:], given, strict=True))
    inside: list[Node] = []
    for node in graph.nodes:
        if node.operands and not node.must_run and all(v in outside for v in node.operands):
            operands = tuple(outside[v] for v in node.operands)
            outputs = node.primitive.apply(operands, node.params)
            outside.update(zip(node.outputs, outputs, strict=True))
        else:
            inside.append(node)
    read = {v for node in inside for v in node.operands} | set(graph.outputs)
    needed = [v for v in outside if v in read]
    inputs = (*graph.inputs[:fixed], *needed)
    return Graph(graph.name, inputs, tuple(inside), graph.outputs), [outside[v] for v in needed]


def _needed(graph: Graph, outputs: Sequence[Value]) -> list[Node]:
    wanted = set(outputs)
    nodes = []
    for node in reversed(graph.nodes):
        if any(v in wanted for v in node.outputs):
            wanted.update(node.operands)
            nodes.append(node)
    return nodes[::-1]


def sizes_outside(graph: Graph, inputs: Sequence[Tensor], number: int) -> Tensor | None:
    """Compute a shape that a body results in around it, whether or not the body runs.

    Where sizes follow from other sizes, nothing else will be left of what is computed for it. What
    the body checks is not, as it may never run.

    Args:
        graph: The body.
        inputs: What it is given: of a loop's, in its first step.
        number: Which of its results is the shape.

    Returns:
        The shape; None if that takes an effect, such as a call of Python.
    """
    nodes = _needed(graph, [graph.outputs[number]])
    if any(node.has_effect for node in nodes):
        return None
    tensors = dict(zip(graph.inputs, inputs, strict=True))
    with context.recording(()):
        for node in nodes:
            operands = tuple(tensors[v] for v in node.operands)
            checked = isinstance(node.primitive.lower, Check)
            outputs = operands[:1] if checked else node.primitive.apply(operands, node.params)
            tensors.update(zip(node.outputs, outputs, strict=True))
    return tensors[graph.outputs[number]]
