"""skew_sums: sum over the positions of the operand that has the columns.

A filter's gradient with one channel on its other side,

    dw[r, c] = sum over k of x[k + r - pad, c] * dy[k],

reads both r and c in one operand, so that each element of the other one meets a single vector of
columns. Summed over p = k + r - pad instead it is an outer product of taps and columns:

    dw[r, c] = sum over p of dy[p - r + pad] * x[p, c]

What lay outside of x was 0 and is left out; what lies outside of dy now is 0. Exact, but for the
order of the sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.contraction import is_product_sum
from freshet.compiler.kernel import Kernel, Reduction, Stage
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, axis
from freshet.ops.scalar import Expr

MORE: Final = 1.25
"""Times the positions that there may be to sum over then."""


@dataclass(frozen=True)
class _Window:
    """A dimension that is read at ``inner + outer + offset``."""

    dimension: int
    inner: str
    outer: str
    numerator: Affine


def skew_sums(kernel: Kernel) -> Kernel:
    """Return the kernel with its sum skewed, or as it is if that gives the factors nothing."""
    if not is_product_sum(kernel):
        return kernel
    first, second = kernel.stages[0].reductions[0].value.args
    for moved, still in ((first, second), (second, first)):
        if not any(_has(still, a) for a in kernel.outer):
            windows = _windows(kernel, moved, still)
            if windows:
                return _skewed(kernel, moved, still, windows)
    return kernel


def _has(load: Expr, name: str) -> bool:
    return any(i.numerator.coefficient(name) for i in load.attributes[1])


def _windows(kernel: Kernel, moved: Expr, still: Expr) -> list[_Window]:
    """Return the dimensions of one operand that can be summed over instead."""
    buffer, where, fill = moved.attributes
    shape = kernel.buffer(buffer).shape
    if fill.op != "const" or fill.attributes[0] != 0:
        return []
    found = []
    for d, (index, size) in enumerate(zip(where, shape, strict=True)):
        terms = index.numerator.terms
        inner = [a for a, c in terms if c == 1 and a in kernel.stages[0].axes]
        outer = [a for a, c in terms if c == 1 and a in kernel.outer]
        if len(terms) != 2 or len(inner) != 1 or len(outer) != 1 or index.divisor != 1:
            continue
        window = _Window(d, inner[0], outer[0], index.numerator)
        others = [i.numerator for e, i in enumerate(where) if e != d]
        apart = not any(n.coefficient(a) for n in others for a in (inner[0], outer[0]))
        extent = kernel.extents[inner[0]]
        if apart and size <= MORE * extent and _walks(kernel, still, inner[0], extent):
            found.append(window)
    return found


def _walks(kernel: Kernel, still: Expr, inner: str, extent: int) -> bool:
    """Whether an operand has an axis as one whole dimension and nowhere else."""
    buffer, where, _ = still.attributes
    along = [d for d, i in enumerate(where) if i.numerator.coefficient(inner)]
    return (
        len(along) == 1
        and where[along[0]] == Index(axis(inner))
        and kernel.buffer(buffer).shape[along[0]] == extent
    )


def _skewed(kernel: Kernel, moved: Expr, still: Expr, windows: list[_Window]) -> Kernel:
    buffer, where, _ = moved.attributes
    shape = kernel.buffer(buffer).shape
    straight = list(where)
    extents = dict(kernel.extents)
    back = {}
    for w in windows:
        straight[w.dimension] = Index(axis(w.inner))
        extents[w.inner] = shape[w.dimension]
        # The old position along the axis, in terms of the new one.
        back[w.inner] = axis(w.inner) * 2 - w.numerator
    other, there, _ = still.attributes
    loads = {
        moved: scalar.load(buffer, moved.dtype, tuple(straight)),
        still: scalar.load(other, still.dtype, tuple(i.substitute(back) for i in there)),
    }
    stage, after = kernel.stages
    old = stage.reductions[0]
    a, b = old.value.args
    product = scalar.binary("mul", loads[a], loads[b])
    reduction = Reduction(old.name, old.op, product, old.dtype)
    return replace(kernel, extents=extents, stages=(Stage(stage.axes, (reduction,)), after))
