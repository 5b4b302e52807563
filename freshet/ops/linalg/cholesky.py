"""The Cholesky decomposition, and what is computed with it."""

from __future__ import annotations

import numpy as np

from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import (
    adjoint_of,
    matrix_of,
    nan_where_it_fails,
    square_type,
)
from freshet.ops.linalg.parts import band_part
from freshet.ops.linalg.triangular import triangular_solve
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute
from freshet.ops.reduction import reduce_sum


def _reference(x: Array) -> Array:
    return np.tril(nan_where_it_fails(np.linalg.cholesky, x))


def _gradient(call: Call, grad: Tensor) -> Tensor:
    """Return the gradient of a symmetric matrix (Smith 1995; Murray 2016, arXiv:1602.07527)."""
    factor = call.output
    lower = band_part(grad, -1, 0)  # above the diagonal the factor is always 0
    middle = band_part(matmul(factor, lower, adjoint_a=True), -1, 0)
    middle = diagonals.put(middle, diagonals.take(middle) * 0.5)
    half = triangular_solve(factor, middle, adjoint=True)
    found = adjoint_of(triangular_solve(factor, adjoint_of(half), adjoint=True))
    return (found + adjoint_of(found)) * 0.5


cholesky_p: Primitive = Primitive(
    name="cholesky", infer=square_type, reference=float_compute(_reference),
    gradient=(_gradient,), lower=Host("LAPACK decomposes it"),
)  # fmt: skip


def cholesky(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the lower triangular ``L`` with ``L @ adjoint(L) = input``.

    Args:
        input: Symmetric (or Hermitian) positive definite matrices ``[..., n, n]``; only the
            elements on and below the diagonal are looked at.
        name: Ignored.

    Returns:
        ``[..., n, n]``; NaN on and below the diagonal for a matrix that is not positive definite.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> cholesky([[4.0, 2.0], [2.0, 5.0]]).numpy().tolist()
        [[2.0, 0.0], [1.0, 2.0]]
    """
    return cholesky_p(matrix_of("cholesky", input, square=True))


def cholesky_solve(chol: TensorLike, rhs: TensorLike, name: str | None = None) -> Tensor:
    """Solve ``A @ x = rhs`` given the Cholesky factor of ``A``.

    Args:
        chol: What `cholesky` returns for ``A``, ``[..., n, n]``.
        rhs: ``[..., n, k]``.
        name: Ignored.

    Returns:
        ``x``, of shape ``[..., n, k]``.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> cholesky_solve([[2.0, 0.0], [1.0, 2.0]], [[6.0], [7.0]]).numpy().tolist()
        [[1.0], [1.0]]
    """
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


def logdet(matrix: TensorLike, name: str | None = None) -> Tensor:
    """Return the logarithm of the determinant of Hermitian positive definite matrices.

    ``log(det(A)) = 2 * sum over i of log(L[i, i])`` with L the Cholesky factor, which neither
    overflows nor underflows.

    Args:
        matrix: ``[..., n, n]``.
        name: Ignored.

    Returns:
        ``[...]``, real numbers.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> round(float(logdet([[4.0, 0.0], [0.0, 0.25]])), 6)
        0.0
    """
    factor = cholesky(matrix)
    entries = diagonals.take(factor)
    real = entries if not factor.dtype.is_complex else m.cast(entries, factor.dtype.real_dtype)
    return reduce_sum(m.log(real), -1) * 2.0
