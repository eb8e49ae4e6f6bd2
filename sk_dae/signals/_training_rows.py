"""The rows that an autoencoder of spectrograms is trained on."""

from __future__ import annotations

import numpy as np
import torch

from ._features import FrameFeatures, windows_of

__all__ = ["TrainingRows"]

#: Segments that are transformed at once, and that the features are learned from.
AT_ONCE, N_LEARNED = 64, 128

#: The least and the greatest weight of a frame, and the least of a frequency.
LEAST_WEIGHT, MOST_WEIGHT = 0.01, 4.0


class TrainingRows:
    """Features of noisy frames with their context, and the masks that belong to them.

    Parameters
    ----------
    fourier : ShortTimeFourier
        The transform.

    n_context : int
        Frames of context on either side.

    clean, noisy : ndarray of shape (n_segments, length), dtype float32
        The segments.
    """

    #: Samples of a segment, in windows.
    SEGMENT = 16

    def __init__(self, fourier, n_context, clean, noisy):
        shape = (len(noisy), fourier.n_frames(noisy.shape[1]), fourier.n_bins)
        X, masks = torch.empty(shape), torch.empty(shape)
        learned = fourier.forward(noisy[:N_LEARNED].astype(np.float64))
        #: The features, fitted; FrameFeatures.
        self.features = features = FrameFeatures(n_context).fit(learned)
        spectrum = torch.zeros(fourier.n_bins, dtype=torch.float64)
        powers = torch.empty(shape[:2])
        for start in range(0, len(noisy), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            Y = fourier.forward(noisy[part].astype(np.float64))
            S = fourier.forward(clean[part].astype(np.float64))
            X[part] = features.of(Y)
            masks[part] = (S / torch.where(Y == 0, 1.0, Y)).real.clamp_(0.0, 1.0)
            power = features.relative(Y).square()
            powers[part] = power.mean(dim=2)
            spectrum += power.sum(dim=(0, 1), dtype=torch.float64)
        #: The rows, a view; ndarray of shape (n_rows, n_columns), dtype float32.
        self.X = windows_of(X, n_context, features.of_silence)
        #: The masks of their frames; of the same shape.
        self.masks = windows_of(masks, n_context, 0.0)
        middle = windows_of(powers[..., None], n_context, 0.0)[:, n_context]
        #: A weight of each row: the middle frame's power relative to that around it.
        self.weights = np.clip(middle, LEAST_WEIGHT, MOST_WEIGHT)
        shares = (spectrum / spectrum.mean()).clamp_min(LEAST_WEIGHT).numpy()
        #: A weight of each column: the mean power of its frequency.
        self.column_weights = np.tile(shares, 2 * n_context + 1)
