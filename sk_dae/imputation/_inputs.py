"""Reading what the user gave an imputer, numbers or a table, and writing it back.

Both kinds answer the same calls, so that the imputer need not know which it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.utils import _safe_indexing
from sklearn.utils._mask import _get_mask
from sklearn.utils.validation import FLOAT_DTYPES

from ..autoencoder import DenoisingAutoencoder
from ..backend.serialization import serializable
from ..data.checks import name_columns
from ..data.text import validate_numbers
from ..data.training_data import automatic_batch_size
from ..tables.checks import check_table, columns_without_numbers, missing_cells
from ..tables.frames import is_frame, names_of
from ..tables.numbers import as_numbers
from ..tabular import TabularDenoisingAutoencoder
from ._bounds import find_bounds, whole_bounds
from ._exact import ExactRows, rows_to_keep
from ._marks import hide_marks, is_missing_value, marks_of

__all__ = ["IncompleteNumbers", "IncompleteTable"]

#: Parameters of the default autoencoders.
_DEFAULTS = {
    "n_components": 256,
    "hidden_layer_sizes": (256,),
    "code_activation": "relu",
    "noise_level": 0.3,
    "emphasis": "full",
}


@dataclass
class NumberRows:
    """Rows of numbers.

    Parameters
    ----------
    values : ndarray of shape (n_samples, n_features)
        Floats.

    exact : ExactRows or None
        Rows as the user gave them, in a data frame or where floats would change them.
    """

    values: np.ndarray
    exact: ExactRows | None


@serializable
class IncompleteNumbers:
    """Columns of numbers, which are completed as standardised ones.

    Attributes
    ----------
    empty : ndarray of shape (n_features,), dtype bool
        Which columns have no observed value in fit.
    """

    #: Whether marks are replaced by missing values before the rows are read as numbers.
    hides_marks = False

    #: The fitted encoder of a table; numbers do without.
    table = None

    #: The types of the columns in fit, of frames and where floats do not hold all.
    _types = None

    #: The bounds of filled values, which files of older versions do not have.
    _bounds = None

    def validate(self, imputer, X, *, reset):
        """Return rows of numbers, and where they are missing.

        Parameters
        ----------
        imputer : DenoisingImputer
            The one that gets them, and keeps or compares their columns.

        X : array-like of shape (n_samples, n_features)
            The user's rows.

        reset : bool
            Whether the columns are those to be learned.

        Returns
        -------
        X : NumberRows
            The rows.

        missing : ndarray of shape (n_samples, n_features), dtype bool
            Where they are missing.
        """
        mark, given = imputer.missing_values, X
        if self.hides_marks:
            rows = hide_marks(X, marks_of(mark))
            mark, X, given = np.nan, rows.values, rows.base
        X = validate_numbers(
            imputer,
            as_numbers(X, accept_sparse=False),
            reset=reset,
            dtype=FLOAT_DTYPES,
            ensure_all_finite="allow-nan" if is_missing_value(mark) else True,
        )
        missing = _get_mask(X, mark)
        exact = rows_to_keep(given)
        if exact is not None and not is_missing_value(mark):
            exact.find(mark, missing)
        return NumberRows(X, exact), missing

    def make_autoencoder(self, n_samples, n_steps, params):
        """Return the default autoencoder.

        Parameters
        ----------
        n_samples : int
            Number of rows.

        n_steps : int
            Number of steps of the training.

        params : dict
            Further parameters of the default autoencoder.

        Returns
        -------
        autoencoder : estimator
            Not fitted.
        """
        return DenoisingAutoencoder(
            **_DEFAULTS,
            corruption="conditional_mean",
            max_iter=_n_epochs(n_samples, n_steps),
            **params,
        )

    def learn(self, X, missing, autoencoder):
        """Learn the columns, and return the rows that are completed.

        Parameters
        ----------
        X : NumberRows
        missing : ndarray of shape (n_samples, n_features)
            As :meth:`validate` returns them.

        autoencoder : estimator
            The one that the rows are for.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_full), dtype float32
            The columns that are not empty, standardised; NaN where missing.
        """
        self.empty = missing.all(axis=0)
        self._types = None if X.exact is None else X.exact.types()
        X = X.values
        self._mean, self._scale, self._limits = _measure_columns(X, missing)
        return self._standardise(X, missing)

    def bound(self, min_value, max_value, names):
        """Learn what filled values must not leave.

        Parameters
        ----------
        min_value, max_value : "observed", float, array-like, dict or None
            As the imputer has them.

        names : ndarray of shape (n_features,) or None
            Names of the columns.
        """
        observed = np.where(self.empty, np.nan, self._limits)
        numeric = np.ones(len(self.empty), dtype=bool)
        self._bounds = find_bounds(min_value, max_value, observed, numeric, names)

    def encode(self, X, missing):
        """Return the rows with gaps, as they are completed.

        Parameters
        ----------
        X : NumberRows
        missing : ndarray of shape (n_samples, n_features)
            As :meth:`validate` returns them.

        Returns
        -------
        incomplete : ndarray of shape (n_incomplete,), dtype int
            Indices of the rows with gaps in columns that are not empty.

        rows : ndarray of shape (n_incomplete, n_full), dtype float32
            These rows.
        """
        incomplete = np.flatnonzero(missing[:, ~self.empty].any(axis=1))
        return incomplete, self._standardise(X.values[incomplete], missing[incomplete])

    def fill(self, X, missing, incomplete, rows, kept, *, within_range=False):
        """Return what the user gave with its gaps filled.

        Parameters
        ----------
        X : NumberRows
        missing : ndarray of shape (n_samples, n_features)
            As :meth:`validate` returns them.

        incomplete, rows : ndarray
            As :meth:`encode` returns them, with the gaps filled.

        kept : ndarray of shape (n_features,), dtype bool
            Which columns to return.

        within_range : bool, default=False
            Whether a filled cell must not leave the range that its column had in fit.

        Returns
        -------
        X_filled : ndarray or data frame of shape (n_samples, n_kept)
            The completed rows; what the user gave, of these columns, where it is a
            data frame or floats would change it.
        """
        filled, bounds, within = X.values.copy(), self._bounds, within_range
        filled[missing & self.empty] = 0.0
        if bounds is not None:
            gapped = np.flatnonzero(missing.any(axis=0))
            if X.exact is not None:
                inside = self._limits[0] <= bounds[0], bounds[1] <= self._limits[1]
                within = within_range | np.logical_and(*inside)
                bounds = whole_bounds(bounds, X.exact.table, gapped)
            for j in gapped[self.empty[gapped]]:
                filled[missing[:, j], j] = np.clip(0.0, *bounds[:, j])
        gaps = missing[incomplete]
        for i, j in enumerate(np.flatnonzero(~self.empty)):
            cells = gaps[:, j]
            values = self._mean[j] + self._scale[j] * rows[cells, i].astype(float)
            if not np.isfinite(values).all():
                raise ValueError(
                    "The values to fill in X are not finite: those observed in the "
                    "same rows are too large. Scale the rows as those of the fit were."
                )
            if within_range:
                # A draw that was stopped at a bound gets it to the last digit,
                # which float32, in which rows are completed, does not hold.
                low, high = self._scaled_limits(j)
                values[rows[cells, i] <= low] = self._limits[0, j]
                values[rows[cells, i] >= high] = self._limits[1, j]
                values.clip(*self._limits[:, j], out=values)
            if bounds is not None:
                values.clip(*bounds[:, j], out=values)
            filled[incomplete[cells], j] = values
        if X.exact is not None:
            filled = X.exact.fill(filled, missing & kept, self._types, within)
            return _safe_indexing(filled, np.flatnonzero(kept), axis=1)
        return filled[:, kept]

    def _scaled_limits(self, j):
        return ((self._limits[:, j] - self._mean[j]) / self._scale[j]).astype(
            np.float32
        )

    def _standardise(self, X, missing):
        """Return the columns that are not empty, float32, with NaN for missing."""
        full = ~self.empty
        rows = np.empty((len(X), full.sum()), dtype=np.float32)
        # An overflow gives infinity, which is refused as such.
        with np.errstate(over="ignore"):
            for i, j in enumerate(np.flatnonzero(full)):
                rows[:, i] = (X[:, j] - self._mean[j]) / self._scale[j]
        rows[missing[:, full]] = np.nan
        return rows


@serializable
class IncompleteTable:
    """Columns of numbers, categories and times, which a table encoder takes apart.

    Attributes
    ----------
    empty : ndarray of shape (n_features,), dtype bool
        Which columns have no observed value in fit.
    """

    #: The bounds of filled values, which files of older versions do not have.
    _bounds = None

    def validate(self, imputer, X, *, reset):
        """Return TableRows, and where they are missing; see `IncompleteNumbers`."""
        X = hide_marks(X, marks_of(imputer.missing_values))
        X.values = check_table(
            imputer,
            X.values,
            reset=reset,
            categorical_features=getattr(
                imputer.autoencoder, "categorical_features", "from_dtype"
            ),
        )
        if not is_frame(X.values):
            X.base = X.values
        return X, missing_cells(X.values)

    def make_autoencoder(self, n_samples, n_steps, params):
        """Return the default autoencoder; see `IncompleteNumbers`."""
        return TabularDenoisingAutoencoder(
            **_DEFAULTS,
            numeric_scaling="standard",
            corruption="masking",
            max_iter=_n_epochs(n_samples, n_steps),
            **params,
        )

    def learn(self, X, missing, autoencoder):
        """Learn the columns, and return all rows; see `IncompleteNumbers`."""
        self.empty = missing.all(axis=0)
        if not isinstance(autoencoder, TabularDenoisingAutoencoder):
            X = X.values
            others = name_columns(columns_without_numbers(X), names_of(X))
            raise TypeError(
                "autoencoder must be a TabularDenoisingAutoencoder or None for tables "
                "with categories or times, got "
                f"{type(autoencoder).__name__}. Such columns are: {others}."
            )
        autoencoder._validate_params()
        self._table = autoencoder._fit_table(X.values)
        return self._table.transform(X.values)

    def bound(self, min_value, max_value, names):
        """Learn what filled values must not leave; see `IncompleteNumbers`."""
        table = self._table
        self._bounds = find_bounds(
            min_value, max_value, table.ranges, table.numeric, names
        )

    @property
    def table(self):
        """The fitted encoder."""
        return self._table

    def encode(self, X, missing):
        """Return the rows with gaps; see `IncompleteNumbers`."""
        # All rows are encoded, for a column may hold what it must not.
        rows = self._table.transform(X.values)
        incomplete = np.flatnonzero(missing[:, ~self.empty].any(axis=1))
        return incomplete, rows[incomplete]

    def fill(self, X, missing, incomplete, rows, kept, *, within_range=False):
        """Return a table with its gaps filled; see `IncompleteNumbers`."""
        encoded = np.empty(missing.shape, dtype=np.float32)
        encoded[incomplete] = rows
        bounds = self._bounds
        if bounds is not None:
            gapped = np.flatnonzero(missing.any(axis=0))
            bounds = whole_bounds(bounds, X.base, gapped)
        filled = self._table.fill(
            X.base, missing, encoded, within_range=within_range, bounds=bounds
        )
        if kept.all():
            return filled
        return _safe_indexing(filled, np.flatnonzero(kept), axis=1)


def _n_epochs(n_samples, n_steps):
    # The autoencoder's own batches, but for its bound on very wide rows.
    n_batches = -(-n_samples // automatic_batch_size(n_samples, 1))
    return int(np.clip(round(n_steps / n_batches), 5, 200))


def _measure_columns(X, missing):
    """Measure the observed values of each column.

    Returns
    -------
    mean, scale : ndarray of shape (n_features,)
        Mean and standard deviation; 0 and 1 where nothing is observed.

    limits : ndarray of shape (2, n_features)
        The least and the greatest value.
    """
    n_features = X.shape[1]
    mean, scale = np.zeros(n_features), np.ones(n_features)
    limits = np.zeros((2, n_features))
    for j in range(n_features):
        values = X[~missing[:, j], j].astype(np.float64)
        if len(values):
            limits[:, j] = values.min(), values.max()
            # In units of the greatest, so that no square overflows, and about a value
            # of the column, for the sake of large means.
            unit = np.abs(limits[:, j]).max() or 1.0
            values /= unit
            origin = values[0]
            values -= origin
            mean[j] = unit * (origin + values.mean())
            scale[j] = unit * values.std() or 1.0
    return mean, scale, limits
