"""Cells of rows made missing, in any container."""

from __future__ import annotations

import numpy as np

from .conversion import from_plain, plain_type, to_plain
from .frames import is_frame, is_polars

__all__ = ["hide_cells"]


def hide_cells(X, cells):
    """Return rows of which some cells are missing.

    Parameters
    ----------
    X : data frame or ndarray of shape (n_samples, n_features)
        The rows; not modified.

    cells : ndarray of shape (n_samples, n_features), dtype bool
        The cells to hide.

    Returns
    -------
    X_hidden : data frame or ndarray of shape (n_samples, n_features)
        The rows in the same container. A column keeps its type, if that has a missing
        value: integers of pandas become nullable ones, integers of an array become
        floats, booleans and strings of an array become objects.
    """
    if is_polars(X):
        return _hide_in_polars(X, cells)
    if is_frame(X):
        return _hide_in_pandas(X, cells)
    if not cells.any():
        return X.copy()
    kind = X.dtype.kind
    if kind in "iu":
        X = X.astype(np.float64)
    elif kind not in "fmMO":
        X = X.astype(object)
    else:
        X = X.copy()
    missing = {"f": np.nan, "m": np.timedelta64("NaT"), "M": np.datetime64("NaT")}
    X[cells] = missing.get(X.dtype.kind)
    return X


def _hide_in_polars(X, cells):
    import polars as pl

    columns = []
    for j, column in enumerate(X.get_columns()):
        if cells[:, j].any():
            if column.dtype == pl.Object:
                values = column.to_list()
                for row in np.flatnonzero(cells[:, j]):
                    values[row] = None
                hidden = pl.Series(values=values, dtype=pl.Object)
            else:
                nothing = pl.Series(values=[None], dtype=column.dtype)
                hidden = column.zip_with(pl.Series(values=~cells[:, j]), nothing)
            column = hidden.alias(column.name)
        columns.append(column)
    return pl.DataFrame(columns)


def _hide_in_pandas(X, cells):
    import pandas as pd

    X = X.copy(deep=False)
    for j in np.flatnonzero(cells.any(axis=0)):
        series = X.iloc[:, j]
        own = series.dtype
        plain = plain_type(own)
        if plain is not None:
            series = to_plain(series)
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iu":
            native = series.dtype.newbyteorder("=")
            series = series.astype(native)
            unsigned, bits = native.kind == "u", 8 * native.itemsize
            series = series.astype(f"{'UInt' if unsigned else 'Int'}{bits}")
        elif series.dtype == np.dtype(bool):
            series = series.astype("boolean")
        missing = None if series.dtype == object else pd.NA
        if isinstance(series.dtype, np.dtype) and series.dtype.kind in "fmM":
            missing = np.nan if series.dtype.kind == "f" else pd.NaT
        hidden = series.copy()
        hidden.iloc[np.flatnonzero(cells[:, j])] = missing
        if plain is not None and hidden.dtype == plain:
            hidden = from_plain(hidden, own)
        X.isetitem(j, hidden)
    return X
