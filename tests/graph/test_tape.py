"""`GradientTape` against calculus and finite differences, eager and traced."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft

Pair = namedtuple("Pair", ["a", "b"])
Program = Callable[[ft.Tensor], ft.Tensor]

PROGRAMS: dict[str, tuple[Program, Callable[[np.ndarray], np.ndarray]]] = {
    "polynomial": (lambda x: 3 * x**3 - x / 2, lambda x: 9 * x**2 - 0.5),
    "quotient": (lambda x: ft.exp(x) / (1 + x * x), lambda x: np.exp(x) * (1 - x) ** 2
                 / (1 + x * x) ** 2),
    "shared": (lambda x: ft.sin(x) * ft.cos(x) + x, lambda x: np.cos(2 * x) + 1),
    "branches": (lambda x: ft.where(x > 0, x * x, -x), lambda x: np.where(x > 0, 2 * x, -1)),
    "sum of all": (lambda x: x * ft.reduce_sum(x * x),
                   lambda x: np.sum(x * x) + 2 * x * np.sum(x)),
    "views": (lambda x: ft.transpose(ft.reshape(x[::-1] * [[1.0], [2.0]], [3, 2])),
              lambda x: np.array([[2.0], [1.0]]) * np.ones_like(x)),
    "used twice": (lambda x: ft.concat([x, x[:, 1:]], 1), lambda x: np.float64([[1, 2, 2]] * 2)),
}  # fmt: skip
X = np.array([[0.3, -1.2, 2.0], [1.5, 0.7, -0.4]])


def gradient(program: Program, x: ft.Tensor) -> Any:
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = program(x)
    return tape.gradient(y, x)


@pytest.mark.parametrize("trainable", [True, False])
def test_a_variable_is_its_own_target(trainable: bool) -> None:
    v = ft.Variable([2.0, 3.0], trainable=trainable)
    with ft.GradientTape(persistent=True) as tape:
        tape.watch(v)
        y = v * v
    np.testing.assert_array_equal(tape.gradient(v, v), [1, 1])
    np.testing.assert_array_equal(tape.gradient([y, v], v), [5, 7])
    with ft.GradientTape(watch_accessed_variables=False) as tape:
        y = v * v
    np.testing.assert_array_equal(tape.gradient([y, v], v), [1, 1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_calculus(name: str) -> None:
    program, derivative = PROGRAMS[name]
    x = ft.constant(X)
    eager = gradient(program, x)
    np.testing.assert_allclose(eager, derivative(X), rtol=1e-12, atol=1e-12)
    traced = ft.function(lambda x: gradient(program, x))(x)
    np.testing.assert_allclose(traced, eager, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_order_against_finite_differences(name: str) -> None:
    program = PROGRAMS[name][0]
    direction = np.random.default_rng(1).standard_normal(X.shape)

    def slope(x: Any) -> Any:
        return ft.reduce_sum(gradient(program, x) * direction)

    x = ft.constant(X)
    found = gradient(slope, x)
    numbers = np.zeros_like(X)
    for at in np.ndindex(X.shape):
        step = np.zeros_like(X)
        step[at] = 1e-5
        up, down = (float(slope(ft.constant(X + s))) for s in (step, -step))
        numbers[at] = (up - down) / 2e-5
    actual = np.zeros_like(X) if found is None else found
    np.testing.assert_allclose(actual, numbers, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])
def test_orders_up_to_four(run: Callable[..., Any]) -> None:
    def derivatives(x: ft.Tensor) -> list[ft.Tensor]:
        tapes = [ft.GradientTape(persistent=True) for _ in range(4)]
        for tape in tapes:
            tape.__enter__()
            tape.watch(x)
        found = [x**4]
        for tape in tapes:
            found.append(tape.gradient(found[-1], x))
        for tape in tapes:
            tape.__exit__(None, None, None)
        return found

    x = ft.constant(1.5, ft.float64)
    assert [float(v) for v in run(derivatives)(x)] == [
        1.5**4, 4 * 1.5**3, 12 * 1.5**2, 24 * 1.5, 24,
    ]  # fmt: skip


class TestWatching:
    def test_trainable_variables_are_watched_when_read(self) -> None:
        v, w = ft.Variable(3.0), ft.Variable(5.0, trainable=False)
        with ft.GradientTape() as tape:
            y = v * w
        assert tape.watched_variables() == (v,)
        assert [None if g is None else float(g) for g in tape.gradient(y, [v, w])] == [5, None]

    def test_any_variable_can_be_watched(self) -> None:
        v, w = ft.Variable(3.0), ft.Variable(5.0, trainable=False)
        for run in (lambda f: f, ft.function):

            def program() -> Any:
                with ft.GradientTape(watch_accessed_variables=False) as tape:
                    tape.watch(w)
                    y = v * w
                return tape.gradient(y, [v, w])

            found = run(program)()
            assert found[0] is None
            assert float(found[1]) == 3

    def test_a_tensor_is_followed_from_where_it_is_watched(self) -> None:
        x = ft.constant(3.0)
        with ft.GradientTape(persistent=True) as tape:
            before = x * x
            tape.watch(x)
            after = x * x
        assert tape.gradient(before, x) is None
        assert float(tape.gradient(after, x)) == 6

    def test_intermediate_tensors_are_sources_too(self) -> None:
        x = ft.constant(3.0)
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        assert float(tape.gradient(z, y)) == 18
        assert float(tape.gradient(z, x)) == 4 * 27
        assert float(tape.gradient(y, y)) == 1

    def test_several_at_once(self) -> None:
        x = {"a": ft.constant(2.0), "b": [ft.constant(5.0)]}
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = x["a"] * x["b"][0]
        found = tape.gradient(y, x)
        assert float(found["a"]) == 5
        assert float(found["b"][0]) == 2

    def test_only_tensors_can_be_watched(self) -> None:
        with ft.GradientTape() as tape, pytest.raises(ValueError, match="expected a tensor or var"):
            tape.watch(3.0)

    def test_integers_have_no_gradient(self) -> None:
        n = ft.constant(3)
        with ft.GradientTape() as tape:
            with pytest.warns(UserWarning, match="int32 has no gradient"):
                tape.watch(n)
            y = n * n
        with pytest.warns(UserWarning, match="the target is int32") as caught:
            assert tape.gradient(y, n) is None
        assert caught[0].filename == __file__

    def test_nothing_flows_through_integers(self) -> None:
        x = ft.constant([1.5, 2.5])
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.cast(ft.cast(x, ft.int32), ft.float32) * x
        np.testing.assert_array_equal(tape.gradient(y, x), [1, 2])


class TestRecording:
    def test_recording_can_stop(self) -> None:
        x = ft.constant([1.0, 2.0])
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                unseen = y * 2
            seen = y * 3 + unseen
        assert tape.gradient(unseen, x) is None
        np.testing.assert_array_equal(tape.gradient(seen, x), [6, 12])

    def test_stop_gradient_stops(self) -> None:
        x = ft.constant(3.0)
        assert float(gradient(lambda x: x * ft.stop_gradient(x * x), x)) == 9

    def test_nothing_is_recorded_after_the_block(self) -> None:
        x = ft.constant(3.0)
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        assert tape.gradient(y * 2, x) is None

    def test_reset_forgets(self) -> None:
        x = ft.constant(3.0)
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            tape.reset()
            tape.watch(x)
            z = x * 5
        assert float(tape.gradient([y, z], x)) == 5

    def test_a_tape_is_used_once(self) -> None:
        for first in ("gradient", "jacobian"):
            for second in ("gradient", "jacobian"):
                x = ft.constant([3.0])
                with ft.GradientTape() as tape:
                    tape.watch(x)
                    y = x * x
                getattr(tape, first)(y, x)
                with pytest.raises(RuntimeError, match=f"{second}: a tape can be used once"):
                    getattr(tape, second)(y, x)

    def test_a_persistent_tape_is_used_often(self) -> None:
        x = ft.constant([3.0])
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        for _ in range(2):
            np.testing.assert_array_equal(tape.gradient(y, x), [6])
            np.testing.assert_array_equal(tape.jacobian(y, x), [[6]])

    def test_a_tape_does_not_record_twice_at_once(self) -> None:
        tape = ft.GradientTape()
        with tape, pytest.raises(RuntimeError, match="recording already"):
            tape.__enter__()
        with pytest.raises(RuntimeError, match="not recording"), tape.stop_recording():
            pass

    def test_an_error_in_the_block_ends_the_recording(self) -> None:
        x = ft.constant(3.0)
        tape = ft.GradientTape()
        tape.watch(x)
        with pytest.raises(ft.errors.InvalidArgumentError), tape:
            ft.reshape(x, [7])
        assert tape.gradient(x * x, x) is None


class TestAssignments:
    @pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])
    def test_no_gradient_flows_through_an_assignment(self, run: Callable[..., Any]) -> None:
        v = ft.Variable(3.0)

        def program() -> Any:
            with ft.GradientTape(persistent=True) as tape:
                before = v * v
                v.assign(v * 2.0)
                after = v * v
            return tape.gradient(before, v), tape.gradient(after, v)

        found = run(program)()
        assert [float(g) for g in found] == [6, 12]
        assert float(v) == 6

    def test_reads_before_and_after_an_update_add_up(self) -> None:
        v = ft.Variable(3.0)
        with ft.GradientTape() as tape:
            y = v * v
            v.assign_add(1.0)
            y = y + v * v
        assert float(tape.gradient(y, v)) == 6 + 8

    @pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])
    def test_what_a_traced_function_reads_after_assigning_is_the_variable(self, run: Any) -> None:
        v = ft.Variable(3.0)

        @ft.function
        def f(x: Any) -> Any:
            before = v * x
            v.assign_add(1.0)
            middle = v * v
            v.assign(v * 2.0)
            return before + middle + v

        def program(x: Any) -> Any:
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            return [y, *tape.gradient(y, [v, x])]

        assert [float(t) for t in run(program)(ft.constant(10.0))] == [54, 10 + 8 + 1, 3]
        assert float(v) == 8

    def test_a_step_that_assigns_first(self) -> None:
        v = ft.Variable([1.0, 2.0])

        @ft.function
        def f() -> Any:
            v.assign([3.0, 4.0])
            return ft.reduce_sum(v * v)

        with ft.GradientTape() as tape:
            y = f()
        np.testing.assert_array_equal(tape.gradient(y, v), [6, 8])
        with ft.autodiff.ForwardAccumulator(v, ft.constant([1.0, 0.0])) as accumulator:
            y = f()
        assert float(accumulator.jvp(y)) == 6


class TestArguments:
    def test_structures_come_back_like_the_sources(self) -> None:
        x, y = ft.constant(2.0), ft.constant(3.0)
        sources = {"p": Pair(x, [y]), "q": (x,)}
        with ft.GradientTape() as tape:
            tape.watch([x, y])
            z = x * x * y
        found = tape.gradient(z, sources)
        ft.nest.assert_same_structure(found, sources)
        assert [float(g) for g in ft.nest.flatten(found)] == [12, 4, 12]

    def test_targets_add_up(self) -> None:
        x = ft.constant([1.0, 2.0])
        with ft.GradientTape() as tape:
            tape.watch(x)
            targets = {"a": x * x, "b": [x, ft.reduce_sum(x)]}
        np.testing.assert_array_equal(tape.gradient(targets, x), [2 + 1 + 1, 4 + 1 + 1])

    def test_output_gradients_weigh(self) -> None:
        x = ft.constant([1.0, 2.0])
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        np.testing.assert_array_equal(
            tape.gradient(y, x, output_gradients=ft.constant([3.0, 0.0])), [6, 0]
        )
        weights = [ft.constant([1.0, 1.0]), ft.constant([0.0, 5.0])]
        np.testing.assert_array_equal(tape.gradient([y, x], x, weights), [2, 4 + 5])
        with pytest.raises(
            ValueError, match=r"output gradient has shape \(3,\), the target \(2,\)"
        ):
            tape.gradient(y, x, ft.constant([1.0, 2.0, 3.0]))

    def test_unconnected_sources(self) -> None:
        x, v = ft.constant([1.0, 2.0]), ft.Variable([[3.0]])
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
        assert tape.gradient(y, [x, v])[1] is None
        zeros = tape.gradient(y, [x, v], unconnected_gradients="zero")[1]
        np.testing.assert_array_equal(zeros, [[0]])
        with pytest.raises(ValueError, match="must be 'none' or 'zero', received 'nil'"):
            tape.gradient(y, x, unconnected_gradients="nil")

    def test_a_source_must_be_a_tensor_or_variable(self) -> None:
        with ft.GradientTape() as tape:
            y = ft.Variable(1.0) * 2.0
        with pytest.raises(
            ValueError, match=r"a source must be a tensor or variable, received 1.0"
        ):
            tape.gradient(y, 1.0)


class TestJacobians:
    def test_of_a_vector(self) -> None:
        x, w = ft.constant([1.0, 2.0, 3.0]), ft.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
        with ft.GradientTape() as tape:
            tape.watch([x, w])
            y = ft.tensordot(w, x, 1)
        by_x, by_w = tape.jacobian(y, [x, w])
        np.testing.assert_array_equal(by_x, w)
        expected = np.einsum("ij,k->ijk", np.eye(2), x.numpy())
        np.testing.assert_array_equal(by_w, expected)

    def test_of_a_scalar_and_nothing(self) -> None:
        x, other = ft.constant([1.0, 2.0]), ft.constant([7.0])
        with ft.GradientTape(persistent=True) as tape:
            tape.watch([x, other])
            y = ft.reduce_sum(x * x)
            empty = x[:0] * 2
        np.testing.assert_array_equal(tape.jacobian(y, x), [2, 4])
        assert tape.jacobian(y, other) is None
        zeros = tape.jacobian(y, other, unconnected_gradients="zero")
        np.testing.assert_array_equal(zeros, [0])
        assert tape.jacobian(empty, x).shape == (0, 2)

    def test_a_hessian(self) -> None:
        x = ft.constant([1.0, 2.0, 3.0])
        for run in (lambda f: f, ft.function):

            def hessian(x: ft.Tensor) -> Any:
                with ft.GradientTape() as outer:
                    outer.watch(x)
                    with ft.GradientTape() as inner:
                        inner.watch(x)
                        y = x[0] ** 2 * x[1] + x[2] ** 3
                    slope = inner.gradient(y, x)
                return outer.jacobian(slope, x)

            np.testing.assert_array_equal(run(hessian)(x), [[4, 2, 0], [2, 0, 0], [0, 0, 18]])

    @pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])
    def test_by_example(self, run: Callable[..., Any]) -> None:
        rng = np.random.default_rng(0)
        x, w = rng.standard_normal([4, 2, 3]), rng.standard_normal([3, 5])

        def program(x: ft.Tensor) -> Any:
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = ft.tanh(ft.matmul(x, ft.constant(w)))
            return y, tape.batch_jacobian(y, x)

        y, found = run(program)(ft.constant(x))
        expected = np.einsum("bio,ij,co->bioj" + "c", 1 - y.numpy() ** 2, np.eye(2), w)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)

    @pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])
    def test_all_rows_at_once_and_one_by_one(self, run: Callable[..., Any]) -> None:
        rng = np.random.default_rng(0)
        x, w = ft.constant(rng.standard_normal([3, 4])), ft.Variable(rng.standard_normal([4, 3]))

        def program(x: ft.Tensor, at_once: bool) -> Any:
            with ft.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = ft.nn.softmax(ft.matmul(x, w)) * x[0, 0]
                z = y * 2.0
            whole = tape.jacobian(y, {"x": x, "w": w}, experimental_use_pfor=at_once)
            return whole, tape.batch_jacobian(z, x, experimental_use_pfor=at_once)

        (one, by_row), (other, by_row_too) = (run(program)(x, b) for b in (True, False))
        assert one["x"].shape == (3, 3, 3, 4)
        assert one["w"].shape == (3, 3, 4, 3)
        for key in "xw":
            np.testing.assert_allclose(one[key], other[key], rtol=1e-12, atol=1e-14)
        assert by_row.shape == (3, 3, 4)
        np.testing.assert_allclose(by_row, by_row_too, rtol=1e-12, atol=1e-14)

    def test_of_a_number_of_examples_that_is_not_known(self) -> None:
        @ft.function(input_signature=[ft.TensorSpec([None, 3])])
        def f(x: ft.Tensor) -> Any:
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            return tape.batch_jacobian(y, x)

        expected = np.stack([np.diag([2.0, 4, 6])] * 5)
        np.testing.assert_array_equal(f(np.float32([[1, 2, 3]] * 5)), expected)

    def test_a_jacobian_of_a_traced_function_and_its_gradient(self) -> None:
        f = ft.function(lambda x: x**3 * ft.reduce_sum(x))
        x = ft.constant([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], ft.float64)
        with ft.GradientTape() as outer:
            outer.watch(x)
            with ft.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            rows = inner.jacobian(y, x)
        a = x.numpy()
        np.testing.assert_allclose(rows, np.diag(3 * a**2 * a.sum()) + a[:, None] ** 3)
        expected = 6 * a * a.sum() + 3 * np.sum(a**2) + 3 * len(a) * a**2
        np.testing.assert_allclose(outer.gradient(rows, x), expected)

    def test_by_example_of_what_does_not_fit(self) -> None:
        x = ft.constant([1.0, 2.0])
        with ft.GradientTape(persistent=True) as tape:
            tape.watch(x)
            total, long = ft.reduce_sum(x), ft.concat([x, x], 0)
        with pytest.raises(ValueError, match="need a batch dimension"):
            tape.batch_jacobian(total, x)
        with pytest.raises(ValueError, match="the target has 4 rows, the source 2"):
            tape.batch_jacobian(long, x)
        assert tape.batch_jacobian(long[:2], ft.constant([1.0, 2.0])) is None
        np.testing.assert_array_equal(tape.batch_jacobian(long[2:] * 1.0, x, "zero"), [0, 0])
