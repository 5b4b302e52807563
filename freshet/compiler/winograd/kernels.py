"""The four kernels of a convolution by tiles.

    data[p, tile, c]     = (B^T d B)[p]
    filter[p, c, f]      = (G g G^T)[p]
    products[p, tile, f] = sum over c of data[p, tile, c] * filter[p, c, f]
    out[tile * m + i, f] = (A^T products A)[i], with whatever the kernel does to its sums

for one dimension or two, of which p numbers all points (A. Lavin and S. Gray, Fast algorithms for
convolutional neural networks, CVPR 2016). A filter's gradient is the same with roles exchanged: as
many outputs as the filter has taps, and tiles of the outputs' gradient that are summed over.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from freshet.compiler.kernel import Buffer, Change, Kernel, Reduction, Stage, Store
from freshet.compiler.winograd.matrices import Matrix, transformed
from freshet.compiler.winograd.windows import Convolution, grid
from freshet.core import dtypes
from freshet.core.shapes import TensorType
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, axis, constant
from freshet.ops.scalar import Expr

SHARE: Final = "share"
"""The axis of sums over images that are kept apart; see `freshet.compiler.winograd.rounds`."""
POINT: Final = "point"
PART: Final = "part_"


@dataclass(frozen=True)
class Panel:
    """What a transform makes or takes: a matrix for each point, of all images or of some rows.

    The points of a tile should not lie far apart, or in places of which the caches hold few: a
    processor knows the addresses of only some pages at once. So the first axes of the rows come
    before the points where matrices are taken up soon; and matrices lie a row more than their size
    apart, since their size is often a power of two.

    Attributes:
        sides: The axes that the rows and the columns are.
        extents: Of all axes.
        points: How many matrices there are.
        leading: How many axes of the rows come before the points.
    """

    name: str
    sides: tuple[tuple[str, ...], tuple[str, ...]]
    extents: Mapping[str, int] = field(hash=False)
    points: int
    leading: int = 0

    @property
    def shares(self) -> int:
        """How many sums are kept apart."""
        return self.extents.get(SHARE, 1)

    @property
    def axes(self) -> tuple[str, ...]:
        """Every axis but the shares' and the points'."""
        return self.sides[0] + self.sides[1]

    @property
    def groups(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """The axes of the rows before and after the points, and those of the columns."""
        rows, columns = self.sides
        return rows[: self.leading], rows[self.leading :], columns

    @property
    def sizes(self) -> tuple[int, int, int]:
        """The sizes of the groups."""
        blocks, rows, columns = (math.prod(self.extents[a] for a in g) for g in self.groups)
        return blocks, rows, columns

    def buffer(self, role: str) -> Buffer:
        """Return the buffer."""
        blocks, rows, columns = self.sizes
        points = self.points + (self.leading > 0)
        shape = (self.shares, blocks, points, rows + 1, columns)
        return Buffer(self.name, TensorType(dtypes.float32, shape), role)

    def position(self, share: Affine, point: Affine, names: Mapping[str, str]) -> Position:
        """Return the element of a point, of axes that stand for the groups in `names`."""
        blocks, rows, columns = (
            constant(0) if not g else axis(names[g[0]]) if names else self._number(g)
            for g in self.groups
        )
        return tuple(map(Index, (share, blocks, point, rows, columns)))

    def stores(self, values: Sequence[Expr], order: Iterable[int]) -> Stage:
        """Return the stage that writes the values of all points, in the given order."""
        share = axis(SHARE) if self.shares > 1 else constant(0)
        places = self._places(share)
        return Stage((), tuple(Store(self.name, places[p], values[p]) for p in order))

    def loads(self) -> tuple[Expr, ...]:
        """Return the elements of all points, their shares added up."""
        parts = [
            [scalar.load(self.name, dtypes.float32, place) for place in self._places(constant(n))]
            for n in range(self.shares)
        ]
        return tuple(functools.reduce(scalar.Expr.__add__, p) for p in zip(*parts, strict=True))

    def _places(self, share: Affine) -> list[Position]:
        """Return the element of each point."""
        first, block, _, *sides = self.position(share, constant(0), {})
        points = (Index(constant(p)) for p in range(self.points))
        return [(first, block, point, *sides) for point in points]

    def _number(self, axes: tuple[str, ...]) -> Affine:
        """Return the row-major number of a position along several axes."""
        number = constant(0)
        for a in axes:
            number = number * self.extents[a] + axis(a)
        return number


class Panels(NamedTuple):
    """What the kernels leave for each other."""

    data: Panel
    filter: Panel
    products: Panel


class Kernels(NamedTuple):
    """The four kernels, in the order in which they run."""

    data: Kernel
    filter: Kernel
    products: Kernel
    sums: Kernel


def panels_of(c: Convolution, *, near: bool) -> Panels:
    """Return the panels of a convolution.

    Args:
        c: The convolution.
        near: Whether they are taken up while a cache holds them.
    """
    of_data = tuple(a for a in c.outer if a in c.data_axes)
    of_filter = tuple(a for a in c.outer if a not in of_data)

    def panel(name: str, one: tuple[str, ...], other: tuple[str, ...], last: str) -> Panel:
        sides = (other, one) if last in one else (one, other)
        return Panel(f"{PART}{name}", sides, c.extents, c.points)

    # A filter that is read in every round is worth being written as it is read.
    again = near and c.by_output and c.outer[-1] in of_filter
    data = panel("data", c.summed, of_data, c.data_axes[-1])
    filters = panel("filter", c.summed, of_filter, c.outer[-1] if again else c.filter_axes[-1])
    products = panel("products", of_data, of_filter, c.outer[-1])
    # Panels that share their rows have them in the same blocks.
    if near and c.by_output and data.sides[0] == products.sides[0]:
        leading = len(of_data) - 1
        data, products = replace(data, leading=leading), replace(products, leading=leading)
    elif near and not c.by_output and data.sides[0] == filters.sides[0]:
        data, filters = replace(data, leading=1), replace(filters, leading=1)
    return Panels(data, filters, products)


def kernels_of(c: Convolution, panels: Panels) -> Kernels:
    """Return the kernels of a convolution."""
    return Kernels(
        _transform(_source(c, c.data), c.data_tile(), c.matrices("data"), panels.data),
        _transform(_source(c, c.filter), c.filter_tile(), c.matrices("filter"), panels.filter),
        _products(c, panels),
        _sums(c, panels.products),
    )


def _source(c: Convolution, load: Expr) -> Buffer:
    return replace(c.kernel.buffer(load.attributes[0]), role="in")


@functools.lru_cache(maxsize=64)
def _transform(
    source: Buffer, tile: tuple[Expr, ...], matrices: tuple[Matrix, ...], made: Panel
) -> Kernel:
    """Return the kernel that transforms one factor; layers of one shape share it."""
    axes = (SHARE, *made.axes) if made.shares > 1 else made.axes
    # The last transform makes one column of points after the other.
    last = len(matrices[-1])
    order = sorted(range(made.points), key=lambda p: p % last)
    stage = made.stores(transformed(tile, matrices), order)
    return Kernel(
        f"convolution_{made.name.removeprefix(PART)}", (source, made.buffer("out")),
        {a: made.extents[a] for a in axes}, axes, (stage,),
    )  # fmt: skip


def _products(c: Convolution, panels: Panels) -> Kernel:
    """Return the kernel that multiplies the matrices of each point."""
    data, filters, products = panels
    old = c.kernel.stages[0].reductions[0]
    names: dict[str, str] = {}
    sizes: dict[str, int] = {SHARE: products.shares, POINT: c.points}
    # A group of axes is one axis of the kernel; what is left of the data's is summed over.
    for panel, own in ((products, ("strip", "row", "column")), (data, ("image", "depth", "depth"))):
        for group, size, name in zip(panel.groups, panel.sizes, own, strict=True):
            if group and group[0] not in names:
                names[group[0]], sizes[name] = name, size
    outer = tuple(n for n in (SHARE, "strip", POINT, "row", "column") if n in sizes)
    summed = tuple(n for n in ("image", "depth") if n in sizes)

    def at(panel: Panel) -> Position:
        return panel.position(axis(SHARE), axis(POINT), names)

    factors = (scalar.load(p.name, old.dtype, at(p)) for p in (data, filters))
    total = Reduction(old.name, "sum", scalar.binary("mul", *factors), old.dtype)
    result = Store(products.name, at(products), scalar.result(old.name, old.dtype))
    return Kernel(
        "convolution_products",
        (data.buffer("in"), filters.buffer("in"), products.buffer("out")),
        {n: sizes[n] for n in (*outer, *summed)}, outer,
        (Stage(summed, (total,)), Stage((), (result,))),
    )  # fmt: skip


def _sums(c: Convolution, products: Panel) -> Kernel:
    """Return the kernel that makes the outputs of the products."""
    kernel, old = c.kernel, c.kernel.stages[0].reductions[0]
    after = kernel.stages[1]
    values = transformed(products.loads(), c.matrices("sums"))
    outputs = zip(values, grid(w.outputs for w in c.windows), strict=True)
    stores: list[Store] = []
    for value, numbers in sorted(outputs, key=lambda output: output[1][-1]):
        moved = {
            w.outer: axis(w.outer) * (w.outputs if w.by_output else 0) + i
            for w, i in zip(c.windows, numbers, strict=True)
        }
        stores += _moved(after, moved, {scalar.result(old.name, old.dtype): value})
    used = {e.attributes[0] for e in after.loads()} | {s.buffer for s in after.stores}
    return Kernel(
        kernel.name, (products.buffer("in"), *(b for b in kernel.buffers if b.name in used)),
        {a: products.extents[a] for a in products.axes}, products.axes,
        (Stage((), tuple(stores)),),
    )  # fmt: skip


def _moved(
    stage: Stage, moved: Mapping[str, Affine], known: Mapping[Expr, Expr]
) -> tuple[Store, ...]:
    """Return a stage's stores at other points, with the values of some expressions."""
    change = Change(
        position=lambda _, where: tuple(i.substitute(moved) for i in where),
        number=lambda number: number.substitute(moved),
    )
    return change.of_stage(stage, known).stores
