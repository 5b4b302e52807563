"""Control flow on tensors: the same result eagerly, traced and differentiated."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.config import config
from freshet.graph.function import Function
from freshet.graph.parsing import parse
from freshet.runtime.execute import NativeExecutor


def program_of(function: Function, *args: Any) -> Any:
    concrete = function.get_concrete_function(*args)
    executor: NativeExecutor = concrete.executor
    arrays = [a._value for a in args]
    return executor.executable(arrays, concrete.captured_variables).program


@pytest.fixture(params=["native", "numpy"])
def backend(request: pytest.FixtureRequest) -> str:
    config.backend = request.param
    return request.param


def both(function: Callable[..., Any], *args: Any) -> list[Any]:
    """Return the results of a function eagerly and traced."""
    return [function(*args), ft.function(function)(*args)]


# --- conditions -----------------------------------------------------------------------------------


def piecewise(x: ft.Tensor) -> ft.Tensor:
    return ft.cond(ft.reduce_sum(x) > 0, lambda: x * 2.0, lambda: ft.exp(x))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("value", [[1.0, 2.0], [-1.0, -2.0]])
def test_a_condition_runs_one_branch(value: list[float]) -> None:
    x = np.float32(value)
    expected = x * 2 if x.sum() > 0 else np.exp(x)
    for found in both(piecewise, ft.constant(x)):
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_condition_is_part_of_the_native_program() -> None:
    program = program_of(ft.function(piecewise), ft.constant([1.0, 2.0]))
    assert program.has_jumps
    assert len(program.work) == len(program.kernels), "nothing returns to Python"


def test_branches_nest_and_return_structures() -> None:
    def f(x: ft.Tensor) -> Any:
        def inner() -> Any:
            return ft.cond(
                x > 10, lambda: {"a": x, "b": (x + 1, 2)}, lambda: {"a": -x, "b": (x, 3)}
            )

        return ft.cond(x > 0, inner, lambda: {"a": x * 0, "b": (x * 0, 0)})

    for value, expected in ((11.0, (11.0, 12.0, 2)), (5.0, (-5.0, 5.0, 3)), (-1.0, (0, 0, 0))):
        for found in both(f, ft.constant(value)):
            assert (found["a"].numpy(), found["b"][0].numpy(), found["b"][1]) == expected


def test_branches_assign_variables() -> None:
    v, w = ft.Variable(0.0), ft.Variable(1.0)

    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        def then() -> ft.Tensor:
            v.assign_add(x)
            return v + w

        def otherwise() -> ft.Tensor:
            w.assign(w * 2.0)
            return v - w

        return ft.cond(x > 0, then, otherwise) + v

    assert float(f(ft.constant(3.0))) == 7.0
    assert (float(v), float(w)) == (3.0, 1.0)
    assert float(f(ft.constant(-3.0))) == 4.0
    assert (float(v), float(w)) == (3.0, 2.0)


def test_sizes_may_differ_between_branches() -> None:
    @ft.function
    def f(x: ft.Tensor, first: ft.Tensor) -> ft.Tensor:
        part = ft.cond(first, lambda: x[:1], lambda: x[:3])
        return ft.reduce_sum(part) + ft.cast(ft.size(part), ft.float32)

    x = ft.constant([1.0, 2.0, 3.0, 4.0])
    assert float(f(x, ft.constant(True))) == 2.0
    assert float(f(x, ft.constant(False))) == 9.0


def test_a_branch_may_print_and_return_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        ft.cond(x > 0, lambda: ft.print("positive", output_stream=sys.stdout), lambda: None)
        return x

    f(ft.constant(1.0))
    f(ft.constant(-1.0))
    assert capfd.readouterr().out == "positive\n"


@pytest.mark.parametrize("value", [2.0, -1.0])
def test_gradients_go_through_the_branch_that_ran(value: float) -> None:
    def f(x: ft.Tensor) -> ft.Tensor:
        return ft.cond(x > 0, lambda: x**3, lambda: ft.exp(2.0 * x))

    def slope(x: ft.Tensor) -> list[ft.Tensor]:
        with ft.GradientTape() as outer:
            outer.watch(x)
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            first = tape.gradient(y, x)
        return [first, outer.gradient(first, x)]

    x = value
    wanted = [3 * x**2, 6 * x] if x > 0 else [2 * np.exp(2 * x), 4 * np.exp(2 * x)]
    for found in both(slope, ft.constant(value)):
        np.testing.assert_allclose([float(t) for t in found], wanted, rtol=1e-5)
    traced = ft.function(f)
    with ft.GradientTape() as tape:
        v = ft.Variable(value)
        y = traced(v.value())
    np.testing.assert_allclose(float(tape.gradient(y, v)), wanted[0], rtol=1e-5)


@pytest.mark.parametrize(
    ("true_fn", "false_fn", "message"),
    [
        (lambda x: (x, x), lambda x: x, "true_fn returns the structure"),
        (lambda x: x, lambda x: ft.cast(x, ft.int32), "same dtype"),
        (lambda x: x, lambda x: ft.stack([x, x]), "number of dimensions"),
    ],
)
def test_branches_that_do_not_agree_are_refused(true_fn: Any, false_fn: Any, message: str) -> None:
    @ft.function
    def f(x: ft.Tensor) -> Any:
        return ft.cond(x > 0, lambda: true_fn(x), lambda: false_fn(x))

    with pytest.raises(ft.errors.InvalidArgumentError, match=message):
        f(ft.constant(1.0))


def test_what_is_no_predicate_is_refused() -> None:
    with pytest.raises(TypeError, match="false_fn must be a function"):
        ft.cond(True, lambda: 1)
    with pytest.raises(ft.errors.InvalidArgumentError, match="single boolean"):
        ft.function(lambda x: ft.cond(x > 0, lambda: x, lambda: -x))(ft.constant([1.0, 2.0]))
    with pytest.raises(TypeError, match="must be a boolean"):
        ft.function(lambda x: ft.cond(x, lambda: x, lambda: -x))(ft.constant(1.0))


# --- loops ----------------------------------------------------------------------------------------


def collatz(n: ft.Tensor) -> ft.Tensor:
    def step(n: ft.Tensor, count: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
        return ft.where(n % 2 == 0, n // 2, 3 * n + 1), count + 1

    return ft.while_loop(lambda n, count: n > 1, step, [n, 0])[1]


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(("number", "steps"), [(1, 0), (6, 8), (27, 111)])
def test_a_loop_runs_as_often_as_its_condition_holds(number: int, steps: int) -> None:
    for found in both(collatz, ft.constant(number)):
        assert int(found) == steps


def test_a_loop_never_returns_to_python() -> None:
    program = program_of(ft.function(collatz), ft.constant(27))
    assert program.has_jumps
    assert len(program.work) == len(program.kernels)


def test_values_swap_places() -> None:
    def f(a: ft.Tensor, b: ft.Tensor) -> Any:
        return ft.while_loop(lambda i, a, b: i < 5, lambda i, a, b: (i + 1, b, a), (0, a, b))

    for _, a, b in both(f, ft.constant([1.0, 2.0]), ft.constant([3.0, 4.0])):
        assert a.numpy().tolist() == [3.0, 4.0]
        assert b.numpy().tolist() == [1.0, 2.0]


def test_loops_nest_with_conditions_and_variables() -> None:
    v = ft.Variable(0)

    @ft.function
    def f(n: ft.Tensor) -> ft.Tensor:
        def outer(i: ft.Tensor, total: ft.Tensor) -> Any:
            def inner(j: ft.Tensor, total: ft.Tensor) -> Any:
                ft.cond(j % 2 == 0, lambda: v.assign_add(1).value(), lambda: v.value())
                return j + 1, total + i * j

            return i + 1, ft.while_loop(lambda j, t: j < i, inner, (0, total))[1]

        return ft.while_loop(lambda i, t: i < n, outer, (0, 0))[1]

    expected = sum(i * j for i in range(6) for j in range(i))
    assert int(f(ft.constant(6))) == expected
    assert int(v) == sum(1 for i in range(6) for j in range(i) if j % 2 == 0)


def test_a_limit_ends_a_loop() -> None:
    def f(n: ft.Tensor) -> ft.Tensor:
        return ft.while_loop(lambda i: i < 100, lambda i: [i + 1], [0], maximum_iterations=n)[0]

    assert [int(t) for t in both(f, ft.constant(7))] == [7, 7]


def test_shapes_may_grow_where_invariants_say_so() -> None:
    def f(n: ft.Tensor) -> ft.Tensor:
        def step(i: ft.Tensor, x: ft.Tensor) -> Any:
            return i + 1, ft.concat([x, [ft.cast(i, ft.float32)]], 0)

        shapes = (ft.TensorShape([]), ft.TensorShape([None]))
        start = (0, ft.zeros([0]))
        return ft.while_loop(lambda i, x: i < n, step, start, shape_invariants=shapes)[1] * 2.0

    for found in both(f, ft.constant(4)):
        assert found.numpy().tolist() == [0.0, 2.0, 4.0, 6.0]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (lambda i, x: (i + 1, ft.cast(x, ft.int32)), "keep its dtype"),
        (lambda i, x: (i + 1, ft.concat([x, x], 0)), "shape_invariants"),
        (lambda i, x: (i + 1,), "nest like"),
    ],
)
def test_a_step_that_changes_too_much_is_refused(body: Any, message: str) -> None:
    @ft.function
    def f() -> Any:
        return ft.while_loop(lambda i, x: i < 3, body, (0, ft.zeros([2])))

    with pytest.raises(ft.errors.InvalidArgumentError, match=message) as caught:
        f()
    assert "test_control_flow.py" in str(caught.value)


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_gradients_go_through_loops(known: bool) -> None:
    def f(a: ft.Tensor, n: ft.Tensor) -> list[ft.Tensor]:
        with ft.GradientTape() as tape:
            tape.watch(a)
            limit = 5 if known else n
            y = ft.while_loop(lambda x, i: i < limit, lambda x, i: (ft.sin(x) * a, i + 1), [a, 0])[
                0
            ]
        return [y, tape.gradient(y, a)]

    a, n = ft.constant([0.3, 1.2]), ft.constant(5)
    eager, traced = both(f, a, n)
    for x, y in zip(eager, traced, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5)


def test_a_traced_loop_is_differentiated_from_outside() -> None:
    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        return ft.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), (0, x))[1]

    x = ft.constant(1.5)
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = f(x, ft.constant(3))
    assert float(y) == 1.5**4
    assert float(tape.gradient(y, x)) == 4 * 1.5**3


def test_graphs_with_control_flow_print_and_parse() -> None:
    graph = ft.function(collatz).get_concrete_function(ft.constant(3)).graph
    printed = str(graph)
    assert "graph condition" in printed
    assert "graph body" in printed
    assert str(parse(printed)).split() == [
        w for line in printed.splitlines() for w in line.split("  #")[0].split()
    ]


def test_the_bits_do_not_depend_on_the_number_of_threads() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        def step(i: ft.Tensor, x: ft.Tensor) -> Any:
            return i + 1, ft.nn.softmax(ft.matmul(x, x) / 50.0)

        return ft.while_loop(lambda i, x: i < 3, step, (0, x))[1]

    x = ft.constant(np.random.default_rng(1).standard_normal((120, 120)).astype(np.float32))
    results = []
    for count in (1, 2, 3):
        config.num_threads = count
        results.append(f(x).numpy().tobytes())
    assert len(set(results)) == 1


def test_a_failed_check_in_a_loop_names_the_line_and_leaves_variables() -> None:
    v = ft.Variable([1.0, 2.0])

    @ft.function
    def f(n: ft.Tensor) -> None:
        def step(i: ft.Tensor, total: ft.Tensor) -> Any:
            return i + 1, total + ft.gather([1.0, 2.0, 3.0], i)  # the wrong line

        total = ft.while_loop(lambda i, t: i < n, step, (0, 0.0))[1]
        v.assign(v + total)

    f(ft.constant(3))
    assert v.numpy().tolist() == [7.0, 8.0]
    with pytest.raises(ft.errors.InvalidArgumentError, match="the wrong line"):
        f(ft.constant(4))
    assert v.numpy().tolist() == [7.0, 8.0]


# --- several branches -----------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "expected"), [(0, 1.0), (1, 2.0), (2, 3.0), (9, 3.0), (-1, 3.0)])
def test_switch_case_takes_the_last_for_other_numbers(index: int, expected: float) -> None:
    def f(i: ft.Tensor) -> ft.Tensor:
        return ft.switch_case(i, [lambda: 1.0, lambda: 2.0, lambda: 3.0])

    assert [float(t) for t in both(f, ft.constant(index))] == [expected] * 2


def test_switch_case_takes_numbers_and_a_default() -> None:
    def f(i: ft.Tensor) -> ft.Tensor:
        return ft.switch_case(i, {3: lambda: 1.0, 5: lambda: 2.0}, default=lambda: 0.0)

    assert [float(ft.function(f)(ft.constant(i))) for i in (3, 5, 4)] == [1.0, 2.0, 0.0]


def test_case_takes_the_first_that_holds() -> None:
    def f(x: ft.Tensor) -> ft.Tensor:
        return ft.case([(x > 10, lambda: 2.0), (x > 5, lambda: 1.0)], default=lambda: 0.0)

    for value, expected in ((11, 2.0), (6, 1.0), (1, 0.0)):
        assert [float(t) for t in both(f, ft.constant(value))] == [expected] * 2


def test_case_without_a_match_or_with_two_is_refused() -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match="no predicate holds"):
        ft.case([(False, lambda: 1.0)])
    with pytest.raises(ft.errors.InvalidArgumentError, match="exclusive"):
        ft.case([(True, lambda: 1.0), (True, lambda: 2.0)], exclusive=True)
    with pytest.raises(ft.errors.InvalidArgumentError, match="empty"):
        ft.switch_case(0, [])


def test_a_branch_that_returns_to_python_keeps_its_result(
    capfd: pytest.CaptureFixture[str],
) -> None:
    @ft.function
    def f(n: ft.Tensor) -> Any:
        def step(i: ft.Tensor, stop: ft.Tensor) -> Any:
            def late() -> ft.Tensor:
                def shown() -> ft.Tensor:
                    ft.print("at", i, output_stream=sys.stdout)
                    return ft.constant(True)

                return ft.cond(i >= 3, shown, lambda: stop)

            return i + 1, ft.cond(i < 2, lambda: stop, late)

        return ft.while_loop(lambda i, stop: (i < n) & ~stop, step, [0, False])

    steps, stopped = f(ft.constant(9))
    assert (int(steps), bool(stopped)) == (4, True)
    assert capfd.readouterr().out == "at 3\n"


def test_a_branch_may_do_nothing_but_return_to_python_in_a_loop() -> None:
    @ft.function
    def f(a: ft.Tensor) -> ft.Tensor:
        def step(i: ft.Tensor, a: ft.Tensor) -> Any:
            def swapped() -> ft.Tensor:
                return ft.tensor_scatter_nd_update(a, [[i], [i + 1]], [a[i + 1], a[i]])

            return i + 1, ft.cond(a[i] > a[i + 1], swapped, lambda: a)

        return ft.while_loop(lambda i, a: i < 3, step, [0, a])[1]

    assert f(ft.constant([4.0, 1.0, 3.0, 2.0])).numpy().tolist() == [1.0, 3.0, 2.0, 4.0]


def test_more_threads_than_processors_stay_in_step() -> None:
    # A thread that is late to read a loop's boolean must read it before the next run writes it.
    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        def step(i: ft.Tensor, x: ft.Tensor) -> Any:
            changed = ft.cond(i % 2 == 0, lambda: ft.nn.softmax(ft.matmul(x, x)), lambda: x * 0.5)
            return i + 1, changed

        return ft.while_loop(lambda i, x: i < n, step, (0, x))[1]

    x = ft.constant(np.random.default_rng(1).standard_normal((120, 120)).astype(np.float32))
    results = set()
    for turn in range(60):
        config.num_threads = 1 + turn % 4
        results.update(f(x, ft.constant(3)).numpy().tobytes() for _ in range(4))
    assert len(results) == 1


# --- variables that branches and loops assign -----------------------------------------------------


def assigned_and_read(v: ft.Variable, x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
    """Each reading is one of the variable, as it is then; no gradient flows through assignments."""
    y = ft.constant(0.0)
    for i in ft.range(n):
        y += v * x
        v.assign(v * 3.0)
        if i > 0:
            v.assign_add(1.0)
            y += v * v
    return y * v


def by_hand(v: float, x: float, n: int) -> tuple[float, float, float]:
    """Return the result and its derivatives for the variable and for x."""
    y = of_v = of_x = 0.0
    for i in range(n):
        y, of_v, of_x = y + v * x, of_v + x, of_x + v
        v *= 3.0
        if i > 0:
            v += 1.0
            y, of_v = y + v * v, of_v + 2 * v
    return y * v, of_v * v + y, of_x * v


@pytest.mark.parametrize("n", [0, 1, 3])
def test_gradients_of_a_variable_that_branches_and_loops_assign(n: int) -> None:
    v = ft.Variable(2.0)

    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        return assigned_and_read(v, x, n)

    @ft.function
    def inside(x: ft.Tensor, n: ft.Tensor) -> list[ft.Tensor]:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = assigned_and_read(v, x, n)
        return [y, *tape.gradient(y, [v, x], unconnected_gradients="zero")]

    x, steps = ft.constant(1.5), ft.constant(n)
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = f(x, steps)
    outside = [y, *tape.gradient(y, [v, x], unconnected_gradients="zero")]
    v.assign(2.0)
    for found in (outside, inside(x, steps)):
        assert [float(t) for t in found] == list(by_hand(2.0, 1.5, n))


def test_a_loop_still_changes_its_variable_in_place() -> None:
    v = ft.Variable(ft.ones([1000]))

    @ft.function
    def f(n: ft.Tensor) -> None:
        for _ in ft.range(n):
            v.assign_add(v * 2.0)

    f(ft.constant(3))
    assert float(v[0]) == 27
    concrete = f.get_concrete_function(ft.constant(3))
    program = concrete.executor.executable([np.int32(3)], concrete.captured_variables).program
    assert program.arena_bytes < v.dtype.size * 1000
    assert not any(t.shape == (1000,) for t in program.outputs)
