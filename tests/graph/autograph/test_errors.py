"""What is reported, with the variable's name and the user's line."""

from __future__ import annotations

import inspect
import linecache
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import freshet as ft


def message_of(error: Any, program: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(error) as caught:
        ft.function(program)(*args)
    return str(caught.value)


def line(program: Callable[..., Any], text: str) -> str:
    """Return ``file.py:12`` of the line of a function that has a text."""
    lines, first = inspect.getsourcelines(program)
    number = next(i for i, x in enumerate(lines) if text in x)
    return f"{inspect.getsourcefile(program)}:{first + number} in {program.__name__}: {text}"


ONE = ft.constant(1)


def test_a_variable_that_one_branch_leaves_out() -> None:
    def program(x):
        if x > 0:
            y = x
        return y + 1

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "variable 'y' has a value only if the condition holds" in found
    assert line(program, "if x > 0:") in found
    assert line(program, "return y + 1") in found


def test_a_variable_of_two_dtypes() -> None:
    def program(x):
        if x > 0:
            y = ft.constant(1.0)
        else:
            y = ft.constant([1, 2])
        return y

    found = message_of(TypeError, program, ONE)
    assert "variable 'y' is f32[] if the condition holds, i32[2] otherwise" in found
    assert line(program, "if x > 0:") in found


def test_a_result_of_one_branch_only() -> None:
    def program(x):
        if x > 0:
            return x

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "the value that the function returns is i32[] if the condition holds, None" in found
    assert line(program, "if x > 0:") in found


def test_a_conditional_expression_of_two_dtypes() -> None:
    def program(x):
        return ft.constant(1.0) if x > 0 else x

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "is f32[] if the condition holds, i32[] otherwise" in found
    assert "in program: return ft.constant(1.0) if x > 0 else x" in found


def test_a_loop_that_changes_a_shape() -> None:
    def program(x):
        rows = ft.zeros([1])
        while x > 0:
            rows = ft.concat([rows, rows], 0)
            x -= 1
        return rows

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "variable 'rows' is f32[1] before the `while` and f32[2] after a step" in found
    assert "set_loop_options(shape_invariants=[(rows, ft.TensorShape([None]))])" in found
    assert line(program, "while x > 0:") in found


def test_a_loop_that_changes_a_dtype() -> None:
    def program(x):
        y = ft.constant(1)
        for _ in ft.range(x):
            y = ft.cast(y, "float32") * 2.0
        return y

    found = message_of(TypeError, program, ONE)
    assert "variable 'y' is i32[] before the `for` and f32[] after a step" in found
    assert line(program, "for _ in ft.range(x):") in found


def test_a_python_number_that_meets_another_dtype() -> None:
    def program(values):
        total = 0
        for v in values:
            total = total + v
        return total

    found = message_of(TypeError, program, ft.constant([1.0, 2.0]))
    assert "total = 0" in found
    assert "0.0" in found
    assert line(program, "total = total + v") in found


def test_a_loop_that_changes_a_structure() -> None:
    def program(x):
        y = None
        pair = (x, x)
        while x > 0:
            x -= 1
            pair = (x, x, x)
        return y, pair

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "variable 'pair'" in found
    assert "keeps the structure" in found


def test_a_loop_that_makes_none_a_tensor() -> None:
    def program(x):
        best = None
        while x > 0:
            x -= 1
            best = x if best is None else best + x
        return best

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "variable 'best' is None before the `while` and i32[] after a step" in found


def test_a_variable_that_has_no_value_at_all() -> None:
    def program(x, flag=False):
        if flag:
            y = x
        return y

    with pytest.raises(UnboundLocalError, match="variable 'y' is used before it has a value"):
        ft.function(program)(ONE)


def test_a_list_that_grows_in_a_loop() -> None:
    def program(n):
        found = []
        for i in range(n):
            found.append(i)
        return found

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "the list 'found' is changed inside a `for` on a tensor" in found
    assert "ft.TensorArray" in found


def test_a_list_that_grows_in_a_branch() -> None:
    def program(x):
        found = [x]
        if x > 0:
            found.append(x)
        return found

    found = message_of(ft.errors.InvalidArgumentError, program, ONE)
    assert "the list 'found' is changed inside an `if` on a tensor" in found


def test_going_over_a_single_number() -> None:
    def program(x):
        total = 0
        for v in x:
            total += v
        return total

    assert "rank 0" in message_of(ft.errors.InvalidArgumentError, program, ONE)


def test_errors_within_blocks_show_the_users_line() -> None:
    def program(x):
        while ft.reduce_sum(x) > 0:
            if x[0] > 1:
                x = ft.matmul(x, x)
        return x

    with pytest.raises(ft.errors.InvalidArgumentError) as caught:
        ft.function(program)(ft.constant([1.0, 2.0]))
    assert line(program, "x = ft.matmul(x, x)") in str(caught.value)
    frames = traceback.extract_tb(caught.value.__traceback__)
    own = [(f.name, f.line) for f in frames if f.filename == __file__][1:]
    assert all(name == "program" for name, _ in own)
    assert [text for _, text in own] == [
        "while ft.reduce_sum(x) > 0:", "if x[0] > 1:", "x = ft.matmul(x, x)",
    ]  # fmt: skip


def test_nodes_of_the_graph_show_the_users_line() -> None:
    def program(x):
        if x > 0:
            x = x * 3
        return x

    text = str(ft.function(program).get_concrete_function(ONE).graph)
    first = program.__code__.co_firstlineno
    assert f"multiply(%x_0, %0)  # test_errors.py:{first + 2}" in text or (
        f"# test_errors.py:{first + 2}" in text
    )


def of_source(text: str, name: str = "f") -> Any:
    space: dict[str, Any] = {}
    exec(text, space)
    return space[name]


def test_without_source_a_function_runs_as_it_is() -> None:
    assert int(ft.function(of_source("def f(x): return x + 1"))(ONE)) == 2
    choosing = of_source("def f(x):\n    if x > 0: return x\n    return -x")
    with pytest.raises(ft.errors.OperatorNotAllowedInGraphError) as caught:
        ft.function(choosing)(ONE)
    assert isinstance(caught.value, TypeError)
    assert "did not convert f: its source is not available" in str(caught.value)


def test_a_file_that_has_changed_is_noticed() -> None:
    text = "def f(x):\n    if x > 0: return x\n    return -x\n"
    linecache.cache["changing.py"] = (len(text), None, text.splitlines(True), "changing.py")
    space: dict[str, Any] = {}
    exec(compile(text, "changing.py", "exec"), space)
    other = text.replace("f(x)", "g(y)")
    linecache.cache["changing.py"] = (len(text), None, other.splitlines(True), "changing.py")
    with pytest.raises(ft.errors.OperatorNotAllowedInGraphError, match="has changed since"):
        ft.function(space["f"])(ONE)


def test_without_autograph_the_error_says_so() -> None:
    def program(x):
        if x > 0:
            return x
        return -x

    with pytest.raises(ft.errors.OperatorNotAllowedInGraphError, match="autograph=False"):
        ft.function(program, autograph=False)(ONE)
    marked = ft.autograph.experimental.do_not_convert(program)
    with pytest.raises(ft.errors.OperatorNotAllowedInGraphError, match="do_not_convert"):
        ft.function(marked)(ONE)


def test_comprehensions_say_that_they_are_not_converted() -> None:
    with pytest.raises(ft.errors.OperatorNotAllowedInGraphError, match="comprehensions"):
        ft.function(lambda x: [v for v in (1, 2) if x > v])(ONE)
    with pytest.raises(ft.errors.OperatorNotAllowedInGraphError, match="iteration"):
        ft.function(lambda x: list(x), input_signature=[ft.TensorSpec([None])])([1.0])
