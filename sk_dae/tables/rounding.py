"""Floats brought to what a type of numbers can hold."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

__all__ = ["clip_floats", "round_to_decimals", "round_to_integers"]


def clip_floats(values, limits):
    """Return values that a floating type can hold.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Floats.

    limits : numpy.finfo
        Those of the type.

    Returns
    -------
    clipped : ndarray of shape (n_samples,)
        The values, NaN where they were.
    """
    return values.clip(float(limits.min), float(limits.max))


def round_to_integers(values, limits, bounds=None):
    """Return values rounded to integers that a type can hold.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Floats without NaN.

    limits : numpy.iinfo
        Those of the type.

    bounds : pair of int, default=None
        The least and the greatest integer wanted.

    Returns
    -------
    integers : ndarray of shape (n_samples,), dtype int64 or uint64
        The nearest integers.
    """
    least, greatest = np.float64(limits.min), np.float64(limits.max)
    # Not every integer of 64 bits is a float: take the greatest float below the limit.
    if int(greatest) > int(limits.max):
        greatest = np.nextafter(greatest, 0)
    unsigned = int(limits.max) > np.iinfo(np.int64).max
    integers = values.round().clip(least, greatest)
    integers = integers.astype(np.uint64 if unsigned else np.int64)
    if bounds is not None:
        integers = np.clip(integers, *(integers.dtype.type(end) for end in bounds))
    return integers


def round_to_decimals(values, precision, scale):
    """Return values as decimals.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Floats.

    precision : int
        Number of digits.

    scale : int
        How many of them come after the point.

    Returns
    -------
    decimals : list of Decimal or None of length n_samples
        The nearest decimals; None for NaN.
    """
    quantum = Decimal(1).scaleb(-scale)
    greatest = float(10 ** (precision - scale)) - 10.0**-scale
    values = values.clip(-greatest, greatest)
    return [
        None if np.isnan(value) else Decimal(repr(float(value))).quantize(quantum)
        for value in values
    ]
