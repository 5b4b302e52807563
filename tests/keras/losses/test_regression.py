"""Losses of numbers beside formulas in NumPy's float64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from freshet.keras import losses
from freshet.keras.losses.regression import unit_vectors
from freshet.ops.conversion import convert_to_tensor

RNG = np.random.default_rng(3)
T, P = RNG.uniform(0.1, 3, (6, 4)), RNG.uniform(0.1, 3, (6, 4))
E = P - T
FORMULAS: dict[str, Callable[[], Any]] = {
    "mean_squared_error": lambda: (E**2).mean(-1),
    "mean_absolute_error": lambda: abs(E).mean(-1),
    "mean_absolute_percentage_error": lambda: 100 * abs(E / T).mean(-1),
    "mean_squared_logarithmic_error": lambda: (np.log((1 + P) / (1 + T)) ** 2).mean(-1),
    "huber": lambda: np.where(abs(E) <= 1, E**2 / 2, abs(E) - 0.5).mean(-1),
    "log_cosh": lambda: np.log(np.cosh(E)).mean(-1),
    "cosine_similarity": lambda: (
        -(T * P).sum(-1) / np.sqrt((T**2).sum(-1)) / np.sqrt((P**2).sum(-1))
    ),
    "kl_divergence": lambda: (np.minimum(T, 1) * np.log(np.minimum(T, 1) / np.minimum(P, 1))).sum(
        -1
    ),
    "poisson": lambda: (P - T * np.log(P + 1e-7)).mean(-1),
    "categorical_hinge": lambda: np.maximum(((1 - T) * P).max(-1) - (T * P).sum(-1) + 1, 0),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_are_the_formula(name: str) -> None:
    found = getattr(losses, name)(T, P)
    assert found.dtype.name == "float64"
    np.testing.assert_allclose(found, FORMULAS[name](), rtol=1e-9)


@pytest.mark.parametrize("name", ["mean_squared_error", "huber", "log_cosh"])
def test_a_perfect_prediction_has_no_loss(name: str) -> None:
    np.testing.assert_allclose(getattr(losses, name)(T, T), 0, atol=1e-12)


def test_large_errors_do_not_overflow() -> None:
    found = losses.log_cosh([[0.0, 0.0]], [[1e4, -1e4]])
    assert float(found[0]) == pytest.approx(1e4 - np.log(2), rel=1e-6)


def test_a_target_of_zero_has_a_finite_percentage() -> None:
    found = losses.mean_absolute_percentage_error([[0.0]], [[1.0]])
    assert float(found[0]) == pytest.approx(1e9, rel=1e-6)


def test_huber_is_continuous_where_it_turns() -> None:
    below, above = (
        losses.huber([[0.0]], [[2 - 1e-6]], 2.0),
        losses.huber([[0.0]], [[2 + 1e-6]], 2.0),
    )
    assert float(below[0]) == pytest.approx(float(above[0]), rel=1e-5)


def test_a_zero_vector_has_no_direction() -> None:
    assert unit_vectors(convert_to_tensor([[0.0, 0.0]]), -1).numpy().tolist() == [[0.0, 0.0]]


def test_short_names_are_the_same_functions() -> None:
    assert losses.mse is losses.MSE is losses.mean_squared_error
    assert losses.kld is losses.KLD is losses.kullback_leibler_divergence is losses.kl_divergence
    assert losses.logcosh is losses.log_cosh
