"""Samples of `scan` for the suite that every primitive passes."""

from __future__ import annotations

import numpy as np
from scipy import signal

from freshet.graph.parsing import parse
from freshet.testing import ErrorSample, PrimitiveSuite, Sample

RUNNING_SUM = parse("""
graph step(%c: f64[3], %x: f64[3]) {
  %0: f64[3] = add(%c, %x)
  return %0, %0
}
""")
DECAY = parse("""
graph step(%c: f64[3], %x: f64[3], %rate: f64[3]) {
  %0: f64[3] = multiply(%c, %rate)
  %1: f64[3] = add(%0, %x)
  return %1, %1
}
""")
PRODUCT = parse("""
graph step(%c: f64[2,3], %w: f64[3,3]) {
  %0: f64[2,3] = contract(%c, %w, equation='nk,km->nm')
  return %0
}
""")


def parameters(body, sequences, reverse=False, length=None):
    return {
        "body": body, "carries": 1, "sequences": sequences, "length": length, "reverse": reverse,
    }  # fmt: skip


def running_sum(start, x, **params):
    total = start + np.cumsum(x, axis=0)
    return total[-1], total


def running_sum_back(start, x, **params):
    total = start + np.cumsum(x[::-1], axis=0)[::-1]
    return total[0], total


def decay(start, x, rate, **params):
    columns = [
        signal.lfilter([1.0], [1.0, -rate[i]], x[:, i], zi=[rate[i] * start[i]])[0]
        for i in range(3)
    ]
    rows = np.stack(columns, axis=1)
    return rows[-1], rows


def power(start, w, **params):
    return start @ np.linalg.matrix_power(w, 4)


def normal(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


class TestScan(PrimitiveSuite):
    samples = {
        "scan": [
            Sample(
                inputs=(normal(3), normal(7, 3)), params=parameters(RUNNING_SUM, 1),
                expected=running_sum, expected_ulp=8, gradient=(0, 1),
            ),
            Sample(
                inputs=(normal(3), normal(7, 3)), params=parameters(RUNNING_SUM, 1, reverse=True),
                expected=running_sum_back, expected_ulp=8, gradient=(0, 1),
            ),
            Sample(
                inputs=(normal(3), normal(5, 3), np.array([0.5, -0.9, 0.0])),
                params=parameters(DECAY, 1), expected=decay, expected_ulp=8, gradient=(0, 1, 2),
            ),
            Sample(
                inputs=(normal(2, 3), normal(3, 3)), params=parameters(PRODUCT, 0, length=4),
                expected=power, expected_slack=lambda *_, **__: 1e-13, ulp=8, gradient=(0, 1),
            ),
        ],
    }  # fmt: skip
    errors = {
        "scan": [
            ErrorSample(
                inputs=(normal(3), normal(7, 4)), params=parameters(RUNNING_SUM, 1),
                 message="add: .*",
            ),
        ],
    }  # fmt: skip
