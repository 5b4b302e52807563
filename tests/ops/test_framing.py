"""Samples of frames, overlapping sums and other lengths, defined element by element."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import freshet as ft
import freshet.ops.signal.spectrogram
from freshet import TensorSpec
from freshet.testing import PrimitiveSuite, Sample


def framed(x: np.ndarray, *_: Any, axis: int, step: int, fill: float, shape: Any) -> np.ndarray:
    result = np.full(shape, fill, x.dtype)
    for f in range(shape[axis]):
        for i in range(shape[axis + 1]):
            if f * step + i < x.shape[axis]:
                at = (slice(None),) * axis
                result[(*at, f, i)] = x[(*at, f * step + i)]
    return result


def overlapped(x: np.ndarray, *_: Any, axis: int, step: int, shape: Any) -> np.ndarray:
    result = np.zeros(shape, x.dtype)
    at = (slice(None),) * axis
    for f in range(x.shape[axis]):
        for i in range(x.shape[axis + 1]):
            if f * step + i < shape[axis]:
                result[(*at, f * step + i)] += x[(*at, f, i)]
    return result


def test_spectra_of_frames_keep_the_precision_of_arrays() -> None:
    # NumPy's float64 is not rounded to float32, as it is by the other transforms.
    x = np.arange(8.0) + 1e-12
    y = ft.signal.stft(x, 4, 2, window_fn=None)
    assert y.dtype == ft.complex128
    np.testing.assert_allclose(y[0], np.fft.rfft(x[:4]), rtol=1e-15)


def fitted(x: np.ndarray, *_: Any, shape: Any) -> np.ndarray:
    result = np.zeros(shape, x.dtype)
    for at in np.ndindex(*shape):
        if all(i < n for i, n in zip(at, x.shape, strict=True)):
            result[at] = x[at]
    return result


def _frame(x: Any, axis: int, step: int, shape: Any, fill: float = 0, **more: Any) -> Sample:
    params = {"axis": axis, "step": step, "fill": fill, "shape": shape}
    return Sample(inputs=(x,), params=params, expected=framed, **more)


def _overlap(x: Any, axis: int, step: int, shape: Any, **more: Any) -> Sample:
    params = {"axis": axis, "step": step, "shape": shape}
    return Sample(inputs=(x,), params=params, expected=overlapped, **more)


def _fit(x: Any, shape: Any, **more: Any) -> Sample:
    return Sample(inputs=(x,), params={"shape": shape}, expected=fitted, **more)


def numbers(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return (np.arange(np.prod(shape)) + 1).reshape(shape).astype(dtype)


class TestFraming(PrimitiveSuite):
    samples = {
        "frame": [
            _frame(TensorSpec([2, 9], "float64"), 1, 2, (2, 4, 3), gradient=(0,), second=True),
            _frame(numbers(9), 0, 4, (3, 4), fill=7), _frame(numbers(5, 3), 0, 1, (4, 2, 3)),
            _frame(numbers(4, dtype=np.int16), 0, 3, (2, 2)), _frame(numbers(3), 0, 2, (0, 5)),
        ],
        "overlap_and_add": [
            _overlap(TensorSpec([2, 4, 3], "float64"), 1, 2, (2, 9), gradient=(0,), second=True),
            _overlap(numbers(3, 4), 0, 4, (12,)), _overlap(numbers(3, 4), 0, 1, (6,)),
            _overlap(numbers(2, 3, dtype=np.int32), 0, 5, (8,)),
            _overlap(numbers(4, 2, 3), 0, 1, (4, 3)), _overlap(numbers(40, 33), 0, 7, (306,)),
        ],
        "crop_or_pad": [
            _fit(TensorSpec([2, 5], "float64"), (3, 4), gradient=(0,), second=True),
            _fit(numbers(3), (5,)), _fit(numbers(3, 4, dtype=np.int8), (2, 0)),
            _fit(numbers(2, 2), (2, 2)),
        ],
    }  # fmt: skip


@pytest.mark.parametrize("step", [16, 32, 48])
def test_the_inverse_window_gives_the_signal_back(step: int) -> None:
    length = 64
    signal = np.random.default_rng(0).standard_normal(length * 6).astype(np.float32)
    frames = ft.signal.stft(signal, length, step)
    window = ft.signal.inverse_stft_window_fn(step)
    again = ft.signal.inverse_stft(frames, length, step, window_fn=window).numpy()
    inside = slice(length, len(again) - length)
    np.testing.assert_allclose(again[inside], signal[: len(again)][inside], atol=1e-5)
