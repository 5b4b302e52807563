"""Programs whose shapes depend on data run in stages, each compiled for what came out."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import freshet as ft
from freshet.compiler.calls import HostCall
from freshet.core.config import config
from freshet.graph.function import Function
from freshet.runtime.execute import MOST_FROM_DATA, Executable, NativeExecutor
from freshet.runtime.stages import StagedProgram, cut, has_open_shapes


def program(function: Function, *args: ft.Tensor) -> object:
    concrete = function.get_concrete_function(*args)
    executor: NativeExecutor = concrete.executor
    return executor.program([a._value for a in args], concrete.captured_variables)


@ft.function
def positive_mean(x: ft.Tensor) -> ft.Tensor:
    scaled = ft.exp(x) * 2.0
    kept = ft.boolean_mask(scaled, x > 0)
    return ft.reduce_sum(kept) / ft.cast(ft.size(kept), ft.float32)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_a_mask_decides_how_many_elements_there_are(backend: str) -> None:
    config.backend = backend
    traced = ft.function(positive_mean.python_function)
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal(20).astype(np.float32)
        expected = (2 * np.exp(x[x > 0])).mean()
        np.testing.assert_allclose(traced(ft.constant(x)), expected, rtol=1e-5)


def test_only_what_depends_on_data_is_staged() -> None:
    assert isinstance(program(positive_mean, ft.constant([1.0, -1.0])), StagedProgram)
    plain = ft.function(lambda x: ft.exp(x) * 2.0)
    assert isinstance(program(plain, ft.constant([1.0])), Executable)


def test_a_result_may_be_what_data_sized() -> None:
    @ft.function
    def f(x: ft.Tensor) -> list[ft.Tensor]:
        where = ft.where(x > 0)
        return [where, ft.gather_nd(x, where) + 1.0, x * 2.0]

    places, values, doubled = f(ft.constant([3.0, -1.0, 4.0]))
    assert places.numpy().tolist() == [[0], [2]]
    assert values.numpy().tolist() == [4.0, 5.0]
    assert doubled.numpy().tolist() == [6.0, -2.0, 8.0]
    assert [t.shape for t in f(ft.constant([-1.0]))] == [(0, 1), (0,), (1,)]


def test_stages_follow_each_other() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        unique = ft.unique(x)[0]
        large = ft.boolean_mask(unique, unique > 2)
        return ft.reduce_prod(ft.unique(large // 2)[0])

    assert int(f(ft.constant([1, 5, 5, 9, 4, 2, 8, 3]))) == np.prod([2, 4, 1])


def test_variables_are_read_before_and_written_after() -> None:
    v = ft.Variable([1.0, 2.0, 3.0])

    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        kept = ft.boolean_mask(v * x, x > 0)
        v.assign(v + ft.reduce_sum(kept))
        return v + 0.0

    assert f(ft.constant([1.0, -1.0, 1.0])).numpy().tolist() == [5.0, 6.0, 7.0]
    assert v.numpy().tolist() == [5.0, 6.0, 7.0]
    assert f(ft.constant([-1.0, -1.0, -1.0])).numpy().tolist() == [5.0, 6.0, 7.0]


def test_effects_keep_their_order_across_stages(capfd: pytest.CaptureFixture[str]) -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        ft.print("first", output_stream=sys.stdout)
        kept = ft.boolean_mask(x, x > 0)
        ft.print("kept", kept, output_stream=sys.stdout)
        ft.print("last", x, output_stream=sys.stdout)
        return x

    f(ft.constant([1.0, -2.0]))
    assert capfd.readouterr().out == "first\nkept [1]\nlast [1 -2]\n"


def test_gradients_go_through_stages() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.reduce_sum(ft.boolean_mask(x, x > 0) ** 2)
        return tape.gradient(y, x)

    assert f(ft.constant([3.0, -1.0, 4.0])).numpy().tolist() == [6.0, 0.0, 8.0]
    x = ft.Variable([3.0, -1.0, 4.0])
    with ft.GradientTape() as tape:
        y = positive_mean(x.value())
    grad = tape.gradient(y, x).numpy()
    np.testing.assert_allclose(grad, [np.exp(3.0), 0, np.exp(4.0)], rtol=1e-5)


def test_many_sizes_are_left_to_numpy() -> None:
    x = np.ones(MOST_FROM_DATA + 8, np.float32)
    for count in range(1, len(x)):
        x[:] = -1
        x[:count] = 1
        np.testing.assert_allclose(positive_mean(ft.constant(x)), 2 * np.e, rtol=1e-6)


def test_the_cut_keeps_every_node_once() -> None:
    concrete = positive_mean.get_concrete_function(ft.TensorSpec([4]))
    graph = concrete.graph
    assert has_open_shapes(graph)
    parts = cut(graph, 0)
    names = [n.primitive.name for n in (*parts.first.nodes, *parts.middle, *parts.last.nodes)]
    own = [n.primitive.name for n in graph.nodes]
    assert sorted(n for n in names if n != "constant") == sorted(n for n in own if n != "constant")
    assert not has_open_shapes(parts.first)


def test_sizes_known_outside_a_loop_are_known_inside() -> None:
    @ft.function
    def paths(costs: ft.Tensor) -> ft.Tensor:
        """Cheapest paths from the top left corner, a row made of the one before."""
        rows, columns = ft.shape(costs)[0], ft.shape(costs)[1]
        before = ft.concat([[0.0], ft.fill([columns - 1], np.float32(1e9))], 0)
        for i in ft.range(rows):
            ft.autograph.experimental.set_loop_options(
                shape_invariants=[(before, ft.TensorShape([None]))]
            )
            row = ft.TensorArray(ft.float32, columns)
            left = ft.constant(1e9)
            for j in ft.range(columns):
                left = costs[i, j] + ft.minimum(left, before[j])
                row = row.write(j, left)
            before = row.stack()
        return before

    costs = np.arange(20, dtype=np.float32).reshape(4, 5) % 7
    expected = np.full(5, 1e9, np.float32)
    expected[0] = 0.0
    for line in costs:
        left = np.float32(1e9)
        for j, cost in enumerate(line):
            expected[j] = left = cost + min(left, expected[j])
    np.testing.assert_array_equal(paths(ft.constant(costs)), expected)
    executor = paths.get_concrete_function(ft.constant(costs)).executor
    calls = executor.executable([costs], ()).program.calls  # one program, nothing in Python
    assert not [call for call in calls if isinstance(call, HostCall)]
