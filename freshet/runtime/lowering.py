"""From a graph to a program, its outline, and the code of its kernels, in memory and on disk.

Whoever imports this module imports the compiler.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.calls import Code, CodeCall, HostCall, Jump, Outline
from freshet.compiler.costs import kernel_work
from freshet.compiler.kernel import Kernel
from freshet.compiler.pipeline import compile_graph
from freshet.compiler.program import Program
from freshet.compiler.target import Target, host
from freshet.compiler.tile_plan import scratch_bytes
from freshet.core.config import config
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.variable import Variable
from freshet.graph.ir import Graph, Value
from freshet.graph.passes.specialize import specialize
from freshet.runtime import assembling, cache, code
from freshet.runtime.tuning import tuned

NODES_OF_A_KERNEL: Final = 32
"""Nodes of a traced step for which one kernel is expected: few, for helpers to start too seldom."""


@dataclass(frozen=True)
class Lowered:
    """A compiled graph.

    Attributes:
        program: With its kernels.
        outline: Without them.
        resized: Numbers of the variables whose new values, of another shape than the old ones, are
            the last outputs.
    """

    program: Program
    outline: Outline
    resized: tuple[int, ...] = ()


def lower(graph: Graph, types: Sequence[TensorType], variables: Sequence[Variable]) -> Lowered:
    """Compile a graph for inputs of the given types, the last of which are variables.

    Raises:
        InvalidArgumentError: A variable's shape does not allow its new value.
    """
    # A graph of many nodes has many kernels: helpers get ready while it is compiled.
    early = assembling.helpers_for(len(graph.nodes) // NODES_OF_A_KERNEL)
    with (
        assembling.helpers(early) as ready,
        assembling.Assembly(host(), ready) as assembly,
        _without_collections(),
    ):
        graph, resized = _separate_resized(graph, types, variables)
        found = lowered(compiled(graph, types, assembly), assembly)
    return replace(found, resized=tuple(resized))


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Let Python not look for cycles: a compiler makes many objects, and drops few, all at once."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compiled(
    graph: Graph, types: Sequence[TensorType], assembly: assembling.Assembly | None = None
) -> Program:
    """Return the program of a graph for this machine.

    Args:
        graph: A traced function.
        types: Types of its inputs.
        assembly: Where kernels are assembled as soon as they have a schedule.
    """

    def chosen(kernel: Kernel, target: Target) -> Kernel:
        found = tuned(kernel, target)
        if assembly is not None and assembly.has_helpers and _is_final(found) and not config.tune:
            key = cache.kernel_key(found, target)
            if not code.is_known(key):
                assembly.offer(key, found)
        return found

    return compile_graph(graph, types, host(), chosen)


def _is_final(kernel: Kernel) -> bool:
    """Whether a kernel will not be changed to write its results over its operands."""
    read = {b.shape for b in kernel.buffers if b.role == "in"}
    return not any(b.role == "out" and b.shape in read for b in kernel.buffers)


def lowered(program: Program, assembly: assembling.Assembly | None = None) -> Lowered:
    """Return a program with its outline, its code ready to be called.

    Args:
        program: The program.
        assembly: Where some of its kernels may have been assembled.
    """
    target = host()
    # The steps of a loop share their kernels, whose keys take a while to find.
    kernels = list({id(k): k for k in program.kernels}.values())
    keys = [cache.kernel_key(k, target) for k in kernels]
    wanted = dict(zip(keys, kernels, strict=True))
    missing = code.missing(wanted)
    new = {key: k for key, k in wanted.items() if key in missing}
    if new:
        code.add((assembly or assembling.Assembly(target)).finish(new))
    codes = {key: _code(key, k, target) for key, k in wanted.items()}
    numbers = {key: number for number, key in enumerate(codes)}
    called = {id(k): numbers[key] for key, k in zip(keys, kernels, strict=True)}
    calls = tuple(
        call
        if isinstance(call, HostCall | Jump)
        else CodeCall(called[id(call.kernel)], call.arguments, call.check)
        for call in program.calls
    )
    inputs = {v: i for i, v in enumerate(program.graph.inputs)}
    updated = tuple(inputs[target] for target, _ in program.graph.updates)
    outline = Outline(
        program.name, tuple(codes.values()), calls, program.inputs, program.outputs,
        program.constants, program.arena_bytes, len(program.checks), updated,
    )  # fmt: skip
    return Lowered(program, outline)


def _code(key: str, kernel: Kernel, target: Target) -> Code:
    return Code(key, kernel_work(kernel), scratch_bytes(kernel, target))


def _separate_resized(
    graph: Graph, types: Sequence[TensorType], variables: Sequence[Variable]
) -> tuple[Graph, list[int]]:
    """Make outputs of the updates that do not fit their variables' memory.

    Returns:
        The graph, and the numbers of these outputs' variables.

    Raises:
        InvalidArgumentError: A variable's shape does not allow its new value.
    """
    if all(t.type == v.type and None not in t.type.shape for t, v in graph.updates):
        return graph, []
    number = {v: i for i, v in enumerate(graph.inputs[len(types) - len(variables) :])}
    known = specialize(graph, types)
    kept: list[tuple[Value, Value]] = []
    moved: list[tuple[Value, Value]] = []
    for update, (target, value) in zip(graph.updates, known.updates, strict=True):
        variables[number[update[0]]]._check(
            "assign", TensorSpec(value.type.shape, value.type.dtype)
        )
        (kept if target.type == value.type else moved).append(update)
    outputs = (*graph.outputs, *(value for _, value in moved))
    return (
        replace(graph, outputs=outputs, updates=tuple(kept)),
        [number[target] for target, _ in moved],
    )
