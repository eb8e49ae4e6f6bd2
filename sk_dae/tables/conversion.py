"""Types of pandas whose values are read and written through another type."""

from __future__ import annotations

__all__ = ["from_plain", "is_sparse", "plain_type", "to_plain"]

#: Arrow's types that have next to no functions yet, and what they are read as.
VIEWS = {"string_view": "large_string", "binary_view": "large_binary"}


def is_sparse(dtype):
    """Whether a type is that of a sparse column of pandas."""
    return type(dtype).__name__ == "SparseDtype"


def plain_type(dtype):
    """Return the type that values of a type are read as, or None for the type itself.

    Parameters
    ----------
    dtype : numpy.dtype, pandas extension dtype or polars dtype
        The type.

    Returns
    -------
    plain : numpy.dtype, pandas.ArrowDtype or None
        That of the values of a sparse column, or one of Arrow that has functions.
    """
    if is_sparse(dtype):
        return dtype.subtype
    view = VIEWS.get(str(getattr(dtype, "pyarrow_dtype", "")))
    if view is None:
        return None
    import pandas as pd
    import pyarrow

    return pd.ArrowDtype(getattr(pyarrow, view)())


def to_plain(series):
    """Return a series in the type that :func:`plain_type` gives for its own.

    Parameters
    ----------
    series : pandas.Series of shape (n_samples,)
        One of such a type.

    Returns
    -------
    plain : pandas.Series of shape (n_samples,)
        Its values.
    """
    import pandas as pd

    if is_sparse(series.dtype):
        dense = series.array.to_dense()
        # pandas would guess a type for objects.
        return pd.Series(dense, index=series.index, dtype=series.dtype.subtype)
    return _cast(series, plain_type(series.dtype))


def from_plain(series, dtype):
    """Return a series in the type that it has been read from.

    Parameters
    ----------
    series : pandas.Series of shape (n_samples,)
        One of the type that :func:`plain_type` gives for `dtype`.

    dtype : pandas extension dtype
        The type wanted.

    Returns
    -------
    series : pandas.Series of shape (n_samples,)
        The same values.
    """
    if is_sparse(dtype):
        return series.astype(dtype)
    return _cast(series, dtype)


def _cast(series, dtype):
    """Return a series of one type of Arrow in another, which pandas cannot do."""
    import pandas as pd
    import pyarrow

    values = pyarrow.array(series.array).cast(dtype.pyarrow_dtype)
    if not isinstance(values, pyarrow.ChunkedArray):
        values = pyarrow.chunked_array([values])
    array = pd.arrays.ArrowExtensionArray(values)
    return pd.Series(array, index=series.index)
