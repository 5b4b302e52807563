"""Programs deeper than Python's stack compile, and in reasonable pieces."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erfinv

import freshet as ft
from freshet.compiler.fusion.elements import Elements
from freshet.compiler.ordering import dependencies_first
from freshet.graph.ir import Value
from freshet.ops.index import Position
from freshet.ops.scalar import Expr

DEEP = 1100


def x() -> np.ndarray:
    return np.linspace(0.1, 0.9, 12, dtype=np.float32).reshape(3, 4)


def test_a_long_chain_of_elementwise_operations() -> None:
    @ft.function
    def chain(x: ft.Tensor) -> ft.Tensor:
        y = x
        for _ in range(DEEP // 2):
            y = y * 0.5 + x
        return y

    np.testing.assert_allclose(chain(x()).numpy(), 2 * x(), rtol=1e-6)


def test_a_value_with_several_readers_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    computed = Elements._computed

    def counted(self: Elements, value: Value, where: Position) -> Expr:
        made.append(value)
        return computed(self, value, where)

    monkeypatch.setattr(Elements, "_computed", counted)

    @ft.function
    def newton(x: ft.Tensor) -> ft.Tensor:
        y = x
        for _ in range(4):
            y = y - (ft.math.erf(y) - x) / ft.exp(-y * y) * 0.886227
        return y

    np.testing.assert_allclose(newton(x()), erfinv(x()), rtol=1e-3)
    # Of 8 operations a step, in a few kernels: not 4 ** 4 times as many.
    assert 0 < len(made) < 400


def test_the_gradient_of_a_long_chain() -> None:
    @ft.function
    def slope(x: ft.Tensor) -> ft.Tensor:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = x
            for _ in range(200):
                y = ft.sin(y) * 0.5 + x
        return tape.gradient(y, x)

    y = x().astype(np.float64)
    expected = np.ones_like(y)
    for _ in range(200):
        expected = expected * 0.5 * np.cos(y) + 1
        y = np.sin(y) * 0.5 + x()
    np.testing.assert_allclose(slope(ft.constant(x())).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("end", ["a check", "a call of Python"])
def test_a_long_chain_of_kernels_before_what_may_fail(end: str) -> None:
    count = ft.Variable(0)

    @ft.function
    def deep(x: ft.Tensor) -> ft.Tensor:
        count.assign_add(1)
        y = x
        for _ in range(DEEP):
            y = ft.reduce_mean(y, 1, keepdims=True) * 0.5 + x
        labels = ft.cast(ft.reduce_max(y, 1), "int64")
        if end == "a check":
            return ft.nn.sparse_softmax_cross_entropy_with_logits(labels, x)
        return ft.gather(y, labels)

    y = x()
    for _ in range(DEEP):
        y = y.mean(1, keepdims=True) * np.float32(0.5) + x()
    labels = y.max(1).astype(int)
    if end == "a check":
        expected = np.log(np.exp(x()).sum(1)) - np.take_along_axis(x(), labels[:, None], 1)[:, 0]
    else:
        expected = y[labels]
    np.testing.assert_allclose(deep(x()).numpy(), expected, rtol=1e-4, atol=1e-6)
    assert int(count) == 1


def test_what_must_come_before_comes_before_and_the_rest_stays() -> None:
    before = {0: [3], 1: [], 2: [0], 3: [4], 4: [], 5: []}
    assert dependencies_first(range(6), before.__getitem__) == [4, 3, 0, 1, 2, 5]
    assert dependencies_first([5, 2], before.__getitem__) == [5, 4, 3, 0, 2]


def test_an_order_of_many_numbers_needs_no_deep_stack() -> None:
    many = 100_000
    found = dependencies_first(range(many), lambda n: [n + 1] if n + 1 < many else [])
    assert found == list(range(many))[::-1]
