"""The compiler, pass by pass: a graph in, a program out.

``FRESHET_DUMP=<pass>,...`` prints what the named passes return; ``all`` prints every one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from freshet.compiler.fusion.fuse import Fused, Step, fuse
from freshet.compiler.kernel import Kernel
from freshet.compiler.memory import Layout, Place, order_for_updates, plan_memory
from freshet.compiler.schedule import schedule
from freshet.compiler.target import Target
from freshet.core.config import config
from freshet.core.shapes import TensorType
from freshet.core.source import SourceLine
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.passes.separate_results import separate_results
from freshet.graph.passes.simplify import STAGES as SIMPLIFY
from freshet.graph.passes.specialize import specialize

GRAPH_PASSES: Final[dict[str, Callable[[Graph], Graph]]] = {
    # Twice: folding shapes and joining views uncover each other.
    **SIMPLIFY,
    **{f"{name}_twice": stage for name, stage in SIMPLIFY.items()},
    # After the rules, which would take the copies out again.
    "separate_results": separate_results,
}


@dataclass(frozen=True)
class KernelCall:
    """One run of a kernel: where each of its buffers is.

    Attributes:
        check: Number of the check that the kernel is for; the program stops if it found something.
        sources: The user's lines it comes from.
    """

    kernel: Kernel
    arguments: tuple[Place, ...]
    check: int | None = None
    sources: tuple[SourceLine, ...] = ()


@dataclass(frozen=True)
class HostCall:
    """One run of a primitive's reference, in Python."""

    node: Node
    operands: tuple[Place, ...]
    results: tuple[Place, ...]


@dataclass(frozen=True)
class Program:
    """What the runtime executes, as data.

    Attributes:
        calls: In order.
        inputs: Types of the graph's inputs.
        outputs: Types of its outputs.
        constants: Values of the constants.
        arena_bytes: Memory for everything in between.
        checks: The checks, by number: their node and where its operand is.
        graph: What it was compiled from.
    """

    name: str
    calls: tuple[KernelCall | HostCall, ...]
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    constants: tuple[Any, ...]
    arena_bytes: int
    checks: tuple[tuple[Node, Place], ...]
    graph: Graph

    @property
    def kernels(self) -> list[Kernel]:
        """The kernels, in order of their calls."""
        return [c.kernel for c in self.calls if isinstance(c, KernelCall)]


def compile_graph(graph: Graph, types: Sequence[TensorType], target: Target) -> Program:
    """Compile a graph for inputs of the given types.

    Args:
        graph: A traced function.
        types: Types of its inputs, every size known.
        target: The machine.
    """
    graph = _traced("specialize", specialize(graph, types))
    for name, stage in GRAPH_PASSES.items():
        graph = _traced(name, stage(graph))
    fused = _traced("fuse", fuse(graph), _fused_text)
    steps = [part for step in fused.steps for part in _scheduled(step, target)]
    ordered = order_for_updates(graph, steps, fused.memory)
    layout = _traced("memory", plan_memory(graph, ordered, fused.memory), _layout_text)
    return _program(graph, fused, layout, target)


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


def _scheduled(step: Step, target: Target) -> list[Step]:
    """Return the step with its kernel scheduled; several, if it was split."""
    if step.kernel is None or step.buffers is None:
        return [step]
    kernels = schedule(step.kernel, target)
    values = dict(step.buffers)
    for kernel in kernels:
        for b in kernel.buffers:
            if b.name not in values or (b.role == "out" and b.name.startswith("part")):
                values[b.name] = Value(b.type, b.name)
    result = []
    for number, kernel in enumerate(kernels):
        last = number == len(kernels) - 1
        own = {b.name: values[b.name] for b in kernel.buffers}
        partial_reads = tuple(
            own[b.name] for b in kernel.buffers if b.name.startswith("part") and b.role == "in"
        )
        writes = tuple(
            own[b.name] for b in kernel.buffers if b.role == "out" and b.name != "status"
        )
        reads = tuple(v for v in step.reads if _reads(v, own)) + partial_reads
        result.append(
            replace(
                step, kernel=kernel, buffers=own, reads=reads, writes=writes,
                node=step.node if last else None,
            )
        )  # fmt: skip
    return result


def _reads(root: Value, own: dict[str, Value]) -> bool:
    """Whether one of a kernel's buffers is in the memory of `root`."""
    return any(_base(v) is root for v in own.values())


def _base(value: Value) -> Value:
    from freshet.compiler.fusion.realize import is_alias  # noqa: PLC0415

    while value.node is not None and is_alias(value.node):
        value = value.node.operands[0]
    return value


def _program(graph: Graph, fused: Fused, layout: Layout, target: Target) -> Program:
    memory, places = fused.memory, layout.places

    def place(value: Value) -> Place:
        root = memory.root(value)
        return places[value if root is None else root]

    calls: list[KernelCall | HostCall] = []
    checks: list[tuple[Node, Place]] = []
    for step in layout.steps:
        if step.kernel is None or step.buffers is None:
            assert step.node is not None
            operands = tuple(place(v) for v in step.node.operands)
            results = tuple(places[v] for v in step.node.outputs)
            calls.append(HostCall(step.node, operands, results))
            continue
        arguments, check = [], None
        for b in step.kernel.buffers:
            if b.name == "status":
                assert step.node is not None
                check = len(checks)
                checks.append((step.node, place(step.node.operands[0])))
                arguments.append(Place("status", check))
            else:
                arguments.append(place(step.buffers[b.name]))
        calls.append(KernelCall(step.kernel, tuple(arguments), check, step.sources))
    for to, source in layout.copies:
        calls.append(_copy(to, places[to], source, places[source], target))
    return Program(
        graph.name, tuple(calls), tuple(v.type for v in graph.inputs),
        tuple(v.type for v in graph.outputs),
        tuple(v.node.params["value"] for v in layout.constants if v.node is not None),
        layout.arena_bytes, tuple(checks), graph,
    )  # fmt: skip


def _copy(
    to: Value, target_place: Place, source: Value, place: Place, target: Target
) -> KernelCall:
    """Return the call that copies an update's value into its variable."""
    from freshet.compiler.fusion.draft import copy_kernel  # noqa: PLC0415

    del to
    kernel = schedule(copy_kernel(source.type), target)[0]
    return KernelCall(kernel, (place, target_place))
