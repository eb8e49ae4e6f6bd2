"""Quantiles of many columns at once, which may be sparse and miss values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import scipy.sparse as sp

from ..data.rows import spans
from ..tables.quantiles import weighted_quantiles

__all__ = ["column_quantiles"]


def column_quantiles(X, n_quantiles, weights=None):
    r"""Return quantiles of the observed values of each column.

    Between the order statistics :math:`x_{(k)}` of :math:`n` observed values lie
    straight lines, as in ``numpy.quantile``, which gives the same numbers:

    .. math:: q(p) = x_{(\lfloor h \rfloor)} + (h - \lfloor h \rfloor)
              (x_{(\lfloor h \rfloor + 1)} - x_{(\lfloor h \rfloor)}), \quad
              h = p (n - 1)

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Rows; NaN stands for a missing value.

    n_quantiles : int
        How many, from the least value to the greatest, equally spaced in probability.

    weights : ndarray of shape (n_samples,), default=None
        Weights of the rows; None counts all alike.

    Returns
    -------
    quantiles : ndarray of shape (n_features, n_quantiles), dtype float32
        Side by side the quantiles of a column; NaN where nothing is observed, infinity
        where they are too large for float32.
    """
    n_samples, n_features = X.shape
    levels = np.linspace(0.0, 1.0, n_quantiles)
    quantiles = np.empty((n_features, n_quantiles), dtype=np.float32)
    if weights is not None:
        with np.errstate(over="ignore"):
            for j, values in enumerate(_weighted_columns(X, weights)):
                quantiles[j] = np.nan
                if len(values[0]):
                    quantiles[j] = weighted_quantiles(*values, levels, weights.min())
        return quantiles
    per_column = n_samples
    if sp.issparse(X):
        X = X.tocsc()
        X.sum_duplicates()
        per_column = X.nnz // max(1, n_features) + n_quantiles
    for span in spans(n_features, 8 * per_column):
        sort = _SortedSparse if sp.issparse(X) else _SortedDense
        with np.errstate(over="ignore", invalid="ignore"):
            quantiles[span] = _interpolate(sort(X[:, span]), levels)
    return quantiles


def _weighted_columns(X, weights):
    """Yield the observed values of each column, and their weights."""
    if not sp.issparse(X):
        for column in X.T:
            observed = ~np.isnan(column)
            yield column[observed], weights[observed]
        return
    X = X.tocsc()
    X.sum_duplicates()
    for start, end in pairwise(X.indptr):
        values, of_values = X.data[start:end], weights[X.indices[start:end]]
        zeros = np.delete(weights, X.indices[start:end])
        observed = ~np.isnan(values)
        values, of_values = values[observed], of_values[observed]
        if len(zeros):
            values = np.append(values, np.zeros(1, dtype=values.dtype))
            of_values = np.append(of_values, zeros.sum())
        yield values, of_values


def _interpolate(columns, levels):
    """Return quantiles, rounded as ``numpy.quantile`` rounds them."""
    last = columns.n_observed[:, None] - 1
    place = levels * last
    below = np.floor(place)
    weight = place - below
    below = below.astype(np.int64)
    low = columns.order_statistics(below)
    high = columns.order_statistics(np.minimum(below + 1, last))
    step = high - low
    upper = high - step * (1.0 - weight)
    low += step * weight
    found = np.where(weight >= 0.5, upper, low)
    found[columns.n_observed == 0] = np.nan
    return found


class _SortedDense:
    """The sorted values of dense columns, NaN last."""

    def __init__(self, X):
        self._values = np.array(X.T, dtype=np.float64, order="C")
        self._values.sort(axis=1)
        self.n_observed = (~np.isnan(self._values)).sum(axis=1)

    def order_statistics(self, place):
        """Return the values at places, (n_features, n_places), of each column."""
        return np.take_along_axis(self._values, np.maximum(place, 0), axis=1)


class _SortedSparse:
    """The sorted stored values of sparse columns; all others are zeros."""

    def __init__(self, X):
        n_samples, n_features = X.shape
        columns = np.repeat(np.arange(n_features), np.diff(X.indptr))
        values = X.data.astype(np.float64)
        missing = np.isnan(values)
        n_missing = np.bincount(columns[missing], minlength=n_features)
        columns, values = columns[~missing], values[~missing]
        # A last value, which is never used, for the places of the last columns.
        self._values = np.append(values[np.lexsort((values, columns))], 0.0)
        n_stored = np.bincount(columns, minlength=n_features)
        self._starts = (n_stored.cumsum() - n_stored)[:, None]
        negative = columns[values < 0]
        self._n_negative = np.bincount(negative, minlength=n_features)[:, None]
        self.n_observed = n_samples - n_missing
        self._n_zeros = (self.n_observed - n_stored)[:, None]

    def order_statistics(self, place):
        """Return the values at places, (n_features, n_places), of each column."""
        behind = place - self._n_negative
        stored = place - np.where(behind >= self._n_zeros, self._n_zeros, 0)
        index = np.clip(self._starts + stored, 0, len(self._values) - 1)
        is_zero = (behind >= 0) & (behind < self._n_zeros)
        return np.where(is_zero, 0.0, self._values[index])
