"""Sparse tensors as values: in functions, tapes and structures, operators, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.core.composite import CompositeTensorError


def matrix() -> ft.SparseTensor:
    return ft.SparseTensor([[0, 1], [1, 0], [1, 2]], [1.0, 2.0, 3.0], [2, 3])


def whole(x: Any) -> Any:
    return ft.sparse.to_dense(x).numpy().tolist()


def test_it_is_printed_with_its_parts() -> None:
    assert repr(matrix()).startswith("SparseTensor(indices=ft.Tensor(\n[[0 1]")
    assert matrix().shape == (2, 3)
    assert matrix().get_shape().as_list() == [2, 3]


def test_operators_keep_zeros() -> None:
    x = matrix()
    assert whole(x * 2.0) == whole(2.0 * x) == [[0.0, 2.0, 0.0], [4.0, 0.0, 6.0]]
    assert whole(x / ft.constant([[2.0], [4.0]])) == [[0.0, 0.5, 0.0], [0.5, 0.0, 0.75]]
    assert whole(x * ft.constant([1.0, 2.0, 3.0])) == [[0.0, 2.0, 0.0], [2.0, 0.0, 9.0]]
    with pytest.raises(TypeError):
        x * x
    with pytest.raises(ValueError, match="does not stretch"):
        x * ft.constant([1.0, 2.0])


def test_public_functions_that_keep_zeros_take_it() -> None:
    x = matrix()
    assert whole(ft.square(x)) == [[0.0, 1.0, 0.0], [4.0, 0.0, 9.0]]
    assert ft.cast(x, ft.int32).dtype == ft.int32
    assert ft.shape(x).numpy().tolist() == [2, 3]
    assert (int(ft.size(x)), int(ft.rank(x))) == (6, 2)
    with pytest.raises(CompositeTensorError, match="to_dense"):
        ft.exp(x)


def test_a_function_takes_and_returns_it() -> None:
    shapes = []

    @ft.function
    def double(x: Any) -> Any:
        shapes.append(tuple(x.shape))
        return ft.sparse.add(x, x), ft.sparse.to_dense(x)

    found, dense = double(matrix())
    assert whole(found) == [[0.0, 2.0, 0.0], [4.0, 0.0, 6.0]]
    assert dense.shape == (2, 3)
    double(matrix() * 5.0)
    assert shapes == [(2, 3)]


def test_a_spec_leaves_sizes_open() -> None:
    traces = []

    @ft.function(input_signature=[ft.SparseTensorSpec([None, 3], ft.float32)])
    def dense(x: Any) -> Any:
        traces.append(tuple(x.shape))
        return ft.sparse.to_dense(x)

    assert dense(matrix()).numpy().tolist() == whole(matrix())
    assert dense(ft.sparse.eye(4, 3)).shape == (4, 3)
    assert traces == [(None, 3)]
    with pytest.raises(ValueError, match="SparseTensorSpec"):
        dense(ft.sparse.eye(2))
    with pytest.raises(ValueError, match="SparseTensorSpec"):
        dense(ft.ones([2, 3]))
    spec = ft.SparseTensorSpec.from_value(matrix())
    assert spec == ft.SparseTensorSpec([2, 3], ft.float32)
    assert repr(spec) == "SparseTensorSpec(TensorShape([2, 3]), ft.float32)"


def test_a_gradient_has_the_same_places() -> None:
    x = matrix()
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = ft.sparse.to_dense(x) ** 2
    found = tape.gradient(y, x)
    assert isinstance(found, ft.SparseTensor)
    assert found.values.numpy().tolist() == [2.0, 4.0, 6.0]
    assert found.indices.numpy().tolist() == x.indices.numpy().tolist()


def test_nest_takes_it_apart() -> None:
    flat = ft.nest.flatten([matrix()], expand_composites=True)
    assert [t.shape for t in flat] == [(3, 2), (3,), (2,)]
    again = ft.nest.pack_sequence_as([matrix()], flat, expand_composites=True)
    assert whole(again[0]) == whole(matrix())


def test_an_empty_one_needs_no_shape_of_indices() -> None:
    assert whole(ft.SparseTensor([], [], [2, 2])) == [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    "parts",
    [([[0, 1]], [1.0, 2.0], [2, 3]), ([0, 1], [1.0], [2, 3]), ([[0, 1]], [1.0], [2])],
)
def test_parts_that_do_not_fit_are_refused(parts: Any) -> None:
    with pytest.raises(ValueError, match=r"expected indices \[n, rank\]"):
        ft.SparseTensor(*parts)


def test_indices_are_int64() -> None:
    with pytest.raises(ValueError, match="must be int64"):
        ft.SparseTensor(np.array([[0.5]]), [1.0], [2])


def test_masking_rows_of_slices() -> None:
    slices = ft.IndexedSlices(ft.constant([[1.0], [2.0]]), ft.constant([0, 3]))
    left = ft.sparse.mask(slices, [3])
    assert left.indices.numpy().tolist() == [0]
    with pytest.raises(TypeError, match="IndexedSlices"):
        ft.sparse.mask(matrix(), [0])


def test_crosses_are_hashed_as_in_tensorflow() -> None:
    letters = ft.constant([["a"], ["b"]])
    found = ft.sparse.cross_hashed([letters, ft.constant([["d"], ["e"]])], num_buckets=100)
    assert found.values.numpy().tolist() == [82, 61]


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: ft.sparse.sparse_dense_matmul(x, ft.ones([3, 4])), (2, 4)),
        (lambda x: ft.sparse.sparse_dense_matmul(x, ft.ones([2, 1]), adjoint_a=True), (3, 1)),
        (lambda x: ft.sparse.reduce_sum(x, 0), (3,)),
        (lambda x: ft.sparse.reduce_max(x, 1, keepdims=True), (2, 1)),
    ],
)
def test_a_known_shape_gives_a_known_shape(function: Any, shape: tuple[int, ...]) -> None:
    x = ft.sparse.from_dense([[1.0, 0.0, 3.0], [0.0, 2.0, 0.0]])
    for traced in (ft.function(lambda: function(x)), ft.function(lambda: function(x * 2.0))):
        assert traced.get_concrete_function().output_shapes == shape
    assert ft.function(function).get_concrete_function(x).output_shapes == shape


def test_a_product_is_what_a_loop_carries() -> None:
    walk = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    x = ft.sparse.from_dense(walk)

    @ft.function
    def after(steps: ft.Tensor) -> ft.Tensor:
        found = ft.constant([[1.0], [0.0]])
        for _ in ft.range(steps):
            found = ft.sparse.sparse_dense_matmul(x, found)
        return found

    expected = np.linalg.matrix_power(walk, 5)[:, :1]
    np.testing.assert_allclose(after(ft.constant(5)), expected, rtol=1e-6)
