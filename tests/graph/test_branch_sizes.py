"""Branches that give a variable other sizes: which, only the run knows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft

X = np.float32([1, 2, 3])
BOTH = (True, False)


def longer_or_squared(x: Any, flag: Any) -> Any:
    if flag:
        y = ft.concat([x, x * 2.0], 0)
        z = y[1:]
    else:
        y = x**2
        z = x
    return y, z


def references(x: np.ndarray, flag: bool) -> tuple[np.ndarray, np.ndarray]:
    if flag:
        y = np.concatenate([x, x * 2])
        return y, y[1:]
    return x**2, x


def slope(x: np.ndarray, flag: bool) -> np.ndarray:
    """Return the gradient of the sum of y * y and z."""
    if flag:
        return 2 * x + 8 * x + np.float32([2, 3, 3])
    return 4 * x**3 + 1


def loss(y: Any, z: Any) -> Any:
    return ft.reduce_sum(y * y) + ft.reduce_sum(z)


@pytest.mark.parametrize("flag", BOTH)
def test_values_and_gradients_inside_and_outside(flag: bool) -> None:
    f = ft.function(longer_or_squared)

    @ft.function
    def inside(x: Any, flag: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            total = loss(*longer_or_squared(x, flag))
        return tape.gradient(total, x)

    x, condition = ft.constant(X), ft.constant(flag)
    with ft.GradientTape() as tape:
        tape.watch(x)
        y, z = f(x, condition)
        total = loss(y, z)
    for found, expected in zip((y, z), references(X, flag), strict=True):
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(tape.gradient(total, x), slope(X, flag), rtol=1e-6)
    np.testing.assert_allclose(inside(x, condition), slope(X, flag), rtol=1e-6)


@pytest.mark.parametrize("flag", BOTH)
def test_second_derivatives(flag: bool) -> None:
    @ft.function
    def inside(x: Any, flag: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            total = loss(*longer_or_squared(x, flag))
        return tape.gradient(total, x)

    x = ft.constant(X)
    with ft.GradientTape() as tape:
        tape.watch(x)
        found = inside(x, ft.constant(flag))
    second = tape.jacobian(found, x)
    np.testing.assert_allclose(second, np.diag([10.0] * 3 if flag else 12 * X**2), rtol=1e-6)


@pytest.mark.parametrize("flag", BOTH)
def test_a_second_condition_on_the_same_side(flag: bool) -> None:
    @ft.function
    def f(x: Any, flag: Any) -> Any:
        y = ft.concat([x, x], 0) if flag else x
        return y * ft.concat([x, -x], 0) if flag else y + x

    expected = np.concatenate([X, X]) * np.concatenate([X, -X]) if flag else X + X
    np.testing.assert_array_equal(f(ft.constant(X), ft.constant(flag)), expected)


def test_a_branch_that_does_not_fit_says_so_if_it_runs() -> None:
    @ft.function
    def f(x: Any, long: Any, flag: Any) -> Any:
        y = ft.concat([x, x], 0) if long else x
        return y * x if flag else y * 2.0

    x = ft.constant(X)
    np.testing.assert_array_equal(f(x, ft.constant(False), ft.constant(True)), X * X)
    np.testing.assert_array_equal(f(x, ft.constant(True), ft.constant(False)), [2, 4, 6] * 2)
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"\[6\] and \[3\]") as caught:
        f(x, ft.constant(True), ft.constant(True))
    assert "y * x if flag" in str(caught.value)


def test_where_no_branch_fits_it_is_an_error_at_once() -> None:
    @ft.function(input_signature=[ft.TensorSpec([None]), ft.TensorSpec([], ft.bool)])
    def f(x: Any, flag: Any) -> Any:
        two = ft.constant([1.0, 2.0])
        return x + two if flag else x - two

    assert f(ft.constant([1.0, 2.0]), ft.constant(True)).numpy().tolist() == [2, 4]
    with pytest.raises(ft.errors.InvalidArgumentError, match=r"shapes \[3\] and \[2\]"):
        f(ft.constant(X), ft.constant(True))


def test_other_ranks_are_refused_with_the_variable_its_shapes_and_the_line() -> None:
    @ft.function
    def f(x: Any, flag: Any) -> Any:
        total = ft.reduce_sum(x)
        if flag:
            total = x
        return total + 1.0

    with pytest.raises(TypeError, match=r"variable 'total' is f32\[3\].*, f32\[\]") as caught:
        f(ft.constant(X), ft.constant(True))
    assert "in f: if flag:" in str(caught.value)


def test_a_loop_whose_variables_grow_has_no_gradient_and_says_so() -> None:
    @ft.function
    def f(x: Any, n: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = x
            for i in ft.range(n):
                ft.autograph.experimental.set_loop_options(
                    shape_invariants=[(y, ft.TensorShape([None]))]
                )
                y = ft.concat([y, x], 0) if i % 2 == 0 else y * 2.0
            total = ft.reduce_sum(y)
        return y, tape.gradient(total, x)

    with pytest.raises(ft.errors.InvalidArgumentError, match=r"change their size has no gradient"):
        f(ft.constant(X), ft.constant(3))
