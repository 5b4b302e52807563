"""The matrices of Winograd's convolutions, and their products with expressions.

    y[i] = sum over k of d[i + k] * g[k],    i < m,  k < r

are the coefficients of a product of polynomials. At n = m + r - 1 points that product is one of
numbers (A. L. Toom 1963, S. A. Cook 1966), so that

    y = A^T ((G g) * (B^T d))

takes n multiplications instead of m * r (in this form: S. Winograd, Arithmetic complexity of
computations, 1980).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from freshet.ops import scalar
from freshet.ops.scalar import Expr

Matrix = tuple[tuple[float, ...], ...]
"""Rows of numbers; those that no float is are rounded, which happens to the filter's alone."""

_HALF: Final = Fraction(1, 2)
POINTS: Final[dict[int, tuple[Fraction, ...]]] = {
    6: tuple(Fraction(p) for p in (0, 1, -1, _HALF, -2)),
    8: tuple(Fraction(p) for p in (0, 1, -1, 2, -2, _HALF, -_HALF)),
}
"""Where polynomials are evaluated, by how many points there are; the last one is infinity.

Small numbers and their inverses keep rounding errors small (B. Barabasz and others, Error analysis
and improving the accuracy of Winograd convolution for deep neural networks, ACM Transactions on
Mathematical Software 46, 2020), and opposite numbers share half of their work. With 1/2 and -2 of
six points, the largest errors are a third of those with 2 and -2.
"""


@dataclass(frozen=True)
class Transforms:
    """The matrices.

    Attributes:
        data: B^T, points x points.
        filter: G, points x taps.
        sums: A^T, outputs x points.
    """

    data: Matrix
    filter: Matrix
    sums: Matrix


@functools.cache
def transforms(outputs: int, taps: int) -> Transforms:
    """Return the matrices for so many outputs and taps at a time."""
    points = POINTS[outputs + taps - 1]
    data: list[Sequence[Fraction]] = []
    filters: list[Sequence[Fraction]] = []
    for i, point in enumerate(points):
        others = points[:i] + points[i + 1 :]
        row = [*_with_roots(others), Fraction(0)]
        # What makes the row whole is a power of two: it rounds nothing, in neither matrix.
        whole = max(c.denominator for c in row)
        norm = math.prod((point - p for p in others), start=Fraction(whole))
        data.append(tuple(c * whole for c in row))
        filters.append(tuple(power / norm for power in _powers(point, taps)))
    data.append(tuple(_with_roots(points)))
    filters.append(_infinite(taps))
    sums = zip(*(_powers(p, outputs) for p in points), _infinite(outputs), strict=True)
    return Transforms(*(tuple(tuple(map(float, row)) for row in m) for m in (data, filters, sums)))


def _powers(point: Fraction, count: int) -> tuple[Fraction, ...]:
    return tuple(point**k for k in range(count))


def _infinite(count: int) -> tuple[Fraction, ...]:
    """Return the powers of infinity, divided by the highest one."""
    return tuple(Fraction(k == count - 1) for k in range(count))


def _with_roots(roots: Iterable[Fraction]) -> list[Fraction]:
    """Return the coefficients of the product of all ``x - root``, the constant first."""
    found = [Fraction(1)]
    for root in roots:
        shifted, scaled = [Fraction(0), *found], [*(c * -root for c in found), Fraction(0)]
        found = [a + b for a, b in zip(shifted, scaled, strict=True)]
    return found


# --- times expressions ----------------------------------------------------------------------------


@functools.lru_cache(maxsize=64)
def transformed(values: tuple[Expr, ...], matrices: tuple[Matrix, ...]) -> tuple[Expr, ...]:
    """Return a row-major grid of values with a matrix applied along each of its dimensions.

    Networks have many layers of one shape; what they read is found once.
    """
    if not matrices:
        return values
    first, *others = matrices
    width = len(values) // len(first[0])
    rows = [
        transformed(values[i * width : (i + 1) * width], tuple(others))
        for i in range(len(first[0]))
    ]
    columns = [_product(first, column) for column in zip(*rows, strict=True)]
    return tuple(e for row in zip(*columns, strict=True) for e in row)


def _product(matrix: Matrix, x: Sequence[Expr]) -> list[Expr]:
    """Return ``matrix @ x``; what columns or rows of opposite points have in common, once."""
    columns = _opposite(tuple(zip(*matrix, strict=True)))
    if columns:
        return _with_columns(matrix, x, columns)
    found: dict[int, Expr] = {}
    for i, j in _opposite(matrix):
        even, odd = (_sum(matrix[i][k::2], x[k::2]) for k in (0, 1))
        found[i] = even + odd
        first = next(k for k, c in enumerate(matrix[i]) if c)
        same = matrix[i][first] == matrix[j][first]
        found[j] = even - odd if same is (first % 2 == 0) else odd - even
    return [found[n] if n in found else _sum(row, x) for n, row in enumerate(matrix)]


def _with_columns(
    matrix: Matrix, x: Sequence[Expr], columns: Sequence[tuple[int, int]]
) -> list[Expr]:
    """Return ``matrix @ x`` of the sums and differences of paired elements."""
    paired = {i: (x[i] + x[j], x[i] - x[j]) for i, j in columns}
    kept = [k for k in range(len(x)) if k not in {j for _, j in columns}]
    return [
        _sum([row[k] for k in kept], [paired[k][n % 2] if k in paired else x[k] for k in kept])
        for n, row in enumerate(matrix)
    ]


@functools.cache
def _opposite(rows: Matrix) -> list[tuple[int, int]]:
    """Return pairs of rows that differ in the sign of each second number, or of each other one."""
    found: dict[int, int] = {}
    for j, second in enumerate(rows):
        flipped = [c * (-1) ** k for k, c in enumerate(second)]
        for i, first in enumerate(rows[:j]):
            mixed = any(first[::2]) and any(first[1::2])
            if i not in found and mixed and list(first) in (flipped, [-c for c in flipped]):
                found[i] = j
                break
    return list(found.items())


def _sum(factors: Sequence[float], values: Sequence[Expr]) -> Expr:
    """Return the weighted sum, which starts with what needs no factor."""
    terms = [(f, v) for f, v in zip(factors, values, strict=True) if f]
    (factor, total), *others = sorted(terms, key=lambda term: (abs(term[0]) != 1, term[0] < 0))
    if factor != 1:
        total = scalar.unary("neg", total) if factor == -1 else total * factor
    for factor, value in others:
        if abs(factor) == 1:
            total = total + value if factor > 0 else total - value
        else:
            total = scalar.multiply_add(value, factor, total)
    return total
