"""A graph and its gradient, cut into a part that runs forward and one that runs back."""

from __future__ import annotations

from collections.abc import Sequence

from freshet.core import context
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.row_gradients import GradientLayout
from freshet.graph.trace import GraphTracer, inline
from freshet.ops.array import constant_p, shape_p


def split_gradient(graph: Graph, variables: int = 0) -> tuple[Graph, Graph, GradientLayout]:
    """Split a graph and its gradient into a part that runs forward and one that runs back.

    Args:
        graph: What is differentiated.
        variables: How many of its last inputs are what variables hold: if only rows of one are
            read, so is its gradient.

    Returns:
        The forward graph, whose outputs are the graph's and then what the other part needs; the
        backward graph, whose inputs are these and the gradients of the floating-point outputs, and
        whose outputs are gradients of inputs; and which inputs those are.
    """
    from freshet.graph.tape import GradientTape  # noqa: PLC0415

    tracer = GraphTracer(f"{graph.name}_gradient")
    with context.tracing(tracer), context.recording(()):
        inputs = [tracer.argument(v.type, "input") for v in graph.inputs]
        sources = [t for t in inputs if t.dtype.is_differentiable]
        with GradientTape() as tape:
            tape.watch(sources)
            results = inline(graph, inputs)
        outputs = results[: len(graph.outputs)]
        floating = [t for t in outputs if t.dtype.is_differentiable]
        seeds = [tracer.argument(t._type, "grad") for t in floating]
        of_variables = [t for t in inputs[len(inputs) - variables :] if t.dtype.is_differentiable]
        found = iter(tape.gradient_in_rows(floating, sources, seeds, len(of_variables)))
        layout, gradients = GradientLayout.of(
            [next(found) if t.dtype.is_differentiable else None for t in inputs]
        )
    joint, _ = tracer.finish([*results, *gradients])
    return (*_partition(joint, graph, len(seeds), len(results)), layout)


def _partition(joint: Graph, original: Graph, seeds: int, results: int) -> tuple[Graph, Graph]:
    """Cut the joint graph: what depends on an output gradient runs back, the rest forward."""
    count = len(joint.inputs) - seeds
    forward_inputs, seed_inputs = joint.inputs[:count], joint.inputs[count:]
    backward = set(seed_inputs)
    for node in joint.nodes:
        if any(v in backward for v in node.operands):
            backward.update(node.outputs)
    ahead = [n for n in joint.nodes if n.outputs[0] not in backward]
    returned = joint.outputs[results:]
    both = _known_anyway(joint, backward, returned)
    behind = [n for n in joint.nodes if n.outputs[0] in backward or n in both]
    made = {v for n in behind for v in n.outputs} | set(seed_inputs)
    crossing = dict.fromkeys(
        v for v in [*(v for n in behind for v in n.operands), *returned] if v not in made
    )
    for number, value in enumerate(crossing):
        if value.node is not None:
            value.name = f"kept_{number}"  # an input of the part that runs back
    outputs = joint.outputs[: len(original.outputs)]
    position = {v: i for i, v in enumerate(original.inputs)}
    updates = tuple(
        (forward_inputs[position[target]], value)
        for (target, _), value in zip(
            original.updates, joint.outputs[len(original.outputs) : results], strict=True
        )
    )
    first = Graph(
        f"{original.name}_forward", forward_inputs, tuple(ahead), (*outputs, *crossing), updates
    )
    second = Graph(
        f"{original.name}_backward", (*crossing, *seed_inputs), tuple(behind), tuple(returned)
    )
    return first, second


def _known_anyway(joint: Graph, backward: set[Value], returned: Sequence[Value]) -> set[Node]:
    """Return the constants and the arithmetic on shapes that the backward part does once more."""
    known: set[Value] = set()
    for node in joint.nodes:
        shapes = node.primitive in {constant_p, shape_p}
        if shapes or (node.operands and all(v in known for v in node.operands)):
            known.update(node.outputs)
    found: set[Node] = set()
    needed = set(returned)
    for node in reversed(joint.nodes):
        if node.outputs[0] in backward:
            needed.update(node.operands)
        elif node.outputs[0] in known and any(v in needed for v in node.outputs):
            found.add(node)
            needed.update(node.operands)
    return found
