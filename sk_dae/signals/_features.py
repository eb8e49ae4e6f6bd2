"""Features of spectrogram frames for an autoencoder, and the masks it answers with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from ..backend.serialization import serializable

__all__ = ["FrameFeatures", "mean_over_windows", "windows_of"]

#: Added to magnitudes, relative to the level around a frame, before the logarithm.
LEAST_MAGNITUDE = 0.03

#: The level of a frame that counts as silence; far below any that float32 resolves
#: beside an amplitude of one.
SILENCE = 1e-12


@serializable
@dataclass
class FrameFeatures:
    r"""Log-magnitudes of frames relative to the level around them, standardised.

    .. math:: x_{tk} = \left(\log\left(\frac{|Y_{tk}|}{L_t} + \epsilon\right)
              - \mu_k\right) / \sigma_k, \qquad
              L_t^2 = \frac{1}{2 c + 1} \sum_{|s - t| \le c}
              \frac{1}{K} \sum_k |Y_{sk}|^2

    Nothing in it depends on more than the frames within the context of one, so that a
    recording can be read in blocks.

    Parameters
    ----------
    n_context : int
        Frames :math:`c` of context on either side.

    mean, std : ndarray of shape (n_bins,), dtype float32, default=None
        Mean and standard deviation of each frequency.
    """

    n_context: int
    mean: np.ndarray | None = None
    std: np.ndarray | None = None

    def relative(self, frames):
        """Return the magnitudes of frames relative to the level around each.

        Parameters
        ----------
        frames : Tensor of shape (..., n_frames, n_bins), complex
            The frames.

        Returns
        -------
        magnitudes : Tensor of shape (..., n_frames, n_bins), dtype float32
            The magnitudes.
        """
        magnitudes = frames.abs()
        power = magnitudes.square().mean(dim=-1)
        lead, n_frames = power.shape[:-1], power.shape[-1]
        power = F.avg_pool1d(
            power.reshape(-1, 1, n_frames),
            2 * self.n_context + 1,
            stride=1,
            padding=self.n_context,
        ).reshape(*lead, n_frames, 1)
        return (magnitudes / (power + SILENCE**2).sqrt_()).float()

    def of(self, frames):
        """Return the features of frames.

        Parameters
        ----------
        frames : Tensor of shape (..., n_frames, n_bins), complex
            The frames.

        Returns
        -------
        features : Tensor of shape (..., n_frames, n_bins), dtype float32
            Their features.
        """
        return self._standardised(_logarithm(self.relative(frames)))

    def _standardised(self, x):
        return (x - torch.from_numpy(self.mean)) / torch.from_numpy(self.std)

    @property
    def of_silence(self):
        """The features of a frame of zeros; Tensor of shape (n_bins,)."""
        return self._standardised(_logarithm(torch.zeros(len(self.mean))))

    def fit(self, frames):
        """Learn the mean and the standard deviation of each frequency."""
        features = _logarithm(self.relative(frames)).reshape(-1, frames.shape[-1])
        self.mean = features.mean(dim=0).numpy()
        self.std = features.std(dim=0, correction=0).clamp_min(0.01).numpy()
        return self


def _logarithm(magnitudes):
    return magnitudes.add(LEAST_MAGNITUDE).log_()


def windows_of(frames, n_context, fill):
    """Return each frame with its context as a row, without a copy of the frames.

    Parameters
    ----------
    frames : Tensor of shape (n_waveforms, n_frames, n_bins), dtype float32
        Frames of waveforms of one length.

    n_context : int
        Frames of context on either side.

    fill : Tensor of shape (n_bins,) or float
        The features that stand for frames before the first and after the last. Between
        waveforms they stand `n_context` times, and there are rows centred on them.

    Returns
    -------
    rows : ndarray of shape (n_rows, (2 * n_context + 1) * n_bins), dtype float32
        A view of one array of all frames. Of each waveform the rows follow those of the
        waveform before, with `n_context` rows between them.
    """
    n_waveforms, n_frames, n_bins = frames.shape
    padded = frames.new_empty(n_context + n_waveforms * (n_frames + n_context), n_bins)
    padded[:] = torch.as_tensor(fill, dtype=frames.dtype)
    body = padded[n_context:].view(n_waveforms, n_frames + n_context, n_bins)
    body[:, :n_frames] = frames
    n_rows = len(padded) - 2 * n_context
    width = (2 * n_context + 1) * n_bins
    rows = torch.as_strided(padded, (n_rows, width), (n_bins, 1))
    return rows.numpy()


def mean_over_windows(rows, n_bins):
    """Return the mean of what overlapping rows say of each frame.

    Parameters
    ----------
    rows : ndarray of shape (n_frames, n_width * n_bins)
        Features of each frame, and of as many frames before as after it.

    n_bins : int
        Number of frequencies.

    Returns
    -------
    mean : ndarray of shape (n_frames, n_bins)
        The mean.
    """
    n_frames = len(rows)
    rows = rows.reshape(n_frames, -1, n_bins)
    reach = rows.shape[1] // 2
    total = np.zeros((n_frames + 2 * reach, n_bins), dtype=rows.dtype)
    count = np.zeros((n_frames + 2 * reach, 1), dtype=rows.dtype)
    for k in range(rows.shape[1]):
        total[k : k + n_frames] += rows[:, k]
        count[k : k + n_frames] += 1
    inside = slice(reach, reach + n_frames)
    return total[inside] / count[inside]
