"""`TensorShape` and `TensorSpec`, as TensorFlow documents them, and broadcasting."""

from __future__ import annotations

import copy
import pickle
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
        [([-1], "must not be negative"), ([1.5], "whole number or None"), (["a"], "received 'a'")],
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


class TestUnknownRank:
    """Every fact here is what tf.TensorShape(None) of TensorFlow 2.21 does."""

    def test_questions(self) -> None:
        unknown = S(None)
        assert (unknown.rank, unknown.ndims, unknown.dims) == (None, None, None)
        assert unknown.num_elements() is None
        assert not unknown.is_fully_defined()
        assert not unknown
        assert (repr(unknown), str(unknown)) == ("TensorShape(None)", "<unknown>")

    def test_sizes_are_refused(self) -> None:
        unknown = S(None)
        for call in (
            lambda: len(unknown), lambda: list(unknown), unknown.as_list, lambda: unknown[::2],
            unknown.assert_is_fully_defined, lambda: np.zeros(unknown, np.float32),
        ):  # fmt: skip
            with pytest.raises((ValueError, TypeError)):
                call()
        with pytest.raises(
            ValueError, match=r"len\(\) needs the rank .* x\.set_shape\(\[None, 3\]\)"
        ):
            len(unknown)

    def test_comparison(self) -> None:
        assert S(None) == S(None) == None  # noqa: E711
        assert hash(S(None)) == hash(S(None))
        for other in ([], (), S([]), S([None]), [None]):
            assert S(None) != other
            assert other != S(None)
        assert S([]) != None  # noqa: E711

    def test_it_fits_every_shape(self) -> None:
        unknown = S(None)
        for other in ([], [2], [None, 3], None):
            assert unknown.is_compatible_with(other)
            assert S(other).is_compatible_with(unknown)
            assert unknown.merge_with(other) == S(other) == S(other).merge_with(None)
            assert S(other).is_subtype_of(unknown)
            assert unknown.most_specific_compatible_shape(other) == unknown
            assert S(other).most_specific_compatible_shape(unknown) == unknown
            unknown.assert_same_rank(other)
            unknown.assert_is_compatible_with(other)
        assert not unknown.is_subtype_of([2])
        assert S([2]).most_specific_compatible_shape([2, 3]) == unknown
        assert S([2]).most_specific_common_supertype([[2], unknown]) == unknown

    def test_joining_and_parts(self) -> None:
        unknown = S(None)
        for joined in (unknown + [2], [2] + unknown, S([2]).concatenate(None), S([2]) + None):  # noqa: RUF005
            assert joined.rank is None
        assert (unknown[0], unknown[-1]) == (None, None)
        assert unknown[:2] == [None, None] == unknown[1:3]
        for part in (unknown[1:], unknown[-2:], unknown[:-1]):
            assert part.rank is None

    def test_ranks(self) -> None:
        unknown = S(None)
        assert unknown.with_rank(2) == [None, None]
        assert unknown.with_rank_at_least(2) is unknown is unknown.with_rank_at_most(2)
        unknown.assert_has_rank(2)

    def test_it_survives_pickle_and_copies(self) -> None:
        assert pickle.loads(pickle.dumps(S(None))) == S(None)
        assert copy.deepcopy([S(None), S([2])]) == [S(None), S([2])]

    def test_specs(self) -> None:
        spec = ft.TensorSpec(None, ft.int32, "x")
        assert repr(spec) == "TensorSpec(shape=<unknown>, dtype=ft.int32, name='x')"
        assert spec == ft.TensorSpec(S(None), "int32", "x") != ft.TensorSpec([None], "int32", "x")
        assert spec.is_compatible_with(ft.zeros([2, 3], ft.int32))
        assert not spec.is_compatible_with(ft.zeros([2, 3]))
        assert ft.TensorSpec([2], ft.int32).is_subtype_of(spec)
        assert not spec.is_subtype_of(ft.TensorSpec([2], ft.int32))

    def test_functions_of_shapes(self) -> None:
        assert ft.broadcast_static_shape(S(None), S([2])).rank is None
        x = ft.zeros([2, 3])
        assert ft.ensure_shape(x, None) is x is ft.ensure_shape(x, S(None))
        x.set_shape(None)
        assert x.shape == [2, 3]


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
    assert shape.most_specific_common_supertype([[1]]).rank is None
    assert shape.most_specific_compatible_shape([1]).rank is None
    shape.assert_has_rank(2)
    shape.assert_same_rank([3, 4])
    TensorShape([1, 2]).assert_is_fully_defined()
    for wrong in (
        lambda: shape.with_rank_at_least(3), lambda: shape.with_rank_at_most(1),
        lambda: shape.assert_has_rank(3), lambda: shape.assert_same_rank([1]),
        shape.assert_is_fully_defined,
    ):  # fmt: skip
        with pytest.raises(InvalidArgumentError):
            wrong()


def test_questions_about_specs() -> None:
    spec = TensorSpec([1, 2], "float32", "x")
    assert TensorSpec.from_spec(spec, "y") == TensorSpec([1, 2], "float32", "y")
    assert spec.is_subtype_of(TensorSpec([None, 2]))
    assert not spec.is_subtype_of(TensorSpec([None, 2], "int32"))
    assert spec.most_specific_compatible_type(TensorSpec([3, 2])) == TensorSpec([None, 2])
    assert spec.most_specific_common_supertype([TensorSpec([1])]) == TensorSpec(None, name="x")
    assert spec.most_specific_common_supertype([TensorSpec([1, 2], "int32")]) is None
    assert spec.most_specific_compatible_type(TensorSpec([1])) == TensorSpec(None)
    assert spec.value_type.__name__ == "Tensor"
    with pytest.raises(InvalidArgumentError):
        spec.most_specific_compatible_type(TensorSpec([1, 2], "int32"))


def test_the_public_function_broadcasts_shapes() -> None:
    found = ft.broadcast_static_shape(ft.TensorShape([1, None, 3]), ft.TensorShape([4, 2, 1]))
    assert isinstance(found, ft.TensorShape)
    assert found.as_list() == [4, 2, 3]
    with pytest.raises(ValueError, match="do not broadcast"):
        ft.broadcast_static_shape(ft.TensorShape([2]), ft.TensorShape([3]))
