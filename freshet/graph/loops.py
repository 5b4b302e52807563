"""The loop primitive: a graph that runs while another one says so, and its gradient.

Compiled, a loop is part of the one native program and never returns to Python. Its gradient is that
of a scan over as many steps as it takes, which a copy of the loop, reduced to what its condition
depends on, counts first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context, dtypes
from freshet.core.composite import CompositeTensor
from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.nest import flatten, pack_sequence_as, skeleton
from freshet.core.shapes import Dim, TensorShape, TensorSpec, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.core.variable import Variable
from freshet.graph.body import OpenBody, all_captured, hoisted, with_inputs
from freshet.graph.conditions import joined_type, outputs_for
from freshet.graph.interpret import interpret
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.specialize import specialize
from freshet.graph.scan import scan_p
from freshet.graph.trace import inline, static_value
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import logical_and
from freshet.ops.nest import Branch, Host, Loop
from freshet.ops.primitive import Call, Joint, NoGradient, Primitive, Resolved
from freshet.ops.tensor_array import TensorArray


def _while_infer(
    *types: TensorType, condition: Graph, body: Graph, carries: int
) -> tuple[TensorType, ...]:
    """Return the carries' types: sizes that a step changes are not known."""
    del condition
    carried, invariants = list(types[:carries]), types[carries:]
    while True:
        made = outputs_for(body, [*carried, *invariants])
        joined = []
        for number, (before, after) in enumerate(zip(carried, made, strict=True)):
            if before.dtype != after.dtype or before.rank != after.rank:
                raise InvalidArgumentError(
                    f"while_loop: loop variable {number} is {before} before a step and {after} "
                    "after it; a step must keep its dtype and number of dimensions"
                )
            joined.append(joined_type("while_loop", number, before, after))
        if joined == carried:
            return tuple(carried)
        carried = joined


def _while_resolve(
    types: Sequence[TensorType], values: Sequence[Array | None], params: Mapping[str, Any]
) -> Resolved:
    del values
    carried = _while_infer(*types, **params)
    own = [*carried, *types[params["carries"] :]]
    known = {n: specialize(params[n], own) for n in ("condition", "body")}
    return range(len(types)), {**params, **known}


def _while_reference(
    *arrays: Array, condition: Graph, body: Graph, carries: int
) -> tuple[Array, ...]:
    carried, invariants = list(arrays[:carries]), arrays[carries:]
    while interpret(condition, [*carried, *invariants])[0]:
        carried = interpret(body, [*carried, *invariants])
    return tuple(carried)


def _while_recorded(inputs: tuple[Tensor, ...], params: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """Apply a loop so that tapes can differentiate it: count its steps, then scan over them."""
    carries = params["carries"]
    if not is_differentiable(inputs):
        with context.recording(()):
            return while_p.apply(inputs, params)
    with context.recording(()):
        steps = count_steps(inputs, params)
    body: Graph = params["body"]
    known = static_value(steps._symbol) if isinstance(steps._symbol, Value) else steps._value
    scanned = {"body": body, "carries": carries, "length": None, "reverse": False}
    if known is not None:
        return scan_p.apply(inputs, {**scanned, "sequences": 0, "length": int(known)})
    numbers = steps_p(steps)
    element = Value(TensorType(numbers.dtype, ()), "step")
    graph = Graph(
        body.name, (*body.inputs[:carries], element, *body.inputs[carries:]), body.nodes,
        body.outputs,
    )  # fmt: skip
    operands = (*inputs[:carries], numbers, *inputs[carries:])
    return scan_p.apply(operands, {**scanned, "body": graph, "sequences": 1})


def is_differentiable(tensors: Sequence[Tensor]) -> bool:
    """Return whether a tape has something to differentiate among operands."""
    return any(t.dtype.is_differentiable for t in tensors)


steps_p: Primitive = Primitive(
    name="steps",
    infer=lambda count: TensorType(dtypes.int32, (None,)),
    reference=lambda count: np.arange(count, dtype=np.int32),
    gradient=NoGradient("steps are whole numbers"),
    lower=Host("data decides how many there are"),
)
"""The numbers of a loop's steps: a loop that is differentiated is compiled once they are known."""


def count_steps(inputs: Sequence[Tensor], params: Mapping[str, Any]) -> Tensor:
    """Return how many steps a loop takes, running only what its condition needs."""
    from freshet.graph.while_loop import while_loop  # noqa: PLC0415 (it builds on this module)

    condition, body, carries = params["condition"], params["body"], params["carries"]
    needed = _needed_carries(condition, body, carries)
    effect = uncountable(params)
    if effect is not None:
        raise UnimplementedError(
            f"while_loop: how many steps it takes depends on {effect.primitive.name}, which "
            "would have to run twice; for its gradient, or a TensorArray with "
            "dynamic_size=True, the steps are counted first. Give the loop a largest number of "
            "steps, as `for i in ft.range(n)` and maximum_iterations do, or stop on something that "
            "is computed without calling Python"
        )
    invariants = inputs[carries:]

    def whole(given: Sequence[Tensor]) -> list[Tensor]:
        """Return all inputs of the graphs, those that do not matter as they are at first."""
        chosen = dict(zip(needed, given, strict=True))
        return [chosen.get(i, t) for i, t in enumerate(inputs[:carries])] + list(invariants)

    def go_on(count: Tensor, *given: Tensor) -> Tensor:
        del count
        return inline(condition, whole(given))[0]

    def step(count: Tensor, *given: Tensor) -> list[Tensor]:
        results = inline_some(body, whole(given), needed)
        return [count + 1, *results]

    start = convert_to_tensor(np.int32(0))
    found = while_loop(go_on, step, [start, *(inputs[i] for i in needed)])
    count: Tensor = found[0]
    if count._symbol is not None:
        static = _static_count(count)
        return count if static is None else static
    return count


def uncountable(params: Mapping[str, Any]) -> Node | None:
    """Return an effect on which the number of a loop's steps depends."""
    condition, body = params["condition"], params["body"]
    needed = _needed_carries(condition, body, params["carries"])
    for graph, outputs in (
        (condition, condition.outputs),
        (body, [body.outputs[i] for i in needed]),
    ):
        reached = _reached(graph, outputs)
        for node in graph.nodes:
            if node.has_effect and any(v in reached for v in node.outputs):
                return node
    return None


def inline_some(graph: Graph, inputs: Sequence[Tensor], outputs: Sequence[int]) -> list[Tensor]:
    """Run what some of a graph's outputs need."""
    wanted = {graph.outputs[i] for i in outputs}
    nodes = []
    for node in reversed(graph.nodes):
        if any(v in wanted for v in node.outputs):
            wanted.update(node.operands)
            nodes.append(node)
    part = Graph(
        graph.name, graph.inputs, tuple(reversed(nodes)), tuple(graph.outputs[i] for i in outputs)
    )
    return inline(part, inputs)


def _static_count(count: Tensor) -> Tensor | None:
    """Return a number of steps that follows from constants alone, as a constant."""
    node = count._symbol.node if isinstance(count._symbol, Value) else None
    if node is None or node.primitive is not while_p:
        return None
    values = [static_value(v) for v in node.operands]
    if any(v is None for v in values):
        return None
    found = _while_reference(*(v for v in values if v is not None), **node.params)
    return convert_to_tensor(found[0])


def _needed_carries(condition: Graph, body: Graph, carries: int) -> list[int]:
    """Return the carries on which the number of steps depends."""
    number = {v: i for i, v in enumerate(body.inputs[:carries])}
    first = {v: i for i, v in enumerate(condition.inputs[:carries])}
    needed = {first[v] for v in _reached(condition, condition.outputs) if v in first}
    while True:
        below = _reached(body, [body.outputs[i] for i in needed])
        more = needed | {number[v] for v in below if v in number}
        if more == needed:
            return sorted(needed)
        needed = more


def _reached(graph: Graph, outputs: Sequence[Value]) -> set[Value]:
    """Return everything that some values depend on."""
    found = set(outputs)
    for node in reversed(graph.nodes):
        if any(v in found for v in node.outputs):
            found.update(node.operands)
    return found


while_p: Primitive = Primitive(
    name="while", infer=_while_infer, reference=_while_reference, lower=Loop(),
    gradient=Joint(lambda call, wanted, *grads: [None] * len(call.inputs)),
    resolve=_while_resolve, recorded=_while_recorded,
)  # fmt: skip
