"""Errors of an autoencoder's reconstructions of rows, and the usual ones."""

from __future__ import annotations

import warnings

import numpy as np

__all__ = ["compare_errors", "squared_errors", "usual_errors"]

#: Added to the usual squared error of a feature, whose variance is one.
LEAST_ERROR = 0.1


def squared_errors(X, measure, noise, folds):
    """Return the squared errors of scaled rows, under noise and where hidden.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features), dtype float32
        Scaled rows.

    measure : callable
        Returns the squared errors of all cells, given rows to restore and the rows
        that they should be.

    noise : ndarray of shape (n_draws, n_features)
        The noise that is added to each row, draw by draw.

    folds : ndarray of shape (n_draws, n_features) or None
        The fold of each feature, split by split; None where nothing is hidden.

    Returns
    -------
    errors : ndarray of shape (1 or 2, n_samples, n_features), dtype float32
        Means over the draws; NaN where a value is missing.
    """
    errors = np.zeros((1 if folds is None else 2, *X.shape), dtype=np.float32)
    for draw in noise:
        errors[0] += measure(X + draw, X)
    errors[0] /= len(noise)
    if folds is None:
        return errors
    for split in folds:
        for fold in np.unique(split):
            hidden = split == fold
            seen = np.where(hidden, np.float32(np.nan), X)
            errors[1][:, hidden] += measure(seen, X)[:, hidden]
    errors[1] /= len(folds)
    return errors


def usual_errors(errors, observed):
    """Return the numbers to divide the errors of each kind and feature by.

    The training rows, whose `errors` these are, get a mean score of -1.
    """
    with warnings.catch_warnings():
        # Features without a value.
        warnings.simplefilter("ignore", RuntimeWarning)
        usual = np.nanmean(errors, axis=1, dtype=np.float64)
    # Features that training rows observe, but not these: as far off as the mean.
    usual[np.isnan(usual) & observed] = 1.0
    usual += LEAST_ERROR
    scores = compare_errors(errors, usual[:, None]).sum(axis=1)
    mean = scores.mean()
    return usual * mean if mean > 0 else usual


def compare_errors(errors, usual_errors):
    """Return the contribution of each feature, given the usual errors of its kind."""
    # float64 from here, in which scikit-learn wants scores.
    ratios = errors / usual_errors
    observed = ~np.isnan(ratios).any(axis=0)
    n_observed = np.maximum(observed.sum(axis=1, keepdims=True), 1)
    noise, both = (
        np.where(observed, kind, 0.0) / n_observed
        for kind in (ratios[0], ratios.mean(axis=0))
    )
    # A feature that the others tell nothing of is hidden with little harm in a row
    # that lies at its mean; that excuses nothing.
    told = both.sum(axis=1, keepdims=True) > noise.sum(axis=1, keepdims=True)
    return np.where(told, both, noise)
