"""The spectrogram follows the chirp, in the numbers that TensorFlow 2.21 prints as well."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import freshet as ft

FILE = Path(__file__).parents[2] / "examples" / "core" / "spectrogram.py"
TENSORFLOW = """\
8000 samples at 8000 hertz, 61 frames of 256
seconds  hertz  mel bin  loudness  first cepstral coefficient
  0.016    250        1      5.52                       14.13
  0.112    500        4      5.52                       13.03
  0.208    781        6      5.52                        6.80
  0.304   1062        9      5.52                        1.76
  0.400   1312       10      5.52                       -2.86
  0.496   1594       12      5.52                       -5.19
  0.592   1844       13      5.52                       -7.74
  0.688   2125       14      5.52                       -6.94
  0.784   2406       15      5.52                       -8.65
  0.880   2656       16      5.52                       -7.97
  0.976   2938       17      5.52                       -8.02
"""


@pytest.fixture
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("spectrogram", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _numbers(text: str) -> list[list[float]]:
    return [[float(word) for word in line.split()] for line in text.splitlines()[2:]]


def test_it_prints_what_tensorflow_prints(
    program: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    program.main([])
    printed = capsys.readouterr().out
    assert printed.splitlines()[:2] == TENSORFLOW.splitlines()[:2]
    np.testing.assert_allclose(_numbers(printed), _numbers(TENSORFLOW), atol=0.011)


def test_the_frequency_rises_as_the_chirp_does(program: ModuleType) -> None:
    audio, rate = ft.audio.decode_wav(program.chirp())
    matrix = ft.signal.linear_to_mel_weight_matrix(20, 129, int(rate), 100.0, 3800.0)
    sizes, mel, cepstrum = program.spectra(audio[:, 0], matrix)
    assert sizes.shape == [61, 129]
    assert mel.shape == [61, 20]
    assert cepstrum.shape == [61, 13]
    seconds = (np.arange(61) * 128 + 128) / 8000
    hertz = np.argmax(sizes.numpy(), axis=-1) * 8000 / 256
    np.testing.assert_allclose(hertz, 200 + 2800 * seconds, atol=50)


def test_it_reads_a_file_and_draws(program: ModuleType, tmp_path: Path) -> None:
    wav, picture = tmp_path / "sound.wav", tmp_path / "sound.png"
    wav.write_bytes(program.chirp(low=500.0, high=600.0, seconds=0.2).numpy())
    program.main(["--wav", str(wav), "--picture", str(picture)])
    assert picture.read_bytes().startswith(b"\x89PNG")
