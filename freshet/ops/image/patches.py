"""Parts of images side by side: patches on a grid, and glimpses at chosen places."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError, UnimplementedError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import lookup
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.elementwise_rules import zeros_of
from freshet.ops.joining import stack
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.padding import pad
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.random import normal, uniform
from freshet.ops.shaping import reshape
from freshet.ops.sizes import sizes as _sizes
from freshet.ops.sizes import static_integers


def _places(size: Array, length: int, stride: int, rate: int, same: bool) -> Array:
    """Return the element number of each part of each patch; `size` for those outside."""
    total, reach = int(size), (length - 1) * rate + 1
    count = -(-total // stride) if same else max((total - reach) // stride + 1, 0)
    before = max((count - 1) * stride + reach - total, 0) // 2 if same else 0
    found = (np.arange(count) * stride - before)[:, None] + np.arange(length) * rate
    return np.where((found >= 0) & (found < total), found, total).astype(np.int32)


patch_places_p: Primitive = Primitive(
    name="patch_places",
    infer=lambda size, length, stride, rate, same: TensorType(dtypes.int32, (None, length)),
    reference=_places, gradient=NoGradient("sizes are whole numbers"),
    lower=Host("its shape depends on its operand"),
)  # fmt: skip


def window_places(
    x: Tensor, axis: int, length: int, stride: int = 1, rate: int = 1, *, same: bool = False
) -> Tensor:
    """Return int32[windows, length]: the elements of each window along an axis of `x`.

    The size of the axis stands for elements outside of it, which only "SAME" windows have.
    """
    size = x.shape[axis]
    if size is not None:
        return Tensor._of_array(_places(np.asarray(size), length, stride, rate, same))
    total = convert_to_tensor(_sizes(x)[axis], dtype=dtypes.int32)
    return patch_places_p(total, length=length, stride=stride, rate=rate, same=same)


def extract_patches(
    images: TensorLike, sizes: Any, strides: Any, rates: Any, padding: str, name: str | None = None
) -> Tensor:
    """Return patches of images, each as one vector.

    ``y[b, i, j, (s * columns + t) * channels + c] =
    x[b, i * stride + s * rate, j * stride + t * rate, c]``

    Args:
        images: Numbers[batch, height, width, channels].
        sizes: Of a patch: ``[1, rows, columns, 1]``.
        strides: From one patch to the next: ``[1, rows, columns, 1]``.
        rates: From one pixel of a patch to the next: ``[1, rows, columns, 1]``.
        padding: "VALID" for patches within the image; "SAME" for one at each stride, with zeros
            around the image.
        name: Ignored.

    Returns:
        Numbers[batch, patches down, patches across, rows * columns * channels].

    Raises:
        InvalidArgumentError: An argument has another form.

    Example:
        >>> x = np.arange(6).reshape(1, 2, 3, 1)
        >>> extract_patches(x, [1, 2, 2, 1], [1, 1, 1, 1], [1, 1, 1, 1], "VALID").numpy().tolist()
        [[[[0, 1, 3, 4], [1, 2, 4, 5]]]]
    """
    x = convert_to_tensor(images)
    if x.ndim != 4:
        raise InvalidArgumentError(
            f"image.extract_patches: images must be [batch, height, width, channels], got {x._type}"
        )
    given = {"sizes": sizes, "strides": strides, "rates": rates}
    windows = [_pair(name, value) for name, value in given.items()]
    if padding not in {"VALID", "SAME"}:
        raise InvalidArgumentError(
            f"image.extract_patches: padding must be 'VALID' or 'SAME', received {padding!r}"
        )
    found = pad(x, [[0, 0], [0, 1], [0, 1], [0, 0]])  # what lies outside is read from here
    for axis in (2, 1):
        length, stride, rate = (w[axis - 1] for w in windows)
        places = window_places(x, axis, length, stride, rate, same=padding == "SAME")
        found = lookup.gather_p(found, places, axis=axis)
    found = a.transpose_p(found, perm=(0, 1, 3, 2, 4, 5))
    rest = windows[0][0] * windows[0][1] * (x.shape[3] or 0)
    shape = _sizes(found)[:3]
    return reshape(found, [*shape, rest if x.shape[3] is not None else -1])


def _pair(name: str, value: Any) -> tuple[int, int]:
    numbers = static_integers("image.extract_patches", name, value)
    if len(numbers) == 4 and (numbers[0], numbers[3]) != (1, 1):
        raise UnimplementedError(f"image.extract_patches: {name} {value}: one image, all channels")
    if len(numbers) != 4 or min(numbers) < 1:
        raise InvalidArgumentError(
            f"image.extract_patches: {name} must be [1, rows, columns, 1], received {value}"
        )
    return numbers[1], numbers[2]


def extract_glimpse(
    input: TensorLike, size: Any, offsets: TensorLike, centered: bool = True,
    normalized: bool = True, noise: str = "uniform", name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return a window of each image, around a place of its own.

    Args:
        input: float32[batch, height, width, channels].
        size: Height and width of the window.
        offsets: float32[batch, 2]: where the windows' middles are, down and across.
        centered: Whether the offsets count from the image's middle, where -1 and 1 are its borders;
            otherwise from the upper left corner.
        normalized: Whether the offsets count in sizes of the image, not in pixels.
        noise: What is outside the image: "uniform" or "gaussian" random numbers, "zero".
        name: Ignored.

    Returns:
        float32[batch, height, width, channels] of the windows.

    Raises:
        InvalidArgumentError: An argument has another form.

    Example:
        >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
        >>> extract_glimpse(x, [1, 1], [[0.0, 0.0]]).numpy().item()
        4.0
    """
    caller = "image.extract_glimpse"
    x = convert_to_tensor(input)
    places = convert_to_tensor(offsets)
    lengths = static_integers(caller, "size", size)
    if x.ndim != 4 or places.ndim != 2 or places.shape[-1] not in {2, None}:
        raise InvalidArgumentError(
            f"{caller}: expected images [batch, height, width, channels] and offsets [batch, 2], "
            f"received {x._type} and {places._type}"
        )
    if len(lengths) != 2 or min(lengths) < 1 or noise not in _NOISES:
        raise InvalidArgumentError(
            f"{caller}: size must be two positive numbers and noise one of {', '.join(_NOISES)}, "
            f"received {size} and {noise!r}"
        )
    if None not in {x.shape[0], places.shape[0]} and x.shape[0] != places.shape[0]:
        raise InvalidArgumentError(
            f"{caller}: there must be one offset for each image, received {x._type} and "
            f"{places._type}"
        )
    along = []
    for axis, length in enumerate(lengths):
        total = _sizes(x)[1 + axis]
        start = _start(places[:, axis], total, length, centered, normalized)
        along.append((start[:, None] + np.arange(length, dtype=np.int32), total))
    rows, columns = along[0][0][:, :, None], along[1][0][:, None, :]
    inside = _inside(rows, along[0][1]) & _inside(columns, along[1][1])
    both = [
        m.clip_by_value(rows, 0, along[0][1] - 1) + 0 * columns,
        m.clip_by_value(columns, 0, along[1][1] - 1) + 0 * rows,
    ]
    found = lookup.gather_nd_p(x, stack(both, -1), batch_dims=1)
    outside = _outside(found, noise)
    return m.where(a.expand_dims_p(inside, axes=(3,)), found, outside)


_NOISES = ("uniform", "gaussian", "zero")


def _start(offset: Tensor, total: Any, length: int, centered: bool, normalized: bool) -> Tensor:
    """Return the first row (or column) of each window, rounded towards 0."""
    size = m.cast(convert_to_tensor(total), offset.dtype)
    where = offset * size if normalized else offset
    if centered and normalized:
        where = where / 2.0 + size / 2.0 - length / 2.0
    elif centered:
        where = where + size / 2.0
    return m.cast(where, dtypes.int32)


def _inside(place: Tensor, total: Any) -> Tensor:
    return m.logical_and(m.greater_equal(place, 0), m.less(place, total))


def _outside(like: Tensor, noise: str) -> Tensor:
    if noise == "zero":
        return zeros_of(like)
    draw = uniform if noise == "uniform" else normal
    return draw(_sizes(like), dtype=like.dtype)
