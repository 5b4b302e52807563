"""split_phases: resolve fractional indices by cutting an output axis into phases.

The gradient of a strided window reads ``dy[(i - k + p)/s]``, which exists for every s-th pair
(i, k) only. With ``i = s*q + phase`` the fraction is whole for the k of one residue class, and
those are known: each phase becomes a plain loop nest over q and the k that count. Exact, but for
the order of sums.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from freshet.compiler.kernel import Change, Kernel, Reduction, Stage, Store
from freshet.ops import scalar
from freshet.ops.index import Affine, Index, Position, axis, constant
from freshet.ops.scalar import Expr

MOST_PHASES: Final = 16
"""Beyond it the code would grow more than it gains."""


@dataclass(frozen=True)
class _Fraction:
    """An index ``(outer - dilation*inner + offset) / divisor``."""

    outer: str
    inner: str
    dilation: int
    offset: int
    divisor: int

    def counting(self, phase: int, extent: int) -> range:
        """Return the values of the inner axis for which the index is whole in a phase."""
        found = [
            k
            for k in range(extent)
            if (phase - self.dilation * k + self.offset) % self.divisor == 0
        ]
        if len(found) < 2:
            return range(found[0], found[0] + 1) if found else range(0)
        return range(found[0], found[-1] + 1, found[1] - found[0])


def split_phases(kernel: Kernel) -> list[Kernel]:
    """Return one kernel per phase, or the kernel itself if there is nothing to resolve."""
    fractions = _fractions(kernel)
    if not fractions:
        return [kernel]
    choices = itertools.product(*(range(f.divisor) for f in fractions))
    return [_phase(kernel, dict(zip(fractions, phases, strict=True))) for phases in choices]


def join_phases(kernels: list[Kernel]) -> Kernel:
    """Return one kernel that does the work of several with the same outer axes and buffers."""
    if len(kernels) == 1:
        return kernels[0]
    first = kernels[0]
    extents = {a: first.extents[a] for a in first.outer}
    stages: list[Stage] = []
    for number, kernel in enumerate(kernels):
        names = {a: f"{a}p{number}" for a in kernel.extents if a not in kernel.outer}
        extents |= {names[a]: kernel.extents[a] for a in names}
        stages += [_renamed(stage, names, f"p{number}") for stage in kernel.stages]
    return replace(first, extents=extents, stages=_merged(stages))


def _fractions(kernel: Kernel) -> list[_Fraction]:
    """Return the fractions of a kernel that can all be resolved; none if one cannot."""
    if len(kernel.stages) != 2 or not kernel.stages[0].axes or kernel.stages[1].axes:
        return []
    found: dict[tuple[str, str], _Fraction] = {}
    for index in _indices(kernel):
        if index.divisor == 1:
            continue
        fraction = _fraction(kernel, index)
        if fraction is None:
            return []
        if found.setdefault((fraction.outer, fraction.inner), fraction) != fraction:
            return []
    fractions = list(found.values())
    outer = [f.outer for f in fractions]
    count = 1
    for f in fractions:
        count *= f.divisor
    if len(set(outer)) != len(outer) or count > MOST_PHASES:
        return []
    simple = all(r.position is None for r in kernel.stages[0].reductions)
    return fractions if simple and all(_stored_plainly(kernel, a) for a in outer) else []


def _indices(kernel: Kernel) -> Iterator[Index]:
    for stage in kernel.stages:
        for e in stage.expressions():
            if e.op == "load":
                yield from e.attributes[1]
            elif e.op == "inside":
                yield from (i for i, _ in e.attributes)


def _fraction(kernel: Kernel, index: Index) -> _Fraction | None:
    terms = dict(index.numerator.terms)
    outer = [a for a in terms if a in kernel.outer]
    inner = [a for a in terms if a not in kernel.outer]
    if len(outer) != 1 or len(inner) != 1 or terms[outer[0]] != 1 or terms[inner[0]] >= 0:
        return None
    if kernel.extents[outer[0]] % index.divisor:
        return None
    return _Fraction(outer[0], inner[0], -terms[inner[0]], index.numerator.constant, index.divisor)


def _stored_plainly(kernel: Kernel, name: str) -> bool:
    """Whether every store comes after the reductions and has the axis as an index of its own."""
    first, second = kernel.stages
    return not first.stores and all(Index(axis(name)) in s.where for s in second.stores)


def _phase(kernel: Kernel, phases: Mapping[_Fraction, int]) -> Kernel:
    """Return the kernel of one phase of each fraction."""
    moved: dict[str, Affine] = {}
    extents = dict(kernel.extents)
    empty = False
    for fraction, phase in phases.items():
        outer, inner = fraction.outer, fraction.inner
        moved[outer] = axis(outer) * fraction.divisor + phase
        extents[outer] //= fraction.divisor
        steps = fraction.counting(phase, kernel.extents[inner])
        empty = empty or not steps
        if len(steps) == 1:
            moved[inner] = constant(steps.start)
            del extents[inner]
        elif steps:
            moved[inner] = axis(inner) * steps.step + steps.start
            extents[inner] = len(steps)
    change = Change(
        position=lambda _, where: tuple(i.substitute(moved) for i in where),
        number=lambda number: number.substitute(moved),
    )
    first, second = (change.of_stage(stage) for stage in kernel.stages)
    first = replace(first, axes=tuple(a for a in first.axes if a in extents))
    if empty or not first.axes:
        results = {
            scalar.result(r.name, r.dtype): _alone(r, nothing=empty) for r in first.reductions
        }
        for name in kernel.stages[0].axes:
            extents.pop(name, None)
        stages: tuple[Stage, ...] = (_replaced(second, results),)
    else:
        stages = (first, second)
    return replace(kernel, extents=extents, stages=stages)


def _alone(reduction: Reduction, *, nothing: bool) -> Expr:
    """Return what a reduction over one element, or over none, comes to."""
    from freshet.compiler.emit.loops import neutral  # noqa: PLC0415

    if nothing:
        return scalar.constant(neutral(reduction), reduction.dtype)
    return reduction.value


def _replaced(stage: Stage, results: Mapping[Expr, Expr]) -> Stage:
    done = scalar.rebuild((s.value for s in stage.statements), lambda e: e.attributes, results)
    return Stage(stage.axes, tuple(replace(s, value=done[s.value]) for s in stage.statements))


def _renamed(stage: Stage, names: Mapping[str, str], mark: str) -> Stage:
    """Return a stage with its own names for inner axes and reductions."""
    axes = {old: axis(new) for old, new in names.items()}

    def position(_: str, where: Position) -> Position:
        return tuple(i.substitute(axes) for i in where)

    changed = Change(position=position, number=lambda n: n.substitute(axes)).of_stage(stage)
    results = {
        e: scalar.result(f"{e.attributes[0]}{mark}", e.dtype)
        for e in changed.expressions()
        if e.op == "result"
    }
    changed = _replaced(changed, results)
    statements = tuple(
        s if isinstance(s, Store) else replace(s, name=f"{s.name}{mark}")
        for s in changed.statements
    )
    return Stage(tuple(names.get(a, a) for a in stage.axes), statements)


def _merged(stages: list[Stage]) -> tuple[Stage, ...]:
    """Return the stages with neighbours without axes joined, so that they share loads."""
    result: list[Stage] = []
    for stage in stages:
        if result and not stage.axes and not result[-1].axes:
            result[-1] = Stage((), (*result[-1].statements, *stage.statements))
        else:
            result.append(stage)
    return tuple(result)
