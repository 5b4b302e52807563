"""Fans and variances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from freshet.core.errors import InvalidArgumentError
from freshet.keras.initializers import (
    GlorotUniform,
    HeNormal,
    LecunNormal,
    VarianceScaling,
)
from freshet.keras.initializers.variance_scaling import compute_fans


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((3, 5), (3, 5)),
        ((2, 3, 5), (6, 10)),
        ((3, 3, 4, 8), (36, 72)),
    ],
)
def test_fans_of_matrices_and_kernels(shape: tuple[int, ...], fans: tuple[int, int]) -> None:
    assert compute_fans(shape) == fans


def test_axes_may_say_what_the_fans_are() -> None:
    assert compute_fans((2, 3, 5), input_axes=[2], output_axes=[0, 1]) == (5, 6)


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize("distribution", ["truncated_normal", "untruncated_normal", "uniform"])
def test_variance_is_the_scale_over_the_fan(mode: str, distribution: str) -> None:
    values = VarianceScaling(3.0, mode, distribution, seed=1)((100, 300)).numpy()
    fan = {"fan_in": 100, "fan_out": 300, "fan_avg": 200}[mode]
    assert values.var() == pytest.approx(3 / fan, rel=0.03)


def test_bounds_are_exact() -> None:
    assert abs(GlorotUniform(seed=1)((200, 100)).numpy()).max() <= math.sqrt(6 / 300)
    for cls, scale in ((HeNormal, 2), (LecunNormal, 1)):
        bound = 2 * math.sqrt(scale / 200) / 0.87962566103423978
        values = abs(cls(seed=1)((200, 100)).numpy())
        assert bound * 0.98 < values.max() <= bound * (1 + 1e-6)


def test_normal_is_short_for_truncated_normal() -> None:
    made = VarianceScaling(distribution="Normal", seed=1)
    assert made.get_config()["distribution"] == "truncated_normal"


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"scale": 0.0}, "scale must be above 0, received 0.0"),
        ({"mode": "fan"}, "mode must be one of .*received 'fan'"),
        ({"distribution": "cauchy"}, "distribution must be one of .*received 'cauchy'"),
    ],
)
def test_other_arguments_are_errors(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        VarianceScaling(**kwargs)


def test_quantiles_are_those_of_the_truncated_normal_distribution() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = np.sort(LecunNormal(seed=5)((1, 40_000)).numpy().reshape(-1).astype(np.float64))
    shares = (np.arange(values.size) + 0.5) / values.size
    expected = stats.truncnorm(-2, 2).ppf(shares) / 0.87962566103423978
    assert abs(values - expected).max() < 0.05
