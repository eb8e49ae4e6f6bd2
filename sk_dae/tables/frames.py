"""Data frames of pandas and polars: told apart, named, put together."""

from __future__ import annotations

import numpy as np

from .conversion import is_sparse, to_plain
from .units import type_in_units

__all__ = [
    "append_columns",
    "is_frame",
    "is_polars",
    "join_columns",
    "names_of",
    "polars_to_pandas",
    "readable_by_arrow",
    "refuse_duplicates",
]


def is_frame(X):
    """Whether X is a data frame of pandas or polars."""
    return (hasattr(X, "iloc") and hasattr(X, "columns")) or is_polars(X)


def is_polars(X):
    """Whether X is a data frame of polars."""
    return hasattr(X, "get_columns") and hasattr(X, "to_series")


def names_of(X):
    """Return the names of the columns of a table, or their indices."""
    return list(X.columns) if is_frame(X) else list(range(X.shape[1]))


def refuse_duplicates(X, input_name="X"):
    """Refuse a data frame in which two columns have the same name.

    Parameters
    ----------
    X : object
        Rows as a user gave them.

    input_name : str, default="X"
        Their name in the message.

    Raises
    ------
    ValueError
        If there are such columns; the message has their name.
    """
    if not is_frame(X) or is_polars(X) or X.columns.is_unique:
        return
    name, *_ = X.columns[X.columns.duplicated()].tolist()
    raise ValueError(
        f"{input_name} has several columns of the name {name!r}; names must be unique. "
        "Rename or drop all but one."
    )


def append_columns(X, values, names):
    """Return a data frame with columns behind its own.

    Parameters
    ----------
    X : data frame of shape (n_samples, n_features)
        The frame; not modified.

    values : ndarray of shape (n_samples, n_columns)
        The values of the columns.

    names : sequence of str of length n_columns
        Their names.

    Returns
    -------
    X : data frame of shape (n_samples, n_features + n_columns)
        The longer rows.

    Raises
    ------
    ValueError
        If a column has one of the names already.
    """
    taken = [name for name in names if name in X.columns]
    if taken:
        raise ValueError(
            f"X has a column {taken[0]!r} already, which is the name of a column to be "
            "added; rename it."
        )
    if is_polars(X):
        import polars as pl

        return X.with_columns(
            pl.Series(name, column)
            for name, column in zip(names, values.T, strict=True)
        )
    X = X.copy()
    for name, column in zip(names, values.T, strict=True):
        # In the first level, where columns have names of several.
        others = [""] * (X.columns.nlevels - 1)
        X[(name, *others) if others else name] = column
    return X


def join_columns(columns, container, *, names=None, level_names=None, index=None):
    """Return columns side by side.

    Parameters
    ----------
    columns : list of length n_features
        Columns of one kind: ndarray, pandas.Series or polars.Series of shape
        (n_samples,).

    container : {"array", "pandas", "polars"}
        The kind of the table.

    names : list of length n_features, default=None
        Names of the columns of a data frame.

    level_names : list, default=None
        Names of the levels of a pandas data frame's names.

    index : pandas.Index of length n_samples, default=None
        That of a pandas data frame.

    Returns
    -------
    X : data frame or ndarray of shape (n_samples, n_features)
        The columns. An array is of floats where all are numbers, of the type that
        `type_in_units` says; of times where all are times; and of objects otherwise.
    """
    if container == "pandas":
        return _join_pandas(columns, names, level_names, index)
    if container == "polars":
        import polars as pl

        return pl.DataFrame(
            [column.alias(name) for column, name in zip(columns, names, strict=True)]
        )
    return _join_arrays(columns)


def _join_pandas(columns, names, level_names, index):
    import pandas as pd

    X = pd.DataFrame(dict(enumerate(columns)))
    # Tuples are names of several levels only where there were such.
    X.columns = pd.Index(names, tupleize_cols=len(level_names or ()) > 1)
    if level_names is not None:
        X.columns.names = level_names
    if index is not None:
        X.index = index
    return X


def _join_arrays(columns):
    kinds = {column.dtype.kind for column in columns}
    if kinds <= set("iuf"):
        X = np.column_stack(columns)
        return X.astype(type_in_units(X.dtype))
    if kinds <= set("mM") and len(kinds) == 1:
        return np.column_stack(columns)
    X = np.empty((len(columns[0]), len(columns)), dtype=object)
    for j, column in enumerate(columns):
        X[:, j] = column.astype(object)
    return X


def polars_to_pandas(X):
    """Return a polars data frame as one of pandas, without the help of Arrow.

    Parameters
    ----------
    X : polars.DataFrame of shape (n_samples, n_features)
        The frame.

    Returns
    -------
    X : pandas.DataFrame of shape (n_samples, n_features)
        The same columns.
    """
    import pandas as pd

    columns = {}
    for column in X.get_columns():
        is_plain = column.dtype.is_numeric() or column.dtype.is_temporal()
        # NumPy has no integers of 128 bits.
        is_plain &= "128" not in str(column.dtype)
        values = column.to_numpy() if is_plain else column.to_list()
        columns[column.name] = pd.Series(values)
    return pd.DataFrame(columns)


def readable_by_arrow(X):
    """Return a data frame in types that Arrow reads, and so polars.

    Parameters
    ----------
    X : data frame of shape (n_samples, n_features)
        The frame; not modified.

    Returns
    -------
    X : data frame of shape (n_samples, n_features)
        The frame, with sparse columns made dense and numbers and times of the other
        byte order turned.
    """
    if is_polars(X):
        return X
    X = X.copy(deep=False)
    for j, dtype in enumerate(X.dtypes):
        if is_sparse(dtype):
            X.isetitem(j, to_plain(X.iloc[:, j]))
        elif isinstance(dtype, np.dtype) and not dtype.isnative:
            X.isetitem(j, X.iloc[:, j].astype(dtype.newbyteorder("=")))
    return X
