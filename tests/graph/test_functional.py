"""`map_fn`, `scan`, `foldl` and `foldr`, eager and traced."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError

X = np.arange(1.0, 6.0, dtype=np.float32)
PAIRS = {"a": X, "b": -X}


def both(function, *args):
    """Return what a function gives eagerly, having checked that it gives the same when traced."""
    found = function(*args)
    traced = ft.function(function)(*args)
    for x, y in zip(ft.nest.flatten(found), ft.nest.flatten(traced), strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)
    return found


def test_scan_is_accumulate():
    def f(a, x):
        return a * 0.5 + x

    expected = list(itertools.accumulate(X.tolist(), f))
    np.testing.assert_allclose(both(lambda x: ft.scan(f, x), X).numpy(), expected)
    started = list(itertools.accumulate(X.tolist(), f, initial=10.0))[1:]
    np.testing.assert_allclose(both(lambda x: ft.scan(f, x, 10.0), X).numpy(), started)
    back = list(itertools.accumulate(X[::-1].tolist(), f))[::-1]
    np.testing.assert_allclose(both(lambda x: ft.scan(f, x, reverse=True), X).numpy(), back)


def test_folds():
    def f(a, x):
        return a - 2.0 * x

    assert float(both(lambda x: ft.foldl(f, x), X)) == 1 - 2 * (2 + 3 + 4 + 5)
    assert float(both(lambda x: ft.foldr(f, x), X)) == 5 - 2 * (1 + 2 + 3 + 4)
    assert float(both(lambda x: ft.foldl(f, x, 1.0), X)) == 1 - 2 * 15
    assert float(both(lambda x: ft.foldl(f, x, 1.0), np.zeros(0, np.float32))) == 1.0


def test_map_fn_and_vectorized_map():
    for mapping in (ft.map_fn, ft.vectorized_map):
        found = both(lambda p, m=mapping: m(lambda e: (e["a"] * e["b"], e["a"] > 2.0), p), PAIRS)
        np.testing.assert_allclose(found[0].numpy(), -X * X)
        assert found[1].numpy().tolist() == [False, False, True, True, True]
    rows = np.arange(6.0, dtype=np.float32).reshape(3, 2)
    total = both(lambda x: ft.map_fn(ft.reduce_sum, x, fn_output_signature=ft.float32), rows)
    assert total.numpy().tolist() == [1, 5, 9]


def test_structures_are_carried():
    def fibonacci(a, _):
        return a[1], a[0] + a[1]

    found = both(lambda x: ft.scan(fibonacci, x, (0, 1)), np.zeros(6, np.float32))
    assert found[0].numpy().tolist() == [1, 1, 2, 3, 5, 8]


def test_gradients_flow_through():
    def slope(x):
        with ft.GradientTape() as tape:
            tape.watch(x)
            total = ft.foldl(lambda a, v: a * v, x) + ft.reduce_sum(ft.map_fn(lambda v: v**2, x))
        return tape.gradient(total, x)

    np.testing.assert_allclose(both(slope, ft.constant(X)).numpy(), 120 / X + 2 * X, rtol=1e-5)


def test_eagerly_the_function_is_called_for_each_element():
    seen = []
    ft.map_fn(lambda x: seen.append(float(x)) or x, ft.constant(X))
    assert seen == X.tolist()


def test_errors():
    with pytest.raises(InvalidArgumentError, match="without elements there must be an initializer"):
        ft.scan(lambda a, x: a + x, ft.zeros((0,)))
    with pytest.raises(InvalidArgumentError, match=r"first dimension to go through, .* f32\[\]"):
        ft.map_fn(lambda x: x, ft.constant(1.0))
    with pytest.raises(
        InvalidArgumentError, match=r"carry 0 is f32\[\] before a step and f32\[2\]"
    ):
        ft.function(lambda: ft.foldl(lambda a, x: ft.stack([a, x]), X))()
