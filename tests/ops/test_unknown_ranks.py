"""Tensors of which not even the rank is known while a function is traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.graph.parsing import parse
from freshet.graph.text import to_text

MATRIX = np.arange(6, dtype=np.float32).reshape(2, 3)


def of_python(x: Any) -> ft.Tensor:
    return ft.numpy_function(lambda a: a, [x], ft.float32)


def of_bytes(x: Any) -> ft.Tensor:
    return ft.io.parse_tensor(x, ft.float32)


SOURCES = pytest.mark.parametrize(
    ("source", "given"),
    [(of_python, ft.constant(MATRIX)), (of_bytes, ft.io.serialize_tensor(MATRIX))],
    ids=["python", "bytes"],
)
Source = Callable[[Any], ft.Tensor]


@SOURCES
def test_its_shape_is_said_in_three_ways(source: Source, given: ft.Tensor) -> None:
    @ft.function
    def said(x: ft.Tensor) -> ft.Tensor:
        y = source(x)
        assert y.shape.rank is None
        y.set_shape([None, 3])
        return 2.0 * y

    @ft.function
    def ensured(x: ft.Tensor) -> ft.Tensor:
        return 2.0 * ft.ensure_shape(source(x), [2, None])

    @ft.function
    def reshaped(x: ft.Tensor) -> ft.Tensor:
        y = ft.reshape(source(x), [3, -1])
        assert y.shape == [3, None]
        return 2.0 * y

    np.testing.assert_array_equal(said(given).numpy(), 2 * MATRIX)
    np.testing.assert_array_equal(ensured(given).numpy(), 2 * MATRIX)
    np.testing.assert_array_equal(reshaped(given).numpy(), 2 * MATRIX.reshape(3, 2))


@SOURCES
def test_what_is_said_is_checked_when_it_runs(source: Source, given: ft.Tensor) -> None:
    def said(x: ft.Tensor, shape: Any) -> ft.Tensor:
        y = source(x)
        y.set_shape(shape)
        return y

    for wrong in ([6], [None, 4], []):
        calls: list[Any] = [
            lambda x, w=wrong: said(x, w), lambda x, w=wrong: ft.ensure_shape(source(x), w),
        ]  # fmt: skip
        for call in calls:
            with pytest.raises(ft.errors.InvalidArgumentError, match=r"f32\[2,3\]"):
                ft.function(call)(given)
    with pytest.raises(ft.errors.InvalidArgumentError, match="do not divide"):
        ft.function(lambda x: ft.reshape(source(x), [4, -1]))(given)


@SOURCES
def test_its_shape_can_be_asked_for(source: Source, given: ft.Tensor) -> None:
    @ft.function
    def asked(x: ft.Tensor) -> tuple[ft.Tensor, ...]:
        y = source(x)
        flat = ft.reshape(y, [-1])
        return ft.shape(y), ft.rank(y), ft.size(y), ft.reshape(flat, ft.shape(y)), y

    shape, rank, size, back, itself = asked(given)
    assert (shape.numpy().tolist(), int(rank), int(size)) == ([2, 3], 2, 6)
    np.testing.assert_array_equal(back.numpy(), MATRIX)
    np.testing.assert_array_equal(itself.numpy(), MATRIX)


@SOURCES
def test_operations_that_need_the_rank_say_how_to_give_it(source: Source, given: ft.Tensor) -> None:
    uses: list[Any] = [
        lambda y: y + 1.0, len, lambda y: y[0], ft.reduce_sum, ft.transpose, lambda y: y @ y,
        lambda y: list(y), lambda y: ft.cast(y, ft.int32), lambda y: y.ndim,
    ]  # fmt: skip
    for use in uses:
        with pytest.raises(ft.errors.InvalidArgumentError, match="set_shape"):
            ft.function(lambda x, use=use: use(source(x)))(given)


@SOURCES
def test_ranks_may_differ_from_run_to_run(source: Source, given: ft.Tensor) -> None:
    traces: list[int] = []

    @ft.function(input_signature=[ft.TensorSpec(None, given.dtype)])
    def total(x: ft.Tensor) -> ft.Tensor:
        traces.append(1)
        return ft.reduce_sum(ft.reshape(source(x), [-1]))

    assert float(total(given)) == 15.0
    other = np.ones((2, 2, 2), np.float32)
    again = ft.constant(other) if source is of_python else ft.io.serialize_tensor(other)
    assert float(total(again)) == 8.0
    assert len(traces) == (2 if source is of_python else 1)


def test_gradients_flow_through_what_makes_the_shape_known() -> None:
    for known in (lambda y: ft.reshape(y, [3, -1]), lambda y: ft.ensure_shape(y, [None, 3])):

        def gradient(x: ft.Tensor, known: Any = known) -> Any:
            with ft.GradientTape() as tape:
                tape.watch(x)
                y = ft.py_function(lambda a: ft.reshape(a * a, [2, 3]), [x], ft.float32)
                z = ft.reduce_sum(known(y) * 2.0)
            return tape.gradient(z, x)

        x = ft.range(6.0)
        for found in (gradient(x), ft.function(gradient)(x)):
            np.testing.assert_array_equal(found.numpy(), 4 * np.arange(6.0))


def test_a_constant_string_is_parsed_while_tracing() -> None:
    constant = ft.io.serialize_tensor(MATRIX).numpy()

    @ft.function
    def total() -> ft.Tensor:
        y = ft.io.parse_tensor(constant, ft.float32)
        assert y.shape == [2, 3]
        return ft.reduce_sum(y)

    assert float(total()) == 15.0


def test_map_fn_takes_the_rank_from_the_signature() -> None:
    both = ft.stack([ft.io.serialize_tensor(MATRIX), ft.io.serialize_tensor(MATRIX + 1)])

    def parsed(x: ft.Tensor) -> ft.Tensor:
        return ft.map_fn(of_bytes, x, fn_output_signature=ft.TensorSpec([2, 3], ft.float32))

    for found in (parsed(both), ft.function(parsed)(both)):
        np.testing.assert_array_equal(found.numpy(), [MATRIX, MATRIX + 1])


def test_the_printed_graph_reads_back() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        return ft.reshape(of_bytes(x), [3, -1])

    again = parse(to_text(f.get_concrete_function(ft.TensorSpec([], ft.string)).graph))
    assert "f32[*] = parse_tensor" in to_text(again)
    assert to_text(parse(to_text(again))) == to_text(again)


def test_loops_take_a_shape_of_unknown_rank_for_any_sizes() -> None:
    any_sizes = ft.TensorShape(None)

    @ft.function
    def by_hand(x: ft.Tensor) -> ft.Tensor:
        return ft.while_loop(
            lambda i, x: i < 3, lambda i, x: (i + 1, ft.concat([x, x], 0)), (0, x),
            shape_invariants=(ft.TensorShape([]), any_sizes),
        )[1]  # fmt: skip

    @ft.function
    def by_autograph(x: ft.Tensor) -> ft.Tensor:
        for _ in ft.range(3):
            ft.autograph.experimental.set_loop_options(shape_invariants=[(x, any_sizes)])
            x = ft.concat([x, x], 0)
        return x

    for loop in (by_hand, by_autograph):
        assert loop(ft.constant([1.0, 2.0])).numpy().tolist() == [1.0, 2.0] * 8
    rows = ft.TensorArray(ft.float32, 2, element_shape=any_sizes).unstack([[1.0], [2.0]])
    assert rows.stack().numpy().tolist() == [[1.0], [2.0]]


def test_a_variable_may_change_its_rank() -> None:
    v = ft.Variable([1.0, 2.0], shape=ft.TensorShape(None))
    assert v.shape.rank is None
    assert v.assign([[3.0]]).numpy().tolist() == [[3.0]]
    assert (v + 1.0).shape == [1, 1]

    @ft.function
    def doubled() -> ft.Tensor:
        return 2.0 * ft.reshape(v, [-1])

    @ft.function
    def assign(x: ft.Tensor) -> ft.Tensor:
        v.assign(x)
        return v.read_value()

    for value in ([[3.0]], [1.0, 2.0], 5.0):
        np.testing.assert_array_equal(assign(ft.constant(value)).numpy(), np.float32(value))
        np.testing.assert_array_equal(v.numpy(), np.float32(value))
        np.testing.assert_array_equal(doubled().numpy(), 2 * np.float32(value).reshape(-1))
    with pytest.raises(ft.errors.InvalidArgumentError, match="set_shape"):
        ft.function(lambda: v + 1.0)()


class TestInputSignature:
    def test_a_spec_of_unknown_rank_is_traced_once_for_each_rank(self) -> None:
        seen: list[ft.TensorShape] = []

        @ft.function(input_signature=[ft.TensorSpec(None), ft.TensorSpec([None], ft.int32)])
        def f(x: ft.Tensor, y: ft.Tensor) -> ft.Tensor:
            seen.append(x.shape)
            return ft.reduce_sum(x) + ft.cast(ft.reduce_sum(y), ft.float32)

        for value in (1.0, [1.0, 2.0], [3.0, 4.0, 5.0], [[1.0, 2.0]], np.ones((2, 2), np.float32)):
            assert float(f(value, [1, 2])) == np.sum(value) + 3
        assert seen == [[], [None], [None, None]]
        assert f.experimental_get_tracing_count() == 3
        with pytest.raises(
            ft.errors.InvalidArgumentError, match=r"must be f32\[\*\], received i32"
        ):
            f(ft.constant(1), [1])

    def test_a_trace_has_a_known_rank(self) -> None:
        @ft.function(input_signature=[ft.TensorSpec(None)])
        def f(x: ft.Tensor) -> ft.Tensor:
            return x * 2.0

        with pytest.raises(
            ft.errors.InvalidArgumentError, match=r"known rank, received TensorSpec"
        ):
            f.get_concrete_function()
        concrete = f.get_concrete_function(ft.TensorSpec([None, 2]))
        assert concrete.inputs[0].shape == [None, None]
        assert concrete(ft.ones([1, 2])).numpy().tolist() == [[2.0, 2.0]]
