"""Marks of missing cells: NaN and its like, numbers, strings, or several of them."""

from __future__ import annotations

from numbers import Real

import numpy as np
from sklearn.utils._missing import is_pandas_na, is_scalar_nan

from ..tables.frames import is_frame, is_polars
from ..tables.hiding import hide_cells
from ..tables.reading import columns_of
from ..tables.types import storage_of

__all__ = [
    "TableRows",
    "are_several",
    "hide_marks",
    "is_hidden_first",
    "is_missing_value",
    "marks_of",
]


class TableRows:
    """Rows of a table, some cells of which have had marks of missing values.

    Parameters
    ----------
    values : data frame or ndarray of shape (n_samples, n_features)
        The rows, with missing values where the marks were.

    base : data frame or ndarray of shape (n_samples, n_features)
        The rows to fill: `values`, but that columns whose type knows no missing values
        are as they came.
    """

    def __init__(self, values, base):
        self.values = values
        self.base = base


def is_missing_value(mark):
    """Return whether something that stands for a missing value is NaN or NA."""
    return is_scalar_nan(mark) or is_pandas_na(mark)


def are_several(missing_values):
    """Return whether marks are given as a list, rather than one of them."""
    return isinstance(missing_values, list | tuple)


def marks_of(missing_values):
    """Return the marks that are numbers and strings.

    Parameters
    ----------
    missing_values : object
        As the parameter of `DenoisingImputer`.

    Returns
    -------
    marks : list
        Without NaN, None and NA, which no table needs to be told of.

    Raises
    ------
    ValueError
        If there is another mark, or none in a list.
    """
    several = are_several(missing_values)
    marks = list(missing_values) if several else [missing_values]
    for mark in marks:
        if not (mark is None or is_missing_value(mark) or isinstance(mark, Real | str)):
            raise ValueError(
                "missing_values must be a number, a string, np.nan, pandas.NA, None or "
                f"a list of these, got {mark!r}."
            )
    if not marks:
        raise ValueError("missing_values must not be an empty list.")
    return [mark for mark in marks if not (mark is None or is_missing_value(mark))]


def is_hidden_first(missing_values):
    """Return whether marks are looked for before rows are read as numbers.

    One number alone is the mark that scikit-learn's imputers take for numbers.
    """
    marks = marks_of(missing_values)
    return bool(marks) and (are_several(missing_values) or isinstance(marks[0], str))


def hide_marks(X, marks):
    """Return rows with missing values in place of marks.

    Parameters
    ----------
    X : data frame or array-like of shape (n_samples, n_features)
        The rows; not modified. Anything but a table is returned as it is.

    marks : list
        Numbers and strings.

    Returns
    -------
    rows : TableRows
        The rows.
    """
    if marks and isinstance(X, list | tuple):
        X = _as_array(X)
    if not marks or not (is_frame(X) or (isinstance(X, np.ndarray) and X.ndim == 2)):
        return TableRows(X, X)
    marked = np.zeros(X.shape, dtype=bool)
    for j, column in enumerate(columns_of(X)):
        marked[:, j] = _find(column, marks)
    if not marked.any():
        return TableRows(X, X)
    hidden = hide_cells(X, marked)
    if isinstance(X, np.ndarray):
        return TableRows(hidden, hidden)
    base = hidden
    if not is_polars(X):
        base = hidden.copy(deep=False)
        for j in np.flatnonzero(marked.any(axis=0)):
            if hidden.dtypes.iloc[j] != X.dtypes.iloc[j]:
                base.isetitem(j, X.iloc[:, j])
    return TableRows(hidden, base)


def _as_array(X):
    """Return rows that are lists as an array, if they are of one length."""
    try:
        array = np.asarray(X)
        # Not as strings what came as numbers.
        return np.asarray(X, dtype=object) if array.dtype.kind in "SU" else array
    except ValueError:
        return X


def _find(column, marks):
    """Return where a column holds a mark."""
    storage = storage_of(column.dtype)
    numbers = [mark for mark in marks if isinstance(mark, Real)]
    if storage in ("integer", "float", "decimal"):
        return np.isin(column.to_float(), np.array(numbers, dtype=np.float64))
    if storage == "time":
        return np.zeros(len(column.missing()), dtype=bool)
    strings = {mark for mark in marks if isinstance(mark, str)}
    return np.fromiter(
        (
            value in strings
            if isinstance(value, str)
            else isinstance(value, Real)
            and not isinstance(value, bool | np.bool_)
            and value in numbers
            for value in column.to_objects()
        ),
        bool,
        len(column.missing()),
    )
