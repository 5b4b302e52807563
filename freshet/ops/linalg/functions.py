"""Functions of matrices: exponential, logarithm and square root.

The gradient of all three is one rule: for a function ``f`` of matrices,

    f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]

holds the derivative ``L(A, E)`` of ``f`` at ``A`` towards ``E`` (Higham, Functions of Matrices,
2008, equation 3.16), and the adjoint of ``L(A, .)`` is ``L(adjoint(A), .)``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops.linalg.diagonals import zeros_like
from freshet.ops.linalg.matrices import adjoint_of, matrix_of, square_type
from freshet.ops.linalg.schur import schur
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute

_PADE: Final = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip
"""Coefficients of the [13/13] Padé approximant of exp (Higham 2005, table 2.3)."""
_PADE_REACH: Final = 5.371920351148152
"""Largest 1-norm for which it is exact to double precision (the same, table 2.3)."""
_ROOTS: Final = 100
"""Square roots taken at most until a matrix is near the identity; 60 halve any exponent."""


# --- one definition for all -----------------------------------------------------------------------


def _primitive(name: str, one: Callable[[Array], Array]) -> Primitive:
    def reference(x: Array) -> Array:
        n = x.shape[-1]
        wide = np.complex128 if x.dtype.kind == "c" else np.float64
        results = [one(m) for m in x.reshape(-1, n, n).astype(wide)] if n else []
        return np.asarray(results).reshape(x.shape).astype(x.dtype)

    def gradient(call: Call, grad: Tensor) -> Tensor:
        matrix = adjoint_of(call.x)
        top = a.concat_p(matrix, grad, axis=matrix.ndim - 1)
        bottom = a.concat_p(zeros_like(matrix), matrix, axis=matrix.ndim - 1)
        block = primitive(a.concat_p(top, bottom, axis=matrix.ndim - 2))
        n = matrix.shape[-1]
        if n is None:
            raise UnimplementedError(f"{name}: its gradient needs the size of {call.x._type}")
        whole = (None, None, None)
        lead = (whole,) * (matrix.ndim - 2)
        return a.slice_p(block, spec=(*lead, (0, n, None), (n, 2 * n, None)))

    primitive = Primitive(
        name=name, infer=square_type, reference=float_compute(reference), gradient=(gradient,),
        lower=Host("how often a matrix is scaled depends on data"),
    )  # fmt: skip
    return primitive


# --- exponential ----------------------------------------------------------------------------------


def _expm(x: Array) -> Array:
    """Scale, approximate and square (Higham 2005)."""
    size = np.linalg.norm(x, 1)
    if not np.isfinite(size):
        return np.full_like(x, np.nan)
    halvings = max(int(np.ceil(np.log2(size / _PADE_REACH))), 0) if size > 0 else 0
    scaled = x / 2.0**halvings
    b, one = _PADE, np.eye(len(x))
    x2 = scaled @ scaled
    x4 = x2 @ x2
    x6 = x2 @ x4
    high_odd = x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2)
    odd = scaled @ (high_odd + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one)
    high_even = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2)
    even = high_even + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    found: Array = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        found = found @ found
    return found


# --- square root and logarithm --------------------------------------------------------------------


def _triangular_root(t: Array) -> Array:
    """Return the square root of an upper triangular matrix (Björck and Hammarling 1983)."""
    root = np.diag(np.sqrt(np.diagonal(t)))
    for j in range(1, len(t)):
        for i in range(j - 1, -1, -1):
            inner = root[i, i + 1 : j] @ root[i + 1 : j, j]
            total = root[i, i] + root[j, j]
            rest = t[i, j] - inner
            # The root of a singular matrix may exist all the same.
            root[i, j] = rest / total if total or rest else 0
    return root


def _as_kind(found: Array, like: Array) -> Array:
    """Return a result that is real where the operand is, NaN where there is no real one."""
    if like.dtype.kind == "c":
        return found
    scale = np.max(np.abs(found), initial=0.0)
    if np.max(np.abs(found.imag), initial=0.0) > 1e-7 * max(scale, 1e-300):
        return np.full_like(like, np.nan)
    return found.real


def _sqrtm(x: Array) -> Array:
    t, q = schur(x.astype(np.complex128))
    return _as_kind(q @ _triangular_root(t) @ q.conj().T, x)


def _logm(x: Array) -> Array:
    """Take square roots until the matrix is near 1, then integrate (Higham 2008, section 11.5)."""
    t, q = schur(x.astype(np.complex128))
    if not np.all(np.diagonal(t)):
        raise InvalidArgumentError("logm: a singular matrix has no logarithm")
    eigenvalues = np.diagonal(t).copy()
    one = np.eye(len(t))
    roots = 0
    while np.linalg.norm(t - one, 1) > 0.25 and roots < _ROOTS:
        t, roots = _triangular_root(t), roots + 1
    rest = t - one
    nodes, weights = np.polynomial.legendre.leggauss(8)
    # log(1 + X) is the integral of X (1 + s X)^-1 over s from 0 to 1.
    parts = [
        w / 2 * np.linalg.solve(one + (s + 1) / 2 * rest, rest)
        for s, w in zip(nodes, weights, strict=True)
    ]
    found = 2.0**roots * np.sum(parts, axis=0)
    found[np.diag_indices(len(t))] = np.log(eigenvalues)
    return _as_kind(q @ found @ q.conj().T, x)


expm_p: Primitive = _primitive("expm", _expm)
sqrtm_p: Primitive = _primitive("sqrtm", _sqrtm)
logm_p: Primitive = _primitive("logm", _logm)


# --- public functions -----------------------------------------------------------------------------


def expm(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the exponential of every matrix: ``1 + A + A @ A / 2! + A @ A @ A / 3! + ...``.

    Args:
        input: ``[..., n, n]``.
        name: Ignored.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> expm([[0.0, 1.0], [0.0, 0.0]]).numpy().tolist()
        [[1.0, 1.0], [0.0, 1.0]]
    """
    return expm_p(matrix_of("expm", input, square=True))


def sqrtm(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the principal square root of every matrix: ``R @ R = A``.

    Args:
        input: ``[..., n, n]``.
        name: Ignored.

    Returns:
        ``[..., n, n]``; NaN for a real matrix that has no real root, such as one with a negative
        eigenvalue.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> sqrtm([[4.0, 0.0], [0.0, 9.0]]).numpy().tolist()
        [[2.0, 0.0], [0.0, 3.0]]
    """
    return sqrtm_p(matrix_of("sqrtm", input, square=True))


def logm(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the principal logarithm of every matrix, the inverse of `expm`.

    Args:
        input: Complex numbers ``[..., n, n]``, as a real matrix may have a complex logarithm.
        name: Ignored.

    Raises:
        DTypeError: The matrices are not complex.
        InvalidArgumentError: A matrix is singular, or not square.

    Example:
        >>> logm(np.array([[1.0, 2.0], [0.0, 1.0]], np.complex64)).numpy().real.tolist()
        [[0.0, 2.0], [0.0, 0.0]]
    """
    x = matrix_of("logm", input, square=True)
    if not x.dtype.is_complex:
        raise DTypeError(
            f"logm: expected complex matrices, received {x._type}; convert them with "
            "ft.cast(x, ft.complex64)"
        )
    return logm_p(x)
