"""Nested structures."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshet import nest

Pair = namedtuple("Pair", ["a", "b"])
LEAVES = st.none() | st.integers() | st.text(max_size=2)
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), inner, max_size=3)
        | st.tuples(inner, inner).map(lambda ab: Pair(*ab))
    ),
    max_leaves=8,
)
QUICK = settings(deadline=None, derandomize=True, database=None)


@QUICK
@given(STRUCTURES)
def test_packing_undoes_flattening(structure: Any) -> None:
    flat = nest.flatten(structure)
    assert nest.pack_sequence_as(structure, flat) == structure
    same = nest.map_structure(lambda leaf: leaf, structure)
    assert same == structure
    assert type(same) is type(structure)
    nest.assert_same_structure(structure, same)


@QUICK
@given(STRUCTURES)
def test_a_number_per_leaf(structure: Any) -> None:
    count = len(nest.flatten(structure))
    numbered = nest.pack_sequence_as(structure, range(count))
    assert nest.flatten(numbered) == list(range(count))


def test_dicts_go_by_sorted_keys_and_keep_their_order() -> None:
    structure = {"b": 1, "a": [2, (3, None)]}
    assert nest.flatten(structure) == [2, 3, None, 1]
    packed = nest.pack_sequence_as(structure, "wxyz")
    assert packed == {"b": "z", "a": ["w", ("x", "y")]}
    assert list(packed) == ["b", "a"]
    assert nest.flatten({1: "x", "b": "y"}) == ["x", "y"]


@pytest.mark.parametrize(
    "structure",
    [OrderedDict([("b", 1), ("a", 2)]), defaultdict(list, {"b": 1, "a": 2}), Pair(1, [2])],
)
def test_classes_stay(structure: Any) -> None:
    found = nest.map_structure(lambda x: x * 10, structure)
    assert type(found) is type(structure)
    assert nest.flatten(found) == [10 * n for n in nest.flatten(structure)]
    assert structure == nest.map_structure(lambda x: x // 10, found)


def test_what_is_a_leaf() -> None:
    array = np.arange(3)
    for leaf in (1, "text", None, array, {1, 2}, range(3), iter([1])):
        assert not nest.is_nested(leaf)
        assert nest.flatten(leaf)[0] is leaf
    for structure in ([], (), {}, Pair(1, 2)):
        assert nest.is_nested(structure)


def test_several_structures() -> None:
    found = nest.map_structure(lambda a, b, c: a + b * c, [1, (2,)], [3, (4,)], [5, (6,)])
    assert found == [16, (26,)]


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1], [1, 2], r"\[\.\] and \[\., \.\]"),
        ([1], (1,), r"\[\.\] and tuple\(\.\)"),
        ({"a": 1}, {"b": 1}, r"\{'a': \.\} and \{'b': \.\}"),
        ([[1]], [1], r"\[\[\.\]\] and \[\.\]"),
        (Pair(1, 2), (1, 2), r"Pair\(\., \.\) and tuple\(\., \.\)"),
    ],
)
def test_different_structures(a: Any, b: Any, message: str) -> None:
    for call in (nest.assert_same_structure, lambda a, b: nest.map_structure(max, a, b)):
        with pytest.raises(ValueError, match=rf"the structures differ: {message}"):
            call(a, b)


@pytest.mark.parametrize("flat", [[], [1], [1, 2, 3]])
def test_a_wrong_number_of_leaves(flat: list[int]) -> None:
    with pytest.raises(ValueError, match=f"structure has 2 leaves, received {len(flat)} values"):
        nest.pack_sequence_as([0, (0,)], flat)
