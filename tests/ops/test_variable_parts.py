"""Updates of rows and places of variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import DTypeError, InvalidArgumentError

START = np.array([[4.0, 2.0], [3.0, 5.0], [1.0, 8.0]], np.float32)
ROWS = np.array([2, 0, 2])
NEW = np.array([[2.0, 4.0], [1.0, 8.0], [4.0, 2.0]], np.float32)
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "update": lambda old, new: new, "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": np.divide, "max": np.maximum, "min": np.minimum,
}  # fmt: skip


def expected(op: str) -> np.ndarray:
    result = START.copy()
    for row, new in zip(ROWS, NEW, strict=True):
        result[row] = OPERATIONS[op](result[row], new)
    return result


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("traced", [False, True])
def test_rows_are_updated_one_after_the_other(op: str, traced: bool) -> None:
    v = ft.Variable(START)

    def run(new: Any, rows: Any) -> None:
        getattr(v, f"scatter_{op}")(ft.IndexedSlices(new, rows))

    (ft.function(run) if traced else run)(ft.constant(NEW), ft.constant(ROWS))
    np.testing.assert_array_equal(v.numpy(), expected(op))


@pytest.mark.parametrize("op", ["update", "add", "sub", "max", "min"])
def test_places_are_updated(op: str) -> None:
    v = ft.Variable(START)
    found = getattr(v, f"scatter_nd_{op}")(ROWS[:, None], NEW)
    assert found is v
    np.testing.assert_array_equal(v.numpy(), expected(op))


def test_one_number_for_all_rows() -> None:
    v = ft.Variable(START)
    v.scatter_update(ft.IndexedSlices(ft.constant([[0.0, 0.0]]), [1]))
    assert v.numpy()[1].tolist() == [0, 0]
    v.scatter_nd_update([[0], [2]], ft.constant(7.0))
    assert v.numpy()[[0, 2]].tolist() == [[7, 7], [7, 7]]


def test_a_batch_of_rows() -> None:
    v = ft.Variable(START)
    v.batch_scatter_update(ft.IndexedSlices([[9.0], [8.0], [7.0]], [[0], [1], [0]]))
    assert v.numpy().tolist() == [[9, 2], [3, 8], [7, 8]]


def test_parts_are_read() -> None:
    v = ft.Variable(START)
    assert v.gather_nd([[1, 0]]).numpy().tolist() == [3]
    assert v.sparse_read([1]).numpy().tolist() == [[3, 5]]


def test_what_does_not_fit() -> None:
    v = ft.Variable(START)
    with pytest.raises(InvalidArgumentError, match="outside"):
        v.scatter_add(ft.IndexedSlices(NEW[:1], [3]))
    with pytest.raises(InvalidArgumentError, match="outside"):
        v.scatter_mul(ft.IndexedSlices(NEW[:1], [3]))
    with pytest.raises(DTypeError, match=r"expected ft\.IndexedSlices"):
        v.scatter_add(NEW)
    with pytest.raises(InvalidArgumentError):
        v[1:].assign([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(v.numpy(), START)
