"""`ft.print`: the text TensorFlow prints, each time the program comes there."""

from __future__ import annotations

import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import freshet as ft


def printed(capfd: pytest.CaptureFixture[str], *inputs: Any, **options: Any) -> str:
    ft.print(*inputs, output_stream=sys.stdout, **options)
    return capfd.readouterr().out


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        (([1, 2, 3],), "[1, 2, 3]"),
        ((np.arange(10),), None),
        (("a", 1.5, None, True), "a 1.5 None True"),
        (({"b": 1, "a": (1, [2, "x"])},), "{'a': (1, [2, 'x']), 'b': 1}"),
        ((b"bytes",), "b'bytes'"),
        ((ft.TensorShape([2, None]),), "TensorShape([2, None])"),
    ],
)
def test_python_values_show_as_python_shows_them(
    inputs: tuple[Any, ...], text: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    assert printed(capfd, *inputs) == f"{repr(inputs[0]) if text is None else text}\n"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([1, 2, 3], "[1 2 3]"),
        (list(range(10)), "[0 1 2 ... 7 8 9]"),
        ([0.1, 1e-8, 1e10, 123456789.0], "[0.1 1e-08 1e+10 123456792]"),
        ([True, False], "[1 0]"),
        ([[1.0, 2.0], [3.0, np.nan]], "[[1 2]\n [3 nan]]"),
        ("x", "x"),
        (["a", "b"], '["a" "b"]'),
        (np.float64(1 / 3), "0.33333333333333331"),
        (np.float32(1 / 3), "0.333333343"),
        (np.zeros((0,), np.float32), "[]"),
        (np.zeros((2, 2, 1), np.int32), "[[[0]\n  [0]]\n\n [[0]\n  [0]]]"),
        (np.inf, "inf"),
        (3.0, "3"),
    ],
)
def test_tensors_show_as_tensorflow_shows_them(
    value: Any, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    # The texts are what TensorFlow 2.21 prints.
    assert printed(capfd, ft.constant(value)) == f"{text}\n"


def test_options(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert printed(capfd, 1, 2, sep=",", end="!") == "1,2!"
    numbers = ft.range(10)
    assert printed(capfd, numbers, summarize=-1) == "[0 1 2 3 4 5 6 7 8 9]\n"
    assert printed(capfd, numbers, summarize=1) == "[0 ... 9]\n"
    file = tmp_path / "log.txt"
    for number in (1, 2):
        ft.print("line", number, output_stream=f"file://{file}")
    assert file.read_text() == "line 1\nline 2\n"
    ft.print("to the error stream")
    assert capfd.readouterr().err == "to the error stream\n"


def test_a_traced_function_prints_each_time_in_order(capfd: pytest.CaptureFixture[str]) -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        ft.print("before", x, output_stream=sys.stdout)
        y = ft.reduce_sum(ft.exp(x))
        ft.print("and", OrderedDict(y=y > 1), output_stream=sys.stdout)
        ft.print("after", output_stream=sys.stdout)
        return x

    for _ in range(2):
        f(ft.constant([1.0, 2.0]))
    assert capfd.readouterr().out == 2 * "before [1 2]\nand {'y': 1}\nafter\n"


def test_a_loop_prints_each_step(capfd: pytest.CaptureFixture[str]) -> None:
    @ft.function
    def f(n: ft.Tensor) -> None:
        def step(i: ft.Tensor) -> list[ft.Tensor]:
            ft.print("step", i, output_stream=sys.stdout)
            return [i + 1]

        ft.while_loop(lambda i: i < n, step, [0])

    f(ft.constant(3))
    assert capfd.readouterr().out == "step 0\nstep 1\nstep 2\n"


def test_what_is_no_stream_or_option_is_refused() -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match="output_stream must be"):
        ft.print(1, output_stream="log.txt")
    with pytest.raises(TypeError, match="no argument 'sepp'"):
        ft.print(1, sepp=",")


@pytest.mark.parametrize("traced", [False, True])
def test_strings_among_others_have_quotes(capfd: pytest.CaptureFixture[str], traced: bool) -> None:
    def show() -> None:
        text = ft.constant("s")
        ft.print(text)
        ft.print("x", text, [text], {"k": text}, ft.constant(b"\n"))

    (ft.function(show) if traced else show)()
    assert capfd.readouterr().err == 's\nx "s" ["s"] {\'k\': "s"} "\\n"\n'


@pytest.mark.parametrize("traced", [False, True])
def test_ragged_tensors_are_nested_lists(capfd: pytest.CaptureFixture[str], traced: bool) -> None:
    def show() -> None:
        ft.print(ft.ragged.constant([[1.5], [2.0, 1 / 3]]), ft.ragged.constant([[True], []]))
        ft.print([ft.ragged.constant([[[1, 2]], [[3], []]])], ft.ragged.constant([["a'b"]]))
        ft.print(ft.ragged.range([10, 2]), ft.RaggedTensor.from_row_splits([[1], [3]], [0, 2, 2]))

    (ft.function(show) if traced else show)()
    assert capfd.readouterr().err.splitlines() == [
        "[[1.500000], [2.000000, 0.333333]] [[true], []]",
        "[[[[1, 2]], [[3], []]]] [['a\\'b']]",
        "[[0, 1, 2, ..., 7, 8, 9], [0, 1]] [[[1], [3]], []]",
    ]
