"""Samples of `contract`: matrix products in every order, small ones and those that are tiled."""

from __future__ import annotations

import math

import numpy as np
import pytest

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.core.errors import DTypeError
from freshet.ops.contraction import contract_p
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.primitives import check_compiled, check_fused
from freshet.testing.samples import extremes


def sizes_of(x: np.ndarray, y: np.ndarray, equation: str) -> tuple[list[str], str, dict[str, int]]:
    operands, _, out = equation.partition("->")
    left, right = operands.split(",")
    return [left, right], out, dict(zip(left + right, x.shape + y.shape, strict=True))


def contracted(x: np.ndarray, y: np.ndarray, equation: str) -> np.ndarray:
    """As batches of plain matrix products, in wider arithmetic."""
    (left, right), out, sizes = sizes_of(x, y, equation)
    batch = [c for c in out if c in left and c in right]
    rows = [c for c in out if c in left and c not in right]
    columns = [c for c in out if c in right and c not in left]
    inner = [c for c in left if c in right and c not in out]

    def count(letters: list[str]) -> int:
        return math.prod(sizes[c] for c in letters)

    def matrix(a: np.ndarray, own: str, first: list[str], second: list[str]) -> np.ndarray:
        order = [own.index(c) for c in (*batch, *first, *second)]
        wide = a if a.dtype.kind in "iu" else a.astype(np.float64)
        return np.transpose(wide, order).reshape(count(batch), count(first), count(second))

    product = matrix(x, left, rows, inner) @ matrix(y, right, inner, columns)
    order = [*batch, *rows, *columns]
    full = product.reshape([sizes[c] for c in order])
    return np.transpose(full, [order.index(c) for c in out]).astype(x.dtype)


def sum_slack(x: np.ndarray, y: np.ndarray, equation: str) -> np.ndarray:
    """Four standard deviations of what rounding does to n multiply-adds in any order."""
    _, out, sizes = sizes_of(x, y, equation)
    n = math.prod(size for c, size in sizes.items() if c not in out)
    precision = 2.0**-53 if x.dtype == np.float64 else 2.0**-24
    size = contracted(np.abs(x.astype(np.float64)), np.abs(y.astype(np.float64)), equation)
    return 4 * math.sqrt(n) * precision * size


def whole_numbers(*shape: int, dtype: str = "float32", seed: int = 5) -> np.ndarray:
    """Return small whole numbers, whose sums are exact in any order."""
    return np.random.default_rng(seed).integers(-8, 9, shape).astype(dtype)


def exact(equation: str, x: tuple[int, ...], y: tuple[int, ...], **options: object) -> Sample:
    return Sample(
        inputs=(whole_numbers(*x), whole_numbers(*y, seed=6)), params={"equation": equation},
        expected=contracted, signed_zeros=False, **options,
    )  # fmt: skip


SMALL = [
    exact("a,a->", (5,), (5,), gradient=(0, 1), second=True),
    exact("a,b->ab", (3,), (4,), gradient=(0, 1), second=True),
    exact("ab,b->a", (3, 5), (5,), gradient=(0, 1)),
    exact("ab,ab->", (3, 4), (3, 4), gradient=(0, 1)),
    exact("ab,ba->", (3, 4), (4, 3), gradient=(0, 1)),
    exact("ab,ab->a", (3, 4), (3, 4), gradient=(0, 1)),
    exact("ab,ab->ab", (3, 4), (3, 4), gradient=(0, 1)),
    exact("a,bac->bc", (3,), (2, 3, 4), gradient=(0, 1)),
    exact("ab,bc->ac", (2, 3), (3, 4), gradient=(0, 1), second=True),
    exact("ba,bc->ac", (3, 2), (3, 4), gradient=(0, 1)),
    exact("ab,cb->ac", (2, 3), (4, 3), gradient=(0, 1)),
    exact("ba,cb->ca", (3, 2), (4, 3), gradient=(0, 1)),
    exact("zab,zbc->zac", (2, 3, 4), (2, 4, 3), gradient=(0, 1)),
    exact("azb,bcz->acz", (3, 2, 4), (4, 3, 2), gradient=(0, 1)),
    exact("yzab,bc->yzac", (2, 2, 3, 4), (4, 3)),
    exact("abcd,cdef->abef", (2, 3, 4, 5), (4, 5, 3, 2)),
    exact("abc,cbd->ad", (3, 4, 5), (5, 4, 6)),
    exact(",->", (), ()), exact(",a->a", (), (3,)),
    exact("ab,bc->ac", (1, 1), (1, 1)), exact("ab,bc->ac", (7, 1), (1, 13)),
    exact("ab,bc->ac", (1, 17), (17, 1)), exact("ab,bc->ac", (0, 3), (3, 4)),
    exact("ab,bc->ac", (2, 0), (0, 3)), exact("ab,bc->ac", (17, 7), (7, 13)),
]  # fmt: skip

MATMULS = ("ab,bc->ac", "ba,bc->ac", "ab,cb->ac", "ba,cb->ac", "ab,bc->ca")


def shaped(equation: str, sizes: dict[str, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    left, right = equation.partition("->")[0].split(",")
    return tuple(sizes[c] for c in left), tuple(sizes[c] for c in right)


def product(equation: str, **sizes: int) -> Sample:
    return exact(equation, *shaped(equation, sizes))


TILED = [
    *(product(e, a=33, b=65, c=47) for e in MATMULS),
    *(product(e, a=5, b=5000, c=7) for e in MATMULS),  # a long sum is cut
    *(product(e, a=300, b=1, c=301) for e in MATMULS),
    *(product(e, a=1, b=401, c=257) for e in MATMULS),
    *(product(e, a=257, b=401, c=1) for e in MATMULS),
    product("ab,bc->ac", a=64, b=40, c=600),  # rows of the second factor far apart: packed
    product("ab,bc->ac", a=48, b=1024, c=250),  # rows of the first one evict each other
    product("ab,bc->ac", a=1000, b=40, c=530),  # more rows than columns
    product("ab,cb->ac", a=31, b=2048, c=65),
    product("zab,zbc->zac", z=3, a=33, b=34, c=35), product("zab,bc->zac", z=3, a=33, b=34, c=35),
    product("zba,zcb->zac", z=2, a=33, b=34, c=35), product("azb,bcz->azc", z=3, a=17, b=34, c=35),
    product("zab,zbc->acz", z=5, a=33, b=34, c=35), product("yzab,ybc->yzac", y=2, z=3, a=9, b=40,
                                                             c=33),
    product("abcd,cdef->abef", a=5, b=7, c=9, d=11, e=6, f=13),
    product("a,b->ab", a=1000, b=37), product("ab,b->a", a=1000, b=37),
    product("ab,ab->a", a=1000, b=37), product("ab,ab->", a=1000, b=37),
]  # fmt: skip

LARGE_GRADIENT = Sample(
    inputs=(TensorSpec([33, 65]), TensorSpec([65, 47])), params={"equation": "ab,bc->ac"},
    ulp=1, slack=sum_slack, gradient=(0, 1),
)  # fmt: skip

RANDOM = [
    Sample(
        inputs=(TensorSpec(x, d), TensorSpec(y, d)), params={"equation": e}, expected=contracted,
        expected_ulp=1, expected_slack=sum_slack, ulp=1, slack=sum_slack,
    )
    for e, x, y in (
        ("ab,bc->ac", (7, 13), (13, 17)), ("ab,bc->ac", (65, 100), (100, 33)),
        ("ab,cb->ac", (5, 4097), (7, 4097)),
    )
    for d in ("float16", "bfloat16", "float32", "float64")
]  # fmt: skip

WRAPPED = [
    Sample(
        inputs=(np.stack([extremes(d)] * 3), extremes(d)[::-1].copy()),
        params={"equation": "ab,b->a"}, expected=contracted,
    )
    for d in dtypes.COMPILED if d.is_integer
]  # fmt: skip

NAN = Sample(
    inputs=(np.float32([[np.inf, 1], [np.nan, 0], [2, np.inf]]), np.float32([[0, 2], [1, 3]])),
    params={"equation": "ab,bc->ac"}, expected=contracted, label="nan",
)  # fmt: skip


class TestContraction(PrimitiveSuite):
    samples = {"contract": [*SMALL, *TILED, LARGE_GRADIENT, *RANDOM, *WRAPPED, NAN]}
    errors = {
        "contract": [
            ErrorSample(
                inputs=(TensorSpec([2, 3]), TensorSpec([4, 5])), params={"equation": "ab,bc->ac"},
                message=r"contract ab,bc->ac: dimension 'b' has size 3 in one operand and 4 in the "
                r"other: f32\[2,3\] and f32\[4,5\]",
            ),
            ErrorSample(
                inputs=(TensorSpec([2, 3]), TensorSpec([3, 5], "float64")), exception=DTypeError,
                params={"equation": "ab,bc->ac"},
                message=r"contract ab,bc->ac: expected two numeric operands of one dtype, received "
                r"f32\[2,3\] and f64\[3,5\]",
            ),
            ErrorSample(
                inputs=(TensorSpec([2], "bool"), TensorSpec([2], "bool")), exception=DTypeError,
                params={"equation": "a,a->"},
                message=r"contract a,a->: expected two numeric operands of one dtype, received "
                r"bool\[2\] and bool\[2\]",
            ),
        ]
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(24))
def test_random_sizes_are_tiled_exactly(seed: int) -> None:
    # Every combination of whole and partial tiles, blocks and units.
    rng = np.random.default_rng(seed)
    equation = str(rng.choice([*MATMULS, "zab,zbc->zac", "bza,zcb->azc"]))
    sizes = {c: int(2 ** rng.uniform(0, 8.3)) for c in "abc"} | {"z": int(rng.integers(1, 6))}
    dtype = "float64" if seed % 4 == 3 else "float32"
    x, y = shaped(equation, sizes)
    sample = Sample(
        inputs=(whole_numbers(*x, dtype=dtype), whole_numbers(*y, dtype=dtype, seed=6)),
        params={"equation": equation}, signed_zeros=False,
    )  # fmt: skip
    check_compiled(contract_p, sample)
    if seed % 3 == 0:
        from freshet.testing.primitives import SURROUNDINGS

        check_fused(contract_p, sample, SURROUNDINGS[seed // 3 % 3])
