"""Write freshet/ops/special/coefficients.py: Chebyshev series, computed with mpmath.

Each entry is a smooth function on an interval. Its series is cut where what is left is below the
precision of the dtype, for float64 and for float32.

    python tools/special_coefficients.py > freshet/ops/special/coefficients.py
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath as mp

mp.mp.dps = 50
POINTS = 90
Function = Callable[[Any], Any]


def series(function: Function, low: Any, high: Any) -> list[Any]:
    """Return Chebyshev coefficients on an interval, by interpolation at Chebyshev's points."""
    low, high = mp.mpf(low), mp.mpf(high)
    angles = [mp.pi * (k + mp.mpf(1) / 2) / POINTS for k in range(POINTS)]
    values = [function((high + low) / 2 + (high - low) / 2 * mp.cos(a)) for a in angles]
    found = []
    for j in range(POINTS):
        total = mp.fsum(f * mp.cos(j * a) for f, a in zip(values, angles, strict=True))
        found.append(total * (1 if j == 0 else 2) / POINTS)
    least = min(abs(f) for f in values)
    return [*found, least]


def cut(terms: list[Any], bits: int) -> list[float]:
    """Leave out the last terms that together are below half a unit in the last place."""
    *terms, least = terms
    left = mp.mpf(0)
    while len(terms) > 2 and left + abs(terms[-1]) < least * mp.mpf(2) ** -bits:
        left += abs(terms.pop())
    return [float(t) for t in terms]


def arcsine(z: Any) -> Any:
    """(asin(s) / s - 1) / z for z = s^2."""
    s = mp.sqrt(z)
    return (mp.asin(s) / s - 1) / z


def arctangent(z: Any) -> Any:
    """(atan(s) / s - 1) / z for z = s^2."""
    s = mp.sqrt(z)
    return (mp.atan(s) / s - 1) / z


def complement(t: Any) -> Any:
    """(1 + 2x) exp(x^2) erfc(x) for x = 3.75 (1 + t) / (1 - t)."""
    x = mp.mpf("3.75") * (1 + t) / (1 - t)
    if x > 1e6:
        return 2 / mp.sqrt(mp.pi)
    if x > 100:
        tail = mp.fsum((-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(1, 12))
        return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * (1 + tail)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def stirling(u: Any) -> Any:
    """What Stirling's formula lacks, times x, for u = 1/x^2."""
    if u < 1e-12:
        return mp.mpf(1) / 12 - u / 360
    x = 1 / mp.sqrt(u)
    return (mp.loggamma(x) - ((x - 0.5) * mp.log(x) - x + mp.log(2 * mp.pi) / 2)) * x


def psi_tail(u: Any) -> Any:
    """x^2 (log x - 1/(2x) - psi(x)) for u = 1/x^2."""
    if u < 1e-12:
        return mp.mpf(1) / 12 - u / 120
    x = 1 / mp.sqrt(u)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


PSI_ROOT = mp.findroot(mp.digamma, 1.46)


def inverse_erf(w: Any) -> Any:
    """erfinv(x) / x for w = -log(1 - x^2)."""
    w = mp.mpf(w)
    x = mp.sqrt(-mp.expm1(-w))
    rest = mp.exp(-w) / (1 + x)  # 1 - x
    guess = mp.sqrt(w)
    y = mp.mpf(0.1) + guess * 0.8 if w < 3 else guess - mp.log(guess * 2) / (2 * guess)
    for _ in range(200):
        step = (mp.erfc(y) - rest) / (2 / mp.sqrt(mp.pi) * mp.exp(-y * y))
        # Halley's method.
        step = step / (1 + y * step)
        y += step
        if abs(step) < mp.mpf(10) ** -42:
            break
    else:
        raise ArithmeticError(f"no inverse at {w}")
    return y / x


def far_inverse(u: Any) -> Any:
    """erfinv(x) / s for u = 1 / s, s = sqrt(-log(1 - x^2))."""
    return inverse_erf(1 / u**2) * u


def dilogarithm(w: Any) -> Any:
    """-Li2(-w) / w."""
    return -mp.polylog(2, -w) / w


TABLES: dict[str, tuple[Function, Any, Any]] = {
    "ARCSINE": (arcsine, 0, 0.25),
    "ARCTANGENT": (arctangent, 0, mp.tan(mp.pi / 8) ** 2),
    "ERFC": (complement, -1, 1),
    "LOG_GAMMA": (lambda x: mp.loggamma(x) / ((x - 1) * (x - 2)), 1, 2),
    "STIRLING": (stirling, 0, mp.mpf(1) / 64),
    "DIGAMMA": (lambda x: mp.digamma(x) / (x - PSI_ROOT), 1, 2),
    "DIGAMMA_TAIL": (psi_tail, 0, mp.mpf(1) / 64),
    "ERFINV": (inverse_erf, 0, 6.25),
    "ERFINV_MIDDLE": (lambda s: inverse_erf(s * s), 2.5, 5),
    "ERFINV_FAR": (far_inverse, mp.mpf(1) / 28, mp.mpf(1) / 5),
    "I0": (lambda x: mp.exp(-x) * mp.besseli(0, x), 0, 8),
    "I0_FAR": (lambda u: mp.exp(-1 / u) * mp.besseli(0, 1 / u) / mp.sqrt(u), 0, 0.125),
    "I1": (lambda x: mp.exp(-x) * mp.besseli(1, x) / x, 0, 8),
    "I1_FAR": (lambda u: mp.exp(-1 / u) * mp.besseli(1, 1 / u) / mp.sqrt(u), 0, 0.125),
    "K0": (lambda z: mp.besselk(0, mp.sqrt(z)) + mp.log(mp.sqrt(z) / 2)
           * mp.besseli(0, mp.sqrt(z)), 0, 4),
    "K0_FAR": (lambda u: mp.exp(1 / u) * mp.besselk(0, 1 / u) / mp.sqrt(u), 0, 0.5),
    "K1": (lambda z: mp.sqrt(z) * mp.besselk(1, mp.sqrt(z)) - mp.sqrt(z)
           * mp.log(mp.sqrt(z) / 2) * mp.besseli(1, mp.sqrt(z)), 0, 4),
    "K1_FAR": (lambda u: mp.exp(1 / u) * mp.besselk(1, 1 / u) / mp.sqrt(u), 0, 0.5),
    "DAWSON": (lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z) * mp.erfi(mp.sqrt(z)) / mp.sqrt(z), 0, 9),
    "DAWSON_FAR": (
        lambda u: mp.sqrt(mp.pi) / 2 * mp.exp(-1 / u) * mp.erfi(1 / mp.sqrt(u)) / mp.sqrt(u),
        0, mp.mpf(1) / 9,
    ),
    "EXPINT": (lambda x: (mp.ei(x) - mp.log(x) - mp.euler) / x * mp.exp(-x / 2), 0, 6),
    "EXPINT_MIDDLE": (lambda u: mp.exp(-1 / u) * mp.ei(1 / u) / u, mp.mpf(1) / 14, mp.mpf(1) / 6),
    "EXPINT_FAR": (lambda u: mp.exp(-1 / u) * mp.ei(1 / u) / u, mp.mpf(1) / 40, mp.mpf(1) / 14),
    "EXPINT_LAST": (lambda u: mp.exp(-1 / u) * mp.ei(1 / u) / u, 0, mp.mpf(1) / 40),
    "SPENCE": (dilogarithm, -0.5, 0.5),
    "FRESNEL_SIN": (lambda z: mp.fresnels(mp.sqrt(mp.sqrt(z))) / mp.sqrt(mp.sqrt(z)) ** 3, 0,
    6.5536),
    "FRESNEL_COS": (lambda z: mp.fresnelc(mp.sqrt(mp.sqrt(z))) / mp.sqrt(mp.sqrt(z)), 0, 6.5536),
}  # fmt: skip


def _fresnel_parts(x: Any) -> tuple[Any, Any]:
    """The slowly varying f and g: S = 1/2 - f cos(a) - g sin(a), a = pi x^2 / 2."""
    a, s, c = mp.pi * x * x / 2, mp.fresnels(x), mp.fresnelc(x)
    ds, dc = mp.mpf(1) / 2 - s, mp.mpf(1) / 2 - c
    return ds * mp.cos(a) - dc * mp.sin(a), ds * mp.sin(a) + dc * mp.cos(a)


TABLES["FRESNEL_F"] = (
    lambda u: _fresnel_parts(mp.sqrt(mp.sqrt(1 / u)))[0] * mp.pi * mp.sqrt(mp.sqrt(1 / u)),
    0, 1 / mp.mpf("6.5536"),
)  # fmt: skip
TABLES["FRESNEL_G"] = (
    lambda u: _fresnel_parts(mp.sqrt(mp.sqrt(1 / u)))[1] * mp.pi**2
    * mp.sqrt(mp.sqrt(1 / u)) ** 3,
    0, 1 / mp.mpf("6.5536"),
)  # fmt: skip


def _phase(order: int, u: Any) -> tuple[Any, Any]:
    """Hankel's P and Q: sqrt(pi x / 2) (J + iY) = (P + iQ) exp(i (x - order pi/2 - pi/4))."""
    x = 1 / mp.sqrt(u)
    turned = (mp.besselj(order, x) + 1j * mp.bessely(order, x)) * mp.sqrt(mp.pi * x / 2)
    turned *= mp.exp(-1j * (x - order * mp.pi / 2 - mp.pi / 4))
    return mp.re(turned), mp.im(turned) * x


for _order in (0, 1):
    TABLES[f"J{_order}_P"] = (lambda u, n=_order: _phase(n, u)[0], 0, mp.mpf(1) / 64)
    TABLES[f"J{_order}_Q"] = (lambda u, n=_order: _phase(n, u)[1], 0, mp.mpf(1) / 64)
TABLES["J0"] = (lambda z: mp.besselj(0, mp.sqrt(z)), 0, 64)
TABLES["J1"] = (lambda z: mp.besselj(1, mp.sqrt(z)) / mp.sqrt(z), 0, 64)
TABLES["Y0"] = (
    lambda z: mp.bessely(0, mp.sqrt(z)) - 2 / mp.pi * mp.log(mp.sqrt(z))
    * mp.besselj(0, mp.sqrt(z)), 0, 64,
)  # fmt: skip
TABLES["Y1"] = (
    lambda z: (mp.bessely(1, mp.sqrt(z)) - 2 / mp.pi * (mp.log(mp.sqrt(z))
    * mp.besselj(1, mp.sqrt(z)) - 1 / mp.sqrt(z))) / mp.sqrt(z), 0, 64,
)  # fmt: skip
SIZED = {"J0", "J1", "Y0", "Y1", "K0", "EXPINT"}
"""Functions with a zero: their error is absolute, against their largest value."""


def main() -> None:
    """Print the module."""
    print('"""Chebyshev series of special functions, by tools/special_coefficients.py."""\n')
    print("from __future__ import annotations\n\nfrom typing import Final\n")
    root = float(PSI_ROOT)
    print(f"DIGAMMA_ROOT: Final = ({root!r}, {float(PSI_ROOT - root)!r})")
    print('"""Where digamma is 0, and what a float64 leaves out of it."""\n')
    for name, (function, low, high) in TABLES.items():
        terms = series(function, low, high)
        if name in SIZED:
            terms[-1] = max(abs(t) for t in terms[:-1])
        print(f"# fmt: off\n{name}: Final = (" if name == "ARCSINE" else f"{name}: Final = (")
        for bits in (55, 27):
            row, text = cut(terms, bits), "    ("
            for number in row:
                shown = repr(number) if bits == 55 else f"{number:.10g}"
                item = f"{float(shown)!r}, "
                if len(text.rpartition("\n")[2]) + len(item) > 98:
                    text = text.rstrip() + "\n     "
                text += item
            print(text.rstrip() + "),")
        print(")")


if __name__ == "__main__":
    assert math.isclose(float(mp.asin(mp.mpf(1) / 2)), math.asin(0.5))
    main()
