"""Margins beside formulas in NumPy."""

from __future__ import annotations

import numpy as np

from freshet.keras import losses

P = np.array([[0.5, -0.5, 2.0], [-3.0, 0.1, 0.0]])
SIGNS = np.array([[1.0, -1.0, 1.0], [1.0, -1.0, -1.0]])


def test_values_are_the_formula() -> None:
    margin = np.maximum(1 - SIGNS * P, 0)
    np.testing.assert_allclose(losses.hinge(SIGNS, P), margin.mean(-1))
    np.testing.assert_allclose(losses.squared_hinge(SIGNS, P), (margin**2).mean(-1))


def test_zeros_and_ones_mean_signs() -> None:
    answers = (SIGNS + 1) / 2
    np.testing.assert_array_equal(losses.hinge(answers, P), losses.hinge(SIGNS, P))


def test_other_targets_are_left_as_they_are() -> None:
    targets = np.array([[0.0, 1.0, 0.5]])
    expected = np.maximum(1 - targets * P[:1], 0).mean(-1)
    np.testing.assert_allclose(losses.hinge(targets, P[:1]), expected)
