"""Index arithmetic: which element a loop touches, as an affine function of the loop's axes.

    affine ::= sum of  coefficient * axis  plus a constant      2*h + kh - 1
    index  ::= affine | (affine)/divisor                        (h - kh + 1)/2

An index with a divisor exists only where the division is exact; elsewhere, as outside the array, a
load gives its fill value. That is how padding and strided gradients need no code of their own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Affine:
    """``sum(coefficient * axis) + constant`` over named axes, in one canonical form."""

    terms: tuple[tuple[str, int], ...] = ()
    """(axis, coefficient), sorted by axis, no coefficient 0."""
    constant: int = 0

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.terms, self.constant + other)
        return combine(((1, self), (1, other)))

    __radd__ = __add__

    def __sub__(self, other: Affine | int) -> Affine:
        return self + (other * -1)

    def __mul__(self, factor: int) -> Affine:
        return combine(((factor, self),))

    __rmul__ = __mul__

    def coefficient(self, name: str) -> int:
        """Return what one step along an axis adds."""
        return next((c for n, c in self.terms if n == name), 0)

    def axes(self) -> tuple[str, ...]:
        """Return the axes it depends on."""
        return tuple(name for name, _ in self.terms)

    def without(self, names: Iterable[str]) -> Affine:
        """Return it at 0 of the given axes."""
        drop = set(names)
        return Affine(tuple((n, c) for n, c in self.terms if n not in drop), self.constant)

    def substitute(self, values: Mapping[str, Affine]) -> Affine:
        """Replace axes by affine functions of other axes."""
        parts = [(c, values.get(n) or axis(n)) for n, c in self.terms]
        return combine([*parts, (1, Affine((), self.constant))])

    def bounds(self, extents: Mapping[str, int]) -> tuple[int, int]:
        """Return its smallest and largest value, each axis running over ``[0, extent)``."""
        low = high = self.constant
        for name, c in self.terms:
            reach = c * max(extents[name] - 1, 0)
            low, high = low + min(reach, 0), high + max(reach, 0)
        return low, high

    def evaluate(self, values: Mapping[str, int]) -> int:
        """Return its value."""
        return sum(c * values[n] for n, c in self.terms) + self.constant

    def __str__(self) -> str:
        text = ""
        for name, c in self.terms:
            sign = "-" if c < 0 else "+"
            factor = name if abs(c) == 1 else f"{abs(c)}*{name}"
            text += f" {sign} {factor}" if text else ("-" if c < 0 else "") + factor
        if self.constant or not text:
            sign = "-" if self.constant < 0 else "+"
            text += f" {sign} {abs(self.constant)}" if text else str(self.constant)
        return text


def axis(name: str) -> Affine:
    """Return the affine function that is one axis."""
    return Affine(((name, 1),))


def constant(value: int) -> Affine:
    """Return the affine function that is a number."""
    return Affine((), value)


def combine(parts: Iterable[tuple[int, Affine]]) -> Affine:
    """Return the weighted sum of affine functions."""
    total: dict[str, int] = {}
    offset = 0
    for factor, part in parts:
        offset += factor * part.constant
        for name, c in part.terms:
            total[name] = total.get(name, 0) + factor * c
    return Affine(tuple(sorted((n, c) for n, c in total.items() if c)), offset)


@dataclass(frozen=True, slots=True)
class Index:
    """Position along one dimension: ``numerator / divisor``, existing where that is exact."""

    numerator: Affine
    divisor: int = 1

    def substitute(self, values: Mapping[str, Affine]) -> Index:
        """Replace axes by affine functions of other axes; a division without rest is done."""
        found = self.numerator.substitute(values)
        if any(n % self.divisor for n in (found.constant, *(c for _, c in found.terms))):
            return Index(found, self.divisor)
        terms = tuple((n, c // self.divisor) for n, c in found.terms)
        return Index(Affine(terms, found.constant // self.divisor))

    def always_inside(self, size: int, extents: Mapping[str, int]) -> bool:
        """Return whether it is exact and in ``[0, size)`` wherever the axes are."""
        if self.divisor != 1 and any(
            c % self.divisor
            for c in (*(c for _, c in self.numerator.terms), self.numerator.constant)
        ):
            return False
        low, high = self.numerator.bounds(extents)
        return low >= 0 and high // self.divisor < size

    def __str__(self) -> str:
        return str(self.numerator) if self.divisor == 1 else f"({self.numerator})/{self.divisor}"


Position = tuple[Index, ...]
"""An element of an array: one index per dimension."""


def position(*parts: Affine | int) -> Position:
    """Return the position with the given affine indices."""
    return tuple(Index(constant(p) if isinstance(p, int) else p) for p in parts)


def strides_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the row-major strides of a shape, in elements."""
    return tuple(math.prod(shape[i + 1 :]) for i in range(len(shape)))


def linearize(where: Position, shape: tuple[int, ...]) -> Affine:
    """Return the offset of a position in a row-major array, in elements.

    Every index must have divisor 1.
    """
    strides = strides_of(shape)
    return combine((s, i.numerator) for s, i in zip(strides, where, strict=True))


_TERM: Final = re.compile(r"([+-]?)(?:(\d+)\*)?([A-Za-z_]\w*)|([+-]?)(\d+)")


def parse_affine(text: str) -> Affine:
    """Read what ``str(affine)`` prints."""
    compact = text.replace(" ", "")
    total, at = constant(0), 0
    while at < len(compact):
        m = _TERM.match(compact, at)
        if m is None:
            raise ValueError(f"cannot read the index {text!r}")
        if m[3]:
            total += (-1 if m[1] == "-" else 1) * int(m[2] or 1) * axis(m[3])
        else:
            total += (-1 if m[4] == "-" else 1) * int(m[5])
        at = m.end()
    return total


def parse_index(text: str) -> Index:
    """Read what ``str(index)`` prints."""
    head, slash, divisor = text.strip().rpartition("/")
    if not slash:
        return Index(parse_affine(text))
    return Index(parse_affine(head.strip().removeprefix("(").removesuffix(")")), int(divisor))
