"""Completing rows with autoencoders that are each trained without a fold of them."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.base import clone
from sklearn.ensemble._base import _set_random_states

from ..backend.serialization import serializable
from ..backend.settings import own_settings
from ..training.callbacks.progress import showing_task
from ..training.callbacks.sklearn_bridge import task_of
from ._held_out import (
    draw_errors,
    draw_masks,
    errors_by_column,
    sampling_rounds,
    split_folds,
)
from ._parts import NumberParts, TableParts

__all__ = ["CrossFittedCompletion"]

#: Rows that are completed at a time.
_CHUNK_ROWS = 10_000


@serializable(aliases=["NumericCompletion", "TableCompletion"])
class CrossFittedCompletion:
    r"""Autoencoders that complete rows, and the errors that they make.

    Rows are taken apart into numbers: standardised columns as they are, categories as
    one-hot indicators of all but the first. Member :math:`k` is trained without fold
    :math:`k`; of the parts it predicts

    .. math:: \hat x = g_k + w (f_k - g_k),

    with the reconstruction :math:`f_k`, of categories their probabilities; with the
    conditional mean :math:`g_k` of a Gaussian fitted to the parts of the same rows; and
    with one weight :math:`w` in [0, 1] for all, the best on masked cells of the folds
    left out, where all columns count alike. The errors on these cells, divided by the
    Gaussian's conditional standard deviation, are kept for :meth:`sample`.

    Parameters
    ----------
    autoencoders : list of estimators
        The trained members.

    gaussians : list of IncompleteGaussian
        The Gaussian of each member.

    n_categories : sequence of int of length n_features or None
        Number of categories of each column of a table, 0 for numbers; None for
        standardised numbers.

    weight : float
        Weight of the reconstruction.

    errors : list of ndarray of shape (2, n_errors)
        For each column of numbers the predictions, in ascending order, and the errors;
        None for a column of categories.

    limits : ndarray of shape (2, n_features)
        Least and greatest observed value of each column, which draws do not leave.
    """

    #: Format 1 of saved files has completions of numbers without this attribute.
    n_categories = None

    def __init__(self, autoencoders, gaussians, n_categories, weight, errors, limits):
        self.autoencoders = autoencoders
        self.gaussians = gaussians
        self.n_categories = n_categories
        self.weight = weight
        self.errors = errors
        self.limits = limits

    @classmethod
    def fit(cls, rows, autoencoder, n_members, random_state, *, owner=None, table=None):
        """Train the members and measure their errors.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            Standardised numbers, none of them in an empty column, or what `table`
            makes of a table; NaN stands for a missing value.

        autoencoder : estimator
            The one that is cloned for each member.

        n_members : int
            Number of members.

        random_state : RandomState
            Draws the folds, the members' seeds and the masks.

        owner : estimator, default=None
            The one that is fitted so, whose callbacks are told of the members.

        table : TableEncoder or None, default=None
            The fitted encoder of a table.

        Returns
        -------
        completion : CrossFittedCompletion
            The trained members.
        """
        n_categories = None if table is None else table.n_categories
        parts = _make_parts(rows.shape[1], n_categories, table)
        autoencoders, gaussians, held_out = [], [], []
        folds = split_folds(len(rows), n_members, random_state)
        for k, (train, left_out) in enumerate(folds):
            member = clone(autoencoder)
            _set_random_states(member, random_state)
            task = task_of(owner, f"net {k + 1} of {n_members}", member)
            with task, warnings.catch_warnings():
                # A column may be empty in some folds; its mean is known all the same.
                warnings.filterwarnings("ignore", "Nothing is observed in these")
                parts.train(member, rows[train])
            part = f"measuring net {k + 1} of {n_members}"
            with task_of(owner, part), showing_task(owner, part), own_settings():
                gaussian = parts.fit_gaussian(member, rows[train], random_state)
                autoencoders.append(member)
                gaussians.append(gaussian)
                held_out.append(
                    _predict_held_out(
                        rows[left_out], parts, member, gaussian, random_state
                    )
                )
        cells = [np.concatenate(found) for found in zip(*held_out, strict=True)]
        weight, errors = learn_from_errors(*cells, parts, random_state)
        limits = np.nan_to_num([np.fmin.reduce(rows), np.fmax.reduce(rows)])
        return cls(autoencoders, gaussians, n_categories, weight, errors, limits)

    @own_settings()
    def fill(self, rows):
        """Fill the gaps of rows with the mean of the members' predictions.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            Rows as in fit; NaN stands for a missing value.

        Returns
        -------
        filled : ndarray of shape (n_samples, n_features), dtype float32
            The completed rows, with the most probable categories.
        """
        parts = self._parts
        filled = np.empty_like(rows)
        for start in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[start : start + _CHUNK_ROWS]
            split = parts.split(chunk)
            total = np.zeros_like(split)
            for k in range(len(self.autoencoders)):
                total += self._predict(chunk, split, parts, k)
            total /= len(self.autoencoders)
            filled[start : start + _CHUNK_ROWS] = np.where(
                np.isnan(chunk), parts.join(total), chunk
            )
        return filled

    @own_settings()
    def sample(self, rows, random_state):
        """Fill the gaps of rows with draws, cell after cell.

        The cells of a row are drawn in random order, each given the observed cells
        and those drawn before, by one member, chosen at random: a category by its
        probability; a number as the prediction and an error that was made on
        held-out cells of the column with a prediction near by.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            Rows as in fit; NaN stands for a missing value.

        random_state : RandomState
            The source of the draws.

        Returns
        -------
        filled : ndarray of shape (n_samples, n_features), dtype float32
            The completed rows.
        """
        k = random_state.randint(len(self.autoencoders))
        filled = rows.copy()
        for start in range(0, len(rows), _CHUNK_ROWS):
            self._sample_chunk(filled[start : start + _CHUNK_ROWS], k, random_state)
        return filled

    def _sample_chunk(self, rows, k, random_state):
        parts = self._parts
        for cells in sampling_rounds(np.isnan(rows), random_state):
            index = np.flatnonzero(cells.any(axis=1))
            chunk, now = rows[index], cells[index]
            split = parts.split(chunk)
            predicted = self._predict(chunk, split, parts, k)
            spread = _spread(self.gaussians[k], split)
            for j in np.flatnonzero(now.any(axis=0)):
                gaps = now[:, j]
                if not parts.is_number(j):
                    steps = parts.probabilities(predicted[gaps], j).cumsum(axis=1)
                    draws = random_state.uniform(size=(len(steps), 1)) * steps[:, -1:]
                    chunk[gaps, j] = (steps[:, :-1] < draws).sum(axis=1)
                    continue
                i = parts.starts[j]
                expected = predicted[gaps, i]
                error = draw_errors(self.errors[j], expected, random_state)
                drawn = expected + spread[gaps, i] * error
                chunk[gaps, j] = np.clip(drawn, *self.limits[:, j])
            rows[index] = chunk

    def _predict(self, rows, split, parts, k):
        expected = _expect(self.gaussians[k], split)
        restored = parts.restore(self.autoencoders[k], rows, expected)
        return expected + np.float32(self.weight) * (restored - expected)

    @property
    def _parts(self):
        return _make_parts(self.limits.shape[1], self.n_categories)


def _make_parts(n_features, n_categories, table=None):
    if n_categories is None:
        return NumberParts(n_features)
    return TableParts(n_categories, table)


def _expect(gaussian, split):
    return gaussian.fill(torch.from_numpy(split)).numpy()


def _spread(gaussian, split):
    return gaussian.spread(torch.from_numpy(split)).numpy()


def _predict_held_out(X, parts, member, gaussian, random_state):
    """Mask cells of held-out rows and predict their parts.

    Returns
    -------
    index, values, expected, restored, spread : ndarray of shape (n_errors,)
        For each part of a masked cell its index, its value, the predictions of the
        Gaussian and of the autoencoder, and the Gaussian's standard deviation.
    """
    found = []
    for rows, masked in draw_masks(X, random_state):
        hidden = np.where(masked, np.float32(np.nan), rows)
        values, split = parts.split(rows), parts.split(hidden)
        # A category that was never seen has no parts to be right about.
        mask = parts.mask(masked) & ~np.isnan(values)
        expected = _expect(gaussian, split)
        restored = parts.restore(member, hidden, expected)
        spread = _spread(gaussian, split)
        _, index = np.nonzero(mask)
        found.append((index, *(t[mask] for t in (values, expected, restored, spread))))
    return [np.concatenate(part) for part in zip(*found, strict=True)]


def learn_from_errors(index, values, expected, restored, spread, parts, random_state):
    """Learn from masked cells how far to trust the autoencoders, and how they err.

    Parameters
    ----------
    index, values, expected, restored, spread : ndarray of shape (n_errors,)
        For each part of a masked cell its index, its value, the predictions of the
        Gaussian and of the autoencoder, and the Gaussian's standard deviation.

    parts : NumberParts or TableParts
        The parts that the indices stand for.

    random_state : RandomState
        Draws the errors that are kept.

    Returns
    -------
    weight : float
        Weight of the autoencoder over the Gaussian, in [0, 1].

    errors : list of ndarray of shape (2, n_errors)
        As `CrossFittedCompletion` has them.
    """
    step = restored - expected
    scale = parts.weigh(index, values)
    square = (scale * step**2).sum(dtype=np.float64)
    weight = 1.0
    if square > 0:
        product = (scale * step * (values - expected)).sum(dtype=np.float64)
        weight = float(np.clip(product / square, 0.0, 1.0))
    predicted = expected + np.float32(weight) * step
    error = (values - predicted) / spread
    # Numbers come first.
    of_numbers = index < parts.n_numbers
    index, predicted, error = (t[of_numbers] for t in (index, predicted, error))
    kept = errors_by_column(index, predicted, error, parts.n_numbers, random_state)
    errors = [
        kept[start] if parts.is_number(j) else None
        for j, start in enumerate(parts.starts)
    ]
    return weight, errors
