"""Speech and other signals: a denoiser of waveforms, their frames, and windows."""

from ..corruption import ColoredNoise, RecordedNoise
from ._spectrogram_denoiser import SpectrogramDenoiser
from ._stft import ShortTimeFourierTransformer
from ._windows import SlidingWindows

__all__ = [
    "ColoredNoise",
    "RecordedNoise",
    "ShortTimeFourierTransformer",
    "SlidingWindows",
    "SpectrogramDenoiser",
]
