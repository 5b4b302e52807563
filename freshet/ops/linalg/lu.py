"""The LU decomposition, and what is computed with it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import (
    adjoint_of,
    like,
    matrix_of,
    of_rank_two,
    square_type,
)
from freshet.ops.linalg.parts import band_part, constant_like, identity_like
from freshet.ops.linalg.row_orders import inverse_order, reordered
from freshet.ops.linalg.triangular import triangular_solve
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute


def _infer(x: TensorType, dtype: DType) -> tuple[TensorType, TensorType]:
    square = square_type(x)
    return square, like(x, square.shape[-1], dtype=dtype)


def _reference(x: Array, dtype: DType) -> tuple[Array, Array]:
    """Eliminate column by column, with the largest element that is left as the pivot."""
    n = x.shape[-1]
    lu = x.reshape(math.prod(x.shape[:-2]), n, n).copy()
    batch = np.arange(len(lu))
    order = np.broadcast_to(np.arange(n), (len(lu), n)).copy()
    for k in range(n):
        pivot = k + np.argmax(np.abs(lu[:, k:, k]), axis=1)
        for rows in (lu, order):
            rows[batch, k], rows[batch, pivot] = rows[batch, pivot].copy(), rows[batch, k].copy()
        if np.any(lu[:, k, k] == 0):
            raise InvalidArgumentError(
                f"lu: a matrix has no inverse: column {k} has no pivot; received "
                f"{TensorType(dtypes.of_array(x), x.shape)}"
            )
        lu[:, k + 1 :, k] /= lu[:, k, None, k]
        lu[:, k + 1 :, k + 1 :] -= lu[:, k + 1 :, k, None] * lu[:, k, None, k + 1 :]
    return lu.reshape(x.shape), order.reshape(x.shape[:-1])


def _gradient(call: Call, grad: Tensor) -> Tensor:
    """Return ``P^T L^-H (tril(L^H gL, -1) + triu(gU U^H)) U^-H``."""
    lower, upper = _factors(call.output)
    below = matmul(lower, _strictly_lower(grad), adjoint_a=True)
    above = matmul(band_part(grad, 0, -1), upper, adjoint_b=True)
    middle = _strictly_lower(below) + band_part(above, 0, -1)
    left = triangular_solve(lower, middle, adjoint=True)
    # Dividing by U^H from the right is solving with U from the left, all transposed.
    right = triangular_solve(upper, adjoint_of(left), lower=False)
    return reordered(adjoint_of(right), inverse_order(call.outputs[1]))


def _strictly_lower(x: Tensor) -> Tensor:
    lower = band_part(x, -1, 0)
    return diagonals.put(lower, m.multiply(diagonals.take(x), constant_like(x, 0)))


def _factors(lower_upper: Tensor) -> tuple[Tensor, Tensor]:
    """Return the unit lower triangular and the upper triangular factor that are packed in one."""
    lower = _strictly_lower(lower_upper) + identity_like(lower_upper)
    return lower, band_part(lower_upper, 0, -1)


lu_p: Primitive = Primitive(
    name="lu", infer=_infer, reference=float_compute(_reference), gradient=(_gradient,),
    lower=Host("which rows are exchanged depends on data"),
)  # fmt: skip


class Lu(NamedTuple):
    """Both factors packed into one matrix, and the order of the rows."""

    lu: Tensor
    p: Tensor


def lu(input: TensorLike, output_idx_type: Any = dtypes.int32, name: str | None = None) -> Lu:
    """Return ``L``, ``U`` and ``p`` with ``(L @ U)[i] = input[p[i]]``, by elimination with pivots.

    Args:
        input: ``[..., n, n]``.
        output_idx_type: Dtype of ``p``, int32 or int64.
        name: Ignored.

    Returns:
        A named tuple ``(lu, p)``: ``lu[..., n, n]`` has ``U`` on and above the diagonal and ``L``,
        whose diagonal is 1, below it; ``p[..., n]`` is the order of the rows.

    Raises:
        InvalidArgumentError: A matrix is singular, or not square.

    Example:
        >>> lu([[1.0, 2.0], [4.0, 4.0]]).lu.numpy().tolist()
        [[4.0, 4.0], [0.25, 1.0]]
        >>> lu([[1.0, 2.0], [4.0, 4.0]]).p.numpy().tolist()
        [1, 0]
    """
    kind = as_dtype(output_idx_type)
    if kind not in {dtypes.int32, dtypes.int64}:
        raise DTypeError(f"lu: output_idx_type must be int32 or int64, received {kind.name}")
    return Lu(*lu_p.apply((matrix_of("lu", input, square=True),), {"dtype": kind}))


def _operands(name: str, lower_upper: TensorLike, perm: TensorLike) -> tuple[Tensor, Tensor]:
    packed = matrix_of(name, lower_upper, square=True)
    order = convert_to_tensor(perm)
    if not order.dtype.is_integer or not order.shape.is_compatible_with(packed.shape[:-1]):
        raise InvalidArgumentError(
            f"{name}: expected for {packed._type} an order of the rows, whole numbers of shape "
            f"{packed.shape[:-1]}; received {order._type}"
        )
    return packed, order


def lu_reconstruct(
    lower_upper: TensorLike, perm: TensorLike, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Return the matrices whose LU decomposition is given.

    Args:
        lower_upper: Factors as `lu` returns them, ``[..., n, n]``.
        perm: The order of the rows, ``[..., n]``.
        validate_args: Ignored: shapes are always checked.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> lu_reconstruct(*lu([[1.0, 2.0], [4.0, 4.0]])).numpy().tolist()
        [[1.0, 2.0], [4.0, 4.0]]
    """
    packed, order = _operands("lu_reconstruct", lower_upper, perm)
    return reordered(matmul(*_factors(packed)), inverse_order(order))


def lu_solve(
    lower_upper: TensorLike, perm: TensorLike, rhs: TensorLike, validate_args: bool = False,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Solve ``A @ x = rhs`` given the LU decomposition of ``A``.

    Args:
        lower_upper: Factors as `lu` returns them, ``[..., n, n]``.
        perm: The order of the rows, ``[..., n]``.
        rhs: ``[..., n, k]``; batch dimensions broadcast.
        validate_args: Ignored: shapes are always checked.
        name: Ignored.

    Returns:
        ``x``, of shape ``[..., n, k]``.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> lu_solve(*lu([[1.0, 2.0], [4.0, 4.0]]), [[3.0], [8.0]]).numpy().tolist()
        [[1.0], [1.0]]
    """
    packed, order = _operands("lu_solve", lower_upper, perm)
    b = of_rank_two("lu_solve", convert_to_tensor(rhs, dtype=packed.dtype))
    if not b.shape[-2:-1].is_compatible_with(packed.shape[-1:]):
        raise InvalidArgumentError(
            f"lu_solve: the right-hand sides {b._type} do not fit the matrices {packed._type}"
        )
    lower, upper = _factors(packed)
    return triangular_solve(upper, triangular_solve(lower, reordered(b, order)), lower=False)


def lu_matrix_inverse(
    lower_upper: TensorLike, perm: TensorLike, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Return the inverse of the matrices whose LU decomposition is given.

    Arguments and errors as for `lu_reconstruct`.

    Example:
        >>> lu_matrix_inverse(*lu([[0.0, 2.0], [4.0, 0.0]])).numpy().tolist()
        [[0.0, 0.25], [0.5, 0.0]]
    """
    packed, order = _operands("lu_matrix_inverse", lower_upper, perm)
    return lu_solve(packed, order, identity_like(packed))
