"""Data frames of pandas and polars: told apart, named, put together."""

from __future__ import annotations

__all__ = ["append_columns", "is_frame", "is_polars", "names_of"]


def is_frame(X):
    """Whether X is a data frame of pandas or polars."""
    return (hasattr(X, "iloc") and hasattr(X, "columns")) or is_polars(X)


def is_polars(X):
    """Whether X is a data frame of polars."""
    return hasattr(X, "get_columns") and hasattr(X, "to_series")


def append_columns(X, values, names):
    """Return a data frame with columns behind its own.

    Parameters
    ----------
    X : data frame of shape (n_samples, n_features)
        The frame; not modified.

    values : ndarray of shape (n_samples, n_columns)
        What the columns hold.

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
        X[name] = column
    return X


def names_of(X):
    """Return the names of the columns of a table, or their indices."""
    return list(X.columns) if is_frame(X) else list(range(X.shape[1]))
