"""The QR decomposition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from freshet.core.errors import UnimplementedError
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops.contraction import matmul
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import adjoint_of, conj, like, matrix_of
from freshet.ops.linalg.parts import band_part
from freshet.ops.linalg.triangular import triangular_solve
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute


def smaller(x: TensorType) -> Dim:
    """Return the smaller size of matrices, None if it is not known."""
    rows, columns = x.shape[-2:]
    if rows is None or columns is None:
        return 1 if 1 in {rows, columns} else None
    return min(rows, columns)


def _infer(x: TensorType, full_matrices: bool) -> tuple[TensorType, TensorType]:
    rows, columns = x.shape[-2:]
    inner = rows if full_matrices else smaller(x)
    return like(x, rows, inner), like(x, inner, columns)


def _reference(x: Array, full_matrices: bool) -> tuple[Array, Array]:
    q, r = np.linalg.qr(x, mode="complete" if full_matrices else "reduced")
    return q, r


def _gradient(call: Call, grad_q: Tensor, grad_r: Tensor) -> Tensor:
    """Return the gradient (Walter, Lehmann and Lamour 2012; Roberts and Roberts 2020).

    Of a wide matrix ``[X, Y] = Q [U, V]``, that of X by ``X = Q U`` and that of Y by ``V = Q^H Y``.
    """
    q, r = call.outputs
    rows, columns = call.x.shape[-2:]
    if rows is None or columns is None:
        raise UnimplementedError(f"qr: its gradient needs the sizes of the matrices {call.x._type}")
    if call.params["full_matrices"] and rows > columns:
        raise UnimplementedError(
            "qr: the columns of Q beyond those of the matrix have no gradient; leave "
            f"full_matrices=True out for {call.x._type}"
        )
    if rows >= columns:
        return _tall(q, r, grad_q, grad_r)
    y = _columns(call.x, rows, columns)
    grad_v = _columns(grad_r, rows, columns)
    grad_x = _tall(
        q, _columns(r, 0, rows), grad_q + matmul(y, grad_v, adjoint_b=True),
        _columns(grad_r, 0, rows),
    )  # fmt: skip
    return a.concat_p(grad_x, matmul(q, grad_v), axis=call.x.ndim - 1)


def _tall(q: Tensor, r: Tensor, grad_q: Tensor, grad_r: Tensor) -> Tensor:
    upper = band_part(grad_r, 0, -1)  # below the diagonal the factor is always 0
    middle = matmul(r, upper, adjoint_b=True) - matmul(grad_q, q, adjoint_a=True)
    total = grad_q + matmul(q, _hermitian_of_lower(middle))
    # (total) R^-H: solve with R from the left, all transposed.
    return adjoint_of(triangular_solve(r, adjoint_of(total), lower=False))


def _hermitian_of_lower(x: Tensor) -> Tensor:
    """Return the Hermitian matrix that has the elements of `x` below the diagonal."""
    lower = band_part(x, -1, 0)
    strict = diagonals.put(lower, diagonals.take(x) * 0.0)
    middle = diagonals.take(x)
    if x.dtype.is_complex:
        middle = (middle + conj(middle)) * 0.5
    return diagonals.put(strict + adjoint_of(strict), middle)


def _columns(x: Tensor, start: int, stop: int) -> Tensor:
    whole = (None, None, None)
    return a.slice_p(x, spec=(*[whole] * (x.ndim - 1), (start, stop, None)))


qr_p: Primitive = Primitive(
    name="qr", infer=_infer, reference=float_compute(_reference), gradient=(_gradient,),
    lower=Host("LAPACK decomposes it"),
)  # fmt: skip


class Qr(NamedTuple):
    """A unitary matrix and an upper triangular one."""

    q: Tensor
    r: Tensor


def qr(input: TensorLike, full_matrices: bool = False, name: str | None = None) -> Qr:
    """Return ``Q`` with orthonormal columns and upper triangular ``R`` with ``Q @ R = input``.

    Args:
        input: ``[..., n, m]``.
        full_matrices: Whether ``Q`` is ``[..., n, n]`` and ``R`` is ``[..., n, m]``; by default
            they are ``[..., n, k]`` and ``[..., k, m]`` with ``k = min(n, m)``.
        name: Ignored.

    Returns:
        A named tuple ``(q, r)``. The diagonal of ``R`` may be negative.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]])
        >>> (q @ r).numpy().round(4).tolist()
        [[3.0, 1.0], [4.0, 2.0]]
    """
    return Qr(*qr_p.apply((matrix_of("qr", input),), {"full_matrices": bool(full_matrices)}))
