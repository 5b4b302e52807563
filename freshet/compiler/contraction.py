"""contraction: what a schedule has to know of a sum of products."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.kernel import Kernel, Store, Tiles
from freshet.compiler.target import Target
from freshet.compiler.tile_plan import plan
from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.ops.index import Position, strides_of
from freshet.ops.scalar import Expr

FAR: Final = 2048
"""Bytes between rows from which they count as far apart: a panel of such rows falls into few sets
of the first-level cache, and into as many pages as it has rows."""
FEW_ROWS: Final = 64
FAR_COPY: Final = 0.8
"""Cycles for copying an element that comes from beyond the second-level cache."""
NEAR_COPY: Final = 0.4
"""The same of one that the second-level cache holds."""
READ: Final = 0.25
"""Part of these cycles that an element costs that is read in place."""


@dataclass(frozen=True)
class Factor:
    """One operand: what it loads."""

    shape: tuple[int, ...]
    where: Position
    guarded: bool

    def has(self, axis: str) -> bool:
        """Whether the element that is loaded depends on an axis."""
        return any(i.numerator.coefficient(axis) for i in self.where)

    def can_pack(self, column: str) -> bool:
        """Whether an axis walks along one dimension, alone and one by one, as panels do."""
        along = [i.numerator.terms for i in self.where if i.numerator.coefficient(column)]
        return along == [((column, 1),)]

    def must_pack(self, column: str) -> bool:
        """Whether the operand cannot be read along the column as it is."""
        return self.guarded or self.stride(column) != 1

    def stride(self, axis: str) -> int:
        """Distance between neighbours along an axis; 0 if it is not even."""
        if any(i.divisor != 1 and i.numerator.coefficient(axis) for i in self.where):
            return 0
        pairs = zip(strides_of(self.shape), self.where, strict=True)
        return sum(s * i.numerator.coefficient(axis) for s, i in pairs)


@dataclass(frozen=True)
class Contraction:
    """A kernel that sums products of two factors, and the roles of its axes.

    Attributes:
        scalars: The scalar operand, read one element at a time.
        vectors: The vector operand, read along the column.
        column: The output axis in vector lanes.
        swap: Whether the first factor is the vector operand.
    """

    kernel: Kernel
    target: Target
    scalars: Factor
    vectors: Factor
    column: str
    swap: bool

    @property
    def extents(self) -> dict[str, int]:
        """Every axis with its extent."""
        return self.kernel.extents

    @property
    def element(self) -> DType:
        """What the products are summed in."""
        return self.kernel.stages[0].reductions[0].dtype

    @property
    def lanes(self) -> int:
        """Elements of a vector."""
        return self.target.lanes(self.element)

    @property
    def reduced(self) -> tuple[str, ...]:
        """The axes that are summed over."""
        return self.kernel.stages[0].axes

    @property
    def rows(self) -> list[str]:
        """The output axes that only the scalar operand has."""
        return [a for a in self.kernel.outer if a != self.column and not self.vectors.has(a)]

    @property
    def batch(self) -> list[str]:
        """The output axes that the vector operand has beside the column."""
        return [a for a in self.kernel.outer if a != self.column and self.vectors.has(a)]

    @property
    def row_count(self) -> int:
        """Rows of the output, over all row axes."""
        return math.prod(self.extents[a] for a in self.rows)

    @property
    def rows_are_few(self) -> bool:
        """Whether so few rows share the vector operand that a copy of it does not pay."""
        return self.row_count < FEW_ROWS

    @property
    def epilogue_bytes(self) -> int:
        """Return the bytes of what the epilogue reads and writes at each output."""
        stage = self.kernel.stages[1]
        names = {e.attributes[0] for e in stage.loads()} | {s.buffer for s in stage.stores}
        return sum(self.kernel.buffer(n).type.num_bytes for n in names)

    def units(self, s: Tiles) -> int:
        """Return how many units of work a schedule has."""
        return math.prod(-(-self.extents[u.axis] // u.step) for u in s.units)

    def scratch(self, s: Tiles) -> tuple[int, int]:
        """Return the bytes of the packed scalar and vector operands."""
        layout = plan(replace(self.kernel, schedule=s), self.target)
        size = self.element.size
        return layout.scalar.elements * size, layout.vector.elements * size


def find_contraction(kernel: Kernel, target: Target) -> Contraction | None:
    """Return a kernel as a contraction, None if it is none that tiles can take."""
    factors = _factors(kernel)
    column = None if factors is None else _column(kernel)
    if factors is None or column is None:
        return None
    swap = factors[0].has(column)
    scalars, vectors = (factors[1], factors[0]) if swap else factors
    if scalars.has(column) or not vectors.has(column):
        return None
    if vectors.must_pack(column) and not vectors.can_pack(column):
        return None
    return Contraction(kernel, target, scalars, vectors, column, swap)


def is_product_sum(kernel: Kernel) -> bool:
    """Whether a kernel sums the products of two loads and does the rest afterwards."""
    stages = kernel.stages
    if len(stages) != 2 or stages[1].axes or len(stages[0].statements) != 1:
        return False
    if not stages[0].reductions or stages[0].reductions[0].op != "sum":
        return False
    value = stages[0].reductions[0].value
    plain = value.op == "mul" and all(a.op == "load" for a in value.args)
    return plain and value.dtype in {dtypes.float32, dtypes.float64} and bool(kernel.outer)


def _factors(kernel: Kernel) -> tuple[Factor, Factor] | None:
    """Return the two loads whose product the first stage sums, None if that is not what it does."""
    if not is_product_sum(kernel):
        return None
    first, second = (_factor(kernel, e) for e in kernel.stages[0].reductions[0].value.args)
    return first, second


def _factor(kernel: Kernel, load: Expr) -> Factor:
    name, where, _ = load.attributes
    shape = kernel.buffer(name).shape
    guarded = not all(
        i.always_inside(size, kernel.extents) for i, size in zip(where, shape, strict=True)
    )
    return Factor(shape, where, guarded)


def _column(kernel: Kernel) -> str | None:
    """Return the output axis along which results are stored one after the other."""
    for statement in kernel.stages[-1].statements:
        assert isinstance(statement, Store)
        shape = kernel.buffer(statement.buffer).shape
        stored = Factor(shape, statement.where, guarded=False)
        for axis in kernel.outer:
            if stored.stride(axis) == 1:
                return axis
    return None
