"""Linear least squares."""

from __future__ import annotations

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.linalg.cholesky import cholesky, cholesky_solve
from freshet.ops.linalg.matrices import matrix_of, of_rank_two
from freshet.ops.linalg.parts import identity_like
from freshet.ops.linalg.svd import pinv
from freshet.ops.math import TensorLike


def lstsq(
    matrix: TensorLike, rhs: TensorLike, l2_regularizer: TensorLike = 0.0, fast: bool = True,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the ``x`` that makes ``sum((matrix @ x - rhs)**2) + l2 * sum(x**2)`` smallest.

    With at least as many rows as columns, ``x = (A^H A + l2)^-1 A^H b``; with fewer,
    ``x = A^H (A A^H + l2)^-1 b``, which without a regularizer is the shortest of all solutions.

    Args:
        matrix: ``[..., n, m]``; n and m must be known when a function is traced.
        rhs: ``[..., n, k]``.
        l2_regularizer: The weight of the size of ``x``.
        fast: Solve these equations by Cholesky decomposition, which needs a matrix of full rank and
            squares its condition number. Otherwise by singular values, without regularizer.
        name: Ignored.

    Returns:
        ``x``, of shape ``[..., m, k]``.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> lstsq([[1.0], [0.0]], [[2.0], [4.0]]).numpy().tolist()
        [[2.0]]
    """
    x, b = binary_operands("lstsq", matrix, rhs)
    matrix_of("lstsq", x)
    of_rank_two("lstsq", b)
    rows, columns = x.shape[-2:]
    if None not in (rows, b.shape[-2]) and rows != b.shape[-2]:
        raise InvalidArgumentError(
            f"lstsq: the matrices {x._type} have {rows} rows, the right-hand sides {b._type} "
            f"{b.shape[-2]}"
        )
    if not fast:
        return matmul(pinv(x), b)
    if rows is None or columns is None:
        raise UnimplementedError(
            f"lstsq: the sizes of {x._type} must be known when the function is traced, or use "
            "fast=False"
        )
    weight = m.cast(convert_to_tensor(l2_regularizer, dtype_hint=x.dtype.real_dtype), x.dtype)
    if rows >= columns:
        square = matmul(x, x, adjoint_a=True)
        return cholesky_solve(_regularized(square, weight), matmul(x, b, adjoint_a=True))
    square = matmul(x, x, adjoint_b=True)
    return matmul(x, cholesky_solve(_regularized(square, weight), b), adjoint_a=True)


def _regularized(square: Tensor, weight: Tensor) -> Tensor:
    factor: Tensor = cholesky(square + identity_like(square) * weight)
    return factor
