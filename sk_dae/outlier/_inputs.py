"""Mixed tables in the detector: their columns on one scale, and the errors of cells."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ..backend.serialization import serializable
from ..base.meta_estimator import restore_rows
from ..corruption import MultiScaleNoise
from ..tables.checks import check_table
from ..tables.encoder import TableEncoder
from ..tables.scaling import NumericColumn
from ._scaling import BEND, FencedScaler, bend

__all__ = ["TableCells", "TableNoise", "cell_errors"]

#: The least error of a constant guess that a column of categories is measured by.
LEAST_GUESS = 1e-3

#: The greatest squared error of a cell: sums of such are finite as float32.
GREATEST_ERROR = np.float32(1e30)


@serializable
class FencedColumn(NumericColumn):
    """A column of numbers, scaled by a ``FencedScaler``, for a ``TableEncoder``."""

    def fit(self, values, weights=None):
        """Learn the scale of a column, given as float64 with NaN."""
        observed = values[~np.isnan(values)]
        self.empty = not len(observed)
        self.has_missing = len(observed) < len(values)
        if not self.empty:
            self.range = observed.min(), observed.max()
            self.scaler = FencedScaler().fit(observed[:, None])
        return self

    def encode(self, values):
        """Return the scaled values."""
        if self.empty:
            return np.full(len(values), np.nan)
        return self.scaler.transform(values[:, None])[:, 0]

    def decode(self, encoded, within_range=False):
        """Return the values of scaled ones, within the range that they had in fit."""
        if self.empty:
            return np.full(len(encoded), np.nan)
        size = np.abs(encoded.astype(np.float64))
        size = np.where(size > BEND, BEND * np.exp(size / BEND - 1.0), size)
        values = np.copysign(size, encoded) * self.scaler.scales + self.scaler.centers
        return values.clip(*self.range)


@serializable
class FencedTable(TableEncoder):
    """A table as a matrix, with its numbers scaled as the detector scales numbers."""

    def _make_numeric(self, name):
        return FencedColumn("standard", name)


@serializable
class TableNoise(MultiScaleNoise):
    """``MultiScaleNoise`` for the numeric form of a table.

    Categories go missing with the other cells of a row, and get no noise.

    Parameters
    ----------
    n_categories : sequence of int of length n_features
        Number of categories of each column; 0 for numbers.
    """

    _parameter_constraints: dict = {
        **MultiScaleNoise._parameter_constraints,
        "n_categories": ["array-like"],
    }

    def __init__(
        self,
        n_categories,
        *,
        levels=(0.05, 1.5),
        fractions=(0.0, 0.8),
        random_state=None,
    ):
        super().__init__(levels, fractions=fractions, random_state=random_state)
        self.n_categories = n_categories

    def draw(self, X, generator):
        """Draw corrupted rows, as in ``BaseCorruption``."""
        corrupted, changed = super().draw(X, generator)
        is_category = torch.tensor(self.n_categories, device=X.device) > 0
        kept = is_category & ~corrupted.isnan()
        return torch.where(kept, X, corrupted), changed & ~kept


@serializable
class TableCells:
    """A table with its columns on one scale, and what an error in a cell counts.

    Parameters
    ----------
    table : TableEncoder
        The fitted encoder.

    Attributes
    ----------
    guesses : ndarray of shape (n_features,)
        The squared error of the constant guess of each column of categories.
    """

    def __init__(self, table):
        self.table = table

    @classmethod
    def read(cls, X, given):
        """Learn the columns of a table, unless the autoencoder knows them.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            The checked table.

        given : TableNetAutoencoder, FrozenEstimator or None
            The autoencoder that was given; None for the default one.

        Returns
        -------
        cells : TableCells
            The fitted cells.

        encoded : ndarray of shape (n_samples, n_features), dtype float32
            The table as a matrix.
        """
        if isinstance(given, FrozenEstimator):
            check_is_fitted(given.estimator)
            check_table(given.estimator, X, reset=False)
            cells = cls(given.estimator._table)
        elif given is not None:
            given._validate_params()
            cells = cls(given._fit_table(X, encoder=FencedTable))
        else:
            cells = cls(FencedTable(indicate_all=True).fit(X))
        encoded = cells.table.transform(X)
        cells.guesses = np.ones(encoded.shape[1])
        for j in np.flatnonzero(cells.table.n_categories):
            codes = encoded[:, j]
            counts = np.bincount(codes[codes >= 0].astype(np.intp))
            shares = counts / max(counts.sum(), 1)
            cells.guesses[j] = max(0.5 - 0.5 * (shares**2).sum(), LEAST_GUESS)
        return cells, encoded

    def transform(self, X):
        """Return an encoded table as it is: its columns are on one scale."""
        return X

    def errors(self, autoencoder, seen, X):
        """Return the errors of all cells; see `cell_errors`."""
        n_categories = np.asarray(self.table.n_categories)
        numbers = np.flatnonzero(n_categories == 0)
        if isinstance(autoencoder, FrozenEstimator):
            autoencoder = autoencoder.estimator
        parts = autoencoder.restore_parts(seen)
        errors = np.empty(X.shape, dtype=np.float32)
        errors[:, numbers] = _squared_error(parts[:, : len(numbers)], X[:, numbers])
        start = len(numbers)
        for j in np.flatnonzero(n_categories):
            p = parts[:, start : start + n_categories[j]]
            start += n_categories[j]
            errors[:, j] = _category_errors(p, X[:, j], self.guesses[j])
        return errors


def _category_errors(p, codes, guess):
    """Return the errors of a column of categories, given their probabilities.

    Half the squared distance between the probabilities and certainty, in units of that
    of a constant guess: so the column counts as one of numbers, whose variance is one.
    Far errors are bent as those of numbers are.
    """
    seen = np.flatnonzero(codes >= 0)
    squares = (p**2).sum(axis=1)
    # A category that was never seen gets as much as one with a probability of zero.
    errors = np.where(np.isnan(codes), np.nan, 1.0)
    of_category = p[seen, codes[seen].astype(np.intp)]
    errors[seen] = 0.5 * squares[seen] + 0.5 - of_category
    return bend(np.sqrt(np.maximum(errors, 0.0) / guess)) ** 2


def cell_errors(scaler, autoencoder, seen, X):
    """Return the squared errors of all cells of rows.

    Parameters
    ----------
    scaler : FencedScaler or TableCells
        The object that has put the rows on one scale.

    autoencoder : estimator
        The fitted autoencoder.

    seen : ndarray of shape (n_samples, n_features), dtype float32
        Rows that it restores, with noise or with cells hidden.

    X : ndarray of shape (n_samples, n_features), dtype float32
        The rows that it should restore.

    Returns
    -------
    errors : ndarray of shape (n_samples, n_features), dtype float32
        NaN where a value is missing.
    """
    if isinstance(scaler, TableCells):
        return scaler.errors(autoencoder, seen, X)
    return _squared_error(restore_rows(autoencoder, seen), X)


def _squared_error(restored, X):
    # Rows may be far from those that a frozen autoencoder was fitted on.
    with np.errstate(over="ignore"):
        return np.minimum((restored - X) ** 2, GREATEST_ERROR)
