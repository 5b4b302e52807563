"""What a kernel computes and moves, counted in the kernel itself.

*FLOPs* are the floating-point operations of its statements: a multiply-add is two, a comparison or
a selection none, a function such as exp as many as the code that is emitted for it. An expression
counts once per point of the axes that it depends on. Work on integers, that on random numbers
included, is not counted.

*Bytes* are those of the elements that it must touch, each once, and twice where it updates them in
place.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from freshet.compiler.emit.builder import Builder, element_type, vector_type
from freshet.compiler.emit.math import Math
from freshet.compiler.kernel import Kernel, Reduction, Stage, Store
from freshet.compiler.target import host
from freshet.core.dtypes import DType
from freshet.ops.index import Position
from freshet.ops.scalar import MATH, Expr, topological

_ONE: Final = frozenset({"add", "sub", "mul", "div", "neg", "abs", "remainder"})
_EXTREMES: Final = frozenset({"minimum", "maximum"})
_COUNTED: Final = re.compile(r"= (fadd|fsub|fmul|fdiv|fneg)\b|@llvm\.(fma|fmuladd|sqrt|fabs)\.")
_LANES: Final = 4


def kernel_flops(kernel: Kernel) -> int:
    """Return the floating-point operations of one run of a kernel."""
    return sum(_stage_flops(kernel, stage) for stage in kernel.stages)


@dataclass(frozen=True)
class Traffic:
    """Bytes that must be moved.

    Attributes:
        read: Of what is only read.
        written: Of what is only written.
        updated: Of what is read and written in place, each counted twice.
    """

    read: int
    written: int
    updated: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.read + self.written + self.updated

    def times(self, count: float) -> Traffic:
        """Return what so many runs move."""
        read, written, updated = self.read, self.written, self.updated
        return Traffic(round(count * read), round(count * written), round(count * updated))


def kernel_bytes(kernel: Kernel) -> int:
    """Return the bytes that one run of a kernel must read and write."""
    return kernel_traffic(kernel).total


def kernel_traffic(kernel: Kernel) -> Traffic:
    """Return what one run of a kernel must read, write and update."""
    touched: dict[str, int] = {}
    for stage in kernel.stages:
        for name, axes in _touches(kernel, stage):
            touched[name] = touched.get(name, 0) + _points(kernel, axes)
    moved = {"in": 0, "out": 0, "inout": 0}
    for b in kernel.buffers:
        elements = min(math.prod(b.shape), touched.get(b.name, 0))
        moved[b.role] += elements * b.dtype.size
    return Traffic(moved["in"], moved["out"], 2 * moved["inout"])


def kernel_work(kernel: Kernel) -> int:
    """Return the operations and bytes of one run of a kernel, which say about how long it takes."""
    return kernel_flops(kernel) + kernel_bytes(kernel)


def makes_random_numbers(kernel: Kernel) -> bool:
    """Return whether a kernel makes random numbers, work that `kernel_flops` does not count."""
    return any(e.op == "random_bits" for stage in kernel.stages for e in stage.expressions())


def is_contraction(kernel: Kernel) -> bool:
    """Return whether a kernel sums products of two factors, each used for several outputs."""
    return any(_is_contraction(kernel, r) for stage in kernel.stages for r in stage.reductions)


def _is_contraction(kernel: Kernel, r: Reduction) -> bool:
    if r.op != "sum" or r.value.op != "mul":
        return False
    return all(_is_reused(kernel, factor) for factor in r.value.args)


def _is_reused(kernel: Kernel, factor: Expr) -> bool:
    """Whether a factor is the same along some output axis."""
    loads = [e for e in topological([factor]) if e.op == "load"]
    used = {a for e in loads for a in _axes_of(kernel, e.attributes[1])}
    return bool(used) and not set(kernel.outer) <= used


# --- operations -----------------------------------------------------------------------------------


def _stage_flops(kernel: Kernel, stage: Stage) -> int:
    total = 0
    depends = _dependences(kernel, (e for s in stage.statements for e in s.operands))
    for expr, axes in depends.items():
        total += _flops_of(expr) * _points(kernel, axes)
    everywhere = _points(kernel, (*kernel.outer, *stage.axes))
    for s in stage.statements:
        adds = s.op in {"sum", "prod", "max", "min"} if isinstance(s, Reduction) else s.adds
        if adds and s.value.dtype.is_floating:
            total += everywhere
    return total


def _dependences(kernel: Kernel, roots: Iterable[Expr]) -> Mapping[Expr, frozenset[str]]:
    """Return the axes that each expression depends on."""
    found: dict[Expr, frozenset[str]] = {}
    for e in topological(roots):
        axes = frozenset[str]().union(*(found[a] for a in e.args))
        if e.op in {"load", "lookup"}:
            axes |= _axes_of(kernel, e.attributes[1])
        elif e.op == "coordinate":
            axes |= {a for a in kernel.extents if e.attributes[0].coefficient(a)}
        elif e.op == "inside":
            axes |= _axes_of(kernel, tuple(index for index, _ in e.attributes))
        elif e.op == "result":
            axes |= set(kernel.outer)
        found[e] = axes
    return found


def _flops_of(expr: Expr) -> int:
    if not expr.args or not expr.args[0].dtype.is_floating:
        return 0
    if expr.op in MATH:
        return _function_flops(expr.op, len(expr.args), expr.args[0].dtype)
    return 1 if expr.op in _ONE | _EXTREMES else 0


@functools.cache
def _function_flops(op: str, operands: int, dtype: DType) -> int:
    """Return the operations in the code of a function, for one element."""
    builder = Builder()
    kind = vector_type(element_type(dtype), _LANES)
    given = [builder.constant(0.5, kind) for _ in range(operands)]
    Math(builder, host()).apply(op, *given)
    names = [a or b for a, b in _COUNTED.findall(builder.text())]
    return max(sum(2 if name in {"fma", "fmuladd"} else 1 for name in names), 1)


# --- memory ---------------------------------------------------------------------------------------


def _touches(kernel: Kernel, stage: Stage) -> list[tuple[str, frozenset[str]]]:
    """Return each access of a buffer with the axes along which it goes to other elements."""
    depends = _dependences(kernel, (e for s in stage.statements for e in s.operands))
    found = []
    for e in stage.loads():
        axes = _axes_of(kernel, e.attributes[1])
        if e.op == "lookup":
            axes |= depends[e.args[0]]
        found.append((e.attributes[0], axes))
    for s in stage.statements:
        if isinstance(s, Store):
            axes = _axes_of(kernel, s.where)
            found.append((s.buffer, axes if s.index is None else axes | depends[s.index]))
    return found


def _axes_of(kernel: Kernel, where: Position) -> frozenset[str]:
    return frozenset(a for a in kernel.extents for i in where if i.numerator.coefficient(a))


def _points(kernel: Kernel, axes: Iterable[str]) -> int:
    return math.prod(kernel.extents[a] for a in axes)
