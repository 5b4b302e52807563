"""Resizing along one axis: the places each new pixel is made from, and their weights.

    y[i] = sum over t of  weights[i, t] * x[places[i, t]]

Every method is such a sum, with few taps t. Positions count from the pixels' corners: the middle of
pixel i is at i + 1/2, so that images keep their middle when they change size. All arithmetic is in
float32, as the sums themselves are.

Sources: R. G. Keys, "Cubic convolution interpolation for digital image processing" (1981);
D. P. Mitchell and A. N. Netravali, "Reconstruction filters in computer graphics" (1988).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.shapes import Dim, TensorType
from freshet.core.tensor import Array
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive

Taps = tuple[Array, Array]
"""int32[new size, taps] places and float32[new size, taps] weights."""
_F: Final = np.float32
_TINY: Final = 1000 * np.finfo(np.float32).tiny
"""Weights with a smaller sum are not divided by it."""


# --- kernels --------------------------------------------------------------------------------------


class Kernel(NamedTuple):
    """A weight as a function of the distance."""

    radius: float
    weight: Callable[[Array], Array]


def _triangle(x: Array) -> Array:
    return np.maximum(1 - x, 0)


def _lanczos(radius: float) -> Kernel:
    def weight(x: Array) -> Array:
        angle = np.where(x <= 1e-3, 1, x) * _F(np.pi)
        found = radius * np.sin(angle) * np.sin(angle / _F(radius)) / (angle * angle)
        return np.where(x > radius, 0, np.where(x <= 1e-3, 1, found))

    return Kernel(radius, weight)


def _gaussian(x: Array) -> Array:
    sigma = _F(0.5)
    return np.where(x >= 1.5, 0, np.exp(-x * x / (2 * sigma * sigma)))


def _keys_cubic(x: Array) -> Array:
    near = ((_F(1.5) * x - _F(2.5)) * x) * x + 1
    far = ((_F(-0.5) * x + _F(2.5)) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _mitchell_cubic(x: Array) -> Array:
    near = ((_F(7 / 6) * x - 2) * x) * x + _F(8 / 9)
    far = ((_F(-7 / 18) * x + 2) * x - _F(10 / 3)) * x + _F(16 / 9)
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


_KERNELS: Final = {
    "bilinear": Kernel(1, _triangle),
    "bicubic": Kernel(2, _keys_cubic),
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
    "gaussian": Kernel(1.5, _gaussian),
    "mitchellcubic": Kernel(2, _mitchell_cubic),
}


def _filtered(size: int, new: int, kernel: Kernel, *, antialias: bool) -> Taps:
    """Return the taps of a kernel, which antialiasing stretches where the image shrinks."""
    inverse = _F(1) / (_F(new) / _F(size))
    stretch = np.maximum(inverse, _F(1)) if antialias else _F(1)
    middle = (np.arange(new, dtype=_F) + _F(0.5)) * inverse
    reach = _F(kernel.radius) * stretch
    start = np.clip(np.ceil(middle - reach - _F(0.5)), 0, size - 1).astype(np.int64)
    end = np.clip(np.floor(middle + reach - _F(0.5)), 0, size - 1).astype(np.int64) + 1
    taps = int(np.max(end - start, initial=1))
    places = start[:, None] + np.arange(taps)
    distance = np.abs((places.astype(_F) + _F(0.5) - middle[:, None]) * (_F(1) / stretch))
    weights = kernel.weight(distance).astype(_F)
    inside = (places < end[:, None]) & (middle >= 0)[:, None] & (middle <= size)[:, None]
    return np.minimum(places, size - 1), _normalized(np.where(inside, weights, _F(0)))


def _normalized(weights: Array) -> Array:
    total = weights.sum(1, keepdims=True, dtype=_F)
    usable = np.abs(total) >= _TINY
    return np.where(usable, weights / np.where(usable, total, _F(1)), weights).astype(_F)


# --- the methods without antialiasing -------------------------------------------------------------


def _positions(size: int, new: int) -> Array:
    return (np.arange(new, dtype=_F) + _F(0.5)) * (_F(size) / _F(new)) - _F(0.5)


def _bilinear(size: int, new: int) -> Taps:
    where = _positions(size, new)
    low, high = np.floor(where), np.ceil(where)
    share = where - low
    places = np.stack([np.maximum(low, 0), np.minimum(high, size - 1)], 1)
    return places, np.stack([1 - share, share], 1)


def _nearest(size: int, new: int) -> Taps:
    where = np.floor((np.arange(new, dtype=_F) + _F(0.5)) * (_F(size) / _F(new)))
    return np.clip(where, 0, size - 1)[:, None], np.ones((new, 1), _F)


_STEPS: Final = 1024
"""Cubic weights are those of the nearest of so many positions between two pixels."""


def _bicubic(size: int, new: int) -> Taps:
    where = _positions(size, new)
    low = np.floor(where)
    share = np.rint((where - low) * _F(_STEPS)) / _F(_STEPS)
    places = low[:, None] + np.arange(-1, 3)
    distance = np.stack([1 + share, share, 1 - share, 2 - share], 1)
    weights = _keys_cubic(distance).astype(_F)
    inside = (places >= 0) & (places < size)
    return np.clip(places, 0, size - 1), _normalized(np.where(inside, weights, _F(0)))


def _area(size: int, new: int) -> Taps:
    """Return the taps of a mean over the area that a new pixel covers."""
    scale = _F(size) / _F(new)
    start = np.arange(new, dtype=_F) * scale
    end = np.arange(1, new + 1, dtype=_F) * scale
    first = np.floor(start)
    taps = int(np.max(np.ceil(end) - first, initial=1))
    places = first[:, None] + np.arange(taps, dtype=_F)
    covered = np.minimum(places + 1, end[:, None]) - np.maximum(places, start[:, None])
    return np.clip(places, 0, size - 1), np.maximum(covered, 0) / scale


_PLAIN: Final[dict[str, Callable[[int, int], Taps]]] = {
    "bilinear": _bilinear, "nearest": _nearest, "bicubic": _bicubic, "area": _area,
}  # fmt: skip
METHODS: Final = tuple(dict.fromkeys([*_PLAIN, *_KERNELS]))
"""The names of all methods."""


@functools.lru_cache(256)
def taps(size: int, new: int, method: str, *, antialias: bool) -> Taps:
    """Return places and weights that resize an axis of `size` pixels to `new` ones."""
    if method in _PLAIN and not (antialias and method in _KERNELS):
        places, weights = _PLAIN[method](size, new)
    else:
        places, weights = _filtered(size, new, _KERNELS[method], antialias=antialias)
    found = places.astype(np.int32), weights.astype(_F)
    for array in found:
        array.flags.writeable = False  # the next caller gets the same ones
    return found


# --- sizes that are known later -------------------------------------------------------------------


def _types(
    size: TensorType, new: TensorType, known: Dim, method: str, antialias: bool
) -> tuple[TensorType, TensorType]:
    del size, new, antialias
    count = 1 if method == "nearest" else None
    shape = (known, count)
    return TensorType(dtypes.int32, shape), TensorType(dtypes.float32, shape)


def _reference(size: Array, new: Array, known: Any, method: str, antialias: bool) -> Taps:
    del known
    return taps(int(size), int(new), method, antialias=antialias)


resize_taps_p: Primitive = Primitive(
    name="resize_taps", infer=_types, reference=_reference,
    gradient=NoGradient("sizes are whole numbers"), lower=Host("its shape depends on its operands"),
)  # fmt: skip


def _fitted(height: Array, width: Array, new_height: Array, new_width: Array) -> Any:
    old = np.array([height, width], _F)
    factor = np.min(np.array([new_height, new_width], _F) / old)
    return np.rint(factor * old).astype(np.int32)


fitted_size_p: Primitive = Primitive(
    name="fitted_size", infer=lambda *sizes: TensorType(dtypes.int32, (2,)), reference=_fitted,
    gradient=NoGradient("sizes are whole numbers"), lower=Host("it is arithmetic on shapes"),
)  # fmt: skip
"""The largest size within a box that has the proportions of an image: int32[height, width]."""


def _boxed(height: Array, width: Array, new_height: Array, new_width: Array) -> Any:
    old, new = np.array([height, width], _F), np.array([new_height, new_width], _F)
    size = old / np.max(old / new)
    before = np.maximum(np.floor((new - size) / 2), 0)
    return np.concatenate([np.floor(size), before]).astype(np.int32)


boxed_size_p: Primitive = Primitive(
    name="boxed_size", infer=lambda *sizes: TensorType(dtypes.int32, (4,)), reference=_boxed,
    gradient=NoGradient("sizes are whole numbers"), lower=Host("it is arithmetic on shapes"),
)  # fmt: skip
"""The same rounded down, and where it begins in the middle of the box: int32[h, w, y, x]."""
