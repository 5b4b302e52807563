"""Which kernels are convolutions that Winograd's tiles can take, and how the tiles lie."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from freshet.compiler.contraction import is_product_sum
from freshet.compiler.kernel import Kernel
from freshet.compiler.winograd.matrices import Matrix, transforms
from freshet.core import dtypes
from freshet.ops import scalar
from freshet.ops.index import Index, axis
from freshet.ops.scalar import Expr

TILE_POINTS: Final = {3: 6, 4: 8, 5: 8}
"""Points by the number of taps. More would spare more multiplications, but round worse: the error
grows about threefold with each two points."""


@dataclass(frozen=True)
class Window:
    """One dimension along which a filter slides.

    Attributes:
        dimension: Of the data.
        outer: The output axis.
        tap: The summed axis.
        start: Where the data of the first tile begin.
        flipped: Whether taps go backwards.
        outputs: Outputs of a tile.
        taps: Taps of a tile.
        by_output: Whether tiles go along the output axis and have all taps; otherwise, as in a
            filter's gradient, they go along the summed axis and have all outputs.
    """

    dimension: int
    outer: str
    tap: str
    start: int
    flipped: bool
    outputs: int
    taps: int
    by_output: bool

    @property
    def points(self) -> int:
        """Points of a tile."""
        return self.outputs + self.taps - 1

    @property
    def step(self) -> int:
        """Data from one tile to the next."""
        return self.outputs if self.by_output else self.taps

    @property
    def tiled(self) -> str:
        """The axis that tiles go along."""
        return self.outer if self.by_output else self.tap

    @property
    def whole(self) -> str:
        """The axis that each tile has all of."""
        return self.tap if self.by_output else self.outer


@dataclass(frozen=True)
class Convolution:
    """A kernel that sums data times a filter, which slides over the data.

    Where a filter's gradient is computed, the gradient of the outputs is the filter.

    Attributes:
        data: The load of what windows are taken from.
        filter: The load of the other factor.
        windows: One for each dimension along which it slides.
    """

    kernel: Kernel
    data: Expr
    filter: Expr
    windows: tuple[Window, ...]

    @property
    def by_output(self) -> bool:
        """Whether outputs are tiled, rather than what is summed over."""
        return self.windows[0].by_output

    @property
    def points(self) -> int:
        """Points of a tile, in all dimensions."""
        return math.prod(w.points for w in self.windows)

    @property
    def extents(self) -> dict[str, int]:
        """The kernel's axes, with the number of tiles for those that tiles go along."""
        extents = self.kernel.extents
        return {**extents, **{w.tiled: -(-extents[w.tiled] // w.step) for w in self.windows}}

    @property
    def outer(self) -> tuple[str, ...]:
        """The output axes, without those that each tile has all of."""
        return self._without_whole(self.kernel.outer)

    @property
    def summed(self) -> tuple[str, ...]:
        """The summed axes, without those that each tile has all of."""
        return self._without_whole(self.kernel.stages[0].axes)

    @property
    def data_axes(self) -> tuple[str, ...]:
        """The axes of tiles of data, in the order of their dimensions."""
        axes = (i.numerator.axes() for i in self.data.attributes[1])
        return self._without_whole(a for names in axes for a in names)

    @property
    def filter_axes(self) -> tuple[str, ...]:
        """The axes of tiles of the filter, in the order of their dimensions."""
        axes = (i.numerator.axes() for i in self.filter.attributes[1])
        return self._without_whole(a for names in axes for a in names)

    def _without_whole(self, axes: Iterable[str]) -> tuple[str, ...]:
        whole = {w.whole for w in self.windows}
        return tuple(a for a in axes if a not in whole)

    def matrices(self, kind: str) -> tuple[Matrix, ...]:
        """Return a matrix for each window: of ``data``, of the ``filter`` or of the ``sums``."""
        return tuple(getattr(transforms(w.outputs, w.taps), kind) for w in self.windows)

    def data_tile(self) -> tuple[Expr, ...]:
        """Return the loads of a tile of data."""
        loads = []
        for numbers in grid(w.points for w in self.windows):
            there = list(self.data.attributes[1])
            for w, i in zip(self.windows, numbers, strict=True):
                there[w.dimension] = Index(axis(w.tiled) * w.step + (w.start + i))
            loads.append(scalar.load(self.data.attributes[0], self.data.dtype, tuple(there)))
        return tuple(loads)

    def filter_tile(self) -> tuple[Expr, ...]:
        """Return the loads of the taps of a tile."""
        loads = []
        for numbers in grid(w.taps for w in self.windows):
            taps = {}
            for w, k in zip(self.windows, numbers, strict=True):
                tile = axis(w.tap) * (0 if w.by_output else w.taps)
                taps[w.tap] = tile + (w.taps - 1 - k if w.flipped else k)
            there = tuple(i.substitute(taps) for i in self.filter.attributes[1])
            loads.append(scalar.load(self.filter.attributes[0], self.filter.dtype, there))
        return tuple(loads)


def grid(sizes: Iterable[int]) -> list[tuple[int, ...]]:
    """Return all positions in a row-major grid."""
    return list(itertools.product(*map(range, sizes)))


def find_convolution(kernel: Kernel) -> Convolution | None:
    """Return a kernel as a convolution; None if it is none, or has no tiles of a known size."""
    if not is_product_sum(kernel) or not _is_plain_epilogue(kernel):
        return None
    first, second = kernel.stages[0].reductions[0].value.args
    if first.dtype is not dtypes.float32:
        return None
    for data, other in ((first, second), (second, first)):
        windows = _windows(kernel, data, other)
        if windows:
            found = Convolution(kernel, data, other, windows)
            return found if _is_product(found) else None
    return None


def _is_plain_epilogue(kernel: Kernel) -> bool:
    """Whether what is done with the sums may be asked for beyond the last output."""
    after = kernel.stages[1]
    return not any(e.op == "lookup" for e in after.loads()) and not any(
        s.index is not None for s in after.stores
    )


def _is_product(c: Convolution) -> bool:
    """Whether the sums between the transforms are a matrix product for each point.

    What lies end to end in memory must not be what tiles go along: transforms have it in lanes.
    """
    outer, data, filters = set(c.outer), set(c.data_axes), set(c.filter_axes)
    if not all((data - filters, filters - data, data & filters)):
        return False
    if set(c.summed) != data & filters or outer != data ^ filters:
        return False
    ends = {c.outer[-1], c.data_axes[-1], c.filter_axes[-1]}
    return not ends & {w.tiled for w in c.windows}


def _windows(kernel: Kernel, data: Expr, other: Expr) -> tuple[Window, ...]:
    """Return the windows of one factor that meet the other; none if it is something else."""
    fills = (load.attributes[2] for load in (data, other))
    if not all(f.op == "const" and f.attributes[0] == 0 for f in fills):
        return ()
    found: list[Window] = []
    alone: list[str] = []
    for d, index in enumerate(data.attributes[1]):
        if _is_plain(index):
            alone += index.numerator.axes()
            continue
        window = _window(kernel, d, index)
        if window is None:
            return ()
        found.append(window)
    alone += [a for w in found for a in (w.outer, w.tap)]
    there = [a for i in other.attributes[1] for a in i.numerator.axes()]
    clear = len(set(alone)) == len(alone) and len(set(there)) == len(there)
    clear = clear and all(map(_is_plain, other.attributes[1]))
    meets = {w.tap for w in found} <= set(there) and not {w.outer for w in found} & set(there)
    alike = len({w.by_output for w in found}) == 1
    return tuple(found) if clear and meets and alike else ()


def _is_plain(index: Index) -> bool:
    """Whether an index is an axis, or a number."""
    return index.divisor == 1 and [c for _, c in index.numerator.terms] in ([1], [])


def _window(kernel: Kernel, dimension: int, index: Index) -> Window | None:
    """Return the window of an index ``outer ± tap + number``; None if it is not like that."""
    terms = index.numerator.terms
    taps = [(a, c) for a, c in terms if a in kernel.stages[0].axes and abs(c) == 1]
    outer = [a for a, c in terms if a in kernel.outer and c == 1]
    if (len(terms), len(taps), len(outer), index.divisor) != (2, 1, 1, 1):
        return None
    (tap, sign), (out,) = taps[0], outer
    outputs, length = kernel.extents[out], kernel.extents[tap]
    flipped, by_output = sign < 0, length <= outputs
    short = min(outputs, length)
    if short not in TILE_POINTS or (flipped and not by_output):
        return None
    start = index.numerator.constant - (length - 1 if flipped else 0)
    long = TILE_POINTS[short] - short + 1
    sizes = (long, short) if by_output else (short, long)
    return Window(dimension, out, tap, start, flipped, *sizes, by_output)
