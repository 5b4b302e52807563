"""split_taps: sum over the channels first, over a filter's taps afterwards.

A convolution with one output channel,

    y[p] = sum over r, c of x[p + r - pad, c] * w[r, c],

has no axis for vector lanes: y's own axis is read together with the taps. In two steps

    z[r, q] = sum over c of x[q, c] * w[r, c]
    y[p]    = sum over r of z[r, p + r - pad]

the first is a matrix product of taps and positions, and the second adds shifted rows. z is smaller
than x where there are fewer taps than channels. Exact, but for the order of the sum.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

from freshet.compiler.contraction import is_product_sum
from freshet.compiler.kernel import Buffer, Kernel, Reduction, Stage, Store
from freshet.core.shapes import TensorType
from freshet.ops import scalar
from freshet.ops.index import Index, Position, axis
from freshet.ops.scalar import Expr

LEAST_CHANNELS: Final = 8
LEAST_POINTS: Final = 4096
"""Outputs below which one kernel does as well."""
PART: Final = "part_by_tap"


def split_taps(kernel: Kernel) -> tuple[Kernel, Kernel] | None:
    """Return the kernel that sums over channels and the one that sums over taps.

    None if the kernel is no such convolution, or does better as it is.
    """
    if not is_product_sum(kernel):
        return None
    if math.prod(kernel.extents[a] for a in kernel.outer) < LEAST_POINTS:
        return None
    first, second = kernel.stages[0].reductions[0].value.args
    for x, w in ((first, second), (second, first)):
        taps = _taps(kernel, x)
        if taps and _is_filter(kernel, w):
            channels = [a for a in kernel.stages[0].axes if a not in taps]
            depth = math.prod(kernel.extents[a] for a in channels)
            if depth >= max(LEAST_CHANNELS, math.prod(kernel.extents[a] for a in taps)):
                return _split(kernel, x, w, taps, channels)
    return None


def _taps(kernel: Kernel, x: Expr) -> list[str]:
    """Return the axes that are summed over together with an output axis; none if x is not plain.

    Otherwise each dimension of x has an axis of its own.
    """
    buffer, where, fill = x.attributes
    shape = kernel.buffer(buffer).shape
    summed = kernel.stages[0].axes
    taps: list[str] = []
    used: list[str] = []
    for index, size in zip(where, shape, strict=True):
        terms = index.numerator.terms
        names = [a for a, _ in terms]
        inner = [a for a, c in terms if a in summed and abs(c) == 1]
        outer = [a for a, c in terms if a not in summed and c == 1]
        if len(terms) == 2 and index.divisor == len(inner) == len(outer) == 1:
            taps += inner
        elif len(terms) != 1 or index != Index(axis(names[0])) or kernel.extents[names[0]] != size:
            return []
        used += names
    plain = fill.op == "const" and fill.attributes[0] == 0 and len(set(used)) == len(used)
    return taps if plain and set(kernel.outer) <= set(used) else []


def _is_filter(kernel: Kernel, w: Expr) -> bool:
    """Whether an operand depends on what is summed over and nothing else, and has no padding."""
    buffer, where, _ = w.attributes
    shape = kernel.buffer(buffer).shape
    names = {a for i in where for a, _ in i.numerator.terms}
    inside = all(i.always_inside(n, kernel.extents) for i, n in zip(where, shape, strict=True))
    return inside and names == set(kernel.stages[0].axes)


def _split(
    kernel: Kernel, x: Expr, w: Expr, taps: list[str], channels: list[str]
) -> tuple[Kernel, Kernel]:
    stage, after = kernel.stages
    old = stage.reductions[0]
    buffer, where, _ = x.attributes
    extents = {a: kernel.extents[a] for a in (*taps, *channels)}
    straight: list[Index] = []
    shifted: list[Index] = []
    points: list[str] = []
    for index, size in zip(where, kernel.buffer(buffer).shape, strict=True):
        (name,) = [a for a, _ in index.numerator.terms if a not in taps]
        straight.append(Index(axis(name)))
        if name not in channels:
            points.append(name)
            shifted.append(index)
            extents[name] = size
    shape = tuple(extents[a] for a in (*taps, *points))
    part = Buffer(PART, TensorType(old.dtype, shape), "out")
    here: Position = tuple(Index(axis(a)) for a in (*taps, *points))
    there: Position = (*(Index(axis(a)) for a in taps), *shifted)
    read = scalar.load(buffer, x.dtype, tuple(straight))
    product = scalar.binary("mul", w, read)
    names = {buffer, w.attributes[0]}
    first = Kernel(
        f"{kernel.name}_taps", (*(b for b in kernel.buffers if b.name in names), part),
        extents, (*taps, *points),
        (
            Stage(tuple(channels), (Reduction(old.name, old.op, product, old.dtype),)),
            Stage((), (Store(PART, here, scalar.result(old.name, old.dtype)),)),
        ),
    )  # fmt: skip
    total = Reduction(old.name, old.op, scalar.load(PART, old.dtype, there), old.dtype)
    used = {e.attributes[0] for e in after.loads()} | {s.buffer for s in after.stores}
    second = Kernel(
        kernel.name, (replace(part, role="in"), *(b for b in kernel.buffers if b.name in used)),
        {a: kernel.extents[a] for a in (*kernel.outer, *taps)}, kernel.outer,
        (Stage(tuple(taps), (total,)), after),
    )  # fmt: skip
    return first, second
