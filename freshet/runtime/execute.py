"""Executing compiled programs: memory, arguments, calls to the host, checks."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from freshet.compiler.memory import Place
from freshet.compiler.pipeline import compile_graph, prepared
from freshet.compiler.program import Call, HostCall, Jump, KernelCall, Program
from freshet.compiler.target import host
from freshet.compiler.tile_plan import scratch_bytes
from freshet.core.buffers import address, aligned_copy, aligned_empty
from freshet.core.dtypes import bool_, of_array
from freshet.core.errors import FailedPreconditionError, OpError
from freshet.core.shapes import TensorSpec, TensorType
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.graph.interpret import ReferenceExecutor, run_node
from freshet.graph.ir import Graph, Value
from freshet.graph.passes.specialize import specialize
from freshet.runtime.code import kernel_addresses
from freshet.runtime.pool import ThreadPool, pool
from freshet.runtime.sharing import SMALL, Sharing, kernels_work
from freshet.runtime.stages import StagedProgram, has_open_shapes
from freshet.runtime.tuning import tuned

MOST_FROM_DATA: Final = 32
"""Programs that are compiled for shapes that data decides on; for more, compiling never pays."""
_WORK_AT_ONCE: Final = 1 << 30
"""Operations and bytes of a loop, about, between two looks at whether the user wants to stop."""
_MOST_TURNS: Final = 1 << 16
_BYTES: Final = np.dtype(np.uint8)
_WORDS: Final = np.dtype(np.int64)


class NativeExecutor:
    """Runs a traced function compiled, one program per combination of argument shapes.

    Args:
        graph: The function.
        small: Operations and bytes up to which one thread runs a program alone.
        most: How many programs are compiled; NumPy runs further combinations. By default, all are:
            a program calls its own function with few shapes, but data may decide on any.
    """

    def __init__(self, graph: Graph, most: int | None = None, small: int = SMALL) -> None:
        self._graph = graph
        self._most = most
        self._small = small
        self._programs: dict[Any, Executable | StagedProgram] = {}
        self._static = all(None not in v.type.shape for v in graph.inputs)
        self._only: Executable | StagedProgram | None = None
        self._lock = threading.RLock()

    def __call__(self, arguments: Sequence[Array], variables: Sequence[Variable]) -> list[Array]:
        """Return the outputs; leave the updates in the variables."""
        executable = self.program(arguments, variables)
        if executable is None:
            return ReferenceExecutor(self._graph)(arguments, variables)
        outputs = executable.run(arguments, variables)
        if executable.resized:
            count = len(self._graph.outputs)
            for number, array in zip(executable.resized, outputs[count:], strict=True):
                variables[number]._replace(array)
            del outputs[count:]
        return outputs

    def executable(self, arguments: Sequence[Array], variables: Sequence[Variable]) -> Executable:
        """Return the compiled program for arguments of these shapes.

        Raises:
            FailedPreconditionError: Shapes depend on data, so there are several.
        """
        found = self.program(arguments, variables)
        if not isinstance(found, Executable):
            raise FailedPreconditionError(
                f"{self._graph.name}: shapes depend on data, so it runs in several programs"
            )
        return found

    def program(
        self, arguments: Sequence[Array], variables: Sequence[Variable]
    ) -> Executable | StagedProgram | None:
        """Return what runs arguments of these shapes; None if that is up to NumPy."""
        if self._only is not None:
            return self._only
        key = tuple(a.shape for a in arguments), tuple(v._array.shape for v in variables)
        found = self._programs.get(key)
        if found is None:
            with self._lock:
                found = self._programs.get(key)
                if found is None and len(self._programs) != self._most:
                    found = self._programs[key] = self._compiled(arguments, variables)
                    if self._static and not found.resized:
                        self._only = found
        return found

    def _compiled(
        self, arguments: Sequence[Array], variables: Sequence[Variable]
    ) -> Executable | StagedProgram:
        arrays = [*arguments, *(v._array for v in variables)]
        types = [TensorType(of_array(a), a.shape) for a in arrays]
        known = prepared(self._graph, types)
        if has_open_shapes(known):
            return StagedProgram(
                known, len(variables), lambda graph: NativeExecutor(graph, MOST_FROM_DATA)
            )
        graph, resized = _separate_resized(self._graph, types, variables)
        program = compile_graph(graph, types, host(), tuned)
        return Executable(program, resized, self._small)


@dataclass
class Segment:
    """Consecutive kernels: one native call.

    Attributes:
        calls: A row per kernel: the function, its arguments, the number of its check or -1.
        descriptor: What `driver` walks.
        keep: What has to live as long.
        address: Where the descriptor is.
    """

    calls: np.ndarray[Any, np.dtype[np.int64]]
    descriptor: np.ndarray[Any, np.dtype[np.int64]]
    keep: list[Any]
    address: int


@dataclass
class Leap:
    """A jump between segments, which Python takes: there is a call to the host on its way.

    Attributes:
        target: Number of the part to go on with.
        unless: Where a boolean is; only if it is false.
    """

    target: int
    unless: Place | None


Part = Segment | HostCall | Leap
Run = Callable[[Sequence[Part]], list[Array]]
Watcher = Callable[["Executable", Sequence[Array], Run], list[Array]]
"""Runs a program in the place of `Executable.run`: it is given the program, its arguments, and a
function that runs segments; it returns what that returned."""
_watcher: Watcher | None = None


def watch(watcher: Watcher | None) -> None:
    """Let `watcher` run every program from now on; None: programs run by themselves again."""
    global _watcher  # noqa: PLW0603 (one profile at a time)
    _watcher = watcher


class Executable:
    """A program with its memory, ready to run.

    Attributes:
        program: What it runs.
        resized: Numbers of the variables whose new values, of another shape than the old ones, are
            the last outputs.
        is_small: Whether one thread runs it alone, always.
        segments: Its calls as the driver runs them: kernels together, host calls one by one.
    """

    def __init__(self, program: Program, resized: Sequence[int] = (), small: int = SMALL) -> None:
        self.program = program
        self.resized = tuple(resized)
        self._count_inputs = len(program.inputs)
        self._updated = frozenset(i for i, _ in _updates(program))
        self._constants = [
            aligned_copy(c) if not c.dtype.hasobject else c for c in program.constants
        ]
        self._objects: dict[Place, Array] = {}
        self._arena = aligned_empty((max(program.arena_bytes, 64),), _BYTES)
        self._status = aligned_empty((max(len(program.checks), 1),), _BYTES)
        self._status[:] = 0
        self._sharing: Final = Sharing(program, small)
        self.is_small: Final = self._sharing.is_small
        self._scratch_bytes = max((scratch_bytes(k, host()) for k in program.kernels), default=0)
        self._threads = 0
        self._scratch = aligned_empty((64,), _BYTES)
        self._layout_bases()
        self.segments: Final = self._build_segments()
        self._is_straight = not any(isinstance(part, Leap) for part in self.segments)
        self._held: list[Array] = []
        """The variables' arrays of the last run, whose addresses the bases have."""
        self._results = [
            (t.static_shape, np.dtype(t.dtype.as_numpy_dtype)) for t in program.outputs
        ]
        self._no_failure = self._status.tobytes()
        self._running = False

    def _layout_bases(self) -> None:
        """Number the bases: inputs, outputs, constants, then arena, scratch and status."""
        inputs, outputs = len(self.program.inputs), len(self.program.outputs)
        self._first = {
            "input": 0,
            "output": inputs,
            "constant": inputs + outputs,
            "arena": inputs + outputs + len(self._constants),
        }
        last = self._first["arena"]
        self._first |= {"scratch": last + 1, "status": last + 2}
        self._bases = aligned_empty((last + 3,), _WORDS)
        self._bases[:] = 0
        for number, array in enumerate(self._constants):
            if not array.dtype.hasobject:
                self._bases[self._first["constant"] + number] = array.ctypes.data
        self._bases[self._first["arena"]] = self._arena.ctypes.data
        self._bases[self._first["status"]] = self._status.ctypes.data

    def _base_and_offset(self, place: Place) -> tuple[int, int]:
        first = self._first[place.space]
        if place.space in {"arena", "status"}:
            return first, place.number
        return first + place.number, place.offset

    def _build_segments(self) -> list[Part]:
        calls = self.program.calls
        kernels = [c.kernel for c in calls if isinstance(c, KernelCall)]
        addresses = iter(kernel_addresses(kernels))
        leaps = _leaps(calls)
        starts = {calls[i].target for i in leaps}  # type: ignore[union-attr]
        parts: list[Part] = []
        numbers: dict[int, int] = {}
        """For each call that begins a part, the part's number."""
        run: list[tuple[int, KernelCall | Jump]] = []
        first = 0

        def close() -> None:
            if run:
                parts.append(self._segment(run, first))
                run.clear()

        for number, call in enumerate(calls):
            if number in starts:
                close()
            if not run:
                numbers[number] = len(parts)
                first = number
            if isinstance(call, KernelCall):
                run.append((next(addresses), call))
            elif isinstance(call, Jump) and number not in leaps:
                run.append((0, call))
            else:
                close()
                numbers[number] = len(parts)
                own = Leap(call.target, call.unless) if isinstance(call, Jump) else call
                parts.append(own)
        close()
        numbers[len(calls)] = len(parts)
        for part in parts:
            if isinstance(part, Leap):
                part.target = numbers[part.target]
        return parts

    def _segment(self, run: list[tuple[int, KernelCall | Jump]], start: int) -> Segment:
        scratch = Place("scratch", 0)
        places = [p for _, call in run for p in _places(call, scratch)]
        slots = aligned_empty((len(places),), _WORDS)
        pairs = np.array([self._base_and_offset(p) for p in places], np.int64).reshape(-1, 2)
        numbers, offsets = (np.ascontiguousarray(column) for column in pairs.T)
        calls = aligned_empty((len(run), 3), _WORDS)
        first = 0
        for row, (function, call) in zip(calls, run, strict=True):
            at = slots.ctypes.data + 8 * first
            if isinstance(call, Jump):
                row[:] = (0, 0 if call.unless is None else at, call.target - start)
            else:
                row[:] = (function, at, -1 if call.check is None else call.check)
            first += len(_places(call, scratch))
        descriptor = np.array(
            [calls.ctypes.data, len(run), slots.ctypes.data, len(places), numbers.ctypes.data,
             offsets.ctypes.data, self._bases.ctypes.data, self._status.ctypes.data,
             _turns(run), 0], np.int64,
        )  # fmt: skip
        return Segment(calls, descriptor, [slots, numbers, offsets], descriptor.ctypes.data)

    # --- running ----------------------------------------------------------------------------------

    def run(
        self,
        arguments: Sequence[Array],
        variables: Sequence[Variable],
        segments: Sequence[Part] | None = None,
    ) -> list[Array]:
        """Return the outputs; leave the updates in the variables.

        Args:
            arguments: What the program is given.
            variables: The variables that it reads and updates.
            segments: Its calls in another form, such as with clock stamps; its own by default.
        """
        threads = pool()

        def run(parts: Sequence[Part], alone: bool) -> list[Array]:
            return self._run(threads, arguments, variables, parts, alone)

        with threads.lock:
            if self._running:
                raise FailedPreconditionError(
                    f"{self.program.name}: called again by Python code that it calls itself"
                )
            self._running = True
            try:
                if segments is None and _watcher is not None:
                    return _watcher(self, arguments, lambda parts: run(parts, self.is_small))
                only = self.is_small if segments else None
                return self._sharing.run(lambda alone: run(segments or self.segments, alone), only)
            finally:
                self._running = False

    def _run(
        self,
        threads: ThreadPool,
        arguments: Sequence[Array],
        variables: Sequence[Variable],
        segments: Sequence[Part],
        alone: bool,
    ) -> list[Array]:
        if threads.threads != self._threads:
            self._threads = threads.threads
            self._scratch = aligned_empty((self._scratch_bytes * self._threads + 64,), _BYTES)
            self._bases[self._first["scratch"]] = self._scratch.ctypes.data
        inputs = self._inputs(arguments, variables)
        # A single number crosses no cache line, wherever it is.
        outputs = [
            aligned_empty(shape, dtype) if shape else np.empty((), dtype)
            for shape, dtype in self._results
        ]
        base = self._first["output"]
        for number, array in enumerate(outputs):
            self._bases[base + number] = address(array)
        for segment in segments if self._is_straight else self._route(segments, inputs, outputs):
            if isinstance(segment, HostCall):
                self._run_host(segment, inputs, outputs)
            elif isinstance(segment, Segment):
                threads.run(segment.address, alone=alone)
                if self._status.tobytes() != self._no_failure:
                    self._raise_check(inputs, outputs)
        return outputs

    def _route(
        self, parts: Sequence[Part], inputs: list[Array], outputs: list[Array]
    ) -> Iterator[Part]:
        """Yield the parts in the order in which jumps between them say."""
        number = 0
        flag = TensorType(bool_, ())
        while number < len(parts):
            part = parts[number]
            if not isinstance(part, Leap):
                yield part
                number += 1
            elif part.unless is None or not self._array(part.unless, flag, inputs, outputs):
                number = part.target
            else:
                number += 1

    def _inputs(self, arguments: Sequence[Array], variables: Sequence[Variable]) -> list[Array]:
        count = len(arguments)
        arrays = [a if _is_plain(a) else aligned_copy(a) for a in arguments]
        for number, array in enumerate(arrays):
            self._bases[number] = 0 if array.dtype.hasobject else address(array)
        held = [
            variable._writable() if number in self._updated else variable._array
            for number, variable in enumerate(variables, count)
        ]
        # The next run mostly finds every variable where this one left it.
        if not (len(held) == len(self._held) and all(map(operator.is_, held, self._held))):
            self._held = held
            for number, array in enumerate(held, count):
                self._bases[number] = 0 if array.dtype.hasobject else address(array)
        return arrays + held

    def arena(self, place: Place, kind: TensorType) -> Array:
        """Return an intermediate value's memory as an array."""
        return self._array(place, kind, [], [])

    def _array(
        self, place: Place, kind: TensorType, inputs: list[Array], outputs: list[Array]
    ) -> Array:
        """Return what is at a place, as an array."""
        if place in self._objects:
            return self._objects[place].reshape(kind.static_shape)
        if place.space == "arena":
            array, start = self._arena, place.number
        else:
            spaces = {"input": inputs, "output": outputs, "constant": self._constants}
            array, start = spaces[place.space][place.number], place.offset
            if array.dtype.hasobject:
                return array.reshape(kind.static_shape)
        raw = array.reshape(-1).view(_BYTES)[start : start + kind.num_bytes]
        return raw.view(kind.dtype.as_numpy_dtype).reshape(kind.static_shape)

    def _run_host(self, call: HostCall, inputs: list[Array], outputs: list[Array]) -> None:
        operands = [
            self._array(p, v.type, inputs, outputs)
            for p, v in zip(call.operands, call.node.operands, strict=True)
        ]
        results = run_node(call.node, operands)
        for place, value, result in zip(call.results, call.node.outputs, results, strict=True):
            if result.dtype.hasobject and place.space != "output":
                self._objects[place] = result
            else:
                self._array(place, value.type, inputs, outputs)[...] = result

    def _raise_check(self, inputs: list[Array], outputs: list[Array]) -> None:
        number = int(np.flatnonzero(self._status)[0])
        self._status[:] = 0
        node, places = self.program.checks[number]
        try:
            shown = [
                self._array(place, v.type, inputs, outputs)
                for place, v in zip(places, node.operands, strict=False)
            ]
            # Of what else a check is given, only the shape counts.
            others = [
                np.broadcast_to(np.zeros((), v.type.dtype.as_numpy_dtype), v.type.static_shape)
                for v in node.operands[len(shown) :]
            ]
            run_node(node, [*shown, *others])
        except OpError as error:
            error.source = node.source
            raise


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


def _turns(run: Sequence[tuple[int, KernelCall | Jump]]) -> int:
    """Return how often a segment's loops go round before Python may end them."""
    work = sum(kernels_work(call.kernel for _, call in run if isinstance(call, KernelCall)))
    return max(min(_WORK_AT_ONCE // max(work, 1), _MOST_TURNS), 1)


def _leaps(calls: Sequence[Call]) -> set[int]:
    """Return the numbers of the jumps that leave a segment.

    They pass a call to the host, another such jump, or the place where one of these goes on.
    """
    hosts = {i for i, c in enumerate(calls) if isinstance(c, HostCall)}
    jumps = {i: c.target for i, c in enumerate(calls) if isinstance(c, Jump)}
    found: set[int] = set()
    while True:
        outside = hosts | found
        splits = {jumps[i] for i in found}
        more = {
            i for i, target in jumps.items()
            if i not in found and (
                any(n in range(min(i, target), max(i, target)) for n in outside)
                or any(n in range(min(i, target) + 1, max(i + 1, target)) for n in splits)
            )
        }  # fmt: skip
        if not more:
            return found
        found |= more


def _places(call: KernelCall | Jump, scratch: Place) -> tuple[Place, ...]:
    """Return the places whose addresses a call needs."""
    if isinstance(call, Jump):
        return () if call.unless is None else (call.unless,)
    return (*call.arguments, scratch)


def _is_plain(array: Array) -> bool:
    """Whether kernels can read an array as it is."""
    return array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative


def _updates(program: Program) -> list[tuple[int, Any]]:
    numbers = {v: i for i, v in enumerate(program.graph.inputs)}
    return [(numbers[target], value) for target, value in program.graph.updates]
