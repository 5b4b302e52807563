"""Window functions: weights for the samples of a frame.

All are constants: their length must be known when a function is traced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import as_dtype
from freshet.core.errors import DTypeError
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.signal.framing import scalar_integer


def _window(
    name: str, window_length: Any, dtype: Any, weights: Callable[[int], Array]
) -> Tensor:  # fmt: skip
    """Return the weights of a window of some length, in the wanted dtype."""
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise DTypeError(f"{name}: dtype must be a floating-point one, received {kind.name}")
    values = weights(scalar_integer(name, "window_length", window_length, 0))
    return Tensor._of_array(values.astype(kind.as_numpy_dtype), kind)


def _raised_cosine(periodic: bool, a: float, b: float) -> Callable[[int], Array]:
    """Return the function of the length that computes ``a - b * cos(2 pi n / N)``."""

    def weights(length: int) -> Array:
        if length == 1:
            return np.ones(1)
        period = length - 1 + (periodic and length % 2 == 0)
        found: Array = a - b * np.cos(2 * np.pi * np.arange(length) / period)
        return found

    return weights


def hann_window(
    window_length: Any, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return the Hann window ``0.5 - 0.5 * cos(2 pi n / N)``.

    Args:
        window_length: How many weights.
        periodic: Whether N is the length, as spectra of frames want it, or one less, which makes
            the window symmetric. As in TensorFlow, windows of odd length are always symmetric.
        dtype: A floating-point dtype.
        name: Ignored.

    Raises:
        DTypeError: `dtype` is no floating-point one.
        InvalidArgumentError: The length is negative.

    Example:
        >>> hann_window(4).numpy().tolist()
        [0.0, 0.5, 1.0, 0.5]
    """
    return _window("hann_window", window_length, dtype, _raised_cosine(periodic, 0.5, 0.5))


def hamming_window(
    window_length: Any, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return the Hamming window ``0.54 - 0.46 * cos(2 pi n / N)``; arguments as for `hann_window`.

    Example:
        >>> [round(float(w), 2) for w in hamming_window(4)]
        [0.08, 0.54, 1.0, 0.54]
    """
    return _window("hamming_window", window_length, dtype, _raised_cosine(periodic, 0.54, 0.46))


def _shape_of(beta: Any) -> float:
    return float(convert_to_tensor(beta))


def kaiser_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return the Kaiser window ``I0(beta * sqrt(1 - x**2)) / I0(beta)``, x from -1 to 1.

    Args:
        window_length: As for `hann_window`, like the dtype and the errors.
        beta: The larger, the narrower the window and the lower its side lobes.
        dtype: See above.
        name: Ignored.

    Example:
        >>> [round(float(w), 4) for w in kaiser_window(3)]
        [0.0001, 1.0, 0.0001]
    """
    shape = _shape_of(beta)
    return _window("kaiser_window", window_length, dtype, lambda n: np.kaiser(n, shape))


def kaiser_bessel_derived_window(
    window_length: Any, beta: Any = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return the Kaiser-Bessel-derived window, with which `mdct` reconstructs signals.

    ``w[n] = w[N - 1 - n] = sqrt(sum of k[0..n] / sum of k[0..N/2])`` with k the Kaiser window of
    length ``N/2 + 1``; arguments as for `kaiser_window`. Of an odd length, one weight less is
    returned.

    Example:
        >>> [round(float(w), 4) for w in kaiser_bessel_derived_window(2)]
        [0.7071, 0.7071]
    """
    shape = _shape_of(beta)

    def weights(length: int) -> Array:
        sums = np.cumsum(np.kaiser(length // 2 + 1, shape))
        rising = np.sqrt(sums[:-1] / sums[-1])
        return np.concatenate([rising, rising[::-1]])

    return _window("kaiser_bessel_derived_window", window_length, dtype, weights)


def vorbis_window(
    window_length: Any, dtype: Any = dtypes.float32, name: str | None = None
) -> Tensor:
    """Return the window of the Vorbis codec ``sin(pi/2 * sin(pi (n + 1/2) / N)**2)``.

    Arguments as for `hann_window`.

    Example:
        >>> [round(float(w), 4) for w in vorbis_window(2)]
        [0.7071, 0.7071]
    """

    def weights(length: int) -> Array:
        inner = np.sin(np.pi * (np.arange(length) + 0.5) / max(length, 1))
        found: Array = np.sin(np.pi / 2 * inner**2)
        return found

    return _window("vorbis_window", window_length, dtype, weights)
