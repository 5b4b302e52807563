"""Kernels as text, and back: `parse(to_text(kernel))` is the kernel."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from freshet.compiler.kernel import (
    REDUCTIONS,
    Buffer,
    Kernel,
    Loop,
    Loops,
    Reduction,
    Rounds,
    Schedule,
    Stage,
    Statement,
    Store,
    Tiles,
)
from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, parse_affine, parse_index
from freshet.ops.scalar import Expr

# --- printing -------------------------------------------------------------------------------------


def to_text(kernel: Kernel) -> str:
    """Return the kernel's printed form."""
    lines = [f"kernel {kernel.name}"]
    for role in ("in", "inout", "out"):
        group = [f"{b.name}: {b.type}" for b in kernel.buffers if b.role == role]
        if group:
            lines.append(f"  {role} {', '.join(group)}")
    if kernel.rounds is not None:
        moving = [b.name for b in kernel.buffers if b.name in kernel.rounds.moving]
        lines.append(f"  rounds {kernel.rounds.count}{' of ' * bool(moving)}{', '.join(moving)}")
    lines.append(_line("  outer", _extents(kernel, kernel.outer)))
    numbers: dict[Expr, str] = {}
    for stage in kernel.stages:
        lines.append(_line("  stage", _extents(kernel, stage.axes)))
        lines += [f"    {line}" for line in _stage_lines(stage, numbers)]
    lines.append(f"  schedule {schedule_text(kernel.schedule)}")
    return "\n".join(lines) + "\n"


def _line(head: str, tail: str) -> str:
    return f"{head} {tail}" if tail else head


def _extents(kernel: Kernel, axes: Iterable[str]) -> str:
    return " ".join(f"{a}={kernel.extents[a]}" for a in axes)


def _stage_lines(stage: Stage, numbers: dict[Expr, str]) -> Iterator[str]:
    # An expression is computed anew in each stage that needs it: it depends on the stage's axes.
    local = dict(numbers)
    count = itertools.count(sum(v[1:].isdigit() for v in local.values() if v[0] == "%"))
    for statement in stage.statements:
        for expr in scalar.topological(statement.operands, local):
            if expr.op in {"const", "result"}:
                local[expr] = _leaf(expr)
                continue
            local[expr] = f"%{next(count)}"
            yield f"{local[expr]}: {expr.dtype.short} = {_definition(expr, local)}"
        value = local[statement.value]
        if isinstance(statement, Store):
            place = f"{statement.buffer}[{_position(statement.where)}]"
            if statement.index is not None:
                place += f" at {statement.dimension} {local[statement.index]}"
            yield f"{'add' if statement.adds else 'store'} {place} {value}"
        else:
            at = "" if statement.position is None else f" at {statement.position}"
            yield f"%{statement.name}: {statement.dtype.short} = {statement.op} {value}{at}"


def _leaf(expr: Expr) -> str:
    if expr.op == "result":
        return f"%{expr.attributes[0]}"
    return f"{expr.attributes[0]!r}:{expr.dtype.short}"


def _position(where: Position) -> str:
    return ", ".join(map(str, where))


_ZEROS: Final = frozenset({"0", "0.0", "False"})


def _definition(expr: Expr, names: dict[Expr, str]) -> str:
    if expr.op == "load":
        buffer, where, fill = expr.attributes
        # -0.0 equals 0.0 but is another number; the text is what the code is found by.
        end = "" if repr(fill.attributes[0]) in _ZEROS else f" else {fill.attributes[0]!r}"
        return f"load {buffer}[{_position(where)}]{end}"
    if expr.op == "lookup":
        buffer, where, dimension = expr.attributes
        return f"lookup {buffer}[{_position(where)}] at {dimension} {names[expr.args[0]]}"
    if expr.op == "coordinate":
        return f"coordinate {expr.attributes[0]}"
    if expr.op == "inside":
        return "inside " + ", ".join(f"{index} < {size}" for index, size in expr.attributes)
    return " ".join([expr.op, *(names[a] for a in expr.args)])


def schedule_text(schedule: Schedule) -> str:
    """Return a schedule's printed form: the fields that differ from their defaults."""
    if isinstance(schedule, Loops):
        return f"loops vector={schedule.vector} unroll={schedule.unroll} block={schedule.block}"
    s = schedule

    def loops(items: tuple[Loop, ...]) -> str:
        return ",".join(f"{i.axis}:{i.step}" for i in items) or "-"

    return (
        f"tiles units={loops(s.units)} loops={loops(s.loops)} rows={loops(s.rows)} "
        f"column={s.column}x{s.vectors} depth={','.join(s.depth) or '-'} "
        f"swap={s.swap} pack_scalar={s.pack_scalar} pack_vector={s.pack_vector} "
        f"accumulate={s.accumulate}"
    )


# --- reading --------------------------------------------------------------------------------------

_BUFFER: Final = re.compile(r"(\w+): (\w+)\[([\d,]*)\]")
_ROUNDS: Final = re.compile(r"(\d+)(?: of (.+))?")
_AXIS: Final = re.compile(r"(\w+)=(\d+)")
_DEFINE: Final = re.compile(r"%(\w+): (\w+) = (\w+) ?(.*)")
_LOAD: Final = re.compile(r"(\w+)\[(.*?)\](?: else (\S+))?")
_STORE: Final = re.compile(r"(store|add) (\w+)\[(.*?)\](?: at (\d+) (\S+))? (\S+)")
_LOOKUP: Final = re.compile(r"(\w+)\[(.*?)\] at (\d+) (\S+)")
_UNARY: Final = (scalar.MATH - {"pow", "multiply_add"}) | {"neg", "abs", "bit_not", "cast"}
_TERNARY: Final = frozenset({"select", "random_bits", "multiply_add"})
_LOOPS_FIELDS: Final = ("vector", "unroll", "block")
_TILES_FIELDS: Final = (
    "units", "loops", "rows", "column", "depth", "swap", "pack_scalar", "pack_vector", "accumulate",
)  # fmt: skip
_SCHEDULES: Final = "schedule loops vector=... unroll=... block=..., or tiles units=... ..."


def parse(text: str) -> Kernel:
    """Build the kernel that `text` prints.

    Raises:
        ValueError: A line cannot be read; the message names it.
    """
    reader = _Reader()
    for line in filter(None, (raw.partition("#")[0].strip() for raw in text.splitlines())):
        try:
            reader.read(line)
        except ValueError as error:
            raise ValueError(f"cannot read the kernel line {line!r}: {error}") from None
    if not reader.name:
        raise ValueError("cannot read an empty text as a kernel")
    return reader.kernel()


class _Reader:
    """Collects the parts of a kernel line by line."""

    def __init__(self) -> None:
        self.name = ""
        self.buffers: dict[str, Buffer] = {}
        self.extents: dict[str, int] = {}
        self.outer: tuple[str, ...] = ()
        self.stages: list[tuple[tuple[str, ...], list[Statement]]] = []
        self.results: dict[str, Expr] = {}
        self.values: dict[str, Expr] = {}
        self.schedule: Schedule = Loops()
        self.rounds: Rounds | None = None

    def read(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if bool(self.name) == (word == "kernel"):
            raise ValueError("a text is one kernel, and starts with: kernel name")
        if word == "kernel":
            self.name = rest
        elif word in {"in", "inout", "out"}:
            for part in rest.split(", "):
                self._buffer(part, word)
        elif word == "rounds":
            m = _matched(_ROUNDS, rest, "rounds count (of buffer, ...)")
            names = m[2].split(", ") if m[2] else ()
            self.rounds = Rounds(int(m[1]), frozenset(self._known_buffer(n).name for n in names))
        elif word == "outer":
            self.outer = self._axes(rest)
        elif word == "stage":
            self.stages.append((self._axes(rest), []))
            self.values = dict(self.results)
        elif word == "schedule":
            self.schedule = parse_schedule(rest)
            for name in _axes_of(self.schedule):
                self._check_axis(name)
        else:
            self._statement(line)

    def _statement(self, line: str) -> None:
        if not self.stages:
            raise ValueError("expected a stage before the first statement")
        if line.startswith(("store ", "add ")):
            self._store(line)
        else:
            self._define(line)

    def _buffer(self, text: str, role: str) -> None:
        m = _matched(_BUFFER, text, "name: dtype[size,...], ...")
        if m[1] in self.buffers:
            raise ValueError(f"there are two buffers {m[1]!r}")
        shape = tuple(int(s) for s in m[3].split(",") if s)
        self.buffers[m[1]] = Buffer(m[1], TensorType(dtypes.from_short(m[2]), shape), role)

    def kernel(self) -> Kernel:
        stages = tuple(Stage(axes, tuple(body)) for axes, body in self.stages)
        # Buffers print grouped by role, so that is their order.
        buffers = tuple(
            b for role in ("in", "inout", "out") for b in self.buffers.values() if b.role == role
        )
        return Kernel(
            self.name, buffers, self.extents, self.outer, stages, self.schedule, self.rounds
        )

    def _axes(self, text: str) -> tuple[str, ...]:
        found = [_matched(_AXIS, part, "axis=extent ...") for part in text.split()]
        self.extents |= {m[1]: int(m[2]) for m in found}
        return tuple(m[1] for m in found)

    def _store(self, line: str) -> None:
        m = _matched(_STORE, line, "store or add, buffer[index, ...] (at dimension index)? value")
        where = self._position(self._known_buffer(m[2]), m[3])
        index = None if m[5] is None else self._value(m[5])
        store = Store(m[2], where, self._value(m[6]), int(m[4] or 0), index, m[1] == "add")
        self.stages[-1][1].append(store)

    def _define(self, line: str) -> None:
        m = _matched(_DEFINE, line, "%name: dtype = operation operands")
        name, dtype, op, rest = m[1], dtypes.from_short(m[2]), m[3], m[4]
        if op in REDUCTIONS:
            operand, _, at = rest.partition(" at ")
            where = self._affine(at) if at else None
            self.stages[-1][1].append(Reduction(name, op, self._value(operand), dtype, where))
            self.results[name] = self.values[name] = scalar.result(name, dtype)
        else:
            self.values[name] = self._expression(op, dtype, rest)

    def _expression(self, op: str, dtype: DType, rest: str) -> Expr:
        if op == "load":
            m = _matched(_LOAD, rest, "load buffer[index, ...]")
            where = self._position(self._known_buffer(m[1]), m[2])
            return scalar.load(m[1], dtype, where, _number(m[3] or "0", dtype))
        if op == "lookup":
            m = _matched(_LOOKUP, rest, "lookup buffer[index, ...] at dimension index")
            where = self._position(self._known_buffer(m[1]), m[2])
            return scalar.lookup(m[1], dtype, where, int(m[3]), self._value(m[4]))
        if op == "coordinate":
            return scalar.coordinate(self._affine(rest), dtype)
        if op == "inside":
            parts = (p.split("<") for p in rest.split(","))
            return scalar.inside((self._index(i), int(size)) for i, size in parts)
        if op not in scalar.SCALAR_OPS:
            raise ValueError(f"unknown operation {op!r}")
        operands = [self._value(v) for v in rest.split()]
        count = 1 if op in _UNARY else 3 if op in _TERNARY else 2
        if len(operands) != count:
            raise ValueError(f"{op} has {count} operands, not {len(operands)}")
        return scalar.make(op, operands, dtype)

    def _known_buffer(self, name: str) -> Buffer:
        if name not in self.buffers:
            raise ValueError(f"there is no buffer {name!r}")
        return self.buffers[name]

    def _position(self, buffer: Buffer, text: str) -> Position:
        where = tuple(self._index(part) for part in text.split(",") if part.strip())
        if len(where) != len(buffer.shape):
            raise ValueError(f"{buffer.name} has {len(buffer.shape)} dimensions, not {len(where)}")
        return where

    def _index(self, text: str) -> Index:
        index = parse_index(text)
        if index.divisor < 1:
            raise ValueError(f"cannot divide by {index.divisor}")
        self._check_axes(index.numerator)
        return index

    def _affine(self, text: str) -> Affine:
        number = parse_affine(text)
        self._check_axes(number)
        return number

    def _check_axes(self, number: Affine) -> None:
        for name in number.axes():
            self._check_axis(name)

    def _check_axis(self, name: str) -> None:
        if name not in self.extents:
            raise ValueError(f"there is no axis {name!r}")

    def _value(self, text: str) -> Expr:
        if text.startswith("%"):
            if text[1:] not in self.values:
                raise ValueError(f"{text} is not known here")
            return self.values[text[1:]]
        number, _, dtype = text.rpartition(":")
        return scalar.constant(_number(number, dtypes.from_short(dtype)), dtypes.from_short(dtype))


def _axes_of(schedule: Schedule) -> Iterator[str]:
    if isinstance(schedule, Loops):
        if schedule.vector is not None:
            yield schedule.vector
        return
    yield from (loop.axis for loop in (*schedule.units, *schedule.loops, *schedule.rows))
    yield from (schedule.column, *schedule.depth)


def _matched(pattern: re.Pattern[str], text: str, form: str) -> re.Match[str]:
    m = pattern.fullmatch(text)
    if m is None:
        raise ValueError(f"expected: {form}")
    return m


def _number(text: str, dtype: DType) -> Any:
    if dtype.is_bool:
        return text == "True"
    return float(text) if dtype.is_floating else int(text)


def parse_schedule(text: str) -> Schedule:
    """Build the schedule that `schedule_text` prints.

    Raises:
        ValueError: It is no schedule.
    """
    kind, *parts = text.split() or [""]
    given = {name: value for name, _, value in (part.partition("=") for part in parts)}
    wanted = {"loops": _LOOPS_FIELDS, "tiles": _TILES_FIELDS}.get(kind)
    if wanted is None or tuple(given) != wanted:
        raise ValueError(f"expected: {_SCHEDULES}")

    def optional(name: str) -> int | None:
        return None if given[name] == "None" else int(given[name])

    if kind == "loops":
        vector = None if given["vector"] == "None" else given["vector"]
        return Loops(vector, int(given["unroll"]), int(given["block"]))

    def loops(name: str) -> tuple[Loop, ...]:
        items = () if given[name] == "-" else tuple(given[name].split(","))
        return tuple(Loop(i.partition(":")[0], int(i.partition(":")[2])) for i in items)

    column, _, vectors = given["column"].rpartition("x")
    depth = () if given["depth"] == "-" else tuple(given["depth"].split(","))
    return Tiles(
        units=loops("units"), loops=loops("loops"), rows=loops("rows"), column=column,
        vectors=int(vectors), depth=depth,
        swap=given["swap"] == "True", pack_scalar=optional("pack_scalar"),
        pack_vector=optional("pack_vector"), accumulate=optional("accumulate"),
    )  # fmt: skip
