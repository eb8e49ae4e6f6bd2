"""Corruption of flattened crops: pixel by pixel, or at a level of their own."""

from __future__ import annotations

import torch

from ..backend.serialization import serializable

__all__ = ["CropNoise", "LeveledNoise"]


@serializable
class CropNoise:
    """A process of pixels, for crops: rows of many pixels, with their channels last.

    Parameters
    ----------
    process : BaseCorruption
        The process, fitted on rows that are pixels.
    """

    def __init__(self, process):
        self.process = process
        #: As a fitted process has it.
        self.n_features_in_ = process.n_features_in_

    def draw(self, X, generator):
        """Draw corrupted crops, as in ``BaseCorruption``."""
        pixels = X.reshape(-1, self.n_features_in_)
        return self.process.draw(pixels, generator)[0].reshape(X.shape), None


@serializable
class LeveledNoise:
    r"""Gaussian noise of a level that is drawn for each row, and told in a last column.

    .. math:: \tilde x_j = x_j + \sigma \varepsilon_j, \quad
              \sigma \sim U(\sigma_0, \sigma_1), \quad \varepsilon_j \sim N(0, 1)

    Parameters
    ----------
    levels : pair of float
        Least and greatest standard deviation :math:`\sigma_0, \sigma_1`.
    """

    #: As a fitted process has it.
    n_features_in_ = None

    def __init__(self, levels):
        self.levels = levels

    def draw(self, X, generator):
        """Draw corrupted rows with their levels, as in ``BaseCorruption``."""
        level = X.new_empty(len(X), 1).uniform_(*self.levels, generator=generator)
        noise = torch.empty_like(X).normal_(generator=generator)
        return torch.cat([noise.mul_(level).add_(X), level], dim=1), None
