"""What blocks change besides variables of the function: attributes, items, `ft.Variable`s."""

from __future__ import annotations

from typing import Any

import numpy as np

import freshet as ft


class Holder:
    """An object with something in it."""

    def __init__(self, value: Any = 0) -> None:
        self.value = value
        self.table = {"a": value}


def test_attributes_and_items_in_branches(agree: Any) -> None:
    def program(x):
        holder = Holder(x)
        if x > 0:
            holder.value = holder.value + 1
            holder.table["a"] = x * 2
        else:
            holder.table["a"] = x * 3
        return holder.value, holder.table["a"]

    agree(program, 3, expected=(4, 6))
    agree(program, -3, expected=(-3, -9))


def test_attributes_and_items_in_loops(agree: Any) -> None:
    def program(n):
        holder, items = Holder(n * 0), [n, n]
        for i in ft.range(n):
            holder.value += i
            items[1] = items[1] + 2
        while holder.value > 5:
            holder.value -= 5
        return holder.value, items

    agree(program, 4, expected=(1, [4, 12]))


def test_an_attribute_of_self() -> None:
    class Counter(ft.Module):
        def __init__(self) -> None:
            super().__init__()
            self.total = None

        def __call__(self, n):
            self.total = n * 0
            for i in ft.range(n):
                if i % 2 == 1:
                    self.total += i
            return self.total + 0

    assert int(ft.function(Counter())(ft.constant(6))) == 9


def test_variables_are_assigned_in_the_branch_that_is_taken() -> None:
    v = ft.Variable(1.0)

    @ft.function
    def program(x):
        if x > 0:
            v.assign_add(x)
            if x > 10:
                v.assign(-1.0)
        return v + 0.0

    assert float(program(ft.constant(2.0))) == 3.0
    assert float(program(ft.constant(-2.0))) == 3.0
    assert float(program(ft.constant(20.0))) == -1.0
    assert float(v) == -1.0


def test_variables_in_loops() -> None:
    v = ft.Variable([0.0, 0.0])

    @ft.function
    def program(n):
        for i in range(n):
            if i == 2:
                continue
            v.assign_add([1.0, ft.cast(i, "float32")])
        while v[0] > 2.5:
            v.assign(v * 0.5)

    program(ft.constant(5))
    np.testing.assert_allclose(v, [2.0, 4.0])


def test_a_variable_is_a_condition_and_a_bound() -> None:
    flag, count = ft.Variable(True), ft.Variable(3)

    @ft.function
    def program():
        total = 0
        for i in range(count):
            total += i
        if flag:
            total += 100
        flag.assign(False)
        return total

    assert int(program()) == 103
    assert int(program()) == 3


def test_python_state_changes_once_per_trace() -> None:
    traces = []

    @ft.function
    def program(x):
        traces.append(1)
        if x > 0:
            return x
        return -x

    program(ft.constant(1))
    program(ft.constant(-1))
    assert traces == [1]


def test_items_of_python_containers_in_python_loops(agree: Any) -> None:
    def program(x):
        table, items = {"a": x, "b": x * 2}, [x, x]
        for key in table:
            if table[key] > 2:
                table[key] = table[key] * 10
        for i in range(2):
            if x > i:
                items[i] = items[i] + 1
        return table, items

    agree(program, 2, expected=({"a": 2, "b": 40}, [3, 3]))
    agree(program, 1, expected=({"a": 1, "b": 2}, [2, 1]))
