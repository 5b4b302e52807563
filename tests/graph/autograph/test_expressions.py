"""Expressions that decide, assert, print, and Python's own functions on tensors."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import freshet as ft


def test_conditional_expressions(agree: Any) -> None:
    def program(x):
        return x * 2 if x > 0 else (-x if x < -5 else 0)

    agree(program, 3, expected=6)
    agree(program, -3, expected=0)
    agree(program, -9, expected=9)


def test_and_or_not(agree: Any) -> None:
    def program(x, y):
        if x > 0 and y > 0:
            return 1
        if x > 0 or y > 0:
            return 2
        if not x == -1:
            return 3
        return 4

    for x, y, expected in [(1, 1, 1), (1, -1, 2), (-1, 1, 2), (-2, -1, 3), (-1, -1, 4)]:
        agree(program, x, y, expected=expected)


def test_what_is_not_needed_is_not_run(agree: Any) -> None:
    def program(values, i):
        size = len(values)
        while i < size and ft.gather(values, i) > 0:
            i += 1
        return i

    agree(program, [1.0, 2.0, -1.0, 3.0], 0, expected=2)
    agree(program, [1.0, 2.0], 0, expected=2)


def test_and_of_python_and_tensor(agree: Any) -> None:
    def program(x, use, other=None):
        if use and x > 0:
            x = x + 1
        if other is not None and other > 0:
            x = x + 10
        if not use or x > 100:
            x = x - 1
        return x

    agree(program, 3, True, expected=4)
    agree(program, 3, False, expected=2)
    assert int(ft.function(program)(ft.constant(3), True, ft.constant(1))) == 14


def test_and_returns_an_operand(agree: Any) -> None:
    def program(x, y):
        return (x and y) + 1, (x or y) + 1

    agree(program, 3, 5, expected=(6, 4))
    agree(program, 0, 5, expected=(1, 6))


def test_chains_of_comparisons(agree: Any) -> None:
    def program(x):
        if 0 < x <= 5:
            return 1
        if 10 > x > 5 != 6:
            return 2
        return 3

    for x, expected in [(3, 1), (5, 1), (7, 2), (20, 3), (-1, 3)]:
        agree(program, x, expected=expected)


def test_a_middle_operand_is_computed_once(agree: Any) -> None:
    calls = []

    def middle(x):
        calls.append(x)
        return x

    def program(x):
        return 0 < middle(x) < 5

    agree(program, 3, expected=True)
    assert len(calls) == 3


def test_assertions() -> None:
    @ft.function
    def program(x, n=1):
        assert n == 1, "of Python"
        assert x > 0, "of the program"
        return x

    assert int(program(ft.constant(3))) == 3
    with pytest.raises(ft.errors.InvalidArgumentError, match="of the program"):
        program(ft.constant(-3))
    with pytest.raises(AssertionError, match="of Python"):
        program(ft.constant(3), 2)


def test_print_prints_when_it_is_traced(capsys: Any) -> None:
    @ft.function
    def program(x):
        print("Tracing with", x)
        for i in range(x):
            print("step", i.dtype, sep="|")
        ft.print("Running with", x, output_stream=sys.stdout)
        return x

    program(ft.constant(3))
    program(ft.constant(2))
    assert capsys.readouterr().out.splitlines() == [
        "Tracing with Tensor('x_0', shape=(), dtype=int32)",
        "step|<dtype: 'int32'>",
        "Running with 3",
        "Running with 2",
    ]


def test_functions_of_numbers(agree: Any) -> None:
    def program(x):
        return abs(x), int(x), float(x), bool(x), max(x, 2.0), min(1.0, x), max([x, -x])

    agree(program, -2.5, expected=(2.5, -2, -2.5, True, 2.0, -2.5, 2.5))


def test_functions_of_sequences(agree: Any) -> None:
    def program(x):
        return sum(x), max(x), min(x), any(x > 2), all(x > 2), len(x), sum(x, 10)

    agree(program, [1, 5, 3], expected=(9, 5, 1, True, False, 3, 19))


def test_any_and_all_of_a_list_of_tensors(agree: Any) -> None:
    def program(x):
        return any([x > 1, x > 5]), all([x > 1, x > 5])

    agree(program, 3, expected=(True, False))


def test_sorted() -> None:
    traced = ft.function(lambda x: (sorted(x), sorted(x, reverse=True)))
    up, down = traced(ft.constant([2, 3, 1]))
    assert up.numpy().tolist() == [1, 2, 3]
    assert down.numpy().tolist() == [3, 2, 1]
    by = ft.function(lambda x: sorted(x, key=lambda v: -v))
    assert by(ft.constant([2, 3, 1])).numpy().tolist() == [3, 2, 1]


def test_map_and_filter_convert_their_function(agree: Any) -> None:
    def program(x):
        values = list(map(lambda v: v if v > 0 else -v, [x, x * 2]))
        return values, list(filter(None, [1, 0, 2]))

    agree(program, -3, expected=([3, 6], [1, 2]))


def test_range_is_a_tensor_where_it_is_a_value() -> None:
    @ft.function
    def program(n):
        r = range(n)
        return ft.reduce_sum(r)

    assert int(program(ft.constant(4))) == 6


def test_a_tensor_of_several_elements_is_no_condition() -> None:
    @ft.function
    def program(x):
        if x > 0:
            return x
        return -x

    with pytest.raises(
        ft.errors.InvalidArgumentError, match=r"single value.*bool\[2\].*reduce_any"
    ):
        program(ft.constant([1, 2]))


def test_not_is_element_by_element(agree: Any) -> None:
    traced = ft.function(lambda x: not x)
    np.testing.assert_array_equal(traced(ft.constant([True, False])), [False, True])
