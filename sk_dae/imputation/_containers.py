"""Completed rows in the container that a user wants."""

from __future__ import annotations

from sklearn.utils._set_output import ADAPTERS_MANAGER

from ..tables.frames import is_frame, is_polars, polars_to_pandas, readable_by_arrow

__all__ = ["in_container", "readable_in"]


def readable_in(container, filled):
    """Return completed rows as scikit-learn can put them in a container.

    Parameters
    ----------
    container : {"default", "pandas", "polars"}
        The one that is wanted.

    filled : data frame or ndarray of shape (n_samples, n_features)
        The rows.

    Returns
    -------
    filled : data frame or ndarray of shape (n_samples, n_features)
        The same rows.
    """
    if is_polars(filled) and container == "pandas":
        # scikit-learn would take its cells for objects of one kind.
        return polars_to_pandas(filled)
    if is_frame(filled) and container == "polars":
        return readable_by_arrow(filled)
    return filled


def in_container(container, filled, X, names):
    """Return completed rows in a container; see `readable_in`.

    `X` are the rows as the user gave them, and `names` those of the columns.
    """
    if container == "default":
        return filled
    return ADAPTERS_MANAGER.adapters[container].create_container(
        readable_in(container, filled), X, columns=names
    )
