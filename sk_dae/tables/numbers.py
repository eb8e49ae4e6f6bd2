"""Rows of numbers in containers and types that scikit-learn's checks stumble over."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .conversion import is_sparse
from .frames import is_frame, is_polars, names_of, refuse_duplicates
from .reading import columns_of
from .stored import refuse_stored
from .types import library_of, storage_of
from .units import type_in_units

__all__ = ["as_numbers", "refuse_complex", "targets_as_numbers"]


def refuse_complex(X):
    """Refuse rows with complex numbers.

    Parameters
    ----------
    X : object
        Rows as a user gave them.

    Raises
    ------
    ValueError
        If a column of a data frame, an array or a sparse matrix has any; the message
        names it.
    """
    found = _complex_column(X)
    if found is not None:
        raise ValueError(
            f"Complex data not supported: column {found} holds complex numbers. "
            "Convert it to its real and its imaginary part, or leave it out."
        )


def _complex_column(X):
    """Return the name of a column with complex numbers, or None."""
    if is_polars(X):
        objects = (s for s in X.get_columns() if str(s.dtype) == "Object")
        return next((s.name for s in objects if _are_complex(s.to_list())), None)
    if is_frame(X):
        for j, (name, dtype) in enumerate(zip(X.columns, X.dtypes, strict=True)):
            kind = getattr(dtype.subtype if is_sparse(dtype) else dtype, "kind", "")
            objects = kind == "O" and isinstance(dtype, np.dtype)
            if kind == "c" or (objects and _are_complex(X.iloc[:, j])):
                return name
        return None
    X = _list_as_array(X)
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if getattr(X, "ndim", 0) != 2 or kind not in ("c", "O"):
        return None
    if kind == "c":
        # That of a row's first imaginary part, if there is any.
        parts = sp.csc_matrix(X).imag
        parts.eliminate_zeros()
        columns = np.flatnonzero(np.diff(parts.indptr))
        return int(columns[0]) if len(columns) else 0
    return next((j for j in range(X.shape[1]) if _are_complex(X[:, j])), None)


def _list_as_array(X):
    """Return rows that are lists as an array, if all of these are of one length."""
    if not isinstance(X, list | tuple):
        return X
    try:
        array = np.asarray(X)
    except (TypeError, ValueError):
        return X
    # Numbers beside strings would be strings.
    return array if array.dtype.kind in "cO" else X


def _are_complex(values):
    types = set(map(type, values))
    return any(issubclass(t, complex | np.complexfloating) for t in types)


def as_numbers(X, *, accept_sparse=True, input_name="X"):
    """Return rows that scikit-learn's checks read as numbers.

    In data frames, sparse columns beside dense ones become dense; decimals and integers
    of 128 bits become floats. Short floats of pandas' own and of Arrow become those of
    NumPy, where the checks would make long ones of them. pandas.NA and NaT
    among objects become NaN. All else is left to the checks.

    Parameters
    ----------
    X : object
        Rows as a user gave them.

    accept_sparse : bool, default=True
        Whether a data frame may stay sparse where all of its columns are.

    input_name : str, default="X"
        Name of the rows in messages.

    Returns
    -------
    X : object
        The same, if nothing is to be changed; a copy otherwise.

    Raises
    ------
    ValueError
        If there are complex numbers, integers too large for a float, or two columns of
        the same name; the message names the column.

    TypeError
        If it is a stream.
    """
    refuse_stored(X, input_name)
    refuse_duplicates(X, input_name)
    refuse_complex(X)
    if is_frame(X):
        if not X.shape[1]:
            # The checks have words for an array without columns.
            return np.empty(X.shape)
        return _frame_as_numbers(X, accept_sparse)
    if sp.issparse(X) and X.dtype == bool:
        # torch has no arithmetic for booleans.
        return X.astype(np.uint8)
    X = _list_as_array(X)
    if isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 2:
        columns = (_objects_as_numbers(X[:, j], j) for j in range(X.shape[1]))
        return np.column_stack([column.astype(object) for column in columns])
    return X


def _frame_as_numbers(X, accept_sparse):
    dtypes = list(X.dtypes)
    if accept_sparse and _become_sparse(dtypes):
        if all(dtype.subtype.kind != "b" for dtype in dtypes):
            return X
        return X.astype(type(dtypes[0])(np.float32, 0.0))
    changed = {}
    for j, name in enumerate(names_of(X)):
        if isinstance(dtypes[j], np.dtype) and dtypes[j].kind != "O":
            continue
        column = columns_of(X[:, [j]] if is_polars(X) else X.iloc[:, [j]])[0]
        values = _column_as_numbers(column, name)
        if values is not None:
            changed[j] = values
    return _replace(X, changed) if changed else X


def _become_sparse(dtypes):
    """Whether scikit-learn makes a sparse matrix of a data frame's columns."""
    return all(
        is_sparse(dtype) and dtype.subtype.kind in "biuf" and dtype.fill_value == 0
        for dtype in dtypes
    )


def _column_as_numbers(column, name):
    """Return a column as scikit-learn reads it, or None where it can already."""
    dtype = column.dtype
    if storage_of(dtype) == "object":
        return _objects_as_numbers(column.to_objects(), name)
    if _is_short_float(dtype):
        return column.to_float().astype(np.float32)
    if storage_of(dtype) == "decimal" or "Int128" in str(dtype):
        return column.to_float()
    if is_sparse(dtype) and dtype.subtype.kind in "iuf":
        return column.to_float().astype(dtype.subtype)
    of_pandas = column.container == "pandas" and storage_of(dtype) == "category"
    if not of_pandas or (dtype.kind == "b" and not is_sparse(dtype)):
        return None
    # Such as categories that are numbers.
    return _objects_as_numbers(column.to_objects(), name)


def _is_short_float(dtype):
    """Whether a type of pandas' own or of Arrow stands for one that float32 holds."""
    if library_of(dtype) != "pandas" or storage_of(dtype) != "float":
        return False
    plain = getattr(dtype, "numpy_dtype", None)
    return plain is not None and type_in_units(plain) == np.float32


def _objects_as_numbers(values, name):
    """Return objects with NaN for pandas' marks, as floats if they are numbers."""
    values = np.array(values, dtype=object)
    marks = [t for t in set(map(type, values)) if t.__name__ in ("NAType", "NaTType")]
    if marks:
        values[[type(value) in marks for value in values]] = np.nan
    try:
        return values.astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"Input X contains a value too large for dtype('float64') in column {name}."
        ) from None
    except (TypeError, ValueError):
        return values


def _replace(X, columns):
    """Return a data frame with other values in some columns, by their index."""
    if is_polars(X):
        import polars as pl

        series = X.get_columns()
        for j, values in columns.items():
            series[j] = pl.Series(series[j].name, values)
        return pl.DataFrame(series)
    X = X.copy(deep=False)
    for j, values in columns.items():
        X.isetitem(j, values)
    return X


def targets_as_numbers(y):
    """Return targets that scikit-learn's checks read as numbers.

    Parameters
    ----------
    y : object
        Targets as a user gave them, of one dimension or of two.

    Returns
    -------
    y : object
        As :func:`as_numbers` returns rows.

    Raises
    ------
    ValueError
        As :func:`as_numbers` does.
    """
    if library_of(getattr(y, "dtype", None)) == "pandas" and not hasattr(y, "iloc"):
        import pandas as pd

        # An array of a type of pandas' own.
        y = pd.Series(y)
    if hasattr(y, "to_frame"):
        # That of a series; what has no name is called as in messages of scikit-learn.
        numbers = as_numbers(y.to_frame(y.name or "y"), accept_sparse=False)
        return numbers.iloc[:, 0] if hasattr(numbers, "iloc") else numbers.to_series()
    y = _list_as_array(y)
    if isinstance(y, np.ndarray) and y.ndim == 1 and y.dtype.kind in "cO":
        return as_numbers(y[:, None])[:, 0]
    return as_numbers(y, accept_sparse=False, input_name="y")
