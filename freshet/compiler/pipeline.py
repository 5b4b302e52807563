"""The compiler, pass by pass: a graph in, a program out.

``FRESHET_DUMP=<pass>,...`` prints what the named passes return; ``all`` prints every one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from freshet.compiler.fusion.fuse import Fused, Step, fuse
from freshet.compiler.kernel import Kernel
from freshet.compiler.memory import Layout, order_for_updates, plan_memory
from freshet.compiler.program import (
    Planned,
    Program,
    assemble_program,
    branch_workspace,
    workspace_bytes,
)
from freshet.compiler.schedule import schedule
from freshet.compiler.target import Target
from freshet.compiler.written_over import kept_operand, written_over
from freshet.core.config import config
from freshet.core.dtypes import uint8
from freshet.core.shapes import TensorType
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.hoist_transposes import hoist_transposes
from freshet.graph.passes.separate_results import separate_results
from freshet.graph.passes.simplify import STAGES as SIMPLIFY
from freshet.graph.passes.specialize import specialize
from freshet.graph.scan import body_types, parts_of
from freshet.ops.nest import Branch, Nested, Repeat

GRAPH_PASSES: Final[dict[str, Callable[[Graph], Graph]]] = {
    # Twice: folding shapes and joining views uncover each other.
    **SIMPLIFY,
    **{f"{name}_twice": stage for name, stage in SIMPLIFY.items()},
    # After the rules, which join transposes with what reads them.
    "hoist_transposes": hoist_transposes,
    # After the rules, which would take the copies out again.
    "separate_results": separate_results,
}


Choose = Callable[[Kernel, Target], Kernel]
"""Gives a scheduled kernel another schedule, or the same."""


def _as_it_is(kernel: Kernel, target: Target) -> Kernel:
    del target
    return kernel


def compile_graph(
    graph: Graph, types: Sequence[TensorType], target: Target, choose: Choose = _as_it_is
) -> Program:
    """Compile a graph for inputs of the given types.

    Args:
        graph: A traced function.
        types: Types of its inputs, every size known.
        target: The machine.
        choose: Has the last word on each kernel's schedule.
    """
    return assemble_program(_planned(graph, types, target, choose), target)


def _planned(
    graph: Graph, types: Sequence[TensorType], target: Target, choose: Choose, *,
    inside: bool = False,
) -> Planned:  # fmt: skip
    """Run every pass on a graph, or on one inside another: a branch, or the body of a loop."""
    graph = _traced("specialize", specialize(graph, types))
    for name, stage in GRAPH_PASSES.items():
        graph = _traced(name, stage(graph))
    fused = _traced("fuse", fuse(graph), _fused_text)
    steps = [part for step in fused.steps for part in _scheduled(step, target, choose)]
    ordered = order_for_updates(graph, steps, fused.memory)
    layout = _traced(
        "memory", plan_memory(graph, ordered, fused.memory, inside=inside), _layout_text
    )
    return Planned(graph, fused.memory, layout)


def _with_bodies(step: Step, node: Node, target: Target, choose: Choose) -> Step:
    """Return a branch or loop with its graphs planned and their workspace among what it makes."""
    lower = node.lower
    if isinstance(lower, Repeat):
        return _with_repeated(step, node, target, choose)
    types = [v.type for v in node.operands]

    def planned(graph: Graph, types: Sequence[TensorType]) -> Planned:
        return _planned(graph, types, target, choose, inside=True)

    if isinstance(lower, Branch):
        over = [(k, kept) for k in range(len(node.outputs)) if (kept := kept_operand(node, k))]
        inputs = {k: kept - 1 for k, kept in over}
        sides = (node.params["then"], node.params["otherwise"])
        bodies = tuple(planned(_changing(side, inputs), types[1:]) for side in sides)
    else:
        # Each step writes the next values over the old ones, as a program does with variables.
        over = [(k, k) for k in range(node.params["carries"])]
        body = _changing(node.params["body"], dict(over))
        bodies = (planned(node.params["condition"], types), planned(body, types))
    step = replace(step, over=tuple(over))
    return _with_workspace(step, bodies, branch_workspace(bodies))


def _changing(graph: Graph, over: Mapping[int, int]) -> Graph:
    """Return a graph that, instead of making some outputs, writes them over inputs."""
    updates = tuple((graph.inputs[j], graph.outputs[k]) for k, j in over.items())
    outputs = tuple(v for k, v in enumerate(graph.outputs) if k not in over)
    return replace(graph, outputs=outputs, updates=updates)


def _with_workspace(step: Step, bodies: tuple[Planned, ...], size: int) -> Step:
    workspace = Value(TensorType(uint8, (size,)), "workspace")
    return replace(step, bodies=bodies, writes=(*step.writes, workspace))


def _with_repeated(step: Step, node: Node, target: Target, choose: Choose) -> Step:
    """Return a loop over time with its body planned."""
    parts = parts_of(node.params)
    body: Graph = node.params["body"]
    stacked = body.outputs[parts.carries :]
    over = {
        k: j
        for k, j in written_over(body).items()
        if k == j and k < parts.carries and body.outputs[k] not in stacked
    }
    body = _changing(body, over)
    outputs = list(body.outputs[: parts.carries - len(over)])
    own = len(outputs)
    numbers = iter(range(own))
    results = [None if k in over else next(numbers) for k in range(parts.carries)]
    for value in stacked:
        # A carry that is put out as well is one value; anything else is a result of its own.
        twin = outputs.index(value) if value in outputs[:own] else None
        if twin is None or twin in results[parts.carries :]:
            twin = len(outputs)
            outputs.append(value)
        results.append(twin)
    types = body_types(parts, [v.type for v in node.operands])
    planned = replace(
        _planned(replace(body, outputs=tuple(outputs)), types, target, choose, inside=True),
        results=tuple(results),
    )
    step = replace(step, over=tuple(over.items()))
    return _with_workspace(step, (planned,), workspace_bytes(planned, parts.carries))


def _traced(name: str, result: Any, text: Callable[[Any], str] = str) -> Any:
    if config.dump & {name, "all"}:
        sys.stderr.write(f"--- after {name} ---\n{text(result)}\n")
    return result


def _fused_text(fused: Fused) -> str:
    return "\n".join(str(s.kernel or s.node) for s in fused.steps)


def _layout_text(layout: Layout) -> str:
    lines = [f"arena {layout.arena_bytes} bytes"]
    for step in layout.steps:
        names = step.buffers or {}
        where = {n: layout.places[v] for n, v in names.items() if v in layout.places}
        placed = ", ".join(f"{n} at {p.space} {p.number}" for n, p in where.items())
        lines += [str(step.kernel or step.node).rstrip(), f"  {placed}", ""]
    return "\n".join(lines)


def _scheduled(step: Step, target: Target, choose: Choose) -> list[Step]:
    """Return the step with its kernel scheduled; several, if it was split."""
    if step.kernel is None or step.buffers is None:
        if step.node is not None and isinstance(step.node.lower, Nested):
            return [_with_bodies(step, step.node, target, choose)]
        return [step]
    kernels = [choose(k, target) for k in schedule(step.kernel, target)]
    values = dict(step.buffers)
    result: list[Step] = []
    for number, kernel in enumerate(kernels):
        last = number == len(kernels) - 1
        for b in kernel.buffers:
            # Each part that a kernel writes is read by those after it, until the next of its name.
            if b.name not in values or (b.role == "out" and b.name.startswith("part")):
                values[b.name] = Value(b.type, b.name)
        own = {b.name: values[b.name] for b in kernel.buffers}
        partial_reads = tuple(
            own[b.name] for b in kernel.buffers if b.name.startswith("part") and b.role != "out"
        )
        writes = tuple(own[b.name] for b in kernel.buffers if b.role != "in" and b.name != "status")
        reads = tuple(v for v in step.reads if step.is_check or _reads(v, own)) + partial_reads
        result.append(
            replace(
                step, kernel=kernel, buffers=own, reads=reads, writes=writes,
                node=step.node if last else None,
            )
        )  # fmt: skip
    return _lasting(result)


def _lasting(steps: list[Step]) -> list[Step]:
    """Return steps of which the last of those with rounds needs all that the others do.

    Until then each of them runs again.
    """
    together = [s for s in steps if s.kernel is not None and s.kernel.rounds is not None]
    if not together:
        return steps
    last = together[-1]
    needed = [v for s in together for v in (*s.reads, *s.writes) if v not in last.writes]
    reads = tuple(dict.fromkeys((*last.reads, *needed)))
    return [replace(s, reads=reads) if s is last else s for s in steps]


def _reads(root: Value, own: dict[str, Value]) -> bool:
    """Whether one of a kernel's buffers is in the memory of `root`."""
    return any(_base(v) is root for v in own.values())


def _base(value: Value) -> Value:
    from freshet.compiler.fusion.realize import is_alias  # noqa: PLC0415

    while value.node is not None and is_alias(value.node):
        value = value.node.operands[0]
    return value
