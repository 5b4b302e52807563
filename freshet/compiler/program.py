"""The program: calls of kernels and of the host, in order, each argument a place in memory.

A loop over time is written out: its body is planned once, and its calls are repeated for each step,
with places that move along the sequences. The kernels are the same, so a step costs no compilation
and no decision at run time.

    body's place      in step t
    input             the carry, an element of a sequence, or an invariant
    output            an element of a stacked result, or the next carry
    arena             the loop's workspace, the same memory in every step
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from freshet.compiler.calls import HostCall, Jump, Place
from freshet.compiler.fusion.draft import copy_kernel
from freshet.compiler.fusion.fuse import Step, shown_operands
from freshet.compiler.fusion.realize import Memory
from freshet.compiler.kernel import Kernel, Rounds
from freshet.compiler.memory import ALIGNMENT, Layout
from freshet.compiler.schedule import schedule
from freshet.compiler.target import Target
from freshet.core.shapes import TensorType
from freshet.core.source import SourceLine
from freshet.graph.ir import Graph, Node, Value
from freshet.graph.scan import Parts, parts_of
from freshet.ops.elementwise import stop_gradient_p
from freshet.ops.nest import Branch, Repeat


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


Call = KernelCall | HostCall | Jump


@dataclass(frozen=True)
class Program:
    """A compiled graph; its `Outline` (`freshet.compiler.calls`) is what the runtime executes.

    Attributes:
        calls: In order.
        inputs: Types of the graph's inputs.
        outputs: Types of its outputs.
        constants: Values of the constants.
        arena_bytes: Memory for everything in between.
        checks: The checks, by number: their node and where the operands are that its message shows.
        graph: What it was compiled from.
    """

    name: str
    calls: tuple[Call, ...]
    inputs: tuple[TensorType, ...]
    outputs: tuple[TensorType, ...]
    constants: tuple[Any, ...]
    arena_bytes: int
    checks: tuple[tuple[Node, tuple[Place, ...]], ...]
    graph: Graph

    @property
    def work(self) -> tuple[KernelCall | HostCall, ...]:
        """The calls that compute something."""
        return tuple(c for c in self.calls if not isinstance(c, Jump))

    @property
    def has_jumps(self) -> bool:
        """Whether data decides which calls run, and how often."""
        return any(isinstance(c, Jump) for c in self.calls)

    @property
    def kernels(self) -> list[Kernel]:
        """The kernels, in order of their calls."""
        return [c.kernel for c in self.calls if isinstance(c, KernelCall)]


@dataclass(frozen=True)
class Planned:
    """A graph, or the body of a loop, after all passes: its steps and where everything is.

    Attributes:
        results: For each output that the body of a loop had at first, its number among the graph's
            outputs; None for a carry that each step changes in place.
    """

    graph: Graph
    memory: Memory
    layout: Layout
    results: tuple[int | None, ...] = ()

    def place(self, value: Value) -> Place:
        """Return where a value is."""
        root = self.memory.root(value)
        return self.layout.places[value if root is None else root]


def workspace_bytes(body: Planned, carries: int) -> int:
    """Return the memory that a loop needs: its body's arena, and two of most carries."""
    return _aligned_bytes(body.layout.arena_bytes) + _carry_bytes(body, carries)


def _carry_bytes(body: Planned, carries: int) -> int:
    """Return what the first carries need, two of each that is not changed in place."""
    inputs = zip(body.graph.inputs[:carries], body.results, strict=False)
    return sum(2 * _aligned(v.type) for v, result in inputs if result is not None)


def branch_workspace(bodies: Sequence[Planned]) -> int:
    """Return the memory that branches, or a loop and its condition, need: an arena and a flag."""
    return ALIGNMENT + max(_aligned_bytes(body.layout.arena_bytes) for body in bodies)


def assemble_program(planned: Planned, target: Target) -> Program:
    """Return the program of a planned graph."""
    assembler = _Assembler(target)
    assembler.add(planned, lambda place: place)
    graph = planned.graph
    return Program(
        graph.name, tuple(assembler.calls), tuple(v.type for v in graph.inputs),
        tuple(v.type for v in graph.outputs), tuple(assembler.constants),
        planned.layout.arena_bytes, tuple(assembler.checks), graph,
    )  # fmt: skip


Locate = Callable[[Place], Place]


class _Assembler:
    def __init__(self, target: Target) -> None:
        self.target = target
        self.calls: list[Call] = []
        self.checks: list[tuple[Node, tuple[Place, ...]]] = []
        self.constants: list[Any] = []
        self._first_constant: dict[int, int] = {}

    def add(self, planned: Planned, outside: Locate) -> None:
        """Write the calls of a graph whose places `outside` says."""
        first = self._constants_of(planned)

        def place(value: Value) -> Place:
            found = planned.place(value)
            if found.space == "constant":
                return replace(found, number=first + found.number)
            return outside(found)

        # By identity: two convolutions may have equal rounds.
        for _, steps in itertools.groupby(planned.layout.steps, lambda s: id(_rounds_of(s))):
            together = list(steps)
            rounds = _rounds_of(together[0])
            for number in range(rounds.count if rounds else 1):
                for step in together:
                    self._step(step, number, place, planned)
        for to, source in planned.layout.copies:
            self._copy(source.type, place(source), place(to))

    def _step(
        self, step: Step, number: int, place: Callable[[Value], Place], planned: Planned
    ) -> None:
        """Write the calls of a step, for one round of those that have some."""
        if step.bodies:
            self._nested(step, place, _used(planned.graph))
        elif step.kernel is None or step.buffers is None:
            assert step.node is not None
            operands = tuple(place(v) for v in step.node.operands)
            results = tuple(place(v) for v in step.node.outputs)
            self.calls.append(HostCall(step.node, operands, results))
        else:
            self._kernel(step, step.kernel, step.buffers, number, place)

    def _constants_of(self, planned: Planned) -> int:
        """Return the number of a graph's first constant, adding them when first seen."""
        first = self._first_constant.get(id(planned))
        if first is None:
            first = self._first_constant[id(planned)] = len(self.constants)
            self.constants += [
                v.node.params["value"] for v in planned.layout.constants if v.node is not None
            ]
        return first

    def _kernel(
        self, step: Step, kernel: Kernel, buffers: Mapping[str, Value], number: int,
        place: Callable[[Value], Place],
    ) -> None:  # fmt: skip
        arguments, check = [], None
        moving = kernel.rounds.moving if kernel.rounds else frozenset()
        for b in kernel.buffers:
            if b.name == "status":
                assert step.node is not None
                check = len(self.checks)
                self.checks.append((step.node, tuple(map(place, shown_operands(step.node)))))
                arguments.append(Place("status", check))
            else:
                past = number * b.type.num_bytes if b.name in moving else 0
                arguments.append(shifted(place(buffers[b.name]), past))
        self.calls.append(KernelCall(kernel, tuple(arguments), check, step.sources))

    def _copy(self, kind: TensorType, source: Place, to: Place) -> None:
        if kind.dtype.is_complex:
            kind = TensorType(kind.dtype.real_dtype, (*kind.shape, 2))
        if kind.dtype.kind == "string":
            names = iter(("copy",))
            node = Node(stop_gradient_p, [Value(kind, "x")], {}, lambda: next(names))
            self.calls.append(HostCall(node, (source,), (to,)))
            return
        kernel = schedule(copy_kernel(kind), self.target)[0]
        self.calls.append(KernelCall(kernel, (source, to)))

    def _nested(self, step: Step, place: Callable[[Value], Place], used: set[Value]) -> None:
        assert step.node is not None
        if isinstance(step.node.lower, Repeat):
            self._repeat(step, step.bodies[0], place, used)
        elif isinstance(step.node.lower, Branch):
            self._branch(step, step.node, place)
        else:
            self._loop(step, step.node, place)

    def _branch(self, step: Step, node: Node, place: Callable[[Value], Place]) -> None:
        """Write the calls of a condition: the one branch, a jump over the other, the other."""
        then, otherwise = step.bodies
        inputs = [place(v) for v in node.operands[1:]]
        for k, operand in step.over:
            inputs[operand - 1] = self._changed(node, k, operand, place)
        changed = {k for k, _ in step.over}
        outputs = [place(v) for k, v in enumerate(node.outputs) if k not in changed]
        inside = _inside(inputs, outputs, place(step.writes[-1]))
        to_other = self._jump(place(node.operands[0]))
        self.add(then, inside)
        to_end = self._jump()
        to_other.target = len(self.calls)
        self.add(otherwise, inside)
        to_end.target = len(self.calls)

    def _loop(self, step: Step, node: Node, place: Callable[[Value], Place]) -> None:
        """Write the calls of a loop: its values are where its results will be."""
        condition, body = step.bodies
        workspace = place(step.writes[-1])
        carries = [self._changed(node, k, operand, place) for k, operand in step.over]
        inputs = [*carries, *(place(v) for v in node.operands[len(carries) :])]
        arena = shifted(workspace, ALIGNMENT)
        start = len(self.calls)
        self.add(condition, _inside(inputs, [workspace], arena))
        to_end = self._jump(workspace)
        self.add(body, _inside(inputs, [], arena))
        self._jump().target = start
        to_end.target = len(self.calls)

    def _changed(
        self, node: Node, output: int, operand: int, place: Callable[[Value], Place]
    ) -> Place:
        """Return where a result is that starts as an operand, and write the copy unless it is."""
        source, to = place(node.operands[operand]), place(node.outputs[output])
        if source != to:
            self._copy(node.operands[operand].type, source, to)
        return to

    def _jump(self, unless: Place | None = None) -> Jump:
        jump = Jump(-1, unless)
        self.calls.append(jump)
        return jump

    def _repeat(
        self, step: Step, body: Planned, place: Callable[[Value], Place], used: set[Value]
    ) -> None:
        """Write the calls of a loop, step by step."""
        node = step.node
        assert node is not None
        parts = parts_of(node.params)
        operands = [place(v) for v in node.operands]
        outputs = [place(v) for v in node.outputs]
        steps = parts.steps([v.type for v in parts.split(node.operands)[1]])
        assert steps is not None
        for k, operand in step.over:
            self._changed(node, k, operand, place)
        loop = _Loop(parts, body, steps, operands, outputs, place(step.writes[-1]))
        for number in range(steps):
            self.add(body, loop.at(number))
        for k in range(parts.carries):
            where = loop.carry(k, steps)
            if where != outputs[k] and node.outputs[k] in used:
                self._copy(node.outputs[k].type, where, outputs[k])


def _rounds_of(step: Step) -> Rounds | None:
    return step.kernel.rounds if step.kernel is not None else None


def _inside(inputs: Sequence[Place], outputs: Sequence[Place], arena: Place) -> Locate:
    """Return where a graph's places are, given where its inputs, outputs and arena are."""

    def locate(place: Place) -> Place:
        if place.space == "arena":
            return shifted(arena, place.number + place.offset)
        own = inputs if place.space == "input" else outputs
        return shifted(own[place.number], place.offset)

    return locate


@dataclass(frozen=True)
class _Loop:
    """Where the values of a loop's body are, step by step."""

    parts: Parts
    body: Planned
    steps: int
    operands: Sequence[Place]
    outputs: Sequence[Place]
    workspace: Place

    def at(self, number: int) -> Locate:
        """Return where the body's places are in step `number`, counted in the order of running."""
        carries, rows = self.parts.carries, self.parts.carries + self.parts.sequences

        def locate(place: Place) -> Place:
            if place.space == "arena":
                return shifted(self.workspace, place.number + place.offset)
            if place.space == "output":
                return shifted(self._output(place.number, number), place.offset)
            assert place.space == "input"
            n = place.number
            if n < carries:
                return shifted(self.carry(n, number), place.offset)
            if n < rows:
                size = self.body.graph.inputs[n].type.num_bytes
                return shifted(self.operands[n], self._element(number) * size + place.offset)
            return shifted(self.operands[n], place.offset)

        return locate

    def carry(self, k: int, number: int) -> Place:
        """Return where carry `k` is before step `number`."""
        result = self.body.results[k]
        if result is None:
            return self.outputs[k]
        return self.operands[k] if number == 0 else self._output(result, number - 1)

    def _element(self, number: int) -> int:
        return self.steps - 1 - number if self.parts.reverse else number

    def _output(self, result: int, number: int) -> Place:
        """Return where a step leaves an output: stacked with those of other steps, or a carry."""
        carries = self.parts.carries
        for j, r in enumerate(self.body.results[carries:], carries):
            if r == result:
                size = self.body.graph.outputs[result].type.num_bytes
                return shifted(self.outputs[j], self._element(number) * size)
        k = self.body.results.index(result)
        if number == self.steps - 1:
            return self.outputs[k]
        own = _aligned(self.body.graph.inputs[k].type)
        start = _aligned_bytes(self.body.layout.arena_bytes) + _carry_bytes(self.body, k)
        return shifted(self.workspace, start + number % 2 * own)


def shifted(place: Place, count: int) -> Place:
    """Return the place so many bytes further on."""
    if place.space == "arena":
        return replace(place, number=place.number + count)
    return replace(place, offset=place.offset + count)


def _used(graph: Graph) -> set[Value]:
    return {v for node in graph.nodes for v in node.operands} | set(graph.results)


def _aligned(kind: TensorType) -> int:
    return _aligned_bytes(kind.num_bytes)


def _aligned_bytes(count: int) -> int:
    return -(-count // ALIGNMENT) * ALIGNMENT
