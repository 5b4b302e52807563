"""The emitted functions against float64, over the whole range of float32.

`tests/ops/test_elementwise.py` compares a few thousand numbers with mpmath; here is every 4096th
float32, and the neighbourhoods of the numbers at which an implementation changes its way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

from freshet import function
from freshet.ops.nn import softmax  # noqa: F401 (defines every primitive)
from freshet.ops.primitive import PRIMITIVES
from freshet.testing import ulp_distance

MOST_ULP = 4


def softplus(x: np.ndarray) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def reciprocal_root(x: np.ndarray) -> Any:
    return 1 / np.sqrt(x)


WIDE: dict[str, Callable[[np.ndarray], Any]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "rsqrt": reciprocal_root,
    "tanh": np.tanh,
    "sigmoid": special.expit,
    "softplus": softplus,
    "sin": np.sin,
    "cos": np.cos,
    "erf": special.erf,
}
"""The functions in float64: wrong by less than a thousandth of float32's last place."""
EXACT = {"sqrt"}
"""What IEEE 754 asks to be correctly rounded."""

EDGES: dict[str, list[float]] = {
    # Halfway between two multiples of ln 2, and where the result leaves the range.
    "exp": [*((k + 0.5) * math.log(2) for k in range(-151, 129)), 88.72284, -87.33655, -103.97208],
    "expm1": [*((k + 0.5) * math.log(2) for k in range(-40, 129)), 88.72284, -18.7, 2.0**-25],
    # Between two powers of two, near 1, at the end of the subnormal numbers.
    "log": [*(math.sqrt(0.5) * 2.0**k for k in range(-148, 128)), 1.0, 2.0**-126],
    "log1p": [*(math.sqrt(0.5) * 2.0**k - 1 for k in range(-20, 128)), -1.0, 2.0**-25],
    "sqrt": [2.0**-126, 2.0**-149],
    "rsqrt": [2.0**-126, 2.0**-149],
    "tanh": [9.01, 2.0**-25, 0.1, 0.17328679],
    "sigmoid": [-87.33655, -88.72284, -103.97208, 17.32868],
    "softplus": [-103.97208, -87.33655, 16.6, 88.72284],
    # Changes of quadrant, and where the angle goes to the C library.
    "sin": [*((2 * k + 1) * math.pi / 4 for k in range(40)), 0.5e8 * math.pi, 1.0e8, 1.0e8 + 8],
    "cos": [*((2 * k + 1) * math.pi / 4 for k in range(40)), 0.5e8 * math.pi, 1.0e8, 1.0e8 + 8],
    "erf": [1.0, 3.9, 4.05, 2.0**-126],
}  # fmt: skip


def every_4096th() -> np.ndarray:
    """Return one float32 out of each 4096 neighbours: every exponent and sign, NaN, infinities."""
    low = np.random.default_rng(7).integers(0, 4096, 2**20, np.uint32)
    return (np.arange(2**20, dtype=np.uint32) * np.uint32(4096) + low).view(np.float32)


def around(values: list[float]) -> np.ndarray:
    """Return the 64 floats on each side of the numbers and of their negatives."""
    bits = np.float32(values)[:, None].view(np.int32) + np.arange(-64, 65, dtype=np.int32)
    near = bits.view(np.float32).reshape(-1)
    special_values = np.float32([0.0, -0.0, np.inf, -np.inf, np.nan, 2**-149, -(2**-149)])
    return np.concatenate([near, -near, special_values])


def compiled(name: str) -> Callable[..., np.ndarray]:
    primitive = PRIMITIVES[name]
    if name == "pow":
        run = function(lambda x, y: primitive(x, y))
    else:
        run = function(lambda x: primitive(x))
    return lambda *arrays: run(*arrays).numpy()


def assert_close(name: str, actual: np.ndarray, expected: np.ndarray, x: np.ndarray) -> None:
    distance = ulp_distance(actual, expected)
    worst = int(np.argmax(distance))
    most = 0 if name in EXACT else MOST_ULP
    assert distance[worst] <= most, (
        f"{name}({x[worst]!r}) is {actual[worst]!r}, not {expected[worst]!r}"
    )


def in_float64(name: str, x: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(WIDE[name](x.astype(np.float64))).astype(np.float32)


@pytest.mark.parametrize("name", WIDE)
def test_error_over_the_whole_range_is_at_most_4_ulp(name: str) -> None:
    x = every_4096th()
    assert_close(name, compiled(name)(x), in_float64(name, x), x)


@pytest.mark.parametrize("name", WIDE)
def test_error_around_the_edges_is_at_most_4_ulp(name: str) -> None:
    x = around(EDGES[name])
    assert_close(name, compiled(name)(x), in_float64(name, x), x)


@pytest.mark.parametrize("name", ["sin", "tanh", "erf", "expm1", "log1p"])
def test_functions_that_are_x_near_zero_keep_the_sign_of_zero(name: str) -> None:
    signs = np.signbit(compiled(name)(np.float32([0.0, -0.0] * 9)))
    assert signs.tolist() == [False, True] * 9


@pytest.mark.parametrize("name", [*WIDE, "pow"])
def test_an_element_has_the_same_bits_in_a_vector_a_tail_and_alone(name: str) -> None:
    run = compiled(name)
    rng = np.random.default_rng(5)
    arrays = [
        rng.integers(0, 2**32, 67, np.uint32).view(np.float32) for _ in range(1 + (name == "pow"))
    ]
    arrays = [np.where(np.isnan(a), np.float32(0.3), a) for a in arrays]
    whole = run(*arrays)
    for length in (1, 2, 3, 7, 8, 15, 17, 33, 66):
        part = run(*(a[:length] for a in arrays))
        assert part.tobytes() == whole[:length].tobytes(), f"{length} elements"


def test_powers_over_the_whole_range_are_within_4_ulp() -> None:
    rng = np.random.default_rng(9)
    x = np.abs(every_4096th())
    # Exponents that keep most of the results finite, and any others.
    with np.errstate(all="ignore"):
        scale = (
            rng.uniform(-1, 1, x.size) * 88 / np.maximum(np.abs(np.log(x.astype(np.float64))), 0.1)
        )
        y = np.where(rng.random(x.size) < 0.9, scale, every_4096th()[::-1]).astype(np.float32)
        y = np.where(rng.random(x.size) < 0.1, np.rint(y), y)
        x = np.where(rng.random(x.size) < 0.3, -x, x)
        expected = np.power(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
    assert_close("pow", compiled("pow")(x, y), expected, x)


ACCURATE = {
    name: getattr(mpmath, name)
    for name in ("exp", "expm1", "log", "log1p", "tanh", "sin", "cos", "erf")
}


@pytest.mark.parametrize("name", ACCURATE)
def test_float64_around_the_edges_is_within_4_ulp_of_mpmath(name: str) -> None:
    edges = {
        "exp": [0.5 * math.log(2), 700.5 * math.log(2), 709.782712893, -708.39, -745.1],
        "expm1": [0.5 * math.log(2), 2.0**-54, 709.782712893, -38.0],
        "log": [math.sqrt(0.5), math.sqrt(2), 1.0, 2.0**-1022, 2.0**-1074 * 100],
        "log1p": [math.sqrt(0.5) - 1, 2.0**-54, -0.9999, 1e300],
        "tanh": [19.06, 2.0**-54, 0.17328679],
        "sin": [math.pi / 4, math.pi, 1e22], "cos": [math.pi / 4, math.pi / 2, 1e22],
        "erf": [1.0, 5.9, 2.0**-1022],
    }[name]  # fmt: skip
    bits = np.float64(edges)[:, None].view(np.int64) + np.arange(-8, 9)
    x = bits.view(np.float64).reshape(-1)
    with mpmath.workdps(60):
        found = [ACCURATE[name](mpmath.mpf(v)) for v in x.tolist()]
        limit = mpmath.mpf(2) ** 1024
        expected = np.array([math.inf if f >= limit else float(f) for f in found])
    assert_close(name, compiled(name)(x), expected, x)
