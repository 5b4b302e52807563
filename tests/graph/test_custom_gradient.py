"""Gradients that a user writes, eagerly, inside and outside of traced functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft

both = pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])


def gradient(f: Callable[..., Any], *xs: Any, weights: Any = None) -> Any:
    with ft.GradientTape() as tape:
        tape.watch([x for x in xs if isinstance(x, ft.Tensor)])
        y = f(*xs)
    return tape.gradient(y, list(xs), weights)


@ft.custom_gradient
def clipped(x: Any) -> Any:
    return ft.identity(x), lambda g: ft.clip_by_value(g, -1.0, 1.0)


@ft.custom_gradient
def cube(x: Any) -> Any:
    y = x**3
    return y, lambda g: g * 10 * x**2  # not 3, to tell it from the true one


@both
def test_the_rule_replaces_the_gradient(run: Any) -> None:
    x = ft.constant([3.0, 4.0])
    found = run(lambda x: gradient(lambda x: clipped(x * 5), x)[0])(x)
    np.testing.assert_array_equal(found, [5, 5])
    weighed = run(lambda x: gradient(lambda x: clipped(x) * [0.5, 7.0], x)[0])(x)
    np.testing.assert_array_equal(weighed, [0.5, 1])


def test_a_tape_outside_of_a_traced_function_finds_the_rule() -> None:
    x = ft.constant([3.0, 4.0])
    f = ft.function(lambda x: clipped(x * 5) * 3)
    np.testing.assert_array_equal(gradient(f, x)[0], [5, 5])
    g = ft.function(lambda x: ft.reduce_sum(cube(x)))
    np.testing.assert_array_equal(gradient(g, x)[0], [90, 160])


@both
def test_higher_derivatives_go_through_the_rule(run: Any) -> None:
    def second(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            slope = gradient(cube, x)[0]
        return slope, tape.gradient(slope, x)

    assert [float(t) for t in run(second)(ft.constant(2.0))] == [40, 40]


def test_higher_derivatives_of_a_traced_function() -> None:
    x, f = ft.constant(2.0), ft.function(cube)
    with ft.GradientTape() as tape:
        tape.watch(x)
        slope = gradient(f, x)[0]
    assert [float(slope), float(tape.gradient(slope, x))] == [40, 40]


@both
def test_forward_mode_goes_through_the_rule(run: Any) -> None:
    def pushed(x: Any) -> Any:
        with ft.autodiff.ForwardAccumulator(x, ft.ones_like(x)) as accumulator:
            y = cube(x)
        return accumulator.jvp(y)

    assert float(run(pushed)(ft.constant(2.0))) == 40
    x = ft.constant(2.0)
    with ft.autodiff.ForwardAccumulator(x, ft.ones_like(x)) as accumulator:
        y = ft.function(cube)(x)
    assert float(accumulator.jvp(y)) == 40


@both
def test_what_is_computed_for_the_result_can_serve_the_gradient(run: Any) -> None:
    @ft.custom_gradient
    def log1pexp(x: Any) -> Any:
        e = ft.exp(x)
        return ft.math.log(1 + e), lambda g: g * (1 - 1 / (1 + e))

    assert float(run(lambda x: gradient(log1pexp, x)[0])(ft.constant(100.0))) == 1


@both
def test_several_arguments_results_and_structures(run: Any) -> None:
    @ft.custom_gradient
    def f(pair: Any, scale: float, *, shift: float = 0.0) -> Any:
        a, b = pair

        def grad(g_sum: Any, g_product: Any) -> Any:
            return (g_sum * 100, g_product * 1000), None

        return {"product": a * b * scale + shift, "a sum": a + b}, grad

    def program(a: Any, b: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch([a, b])
            y = f((a, b), 2.0, shift=1.0)
        return y["product"], y["a sum"], tape.gradient(y, [a, b])

    product, total, grads = run(program)(ft.constant(3.0), ft.constant(5.0))
    assert (float(product), float(total)) == (31, 8)
    assert [float(g) for g in grads] == [100, 1000]


@both
def test_variables(run: Any) -> None:
    v, frozen = ft.Variable(3.0), ft.Variable(2.0, trainable=False)
    seen: list[Any] = []

    @ft.custom_gradient
    def f(x: Any) -> Any:
        def grad(g: Any, variables: Any = None) -> Any:
            seen.extend(variables)
            return g * 7, [g * 11]

        return x * v * frozen, grad

    def program(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, [x, v])

    assert [float(g) for g in run(program)(ft.constant(1.0))] == [7, 11]
    assert seen
    assert all(s is v for s in seen)


@both
def test_a_variable_among_the_arguments_is_an_argument(run: Any) -> None:
    v = ft.Variable(3.0)

    @ft.custom_gradient
    def f(x: Any, w: Any) -> Any:
        return x * w, lambda g: (g * 2, g * 5)

    def program(x: Any) -> Any:
        with ft.GradientTape() as tape:
            y = f(x, v)
        return y, tape.gradient(y, v)

    assert [float(t) for t in run(program)(ft.constant(4.0))] == [12, 5]


def test_variables_need_the_keyword() -> None:
    v = ft.Variable(3.0)
    f = ft.custom_gradient(lambda x: (x * v, lambda g: g))
    with ft.GradientTape() as tape:
        y = f(ft.constant(1.0))
    with pytest.raises(
        TypeError, match="<lambda> reads the variables 'Variable:0', so its gradient"
    ):
        tape.gradient(y, v)


def test_too_many_or_too_few_gradients() -> None:
    x = ft.constant(1.0)
    f = ft.custom_gradient(lambda x: (x * 2, lambda g: (g, g)))
    with pytest.raises(ValueError, match="must return 1 gradients, one for each argument"):
        gradient(f, x)
    g = ft.custom_gradient(lambda x, y: (x * y, lambda g: g))
    with pytest.raises(ValueError, match="must return 2 gradients"):
        gradient(g, x, x)


def test_a_method() -> None:
    class Model:
        @ft.custom_gradient
        def call(self, x: Any) -> Any:
            return x * 2, lambda g: g * 9

    model = Model()
    assert float(gradient(model.call, ft.constant(1.0))[0]) == 9
    assert float(gradient(ft.function(model.call), ft.constant(1.0))[0]) == 9


def test_without_a_tape_it_is_the_function() -> None:
    assert float(cube(ft.constant(2.0))) == 8
    assert cube.__name__ == "cube"


@both
def test_unknown_sizes(run: Any) -> None:
    del run
    f = ft.function(
        lambda x: gradient(clipped, x, weights=[x * 2])[0], input_signature=[ft.TensorSpec([None])]
    )
    np.testing.assert_array_equal(f(ft.constant([0.25, 9.0])), [0.5, 1])


@both
def test_the_gradient_passes_through(run: Any) -> None:
    v = ft.Variable(2.0)

    def program(x: Any) -> Any:
        return gradient(ft.grad_pass_through(lambda x: ft.round(x) * v), x)[0]

    assert float(run(program)(ft.constant(3.7))) == 1


def test_within_loops_conditions_and_programs_in_stages() -> None:
    @ft.function
    def f(x: Any, n: Any) -> Any:
        for _ in ft.range(n):
            x = clipped(x * 3)
        y = ft.cond(x[0] > 0, lambda: clipped(x), lambda: x)
        return clipped(ft.boolean_mask(y, x > 0))

    x = ft.constant([1.0, -1.0, 2.0])
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = f(x, ft.constant(2))
    np.testing.assert_array_equal(y, [9, 18])
    np.testing.assert_array_equal(tape.gradient(y, x), [3, 0, 3])


class TestRecomputing:
    @both
    def test_it_is_the_same_gradient(self, run: Any) -> None:
        v = ft.Variable([1.5, -0.5])

        def block(x: Any, n: Any, *, power: int = 2) -> Any:
            return ft.sin(x * v) ** power * ft.cast(n, ft.float32)

        def program(f: Any) -> Any:
            x, n = ft.constant([1.0, 2.0]), ft.constant(3)
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = ft.reduce_sum(f(x, n, power=3))
            return tape.gradient(y, [x, v])

        for a, b in zip(
            run(lambda: program(ft.recompute_grad(block)))(), program(block), strict=True
        ):
            np.testing.assert_allclose(a, b, rtol=1e-6)

    def test_the_function_runs_again_and_nothing_is_kept(self) -> None:
        calls: list[int] = []

        def block(x: Any) -> Any:
            calls.append(1)
            return ft.exp(ft.sin(x))

        x = ft.constant(0.5)
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.recompute_grad(block)(x)
        assert len(calls) == 1
        assert len(tape._records) == 1
        tape.gradient(y, x)
        assert len(calls) == 2

    def test_second_derivatives(self) -> None:
        x = ft.constant(0.5, ft.float64)

        def second(f: Any) -> float:
            with ft.GradientTape() as tape:
                tape.watch(x)
                slope = gradient(f, x)[0]
            return float(tape.gradient(slope, x))

        f = lambda x: ft.exp(ft.sin(x))  # noqa: E731
        assert second(ft.recompute_grad(f)) == pytest.approx(second(f), rel=1e-12)
