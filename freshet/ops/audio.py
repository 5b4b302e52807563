"""WAV files: 16-bit PCM to floating-point samples and back."""

from __future__ import annotations

import struct
from typing import Any, Final, NamedTuple

import numpy as np

from freshet.core import dtypes
from freshet.core.errors import DTypeError, InvalidArgumentError
from freshet.core.shapes import TensorType
from freshet.core.tensor import Array, Tensor
from freshet.ops.conversion import convert_to_tensor
from freshet.ops.math import TensorLike
from freshet.ops.nest import Host
from freshet.ops.primitive import NoGradient, Primitive
from freshet.ops.sizes import static_integer

_FULL: Final = 32768.0
"""The sample that stands for 1.0."""
_HOST: Final = Host("it reads and writes bytes")
_NONE: Final = NoGradient("bytes do not vary smoothly")


# --- decoding -------------------------------------------------------------------------------------


class _Format(NamedTuple):
    """What the ``fmt`` chunk says, as far as it is used."""

    channels: int
    rate: int


def _refuse(why: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"decode_wav: {why}")


def _part(contents: bytes, start: int, size: int, what: str) -> bytes:
    if start + size > len(contents):
        raise _refuse(
            f"the file ends within {what}: {size} bytes expected at byte {start}, "
            f"{max(len(contents) - start, 0)} are there"
        )
    return contents[start : start + size]


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise _refuse(f"the fmt chunk has {len(chunk)} bytes, 16 are needed")
    code, channels, rate, per_second, per_frame, bits = struct.unpack("<HHIIHH", chunk[:16])
    if code != 1:
        raise _refuse(f"only PCM, format 1, can be read; this is format {code}")
    if channels < 1:
        raise _refuse("there must be at least one channel, the header says 0")
    if bits != 16:
        raise _refuse(f"only 16-bit samples can be read; these have {bits} bits")
    if per_frame != 2 * channels:
        raise _refuse(f"{channels} channels need {2 * channels} bytes a frame, not {per_frame}")
    if per_second != per_frame * rate:
        raise _refuse(
            f"{rate} frames of {per_frame} bytes a second are {per_frame * rate} bytes, the header "
            f"says {per_second}"
        )
    return _Format(channels, rate)


def _samples(contents: bytes) -> tuple[Array, int]:
    """Return int16[frames, channels] and the sample rate."""
    head = _part(contents, 0, 12, "the header")
    for at, expected in ((0, b"RIFF"), (8, b"WAVE")):
        if head[at : at + 4] != expected:
            raise _refuse(f"expected {expected!r} at byte {at}, found {head[at : at + 4]!r}")
    start, kind, samples = 12, None, None
    while start < len(contents):
        name = _part(contents, start, 4, "the name of a chunk")
        (size,) = struct.unpack("<I", _part(contents, start + 4, 4, "the size of a chunk"))
        body = _part(contents, start + 8, size, f"the chunk {name!r}")
        if name == b"fmt ":
            kind = _format(body)
        elif name == b"data":
            if kind is None:
                raise _refuse("the samples come before the fmt chunk that says what they are")
            frames = len(body) // (2 * kind.channels)
            whole = np.frombuffer(body[: frames * 2 * kind.channels], "<i2")
            samples = whole.reshape(frames, kind.channels)
        start += 8 + size + size % 2
    if kind is None or samples is None:
        raise _refuse("there is no chunk of samples")
    return samples, kind.rate


def _decode_infer(
    contents: TensorType, channels: int, samples: int
) -> tuple[TensorType, TensorType]:
    if contents.dtype.kind != "string" or contents.rank:
        raise _refuse(f"expected one string, the contents of a file; received {contents}")
    shape = (None if samples < 0 else samples, None if channels < 0 else channels)
    return TensorType(dtypes.float32, shape), TensorType(dtypes.int32, ())


def _decode_reference(contents: Array, channels: int, samples: int) -> tuple[Array, Array]:
    found, rate = _samples(contents.item())
    audio = found.astype(np.float32) / np.float32(_FULL)
    if channels >= 0:
        # Channels that are not there sound like the last one.
        audio = audio[:, np.minimum(np.arange(channels), found.shape[1] - 1)]
    if samples >= 0:
        rest = max(samples - len(audio), 0)
        audio = np.pad(audio[:samples], ((0, rest), (0, 0)))
    return audio, np.asarray(rate, np.uint32).astype(np.int32)


decode_wav_p: Primitive = Primitive(
    name="decode_wav", infer=_decode_infer, reference=_decode_reference, gradient=_NONE,
    lower=_HOST,
)  # fmt: skip


class DecodeWav(NamedTuple):
    """Samples and how many there are in a second."""

    audio: Tensor
    sample_rate: Tensor


def decode_wav(
    contents: TensorLike, desired_channels: int = -1, desired_samples: int = -1,
    name: str | None = None,
) -> DecodeWav:  # fmt: skip
    """Return the samples of a WAV file with 16-bit PCM.

    Args:
        contents: One string, the bytes of the file.
        desired_channels: How many channels to return: the first ones, or the last one repeated. By
            default those of the file.
        desired_samples: How many samples a channel to return: the first ones, or zeros after. By
            default those of the file.
        name: Ignored.

    Returns:
        A named tuple ``(audio, sample_rate)``: float32 ``[samples, channels]`` in ``[-1, 1)``, and
        an int32.

    Raises:
        InvalidArgumentError: The file is damaged or holds something else than 16-bit PCM.

    Example:
        >>> audio, rate = decode_wav(encode_wav([[0.5], [-1.0]], 8000))
        >>> audio.numpy().tolist(), int(rate)
        ([[0.5], [-1.0]], 8000)
    """
    params = {
        "channels": static_integer("decode_wav", "desired_channels", desired_channels),
        "samples": static_integer("decode_wav", "desired_samples", desired_samples),
    }
    return DecodeWav(*decode_wav_p.apply((convert_to_tensor(contents),), params))


# --- encoding -------------------------------------------------------------------------------------


def _encode_infer(audio: TensorType, rate: TensorType) -> TensorType:
    if audio.dtype != dtypes.float32 or rate.dtype != dtypes.int32:
        raise DTypeError(
            f"encode_wav: expected float32 samples and an int32 rate, received {audio} and {rate}"
        )
    if audio.rank != 2 or rate.rank:
        raise InvalidArgumentError(
            f"encode_wav: expected samples[samples, channels] and one rate, received {audio} and "
            f"{rate}"
        )
    return TensorType(dtypes.string, ())


def _encode_reference(audio: Array, rate: Array) -> Array:
    channels = audio.shape[1]
    per_second = int(rate)
    if per_second <= 0 or not 0 < channels < 1 << 16:
        raise InvalidArgumentError(
            f"encode_wav: expected a positive rate and from 1 to 65535 channels, received "
            f"{per_second} and {channels}"
        )
    wide = audio.astype(np.float64) * _FULL
    # Halves are rounded away from 0, and NaN is silence.
    rounded = np.sign(wide) * np.floor(np.abs(wide) + 0.5)
    data = np.nan_to_num(np.clip(rounded, -_FULL, _FULL - 1)).astype("<i2").tobytes()
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, channels,
        per_second, per_second * 2 * channels, 2 * channels, 16, b"data", len(data),
    )  # fmt: skip
    found = np.empty((), object)
    found[()] = head + data
    return found


encode_wav_p: Primitive = Primitive(
    name="encode_wav", infer=_encode_infer, reference=_encode_reference, gradient=_NONE,
    lower=_HOST,
)  # fmt: skip


def encode_wav(audio: TensorLike, sample_rate: Any, name: str | None = None) -> Tensor:
    """Return the bytes of a WAV file with 16-bit PCM.

    Args:
        audio: float32 ``[samples, channels]``; what is outside ``[-1, 1)`` is clipped.
        sample_rate: Samples in a second, an int32.
        name: Ignored.

    Returns:
        One string.

    Raises:
        InvalidArgumentError: The samples are no matrix, have no channels, or the rate is not
            positive.

    Example:
        >>> len(encode_wav([[0.5], [-1.0]], 8000).numpy())
        48
    """
    x = convert_to_tensor(audio, dtype_hint=dtypes.float32)
    rate = convert_to_tensor(sample_rate, dtype_hint=dtypes.int32)
    return encode_wav_p(x, rate)
