"""Rounds: a few images at a time, so that what one kernel makes is in a cache for the next.

The points of all tiles take several times the memory of the images. In rounds of as many images as
the second-level caches hold, it is the same memory in each round, and never leaves them. Each core
goes on with what it has made itself: rows of tiles; or, where images are summed over, its share of
them, whose sums are kept apart until the end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from freshet.compiler.kernel import Kernel, Rounds, Stage
from freshet.compiler.target import Target
from freshet.compiler.winograd.kernels import SHARE, Panels, kernels_of, panels_of
from freshet.compiler.winograd.windows import Convolution
from freshet.core.shapes import TensorType
from freshet.ops import scalar
from freshet.ops.index import Index, axis
from freshet.ops.scalar import Expr

CORES: Final = 2
"""Cores whose caches are counted on, and shares of sums: the same on every machine, for they decide
rounding."""


def kernels_in_rounds(c: Convolution, target: Target) -> list[Kernel]:
    """Return the kernels of a convolution, in rounds if that is better than all images at once."""
    part = _part(c, target)
    if part is None:
        return list(kernels_of(c, panels_of(c, near=False)))
    data, filters, products, sums = kernels_of(part, panels_of(part, near=True))
    rounds = part.kernel.rounds
    if c.by_output:
        return [filters, *(replace(k, rounds=rounds) for k in (data, products, sums))]
    zeros, products = _added_up(products)
    return [zeros, *(replace(k, rounds=rounds) for k in (data, filters, products)), sums]


def _part(c: Convolution, target: Target) -> Convolution | None:
    """Return the convolution of the images of one round; None if there are no rounds."""
    batch = c.data_axes[0]
    index = c.data.attributes[1][0]
    if index != Index(axis(batch)) or (batch in c.kernel.outer) is not c.by_output:
        return None
    moving = _moving(c.kernel, batch)
    images = c.kernel.extents[batch]
    each, fixed = _bytes(c, images)
    most = CORES * target.l2_bytes // each
    if moving is None or fixed > target.l2_bytes // 2:
        return None
    size = max((n for n in range(1, min(most, images) + 1) if images % n == 0), default=0)
    if not size:
        return None
    count = images // size  # 1 where the caches hold all of them
    buffers = tuple(
        replace(b, type=TensorType(b.dtype, (b.shape[0] // count, *b.shape[1:])))
        if b.name in moving else b
        for b in c.kernel.buffers
    )  # fmt: skip
    extents = {**c.kernel.extents, batch: size}
    kernel = replace(c.kernel, buffers=buffers, extents=extents, rounds=Rounds(count, moving))
    part = replace(c, kernel=kernel)
    return part if c.by_output or size % CORES else _shared(part, batch)


def _bytes(c: Convolution, images: int) -> tuple[int, int]:
    """Return the bytes of what each image has of its own, and of what all have in common."""
    data, filters, products = (p.buffer("out").type.num_bytes for p in panels_of(c, near=True))
    own, common = (data + products, filters) if c.by_output else (data + filters, products)
    return own // images, common


def _moving(kernel: Kernel, batch: str) -> frozenset[str] | None:
    """Return the buffers of which each round has a part; None if a part is not in one piece."""
    moving: set[str] = set()
    still: set[str] = set()
    for stage in kernel.stages:
        reads = [(e.attributes[0], e.attributes[1]) for e in stage.loads()]
        for name, where in [*reads, *((s.buffer, s.where) for s in stage.stores)]:
            along = [d for d, i in enumerate(where) if i.numerator.coefficient(batch)]
            if not along:
                still.add(name)
                continue
            whole = kernel.buffer(name).shape[0] == kernel.extents[batch]
            if along != [0] or where[0] != Index(axis(batch)) or not whole:
                return None
            moving.add(name)
    return None if moving & still else frozenset(moving)


def _shared(c: Convolution, batch: str) -> Convolution:
    """Return the convolution with its images, which are summed over, shared out."""
    step = c.kernel.extents[batch] // CORES
    moved = {batch: axis(SHARE) * step + axis(batch)}

    def changed(load: Expr) -> Expr:
        name, where, _ = load.attributes
        return scalar.load(name, load.dtype, tuple(i.substitute(moved) for i in where))

    kernel = replace(c.kernel, extents={**c.kernel.extents, SHARE: CORES, batch: step})
    return replace(c, kernel=kernel, data=changed(c.data), filter=changed(c.filter))


def _added_up(products: Kernel) -> tuple[Kernel, Kernel]:
    """Return a kernel that writes zeros, and the products' that adds to what is there."""
    (store,) = products.stages[1].stores
    dtype = store.value.dtype
    total = replace(store, value=store.value + scalar.load(store.buffer, dtype, store.where))
    zero = replace(store, value=scalar.constant(0, dtype))
    made = products.buffer(store.buffer)
    others = tuple(b for b in products.buffers if b is not made)
    zeros = Kernel(
        f"{products.name}_zeros", (made,), {a: products.extents[a] for a in products.outer},
        products.outer, (Stage((), (zero,)),),
    )  # fmt: skip
    adding = replace(
        products, buffers=(*others, replace(made, role="inout")),
        stages=(products.stages[0], Stage((), (total,))),
    )  # fmt: skip
    return zeros, adding
