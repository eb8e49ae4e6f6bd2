"""The rows that an autoencoder of spectrograms is trained on."""

from __future__ import annotations

import numpy as np
import torch

from ._features import FrameFeatures, windows_of

__all__ = ["TrainingRows"]

#: Segments that are transformed at once, and that the features are learned from.
AT_ONCE, N_LEARNED = 64, 128

#: The least and the greatest weight of a frame.
LEAST_WEIGHT, MOST_WEIGHT = 0.01, 4.0

#: The power of the magnitude that a cell is weighted by: between the error of the
#: waveform (2), which loud cells rule, and that of compressed magnitudes.
CELL_POWER = 1.5


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

    pack : callable, default=None
        Makes targets of masks and of weights of their cells; None leaves the masks.
    """

    #: Samples of a segment, in windows.
    SEGMENT = 16

    def __init__(self, fourier, n_context, clean, noisy, *, pack=None):
        shape = (len(noisy), fourier.n_frames(noisy.shape[1]), fourier.n_bins)
        X, masks = torch.empty(shape), torch.empty(shape)
        learned = fourier.forward(noisy[:N_LEARNED].astype(np.float64))
        #: The features, fitted; FrameFeatures.
        self.features = features = FrameFeatures(n_context).fit(learned)
        powers = torch.empty(shape[:2])
        for start in range(0, len(noisy), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            Y = fourier.forward(noisy[part].astype(np.float64))
            S = fourier.forward(clean[part].astype(np.float64))
            X[part] = features.of(Y)
            masks[part] = (S / torch.where(Y == 0, 1.0, Y)).real.clamp_(0.0, 1.0)
            magnitudes = features.relative(Y)
            powers[part] = magnitudes.square().mean(dim=2)
            if pack is not None:
                masks[part] = pack(masks[part], magnitudes.pow_(CELL_POWER))
        #: The rows, a view; ndarray of shape (n_rows, n_columns), dtype float32.
        self.X = windows_of(X, n_context, features.of_silence)
        #: The masks of their frames, or targets made of them; of the same shape.
        self.targets = windows_of(masks, n_context, 0.0)
        middle = windows_of(powers[..., None], n_context, 0.0)[:, n_context]
        #: A weight of each row: the middle frame's power relative to that around it.
        self.weights = np.clip(middle, LEAST_WEIGHT, MOST_WEIGHT)
