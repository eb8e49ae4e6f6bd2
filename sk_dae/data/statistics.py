"""What a fit must know of each column before training: means, counts and ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..backend.serialization import serializable
from .rows import DenseRows, as_tensor, spans

__all__ = ["ColumnStatistics", "columns_outside"]


@serializable
@dataclass(frozen=True)
class ColumnStatistics:
    """Sums and counts of the observed values of each column.

    Parameters
    ----------
    n_observed : ndarray of shape (n_features,)
        How many values are not missing.

    total : ndarray of shape (n_features,)
        Their sum.

    has_missing : bool
        Whether any value is missing.
    """

    n_observed: np.ndarray
    total: np.ndarray
    has_missing: bool

    @classmethod
    def of(cls, X):
        """Compute the statistics of a validated X.

        Parameters
        ----------
        X : ndarray or CSR matrix of shape (n_samples, n_features)
            Read in chunks; NaN stands for missing.

        Returns
        -------
        statistics : ColumnStatistics
            The statistics.

        Raises
        ------
        ValueError
            If a value is too large for float32.
        """
        n_samples, n_features = X.shape
        n_observed = np.full(n_features, n_samples)
        total = np.zeros(n_features)
        if sp.issparse(X):
            for span in spans(X.nnz, 16):
                data, columns = as_tensor(X.data[span]).float().numpy(), X.indices[span]
                _refuse_infinity(data)
                observed = ~np.isnan(data)
                n_observed -= np.bincount(columns[~observed], minlength=n_features)
                total += np.bincount(
                    columns[observed], data[observed], minlength=n_features
                )
            return cls(n_observed, total, bool((n_observed < n_samples).any()))
        rows = DenseRows(X)
        for span in spans(n_samples, 4 * n_features):
            chunk = rows.span(span).numpy()
            # Of infinities of both signs the sum is not a number: refused just below.
            with np.errstate(invalid="ignore"):
                sums = chunk.sum(axis=0, dtype=np.float64)
            if not np.isfinite(sums).all():
                _refuse_infinity(chunk)
                n_observed -= np.isnan(chunk).sum(axis=0)
                sums = np.nansum(chunk, axis=0, dtype=np.float64)
            total += sums
        return cls(n_observed, total, bool((n_observed < n_samples).any()))

    def __add__(self, other):
        """Return the statistics of the rows of both."""
        return ColumnStatistics(
            self.n_observed + other.n_observed,
            self.total + other.total,
            self.has_missing or other.has_missing,
        )

    @property
    def means(self):
        """Mean of each column, float32; zero where nothing was observed."""
        return (self.total / np.maximum(self.n_observed, 1)).astype(np.float32)

    @property
    def never_observed(self):
        """Mask of the columns without a single observed value."""
        return self.n_observed == 0


def columns_outside(X, low, high):
    """Return the indices of the columns of X that leave ``[low, high]`` in float32.

    In float64 a scaler may overstep its range by a rounding error.
    """
    outside = np.zeros(X.shape[1], dtype=bool)
    if sp.issparse(X):
        data, columns = X.data[: X.nnz].astype(np.float32), X.indices[: X.nnz]
        outside[columns[(data < low) | (data > high)]] = True
        if not low <= 0.0 <= high:
            # The zeros that are not stored count too.
            outside |= np.bincount(columns, minlength=X.shape[1]) < X.shape[0]
        return np.flatnonzero(outside)
    for span in spans(len(X), X.itemsize * X.shape[1]):
        chunk = X[span].astype(np.float32, copy=False)
        outside |= ((chunk < low) | (chunk > high)).any(axis=0)
    return np.flatnonzero(outside)


def _refuse_infinity(values):
    if np.isinf(values).any():
        raise ValueError(
            "Input X contains infinity or a value too large for dtype('float32')."
        )
