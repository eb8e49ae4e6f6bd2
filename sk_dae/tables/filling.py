"""Values put into some cells of a table, whose columns keep their types."""

from __future__ import annotations

import numpy as np

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
        Of columns by index: which rows, and what they get.

    types : list of ColumnType of length n_features
        Of the columns in fit.

    names : list of str of length n_features
        For messages.

    within_bounds : bool, default=False
        Whether integers and times must not leave the bounds of `types`.

    Returns
    -------
    X_filled : data frame or ndarray of shape (n_samples, n_features)
        The table.
    """
    columns = columns_of(X)
    if is_polars(X):
        import polars as pl

        filled = X.get_columns()
        for j, (rows, values) in cells.items():
            target = _type_to_write(columns[j], types[j], len(rows))
            column = write(values, target, names[j], within_bounds=within_bounds)
            if len(rows) < len(X):
                column = filled[j].scatter(rows, column)
            filled[j] = column.alias(filled[j].name)
        return pl.DataFrame(filled)
    if is_frame(X):
        X = X.copy()
        for j, (rows, values) in cells.items():
            target = _type_to_write(columns[j], types[j], len(rows))
            X.isetitem(
                j, _fill_series(X.iloc[:, j], rows, values, target, within_bounds)
            )
        return X
    X = X.copy()
    for j, (rows, values) in cells.items():
        target = _type_to_write(columns[j], types[j], len(rows))
        if target.dtype.kind == "O" and X.dtype.kind != "O":
            X = X.astype(object)
        X[rows, j] = write(values, target, names[j], within_bounds=within_bounds)
    return X


def _fill_series(series, rows, values, target, within_bounds):
    """Return a pandas series with values in some rows."""
    name = str(series.name)
    if target.dtype != series.dtype:
        # All of it is new.
        column = write(values, target, name, within_bounds=within_bounds)
        return column.set_axis(series.index)
    if type(series.dtype).__name__ == "CategoricalDtype":
        # Those of the series alone may be fewer than those in fit.
        known = target.dtype.categories
        more = [value for value in dict.fromkeys(values) if value not in known]
        series = series.cat.add_categories(more) if more else series.copy()
        target = ColumnType("pandas", series.dtype, target.kind)
    column = write(values, target, name, within_bounds=within_bounds)
    if type(series.dtype).__name__ == "SparseDtype":
        dense = series.sparse.to_dense()
        dense.iloc[rows] = column.sparse.to_dense().to_numpy()
        return dense.astype(series.dtype)
    series = series.copy()
    series.iloc[rows] = column.array
    return series


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
    if not (same_container and own.dtype == in_fit.dtype):
        return ColumnType(own.container, own.dtype, kind, own.objects, own.zone)
    # Where all objects are missing, what they were in fit.
    objects, zone = own.objects, own.zone
    if objects is None:
        kind, objects, zone = in_fit.kind, in_fit.objects, in_fit.zone
    return ColumnType(own.container, own.dtype, kind, objects, zone, in_fit.bounds)


def _natural_type(own, in_fit):
    """Return a type of a container that holds what a column of another one held."""
    if own.container == "array":
        return ColumnType("array", np.dtype(object), in_fit.kind, in_fit.objects)
    if own.container == "pandas":
        dtypes = {"numeric": "f8", "datetime": "M8[us]", "duration": "m8[us]"}
        return ColumnType("pandas", np.dtype(dtypes.get(in_fit.kind, "O")), in_fit.kind)
    import polars as pl

    dtypes = {
        "numeric": pl.Float64(),
        "datetime": pl.Datetime("us"),
        "duration": pl.Duration("us"),
        "clock": pl.Time(),
        "categorical": pl.String(),
    }
    return ColumnType("polars", dtypes[in_fit.kind], in_fit.kind)
