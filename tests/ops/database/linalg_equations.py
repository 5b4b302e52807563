"""Equations, inverses, determinants and factors of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from database.record import Operation, case, complexes, error, integers, normal

F8, C16 = np.float64, np.complex128
SOFT = {"float32": 2e-4, "float64": 1e-10, "complex64": 2e-4, "complex128": 1e-10}


def regular(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    """Return square matrices far from singular."""
    kind = complexes if np.dtype(dtype).kind == "c" else normal
    return (kind(*shape, dtype=dtype, seed=seed) + 3 * np.eye(shape[-1])).astype(dtype)


def positive(*shape: int, dtype: Any = np.float32, seed: int = 0) -> np.ndarray:
    """Return Hermitian positive definite matrices."""
    x = regular(*shape, dtype=dtype, seed=seed)
    return (x @ np.conj(np.swapaxes(x, -1, -2)) / 4).astype(dtype)


def _adjoint(x: np.ndarray, wanted: bool = True) -> np.ndarray:
    return np.conj(np.swapaxes(x, -1, -2)) if wanted else x


def _triangle(x: np.ndarray, lower: bool) -> np.ndarray:
    return np.tril(x) if lower else np.triu(x)


def _triangular_solve(
    a: np.ndarray, b: np.ndarray, lower: bool = True, adjoint: bool = False
) -> np.ndarray:
    return np.asarray(np.linalg.solve(_adjoint(_triangle(a, lower), adjoint), b))


def _each(function: Any, *arrays: np.ndarray) -> np.ndarray:
    lead = arrays[0].shape[:-2]
    results = [function(*(x[i] for x in arrays)) for i in np.ndindex(*lead)]
    return np.asarray(results).reshape(*lead, *results[0].shape)


def _lu(x: np.ndarray, output_idx_type: str = "int32") -> Any:
    packed, order = [], []
    for i in np.ndindex(*x.shape[:-2]):
        p, low, up = scipy.linalg.lu(x[i])
        packed.append(np.tril(low, -1) + up)
        order.append(np.argmax(p, axis=0))
    shape = x.shape
    return (
        np.asarray(packed).reshape(shape).astype(x.dtype),
        np.asarray(order).reshape(shape[:-1]).astype(output_idx_type),
    )


def _given_lu(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    lu, p = _lu(x)
    return lu, p


def _lu_reconstruct(lu: np.ndarray, p: np.ndarray) -> np.ndarray:
    n = lu.shape[-1]
    product = (np.tril(lu, -1) + np.eye(n)) @ np.triu(lu)
    return np.take_along_axis(product, np.argsort(p, -1)[..., None], -2).astype(lu.dtype)


def _banded(
    bands: np.ndarray, rhs: np.ndarray, lower: bool = True, adjoint: bool = False
) -> np.ndarray:
    count, n = bands.shape[-2:]
    dense = np.zeros((*bands.shape[:-2], n, n), bands.dtype)
    for d in range(count):
        for i in range(n - d):
            if lower:
                dense[..., i + d, i] = bands[..., d, i + d]
            else:
                dense[..., i, i + d] = bands[..., count - 1 - d, i]
    return np.asarray(np.linalg.solve(_adjoint(dense, adjoint), rhs))


def _dense(diagonals: Any, form: str) -> np.ndarray:
    if form == "matrix":
        n = diagonals.shape[-1]
        return np.triu(np.tril(diagonals, 1), -1).reshape(*diagonals.shape[:-2], n, n)
    above, middle, below = diagonals if form == "sequence" else np.moveaxis(diagonals, -2, 0)
    n = middle.shape[-1]
    dense = np.zeros((*middle.shape, n), middle.dtype)
    for i in range(n):
        dense[..., i, i] = middle[..., i]
    for i in range(n - 1):
        dense[..., i, i + 1] = above[..., i]
        dense[..., i + 1, i] = below[..., below.shape[-1] - n + 1 + i]
    return dense


def _tridiagonal_matmul(d: Any, x: np.ndarray, diagonals_format: str = "compact") -> np.ndarray:
    return np.asarray(_dense(d, diagonals_format) @ x)


def _tridiagonal_solve(
    d: Any, b: np.ndarray, diagonals_format: str = "compact", transpose_rhs: bool = False,
    conjugate_rhs: bool = False, partial_pivoting: bool = True,
) -> np.ndarray:  # fmt: skip
    matrix = _dense(d, diagonals_format)
    b = np.conj(b) if conjugate_rhs else b
    if b.ndim == matrix.ndim - 1:
        return np.asarray(np.linalg.solve(matrix, b[..., None])[..., 0])
    return np.asarray(np.linalg.solve(matrix, np.swapaxes(b, -1, -2) if transpose_rhs else b))


def _lstsq(a: np.ndarray, b: np.ndarray, l2_regularizer: float = 0.0, fast: bool = True) -> Any:
    if not l2_regularizer:
        return np.linalg.pinv(a) @ b
    gram = _adjoint(a) @ a + l2_regularizer * np.eye(a.shape[-1])
    return np.linalg.solve(gram, _adjoint(a) @ b).astype(a.dtype)


def compact(n: int, dtype: Any = np.float32, lead: tuple[int, ...] = (), seed: int = 0) -> Any:
    """Return diagonals of tridiagonal matrices far from singular."""
    kind = complexes if np.dtype(dtype).kind == "c" else normal
    found = kind(*lead, 3, n, dtype=dtype, seed=seed)
    found[..., 1, :] += 4
    return found


_FACTORS = case(*_given_lu(regular(2, 3, 3, dtype=F8)))
OPERATIONS = [
    Operation(
        name="linalg.cholesky", tolerance=SOFT,
        # Only what is on and below the diagonal counts.
        reference=lambda x: np.linalg.cholesky(x),
        cases=[
            case(positive(3, 3)), case(positive(2, 2, 2, dtype=F8)),
            case(positive(2, 2, dtype=np.complex64)), case(positive(1, 1)),
            case(np.tril(positive(3, 3, dtype=F8))),
        ],
        no_gradient="tests/ops/test_linalg.py checks it towards symmetric matrices",
        errors=[
            error("InvalidArgumentError", normal(2, 3), message="cholesky: .*square"),
            error("InvalidArgumentError", normal(3), message="cholesky: .*matrix"),
            error("InvalidArgumentError", integers(2, 2), message="cholesky: .*i32"),
        ],
    ),
    Operation(
        name="linalg.cholesky_solve", tolerance=SOFT,
        reference=lambda c, b: np.linalg.solve(np.tril(c) @ _adjoint(np.tril(c)), b),
        cases=[
            case(regular(3, 3), normal(3, 2)), case(regular(2, 2, 2, dtype=F8), normal(2, 2, 1,
            dtype=F8)), case(regular(2, 2, dtype=np.complex64), complexes(2, 3)),
        ],
        gradient=[case(regular(3, 3, dtype=F8), normal(3, 2, dtype=F8))],
    ),
    Operation(
        name="linalg.logdet", tolerance=SOFT, reference=lambda x: np.linalg.slogdet(x)[1],
        cases=[
            case(positive(3, 3)), case(positive(2, 2, 2, dtype=F8)),
            case(positive(2, 2, dtype=np.complex64)),
        ],
        no_gradient="tests/ops/test_linalg.py checks it towards symmetric matrices",
        errors=[error("InvalidArgumentError", normal(2, 3), message="cholesky: .*square")],
    ),
    Operation(
        name="linalg.inv", tolerance=SOFT,
        reference=lambda x, adjoint=False: _adjoint(np.linalg.inv(x), adjoint),
        cases=[
            case(regular(3, 3)), case(regular(2, 2, 2, dtype=F8), adjoint=True),
            case(regular(2, 2, dtype=np.complex64), adjoint=True), case(normal(0, 0)),
            case(regular(2, 2, dtype=C16)),
        ],
        gradient=[
            case(regular(3, 3, dtype=F8)), case(regular(2, 2, dtype=C16), adjoint=True),
            case(regular(2, 2, dtype=C16)),
        ],
        errors=[
            error("InvalidArgumentError", np.ones((2, 2)), message="inv: .*no inverse"),
            error("InvalidArgumentError", normal(2, 3), message="inv: .*square"),
            error("InvalidArgumentError", integers(2, 2), message="inv: .*i32"),
        ],
    ),
    Operation(
        name="linalg.solve", tolerance=SOFT,
        reference=lambda a, b, adjoint=False: np.linalg.solve(_adjoint(a, adjoint), b),
        cases=[
            case(regular(3, 3), normal(3, 2)), case(regular(2, 2, 2, dtype=F8), normal(2, 2, 1,
            dtype=F8), adjoint=True), case(regular(2, 2, dtype=np.complex64), complexes(2, 3),
            adjoint=True), case(regular(3, 3), normal(3, 0)),
        ],
        gradient=[
            case(regular(3, 3, dtype=F8), normal(3, 2, dtype=F8)),
            case(regular(2, 2, dtype=C16), complexes(2, 2, dtype=C16), adjoint=True),
            case(regular(2, 2, dtype=C16), complexes(2, 1, dtype=C16)),
        ],
        errors=[
            error("InvalidArgumentError", np.ones((2, 2)), np.ones((2, 1)), message="no inverse"),
            error("InvalidArgumentError", normal(2, 2), normal(3, 1), message="do not fit"),
            error("InvalidArgumentError", normal(2, 2, 2), normal(2, 1), message="do not fit"),
        ],
    ),
    Operation(
        name="linalg.triangular_solve", tolerance=SOFT, reference=_triangular_solve,
        cases=[
            case(regular(3, 3), normal(3, 2)), case(regular(3, 3, dtype=F8), normal(3, 1, dtype=F8),
            lower=False), case(regular(2, 2, dtype=np.complex64), complexes(2, 3), adjoint=True),
            case(regular(2, 3, 3), normal(3, 2)), case(regular(3, 3), normal(2, 3, 1),
            lower=False, adjoint=True), case(regular(40, 40, dtype=F8) + 20 * np.eye(40),
            normal(40, 2, dtype=F8)),
        ],
        gradient=[
            case(regular(3, 3, dtype=F8), normal(3, 2, dtype=F8)),
            case(regular(3, 3, dtype=F8), normal(2, 3, 1, dtype=F8), lower=False, adjoint=True),
            case(regular(2, 2, dtype=C16), complexes(2, 2, dtype=C16), adjoint=True),
        ],
        errors=[
            error("InvalidArgumentError", normal(2, 3), normal(2, 1), message="square"),
            error("InvalidArgumentError", normal(2, 2), normal(3, 1), message="do not fit"),
        ],
    ),
    Operation(
        name="linalg.banded_triangular_solve", tolerance=SOFT, reference=_banded,
        cases=[
            case(normal(2, 4) + np.float32([[3], [0]]), normal(4, 2)),
            case(normal(3, 4, dtype=F8) + np.array([[0], [0], [4.0]]), normal(4, 1, dtype=F8),
                 lower=False),
            case(normal(2, 3) + np.float32([[3], [0]]), normal(3, 1), adjoint=True),
        ],
        gradient=[case(normal(2, 4, dtype=F8) + np.array([[3], [0.0]]), normal(4, 2, dtype=F8))],
        unknown_shapes=False,  # the number of diagonals says which they are
    ),
    Operation(
        name="linalg.det", tolerance=SOFT, reference=lambda x: np.asarray(np.linalg.det(x)),
        cases=[
            case(regular(3, 3)), case(regular(2, 2, 2, dtype=F8)), case(np.ones((2, 2), F8)),
            case(regular(2, 2, dtype=np.complex64)), case(normal(0, 0)),
        ],
        gradient=[case(regular(3, 3, dtype=F8)), case(regular(2, 2, dtype=C16))],
        errors=[error("InvalidArgumentError", normal(2, 3), message="det: .*square")],
    ),
    Operation(
        name="linalg.slogdet", tolerance=SOFT, reference=lambda x: tuple(np.linalg.slogdet(x)),
        cases=[
            case(regular(3, 3)), case(-regular(2, 3, 3, dtype=F8)), case(np.ones((2, 2), F8)),
        ],
        gradient=[case(regular(3, 3, dtype=F8)), case(-regular(2, 2, 2, dtype=F8))],
        errors=[error("InvalidArgumentError", normal(2, 3), message="slogdet: .*square")],
    ),
    Operation(
        name="linalg.lu", tolerance=SOFT, reference=_lu,
        cases=[
            case(normal(3, 3)), case(normal(2, 4, 4, dtype=F8)), case(complexes(3, 3, seed=1)),
            case(normal(3, 3, seed=1), output_idx_type="int64"), case(normal(1, 1)),
        ],
        gradient=[case(normal(3, 3, dtype=F8)), case(normal(2, 2, 2, dtype=F8))],
        errors=[
            error("InvalidArgumentError", np.ones((2, 2)), message="lu: .*no inverse"),
            error("InvalidArgumentError", normal(2, 3), message="lu: .*square"),
        ],
    ),
    Operation(
        name="linalg.lu_reconstruct", tolerance=SOFT, reference=_lu_reconstruct,
        cases=[_FACTORS, case(*_given_lu(normal(3, 3)))], gradient=[_FACTORS],
    ),
    Operation(
        name="linalg.lu_solve", tolerance=SOFT,
        reference=lambda lu, p, b: np.linalg.solve(_lu_reconstruct(lu, p), b),
        cases=[
            case(*_FACTORS.args, normal(2, 3, 2, dtype=F8)),
            case(*_given_lu(normal(3, 3)), normal(3, 1)),
            case(*_FACTORS.args, normal(3, 2, dtype=F8)),
            case(*_given_lu(normal(3, 3)), normal(2, 3, 1)),
        ],
        errors=[error("InvalidArgumentError", *_FACTORS.args, normal(2, 2, 1, dtype=F8),
                      message="lu_solve: .*do not fit")],
        gradient=[
            case(*_FACTORS.args, normal(2, 3, 1, dtype=F8)),
            case(*_FACTORS.args, normal(3, 1, dtype=F8)),
        ],
    ),
    Operation(
        name="linalg.lu_matrix_inverse", tolerance=SOFT,
        reference=lambda lu, p: np.linalg.inv(_lu_reconstruct(lu, p)),
        cases=[_FACTORS, case(*_given_lu(normal(3, 3)))], gradient=[_FACTORS],
    ),
    Operation(
        name="linalg.lstsq", tolerance=SOFT | {"float32": 2e-3}, reference=_lstsq,
        cases=[
            case(normal(4, 2), normal(4, 1)), case(normal(2, 4, dtype=F8), normal(2, 3, dtype=F8)),
            case(normal(4, 2, dtype=F8), normal(4, 1, dtype=F8), l2_regularizer=0.5),
            case(normal(2, 2, 3, dtype=F8), normal(2, 2, 1, dtype=F8), l2_regularizer=0.25),
            case(normal(3, 2, dtype=F8), normal(3, 1, dtype=F8), fast=False),
        ],
        gradient=[
            case(normal(4, 2, dtype=F8), normal(4, 1, dtype=F8)),
            case(normal(2, 4, dtype=F8), normal(2, 1, dtype=F8), l2_regularizer=0.5),
            case(normal(3, 2, dtype=F8), normal(3, 1, dtype=F8), fast=False),
        ],
        errors=[error("InvalidArgumentError", normal(2, 3), normal(3, 1), message="lstsq: .*rows")],
        unknown_shapes=False,  # which of its two equations is solved depends on the sizes
    ),
    Operation(
        name="linalg.tridiagonal_matmul", reference=_tridiagonal_matmul,
        cases=[
            case(normal(3, 4), normal(4, 2)), case(normal(2, 3, 4, dtype=F8),
            normal(2, 4, 1, dtype=F8)),
            case([normal(4), normal(4, seed=2), normal(4, seed=1)], normal(4, 2),
                 diagonals_format="sequence"),
            case(np.triu(np.tril(normal(4, 4), 1), -1), normal(4, 2), diagonals_format="matrix"),
            case(complexes(3, 3), complexes(3, 1)),
        ],
        gradient=[
            case(normal(3, 4, dtype=F8), normal(4, 2, dtype=F8)),
            case(complexes(3, 2, dtype=C16), complexes(2, 1, dtype=C16)),
        ],
        unknown_shapes=False,  # a list of diagonals needs their sizes
    ),
    Operation(
        name="linalg.tridiagonal_solve", tolerance=SOFT, reference=_tridiagonal_solve,
        cases=[
            case(compact(4), normal(4)), case(compact(4, F8), normal(4, 2, dtype=F8)),
            case(compact(3, F8, (2,)), normal(2, 3, 1, dtype=F8)),
            case(compact(3, np.complex64), complexes(3, 2), conjugate_rhs=True),
            case(compact(4, F8), normal(2, 4, dtype=F8), transpose_rhs=True),
            case([normal(3), normal(4) + np.float32(4), normal(3, seed=1)], normal(4, 2),
                 diagonals_format="sequence"),
            case(np.triu(np.tril(regular(4, 4), 1), -1), normal(4, 2), diagonals_format="matrix"),
            case(compact(4, F8), normal(4, 2, dtype=F8), partial_pivoting=False),
            case(normal(3, 5, dtype=F8, seed=3), normal(5, dtype=F8)), case(compact(1), normal(1)),
        ],
        gradient=[
            case(compact(4, F8), normal(4, 2, dtype=F8)),
            case(compact(3, C16), complexes(3, 1, dtype=C16)),
        ],
        unknown_shapes=False,  # a list of diagonals needs their sizes
    ),
]  # fmt: skip
