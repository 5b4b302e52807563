"""Linear operators agree with their matrices, and hints are kept and used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import freshet as ft

L = ft.linalg


def _matrix(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape) + 3 * np.eye(*shape[-2:])


def _full(*shape: int, seed: int = 0) -> Any:
    return L.LinearOperatorFullMatrix(_matrix(*shape, seed=seed))


def _vector(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng((7, seed)).normal(size=shape)


_FIRST = np.array([5.0, 0, 0, 0])


def _image() -> np.ndarray:
    return _vector(2, 3) + np.array([[4.0, 0, 0], [0, 0, 0]])


def _volume() -> np.ndarray:
    return np.stack([_image(), _vector(2, 3, seed=1)])


def _convolution(kernel: np.ndarray) -> np.ndarray:
    """Return the matrix that convolves blocks with a kernel, round the edges."""
    places = list(np.ndindex(*kernel.shape))
    return np.array([
        [kernel[tuple(np.subtract(to, of) % kernel.shape)] for of in places] for to in places
    ])  # fmt: skip


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
    "block lower triangular": (
        lambda: L.LinearOperatorBlockLowerTriangular(
            [[_full(2, 2)], [_full(3, 2), _full(3, 3)], [_full(1, 2), _full(1, 3), _full(1, 1)]]
        ),
        lambda: np.block([
            [_matrix(2, 2), np.zeros((2, 4))],
            [_matrix(3, 2), _matrix(3, 3), np.zeros((3, 1))],
            [_matrix(1, 2), _matrix(1, 3), _matrix(1, 1)],
        ]),
    ),
    "circulant": (
        lambda: L.LinearOperatorCirculant(np.fft.fft(_vector(2, 4) + _FIRST), np.float64),
        lambda: np.stack([scipy.linalg.circulant(c) for c in _vector(2, 4) + _FIRST]),
    ),
    "complex circulant": (
        lambda: L.LinearOperatorCirculant(np.array([1 + 2j, 3 - 1j, 2j]), np.complex128),
        lambda: scipy.linalg.circulant(np.fft.ifft([1 + 2j, 3 - 1j, 2j])),
    ),
    "circulant of images": (
        lambda: L.LinearOperatorCirculant2D(np.fft.fft2(_image()), np.float64),
        lambda: _convolution(_image()),
    ),
    "circulant of volumes": (
        lambda: L.LinearOperatorCirculant3D(np.fft.fftn(_volume()), np.float64),
        lambda: _convolution(_volume()),
    ),
    "toeplitz": (
        lambda: L.LinearOperatorToeplitz(_vector(2, 4) + _FIRST, _vector(4, seed=1)),
        lambda: np.stack(
            [scipy.linalg.toeplitz(c, _vector(4, seed=1)) for c in _vector(2, 4) + _FIRST]
        ),
    ),
    "complex toeplitz": (
        lambda: L.LinearOperatorToeplitz(np.array([4 + 2j, 1j, 1]), np.array([0, 2 - 1j, 1j])),
        lambda: scipy.linalg.toeplitz([4 + 2j, 1j, 1], [0, 2 - 1j, 1j]),
    ),
    "low rank update": (
        lambda: L.LinearOperatorLowRankUpdate(
            _full(4, 4), _vector(4, 2), np.array([2.0, -1.0]), _vector(4, 2, seed=1)
        ),
        lambda: _matrix(4, 4) + _vector(4, 2) * [2.0, -1.0] @ _vector(4, 2, seed=1).T,
    ),
    "symmetric low rank update": (
        lambda: L.LinearOperatorLowRankUpdate(
            L.LinearOperatorDiag(
                np.array([[1.0, 2.0, 4.0], [3.0, 1.0, 2.0]]), is_positive_definite=True
            ),
            _vector(3, 1),
        ),
        lambda: np.stack([np.diag([1.0, 2, 4]), np.diag([3.0, 1, 2])])
        + _vector(3, 1) @ _vector(3, 1).T,
    ),
    "update with zeros in its diagonal": (
        lambda: L.LinearOperatorLowRankUpdate(
            _full(3, 3), _vector(3, 2), np.array([0.0, 1.0])
        ),
        lambda: _matrix(3, 3) + _vector(3, 2) * [0.0, 1.0] @ _vector(3, 2).T,
    ),
    "complex low rank update": (
        lambda: L.LinearOperatorLowRankUpdate(
            L.LinearOperatorDiag(np.array([1 + 2j, 3 - 1j])), np.array([[1j], [2.0]]),
            np.array([1 - 1j]),
        ),
        lambda: np.diag([1 + 2j, 3 - 1j])
        + np.array([[1j], [2.0]]) * (1 - 1j) @ np.array([[-1j, 2.0]]),
    ),
    "permutation": (
        lambda: L.LinearOperatorPermutation(
            [[2, 0, 1, 3], [0, 1, 3, 2]], dtype=ft.float64
        ),
        lambda: np.stack([np.eye(4)[[2, 0, 1, 3]], np.eye(4)[[0, 1, 3, 2]]]),
    ),
    "householder": (
        lambda: L.LinearOperatorHouseholder(_vector(2, 3)),
        lambda: np.stack([np.eye(3) - 2 * np.outer(v, v) / (v @ v) for v in _vector(2, 3)]),
    ),
    "complex householder": (
        lambda: L.LinearOperatorHouseholder(np.array([1j, 2.0])),
        lambda: np.eye(2) - 2 * np.outer([1j, 2.0], [-1j, 2.0]) / 5,
    ),
    "tridiagonal": (
        lambda: L.LinearOperatorTridiag(np.array([[1.0, 2, 9], [4, 5, 6], [9, 7, 8]])),
        lambda: np.array([[4.0, 1, 0], [7, 5, 2], [0, 8, 6]]),
    ),
    "complex tridiagonal": (
        lambda: L.LinearOperatorTridiag(
            [np.array([1j, 2]), np.array([[4, 5j, 6], [1, 1, 1]]), np.array([7.0, 8j])],
            diagonals_format="sequence",
        ),
        lambda: np.array(
            [[[4, 1j, 0], [7, 5j, 2], [0, 8j, 6]], [[1, 1j, 0], [7, 1, 2], [0, 8j, 1]]]
        ),
    ),
    "tridiagonal of a matrix": (
        lambda: L.LinearOperatorTridiag(_matrix(3, 3), diagonals_format="matrix"),
        lambda: np.triu(np.tril(_matrix(3, 3), 1), -1),
    ),
    "tridiagonal of one row": (
        lambda: L.LinearOperatorTridiag(np.array([[1.0], [4.0], [7.0]])),
        lambda: np.array([[4.0]]),
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
    _close(_sorted(operator.eigvals().numpy()), _sorted(np.linalg.eigvals(matrix)))
    operator.assert_non_singular()


def _sorted(values: np.ndarray) -> Any:
    """Return eigenvalues in an order that rounding does not change."""
    return ft.constant(np.sort_complex(np.round(values.astype(np.complex128), 7)))


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


# --- what is known of operators -------------------------------------------------------------------


def test_products_of_simple_operators_stay_simple() -> None:
    diag = L.LinearOperatorDiag(np.array([1.0, 2.0]), is_positive_definite=True)
    lower = L.LinearOperatorLowerTriangular(_matrix(2, 2), is_non_singular=True)
    circulant = L.LinearOperatorCirculant(np.array([4.0, 2.0]), ft.float64)
    twice = diag @ diag
    assert isinstance(twice, L.LinearOperatorDiag)
    assert (twice.is_self_adjoint, twice.is_positive_definite) == (True, True)
    _close(twice.diag, [1.0, 4.0])
    assert diag @ L.LinearOperatorIdentity(2, dtype=ft.float64) is diag
    for left, right, kind in [
        (diag, lower, L.LinearOperatorLowerTriangular),
        (lower, diag, L.LinearOperatorLowerTriangular),
        (circulant, circulant, L.LinearOperatorCirculant),
        (diag.inverse(), lower, L.LinearOperatorLowerTriangular),
        (lower, circulant, L.LinearOperatorComposition),
    ]:
        product = left @ right
        assert type(product) is kind
        _close(product.to_dense(), left.to_dense().numpy() @ right.to_dense().numpy())
    with pytest.raises(ValueError, match="do not fit"):
        diag @ L.LinearOperatorIdentity(3, dtype=ft.float64)


def test_an_identity_with_a_batch_is_kept() -> None:
    identity = L.LinearOperatorIdentity(2, [3], dtype=ft.float64)
    assert (identity @ _full(2, 2)).shape == [3, 2, 2]


@pytest.mark.parametrize("adjoint", [False, True])
@pytest.mark.parametrize("name", ["block", "block lower triangular"])
def test_vectors_are_taken_block_by_block(name: str, adjoint: bool) -> None:
    operator = MAKERS[name][0]()
    sizes = [2, 3] if name == "block" else [2, 3, 1]
    x = _vector(sum(sizes), 2)
    blocks = np.split(x, np.cumsum(sizes)[:-1])
    for method in (operator.matmul, operator.solve):
        found = method(blocks, adjoint=adjoint)
        assert [part.shape[0] for part in found] == sizes
        _close(ft.concat(found, 0), method(x, adjoint=adjoint).numpy())
        turned = [np.conj(b.T) for b in blocks]
        _close(ft.concat(method(turned, adjoint, adjoint_arg=True), 0), ft.concat(found, 0).numpy())
    for method in (operator.matvec, operator.solvevec):
        found = method([b[:, 0] for b in blocks], adjoint=adjoint)
        _close(ft.concat(found, 0), method(x[:, 0], adjoint=adjoint).numpy())


def test_cholesky_factors_of_joined_operators_are_joined() -> None:
    x = _matrix(2, 2) @ _matrix(2, 2).T
    part = L.LinearOperatorFullMatrix(x, is_self_adjoint=True, is_positive_definite=True)
    for kind in (L.LinearOperatorKronecker, L.LinearOperatorBlockDiag):
        factor = kind([part, part]).cholesky()
        assert type(factor) is kind
        _close(factor.to_dense(), np.linalg.cholesky(kind([part, part]).to_dense().numpy()))


def test_names_of_joined_operators() -> None:
    diag = L.LinearOperatorDiag([1.0], name="d")
    assert L.LinearOperatorComposition([diag, diag]).name == "d_o_d"
    assert L.LinearOperatorKronecker([diag, diag]).name == "d_x_d"
    assert L.LinearOperatorBlockDiag([diag, diag]).name == "d_ds_d"
    assert L.LinearOperatorAdjoint(diag).name == "d_adjoint"
    assert L.LinearOperatorInversion(diag).name == "d_inv"
    assert L.LinearOperatorInversion(diag, name="mine").name == "mine"


@pytest.mark.parametrize("compiled", [False, True])
def test_assertions(compiled: bool) -> None:
    def refused(method: str, matrix: Any, message: str) -> None:
        def check(x: Any) -> Any:
            getattr(L.LinearOperatorFullMatrix(x), method)()
            return x

        with pytest.raises(ft.errors.InvalidArgumentError, match=message):
            (ft.function(check) if compiled else check)(ft.constant(matrix))

    refused("assert_non_singular", [[1.0, 2.0], [2.0, 4.0]], "singular to the precision")
    refused("assert_positive_definite", [[1.0, 2.0], [2.0, 1.0]], "not positive definite")
    refused("assert_self_adjoint", [[1.0, 2.0], [3.0, 1.0]], "not equal to its adjoint")
    refused("assert_self_adjoint", np.array([[1j, 0], [0, 1]]), "not equal to its adjoint")


def test_assertions_that_hold() -> None:
    x = _matrix(3, 3) @ _matrix(3, 3).T
    operator = L.LinearOperatorFullMatrix(x)
    operator.assert_positive_definite()
    operator.assert_self_adjoint()
    L.LinearOperatorFullMatrix([[1.0, -5.0], [5.0, 1.0]]).assert_positive_definite()
    with pytest.raises(ft.errors.UnimplementedError, match="not square"):
        _full(2, 3).assert_self_adjoint()


def test_spectra_of_circulant_operators() -> None:
    spectrum = np.fft.fft(_vector(5))
    operator = L.LinearOperatorCirculant(spectrum, ft.float64)
    operator.assert_hermitian_spectrum()
    _close(operator.convolution_kernel(), _vector(5))
    assert operator.block_shape == [5]
    assert operator.block_shape_tensor().numpy().tolist() == [5]
    assert operator.block_depth == 1
    with pytest.raises(ft.errors.InvalidArgumentError, match="not Hermitian"):
        L.LinearOperatorCirculant(spectrum + 1j).assert_hermitian_spectrum()
    real = L.LinearOperatorCirculant([3.0, 2.0, 1.0])
    assert real.is_self_adjoint
    assert real.dtype == ft.complex64


def test_hints_of_updates_follow() -> None:
    diag = L.LinearOperatorDiag([1.0, 2.0], is_positive_definite=True)
    u = ft.ones((2, 1))
    update = L.LinearOperatorLowRankUpdate(diag, u)
    assert (update.is_self_adjoint, update.is_positive_definite) == (True, True)
    assert update.v is u
    assert update.is_diag_update_positive
    _close(update.diag_operator.to_dense(), [[1.0]])
    update = L.LinearOperatorLowRankUpdate(diag, u, [-2.0])
    assert (update.is_self_adjoint, update.is_positive_definite) == (True, None)
    update = L.LinearOperatorLowRankUpdate(diag, u, v=2 * u)
    assert (update.is_self_adjoint, update.is_positive_definite) == (None, None)
    complex_diag = L.LinearOperatorDiag(np.complex64([1, 2]), is_self_adjoint=True)
    update = L.LinearOperatorLowRankUpdate(
        complex_diag, ft.cast(u, ft.complex64), np.complex64([1j])
    )
    assert update.is_self_adjoint is None


_ONE = np.ones((2, 1), np.float32)
_DIAG = L.LinearOperatorDiag([1.0, 2.0])
REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: L.LinearOperatorCirculant([1, 2]), "spectrum must be floating-point"),
    (lambda: L.LinearOperatorCirculant(1.0), "spectrum must be a vector"),
    (lambda: L.LinearOperatorCirculant2D([1.0]), "at least 2 dimensions"),
    (lambda: L.LinearOperatorCirculant([1.0], ft.float16), "received float16"),
    (lambda: L.LinearOperatorCirculant([1.0], is_self_adjoint=False), "real spectrum"),
    (lambda: L.LinearOperatorCirculant([1.0], is_square=False), "is square"),
    (lambda: L.LinearOperatorToeplitz([1.0, 2.0], [1.0]), r"\(2,\) and \(1,\)"),
    (lambda: L.LinearOperatorToeplitz([1.0], np.ones(1)), "one dtype"),
    (lambda: L.LinearOperatorLowRankUpdate(_DIAG, _ONE[:1]), "shapes do not fit"),
    (lambda: L.LinearOperatorLowRankUpdate(_DIAG, _ONE, [1.0, 2.0]), "diag_update"),
    (lambda: L.LinearOperatorLowRankUpdate(_DIAG, _ONE, v=np.ones((2, 1))), "v must have"),
    (
        lambda: L.LinearOperatorLowRankUpdate(_DIAG, _ONE, is_diag_update_positive=False),
        "is positive",
    ),
    (lambda: L.LinearOperatorPermutation([0.0, 1.0]), "whole numbers"),
    (lambda: L.LinearOperatorPermutation([0, 0, 2]), "from 0 to 2 once"),
    (lambda: L.LinearOperatorPermutation(0), "must be a vector"),
    (lambda: L.LinearOperatorPermutation([0], is_non_singular=False), "has an inverse"),
    (lambda: L.LinearOperatorHouseholder([1.0], is_positive_definite=True), "not positive"),
    (lambda: L.LinearOperatorHouseholder([1, 2]), "reflection_axis must be floating-point"),
    (lambda: L.LinearOperatorTridiag(_ONE), "three diagonals"),
    (lambda: L.LinearOperatorTridiag(np.ones((3, 2)), "dense"), "must be 'compact'"),
    (lambda: L.LinearOperatorTridiag(np.ones((3, 2)), is_square=False), "is square"),
    (lambda: L.LinearOperatorBlockLowerTriangular([[_DIAG], [_DIAG]]), "2 operators"),
    (
        lambda: L.LinearOperatorBlockLowerTriangular([[_DIAG], [_full(2, 3), _DIAG]]),
        r"block 0 of row 1 must have the shape \(2, 2\)",
    ),
    (lambda: L.LinearOperatorBlockLowerTriangular([]), "at least one"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_what_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ft.errors.InvalidArgumentError, match=message):
        make()


def test_parts_of_operators_may_be_variables() -> None:
    col = ft.Variable([1.0, 2.0])
    operator = L.LinearOperatorToeplitz(col, [1.0, 3.0])
    assert [v.ref() for v in operator.trainable_variables] == [col.ref()]
    with ft.GradientTape() as tape:
        y = ft.reduce_sum(operator.matvec([1.0, 10.0]))
    # y = 1 c0 + 10 * 3 + 1 c1 + 10 c0
    np.testing.assert_allclose(tape.gradient(y, col), [11.0, 1.0], rtol=1e-6)
    col.assign([5.0, 6.0])
    np.testing.assert_allclose(operator.to_dense(), [[5.0, 3.0], [6.0, 5.0]])


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (lambda s: L.LinearOperatorCirculant(s, ft.float64), [(3,)]),
        (L.LinearOperatorHouseholder, [(3,)]),
        (L.LinearOperatorTridiag, [(3, 3)]),
        (lambda u, d: L.LinearOperatorLowRankUpdate(_full(3, 3), u, d), [(3, 2), (2,)]),
    ],
)
def test_gradients_reach_what_an_operator_is_made_of(make: Any, shapes: Any) -> None:
    values = [_vector(*shape) + 3 for shape in shapes]
    x = _vector(3, 1, seed=2)

    def result(*parts: Any) -> Any:
        operator = make(*parts)
        solved = operator.solve(x)
        return ft.reduce_sum(operator.matmul(x) * solved) + operator.log_abs_determinant()

    tensors = [ft.constant(v) for v in values]
    with ft.GradientTape() as tape:
        tape.watch(tensors)
        y = result(*tensors)
    for i, slope in enumerate(tape.gradient(y, tensors)):
        for place in np.ndindex(*values[i].shape):
            ends = []
            for step in (1e-6, -1e-6):
                moved = [v.copy() for v in values]
                moved[i][place] += step
                ends.append(float(result(*moved)))
            expected = (ends[0] - ends[1]) / 2e-6
            np.testing.assert_allclose(slope.numpy()[place], expected, rtol=1e-5, atol=1e-6)
