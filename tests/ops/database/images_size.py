"""Images of another size, parts of images, images with a border, mirrored ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, uniform

# --- resizing -------------------------------------------------------------------------------------


def _cubic(x: float, b: float, c: float) -> float:
    """Return the family of cubics of Mitchell and Netravali."""
    if x < 1:
        return ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)) / 6
    if x < 2:
        far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2
        return (far + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6
    return 0.0


def _lanczos(radius: int) -> Callable[[float], float]:
    return lambda x: float(np.sinc(x) * np.sinc(x / radius)) if x < radius else 0.0


_KERNELS: dict[str, tuple[float, Callable[[float], float]]] = {
    "bilinear": (1, lambda x: max(1 - x, 0.0)),
    "bicubic": (2, lambda x: _cubic(x, 0, 0.5)),
    "mitchellcubic": (2, lambda x: _cubic(x, 1 / 3, 1 / 3)),
    "lanczos3": (3, _lanczos(3)),
    "lanczos5": (5, _lanczos(5)),
    "gaussian": (1.5, lambda x: math.exp(-2 * x * x) if x < 1.5 else 0.0),
}  # fmt: skip


def _matrix(old: int, new: int, method: str, antialias: bool) -> np.ndarray:
    """Return the weights of all old pixels for all new ones."""
    found = np.zeros((new, old))
    scale = old / new
    for i in range(new):
        middle = (i + 0.5) * scale
        if method == "nearest":
            found[i, min(int(middle), old - 1)] = 1
        elif method == "area":
            for j in range(old):
                found[i, j] = max(0.0, min(j + 1, (i + 1) * scale) - max(j, i * scale)) / scale
        elif method == "bilinear" and not antialias:
            at = min(max(middle - 0.5, 0), old - 1)
            found[i, int(at)] += 1 - at % 1
            found[i, min(int(at) + 1, old - 1)] += at % 1
        else:
            radius, kernel = _KERNELS[method]
            if method == "bicubic" and not antialias:  # weights come from a table of 1024 steps
                middle = round((middle - 0.5) * 1024) / 1024 + 0.5
            stretch = max(scale, 1) if antialias else 1
            for j in range(old):
                distance = abs(j + 0.5 - middle) / stretch
                found[i, j] = kernel(distance) if distance <= radius else 0
            found[i] /= found[i].sum()
    return found


def _resize(
    images: np.ndarray, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> np.ndarray:  # fmt: skip
    old = images.shape[-3:-1]
    new = [int(s) for s in np.asarray(size)]
    if preserve_aspect_ratio:
        factor = min(new[0] / old[0], new[1] / old[1])
        new = [round(factor * n) for n in old]
    rows, columns = (
        _matrix(a, b, method, antialias) for a, b in zip(old, new, strict=True)
    )  # fmt: skip
    found = np.einsum("ip,jq,...pqc->...ijc", rows, columns, images.astype(np.float64))
    return found.astype(images.dtype if method == "nearest" else np.float32)


def _with_pad(
    image: np.ndarray, target_height: int, target_width: int, method: str = "bilinear",
    antialias: bool = False,
) -> np.ndarray:  # fmt: skip
    height, width = image.shape[-3:-1]
    one = np.float32(1)
    ratio = max(height / (one * target_height), width / (one * target_width))
    new = [int(height / ratio), int(width / ratio)]
    top, left = int((target_height - height / ratio) / 2), int((target_width - width / ratio) / 2)
    return _pad(_resize(image, new, method, antialias=antialias), top, left, target_height,
                target_width)  # fmt: skip


_METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian",
            "mitchellcubic")  # fmt: skip
_LINEAR = "the result is float32; tests/ops/test_image.py checks that the gradient is the adjoint"

# --- parts and borders ----------------------------------------------------------------------------


def _crop(x: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    return x[..., int(top) : int(top + height), int(left) : int(left + width), :]


def _pad(x: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    found = np.zeros((*x.shape[:-3], int(height), int(width), x.shape[-1]), x.dtype)
    found[..., top : top + x.shape[-3], left : left + x.shape[-2], :] = x
    return found


def _crop_or_pad(x: np.ndarray, target_height: int, target_width: int) -> np.ndarray:
    for axis, new in ((-3, target_height), (-2, target_width)):
        old = x.shape[axis]
        if new < old:
            start = -((new - old) // 2) if (new - old) % 2 == 0 else (old - new) // 2
            x = np.take(x, range(start, start + new), axis)
        else:
            before = (new - old) // 2
            pads = [(0, 0)] * x.ndim
            pads[axis] = (before, new - old - before)
            x = np.pad(x, pads)
    return x


def _central(x: np.ndarray, central_fraction: float) -> np.ndarray:
    for axis in (-3, -2):
        size = x.shape[axis]
        start = int((size - size * central_fraction) / 2)
        x = np.take(x, range(start, size - start), axis)
    return x


_IMAGE = normal(4, 5, 3)
_BATCH = normal(2, 3, 4, 1, dtype=np.float64)
_BYTES = integers(3, 4, 2, low=0, high=255, dtype=np.uint8)
_FLAT = normal(3, 4)
_EMPTY = np.zeros((0, 4, 3), np.float32)
_KINDS = (_IMAGE, _BATCH, _BYTES, integers(2, 2, 3, 1), normal(2, 1, 1, dtype=np.float16))

OPERATIONS = [
    Operation(
        name="image.resize", reference=_resize, absolute=2e-5, no_gradient=_LINEAR,
        tolerance={"float32": 2e-5},
        cases=[
            *(case(_IMAGE, [7, 3], m) for m in _METHODS),
            *(case(uniform(9, 8, 1), [4, 3], m, antialias=True) for m in _METHODS),
            *(case(_BYTES, (2, 8), m) for m in ("bilinear", "nearest", "area", "lanczos3")),
            case(_BATCH, np.int32([3, 4])), case(_BATCH, [5, 2], antialias=True),
            case(_IMAGE, [8, 20], preserve_aspect_ratio=True), case(normal(1, 1, 2), [2, 3]),
            case(_IMAGE, [2, 2], "area", preserve_aspect_ratio=True),
            case(normal(1, 5, 1, dtype=np.float16), [2, 2], "bicubic"),
            case(integers(2, 3, 3, 2), [1, 1], "nearest"),
            case(integers(2, 3, 3, 2, dtype=np.int64), [4, 4], "mitchellcubic"),
            case(normal(6, 7, 2), [3, 5], "gaussian"), case(normal(16, 13, 1), [5, 40], "bicubic"),
        ],
        errors=[
            error("ValueError", _FLAT, [2, 2], message=r"f32\[3,4\]"),
            error("ValueError", _IMAGE, [2], message="height and width"),
            error("ValueError", _IMAGE, [2, 2, 2], message="height and width"),
            error("ValueError", _IMAGE, np.float32([2, 2]), message="whole numbers"),
            error("ValueError", _IMAGE, [2, 2], "cubic", message="method must be one of"),
            error("InvalidArgumentError", _IMAGE, [0, 2], message="positive"),
        ],
    ),
    Operation(
        name="image.resize_with_pad", reference=_with_pad, absolute=2e-5, no_gradient=_LINEAR,
        tolerance={"float32": 2e-5},
        cases=[
            case(_IMAGE, 8, 8), case(_IMAGE, 3, 9), case(_BATCH, 6, 5), case(_IMAGE, 9, 4, "area"),
            case(_IMAGE, 2, 3, antialias=True), case(_BYTES, 7, 7, "nearest"),
        ],
        errors=[
            error("ValueError", _FLAT, 2, 2, message="height, width, channels"),
            error("ValueError", _IMAGE, 0, 2, message="positive"),
        ],
    ),
    Operation(
        name="image.crop_to_bounding_box", reference=_crop,
        cases=[
            case(_IMAGE, 1, 2, 3, 2), case(_BATCH, 0, 0, 3, 4), case(_BATCH, 2, 1, 1, 1),
            case(_BYTES, 1, 1, 2, 2),
        ],
        gradient=[case(_BATCH, 1, 1, 2, 2)],
        errors=[
            error("ValueError", _IMAGE, 2, 0, 3, 1, message="not within the image"),
            error("ValueError", _IMAGE, 0, 4, 3, 2, message="not within the image"),
            error("ValueError", _IMAGE, -1, 0, 2, 2, message="no part"),
            error("ValueError", _IMAGE, 0, 0, 0, 2, message="no part"),
            error("ValueError", _FLAT, 0, 0, 1, 1, message="height, width, channels"),
        ],
    ),
    Operation(
        name="image.pad_to_bounding_box", reference=_pad,
        cases=[
            case(_IMAGE, 1, 2, 8, 7), case(_BATCH, 0, 0, 3, 4), case(_BYTES, 0, 1, 3, 6),
            case(_BATCH, 2, 0, 5, 4),
        ],
        gradient=[case(_BATCH, 1, 1, 5, 6)],
        errors=[
            error("ValueError", _IMAGE, 1, 0, 4, 5, message="not within 4 x 5"),
            error("ValueError", _IMAGE, -1, 0, 8, 8, message="not within"),
            error("ValueError", _FLAT, 0, 0, 9, 9, message="height, width, channels"),
        ],
    ),
    Operation(
        name="image.resize_with_crop_or_pad", reference=_crop_or_pad,
        cases=[
            case(_IMAGE, 2, 8), case(_IMAGE, 3, 4), case(_IMAGE, 7, 10), case(_BATCH, 3, 4),
            case(_BATCH, 6, 1), case(_BYTES, 1, 1),
        ],
        gradient=[case(_BATCH, 2, 7)],
        errors=[
            error("ValueError", _IMAGE, 0, 4, message="positive"),
            error("ValueError", _FLAT, 1, 1, message="height, width, channels"),
        ],
    ),
    Operation(
        name="image.central_crop", reference=_central,
        cases=[
            case(_IMAGE, 0.5), case(_IMAGE, 1.0), case(_BATCH, 0.3), case(_BYTES, 0.9),
            case(normal(9, 8, 1), 0.7),
        ],
        gradient=[case(_BATCH, 0.5)],
        errors=[
            error("ValueError", _IMAGE, 0.0, message="within"),
            error("ValueError", _IMAGE, 1.5, message="within"),
            error("ValueError", _FLAT, 0.5, message="height, width, channels"),
        ],
    ),
    *(
        Operation(
            name=f"image.{name}", reference=reference, cases=[case(x) for x in _KINDS],
            gradient=[case(_BATCH)],
            errors=[
                error("ValueError", _FLAT, message="height, width, channels"),
                error("ValueError", _EMPTY, message="no pixels"),
            ],
        )
        for name, reference in (
            ("flip_left_right", lambda x: x[..., ::-1, :]),
            ("flip_up_down", lambda x: x[..., ::-1, :, :]),
            ("transpose", lambda x: np.swapaxes(x, -2, -3)),
        )
    ),
    Operation(
        name="image.rot90",
        reference=lambda x, k=1: np.rot90(x, k, (x.ndim - 3, x.ndim - 2)),
        cases=[
            *(case(x) for x in _KINDS), *(case(_IMAGE, k) for k in (-1, 0, 2, 3, 6)),
            case(_BATCH, k=3),
        ],
        gradient=[case(_BATCH, 1), case(_BATCH, 3)],
        errors=[error("ValueError", _FLAT, message="height, width, channels")],
    ),
]  # fmt: skip
