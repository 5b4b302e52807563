"""Products beside `matmul`: a matrix with a vector, and the cross product."""

from __future__ import annotations

from freshet.core.errors import FailedPreconditionError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import shaping
from freshet.ops.contraction import matmul
from freshet.ops.conversion import binary_operands
from freshet.ops.linalg.matrices import of_rank_two
from freshet.ops.math import TensorLike


def matvec(
    a: TensorLike,
    b: TensorLike,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Return every matrix times its vector: ``y[..., i] = sum over j of a[..., i, j] * b[..., j]``.

    Args:
        a: Matrices ``[..., n, k]``, or ``[..., k, n]`` with `transpose_a` or `adjoint_a`.
        b: Vectors ``[..., k]``.
        transpose_a: Exchange rows and columns of `a` before.
        adjoint_a: Exchange them and take the complex conjugate before.
        a_is_sparse: Ignored; a hint that TensorFlow uses.
        b_is_sparse: Ignored.
        name: Ignored.

    Returns:
        ``[..., n]``; batch dimensions broadcast.

    Raises:
        InvalidArgumentError: The sizes do not fit, or a rank is too low.

    Example:
        >>> matvec([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).numpy().tolist()
        [3.0, 7.0]
    """
    x, y = binary_operands("matvec", a, b)
    of_rank_two("matvec", x)
    if not y.ndim:
        raise InvalidArgumentError(f"matvec: expected a vector beside {x._type}, received a scalar")
    column = shaping.expand_dims(y, -1)
    product = matmul(x, column, transpose_a=transpose_a, adjoint_a=adjoint_a)
    return shaping.squeeze(product, -1)


def cross(a: TensorLike, b: TensorLike, name: str | None = None) -> Tensor:
    """Return the cross product of vectors of three elements.

    ``y = [a1*b2 - a2*b1, a2*b0 - a0*b2, a0*b1 - a1*b0]``

    Args:
        a: Numbers of shape ``[..., 3]``.
        b: Numbers of the same shape.
        name: Ignored.

    Raises:
        InvalidArgumentError: The shapes differ.
        FailedPreconditionError: The last dimension has another size than 3.

    Example:
        >>> cross([1, 0, 0], [0, 1, 0]).numpy().tolist()
        [0, 0, 1]
    """
    x, y = binary_operands("cross", a, b)
    if not x.ndim or not x.shape.is_compatible_with(y.shape):
        raise InvalidArgumentError(
            f"cross: both operands must be vectors of one shape, received {x._type} and {y._type}"
        )
    if x.shape[-1] not in {3, None}:
        raise FailedPreconditionError(f"cross: expected vectors of three elements, got {x._type}")
    return _turned(x, 1) * _turned(y, 2) - _turned(x, 2) * _turned(y, 1)


def _turned(x: Tensor, by: int) -> Tensor:
    """Return vectors of three elements turned to the left."""
    whole = (None, None, None)
    lead = (whole,) * (x.ndim - 1)
    # The end is given, so that the size is known even where that of the operand is not.
    parts = [a.slice_p(x, spec=(*lead, part)) for part in ((by, 3, None), (0, by, None))]
    return a.concat_p(*parts, axis=x.ndim - 1)
