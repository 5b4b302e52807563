"""Fourier transforms: the public functions. Primitives are in `freshet.ops.signal.fourier`."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import InvalidArgumentError
from freshet.core.shapes import normalize_axis
from freshet.core.tensor import Tensor
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.signal.fourier import (
    complex_of,
    complex_transform,
    fft_lengths,
    inverse_real_transform,
    real_of,
    real_transform,
)
from freshet.ops.sizes import sizes, static_integers

# --- along the last one, two or three dimensions --------------------------------------------------


def fft(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the Fourier transform along the last dimension.

    ``y[..., k] = sum over n of input[..., n] * exp(-2 pi i k n / N)``

    Args:
        input: complex64 or complex128.
        name: Ignored.

    Returns:
        A tensor of the same dtype and shape, computed in that precision.

    Raises:
        DTypeError: The operand is a tensor of another dtype.
        InvalidArgumentError: It is a single number.

    Example:
        >>> fft(np.array([1, 0, 0, 0], np.complex64)).numpy().real.tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    return complex_transform("fft", input, 1, None, False, "backward")


def ifft(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the inverse of `fft`; arguments as for it.

    Example:
        >>> ifft(np.array([4, 0, 0, 0], np.complex64)).numpy().real.tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    return complex_transform("ifft", input, 1, None, True, "backward")


def fft2d(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the Fourier transform along the last two dimensions; arguments as for `fft`.

    Example:
        >>> fft2d(np.ones((1, 2), np.complex64)).numpy().real.tolist()
        [[2.0, 0.0]]
    """
    return complex_transform("fft2d", input, 2, None, False, "backward")


def ifft2d(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the inverse of `fft2d`; arguments as for `fft`.

    Example:
        >>> ifft2d(np.array([[2, 0]], np.complex64)).numpy().real.tolist()
        [[1.0, 1.0]]
    """
    return complex_transform("ifft2d", input, 2, None, True, "backward")


def fft3d(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the Fourier transform along the last three dimensions; arguments as for `fft`.

    Example:
        >>> fft3d(np.ones((1, 1, 2), np.complex64)).numpy().real.tolist()
        [[[2.0, 0.0]]]
    """
    return complex_transform("fft3d", input, 3, None, False, "backward")


def ifft3d(input: TensorLike, name: str | None = None) -> Tensor:
    """Return the inverse of `fft3d`; arguments as for `fft`.

    Example:
        >>> ifft3d(np.array([[[2, 0]]], np.complex64)).numpy().real.tolist()
        [[[1.0, 1.0]]]
    """
    return complex_transform("ifft3d", input, 3, None, True, "backward")


def rfft(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Return the first half of the Fourier transform of real numbers along the last dimension.

    Args:
        input_tensor: float32 or float64 ``[..., N]``.
        fft_length: A list of one number: the operand is cut, or zeros are put after it, to be as
            long. By default N.
        name: Ignored.

    Returns:
        complex64 or complex128 ``[..., N // 2 + 1]``; the rest of the spectrum would be the complex
        conjugate of these elements in opposite order.

    Raises:
        DTypeError: The operand has another dtype.
        InvalidArgumentError: It is a single number or empty, or `fft_length` is no such list.

    Example:
        >>> rfft([1.0, 0.0, 0.0, 0.0]).numpy().real.tolist()
        [1.0, 1.0, 1.0]
    """
    return real_transform("rfft", input_tensor, 1, fft_lengths("rfft", fft_length, 1))


def irfft(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Return the real numbers whose spectrum's first half is given, the inverse of `rfft`.

    Args:
        input_tensor: complex64 or complex128 ``[..., K]``.
        fft_length: A list of one number, how many real numbers are returned; ``2 * (K - 1)`` by
            default, so a signal of odd length needs it.
        name: Ignored.

    Returns:
        float32 or float64 ``[..., fft_length]``.

    Raises:
        DTypeError: The operand is a tensor of another dtype.
        InvalidArgumentError: It is a single number, or `fft_length` is no such list.

    Example:
        >>> irfft(np.array([4, 0, 0], np.complex64)).numpy().tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    return inverse_real_transform("irfft", input_tensor, 1, fft_lengths("irfft", fft_length, 1))


def rfft2d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Return half of the Fourier transform of real numbers along the last two dimensions.

    Arguments as for `rfft`; `fft_length` is a list of two numbers.

    Example:
        >>> rfft2d([[1.0, 1.0]]).numpy().real.tolist()
        [[2.0, 0.0]]
    """
    return real_transform("rfft2d", input_tensor, 2, fft_lengths("rfft2d", fft_length, 2))


def irfft2d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Return the inverse of `rfft2d`; arguments as for `irfft`, `fft_length` of two numbers.

    Example:
        >>> irfft2d(np.array([[2, 0]], np.complex64)).numpy().tolist()
        [[1.0, 1.0]]
    """
    return inverse_real_transform("irfft2d", input_tensor, 2, fft_lengths("irfft2d", fft_length, 2))


def rfft3d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Return half of the Fourier transform of real numbers along the last three dimensions.

    Arguments as for `rfft`; `fft_length` is a list of three numbers.

    Example:
        >>> rfft3d([[[1.0, 1.0]]]).numpy().real.tolist()
        [[[2.0, 0.0]]]
    """
    return real_transform("rfft3d", input_tensor, 3, fft_lengths("rfft3d", fft_length, 3))


def irfft3d(input_tensor: TensorLike, fft_length: Any = None, name: str | None = None) -> Tensor:
    """Return the inverse of `rfft3d`; arguments as for `irfft`, `fft_length` of three numbers.

    Example:
        >>> irfft3d(np.array([[[2, 0]]], np.complex64)).numpy().tolist()
        [[[1.0, 1.0]]]
    """
    return inverse_real_transform("irfft3d", input_tensor, 3, fft_lengths("irfft3d", fft_length, 3))


# --- along any dimensions -------------------------------------------------------------------------

_NORMS: Final = {None: "backward", "backward": "backward", "ortho": "ortho", "forward": "forward"}


def _choice(
    name: str, x: Tensor, fft_length: Any, axes: Any, norm: Any
) -> tuple[tuple[int, ...], list[int] | None, str]:
    """Return the dimensions, their lengths and the scale of a transform."""
    if norm not in _NORMS:
        raise InvalidArgumentError(
            f"{name}: norm must be 'backward', 'ortho', 'forward' or None, received {norm!r}"
        )
    count = None if fft_length is None else len(static_integers(name, "fft_length", fft_length))
    if axes is None:
        where = tuple(range(0 if count is None else x.ndim - count, x.ndim))
    else:
        given = static_integers(name, "axes", axes)
        where = tuple(normalize_axis(name, d, x.ndim) for d in given)
    if not where or len(set(where)) != len(where) or min(where) < 0:
        raise InvalidArgumentError(
            f"{name}: axes={axes!r} and fft_length={fft_length!r} do not fit {x._type}"
        )
    return where, fft_lengths(name, fft_length, len(where)), _NORMS[norm]


def fftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the Fourier transform along any dimensions.

    Args:
        input_tensor: complex64 or complex128.
        fft_length: For each of `axes`, a length to which the operand is cut or filled with zeros.
        axes: The dimensions; by default the last ones, as many as `fft_length` has numbers, or all.
        norm: "backward" (the default) divides the inverse transform by the number of elements,
            "forward" the forward one, "ortho" both by its square root.
        name: Ignored.

    Raises:
        DTypeError: The operand is a tensor of another dtype.
        InvalidArgumentError: The arguments do not fit it.

    Example:
        >>> fftnd(np.ones((2, 2), np.complex64), axes=[0]).numpy().real.tolist()
        [[2.0, 2.0], [0.0, 0.0]]
    """
    x = complex_of("fftnd", input_tensor)
    where, lengths, scale = _choice("fftnd", x, fft_length, axes, norm)
    return complex_transform("fftnd", x, where, lengths, False, scale)


def ifftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the inverse of `fftnd`, with the same arguments.

    Example:
        >>> ifftnd(np.array([2, 0], np.complex64)).numpy().real.tolist()
        [1.0, 1.0]
    """
    x = complex_of("ifftnd", input_tensor)
    where, lengths, scale = _choice("ifftnd", x, fft_length, axes, norm)
    return complex_transform("ifftnd", x, where, lengths, True, scale)


def rfftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the Fourier transform of real numbers along any dimensions, half of the last of them.

    Arguments as for `fftnd`, the operand float32 or float64.

    Example:
        >>> rfftnd([[1.0, 1.0], [1.0, 1.0]]).numpy().real.tolist()
        [[4.0, 0.0], [0.0, 0.0]]
    """
    x = real_of("rfftnd", input_tensor)
    where, lengths, scale = _choice("rfftnd", x, fft_length, axes, norm)
    return real_transform("rfftnd", x, where, lengths, scale)


def irfftnd(
    input_tensor: TensorLike, fft_length: Any = None, axes: Any = None, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the inverse of `rfftnd`, with the arguments of `fftnd`.

    Example:
        >>> irfftnd(np.array([2, 0], np.complex64)).numpy().tolist()
        [1.0, 1.0]
    """
    x = complex_of("irfftnd", input_tensor)
    where, lengths, scale = _choice("irfftnd", x, fft_length, axes, norm)
    return inverse_real_transform("irfftnd", x, where, lengths, scale)


# --- order ----------------------------------------------------------------------------------------


def fftshift(x: TensorLike, axes: Any = None, name: str | None = None) -> Tensor:
    """Put the element of frequency 0 into the middle.

    Args:
        x: Any tensor.
        axes: A dimension or several; all by default.
        name: Ignored.

    Raises:
        InvalidArgumentError: There is no such dimension.

    Example:
        >>> fftshift([0, 1, 2, -2, -1]).numpy().tolist()
        [-2, -1, 0, 1, 2]
    """
    return _shifted("fftshift", x, axes, inverse=False)


def ifftshift(x: TensorLike, axes: Any = None, name: str | None = None) -> Tensor:
    """Return the inverse of `fftshift`, with the same arguments.

    Example:
        >>> ifftshift([-2, -1, 0, 1, 2]).numpy().tolist()
        [0, 1, 2, -2, -1]
    """
    return _shifted("ifftshift", x, axes, inverse=True)


def _shifted(name: str, x: TensorLike, axes: Any, *, inverse: bool) -> Tensor:
    tensor = convert_to_tensor(x)
    given = range(tensor.ndim) if axes is None else static_integers(name, "axes", axes)
    where = [normalize_axis(name, d, tensor.ndim) for d in given]
    for d in where:
        half = sizes(tensor)[d] // 2
        tensor = shaping.roll(tensor, -half if inverse else half, d)
    return tensor
