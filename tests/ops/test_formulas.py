"""Samples of the formulas: trigonometric and special functions against mpmath."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest

from freshet import TensorSpec
from freshet.core.errors import DTypeError
from freshet.ops import trigonometry
from freshet.ops.primitive import PRIMITIVES
from freshet.ops.special import bessel, error_functions, gamma, integrals
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.oracles import by_element
from freshet.testing.samples import extremes

ALL_MODULES = (trigonometry, bessel, error_functions, gamma, integrals)
"""Importing these defines the primitives."""


def precise(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """Return mpmath's function, element by element."""

    def one(*values: Any) -> float:
        with mpmath.workdps(40):
            return float(mpmath.re(function(*(mpmath.mpf(float(v)) for v in values))))

    return by_element(one)


@dataclass(frozen=True)
class Formula:
    """A function, where it is tested and how exact it is.

    Attributes:
        oracle: mpmath's function.
        low: Where the numbers begin.
        high: Where they end.
        ulp: Units in the last place that kernels and references may be off.
        scale: Results smaller than this may be off by what `ulp` means there: functions that
            cross 0 away from 0 are exact to their size elsewhere.
        smooth: Where the gradient is checked.
    """

    oracle: Callable[..., Any]
    low: float = -4.0
    high: float = 4.0
    ulp: float = 4
    scale: float = 0.0
    smooth: tuple[float, float] = (0.3, 0.9)

    def samples(self) -> list[Sample]:
        rng = np.random.default_rng(5)
        found = []
        for name, eps in (("f4", 2**-23), ("f8", 2**-52)):
            bound = {"ulp": self.ulp, "slack": self.ulp * self.scale * eps}
            near = {"expected_ulp": self.ulp, "expected_slack": self.ulp * self.scale * eps}
            many = rng.uniform(self.low, self.high, 3000).astype(name)
            found += [
                Sample(inputs=(many,), label="many", **bound),
                Sample(inputs=(many[:20],), expected=precise(self.oracle), **bound, **near),
            ]
        shape = {"ulp": self.ulp, "slack": self.ulp * self.scale * 2**-23}
        found += [
            Sample(inputs=(np.full(s, (self.low + 3 * self.high) / 4, np.float32),), **shape)
            for s in ((), (0,), (33, 7))
        ]
        half = rng.uniform(*self.smooth, 30).astype(np.float16)
        found.append(Sample(inputs=(half,), ulp=1))
        where = rng.uniform(*self.smooth, (2, 3)).astype(np.float32)
        found.append(Sample(inputs=(where,), gradient=(0,), second=True, **shape))
        return found


def dawson(x: Any) -> Any:
    return mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x)


def log_gamma(x: Any) -> Any:
    return mpmath.log(abs(mpmath.gamma(x)))


def normal_quantile(p: Any) -> Any:
    return mpmath.sqrt(2) * mpmath.erfinv(2 * p - 1)


FAR = (0.7, 6.0)
FORMULAS = {
    "tan": Formula(mpmath.tan, -20, 20),
    "sinh": Formula(mpmath.sinh, -80, 80),
    "cosh": Formula(mpmath.cosh, -80, 80),
    "asin": Formula(mpmath.asin, -1, 1),
    "acos": Formula(mpmath.acos, -1, 1),
    "atan": Formula(mpmath.atan, -20, 20),
    "asinh": Formula(mpmath.asinh, -1000, 1000),
    "acosh": Formula(mpmath.acosh, 1, 1000, smooth=(1.3, 4.0)),
    "atanh": Formula(mpmath.atanh, -1, 1),
    "erfc": Formula(mpmath.erfc, -4, 9, ulp=6),
    "erfinv": Formula(mpmath.erfinv, -1, 1),
    "erfcinv": Formula(lambda y: mpmath.erfinv(1 - y), 0.001, 2, ulp=6),
    "ndtri": Formula(normal_quantile, 0.001, 1, ulp=6),
    "lgamma": Formula(log_gamma, -10, 30, ulp=8, scale=4, smooth=FAR),
    "digamma": Formula(mpmath.digamma, 0.01, 30, ulp=8, scale=1, smooth=FAR),
    "bessel_i0": Formula(lambda x: mpmath.besseli(0, x), -60, 60, ulp=8),
    "bessel_i0e": Formula(lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(0, x), -60, 60, ulp=8),
    "bessel_i1": Formula(lambda x: mpmath.besseli(1, x), -60, 60, ulp=24),
    "bessel_i1e": Formula(lambda x: mpmath.exp(-abs(x)) * mpmath.besseli(1, x), -60, 60, ulp=24),
    "bessel_j0": Formula(lambda x: mpmath.besselj(0, x), -40, 40, ulp=32, scale=0.5),
    "bessel_j1": Formula(lambda x: mpmath.besselj(1, x), -40, 40, ulp=32, scale=0.5),
    "bessel_y0": Formula(lambda x: mpmath.bessely(0, x), 0.1, 40, ulp=32, scale=0.5, smooth=FAR),
    "bessel_y1": Formula(lambda x: mpmath.bessely(1, x), 0.1, 40, ulp=32, scale=0.5, smooth=FAR),
    "bessel_k0": Formula(lambda x: mpmath.besselk(0, x), 0.01, 60, ulp=16),
    "bessel_k0e": Formula(lambda x: mpmath.exp(x) * mpmath.besselk(0, x), 0.01, 60, ulp=16),
    "bessel_k1": Formula(lambda x: mpmath.besselk(1, x), 0.01, 60, ulp=16),
    "bessel_k1e": Formula(lambda x: mpmath.exp(x) * mpmath.besselk(1, x), 0.01, 60, ulp=16),
    "dawsn": Formula(dawson, -12, 12, ulp=16),
    "expint": Formula(mpmath.ei, 0.01, 60, ulp=8, scale=1, smooth=FAR),
    "spence": Formula(lambda x: mpmath.polylog(2, 1 - x), 0.0, 20, ulp=8, scale=0.5),
    "fresnel_sin": Formula(mpmath.fresnels, -20, 20, ulp=16),
    "fresnel_cos": Formula(mpmath.fresnelc, -20, 20, ulp=16),
}


def signed_pairs(name: str) -> tuple[np.ndarray, np.ndarray]:
    values = np.array([0.0, -0.0, 1.0, -1.0, 1e-20, 2.5, -3e10, np.inf, -np.inf], name)
    return values[:, None], values


class TestFormulas(PrimitiveSuite):
    samples = {
        **{name: formula.samples() for name, formula in FORMULAS.items()},
        "atan2": [
            *(
                Sample(inputs=signed_pairs(n), expected=by_element(np.arctan2), expected_ulp=2,
                       ulp=4)
                for n in ("f4", "f8")
            ),
            Sample(inputs=(TensorSpec([33, 1]), TensorSpec([17])), ulp=4),
            Sample(inputs=(TensorSpec([100_003]), TensorSpec([1])), ulp=4),
            Sample(inputs=(np.float32([[0.5], [-2.0]]), np.float32([1.0, -3.0])), ulp=4,
                   gradient=(0, 1), second=True),
        ],
    }  # fmt: skip
    errors = {
        name: [
            ErrorSample(
                inputs=(np.int32([1, 2]),) * (2 if name == "atan2" else 1),
                message=rf"{name}: expected floating-point.* operands, received i32\[2\].*",
                exception=DTypeError,
            )
        ]
        for name in (*FORMULAS, "atan2")
    }


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_compiled_code_ends_where_the_reference_ends(name: str, dtype: str) -> None:
    """Infinities, NaN and zeros come out the same wherever a number can be."""
    import freshet as ft

    primitive = PRIMITIVES[name]
    values = extremes("float32" if dtype == "f4" else "float64")
    eager = primitive(ft.constant(values)).numpy()
    compiled = ft.function(lambda x: primitive(x))(ft.constant(values)).numpy()
    settled = np.isnan(eager) | np.isinf(eager)
    # The largest finite result and infinity are neighbours.
    beyond = np.isinf(compiled) & (np.abs(eager) > np.finfo(dtype).max * 0.999)
    np.testing.assert_array_equal(compiled[settled & ~beyond], eager[settled & ~beyond])
    assert not np.any(np.isnan(compiled) & ~np.isnan(eager)), values[np.isnan(compiled)]
