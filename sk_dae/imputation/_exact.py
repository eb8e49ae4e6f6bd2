"""Rows of numbers that come back as they came: frames, and what floats would change."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from ..tables.filling import fill_columns
from ..tables.frames import is_frame, names_of
from ..tables.reading import columns_of
from ..tables.types import storage_of

__all__ = ["ExactRows", "rows_to_keep"]

#: Up to this, all integers are floats.
GREATEST_EXACT = 2**53


class ExactRows:
    """Rows as a user gave them, in a data frame or where floats would change them.

    Parameters
    ----------
    table : data frame or ndarray of shape (n_samples, n_features)
        Numbers.

    inexact : list of int
        The columns with a number that is no float.
    """

    def __init__(self, table, inexact):
        self.table = table
        self.inexact = inexact

    def types(self):
        """Return the types of the columns."""
        types = [column.type() for column in columns_of(self.table)]
        for column_type, name in zip(types, names_of(self.table), strict=True):
            column_type.name = str(name)
        return types

    def find(self, mark, missing):
        """Correct the mask of the cells that equal a mark, in place."""
        columns = columns_of(self.table)
        for j in self.inexact:
            missing[:, j] = [value == mark for value in columns[j].to_objects()]

    def fill(self, filled, missing, types, within_range):
        """Return the table with its gaps filled.

        Parameters
        ----------
        filled, missing : ndarray of shape (n_samples, n_features)
            The rows as floats, and which of the cells to take from them.

        types : list of ColumnType of length n_features or None
            The types of the columns in fit, if they are known.

        within_range : bool or ndarray of shape (n_features,)
            Whether integers must not leave the range that they had in fit.

        Returns
        -------
        table : data frame or ndarray of shape (n_samples, n_features)
            The table, in its container; all other cells are as they were.
        """
        if types is None:
            types = self.types()
            for column_type in types:
                column_type.bounds = None
        cells = {}
        for j in np.flatnonzero(missing.any(axis=0)):
            rows = np.flatnonzero(missing[:, j])
            cells[j] = rows, filled[rows, j].astype(np.float64)
        names = [str(name) for name in names_of(self.table)]
        return fill_columns(self.table, cells, types, names, within_bounds=within_range)


def rows_to_keep(X):
    """Return rows as they came, if they are a frame or floats would change a number.

    Parameters
    ----------
    X : data frame or array-like of shape (n_samples, n_features)
        Numbers, as a user gave them.

    Returns
    -------
    rows : ExactRows or None
        None for an array that floats hold all of.
    """
    if isinstance(X, list | tuple):
        # With NaN beside them, integers would be floats.
        X = np.array(X, dtype=object)
    is_array = isinstance(X, np.ndarray) and X.dtype.kind in "iuO" and X.ndim == 2
    if not (is_array or is_frame(X)):
        return None
    inexact = [j for j, column in enumerate(columns_of(X)) if _is_inexact(column)]
    return ExactRows(X, inexact) if inexact or is_frame(X) else None


def _is_inexact(column):
    """Whether a number that a column holds is no float."""
    if column.kind() != "numeric":
        return False
    integers = column.integers()
    if integers is not None:
        if not len(integers):
            return False
        far = max(-int(integers.min()), int(integers.max())) > GREATEST_EXACT
        return far and not all(map(_is_float, integers.tolist()))
    if storage_of(column.dtype) not in ("object", "decimal"):
        return False
    return not all(map(_is_float, column.to_objects()[~column.missing()]))


def _is_float(value):
    if isinstance(value, Decimal):
        return Decimal(repr(float(value))) == value
    return not isinstance(value, int | np.integer) or int(float(value)) == value
