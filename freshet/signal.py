"""Signal processing: ``ft.signal``."""

from freshet.core import lazy as _lazy
from freshet.ops.signal.cosine import dct as dct
from freshet.ops.signal.cosine import idct as idct
from freshet.ops.signal.cosine import inverse_mdct as inverse_mdct
from freshet.ops.signal.cosine import mdct as mdct
from freshet.ops.signal.framing import frame as frame
from freshet.ops.signal.framing import overlap_and_add as overlap_and_add
from freshet.ops.signal.spectrogram import inverse_stft as inverse_stft
from freshet.ops.signal.spectrogram import inverse_stft_window_fn as inverse_stft_window_fn
from freshet.ops.signal.spectrogram import (
    linear_to_mel_weight_matrix as linear_to_mel_weight_matrix,
)
from freshet.ops.signal.spectrogram import (
    mfccs_from_log_mel_spectrograms as mfccs_from_log_mel_spectrograms,
)
from freshet.ops.signal.spectrogram import stft as stft
from freshet.ops.signal.transforms import fft as fft
from freshet.ops.signal.transforms import fft2d as fft2d
from freshet.ops.signal.transforms import fft3d as fft3d
from freshet.ops.signal.transforms import fftnd as fftnd
from freshet.ops.signal.transforms import fftshift as fftshift
from freshet.ops.signal.transforms import ifft as ifft
from freshet.ops.signal.transforms import ifft2d as ifft2d
from freshet.ops.signal.transforms import ifft3d as ifft3d
from freshet.ops.signal.transforms import ifftnd as ifftnd
from freshet.ops.signal.transforms import ifftshift as ifftshift
from freshet.ops.signal.transforms import irfft as irfft
from freshet.ops.signal.transforms import irfft2d as irfft2d
from freshet.ops.signal.transforms import irfft3d as irfft3d
from freshet.ops.signal.transforms import irfftnd as irfftnd
from freshet.ops.signal.transforms import rfft as rfft
from freshet.ops.signal.transforms import rfft2d as rfft2d
from freshet.ops.signal.transforms import rfft3d as rfft3d
from freshet.ops.signal.transforms import rfftnd as rfftnd
from freshet.ops.signal.windowing import hamming_window as hamming_window
from freshet.ops.signal.windowing import hann_window as hann_window
from freshet.ops.signal.windowing import (
    kaiser_bessel_derived_window as kaiser_bessel_derived_window,
)
from freshet.ops.signal.windowing import kaiser_window as kaiser_window
from freshet.ops.signal.windowing import vorbis_window as vorbis_window

_lazy.advise(__name__)
