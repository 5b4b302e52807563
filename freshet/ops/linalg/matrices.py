"""Matrices as operands: what is checked of them, and their transposes.

A matrix is the last two dimensions of a tensor; all dimensions before are batch dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core.dtypes import DType
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import Dim, TensorType, broadcast_shapes
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.elementwise_rules import conj as conj
from freshet.ops.math import TensorLike
from freshet.ops.sizes import sizes

# --- operands -------------------------------------------------------------------------------------


def matrix_of(name: str, x: TensorLike, *, square: bool = False) -> Tensor:
    """Return an operand that holds floating-point or complex matrices.

    Raises:
        DTypeError: It holds something else.
        InvalidArgumentError: Its rank is below 2, or it is not square where it should be.
    """
    tensor = convert_to_tensor(x)
    if not tensor.dtype.is_differentiable:
        raise DTypeError(
            f"{name}: expected floating-point or complex matrices, received {tensor._type}; "
            "convert them with ft.cast(x, ft.float32)"
        )
    of_rank_two(name, tensor)
    if square and None not in tensor.shape[-2:] and tensor.shape[-1] != tensor.shape[-2]:
        raise InvalidArgumentError(f"{name}: expected square matrices, received {tensor._type}")
    return tensor


def of_rank_two(name: str, tensor: Tensor) -> Tensor:
    """Return a tensor of rank 2 or more; `InvalidArgumentError` for any other."""
    if tensor.ndim < 2:
        raise InvalidArgumentError(
            f"{name}: expected a matrix or a batch of matrices, received {tensor._type}"
        )
    return tensor


def same_dtype(name: str, x: Tensor, y: Tensor) -> None:
    """Raise `DTypeError` unless two operands have one dtype."""
    if x.dtype != y.dtype:
        raise DTypeError(
            f"{name}: both operands must have one dtype, received {x._type} and {y._type}; "
            "convert one with ft.cast"
        )


def merged(x: Dim, y: Dim) -> Dim:
    """Return the size that two sizes stand for when at most one of them is known."""
    return y if x is None else x


def like(x: TensorType, *shape: Dim, dtype: DType | None = None) -> TensorType:
    """Return the type of a result with the batch dimensions of matrices `x` and sizes of its own.

    Args:
        x: Type of the matrices.
        *shape: The result's last dimensions.
        dtype: That of the result; that of `x` by default.
    """
    return TensorType(dtype or x.dtype, (*x.shape[:-2], *shape))


def square_type(x: TensorType) -> TensorType:
    """Return the type of square matrices with what is known of either size."""
    size = merged(x.shape[-1], x.shape[-2])
    return like(x, size, size)


def share_batch(name: str, *tensors: Tensor) -> list[Tensor]:
    """Return matrices, of whatever sizes, stretched to the batch dimensions of all of them.

    Args:
        name: Who asks, for the error.
        *tensors: Tensors of rank 2 or more; sizes may be unknown.

    Raises:
        InvalidArgumentError: The batch dimensions do not broadcast.
    """
    leads = [tuple(t.shape[:-2]) for t in tensors]
    batch = broadcast_shapes(name, leads)
    if None in batch:
        found = shaping.shape(tensors[0])[:-2]
        for t in tensors[1:]:
            found = shaping.broadcast_dynamic_shape(found, shaping.shape(t)[:-2])
        return [
            shaping.broadcast_to(t, shaping.concat([found, shaping.shape(t)[-2:]], 0))
            for t in tensors
        ]
    return [
        t if lead == batch else shaping.broadcast_to(t, [*batch, *sizes(t)[-2:]])
        for t, lead in zip(tensors, leads, strict=True)
    ]


# --- transposes -----------------------------------------------------------------------------------


def swapped(x: Tensor) -> Tensor:
    """Return every matrix with rows and columns exchanged."""
    rank = x.ndim
    return a.transpose_p(x, perm=(*range(rank - 2), rank - 1, rank - 2))


def adjoint_of(x: Tensor) -> Tensor:
    """Return the conjugate transpose of every matrix."""
    return conj(swapped(x))


def matrix_transpose(
    a: TensorLike, name: str | None = "matrix_transpose", conjugate: bool = False
) -> Tensor:
    """Return every matrix with rows and columns exchanged: ``y[..., j, i] = a[..., i, j]``.

    Args:
        a: Any tensor of rank 2 or more.
        name: Ignored.
        conjugate: Also take the complex conjugate.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> matrix_transpose([[1, 2], [3, 4]]).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    x = of_rank_two("matrix_transpose", convert_to_tensor(a))
    return adjoint_of(x) if conjugate else swapped(x)


def adjoint(matrix: TensorLike, name: str | None = None) -> Tensor:
    """Return the conjugate transpose of every matrix.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> adjoint([[1, 2], [3, 4]]).numpy().tolist()
        [[1, 3], [2, 4]]
    """
    return adjoint_of(of_rank_two("adjoint", convert_to_tensor(matrix)))


# --- NumPy's side ---------------------------------------------------------------------------------


def transposed(x: Array) -> Array:
    """Return the conjugate transpose of arrays, for references."""
    return np.conj(np.swapaxes(x, -1, -2))


def refuse_infinite(name: str, x: Array) -> Array:
    """Return arrays all of whose elements are finite: LAPACK's eigenvalues of others mean nothing.

    Raises:
        InvalidArgumentError: An element is infinite or NaN.
    """
    if not np.isfinite(x).all():
        raise InvalidArgumentError(
            f"{name}: expected finite numbers, received infinities or NaN in {x.dtype}"
            f"{list(x.shape)}"
        )
    return x


def nan_where_it_fails(function: Callable[[Array], Any], x: Array) -> Any:
    """Return a decomposition, with NaN for those matrices of a batch for which there is none."""
    try:
        return function(x)
    except np.linalg.LinAlgError:
        if x.ndim > 2:
            parts = [nan_where_it_fails(function, one) for one in x]
            if isinstance(parts[0], tuple):
                return tuple(np.stack(p) for p in zip(*parts, strict=True))
            return np.stack(parts)
        shaped = function(np.eye(*x.shape, dtype=x.dtype))
        if isinstance(shaped, tuple):
            return tuple(np.full_like(part, np.nan) for part in shaped)
        return np.full_like(shaped, np.nan)


def refuse_singular(what: str, function: Callable[..., Any], *arrays: Array) -> Any:
    """Call a function of NumPy and say what is wrong where it finds a matrix without inverse.

    Raises:
        InvalidArgumentError: A matrix is singular.
    """
    try:
        return function(*arrays)
    except np.linalg.LinAlgError as error:
        kinds = " and ".join(f"{x.dtype}{list(x.shape)}" for x in arrays)
        raise InvalidArgumentError(f"{what} ({error}); received {kinds}") from None
