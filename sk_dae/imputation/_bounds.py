"""The least and the greatest value that a gap is filled with."""

from __future__ import annotations

import numpy as np

from ..tables.reading import columns_of
from ..tables.types import storage_of

__all__ = ["find_bounds", "whole_bounds"]


def find_bounds(min_value, max_value, observed, numeric, names):
    """Return what filled values must not leave, column by column.

    Parameters
    ----------
    min_value, max_value : "observed", float, array-like, dict or None
        As the parameters of `DenoisingImputer`.

    observed : ndarray of shape (2, n_features)
        The least and the greatest observed value; NaN where there is none.

    numeric : ndarray of shape (n_features,), dtype bool
        Which columns hold numbers, and not categories or times.

    names : ndarray of shape (n_features,) or None
        Names of the columns, if they are strings.

    Returns
    -------
    bounds : ndarray of shape (2, n_features)
        Infinite where there is no bound. An observed value gives way to a bound that
        is given and lies beyond it.

    Raises
    ------
    ValueError
        If the parameters do not fit the columns, or each other.
    """
    given = np.array(
        [
            _one_side("min_value", min_value, -np.inf, numeric, names),
            _one_side("max_value", max_value, np.inf, numeric, names),
        ]
    )
    asked = ~np.isnan(given)
    for j in np.flatnonzero(asked.all(axis=0) & (given[0] > given[1])):
        raise ValueError(
            "min_value must not be greater than max_value, got "
            f"{given[0, j]:g} and {given[1, j]:g} for column "
            f"{j if names is None else names[j]}."
        )
    none = np.array([-np.inf, np.inf])[:, None]
    bounds = np.where(asked, given, np.where(np.isnan(observed), none, observed))
    crossed = bounds[0] > bounds[1]
    low, high = crossed & asked[1], crossed & asked[0]
    bounds[0, low], bounds[1, high] = bounds[1, low], bounds[0, high]
    return bounds


def _one_side(name, given, unbounded, numeric, names):
    """Return the bounds of all columns on a side; NaN stands for the observed one."""
    n_features = len(numeric)
    bounds = np.full(n_features, np.nan)
    if isinstance(given, str):
        return bounds
    if given is None:
        return np.full(n_features, unbounded)
    if isinstance(given, dict):
        if names is None:
            raise ValueError(
                f"{name} is a dict, which needs data with feature names (a data frame "
                "whose column names are strings)."
            )
        places = {column: j for j, column in enumerate(names)}
        for column, value in given.items():
            if column not in places:
                raise ValueError(
                    f"{name} must name features of X, got {column!r}, which is none."
                )
            bounds[places[column]] = _as_bound(name, value, unbounded)
        named = ~np.isnan(bounds)
    else:
        if np.ndim(given):
            if np.shape(given) != (n_features,):
                raise ValueError(
                    f"{name} must be a number or an array of shape (n_features,) = "
                    f"({n_features},), got an array of shape {np.shape(given)}."
                )
            given = given.tolist() if hasattr(given, "tolist") else list(given)
            values = [_as_bound(name, value, unbounded) for value in given]
            bounds[:] = values
            named = np.isfinite(bounds)
        else:
            bounds[numeric] = _as_bound(name, given, unbounded)
            named = numeric
    for j in np.flatnonzero(named & ~numeric):
        raise ValueError(
            f"{name} must be given for columns of numbers only, got one for column "
            f"{j if names is None else names[j]}."
        )
    return bounds


def _as_bound(name, value, unbounded):
    """Return a bound as a float."""
    if value is None:
        return unbounded
    try:
        bound = float(value)
    except (TypeError, ValueError):
        bound = np.nan
    if np.isnan(bound):
        raise ValueError(
            f"{name} must be 'observed', None, a number, an array of numbers or a dict "
            f"of them, none of them NaN, got {value!r}."
        )
    return bound


def whole_bounds(bounds, X, filled):
    """Return bounds of whole numbers for the columns that hold such.

    Parameters
    ----------
    bounds : ndarray of shape (2, n_features)
        The bounds.

    X : data frame or ndarray of shape (n_samples, n_features)
        The rows that are filled.

    filled : ndarray of int
        The columns that are filled.

    Returns
    -------
    bounds : ndarray of shape (2, n_features)
        The bounds within these, so that no rounding leaves them.
    """
    bounds = bounds.copy()
    fractions = (bounds != np.round(bounds)).any(axis=0)
    columns = columns_of(X) if fractions[filled].any() else None
    for j in filled:
        if not fractions[j]:
            continue
        storage = storage_of(columns[j].dtype)
        whole = storage == "integer"
        if storage == "object":
            whole = columns[j].type().objects == "int"
        low, high = np.ceil(bounds[0, j]), np.floor(bounds[1, j])
        if whole and low <= high:
            bounds[:, j] = low, high
    return bounds
