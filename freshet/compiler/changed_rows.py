"""changed_rows: write only the rows that change, where a result is written over its operand.

    out[i, j] = select(i == at, row[j], out[i, j])      for all i and j
 -> out[at, j] = row[j]                                 for all j

A write to a `TensorArray`, or to a row that data names, costs a row so, not the whole array. Where
`at` is outside, the nearest row is written as it was. Exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from freshet.compiler.kernel import Kernel, Loops, Stage, Store
from freshet.core import dtypes
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, axis, constant
from freshet.ops.scalar import Expr


@dataclass(frozen=True)
class _Row:
    """One row that a store changes: where, and its new elements."""

    store: Store
    dimension: int
    at: Expr
    value: Expr


def only_changed_rows(kernel: Kernel) -> Kernel:
    """Return the kernel, writing only the rows that it changes, if that is all that it does."""
    rows = _rows(kernel)
    if not rows:
        return kernel
    (gone,) = {_axis(row.store.where[row.dimension]) for row in rows}
    assert gone is not None
    outer = tuple(a for a in kernel.outer if a != gone)
    extents = {a: n for a, n in kernel.extents.items() if a != gone}
    schedule = kernel.schedule
    if not isinstance(schedule, Loops) or schedule.vector == gone:
        schedule = Loops()
    # A stage for each: a row may be written twice, and the later write counts.
    stages = tuple(Stage((), (_written(kernel, row),)) for row in rows)
    return replace(kernel, extents=extents, outer=outer, stages=stages, schedule=schedule)


def _written(kernel: Kernel, row: _Row) -> Store:
    store, d = row.store, row.dimension
    buffer = kernel.buffer(store.buffer)
    at = scalar.clipped(row.at, buffer.shape[d])
    where = (*store.where[:d], Index(constant(0)), *store.where[d + 1 :])
    old = scalar.lookup(buffer.name, buffer.dtype, where, d, at)
    inside = scalar.compare("eq", at, scalar.cast(row.at, dtypes.int64))
    return Store(buffer.name, where, scalar.select(inside, row.value, old), d, at)


def _rows(kernel: Kernel) -> list[_Row]:
    """Return the rows that a kernel changes in their order; none if it does anything else."""
    if len(kernel.stages) != 1 or kernel.stages[0].axes or not all(kernel.extents.values()):
        return []
    found: list[_Row] = []
    for statement in kernel.stages[0].statements:
        if not isinstance(statement, Store) or statement.index is not None:
            return []
        own = list(_changes(statement))
        if not own or not _keeps_the_rest(kernel, statement):
            return []
        found += reversed(own)  # the outermost choice is the last write
    gone = {_axis(row.store.where[row.dimension]) for row in found}
    written = {row.store.buffer for row in found}
    whole = any(_depends(e, gone, written) for row in found for e in (row.at, row.value))
    return found if len(gone) == 1 and not whole else []


def _depends(root: Expr, gone: set[str | None], written: set[str]) -> bool:
    """Whether an expression reads what is written, or differs from row to row."""
    for e in scalar.topological([root]):
        axes: set[str] = set()
        if e.op in {"load", "lookup"}:
            if e.attributes[0] in written:
                return True
            axes = _axes(e.attributes[1])
        elif e.op == "coordinate":
            axes = set(e.attributes[0].axes())
        elif e.op == "inside":
            axes = _axes(tuple(i for i, _ in e.attributes))
        if axes & gone:
            return True
    return False


def _changes(store: Store) -> Iterator[_Row]:
    """Yield the rows that a store chooses a new value for, the last write first."""
    rest = store.value
    while rest.op == "select":
        condition, value, rest = rest.args
        row = _row(store, condition, value)
        if row is None:
            return
        yield row


def _row(store: Store, condition: Expr, value: Expr) -> _Row | None:
    if condition.op != "eq":
        return None
    for here, at in (condition.args, condition.args[::-1]):
        if here.op != "coordinate" or at.op == "coordinate":
            continue
        for d, index in enumerate(store.where):
            name = _axis(index)
            if name is not None and here.attributes[0] == axis(name):
                return _Row(store, d, at, value)
    return None


def _keeps_the_rest(kernel: Kernel, store: Store) -> bool:
    """Whether, with no row changed, a store writes what is there already."""
    rest = store.value
    while rest.op == "select" and _row(store, rest.args[0], rest.args[1]) is not None:
        rest = rest.args[2]
    own = rest.op == "load" and rest.attributes[:2] == (store.buffer, store.where)
    return own and kernel.buffer(store.buffer).role == "inout"


def _axis(index: Index) -> str | None:
    """Return the axis that an index is, if it is one alone."""
    names = index.numerator.axes()
    if index.divisor != 1 or len(names) != 1:
        return None
    (name,) = names
    return name if index.numerator == axis(name) else None


def _axes(where: Position | tuple[Index, ...]) -> set[str]:
    return {a for index in where for a in index.numerator.axes()}
