"""Short-time Fourier transforms, the mel scale and cepstral coefficients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from freshet.core import dtypes
from freshet.core.dtypes import DType, as_dtype
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.tensor import Tensor
from freshet.core.variable import Variable
from freshet.ops import math as m
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.signal.cosine import dct
from freshet.ops.signal.fourier import complex_of, crop_or_pad, real_of
from freshet.ops.signal.framing import frame, overlap_and_add, scalar_integer
from freshet.ops.signal.transforms import irfft, rfft
from freshet.ops.signal.windowing import hann_window
from freshet.ops.sizes import sizes

# --- spectra of frames ----------------------------------------------------------------------------


def _spectrum_length(name: str, fft_length: Any, frame_length: int) -> int:
    """Return the length of the transform: the next power of two by default."""
    if fft_length is None:
        return 1 << max(frame_length - 1, 0).bit_length()
    return scalar_integer(name, "fft_length", fft_length, 1)


def stft(
    signals: TensorLike, frame_length: Any, frame_step: Any, fft_length: Any = None,
    window_fn: Any = hann_window, pad_end: bool = False, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the short-time Fourier transform: the spectrum of each frame of a signal.

    ``y[..., f, k] = sum over n of w[n] * x[f * frame_step + n] * exp(-2 pi i k n / fft_length)``

    Args:
        signals: float32 or float64 ``[..., samples]``.
        frame_length: Samples of a frame.
        frame_step: Samples from the beginning of one frame to that of the next.
        fft_length: Length of the transform: frames are filled up with zeros, or cut. By default the
            power of two not below `frame_length`.
        window_fn: Returns the window for ``(length, dtype=...)``; None for no window.
        pad_end: Whether frames that reach over the end are transformed as well.
        name: Ignored.

    Returns:
        complex64 or complex128 ``[..., frames, fft_length // 2 + 1]``.

    Raises:
        InvalidArgumentError: A length or step is not positive.
        DTypeError: The operand has another dtype.

    Example:
        >>> stft([0.0, 1.0, 0.0, -1.0, 0.0, 1.0], 4, 2).shape
        TensorShape([2, 3])
    """
    x = real_of("stft", convert_to_tensor(signals))
    length = scalar_integer("stft", "frame_length", frame_length, 1)
    frames = frame(x, length, frame_step, pad_end=pad_end)
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=x.dtype)
    return rfft(frames, [_spectrum_length("stft", fft_length, length)])


def inverse_stft(
    stfts: TensorLike, frame_length: Any, frame_step: Any, fft_length: Any = None,
    window_fn: Any = hann_window, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the signal that is the sum of frames with the given spectra.

    With ``window_fn=inverse_stft_window_fn(frame_step, forward window)`` this is the inverse of
    `stft` where enough frames overlap.

    Args:
        stfts: complex64 or complex128 ``[..., frames, fft_length // 2 + 1]``.
        frame_length: Samples of a frame.
        frame_step: Samples from the beginning of one frame to that of the next.
        fft_length: As for `stft`.
        window_fn: Returns the window by which frames are multiplied before they are added; None for
            no window.
        name: Ignored.

    Returns:
        float32 or float64 ``[..., (frames - 1) * frame_step + frame_length]``.

    Raises:
        InvalidArgumentError: A length or step is not positive, or the rank is below 2.
        DTypeError: The operand has another dtype.

    Example:
        >>> y = stft([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4, 2)
        >>> inverse_stft(y, 4, 2, window_fn=inverse_stft_window_fn(2)).numpy()[2:4].tolist()
        [3.0, 4.0]
    """
    y = complex_of("inverse_stft", stfts)
    if y.ndim < 2:
        raise InvalidArgumentError(f"inverse_stft: expected rank 2 or more, received {y._type}")
    length = scalar_integer("inverse_stft", "frame_length", frame_length, 1)
    frames = irfft(y, [_spectrum_length("inverse_stft", fft_length, length)])
    frames = crop_or_pad(frames, {frames.ndim - 1: length})
    if window_fn is not None:
        frames = frames * window_fn(length, dtype=frames.dtype)
    return overlap_and_add(frames, frame_step)


def inverse_stft_window_fn(
    frame_step: Any, forward_window_fn: Any = hann_window, name: str | None = None
) -> Callable[..., Tensor]:
    """Return a function that returns the window with which `inverse_stft` undoes `stft`.

    ``w[n] / sum over frames f of w[n + f * frame_step]**2``, so that the weights of all frames that
    overlap add up to 1 (Griffin and Lim 1984).

    Args:
        frame_step: Samples from the beginning of one frame to that of the next.
        forward_window_fn: The window that `stft` was given.
        name: Ignored.

    Returns:
        A function ``(frame_length, dtype) -> window``.

    Raises:
        InvalidArgumentError: The step is not positive.

    Example:
        >>> inverse_stft_window_fn(2)(4, dtype=dtypes.float32).numpy().tolist()
        [0.0, 1.0, 1.0, 1.0]
    """
    step = scalar_integer("inverse_stft_window_fn", "frame_step", frame_step, 1)

    def window(frame_length: Any, dtype: Any) -> Tensor:
        length = scalar_integer("inverse_stft_window_fn", "frame_length", frame_length, 0)
        forward = forward_window_fn(length, dtype=dtype)
        squares = m.square(forward).numpy()
        overlaps = -(-length // step)
        padded = np.pad(squares, (0, overlaps * step - length)).reshape(overlaps, step)
        total = np.tile(padded.sum(axis=0), overlaps)[:length]
        return m.divide(forward, convert_to_tensor(total))

    return window


# --- mel scale and cepstra ------------------------------------------------------------------------


def _mel(hertz: Any) -> Any:
    """Return frequencies on the mel scale, as HTK defines it."""
    return 1127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)


def _plain(value: Any) -> Any:
    return convert_to_tensor(value).numpy() if isinstance(value, (Tensor, Variable)) else value


def _check_mel(bins: Any, spectrum: Any, rate: Any, low: Any, high: Any, kind: DType) -> None:
    name = "linear_to_mel_weight_matrix"
    if not kind.is_floating:
        raise DTypeError(f"{name}: dtype must be a floating-point one, received {kind.name}")
    for what, value in (("num_mel_bins", bins), ("num_spectrogram_bins", spectrum),
                        ("sample_rate", rate)):  # fmt: skip
        if not value > 0:
            raise InvalidArgumentError(f"{name}: {what} must be positive, received {value}")
    if low < 0 or low >= high or high > rate / 2:
        raise InvalidArgumentError(
            f"{name}: expected 0 <= lower_edge_hertz < upper_edge_hertz <= sample_rate / 2 = "
            f"{rate / 2}, received {low} and {high}"
        )


def linear_to_mel_weight_matrix(
    num_mel_bins: Any = 20, num_spectrogram_bins: Any = 129, sample_rate: Any = 8000,
    lower_edge_hertz: Any = 125.0, upper_edge_hertz: Any = 3800.0, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the matrix that takes spectra to the mel scale: ``mel = spectra @ matrix``.

    Each mel bin is a triangle that rises from the middle of the bin before to its own and falls to
    that of the next; the middles are evenly spaced on the mel scale ``1127 log(1 + hertz / 700)``.

    Args:
        num_mel_bins: How many bins there are on the mel scale.
        num_spectrogram_bins: How many a spectrum has, ``fft_length // 2 + 1``.
        sample_rate: Samples of the signal in a second.
        lower_edge_hertz: Where the first triangle begins.
        upper_edge_hertz: Where the last one ends; at most half the sample rate.
        dtype: A floating-point dtype.
        name: Ignored.

    Returns:
        ``[num_spectrogram_bins, num_mel_bins]``.

    Raises:
        InvalidArgumentError: A number is outside its range.
        DTypeError: `dtype` is no floating-point one.

    Example:
        >>> linear_to_mel_weight_matrix(4, 9).shape
        TensorShape([9, 4])
    """
    kind = as_dtype(dtype)
    bins, spectrum = _plain(num_mel_bins), _plain(num_spectrogram_bins)
    rate, low, high = _plain(sample_rate), _plain(lower_edge_hertz), _plain(upper_edge_hertz)
    _check_mel(bins, spectrum, rate, low, high, kind)
    # Frequency 0 belongs to no triangle.
    place = _mel(np.linspace(0.0, rate / 2, int(spectrum))[1:, None])
    edges = np.linspace(_mel(low), _mel(high), int(bins) + 2)
    before, middle, after = edges[:-2], edges[1:-1], edges[2:]
    rising = (place - before) / (middle - before)
    falling = (after - place) / (after - middle)
    weights = np.maximum(0.0, np.minimum(rising, falling))
    found = np.pad(weights, ((1, 0), (0, 0))).astype(kind.as_numpy_dtype)
    return Tensor._of_array(found, kind)


def mfccs_from_log_mel_spectrograms(
    log_mel_spectrograms: TensorLike, name: str | None = None
) -> Tensor:
    """Return mel-frequency cepstral coefficients: a cosine transform of logarithmic mel spectra.

    ``dct(x, type=2) / sqrt(2 * bins)``, HTK's scale.

    Args:
        log_mel_spectrograms: float32 or float64 ``[..., num_mel_bins]``.
        name: Ignored.

    Returns:
        A tensor of the same shape; the first dozen or so are kept as a rule.

    Raises:
        InvalidArgumentError: There are no mel bins.

    Example:
        >>> mfccs_from_log_mel_spectrograms([1.0, 1.0]).numpy().round(4).tolist()
        [2.0, 0.0]
    """
    x = real_of("mfccs_from_log_mel_spectrograms", log_mel_spectrograms)
    if not x.ndim or x.shape[-1] == 0:
        raise InvalidArgumentError(
            f"mfccs_from_log_mel_spectrograms: expected mel bins, received {x._type}"
        )
    count = m.cast(sizes(x)[-1], x.dtype)
    return dct(x, type=2) * m.rsqrt(count * 2.0)
