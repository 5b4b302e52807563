"""`if` on tensors, and what its branches may do with variables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft


@pytest.mark.parametrize(("x", "expected"), [(3, 6), (-3, 3), (0, 0)])
def test_both_branches(agree: Any, x: int, expected: int) -> None:
    def program(x):
        if x > 0:
            y = x * 2
        else:
            y = -x
        return y

    agree(program, x, expected=expected)


@pytest.mark.parametrize(("x", "expected"), [(12, 1), (7, 2), (3, 3), (-1, 4)])
def test_elif(agree: Any, x: int, expected: int) -> None:
    def program(x):
        if x > 10:
            kind = 1
        elif x > 5:
            kind = 2
        elif x > 0:
            kind = 3
        else:
            kind = 4
        return kind

    agree(program, x, expected=expected)


@pytest.mark.parametrize(("x", "expected"), [(3, (4, 3)), (-3, (-3, -3))])
def test_without_else_a_variable_keeps_its_value(agree: Any, x: int, expected: Any) -> None:
    def program(x):
        before = x
        if x > 0:
            x = x + 1
        return x, before

    agree(program, x, expected=expected)


def test_a_branch_sees_what_was_before_it_not_the_other(agree: Any) -> None:
    def program(x):
        a = x
        if x > 100:
            a = a + 1
            b = a
        else:
            b = a * 10
        return a, b

    agree(program, 2, expected=(2, 20))
    agree(program, 200, expected=(201, 201))


def test_a_number_is_a_condition(agree: Any) -> None:
    def program(x):
        if x:
            return 1
        return 2

    agree(program, 5, expected=1)
    agree(program, 0, expected=2)
    agree(program, 0.5, expected=1)
    agree(program, [[3.0]], expected=1)


def test_structures_in_branches(agree: Any) -> None:
    def program(x):
        pair = (x, {"a": x})
        if x > 0:
            pair = (x + 1, {"a": x * 2})
        return pair

    agree(program, 3, expected=(4, {"a": 6}))
    agree(program, -3, expected=(-3, {"a": -3}))


def test_numbers_take_the_dtype_of_the_other_branch(agree: Any) -> None:
    def first(x):
        if x > 0:
            y = 0
        else:
            y = x * 2.0
        return y

    def second(x):
        if x > 0:
            y = x * 2.0
        else:
            y = 0
        return y

    def both(x):
        return 1 if x > 0 else 2.5

    agree(first, 3.0, expected=0.0)
    agree(first, -3.0, expected=-6.0)
    agree(second, 3.0, expected=6.0)
    agree(second, -3.0, expected=0.0)
    agree(both, 3.0, expected=1.0)
    agree(both, -3.0, expected=2.5)


def test_what_is_the_same_in_both_branches_stays_pythons() -> None:
    seen = []

    @ft.function
    def program(x):
        size, mode = 2, None
        if x > 0:
            size = 3
            mode = None
            y = x
        else:
            size = 3
            y = -x
        seen.append((size, mode))
        return ft.zeros([size]) + y

    np.testing.assert_array_equal(program(ft.constant(-2.0)), [2, 2, 2])
    assert seen == [(3, None)]


def test_strings_and_booleans(agree: Any) -> None:
    def program(x):
        name, flag = "small", False
        if x > 3:
            name = "large"
            flag = True
        return name, flag

    agree(program, 5, expected=("large", True))
    agree(program, 1, expected=("small", False))


def test_a_temporary_of_one_branch_needs_no_value_in_the_other(agree: Any) -> None:
    def program(x):
        if x > 0:
            temporary = x * x
            y = temporary + 1
            del temporary
        else:
            y = x
        return y

    agree(program, 3, expected=10)


def test_nested_conditions(agree: Any) -> None:
    def program(x, y):
        if x > 0:
            if y > 0:
                z = 1
            else:
                z = 2
        elif y > 0:
            z = 3
        else:
            z = 4
        return z

    for number, (x, y) in enumerate([(1, 1), (1, -1), (-1, 1), (-1, -1)], 1):
        agree(program, x, y, expected=number)


def test_sizes_may_differ_between_branches(agree: Any) -> None:
    def program(x, rows):
        if x > 0:
            rows = ft.concat([rows, rows], 0)
        return ft.reduce_sum(rows) + x

    agree(program, 1.0, [1.0, 2.0], expected=7.0)
    agree(program, -1.0, [1.0, 2.0], expected=2.0)


def test_python_conditions_are_pythons() -> None:
    @ft.function
    def program(x, training=False, mask=None):
        if training:
            x = x + 1
        if mask is not None:
            x = x * mask
        if len(x.shape) == 1:
            x = ft.reduce_sum(x)
        return x

    assert int(program(ft.constant([1, 2]))) == 3
    assert int(program(ft.constant([1, 2]), True, ft.constant([1, 0]))) == 2


def test_gradients_flow_through_the_branch_that_is_taken() -> None:
    @ft.function
    def gradient(x):
        with ft.GradientTape() as tape:
            tape.watch(x)
            if x > 2.0:
                y = x * x
            else:
                y = 3.0 * x
        return tape.gradient(y, x)

    assert float(gradient(ft.constant(4.0))) == 8.0
    assert float(gradient(ft.constant(1.0))) == 3.0


def test_conditions_in_try_and_with(agree: Any) -> None:
    def program(x):
        done = 0
        try:
            if x > 0:
                y = x
            else:
                y = -x
        finally:
            done = 1
        with ft.init_scope():
            pass
        return y + done

    agree(program, -3, expected=4)


def test_match(agree: Any) -> None:
    def program(x, mode):
        match mode:
            case "absolute":
                if x < 0:
                    return -x
                return x
            case _:
                y = x * 2
        return y

    agree(program, -3, "absolute", expected=3)
    agree(program, 3, "absolute", expected=3)
    agree(program, 3, "double", expected=6)
