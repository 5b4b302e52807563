"""Order and distinct elements of long arrays, which take other ways than short ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.ops.places_in_order import places_in_order

RANDOM = np.random.default_rng(3)
WHOLE = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")
ODD = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, -np.nan, 1e-7, 2.5]


def arrays(size: int) -> Any:
    for name in WHOLE:
        low, high = np.iinfo(name).min, np.iinfo(name).max
        yield RANDOM.integers(low, high, size, name, endpoint=True)
        yield RANDOM.integers(max(low, -3), 4, size).astype(name)
        ends = RANDOM.integers(max(low, -9), 9, size).astype(name)
        ends[0], ends[-1] = low, high
        yield ends
    for name in ("float16", "float32", "float64"):
        yield RANDOM.normal(size=size).astype(name)
        yield RANDOM.choice(ODD, size).astype(name)


def in_order(row: list[Any], *, descending: bool) -> list[int]:
    """By Python's stable sort; a NaN is larger than all."""
    rank = [(x != x, 0.0 if x != x else x) for x in row]
    if descending:
        return sorted(range(len(row)), key=lambda i: tuple(-part for part in rank[i]))
    return sorted(range(len(row)), key=lambda i: rank[i])


@pytest.mark.parametrize("size", [1, 40, 700])
def test_equal_elements_keep_their_order(size: int) -> None:
    for x in arrays(size):
        for descending in (False, True):
            expected = in_order(x.tolist(), descending=descending)
            for count in (None, 0, 1, 7, size):
                found = places_in_order(x, descending=descending, count=count)
                assert found.tolist() == expected[:count], (x.dtype, descending, count)


def test_nothing_to_sort() -> None:
    assert places_in_order(np.zeros((2, 0), np.float32)).shape == (2, 0)
    assert places_in_order(np.zeros((0, 9), np.int32), count=4).shape == (0, 4)
    assert ft.unique(np.zeros(0, np.int32)).y.shape == (0,)


def test_rows_are_sorted_each_by_itself() -> None:
    x = RANDOM.integers(0, 5, (30, 40)).astype(np.float32)
    for descending, direction in ((False, "ASCENDING"), (True, "DESCENDING")):
        expected = [in_order(row, descending=descending) for row in x.tolist()]
        assert ft.argsort(x, direction=direction).numpy().tolist() == expected
        found = ft.sort(x, direction=direction)
        np.testing.assert_array_equal(found, np.take_along_axis(x, np.array(expected), -1))
    values, places = ft.math.top_k(x, 6)
    assert places.numpy().tolist() == [row[:6] for row in expected]
    np.testing.assert_array_equal(values, np.take_along_axis(x, places.numpy(), -1))


def test_a_sorted_zero_keeps_its_sign() -> None:
    x = np.tile(np.float32([0.0, -0.0]), 400)
    assert ft.sort(x).numpy().tobytes() == x.tobytes()


@pytest.mark.parametrize("size", [1, 40, 3000])
def test_distinct_elements_come_in_the_order_of_the_first_of_each(size: int) -> None:
    for x in arrays(size):
        numbers: dict[Any, int] = {}
        # Each NaN is distinct: as an object of its own it is a key of its own.
        expected = [numbers.setdefault(v if v == v else object(), len(numbers)) for v in x.tolist()]
        y, places, counts = ft.unique_with_counts(x)
        assert places.numpy().tolist() == expected, x.dtype
        assert counts.numpy().tolist() == np.bincount(expected).tolist()
        first = [expected.index(n) for n in range(len(numbers))]
        assert y.numpy().tobytes() == x[first].tobytes()


def test_distinct_strings() -> None:
    texts = [b"%d" % (i * i % 97) for i in range(500)]
    y, places, counts = ft.unique_with_counts(texts, out_idx=ft.int64)
    assert y.numpy().tolist() == list(dict.fromkeys(texts))
    assert ft.gather(y, places).numpy().tolist() == texts
    assert counts.numpy().sum() == 500
    assert places.dtype == counts.dtype == ft.int64
