"""Samples of the checks; what they stop is tested with traced functions."""

from __future__ import annotations

import numpy as np

from freshet import TensorSpec
from freshet.core import dtypes
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.samples import extremes

WHO = {"caller": "lookup", "what": "label"}
WHOSE = {"caller": "floordiv"}


def bounds(low: int, high: int) -> dict[str, object]:
    return {**WHO, "low": low, "high": high}


def same(x: np.ndarray, **_: object) -> np.ndarray:
    return x


class TestChecks(PrimitiveSuite):
    samples = {
        "check_in_range": [
            *(
                Sample(inputs=(extremes(d),), params=bounds(d.min, d.max + 1), expected=same)
                for d in dtypes.REAL
                if d.is_integer
            ),
            *(
                Sample(inputs=(extremes(d),), params=bounds(-(2**70), 2**70), expected=same)
                for d in dtypes.REAL
                if d.is_integer
            ),
            Sample(inputs=(np.int32(3),), params=bounds(3, 4), expected=same),
            Sample(inputs=(np.int64([]),), params=bounds(0, 1), expected=same),
            Sample(inputs=(np.arange(7 * 13).reshape(7, 13),), params=bounds(0, 91), expected=same),
            Sample(inputs=(np.arange(100_003),), params=bounds(0, 100_003), expected=same),
            Sample(
                inputs=(np.float32([[0.5, 1.5]]),), params=bounds(0, 2), expected=same,
                gradient=(0,), second=True,
            ),
        ],
        "check_nonzero": [
            *(
                Sample(inputs=(extremes(d)[extremes(d) != 0],), params=WHOSE, expected=same)
                for d in dtypes.REAL if d.is_integer
            ),
            Sample(inputs=(np.int32(3),), params=WHOSE, expected=same),
            Sample(inputs=(np.int64([]),), params=WHOSE, expected=same),
            Sample(inputs=(np.arange(1, 100_003),), params=WHOSE, expected=same),
        ],
    }  # fmt: skip
    errors = {
        "check_in_range": [
            ErrorSample(
                inputs=(np.int32([[3, 7], [-1, 2]]),), params=bounds(0, 5),
                message=r"lookup: label 7 is outside \[0, 5\); 2 of the 4 labels \(i32\[2,2\]\) "
                "are, the first at position 1",
            ),
            ErrorSample(
                inputs=(np.uint8(200),), params=bounds(0, 200),
                message=r"lookup: label 200 is outside \[0, 200\); 1 of the 1 labels \(u8\[\]\) "
                "are, the first at position 0",
            ),
            ErrorSample(
                inputs=(np.arange(100_003),), params=bounds(0, 100_002),
                message=r"lookup: label 100002 is outside .* the first at position 100002",
            ),
            ErrorSample(
                inputs=(TensorSpec([3], "int8"),), params=bounds(50, 60),
                message=r"lookup: label -?\d is outside \[50, 60\); 3 of the 3 labels .*",
            ),
        ],
        "check_nonzero": [
            ErrorSample(
                inputs=(np.int32([[3, 7], [0, 2]]),), params=WHOSE,
                message="floordiv: integer division by zero: 1 of the 4 divisors are 0, the first "
                "at position 2",
            ),
        ],
    }  # fmt: skip
