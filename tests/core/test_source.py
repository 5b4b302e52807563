"""Which line of a program an operation comes from."""

from __future__ import annotations

import functools
from typing import Any

import freshet as ft
from freshet.core.source import SourceLine, is_own_file, user_line, within


def line_of_the_only_node(function: Any) -> SourceLine | None:
    graph = ft.function(function).get_concrete_function(ft.TensorSpec([2])).graph
    (node,) = graph.nodes
    return node.source


def test_it_is_the_innermost_line_outside_freshet() -> None:
    def inner(x: ft.Tensor) -> ft.Tensor:
        return ft.exp(x)

    def outer(x: ft.Tensor) -> ft.Tensor:
        return inner(x)

    expected = SourceLine(__file__, inner.__code__.co_firstlineno + 1, "inner")
    assert line_of_the_only_node(outer) == expected
    assert expected.text == "return ft.exp(x)"
    assert expected.short == f"test_source.py:{expected.line}"
    assert str(expected) == f"{__file__}:{expected.line} in inner: return ft.exp(x)"


def test_it_is_not_in_pythons_own_library() -> None:
    @functools.singledispatch
    def apply(x: Any) -> Any:
        raise TypeError

    apply.register(ft.Tensor, ft.exp)  # the library's frame is the one that calls Freshet

    def outer(x: ft.Tensor) -> Any:
        return apply(x)

    assert line_of_the_only_node(outer) == SourceLine(
        __file__, outer.__code__.co_firstlineno + 1, "outer"
    )


def test_freshets_own_files() -> None:
    assert is_own_file(ft.__file__)
    assert not is_own_file(__file__)
    here = user_line()
    assert here is not None
    assert here.file == __file__


def test_a_file_that_cannot_be_read() -> None:
    line = SourceLine("<prompt>", 3, "f")
    assert line.text == ""
    assert str(line) == "<prompt>:3 in f"
    assert line.short == "<prompt>:3"


def test_it_knows_the_part_of_a_model_that_is_at_work() -> None:
    dense = ft.keras.layers.Dense(3, name="mine")
    optimizer = ft.keras.optimizers.SGD()
    dense.build((None, 2))
    optimizer.build(dense.trainable_variables)

    @ft.function
    def step(x: ft.Tensor) -> None:
        with ft.GradientTape() as tape:
            y = dense(x) * 5.0
        gradients = tape.gradient(y, dense.trainable_variables)
        optimizer.apply_gradients(zip(gradients, dense.trainable_variables, strict=True))

    nodes = step.get_concrete_function(ft.TensorSpec([4, 2])).graph.nodes
    parts = {n.source.part: n.source for n in nodes if n.source}
    assert set(parts) == {"", "mine", "mine (gradient)", "SGD"}
    assert "tape.gradient" in parts["mine (gradient)"].text
    assert "dense(x) * 5.0" in parts["mine"].text


def test_a_part_of_a_part_is_the_inner_one() -> None:
    with within("outer"):
        with within("inner"):
            assert user_line().part == "inner"
        assert user_line().part == "outer"
    assert user_line().part == ""
