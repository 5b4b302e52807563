"""Functions run for all rows at once against the same row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.graph.vectorize import RULES, vectorized

ROWS = np.random.default_rng(5).standard_normal([4, 2, 3])
W = np.random.default_rng(6).standard_normal([3, 5])
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "elementwise": lambda x: [ft.tanh(x) * 2 + x / (1 + x * x), -x],
    "broadcast": lambda x: [x * x[0] + x[:, :1], x[0, 0] * ft.constant(W)],
    "matrices": lambda x: [ft.matmul(x, W), ft.matmul(W, x, transpose_a=True, transpose_b=True)],
    "both factors": lambda x: [ft.matmul(x, x, transpose_b=True), ft.einsum("ij,kj->k", x, x)],
    "views": lambda x: [ft.transpose(x)[::2], ft.reverse(ft.reshape(x, [3, 2]), [1])],
    "axes": lambda x: [ft.expand_dims(x, 1), ft.squeeze(x[:1], 0), ft.expand_dims(x, -1)],
    "parts": lambda x: [ft.concat([x, ft.zeros([2, 1], ft.float64)], 1), ft.pad(x, [[1, 0]] * 2)],
    "reductions": lambda x: [ft.reduce_sum(x, 1), ft.reduce_max(x, 0), ft.reduce_prod(x)],
    "positions": lambda x: [ft.argmax(x, 1), ft.argmin(x, 0)],
    "lookups": lambda x: [ft.gather(x, [2, 0], axis=1), ft.gather(ft.constant(W), ft.argmax(x, 1))],
    "stretching": lambda x: [ft.broadcast_to(x[0], [2, 3]), ft.tile(x, [2, 2])],
    "choice": lambda x: [ft.where(x > 0, x, x[:1]), ft.cast(x, ft.float32)],
    "softmax": lambda x: [ft.nn.softmax(x), ft.reduce_logsumexp(x, 0)],
    "gradients": lambda x: [slope(lambda y: ft.gather(y, [1, 0, 1]) * y[0, 0], x),
                            slope(lambda y: y[1:, ::2] * ft.reduce_sum(y * W[:2, :3]), x)],
    "convolution": lambda x: [ft.nn.conv1d(x[None], W[None], 1, "SAME")],
    "loop": lambda x: [ft.scan(lambda a, r: ft.sin(a) * r, x)],
    "nothing that varies": lambda x: [ft.constant(W), ft.zeros_like(x)],
    "the row itself": lambda x: [x],
}  # fmt: skip


def slope(f: Callable[[Any], Any], x: Any) -> Any:
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("run", [lambda f: f, ft.function], ids=["eager", "traced"])
def test_all_rows_at_once(name: str, run: Any) -> None:
    f, rows = FUNCTIONS[name], ft.constant(ROWS)
    found = run(lambda rows: vectorized(f, [rows], once=False))(rows)
    single = [f(rows[i]) for i in range(4)]
    for tensor, parts in zip(found, zip(*single, strict=True), strict=True):
        np.testing.assert_allclose(tensor, ft.stack(list(parts)), rtol=1e-12, atol=1e-13)
        assert tensor.dtype == parts[0].dtype


def test_the_function_is_called_once() -> None:
    calls = []
    vectorized(lambda x: (calls.append(1), [x * 2])[1], [ft.constant(ROWS)], once=False)
    assert len(calls) == 1


def test_every_rule_has_a_primitive() -> None:
    from freshet.graph.parsing import _define_all
    from freshet.ops.primitive import PRIMITIVES

    _define_all()
    assert set(RULES) <= set(PRIMITIVES)


class TestVectorizedMap:
    def test_structures(self) -> None:
        elems = {"a": ft.constant([1.0, 2.0]), "b": ft.constant([[1.0], [2.0]])}
        found = ft.vectorized_map(lambda e: {"sum": e["a"] + e["b"], "n": 3}, elems)
        np.testing.assert_array_equal(found["sum"], [[2], [4]])
        np.testing.assert_array_equal(found["n"], [3, 3])

    def test_gradients_go_through(self) -> None:
        v, x = ft.Variable(2.0), ft.constant([1.0, 2.0, 3.0])
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.vectorized_map(lambda e: e * e * v, x)
        by_v, by_x = tape.gradient(y, [v, x])
        assert float(by_v) == 14
        np.testing.assert_array_equal(by_x, [4, 8, 12])

    def test_each_element_has_random_numbers_of_its_own(self) -> None:
        found = ft.vectorized_map(lambda e: e + ft.random.normal([3]), ft.zeros([4]))
        assert len({tuple(row) for row in found.numpy().tolist()}) == 4

    def test_variables_are_assigned_for_each_element(self) -> None:
        v = ft.Variable(0.0)

        def step(e: Any) -> Any:
            v.assign_add(e)
            return v.value()

        found = ft.vectorized_map(step, ft.constant([1.0, 2.0, 3.0]))
        np.testing.assert_array_equal(found, [1, 3, 6])
        assert float(v) == 6

    def test_a_function_that_needs_values(self) -> None:
        found = ft.vectorized_map(lambda e: e * float(e), ft.constant([1.0, 2.0, 3.0]))
        np.testing.assert_array_equal(found, [1, 4, 9])

    def test_no_elements(self) -> None:
        assert ft.vectorized_map(lambda e: e * 2, ft.zeros([0, 3])).shape == (0, 3)
