"""Samples of reading, writing and making diagonals, defined element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

import freshet.ops.linalg.parts  # noqa: F401 (defines the primitives)
from freshet import TensorSpec
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.testing import ErrorSample, PrimitiveSuite, Sample

F8 = np.float64
ALIGN = (False, True)


def _place(d: int, n: int, size: tuple[int, int], k: tuple[int, int], align: Any) -> int:
    """Return where element n of diagonal d stands in its row of the packed band."""

    def count(e: int) -> int:
        return sum(0 <= i + e < size[1] for i in range(size[0]))

    left = (d >= 0 and align[0]) or (d <= 0 and align[1])
    longest = max(count(e) for e in range(k[0], k[1] + 1))
    return n if left else n + longest - count(d)


def _elements(size: tuple[int, int], k: tuple[int, int], align: Any) -> Any:
    """Yield (row of the band, place in it, row, column) for each element of a band."""
    for d in range(k[1], k[0] - 1, -1):
        on = [(i, i + d) for i in range(size[0]) if 0 <= i + d < size[1]]
        for n, (i, j) in enumerate(on):
            yield k[1] - d, _place(d, n, size, k, align), i, j


def part(x: np.ndarray, *_: Any, k: Any, align: Any, padding: float) -> np.ndarray:
    size = (x.shape[-2], x.shape[-1])
    found = list(_elements(size, k, align))
    length = max(place for _, place, _, _ in found) + 1
    packed = np.full((*x.shape[:-2], k[1] - k[0] + 1, length), padding, x.dtype)
    for row, place, i, j in found:
        packed[..., row, place] = x[..., i, j]
    return packed[..., 0, :] if k[0] == k[1] else packed


def put(x: np.ndarray, packed: np.ndarray, *_: Any, k: Any, align: Any) -> np.ndarray:
    result = x.copy()
    band = packed[..., None, :] if k[0] == k[1] else packed
    for row, place, i, j in _elements((x.shape[-2], x.shape[-1]), k, align):
        result[..., i, j] = band[..., row, place]
    return result


def made(packed: np.ndarray, *_: Any, k: Any, align: Any, rows: int, columns: int, padding: float
         ) -> np.ndarray:  # fmt: skip
    length, lead = packed.shape[-1], packed.shape[: -1 if k[0] == k[1] else -2]
    least = length - min(k[1], 0), length + max(k[0], 0)
    both = max(least)
    size = (both, both) if rows == columns == -1 else (max(rows, least[0]), max(columns, least[1]))
    return put(np.full((*lead, *size), padding, packed.dtype), packed, k=k, align=align)


def band(x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    result = x.copy()
    for i in range(x.shape[-2]):
        for j in range(x.shape[-1]):
            if (lower >= 0 and i - j > lower) or (upper >= 0 and j - i > upper):
                result[..., i, j] = 0
    return result


def _part(x: Any, k: tuple[int, int] = (0, 0), align: Any = ALIGN, padding: float = 0,
          **more: Any) -> Sample:  # fmt: skip
    params = {"k": k, "align": align, "padding": padding}
    return Sample(inputs=(x,) * (k[1] - k[0] + 1), params=params, expected=part, **more)


def _made(x: Any, k: tuple[int, int] = (0, 0), align: Any = ALIGN, rows: int = -1,
          columns: int = -1, padding: float = 0, **more: Any) -> Sample:  # fmt: skip
    params = {"k": k, "align": align, "rows": rows, "columns": columns, "padding": padding}
    return Sample(inputs=(x,) * (k[1] - k[0] + 1), params=params, expected=made, **more)


def _put(x: Any, packed: Any, k: tuple[int, int] = (0, 0), align: Any = ALIGN, **more: Any
         ) -> Sample:  # fmt: skip
    params = {"k": k, "align": align}
    return Sample(inputs=(x, *[packed] * (k[1] - k[0] + 1)), params=params, expected=put, **more)


def _band(x: Any, lower: int, upper: int, **more: Any) -> Sample:
    return Sample(inputs=(x, np.int64(lower), np.int32(upper)), expected=band, **more)


def numbers(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return (np.arange(np.prod(shape)) + 1).reshape(shape).astype(dtype)


class TestDiagonals(PrimitiveSuite):
    samples = {
        "diag_part": [
            _part(TensorSpec([2, 4, 5], "float64"), gradient=(0,), second=True),
            _part(numbers(3, 4), (2, 2)), _part(numbers(4, 3, dtype=np.int8), (-2, -2)),
            _part(numbers(3, 4), (-1, 2), padding=7),
            _part(numbers(2, 4, 3), (-1, 1), (True, False)), _part(numbers(7, 33)),
        ],
        "set_diag": [
            _put(TensorSpec([2, 4, 3], "float64"), TensorSpec([2, 3], "float64"),
                 gradient=(0, 1), second=True),
            _put(numbers(3, 4), numbers(2), (2, 2)), _put(numbers(3, 3, dtype=np.int64),
                 numbers(2, dtype=np.int64), (-1, -1)),
            _put(numbers(4, 4), numbers(3, 4), (-1, 1), (True, True)),
        ],
        "diag": [
            _made(TensorSpec([2, 3], "float64"), gradient=(0,), second=True),
            _made(numbers(3), (1, 1), padding=9), _made(numbers(2, dtype=np.int16), (-2, -2)),
            _made(numbers(2, 3), (-1, 0)), _made(numbers(2), rows=4), _made(numbers(17)),
        ],
        "band_part": [
            _band(TensorSpec([2, 4, 5], "float64"), 1, 2, gradient=(0,), second=True),
            _band(numbers(4, 4), -1, 0), _band(numbers(3, 5, dtype=np.int32), 0, -1),
            _band(numbers(5, 2), -1, -1), _band(numbers(9, 33), 3, 5),
        ],
    }  # fmt: skip
    errors = {
        "diag_part": [
            ErrorSample(
                inputs=(numbers(2, 2),), params={"k": (3, 3), "align": ALIGN, "padding": 0},
                message=r"diag_part: .* has no diagonal 3", exception=InvalidArgumentError,
            )
        ],
        "set_diag": [
            ErrorSample(
                inputs=(numbers(2, 2), numbers(3)), params={"k": (0, 0), "align": ALIGN},
                message=r"set_diag: .*f32\[2\], received f32\[3\]", exception=InvalidArgumentError,
            ),
            ErrorSample(
                inputs=(numbers(2, 2), numbers(2, dtype=F8)),
                params={"k": (0, 0), "align": ALIGN}, message=r"set_diag: .*float32.*",
                exception=DTypeError,
            ),
        ],
    }  # fmt: skip
