"""`ForwardAccumulator` against calculus and against reverse mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft

Program = Callable[[Any], Any]
X = np.array([[0.3, -1.2, 2.0], [1.5, 0.7, -0.4]])
DIRECTION = np.array([[1.0, 0.5, -2.0], [0.25, -1.0, 3.0]])
PROGRAMS: dict[str, Program] = {
    "polynomial": lambda x: 3 * x**3 - x / 2,
    "quotient": lambda x: ft.exp(x) / (1 + x * x),
    "branches": lambda x: ft.where(x > 0, x * x, -x),
    "broadcast": lambda x: x * ft.reduce_sum(x * x, axis=0) + x[0, 0],
    "views": lambda x: ft.transpose(ft.reshape(x[::-1] * [[1.0], [2.0]], [3, 2])),
    "parts": lambda x: ft.concat([x, x[:, 1:] * 2], 1),
    "product": lambda x: ft.matmul(x, ft.tanh(x), transpose_b=True),
    "rows": lambda x: ft.gather(ft.sin(x), [1, 0, 1]),
    "largest": lambda x: ft.reduce_max(x, axis=1) * ft.reduce_prod(x, axis=1),
    "softmax": lambda x: ft.nn.softmax(x) + ft.reduce_logsumexp(x),
    "loop": lambda x: ft.scan(lambda a, r: ft.sin(a) * r + x[0], x),
    "sum of a loop": lambda x: ft.foldl(lambda a, r: a * r + ft.exp(a), x),
}
MODES = [lambda f: f, ft.function]
both = pytest.mark.parametrize("run", MODES, ids=["eager", "traced"])


def jvp(program: Program, x: Any, direction: Any) -> Any:
    with ft.autodiff.ForwardAccumulator(x, direction) as accumulator:
        y = program(x)
    return accumulator.jvp(y)


def vjp(program: Program, x: Any, weights: Any) -> Any:
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = program(x)
    return tape.gradient(y, x, weights)


@pytest.mark.parametrize("name", PROGRAMS)
def test_it_is_the_transpose_of_reverse_mode(name: str) -> None:
    program, x, v = PROGRAMS[name], ft.constant(X), ft.constant(DIRECTION)
    pushed = jvp(program, x, v)
    weights = np.random.default_rng(3).standard_normal(pushed.shape)
    pulled = vjp(program, x, ft.constant(weights))
    assert np.sum(pushed * weights) == pytest.approx(np.sum(pulled * DIRECTION), rel=1e-12)
    traced = ft.function(lambda x, v: jvp(program, x, v))(x, v)
    np.testing.assert_allclose(traced, pushed, rtol=1e-13, atol=1e-14)
    outside = jvp(ft.function(program), x, v)
    np.testing.assert_allclose(outside, pushed, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", PROGRAMS)
@both
def test_products_with_the_hessian_in_three_ways(name: str, run: Any) -> None:
    program = PROGRAMS[name]
    x, v = ft.constant(X), ft.constant(DIRECTION)

    def forward_over_reverse(x: Any, v: Any) -> Any:
        with ft.autodiff.ForwardAccumulator(x, v) as accumulator:
            slope = vjp(program, x, None)
        return accumulator.jvp(slope)

    def reverse_over_forward(x: Any, v: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            pushed = ft.reduce_sum(jvp(program, x, v))
        return tape.gradient(pushed, x)

    def reverse_over_reverse(x: Any, v: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            slope = vjp(program, x, None)
        return tape.gradient(slope, x, v)

    expected = reverse_over_reverse(x, v)
    for method in (forward_over_reverse, reverse_over_forward):
        found = run(method)(x, v)
        if expected is None or found is None:
            assert not np.any(0 if expected is None else expected)
            assert not np.any(0 if found is None else found)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


@both
def test_around_a_traced_function_to_the_second_order(run: Any) -> None:
    f = ft.function(lambda x: ft.reduce_sum(x**3) * ft.exp(x[0, 0]))
    x, v = ft.constant(X), ft.constant(DIRECTION)

    def product(x: Any, v: Any) -> Any:
        with ft.autodiff.ForwardAccumulator(x, v) as accumulator:
            slope = vjp(f, x, None)
        return accumulator.jvp(slope)

    def other(x: Any, v: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            pushed = jvp(f, x, v)
        return tape.gradient(pushed, x)

    np.testing.assert_allclose(run(product)(x, v), run(other)(x, v), rtol=1e-12)


CONTROL: dict[str, Program] = {
    "condition": lambda x: ft.cond(ft.reduce_sum(x) > 0, lambda: (x * x, x[0]), lambda: (x, -x[0])),
    "one side only": lambda x: ft.cond(x[0, 0] > 0, lambda: x * x, lambda: ft.zeros_like(x)),
    "loop": lambda x: ft.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, ft.sin(y) * x), (ft.constant(0), x)
    )[1],
    "data decides": lambda x: ft.while_loop(
        lambda y: ft.reduce_sum(y * y) < 100, lambda y: y * 2 + x, (x,)
    )[0],
}


@pytest.mark.parametrize("name", CONTROL)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_control_flow(name: str, sign: float) -> None:
    program, x, v = CONTROL[name], ft.constant(sign * X), ft.constant(DIRECTION)
    eager = ft.nest.flatten(jvp(program, x, v))
    traced = ft.function(lambda x, v: jvp(program, x, v))(x, v)
    outside = jvp(ft.function(program), x, v)
    step = 1e-6
    up, down = (
        ft.nest.flatten(program(ft.constant(sign * X + by * DIRECTION))) for by in (step, -step)
    )
    for numbers in zip(eager, ft.nest.flatten(traced), ft.nest.flatten(outside), up, down,
                       strict=True):  # fmt: skip
        slope = (numbers[3].numpy() - numbers[4].numpy()) / (2 * step)
        for found in numbers[:3]:
            actual = np.zeros_like(slope) if found is None else found.numpy()
            np.testing.assert_allclose(actual, slope, rtol=1e-6, atol=1e-8)


@both
def test_accumulators_nest(run: Any) -> None:
    def third(x: Any) -> Any:
        one = ft.ones_like(x)
        with ft.autodiff.ForwardAccumulator(x, one) as outer:
            with ft.autodiff.ForwardAccumulator(x, one) as middle:
                with ft.autodiff.ForwardAccumulator(x, one) as inner:
                    y = x**4 * 2
                first = inner.jvp(y)
            second = middle.jvp(first)
        return y, outer.jvp(y), first, second, outer.jvp(second)

    found = run(third)(ft.constant(1.5, ft.float64))
    assert [float(t) for t in found] == [10.125, 27, 27, 54, 72]


@both
def test_several_primals_and_structures(run: Any) -> None:
    def program(a: Any, b: Any) -> Any:
        with ft.autodiff.ForwardAccumulator({"a": a, "b": [b]}, {"a": a * 0 + 2, "b": [b]}) as acc:
            found = {"product": a * b, "other": [a + 1]}
        return acc.jvp(found)

    found = run(program)(ft.constant(3.0), ft.constant(5.0))
    assert float(found["product"]) == 2 * 5 + 3 * 5
    assert float(found["other"][0]) == 2


@both
def test_variables_are_primals(run: Any) -> None:
    v = ft.Variable([1.0, 2.0])

    def program() -> Any:
        with ft.autodiff.ForwardAccumulator(v, ft.constant([1.0, 10.0])) as acc:
            y = v * v
        return acc.jvp(y), acc.jvp(v)

    for tensor, expected in zip(run(program)(), ([2, 40], [1, 10]), strict=True):
        np.testing.assert_array_equal(tensor, expected)


def test_a_variable_within_a_traced_function() -> None:
    v = ft.Variable(3.0)
    f = ft.function(lambda x: v * v * x)
    with ft.autodiff.ForwardAccumulator(v, 1.0) as accumulator:
        y = f(ft.constant(5.0))
    assert float(accumulator.jvp(y)) == 30


def test_a_traced_function_that_assigns_changes_its_variable_once() -> None:
    v = ft.Variable(3.0)

    @ft.function
    def f(x: Any) -> Any:
        v.assign_add(1.0)
        return x * v

    x = ft.constant(2.0)
    with ft.autodiff.ForwardAccumulator(x, ft.constant(1.0)) as accumulator:
        y = f(x)
    assert (float(v), float(y), float(accumulator.jvp(y))) == (4, 8, 4)


def test_what_is_not_connected() -> None:
    x, other = ft.constant([1.0, 2.0]), ft.constant([5.0])
    with ft.autodiff.ForwardAccumulator(x, x) as accumulator:
        y, n = other * 2, ft.cast(x, ft.int32)
    assert accumulator.jvp(y) is None
    assert accumulator.jvp(n) is None
    zeros = accumulator.jvp(y, unconnected_gradients=ft.UnconnectedGradients.ZERO)
    np.testing.assert_array_equal(zeros, [0])
    np.testing.assert_array_equal(accumulator.jvp(y, "zero"), [0])


def test_only_what_runs_within_the_block_counts() -> None:
    x = ft.constant(3.0)
    accumulator = ft.autodiff.ForwardAccumulator(x, ft.constant(1.0))
    with accumulator:
        y = x * x
    z = y * 2
    assert accumulator.jvp(z) is None
    with accumulator:
        w = y * x
    assert float(accumulator.jvp(w)) == 27


def test_stop_gradient_stops() -> None:
    x = ft.constant(3.0)
    assert float(jvp(lambda x: x * ft.stop_gradient(x * x), x, ft.constant(1.0))) == 9


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x: ft.autodiff.ForwardAccumulator([x, x], [x, x]), "given twice"),
        (lambda x: ft.autodiff.ForwardAccumulator([x], [x, x]), "1 primals, 2 tangents"),
        (lambda x: ft.autodiff.ForwardAccumulator(x, [[1.0, 2.0]]), "1 primals, 2 tangents"),
        (lambda x: ft.autodiff.ForwardAccumulator(x, ft.constant([1.0])), r"received f32\[1\]"),
        (lambda x: ft.autodiff.ForwardAccumulator(x, ft.cast(x, "float64")), "must be like it"),
        (lambda _: ft.autodiff.ForwardAccumulator(1.0, 1.0), "a tensor or variable to watch"),
    ],
)
def test_what_is_refused(make: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(ft.constant([1.0, 2.0]))


def test_recording_twice_at_once_and_whole_numbers() -> None:
    x = ft.constant(1.0)
    accumulator = ft.autodiff.ForwardAccumulator(x, x)
    with accumulator, pytest.raises(RuntimeError, match="recording already"):
        accumulator.__enter__()
    n = ft.constant(1)
    with pytest.warns(UserWarning, match="int32 has no tangent"):
        accumulator = ft.autodiff.ForwardAccumulator(n, n)
    assert accumulator.jvp(n) is None


def test_tangents_go_with_their_tensors() -> None:
    x = ft.constant(np.ones(3))
    with ft.autodiff.ForwardAccumulator(x, x) as accumulator:
        for _ in range(5):
            x = x * 1.5
    assert len(accumulator._tangents) <= 3
    np.testing.assert_allclose(accumulator.jvp(x), np.full(3, 1.5**5))
