"""`ft.autograph`: conversion by hand, and what tells about it."""

from __future__ import annotations

import time
from typing import Any

import pytest

import freshet as ft


def absolute(x):
    """Return the absolute value, with a helper that is converted, too."""
    if x < 0:
        return negated(x)
    return x


def negated(x):
    while x < 0:
        x = -x
    return x


def test_to_graph() -> None:
    converted = ft.autograph.to_graph(absolute)
    assert converted.__name__ == "absolute"
    assert converted(-3) == 3
    assert int(converted(ft.constant(-3))) == 3
    assert int(ft.function(converted, autograph=False)(ft.constant(-3))) == 3
    assert int(ft.function(converted)(ft.constant(-3))) == 3
    assert int(ft.autograph.to_graph(ft.function(absolute))(-3)) == 3


def test_to_graph_of_a_method() -> None:
    class Scale:
        by = 2

        def run(self, x):
            return x * self.by if x > 0 else x

    assert ft.autograph.to_graph(Scale().run)(3) == 6


def test_to_code() -> None:
    text = ft.autograph.to_code(absolute)
    assert text.startswith("def absolute(x):")
    assert "ag__.if_stmt(" in text
    compile(text, "converted", "exec")


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match="takes a Python function"):
        ft.autograph.to_graph(3)
    with pytest.raises(ft.errors.InvalidArgumentError, match="source is not available"):
        ft.autograph.to_code(eval("lambda x: x"))


def test_do_not_convert() -> None:
    @ft.autograph.experimental.do_not_convert
    def kind(x):
        return 1 if isinstance(x, ft.Tensor) and len(x.shape) == 0 else 2

    @ft.autograph.experimental.do_not_convert()
    def other(x):
        return kind(x) + 1

    assert int(ft.function(lambda x: x * kind(x) * other(x))(ft.constant(3))) == 6


def test_verbosity(capsys: Any) -> None:
    ft.autograph.set_verbosity(1, alsologtostdout=True)
    try:
        ft.function(lambda x: x + len([1]))(ft.constant(1))
    finally:
        ft.autograph.set_verbosity(0)
    assert "AutoGraph: test_verbosity.<locals>.<lambda>" in capsys.readouterr().out


def test_trace(capsys: Any) -> None:
    @ft.function
    def program(x):
        ft.autograph.trace("tracing", 1)
        return x

    program(ft.constant(1))
    program(ft.constant(2))
    assert capsys.readouterr().out == "tracing 1\n"


def test_features() -> None:
    feature = ft.autograph.experimental.Feature
    assert feature.LISTS in feature.all()
    assert feature.LISTS not in feature.all_but(feature.LISTS)
    assert feature.EQUALITY_OPERATORS in feature.all_but([feature.LISTS])


def test_conversion_takes_milliseconds() -> None:
    from freshet.graph.autograph.conversion import convert

    def measured() -> float:
        begin = time.perf_counter()
        convert(absolute)
        return time.perf_counter() - begin

    assert min(measured() for _ in range(5)) < 0.02


def test_eager_code_is_not_converted() -> None:
    seen = []

    def program(x):
        seen.append(negated.__code__)
        return absolute(x)

    ft.config.run_functions_eagerly(True)
    try:
        assert int(ft.function(program)(ft.constant(-2))) == 2
    finally:
        ft.config.run_functions_eagerly(False)


def test_set_loop_options_does_nothing_in_python() -> None:
    total = 0
    for k in (1, 2):
        ft.autograph.experimental.set_loop_options(maximum_iterations=1)
        total += k
    assert total == 3
