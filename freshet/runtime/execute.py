"""Executing compiled programs: memory, arguments, calls to the host, checks."""

from __future__ import annotations

import functools
import importlib
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from freshet.compiler.calls import CodeCall, HostCall, Jump, Outline, Place
from freshet.core.buffers import address, aligned_copy, aligned_empty
from freshet.core.dtypes import bool_, of_array
from freshet.core.errors import FailedPreconditionError, OpError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array
from freshet.core.variable import Variable
from freshet.graph.interpret import ReferenceExecutor, run_node
from freshet.graph.ir import Graph
from freshet.runtime import code, stored_programs
from freshet.runtime.pool import ThreadPool, pool
from freshet.runtime.sharing import SMALL, Sharing

if TYPE_CHECKING:
    from freshet.compiler.program import Program
    from freshet.runtime.stages import StagedProgram

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
        key = stored_programs.key_of(self._graph, types)
        stored = None if key is None else stored_programs.find(key)
        if stored is not None and not code.missing(c.key for c in stored.codes):
            graph = self._graph
            return Executable(stored, lambda: _lowering().compiled(graph, types), (), self._small)
        return self._lowered(types, variables, key)

    def _lowered(
        self, types: Sequence[TensorType], variables: Sequence[Variable], key: str | None
    ) -> Executable | StagedProgram:
        from freshet.runtime import stages  # noqa: PLC0415 (not for what is in the cache)

        known = stages.prepared(self._graph, types)
        if stages.has_open_shapes(known):
            return stages.StagedProgram(
                known, len(variables), lambda graph: NativeExecutor(graph, MOST_FROM_DATA)
            )
        lowered = _lowering().lower(self._graph, types, variables)
        if key is not None and not lowered.resized:
            stored_programs.keep(key, lowered.outline)
        return Executable(lowered.outline, lambda: lowered.program, lowered.resized, self._small)


def _lowering() -> ModuleType:
    """Return the module that imports the compiler, which what is in the cache does not need."""
    return importlib.import_module("freshet.runtime.lowering")


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

    Args:
        outline: What it runs; its code has been linked.
        program: What returns it with its kernels, when somebody asks for them.
        resized: Numbers of the variables whose new values, of another shape than the old ones, are
            the last outputs.
        small: Operations and bytes up to which one thread runs it alone.

    Attributes:
        outline: What it runs.
        resized: Numbers of the variables whose new values, of another shape than the old ones, are
            the last outputs.
        is_small: Whether one thread runs it alone, always.
        segments: Its calls as the driver runs them: kernels together, host calls one by one.
    """

    def __init__(
        self,
        outline: Outline,
        program: Callable[[], Program],
        resized: Sequence[int] = (),
        small: int = SMALL,
    ) -> None:
        self.outline: Final = outline
        self._make_program = program
        self.resized = tuple(resized)
        self._updated = frozenset(outline.updated)
        self._constants = [
            aligned_copy(c) if not c.dtype.hasobject else c for c in outline.constants
        ]
        self._objects: dict[Place, Array] = {}
        self._arena = aligned_empty((max(outline.arena_bytes, 64),), _BYTES)
        self._status = aligned_empty((max(outline.checks, 1),), _BYTES)
        self._status[:] = 0
        self._sharing: Final = Sharing(outline, small)
        self.is_small: Final = self._sharing.is_small
        self._scratch_bytes = max((c.scratch_bytes for c in outline.codes), default=0)
        self._threads = 0
        self._scratch = aligned_empty((64,), _BYTES)
        self._layout_bases()
        self.segments: Final = self._build_segments()
        self._is_straight = not any(isinstance(part, Leap) for part in self.segments)
        self._held: list[Array] = []
        """The variables' arrays of the last run, whose addresses the bases have."""
        self._results = [
            (t.static_shape, np.dtype(t.dtype.as_numpy_dtype)) for t in outline.outputs
        ]
        self._no_failure = self._status.tobytes()
        self._running = False

    @functools.cached_property
    def program(self) -> Program:
        """The program with its kernels; compiled now if only its outline was in the cache."""
        return self._make_program()

    def _layout_bases(self) -> None:
        """Number the bases: inputs, outputs, constants, then arena, scratch and status."""
        inputs, outputs = len(self.outline.inputs), len(self.outline.outputs)
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
        calls = self.outline.calls
        leaps = _leaps(calls)
        starts = {calls[i].target for i in leaps}  # type: ignore[union-attr]
        parts: list[Part] = []
        numbers: dict[int, int] = {}
        """For each call that begins a part, the part's number."""
        run: list[CodeCall | Jump] = []
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
            if isinstance(call, HostCall):
                close()
                numbers[number] = len(parts)
                parts.append(call)
            elif number in leaps:
                assert isinstance(call, Jump)
                close()
                numbers[number] = len(parts)
                parts.append(Leap(call.target, call.unless))
            else:
                run.append(call)
        close()
        numbers[len(calls)] = len(parts)
        for part in parts:
            if isinstance(part, Leap):
                part.target = numbers[part.target]
        return parts

    def _segment(self, run: list[CodeCall | Jump], start: int) -> Segment:
        scratch = Place("scratch", 0)
        functions = [code.code_address(c.key) for c in self.outline.codes]
        places = [p for call in run for p in _places(call, scratch)]
        slots = aligned_empty((len(places),), _WORDS)
        pairs = np.array([self._base_and_offset(p) for p in places], np.int64).reshape(-1, 2)
        numbers, offsets = (np.ascontiguousarray(column) for column in pairs.T)
        calls = aligned_empty((len(run), 3), _WORDS)
        first = 0
        for row, call in zip(calls, run, strict=True):
            at = slots.ctypes.data + 8 * first
            if isinstance(call, Jump):
                row[:] = (0, 0 if call.unless is None else at, call.target - start)
            else:
                check = -1 if call.check is None else call.check
                row[:] = (functions[call.code], at, check)
            first += len(_places(call, scratch))
        descriptor = np.array(
            [calls.ctypes.data, len(run), slots.ctypes.data, len(places), numbers.ctypes.data,
             offsets.ctypes.data, self._bases.ctypes.data, self._status.ctypes.data,
             self._turns(run), 0], np.int64,
        )  # fmt: skip
        return Segment(calls, descriptor, [slots, numbers, offsets], descriptor.ctypes.data)

    def _turns(self, run: Sequence[CodeCall | Jump]) -> int:
        """Return how often a segment's loops go round before Python may end them."""
        work = sum(self.outline.codes[c.code].work for c in run if isinstance(c, CodeCall))
        return max(min(_WORK_AT_ONCE // max(work, 1), _MOST_TURNS), 1)

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
                    f"{self.outline.name}: called again by Python code that it calls itself"
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


def executable_of(program: Program) -> Executable:
    """Return a compiled program, ready to run."""
    return Executable(_lowering().lowered(program).outline, lambda: program)


def _leaps(calls: Sequence[CodeCall | HostCall | Jump]) -> set[int]:
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


def _places(call: CodeCall | Jump, scratch: Place) -> tuple[Place, ...]:
    """Return the places whose addresses a call needs."""
    if isinstance(call, Jump):
        return () if call.unless is None else (call.unless,)
    return (*call.arguments, scratch)


def _is_plain(array: Array) -> bool:
    """Whether kernels can read an array as it is."""
    return array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative
