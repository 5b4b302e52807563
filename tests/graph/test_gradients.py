"""`gradients` and `hessians` inside traced functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft


def test_of_what_was_traced_before() -> None:
    @ft.function
    def f(x: Any, y: Any) -> Any:
        z = x * x * y
        return ft.gradients(z, [x, y]), ft.gradients([z, x], x, [None, 10.0])

    one, other = f(ft.constant(3.0), ft.constant(5.0))
    assert [float(g) for g in one] == [30, 9]
    assert [float(g) for g in other] == [40]


def test_of_variables_before_and_after_an_assignment() -> None:
    v = ft.Variable(3.0)

    @ft.function
    def f() -> Any:
        y = v * v
        slope = ft.gradients(y, v)[0]
        v.assign_sub(slope * 0.5)
        return slope, ft.gradients(v * 2, v)[0]

    assert [float(t) for t in f()] == [6, 2]
    assert float(v) == 0


def test_higher_orders() -> None:
    @ft.function
    def f(x: Any) -> Any:
        first = ft.gradients(x**4, x)[0]
        second = ft.gradients(first, x)[0]
        return first, second, ft.gradients(second, x)[0]

    assert [float(t) for t in f(ft.constant(2.0))] == [32, 48, 48]


def test_constants() -> None:
    @ft.function
    def f(a: Any) -> Any:
        b = a * 2
        return ft.gradients(a + b, [a, b]), ft.gradients(a + b, [a, b], stop_gradients=[a, b])

    whole, partial = f(ft.constant(1.0))
    assert [float(g) for g in whole] == [3, 1]
    assert [float(g) for g in partial] == [1, 1]


def test_unconnected() -> None:
    @ft.function
    def f(x: Any, y: Any) -> Any:
        assert ft.gradients(x * 2, [x, y])[1] is None
        return ft.gradients(x * 2, [x, y], unconnected_gradients=ft.UnconnectedGradients.ZERO)

    assert [float(g) for g in f(ft.constant(1.0), ft.constant(1.0))] == [2, 0]


def test_hessians() -> None:
    @ft.function
    def f(x: Any, m: Any) -> Any:
        y = x[0] ** 2 * x[1] + ft.reduce_sum(m) ** 2
        return ft.hessians(y, [x, m])

    by_x, by_m = f(ft.constant([3.0, 5.0]), ft.ones([1, 2]))
    np.testing.assert_array_equal(by_x, [[10, 6], [6, 0]])
    np.testing.assert_array_equal(by_m, np.full([1, 2, 1, 2], 2))


def test_only_while_tracing() -> None:
    for f in (ft.gradients, ft.hessians):
        with pytest.raises(RuntimeError, match=r"use ft\.GradientTape"):
            f(ft.constant(1.0), ft.constant(1.0))
