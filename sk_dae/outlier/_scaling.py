"""Columns of any unit and any tail on one scale, where gross errors do no harm."""

from __future__ import annotations

import warnings

import numpy as np

from ..backend.serialization import serializable
from ..data.rows import spans

__all__ = ["FencedScaler", "bend"]

#: How many widths of the middle of a column lie between it and a fence.
FENCE_WIDTHS = 20.0

#: The middle is the first of these quantile ranges that is not a point.
MIDDLES = ((0.25, 0.75), (0.1, 0.9), (0.01, 0.99))

#: Standard deviations beyond which values count on a logarithmic scale.
BEND = 3.0


@serializable
class FencedScaler:
    r"""Standardise columns, from which gross errors are kept, and bend their tails.

    Mean and standard deviation are those of the values clipped at two fences, which
    stand twenty interquartile ranges beyond the quartiles; where these coincide, a
    wider range of quantiles takes their place. So the scale is the ordinary one, tails
    and rare values included, but for values that no tail explains: a number of the
    wrong unit, a code for "unknown". Where the scaled value :math:`z` exceeds
    :math:`b = 3`, it is put on a logarithmic scale,

    .. math:: z \mapsto \operatorname{sign}(z) \, b \,
              \bigl(1 + \log(|z| / b)\bigr) \quad \text{where } |z| > b,

    which keeps the order of the values and bounds what any of them can do to a net.

    Attributes
    ----------
    centers, scales : ndarray of shape (n_features,)
        Mean and spread of the columns; zero and one where nothing is observed, a scale
        of one where a column is constant.
    """

    def fit(self, X):
        """Learn centers and scales.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Training rows, float32 or float64; NaN stands for missing.

        Returns
        -------
        self : object
            The scaler.
        """
        with warnings.catch_warnings(), np.errstate(over="ignore"):
            # Columns without a value.
            warnings.simplefilter("ignore", RuntimeWarning)
            clipped = np.clip(X, *_fences(X)).astype(np.float64)
            # In units of the greatest, so that no square overflows.
            greatest = np.nanmax(np.abs(clipped), axis=0)
            greatest[~(greatest > 0)] = 1.0
            clipped /= greatest
            centers = np.nanmean(clipped, axis=0)
            scales = np.nanstd(clipped, axis=0)
            # The rest of a constant is the rounding of its mean.
            rounding = 10 * np.finfo(X.dtype).eps * np.abs(centers)
            constant = ~(scales > rounding)
            # Too small to divide by.
            constant |= scales * greatest < np.finfo(np.float64).tiny * 4
        self.centers = np.nan_to_num(centers * greatest)
        self.scales = np.where(constant, 1.0, scales * greatest)
        return self

    def transform(self, X):
        """Scale rows.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Rows; NaN stays NaN.

        Returns
        -------
        X_scaled : ndarray of shape (n_samples, n_features), dtype float32
            The scaled rows.
        """
        scaled = np.empty(X.shape, dtype=np.float32)
        for span in spans(len(X), 8 * X.shape[1]):
            # By halves, so that no difference overflows.
            with np.errstate(over="ignore"):
                z = (0.5 * X[span] - 0.5 * self.centers) / (0.5 * self.scales)
            scaled[span] = bend(z)
        return scaled


def bend(z):
    """Return scaled values with their tails on a logarithmic scale."""
    size = np.minimum(np.abs(z), np.finfo(z.dtype).max)
    bent = BEND * (1.0 + np.log(np.maximum(size, BEND) / BEND))
    return np.where(size > BEND, np.copysign(bent, z), z)


def _fences(X):
    """Return where the values of each column end that its scale is learned from."""
    levels = [*zip(*MIDDLES, strict=True)]
    # Values that occur: a few rare ones give no range that is all but a point.
    starts = np.nanquantile(X, levels[0], axis=0, method="lower")
    ends = np.nanquantile(X, levels[1], axis=0, method="higher")
    low, high = np.full(X.shape[1], -np.inf), np.full(X.shape[1], np.inf)
    for start, end in zip(starts[::-1], ends[::-1], strict=True):
        width = end - start
        low = np.where(width > 0, start - FENCE_WIDTHS * width, low)
        high = np.where(width > 0, end + FENCE_WIDTHS * width, high)
    return low, high
