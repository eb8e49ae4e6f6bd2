"""Mixed tables as one float matrix, and back: a column in, a column out.

Numeric columns are scaled; times become numbers first; a category becomes its index,
so that a corruption which exchanges cells of a column can make no category that does
not exist. NaN stands for what is missing.
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator

from ..backend.serialization import serializable
from .categories import CategoricalColumn
from .checks import categorical_mask, refuse_type
from .filling import fill_columns
from .frames import is_frame, is_polars, join_columns, names_of
from .kinds import (
    has_zone,
    is_aware,
    kinds_of,
    narrower_float,
    plain_objects,
    show_kinds,
)
from .objects import kind_of_objects
from .reading import columns_of
from .scaling import NumericColumn
from .unseen import report_unseen
from .writing import write

__all__ = ["TableEncoder"]

#: Times without a zone and with one, for messages.
ZONES = ("naive datetime", "aware datetime")


@serializable
class TableEncoder(BaseEstimator):
    """A table as a float32 matrix with a column for each of its columns.

    Parameters
    ----------
    numeric_scaling : {"quantile", "standard"}, default="quantile"
        How numeric columns are scaled.

    categorical_features : "from_dtype", array-like, slice or callable, \
            default="from_dtype"
        Which columns hold categories: those that hold no numbers and no times; or
        positions, names or a mask of further ones.

    max_categories : int, default=100
        The most categories of a column.

    indicate_all : bool, default=False
        Whether any column may miss values later on, rather than those that did in fit.

    handle_unknown : {"ignore", "warn", "error"}, default="ignore"
        Whether categories that were not there in fit are taken without a word.
    """

    def __init__(
        self,
        numeric_scaling="quantile",
        categorical_features="from_dtype",
        max_categories=100,
        indicate_all=False,
        handle_unknown="ignore",
    ):
        self.numeric_scaling = numeric_scaling
        self.categorical_features = categorical_features
        self.max_categories = max_categories
        self.indicate_all = indicate_all
        self.handle_unknown = handle_unknown

    @classmethod
    def upgrade_state(cls, state, format):
        """Take from their types which columns of an older file have time zones."""
        if "_aware" not in state and "_types" in state:
            state["_aware"] = [has_zone(t.dtype) for t in state["_types"]]
        return state

    def fit(self, X, weights=None):
        """Learn the columns of a table.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            The table.

        weights : ndarray of shape (n_samples,), default=None
            Positive weights of the rows; None counts all alike.

        Returns
        -------
        self : object
            The fitted encoder.
        """
        self._names = [str(name) for name in names_of(X)]
        forced = categorical_mask(self.categorical_features, X)
        self._columns, self._types, self._aware = [], [], []
        for name, column, is_forced in zip(
            self._names, columns_of(X), forced, strict=True
        ):
            column_type = column.type()
            column_type.name = name
            if is_forced:
                column_type.kind = "categorical"
            self._types.append(column_type)
            self._aware.append(column_type.kind == "datetime" and is_aware(column))
            if column_type.kind == "categorical":
                fitted = CategoricalColumn(name, self.max_categories)
                fitted.fit(column.to_objects(), column.missing(), weights)
            else:
                fitted = self._make_numeric(name)
                fitted.fit(self._numbers(column, len(self._columns)), weights)
            self._columns.append(fitted)
        self._frame_names = self._level_names = None
        if is_frame(X):
            self._frame_names = names_of(X)
            if not is_polars(X):
                self._level_names = list(X.columns.names)
        return self

    def _make_numeric(self, name):
        """Return a column of numbers or times, not fitted."""
        return NumericColumn(self.numeric_scaling, name)

    @property
    def indicated(self):
        """Tuple that says of each column whether it may miss values."""
        return tuple(
            column.has_missing or self.indicate_all for column in self._columns
        )

    @property
    def categories(self):
        """The categories of each column that has any, by its name."""
        return {
            name: column.categories
            for name, column in zip(self._names, self._columns, strict=True)
            if column.n_categories and not column.empty
        }

    def names_of_inputs(self, names):
        """Return a name for each input of a module that takes the matrix.

        Parameters
        ----------
        names : sequence of str
            Names of the columns.

        Returns
        -------
        names : ndarray of str objects
            Those of the numbers, the categories and the indicators of missing
            values.
        """
        pairs = list(zip(names, self._columns, strict=True))
        numbers = [name for name, column in pairs if not column.n_categories]
        categories = [
            f"{name}_{category}"
            for name, column in pairs
            if column.n_categories
            for category in column.categories
        ]
        missing = [
            f"missingindicator_{name}"
            for name, indicated in zip(names, self.indicated, strict=True)
            if indicated
        ]
        return np.array([*numbers, *categories, *missing], dtype=object)

    @property
    def n_categories(self):
        """Tuple with the number of categories of each column; 0 where numeric."""
        return tuple(column.n_categories for column in self._columns)

    @property
    def entropies(self):
        """Tuple with the entropy of each categorical column, in nats; else None."""
        return tuple(getattr(column, "entropy", None) for column in self._columns)

    @property
    def categorical(self):
        """Mask of the columns that hold categories."""
        return np.array([t.kind == "categorical" for t in self._types])

    def transform(self, X, handle_unknown=None):
        """Return a table as a matrix.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            A table of the same columns.

        handle_unknown : {"ignore", "warn", "error"} or None, default=None
            Takes the place of the parameter, which None leaves.

        Returns
        -------
        encoded : ndarray of shape (n_samples, n_features), dtype float32
            The matrix; NaN where a value is missing, `UNSEEN` for a category that was
            not there in fit.

        Raises
        ------
        ValueError
            If a column holds values of another kind than it did in fit; or categories
            that were not there, if these are an error.
        """
        encoded = np.empty(X.shape, dtype=np.float32)
        unseen = {}
        for j, column in enumerate(columns_of(X)):
            fitted = self._columns[j]
            if self._types[j].kind == "categorical":
                encoded[:, j], new = self._codes(column, j)
                if len(new):
                    unseen[self._names[j]] = new
            elif fitted.empty:
                encoded[:, j] = np.nan
            else:
                with np.errstate(over="ignore"):
                    encoded[:, j] = fitted.encode(self._numbers(column, j))
                if np.isinf(encoded[:, j]).any():
                    raise ValueError(
                        "Input X contains a value too large for dtype('float32'), once "
                        f"scaled, in column {self._names[j]}."
                    )
        if unseen:
            report_unseen(unseen, handle_unknown or self.handle_unknown)
        return encoded

    def inverse_transform(self, encoded, index=None):
        """Return a table of the container, the columns and the types of the first.

        Parameters
        ----------
        encoded : ndarray of shape (n_samples, n_features)
            A matrix without missing values.

        index : pandas.Index, default=None
            The index of the data frame, where it is one of pandas.

        Returns
        -------
        X : data frame or ndarray of shape (n_samples, n_features)
            The table.
        """
        columns = [
            write(column.decode(encoded[:, j]), column_type, name)
            for j, (column, column_type, name) in enumerate(
                zip(self._columns, self._types, self._names, strict=True)
            )
        ]
        X = join_columns(
            columns,
            self._types[0].container,
            names=self._frame_names,
            level_names=self._level_names,
            index=index,
        )
        if self._frame_names is None and self.categorical.all():
            # No column has become floats, so that all of them keep their type.
            X = X.astype(self._types[0].dtype)
        return X

    @property
    def ranges(self):
        """The least and the greatest value of each column of numbers or times.

        An ndarray of shape (2, n_features): times in microseconds, NaN where there are
        none.
        """
        nothing = np.nan, np.nan
        return np.array(
            [getattr(column, "range", nothing) for column in self._columns],
            dtype=np.float64,
        ).T

    @property
    def numeric(self):
        """Mask of the columns that hold numbers, and not categories or times."""
        return np.array([kind.kind == "numeric" for kind in self._types])

    def fill(self, X, gaps, encoded, *, within_range=False, bounds=None):
        """Return a table with cells filled.

        Parameters
        ----------
        X : data frame or ndarray of shape (n_samples, n_features)
            A table of the same columns; not modified.

        gaps : ndarray of shape (n_samples, n_features), dtype bool
            The cells to fill. Where nothing was observed in fit, 0 does for a column
            of numbers, and others stay as they are.

        encoded : ndarray of shape (n_samples, n_features)
            A matrix with what to fill them with.

        within_range : bool, default=False
            Whether numbers must not leave the range that they had in fit.

        bounds : ndarray of shape (2, n_features), default=None
            Bounds that numbers and times must not leave besides, as in `ranges`.

        Returns
        -------
        X_filled : data frame or ndarray of shape (n_samples, n_features)
            The table, in the container that it came in. All other cells are as they
            were.
        """
        within = np.full(len(self._columns), within_range)
        if bounds is not None:
            low, high = self.ranges
            within |= (bounds[0] >= low) & (bounds[1] <= high)
        cells = {}
        for j in np.flatnonzero(gaps.any(axis=0)):
            column, rows = self._columns[j], np.flatnonzero(gaps[:, j])
            if not column.empty:
                values = column.decode(encoded[rows, j], bool(within[j]))
            elif self._types[j].kind == "numeric":
                values = np.zeros(len(rows))
            else:
                continue
            if bounds is not None and self._types[j].kind != "categorical":
                values = values.clip(*bounds[:, j])
            cells[j] = rows, values
        return fill_columns(X, cells, self._types, self._names, within_bounds=within)

    def _codes(self, column, j):
        """Return the indices of categories, if it still holds these, and the new."""
        missing = column.missing()
        codes = np.full(len(missing), np.nan)
        observed = plain_objects(column.to_objects()[~missing])
        if not len(observed):
            return codes, observed
        fitted = self._columns[j]
        if fitted.empty:
            # Whatever it holds, no index stands for it.
            return codes, observed
        if not fitted.may_hold(observed):
            held = show_kinds(kinds_of(fitted.known))
            self._refuse(j, f"categorical, of {held} values,", observed, column)
        narrow = narrower_float(column.dtype, self._types[j].dtype)
        codes[~missing], new = fitted.encode(observed, narrow)
        return codes, observed[new]

    def _numbers(self, column, j):
        """Return a column of numbers or times as floats, if it still holds these."""
        name, in_fit = self._names[j], self._types[j].kind
        kind, missing = column.kind(), column.missing()
        if kind == "categorical" and missing.all():
            return np.full(len(missing), np.nan)
        if not missing.all():
            self._refuse_other_kind(column, kind, j)
        refuse_type(name, column)
        try:
            values = column.to_float()
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name} was {in_fit} in fit, got values that are not: {error}"
            ) from None
        if np.isinf(values).any():
            raise ValueError(
                f"Input X contains infinity or a value too large in column {name}."
            )
        return values

    def _refuse_other_kind(self, column, kind, j):
        """Refuse values that are not of the kind that a column of numbers had."""
        in_fit = self._types[j].kind
        if kind != in_fit:
            observed = column.to_objects()[~column.missing()]
            # Text is read as numbers, if it can be; times that are categories are not.
            readable = kind_of_objects(observed) in ("categorical", "numeric")
            if kind != "categorical" or in_fit != "numeric" or not readable:
                self._refuse(j, in_fit, observed, column)
        elif kind == "datetime" and is_aware(column) != self._aware[j]:
            was, got = ZONES[self._aware[j]], ZONES[not self._aware[j]]
            raise ValueError(
                f"Column {self._names[j]} was {was} in fit, got {got} values in "
                f"{column.dtype}: give all times a zone, or none."
            )

    def _refuse(self, j, was, observed, column):
        raise ValueError(
            f"Column {self._names[j]} was {was} in fit, got "
            f"{show_kinds(kinds_of(observed))} values in {column.dtype}."
        )
