"""Derivatives of products, of every order, where elements are 0."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.testing import PrimitiveSuite, Sample

POINTS = [
    [2.0, 3.0, -0.5, 4.0], [2.0, 0.0, 3.0, 4.0], [0.0, 3.0, 5.0, 0.0], [0.0, 0.0, 0.0, 4.0],
    [0.0, 0.0, 0.0, 0.0],
]  # fmt: skip
WEIGHTS = np.array([1.0, -2.0, 3.0, 5.0])


def shares(x: np.ndarray, grad: np.ndarray) -> np.ndarray:
    """Return, along the last axis, what each element's gradient is."""
    found = np.empty(np.broadcast_shapes(x.shape, grad.shape), x.dtype)
    for place in np.ndindex(found.shape):
        row = np.broadcast_to(x, found.shape)[place[:-1]].tolist()
        others = math.prod(v for i, v in enumerate(row) if i != place[-1])
        found[place] = np.broadcast_to(grad, found.shape)[place] * others
    return found


def sample(x: Any, grad: Any, label: str, **checks: Any) -> Sample:
    return Sample(
        inputs=(shares(x, grad), x, grad), params={"axes": (-1,)}, label=label,
        expected=lambda value, x, grad, axes: shares(x, grad), expected_ulp=4, ulp=4, **checks,
    )  # fmt: skip


ROWS = np.float32([[2, 0, 3], [1, 4, 5], [0, 0, 7]])


class TestProductShare(PrimitiveSuite):
    samples = {
        "product_share": [
            sample(ROWS, np.float32([[1], [2], [3]]), "rows", gradient=(1, 2)),
            sample(ROWS[1], np.float32([[1], [2], [3]]), "stretched", gradient=(1, 2)),
            sample(np.float32([]), np.float32([1]), "empty"),
            sample(ROWS[1], ROWS[2], "one row"),
        ],
    }  # fmt: skip


# --- against the derivatives of polynomials -------------------------------------------------------


def derivatives(
    x: Sequence[float], terms: Sequence[Sequence[int]], weights: Any, order: int
) -> np.ndarray:
    """Return those of the weighted sum of products of some elements each."""
    found = np.zeros((len(x),) * order)
    for places in itertools.permutations(range(len(x)), order):
        for weight, term in zip(weights, terms, strict=True):
            if set(places) <= set(term):
                found[places] += weight * math.prod(x[j] for j in term if j not in places)
    return found


def three_orders(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any, Any]:
    with ft.GradientTape() as third:
        third.watch(x)
        with ft.GradientTape() as second:
            second.watch(x)
            with ft.GradientTape() as first:
                first.watch(x)
                y = function(x)
            slope = first.gradient(y, x)
        curvature = second.jacobian(slope, x)
    return slope, curvature, third.jacobian(curvature, x)


def check(function: Callable[[Any], Any], x: Sequence[float], terms: Any, weights: Any) -> None:
    for run in (three_orders, ft.function(three_orders)):
        found = run(function, ft.constant(x, ft.float64))
        for order, tensor in enumerate(found, 1):
            expected = derivatives(x, terms, weights, order)
            np.testing.assert_allclose(tensor, expected, atol=1e-12, err_msg=f"order {order}")


@pytest.mark.parametrize("x", POINTS)
def test_of_reduce_prod(x: list[float]) -> None:
    check(lambda t: 3 * ft.reduce_prod(t), x, [range(4)], [3])
    columns = [(0, 2), (1, 3)]
    check(lambda t: ft.reduce_sum(ft.reduce_prod(ft.reshape(t, [2, 2]), 0)), x, columns, [1, 1])
    both_axes = lambda t: ft.reduce_prod(ft.reshape(t, [2, 1, 2]), [0, 2])[0]  # noqa: E731
    check(both_axes, x, [range(4)], [1])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("x", POINTS)
def test_of_cumprod(x: list[float], exclusive: bool, reverse: bool) -> None:
    ends = [range(i + (not exclusive)) for i in range(4)]
    if reverse:
        ends = [range(i + exclusive, 4) for i in range(4)]
    options = {"exclusive": exclusive, "reverse": reverse}
    check(lambda t: ft.reduce_sum(ft.math.cumprod(t, **options) * WEIGHTS), x, ends, WEIGHTS)


def test_of_sizes_that_are_not_known() -> None:
    spec = ft.TensorSpec([None, None, None], ft.float64)

    @ft.function(input_signature=[spec])
    def curvature(x: Any) -> Any:
        with ft.GradientTape() as second:
            second.watch(x)
            with ft.GradientTape() as first:
                first.watch(x)
                y = ft.reduce_prod(x, [0, 2])
            slope = first.gradient(y, x)
        return second.gradient(slope, x)

    x = np.arange(12.0).reshape(2, 3, 2)
    expected = np.zeros_like(x)
    for column in range(3):
        flat = x[:, column].reshape(-1).tolist()
        expected[:, column] = derivatives(flat, [range(4)], [1], 2).sum(0).reshape(2, 2)
    np.testing.assert_allclose(curvature(ft.constant(x)), expected)


def test_of_complex_numbers() -> None:
    points = [1 + 2j, 0j, 3 - 1j]
    x = ft.constant(points, ft.complex128)
    for function in (ft.reduce_prod, lambda t: ft.math.cumprod(t)[-1]):
        with ft.GradientTape() as second:
            second.watch(x)
            with ft.GradientTape() as first:
                first.watch(x)
                y = function(x)
            slope = first.gradient(y, x)
        np.testing.assert_allclose(slope, np.conj([0, (1 + 2j) * (3 - 1j), 0]))
        # The sum of a row of second derivatives; gradients are conjugates of derivatives.
        row = second.gradient(slope, x)
        np.testing.assert_allclose(row, np.conj([3 - 1j, (1 + 2j) + (3 - 1j), 1 + 2j]))


def test_what_is_beyond_all_numbers_behind_a_zero_counts_for_nothing() -> None:
    x = ft.constant([2.0, 0.0, 0.0, 1e30, 1e30])
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.math.cumprod(x)
    assert tape.gradient(y, x).numpy().tolist() == [1, 2, 0, 0, 0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_halves_are_rounded_once(dtype: str) -> None:
    x = ft.cast(ft.linspace(0.9, 1.1, 64), dtype)
    wide = ft.cast(x, ft.float32)
    with ft.GradientTape() as tape:
        tape.watch([x, wide])
        found = ft.math.cumprod(x), ft.math.cumprod(wide)
    narrow, exact = tape.gradient(found, [x, wide])
    assert narrow.dtype == dtype
    np.testing.assert_allclose(ft.cast(narrow, ft.float32), exact, rtol=0.02)


def test_the_first_gradient_stays_compiled() -> None:
    @ft.function
    def f(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.reduce_prod(x, axis=1)
        return tape.gradient(y, x)

    assert "host calls    0" in f.explain(ft.ones([3, 4]))
