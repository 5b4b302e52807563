"""WAV files."""

from __future__ import annotations

import io
import struct
import wave
from typing import Any

import numpy as np

from database.record import Operation, case, error, normal, strings, uniform


def wav(samples: Any, rate: int = 8000) -> bytes:
    """Return the bytes of a 16-bit WAV file of int16[frames, channels]."""
    array = np.asarray(samples, "<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(array.shape[1])
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(array.tobytes())
    return file.getvalue()


def _text(value: bytes) -> np.ndarray:
    return strings(value).reshape(())


def _decode(contents: np.ndarray, desired_channels: int = -1, desired_samples: int = -1) -> Any:
    data = contents.item()
    with wave.open(io.BytesIO(data)) as reader:
        raw = reader.readframes(reader.getnframes())
        channels, rate = reader.getnchannels(), reader.getframerate()
    audio = np.frombuffer(raw, "<i2").reshape(-1, channels).astype(np.float32) / 32768
    if desired_channels >= 0:
        audio = np.stack(
            [audio[:, min(c, channels - 1)] for c in range(desired_channels)]
            or [np.zeros((len(audio), 0), np.float32)], axis=-1,
        ).reshape(len(audio), desired_channels)  # fmt: skip
    if desired_samples >= 0:
        longer = np.concatenate([audio, np.zeros((desired_samples, audio.shape[1]), np.float32)])
        audio = longer[:desired_samples]
    return audio, np.int32(rate)


def _encode(audio: np.ndarray, sample_rate: Any) -> np.ndarray:
    values = []
    for x in audio.reshape(-1).astype(float):
        scaled = 0.0 if np.isnan(x) else x * 32768
        whole = int(abs(scaled) + 0.5) * (1 if scaled > 0 else -1)
        values.append(min(max(whole, -32768), 32767))
    return _text(wav(np.reshape(values, audio.shape), int(sample_rate)))


_STEREO = wav([[0, 16384], [-32768, 32767], [32767, -1]])
_MONO = wav([[8192], [-8192]], 16000)
_LIST = (
    _STEREO[:4]
    + struct.pack("<I", len(_STEREO) + 2)
    + _STEREO[8:36]
    + b"LIST"
    + struct.pack("<I", 2)
    + b"ab"
    + _STEREO[36:]
)


def _damaged(start: int, new: bytes) -> np.ndarray:
    return _text(_STEREO[:start] + new + _STEREO[start + len(new) :])


OPERATIONS = [
    Operation(
        name="audio.decode_wav", reference=_decode,
        cases=[
            case(_text(_STEREO)), case(_text(_MONO)), case(_text(_STEREO), desired_channels=1),
            case(_text(_STEREO), desired_channels=3), case(_text(_MONO), desired_channels=2),
            case(_text(_STEREO), desired_samples=2), case(_text(_STEREO), desired_samples=5),
            case(_text(_LIST)), case(_text(wav(np.zeros((0, 1))))),
        ],
        errors=[
            *(
                error("InvalidArgumentError", _text(_STEREO[:cut]), message="decode_wav: ")
                for cut in (0, 10, 20, 36, 43, 46, len(_STEREO) - 1)
            ),
            error("InvalidArgumentError", _text(_STEREO + b"xx"), message="ends within"),
            error("InvalidArgumentError", _damaged(0, b"XXXX"), message="RIFF"),
            error("InvalidArgumentError", _damaged(8, b"XXXX"), message="WAVE"),
            error("InvalidArgumentError", _damaged(20, b"\x03"), message="format 3"),
            error("InvalidArgumentError", _damaged(22, b"\x00"), message="channel"),
            error("InvalidArgumentError", _damaged(24, b"\x00\x00"), message="a second"),
            error("InvalidArgumentError", _damaged(32, b"\x03"), message="bytes a frame"),
            error("InvalidArgumentError", _damaged(34, b"\x08"), message="8 bits"),
            error("InvalidArgumentError", _damaged(36, b"LIST"), message="no chunk of samples"),
            error("InvalidArgumentError", _damaged(40, b"\xff\xff\xff\x7f"), message="ends within"),
            error("InvalidArgumentError", strings(_STEREO), message="one string"),
        ],
    ),
    Operation(
        name="audio.encode_wav", reference=_encode,
        cases=[
            case(uniform(5, 2, low=-1.2, high=1.2), np.int32(8000)), case(normal(3, 1), 44100),
            case(np.zeros((0, 1), np.float32), 8000),
            case(np.float32([[np.nan], [2], [-2], [0.5 / 32768], [-1.5 / 32768]]), 8000),
        ],
        no_gradient="bytes do not vary smoothly",
        errors=[
            error("InvalidArgumentError", normal(8), 8000, message="encode_wav: .*f32.8."),
            error("InvalidArgumentError", normal(8, 1), 0, message="positive rate"),
            error("InvalidArgumentError", np.zeros((2, 0), np.float32), 8000, message="channels"),
        ],
    ),
]  # fmt: skip
