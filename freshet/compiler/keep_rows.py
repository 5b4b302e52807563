"""keep_rows: what several stages need of a row is computed once, and kept where a result will go.

    stage k              stage k
      %e = exp %x          %e = exp %x
      %s = sum %e          %s = sum %e
                  ->       store out[i, k] %e
    stage k              stage k
      %e = exp %x          %e = load out[i, k]
      %y = div %e %s       %y = div %e %s
      store out[i, k] %y   store out[i, k] %y

Exact. A row that the caches hold is read faster than a function is computed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from freshet.compiler.kernel import Kernel, Stage, Store
from freshet.compiler.target import Target
from freshet.ops.scalar import MATH, Expr, load, rebuild

COSTLY: Final = MATH - {"sqrt", "floor", "ceil", "rint", "trunc"}
"""What takes longer than reading a number that is near."""


def keep_rows(kernel: Kernel, target: Target) -> Kernel:
    """Return the kernel with no function computed by two stages, where memory for it is at hand."""
    for later in range(1, len(kernel.stages)):
        for earlier in range(later):
            for expr in _shared(kernel.stages[earlier], kernel.stages[later]):
                found = _kept(kernel, earlier, later, expr, target)
                if found is not None:
                    return keep_rows(found, target)
    return kernel


def _shared(earlier: Stage, later: Stage) -> Iterator[Expr]:
    """Yield the functions that both stages compute at each of the same points."""
    if earlier.axes and earlier.axes == later.axes:
        known = set(earlier.expressions())
        yield from (e for e in later.expressions() if e.op in COSTLY and e in known)


def _kept(kernel: Kernel, earlier: int, later: int, expr: Expr, target: Target) -> Kernel | None:
    """Return the kernel with the later stage reading what the earlier one has stored."""
    stages = list(kernel.stages)
    row = math.prod(kernel.extents[a] for a in stages[later].axes) * expr.dtype.size
    if row > target.l2_bytes // 2:
        return None
    store = _stored(kernel, stages[earlier], expr)
    if store is None:
        place = _place(kernel, later, expr)
        if place is None:
            return None
        store = replace(place, value=expr)
        stages[earlier] = replace(stages[earlier], statements=(*stages[earlier].statements, store))
    again = load(store.buffer, expr.dtype, store.where)
    values = [e for s in stages[later].statements for e in s.operands]
    done = rebuild(values, lambda e: e.attributes, {expr: again})
    stages[later] = replace(
        stages[later],
        statements=tuple(
            replace(s, value=done[s.value]) if not isinstance(s, Store) or s.index is None
            else replace(s, value=done[s.value], index=done[s.index])
            for s in stages[later].statements
        ),
    )  # fmt: skip
    return replace(kernel, stages=tuple(stages))


def _stored(kernel: Kernel, stage: Stage, expr: Expr) -> Store | None:
    """Return the store of a value in a stage, if it loses nothing."""
    for s in stage.stores:
        if s.value is expr and s.index is None and _is_free(kernel, s, expr):
            return s
    return None


def _place(kernel: Kernel, number: int, expr: Expr) -> Store | None:
    """Return a store of a stage before which nothing else is in its place."""
    for s in kernel.stages[number].stores:
        if s.index is None and _is_free(kernel, s, expr):
            return s
    return None


def _is_free(kernel: Kernel, store: Store, expr: Expr) -> bool:
    """Whether a store's buffer is written once, never read, and holds the value as it is."""
    buffer = kernel.buffer(store.buffer)
    if buffer.role != "out" or buffer.dtype is not expr.dtype:
        return False
    loads = [e for stage in kernel.stages for e in stage.loads() if e.attributes[0] == buffer.name]
    found = [s for stage in kernel.stages for s in stage.stores if s.buffer == buffer.name]
    return not loads and len(found) == 1
