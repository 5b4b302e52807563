"""One element of a value as a scalar expression: how producers move into their consumers.

A consumer that reads a value at some position gets either a load (the value is in memory) or the
producer's own expression at that position, with the index maps composed. Views thereby cost
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from freshet.core.errors import InternalError
from freshet.graph.ir import Node, Value
from freshet.graph.trace import static_value
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, constant
from freshet.ops.nest import Check, Host, Lookup, Nest, Nested, Reshape
from freshet.ops.scalar import Expr


class NeedsMemoryError(Exception):
    """A value cannot be computed where it is read; it must be in memory."""

    def __init__(self, value: Value) -> None:
        super().__init__(f"{value} cannot be read through this index map")
        self.value = value


def nest_of(node: Node) -> Nest:
    """Return a node's loop nest."""
    lower = node.lower
    if isinstance(lower, Check):
        lower = lower.failures
    if isinstance(lower, (Host, Nested, Reshape)):
        raise InternalError(f"bug in freshet: {node!r} has no loop nest")
    return lower(*(v.type for v in node.operands), **node.params)


def scalar_constant(value: Value) -> Expr | None:
    """Return the number that every element of a constant is, if it is one."""
    array = static_value(value)
    if array is None or array.size == 0 or array.dtype.kind in "cO":
        return None
    first = array.reshape(-1)[0]
    if array.size > 1 and not _same_everywhere(array, first):
        return None
    return scalar.constant(first.item() if hasattr(first, "item") else first, value.type.dtype)


def _same_everywhere(array: np.ndarray, first: object) -> bool:
    # Compare bytes: NaN is not equal to itself, and 0 is equal to -0.
    return array.tobytes() == np.full(array.shape, first, array.dtype).tobytes()


@dataclass
class Elements:
    """Makes the expressions of one kernel.

    Attributes:
        extents: The kernel's axes.
        load: ``(value, position, fill) -> expression`` for a value in memory or computed by the
            kernel itself; None for one that is to be computed where it is read.
    """

    extents: dict[str, int]
    load: Callable[[Value, Position, float], Expr | None]
    computed: dict[tuple[Value, Position], Expr] = field(default_factory=dict, init=False)
    """What was computed before: a value with several readers, as in each step of an iteration, is
    gone through once, not once for every way in which the result depends on it."""

    def read(self, value: Value, where: Position, fill: float = 0) -> Expr:
        """Return the element of `value` at `where`; `fill` where that is outside of it."""
        number = scalar_constant(value)
        shape = value.type.static_shape
        guards = [
            (index, size)
            for index, size in zip(where, shape, strict=True)
            if not index.always_inside(size, self.extents)
        ]
        if number is not None:
            return self._guarded(number, guards, fill)
        loaded = self.load(value, where, fill)
        if loaded is not None:
            return loaded
        found = self.computed.get((value, where))
        if found is None:
            found = self.computed[value, where] = self._computed(value, where)
        return self._guarded(found, guards, fill)

    def _guarded(self, expr: Expr, guards: Sequence[tuple[Index, int]], fill: float) -> Expr:
        if not guards:
            return expr
        default = scalar.constant(fill, expr.dtype)
        return scalar.select(scalar.inside(guards), expr, default)

    def _computed(self, value: Value, where: Position) -> Expr:
        node = value.node
        if node is None:
            raise InternalError(f"bug in freshet: the input {value} is not in memory")
        lower = node.lower
        if isinstance(lower, Check):
            return self.read(node.operands[0], where)
        if isinstance(lower, Reshape):
            source = node.operands[0]
            return self.read(source, self._through_reshape(source, value, where))
        nest = nest_of(node)
        if nest.reduced or nest.scatter is not None:
            raise NeedsMemoryError(value)
        axes = {f"o{d}": index for d, index in enumerate(where)}
        return self.body(node, nest, axes)[value.index]

    def body(self, node: Node, nest: Nest, axes: Mapping[str, Index]) -> tuple[Expr, ...]:
        """Return a nest's outputs before reduction, its axes replaced by the given indices."""
        operands = []
        lookups = dict(nest.lookups)
        for number, (value, position) in enumerate(zip(node.operands, nest.operands, strict=False)):
            if position is None:
                operands.append(scalar.constant(0, value.type.dtype))
                continue
            where = tuple(_substitute(i, axes, node.outputs[0]) for i in position)
            if number in lookups:
                operands.append(self._looked_up(node, value, where, lookups[number], nest, axes))
            else:
                operands.append(self.read(value, where, nest.fill(number)))
        if nest.body is None:
            return (operands[0],)
        # The body may name the nest's own axes (coordinates); these are replaced afterwards, and
        # operands, which are in the kernel's axes already, are kept out of that.
        holes = [scalar.operand(i, e.dtype) for i, e in enumerate(operands)]
        found = nest.body(*holes)
        results = found if isinstance(found, tuple) else (found,)
        filled = dict(zip(holes, operands, strict=True))
        return tuple(_fill(e, filled, axes, node.outputs[0]) for e in results)

    def _looked_up(
        self, node: Node, value: Value, where: Position, how: Lookup, nest: Nest,
        axes: Mapping[str, Index],
    ) -> Expr:  # fmt: skip
        """Return an element whose index along one dimension is another operand's element."""
        loaded = self.load(value, where, 0)
        if loaded is None or loaded.op != "load":
            raise NeedsMemoryError(value)
        index = self.place(node, how, nest, axes, value.type.static_shape[how.dimension])
        return scalar.lookup(loaded.attributes[0], loaded.dtype, where, how.dimension, index)

    def place(
        self, node: Node, how: Lookup, nest: Nest, axes: Mapping[str, Index], size: int
    ) -> Expr:
        """Return the index that data gives."""
        position = nest.operands[how.operand]
        assert position is not None
        where = tuple(_substitute(i, axes, node.outputs[0]) for i in position)
        return scalar.clipped(self.read(node.operands[how.operand], where), size)

    def _through_reshape(self, source: Value, target: Value, where: Position) -> Position:
        """Return where a reshape's input is read.

        Dimensions are matched in groups of equal size. Splitting one dimension into several is
        affine; joining several is not, and then the input must be in memory.
        """
        result: list[Index] = []
        shape = target.type.static_shape
        for ins, outs in reshape_groups(source.type.static_shape, shape):
            outer = [d for d in outs if shape[d] != 1]
            inner = [d for d in ins if source.type.static_shape[d] != 1]
            if len(inner) > 1 and len(outer) > 0:
                if [source.type.static_shape[d] for d in inner] != [shape[d] for d in outer]:
                    raise NeedsMemoryError(source)
                pairs = dict(zip(inner, outer, strict=True))
                result += [where[pairs[d]] if d in pairs else Index(constant(0)) for d in ins]
                continue
            joined = self._joined([where[d] for d in outer], [shape[d] for d in outer], source)
            result += [joined if d in inner else Index(constant(0)) for d in ins]
        return tuple(result)

    def _joined(self, indices: list[Index], sizes: list[int], source: Value) -> Index:
        if len(indices) == 1:
            return indices[0]
        total = Affine()
        for index, size in zip(indices, sizes, strict=True):
            if not index.always_inside(size, self.extents) or index.divisor != 1:
                raise NeedsMemoryError(source)
            total = total * size + index.numerator
        return Index(total)


def reshape_groups(
    source: tuple[int, ...], target: tuple[int, ...]
) -> list[tuple[list[int], list[int]]]:
    """Match dimensions of two shapes with equal products: the finest groups, in order.

    Example:
        >>> reshape_groups((2, 6), (2, 3, 2))
        [([0], [0]), ([1], [1, 2])]
    """
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(source) or j < len(target):
        ins: list[int] = []
        outs: list[int] = []
        left = right = 1
        while True:
            if left <= right and i < len(source) and (left < right or not ins):
                ins.append(i)
                left *= source[i]
                i += 1
            elif j < len(target) and (right < left or not outs):
                outs.append(j)
                right *= target[j]
                j += 1
            elif i < len(source) and left < right:
                ins.append(i)
                left *= source[i]
                i += 1
            else:
                break
            if left == right and ins and outs:
                break
        groups.append((ins, outs))
    if any(math.prod(source[d] for d in a) != math.prod(target[d] for d in b) for a, b in groups):
        return [(list(range(len(source))), list(range(len(target))))]
    return groups


def _substitute(index: Index, axes: Mapping[str, Index], owner: Value) -> Index:
    """Replace a nest's axes in an index by the indices they stand for."""
    fractional = [n for n in index.numerator.axes() if axes[n].divisor != 1]
    if fractional:
        # (a/s) passes through unchanged; anything more would need the quotient as a number.
        if index.numerator == Affine(((fractional[0], 1),)) and index.divisor == 1:
            return axes[fractional[0]]
        raise NeedsMemoryError(owner)
    return index.substitute({n: i.numerator for n, i in axes.items()})


def _fill(expr: Expr, holes: Mapping[Expr, Expr], axes: Mapping[str, Index], owner: Value) -> Expr:
    def change(e: Expr) -> tuple[Any, ...]:
        if e.op == "coordinate":
            index = _substitute(Index(e.attributes[0]), axes, owner)
            if index.divisor != 1:
                raise NeedsMemoryError(owner)
            return (index.numerator,)
        if e.op == "inside":
            return tuple((_substitute(i, axes, owner), n) for i, n in e.attributes)
        return e.attributes

    return scalar.rebuild([expr], change, holes)[expr]
