"""How a primitive lowers: one affine loop nest, or a call back to the host.

    out[o] = reduce over r of  body(in_0[index_0(o, r)], in_1[index_1(o, r)], ...)

Elementwise operations, views, reductions, pooling, matrix products and convolutions with all their
gradients are nests that differ in their index maps; the compiler knows no other kind of operation.
Output axes are named o0, o1, ...; reduced axes r0, r1, ...
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.ops.index import Affine, Index, Position, axis, constant
from freshet.ops.scalar import Expr, operand


@dataclass(frozen=True, slots=True)
class Reduce:
    """How the values along the reduced axes become one.

    Attributes:
        op: ``sum``, ``prod``, ``max``, ``min``, ``and``, ``or``; ``argmax``, ``argmin`` (the first
            position of the largest or smallest; NaN counts as both).
        position: For argmax and argmin, the number that stands for a position.
        dtype: For argmax and argmin, the dtype of that number.
    """

    op: str
    position: Affine | None = None
    dtype: DType | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """A dimension whose index is data: the element that another operand has.

    It is clipped to the dimension, so that no data makes a kernel leave its arrays.
    """

    dimension: int
    operand: int


@dataclass(frozen=True, slots=True)
class Nest:
    """A loop nest over the output's elements.

    Attributes:
        operands: For each input, the element it is read at; None for an input whose elements the
            nest does not need.
        body: ``(*input elements) -> element`` or one per output; without it, the only input's
            element (a view).
        reduced: Extents of the reduced axes.
        reduce: How each output is reduced; empty where nothing is reduced.
        fills: Value of each input outside its array; 0 by default.
        lookups: For inputs that are indexed with data, how; the index of that dimension in
            `operands` is 0 then.
        scatter: For an output that is: the nest has no axis for that dimension, and each point adds
            its value, one after the other along the reduced axes.
        keeps: The input of which the output has most elements, at the same places. It is best
            written over that input, if nobody needs it any more.
    """

    operands: tuple[Position | None, ...]
    body: Callable[..., Expr | tuple[Expr, ...]] | None = None
    reduced: tuple[int, ...] = ()
    reduce: tuple[Reduce, ...] = ()
    fills: tuple[float, ...] = ()
    lookups: tuple[tuple[int, Lookup], ...] = ()
    scatter: Lookup | None = None
    keeps: int | None = None

    def fill(self, number: int) -> float:
        """Return the value of input `number` outside its array."""
        return self.fills[number] if self.fills else 0


@dataclass(frozen=True, slots=True)
class Reshape:
    """The same elements in the same row-major order under another shape."""


@dataclass(frozen=True, slots=True)
class Host:
    """Run the reference: the compiled program returns to Python for this operation."""

    why: str


class Nested:
    """Run graphs that are parameters."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Repeat(Nested):
    """Run a graph, the parameter `body`, once per step: see `freshet.graph.scan`."""


@dataclass(frozen=True, slots=True)
class Branch(Nested):
    """Run one of two graphs, `then` or `otherwise`: see `freshet.graph.conditions`."""


@dataclass(frozen=True, slots=True)
class Loop(Nested):
    """Run a graph, `body`, while another one, `condition`, says so: see `freshet.graph.loops`."""


@dataclass(frozen=True, slots=True)
class OnceResolved:
    """A nest once `Primitive.resolve` has moved operands into parameters; the host until then.

    Attributes:
        nest: Builds it, as for a primitive that is always a nest.
        is_open: ``(**params) -> bool``: whether an operand is still to be resolved.
        why: Why the host has to run it then.
    """

    nest: Callable[..., Nest]
    is_open: Callable[..., bool]
    why: str

    def __call__(self, *types: Any, **params: Any) -> Nest:
        """Return the nest."""
        return self.nest(*types, **params)


@dataclass(frozen=True, slots=True)
class Check:
    """The output is the input; the compiled program stops if an element of `failures` is true.

    Attributes:
        failures: The nest.
        shown: Whether the error's message shows elements of all operands, not of the first only.
    """

    failures: Callable[..., Nest]
    shown: bool = False


Lowering = Callable[..., Nest] | Reshape | Check | Nested | Host
"""A nest is built by a function ``(*input types, **params) -> Nest``, all sizes known."""

RESHAPE: Final = Reshape()
LARGE_CONTRACTION: Final = 1 << 15
"""Multiply-adds from which a contraction is worth a schedule of its own."""


def is_contraction(nest: Nest, kind: TensorType) -> bool:
    """Return whether a nest is a large sum of products that the tiled schedule can take."""
    if len(nest.reduce) != 1 or nest.reduce[0].op != "sum" or nest.body is None:
        return False
    if len(nest.operands) != 2 or kind.dtype.name not in {"float32", "float64"}:
        return False
    x, y = (operand(i, kind.dtype) for i in range(2))
    if nest.body(x, y) is not x * y:
        return False
    return kind.num_elements * math.prod(nest.reduced) >= LARGE_CONTRACTION


def o(number: int) -> Affine:
    """Return output axis `number`."""
    return axis(f"o{number}")


def r(number: int) -> Affine:
    """Return reduced axis `number`."""
    return axis(f"r{number}")


def identity(rank: int) -> Position:
    """Return the position of the output element itself."""
    return tuple(Index(o(i)) for i in range(rank))


def broadcast(shape: tuple[int, ...], rank: int) -> Position:
    """Return where an operand of `shape` is read when it broadcasts to `rank` dimensions."""
    skip = rank - len(shape)
    return tuple(Index(constant(0) if size == 1 else o(i)) for i, size in enumerate(shape, skip))


def view(where: Callable[..., Position], fill: Callable[..., Any] | None = None) -> Lowering:
    """Lower an operation that only moves elements: output element o is the input's at `where`."""

    def lower(x: Any, **params: Any) -> Nest:
        return Nest(operands=(where(x, **params),), fills=(fill(x, **params),) if fill else ())

    return lower
