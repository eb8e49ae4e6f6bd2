"""Tables as a user gives them, checked; and which of their columns hold what."""

from __future__ import annotations

import numpy as np
from sklearn.utils.validation import validate_data

from .frames import is_frame, names_of, refuse_duplicates
from .numbers import refuse_complex
from .reading import columns_of
from .selectors import select_columns
from .stored import refuse_stored

__all__ = [
    "categorical_mask",
    "check_categorical_features",
    "check_table",
    "columns_without_numbers",
    "missing_cells",
    "refuse_type",
]


def check_table(estimator, X, *, reset, categorical_features="from_dtype"):
    """Return a table as a data frame or an ndarray, once its columns are checked.

    Parameters
    ----------
    estimator : estimator
        The one that gets it, and keeps or compares its columns.

    X : data frame or array-like of shape (n_samples, n_features)
        The table, as a user gave it.

    reset : bool
        Whether the columns are those to be learned.

    categorical_features : "from_dtype", array-like, slice or callable, \
            default="from_dtype"
        Which columns are to be read as categories, whatever their types.

    Returns
    -------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table. Numbers may be NaN; what else a column may hold is left to those
        who read it.

    Raises
    ------
    TypeError
        If a column to be learned has a type that is not supported, or X is a stream.

    ValueError
        If two columns have the same name, or hold complex numbers.
    """
    refuse_stored(X)
    refuse_duplicates(X)
    refuse_complex(X)
    if is_frame(X):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        if not all(X.shape):
            raise ValueError(
                f"Found array with {X.shape[0]} sample(s) and {X.shape[1]} feature(s) "
                f"(shape={X.shape}) while a minimum of 1 is required by "
                f"{type(estimator).__name__}."
            )
        if reset:
            _refuse_types(X, categorical_features)
        return X
    if not hasattr(X, "dtype") and np.asarray(X).dtype.kind in "OSU":
        # Not as strings what came as numbers.
        X = np.asarray(X, dtype=object)
    # Numbers are checked as such; what else there is, column by column.
    kind = getattr(getattr(X, "dtype", None), "kind", "f")
    checks = {"dtype": "numeric", "ensure_all_finite": "allow-nan"}
    if kind in "OSUmMb":
        checks = {"dtype": None, "ensure_all_finite": False}
    X = validate_data(estimator, X, reset=reset, **checks)
    if reset:
        _refuse_types(X, categorical_features)
    return X


def _refuse_types(X, categorical_features):
    categorical = categorical_mask(categorical_features, X)
    for name, column, accepts in zip(
        names_of(X), columns_of(X), categorical, strict=True
    ):
        if not accepts:
            refuse_type(name, column)


def refuse_type(name, column):
    """Refuse a column that is read as numbers or times and has no type of such.

    Parameters
    ----------
    name : object
        Its name.

    column : Column
        The column.

    Raises
    ------
    TypeError
        If its type is not supported.
    """
    refusal = column.refusal()
    if refusal is not None:
        found, instead = refusal
        raise TypeError(
            f"Column {name} has the type {found}, which is not supported; convert "
            f"it to {instead} first."
        )


def columns_without_numbers(X):
    """Return the indices of the columns of a table with categories or times."""
    kinds = [column.kind() for column in columns_of(X)]
    return [j for j, kind in enumerate(kinds) if kind != "numeric"]


def missing_cells(X):
    """Return the mask of the missing cells of a table."""
    return np.column_stack([column.missing() for column in columns_of(X)])


def categorical_mask(categorical_features, X):
    """Return which columns of a table a parameter `categorical_features` names.

    Parameters
    ----------
    categorical_features : "from_dtype", array-like, slice or callable
        As `check_categorical_features` takes it, or a function that returns that for a
        table.

    X : data frame or ndarray of shape (n_samples, n_features)
        The table.

    Returns
    -------
    mask : ndarray of shape (n_features,), dtype bool
        True for the columns that it names.
    """
    if callable(categorical_features):
        categorical_features = categorical_features(X)
        if np.isscalar(categorical_features):
            categorical_features = [categorical_features]
    return check_categorical_features(categorical_features, names_of(X))


def check_categorical_features(categorical_features, names):
    """Return which columns a parameter `categorical_features` names.

    Parameters
    ----------
    categorical_features : "from_dtype", array-like or slice
        Positions, names, or a mask.

    names : list
        Names of the columns.

    Returns
    -------
    mask : ndarray of shape (n_features,), dtype bool
        True for the columns that it names.
    """
    if isinstance(categorical_features, str):
        return np.zeros(len(names), dtype=bool)
    return select_columns(
        categorical_features,
        names,
        "categorical_features must be 'from_dtype', or hold positions or names of "
        "columns of X, or a mask of them",
    )
