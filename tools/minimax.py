"""Compute the polynomial coefficients in `freshet/compiler/emit/math.py`.

Each row of `FITS` says which function, over which interval, in which powers. The Remez exchange
finds the polynomial whose largest error, relative to the weight, is smallest. Run it with
``python tools/minimax.py`` and compare with the tables in math.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mpmath import erf, linspace, log, lu_solve, matrix, mp, mpf, sqrt

mp.prec = 200


@dataclass(frozen=True)
class Fit:
    """Approximate ``function(x)`` by ``sum(c[i] * x**powers[i])`` on [low, high]."""

    name: str
    function: Callable[[mpf], mpf]
    powers: Sequence[int]
    low: mpf
    high: mpf
    weight: Callable[[mpf], mpf]
    """The error is divided by this: the function itself for relative error."""


def remez(fit: Fit, rounds: int = 12) -> tuple[list[mpf], mpf]:
    """Return the coefficients and the largest weighted error."""
    n = len(fit.powers)
    width = fit.high - fit.low
    points = [
        fit.low + width * (1 - mp.cos(mp.pi * (i + mpf(1) / 2) / (n + 1))) / 2 for i in range(n + 1)
    ]
    grid = linspace(fit.low, fit.high, 2000)
    coefficients: list[mpf] = []
    worst = mpf(0)
    for _ in range(rounds):
        system = matrix(n + 1, n + 1)
        right = matrix(n + 1, 1)
        for row, x in enumerate(points):
            for column, power in enumerate(fit.powers):
                system[row, column] = x**power
            system[row, n] = (-1) ** row * fit.weight(x)
            right[row] = fit.function(x)
        solution = lu_solve(system, right)
        coefficients = [solution[i] for i in range(n)]
        errors = [
            (sum(c * x**p for c, p in zip(coefficients, fit.powers, strict=True)) - fit.function(x))
            / fit.weight(x)
            for x in grid
        ]
        # One extremum per run of equal sign.
        extrema: list[int] = []
        for i, e in enumerate(errors):
            if extrema and (e > 0) == (errors[extrema[-1]] > 0):
                if abs(e) > abs(errors[extrema[-1]]):
                    extrema[-1] = i
            else:
                extrema.append(i)
        while len(extrema) > n + 1:
            ends = (extrema[0], extrema[-1])
            extrema.remove(min(ends, key=lambda i: abs(errors[i])))
        worst = max(abs(e) for e in errors)
        if len(extrema) < n + 1:
            break
        points = [grid[i] for i in extrema]
    return coefficients, worst


TINY = mpf(2) ** -40
FITS = (
    # erf(x) = x + x * P(x^2) below 1; log(1 - erf(x)) = P(x) above
    Fit("erf_small", lambda s: erf(sqrt(s)) / sqrt(s) - 1 if s > TINY else 2 / sqrt(mp.pi) - 1,
        range(8), mpf(0), mpf(1), lambda s: mpf(1)),
    Fit("erf_large", lambda x: log(1 - erf(x)), range(9), mpf("0.95"), mpf("4.05"),
        lambda x: erf(x) / (1 - erf(x))),
)  # fmt: skip


def main() -> None:
    """Print every table."""
    for fit in FITS:
        coefficients, worst = remez(fit)
        print(f"{fit.name}: largest error 2^{float(mp.log(worst, 2)):.1f}")
        for c in coefficients:
            print(f"    {mp.nstr(c, 12)},")


if __name__ == "__main__":
    main()
