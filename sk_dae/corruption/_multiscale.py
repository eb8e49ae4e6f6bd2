"""A process whose strength differs from row to row."""

from __future__ import annotations

import math
from numbers import Real

import torch

from ..backend.serialization import serializable
from ._base import LARGEST, BaseCorruption

__all__ = ["MultiScaleNoise"]


@serializable
class MultiScaleNoise(BaseCorruption):
    r"""Gaussian noise or missing cells, of a strength drawn for every row.

    Each row gets, with equal probability, either Gaussian noise of a level
    :math:`\sigma` of its own, or loses each cell with a probability :math:`p` of its
    own:

    .. math:: \tilde x_j = x_j + \sigma \varepsilon_j, \quad
              \log \sigma \sim U(\log \sigma_0, \log \sigma_1), \qquad
              \text{or} \qquad
              P(\tilde x_j = \mathrm{NaN}) = p \sim U(p_0, p_1)

    One net so learns to denoise at every scale, from fine to coarse, and to predict
    any features from any others. The level is not told to it.

    Parameters
    ----------
    levels : pair of float, default=(0.05, 1.5)
        Least and greatest standard deviation :math:`\sigma_0, \sigma_1` of the noise,
        in the units of X; above zero.

    fractions : pair of float, default=(0.0, 0.8)
        Least and greatest probability :math:`p_0, p_1` that a cell goes missing, in
        [0, 1].

    random_state : int, RandomState instance or None, default=None
        Seeds :meth:`transform`.

    Attributes
    ----------
    n_features_in_ : int
        Number of features seen during fit.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where X had string column names.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_dae import MultiScaleNoise
    >>> noise = MultiScaleNoise(random_state=0)
    >>> noisy = noise.fit_transform(np.zeros((1000, 4)))
    >>> lost = np.isnan(noisy).mean(axis=1)
    >>> round(float((lost > 0).mean()), 1)
    0.4
    """

    makes_missing = True
    rows_per_draw = 256
    _parameter_constraints: dict = {
        "levels": [tuple, list],
        "fractions": [tuple, list],
        "random_state": ["random_state"],
    }

    def __init__(self, levels=(0.05, 1.5), *, fractions=(0.0, 0.8), random_state=None):
        self.levels = levels
        self.fractions = fractions
        self.random_state = random_state

    def set_level(self, n_features, feature_names):
        """Check the two ranges, which stand for the level."""
        self._check_range("levels", 0.0, LARGEST, open_below=True)
        self._check_range("fractions", 0.0, 1.0)

    def _check_range(self, name, least, greatest, *, open_below=False):
        given = getattr(self, name)
        valid = len(given) == 2 and all(isinstance(end, Real) for end in given)
        if valid:
            low, high = given
            valid = least <= low <= high <= greatest and not (open_below and low == 0)
        if not valid:
            bracket = "(" if open_below else "["
            raise ValueError(
                f"{name} of MultiScaleNoise must be a pair (low, high) with low <= "
                f"high in {bracket}{least:g}, {greatest:g}], got {given!r}."
            )

    def scale_level(self, factor):
        raise ValueError(
            "noise_schedule must be 'constant' with MultiScaleNoise, which has no "
            "level of its own to change."
        )

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        coin, level, fraction = (
            X.new_empty(3, len(X), 1).uniform_(generator=generator).unbind()
        )
        noisy = coin < 0.5
        low, high = (math.log(end) for end in self.levels)
        level = torch.where(noisy, (low + (high - low) * level).exp_(), 0.0)
        low, high = self.fractions
        fraction = torch.where(noisy, 0.0, low + (high - low) * fraction)
        lost = torch.empty_like(X).uniform_(generator=generator) < fraction
        noise = torch.empty_like(X).normal_(generator=generator)
        corrupted = noise.mul_(level).add_(X).masked_fill_(lost, math.nan)
        return corrupted, lost | noisy
