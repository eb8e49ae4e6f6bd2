"""Completing standardised numeric rows with cross-fitted autoencoders."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.base import clone
from sklearn.ensemble._base import _set_random_states

from ..backend.serialization import serializable
from ..corruption import ConditionalMeanNoise
from ..linear.gaussian import IncompleteGaussian
from ._held_out import deal_folds, draw_errors, draw_masks, keep_errors, rounds_of_cells

__all__ = ["NumericCompletion"]

#: Rows that are completed at a time.
_CHUNK_ROWS = 10_000


@serializable
class NumericCompletion:
    r"""Autoencoders that complete rows, and the errors that they make.

    Member :math:`k` is trained without fold :math:`k`. It predicts

    .. math:: \hat x = g_k + w (f_k - g_k),

    with the reconstruction :math:`f_k`, the conditional mean :math:`g_k` of a Gaussian
    fitted to the same rows, and one weight :math:`w` in [0, 1] for all, the best on
    masked cells of the folds left out. The errors on these cells, divided by the
    Gaussian's conditional standard deviation, are kept for :meth:`sample`.

    Parameters
    ----------
    autoencoders : list of estimators
        The trained members.

    gaussians : list of IncompleteGaussian
        One of each member.

    weight : float
        Weight of the reconstruction.

    errors : list of ndarray of shape (2, n_errors)
        For each column the predictions, in ascending order, and the errors.

    limits : ndarray of shape (2, n_features)
        Least and greatest observed value of each column, which draws do not leave.
    """

    def __init__(self, autoencoders, gaussians, weight, errors, limits):
        self.autoencoders = autoencoders
        self.gaussians = gaussians
        self.weight = weight
        self.errors = errors
        self.limits = limits

    @classmethod
    def fit(cls, X, autoencoder, n_members, random_state):
        """Train the members and measure their errors.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), dtype float32
            Standardised rows; NaN stands for a missing value, and no column is empty.

        autoencoder : estimator
            What is cloned for each member.

        n_members : int
            Number of members.

        random_state : RandomState
            Draws the folds, the members' seeds and the masks.

        Returns
        -------
        completion : NumericCompletion
            The trained members.
        """
        autoencoders, gaussians, held_out = [], [], []
        for index, left_out in deal_folds(len(X), n_members, random_state):
            train = X[index]
            member = clone(autoencoder)
            _set_random_states(member, random_state)
            with warnings.catch_warnings():
                # A column may be empty in some folds; its mean is known all the same.
                warnings.filterwarnings("ignore", "Nothing is observed in these")
                member.fit(train)
            gaussian = _gaussian_of(member, train, random_state)
            autoencoders.append(member)
            gaussians.append(gaussian)
            held_out.append(
                _predict_held_out(X[left_out], member, gaussian, random_state)
            )
        cells = [np.concatenate(parts) for parts in zip(*held_out, strict=True)]
        weight, errors = _learn_from(*cells, X.shape[1], random_state)
        limits = np.stack([np.fmin.reduce(X), np.fmax.reduce(X)])
        return cls(autoencoders, gaussians, weight, errors, limits)

    def fill(self, X):
        """Fill the gaps of rows with the mean of what the members predict.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), dtype float32
            Standardised rows; NaN stands for a missing value.

        Returns
        -------
        X_filled : ndarray of shape (n_samples, n_features), dtype float32
            The completed rows.
        """
        filled = np.empty_like(X)
        for start in range(0, len(X), _CHUNK_ROWS):
            rows = slice(start, start + _CHUNK_ROWS)
            chunk = X[rows]
            total = np.zeros_like(chunk)
            for k in range(len(self.autoencoders)):
                total += self._predict(chunk, k)
            total /= len(self.autoencoders)
            filled[rows] = np.where(np.isnan(chunk), total, chunk)
        return filled

    def sample(self, X, random_state):
        """Fill the gaps of rows with draws, cell after cell.

        The cells of a row are drawn in random order, each given the observed cells
        and those drawn before: what one member, chosen at random, predicts, plus an
        error that it made on held-out cells of the column with a prediction near by.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features), dtype float32
            Standardised rows; NaN stands for a missing value.

        random_state : RandomState
            Where the draws come from.

        Returns
        -------
        X_filled : ndarray of shape (n_samples, n_features), dtype float32
            The completed rows.
        """
        k = random_state.randint(len(self.autoencoders))
        filled = X.copy()
        for start in range(0, len(X), _CHUNK_ROWS):
            self._sample_chunk(filled[start : start + _CHUNK_ROWS], k, random_state)
        return filled

    def _sample_chunk(self, X, k, random_state):
        for now in rounds_of_cells(np.isnan(X), random_state):
            rows = np.flatnonzero(now.any(axis=1))
            chunk, now = X[rows], now[rows]
            predicted = self._predict(chunk, k)
            spread = _spread(self.gaussians[k], chunk)
            for j in np.flatnonzero(now.any(axis=0)):
                cells = now[:, j]
                drawn = predicted[cells, j] + spread[cells, j] * draw_errors(
                    self.errors[j], predicted[cells, j], random_state
                )
                chunk[cells, j] = np.clip(drawn, *self.limits[:, j])
            X[rows] = chunk

    def _predict(self, X, k):
        expected, restored = _both(self.autoencoders[k], self.gaussians[k], X)
        return expected + np.float32(self.weight) * (restored - expected)


def _gaussian_of(member, X, random_state):
    """Return the Gaussian that a member starts from, or one fitted for it."""
    corruption = getattr(member, "corruption_", None)
    if isinstance(corruption, ConditionalMeanNoise):
        return corruption._gaussian
    n_rows = IncompleteGaussian.n_rows(X.shape[1])
    if n_rows < len(X):
        X = X[random_state.permutation(len(X))[:n_rows]]
    return IncompleteGaussian.fit(torch.from_numpy(X))


def _both(member, gaussian, X):
    """Return the Gaussian's and the autoencoder's completion of rows."""
    expected = gaussian.fill(torch.from_numpy(X)).numpy()
    starts = isinstance(getattr(member, "corruption_", None), ConditionalMeanNoise)
    # What the autoencoder would fill itself it gets filled.
    return expected, member.denoise(expected if starts else X)


def _spread(gaussian, X):
    return gaussian.spread(torch.from_numpy(X)).numpy()


def _predict_held_out(X, member, gaussian, random_state):
    """Mask cells of held-out rows and predict them.

    Returns
    -------
    columns, values, expected, restored, spread : ndarray of shape (n_cells,)
        Of each masked cell its column, its value, what the Gaussian and what the
        autoencoder make of it, and the Gaussian's standard deviation.
    """
    parts = []
    for rows, masked in draw_masks(X, random_state):
        hidden = np.where(masked, np.float32(np.nan), rows)
        expected, restored = _both(member, gaussian, hidden)
        spread = _spread(gaussian, hidden)
        _, columns = np.nonzero(masked)
        parts.append(
            (columns, *(t[masked] for t in (rows, expected, restored, spread)))
        )
    return [np.concatenate(part) for part in zip(*parts, strict=True)]


def _learn_from(columns, values, expected, restored, spread, n_features, random_state):
    """Return the weight of the reconstruction, and the errors of each column."""
    step = restored - expected
    square = np.square(step).sum(dtype=np.float64)
    weight = 1.0
    if square > 0:
        product = np.multiply(step, values - expected).sum(dtype=np.float64)
        weight = float(np.clip(product / square, 0.0, 1.0))
    predicted = expected + np.float32(weight) * step
    error = (values - predicted) / spread
    return weight, keep_errors(columns, predicted, error, n_features, random_state)
