"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.contraction import matmul
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.matrices import (
    adjoint_of,
    conj,
    like,
    matrix_of,
    refuse_infinite,
    square_type,
)
from freshet.ops.linalg.parts import band_part
from freshet.ops.linalg.solving import solve_p
from freshet.ops.linalg.svd import differences
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Primitive, float_compute

_HOST = Host("LAPACK decomposes it")
_COMPLEX: Final = {"float32": dtypes.complex64, "float64": dtypes.complex128}


# --- of Hermitian matrices ------------------------------------------------------------------------


def _vectors_type(x: TensorType) -> tuple[TensorType, TensorType]:
    square = square_type(x)
    return like(x, square.shape[-1]), square


def _lower_part(grad: Tensor) -> Tensor:
    """Return the gradient of the elements on and below the diagonal, which alone are looked at."""
    both = band_part(grad + adjoint_of(grad), -1, 0)
    return diagonals.put(both, diagonals.take(both) * 0.5)


def _eigh_gradient(call: Call, grad_e: Tensor, grad_v: Tensor) -> Tensor:
    e, v = call.outputs
    inner = differences(e) * matmul(v, grad_v, adjoint_a=True)
    middle = diagonals.matrix(grad_e) + inner
    return _lower_part(matmul(v, matmul(middle, v, adjoint_b=True)))


def _eigh_reference(x: Array) -> tuple[Array, Array]:
    e, v = np.linalg.eigh(refuse_infinite("eigh", x))
    return e, v


eigh_p: Primitive = Primitive(
    name="eigh", infer=_vectors_type, reference=float_compute(_eigh_reference),
    gradient=(_eigh_gradient,), lower=_HOST,
)  # fmt: skip


def _eigvalsh_gradient(call: Call, grad: Tensor) -> Tensor:
    _, v = eigh_p.apply((call.x,), {})
    return _lower_part(matmul(v * _row(grad), v, adjoint_b=True))


def _row(x: Tensor) -> Tensor:
    return a.expand_dims_p(x, axes=(x.ndim - 1,))


eigvalsh_p: Primitive = Primitive(
    name="eigvalsh", infer=lambda x: _vectors_type(x)[0],
    reference=float_compute(lambda x: np.linalg.eigvalsh(refuse_infinite("eigvalsh", x))),
    gradient=(_eigvalsh_gradient,), lower=_HOST,
)  # fmt: skip


def eigh(tensor: TensorLike, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues and eigenvectors of Hermitian matrices.

    Args:
        tensor: Symmetric (or Hermitian) matrices ``[..., n, n]``; only the elements on and below
            the diagonal are looked at.
        name: Ignored.

    Returns:
        ``(e, v)``: the eigenvalues ``[..., n]``, the smallest first, in the dtype of the operand,
        and the eigenvectors as columns of ``v[..., n, n]``. Vectors have gradients where no two
        eigenvalues are equal.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> e, v = eigh([[2.0, 0.0], [0.0, 1.0]])
        >>> e.numpy().tolist()
        [1.0, 2.0]
    """
    e, v = eigh_p.apply((matrix_of("eigh", tensor, square=True),), {})
    return e, v


def eigvalsh(tensor: TensorLike, name: str | None = None) -> Tensor:
    """Return the eigenvalues of Hermitian matrices, the smallest first.

    Args:
        tensor: As for `eigh`.
        name: Ignored.

    Returns:
        ``[..., n]``, in the dtype of the operand.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> eigvalsh([[2.0, 0.0], [0.0, 1.0]]).numpy().tolist()
        [1.0, 2.0]
    """
    return eigvalsh_p(matrix_of("eigvalsh", tensor, square=True))


# --- of any square matrices -----------------------------------------------------------------------


def _complex(dtype: DType) -> DType:
    return _COMPLEX.get(dtype.name, dtype)


def _complex_types(x: TensorType) -> tuple[TensorType, TensorType]:
    size = square_type(x).shape[-1]
    kind = _complex(x.dtype)
    return like(x, size, dtype=kind), like(x, size, size, dtype=kind)


def _to_operand(grad: Tensor, x: Tensor) -> Tensor:
    """Return a complex gradient for an operand that may be real."""
    return grad if x.dtype.is_complex else m.cast(grad, x.dtype)


def _eig_gradient(call: Call, grad_e: Tensor, grad_v: Tensor) -> Tensor:
    """Return the gradient for eigenvectors of length 1 (Boeddeker et al. 2017)."""
    e, v = call.outputs
    of_v = matmul(v, grad_v, adjoint_a=True)
    # Vectors stay on the unit sphere: what points along them is taken away.
    along = m.cast(m.cast(diagonals.take(of_v), e.dtype.real_dtype), e.dtype)
    turned = of_v - matmul(v, v, adjoint_a=True) * _row(along)
    middle = diagonals.matrix(grad_e) + conj(differences(e)) * turned
    return _to_operand(_between(v, middle), call.x)


def _between(v: Tensor, middle: Tensor) -> Tensor:
    """Return ``V^-H middle V^H``."""
    return solve_p(v, matmul(middle, v, adjoint_b=True), adjoint=True)


def _eig_reference(x: Array) -> tuple[Array, Array]:
    e, v = np.linalg.eig(refuse_infinite("eig", x))
    return e, v


eig_p: Primitive = Primitive(
    name="eig", infer=_complex_types, reference=float_compute(_eig_reference),
    gradient=(_eig_gradient,), lower=_HOST,
)  # fmt: skip


def _eigvals_gradient(call: Call, grad: Tensor) -> Tensor:
    _, v = eig_p.apply((call.x,), {})
    return _to_operand(_between(v, diagonals.matrix(grad)), call.x)


eigvals_p: Primitive = Primitive(
    name="eigvals", infer=lambda x: _complex_types(x)[0],
    reference=float_compute(lambda x: np.linalg.eigvals(refuse_infinite("eigvals", x))),
    gradient=(_eigvals_gradient,), lower=_HOST,
)  # fmt: skip


def eig(tensor: TensorLike, name: str | None = None) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues and eigenvectors of square matrices.

    Args:
        tensor: ``[..., n, n]``.
        name: Ignored.

    Returns:
        ``(e, v)``, complex: the eigenvalues ``[..., n]`` in no particular order and the
        eigenvectors, of length 1, as columns of ``v[..., n, n]``. There are gradients where no two
        eigenvalues are equal.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> e, v = eig([[2.0, 1.0], [0.0, 1.0]])
        >>> e.numpy().real.tolist()
        [2.0, 1.0]
    """
    e, v = eig_p.apply((matrix_of("eig", tensor, square=True),), {})
    return e, v


def eigvals(tensor: TensorLike, name: str | None = None) -> Tensor:
    """Return the eigenvalues of square matrices, complex and in no particular order.

    Args:
        tensor: ``[..., n, n]``.
        name: Ignored.

    Raises:
        InvalidArgumentError: The matrices are not square.

    Example:
        >>> eigvals([[0.0, -1.0], [1.0, 0.0]]).numpy().tolist()
        [1j, -1j]
    """
    return eigvals_p(matrix_of("eigvals", tensor, square=True))
