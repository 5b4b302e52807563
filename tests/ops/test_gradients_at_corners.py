"""Gradients where functions have corners or infinite slopes: TensorFlow's conventions.

The values are what TensorFlow 2.21 returns for the same calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.tensor import Tensor


def gradients(function: Callable[..., Any], *points: Any) -> list[Any]:
    """Return the gradient for each point, computed eagerly and in a traced function alike."""
    tensors = [ft.constant(p) for p in points]

    def differentiated(*xs: Tensor) -> list[Tensor]:
        with ft.GradientTape() as tape:
            for x in xs:
                tape.watch(x)
            y = function(*xs)
        return tape.gradient(y, list(xs))

    eager = [g.numpy().tolist() for g in differentiated(*tensors)]
    traced = [g.numpy().tolist() for g in ft.function(differentiated)(*tensors)]
    np.testing.assert_array_equal(eager, traced)
    return eager


@pytest.mark.parametrize(
    ("function", "slope"),
    [(ft.sqrt, 0.25), (ft.math.rsqrt, -0.0625), (ft.math.reciprocal, -0.0625)],
)
def test_where_nothing_arrives_nothing_goes_on(function: Any, slope: float) -> None:
    found = gradients(lambda x: ft.where(x > 0.0, function(x), 0.0), [0.0, 4.0])
    assert found == [[0.0, slope]]


@pytest.mark.parametrize(
    ("function", "slope"),
    [(ft.sqrt, math.inf), (ft.math.rsqrt, -math.inf), (ft.math.reciprocal, -math.inf)],
)
def test_what_arrives_meets_the_infinite_slope(function: Any, slope: float) -> None:
    assert gradients(function, 0.0) == [slope]


def test_a_second_gradient_passes_a_root_where_nothing_arrives() -> None:
    x = ft.constant([0.0, 4.0])
    with ft.GradientTape() as outer:
        outer.watch(x)
        with ft.GradientTape() as inner:
            inner.watch(x)
            y = ft.reduce_sum(ft.where(x > 0.0, ft.sqrt(x), 0.0))
        first = inner.gradient(y, x)
    assert outer.gradient(first, x).numpy().tolist() == [0.0, -1 / 32]


def test_activations_at_their_corners() -> None:
    assert gradients(ft.nn.relu, [0.0]) == [[0.0]]
    assert gradients(ft.nn.relu6, [0.0, 3.0, 6.0, 7.0]) == [[0.0, 1.0, 0.0, 0.0]]
    assert gradients(ft.nn.selu, [0.0]) == [[np.float32(1.0507009873554805).item()]]
    assert gradients(ft.nn.elu, [0.0]) == [[1.0]]
    assert gradients(ft.abs, 0.0) == [0.0]


def test_relu6_passes_nan_on() -> None:
    assert math.isnan(ft.nn.relu6(math.nan).numpy())


def test_the_gradient_of_a_product_that_ignores_nan() -> None:
    assert gradients(ft.math.multiply_no_nan, 3.0, 0.0) == [0.0, 3.0]
    assert gradients(ft.math.multiply_no_nan, math.inf, 0.0) == [0.0, math.inf]


def test_softplus_names_its_argument_as_tensorflow_does() -> None:
    assert float(ft.nn.softplus(features=0.0)) == pytest.approx(math.log(2))
