"""`while` and `for` on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft


@pytest.mark.parametrize(("n", "steps"), [(27, 111), (1, 0), (6, 8)])
def test_while(agree: Any, n: int, steps: int) -> None:
    def collatz(n):
        count = 0
        while n != 1:
            if n % 2 == 0:
                n = n // 2
            else:
                n = 3 * n + 1
            count += 1
        return count

    agree(collatz, n, expected=steps)


def test_range_of_a_tensor(agree: Any) -> None:
    def up(n):
        total = 0
        for i in range(n):
            total += i
        return total

    def steps(a, b):
        total = 0
        for i in range(a, b, 3):
            total = total * 10 + i
        return total

    def down(a):
        total = 0
        for i in range(a, -1, -2):
            total = total * 10 + i
        return total

    agree(up, 5, expected=10)
    agree(up, 0, expected=0)
    agree(up, -3, expected=0)
    agree(steps, 1, 9, expected=147)
    agree(steps, 9, 1, expected=0)
    agree(down, 5, expected=531)
    agree(down, -5, expected=0)


def test_rows(agree: Any) -> None:
    def program(rows):
        total = ft.zeros([2])
        for row in rows:
            total = total * 2.0 + row
        return total

    agree(program, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], expected=np.array([15, 22]), python=False)


def test_rows_of_an_unknown_number() -> None:
    @ft.function(input_signature=[ft.TensorSpec([None, None])])
    def program(rows):
        total = 0.0
        for row in rows:
            for x in row:
                if x < 0:
                    break
                total += x
        return total, len(rows)

    total, count = program(np.array([[1, -2, 3], [4, 5, -1]], np.float32))
    assert (float(total), int(count)) == (10.0, 2)
    assert float(program(np.zeros([0, 3], np.float32))[0]) == 0


def test_enumerate_and_zip(agree: Any) -> None:
    def program(a, b):
        total = 0.0
        for i, (x, y) in enumerate(zip(a, b)):
            total += x * y + float(i)
        return total

    agree(program, [1.0, 2.0, 3.0], [4.0, 5.0], expected=15.0)

    def numbered(n):
        total = 0
        for i, k in enumerate(range(n), 10):
            total += i * k
        return total

    agree(numbered, 3, expected=11 + 24)


def test_a_range_beside_a_python_list(agree: Any) -> None:
    def program(x):
        total = x
        for weight, row in zip([1, 2], ft.stack([x, x + 1])):
            total += weight * row
        return total

    agree(program, 3, expected=3 + 3 + 8)


def test_python_sequences_are_unrolled(agree: Any) -> None:
    def program(x):
        found = []
        for k in [1, 2, 3]:
            if k == 2:
                continue
            found.append(x * k)
        for key, value in {"a": x}.items():
            found.append((key, value))
        return found

    agree(program, 2, expected=[2, 6, ("a", 2)])


def test_a_tensor_ends_a_loop_over_a_list(agree: Any) -> None:
    def program(x):
        total = 0
        for k in [1, 2, 3, 4]:
            if total > x:
                break
            total += k
        return total

    agree(program, 2, expected=3)
    agree(program, 100, expected=10)


def test_while_true_that_a_tensor_ends(agree: Any) -> None:
    def program(x):
        while True:
            x = x * 2
            if x > 100:
                break
        return x

    agree(program, 3, expected=192)


def test_tuples_rotate(agree: Any) -> None:
    def fibonacci(n):
        a, b = 0, 1
        for _ in range(n):
            a, b = b, a + b
        return a

    agree(fibonacci, 10, expected=55)


def test_structures_are_carried(agree: Any) -> None:
    def program(x):
        state = {"a": x, "b": [x, (x, x)]}
        for i in ft.range(3):
            state = {"a": state["a"] + i, "b": [state["b"][0] * 2, (state["a"], x)]}
            last = state["a"]
        return state, last

    agree(program, 1, expected=({"a": 4, "b": [8, (2, 1)]}, 4))


def test_the_loop_variable_keeps_its_last_value(agree: Any) -> None:
    def program(n):
        for i in range(n):
            square = i * i
        return i, square

    agree(program, 4, expected=(3, 9))


def test_a_loop_in_a_loop_in_a_condition(agree: Any) -> None:
    def program(n):
        total = 0
        if n > 2:
            for i in range(n):
                for j in range(i):
                    total += j
        else:
            total = -1
        return total

    agree(program, 4, expected=0 + 1 + 3)
    agree(program, 1, expected=-1)


def test_for_else_and_while_else(agree: Any) -> None:
    def first(n):
        for i in range(n):
            if i == 4:
                found = 1
                break
        else:
            return 0
        return 1

    def second(n):
        i = 0
        while i < n:
            i += 1
            if i > 3:
                break
        else:
            i = -1
        return i

    agree(first, 3, expected=0)
    agree(first, 9, expected=1)
    agree(second, 2, expected=-1)
    agree(second, 9, expected=4)


def test_an_assignment_within_the_test(agree: Any) -> None:
    def program(x):
        while (y := x * 2) < 50:
            x = y
        return x, y

    agree(program, 3, expected=(48, 96))


def test_a_number_becomes_what_a_step_makes_of_it(agree: Any) -> None:
    def program(values):
        largest = 0
        for v in values:
            largest = ft.maximum(v, 0.5)
        return largest

    agree(program, [0.25, 2.0], expected=2.0)


def test_none_before_the_loop_is_no_value(agree: Any) -> None:
    def program(n):
        last = None
        for i in range(n):
            last = i * 2
        return last

    agree(program, 4, expected=6)


def test_tensor_arrays(agree: Any) -> None:
    def growing(n):
        found = ft.TensorArray("float32", size=0, dynamic_size=True)
        for i in ft.range(n):
            found = found.write(i, ft.cast(i, "float32") * 2.0)
        return found.stack()

    def conditional(values):
        found = ft.TensorArray("float32", size=len(values))
        i, total = 0, 0.0
        for v in values:
            if v > 0:
                found = found.write(i, v)
            else:
                found = found.write(i, -v)
            i += 1
        for v in found.stack():
            total += v
        return found.stack(), total

    @ft.function
    def gone_over(n):
        found = ft.TensorArray("int32", size=n, element_shape=[])
        for i in ft.range(n):
            found = found.write(i, i * i)
        total = 0
        for v in found:
            total += v
        return total

    assert int(gone_over(ft.constant(4))) == 14
    agree(growing, 4, expected=np.array([0, 2, 4, 6]))
    agree(conditional, [1.0, -2.0, 3.0], expected=(np.array([1, 2, 3]), 6.0), python=False)


def test_annotations_and_unpacking(agree: Any) -> None:
    def program(n):
        total: int = 0
        first: int
        for i, (a, *b) in enumerate(ft.reshape(ft.range(12), [4, 3])):
            step: int = i * a
            if step > 3:
                total += step + b[0]
            else:
                first = step
                total += first
        return total + n

    agree(program, 1, expected=0 + 3 + 12 + 7 + 27 + 10 + 1)


def test_growing_needs_a_shape_invariant(agree: Any) -> None:
    def program(n):
        found = ft.zeros([0], "int32")
        for i in range(n):
            ft.autograph.experimental.set_loop_options(
                shape_invariants=[(found, ft.TensorShape([None]))]
            )
            found = ft.concat([found, [i * i]], 0)
        return found

    agree(program, 4, expected=np.array([0, 1, 4, 9]))


def test_at_most_so_many_steps() -> None:
    @ft.function
    def program(x):
        while x < 1000:
            ft.autograph.experimental.set_loop_options(maximum_iterations=3)
            x = x * 2
        return x

    assert int(program(ft.constant(1))) == 8


def test_gradients_flow_through_loops() -> None:
    @ft.function
    def gradient(x):
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = x
            while y < 100.0:
                y = y * x
        return tape.gradient(y, x)

    assert float(gradient(ft.constant(3.0))) == 5 * 3.0**4


def test_comprehensions_over_known_sizes(agree: Any) -> None:
    def program(rows):
        return sum([ft.reduce_sum(r) for r in rows])

    agree(program, [[1.0, 2.0], [3.0, 4.0]], expected=10.0)


def test_a_whole_training_in_a_loop() -> None:
    w, b = ft.Variable([[0.0], [0.0]]), ft.Variable(0.0)
    optimizer = ft.keras.optimizers.SGD(0.1)

    @ft.function
    def fit(x, y, steps):
        loss = 0.0
        for step in ft.range(steps):
            with ft.GradientTape() as tape:
                loss = ft.reduce_mean((ft.matmul(x, w) + b - y) ** 2)
            if step % 2 == 0 and loss < 1e-7:
                break
            gradients = tape.gradient(loss, [w, b])
            optimizer.apply_gradients(zip(gradients, [w, b]))
        return loss

    x = np.random.default_rng(0).normal(size=(32, 2)).astype(np.float32)
    y = (x @ [[1.0], [2.0]] + 3.0).astype(np.float32)
    assert float(fit(x, y, ft.constant(500))) < 1e-7
    np.testing.assert_allclose(w, [[1.0], [2.0]], atol=1e-2)
    assert int(optimizer.iterations) < 500


def test_the_graph_does_not_grow_with_the_number_of_steps() -> None:
    def program(n):
        total = 0
        for i in range(n):
            total += i
        return total

    traced = ft.function(program)
    assert int(traced(ft.constant(100))) == 4950
    assert int(traced(ft.constant(10_000))) == 49_995_000
    assert traced.experimental_get_tracing_count() == 1
    assert len(traced.get_concrete_function(ft.constant(1)).graph.nodes) < 20


def test_what_reduces_is_gone_over_by_its_reduce(agree: Any) -> None:
    class Data:
        element_spec = ft.TensorSpec([])

        def __iter__(self):
            return iter([1.0, 2.0, 3.0, 4.0])

        def reduce(self, state, function):
            for x in self:
                state = function(state, ft.constant(x))
            return state

    def program(limit):
        total = 0.0
        for x in Data():
            if total > limit:
                break
            total += x
        return total

    agree(program, 2.5, expected=3.0)


def test_second_gradients_flow_through_loops_and_conditions() -> None:
    @ft.function
    def second(x):
        with ft.GradientTape() as outer:
            outer.watch(x)
            with ft.GradientTape() as inner:
                inner.watch(x)
                y = x
                for _ in ft.range(3):
                    y = y * x
                if y > 0:
                    z = y * 2
                else:
                    z = y
            g = inner.gradient(z, x)
        return outer.gradient(g, x)

    assert float(second(ft.constant(2.0))) == 96.0
