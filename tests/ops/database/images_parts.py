"""Patches, glimpses, edges and the distance of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from database.record import Operation, case, error, integers, normal, uniform


def _patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str) -> np.ndarray:
    (rows, columns), (down, across), (dy, dx) = (v[1:3] for v in (sizes, strides, rates))
    reach = ((rows - 1) * dy + 1, (columns - 1) * dx + 1)
    counts, pads = [], []
    for size, length, stride in zip(images.shape[1:3], reach, (down, across), strict=True):
        if padding == "VALID":
            counts.append(max((size - length) // stride + 1, 0))
            pads.append((0, 0))
        else:
            counts.append(math.ceil(size / stride))
            total = max((counts[-1] - 1) * stride + length - size, 0)
            pads.append((total // 2, total - total // 2))
    x = np.pad(images, [(0, 0), *pads, (0, 0)])
    found = np.zeros((len(x), *counts, rows * columns * x.shape[3]), x.dtype)
    for i in range(counts[0]):
        for j in range(counts[1]):
            top, left = i * down, j * across
            part = x[:, top : top + reach[0] : dy, left : left + reach[1] : dx]
            found[:, i, j] = part.reshape(len(x), -1)
    return found


def _glimpse(
    input: np.ndarray, size: Any, offsets: np.ndarray, centered: bool = True,
    normalized: bool = True, noise: str = "zero",
) -> np.ndarray:  # fmt: skip
    found = np.zeros((len(input), *size, input.shape[3]), input.dtype)
    for b, offset in enumerate(offsets):
        starts = []
        for at, total, length in zip(offset, input.shape[1:3], size, strict=True):
            where = at * total if normalized else at
            if centered:
                where = (where + total) / 2 - length / 2 if normalized else where + total / 2
            starts.append(math.trunc(float(where)))
        for i in range(size[0]):
            for j in range(size[1]):
                y, x = starts[0] + i, starts[1] + j
                if 0 <= y < input.shape[1] and 0 <= x < input.shape[2]:
                    found[b, i, j] = input[b, y, x]
    return found


def _gradients(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (
        np.diff(x, axis=1, append=x[:, -1:]), np.diff(x, axis=2, append=x[:, :, -1:])
    )  # fmt: skip


def _sobel(x: np.ndarray) -> np.ndarray:
    from scipy import ndimage

    found = [ndimage.sobel(x.astype(np.float64), axis, mode="mirror") for axis in (1, 2)]
    # SciPy smooths along every other axis; the batch and the channels must not be.
    for number, (axis, other) in enumerate(((1, 2), (2, 1))):
        steps = ndimage.correlate1d(x.astype(np.float64), [-1, 0, 1], axis, mode="mirror")
        found[number] = ndimage.correlate1d(steps, [1, 2, 1], other, mode="mirror")
    return np.stack(found, -1).astype(x.dtype)


def _variation(x: np.ndarray) -> np.ndarray:
    axes = (-3, -2, -1)
    total = np.abs(np.diff(x, axis=-3)).sum(axes) + np.abs(np.diff(x, axis=-2)).sum(axes)
    return np.asarray(total, x.dtype)


def _unit(x: Any, like: np.ndarray) -> np.ndarray:
    wide = np.asarray(x, np.float64)
    return wide / np.iinfo(like.dtype).max if like.dtype.kind in "iu" else wide


def _psnr(a: np.ndarray, b: np.ndarray, max_val: float) -> np.ndarray:
    error_ = ((_unit(a, a) - _unit(b, a)) ** 2).mean((-3, -2, -1))
    return np.float32(10 * np.log10(_unit(max_val, a) ** 2 / error_))


def _maps(x: Any, y: Any, most: Any, size: int, sigma: float, k1: float, k2: float) -> Any:
    places = np.arange(size) - (size - 1) / 2
    window = np.exp(-(places[:, None] ** 2 + places**2) / (2 * sigma**2))
    window /= window.sum()

    def mean(z: np.ndarray) -> np.ndarray:
        views = np.lib.stride_tricks.sliding_window_view(z, (size, size), (-3, -2))
        return (views * window).sum((-2, -1))

    mx, my = mean(x), mean(y)
    sxy, sxx, syy = mean(x * y) - mx * my, mean(x * x) - mx**2, mean(y * y) - my**2
    c1, c2 = (k1 * most) ** 2, (k2 * most) ** 2
    structure = (2 * sxy + c2) / (sxx + syy + c2)
    return (2 * mx * my + c1) / (mx**2 + my**2 + c1), structure


def _ssim(
    a: np.ndarray, b: np.ndarray, max_val: float, filter_size: int = 11, filter_sigma: float = 1.5,
    k1: float = 0.01, k2: float = 0.03, return_index_map: bool = False,
) -> np.ndarray:  # fmt: skip
    luminance, structure = _maps(
        _unit(a, a), _unit(b, a), _unit(max_val, a), filter_size, filter_sigma, k1, k2
    )
    return np.float32((luminance * structure).mean(-1 if return_index_map else (-3, -2, -1)))


def _multiscale(
    a: np.ndarray, b: np.ndarray, max_val: float,
    power_factors: Any = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333), filter_size: int = 11,
    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03,
) -> np.ndarray:  # fmt: skip
    x, y, found = _unit(a, a), _unit(b, a), 1.0
    for number, power in enumerate(power_factors):
        luminance, structure = _maps(
            x, y, _unit(max_val, a), filter_size, filter_sigma, k1, k2
        )  # fmt: skip
        if number == len(power_factors) - 1:
            structure = luminance * structure
        found = found * np.maximum(structure.mean((-3, -2)), 0) ** power
        x, y = (_halved(z) for z in (x, y))
    return np.float32(np.mean(found, -1))


def _halved(x: np.ndarray) -> np.ndarray:
    pads = [(0, 0)] * (x.ndim - 3) + [(0, n % 2) for n in x.shape[-3:-1]] + [(0, 0)]
    x = np.pad(x, pads, mode="symmetric")
    parts = [x[..., i::2, j::2, :] for i in (0, 1) for j in (0, 1)]
    return sum(parts) / 4


_ONE = [1, 1, 1, 1]
_X = normal(2, 5, 6, 3)
_SMALL = normal(1, 3, 4, 2, dtype=np.float64)
_BYTES = integers(2, 4, 4, 1, low=0, high=255, dtype=np.uint8)
_FLAT = normal(3, 4)
_A, _B = uniform(2, 12, 13, 3), uniform(2, 12, 13, 3, seed=1)
_CLOSE = np.float32(_A + 0.05 * normal(2, 12, 13, 3))
_A8, _B8 = (integers(11, 12, 1, low=0, high=255, dtype=np.uint8, seed=s) for s in (0, 1))
_LARGE = uniform(1, 15, 20, 2)
_NEAR = np.float32(_LARGE + 0.1 * uniform(1, 15, 20, 2, seed=2))
_FLOAT32 = "the result is float32; tests/ops/test_image.py checks its gradient"
_NO_FIT = [
    error("ValueError", _A, _A[:, :5], 1.0, message="of one size"),
    error("ValueError", _FLAT, _FLAT, 1.0, message="of one size"),
]

OPERATIONS = [
    Operation(
        name="image.extract_patches", reference=_patches,
        cases=[
            case(_X, [1, 2, 3, 1], [1, 2, 1, 1], _ONE, "VALID"),
            case(_X, [1, 3, 2, 1], [1, 2, 2, 1], [1, 2, 3, 1], "SAME"),
            case(_X, [1, 2, 2, 1], [1, 3, 4, 1], _ONE, "SAME"), case(_X, _ONE, _ONE, _ONE, "SAME"),
            case(_BYTES, [1, 3, 3, 1], _ONE, _ONE, "VALID"),
            case(_SMALL, [1, 2, 2, 1], _ONE, [1, 2, 2, 1], "VALID"),
        ],
        gradient=[case(_SMALL, [1, 2, 2, 1], _ONE, _ONE, "SAME")],
        errors=[
            error("InvalidArgumentError", _FLAT, _ONE, _ONE, _ONE, "SAME", message="batch, height"),
            error("UnimplementedError", _X, [1, 2, 2, 2], _ONE, _ONE, "SAME", message="channels"),
        ],
    ),
    Operation(
        name="image.extract_glimpse", reference=_glimpse,
        cases=[
            case(_X, size, np.float32(offsets), centered=c, normalized=n, noise="zero")
            for size, offsets, c, n in (
                ([3, 2], [[0, 0], [0.3, -0.2]], True, True),
                ([2, 5], [[-1, 1], [2.5, 1.5]], True, True),
                ([3, 2], [[0.3, -0.2], [1, 3]], True, False),
                ([2, 4], [[0.3, -0.2], [0.5, 0.7]], False, True),
                ([2, 2], [[-1, 1], [2.5, 1.5]], False, False),
            )
        ],
        no_gradient="its images are float32; it is a gather, which is checked by itself",
        errors=[
            error("Exception", _FLAT, [1, 1], normal(3, 2), message="batch, height"),
            error("Exception", _X, [1, 1], np.zeros((1, 2), np.float32), message="one offset"),
        ],
    ),
    Operation(
        name="image.image_gradients", reference=_gradients,
        cases=[case(_X), case(_SMALL), case(normal(1, 1, 1, 1)), case(integers(1, 3, 3, 1))],
        gradient=[case(_SMALL)],
        errors=[error("ValueError", normal(3, 3, 1), message="batch, height")],
    ),
    Operation(
        name="image.sobel_edges", reference=_sobel, absolute=1e-5,
        cases=[case(_X), case(_SMALL), case(normal(1, 2, 2, 1))], gradient=[case(_SMALL)],
    ),
    Operation(
        name="image.total_variation", reference=_variation, tolerance={"float32": 1e-5},
        cases=[case(_X), case(_X[0]), case(_SMALL), case(integers(3, 3, 1))],
        gradient=[case(_SMALL)],
        errors=[error("ValueError", _FLAT, message="height, width, channels")],
    ),
    Operation(
        name="image.psnr", reference=_psnr, tolerance={"float32": 1e-5}, no_gradient=_FLOAT32,
        cases=[
            case(_A, _B, 1.0), case(_A, _CLOSE, 2.0), case(_A8, _B8, 255), case(_A, _B[:1], 1.0),
            case(_A[0], _B[0], np.float32(1)), case(_A, _A, 1.0),
            case(_A.astype(np.float64), _B.astype(np.float64), 1.0),
        ],
        errors=_NO_FIT,
    ),
    Operation(
        name="image.ssim", reference=_ssim, tolerance={"float32": 3e-5}, absolute=1e-5,
        no_gradient=_FLOAT32,
        cases=[
            case(_A, _B, 1.0), case(_A, _CLOSE, 1.0), case(_A8, _B8, 255),
            case(_A, _CLOSE, 1.0, filter_size=4, filter_sigma=0.8, k1=0.02, k2=0.05),
            case(_A, _CLOSE, 1.0, return_index_map=True), case(_A[0], _CLOSE[0], 2.0),
        ],
        errors=[
            *_NO_FIT,
            error("InvalidArgumentError", _X, _X, 1.0, message="smaller than the filter"),
        ],
    ),
    Operation(
        name="image.ssim_multiscale", reference=_multiscale, tolerance={"float32": 5e-5},
        absolute=1e-5, no_gradient=_FLOAT32,
        cases=[
            case(_LARGE, _NEAR, 1.0, power_factors=(0.3, 0.7), filter_size=4),
            case(_LARGE, _NEAR, 1.0, power_factors=(0.3, 0.3, 0.4), filter_size=3),
            case(_A, _CLOSE, 1.0, power_factors=(1.0,)),
        ],
        errors=[
            *_NO_FIT, error("InvalidArgumentError", _A, _A, 1.0, message="smaller than the filter"),
        ],
    ),
]  # fmt: skip
