"""Cosine transforms, and the modified one of overlapping frames."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from freshet.core.errors import DTypeError, InvalidArgumentError, UnimplementedError
from freshet.core.tensor import Array, Tensor
from freshet.ops import array as a
from freshet.ops import math as m
from freshet.ops import shaping
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import Primitive
from freshet.ops.signal.fourier import crop_or_pad
from freshet.ops.signal.framing import frame, overlap_and_add, scalar_integer
from freshet.ops.signal.windowing import vorbis_window

# --- the primitive --------------------------------------------------------------------------------


def _first_dct(x: Array) -> Array:
    mirrored = np.concatenate([x, x[..., -2:0:-1]], axis=-1)
    return np.fft.rfft(mirrored).real


def _second_dct(x: Array) -> Array:
    n = x.shape[-1]
    turn = 2 * np.exp(-1j * np.pi * np.arange(n) / (2 * n))
    return (np.fft.fft(x, 2 * n)[..., :n] * turn).real


def _third_dct(x: Array) -> Array:
    n = x.shape[-1]
    turn = 2 * np.exp(1j * np.pi * np.arange(n) / (2 * n))
    turn[:1] = 1
    return (np.fft.ifft(x * turn, 2 * n)[..., :n] * (2 * n)).real


def _fourth_dct(x: Array) -> Array:
    n = x.shape[-1]
    before = np.exp(-1j * np.pi * np.arange(n) / (2 * n))
    after = 2 * np.exp(-1j * np.pi * (np.arange(n) + 0.5) / (2 * n))
    return (np.fft.fft(x * before, 2 * n)[..., :n] * after).real


def _ends(n: int, first: float, last: float = 1.0) -> Array:
    weights = np.ones(n)
    weights[-1:] = last
    weights[:1] = first
    return weights


def _transposed(x: Array, type: int) -> Array:
    """Multiply by the transpose of the matrix of a transform."""
    n = x.shape[-1]
    if type == 1:
        return _first_dct(x * _ends(n, 2, 2)) * _ends(n, 0.5, 0.5)
    if type == 2:
        return _third_dct(x * _ends(n, 2))
    if type == 3:
        return _second_dct(x) * _ends(n, 0.5)
    return _fourth_dct(x)


_TRANSFORMS: Final = {1: _first_dct, 2: _second_dct, 3: _third_dct, 4: _fourth_dct}


def _reference(x: Array, type: int, ortho: bool, transposed: bool) -> Array:
    n = x.shape[-1]
    wide = x.astype(np.float64)
    if not n:
        return wide
    if ortho and transposed:
        type, transposed = {2: 3, 3: 2, 4: 4}[type], False
    scale = np.sqrt(0.5 / n)
    if ortho and type == 3:
        wide = wide * scale * _ends(n, np.sqrt(2.0))
    found = _transposed(wide, type) if transposed else _TRANSFORMS[type](wide)
    if ortho and type == 2:
        return found * scale * _ends(n, np.sqrt(0.5))
    return found * scale if ortho and type == 4 else found


def _gradient(call: Any, grad: Tensor) -> Tensor:
    p = call.params
    return dct_p(grad, type=p["type"], ortho=p["ortho"], transposed=not p["transposed"])


dct_p: Primitive = Primitive(
    name="dct", infer=lambda x, type, ortho, transposed: x, reference=_reference,
    gradient=(_gradient,), lower=Host("a fast Fourier transform is no loop nest"),
)  # fmt: skip


# --- cosine transforms ----------------------------------------------------------------------------


def dct(
    input: TensorLike, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the discrete cosine transform along the last dimension.

    Type 1: ``y[k] = x[0] + (-1)**k x[N-1] + 2 sum over 0 < i < N-1 of x[i] cos(pi i k / (N-1))``

    Type 2: ``y[k] = 2 sum of x[i] cos(pi k (2i + 1) / 2N)``

    Type 3: ``y[k] = x[0] + 2 sum over i > 0 of x[i] cos(pi i (2k + 1) / 2N)``

    Type 4: ``y[k] = 2 sum of x[i] cos(pi (2i + 1) (2k + 1) / 4N)``

    Args:
        input: float32 or float64 ``[..., N]``.
        type: 1, 2, 3 or 4.
        n: The operand is cut, or zeros are put after it, to be as long; by default N.
        axis: Only -1.
        norm: "ortho" scales types 2 to 4 so that they keep the sum of squares; None does not.
        name: Ignored.

    Returns:
        A tensor of the dtype and, without `n`, the shape of the operand.

    Raises:
        InvalidArgumentError: An argument is none of these, or type 1 gets a single element.
        DTypeError: The operand has another dtype.

    Example:
        >>> dct([1.0, 1.0]).numpy().round(4).tolist()
        [4.0, 0.0]
    """
    kind, ortho = int(type), _is_ortho(norm)
    if kind not in _TRANSFORMS:
        raise InvalidArgumentError(f"dct: type must be 1, 2, 3 or 4, received {type!r}")
    if axis != -1:
        raise UnimplementedError(f"dct: axis must be -1, received {axis}; use ft.transpose before")
    if kind == 1 and ortho:
        raise InvalidArgumentError("dct: norm='ortho' is not defined for type 1")
    x = convert_to_tensor(input)
    if x.dtype.name not in {"float32", "float64"} or not x.ndim:
        raise DTypeError(f"dct: expected float32 or float64 of rank 1 or more, received {x._type}")
    if n is not None:
        x = crop_or_pad(x, {x.ndim - 1: scalar_integer("dct", "n", n, 1)})
    if kind == 1 and x.shape[-1] in {0, 1}:
        raise InvalidArgumentError(f"dct: type 1 needs two elements or more, received {x._type}")
    return dct_p(x, type=kind, ortho=ortho, transposed=False)


def _is_ortho(norm: Any) -> bool:
    if norm not in {None, "ortho"}:
        raise InvalidArgumentError(f"dct: norm must be None or 'ortho', received {norm!r}")
    return norm == "ortho"


def idct(
    input: TensorLike, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the inverse of `dct`; without `norm`, times ``2N`` (``2(N - 1)`` for type 1).

    The inverse of type 2 is type 3 and the reverse; types 1 and 4 are their own.

    Args:
        input: As for `dct`.
        type: The type of the transform that is inverted.
        n: As for `dct`.
        axis: Only -1.
        norm: As for `dct`.
        name: Ignored.

    Raises:
        InvalidArgumentError: As for `dct`.

    Example:
        >>> idct(dct([1.0, 2.0], norm="ortho"), norm="ortho").numpy().round(4).tolist()
        [1.0, 2.0]
    """
    if type not in _TRANSFORMS:
        raise InvalidArgumentError(f"idct: type must be 1, 2, 3 or 4, received {type!r}")
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}[type], n, axis, norm)


# --- modified cosine transform --------------------------------------------------------------------


def _weights(window_fn: Any, length: int, x: Tensor) -> Tensor | float:
    """Return the window, or the constant that takes its place without one."""
    return float(np.sqrt(0.5)) if window_fn is None else window_fn(length, dtype=x.dtype)


def _quarter(x: Tensor, number: int, length: int) -> Tensor:
    start = number * length
    spec = (*((None, None, None),) * (x.ndim - 1), (start, start + length, None))
    return a.slice_p(x, spec=spec)


def _mirrored(x: Tensor) -> Tensor:
    return a.reverse_p(x, axes=(x.ndim - 1,))


def mdct(
    signals: TensorLike, frame_length: Any, window_fn: Any = vorbis_window, pad_end: bool = False,
    norm: str | None = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the modified discrete cosine transform of frames that overlap by half (Princen 1987).

    ``y[..., f, k] = 2 sum over n of w[n] x[f N + n] cos(pi / N (n + 1/2 + N/2) (k + 1/2))``, with
    ``N = frame_length / 2``; with `norm`, times ``1 / sqrt(2N)``.

    Args:
        signals: float32 or float64 ``[..., samples]``.
        frame_length: Samples of a frame, a multiple of 4.
        window_fn: Returns the window for ``(length, dtype=...)``, such as `vorbis_window`; None
            weights all samples alike.
        pad_end: Whether frames that reach over the end are transformed as well.
        norm: None or "ortho".
        name: Ignored.

    Returns:
        ``[..., frames, frame_length // 2]``.

    Raises:
        InvalidArgumentError: The length is no multiple of 4.

    Example:
        >>> mdct([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 4).shape
        TensorShape([2, 2])
    """
    length = scalar_integer("mdct", "frame_length", frame_length, 1)
    if length % 4:
        raise InvalidArgumentError(f"mdct: frame_length must be a multiple of 4, got {length}")
    x = convert_to_tensor(signals)
    frames = frame(x, length, length // 2, pad_end=pad_end)
    frames = frames * _weights(window_fn, length, x)
    first, second, third, fourth = (_quarter(frames, i, length // 4) for i in range(4))
    folded = shaping.concat([-_mirrored(third) - fourth, first - _mirrored(second)], -1)
    return dct(folded, type=4, norm=norm)


def inverse_mdct(
    mdcts: TensorLike, window_fn: Any = vorbis_window, norm: str | None = None,
    name: str | None = None,
) -> Tensor:  # fmt: skip
    """Return the signals of which `mdct` returns the operand, but for half a frame at either end.

    Args:
        mdcts: float32 or float64 ``[..., frames, frame_length // 2]``, its last size known.
        window_fn: The one that `mdct` was given.
        norm: The one that `mdct` was given.
        name: Ignored.

    Returns:
        ``[..., (frames + 1) * frame_length // 2]``.

    Raises:
        InvalidArgumentError: The rank is below 2.

    Example:
        >>> y = mdct([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 4)
        >>> inverse_mdct(y).numpy()[2:4].round(3).tolist()
        [3.0, 4.0]
    """
    y = convert_to_tensor(mdcts)
    if y.ndim < 2:
        raise InvalidArgumentError(f"inverse_mdct: expected rank 2 or more, received {y._type}")
    half = y.shape[-1]
    if half is None:
        raise UnimplementedError(
            f"inverse_mdct: the last size of {y._type} must be known when a function is traced"
        )
    folded = dct(y, type=4, norm=norm)
    if norm is None:
        folded = folded * (0.5 / half)
    first, second = _quarter(folded, 0, half // 2), _quarter(folded, 1, half // 2)
    parts = [second, -_mirrored(second), -_mirrored(first), -first]
    frames = m.multiply(shaping.concat(parts, -1), _weights(window_fn, 2 * half, y))
    return overlap_and_add(frames, half)
