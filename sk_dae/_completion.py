"""Completing standardised numeric rows with cross-fitted autoencoders."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.base import clone
from sklearn.ensemble._base import _set_random_states

from ._gaussian import IncompleteGaussian
from .corruption import ConditionalMeanNoise

__all__ = ["NumericCompletion"]

#: Folds of the rows; each autoencoder is trained without one of them.
_N_FOLDS = 5

#: Held-out rows of a fold that errors are measured on, at most, and how many cells
#: are wanted of all columns, for which the rows are masked more than once.
_HELD_OUT_ROWS = 3000
_HELD_OUT_CELLS = 20_000
_MOST_DRAWS = 20

#: Fractions of the cells that are masked in a held-out row: between these.
_MASKED = (0.05, 0.5)

#: Errors that are kept for each column, at most.
_KEPT_ERRORS = 4000

#: Errors on each side of a prediction that a draw chooses from: a part of all, within
#: bounds.
_WINDOW_PART = 40
_WINDOW = (10, 50)

#: Rounds in which `sample` fills a row, at most.
_MOST_ROUNDS = 32

#: Rows that are completed at a time.
_CHUNK_ROWS = 10_000


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
        n_samples = len(X)
        n_folds = min(max(_N_FOLDS, n_members), n_samples)
        fold = random_state.permutation(n_samples) % n_folds
        autoencoders, gaussians, held_out = [], [], []
        for k in range(min(n_members, n_folds)):
            # One row alone has to serve for both.
            train = X[fold != k] if n_folds > 1 else X
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
                _predict_held_out(X[fold == k], member, gaussian, random_state)
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
        missing = np.isnan(X)
        # The place of each missing cell in the order of its row.
        order = np.where(missing, random_state.uniform(size=X.shape), np.inf)
        rank = order.argsort(axis=1).argsort(axis=1)
        most = missing.sum(axis=1).max(initial=0)
        n_rounds = min(most, _MOST_ROUNDS)
        if n_rounds:
            rank = rank * n_rounds // most
        for r in range(n_rounds):
            now = missing & (rank == r)
            rows = np.flatnonzero(now.any(axis=1))
            chunk, now = X[rows], now[rows]
            predicted = self._predict(chunk, k)
            spread = _spread(self.gaussians[k], chunk)
            for j in np.flatnonzero(now.any(axis=0)):
                cells = now[:, j]
                drawn = predicted[cells, j] + spread[cells, j] * self._draw_errors(
                    j, predicted[cells, j], random_state
                )
                chunk[cells, j] = np.clip(drawn, *self.limits[:, j])
            X[rows] = chunk

    def _draw_errors(self, column, predicted, random_state):
        predictions, errors = self.errors[column]
        n = len(errors)
        width = int(np.clip(n // _WINDOW_PART, *_WINDOW))
        first = np.searchsorted(predictions, predicted) - width
        first = np.clip(first, 0, max(0, n - 2 * width))
        chosen = first + random_state.randint(min(2 * width, n), size=len(predicted))
        return errors[chosen]

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
    if len(X) > _HELD_OUT_ROWS:
        X = X[random_state.permutation(len(X))[:_HELD_OUT_ROWS]]
    n_draws = int(np.clip(_HELD_OUT_CELLS // max(1, X.size), 1, _MOST_DRAWS))
    parts = []
    for _ in range(n_draws):
        rate = random_state.uniform(*_MASKED, size=(len(X), 1))
        masked = (random_state.uniform(size=X.shape) < rate) & ~np.isnan(X)
        rows = np.where(masked, np.float32(np.nan), X)
        expected, restored = _both(member, gaussian, rows)
        spread = _spread(gaussian, rows)
        _, columns = np.nonzero(masked)
        parts.append((columns, *(t[masked] for t in (X, expected, restored, spread))))
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
    errors = []
    for j in range(n_features):
        cells = np.flatnonzero(columns == j)
        if len(cells) > _KEPT_ERRORS:
            cells = cells[random_state.permutation(len(cells))[:_KEPT_ERRORS]]
        if not len(cells):
            # Never masked, for want of observed values: the Gaussian's own spread.
            normal = random_state.standard_normal(200)
            errors.append(np.stack([np.zeros(200), normal]).astype(np.float32))
            continue
        cells = cells[np.argsort(predicted[cells], kind="stable")]
        errors.append(np.stack([predicted[cells], error[cells]]))
    return weight, errors
