"""The kernel: a loop nest over named axes, with reductions, as data.

    kernel    ::= "kernel" name
                  ("in" | "out" | "inout") buffer ":" type "," ...
                  ("rounds" count ("of" buffer "," ...)?)?
                  "outer" axis "=" extent ...
                  stage*
                  "schedule" ...
    stage     ::= "stage" axis "=" extent ...     loops over the stage's axes, inside the outer ones
                  line*
    line      ::= "%" n ":" dtype "=" op operand ...
                | "%" n ":" dtype "=" "load" buffer "[" index, ... "]" ("else" number)?
                | "%" name ":" dtype "=" reduction operand ("at" affine)?
                | "%" n ":" dtype "=" "lookup" buffer "[" index, ... "]" "at" dimension operand
                | "store" buffer "[" index, ... "]" ("at" dimension operand)? operand
                | "add" buffer "[" index, ... "]" "at" dimension operand operand

For each point of the outer axes the stages run in order. A stage's statements run at each point of
its own axes; what it reduces is known to the stages after it. Outer points are independent of each
other. A load outside its buffer gives the number after ``else``, which is 0 by default; a store
outside writes nothing. What has an ``at`` takes the index of one dimension from data; additions
happen one after the other.

The schedule says how the loops become machine code; it changes no result except by the order of
floating-point sums.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.ops.index import Affine, Index, Position
from freshet.ops.scalar import Expr, rebuild, topological

REDUCTIONS: Final = frozenset({"sum", "prod", "max", "min", "and", "or", "argmax", "argmin"})


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array that the kernel reads, writes or both; contiguous, row-major.

    Attributes:
        role: ``in``, ``out``, or ``inout`` for one that is updated in place, every element by the
            same outer point that reads it.
    """

    name: str
    type: TensorType
    role: str

    @property
    def dtype(self) -> DType:
        """Dtype of the elements."""
        return self.type.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes, all known."""
        return self.type.static_shape


@dataclass(frozen=True, slots=True)
class Store:
    """Write one element, or add to it; data may be the index of one dimension.

    Attributes:
        where: Which element; 0 for the dimension whose index is data.
        dimension: That dimension.
        index: The data.
        adds: Whether it adds the value to what is there.
    """

    buffer: str
    where: Position
    value: Expr
    dimension: int = 0
    index: Expr | None = None
    adds: bool = False

    @property
    def operands(self) -> tuple[Expr, ...]:
        """What must be computed first."""
        return (self.value,) if self.index is None else (self.index, self.value)


@dataclass(frozen=True, slots=True)
class Reduction:
    """Reduce a value over the stage's axes; later stages read it as ``result(name)``."""

    name: str
    op: str
    value: Expr
    dtype: DType
    position: Affine | None = None

    @property
    def operands(self) -> tuple[Expr, ...]:
        """What must be computed first."""
        return (self.value,)


Statement = Store | Reduction


@dataclass(frozen=True)
class Stage:
    """Statements run at each point of the stage's axes, for each point of the outer ones."""

    axes: tuple[str, ...]
    statements: tuple[Statement, ...]

    @property
    def reductions(self) -> tuple[Reduction, ...]:
        """The statements that reduce."""
        return tuple(s for s in self.statements if isinstance(s, Reduction))

    @property
    def stores(self) -> tuple[Store, ...]:
        """The statements that write."""
        return tuple(s for s in self.statements if isinstance(s, Store))

    @functools.cached_property
    def _loads(self) -> tuple[Expr, ...]:
        return tuple(e for e in self.expressions() if e.op in {"load", "lookup"})

    def expressions(self) -> Iterator[Expr]:
        """Yield every expression of the stage once, operands first."""
        return topological(e for s in self.statements for e in s.operands)

    def loads(self) -> tuple[Expr, ...]:
        """Return every load and lookup of the stage."""
        return self._loads


def _same_name(name: str) -> str:
    return name


def _same_position(name: str, where: Position) -> Position:
    del name
    return where


def _same_number(number: Affine) -> Affine:
    return number


@dataclass(frozen=True)
class Change:
    """A systematic change of what a stage touches.

    Attributes:
        name: New name of each buffer.
        position: ``(buffer's old name, position) -> new position``.
        number: New form of every other affine function of the axes.
    """

    name: Callable[[str], str] = _same_name
    position: Callable[[str, Position], Position] = _same_position
    number: Callable[[Affine], Affine] = _same_number

    def of_stage(self, stage: Stage, known: Mapping[Expr, Expr] | None = None) -> Stage:
        """Return the changed stage, over the same axes; `known` are replaced as a whole."""
        done = rebuild((e for s in stage.statements for e in s.operands), self._attributes, known)
        return Stage(stage.axes, tuple(self._statement(s, done) for s in stage.statements))

    def _statement(self, s: Statement, done: Mapping[Expr, Expr]) -> Statement:
        if isinstance(s, Store):
            index = None if s.index is None else done[s.index]
            where = self.position(s.buffer, s.where)
            return Store(self.name(s.buffer), where, done[s.value], s.dimension, index, s.adds)
        position = None if s.position is None else self.number(s.position)
        return Reduction(s.name, s.op, done[s.value], s.dtype, position)

    def _attributes(self, e: Expr) -> tuple[Any, ...]:
        if e.op in {"load", "lookup"}:
            buffer, where, last = e.attributes
            return self.name(buffer), self.position(buffer, where), last
        if e.op == "coordinate":
            return (self.number(e.attributes[0]),)
        if e.op == "inside":
            return tuple((Index(self.number(i.numerator), i.divisor), n) for i, n in e.attributes)
        return e.attributes


@dataclass(frozen=True, slots=True)
class Loops:
    """Plain loops: one axis in vector lanes, the others around it.

    Attributes:
        vector: The axis in lanes: an outer one (each lane another point) or the last of every
            stage that reduces (lanes are combined at its end). None for scalar code.
        unroll: Vectors handled together.
        block: Elements of an outer vector axis that one unit of work takes.
    """

    vector: str | None = None
    unroll: int = 1
    block: int = 0


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop of a tiled schedule: ``axis`` in steps of ``step``."""

    axis: str
    step: int


@dataclass(frozen=True, slots=True)
class Tiles:
    """A register-tiled contraction: the first stage is ``sum(a * b)``.

    The scalar operand is read at each of the tile's rows, the vector operand along the columns; the
    tile of accumulators stays in registers over the innermost reduced axes.

    Attributes:
        units: Outermost loops, over output axes; their points are shared out among the threads.
        loops: Loops within a unit, over output and reduced axes, outermost first.
        rows: Output axes that the scalar operand depends on, with the tile's size along each.
        column: The output axis in vector lanes.
        vectors: Vectors of the tile along `column`.
        depth: Reduced axes looped over while the tile is in registers, outermost first.
        swap: Whether the first factor is the vector operand.
        pack_scalar: Copy the scalar operand's block into scratch once this many loops (units, then
            loops) are open; 0 copies the whole operand once per thread, None reads it in place.
        pack_vector: The same for the vector operand.
        accumulate: Keep sums in memory from the point where this many loops are open, because a
            reduced axis is looped over outside of the tile; None keeps them in registers only.
    """

    units: tuple[Loop, ...]
    loops: tuple[Loop, ...]
    rows: tuple[Loop, ...]
    column: str
    vectors: int
    depth: tuple[str, ...]
    swap: bool = False
    pack_scalar: int | None = None
    pack_vector: int | None = None
    accumulate: int | None = None


Schedule = Loops | Tiles


@dataclass(frozen=True, slots=True)
class Rounds:
    """How often a kernel runs, together with those beside it that have the same rounds.

    Attributes:
        count: How often.
        moving: Buffers that are the next part of their memory in each round; the others stay.
    """

    count: int
    moving: frozenset[str]


@dataclass(frozen=True)
class Kernel:
    """See the module's docstring for what it means and how it prints.

    Attributes:
        rounds: Where it runs several times; None for once.
    """

    name: str
    buffers: tuple[Buffer, ...]
    extents: dict[str, int] = field(hash=False)
    """Every axis, outer ones first, with its extent."""
    outer: tuple[str, ...]
    stages: tuple[Stage, ...]
    schedule: Schedule = field(default_factory=Loops)
    rounds: Rounds | None = None

    def buffer(self, name: str) -> Buffer:
        """Return the buffer called `name`."""
        return next(b for b in self.buffers if b.name == name)

    @functools.cached_property
    def _text(self) -> str:
        from freshet.compiler.kernel_text import to_text  # noqa: PLC0415 (it imports this module)

        return to_text(self)

    def __str__(self) -> str:
        return self._text
