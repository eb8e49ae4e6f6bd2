"""Column statistics that a fit needs before training: means, counts and ranges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..backend.serialization import serializable
from .rows import as_tensor, rows_of, spans

__all__ = [
    "ColumnStatistics",
    "columns_outside",
    "refuse_too_large",
    "root_mean_squares",
]

#: The greatest number of float32.
_LARGEST = float(np.finfo(np.float32).max)


@serializable
@dataclass(frozen=True)
class ColumnStatistics:
    """Sums and counts of the observed values of each column.

    Parameters
    ----------
    n_observed : ndarray of shape (n_features,)
        How many values are not missing; the sum of their weights where rows have any.

    total : ndarray of shape (n_features,)
        Their weighted sum.

    has_missing : bool
        Whether any value is missing.
    """

    n_observed: np.ndarray
    total: np.ndarray
    has_missing: bool

    @classmethod
    def of(cls, X):
        """Compute the statistics of rows, read once and in order.

        Parameters
        ----------
        X : Rows, ndarray or CSR matrix of shape (n_samples, n_features)
            Validated rows; NaN stands for a missing value. Rows may be weighted.

        Returns
        -------
        statistics : ColumnStatistics
            The statistics.

        Raises
        ------
        ValueError
            If a value is too large for float32.
        """
        rows = rows_of(X)
        n_samples, n_missing = 0, np.zeros(rows.shape[1], dtype=np.int64)
        total = np.zeros(rows.shape[1])
        if rows.weights is not None:
            return cls._of_weighted(rows, n_missing, total)
        for chunk in rows.chunks():
            n_samples += chunk.shape[0]
            add = _add_sparse if sp.issparse(chunk) else _add_dense
            add(chunk, n_missing, total)
        return cls(n_samples - n_missing, total, bool(n_missing.any()))

    @classmethod
    def _of_weighted(cls, rows, n_missing, total):
        missing_weight, start = np.zeros_like(total), 0
        for chunk in rows.chunks():
            weights = rows.weights[start : start + chunk.shape[0]]
            start += chunk.shape[0]
            add = _add_weighted_sparse if sp.issparse(chunk) else _add_weighted_dense
            add(chunk, weights, n_missing, missing_weight, total)
        # By counts, since rounding leaves something where all are missing.
        n_observed = rows.weights.sum() - missing_weight
        n_observed = np.maximum(n_observed, rows.weights.min())
        n_observed[n_missing == start] = 0.0
        return cls(n_observed, total, bool(n_missing.any()))

    def times(self, weight):
        """Return the statistics of rows that all have one weight."""
        return ColumnStatistics(
            self.n_observed * weight, self.total * weight, self.has_missing
        )

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
        return self.precise_means.astype(np.float32)

    @property
    def precise_means(self):
        """Mean of each column, float64; zero where nothing was observed."""
        return self.total / np.where(self.n_observed > 0, self.n_observed, 1)

    @property
    def never_observed(self):
        """Mask of the columns without a single observed value."""
        return self.n_observed == 0


def _add_dense(chunk, n_missing, total):
    """Add what is missing and the sums of a dense chunk, in place."""
    chunk = as_tensor(chunk).float().numpy()
    # The sum of infinities of both signs is NaN: refused just below.
    with np.errstate(invalid="ignore"):
        sums = chunk.sum(axis=0, dtype=np.float64)
    if not np.isfinite(sums).all():
        _refuse_infinity(chunk)
        n_missing += np.isnan(chunk).sum(axis=0)
        sums = np.nansum(chunk, axis=0, dtype=np.float64)
    total += sums


def _add_sparse(chunk, n_missing, total):
    """Add what is missing and the sums of a CSR matrix, in place."""
    n_features = chunk.shape[1]
    for span in spans(chunk.nnz, 16):
        data = as_tensor(chunk.data[span]).float().numpy()
        columns = chunk.indices[span]
        _refuse_infinity(data)
        observed = ~np.isnan(data)
        n_missing += np.bincount(columns[~observed], minlength=n_features)
        total += np.bincount(columns[observed], data[observed], minlength=n_features)


def _add_weighted_dense(chunk, weights, n_missing, missing_weight, total):
    chunk = as_tensor(chunk).float().numpy()
    _refuse_infinity(chunk)
    missing = np.isnan(chunk)
    n_missing += missing.sum(axis=0)
    missing_weight += weights @ missing
    total += weights @ np.where(missing, 0.0, chunk.astype(np.float64))


def _add_weighted_sparse(chunk, weights, n_missing, missing_weight, total):
    n_features = chunk.shape[1]
    of_rows = np.repeat(np.arange(len(weights)), np.diff(chunk.indptr))
    for span in spans(chunk.nnz, 24):
        data = as_tensor(chunk.data[span]).float().numpy()
        columns, of_cells = chunk.indices[span], weights[of_rows[span]]
        _refuse_infinity(data)
        observed = ~np.isnan(data)
        lost, data = columns[~observed], data[observed] * of_cells[observed]
        n_missing += np.bincount(lost, minlength=n_features)
        missing_weight += np.bincount(lost, of_cells[~observed], n_features)
        total += np.bincount(columns[observed], data, n_features)


def root_mean_squares(X):
    """Return the root of the mean square of the observed values of each column.

    Parameters
    ----------
    X : Rows, ndarray or CSR matrix of shape (n_samples, n_features)
        Validated rows, read once and in order.

    Returns
    -------
    sizes : ndarray of shape (n_features,)
        Zero where nothing is observed.
    """
    rows = rows_of(X)
    n_samples, squares = 0, np.zeros(rows.shape[1])
    n_missing = np.zeros(rows.shape[1], dtype=np.int64)
    for chunk in rows.chunks():
        n_samples += chunk.shape[0]
        if sp.issparse(chunk):
            data, columns = chunk.data.astype(np.float64), chunk.indices
            missing = np.isnan(data)
            n_missing += np.bincount(columns[missing], minlength=len(squares))
            squares += np.bincount(columns, np.nan_to_num(data) ** 2, len(squares))
        else:
            chunk = np.square(chunk, dtype=np.float64)
            n_missing += np.isnan(chunk).sum(axis=0)
            squares += np.nansum(chunk, axis=0)
    return np.sqrt(squares / np.maximum(n_samples - n_missing, 1))


def columns_outside(X, low, high):
    """Return the indices of the columns that leave ``[low, high]`` in float32.

    In float64 a scaler may overstep its range by a rounding error.

    Parameters
    ----------
    X : Rows, ndarray or CSR matrix of shape (n_samples, n_features)
        Validated rows, read once and in order.

    low, high : float
        The range, which the bounds belong to.

    Returns
    -------
    columns : ndarray of shape (n_outside,), dtype int
        The columns.
    """
    rows = rows_of(X)
    outside = np.zeros(rows.shape[1], dtype=bool)
    for chunk in rows.chunks():
        if not sp.issparse(chunk):
            with np.errstate(over="ignore"):
                chunk = chunk.astype(np.float32, copy=False)
            outside |= ((chunk < low) | (chunk > high)).any(axis=0)
            continue
        n_stored = chunk.nnz
        with np.errstate(over="ignore"):
            data = chunk.data[:n_stored].astype(np.float32)
        columns = chunk.indices[:n_stored]
        outside[columns[(data < low) | (data > high)]] = True
        if not low <= 0.0 <= high:
            # The zeros that are not stored count too.
            n_rows, n_features = chunk.shape
            outside |= np.bincount(columns, minlength=n_features) < n_rows
    return np.flatnonzero(outside)


def refuse_too_large(X):
    """Refuse numbers that float32 does not hold.

    Parameters
    ----------
    X : Rows, ndarray or CSR matrix of shape (n_samples, n_features)
        Validated rows, read once and in order.

    Raises
    ------
    ValueError
        If there is such a number.
    """
    for chunk in rows_of(X).chunks():
        values = chunk.data if sp.issparse(chunk) else chunk
        if values.dtype.kind != "f" or values.dtype.itemsize <= 4 or not values.size:
            return
        extremes = (f.reduce(values, axis=None) for f in (np.fmin, np.fmax))
        if any(abs(extreme) > _LARGEST for extreme in extremes):
            raise ValueError("Input X contains a value too large for dtype('float32').")


def _refuse_infinity(values):
    if np.isinf(values).any():
        raise ValueError(
            "Input X contains infinity or a value too large for dtype('float32')."
        )
