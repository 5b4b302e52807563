"""Tensor arrays: lists that loops write to, eagerly and in the native program."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet import TensorSpec
from freshet.ops.tensor_array import set_row_p
from freshet.testing import ErrorSample, PrimitiveSuite, Sample
from freshet.testing.samples import random_array


def _set_row(x: np.ndarray, index: np.ndarray, row: np.ndarray) -> np.ndarray:
    return np.stack([row if i == index else x[i] for i in range(len(x))]) if len(x) else x


class TestSetRow(PrimitiveSuite):
    samples = {
        "set_row": [
            Sample(
                inputs=(TensorSpec(shape, dtype), np.array(i, "i4"), TensorSpec(shape[1:], dtype)),
                expected=_set_row,
                gradient=(0, 2) if dtype == "float32" and i < 17 else (),
                second=dtype == "float32" and i < 17,
            )
            for shape in ((1,), (5,), (3, 4), (7, 2, 3))
            for dtype in ("float32", "int64", "bool")
            for i in (0, shape[0] - 1, 17)
        ],
        "check_row": [
            Sample(inputs=(np.array(1, "i4"), TensorSpec((3, 2))), expected=lambda i, x: i)
        ],
    }
    errors = {
        "set_row": [
            ErrorSample(
                inputs=(TensorSpec((3, 2)), np.array(1, "i4"), TensorSpec((3,))),
                message=r"TensorArray: an element of f32\[3,2\] is written as f32\[3\]",
            )
        ],
        "check_row": [
            ErrorSample(
                inputs=(np.array(i, "i4"), TensorSpec((3, 2))),
                message=rf"TensorArray: index {i} is outside \[0, 3\).*",
                exception=ft.errors.OutOfRangeError,
            )
            for i in (3, -1)
        ],
    }


def both(function: Any, *args: Any) -> list[Any]:
    return [function(*args), ft.function(function)(*args)]


@pytest.mark.parametrize("growing", [False, True])
def test_a_loop_writes_and_stack_joins(growing: bool) -> None:
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        array = ft.TensorArray(ft.float32, size=0 if growing else 4, dynamic_size=growing)

        def step(i: ft.Tensor, array: ft.TensorArray, x: ft.Tensor) -> Any:
            return i + 1, array.write(i, x), x * 2.0

        return ft.while_loop(lambda i, a, x: i < n, step, (0, array, x))[1].stack()

    x = ft.constant([1.0, 3.0])
    for found in both(f, x, ft.constant(4)):
        np.testing.assert_array_equal(found, [[1, 3], [2, 6], [4, 12], [8, 24]])


def test_gradients_go_through_what_is_written() -> None:
    @ft.function
    def f(x: ft.Tensor, n: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            tape.watch(x)
            array = ft.TensorArray(ft.float32, size=0, dynamic_size=True)
            array = ft.while_loop(
                lambda i, a, y: i < n, lambda i, a, y: (i + 1, a.write(i, y), y * x), (0, array, x)
            )[1]
            total = ft.reduce_sum(array.stack())
        return tape.gradient(total, x)

    # x + x**2 + x**3
    assert float(f(ft.constant(2.0), ft.constant(3))) == 1 + 2 * 2 + 3 * 4


def test_one_side_of_a_condition_may_write() -> None:
    @ft.function
    def f(x: ft.Tensor) -> ft.Tensor:
        array = ft.TensorArray(ft.float32, size=2)
        array = ft.cond(x > 0, lambda: array.write(1, [x, x]), lambda: array)
        return array.stack()

    assert f(ft.constant(3.0)).numpy().tolist() == [[0, 0], [3, 3]]
    assert f(ft.constant(-3.0)).numpy().tolist() == [[0, 0], [0, 0]]


def test_the_methods() -> None:
    rows = random_array(TensorSpec((4, 3)))

    def f(x: ft.Tensor, i: ft.Tensor) -> list[ft.Tensor]:
        array = ft.TensorArray(ft.float32, size=4).unstack(x)
        parts = ft.TensorArray(ft.float32, size=2, infer_shape=False).split(x, [1, 3])
        scattered = ft.TensorArray(ft.float32, size=3).scatter([2, 0], x[:2])
        return [
            array.read(i), array.size(), array.gather([2, 0]), array.concat(), parts.read(1),
            parts.concat(), scattered.stack(), array.identity().stack(),
        ]  # fmt: skip

    expected = [
        rows[2], 4, rows[[2, 0]], rows.reshape(-1), rows[1:], rows,
        np.stack([rows[1], np.zeros(3), rows[0]]), rows,
    ]  # fmt: skip
    for found in both(f, ft.constant(rows), ft.constant(2)):
        for x, y in zip(found, expected, strict=True):
            np.testing.assert_array_equal(x, y)


def test_what_does_not_fit_is_refused() -> None:
    array = ft.TensorArray(ft.float32, size=2)
    with pytest.raises(ft.errors.OutOfRangeError, match="dynamic_size=True"):
        array.write(2, 1.0)
    with pytest.raises(ft.errors.OutOfRangeError, match=r"outside \[0, 2\)"):
        array.read(5)
    with pytest.raises(TypeError, match="elements are float32"):
        array.write(0, ft.constant(1))
    array.write(0, [1.0, 2.0])
    with pytest.raises(ValueError, match="elements have shape"):
        array.write(1, 1.0)
    with pytest.raises(ft.errors.InvalidArgumentError, match="element_shape"):
        ft.TensorArray(ft.float32, size=1).stack()


def test_a_write_behind_the_end_stops_the_program() -> None:
    @ft.function
    def f(n: ft.Tensor) -> ft.Tensor:
        array = ft.TensorArray(ft.int32, size=3)
        return ft.while_loop(
            lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, i * i)), (0, array)
        )[1].stack()

    assert f(ft.constant(3)).numpy().tolist() == [0, 1, 4]
    with pytest.raises(ft.errors.OutOfRangeError, match=r"index 3 is outside \[0, 3\)"):
        f(ft.constant(4))


def test_steps_that_python_counts_cannot_be_counted_first() -> None:
    @ft.function
    def f() -> ft.Tensor:
        array = ft.TensorArray(ft.int32, size=0, dynamic_size=True, element_shape=[])

        def more(i: ft.Tensor, a: ft.TensorArray) -> ft.Tensor:
            held = ft.numpy_function(lambda i: i < 3, [i], ft.bool)
            held.set_shape([])
            return held

        return ft.while_loop(more, lambda i, a: (i + 1, a.write(i, i)), (0, array))[1].stack()

    with pytest.raises(ft.errors.UnimplementedError, match="numpy_function"):
        f()


def test_the_row_of_a_primitive_outside_changes_nothing() -> None:
    x = ft.constant([1.0, 2.0])
    assert set_row_p(x, ft.constant(5), ft.constant(9.0)).numpy().tolist() == [1.0, 2.0]


class TestSizesOfTheRun:
    """Arrays whose length, or whose elements' sizes, only the run knows."""

    def test_a_length(self) -> None:
        @ft.function(input_signature=[TensorSpec([None, 2])])
        def f(x: ft.Tensor) -> ft.Tensor:
            array = ft.TensorArray(ft.float32, size=ft.shape(x)[0])
            for i in ft.range(array.size()):
                array = array.write(i, 2.0 * x[i])
            return array.stack()

        for size in (0, 1, 3):
            x = np.arange(2.0 * size, dtype="f4").reshape(size, 2)
            np.testing.assert_array_equal(f(x), 2 * x)

    def test_a_length_without_a_loop(self) -> None:
        @ft.function
        def f(x: ft.Tensor, n: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
            array = ft.TensorArray(ft.float32, size=n).write(0, x)
            return array.write(n - 1, x + 1.0).stack(), array.read(0)

        stacked, first = f(ft.constant([1.0]), ft.constant(3))
        assert stacked.numpy().tolist() == [[1.0], [0.0], [2.0]]
        assert first.numpy().tolist() == [1.0]

    def test_elements_of_a_batch(self) -> None:
        weight = ft.Variable(2.0)

        @ft.function(input_signature=[TensorSpec([None, None, 2])])
        def f(x: ft.Tensor) -> tuple[ft.Tensor, ft.Tensor]:
            batch, steps = ft.shape(x)[0], ft.shape(x)[1]
            all_sums = ft.TensorArray(ft.float32, size=steps)
            every_second = ft.TensorArray(ft.float32, size=0, dynamic_size=True)
            total = ft.zeros([batch, 2])
            for _ in ft.range(2):
                for i in ft.range(steps):
                    total = total + weight * x[:, i]
                    all_sums = all_sums.write(i, total)
                    weight.assign_add(0.0)
            for i in ft.range(steps // 2):
                every_second = every_second.write(i, x[:, 2 * i])
            return all_sums.stack(), every_second.stack()

        x = np.arange(12, dtype="f4").reshape(2, 3, 2)
        sums = 2 * np.cumsum(np.concatenate([x, x], 1), 1)[:, 3:].transpose(1, 0, 2)
        found, second = f(x)
        np.testing.assert_array_equal(found, sums)
        np.testing.assert_array_equal(second, x[:, :1].transpose(1, 0, 2))
        assert weight.numpy() == 2.0
        with ft.GradientTape() as tape:
            y = ft.reduce_sum(f(x)[0])
        assert tape.gradient(y, weight).numpy() == sums.sum() / 2

    def test_elements_that_only_a_branch_writes(self) -> None:
        @ft.function(input_signature=[TensorSpec([None])])
        def f(x: ft.Tensor) -> ft.Tensor:
            array = ft.TensorArray(ft.float32, size=2)
            for i in ft.range(2):
                array = array.write(i, x) if i > 0 else array.write(i, -x)
            return array.stack()

        assert f(np.float32([1, 2, 3])).numpy().tolist() == [[-1, -2, -3], [1, 2, 3]]

    def test_elements_of_sizes_that_only_python_knows(self) -> None:
        @ft.function
        def f(n: ft.Tensor) -> ft.Tensor:
            array = ft.TensorArray(ft.float32, size=n)
            for i in ft.range(n):
                row = ft.numpy_function(lambda: np.ones(2, "f4"), [], ft.float32)
                row.set_shape([None])
                array = array.write(i, row)
            return array.stack()

        with pytest.raises(ft.errors.InvalidArgumentError, match=r"only Python knows.*element_sh"):
            f(ft.constant(2))
