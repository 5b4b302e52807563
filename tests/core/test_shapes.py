"""`TensorShape` and `TensorSpec`, as TensorFlow documents them, and broadcasting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import freshet as ft
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import (
    TensorShape,
    TensorSpec,
    TensorType,
    broadcast_shapes,
    normalize_axis,
)

S = ft.TensorShape


class TestTensorShape:
    def test_making(self) -> None:
        for given_shape in ([2, None], (2, None), S([2, None]), iter([2, None])):
            assert S(given_shape) == [2, None]
        assert S(3) == [3]
        assert S(np.array([1, 2])) == (1, 2)
        assert S([ft.constant(4)]) == [4]
        assert S([]) == S(()) == ()

    @pytest.mark.parametrize(
        ("dims", "message"),
        [([-1], "must not be negative"), ([1.5], "whole number or None"), (["a"], "received 'a'"),
         (None, "unknown rank")],
    )  # fmt: skip
    def test_what_is_no_shape(self, dims: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            S(dims)

    def test_it_is_a_tuple(self) -> None:
        shape = S([2, None, 3])
        assert (shape[0], shape[1], shape[-1], len(shape)) == (2, None, 3, 3)
        assert list(shape) == [2, None, 3]
        first, *rest = shape
        assert (first, rest) == (2, [None, 3])
        assert isinstance(shape[1:], S)
        assert shape[1:] == [None, 3]
        assert hash(shape) == hash((2, None, 3))
        assert {shape: 1}[S((2, None, 3))] == 1
        assert np.zeros(S([2, 3])).shape == (2, 3)

    def test_comparison(self) -> None:
        assert S([2, 3]) == [2, 3] == S([2, 3])
        assert S([None]) == S([None])
        for other in ([2], [2, 4], (2, None), None, "23"):
            assert S([2, 3]) != other

    def test_questions(self) -> None:
        known, partly = S([2, 3]), S([None, 3])
        assert (known.rank, known.ndims, known.dims) == (2, 2, [2, 3])
        assert (known.as_list(), partly.as_list()) == ([2, 3], [None, 3])
        assert (known.num_elements(), partly.num_elements(), S([]).num_elements()) == (6, None, 1)
        assert S([0, 3]).num_elements() == 0
        assert known.is_fully_defined()
        assert not partly.is_fully_defined()

    @pytest.mark.parametrize(
        ("a", "b", "merged"),
        [
            ([None, 3], [2, None], [2, 3]), ([2], [2], [2]), ([None], [None], [None]), ([], [], []),
            ([2], [3], None), ([2], [2, 1], None), ([1], [2], None),
        ],
    )  # fmt: skip
    def test_merging(self, a: Any, b: Any, merged: Any) -> None:
        assert S(a).is_compatible_with(b) == S(b).is_compatible_with(a) == (merged is not None)
        if merged is not None:
            S(a).assert_is_compatible_with(b)
            assert S(a).merge_with(b) == merged
            return
        for call in (S(a).assert_is_compatible_with, S(a).merge_with):
            with pytest.raises(ValueError, match=r"Shapes \(.*\) and \(.*\) are incompatible"):
                call(b)

    def test_joining(self) -> None:
        tail = [None, 4]
        for joined in (S([2]) + tail, [2] + S(tail), S([2]).concatenate(tail)):  # noqa: RUF005
            assert isinstance(joined, S)
            assert joined == [2, None, 4]

    def test_rank(self) -> None:
        assert S([2, 3]).with_rank(2) == [2, 3]
        with pytest.raises(ValueError, match=r"Shape \(2, 3\) must have rank 3"):
            S([2, 3]).with_rank(3)

    def test_printing(self) -> None:
        assert [str(S(d)) for d in ([], [2], [2, None])] == ["()", "(2,)", "(2, None)"]
        assert repr(S([2, None])) == "TensorShape([2, None])"


class TestTensorSpec:
    def test_defaults_and_equality(self) -> None:
        assert ft.TensorSpec().type == TensorType(ft.float32, ())
        assert ft.TensorSpec([2], "int32", "x") == ft.TensorSpec((2,), ft.int32, "x")
        assert ft.TensorSpec([2]) != ft.TensorSpec([3])
        assert ft.TensorSpec([2]) != ft.TensorSpec([2], name="x")
        assert len({ft.TensorSpec([2]), ft.TensorSpec([2])}) == 1

    def test_compatibility(self) -> None:
        spec = ft.TensorSpec([None, 3])
        assert spec.is_compatible_with(ft.zeros([2, 3]))
        assert not spec.is_compatible_with(ft.zeros([2, 4]))
        assert not spec.is_compatible_with(ft.zeros([2, 3], ft.float64))
        assert ft.TensorSpec.from_tensor(ft.zeros([2, 3]), "x") == ft.TensorSpec([2, 3], name="x")

    def test_printing(self) -> None:
        assert repr(ft.TensorSpec([None], ft.int32, "x")) == (
            "TensorSpec(shape=(None,), dtype=ft.int32, name='x')"
        )


def test_types() -> None:
    kind = TensorType(ft.float64, (2, 3))
    assert (kind.rank, kind.static_shape, kind.num_elements, kind.num_bytes) == (2, (2, 3), 6, 48)
    unknown = TensorType(ft.bool, (None, 3))
    assert (str(kind), str(unknown)) == ("f64[2,3]", "bool[?,3]")
    with pytest.raises(ValueError, match=r"shape of bool\[\?,3\] is not known"):
        _ = unknown.num_elements


SHAPES = st.lists(st.integers(0, 3), max_size=4).map(tuple)


@settings(deadline=None, derandomize=True, database=None)
@given(st.lists(SHAPES, min_size=1, max_size=3))
def test_broadcasting_is_numpys(shapes: list[tuple[int, ...]]) -> None:
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        with pytest.raises(ft.errors.InvalidArgumentError, match=r"f: shapes .* do not broadcast"):
            broadcast_shapes("f", shapes)
    else:
        assert broadcast_shapes("f", shapes) == expected


@settings(deadline=None, derandomize=True, database=None)
@given(SHAPES, SHAPES, st.data())
def test_what_is_known_of_unknown_sizes_is_right(
    a: tuple[int, ...], b: tuple[int, ...], data: st.DataObject
) -> None:
    hidden = [tuple(None if data.draw(st.booleans()) else n for n in s) for s in (a, b)]
    try:
        expected = np.broadcast_shapes(a, b)
    except ValueError:
        return
    found = broadcast_shapes("f", hidden)
    assert len(found) == len(expected)
    assert all(x in {None, n} for x, n in zip(found, expected, strict=True))


def test_axes() -> None:
    assert [normalize_axis("f", n, 3) for n in (0, 2, -1, -3)] == [0, 2, 2, 0]
    for axis, rank in ((3, 3), (-4, 3), (0, 0)):
        with pytest.raises(ValueError, match=rf"f: axis {axis} is outside \[{-rank}, {rank}\) of"):
            normalize_axis("f", axis, rank)


def test_questions_about_ranks_and_other_shapes() -> None:
    shape = TensorShape([1, None])
    assert shape.with_rank_at_least(1) is shape.with_rank_at_most(3) is shape
    assert shape.most_specific_compatible_shape([2, None]) == [None, None]
    assert shape.is_subtype_of([None, None])
    assert not shape.is_subtype_of([None, 2])
    assert shape.most_specific_common_supertype([[1, 2], [3, 4]]) == [None, None]
    assert shape.most_specific_common_supertype([[1]]) is None
    shape.assert_has_rank(2)
    shape.assert_same_rank([3, 4])
    TensorShape([1, 2]).assert_is_fully_defined()
    for wrong in (
        lambda: shape.with_rank_at_least(3), lambda: shape.with_rank_at_most(1),
        lambda: shape.assert_has_rank(3), lambda: shape.assert_same_rank([1]),
        shape.assert_is_fully_defined, lambda: shape.most_specific_compatible_shape([1]),
    ):  # fmt: skip
        with pytest.raises(InvalidArgumentError):
            wrong()


def test_questions_about_specs() -> None:
    spec = TensorSpec([1, 2], "float32", "x")
    assert TensorSpec.from_spec(spec, "y") == TensorSpec([1, 2], "float32", "y")
    assert spec.is_subtype_of(TensorSpec([None, 2]))
    assert not spec.is_subtype_of(TensorSpec([None, 2], "int32"))
    assert spec.most_specific_compatible_type(TensorSpec([3, 2])) == TensorSpec([None, 2])
    assert spec.most_specific_common_supertype([TensorSpec([1])]) is None
    assert spec.value_type.__name__ == "Tensor"
    with pytest.raises(InvalidArgumentError):
        spec.most_specific_compatible_type(TensorSpec([1, 2], "int32"))


def test_the_public_function_broadcasts_shapes() -> None:
    found = ft.broadcast_static_shape(ft.TensorShape([1, None, 3]), ft.TensorShape([4, 2, 1]))
    assert isinstance(found, ft.TensorShape)
    assert found.as_list() == [4, 2, 3]
    with pytest.raises(ValueError, match="do not broadcast"):
        ft.broadcast_static_shape(ft.TensorShape([2]), ft.TensorShape([3]))
