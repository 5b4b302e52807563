"""Equations with triangular matrices."""

from __future__ import annotations

from typing import Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType, broadcast_shapes
from freshet.core.tensor import Array, Tensor
from freshet.ops import shaping
from freshet.ops.array import sum_to
from freshet.ops.contraction import matmul
from freshet.ops.conversion import binary_operands
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import (
    matrix_of,
    merged,
    of_rank_two,
    transposed,
)
from freshet.ops.linalg.parts import band_part
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute

_BLOCK: Final = 32
"""Rows that are solved one by one; larger matrices are cut in halves, which are products."""


def substitute(matrix: Array, rhs: Array, *, lower: bool) -> Array:
    """Solve triangular equations by substitution; a 0 on the diagonal gives infinities and NaN."""
    n = matrix.shape[-1]
    if n > _BLOCK:
        half = n // 2
        head, tail = slice(0, half), slice(half, n)
        first, second = (head, tail) if lower else (tail, head)
        x = substitute(matrix[..., first, first], rhs[..., first, :], lower=lower)
        rest = rhs[..., second, :] - matrix[..., second, first] @ x
        y = substitute(matrix[..., second, second], rest, lower=lower)
        return np.concatenate((x, y) if lower else (y, x), axis=-2)
    lead = np.broadcast_shapes(matrix.shape[:-2], rhs.shape[:-2])
    solution = np.zeros((*lead, n, rhs.shape[-1]), rhs.dtype)
    for i in range(n) if lower else range(n - 1, -1, -1):
        known = slice(0, i) if lower else slice(i + 1, n)
        row = matrix[..., i : i + 1, known] @ solution[..., known, :]
        solution[..., i, :] = (rhs[..., i, :] - row[..., 0, :]) / matrix[..., i, i, None]
    return solution


def _infer(a: TensorType, b: TensorType, lower: bool, adjoint: bool) -> TensorType:
    size = merged(merged(a.shape[-1], a.shape[-2]), b.shape[-2])
    if b.shape[-2] is not None and size != b.shape[-2]:
        raise InvalidArgumentError(
            f"triangular_solve: the matrices {a} and right-hand sides {b} do not fit: "
            f"{size} rows and {b.shape[-2]}"
        )
    lead = broadcast_shapes("triangular_solve", [a.shape[:-2], b.shape[:-2]])
    return TensorType(a.dtype, (*lead, size, b.shape[-1]))


def _reference(a: Array, b: Array, lower: bool, adjoint: bool) -> Array:
    if adjoint:
        a, lower = transposed(a), not lower
    return substitute(a, b, lower=lower)


def _rhs_gradient(call: Call, grad: Tensor) -> Tensor:
    return sum_to(_adjoint_solution(call, grad), call.y)


def _adjoint_solution(call: Call, grad: Tensor) -> Tensor:
    lower, adjoint = call.params["lower"], call.params["adjoint"]
    return triangular_solve_p(call.x, grad, lower=lower, adjoint=not adjoint)


def _matrix_gradient(call: Call, grad: Tensor) -> Tensor:
    back, x = _adjoint_solution(call, grad), call.output
    if call.params["adjoint"]:
        found = -matmul(x, back, adjoint_b=True)
    else:
        found = -matmul(back, x, adjoint_b=True)
    whole = sum_to(found, call.x)
    return band_part(whole, -1, 0) if call.params["lower"] else band_part(whole, 0, -1)


triangular_solve_p: Primitive = Primitive(
    name="triangular_solve", infer=_infer, reference=float_compute(_reference),
    gradient=(_matrix_gradient, _rhs_gradient), lower=Host("substitution is one row after another"),
)  # fmt: skip


def triangular_solve(
    matrix: TensorLike, rhs: TensorLike, lower: bool = True, adjoint: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Solve ``matrix @ x = rhs`` for triangular matrices, by substitution.

    Args:
        matrix: ``[..., n, n]``; the elements on the other side of the diagonal are not looked at.
        rhs: ``[..., n, k]``; batch dimensions broadcast.
        lower: Whether the elements below the diagonal count, or those above.
        adjoint: Solve with the conjugate transpose of `matrix` instead.
        name: Ignored.

    Returns:
        ``x``, of shape ``[..., n, k]``. A 0 on the diagonal gives infinities or NaN.

    Raises:
        InvalidArgumentError: The matrices are not square, or the shapes do not fit.

    Example:
        >>> triangular_solve([[2.0, 0.0], [1.0, 4.0]], [[2.0], [5.0]]).numpy().tolist()
        [[1.0], [1.0]]
    """
    a, b = binary_operands("triangular_solve", matrix, rhs)
    matrix_of("triangular_solve", a, square=True)
    of_rank_two("triangular_solve", b)
    return triangular_solve_p(a, b, lower=bool(lower), adjoint=bool(adjoint))


def banded_triangular_solve(
    bands: TensorLike, rhs: TensorLike, lower: bool = True, adjoint: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Solve equations with triangular matrices of which only a band of diagonals is given.

    Args:
        bands: ``[..., number of diagonals, n]``. With `lower`, the main diagonal first, then those
            below it, each aligned to the right (what comes before its elements is not looked at).
            Otherwise the highest diagonal first, the main one last, each aligned to the left.
        rhs: ``[..., n, k]``; batch dimensions broadcast.
        lower: Whether the diagonals are below the main one or above.
        adjoint: Solve with the conjugate transpose instead.
        name: Ignored.

    Returns:
        ``x``, of shape ``[..., n, k]``.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> banded_triangular_solve([[4.0, 5.0], [0.0, 1.0]], [[4.0], [6.0]]).numpy().tolist()
        [[1.0], [1.0]]
    """
    b, y = binary_operands("banded_triangular_solve", bands, rhs)
    matrix_of("banded_triangular_solve", b)
    of_rank_two("banded_triangular_solve", y)
    count = b.shape[-2]
    if count is None or count == 0:
        raise InvalidArgumentError(
            "banded_triangular_solve: expected at least one diagonal, their number known; "
            f"received {b._type}"
        )
    packed = shaping.squeeze(b, -2) if count == 1 else b
    k = (1 - count, 0) if lower else (0, count - 1)
    # Below the main diagonal they are packed to the right, above it to the left.
    matrix = diagonals.matrix(packed, k, (not lower, not lower))
    return triangular_solve_p(matrix, y, lower=bool(lower), adjoint=bool(adjoint))
