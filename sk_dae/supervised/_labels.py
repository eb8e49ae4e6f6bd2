"""The labels of rows as a user gives them: matrices of zeros and ones."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from sklearn.utils._missing import is_scalar_nan

from ..tables.frames import is_frame
from ..tables.reading import columns_of
from ._classes import not_missing, refuse_missing, refuse_shape

__all__ = ["may_be_labels", "read_labels", "shape_of"]


def may_be_labels(y):
    """Return whether targets have a column for each of several labels.

    Parameters
    ----------
    y : object
        The targets of the user.

    Returns
    -------
    several : bool
        Whether they have two dimensions and more than one column.
    """
    shape = shape_of(y)
    return len(shape) == 2 and shape[1] > 1


def shape_of(y):
    """Return the shape of targets in any container; () of what has none."""
    shape = getattr(y, "shape", None)
    if isinstance(shape, tuple):
        return shape
    try:
        return np.asarray(y).shape
    except (TypeError, ValueError):
        # Rows of different lengths.
        return ()


def read_labels(y, unlabeled_value, n_labels=None, *, whole=True):
    """Read an indicator matrix.

    Parameters
    ----------
    y : {array-like, sparse matrix, data frame} of shape (n_samples, n_labels)
        The targets of the user.

    unlabeled_value : int, float, str or None
        The mark of a cell that is not known; None where all are.

    n_labels : int, default=None
        The number of labels, where it is known.

    whole : bool, default=True
        Whether each label must be known of some row.

    Returns
    -------
    labeled : ndarray of shape (n_samples,), dtype bool
        Which rows have a known cell.

    values : ndarray of shape (n_samples, n_labels), dtype float64
        Zeros and ones; NaN where a cell is not known.
    """
    cells = _cells_of(y)
    known = _known_cells(cells, unlabeled_value)
    given = cells[known]
    refuse_missing(given, unlabeled_value)
    numbers = _as_numbers(given)
    if numbers is None or not np.isin(numbers, (0.0, 1.0)).all():
        refuse_shape(
            f"y should be a 1d array, got an array of shape {cells.shape} instead, "
            f"with values such as {_example(given, numbers)!r}."
        )
    if isinstance(unlabeled_value, int | float) and unlabeled_value in (0, 1):
        raise ValueError(
            "unlabeled_value must be none of the values of an indicator matrix, which "
            f"are 0 and 1, got {unlabeled_value!r}."
        )
    if len(cells) and not known.any():
        raise ValueError(
            "y must have labels, but every value of it is the unlabeled_value, "
            f"{unlabeled_value!r}."
        )
    if n_labels not in (None, cells.shape[1]):
        raise ValueError(
            f"y must have a column for each of the {n_labels} labels known, got "
            f"{cells.shape[1]} columns."
        )
    if whole and len(cells) and not known.any(axis=0).all():
        raise ValueError(
            "y must have labels in every column, but each value is the "
            f"unlabeled_value, {unlabeled_value!r}, in these columns: "
            f"{np.flatnonzero(~known.any(axis=0)).tolist()}."
        )
    values = np.full(cells.shape, np.nan)
    values[known] = numbers
    return known.any(axis=1), values


def _cells_of(y):
    """Return the cells of a matrix as an array."""
    if sp.issparse(y):
        return y.toarray()
    if is_frame(y):
        columns = columns_of(y)
        return np.column_stack([column.to_objects() for column in columns])
    if not hasattr(y, "dtype"):
        # Text beside numbers stays what it is.
        y = np.asarray(y, dtype=object)
    return np.asarray(y)


def _known_cells(cells, unlabeled_value):
    """Return the mask of the cells that are no mark for an unknown one."""
    if unlabeled_value is None:
        return np.ones(cells.shape, dtype=bool)
    if not is_scalar_nan(unlabeled_value):
        return ~np.equal(cells, unlabeled_value, dtype=object).astype(bool)
    if cells.dtype == object:
        return not_missing(cells.ravel()).reshape(cells.shape)
    return cells == cells


def _as_numbers(given):
    """Return known cells as numbers, or None where one is no number."""
    if given.dtype.kind in "buif":
        return given.astype(np.float64)
    numeric = int | float | np.bool_ | np.integer | np.floating
    if given.dtype != object or not all(isinstance(cell, numeric) for cell in given):
        return None
    try:
        return given.astype(np.float64)
    except OverflowError:
        return None


def _example(given, numbers):
    """Return a cell that is neither zero nor one."""
    for i, cell in enumerate(given.tolist()):
        if numbers is None or numbers[i] not in (0.0, 1.0):
            if numbers is None and isinstance(cell, int | float) and cell in (0, 1):
                continue
            return cell
    return None
