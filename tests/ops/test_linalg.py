"""What the database of operations cannot say of linear algebra: symmetric arguments, identities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
from freshet.ops.linalg.schur import schur

L = ft.linalg


def positive(n: int, dtype: Any = np.float64) -> np.ndarray:
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, n))
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=(n, n))
    return (x @ np.conj(x.T) + n * np.eye(n)).astype(dtype)


def _hermitian(like: np.ndarray, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=like.shape)
    if like.dtype.kind == "c":
        x = x + 1j * rng.normal(size=like.shape)
    return (x + np.conj(x.T)).astype(like.dtype)


# --- Cholesky: differentiated towards Hermitian matrices ------------------------------------------


def _slope(function: Any, x: np.ndarray, along: np.ndarray) -> float:
    step = 1e-6
    values = [function(ft.constant(x + s * along)).numpy() for s in (step, -step)]
    return float((values[0] - values[1]) / (2 * step))


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
def test_the_gradient_of_cholesky(dtype: str) -> None:
    x = positive(4, dtype)
    weights = _hermitian(x, 5)

    def value(a: Any) -> Any:
        return ft.reduce_sum(ft.math.real(L.cholesky(a) * ft.math.conj(weights)))

    def gradient(a: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(a)
            y = value(a)
        return tape.gradient(y, a)

    def second(a: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(a)
            y = ft.reduce_sum(ft.math.real(gradient(a) * ft.math.conj(_hermitian(x, 6))))
        return y, tape.gradient(y, a)

    tensor = ft.constant(x)
    along = _hermitian(x, 7)
    found = gradient(tensor).numpy()
    np.testing.assert_allclose(found, np.conj(found.T), atol=1e-12)
    assert np.isclose(np.real(np.sum(np.conj(found) * along)), _slope(value, x, along), rtol=1e-6)
    np.testing.assert_allclose(ft.function(gradient)(tensor).numpy(), found, atol=1e-12)
    deep = second(tensor)[1].numpy()
    slope = _slope(lambda a: second(a)[0], x, along)
    assert np.isclose(np.real(np.sum(np.conj(deep) * along)), slope, rtol=1e-5)


def test_the_gradient_of_the_logarithm_of_a_determinant_is_the_inverse() -> None:
    x = ft.constant(positive(3))
    with ft.GradientTape() as tape:
        tape.watch(x)
        y = L.logdet(x)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.linalg.inv(x.numpy()), rtol=1e-9)


def test_a_matrix_that_is_not_positive_definite_gives_nan_alone() -> None:
    good, bad = positive(2), np.array([[1.0, 2.0], [2.0, 1.0]])
    found = L.cholesky(np.stack([good, bad])).numpy()
    np.testing.assert_allclose(found[0], np.linalg.cholesky(good))
    assert np.isnan(found[1][np.tril_indices(2)]).all()
    assert found[1][0, 1] == 0


# --- identities -----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_factors_multiply_to_the_matrix(n: int) -> None:
    rng = np.random.default_rng(n)
    x = ft.constant(rng.normal(size=(3, n, n + 2)))
    q, r = L.qr(x)
    np.testing.assert_allclose(ft.matmul(q, r).numpy(), x.numpy(), atol=1e-12)
    s, u, v = L.svd(x)
    product = ft.matmul(u * s[:, None, :], v, adjoint_b=True)
    np.testing.assert_allclose(product.numpy(), x.numpy(), atol=1e-12)
    square = ft.matmul(x, x, transpose_b=True)
    e, v = L.eigh(square)
    np.testing.assert_allclose(
        ft.matmul(v * e[:, None, :], v, adjoint_b=True).numpy(), square.numpy(), atol=1e-10
    )
    np.testing.assert_allclose(L.lu_reconstruct(*L.lu(square)).numpy(), square.numpy(), atol=1e-11)
    w, z = L.eig(square)
    np.testing.assert_allclose(
        ft.matmul(ft.cast(square, ft.complex128), z).numpy(), (z * w[:, None, :]).numpy(),
        atol=1e-9,
    )  # fmt: skip


@pytest.mark.parametrize("n", [1, 2, 3, 8, 21])
def test_the_schur_decomposition(n: int) -> None:
    rng = np.random.default_rng(n)
    for x in (rng.normal(size=(n, n)), np.diag(np.ones(n - 1), 1), np.eye(n), np.zeros((n, n))):
        t, q = schur(x.astype(np.complex128))
        np.testing.assert_allclose(q @ t @ np.conj(q.T), x, atol=1e-12)
        np.testing.assert_allclose(q @ np.conj(q.T), np.eye(n), atol=1e-13)
        np.testing.assert_array_equal(np.tril(t, -1), 0)


def test_nan_has_no_eigenvalues() -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match="NaN or infinity"):
        L.sqrtm(np.full((3, 3), np.nan))


def test_functions_of_matrices_are_inverse_to_each_other() -> None:
    x = ft.constant(positive(4) / 4)
    root = L.sqrtm(x)
    np.testing.assert_allclose(ft.matmul(root, root).numpy(), x.numpy(), rtol=1e-10)
    logarithm = L.logm(ft.cast(x, ft.complex128))
    np.testing.assert_allclose(L.expm(logarithm).numpy().real, x.numpy(), rtol=1e-10)
    assert np.isnan(L.sqrtm(-x).numpy()).all()


def test_einsum_takes_arrays_lists_and_options() -> None:
    x, y = np.ones((2, 3), np.float32), [[1.0], [2.0], [3.0]]
    assert ft.einsum("ij,jk->ik", x, y, optimize="greedy").numpy().tolist() == [[6.0], [6.0]]
    with pytest.raises(ft.errors.InvalidArgumentError, match="expected letters"):
        ft.einsum("i1->i", x)


def test_products_of_unknown_batch_sizes_stretch() -> None:
    spec = ft.TensorSpec([None, None, None], "float32")

    @ft.function(input_signature=[spec, spec])
    def product(a: Any, b: Any) -> Any:
        return ft.matmul(a, b), ft.einsum("...ij,...jk->...ik", a, b)

    rng = np.random.default_rng(0)
    for left, right in ((1, 4), (4, 1), (3, 3), (1, 1), (0, 1), (1, 0)):
        a = rng.normal(size=(left, 2, 3)).astype(np.float32)
        b = rng.normal(size=(right, 3, 2)).astype(np.float32)
        for found in product(ft.constant(a), ft.constant(b)):
            np.testing.assert_allclose(found.numpy(), a @ b, rtol=1e-5, atol=1e-6)
    with pytest.raises(ft.errors.InvalidArgumentError):
        product(ft.ones((2, 2, 3)), ft.ones((3, 3, 2)))


# --- matrices that hold NaN, and matrices without rows --------------------------------------------


def test_matrices_that_are_not_finite_have_nan_for_singular_values() -> None:
    x = np.stack([[[np.nan, 1.0], [1.0, 1.0]], [[1.0, 2.0], [3.0, 4.0]]])
    fine = np.linalg.svd(x[1], compute_uv=False)
    for s in (L.svd(x, compute_uv=False), L.svd(x)[0]):
        np.testing.assert_allclose(s, [[np.nan, np.nan], fine])
    s, u, v = L.svd(x[0], full_matrices=True)
    assert np.isnan([*u.numpy().ravel(), *v.numpy().ravel(), *s.numpy()]).all()
    np.testing.assert_allclose(L.pinv(x), [np.full((2, 2), np.nan), np.linalg.inv(x[1])])


@pytest.mark.parametrize("name", ["eig", "eigvals", "eigh", "eigvalsh"])
@pytest.mark.parametrize("compiled", [False, True])
def test_eigenvalues_of_what_is_not_finite_are_refused(name: str, compiled: bool) -> None:
    function = getattr(L, name)
    function = ft.function(function) if compiled else function
    with pytest.raises(ft.errors.InvalidArgumentError, match=f"{name}: expected finite numbers"):
        function(ft.constant([[[1.0, 0.0], [0.0, 1.0]], [[np.nan, 1.0], [1.0, 1.0]]]))


def test_the_lu_decomposition_of_matrices_without_rows() -> None:
    for shape in [(0, 0), (2, 0, 0), (0, 3, 3)]:
        found = L.lu(np.zeros(shape, np.float32))
        assert found.lu.shape == shape
        assert found.p.shape == shape[:-1]
