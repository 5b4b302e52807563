"""Loops reduced to what some of their results need: run first, they say how much the loop takes.

How many steps a loop has depends on its condition, and how many elements it writes on the indices;
seldom on what it computes. A copy that computes only these finds them out first. It has no checks:
those of the loop itself come later, and the array that one checks may not be there yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from freshet.core import context
from freshet.core.shapes import TensorShape
from freshet.core.tensor import Tensor
from freshet.graph.conditions import cond, cond_p
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.trace import GraphTracer
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.nest import Check, Loop
from freshet.ops.static import static_value

Given = Sequence[Tensor | None]
"""Inputs of a graph; None for those that nothing will read."""


# --- what is needed -------------------------------------------------------------------------------


def reached(graph: Graph, outputs: Sequence[Value]) -> set[Value]:
    """Return everything that some values depend on, branch by branch and carry by carry."""
    found = set(outputs)
    for node in reversed(graph.nodes):
        wanted = [i for i, v in enumerate(node.outputs) if v in found]
        if wanted:
            found.update(_read(node, wanted))
    return found


def _read(node: Node, wanted: Sequence[int]) -> list[Value]:
    """Return the operands on which some outputs of a node depend."""
    if node.primitive is cond_p:
        sides = [node.params["then"], node.params["otherwise"]]
        needed = {0}
        for side in sides:
            below = reached(side, [side.outputs[i] for i in wanted])
            needed |= {i + 1 for i, v in enumerate(side.inputs) if v in below}
    elif isinstance(node.primitive.lower, Loop):
        needed = set(_needed_inputs(node.params, wanted))
    elif isinstance(node.primitive.lower, Check):
        needed = {0}
    else:
        return list(node.operands)
    return [v for i, v in enumerate(node.operands) if i in needed]


def _needed_inputs(params: Mapping[str, Any], wanted: Sequence[int]) -> list[int]:
    """Return the inputs of a loop on which its condition and some of its results depend."""
    condition, body, carries = params["condition"], params["body"], params["carries"]
    tested = reached(condition, condition.outputs)
    needed = {i for i, v in enumerate(condition.inputs) if v in tested} | set(wanted)
    while True:
        below = reached(body, [body.outputs[i] for i in needed if i < carries])
        more = needed | {i for i, v in enumerate(body.inputs) if v in below}
        if more == needed:
            return sorted(needed)
        needed = more


def effect_below(params: Mapping[str, Any], wanted: Sequence[int] = ()) -> Node | None:
    """Return an effect on which the number of a loop's steps, or one of some results, depends."""
    condition: Graph = params["condition"]
    body: Graph = params["body"]
    needed = [i for i in _needed_inputs(params, wanted) if i < params["carries"]]
    for graph, outputs in (
        (condition, condition.outputs),
        (body, [body.outputs[i] for i in needed]),
    ):
        below = reached(graph, outputs)
        for node in graph.nodes:
            if node.has_effect and any(v in below for v in node.outputs):
                return node
    return None


# --- running it -----------------------------------------------------------------------------------


def reduced(graph: Graph, inputs: Given, outputs: Sequence[Value]) -> list[Tensor]:
    """Run what some values of a graph need, eagerly or into the graph being traced."""
    below = reached(graph, outputs)
    tensors: dict[Value, Tensor | None] = dict(zip(graph.inputs, inputs, strict=True))
    tracer = context.state.tracer
    for node in graph.nodes:
        wanted = [i for i, v in enumerate(node.outputs) if v in below]
        if not wanted:
            continue
        if isinstance(tracer, GraphTracer):
            tracer.source = node.source
        made = _run(node, [tensors.get(v) for v in node.operands], wanted)
        tensors.update((node.outputs[i], t) for i, t in zip(wanted, made, strict=True))
    if isinstance(tracer, GraphTracer):
        tracer.source = None
    return [t for t in (tensors[v] for v in outputs) if t is not None]


def _run(node: Node, operands: Given, wanted: Sequence[int]) -> Sequence[Tensor]:
    if isinstance(node.primitive.lower, Check):
        return [t for t in operands[:1] if t is not None]
    if node.primitive is cond_p:
        sides = [node.params["then"], node.params["otherwise"]]
        then, otherwise = (
            lambda side=side: reduced(side, operands[1:], [side.outputs[i] for i in wanted])
            for side in sides
        )
        found: list[Tensor] = cond(operands[0], then, otherwise)
        return found
    if isinstance(node.primitive.lower, Loop):
        return reduced_loop(operands, node.params, wanted)[1]
    outputs = node.primitive.apply(tuple(t for t in operands if t is not None), node.params)
    return [outputs[i] for i in wanted]


def reduced_loop(
    inputs: Given, params: Mapping[str, Any], wanted: Sequence[int]
) -> tuple[Tensor, list[Tensor]]:
    """Return how many steps a loop takes, and some of its results.

    Args:
        inputs: The loop's: what goes from step to step, then the invariants.
        params: Parameters of the primitive.
        wanted: The numbers of the results.
    """
    from freshet.graph.while_loop import while_loop  # noqa: PLC0415 (it builds on this module)

    condition, body, carries = params["condition"], params["body"], params["carries"]
    needed = [i for i in _needed_inputs(params, wanted) if i < carries]

    def whole(given: Sequence[Tensor]) -> list[Tensor | None]:
        chosen = dict(zip(needed, given, strict=True))
        return [chosen.get(i) if i < carries else t for i, t in enumerate(inputs)]

    def go_on(count: Tensor, *given: Tensor) -> Tensor:
        del count
        return reduced(condition, whole(given), condition.outputs)[0]

    def step(count: Tensor, *given: Tensor) -> list[Tensor]:
        return [count + 1, *reduced(body, whole(given), [body.outputs[i] for i in needed])]

    start = [convert_to_tensor(np.int32(0)), *(inputs[i] for i in needed)]
    shapes = [TensorShape([]), *(TensorShape(body.inputs[i].type.shape) for i in needed)]
    with context.recording(()):
        count, *found = _known(while_loop(go_on, step, start, shapes))
    results = dict(zip(needed, found, strict=True))
    return count, [results[i] for i in wanted]


def _known(results: list[Tensor]) -> list[Tensor]:
    """Return results of a loop that follow from constants alone as constants."""
    symbol = results[0]._symbol
    node = symbol.node if isinstance(symbol, Value) else None
    if node is None or not isinstance(node.primitive.lower, Loop):
        return results
    values = [static_value(Tensor._of_symbol(v)) for v in node.operands]
    if any(v is None for v in values):
        return results
    found = node.primitive.reference(*values, **node.params)
    return [convert_to_tensor(array) for array in found]
