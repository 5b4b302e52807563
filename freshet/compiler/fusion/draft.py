"""`Draft`: a kernel while nodes join it.

A draft iterates over a *space* of axes. Its outer axes are those of its results; the others are
reduced. A node joins in one of three roles:

    map      outer space: one element per outer point, after the reductions it reads
    full     whole space: one element per point, within the reductions' loops
    reduce   whole space to outer space

Within the kernel a value is passed on as an expression; it goes to memory only if somebody else
reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from freshet.compiler.fusion.elements import Elements, NeedsMemoryError, nest_of
from freshet.compiler.fusion.realize import Memory, is_contraction
from freshet.compiler.kernel import Buffer, Change, Kernel, Reduction, Stage, Statement, Store
from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.graph.ir import Node, Value
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, axis, constant
from freshet.ops.nest import Lookup, Nest
from freshet.ops.scalar import Expr

LONGEST_ROW: Final = 16384
"""Elements of a row that is worth going over again while it is in cache."""
MOST_BUFFERS: Final = 28


class NotHereError(Exception):
    """A node does not fit into a draft."""


@dataclass(frozen=True)
class _Result:
    """What a node's output is within the kernel."""

    expr: Expr
    position: Position
    """Where it is, in the value's own dimensions."""
    level: int
    """How many rounds of reductions come before it."""
    outer: bool
    """Whether it is one value per outer point."""


@dataclass(frozen=True)
class _Reduced:
    reduction: Reduction
    level: int


@dataclass
class Draft:
    """See the module's docstring."""

    memory: Memory
    space: dict[str, int] = field(default_factory=dict)
    """Every axis with its extent; none of extent 1."""
    inner: tuple[str, ...] = ()
    """The reduced axes."""
    ordered: bool = True
    """Whether `space` is in the order of one array's dimensions, so that others can match it."""
    contraction: bool = False
    nodes: list[Node] = field(default_factory=list)
    results: dict[Value, _Result] = field(default_factory=dict)
    reductions: list[_Reduced] = field(default_factory=list)
    reads: dict[Value, None] = field(default_factory=dict)
    """The values (roots) loaded from memory, in order."""
    views: dict[str, Value] = field(default_factory=dict)
    """What each buffer that is loaded from holds: a value under the shape it is read with."""
    check: Node | None = None
    """The check whose failures the kernel looks for."""
    addition: Store | None = None
    """What the kernel adds to elements that data names."""

    @property
    def outer(self) -> tuple[str, ...]:
        """The axes that are not reduced."""
        return tuple(a for a in self.space if a not in self.inner)

    @property
    def is_row(self) -> bool:
        """Whether the reduced axes are the last ones and short: a row to go over repeatedly."""
        names = list(self.space)
        last = tuple(names[len(names) - len(self.inner) :]) == self.inner
        size = math.prod(self.space[a] for a in self.inner)
        return self.ordered and not self.contraction and last and size <= LONGEST_ROW

    # --- joining ----------------------------------------------------------------------------------

    def start(self, node: Node) -> None:
        """Add the first node, which decides the space."""
        nest = nest_of(node)
        if nest.scatter is not None:
            self._start_scatter(node, nest, nest.scatter)
            return
        shape = node.outputs[0].type.static_shape
        outer = {f"o{d}": f"i{d}" for d, size in enumerate(shape) if size != 1}
        inner = {f"r{d}": f"k{d}" for d, size in enumerate(nest.reduced) if size != 1}
        extents = {name: shape[int(o[1:])] for o, name in outer.items()}
        reduced = {name: nest.reduced[int(r[1:])] for r, name in inner.items()}
        names = outer | inner
        self.contraction = is_contraction(nest, node.outputs[0].type)
        order = _operand_order(nest, names)
        self.ordered = order is not None or not reduced
        self.space = extents | reduced
        if order is not None and reduced:
            self.space = {n: self.space[n] for n in order}
        self.inner = tuple(n for n in self.space if n in reduced)
        self._add(node, nest, {o: Index(axis(n)) for o, n in names.items()})

    def _start_scatter(self, node: Node, nest: Nest, how: Lookup) -> None:
        """Make the kernel that adds to elements that data names; nothing else joins it."""
        shape = node.outputs[0].type.static_shape
        at = how.dimension
        outer = {f"o{d}": f"i{d}" for d, size in enumerate(shape) if size != 1 and d != at}
        inner = {f"r{d}": f"k{d}" for d, size in enumerate(nest.reduced) if size != 1}
        self.space = {name: shape[int(o[1:])] for o, name in outer.items()}
        self.space |= {name: nest.reduced[int(r[1:])] for r, name in inner.items()}
        self.inner, self.ordered = tuple(inner.values()), False
        axes = {o: Index(axis(n)) for o, n in (outer | inner).items()}
        axes = self._with_ones(axes, nest, len(shape))
        value = self._body(node, nest, axes)[0]
        index = Elements(self.space, self._load).place(node, how, nest, axes, shape[at])
        position = tuple(axes[f"o{d}"] for d in range(len(shape)))
        self.addition = Store("out0", position, value, at, index, adds=True)
        self.nodes.append(node)

    def start_check(self, node: Node) -> None:
        """Make the kernel that looks for an element that fails a check."""
        shape = node.operands[0].type.static_shape
        self.space = {f"k{d}": size for d, size in enumerate(shape) if size != 1}
        self.inner = tuple(self.space)
        nest = nest_of(node)
        axes = {f"o{d}": Index(axis(f"k{d}")) for d, size in enumerate(shape) if size != 1}
        expr = self._body(node, nest, self._with_ones(axes, nest, len(shape)))[0]
        self._reduce("or", expr, expr.dtype, None)
        self.check = node
        self.nodes.append(node)

    def join(self, node: Node) -> None:
        """Add a node, or raise `NotHereError` and leave everything as it was."""
        nest = nest_of(node)
        before = (dict(self.space), self.inner, dict(self.results), list(self.reductions),
                  dict(self.reads), list(self.nodes))  # fmt: skip
        try:
            self._join(node, nest)
            if len(self.reads) + len(self.results) > MOST_BUFFERS:
                raise NotHereError
        except (NotHereError, NeedsMemoryError) as error:
            (self.space, self.inner, self.results, self.reductions, self.reads,
             self.nodes) = before  # fmt: skip
            if isinstance(error, NeedsMemoryError) and not self.memory.has(error.value):
                raise
            raise NotHereError from None

    def _join(self, node: Node, nest: Nest) -> None:
        shape = node.outputs[0].type.static_shape
        alone = self.check is not None or self.addition is not None or nest.scatter is not None
        if alone or is_contraction(nest, node.outputs[0].type):
            raise NotHereError
        if not _reduces(nest):
            mapped = self._match(shape, self.outer)
            if mapped is None and self.ordered and not self.contraction:
                mapped = self._match(shape, tuple(self.space))
            if mapped is None:
                raise NotHereError
            self._add(node, nest, mapped)
            return
        self._add(node, nest, self._match_reduction(node, nest))

    def _match(self, shape: Sequence[int], axes: Sequence[str]) -> dict[str, Index] | None:
        """Return the axis that each output dimension is, if the sizes agree."""
        sizes = [(d, size) for d, size in enumerate(shape) if size != 1]
        if [size for _, size in sizes] != [self.space[a] for a in axes]:
            return None
        return {f"o{d}": Index(axis(a)) for (d, _), a in zip(sizes, axes, strict=True)}

    def _match_reduction(self, node: Node, nest: Nest) -> dict[str, Index]:
        """Return the axis that each of a reduction's axes is; may make some of ours reduced."""
        if not self.ordered or self.contraction:
            raise NotHereError
        shape = node.outputs[0].type.static_shape
        sizes = {f"o{d}": s for d, s in enumerate(shape) if s != 1}
        sizes |= {f"r{d}": s for d, s in enumerate(nest.reduced) if s != 1}
        order = _operand_order(nest, {n: n for n in sizes})
        if order is None or [sizes[n] for n in order] != list(self.space.values()):
            raise NotHereError
        names = dict(zip(order, self.space, strict=True))
        inner = tuple(a for n, a in names.items() if n.startswith("r"))
        if self.inner and inner != self.inner:
            raise NotHereError
        if not self.inner:
            # What was one element per outer point now is one per point of the whole space.
            self.results = {
                v: _Result(r.expr, r.position, r.level, outer=False)
                for v, r in self.results.items()
            }
            self.inner = inner
        return {n: Index(axis(a)) for n, a in names.items()}

    # --- adding -----------------------------------------------------------------------------------

    def _add(self, node: Node, nest: Nest, axes: dict[str, Index]) -> None:
        shape = node.outputs[0].type.static_shape
        axes = self._with_ones(axes, nest, len(shape))
        position = tuple(axes[f"o{d}"] for d in range(len(shape)))
        found = self._body(node, nest, axes)
        used = {n for i in position for n in i.numerator.axes()}
        outer = not (used & set(self.inner))
        for number, (value, expr) in enumerate(zip(node.outputs, found, strict=True)):
            result = expr
            if nest.reduced:
                how = nest.reduce[number]
                where = None
                if how.position is not None:
                    where = how.position.substitute({n: i.numerator for n, i in axes.items()})
                if _reduces(nest):
                    result = self._reduce(how.op, expr, how.dtype or expr.dtype, where)
                elif where is not None:
                    result = scalar.coordinate(where, how.dtype or dtypes.int64)
            level = self._level(result)
            if level and not outer and not self.is_row:
                raise NotHereError
            self.results[value] = _Result(result, position, level, outer)
        self.nodes.append(node)

    def _with_ones(self, axes: dict[str, Index], nest: Nest, rank: int) -> dict[str, Index]:
        zero = Index(constant(0))
        names = [f"o{d}" for d in range(rank)] + [f"r{d}" for d in range(len(nest.reduced))]
        return {n: axes.get(n, zero) for n in names}

    def _body(self, node: Node, nest: Nest, axes: Mapping[str, Index]) -> tuple[Expr, ...]:
        return Elements(self.space, self._load).body(node, nest, axes)

    def _load(self, value: Value, where: Position, fill: float) -> Expr | None:
        own = self.results.get(value)
        if own is not None:
            if own.position != where:
                raise NotHereError
            return own.expr
        root = self.memory.root(value)
        if root is None or root in self.results:
            return None  # to be computed; one of our own under another shape ends up above
        self.reads[root] = None
        name = f"in_{id(root)}_{'x'.join(map(str, value.type.shape))}"
        self.views.setdefault(name, value)
        return scalar.load(name, value.type.dtype, where, fill)

    def _reduce(self, op: str, expr: Expr, dtype: DType, position: Affine | None) -> Expr:
        level = self._level(expr)
        if level and not self.is_row:
            raise NotHereError
        name = f"acc{len(self.reductions)}"
        reduction = Reduction(name, op, expr, dtype, position)
        self.reductions.append(_Reduced(reduction, level))
        return scalar.result(name, dtype)

    def _level(self, expr: Expr) -> int:
        """Return how many rounds of reductions must come before an expression."""
        levels = {r.reduction.name: r.level + 1 for r in self.reductions}
        found = (levels[e.attributes[0]] for e in scalar.topological([expr]) if e.op == "result")
        return max(found, default=0)

    # --- the kernel -------------------------------------------------------------------------------

    def kernel(self, needed: Mapping[Value, None]) -> tuple[Kernel, dict[str, Value]]:
        """Return the kernel that stores the `needed` values, and what each buffer holds."""
        stores: dict[tuple[int, bool], list[Statement]] = {}
        outputs: dict[str, Value] = {}
        if self.addition is not None:
            return self._adding(self.addition)
        for value in needed:
            own = self.results[value]
            name = f"out{len(outputs)}"
            outputs[name] = value
            statement = Store(name, own.position, own.expr)
            stores.setdefault((own.level, own.outer), []).append(statement)
        stages = self._stages(stores)
        if self.check is not None:
            outputs["status"] = self.check.outputs[0]
            last = self.reductions[0].reduction
            found = scalar.result(last.name, last.dtype)
            stages.append(Stage((), (Store("status", (Index(constant(0)),), found),)))
        extents = {a: self.space[a] for a in (*self.outer, *self.inner)}
        return self._finished(stages, outputs, extents)

    def _adding(self, addition: Store) -> tuple[Kernel, dict[str, Value]]:
        """Return the kernel that sets every element to 0, then adds."""
        output = self.nodes[0].outputs[0]
        size = output.type.static_shape[addition.dimension]
        everywhere = list(addition.where)
        everywhere[addition.dimension] = Index(axis("z"))
        zero = Store("out0", tuple(everywhere), scalar.constant(0, output.type.dtype))
        stages = [Stage(("z",), (zero,)), Stage(self.inner, (addition,))]
        extents = {a: self.space[a] for a in (*self.outer, *self.inner)} | {"z": size}
        return self._finished(stages, {"out0": output}, extents)

    def _finished(
        self, stages: Sequence[Stage], outputs: Mapping[str, Value], extents: dict[str, int]
    ) -> tuple[Kernel, dict[str, Value]]:
        """Return the kernel with its buffers under their own names."""
        loads = dict.fromkeys(e.attributes[0] for stage in stages for e in stage.loads())
        names = {old: f"in{i}" for i, old in enumerate(loads)}
        buffers = [Buffer(names[old], self.views[old].type, "in") for old in loads]
        values = {names[old]: self.views[old] for old in loads}
        for name, value in outputs.items():
            status = TensorType(dtypes.bool_, (1,))
            buffers.append(Buffer(name, status if name == "status" else value.type, "out"))
            values[name] = value
        title = "_".join(dict.fromkeys(n.primitive.name for n in self.nodes[:3]))
        renamed = tuple(Change(name=lambda n: names.get(n, n)).of_stage(s) for s in stages)
        return Kernel(title, tuple(buffers), extents, self.outer, renamed), values

    def _stages(self, stores: Mapping[tuple[int, bool], list[Statement]]) -> list[Stage]:
        """Put statements into rounds: what a round reduces, the next ones may use."""
        stages = []
        last = max([r.level for r in self.reductions] + [level for level, _ in stores], default=0)
        for level in range(last + 1):
            after = stores.get((level, True), [])
            if after:
                stages.append(Stage((), tuple(after)))
            within: list[Statement] = list(stores.get((level, False), []))
            within += [r.reduction for r in self.reductions if r.level == level]
            if within:
                stages.append(Stage(self.inner, tuple(within)))
        return stages


def _reduces(nest: Nest) -> bool:
    """Whether more or less than one element becomes one: reducing a single one changes nothing."""
    return any(size != 1 for size in nest.reduced)


def _operand_order(nest: Nest, names: Mapping[str, str]) -> list[str] | None:
    """Return the axes in the order of an operand's dimensions, if one operand has them all."""
    for position in nest.operands:
        if position is None:
            continue
        found = []
        for index in position:
            terms = index.numerator.terms
            if not terms and index.numerator.constant == 0:
                continue
            if (
                len(terms) != 1
                or terms[0][1] != 1
                or index.numerator.constant
                or index.divisor != 1
            ):
                break
            if terms[0][0] in names:
                found.append(names[terms[0][0]])
        else:
            if sorted(found) == sorted(names.values()):
                return found
    return None


def copy_kernel(kind: TensorType) -> Kernel:
    """Return the kernel that copies an array."""
    shape = (kind.num_elements,)
    where = (Index(axis("i0")),)
    flat = TensorType(kind.dtype, shape)
    store = Store("out0", where, scalar.load("in0", kind.dtype, where))
    buffers = (Buffer("in0", flat, "in"), Buffer("out0", flat, "out"))
    return Kernel("copy", buffers, {"i0": shape[0]}, ("i0",), (Stage((), (store,)),))
