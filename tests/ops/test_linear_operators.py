"""Linear operators agree with their matrices, and hints are kept and used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import freshet as ft

L = ft.linalg


def _matrix(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape) + 3 * np.eye(*shape[-2:])


def _full(*shape: int, seed: int = 0) -> Any:
    return L.LinearOperatorFullMatrix(_matrix(*shape, seed=seed))


MAKERS: dict[str, tuple[Callable[[], Any], Callable[[], np.ndarray]]] = {
    "full": (lambda: _full(3, 3), lambda: _matrix(3, 3)),
    "full batch": (lambda: _full(2, 3, 3), lambda: _matrix(2, 3, 3)),
    "lower": (
        lambda: L.LinearOperatorLowerTriangular(_matrix(2, 3, 3)),
        lambda: np.tril(_matrix(2, 3, 3)),
    ),
    "diag": (
        lambda: L.LinearOperatorDiag(np.array([[1.0, 2.0, 4.0], [3.0, -1.0, 2.0]])),
        lambda: np.stack([np.diag([1.0, 2.0, 4.0]), np.diag([3.0, -1.0, 2.0])]),
    ),
    "complex diag": (
        lambda: L.LinearOperatorDiag(np.array([1 + 2j, 3 - 1j])),
        lambda: np.diag([1 + 2j, 3 - 1j]),
    ),
    "identity": (
        lambda: L.LinearOperatorIdentity(3, dtype=ft.float64), lambda: np.eye(3)
    ),
    "scaled": (
        lambda: L.LinearOperatorScaledIdentity(3, np.array([2.0, -3.0])),
        lambda: np.stack([2 * np.eye(3), -3 * np.eye(3)]),
    ),
    "composition": (
        lambda: L.LinearOperatorComposition([_full(3, 3), _full(3, 3, seed=1)]),
        lambda: _matrix(3, 3) @ _matrix(3, 3, seed=1),
    ),
    "block": (
        lambda: L.LinearOperatorBlockDiag([_full(2, 2), _full(3, 3)]),
        lambda: np.block([[_matrix(2, 2), np.zeros((2, 3))], [np.zeros((3, 2)), _matrix(3, 3)]]),
    ),
    "kronecker": (
        lambda: L.LinearOperatorKronecker([_full(2, 2), _full(3, 3), _full(2, 2, seed=2)]),
        lambda: np.kron(np.kron(_matrix(2, 2), _matrix(3, 3)), _matrix(2, 2, seed=2)),
    ),
    "adjoint": (
        lambda: L.LinearOperatorAdjoint(_full(3, 3)), lambda: _matrix(3, 3).T
    ),
    "inversion": (
        lambda: L.LinearOperatorInversion(_full(3, 3)), lambda: np.linalg.inv(_matrix(3, 3))
    ),
}  # fmt: skip
every = pytest.mark.parametrize("name", MAKERS)


def _close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual.numpy(), expected, rtol=1e-9, atol=1e-9)


@every
def test_it_does_what_its_matrix_does(name: str) -> None:
    operator, matrix = MAKERS[name][0](), MAKERS[name][1]()
    n = matrix.shape[-1]
    x = np.random.default_rng(3).normal(size=(n, 2)).astype(matrix.dtype)
    turned = np.conj(np.swapaxes(matrix, -1, -2))
    assert tuple(operator.shape) == matrix.shape
    assert operator.shape_tensor().numpy().tolist() == list(matrix.shape)
    _close(operator.to_dense(), matrix)
    _close(operator.matmul(x), matrix @ x)
    _close(operator.matmul(x, adjoint=True), turned @ x)
    _close(operator.matmul(x.T, adjoint_arg=True), matrix @ np.conj(x))
    _close(operator @ ft.constant(x), matrix @ x)
    _close(operator.matvec(x[:, 0]), matrix @ x[:, 0])
    _close(operator.solve(x), np.linalg.inv(matrix) @ x)
    _close(operator.solve(x, adjoint=True), np.linalg.inv(turned) @ x)
    _close(operator.solvevec(x[:, 0]), np.linalg.inv(matrix) @ x[:, 0])
    _close(operator.determinant(), np.linalg.det(matrix))
    _close(operator.log_abs_determinant(), np.log(np.abs(np.linalg.det(matrix))))
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    _close(operator.diag_part(), diagonal)
    _close(operator.trace(), diagonal.sum(-1))
    _close(operator.add_to_tensor(matrix), 2 * matrix)
    _close(operator.adjoint().to_dense(), turned)
    _close(operator.H.matmul(x), turned @ x)
    _close(operator.inverse().to_dense(), np.linalg.inv(matrix))
    singular = np.linalg.svd(matrix, compute_uv=False)
    _close(operator.cond(), singular.max(-1) / singular.min(-1))


@every
def test_it_is_traced_and_differentiated(name: str) -> None:
    operator, matrix = MAKERS[name][0](), MAKERS[name][1]()
    x = ft.constant(
        np.random.default_rng(3).normal(size=(matrix.shape[-1], 2)).astype(matrix.dtype)
    )

    @ft.function
    def gradient(x: Any) -> Any:
        with ft.GradientTape() as tape:
            tape.watch(x)
            y = operator.matmul(x)
        return tape.gradient(y, x)

    ones = np.ones_like(matrix @ x.numpy())
    expected = np.conj(np.swapaxes(matrix, -1, -2)) @ ones
    _close(gradient(x), expected.reshape(-1, *x.shape).sum(0))


def test_zeros_are_singular_and_may_be_oblong() -> None:
    zeros = L.LinearOperatorZeros(2, 3, batch_shape=[4], is_square=False)
    assert zeros.shape == [4, 2, 3]
    assert zeros.dtype == ft.float32
    assert zeros.matmul(np.ones((3, 5), np.float32)).shape == [4, 2, 5]
    assert zeros.adjoint().shape == [4, 3, 2]
    with pytest.raises(ft.errors.UnimplementedError, match="singular or not square"):
        zeros.solve(np.ones((2, 1), np.float32))
    with pytest.raises(ft.errors.InvalidArgumentError, match="singular or not square"):
        zeros.inverse()


def test_operators_compose() -> None:
    left, right = _full(2, 3), _full(3, 4)
    product = left @ right
    assert isinstance(product, L.LinearOperatorComposition)
    _close(product.to_dense(), _matrix(2, 3) @ _matrix(3, 4))
    with pytest.raises(ValueError, match="do not fit"):
        right.matmul(left)


def test_hints_are_kept_and_checked() -> None:
    operator = L.LinearOperatorFullMatrix(
        np.eye(2), is_self_adjoint=True, is_positive_definite=True
    )
    assert operator.is_non_singular
    assert operator.is_square
    assert operator.adjoint() is operator
    _close(operator.cholesky().to_dense(), np.eye(2))
    _close(operator.eigvals(), np.ones(2))
    with pytest.raises(ValueError, match="not singular"):
        L.LinearOperatorFullMatrix(np.eye(2), is_non_singular=False, is_positive_definite=True)
    with pytest.raises(ValueError, match="square"):
        L.LinearOperatorFullMatrix(np.eye(2), is_non_singular=True, is_square=False)
    with pytest.raises(ValueError, match="is_positive_definite=True"):
        _full(2, 2).cholesky()
    with pytest.raises(ValueError, match="needs matrices of 3 rows"):
        _full(2, 3).matmul(np.ones((2, 1)))
    with pytest.raises(TypeError, match="expected float64"):
        _full(2, 2).matmul(ft.ones((2, 1)))


def test_variables_of_an_operator_are_found_and_read_again() -> None:
    diagonal = ft.Variable([1.0, 2.0])
    operator = L.LinearOperatorDiag(diagonal)
    assert [v.ref() for v in operator.trainable_variables] == [diagonal.ref()]
    diagonal.assign([3.0, 4.0])
    assert operator.trace().numpy() == 7.0
