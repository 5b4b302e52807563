"""Copies of an operand's block in scratch memory, for kernels with a `Tiles` schedule.

A copy resolves padding and fractional strides once, so that the inner loop has no conditions, and
lays the vector operand out as panels, one column tile after the other, which the inner loop reads
from end to end.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.emit.builder import Builder, Int, Value
from freshet.compiler.emit.expressions import Expressions, Point, axis_mask
from freshet.compiler.emit.loops import decode
from freshet.compiler.tile_plan import Operand
from freshet.core.shapes import TensorType
from freshet.ops.index import Affine, Index, axis, strides_of

CACHE_LINE: Final = 64
"""Bytes between prefetches; where lines are longer, some are asked for twice."""


def power_of_two(number: int) -> int:
    """Return the smallest power of two that is not less."""
    return 1 << (number - 1).bit_length()


@dataclass(frozen=True)
class Block:
    """The part of an axis that the open loops have chosen."""

    low: Int
    size: Int
    most: int
    """What `size` never exceeds."""


@dataclass(frozen=True)
class _Copy:
    """An operand's block while it is packed."""

    operand: Operand
    lows: list[Int]
    """First position of each dimension."""
    names: list[str]
    """What the position along each dimension is called while it is copied."""


def _with(items: list[tuple[Int, Int]], at: int, item: tuple[Int, Int]) -> list[tuple[Int, Int]]:
    return [*items[:at], item, *items[at + 1 :]]


class Packer:
    """Emits the copies of a kernel's operands."""

    def __init__(
        self, b: Builder, expressions: Expressions, scratch: Value, element: str, lanes: int
    ) -> None:
        self.b, self.expressions = b, expressions
        self.scratch, self.element, self.lanes = scratch, element, lanes

    def pack(self, operand: Operand, blocks: Mapping[str, Block]) -> Int:
        """Copy the operand's block to scratch, guards resolved.

        Returns:
            The address of the block's first element, which is to be subtracted from an element's
            address to find it in the copy.
        """
        lows, sizes = [], []
        total: Int = 0
        for index, stride in zip(operand.where, operand.strides, strict=True):
            low, size = self._reach(index.numerator, blocks)
            lows.append(low)
            sizes.append(size)
            total = self.b.add(total, self.b.mul(low, stride))
        along = self._source_run(operand)
        if operand.column is None:
            operand, lows, sizes = self._joined(operand, lows, sizes)
        copy = _Copy(operand, lows, [f"pack{d}" for d in range(len(lows))])
        whole: list[tuple[Int, Int]] = [(0, size) for size in sizes]
        if along is None:
            self._copy(copy, whole)
        else:
            self._copy_transposed(copy, whole, along)
        return total

    def _joined(
        self, operand: Operand, lows: list[Int], sizes: list[Int]
    ) -> tuple[Operand, list[Int], list[Int]]:
        """Return the operand with its last dimensions seen as one, as far as rows lie end to end.

        Three channels of a row of pixels are copied in whole vectors, not pixel by pixel.
        """
        while len(sizes) > 1:
            channels, last = operand.buffer.shape[-1], operand.where[-1]
            whole = sizes[-1] == channels and lows[-1] == 0 and not operand.guarded[-1]
            exact = last.divisor == operand.where[-2].divisor == 1
            if not (whole and exact and operand.strides[-2:] == (channels, 1)):
                break
            shape = (*operand.buffer.shape[:-2], operand.buffer.shape[-2] * channels)
            kind = TensorType(operand.buffer.dtype, shape)
            operand = replace(
                operand,
                buffer=replace(operand.buffer, type=kind),
                where=operand.where[:-1],
                guarded=operand.guarded[:-1],
                extents=(*operand.extents[:-2], operand.extents[-2] * channels),
                strides=(*operand.strides[:-2], 1),
            )
            lows = [*lows[:-2], self.b.mul(lows[-2], channels)]
            sizes = [*sizes[:-2], self.b.mul(sizes[-2], channels)]
        return operand, lows, sizes

    def source(self, operand: Operand, blocks: Mapping[str, Block]) -> Value:
        """Return where a block of the operand begins in the operand's buffer."""
        start: Int = 0
        strides = strides_of(operand.buffer.shape)
        for index, stride in zip(operand.where, strides, strict=True):
            low, _ = self._reach(index.numerator, blocks)
            start = self.b.add(start, self.b.mul(low, stride))
        return self.b.pointer(self.expressions.pointers[operand.buffer.name], start, self.element)

    def lines(self, operand: Operand) -> int:
        """Return the numbers of lines that `prefetch` takes for a block of the operand."""
        run, others = self._lines_of_run(operand)
        return run * math.prod(e for _, e in others)

    def prefetch(self, operand: Operand, source: Value, number: Int) -> None:
        """Ask for one cache line of a block that is to be packed soon."""
        run, others = self._lines_of_run(operand)
        strides = strides_of(operand.buffer.shape)
        at: Int = 0
        number = self.b.minimum(number, self.lines(operand) - 1)
        for name, offset in decode(self.b, self.b.divide(number, run), others).items():
            at = self.b.add(at, self.b.mul(offset, strides[int(name)]))
        begin = self.b.pointer(source, at, self.element)
        line = self.b.mul(self.b.modulo(number, run), CACHE_LINE)
        self.b.prefetch(self.b.pointer(begin, line, "i8"), level=2)

    def _lines_of_run(self, operand: Operand) -> tuple[int, list[tuple[str, int]]]:
        """Return the lines of a contiguous part of a block, and the other dimensions' extents.

        All but the first extent are rounded up to powers of two, for the sake of the division of
        line numbers in the inner loop; lines beyond a block may be asked for without harm.
        """
        inner = max(d for d, e in enumerate(operand.extents) if e > 1)
        others = [(str(d), e) for d, e in enumerate(operand.extents) if d != inner]
        stride = strides_of(operand.buffer.shape)[inner]
        size = operand.extents[inner] * stride * operand.buffer.dtype.size
        padded = [(d, power_of_two(e) if n else e) for n, (d, e) in enumerate(others)]
        return power_of_two(-(-size // CACHE_LINE)), padded

    def _source_run(self, operand: Operand) -> int | None:
        """Return the dimension along which the vector operand can be read in vectors.

        None if that is its column anyway, or too short.
        """
        if operand.column is None:
            return None
        strides = strides_of(operand.buffer.shape)
        runs = [d for d, e in enumerate(operand.extents) if e >= self.lanes and strides[d] == 1]
        return runs[0] if runs and runs[0] != operand.column else None

    def _copy(self, copy: _Copy, ranges: list[tuple[Int, Int]]) -> None:
        """Copy element by element along the dimension that is contiguous in scratch."""
        inner = self._contiguous(copy.operand)
        order = [d for d in range(len(ranges)) if d != inner]
        with self._copy_loops(order, ranges, 1, {}) as offsets:
            low, high = ranges[inner]
            whole = self.b.mul(self.b.divide(self.b.sub(high, low), self.lanes), self.lanes)
            full = self.b.add(low, whole)
            with self.b.loop(low, full, self.lanes, "copy") as i:
                self._copy_vector(copy, {**offsets, inner: i}, inner, None)
            with self.b.when(self.b.less(full, high)):
                mask = axis_mask(self.b, self.b.sub(high, full), self.lanes)
                self._copy_vector(copy, {**offsets, inner: full}, inner, mask)

    def _copy_vector(
        self, copy: _Copy, offsets: dict[int, Int], inner: int, mask: Value | None
    ) -> None:
        at = self._copy_point(copy, offsets, inner, mask)
        value = self.b.splat(self._source(copy, at), self.lanes)
        place = self._packed_place(copy.operand, offsets)
        if inner != copy.operand.column:
            self.expressions.store_vector(value, place, copy.operand.strides[inner], at)
            return
        if mask is not None:
            # A panel is as wide as the tile. What is left of it is computed with, and whatever
            # denormal numbers were there before would slow that down a hundredfold.
            value = self.b.select(mask, value, self.b.constant(0.0, value.type))
        self.b.store(value, place, self.lanes * copy.operand.buffer.dtype.size)

    def _copy_transposed(self, copy: _Copy, ranges: list[tuple[Int, Int]], along: int) -> None:
        """Copy in square blocks: read along the source, turned, written along the column."""
        column, lanes, b = copy.operand.column, self.lanes, self.b
        assert column is not None
        full = list(ranges)
        for d in (column, along):
            full[d] = (0, b.mul(b.divide(ranges[d][1], lanes), lanes))
        others = [d for d in range(len(ranges)) if d not in {column, along}]
        with (
            self._copy_loops(others, full, 1, {}) as fixed,
            self._copy_loops([column, along], full, lanes, fixed) as offsets,
        ):
            rows = []
            for j in range(lanes):
                here = {**offsets, column: b.add(offsets[column], j)}
                rows.append(self._source(copy, self._copy_point(copy, here, along, None)))
            for j, row in enumerate(self._transposed(rows)):
                here = {**offsets, along: b.add(offsets[along], j)}
                at = Point({}, copy.names[column], lanes)
                self.expressions.store_vector(row, self._packed_place(copy.operand, here), 1, at)
        # What is left: the columns past the last block, then the rest of the run.
        self._copy(copy, _with(ranges, column, (full[column][1], ranges[column][1])))
        left = _with(ranges, column, (0, full[column][1]))
        self._copy(copy, _with(left, along, (full[along][1], ranges[along][1])))

    def _transposed(self, rows: list[Value]) -> list[Value]:
        """Transpose a square block of vectors by exchanging ever smaller quarters."""
        lanes = self.lanes
        rows = list(rows)
        half = lanes // 2
        while half:
            for i in range(lanes):
                if i & half:
                    continue
                a, c = rows[i], rows[i + half]
                low = [k if not k & half else k - half + lanes for k in range(lanes)]
                high = [k + half if not k & half else k + lanes for k in range(lanes)]
                rows[i], rows[i + half] = self._shuffle(a, c, low), self._shuffle(a, c, high)
            half //= 2
        return rows

    def _shuffle(self, x: Value, y: Value, lanes: list[int]) -> Value:
        picks = ", ".join(f"i32 {k}" for k in lanes)
        return self.b.emit(x.type, f"shufflevector {x}, {y}, <{len(lanes)} x i32> <{picks}>")

    def _source(self, copy: _Copy, at: Point) -> Value:
        operand = copy.operand
        where = tuple(
            Index(axis(n), i.divisor) for n, i in zip(copy.names, operand.where, strict=True)
        )
        return self.expressions.read(operand.buffer, where, operand.guarded, operand.fill, at)

    def _copy_point(
        self, copy: _Copy, offsets: Mapping[int, Int], inner: int, mask: Value | None
    ) -> Point:
        axes = {n: self.b.add(copy.lows[d], offsets[d]) for d, n in enumerate(copy.names)}
        return Point(axes, copy.names[inner], self.lanes, mask)

    def _reach(self, numerator: Affine, blocks: Mapping[str, Block]) -> tuple[Int, Int]:
        """Return the smallest position of a dimension that the block reaches, and how many."""
        low: Int = numerator.constant
        size: Int = 1
        for name, c in numerator.terms:
            block = blocks[name]
            steps = self.b.sub(block.size, 1)
            low = self.b.add(low, self.b.mul(block.low, c))
            if c < 0:
                low = self.b.add(low, self.b.mul(steps, c))
            size = self.b.add(size, self.b.mul(steps, abs(c)))
        return low, size

    def _contiguous(self, operand: Operand) -> int:
        """Return the dimension to copy in vectors: the one contiguous in scratch."""
        if operand.column is not None:
            return operand.column
        strides = strides_of(operand.buffer.shape)
        reached = [d for d, e in enumerate(operand.extents) if e > 1 and strides[d] == 1]
        return reached[-1] if reached else len(operand.extents) - 1

    @contextmanager
    def _copy_loops(
        self, order: list[int], ranges: list[tuple[Int, Int]], step: int, offsets: dict[int, Int]
    ) -> Iterator[dict[int, Int]]:
        if not order:
            yield offsets
            return
        d = order[0]
        with (
            self.b.loop(*ranges[d], step, f"pack{d}") as i,
            self._copy_loops(order[1:], ranges, step, {**offsets, d: i}) as inside,
        ):
            yield inside

    def _packed_place(self, operand: Operand, offsets: Mapping[int, Int]) -> Value:
        place: Int = operand.offset
        for d, stride in enumerate(operand.strides):
            if d == operand.column:
                # Which panel, and where in it.
                panel = self.b.divide(offsets[d], operand.tile)
                within = self.b.modulo(offsets[d], operand.tile)
                step = stride * operand.tile
                place = self.b.add(place, self.b.add(self.b.mul(panel, step), within))
            else:
                place = self.b.add(place, self.b.mul(offsets[d], stride))
        return self.b.pointer(self.scratch, place, self.element)
