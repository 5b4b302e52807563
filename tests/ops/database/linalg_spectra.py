"""Orthogonal decompositions, eigenvalues, singular values and functions of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg

from database.linalg_equations import SOFT, positive, regular
from database.record import Operation, case, complexes, error, integers, normal

F8, C16 = np.float64, np.complex128
_SIGNS = "each vector may have any sign (or phase), and the two libraries choose differently"
_MORE = SOFT | {"float32": 2e-3, "complex64": 2e-3}


def _real(x: np.ndarray) -> np.dtype[Any]:
    return np.abs(x).dtype


def _svd(x: np.ndarray, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    u, s, vh = scipy.linalg.svd(x, full_matrices=full_matrices) if x.ndim == 2 else np.linalg.svd(
        x, full_matrices=full_matrices
    )  # fmt: skip
    return (s, u, np.conj(np.swapaxes(vh, -1, -2))) if compute_uv else s


def _eigh(x: np.ndarray) -> Any:
    e, v = np.linalg.eigh(x)
    return e.astype(x.dtype), v


def _eigh_tridiagonal(
    alpha: np.ndarray, beta: np.ndarray, eigvals_only: bool = True, select: str = "a",
    select_range: tuple[float, float] = (0, 99),
) -> Any:  # fmt: skip
    e, v = np.linalg.eigh(np.diag(alpha) + np.diag(beta, -1) + np.diag(beta, 1))
    part: Any = slice(select_range[0], int(select_range[1]) + 1)
    if select == "v":
        part = (select_range[0] < e) & (e <= select_range[1])
    return e[part] if eigvals_only else (e[part], v[:, part])


def _matrix_function(function: Any) -> Any:
    def reference(x: np.ndarray) -> np.ndarray:
        wide = x.astype(np.result_type(x, F8))
        found = [function(wide[i]) for i in np.ndindex(*x.shape[:-2])]
        return np.asarray(found).reshape(x.shape).astype(x.dtype)

    return reference


def _pinv(a: np.ndarray, rcond: Any = None) -> np.ndarray:
    if rcond is None:
        rcond = 10 * max(a.shape[-2:]) * np.finfo(a.dtype).eps
    return np.linalg.pinv(a, rcond)


def _rank(a: np.ndarray, tol: Any = None) -> np.ndarray:
    return np.asarray(np.linalg.matrix_rank(a, tol)).astype(np.int32)


def _apart(*values: float, dtype: Any = F8, seed: int = 0) -> np.ndarray:
    """Return a matrix with the given, real eigenvalues."""
    n = len(values)
    base = normal(n, n, dtype=F8, seed=seed) + 2 * np.eye(n)
    return (base @ np.diag(values) @ np.linalg.inv(base)).astype(dtype)


OPERATIONS = [
    Operation(
        name="linalg.qr", tolerance=_MORE,
        reference=lambda x, full_matrices=False: tuple(
            np.linalg.qr(x, "complete" if full_matrices else "reduced")
        ),
        cases=[
            case(normal(4, 2)), case(normal(2, 4, dtype=F8)),
            case(normal(3, 2), full_matrices=True), case(normal(2, 3, 2, dtype=F8)),
            case(normal(2, 3), full_matrices=True), case(complexes(3, 2)),
        ],
        gradient=[
            case(normal(4, 2, dtype=F8)), case(normal(3, 3, dtype=F8)),
            case(normal(2, 3, dtype=F8)), case(normal(2, 2, 3, dtype=F8), full_matrices=True),
        ],
        errors=[error("InvalidArgumentError", normal(3), message="qr: .*matrix")],
    ),
    Operation(
        name="linalg.svd", tolerance=_MORE, reference=_svd,
        cases=[
            case(normal(3, 4), compute_uv=False), case(normal(2, 4, 3, dtype=F8), compute_uv=False),
            case(complexes(3, 2), compute_uv=False), case(normal(4, 2, dtype=F8)),
            case(normal(2, 3, dtype=F8), full_matrices=True), case(normal(2, 3, 3)),
            case(complexes(2, 3)),
        ],
        gradient=[
            case(normal(3, 4, dtype=F8), compute_uv=False), case(normal(4, 3, dtype=F8)),
            case(normal(2, 4, dtype=F8)), case(normal(3, 3, dtype=F8), full_matrices=True),
            case(complexes(3, 2, dtype=C16), compute_uv=False),
        ],
        errors=[error("InvalidArgumentError", normal(3), message="svd: .*matrix")],
        differs=_SIGNS, differs_in=[4, 5, 6],
    ),
    Operation(
        name="linalg.pinv", tolerance=_MORE, reference=_pinv,
        cases=[
            case(normal(3, 2)), case(normal(2, 2, 3, dtype=F8)), case(np.ones((2, 3), F8)),
            case(np.diag([4.0, 1.0, 0.1]), rcond=0.1),
        ],
        gradient=[case(normal(3, 2, dtype=F8)), case(normal(2, 3, dtype=F8))],
        errors=[error("ValueError", normal(3), message="pinv: .*matrix")],
    ),
    Operation(
        name="linalg.matrix_rank", reference=_rank,
        cases=[
            case(normal(3, 2)), case(np.ones((2, 3, 3), F8)),
            case(np.diag([4.0, 1.0, 0.1]), tol=0.5),
            case(np.zeros((2, 2), np.float32)),
        ],
        no_gradient="a rank is a whole number",
        errors=[error("ValueError", normal(3), message="matrix_rank: .*matrix")],
    ),
    Operation(
        name="linalg.eigh", tolerance=_MORE, reference=_eigh,
        cases=[
            case(positive(3, 3)), case(positive(2, 2, 2, dtype=F8)),
            case(positive(2, 2, dtype=np.complex64)), case(np.tril(positive(3, 3, dtype=F8))),
        ],
        gradient=[case(np.tril(positive(3, 3, dtype=F8))), case(positive(2, 2, 2, dtype=F8))],
        errors=[
            error("InvalidArgumentError", normal(2, 3), message="eigh: .*square"),
            error("InvalidArgumentError", integers(2, 2), message="eigh: .*i32"),
        ],
        differs=_SIGNS, differs_in=[0, 1, 2, 3],
    ),
    Operation(
        name="linalg.eigvalsh", tolerance=_MORE, reference=lambda x: _eigh(x)[0],
        cases=[
            case(positive(3, 3)), case(positive(2, 2, 2, dtype=F8)),
            case(positive(2, 2, dtype=np.complex64)),
        ],
        gradient=[case(np.tril(positive(3, 3, dtype=F8)))],
        errors=[error("InvalidArgumentError", normal(2, 3), message="eigvalsh: .*square")],
    ),
    Operation(
        name="linalg.eigh_tridiagonal", tolerance=_MORE, reference=_eigh_tridiagonal,
        cases=[
            case(normal(4), normal(3)), case(normal(4, dtype=F8), normal(3, dtype=F8), select="i",
            select_range=(1, 2)), case(normal(1), normal(0)),
            case(normal(4, dtype=F8), normal(3, dtype=F8), eigvals_only=False),
            case(np.float32([1, 2, 3]), np.float32([1, 1]), select="v", select_range=(0.0, 2.5)),
            case(np.float32([1, 2, 3]), np.float32([1, 1]), select="v", select_range=(9.0, 9.5)),
        ],
        gradient=[
            case(normal(4, dtype=F8), normal(3, dtype=F8)),
            case(np.float64([1, 2, 3]), np.float64([1, 1]), select="v", select_range=(0.0, 2.5)),
            case(normal(3, dtype=F8), normal(2, dtype=F8), eigvals_only=False),
        ],
        errors=[
            error("InvalidArgumentError", normal(4), normal(4), message="one element less"),
            error("ValueError", normal(4), normal(3), select="x", message="select must be"),
            error("InvalidArgumentError", normal(4), normal(3), select="i", select_range=(2, 1),
                  message="select must be"),
            error("ValueError", normal(4), normal(3), select="v", message="select_range="),
        ],
        differs=f"{_SIGNS}; TensorFlow unpacks a range that is not there", differs_in=[3, 9],
    ),
    Operation(
        name="linalg.eig", tolerance=_MORE,
        reference=lambda x: tuple(np.asarray(r, np.result_type(x, np.complex64))
                                  for r in np.linalg.eig(x)),
        cases=[case(_apart(3.0, 2.0, 1.0)), case(_apart(5.0, 1.0, dtype=np.float32))],
        gradient=[case(_apart(3.0, 2.0, 0.5))],
        errors=[error("InvalidArgumentError", normal(2, 3), message="eig: .*square")],
        differs="the order of the eigenvalues is open, and " + _SIGNS, differs_in=[0],
    ),
    Operation(
        name="linalg.eigvals", tolerance=_MORE,
        reference=lambda x: np.linalg.eigvals(x).astype(np.result_type(x, np.complex64)),
        cases=[
            case(np.float32([[0, -1], [1, 0]])),
            case(np.array([[-5.0, 0, 0], [1, 2, 0], [1, 1, -0.5]])),
        ],
        gradient=[case(_apart(3.0, 2.0, 0.5)), case(complexes(3, 3, dtype=C16))],
        errors=[error("InvalidArgumentError", normal(3), message="eigvals: .*matrix")],
        differs="the order of the eigenvalues is open", differs_in=[1],
    ),
    Operation(
        name="linalg.sqrtm", tolerance=_MORE, reference=_matrix_function(scipy.linalg.sqrtm),
        cases=[
            case(positive(3, 3)), case(positive(2, 2, 2, dtype=F8)), case(complexes(3, 3)),
            case(np.array([[1.0, 4.0], [0.0, 9.0]])), case(regular(3, 3, dtype=C16)),
        ],
        gradient=[case(positive(3, 3, dtype=F8)), case(regular(2, 2, dtype=C16))],
        errors=[error("InvalidArgumentError", normal(2, 3), message="sqrtm: .*square")],
    ),
    Operation(
        name="linalg.logm", tolerance=_MORE, reference=_matrix_function(scipy.linalg.logm),
        cases=[
            case(regular(3, 3, dtype=np.complex64)), case(regular(2, 2, 2, dtype=C16)),
            case(positive(3, 3, dtype=C16)),
        ],
        gradient=[case(regular(2, 2, dtype=C16))],
        errors=[
            error("InvalidArgumentError", regular(2, 2), message="logm: .*complex"),
            error("InvalidArgumentError", complexes(2, 3), message="logm: .*square"),
        ],
    ),
]  # fmt: skip
