"""Pixels in other dtypes: 0 to 1 as floating-point numbers, 0 to the largest one as integers."""

from __future__ import annotations

from typing import Any

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError
from freshet.core.tensor import Tensor
from freshet.ops import math as m
from freshet.ops.arithmetic import saturate_cast
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike

_REAL = frozenset({"int", "uint", "float"})


class ImageDTypeError(DTypeError, AttributeError):
    """Pixels that are no real numbers; an AttributeError as well, as in TensorFlow."""


def convert_image_dtype(
    image: TensorLike, dtype: Any, saturate: bool = False, name: str | None = None
) -> Tensor:
    """Convert pixels to another dtype and its range.

    Floating-point pixels go from 0 to 1, those of integers from 0 to the dtype's largest number:
    the values are scaled from one range to the other.

    Args:
        image: Real numbers of any shape.
        dtype: The dtype of the result.
        saturate: Whether what is outside the range becomes the nearest end of it. Without, it wraps
            around or is undefined, as in `ft.cast`.
        name: Ignored.

    Raises:
        DTypeError: A dtype is neither integer nor floating-point.

    Example:
        >>> convert_image_dtype([0.0, 0.5, 1.0], "uint8").numpy().tolist()
        [0, 127, 255]
        >>> convert_image_dtype([0.0, 2.0], "uint8", saturate=True).numpy().tolist()
        [0, 255]
    """
    x, to = convert_to_tensor(image), as_dtype(dtype)
    own = x.dtype
    if own.kind not in _REAL or to.kind not in _REAL:
        raise ImageDTypeError(
            f"image.convert_image_dtype: pixels are integers or floating-point numbers; cannot "
            f"convert {x._type} to {to.name}"
        )
    cast = saturate_cast if saturate else m.cast
    if own == to:
        return x
    if own.is_integer and to.is_integer:
        if own.max > to.max:
            return cast(m.floordiv(x, (own.max + 1) // (to.max + 1)), to)
        return m.multiply(cast(x, to), (to.max + 1) // (own.max + 1))
    if own.is_floating and to.is_floating:
        return m.cast(x, to)
    if own.is_integer:
        return m.multiply(m.cast(x, to), 1.0 / own.max)
    # The half makes 1.0 the largest number although the conversion rounds down.
    return cast(m.multiply(x, to.max + 0.5), to)


def as_floats(name: str, image: TensorLike) -> Tensor:
    """Return pixels as floating-point numbers: float16, float32 and float64 stay as they are."""
    x = convert_to_tensor(image)
    if x.dtype in {dtypes.float16, dtypes.float32, dtypes.float64}:
        return x
    if x.dtype.kind not in _REAL:
        raise ImageDTypeError(f"{name}: pixels are real numbers, received {x._type}")
    return convert_image_dtype(x, dtypes.float32)
