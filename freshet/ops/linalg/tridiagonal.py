"""Tridiagonal matrices: products and equations.

Inside this module such a matrix is three vectors of its size: element i of each belongs to row i,
so the last element above the diagonal and the first below it count for nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.linalg.diagonals import take
from freshet.ops.linalg.matrices import conj, matrix_of, merged, swapped
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Call, Joint, Primitive
from freshet.ops.reduction import reduce_sum_p

Three = tuple[Tensor, Tensor, Tensor]


# --- the three diagonals --------------------------------------------------------------------------


def three_diagonals(name: str, given: Any, form: str) -> Three:
    """Return the diagonals above, on and below the main one, each as long as that.

    Raises:
        InvalidArgumentError: They have another shape than their format says.
    """
    if form == "matrix":
        matrix = matrix_of(name, given, square=True)
        return (
            _padded(take(matrix, (1, 1)), 0, 1), take(matrix),
            _padded(take(matrix, (-1, -1)), 1, 0),
        )  # fmt: skip
    if form == "compact":
        packed = matrix_of(name, given)
        if packed.shape[-2] not in {3, None}:
            raise InvalidArgumentError(
                f"{name}: expected three diagonals in the last dimension but one, received "
                f"{packed._type}"
            )
        return _row(packed, 0), _row(packed, 1), _row(packed, 2)
    if form != "sequence":
        raise InvalidArgumentError(
            f"{name}: diagonals_format must be 'compact', 'sequence' or 'matrix', received {form!r}"
        )
    if not isinstance(given, (list, tuple)) or len(given) != 3:
        raise InvalidArgumentError(f"{name}: expected a list of three diagonals")
    above, middle, below = (convert_to_tensor(d) for d in given)
    size = middle.shape[-1]
    if size is None or above.shape[-1] is None or below.shape[-1] is None:
        raise UnimplementedError(
            f"{name}: the sizes of a list of diagonals must be known when the function is traced"
        )
    above = _padded(above, 0, 1) if above.shape[-1] == size - 1 else above
    below = _padded(below, 1, 0) if below.shape[-1] == size - 1 else below
    if above.shape[-1] != size or below.shape[-1] != size:
        raise InvalidArgumentError(
            f"{name}: beside a main diagonal {middle._type} the others need {size} or {size - 1} "
            f"elements, received {above._type} and {below._type}"
        )
    return above, middle, below


def adjoint_three(three: Three) -> Three:
    """Return the three diagonals of the conjugate transpose."""
    above, middle, below = (conj(d) for d in three)
    return _moved(below, -1, -1), middle, _moved(above, 1, -1)


def _row(packed: Tensor, number: int) -> Tensor:
    whole = (None, None, None)
    spec = (*[whole] * (packed.ndim - 2), (number, number + 1, None), whole)
    return a.squeeze_p(a.slice_p(packed, spec=spec), axes=(packed.ndim - 2,))


def _padded(x: Tensor, before: int, after: int) -> Tensor:
    pairs = ((0, 0),) * (x.ndim - 1) + ((before, after),)
    return a.pad_p(x, paddings=pairs, value=0)


def _moved(x: Tensor, by: int, axis: int) -> Tensor:
    """Return a tensor moved by one along an axis: element i is element i - `by`, 0 outside."""
    d = axis % x.ndim
    cut = (None, -1, None) if by > 0 else (1, None, None)
    whole = (None, None, None)
    part = a.slice_p(x, spec=tuple(cut if i == d else whole for i in range(x.ndim)))
    pairs = [(0, 0)] * x.ndim
    pairs[d] = (1, 0) if by > 0 else (0, 1)
    return a.pad_p(part, paddings=tuple(pairs), value=0)


# --- products -------------------------------------------------------------------------------------


def tridiagonal_matmul(
    diagonals: Any, rhs: TensorLike, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """Return a tridiagonal matrix times a matrix.

    ``y[i] = diag[i] * x[i] + above[i] * x[i + 1] + below[i] * x[i - 1]``

    Args:
        diagonals: By `diagonals_format`: "compact", ``[..., 3, n]`` with the diagonal above the
            main one first (its last element and the first one of the diagonal below are not looked
            at); "sequence", a list of three such vectors, where those two elements may be left out;
            "matrix", ``[..., n, n]``.
        rhs: ``[..., n, k]``.
        diagonals_format: See above.
        name: Ignored.

    Returns:
        ``[..., n, k]``.

    Raises:
        InvalidArgumentError: The shapes do not fit.

    Example:
        >>> y = tridiagonal_matmul([[1.0, 0.0], [2.0, 3.0], [0.0, 4.0]], [[1.0], [1.0]])
        >>> y.numpy().tolist()
        [[3.0], [7.0]]
    """
    above, middle, below = three_diagonals("tridiagonal_matmul", diagonals, diagonals_format)
    x = _right_hand("tridiagonal_matmul", convert_to_tensor(rhs, dtype_hint=middle.dtype), middle)
    parts = [
        _column(above) * _moved(x, -1, -2), _column(middle) * x, _column(below) * _moved(x, 1, -2)
    ]  # fmt: skip
    total: Tensor = parts[0] + parts[1] + parts[2]
    return total


def _column(x: Tensor) -> Tensor:
    return a.expand_dims_p(x, axes=(x.ndim,))


def _right_hand(name: str, x: Tensor, middle: Tensor) -> Tensor:
    if x.dtype != middle.dtype:
        raise DTypeError(
            f"{name}: diagonals and right-hand side must have one dtype, received {middle._type} "
            f"and {x._type}"
        )
    sizes = x.shape[-2:-1], middle.shape[-1:]
    if x.ndim < 2 or not sizes[0].is_compatible_with(sizes[1]):
        raise InvalidArgumentError(
            f"{name}: the right-hand side {x._type} does not fit diagonals {middle._type}"
        )
    return x


# --- equations ------------------------------------------------------------------------------------


def _solve_infer(
    above: TensorType, middle: TensorType, below: TensorType, rhs: TensorType, pivoting: bool
) -> TensorType:
    lead = tuple(merged(x, y) for x, y in zip(middle.shape[:-1], rhs.shape[:-2], strict=True))
    return TensorType(
        rhs.dtype, (*lead, merged(middle.shape[-1], rhs.shape[-2]), rhs.shape[-1])
    )  # fmt: skip


def _solve_reference(
    above: Array, middle: Array, below: Array, rhs: Array, pivoting: bool
) -> Array:
    """Eliminate row by row, the row with the larger element first (LAPACK's gtsv)."""
    n = middle.shape[-1]
    u, d, low, b = above.copy(), middle.copy(), below, rhs.copy()
    second = np.zeros_like(u)  # above the diagonal above: rows that were exchanged reach so far
    for i in range(n - 1):
        lower = low[..., i + 1]
        swap = (np.abs(lower) > np.abs(d[..., i])) if pivoting else np.zeros(lower.shape, bool)
        beyond = u[..., i + 1] if i + 2 < n else np.zeros_like(lower)
        top = np.where(swap, lower, d[..., i]), np.where(swap, d[..., i + 1], u[..., i])
        rest = np.where(swap, d[..., i], lower), np.where(swap, u[..., i], d[..., i + 1])
        factor = rest[0] / top[0]
        d[..., i], u[..., i] = top
        second[..., i] = np.where(swap, beyond, 0)
        d[..., i + 1] = rest[1] - factor * top[1]
        u[..., i + 1] = np.where(swap, -factor * beyond, beyond)
        turn = swap[..., None]
        first = np.where(turn, b[..., i + 1, :], b[..., i, :])
        last = np.where(turn, b[..., i, :], b[..., i + 1, :])
        b[..., i, :], b[..., i + 1, :] = first, last - factor[..., None] * first
    if pivoting and np.any(d == 0):
        raise InvalidArgumentError(f"tridiagonal_solve: a matrix has no inverse; received {n} rows")
    for i in range(n - 1, -1, -1):
        if i + 1 < n:
            b[..., i, :] -= u[..., i, None] * b[..., i + 1, :]
        if i + 2 < n:
            b[..., i, :] -= second[..., i, None] * b[..., i + 2, :]
        b[..., i, :] /= d[..., i, None]
    return b


def _solve_gradient(call: Call, wanted: Any, grad: Tensor) -> list[Tensor | None]:
    above, middle, below, _ = call.inputs
    x, pivoting = call.output, call.params["pivoting"]
    back = tridiagonal_solve_p(*adjoint_three((above, middle, below)), grad, pivoting=pivoting)
    around = (_moved(x, -1, -2), x, _moved(x, 1, -2))
    last = (x.ndim - 1,)
    results: list[Tensor | None] = [
        -reduce_sum_p(back * conj(near), axes=last) if asked else None
        for near, asked in zip(around, wanted, strict=False)
    ]
    return [*results, back]


tridiagonal_solve_p: Primitive = Primitive(
    name="tridiagonal_solve", infer=_solve_infer, reference=_solve_reference,
    gradient=Joint(_solve_gradient), lower=Host("elimination is one row after another"),
)  # fmt: skip


def tridiagonal_solve(
    diagonals: Any, rhs: TensorLike, diagonals_format: str = "compact", transpose_rhs: bool = False,
    conjugate_rhs: bool = False, name: str | None = None, partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:  # fmt: skip
    """Solve equations with tridiagonal matrices, in time proportional to their size.

    Args:
        diagonals: As for `tridiagonal_matmul`.
        rhs: ``[..., n]`` or ``[..., n, k]``, with the batch dimensions of the diagonals.
        diagonals_format: As for `tridiagonal_matmul`.
        transpose_rhs: Whether `rhs` is ``[..., k, n]`` instead.
        conjugate_rhs: Take the complex conjugate of `rhs` before.
        name: Ignored.
        partial_pivoting: Exchange rows so that no step divides by a small number; otherwise a 0 on
            the diagonal gives infinities or NaN.
        perturb_singular: Only False.

    Returns:
        ``x``, of the shape of `rhs` (``[..., n, k]`` with `transpose_rhs`).

    Raises:
        InvalidArgumentError: The shapes do not fit, or a matrix is singular.

    Example:
        >>> tridiagonal_solve([[1.0, 0.0], [2.0, 3.0], [0.0, 4.0]], [3.0, 7.0]).numpy().tolist()
        [1.0, 1.0]
    """
    if perturb_singular:
        raise UnimplementedError("tridiagonal_solve: perturb_singular=True")
    three = three_diagonals("tridiagonal_solve", diagonals, diagonals_format)
    x = convert_to_tensor(rhs, dtype_hint=three[1].dtype)
    x = conj(x) if conjugate_rhs else x
    vectors = x.ndim == three[1].ndim
    if vectors:
        x = _column(x)
    elif transpose_rhs:
        x = swapped(x)
    _right_hand("tridiagonal_solve", x, three[1])
    if x.ndim != three[1].ndim + 1 or not x.shape[:-1].is_compatible_with(three[1].shape):
        raise InvalidArgumentError(
            f"tridiagonal_solve: the right-hand side {x._type} does not fit diagonals "
            f"{three[1]._type}"
        )
    found = tridiagonal_solve_p(*three, x, pivoting=bool(partial_pivoting))
    return shaping.squeeze(found, -1) if vectors else found
