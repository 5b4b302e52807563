"""Memory planning: where every value of a program is.

Inputs, outputs and constants have memory of their own. A variable's new value is written over its
old one, if every other reader of the old one comes before, and everything that may fail: a failed
run leaves every variable as it was. Everything else shares one arena: offsets are chosen from the
time each value is needed, so the peak is known before the run. A row-wise kernel writes its result
over an operand that nobody needs any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.calls import Place
from freshet.compiler.changed_rows import only_changed_rows
from freshet.compiler.fusion.fuse import Step
from freshet.compiler.fusion.realize import Memory
from freshet.compiler.kernel import Change, Kernel, Loops, Tiles
from freshet.compiler.ordering import dependencies_first
from freshet.core.errors import InternalError
from freshet.graph.ir import Graph, Value
from freshet.graph.trace import static_value
from freshet.ops.index import Position

ALIGNMENT: Final = 64
SHORT_ROW: Final = 512
"""Bytes of a row below which a part of a vector at its end matters: the next row's load then waits
for its store, if both are in the same memory."""


@dataclass(frozen=True)
class Layout:
    """Places for all values, and the steps with in-place updates written into their kernels."""

    steps: tuple[Step, ...]
    places: dict[Value, Place]
    constants: tuple[Value, ...]
    arena_bytes: int
    copies: tuple[tuple[Value, Value], ...]
    """(input, value) of the updates that must be copied at the end."""


def plan_memory(
    graph: Graph, steps: Sequence[Step], memory: Memory, *, inside: bool = False
) -> Layout:
    """Return where everything is.

    Args:
        graph: The graph that the steps compute; its results have distinct roots.
        steps: The steps, in order.
        memory: Which values share memory.
        inside: Whether it is a branch or the body of a loop: what it updates are no variables,
            which a failed run must leave as they were.
    """
    places: dict[Value, Place] = {v: Place("input", i) for i, v in enumerate(graph.inputs)}
    for number, value in enumerate(graph.outputs):
        places[_root(memory, value)] = Place("output", number)
    new_steps = list(steps)
    copies: list[tuple[Value, Value]] = []
    for target, value in graph.updates:
        root = _root(memory, value)
        if root is target:
            continue
        done = _in_place(new_steps, target, root, memory, inside=inside)
        if done is None:
            copies.append((target, root))
        else:
            number, step = done
            new_steps[number] = step
            places[root] = places[target]
    constants = tuple(
        dict.fromkeys(v for s in new_steps for v in s.reads if static_value(v) is not None)
    )
    places |= {v: Place("constant", i) for i, v in enumerate(constants)}
    checks = [s.node.outputs[0] for s in new_steps if s.is_check and s.node is not None]
    status = {v: Place("status", i) for i, v in enumerate(checks)}
    keep = {root for _, root in copies}
    new_steps, over = _reuse(new_steps, places, keep, memory)
    offsets, size = _arena(new_steps, places, keep, over)
    places |= {v: Place("arena", offset) for v, offset in offsets.items()} | status
    return Layout(tuple(new_steps), places, constants, size, tuple(copies))


def _root(memory: Memory, value: Value) -> Value:
    root = memory.root(value)
    if root is None:
        raise InternalError(f"bug in freshet: the result {value} is not in memory")
    return root


# --- in-place updates -----------------------------------------------------------------------------


def _in_place(
    steps: list[Step], target: Value, root: Value, memory: Memory, *, inside: bool
) -> tuple[int, Step] | None:
    """Return the number of the step that makes `root` and the step writing it over `target`.

    None if that would destroy something that is still needed.
    """
    writer = next((i for i, s in enumerate(steps) if root in s.writes), None)
    if writer is None or root.type != target.type:
        return None
    step = steps[writer]
    if any(target in s.reads or s.may_fail for s in steps[writer + 1 :]):
        return None
    if step.bodies:
        fails = step.may_fail and not inside
        return (writer, step) if not fails and _changes(step, target, root, memory) else None
    if step.kernel is None or step.buffers is None:
        return None
    out = next(n for n, v in step.buffers.items() if v is root)
    ins = [n for n, v in step.buffers.items() if memory.root(v) is target]
    if not ins:
        return writer, step
    if not all(_pointwise(step.kernel, name, out) for name in ins):
        return None
    return writer, _over(step, step.kernel, ins, out)


def _changes(step: Step, old: Value, new: Value, memory: Memory) -> bool:
    """Whether a branch or loop makes a value by changing another one that it uses only so."""
    assert step.node is not None
    if [memory.root(v) for v in step.node.operands].count(old) != 1:
        return False
    pairs = [(step.node.outputs[k], memory.root(step.node.operands[j])) for k, j in step.over]
    return (new, old) in pairs


def _over(step: Step, kernel: Kernel, ins: Sequence[str], out: str) -> Step:
    """Return the step whose kernel writes the buffer `out` over what it read from `ins`."""
    assert step.buffers is not None
    buffers = {n: v for n, v in step.buffers.items() if n not in ins}
    return replace(step, kernel=only_changed_rows(_unified(kernel, ins, out)), buffers=buffers)


def _pointwise(kernel: Kernel, name: str, out: str) -> bool:
    """Whether a buffer is read only where, and just before, `out` is written."""
    where: set[Position] = set()
    at = -1
    for number, stage in enumerate(kernel.stages):
        for s in stage.stores:
            if s.buffer == out:
                where, at = where | {s.where}, number
    if kernel.buffer(name).shape != kernel.buffer(out).shape:
        return False
    for number, stage in enumerate(kernel.stages):
        for e in stage.loads():
            elsewhere = e.op == "lookup" or e.attributes[1] not in where or number != at
            if e.attributes[0] == name and elsewhere:
                return False
    # A tile's first stage reads its operands again for other tiles.
    return not (isinstance(kernel.schedule, Tiles) and at == 0)


def _unified(kernel: Kernel, ins: Sequence[str], out: str) -> Kernel:
    """Return the kernel with the buffers `ins` replaced by `out`, which is read and written."""
    change = Change(name=lambda name: out if name in ins else name)
    stages = [change.of_stage(stage) for stage in kernel.stages]
    buffers = [
        replace(b, role="inout") if b.name == out else b
        for b in kernel.buffers
        if b.name not in ins
    ]
    order = ("in", "inout", "out")
    return replace(
        kernel,
        stages=tuple(stages),
        buffers=tuple(sorted(buffers, key=lambda b: order.index(b.role))),
    )


def order_for_updates(graph: Graph, steps: Sequence[Step], memory: Memory) -> tuple[Step, ...]:
    """Return the steps so ordered that old values of variables are read before new are written.

    What may fail comes before, too. Where that is impossible (a reader of the old value depends on
    the new one), the order stays.
    """
    # What kernels that run in rounds add to has several makers.
    makers: dict[Value, list[int]] = {}
    before: list[set[int]] = []
    for i, step in enumerate(steps):
        before.append({maker for v in step.reads for maker in makers.get(v, ())})
        for v in step.writes:
            makers.setdefault(v, []).append(i)
    for target, value in graph.updates:
        made = makers.get(_root(memory, value))
        if made is None:
            continue
        writer = made[-1]
        readers = {i for i, s in enumerate(steps) if target in s.reads and i != writer}
        if not any(_depends(before, reader, writer) for reader in readers):
            before[writer] |= readers
        failing = {i for i, s in enumerate(steps) if s.may_fail and i != writer}
        before[writer] |= {i for i in failing if not _depends(before, i, writer)}
    for together in _in_rounds(steps):
        # Nothing may come between them: they wait for what any of them needs, and for all of them
        # whatever waits for one.
        before[together[0]] |= set().union(*(before[i] for i in together)) - set(together)
        for i, own in enumerate(before):
            if i not in together and not own.isdisjoint(together):
                own.update(together)
    order = dependencies_first(range(len(steps)), lambda i: sorted(before[i]))
    return tuple(steps[i] for i in order)


def _in_rounds(steps: Sequence[Step]) -> list[list[int]]:
    """Return the numbers of the steps that run in rounds together."""
    found: dict[int, list[int]] = {}
    for i, step in enumerate(steps):
        if step.kernel is not None and step.kernel.rounds is not None:
            found.setdefault(id(step.kernel.rounds), []).append(i)
    return list(found.values())


def _depends(before: list[set[int]], step: int, on: int) -> bool:
    waiting, seen = [step], set()
    while waiting:
        i = waiting.pop()
        if i == on:
            return True
        if i not in seen:
            seen.add(i)
            waiting += before[i]
    return False


# --- results over operands ------------------------------------------------------------------------


def _reuse(
    steps: Sequence[Step], places: dict[Value, Place], keep: set[Value], memory: Memory
) -> tuple[list[Step], dict[Value, Value]]:
    """Let kernels write results over operands that nobody needs any more.

    It saves memory, and the time to fetch what is only going to be overwritten.

    Returns:
        The steps, and for each such result the operand.
    """
    last = {v: number for number, step in enumerate(steps) for v in step.reads}
    over: dict[Value, Value] = {}
    result = []
    for number, old in enumerate(steps):
        step = old
        for value in old.writes:
            if value in places or value in keep:
                continue
            dying = [
                v
                for v in old.reads
                if last[v] == number and v not in places and v not in keep
                and static_value(v) is None and v.type == value.type and v not in over.values()
            ]  # fmt: skip
            if step.bodies:
                changed = [v for v in dying if _changes(step, v, value, memory)]
                if changed:
                    over[value] = changed[0]
                continue
            if step.kernel is None or step.buffers is None:
                continue
            out = next(n for n, v in step.buffers.items() if v is value)
            for operand in dying:
                ins = [n for n, v in step.buffers.items() if memory.root(v) is operand]
                if ins and all(_is_own(step.kernel, name, out) for name in ins):
                    step = _over(step, step.kernel, ins, out)
                    over[value] = operand
                    break
        result.append(step)
    return result, over


def _is_own(kernel: Kernel, name: str, out: str) -> bool:
    """Whether each outer point reads of a buffer what nobody else does, before it writes there.

    So it is for rows: `out` has, at each outer point, the elements that `name` has there.
    """
    if not isinstance(kernel.schedule, Loops) or kernel.buffer(out).role != "out":
        return False
    vector = kernel.schedule.vector
    if vector is not None:
        row = kernel.extents[vector] * kernel.buffer(out).dtype.size
        if row % ALIGNMENT and row < SHORT_ROW:
            return False
    if kernel.buffer(name).shape != kernel.buffer(out).shape:
        return False
    stores = [(n, s) for n, stage in enumerate(kernel.stages) for s in stage.stores]
    found = [(n, s) for n, s in stores if s.buffer == out]
    at, store = found[0]
    where = {s.where for _, s in found}
    if any(s.index is not None or (n != at and len(where) > 1) for n, s in found):
        return False
    for number, stage in enumerate(kernel.stages):
        for e in stage.loads():
            if e.attributes[0] != name:
                continue
            same = e.op == "load" and e.attributes[1] in where
            rows = e.op == "load" and _same_rows(kernel, e.attributes[1], store.where)
            if not (same if number == at else rows and len(where) == 1 and number < at):
                return False
    return True


def _same_rows(kernel: Kernel, read: Position, written: Position) -> bool:
    """Whether two positions are in the same rows, a row of its own for each outer point."""
    outer = {a for a in kernel.outer if kernel.extents[a] > 1}
    fixed: set[str] = set()
    for x, y in zip(read, written, strict=True):
        axes = set(x.numerator.axes()) | set(y.numerator.axes())
        if not axes & outer:
            continue
        if x != y or x.divisor != 1 or len(axes) > 1 or x.numerator.coefficient(*axes) != 1:
            return False
        fixed |= axes
    return fixed == outer


# --- the arena ------------------------------------------------------------------------------------


def _arena(
    steps: Sequence[Step],
    places: dict[Value, Place],
    keep: set[Value],
    over: dict[Value, Value],
) -> tuple[dict[Value, int], int]:
    """Return offsets for the values without a place, and the arena's size.

    Largest first; each goes to the lowest gap among those that live at the same time. A value that
    is written over another one has that one's place.
    """
    spans: dict[Value, tuple[int, int]] = {}
    first: dict[Value, Value] = {}
    for value, operand in over.items():
        first[value] = first.get(operand, operand)
    for number, step in enumerate(steps):
        for value in (first.get(v, v) for v in step.writes):
            if value not in places:
                last = len(steps) if value in keep else number
                spans[value] = (spans.get(value, (number,))[0], last)
        for value in (first.get(v, v) for v in step.reads):
            if value in spans:
                spans[value] = (spans[value][0], max(spans[value][1], number))
    offsets: dict[Value, int] = {}
    total = 0
    for value in sorted(spans, key=lambda v: (-v.type.num_bytes, spans[v])):
        size = -(-max(value.type.num_bytes, 1) // ALIGNMENT) * ALIGNMENT
        begin, end = spans[value]
        busy = sorted(
            (offsets[v], -(-max(v.type.num_bytes, 1) // ALIGNMENT) * ALIGNMENT)
            for v in offsets
            if spans[v][0] <= end and begin <= spans[v][1]
        )
        at = 0
        for start, length in busy:
            if start - at >= size:
                break
            at = max(at, start + length)
        offsets[value] = at
        total = max(total, at + size)
    return offsets | {v: offsets[f] for v, f in first.items()}, total
