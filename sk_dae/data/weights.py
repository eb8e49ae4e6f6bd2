"""Weights of rows: rows that count for nothing go, and what is learned is weighted."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _check_sample_weight, _num_samples

from ..tables.frames import refuse_duplicates

__all__ = [
    "drop_weightless",
    "effective_number",
    "uneven",
]


def drop_weightless(sample_weight, X, *others):
    """Leave out the rows of weight zero, before anything is read or learned of them.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,) or None
        As the user gave it.

    X : array-like of shape (n_samples, n_features)
        As the user gave it: an array, a sparse matrix, a list or a data frame.

    *others : array-like of length n_samples, or None
        Further sequences with an entry for each row.

    Returns
    -------
    weights : ndarray of shape (n_kept,), dtype float64, or None
        The positive weights.

    X, *others : array-like
        Those of the rows that are left, in the container that they came in.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or all are zero; if two columns of a data
        frame of weights have the same name.
    """
    refuse_duplicates(sample_weight, "sample_weight")
    if sample_weight is None or _num_samples(X) == 0:
        return None, X, *others
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
    if (weights < 0).any() or not weights.any():
        raise ValueError(
            "sample_weight must be non-negative with a positive sum, got a "
            f"minimum of {weights.min():g} and a sum of {weights.sum():g}."
        )
    if weights.all():
        return weights, X, *others
    index = np.flatnonzero(weights)
    parts = [X, *others]
    for i, part in enumerate(parts):
        # Another length is refused where all parts are checked against each other.
        if part is not None and _num_samples(part) == len(weights):
            parts[i] = _take(part, index)
    return weights[index], *parts


def _take(part, index):
    if sp.issparse(part):
        return part.tocsr()[index]
    if type(part).__module__.partition(".")[0] == "polars":
        return part[index]
    if not (hasattr(part, "iloc") or isinstance(part, list | np.ndarray)):
        part = np.asarray(part)
    return _safe_indexing(part, index)


def uneven(weights):
    """Return weights as float64, or None where all rows count the same.

    Parameters
    ----------
    weights : array-like of shape (n_samples,) or None
        Positive weights.

    Returns
    -------
    weights : ndarray of shape (n_samples,) or None
        None where statistics need none.
    """
    if weights is None:
        return None
    weights = np.asarray(weights, dtype=np.float64)
    return None if np.ptp(weights) <= 1e-12 * weights.max() else weights


def effective_number(weights):
    r"""Return how many rows of equal weight tell as much as weighted ones.

    Where the weights are whole multiples of the least, that is how often the rows
    stand for a row; else :math:`(\sum w)^2 / \sum w^2`.

    Parameters
    ----------
    weights : ndarray of shape (n_samples,)
        Positive weights.

    Returns
    -------
    number : float
        The number.
    """
    multiples = weights / weights.min()
    if (np.abs(multiples - multiples.round()) <= 1e-9 * multiples).all():
        return float(multiples.round().sum())
    shares = weights / weights.max()
    return float(shares.sum() ** 2 / np.square(shares).sum())
