"""Eigenvalues and eigenvectors of Hermitian tridiagonal matrices."""

from __future__ import annotations

from typing import Any

from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.eigen import eigh, eigvalsh
from freshet.ops.masks import boolean_mask
from freshet.ops.math import TensorLike
from freshet.ops.sizes import static_integers


def eigh_tridiagonal(
    alpha: TensorLike, beta: TensorLike, eigvals_only: bool = True, select: str = "a",
    select_range: Any = None, tol: Any = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Return eigenvalues of the Hermitian matrix with the given main and next diagonal.

    The matrix is written out and decomposed as a whole, as `eigh` does.

    Args:
        alpha: The main diagonal ``[..., n]``, real numbers.
        beta: The one below it ``[..., n - 1]``, of the same dtype.
        eigvals_only: Whether to return no eigenvectors.
        select: "a" for all eigenvalues; "i" for those with the numbers ``select_range[0]`` to
            ``select_range[1]``, both included, counted from the smallest one; "v" for those above
            ``select_range[0]`` and not above ``select_range[1]``, of one matrix only, as each of a
            batch may have another number of them.
        select_range: See above.
        tol: Ignored: eigenvalues are always found to the precision of the dtype.
        name: Ignored.

    Returns:
        The eigenvalues ``[..., k]``, the smallest first, in a real dtype; unless `eigvals_only`,
        also the eigenvectors as the columns of ``[..., n, k]``.

    Raises:
        InvalidArgumentError: The shapes do not fit, or the selection is none of these.
        UnimplementedError: `select` is "v", and the operands are batches.

    Example:
        >>> [round(float(e), 3) for e in eigh_tridiagonal([2.0, 2.0], [1.0])]
        [1.0, 3.0]
    """
    x, y = binary_operands("eigh_tridiagonal", alpha, beta)
    sizes = x.shape[-1:], y.shape[-1:]
    if not x.ndim or x.ndim != y.ndim:
        raise InvalidArgumentError(
            f"eigh_tridiagonal: expected vectors of one rank, received {x._type} and {y._type}"
        )
    if None not in (sizes[0][0], sizes[1][0]) and sizes[0][0] != (sizes[1][0] or 0) + 1:
        raise InvalidArgumentError(
            f"eigh_tridiagonal: beside {x._type} the next diagonal must have one element less, "
            f"received {y._type}"
        )
    matrix = diagonals.put(diagonals.matrix(y, (-1, -1)), x)
    if select == "v":
        return _between(x, matrix, eigvals_only, select_range)
    chosen = _chosen(x, select, select_range)
    if eigvals_only:
        return _real(_part(eigvalsh(matrix), chosen))
    values, vectors = eigh(matrix)
    return _real(_part(values, chosen)), _part(vectors, chosen)


def _between(x: Tensor, matrix: Tensor, eigvals_only: bool, select_range: Any) -> Any:
    """Return what belongs to the eigenvalues within a range, of which data says how many."""
    if x.ndim > 1:
        raise UnimplementedError(
            f"eigh_tridiagonal: select='v' needs one matrix, received a batch {x._type}; take them "
            "one by one, or mask all eigenvalues"
        )
    if select_range is None or len(select_range) != 2:
        raise InvalidArgumentError(
            "eigh_tridiagonal: select='v' needs select_range=(above, up to), received "
            f"{select_range!r}"
        )
    low, high = (m.cast(convert_to_tensor(v), x.dtype.real_dtype) for v in select_range)
    values, vectors = (eigvalsh(matrix), None) if eigvals_only else eigh(matrix)
    values = _real(values)
    wanted = m.logical_and(m.greater(values, low), m.less_equal(values, high))
    kept = boolean_mask(values, wanted)
    return kept if vectors is None else (kept, boolean_mask(vectors, wanted, axis=1))


def _chosen(x: Tensor, select: str, select_range: Any) -> tuple[int | None, int | None]:
    if select == "a":
        return None, None
    numbers = [] if select_range is None else static_integers(
        "eigh_tridiagonal", "select_range", select_range
    )  # fmt: skip
    size = x.shape[-1]
    if select != "i" or len(numbers) != 2 or not 0 <= numbers[0] <= numbers[1]:
        raise InvalidArgumentError(
            "eigh_tridiagonal: select must be 'a', 'v' or 'i', the last with "
            "select_range=(first, last), "
            f"received {select!r} with {select_range!r}"
        )
    if size is not None and numbers[1] >= size:
        raise InvalidArgumentError(
            f"eigh_tridiagonal: select_range={select_range!r} reaches beyond the {size} eigenvalues"
        )
    return numbers[0], numbers[1] + 1


def _part(x: Tensor, chosen: tuple[int | None, int | None]) -> Tensor:
    if chosen == (None, None):
        return x
    return a.slice_p(x, spec=(*((None, None, None),) * (x.ndim - 1), (*chosen, None)))


def _real(x: Tensor) -> Tensor:
    return m.cast(x, x.dtype.real_dtype)
