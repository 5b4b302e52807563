"""Derivatives of derivatives through loops and conditions, and of what is given twice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft


def power(x: Any, n: Any) -> Any:
    """Return ``x ** (n + 1)``."""
    y = x
    for _ in ft.range(n):
        y = y * x
    return y


def power_until(x: Any, limit: Any) -> Any:
    """Return the first power of x above a limit, and the exponent."""
    y, count = x, 1
    while y < limit:
        y *= x
        count += 1
    return y, count


def falling(n: int, order: int) -> int:
    return math.perm(n, order)


def derivatives(function: Callable[[Any], Any], x: Any) -> list[Any]:
    """Return the first three."""
    with ft.GradientTape() as third:
        third.watch(x)
        with ft.GradientTape() as second:
            second.watch(x)
            with ft.GradientTape() as first:
                first.watch(x)
                y = function(x)
            one = first.gradient(y, x)
        two = second.gradient(one, x)
    return [one, two, third.gradient(two, x)]


@pytest.mark.parametrize("where", ["outside", "inside"])
@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_loops_of_as_many_steps_as_the_run_says(n: int, where: str) -> None:
    x = ft.constant(3.0, ft.float64)
    if where == "outside":
        f = ft.function(power)
        found = derivatives(lambda t: f(t, ft.constant(n)), x)
    else:
        inside = ft.function(lambda x, n: derivatives(lambda t: power(t, n), x))
        found = inside(x, ft.constant(n))
    for order, value in enumerate(found, 1):
        expected = falling(n + 1, order) * 3.0 ** (n + 1 - order)
        assert float(value or 0.0) == pytest.approx(expected)


def test_loops_that_data_ends() -> None:
    f = ft.function(power_until)
    for found in (
        derivatives(lambda t: f(t, 100.0)[0], ft.constant(3.0)),
        ft.function(lambda x: derivatives(lambda t: power_until(t, 100.0)[0], x))(ft.constant(3.0)),
    ):
        assert [float(v) for v in found] == [5 * 3**4, 20 * 3**3, 60 * 3**2]


def test_two_tapes_at_once() -> None:
    """As when a generator and a discriminator learn from the same step."""
    w = ft.Variable(2.0)

    def losses(x: Any, n: Any) -> Any:
        with ft.GradientTape() as one, ft.GradientTape() as two:
            one.watch(x)
            two.watch(x)
            y = power(x, n) * w
            loss = y**2
        return one.gradient(loss, [x, w]), two.gradient(y, [x, w])

    for run in (losses, ft.function(losses)):
        one, two = run(ft.constant(3.0), ft.constant(2))
        # y = 27 w
        assert [float(t) for t in one] == [2 * 54 * 54, 2 * 54 * 27]
        assert [float(t) for t in two] == [54, 27]


def test_a_scan_inside_and_a_tape_outside() -> None:
    @ft.function
    def slopes(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            last = ft.scan(lambda a, e: a * e, x)[-1]
        return tape.gradient(last, x)

    x = ft.constant([2.0, 3.0, 5.0])
    with ft.GradientTape() as tape:
        tape.watch(x)
        found = slopes(x)
    np.testing.assert_array_equal(found, [15, 10, 6])
    np.testing.assert_array_equal(tape.jacobian(found, x), [[0, 5, 3], [5, 0, 2], [3, 2, 0]])


def test_gradients_and_hessians_of_loops_in_the_graph() -> None:
    @ft.function
    def f(x: Any, n: Any) -> Any:
        y = x
        for i in ft.range(n):
            if i % 2 == 0:
                y = y * x
        return ft.gradients(y, x), ft.hessians(y, x)

    (slope,), (curvature,) = f(ft.constant(3.0), ft.constant(5))
    assert (float(slope), float(curvature)) == (4 * 27, 12 * 9)


# --- the same tensor twice ------------------------------------------------------------------------


def product(a: Any, b: Any) -> Any:
    return a * b**2


def chosen(a: Any, b: Any) -> Any:
    return ft.cond(ft.reduce_all(a > 0.0), lambda: a * b**2, lambda: a + b)


def repeated(a: Any, b: Any) -> Any:
    return ft.while_loop(lambda i, _: i < 2, lambda i, y: (i + 1, y * b), (0, a))[1]


@pytest.mark.parametrize("function", [product, chosen, repeated])
@pytest.mark.parametrize("wrap", [ft.function, ft.recompute_grad])
def test_a_function_of_a_tensor_given_twice(function: Any, wrap: Any) -> None:
    f = wrap(function)
    for twice in (lambda t: f(t, t), ft.function(lambda t: f(t, t))):
        found = derivatives(twice, ft.constant([3.0, 2.0], ft.float64))
        np.testing.assert_allclose(found, [[27, 12], [18, 12], [6, 6]])


def test_jacobians_of_a_function_of_a_tensor_given_twice() -> None:
    f = ft.function(product)
    x = ft.range(6.0)
    with ft.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x, x)
    expected = np.diag(3 * np.arange(6.0) ** 2)
    np.testing.assert_array_equal(tape.jacobian(y, x), expected)
    np.testing.assert_array_equal(tape.jacobian(y, x, experimental_use_pfor=False), expected)
