"""Tensor arrays that grow within loops: in branches, in loops of loops, of sizes data decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft

A = np.float32([1, 2])


def known(function: Callable[..., Any]) -> Any:
    return ft.function(function)


def unknown(function: Callable[..., Any]) -> Any:
    return ft.function(
        function, input_signature=[ft.TensorSpec([None]), ft.TensorSpec([], ft.int32)]
    )


traced = pytest.mark.parametrize("trace", [known, unknown])


def growing() -> Any:
    return ft.TensorArray(ft.float32, size=0, dynamic_size=True)


def check(trace: Any, program: Any, rows: Callable[[int], list[Any]], *counts: int) -> None:
    """Compare with a list of rows."""
    run = trace(program)
    for n in counts:
        expected = np.float32(rows(n)).reshape(-1, 2)
        np.testing.assert_array_equal(run(ft.constant(A), ft.constant(n)), expected)


@traced
def test_written_in_a_branch(trace: Any) -> None:
    def program(x: Any, n: Any) -> Any:
        array = growing()
        for i in ft.range(n):
            if i % 2 == 0:
                array = array.write(array.size(), x * ft.cast(i, ft.float32))
        return array.stack()

    check(trace, program, lambda n: [A * i for i in range(0, n, 2)], 5, 2, 0)


@traced
def test_written_in_branches_of_branches_and_loops_of_loops(trace: Any) -> None:
    def program(x: Any, n: Any) -> Any:
        array = growing()
        for i in ft.range(n):
            j = 0
            while j < i:
                if j % 2 == 0:
                    if i > 2:
                        x = -x
                    array = array.write(array.size(), x)
                j += 1
        return array.stack()

    # Of i = 1 and 2 one row each; then the sign changes with each: for i = 3 twice, 4 twice.
    check(trace, program, lambda n: [A, A, -A, A, -A, A] if n == 5 else [], 5, 1)


@traced
def test_written_several_times_a_step(trace: Any) -> None:
    def program(x: Any, n: Any) -> Any:
        array = growing().write(0, x)
        for _ in ft.range(n):
            array = array.write(array.size(), x)
            array = array.write(array.size(), -x)
        return array.stack()

    check(trace, program, lambda n: [A, *([A, -A] * n)], 4, 0)


@traced
def test_gradients(trace: Any) -> None:
    @trace
    def program(x: Any, n: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            array = growing()
            for i in ft.range(n):
                y = ft.concat([x, x * x[0]], 0)
                if i % 3 != 1:
                    array = array.write(array.size(), y * ft.cast(i, ft.float32))
            total = ft.reduce_sum(array.stack() * [1.0, 2.0, 3.0, 4.0])
        return total, tape.gradient(total, x)

    total, slope = program(ft.constant(A), ft.constant(5))
    # Rows 0, 2 and 3 of i * (a, b, a**2, a b), times 1, 2, 3, 4.
    weight = 0 + 2 + 3
    a, b = A
    assert float(total) == weight * (a + 2 * b + 3 * a**2 + 4 * a * b)
    np.testing.assert_array_equal(slope, weight * np.array([1 + 6 * a + 4 * b, 2 + 4 * a]))


def test_of_sizes_that_data_decides() -> None:
    @unknown
    def program(x: Any, n: Any) -> Any:
        def step(i: Any, array: Any) -> Any:
            positive = lambda: array.write(array.size(), ft.boolean_mask(x, x > 1.5))  # noqa: E731
            return i + 1, ft.cond(i % 2 == 0, positive, lambda: array)

        return ft.while_loop(lambda i, _: i < n, step, (0, growing()))[1].stack()

    assert program(ft.constant(A), ft.constant(5)).numpy().tolist() == [[2], [2], [2]]
    assert program(ft.constant([7.0, 8.0, 0.0]), ft.constant(1)).numpy().tolist() == [[7, 8]]


def test_of_a_fixed_number_written_in_both_branches() -> None:
    @unknown
    def program(x: Any, n: Any) -> Any:
        array = ft.TensorArray(ft.float32, size=n)
        for i in ft.range(n):
            array = array.write(i, x) if i % 2 == 0 else array.write(i, -x)
        return array.stack()

    assert program(ft.constant(A), ft.constant(3)).numpy().tolist() == [[1, 2], [-1, -2], [1, 2]]


def test_what_a_branch_checks_is_not_checked_ahead_of_it() -> None:
    @unknown
    def program(x: Any, n: Any) -> Any:
        array = growing()
        for i in ft.range(4):
            if i < n:
                array = array.write(array.size(), ft.gather(x, [i, i]))
        return array.stack()

    assert program(ft.constant(A), ft.constant(2)).numpy().tolist() == [[1, 1], [2, 2]]
    assert program(ft.constant(A[:0]), ft.constant(0)).shape == (0, 2)


def test_the_loop_stays_in_the_native_program() -> None:
    @ft.function
    def program(x: Any, n: Any) -> Any:
        array = growing()
        for i in ft.range(n):
            for _ in ft.range(i):
                if i != 2:
                    array = array.write(array.size(), x)
        return array.stack()

    assert program(ft.constant(A), ft.constant(4)).shape == (4, 2)
    graph = program.get_concrete_function(ft.constant(A), ft.constant(4)).graph
    assert sum(n.primitive.name == "while" for n in graph.nodes) == 2  # the count, the loop


def test_where_python_decides_what_is_written_the_steps_are_counted() -> None:
    calls = []

    def wanted(i: Any) -> Any:
        calls.append(int(i))
        return i % 2 == 0

    @ft.function
    def program(x: Any, n: Any) -> Any:
        array = growing()
        i = 0
        while i < n:
            keep = ft.numpy_function(wanted, [i], ft.bool)
            keep.set_shape([])
            if keep:
                array = array.write(array.size(), x)
            i += 1
        return array.stack()

    assert program(ft.constant(A), ft.constant(5)).shape == (3, 2)
    assert calls == [0, 1, 2, 3, 4]
