"""A spectrogram of a WAV file: samples, short-time Fourier transform, mel scale, cepstrum.

The sound is a chirp, a tone that rises from 200 to 3000 hertz within a second, which the program
writes as a WAV file and reads again. Each line of the table is one frame: the time of its middle,
the frequency with the most energy, the mel bin with the most energy, and how loud the frame is.

Run ``python examples/core/spectrogram.py``; with ``--wav FILE`` for another sound (16-bit PCM), and
with ``--picture FILE`` to draw it. Exchange the import for ``import tensorflow as ft`` and the
program prints the same.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any

import freshet as ft

RATE = 8000
FRAME, STEP = 256, 128
MEL_BINS = 20


def chirp(low: float = 200.0, high: float = 3000.0, seconds: float = 1.0) -> Any:
    """Return the bytes of a WAV file with a tone whose frequency rises evenly."""
    count = int(seconds * RATE)
    time = ft.cast(ft.range(count), ft.float32) / RATE
    phase = 2.0 * math.pi * (low * time + (high - low) / (2.0 * seconds) * time * time)
    return ft.audio.encode_wav(ft.expand_dims(0.8 * ft.sin(phase), 1), RATE)


@ft.function
def spectra(samples: Any, mel_matrix: Any) -> Any:
    """Return the size of each frame's spectrum, its mel spectrum and its cepstral coefficients."""
    sizes = ft.abs(ft.signal.stft(samples, FRAME, STEP))
    mel = ft.matmul(sizes, mel_matrix)
    cepstrum = ft.signal.mfccs_from_log_mel_spectrograms(ft.math.log(mel + 1e-6))
    return sizes, mel, cepstrum[:, :13]


def draw(mel: Any, rate: int, file: str) -> None:
    """Write a picture of a mel spectrogram."""
    from matplotlib.figure import Figure  # noqa: PLC0415 (only who asks for a picture needs it)

    figure = Figure(figsize=(8, 4), layout="constrained")
    axes = figure.subplots()
    seconds = (mel.shape[0] - 1) * STEP / rate
    decibels = 20.0 / math.log(10.0) * ft.math.log(mel + 1e-6)
    image = axes.imshow(
        ft.transpose(decibels).numpy(), origin="lower", aspect="auto",
        extent=(0.0, seconds, 0, mel.shape[1]),
    )  # fmt: skip
    axes.set(xlabel="seconds", ylabel="mel bin")
    figure.colorbar(image, label="decibels")
    figure.savefig(file)


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wav", help="a 16-bit WAV file instead of the chirp")
    parser.add_argument("--picture", help="where to write a picture of the mel spectrogram")
    options = parser.parse_args(arguments)

    contents = Path(options.wav).read_bytes() if options.wav else chirp()
    audio, sample_rate = ft.audio.decode_wav(contents, desired_channels=1)
    rate = int(sample_rate)
    mel_matrix = ft.signal.linear_to_mel_weight_matrix(
        MEL_BINS, FRAME // 2 + 1, rate, 100.0, min(3800.0, rate / 2)
    )
    sizes, mel, cepstrum = spectra(audio[:, 0], mel_matrix)

    print(f"{audio.shape[0]} samples at {rate} hertz, {sizes.shape[0]} frames of {FRAME}")
    print("seconds  hertz  mel bin  loudness  first cepstral coefficient")
    strongest = ft.argmax(sizes, axis=-1).numpy()
    strongest_mel = ft.argmax(mel, axis=-1).numpy()
    loudness = ft.sqrt(ft.reduce_mean(ft.square(sizes), axis=-1)).numpy()
    for frame in range(0, sizes.shape[0], max(1, sizes.shape[0] // 10)):
        middle = (frame * STEP + FRAME / 2) / rate
        hertz = strongest[frame] * rate / FRAME
        print(
            f"{middle:7.3f}  {hertz:5.0f}  {strongest_mel[frame]:7d}  {loudness[frame]:8.2f}"
            f"  {cepstrum.numpy()[frame, 1]:26.2f}"
        )
    if options.picture:
        draw(mel, rate, options.picture)
        print(f"picture: {options.picture}")


if __name__ == "__main__":
    main()
