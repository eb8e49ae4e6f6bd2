"""Quantiles of weighted values."""

from __future__ import annotations

import numpy as np

__all__ = ["weighted_quantiles"]


def weighted_quantiles(values, weights, levels, unit):
    r"""Return quantiles of weighted values.

    A value of `k` times the weight `unit` counts as `k` values of that weight do in
    ``numpy.quantile``, also where `k` is no whole number.

    Parameters
    ----------
    values : ndarray of shape (n_values,)
        Values, none of which is missing; at least one.

    weights : ndarray of shape (n_values,)
        Their weights; none is less than `unit`.

    levels : float or ndarray
        Which quantiles, in [0, 1].

    unit : float
        The least weight of a value.

    Returns
    -------
    quantiles : float or ndarray
        One for each level.
    """
    order = np.argsort(values, kind="stable")
    values, ends = values[order].astype(np.float64), np.cumsum(weights[order] / unit)
    # A value spans a plateau, and a straight line of length one leads to the next.
    starts = np.concatenate([[0.0], ends[:-1]])
    knots = np.column_stack([starts, np.maximum(starts, ends - 1.0)]).ravel()
    places = np.asarray(levels) * max(ends[-1] - 1.0, 0.0)
    # By rounding, a place at the end of a plateau would lie beside it.
    whole = places.round()
    places = np.where(np.abs(places - whole) < 1e-9, whole, places)
    return np.interp(places, knots, np.repeat(values, 2))
