"""Linear equations, inverses and determinants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorShape, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import shaping
from freshet.ops.contraction import matmul
from freshet.ops.conversion import binary_operands
from freshet.ops.linalg.matrices import (
    adjoint_of,
    conj,
    like,
    matrix_of,
    merged,
    of_rank_two,
    refuse_singular,
    square_type,
    transposed,
)
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute

_HOST = Host("LAPACK decomposes it")


# --- inverse --------------------------------------------------------------------------------------


def _inv_reference(x: Array, adjoint: bool) -> Array:
    found: Array = refuse_singular("inv: a matrix has no inverse", np.linalg.inv, x)
    return transposed(found) if adjoint else found


def _inv_gradient(call: Call, grad: Tensor) -> Tensor:
    y = call.output
    if call.params["adjoint"]:
        # With y the inverse of the conjugate transpose: dy = -y adjoint(dx) y.
        return -matmul(y, matmul(grad, y, adjoint_a=True))
    return -matmul(y, matmul(grad, y, adjoint_b=True), adjoint_a=True)


inv_p: Primitive = Primitive(
    name="inv", infer=lambda x, adjoint: square_type(x), reference=float_compute(_inv_reference),
    gradient=(_inv_gradient,), lower=_HOST,
)  # fmt: skip


def inv(input: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:
    """Return the inverse of every matrix.

    Args:
        input: ``[..., n, n]``.
        adjoint: Return the inverse of the conjugate transpose instead.
        name: Ignored.

    Raises:
        InvalidArgumentError: A matrix is singular, or not square.

    Example:
        >>> inv([[2.0, 0.0], [0.0, 4.0]]).numpy().tolist()
        [[0.5, 0.0], [0.0, 0.25]]
    """
    return inv_p(matrix_of("inv", input, square=True), adjoint=bool(adjoint))


# --- equations ------------------------------------------------------------------------------------


def _solve_infer(a: TensorType, b: TensorType, adjoint: bool) -> TensorType:
    size = merged(merged(a.shape[-1], a.shape[-2]), b.shape[-2])
    lead = tuple(merged(x, y) for x, y in zip(a.shape[:-2], b.shape[:-2], strict=True))
    return TensorType(a.dtype, (*lead, size, b.shape[-1]))


def _solve_reference(a: Array, b: Array, adjoint: bool) -> Array:
    matrix = transposed(a) if adjoint else a
    found: Array = refuse_singular("solve: a matrix has no inverse", np.linalg.solve, matrix, b)
    return found


def _back(call: Call, grad: Tensor) -> Tensor:
    return solve_p(call.x, grad, adjoint=not call.params["adjoint"])


def _matrix_gradient(call: Call, grad: Tensor) -> Tensor:
    back, x = _back(call, grad), call.output
    if call.params["adjoint"]:
        return -matmul(x, back, adjoint_b=True)
    return -matmul(back, x, adjoint_b=True)


solve_p: Primitive = Primitive(
    name="solve", infer=_solve_infer, reference=float_compute(_solve_reference),
    gradient=(_matrix_gradient, _back), lower=_HOST,
)  # fmt: skip


def solve(
    matrix: TensorLike, rhs: TensorLike, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """Solve ``matrix @ x = rhs``, by LU decomposition with pivots.

    Args:
        matrix: ``[..., n, n]``.
        rhs: ``[..., n, k]`` with the same batch dimensions.
        adjoint: Solve with the conjugate transpose of `matrix` instead.
        name: Ignored.

    Returns:
        ``x``, of shape ``[..., n, k]``.

    Raises:
        InvalidArgumentError: A matrix is singular or not square, or the shapes do not fit.

    Example:
        >>> solve([[2.0, 1.0], [1.0, 3.0]], [[3.0], [4.0]]).numpy().tolist()
        [[1.0], [1.0]]
    """
    a, b = binary_operands("solve", matrix, rhs)
    matrix_of("solve", a, square=True)
    of_rank_two("solve", b)
    expected = TensorShape([*a.shape[:-1], b.shape[-1]])
    if not b.shape.is_compatible_with(expected):
        raise InvalidArgumentError(
            f"solve: the right-hand sides {b._type} do not fit the matrices {a._type}; "
            f"their shape must be {expected}"
        )
    return solve_p(a, b, adjoint=bool(adjoint))


# --- determinants ---------------------------------------------------------------------------------


def _widened(x: Tensor) -> Tensor:
    """Return one number per matrix with two dimensions more, to multiply the matrix."""
    return shaping.expand_dims(shaping.expand_dims(x, -1), -1)


def _det_gradient(call: Call, grad: Tensor) -> Tensor:
    weight = _widened(grad * conj(call.output))
    return weight * inv_p(call.x, adjoint=True)


det_p: Primitive = Primitive(
    name="det", infer=lambda x: like(x), reference=float_compute(np.linalg.det),
    gradient=(_det_gradient,), lower=_HOST,
)  # fmt: skip


def det(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the determinant of every matrix; 1 of one without rows.

    Args:
        input: ``[..., n, n]``.
        name: Ignored.

    Returns:
        ``[...]``. Its gradient exists where the matrix has an inverse.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> float(det([[2.0, 0.0], [0.0, 4.0]]))
        8.0
    """
    return det_p(matrix_of("det", input, square=True))


def _slogdet_infer(x: TensorType) -> tuple[TensorType, TensorType]:
    return like(x), like(x)


def _slogdet_gradient(call: Call, sign: Tensor, size: Tensor) -> Tensor:
    """The sign of a real determinant does not vary; a complex one's phase is left out as well."""
    del sign
    return _widened(size) * inv_p(call.x, adjoint=True)


slogdet_p: Primitive = Primitive(
    name="slogdet", infer=_slogdet_infer,
    reference=float_compute(lambda x: tuple(np.linalg.slogdet(x))),
    gradient=(_slogdet_gradient,), lower=_HOST,
)  # fmt: skip


class LogMatrixDeterminant(NamedTuple):
    """Sign (or phase) and logarithm of the size of determinants."""

    sign: Tensor
    log_abs_determinant: Tensor


def slogdet(input: TensorLike, name: str | None = None) -> LogMatrixDeterminant:
    """Return the sign of every determinant and the logarithm of its absolute value.

    ``det(A) = sign * exp(log_abs_determinant)``, where the determinant itself might overflow.

    Args:
        input: ``[..., n, n]``.
        name: Ignored.

    Returns:
        A named tuple ``(sign, log_abs_determinant)`` of shape ``[...]`` each; 0 and minus infinity
        for singular matrices. No gradient flows through the sign.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> sign, size = slogdet([[0.0, 1.0], [1.0, 0.0]])
        >>> float(sign), float(size)
        (-1.0, 0.0)
    """
    outputs = slogdet_p.apply((matrix_of("slogdet", input, square=True),), {})
    return LogMatrixDeterminant(*outputs)
