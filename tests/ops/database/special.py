"""Special functions: error, gamma, Bessel and other integrals."""

from __future__ import annotations

from typing import Any

import numpy as np

from database.families import in_double, of_one, of_two
from database.families import special as sp
from database.record import Operation, case, error, uniform

_TENTH = {"float64": 1e-12}
_LOOSE = {"float32": 1e-5, "float64": 1e-10, "float16": 4e-3}


def _positive(name: str, function: str, **fields: Any) -> Operation:
    """A function of positive numbers."""
    return of_one(name, sp(function), low=0.2, high=20.0, extremes=False, halves=False,
                  tolerance=_TENTH, absolute=2e-6,
                  smooth=[case(uniform(3, low=0.5, high=9.0, dtype="f8"))], **fields)  # fmt: skip


def _everywhere(name: str, function: Any, high: float = 12.0, **fields: Any) -> Operation:
    return of_one(name, function, low=-high, high=high, extremes=False, halves=False,
                  tolerance=_TENTH, absolute=2e-6,
                  smooth=[case(uniform(3, low=0.3, high=high, dtype="f8"))],
                  **fields)  # fmt: skip


def _zeta(x: Any, q: Any) -> Any:
    # SciPy has no value for an infinite exponent: of 2**-x + 3**-x + ... nothing is left.
    return np.where(np.isposinf(x) & (q > 1), 0.0, sp("zeta")(x, q))


def _polygamma(n: Any, x: Any) -> Any:
    return sp("polygamma")(n, x)


def _lbeta(x: Any) -> Any:
    gammaln = sp("gammaln")
    return gammaln(x).sum(-1) - gammaln(x.sum(-1))


_SMALL = np.float64([0.1, 0.45, 0.8])
_EDGE = np.float32([0.0, 1.0])
_MIXED = [error("InvalidArgumentError", np.float32([1]), np.float64([1]))]

OPERATIONS = [
    of_one("math.erfc", sp("erfc"), low=-4, high=4, tolerance=_TENTH,
           smooth=[case(uniform(4, low=-1, high=2, dtype="f8"))]),
    of_one("math.erfinv", sp("erfinv"), low=-0.95, high=0.95, tolerance=_TENTH, halves=False,
           extremes=False, more=[case(np.float32([-1, 1, 0, 1e-8, 0.9999999, 2]))]),
    of_one("math.erfcinv", sp("erfcinv"), low=0.05, high=1.95, tolerance=_TENTH, halves=False,
           extremes=False, more=[case(np.float32([0, 2, 1, 1e-30, 3]))]),
    of_one("math.ndtri", sp("ndtri"), low=0.02, high=0.98, tolerance=_TENTH, halves=False,
           extremes=False, more=[case(np.float32([0, 1, 0.5, 1e-30]))]),
    of_one("math.lgamma", sp("gammaln"), low=0.1, high=20, tolerance=_TENTH, extremes=False,
           more=[case(np.float32([-0.5, -1.5, -3.2, -20.7, 1, 2, 1e10, np.inf]))],
           smooth=[case(uniform(4, low=0.6, high=5, dtype="f8"))]),
    of_one("math.digamma", sp("digamma"), low=0.1, high=20, tolerance=_TENTH, extremes=False,
           more=[case(np.float32([-0.5, -1.5, -3.2, -20.7, 1, 2, 1e10])),
                 case(np.float64([-1.0, -2.0, -30.0, np.inf, np.nan]))],
           smooth=[case(uniform(4, low=0.6, high=5, dtype="f8"))]),
    of_two("math.zeta", in_double(_zeta),
           [case(uniform(3, 1, low=1.5, high=9), uniform(2, low=0.2, high=9)),
            case(np.float64([2.0, 3.5, 1.0, 0.5]), np.float64([1.0, 20.0, 1.0, 1.0])),
            case(np.float64([2.0, 1.5, np.inf]), np.float64([np.inf, np.inf, 2.0])),
            case(np.float32(2.0), np.float32(1.0)), case(np.float32([]), np.float32([]))],
           gradient=[case(3.0, uniform(3, low=0.5, high=4, dtype="f8"))],
           tolerance=_LOOSE, errors=_MIXED),
    of_two("math.polygamma", in_double(_polygamma),
           [case(np.float32([[1.0], [2.0], [5.0]]), uniform(3, low=0.2, high=9)),
            case(np.float64([0.0, 1.0, 3.0]), np.float64([1.0, 20.0, 0.5])),
            case(np.float64([1.0, 2.0, 5.0]), np.float64([np.inf, np.inf, np.inf])),
            case(np.float32(2.0), np.float32(1.0)), case(np.float32([]), np.float32([]))],
           gradient=[case(1.0, uniform(3, low=0.5, high=4, dtype="f8"))],
           tolerance=_LOOSE, errors=_MIXED),
    Operation(
        name="math.lbeta", reference=in_double(_lbeta),
        cases=[case(uniform(3, low=0.5, high=4)), case(uniform(2, 3, low=0.5, high=4)),
               case(uniform(2, 2, low=0.5, high=4, dtype="f8"))],
        gradient=[case(uniform(2, 3, low=0.5, high=4, dtype="f8"))], tolerance=_LOOSE,
    ),
    of_two("math.igamma", in_double(sp("gammainc")),
           [case(uniform(3, 1, low=0.2, high=9), uniform(4, low=0.1, high=15)),
            case(np.float64([0.5, 20.0, 100.0, 3.0]), np.float64([0.0, 30.0, 99.0, 40.0])),
            case(np.float32([1.0, 2.0]), np.float32([np.inf, 0.0])),
            case(np.float64([np.inf, np.inf]), np.float64([1.0, 0.0])),
            case(np.float32(2.0), np.float32(1.0)), case(np.float32([]), np.float32([]))],
           gradient=[case(np.float64([0.7, 2.5, 4.0]), np.float64([0.4, 5.0, 3.0]))], second=False,
           tolerance=_LOOSE, errors=_MIXED),
    of_two("math.igammac", in_double(sp("gammaincc")),
           [case(uniform(3, 1, low=0.2, high=9), uniform(4, low=0.1, high=15)),
            case(np.float64([0.5, 20.0, 100.0, 3.0]), np.float64([0.0, 30.0, 99.0, 40.0])),
            case(np.float32([1.0, 2.0]), np.float32([np.inf, 0.0])),
            case(np.float64([np.inf, np.inf]), np.float64([1.0, 0.0])),
            case(np.float32(2.0), np.float32(1.0)), case(np.float32([]), np.float32([]))],
           gradient=[case(np.float64([0.7, 2.5, 4.0]), np.float64([0.4, 5.0, 3.0]))], second=False,
           tolerance=_LOOSE, errors=_MIXED),
    of_two("math.betainc", in_double(sp("betainc")),
           [case(uniform(3, low=0.5, high=9), uniform(3, low=0.5, high=9), uniform(3)),
            case(np.float64([2.0, 30.0, 0.3]), np.float64([5.0, 40.0, 0.2]), _SMALL),
            case(np.float32([2.0, 2.0]), np.float32([3.0, 3.0]), _EDGE),
            case(2.0, 3.0, uniform(2, 2)), case(np.float32([]), np.float32([]), np.float32([]))],
           gradient=[case(2.5, 3.5, _SMALL)], tolerance=_LOOSE,
           errors=[error("InvalidArgumentError", np.float32([1]), np.float64([1]),
                         np.float32([0.5]))]),
    _everywhere("math.bessel_i0", sp("i0"), 9.0),
    _everywhere("math.bessel_i0e", sp("i0e"), 30.0),
    _everywhere("math.bessel_i1", sp("i1"), 9.0),
    _everywhere("math.bessel_i1e", sp("i1e"), 30.0),
    _everywhere("math.special.bessel_j0", sp("j0"), 30.0),
    _everywhere("math.special.bessel_j1", sp("j1"), 30.0),
    _positive("math.special.bessel_y0", "y0"),
    _positive("math.special.bessel_y1", "y1"),
    _positive("math.special.bessel_k0", "k0"),
    _positive("math.special.bessel_k0e", "k0e"),
    _positive("math.special.bessel_k1", "k1"),
    _positive("math.special.bessel_k1e", "k1e"),
    _everywhere("math.special.dawsn", sp("dawsn"), 6.0),
    _positive("math.special.expint", "expi"),
    _positive("math.special.spence", "spence"),
    _everywhere("math.special.fresnel_sin", lambda x: sp("fresnel")(x)[0], 4.0),
    _everywhere("math.special.fresnel_cos", lambda x: sp("fresnel")(x)[1], 4.0),
]  # fmt: skip
