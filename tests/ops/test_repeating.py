"""`repeat` and `tile` beside NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.errors import InvalidArgumentError

X = np.arange(24).reshape(2, 3, 4)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("times", [0, 1, 3])
def test_repeat_each_element(axis: int | None, times: int) -> None:
    np.testing.assert_array_equal(ft.repeat(X, times, axis), np.repeat(X, times, axis))


@pytest.mark.parametrize(("counts", "axis"), [([2, 0], 0), ([1, 0, 3], 1), ([1, 2, 3, 0], -1)])
def test_repeat_each_element_by_itself(counts: list[int], axis: int) -> None:
    np.testing.assert_array_equal(ft.repeat(X, counts, axis), np.repeat(X, counts, axis))


def test_repeat_needs_a_count_for_each_element() -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"axis 0 of .* needs as many counts, received 3"
    ):
        ft.repeat(X, [1, 2, 3], 0)
    with pytest.raises(InvalidArgumentError, match="from 0 on, received -1"):
        ft.repeat(X, -1, 0)


@pytest.mark.parametrize("run", [
    lambda x: ft.repeat(x, 3, 0), lambda x: ft.repeat(x, 2, 2), lambda x: ft.tile(x, [2, 1, 3]),
    lambda x: ft.tile(x, [1, 2, 1]),
])  # fmt: skip
def test_sizes_need_not_be_known(run: Any) -> None:
    spec = [ft.TensorSpec([None, 3, None], "int64")]
    traced = ft.function(run, input_signature=spec)
    for size in (1, 2):
        x = X[:size, :, : size + 1]
        np.testing.assert_array_equal(traced(x).numpy(), run(x).numpy())


@pytest.mark.parametrize("times", [[1, 1, 1], [2, 1, 3], [1, 0, 2]])
def test_tile(times: list[int]) -> None:
    np.testing.assert_array_equal(ft.tile(X, times), np.tile(X, times))
