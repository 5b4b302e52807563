"""Gradients, outside of a traced function, of variables of which it gathers rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft


def table(dtype: Any = np.float32) -> Any:
    return ft.Variable(np.arange(10, dtype=dtype).reshape(5, 2))


def plain(function: Any) -> Any:
    return ft.function(function)


def nested(function: Any) -> Any:
    inner = ft.function(function)
    return ft.function(lambda *args: inner(*args))


def of_unknown_size(function: Any) -> Any:
    return ft.function(function, input_signature=[ft.TensorSpec([None, None], "int32")])


traced = pytest.mark.parametrize("trace", [plain, nested, of_unknown_size])


@traced
def test_rows_leave_the_function(trace: Any) -> None:
    v, w = table(), ft.Variable([1.0, 2.0])
    f = trace(lambda ids: ft.reduce_sum(ft.nn.embedding_lookup(v, ids) ** 2 * w))
    for ids in ([[1, 2], [1, 1]], [[4]]):
        with ft.GradientTape() as tape:
            y = f(ft.constant(ids))
        g, of_w = tape.gradient(y, [v, w])
        assert isinstance(g, ft.IndexedSlices)
        assert g.shape == (5, 2)
        flat = np.reshape(ids, -1)
        np.testing.assert_array_equal(g.indices, flat)
        np.testing.assert_array_equal(g.values, 2 * v.numpy()[flat] * w.numpy())
        whole = np.zeros((5, 2), np.float32)
        np.add.at(whole, flat, 2 * v.numpy()[flat] * w.numpy())
        np.testing.assert_array_equal(ft.convert_to_tensor(g), whole)
        np.testing.assert_array_equal(of_w, np.sum(v.numpy()[flat] ** 2, 0))


def test_of_several_calls_and_gathers_outside() -> None:
    v = table()
    f = ft.function(lambda ids: ft.gather(v, ids) * ft.gather(v, [0]))
    with ft.GradientTape() as tape:
        y = ft.reduce_sum(f(ft.constant([3, 1]))) + ft.reduce_sum(ft.gather(v, [4])) + f([2])
    g = tape.gradient(y, v)
    assert isinstance(g, ft.IndexedSlices)
    assert sorted(g.indices.numpy().tolist()) == [0, 0, 1, 2, 3, 4]
    # y[j] holds the first two terms for each of its 2 elements.
    a = v.numpy()
    expected = 2 * np.stack([a[3] + a[1] + a[2] / 2, a[0], a[0] / 2, a[0], [1, 1]])
    np.testing.assert_array_equal(ft.convert_to_tensor(g), expected)


def test_beside_other_uses_it_is_a_tensor() -> None:
    v = table()
    f = ft.function(lambda: ft.reduce_sum(ft.gather(v, [3])) + ft.reduce_sum(v * v))
    gathers = ft.function(lambda: ft.reduce_sum(ft.gather(v, [3])))
    with ft.GradientTape(persistent=True) as tape:
        inside, outside = f(), gathers() + ft.reduce_sum(v * v)
    for y in (inside, outside):
        g = tape.gradient(y, v)
        assert isinstance(g, ft.Tensor)
        np.testing.assert_array_equal(g, 2 * v.numpy() + [[0], [0], [0], [1], [0]])


def test_of_an_argument_it_is_a_tensor() -> None:
    x = ft.ones([5, 2])
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.function(lambda x: ft.gather(x, [1, 1]))(x)
    g = tape.gradient(y, x)
    assert isinstance(g, ft.Tensor)
    np.testing.assert_array_equal(g, [[0, 0], [2, 2], [0, 0], [0, 0], [0, 0]])


def test_second_derivatives_and_jacobians() -> None:
    v = table(np.float64)
    f = ft.function(lambda ids: ft.gather(v, ids) ** 3)
    with ft.GradientTape(persistent=True) as outer:
        with ft.GradientTape() as inner:
            rows = f([1, 1, 4])
        g = inner.gradient(rows, v)
        assert isinstance(g, ft.IndexedSlices)
        norm = ft.reduce_sum(g.values**2)
        whole = ft.reduce_sum(ft.convert_to_tensor(g) ** 2)
    a = v.numpy()
    count = np.float64([0, 2, 0, 0, 1])[:, None]
    np.testing.assert_allclose(outer.gradient(norm, v), count * 36 * a**3)
    np.testing.assert_allclose(outer.gradient(whole, v), count**2 * 36 * a**3)
    jacobian = outer.jacobian(rows, v)
    assert jacobian.shape == (3, 2, 5, 2)
    np.testing.assert_allclose(jacobian[2, 1, 4, 1], 3 * a[4, 1] ** 2)
    assert np.count_nonzero(jacobian) == 6


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_of_other_dtypes(dtype: str) -> None:
    v = ft.Variable(ft.cast(table(), dtype))
    f = ft.function(lambda: ft.reduce_sum(ft.cast(ft.gather(v, [1, 3, 1]), "float64")))
    with ft.GradientTape() as tape:
        y = f()
    g = tape.gradient(y, v)
    assert g.values.dtype == dtype
    whole = ft.cast(ft.convert_to_tensor(g), "float32")
    np.testing.assert_array_equal(whole, np.float32([0, 2, 0, 1, 0])[:, None] * [1, 1])


def test_optimizers_take_them() -> None:
    v, w = table(), table()
    one, other = (ft.keras.optimizers.Adam(0.5, clipnorm=1.0) for _ in range(2))
    f, g = (ft.function(lambda t=t: ft.reduce_sum(ft.gather(t, [2, 2, 0]) ** 2)) for t in (v, w))
    for _ in range(3):
        with ft.GradientTape() as tape:
            losses = f(), g()
        rows, of_w = tape.gradient(losses, [v, w])
        one.apply_gradients([(rows, v)])
        other.apply_gradients([(ft.convert_to_tensor(of_w), w)])
    np.testing.assert_array_equal(v.numpy(), w.numpy())
    assert np.any(v.numpy() != table().numpy())


def test_of_indices_of_several_dtypes() -> None:
    v = table()
    f = ft.function(lambda i, j: ft.reduce_sum(ft.gather(v, i)) + ft.reduce_sum(ft.gather(v, j)))
    with ft.GradientTape() as tape:
        y = f(ft.constant([1], "int32"), ft.constant([2], "int64"))
    g = tape.gradient(y, v)
    assert g.indices.dtype == ft.int64
    np.testing.assert_array_equal(g, np.float32([0, 1, 1, 0, 0])[:, None] * [1, 1])
