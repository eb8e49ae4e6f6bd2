"""Rows taken apart into the numbers that are predicted, and put together again.

Standardised numbers are their own parts. A cell of a category has a part for each
category but the first: its one-hot code less one column.
"""

from __future__ import annotations

import numpy as np
import torch

from ..base.meta_estimator import restore_rows, train_rows
from ..corruption import ConditionalMeanNoise
from ..linear.gaussian import MAX_FEATURES, IncompleteGaussian

__all__ = ["NumberParts", "TableParts"]

#: The most parts of a table that have a covariance: beyond, the linear guess would cost
#: more than the nets, and they count as independent.
_MOST_TABLE_PARTS = 128

#: The least variance of a column that its errors are measured by.
_LEAST_VARIANCE = 0.01


class NumberParts:
    """Standardised numbers, which are predicted as they are.

    Parameters
    ----------
    n_features : int
        Number of columns.

    Attributes
    ----------
    starts : ndarray of shape (n_features,)
        The first part of each column.

    n_parts, n_numbers : int
        Number of parts, and how many of them are numbers, which come first.
    """

    def __init__(self, n_features):
        self.starts = np.arange(n_features)
        self.n_parts = self.n_numbers = n_features

    def is_number(self, j):
        """Return whether a column holds numbers."""
        return True

    def split(self, rows):
        """Return the parts of rows: NaN where missing."""
        return rows

    def join(self, parts):
        """Return the rows of parts."""
        return parts

    def mask(self, cells):
        """Return which parts are those of cells."""
        return cells

    def train(self, autoencoder, rows):
        """Train an autoencoder on rows."""
        train_rows(autoencoder, rows)

    def fit_gaussian(self, member, rows, random_state):
        """Return the Gaussian that a member starts from, or one fitted to its rows."""
        if _starts_from_gaussian(member):
            return member.corruption_._gaussian
        return _fit_gaussian(rows, self.n_parts, MAX_FEATURES, random_state)

    def restore(self, member, rows, expected):
        """Return the parts that an autoencoder restores.

        Parameters
        ----------
        member : estimator
            The autoencoder.

        rows : ndarray of shape (n_samples, n_features), dtype float32
            Rows; NaN stands for a missing value.

        expected : ndarray of shape (n_samples, n_parts), dtype float32
            The Gaussian's completion of their parts.

        Returns
        -------
        restored : ndarray of shape (n_samples, n_parts), dtype float32
            The parts.
        """
        # Rows that the autoencoder would fill by the Gaussian itself it gets filled.
        filled = _starts_from_gaussian(member)
        return restore_rows(member, expected if filled else rows)

    def weigh(self, index, values):
        """Return the weight of each error: standardised columns count alike."""
        return 1.0


class TableParts:
    """Columns of scaled numbers and of indices of categories.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for numbers.

    table : TableEncoder or None
        The encoder of the rows, which members are trained with.

    Attributes
    ----------
    widths, starts : ndarray of shape (n_features,)
        Number of parts of each column, and the first of them. A column of one category
        has none.

    n_parts, n_numbers : int
        Number of parts, and how many of them are numbers, which come first.
    """

    def __init__(self, n_categories, table=None):
        self.table = table
        self.n_categories = np.array(n_categories)
        numeric = self.n_categories == 0
        self.widths = np.where(numeric, 1, self.n_categories - 1)
        order = np.argsort(~numeric, kind="stable")
        self.starts = np.empty(len(order), dtype=np.intp)
        self.starts[order] = np.cumsum(self.widths[order]) - self.widths[order]
        self.n_parts = int(self.widths.sum())
        self.n_numbers = int(numeric.sum())

    def is_number(self, j):
        """Return whether a column holds numbers."""
        return self.n_categories[j] == 0

    def split(self, rows):
        """Return the parts of rows: NaN where missing, or of a category unknown."""
        split = np.empty((len(rows), self.n_parts), dtype=np.float32)
        for j, (start, width) in enumerate(zip(self.starts, self.widths, strict=True)):
            column = rows[:, j, None]
            if self.is_number(j):
                split[:, start] = column[:, 0]
                continue
            ones = (column == np.arange(1, width + 1)).astype(np.float32)
            split[:, start : start + width] = np.where(column >= 0, ones, np.nan)
        return split

    def join(self, parts):
        """Return the rows of parts, with the most probable categories."""
        rows = np.empty((len(parts), len(self.widths)), dtype=np.float32)
        for j in range(len(self.widths)):
            if self.is_number(j):
                rows[:, j] = parts[:, self.starts[j]]
            else:
                rows[:, j] = self.probabilities(parts, j).argmax(axis=1)
        return rows

    def mask(self, cells):
        """Return which parts are those of cells."""
        mask = np.empty((len(cells), self.n_parts), dtype=bool)
        for j, (start, width) in enumerate(zip(self.starts, self.widths, strict=True)):
            mask[:, start : start + width] = cells[:, j, None]
        return mask

    def probabilities(self, parts, j):
        """Return the probabilities of all categories of a column."""
        others = parts[:, self.starts[j] : self.starts[j] + self.widths[j]]
        first = 1.0 - others.sum(axis=1, keepdims=True)
        p = np.hstack([first, others]).astype(np.float64)
        # A linear guess may leave the range.
        return np.clip(p, 1e-9, None)

    def train(self, autoencoder, rows):
        """Train an autoencoder of tables on rows; see `NumberParts`."""
        train_rows(autoencoder, rows, table=self.table)

    def fit_gaussian(self, member, rows, random_state):
        """Return a Gaussian fitted to the parts of rows; see `NumberParts`."""
        n_parts, most = self.n_parts, _MOST_TABLE_PARTS
        return _fit_gaussian(rows, n_parts, most, random_state, self.split)

    def restore(self, member, rows, expected):
        """Return the parts that an autoencoder restores; see `NumberParts`."""
        return self.drop_first(member.restore_parts(rows))

    def drop_first(self, restored):
        """Return numbers and probabilities, without the first of each column."""
        kept = np.ones(restored.shape[1], dtype=bool)
        sizes = self.n_categories[self.n_categories > 0]
        kept[self.n_numbers + np.cumsum(sizes) - sizes] = False
        return restored[:, kept]

    def weigh(self, index, values):
        """Return the weight of each error: one over the variance of its column.

        Parameters
        ----------
        index, values : ndarray of shape (n_errors,)
            Part and true value.

        Returns
        -------
        weights : ndarray of shape (n_errors,)
            With which all columns count alike, however many parts they have.
        """
        n_values = np.maximum(np.bincount(index, minlength=self.n_parts), 1)
        variance = np.bincount(index, values**2, self.n_parts) / n_values
        variance -= (np.bincount(index, values, self.n_parts) / n_values) ** 2
        of_columns = np.empty(self.n_parts)
        for start, width in zip(self.starts, self.widths, strict=True):
            of_columns[start : start + width] = variance[start : start + width].sum()
        return 1.0 / np.maximum(of_columns, _LEAST_VARIANCE)[index]


def _starts_from_gaussian(member):
    return isinstance(getattr(member, "corruption_", None), ConditionalMeanNoise)


def _fit_gaussian(rows, n_parts, max_parts, random_state, split=None):
    n_rows = IncompleteGaussian.n_rows(n_parts)
    if n_rows < len(rows):
        rows = rows[random_state.permutation(len(rows))[:n_rows]]
    parts = rows if split is None else split(rows)
    return IncompleteGaussian.fit(torch.from_numpy(parts), max_parts)
