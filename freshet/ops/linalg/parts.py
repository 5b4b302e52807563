"""Parts of matrices: diagonals, bands and the trace. Public functions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import array as a
from freshet.ops import shaping
from freshet.ops.conversion import binary_operands, convert_to_tensor
from freshet.ops.linalg import diagonals
from freshet.ops.linalg.diagonals import Align, Band
from freshet.ops.linalg.matrices import of_rank_two
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_sum_p
from freshet.ops.sizes import sizes as sizes_of
from freshet.ops.sizes import static_integer, static_integers
from freshet.ops.static import static_value

_ALIGN: Final = {"LEFT": True, "RIGHT": False}


def _align(name: str, value: str) -> Align:
    words = value.split("_")
    if len(words) != 2 or not set(words) <= _ALIGN.keys():
        raise InvalidArgumentError(
            f"{name}: align must be 'RIGHT_LEFT', 'LEFT_RIGHT', 'LEFT_LEFT' or 'RIGHT_RIGHT', "
            f"received {value!r}"
        )
    return _ALIGN[words[0]], _ALIGN[words[1]]


def _band(name: str, k: Any) -> Band:
    single = isinstance(k, int) or (isinstance(k, (Tensor, Variable)) and not k.shape)
    numbers = [static_integer(name, "k", k)] if single else static_integers(name, "k", k)
    if len(numbers) not in {1, 2} or numbers[0] > numbers[-1]:
        raise InvalidArgumentError(
            f"{name}: k must be a diagonal's number or (lowest, highest), received {k!r}"
        )
    return numbers[0], numbers[-1]


def _number(name: str, value: Any, like: Tensor) -> Any:
    """Return what a padding is as a Python number."""
    tensor = convert_to_tensor(value, dtype_hint=like.dtype)
    known = static_value(tensor)
    if known is None or tensor.ndim:
        raise InvalidArgumentError(
            f"{name}: padding_value must be one number, known when the function is traced; "
            f"received {tensor._type}"
        )
    return known.item()


def diag(
    diagonal: TensorLike, name: str | None = "diag", k: Any = 0, num_rows: Any = -1,
    num_cols: Any = -1, padding_value: Any = 0, align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """Return matrices with the given diagonals.

    Diagonal ``d`` holds the elements with ``column - row = d``: 0 is the main one, those above it
    are positive.

    Args:
        diagonal: ``[..., length]`` for one diagonal; ``[..., number of diagonals, length of the
            longest]`` for several, the highest first.
        name: Ignored.
        k: Which diagonal, or ``(lowest, highest)``.
        num_rows: Rows of the matrices. By default as few as hold the diagonals, and as many as
            columns if both are left out.
        num_cols: Columns of the matrices; likewise.
        padding_value: What stands elsewhere.
        align: On which side of their row shorter diagonals are packed, those above the main one
            first: "RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT" or "RIGHT_RIGHT".

    Returns:
        A tensor of shape ``[..., num_rows, num_cols]``.

    Raises:
        InvalidArgumentError: The sizes do not fit the diagonals.

    Example:
        >>> diag([1, 2]).numpy().tolist()
        [[1, 0], [0, 2]]
        >>> diag([[0, 8], [1, 2]], k=(0, 1)).numpy().tolist()
        [[1, 8], [0, 2]]
    """
    x = convert_to_tensor(diagonal)
    return diagonals.matrix(
        x, _band("diag", k), _align("diag", align), static_integer("diag", "num_rows", num_rows),
        static_integer("diag", "num_cols", num_cols), _number("diag", padding_value, x),
    )  # fmt: skip


def diag_part(
    input: TensorLike, name: str | None = "diag_part", k: Any = 0, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """Return diagonals of matrices, the opposite of `diag`.

    Args:
        input: A tensor of rank 2 or more.
        name: Ignored.
        k: Which diagonal, or ``(lowest, highest)``.
        padding_value: What fills the rows of diagonals that are shorter than the longest.
        align: On which side of their row these stand; as for `diag`.

    Returns:
        ``[..., length]`` for one diagonal; for several ``[..., number of diagonals, length of the
        longest]``, the highest first.

    Raises:
        InvalidArgumentError: There is no such diagonal, or the rank is below 2.

    Example:
        >>> diag_part([[1, 2, 3], [4, 5, 6]]).numpy().tolist()
        [1, 5]
        >>> diag_part([[1, 2, 3], [4, 5, 6]], k=(-1, 0)).numpy().tolist()
        [[1, 5], [4, 0]]
    """
    x = of_rank_two("diag_part", convert_to_tensor(input))
    padding = _number("diag_part", padding_value, x)
    return diagonals.take(x, _band("diag_part", k), _align("diag_part", align), padding)


def set_diag(
    input: TensorLike, diagonal: TensorLike, name: str | None = "set_diag", k: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:  # fmt: skip
    """Return matrices with diagonals replaced.

    Args:
        input: A tensor of rank 2 or more.
        diagonal: What `diag_part` returns for this `k` and `align`.
        name: Ignored.
        k: Which diagonal, or ``(lowest, highest)``.
        align: On which side of their row shorter diagonals stand; as for `diag`.

    Raises:
        InvalidArgumentError: There is no such diagonal, or `diagonal` has another shape.

    Example:
        >>> set_diag([[1, 2], [3, 4]], [7, 8]).numpy().tolist()
        [[7, 2], [3, 8]]
    """
    x, given = binary_operands("set_diag", input, diagonal)
    of_rank_two("set_diag", x)
    return diagonals.put(x, given, _band("set_diag", k), _align("set_diag", align))


def band_part(
    input: TensorLike, num_lower: TensorLike, num_upper: TensorLike, name: str | None = None
) -> Tensor:
    """Return matrices with everything outside a band of diagonals set to 0.

    Element (i, j) stays if ``(num_lower < 0 or i - j <= num_lower) and (num_upper < 0 or
    j - i <= num_upper)``.

    Args:
        input: A tensor of rank 2 or more.
        num_lower: How many diagonals below the main one stay; all if negative.
        num_upper: How many diagonals above the main one stay; all if negative.
        name: Ignored.

    Raises:
        InvalidArgumentError: There are fewer diagonals, or the rank is below 2.

    Example:
        >>> band_part([[1, 2], [3, 4]], -1, 0).numpy().tolist()
        [[1, 0], [3, 4]]
    """
    x = of_rank_two("band_part", convert_to_tensor(input))
    lower, upper = convert_to_tensor(num_lower), convert_to_tensor(num_upper)
    for limit, size, what in ((lower, x.shape[-2], "rows"), (upper, x.shape[-1], "columns")):
        known = limit._array
        if known is not None and size is not None and known.ndim == 0 and int(known) > size:
            raise InvalidArgumentError(
                f"band_part: expected at most {size}, the {what} of {x._type}, or a negative "
                f"number for all; received {int(known)}"
            )
    return diagonals.band_part_p(x, lower, upper)


def trace(x: TensorLike, name: str | None = None) -> Tensor:
    """Return the sum of the main diagonal of every matrix.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> int(trace([[1, 2], [3, 4]]))
        5
    """
    tensor = of_rank_two("trace", convert_to_tensor(x))
    return reduce_sum_p(diagonals.take(tensor), axes=(tensor.ndim - 2,))


def tensor_diag(diagonal: TensorLike, name: str | None = None) -> Tensor:
    """Return a tensor of twice the rank with the given diagonal and zeros elsewhere.

    ``y[i..., i...] = diagonal[i...]``

    Raises:
        InvalidArgumentError: The operand is a single number.

    Example:
        >>> tensor_diag([1, 2]).numpy().tolist()
        [[1, 0], [0, 2]]
    """
    x = convert_to_tensor(diagonal)
    if not x.ndim:
        raise InvalidArgumentError(f"tensor_diag: expected rank 1 or more, received {x._type}")
    square = diagonals.matrix(shaping.reshape(x, [-1]))
    sizes = sizes_of(x)
    return shaping.reshape(square, [*sizes, *sizes])


def tensor_diag_part(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the diagonal of a tensor of even rank: ``y[i...] = input[i..., i...]``.

    Raises:
        InvalidArgumentError: The rank is odd or 0, or the two halves of the shape differ.

    Example:
        >>> tensor_diag_part([[1, 2], [3, 4]]).numpy().tolist()
        [1, 4]
    """
    x = convert_to_tensor(input)
    half = x.ndim // 2
    first, second = x.shape[:half], x.shape[half:]
    if not half or x.ndim % 2 or not first.is_compatible_with(second):
        raise InvalidArgumentError(
            "tensor_diag_part: expected an even rank and a shape whose halves are equal, received "
            f"{x._type}"
        )
    sizes = sizes_of(x)[:half]
    count: Any = 1
    for size in sizes:
        count = size * count
    return shaping.reshape(diagonals.take(shaping.reshape(x, [count, count])), sizes)


def constant_like(x: Tensor, value: float) -> Tensor:
    """Return one number of the dtype of `x`."""
    return Tensor._of_array(np.asarray(value, x.dtype.as_numpy_dtype), x.dtype)


def identity_like(x: Tensor) -> Tensor:
    """Return identity matrices of the shape of the square matrices `x`."""
    ones = a.broadcast_like(constant_like(x, 1), diagonals.take(x))
    return diagonals.put(diagonals.zeros_like(x), ones)
