"""Sobol sequences: points that fill a unit cube more evenly than random ones do.

Numbers and primitive polynomials of the directions are those of Joe and Kuo (2008), "Constructing
Sobol sequences with better two-dimensional projections"; the points come in the order of Gray's
code (Antonov and Saleev, 1979).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor

_BITS: Final = 32
# fmt: off
_DIRECTIONS: Final[tuple[tuple[int, tuple[int, ...]], ...]] = (
    (3, (1,)), (7, (1, 3)), (11, (1, 3, 1)), (13, (1, 1, 1)), (19, (1, 1, 3, 3)),
    (25, (1, 3, 5, 13)), (37, (1, 1, 5, 5, 17)), (41, (1, 1, 5, 5, 5)), (47, (1, 1, 7, 11, 19)),
    (55, (1, 1, 5, 1, 1)), (59, (1, 1, 1, 3, 11)), (61, (1, 3, 5, 5, 31)),
    (67, (1, 3, 3, 9, 7, 49)), (91, (1, 1, 1, 15, 21, 21)), (97, (1, 3, 1, 13, 27, 49)),
    (103, (1, 1, 1, 15, 7, 5)), (109, (1, 3, 1, 15, 13, 25)), (115, (1, 1, 5, 5, 19, 61)),
    (131, (1, 3, 7, 11, 23, 15, 103)), (137, (1, 3, 7, 13, 13, 15, 69)),
    (143, (1, 1, 3, 13, 7, 35, 63)), (145, (1, 3, 5, 9, 1, 25, 53)),
    (157, (1, 3, 1, 13, 9, 35, 107)), (167, (1, 3, 1, 5, 27, 61, 31)),
    (171, (1, 1, 5, 11, 19, 41, 61)), (185, (1, 3, 5, 3, 3, 13, 69)),
    (191, (1, 1, 7, 13, 1, 19, 1)), (193, (1, 3, 7, 5, 13, 19, 59)),
    (203, (1, 1, 3, 9, 25, 29, 41)), (211, (1, 3, 5, 13, 23, 1, 55)),
    (213, (1, 3, 7, 3, 13, 59, 17)), (229, (1, 3, 1, 3, 5, 53, 69)),
    (239, (1, 1, 5, 5, 23, 33, 13)), (241, (1, 1, 7, 7, 1, 61, 123)),
    (247, (1, 1, 7, 9, 13, 61, 49)), (253, (1, 3, 3, 5, 3, 55, 33)),
    (285, (1, 3, 1, 15, 31, 13, 49, 245)), (299, (1, 3, 5, 15, 31, 59, 63, 97)),
    (301, (1, 3, 1, 11, 11, 11, 77, 249)), (333, (1, 3, 1, 11, 27, 43, 71, 9)),
    (351, (1, 1, 7, 15, 21, 11, 81, 45)), (355, (1, 3, 7, 3, 25, 31, 65, 79)),
    (357, (1, 3, 1, 1, 19, 11, 3, 205)), (361, (1, 1, 5, 9, 19, 21, 29, 157)),
    (369, (1, 3, 7, 11, 1, 33, 89, 185)), (391, (1, 3, 3, 3, 15, 9, 79, 71)),
    (397, (1, 3, 7, 11, 15, 39, 119, 27)), (425, (1, 1, 3, 1, 11, 31, 97, 225)),
    (451, (1, 1, 1, 3, 23, 43, 57, 177)), (463, (1, 3, 7, 7, 17, 17, 37, 71)),
    (487, (1, 3, 1, 5, 27, 63, 123, 213)), (501, (1, 1, 3, 5, 11, 43, 53, 133)),
    (529, (1, 3, 5, 5, 29, 17, 47, 173, 479)), (539, (1, 3, 3, 11, 3, 1, 109, 9, 69)),
    (545, (1, 1, 1, 5, 17, 39, 23, 5, 343)), (557, (1, 3, 1, 5, 25, 15, 31, 103, 499)),
    (563, (1, 1, 1, 11, 11, 17, 63, 105, 183)), (601, (1, 1, 5, 11, 9, 29, 97, 231, 363)),
    (607, (1, 1, 5, 15, 19, 45, 41, 7, 383)), (617, (1, 3, 7, 7, 31, 19, 83, 137, 221)),
    (623, (1, 1, 1, 3, 23, 15, 111, 223, 83)), (631, (1, 1, 5, 13, 31, 15, 55, 25, 161)),
    (637, (1, 1, 3, 13, 25, 47, 39, 87, 257)),
)
# fmt: on
"""Of each dimension but the first: the polynomial's coefficients as bits, the first directions."""


def sobol_sample(
    dim: Any, num_results: Any, skip: Any = 0, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return points of the Sobol sequence in the unit cube.

    Args:
        dim: How many dimensions the cube has, 1 to 64.
        num_results: How many points.
        skip: How many points of the sequence are left out first.
        dtype: float32 or float64.
        name: Ignored.

    Returns:
        A tensor of shape ``[num_results, dim]``.

    Raises:
        InvalidArgumentError: A number is outside its range.

    Example:
        >>> sobol_sample(2, 3).numpy().tolist()
        [[0.5, 0.5], [0.75, 0.25], [0.25, 0.75]]
    """
    sizes = [_whole(n, value) for n, value in
             (("dim", dim), ("num_results", num_results), ("skip", skip))]  # fmt: skip
    if not 1 <= sizes[0] <= len(_DIRECTIONS) + 1 or sizes[1] < 1 or sizes[2] < 0:
        raise InvalidArgumentError(
            f"sobol_sample: dim must be from 1 to {len(_DIRECTIONS) + 1}, num_results 1 or more "
            f"and skip 0 or more, received dim={sizes[0]}, num_results={sizes[1]}, skip={sizes[2]}"
        )
    kind = as_dtype(dtype)
    if kind.name not in {"float32", "float64"}:
        raise DTypeError(f"sobol_sample: dtype must be float32 or float64, received {kind.name}")
    numbers = np.arange(sizes[2] + 1, sizes[2] + sizes[1] + 1, dtype=np.uint64)
    gray = numbers ^ (numbers >> np.uint64(1))
    points = np.stack([_coordinate(gray, _directions(d)) for d in range(sizes[0])], axis=1)
    return Tensor._of_array(points.astype(kind.as_numpy_dtype), kind)


def _whole(argument: str, value: Any) -> int:
    tensor = convert_to_tensor(value)
    if tensor.ndim or not tensor.dtype.is_integer:
        raise DTypeError(f"sobol_sample: {argument} must be a whole number, received {value!r}")
    return int(tensor.numpy())


def _directions(dimension: int) -> list[int]:
    """Return the numbers that each bit of the point's number adds, as fractions of 2**32."""
    if dimension == 0:
        return [1 << (_BITS - 1 - i) for i in range(_BITS)]
    polynomial, first = _DIRECTIONS[dimension - 1]
    degree = polynomial.bit_length() - 1
    found = [m << (_BITS - 1 - i) for i, m in enumerate(first)]
    for i in range(degree, _BITS):
        number = found[i - degree] ^ (found[i - degree] >> degree)
        for j in range(1, degree):
            if polynomial >> (degree - j) & 1:
                number ^= found[i - j]
        found.append(number)
    return found


def _coordinate(gray: Array, directions: list[int]) -> Array:
    total = np.zeros(gray.shape, np.uint64)
    for bit, direction in enumerate(directions):
        chosen = (gray >> np.uint64(bit)) & np.uint64(1)
        total ^= chosen * np.uint64(direction)
    return total / 2.0**_BITS
