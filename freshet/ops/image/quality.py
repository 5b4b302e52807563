"""How far two images are from each other: PSNR, SSIM and SSIM at several scales.

Sources: Z. Wang, A. C. Bovik, H. R. Sheikh and E. P. Simoncelli, "Image quality assessment: from
error visibility to structural similarity" (2004); Z. Wang, E. P. Simoncelli and A. C. Bovik,
"Multi-scale structural similarity for image quality assessment" (2003).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.ops import array as a
from freshet.ops import lookup
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.image.patches import window_places
from freshet.ops.image.pixel_types import convert_image_dtype
from freshet.ops.joining import stack
from freshet.ops.math import TensorLike
from freshet.ops.reduction import reduce_mean, reduce_prod, reduce_sum
from freshet.ops.sizes import sizes

_SCALES: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def _pair(name: str, first: TensorLike, second: TensorLike, most: Any) -> list[Tensor]:
    """Return two images and the range of their pixels, in float32."""
    x, y = convert_to_tensor(first), convert_to_tensor(second)
    fits = min(x.ndim, y.ndim) >= 3 and x.dtype == y.dtype and all(
        p == q or None in {p, q} for p, q in zip(x.shape[-3:], y.shape[-3:], strict=True)
    ) and all(
        p == q or {p, q} & {None, 1}
        for p, q in zip(x.shape[-4::-1], y.shape[-4::-1], strict=False)
    )  # fmt: skip
    if not fits:
        raise InvalidArgumentError(
            f"{name}: two images [..., height, width, channels] of one size and dtype are "
            f"expected, received {x._type} and {y._type}"
        )
    span = m.cast(convert_to_tensor(most), x.dtype)
    return [convert_image_dtype(v, dtypes.float32) for v in (x, y, span)]


def psnr(a: TensorLike, b: TensorLike, max_val: Any, name: str | None = None) -> Tensor:
    """Return the peak signal-to-noise ratio of images, in decibels.

    ``10 log10(max_val**2 / mean((a - b)**2))``; infinity for equal images.

    Args:
        a: [..., height, width, channels].
        b: Other images of that dtype and size.
        max_val: The range of the pixels: 1.0 or 255, mostly.
        name: Ignored.

    Returns:
        float32[...].

    Raises:
        InvalidArgumentError: The images do not fit together.

    Example:
        >>> float(psnr(np.zeros([1, 1, 1]), np.full([1, 1, 1], 0.1), 1.0))
        20.0
    """
    x, y, span = _pair("image.psnr", a, b, max_val)
    error = reduce_mean(m.squared_difference(x, y), [-3, -2, -1])
    return 20.0 * m.log(span) / math.log(10.0) - np.float32(10 / math.log(10)) * m.log(error)


# --- structural similarity ------------------------------------------------------------------------


def _weights(size: int, sigma: float) -> Tensor:
    """Return a Gaussian of sum 1."""
    places = np.arange(size) - (size - 1) / 2
    found = np.exp(-0.5 * (places / sigma) ** 2)
    return Tensor._of_array((found / found.sum()).astype(np.float32))


def _smoothed(x: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted means of all windows, down and then across."""
    for axis in (x.ndim - 3, x.ndim - 2):
        found = lookup.gather_p(x, window_places(x, axis, weights.shape[0] or 0), axis=axis)
        spread = a.expand_dims_p(weights, axes=tuple(range(1, found.ndim - axis - 1)))
        x = reduce_sum(m.multiply(found, spread), axis + 1)
    return x


class _Similarity:
    """The constants of a comparison."""

    def __init__(
        self, name: str, span: Tensor, size: int, sigma: float, k: tuple[float, float]
    ) -> None:
        self.name = name
        self.weights = _weights(int(size), float(sigma))
        self.c1, self.c2 = (m.square(span * factor) for factor in k)

    def maps(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return luminance times contrast and structure, and the latter, for each window."""
        size = self.weights.shape[0] or 0
        for length in (*x.shape[-3:-1], *y.shape[-3:-1]):
            if length is not None and length < size:
                raise InvalidArgumentError(
                    f"{self.name}: images {x._type} are smaller than the filter of {size} pixels"
                )
        mean_x, mean_y = _smoothed(x, self.weights), _smoothed(y, self.weights)
        product = mean_x * mean_y * 2.0
        squares = m.square(mean_x) + m.square(mean_y)
        both = _smoothed(x * y, self.weights) * 2.0
        each = _smoothed(m.square(x) + m.square(y), self.weights)
        luminance = (product + self.c1) / (squares + self.c1)
        structure = (both - product + self.c2) / (each - squares + self.c2)
        return luminance * structure, structure


def ssim(
    img1: TensorLike, img2: TensorLike, max_val: Any, filter_size: int = 11,
    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03, return_index_map: bool = False,
) -> Tensor:  # fmt: skip
    """Return the structural similarity of images, 1 for equal ones.

    ``(2 mx my + c1) (2 sxy + c2) / ((mx**2 + my**2 + c1) (sx**2 + sy**2 + c2))`` with means m,
    variances and covariance s of Gaussian windows; ``c = (k * max_val)**2``; its mean over all
    windows within the image and over the channels.

    Args:
        img1: [..., height, width, channels].
        img2: Other images of that dtype and size.
        max_val: The range of the pixels: 1.0 or 255, mostly.
        filter_size: Height and width of the windows.
        filter_sigma: The Gaussian's standard deviation, in pixels.
        k1: Keeps the first quotient from 0 / 0.
        k2: Keeps the second quotient from 0 / 0.
        return_index_map: Whether each window's value is returned, not their mean.

    Returns:
        float32[...], or float32[..., windows down, windows across].

    Raises:
        InvalidArgumentError: The images do not fit together, or are smaller than a window.

    Example:
        >>> x = np.ones([11, 11, 1], np.float32)
        >>> float(ssim(x, x, 1.0))
        1.0
    """
    x, y, span = _pair("image.ssim", img1, img2, max_val)
    found, _ = _Similarity("image.ssim", span, filter_size, filter_sigma, (k1, k2)).maps(x, y)
    return reduce_mean(found, [-1] if return_index_map else [-3, -2, -1])


def ssim_multiscale(
    img1: TensorLike, img2: TensorLike, max_val: Any, power_factors: Sequence[float] = _SCALES,
    filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03,
) -> Tensor:  # fmt: skip
    """Return the structural similarity of images at several scales, 1 for equal ones.

    The product over scales of contrast and structure (see `ssim`), and of the luminance at the last
    one, each to a power; from scale to scale, the images are halved. Negative factors count as 0.

    Args:
        img1: [..., height, width, channels].
        img2: Other images of that dtype and size.
        max_val: The range of the pixels: 1.0 or 255, mostly.
        power_factors: The power of each scale; the defaults are those of the paper.
        filter_size: As for `ssim`; the images are this large at the last scale, or larger.
        filter_sigma: As for `ssim`.
        k1: As for `ssim`.
        k2: As for `ssim`.

    Returns:
        float32[...].

    Raises:
        InvalidArgumentError: The images do not fit together, or are too small.
    """
    name = "image.ssim_multiscale"
    x, y, span = _pair(name, img1, img2, max_val)
    similarity = _Similarity(name, span, filter_size, filter_sigma, (k1, k2))
    parts = []
    for number, power in enumerate(power_factors):
        if number:
            x, y = _halved(x), _halved(y)
        whole, structure = similarity.maps(x, y)
        last = number == len(power_factors) - 1
        mean = m.relu(reduce_mean(whole if last else structure, [-3, -2]))
        parts.append(m.pow(mean, float(power)))
    return reduce_mean(reduce_prod(stack(parts, -1), [-1]), [-1])


def _halved(x: Tensor) -> Tensor:
    """Return the means of 2 x 2 pixels; of an odd size, the last pixel counts twice."""
    for axis in (x.ndim - 3, x.ndim - 2):
        places = m.minimum(window_places(x, axis, 2, 2, same=True), sizes(x)[axis] - 1)
        x = reduce_sum(lookup.gather_p(x, places, axis=axis), axis + 1)
    return x * 0.25
