"""Completing mixed tables with cross-fitted autoencoders of tables."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.base import clone
from sklearn.ensemble._base import _set_random_states

from ..backend.serialization import serializable
from ..linear.gaussian import IncompleteGaussian
from ._held_out import deal_folds, draw_errors, draw_masks, keep_errors, rounds_of_cells

__all__ = ["TableCompletion"]

#: Rows that are completed at a time.
_CHUNK_ROWS = 10_000

#: Beyond so many parts the linear guess would cost more than the nets; they then count
#: as independent.
_MOST_PARTS = 128

#: The least variance of a column that its errors are measured by.
_LEAST_VARIANCE = 0.01


@serializable
class TableCompletion:
    r"""Autoencoders of tables that complete rows, and the errors that they make.

    Rows are taken apart into numbers and indicators of the categories, all but the
    first category of each column. Member :math:`k` is trained without fold :math:`k`;
    of the parts it predicts

    .. math:: \hat x = g + w (f - g),

    with what the autoencoder restores, :math:`f`: numbers and probabilities; and with
    :math:`g`, what a Gaussian fitted to the parts makes expect: linear guesses of both.
    The weight :math:`w` in [0, 1] is the best on masked cells of the folds left out,
    where the columns count alike.

    Parameters
    ----------
    autoencoders : list of TabularDenoisingAutoencoder
        The trained members.

    gaussians : list of IncompleteGaussian
        One of each member.

    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for numbers.

    weight : float
        Weight of what is restored.

    errors : list of ndarray of shape (2, n_errors)
        Of each column of numbers the predictions, in ascending order, and the errors.

    limits : ndarray of shape (2, n_features)
        Least and greatest observed value of each column, which draws do not leave.
    """

    def __init__(self, autoencoders, gaussians, n_categories, weight, errors, limits):
        self.autoencoders = autoencoders
        self.gaussians = gaussians
        self.n_categories = n_categories
        self.weight = weight
        self.errors = errors
        self.limits = limits

    @classmethod
    def fit(cls, X, table, rows, autoencoder, n_members, random_state):
        """Train the members and measure their errors.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            The table.

        table : TableEncoder
            Fitted to it.

        rows : ndarray of shape (n_samples, n_features), dtype float32
            What it makes of the table.

        autoencoder : TabularDenoisingAutoencoder
            What is cloned for each member.

        n_members : int
            Number of members.

        random_state : RandomState
            Draws the folds, the members' seeds and the masks.

        Returns
        -------
        completion : TableCompletion
            The trained members.
        """
        parts = _Parts(table.n_categories)
        autoencoders, gaussians, held_out = [], [], []
        for train, left_out in deal_folds(len(rows), n_members, random_state):
            member = clone(autoencoder)
            _set_random_states(member, random_state)
            with warnings.catch_warnings():
                # A column may be empty in some folds.
                warnings.filterwarnings("ignore", "Nothing is observed in these")
                member.fit_rows(rows[train], table=table)
            gaussian = _fit_gaussian(rows[train], parts, random_state)
            autoencoders.append(member)
            gaussians.append(gaussian)
            held_out.append(
                _predict_held_out(rows[left_out], parts, member, gaussian, random_state)
            )
        cells = [np.concatenate(found) for found in zip(*held_out, strict=True)]
        weight, errors = _learn_from(*cells, parts, random_state)
        limits = np.nan_to_num([np.fmin.reduce(rows), np.fmax.reduce(rows)])
        return cls(autoencoders, gaussians, table.n_categories, weight, errors, limits)

    def fill(self, rows):
        """Fill the gaps of rows with what the members predict on average.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            Numbers and indices of categories; NaN stands for a missing value.

        Returns
        -------
        filled : ndarray of shape (n_samples, n_features), dtype float32
            The completed rows, with the most probable categories.
        """
        parts = _Parts(self.n_categories)
        filled = np.empty_like(rows)
        for start in range(0, len(rows), _CHUNK_ROWS):
            chunk = rows[start : start + _CHUNK_ROWS]
            total = 0.0
            for k in range(len(self.autoencoders)):
                total = total + self._predict(chunk, parts, k)
            total /= len(self.autoencoders)
            filled[start : start + _CHUNK_ROWS] = np.where(
                np.isnan(chunk), parts.join(total), chunk
            )
        return filled

    def sample(self, rows, random_state):
        """Fill the gaps of rows with draws, cell after cell.

        The cells of a row are drawn in random order, each given the observed cells
        and those drawn before, by one member, chosen at random: a category by its
        probability; a number as the prediction and an error that was made on
        held-out cells of the column with a prediction near by.

        Parameters
        ----------
        rows : ndarray of shape (n_samples, n_features), dtype float32
            Numbers and indices of categories; NaN stands for a missing value.

        random_state : RandomState
            Where the draws come from.

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
        parts = _Parts(self.n_categories)
        for cells in rounds_of_cells(np.isnan(rows), random_state):
            index = np.flatnonzero(cells.any(axis=1))
            chunk, now = rows[index], cells[index]
            predicted = self._predict(chunk, parts, k)
            spread = _spread(self.gaussians[k], parts.split(chunk))
            for j in np.flatnonzero(now.any(axis=0)):
                gaps = now[:, j]
                if self.n_categories[j]:
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

    def _predict(self, rows, parts, k):
        expected, restored = _both(self.autoencoders[k], self.gaussians[k], rows, parts)
        return expected + np.float32(self.weight) * (restored - expected)


class _Parts:
    """Rows taken apart into numbers and indicators, and put together again.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for numbers.

    Attributes
    ----------
    widths, starts : ndarray of shape (n_features,)
        How many parts each column has, and which is the first of them: numbers come
        first. A column of one category has none.

    n_parts : int
        How many there are in all.
    """

    def __init__(self, n_categories):
        self.n_categories = np.array(n_categories)
        self.is_number = self.n_categories == 0
        self.widths = np.where(self.is_number, 1, self.n_categories - 1)
        order = np.argsort(~self.is_number, kind="stable")
        self.starts = np.empty(len(order), dtype=np.intp)
        self.starts[order] = np.cumsum(self.widths[order]) - self.widths[order]
        self.n_parts = int(self.widths.sum())

    def split(self, rows):
        """Return the parts of rows: NaN where missing, or of a category unknown."""
        split = np.empty((len(rows), self.n_parts), dtype=np.float32)
        for j, (start, width) in enumerate(zip(self.starts, self.widths, strict=True)):
            column = rows[:, j, None]
            if self.is_number[j]:
                split[:, start] = column[:, 0]
                continue
            ones = (column == np.arange(1, width + 1)).astype(np.float32)
            split[:, start : start + width] = np.where(column >= 0, ones, np.nan)
        return split

    def split_restored(self, restored):
        """Return the parts of what an autoencoder restores."""
        n_numbers = int(self.is_number.sum())
        kept = np.ones(restored.shape[1], dtype=bool)
        sizes = self.n_categories[~self.is_number]
        # The first category of each column.
        kept[n_numbers + np.cumsum(sizes) - sizes] = False
        return restored[:, kept]

    def probabilities(self, parts, j):
        """Return the probabilities of all categories of a column."""
        others = parts[:, self.starts[j] : self.starts[j] + self.widths[j]]
        first = 1.0 - others.sum(axis=1, keepdims=True)
        p = np.hstack([first, others]).astype(np.float64)
        # A linear guess may leave the range.
        return np.clip(p, 1e-9, None)

    def join(self, parts):
        """Return rows, with the most probable categories."""
        rows = np.empty((len(parts), len(self.widths)), dtype=np.float32)
        for j in range(len(self.widths)):
            if self.is_number[j]:
                rows[:, j] = parts[:, self.starts[j]]
            else:
                rows[:, j] = self.probabilities(parts, j).argmax(axis=1)
        return rows

    def sum_of_columns(self, values):
        """Return for each part the sum of the values of its column's parts."""
        sums = np.empty(self.n_parts)
        for start, width in zip(self.starts, self.widths, strict=True):
            sums[start : start + width] = values[start : start + width].sum()
        return sums

    def mask(self, cells):
        """Return which parts are those of cells."""
        mask = np.empty((len(cells), self.n_parts), dtype=bool)
        for j, (start, width) in enumerate(zip(self.starts, self.widths, strict=True)):
            mask[:, start : start + width] = cells[:, j, None]
        return mask


def _fit_gaussian(rows, parts, random_state):
    n_rows = IncompleteGaussian.n_rows(parts.n_parts)
    if n_rows < len(rows):
        rows = rows[random_state.permutation(len(rows))[:n_rows]]
    return IncompleteGaussian.fit(torch.from_numpy(parts.split(rows)), _MOST_PARTS)


def _both(member, gaussian, rows, parts):
    """Return the Gaussian's and the autoencoder's parts of rows."""
    expected = gaussian.fill(torch.from_numpy(parts.split(rows))).numpy()
    return expected, parts.split_restored(member._restore(rows))


def _spread(gaussian, split):
    return gaussian.spread(torch.from_numpy(split)).numpy()


def _predict_held_out(X, parts, member, gaussian, random_state):
    """Mask cells of held-out rows and predict their parts.

    Returns
    -------
    index, values, expected, restored, spread : ndarray of shape (n_cells,)
        Of each part of a masked cell its index, its value, what the Gaussian and what
        the autoencoder make of it, and the Gaussian's standard deviation.
    """
    found = []
    for rows, masked in draw_masks(X, random_state):
        hidden = np.where(masked, np.float32(np.nan), rows)
        values = parts.split(rows)
        mask = parts.mask(masked) & ~np.isnan(values)
        expected, restored = _both(member, gaussian, hidden, parts)
        spread = _spread(gaussian, parts.split(hidden))
        _, index = np.nonzero(mask)
        found.append((index, *(t[mask] for t in (values, expected, restored, spread))))
    return [np.concatenate(part) for part in zip(*found, strict=True)]


def _learn_from(index, values, expected, restored, spread, parts, random_state):
    """Return the weight of what is restored, and the errors of numbers."""
    step = restored - expected
    # Parts of a column together vary by about one.
    n_cells = np.bincount(index, minlength=parts.n_parts)
    variance = np.bincount(index, values**2, parts.n_parts) / np.maximum(n_cells, 1)
    variance -= (
        np.bincount(index, values, parts.n_parts) / np.maximum(n_cells, 1)
    ) ** 2
    scale = 1.0 / np.maximum(parts.sum_of_columns(variance), _LEAST_VARIANCE)[index]
    square = (scale * step**2).sum(dtype=np.float64)
    weight = 1.0
    if square > 0:
        product = (scale * step * (values - expected)).sum(dtype=np.float64)
        weight = float(np.clip(product / square, 0.0, 1.0))
    predicted = expected + np.float32(weight) * step
    error = (values - predicted) / spread
    # Numbers come first.
    n_numbers = int(parts.is_number.sum())
    is_number = index < n_numbers
    index, predicted, error = (t[is_number] for t in (index, predicted, error))
    kept = keep_errors(index, predicted, error, n_numbers, random_state)
    errors = [
        kept[start] if is_number else None
        for start, is_number in zip(parts.starts, parts.is_number, strict=True)
    ]
    return weight, errors
