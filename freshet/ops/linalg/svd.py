"""The singular value decomposition, the pseudoinverse and the rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import UnimplementedError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.contraction import matmul
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.elementwise import select_p, zeros_of
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import (
    adjoint_of,
    like,
    matrix_of,
    nan_where_it_fails,
    transposed,
)
from freshet.ops.linalg.parts import constant_like
from freshet.ops.linalg.qr import smaller
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute
from freshet.ops.reduction import reduce_max, reduce_sum

_HOST = Host("LAPACK decomposes it")


# --- singular values and vectors ------------------------------------------------------------------


def _infer(x: TensorType, full_matrices: bool) -> tuple[TensorType, TensorType, TensorType]:
    rows, columns = x.shape[-2:]
    inner = smaller(x)
    values = like(x, inner, dtype=x.dtype.real_dtype)
    if full_matrices:
        return values, like(x, rows, rows), like(x, columns, columns)
    return values, like(x, rows, inner), like(x, columns, inner)


def _reference(x: Array, full_matrices: bool) -> tuple[Array, Array, Array]:
    u, s, adjoint_v = nan_where_it_fails(
        lambda m: tuple(np.linalg.svd(m, full_matrices=full_matrices)), x
    )
    return s, u, transposed(adjoint_v)


def _values_reference(x: Array) -> Array:
    found: Array = nan_where_it_fails(lambda m: np.linalg.svd(m, compute_uv=False), x)
    return found


def differences(x: Tensor) -> Tensor:
    """Return ``1 / (x[..., j] - x[..., i])`` in row i and column j, and 0 where both are equal."""
    gap = a.expand_dims_p(x, axes=(x.ndim - 1,)) - a.expand_dims_p(x, axes=(x.ndim,))
    equal = m.equal(gap, zeros_of(gap))
    inverse = m.divide(constant_like(gap, 1), select_p(equal, constant_like(gap, 1), gap))
    return select_p(equal, zeros_of(gap), inverse)


def _row(x: Tensor) -> Tensor:
    """Return vectors as matrices of one row, which multiply columns."""
    return a.expand_dims_p(x, axes=(x.ndim - 1,))


def _column(x: Tensor) -> Tensor:
    """Return vectors as matrices of one column, which multiply rows."""
    return a.expand_dims_p(x, axes=(x.ndim,))


def _gradient(call: Call, grad_s: Tensor, grad_u: Tensor, grad_v: Tensor) -> Tensor:
    """Return the gradient (Townsend 2016; for complex matrices Wan and Zhang, arXiv:1909.02659)."""
    rows, columns = call.x.shape[-2:]
    s, u, v = call.outputs
    if call.params["full_matrices"] and rows != columns:
        raise UnimplementedError(
            "svd: the singular vectors beyond those of the singular values have no gradient; "
            f"leave full_matrices=True out for {call.x._type}"
        )
    size = m.cast(s, u.dtype)
    gaps = m.cast(differences(m.square(s)), u.dtype)
    of_u = matmul(u, grad_u, adjoint_a=True)
    of_v = matmul(v, grad_v, adjoint_a=True)
    inner = gaps * (of_u - adjoint_of(of_u)) * _row(size)
    inner = inner + gaps * (of_v - adjoint_of(of_v)) * _column(size)
    middle = diagonals.matrix(m.cast(grad_s, u.dtype)) + inner
    if u.dtype.is_complex:
        phase = diagonals.take(of_u - adjoint_of(of_u)) * 0.5
        middle = middle + diagonals.matrix(phase / size)
    found = matmul(matmul(u, middle), v, adjoint_b=True)
    beside_u = (grad_u - matmul(u, of_u)) / _row(size)
    beside_v = (grad_v - matmul(v, of_v)) / _row(size)
    found = found + matmul(beside_u, v, adjoint_b=True)
    return found + matmul(u, beside_v, adjoint_b=True)


svd_p: Primitive = Primitive(
    name="svd", infer=_infer, reference=float_compute(_reference), gradient=(_gradient,),
    lower=_HOST,
)  # fmt: skip


def _values_gradient(call: Call, grad: Tensor) -> Tensor:
    _, u, v = svd_p.apply((call.x,), {"full_matrices": False})
    return matmul(u * _row(m.cast(grad, u.dtype)), v, adjoint_b=True)


singular_values_p: Primitive = Primitive(
    name="singular_values",
    infer=lambda x: like(x, smaller(x), dtype=x.dtype.real_dtype),
    reference=float_compute(_values_reference),
    gradient=(_values_gradient,),
    lower=_HOST,
)


def singular_values(tensor: TensorLike) -> Tensor:
    """Return the singular values of every matrix, the largest first."""
    return singular_values_p(matrix_of("svd", tensor))


def svd(
    tensor: TensorLike, full_matrices: bool = False, compute_uv: bool = True,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Return the singular value decomposition ``tensor = u @ diag(s) @ adjoint(v)``.

    Args:
        tensor: ``[..., n, m]``.
        full_matrices: Whether ``u`` and ``v`` are square; by default they have ``k = min(n, m)``
            columns.
        compute_uv: Whether to return ``u`` and ``v``.
        name: Ignored.

    Returns:
        ``(s, u, v)``, or ``s`` without `compute_uv`: the real singular values ``[..., k]``, the
        largest first, and singular vectors as columns. ``v`` is not transposed, other than NumPy's.
        Vectors have gradients where no two singular values are equal. All three are NaN for a
        matrix that holds NaN or infinity.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> s, u, v = svd([[0.0, 2.0], [1.0, 0.0]])
        >>> s.numpy().tolist()
        [2.0, 1.0]
    """
    x = matrix_of("svd", tensor)
    if not compute_uv:
        return singular_values_p(x)
    return svd_p.apply((x,), {"full_matrices": bool(full_matrices)})


# --- pseudoinverse and rank -----------------------------------------------------------------------


def _pinv_infer(x: TensorType, cutoff: TensorType) -> TensorType:
    return like(x, x.shape[-1], x.shape[-2])


def _pinv_reference(x: Array, cutoff: Array) -> Array:
    # What is not finite has no singular values, and a NaN says so.
    finite = np.isfinite(x).all(axis=(-2, -1), keepdims=True)
    found = np.linalg.pinv(np.where(finite, x, np.zeros((), x.dtype)), cutoff)
    return np.where(finite, found, np.full((), np.nan, x.dtype))


def _pinv_gradient(call: Call, grad: Tensor) -> Tensor:
    """Return the gradient at constant rank (Golub and Pereyra 1973)."""
    x, y = call.x, call.output
    back = adjoint_of(grad)
    first = matmul(matmul(y, grad, adjoint_a=True), y, adjoint_b=True)
    outside = back - matmul(x, matmul(y, back))
    second = matmul(matmul(outside, y), y, adjoint_b=True)
    inside = back - matmul(matmul(back, y), x)
    third = matmul(matmul(y, y, adjoint_a=True), inside)
    # Each has the shape of the operand: y^H y and y y^H are squares of its sides.
    return second + third - first


pinv_p: Primitive = Primitive(
    name="pinv", infer=_pinv_infer,
    reference=float_compute(_pinv_reference),
    gradient=(_pinv_gradient, None), lower=_HOST,
)  # fmt: skip


def pinv(
    a: TensorLike, rcond: TensorLike = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Return the Moore-Penrose pseudoinverse: the inverse on the span of the matrix, 0 beside it.

    Args:
        a: ``[..., n, m]``.
        rcond: Singular values below this times the largest count as 0; a number or ``[...]``. By
            default ``10 * max(n, m) * eps`` with the eps of the dtype.
        validate_args: Ignored: operands are always checked.
        name: Ignored.

    Returns:
        ``[..., m, n]``. Its gradient is that at constant rank.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> pinv([[1.0, 0.0], [0.0, 0.0]]).numpy().tolist()
        [[1.0, 0.0], [0.0, 0.0]]
    """
    x = matrix_of("pinv", a)
    real = x.dtype.real_dtype
    if rcond is None:
        eps = 10.0 * float(np.finfo(real.as_numpy_dtype).eps)
        rcond = m.cast(reduce_max(shaping.shape(x)[-2:]), real) * eps
    return pinv_p(x, convert_to_tensor(rcond, dtype=real))


def matrix_rank(
    a: TensorLike, tol: TensorLike = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """Return how many singular values of every matrix are larger than a tolerance.

    Args:
        a: ``[..., n, m]``.
        tol: The tolerance; by default ``max(n, m) * eps * largest singular value``.
        validate_args: Ignored: operands are always checked.
        name: Ignored.

    Returns:
        int32 ``[...]``.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> int(matrix_rank([[1.0, 2.0], [2.0, 4.0]]))
        1
    """
    x = matrix_of("matrix_rank", a)
    s = singular_values_p(x)
    if tol is None:
        largest = reduce_max(s, -1, keepdims=True)
        count = m.cast(reduce_max(shaping.shape(x)[-2:]), s.dtype)
        limit = largest * count * float(np.finfo(s.dtype.as_numpy_dtype).eps)
    else:
        limit = shaping.expand_dims(convert_to_tensor(tol, dtype=s.dtype), -1)
    return reduce_sum(m.cast(m.greater(s, limit), dtypes.int32), -1)
