"""Short-time Fourier transforms of one waveform, and the track of its level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.signal import get_window

from ..backend.serialization import serializable

__all__ = ["ShortTimeFourier", "samples_of"]


def samples_of(seconds, sampling_rate, name, owner):
    """Return a time in samples.

    Parameters
    ----------
    seconds : float
        The time.

    sampling_rate : float
        In Hz.

    name, owner : str
        The parameter of the time, and the class that has it, for errors.

    Returns
    -------
    n_samples : int
        At least one.

    Raises
    ------
    ValueError
        If the time is too short, or too long to be counted.
    """
    n_samples = seconds * sampling_rate
    if not 0.5 <= n_samples <= 2**24:
        raise ValueError(
            f"{name} of {owner}, in seconds, must make at least one sample and at most "
            f"{2**24} at sampling_rate={sampling_rate:g} Hz, got {seconds:g}, which "
            f"makes {n_samples:g}."
        )
    return round(n_samples)


@serializable
@dataclass
class ShortTimeFourier:
    """The transform of waveforms to frames, by ``torch.stft``, and its exact inverse.

    Parameters
    ----------
    length : int
        Samples of a frame; even.

    hop : int
        Samples from one frame to the next; at most half the length.

    window : str or tuple, default="cosine"
        A window by its name in :func:`scipy.signal.get_window`.
    """

    length: int
    hop: int
    window: str | tuple = "cosine"

    @classmethod
    def of(cls, estimator):
        """Return the transform that the parameters of an estimator describe."""
        owner, rate = type(estimator).__name__, estimator.sampling_rate
        length = samples_of(estimator.window_duration, rate, "window_duration", owner)
        # Even, so that there is a sample in the middle.
        length += length % 2
        hop = samples_of(estimator.hop_duration, rate, "hop_duration", owner)
        if hop > length // 2:
            raise ValueError(
                f"hop_duration of {owner} must be at most half of window_duration, so "
                f"that frames overlap, got {hop} samples and {length} at "
                f"sampling_rate={rate:g} Hz."
            )
        window = getattr(estimator, "window", "cosine")
        made = cls(length, hop, window)
        try:
            made.weights()
        except (ValueError, TypeError) as error:
            raise ValueError(
                f"window of {owner} must be one that scipy.signal.get_window makes "
                f"without parameters, or with them in a tuple, got {window!r}: {error}."
            ) from None
        return made

    @property
    def n_bins(self):
        """Number of frequencies."""
        return self.length // 2 + 1

    def n_frames(self, n_samples):
        """Return the number of frames of a waveform."""
        return -(-n_samples // self.hop) + 1

    def weights(self):
        """Return the window; Tensor of shape (length,), dtype float64."""
        return torch.from_numpy(np.asarray(get_window(self.window, self.length)))

    def forward(self, x):
        """Return the frames of waveforms.

        Parameters
        ----------
        x : ndarray of shape (..., n_samples), dtype float64
            The waveforms. Frames are centred on every multiple of `hop`, the last
            on the last sample or beyond, with zeros around.

        Returns
        -------
        frames : Tensor of shape (..., n_frames, n_bins), dtype complex128
            The frames.
        """
        x = torch.from_numpy(np.ascontiguousarray(x))
        lead, n_samples = x.shape[:-1], x.shape[-1]
        x = F.pad(x.reshape(-1, n_samples), (0, -n_samples % self.hop))
        frames = torch.stft(
            x,
            self.length,
            self.hop,
            window=self.weights(),
            center=True,
            pad_mode="constant",
            return_complex=True,
        )
        return frames.mT.reshape(*lead, -1, self.n_bins)

    def inverse(self, frames, n_samples=None):
        """Return the waveforms of frames.

        Parameters
        ----------
        frames : Tensor of shape (..., n_frames, n_bins), dtype complex128
            The frames.

        n_samples : int, default=None
            Length of the waveforms; None is up to the centre of the last frame.

        Returns
        -------
        x : ndarray of shape (..., n_samples), dtype float64
            The waveforms.
        """
        lead, (n_frames, n_bins) = frames.shape[:-2], frames.shape[-2:]
        if n_samples is None:
            n_samples = (n_frames - 1) * self.hop
        x = torch.istft(
            frames.reshape(-1, n_frames, n_bins).mT,
            self.length,
            self.hop,
            window=self.weights(),
            center=True,
            length=max(n_samples, 1),
        )
        return x[:, :n_samples].reshape(*lead, n_samples).numpy()
