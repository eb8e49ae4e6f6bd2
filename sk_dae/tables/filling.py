"""Values put into some cells of a table, whose columns keep their types."""

from __future__ import annotations

import copy

import numpy as np

from .conversion import from_plain, plain_type, to_plain
from .frames import is_frame, is_polars
from .reading import columns_of
from .types import ColumnType
from .writing import write

__all__ = ["fill_columns"]


def fill_columns(X, cells, types, names, *, within_bounds=False):
    """Return a table with values in some cells of its columns.

    A column that can hold the values keeps its type. One in which nothing is observed
    takes the type of the column in fit, if its own is of no use.

    Parameters
    ----------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table; not modified.

    cells : dict of int to tuple of (rows, values)
        By the index of a column: which of its rows are filled, and with what.

    types : list of ColumnType of length n_features
        The types of the columns in fit.

    names : list of str of length n_features
        For messages.

    within_bounds : bool or array-like of shape (n_features,), default=False
        Whether integers and times must not leave the bounds of `types`; for all
        columns, or for each.

    Returns
    -------
    X_filled : data frame or ndarray of shape (n_samples, n_features)
        The table.
    """
    columns = columns_of(X)
    within_bounds = np.broadcast_to(within_bounds, len(types))
    parts = [
        (j, rows, values, _type_to_write(columns[j], types[j], len(rows)))
        for j, (rows, values) in cells.items()
    ]

    def write_part(j, values, target):
        return write(values, target, names[j], within_bounds=bool(within_bounds[j]))

    if is_polars(X):
        return _fill_polars(X, parts, write_part)
    fill = _fill_pandas if is_frame(X) else _fill_array
    return fill(X.copy(), parts, write_part)


def _fill_array(X, parts, write_part):
    for j, rows, values, target in parts:
        if target.dtype.kind == "O" and X.dtype.kind != "O":
            X = X.astype(object)
        X[rows, j] = write_part(j, values, target)
    return X


def _fill_polars(X, parts, write_part):
    import polars as pl

    filled = X.get_columns()
    for j, rows, values, target in parts:
        column = write_part(j, values, target)
        if len(rows) < len(X):
            column = _scatter(filled[j], rows, column)
        filled[j] = column.alias(filled[j].name)
    return pl.DataFrame(filled)


def _scatter(series, rows, column):
    import polars as pl

    if series.dtype != pl.Object:
        return series.scatter(rows, column)
    # polars does not replace objects.
    values = series.to_list()
    for row, value in zip(rows, column.to_list(), strict=True):
        values[row] = value
    return pl.Series(values=values, dtype=pl.Object)


def _fill_pandas(X, parts, write_part):
    for j, rows, values, target in parts:
        series = X.iloc[:, j]
        if target.dtype != series.dtype:
            # All of it is new.
            filled = write_part(j, values, target).set_axis(series.index)
        else:
            own, plain = series.dtype, plain_type(series.dtype)
            if plain is not None:
                series, target = to_plain(series), copy.copy(target)
                target.dtype = plain
            if type(series.dtype).__name__ == "CategoricalDtype":
                series, target = _add_categories(series, target, values)
            filled = series.copy()
            filled.iloc[rows] = write_part(j, values, target).array
            if plain is not None:
                filled = from_plain(filled, own)
        X.isetitem(j, filled)
    return X


def _add_categories(series, target, values):
    """Return a pandas series that can hold categories, and the type that it has."""
    # Those of the series alone may be fewer than those in fit.
    known = target.dtype.categories
    more = [value for value in dict.fromkeys(values) if value not in known]
    series = series.cat.add_categories(more)
    return series, ColumnType("pandas", series.dtype, target.kind)


def _type_to_write(column, in_fit, n_cells):
    """Return the type that filled values are to have."""
    own = column.type()
    same_container = own.container == in_fit.container
    if own.dtype != in_fit.dtype and n_cells == len(column.missing()):
        # Nothing is observed: what type it is says little.
        if same_container and own.container != "array":
            return in_fit
        if own.kind != in_fit.kind:
            return _natural_type(own, in_fit)
    kind = "categorical" if in_fit.kind == "categorical" else own.kind
    target = copy.copy(own)
    target.kind, target.resolution, target.bounds = kind, in_fit.resolution, None
    if same_container and own.dtype == in_fit.dtype:
        target.bounds = in_fit.bounds
        if own.objects is None:
            # Where all objects are missing, what they were in fit.
            target.kind, target.objects = in_fit.kind, in_fit.objects
            target.zone = in_fit.zone
    return target


def _natural_type(own, in_fit):
    """Return a type of a container that holds what a column of another one held."""
    kind, objects = in_fit.kind, None
    if own.container == "polars":
        import polars as pl

        dtype = {
            "numeric": pl.Float64(),
            "datetime": pl.Datetime("us"),
            "duration": pl.Duration("us"),
            "categorical": pl.String(),
        }[kind]
    elif own.container == "pandas":
        names = {"numeric": "f8", "datetime": "M8[us]", "duration": "m8[us]"}
        dtype = np.dtype(names.get(kind, "O"))
    else:
        dtype, objects = np.dtype(object), in_fit.objects
    return ColumnType(
        own.container,
        dtype,
        kind,
        objects,
        resolution=in_fit.resolution,
        zone=in_fit.zone,
    )
