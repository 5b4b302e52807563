"""break, continue and return, in conditions and loops in any depth."""

from __future__ import annotations

from typing import Any

import pytest

import freshet as ft


@pytest.mark.parametrize("n", [0, 1, 3, 6, 30])
def test_all_three_in_nested_loops(agree: Any, n: int) -> None:
    def program(n):
        total = 0
        for i in range(n):
            j = 0
            while True:
                if j >= i:
                    break
                j += 1
                if j == 3:
                    continue
                if total > 50:
                    return total * 100
                total += j
            if i == 7:
                break
        return total

    agree(program, n, expected=program(n))


@pytest.mark.parametrize("x", [20, 1, -3])
def test_guard_clauses(agree: Any, x: int) -> None:
    def program(x):
        if x > 0:
            if x > 10:
                return x * 2
            x = x + 1
        return x - 1

    agree(program, x, expected=program(x))


@pytest.mark.parametrize("x", [5.0, 3.0, 1.0, -1.0])
def test_many_guard_clauses(agree: Any, x: int) -> None:
    def program(x):
        if x < 0:
            return -1.0
        if x < 2:
            return 1.0
        y = x * 2.0
        if x < 4:
            return y
        return y * y

    agree(program, x, expected=program(x))


def test_return_from_a_loop(agree: Any) -> None:
    def first_above(values, limit):
        for v in values:
            if v > limit:
                return v
        return -1.0

    agree(first_above, [1.0, 2.0, 5.0, 7.0], 3.0, expected=5.0)
    agree(first_above, [1.0, 2.0], 3.0, expected=-1.0)


def test_return_of_a_structure_from_nested_loops(agree: Any) -> None:
    def find(table, wanted):
        for i in range(3):
            for j in range(4):
                if table[i, j] == wanted:
                    return {"row": i, "column": j}, (wanted,)
        return {"row": -1, "column": -1}, (wanted,)

    table = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    agree(find, table, 6, expected=({"row": 1, "column": 2}, (6,)))
    agree(find, table, 60, expected=({"row": -1, "column": -1}, (60,)))

    def traced_ranges(table, wanted):
        for i in ft.range(3):
            for j in ft.range(4):
                if table[i, j] == wanted:
                    return i * 10 + j
        return -1

    agree(traced_ranges, table, 11, expected=23, python=False)
    agree(traced_ranges, table, 60, expected=-1, python=False)


def test_continue_skips_the_rest_only(agree: Any) -> None:
    def program(n):
        odd, even = 0, 0
        for i in range(n):
            if i % 2 == 0:
                even += i
                continue
            odd += i
        return odd, even

    agree(program, 7, expected=(9, 12))


def test_continue_deep_inside(agree: Any) -> None:
    def program(n):
        total = 0
        for i in range(n):
            if i > 1:
                if i > 3:
                    if i == 5:
                        continue
                    total += 100
                total += 10
            total += 1
        return total

    agree(program, 7, expected=program(7))


def test_jumps_out_of_try_and_with(agree: Any) -> None:
    def program(n):
        total, finals = 0, 0
        for i in range(n):
            try:
                if i == 1:
                    continue
                if i == 4:
                    break
            except ValueError:
                total = -1
            else:
                total += 10
            finally:
                finals += 1
            total += i
        return total, finals

    agree(program, 3, expected=program(3))
    agree(program, 9, expected=program(9))


def test_return_inside_with(agree: Any) -> None:
    def program(x):
        with ft.init_scope():
            pass
        if x > 0:
            with ft.GradientTape():
                return x
        return -x

    agree(program, 3, expected=3)
    agree(program, -3, expected=3)


def test_nothing_is_returned() -> None:
    seen = []

    @ft.function
    def program(x, early=True):
        seen.append(early)
        if early:
            return
        seen.append(x)

    assert program(ft.constant(1)) is None
    assert seen == [True]


def test_python_values_choose_the_return(agree: Any) -> None:
    def program(x, mode):
        for name in ("a", "b", "c"):
            if name == mode:
                return x, name
        return None

    agree(program, 1, "b", expected=(1, "b"))
    agree(program, 1, "z", expected=None)


@pytest.mark.parametrize("x", [1, 60, -5])
def test_only_a_return_leaves_an_endless_loop(agree: Any, x: int) -> None:
    def program(x):
        while True:
            if x > 100:
                return x
            if x < 0:
                return -x
            for i in range(3):
                if i > 1:
                    break
                x = x + i
            x = x * 2 + 1

    agree(program, x, expected=program(x))


def test_a_break_of_an_endless_loop_goes_on_behind_it(agree: Any) -> None:
    def program(x):
        while True:
            if x > 100:
                return x
            for i in range(3):
                if x > 50:
                    break
                x = x + i
            else:
                break
            x = x + 60
        return x * 10

    agree(program, 1, expected=40)
    agree(program, 51, expected=111)
    agree(program, 200, expected=200)
