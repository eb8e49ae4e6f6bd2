"""Containers of rows that memory need not hold: Arrow's datasets, dask, streams."""

from __future__ import annotations

import os

__all__ = [
    "Stored",
    "is_dask",
    "is_dataset",
    "is_one_pass",
    "is_stored",
    "refuse_stored",
]


class Stored:
    """Base class of the package's own containers of this kind."""


def is_dask(X):
    """Whether X is an array or a data frame of dask."""
    package = type(X).__module__.partition(".")[0]
    # Its other collections have no dimensions, but what is delayed seems to have all.
    return package in ("dask", "dask_expr") and hasattr(type(X), "ndim")


def is_dataset(X):
    """Whether X is a dataset of Arrow."""
    return _is_of_arrow(X) and hasattr(X, "get_fragments")


def is_one_pass(X):
    """Whether X is Arrow's reader of record batches, which can be read once only."""
    return _is_of_arrow(X) and hasattr(X, "read_next_batch")


def is_stored(X):
    """Whether X is any container of this kind."""
    return isinstance(X, Stored) or is_dataset(X) or is_one_pass(X) or is_dask(X)


def _is_of_arrow(X):
    return type(X).__module__.partition(".")[0] == "pyarrow"


def refuse_stored(X, input_name="X"):
    """Refuse a stream where rows are needed in memory.

    Parameters
    ----------
    X : object
        Rows as a user gave them.

    input_name : str, default="X"
        Their name in the message.

    Raises
    ------
    TypeError
        If X is a dataset or a reader of Arrow, a ``RowStream`` or a path. A dask
        collection is left to scikit-learn, whose checks compute it.
    """
    if isinstance(X, Stored) or is_dataset(X) or is_one_pass(X):
        raise TypeError(
            f"{input_name} must be in memory here, such as an array or a data frame; "
            "only DenoisingAutoencoder and MarginalizedDenoisingAutoencoder read rows "
            f"as a stream. Got {type(X).__name__}."
        )
    if isinstance(X, str | os.PathLike):
        raise TypeError(
            f"{input_name} must be rows, got the path {os.fspath(X)!r}. "
            "RowStream(path) reads Parquet files."
        )
