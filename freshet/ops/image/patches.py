"""Parts of images side by side: patches on a grid, and glimpses at chosen places."""

from __future__ import annotations

from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import lookup
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.padding import pad
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.shaping import reshape
from freshet.ops.sizes import sizes, static_integers


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
    for axis, size, parts in ((1, x.shape[1], 0), (3, x.shape[2], 1)):
        length, stride, rate = (w[parts] for w in windows)
        params = {"length": length, "stride": stride, "rate": rate, "same": padding == "SAME"}
        number = size if size is not None else _sizes(x)[1 + parts]
        places = patch_places_p(convert_to_tensor(number, dtype=dtypes.int32), **params)
        if size is not None:
            places = convert_to_tensor(_places(np.asarray(size), **params))
        found = lookup.gather_p(found, places, axis=axis)
    found = a.transpose_p(found, perm=(0, 1, 3, 2, 4, 5))
    rest = windows[0][0] * windows[0][1] * (x.shape[3] or 0)
    shape = _sizes(found)[:3]
    return reshape(found, [*shape, rest if x.shape[3] is not None else -1])


_sizes = sizes


def _pair(name: str, value: Any) -> tuple[int, int]:
    numbers = static_integers("image.extract_patches", name, value)
    if len(numbers) != 4 or numbers[0] != 1 or numbers[3] != 1 or min(numbers) < 1:
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
    raise NotImplementedError
