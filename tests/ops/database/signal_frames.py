"""Windows, frames and spectrograms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.fft
import scipy.signal
import scipy.special

from database.record import Dtype, Operation, case, complexes, error, integers, normal, strings
from database.signal_transforms import LOOSE

F8, C16 = np.float64, np.complex128


# --- windows --------------------------------------------------------------------------------------


def _cosine(name: str, length: int, periodic: bool, dtype: str) -> np.ndarray:
    # TensorFlow's periodic windows of odd length are the symmetric ones.
    symmetric = not periodic or length % 2 == 1
    if not length:
        return np.zeros(0, dtype)
    return np.asarray(scipy.signal.get_window(name, length, not symmetric)).astype(dtype)


def _kaiser(window_length: int, beta: float = 12.0, dtype: str = "float32") -> np.ndarray:
    x = np.linspace(-1, 1, window_length) if window_length > 1 else np.zeros(window_length)
    return (scipy.special.i0(beta * np.sqrt(1 - x**2)) / scipy.special.i0(beta)).astype(dtype)


def _derived(window_length: int, beta: float = 12.0, dtype: str = "float32") -> np.ndarray:
    sums = np.cumsum(_kaiser(window_length // 2 + 1, beta, "float64"))
    half = np.sqrt(sums[:-1] / sums[-1])
    return np.concatenate([half, half[::-1]]).astype(dtype)


def _vorbis(window_length: int, dtype: str = "float32") -> np.ndarray:
    n = np.arange(window_length) + 0.5
    return np.sin(np.pi / 2 * np.sin(np.pi * n / max(window_length, 1)) ** 2).astype(dtype)


_REFUSED = [
    error("ValueError", 5, dtype=Dtype("int32"), message="dtype"),
    error("ValueError", [5], message="window_length"),
]


def _cosine_window(name: str) -> Operation:
    return Operation(
        name=f"signal.{name}_window", absolute=1e-5, tolerance={"float32": 1e-5, "float64": 1e-12},
        reference=lambda window_length, periodic=True, dtype="float32": _cosine(
            name, window_length, periodic, dtype
        ),
        cases=[
            case(5), case(6), case(6, periodic=False), case(5, periodic=False), case(1), case(0),
            case(8, dtype=Dtype("float64")),
        ],
        errors=[*_REFUSED, error("InvalidArgumentError", -1, message="window_length")],
    )  # fmt: skip


# --- frames ---------------------------------------------------------------------------------------


def _frame(
    x: np.ndarray, frame_length: int, frame_step: int, pad_end: bool = False, pad_value: Any = 0,
    axis: int = -1,
) -> np.ndarray:  # fmt: skip
    along = np.moveaxis(x, axis, -1)
    n = along.shape[-1]
    count = math.ceil(n / frame_step) if pad_end else max(0, 1 + (n - frame_length) // frame_step)
    fill = pad_value.encode() if isinstance(pad_value, str) else pad_value
    after = np.full((*along.shape[:-1], frame_length), fill, x.dtype)
    longer = np.concatenate([along, after], -1)
    frames = [longer[..., f * frame_step :][..., :frame_length] for f in range(count)]
    found = np.stack(frames, -2) if frames else np.zeros((*along.shape[:-1], 0, frame_length))
    place = axis % x.ndim
    return np.moveaxis(found, (-2, -1), (place, place + 1)).astype(x.dtype)


def _overlap(x: np.ndarray, frame_step: int) -> np.ndarray:
    count, length = x.shape[-2:]
    result = np.zeros((*x.shape[:-2], (count - 1) * frame_step + length), x.dtype)
    for f in range(count):
        result[..., f * frame_step : f * frame_step + length] += x[..., f, :]
    return result


# --- spectrograms ---------------------------------------------------------------------------------


def _stft(
    x: np.ndarray, frame_length: int, frame_step: int, fft_length: Any = None,
    window_fn: Any = "hann", pad_end: bool = False,
) -> np.ndarray:  # fmt: skip
    length = fft_length or 2 ** math.ceil(math.log2(frame_length))
    frames = _frame(x, frame_length, frame_step, pad_end)
    if window_fn is not None:
        frames = frames * _cosine("hann", frame_length, True, x.dtype)
    return np.asarray(scipy.fft.rfft(frames, length))


def _inverse_stft(
    y: np.ndarray, frame_length: int, frame_step: int, fft_length: Any = None,
    window_fn: Any = "hann",
) -> np.ndarray:  # fmt: skip
    length = fft_length or 2 ** math.ceil(math.log2(frame_length))
    frames = np.asarray(scipy.fft.irfft(y, length))[..., :frame_length]
    missing = frame_length - frames.shape[-1]
    frames = np.pad(frames, [(0, 0)] * (y.ndim - 1) + [(0, missing)])
    if window_fn is not None:
        frames = frames * _cosine("hann", frame_length, True, frames.dtype)
    return _overlap(frames, frame_step)


def _mel_matrix(
    num_mel_bins: int = 20, num_spectrogram_bins: int = 129, sample_rate: float = 8000,
    lower_edge_hertz: float = 125.0, upper_edge_hertz: float = 3800.0, dtype: str = "float32",
) -> np.ndarray:  # fmt: skip
    def mel(f: float) -> float:
        return 1127.0 * math.log(1 + f / 700.0)

    low, high = mel(lower_edge_hertz), mel(upper_edge_hertz)
    step = (high - low) / (num_mel_bins + 1)
    found = np.zeros((num_spectrogram_bins, num_mel_bins))
    for i in range(1, num_spectrogram_bins):
        m = mel(i * sample_rate / 2 / (num_spectrogram_bins - 1))
        for j in range(num_mel_bins):
            found[i, j] = max(0.0, 1 - abs(m - (low + (j + 1) * step)) / step)
    return found.astype(dtype)


def _mdct_matrix(half: int) -> np.ndarray:
    n, k = np.arange(2 * half)[:, None], np.arange(half)
    return np.cos(np.pi / half * (n + 0.5 + half / 2) * (k + 0.5))


def _mdct(
    x: np.ndarray, frame_length: int, window_fn: Any = "vorbis", pad_end: bool = False,
    norm: Any = None,
) -> np.ndarray:  # fmt: skip
    half = frame_length // 2
    window = np.sqrt(0.5) if window_fn is None else _vorbis(frame_length, "float64")
    scale = 2 if norm is None else math.sqrt(2 / half)
    frames = _frame(x, frame_length, half, pad_end) * window
    return (frames @ _mdct_matrix(half) * scale).astype(x.dtype)


def _inverse_mdct(y: np.ndarray, window_fn: Any = "vorbis", norm: Any = None) -> np.ndarray:
    half = y.shape[-1]
    window = np.sqrt(0.5) if window_fn is None else _vorbis(2 * half, "float64")
    scale = 1 / half if norm is None else math.sqrt(2 / half)
    return _overlap(y @ _mdct_matrix(half).T * scale * window, half).astype(y.dtype)


OPERATIONS = [
    _cosine_window("hann"),
    _cosine_window("hamming"),
    Operation(
        name="signal.kaiser_window", reference=_kaiser, absolute=1e-5, tolerance={"float32": 1e-5},
        cases=[case(5), case(4, beta=3.0), case(1), case(6, dtype=Dtype("float64"))],
    ),
    Operation(
        name="signal.kaiser_bessel_derived_window", reference=_derived, absolute=1e-5,
        tolerance={"float32": 1e-5, "float64": 1e-12},
        cases=[case(6), case(5), case(8, beta=4.0), case(4, dtype=Dtype("float64"))],
    ),
    Operation(
        name="signal.vorbis_window", reference=_vorbis, absolute=1e-5, tolerance={"float32": 1e-5},
        cases=[case(5), case(4), case(6, dtype=Dtype("float64"))],
    ),
    Operation(
        name="signal.frame", reference=_frame,
        cases=[
            case(normal(8), 3, 2), case(integers(2, 8), 3, 2, pad_end=True, pad_value=9),
            case(normal(5, 2, dtype=F8), 2, 1, axis=0), case(normal(3), 5, 2),
            case(normal(3), 5, 2, pad_end=True), case(normal(8), 2, 3, pad_end=True),
            case(complexes(6), 3, 3), case(normal(2, 6, 2), 4, 1, axis=1),
            case(strings("a", "b", "c"), 2, 1),
            case(strings("a", "b", "c"), 2, 2, pad_end=True, pad_value="z"),
        ],
        gradient=[
            case(normal(8, dtype=F8), 3, 2), case(normal(2, 5, dtype=F8), 3, 1, pad_end=True),
            case(normal(5, 2, dtype=F8), 2, 2, axis=0),
        ],
        errors=[
            error("InvalidArgumentError", normal(8), 3, 0, message="frame_step"),
            error("InvalidArgumentError", normal(8), -1, 3, message="frame_length"),
            error("ValueError", normal(), 2, 2, message="frame: .*rank 1"),
        ],
    ),
    Operation(
        name="signal.overlap_and_add", reference=_overlap,
        cases=[
            case(normal(2, 4), 2), case(integers(2, 3, 4), 4), case(normal(3, 4, dtype=F8), 3),
            case(normal(2, 4), 5), case(complexes(2, 3), 1),
        ],
        gradient=[case(normal(3, 4, dtype=F8), 2), case(normal(2, 2, 3, dtype=F8), 4)],
        errors=[
            error("ValueError", normal(8), 2, message="overlap_and_add: .*rank 2"),
            error("ValueError", normal(2, 4), [2], message="frame_step"),
        ],
    ),
    Operation(
        name="signal.stft", reference=_stft, tolerance=LOOSE,
        cases=[
            case(normal(9), 4, 2), case(normal(2, 9, dtype=F8), 3, 2), case(normal(9), 4, 2,
            fft_length=4, window_fn=None, pad_end=True), case(normal(9), 4, 3, fft_length=2),
            case(normal(9), 5, 1, fft_length=6),
        ],
        gradient=[case(normal(9, dtype=F8), 4, 2), case(normal(9, dtype=F8), 3, 2, pad_end=True)],
    ),
    Operation(
        name="signal.inverse_stft", reference=_inverse_stft, tolerance=LOOSE,
        cases=[
            case(complexes(3, 3), 4, 2), case(complexes(2, 3, 3, dtype=C16), 3, 2),
            case(complexes(3, 3), 4, 2, window_fn=None), case(complexes(3, 4), 5, 2, fft_length=6),
            case(complexes(3, 3), 6, 2, fft_length=4),
        ],
        gradient=[case(complexes(3, 3, dtype=C16), 4, 2), case(complexes(3, 3, dtype=C16), 3, 2)],
        errors=[error("ValueError", complexes(3), 4, 2, message="inverse_stft: .*rank 2")],
    ),
    Operation(
        name="signal.linear_to_mel_weight_matrix", reference=_mel_matrix, absolute=1e-4,
        tolerance={"float32": 1e-3},
        cases=[
            case(4, 9), case(), case(5, 17, 16000, 20.0, 8000.0),
            case(3, 9, dtype=Dtype("float64")),
        ],
        errors=[
            error("ValueError", 4, 9, upper_edge_hertz=9000.0, message="upper_edge_hertz"),
            error("ValueError", 0, 9, message="num_mel_bins"),
            error("ValueError", 4, 9, lower_edge_hertz=4000.0, message="lower_edge_hertz"),
            error("ValueError", 4, 9, lower_edge_hertz=-1.0, message="lower_edge_hertz"),
            error("ValueError", 4, 9, sample_rate=0, message="sample_rate"),
            error("ValueError", 4, 9, dtype=Dtype("int32"), message="dtype"),
        ],
    ),
    Operation(
        name="signal.mfccs_from_log_mel_spectrograms", tolerance=LOOSE,
        reference=lambda x: (scipy.fft.dct(x) / math.sqrt(2 * x.shape[-1])).astype(x.dtype),
        cases=[case(normal(8)), case(normal(2, 3, 5, dtype=F8))],
        gradient=[case(normal(2, 4, dtype=F8))],
        errors=[error("ValueError", normal(2, 0), message="mel bins")],
    ),
    Operation(
        name="signal.mdct", reference=_mdct, tolerance=LOOSE,
        cases=[
            case(normal(9), 4), case(normal(2, 9, dtype=F8), 8, pad_end=True),
            case(normal(9), 4, norm="ortho"), case(normal(9), 4, window_fn=None),
        ],
        gradient=[case(normal(9, dtype=F8), 4)],
        errors=[
            error("ValueError", normal(9), 6, message="multiple of 4"),
            error("ValueError", normal(9), 4, norm="x", message="norm"),
        ],
    ),
    Operation(
        name="signal.inverse_mdct", reference=_inverse_mdct, tolerance=LOOSE,
        cases=[
            case(normal(3, 2)), case(normal(2, 3, 4, dtype=F8)), case(normal(3, 2), norm="ortho"),
            case(normal(3, 4), window_fn=None),
        ],
        gradient=[case(normal(3, 2, dtype=F8))],
        unknown_shapes=False,  # its last size says how long frames are
    ),
]  # fmt: skip
