"""What is known of sizes and other small integers while a function is traced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError


def known(run: Any, *shape: int | None) -> Any:
    """Return what is known of ``run(x)`` while tracing with an x of this shape."""
    found: list[Any] = []

    @ft.function
    def traced(x: ft.Tensor) -> ft.Tensor:
        found.append(ft.get_static_value(run(x), partial=True))
        return x

    traced.get_concrete_function(ft.TensorSpec(shape))
    return None if found[0] is None else np.asarray(found[0]).tolist()


def test_arithmetic_on_known_sizes() -> None:
    assert known(lambda x: ft.shape(x)[1] - 1, 2, 3) == 2
    assert known(lambda x: ft.shape(x)[1] * 2 + ft.rank(x), None, 3) == 8
    assert known(lambda x: ft.shape(x)[0] - 1, None, 3) is None
    assert known(ft.size, 2, 3) == 6
    assert known(lambda x: ft.cast(x, ft.int32), 2) is None


def test_vectors_of_which_a_part_is_known() -> None:
    assert known(ft.shape, None, 3) == [None, 3]
    assert known(lambda x: ft.concat([ft.shape(x)[:1], [5, 1]], 0), None, 3) == [None, 5, 1]
    assert known(lambda x: ft.stack([ft.shape(x)[0], 7]), None, 3) == [None, 7]
    assert known(lambda x: ft.cast(ft.shape(x), ft.int64), None, 3) == [None, 3]


def test_long_computations_are_not_looked_at() -> None:
    def run(x: ft.Tensor) -> ft.Tensor:
        n = ft.shape(x)[0]
        for _ in range(500):
            n = n + 0
        return n

    assert known(run, 2) is None
    assert ft.function(lambda x: ft.zeros([run(x)]))(ft.ones([2])).shape == (2,)


def test_shapes_take_what_is_known() -> None:
    @ft.function(input_signature=[ft.TensorSpec([None, 4])])
    def traced(x: ft.Tensor) -> Any:
        n = ft.shape(x)[0]
        wide = ft.reshape(x, ft.concat([ft.shape(x)[:1], [2, 2]], 0))
        assert wide.shape == [None, 2, 2]
        assert ft.zeros([n, ft.shape(x)[1] + 1]).shape == [None, 5]
        assert x[:, : ft.shape(x)[1] - 1].shape == [None, 3]
        assert ft.slice(x, [n - 1, 0], [1, 2]).shape == [1, 2]
        assert ft.ensure_shape(x, [3, None]).shape == [3, 4]
        return wide, x[: n - 1], ft.range(n), ft.ones_like(x), ft.eye(n, batch_shape=[2])

    x = ft.reshape(ft.range(12.0), [3, 4])
    wide, front, count, ones, eyes = traced(x)
    assert (wide.shape, front.shape, ones.shape, eyes.shape) == (
        (3, 2, 2),
        (2, 4),
        (3, 4),
        (2, 3, 3),
    )
    assert count.numpy().tolist() == [0, 1, 2]


def test_a_shape_that_fits_only_before_the_run() -> None:
    traced = ft.function(
        lambda x: ft.ensure_shape(x, [3, 2]), input_signature=[ft.TensorSpec([None, None])]
    )
    assert traced(ft.ones([3, 2])).shape == (3, 2)
    with pytest.raises(InvalidArgumentError, match="ensure_shape"):
        traced(ft.ones([2, 3]))


def test_paddings_that_only_the_run_knows() -> None:
    traced = ft.function(lambda x, p: ft.pad(x, p, constant_values=7.0))
    paddings = np.array([[1, 0], [0, 2]])
    x = np.ones((2, 3), np.float32)
    expected = np.pad(x, paddings, constant_values=7)
    np.testing.assert_array_equal(traced(ft.constant(x), ft.constant(paddings)), expected)
    value = ft.function(lambda x, v: ft.pad(x, paddings, constant_values=v))
    np.testing.assert_array_equal(value(ft.constant(x), ft.constant(7.0)), expected)


def test_bounds_that_data_decides_on() -> None:
    @ft.function
    def window(x: ft.Tensor, i: ft.Tensor) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            part = x[i : i + 2] * 2.0
            block = ft.slice(x, [i], [2])
            total = ft.reduce_sum(part) + ft.reduce_sum(block * block) + x[-i]
        return part, block, tape.gradient(total, x)

    x = np.arange(1, 6, dtype=np.float32)
    for i in (1, 2):
        part, block, grad = window(ft.constant(x), ft.constant(i))
        np.testing.assert_array_equal(part, 2 * x[i : i + 2])
        np.testing.assert_array_equal(block, x[i : i + 2])
        expected = np.zeros(5, np.float32)
        expected[i : i + 2] = 2 + 2 * x[i : i + 2]
        expected[-i] += 1
        np.testing.assert_array_equal(grad, expected)
    with pytest.raises(InvalidArgumentError, match="outside"):
        window(ft.constant(x), ft.constant(4))
