"""How far the cells of a table are from what they should be."""

from __future__ import annotations

import numpy as np

from .frames import names_of
from .reading import columns_of

__all__ = ["mean_error"]


def mean_error(X_true, X_pred, cells, observed, places=None):
    """Return the mean error of cells of a table, in which all columns count alike.

    Parameters
    ----------
    X_true : data frame or ndarray of shape (n_samples, n_features)
        The cells as they should be.

    X_pred : data frame or ndarray of shape (n_samples, n_columns)
        The cells as they are.

    cells : ndarray of shape (n_samples, n_features), dtype bool
        Which of them to compare.

    observed : ndarray of shape (n_samples, n_features), dtype bool
        The cells that the variances are of.

    places : sequence of int or None of length n_features, default=None
        Where a column lies in `X_pred`; None for one that is not there, which is left
        out. By default columns lie where they lay.

    Returns
    -------
    error : float
        The mean, over the cells, of the squared error of numbers and times, over the
        variance of their column, and of 1 for each wrong category.

    Raises
    ------
    ValueError
        If a cell of `X_pred` is missing or of another kind, or there is no cell.
    """
    predicted = columns_of(X_pred)
    errors = [np.zeros(0)]
    for j, column in enumerate(columns_of(X_true)):
        place = j if places is None else places[j]
        rows = cells[:, j]
        if place is None or not rows.any():
            continue
        name = names_of(X_true)[j]
        if predicted[place].missing()[rows].any():
            raise ValueError(f"Cells of column {name} are missing in the result.")
        found = predicted[place]
        errors.append(_errors(column, found, rows, observed[:, j], name))
    errors = np.concatenate(errors)
    if not len(errors):
        raise ValueError("There is no observed cell to score.")
    return float(errors.mean())


def _errors(true, predicted, rows, observed, name):
    if true.kind() == "categorical":
        pairs = zip(true.to_objects()[rows], predicted.to_objects()[rows], strict=True)
        return np.array([float(not x == y) for x, y in pairs])
    try:
        found = predicted.to_float()[rows]
    except (TypeError, ValueError):
        raise ValueError(
            f"Column {name} holds numbers or times, but not in the result."
        ) from None
    values = true.to_float()
    scale = values[observed].std() or 1.0
    return ((found - values[rows]) / scale) ** 2
