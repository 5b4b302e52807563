"""`gather_nd`, `gather` with batches and `scatter_nd` in traced functions: rows with numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(size=(4, 5, 6)).astype(np.float32)
PLACES = np.int32([[3, 4], [0, 0], [3, 4]])
EACH = np.int64([[4, 0, 4], [1, 2, 3], [0, 0, 0], [2, 4, 1]])


def nodes(function: Any, *arguments: Any) -> set[str]:
    return {node.primitive.name for node in function.get_concrete_function(*arguments).graph.nodes}


CASES: list[tuple[Callable[[Any], Any], Any, Any]] = [
    (lambda x: ft.gather_nd(x, PLACES), X, X[PLACES[:, 0], PLACES[:, 1]]),
    (lambda x: ft.gather_nd(x, [[1], [3]]), X, X[[1, 3]]),
    (lambda x: ft.gather_nd(x, [2, 3, 4]), X, X[2, 3, 4]),
    (lambda x: ft.gather_nd(x, EACH[..., None], batch_dims=1), X, X[np.arange(4)[:, None], EACH]),
    (lambda x: ft.gather(x, EACH, axis=1, batch_dims=1), X, X[np.arange(4)[:, None], EACH]),
    (lambda x: ft.gather(x, EACH, axis=2, batch_dims=1), X,
     np.stack([X[b][:, EACH[b]] for b in range(4)])),
    (lambda x: ft.gather_nd(x, np.uint8([[3], [1]])), X.astype(np.float16),
     X.astype(np.float16)[[3, 1]]),
]  # fmt: skip


@pytest.mark.parametrize(("function", "x", "expected"), CASES)
def test_parts_are_read_by_kernels(function: Any, x: Any, expected: Any) -> None:
    traced = ft.function(function)
    assert traced(ft.constant(x)).numpy().tobytes() == expected.tobytes()
    assert "gather_nd" not in nodes(traced, ft.constant(x))
    assert function(ft.constant(x)).numpy().tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "uint8"])
def test_values_for_one_place_add_up_in_kernels(dtype: str) -> None:
    updates = RANDOM.integers(0, 9, (3, 6)).astype(dtype)
    expected = np.zeros((4, 5, 6), dtype)
    for place, row in zip(PLACES, updates, strict=True):
        expected[tuple(place)] += row
    traced = ft.function(lambda u: ft.scatter_nd(PLACES, u, [4, 5, 6]))
    np.testing.assert_array_equal(traced(ft.constant(updates)), expected)
    assert "scatter_nd" not in nodes(traced, ft.constant(updates))


def test_gradients_add_up_what_was_read_twice() -> None:
    @ft.function
    def gradient(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = ft.reduce_sum(ft.square(ft.gather_nd(x, PLACES)))
        return tape.gradient(y, x)

    expected = np.zeros_like(X)
    for place in PLACES:
        expected[tuple(place)] += 2 * X[tuple(place)]
    np.testing.assert_array_equal(gradient(ft.constant(X)), expected)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x, i: ft.gather_nd(x, i), r"gather_nd: the index \[1, 9\] at position \[1\]"),
        (lambda x, i: ft.scatter_nd(i, x[:2, 0], [4, 5, 6]),
         r"scatter_nd: the index \[1, 9\] at position \[1\]"),
    ],
)  # fmt: skip
def test_a_place_outside_is_an_error_when_it_runs(function: Any, says: str) -> None:
    traced = ft.function(function)
    with pytest.raises(InvalidArgumentError, match=says):
        traced(ft.constant(X), ft.constant([[0, 0], [1, 9]]))
    with pytest.raises(InvalidArgumentError, match=says):
        function(ft.constant(X), ft.constant([[0, 0], [1, 9]]))


def test_sizes_that_are_not_known_are_left_to_the_host() -> None:
    unknown = ft.TensorSpec([None, 5, 6], ft.float32)
    traced = ft.function(lambda x: ft.gather_nd(x, PLACES), input_signature=[unknown])
    np.testing.assert_array_equal(traced(ft.constant(X)), X[PLACES[:, 0], PLACES[:, 1]])
