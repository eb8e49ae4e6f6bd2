"""Floats brought to what a type of numbers can hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

__all__ = ["WideLimits", "clip_floats", "round_to_decimals", "round_to_integers"]


@dataclass(frozen=True)
class WideLimits:
    """The least and the greatest value of integers of more than 64 bits."""

    min: int
    max: int


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


def round_to_integers(values, limits, bounds=None, step=1):
    """Return values rounded to integers that a type can hold.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Floats without NaN.

    limits : numpy.iinfo or WideLimits
        Those of the type.

    bounds : pair of int, default=None
        The least and the greatest integer wanted.

    step : int, default=1
        The number that the integers are to be multiples of.

    Returns
    -------
    integers : ndarray of shape (n_samples,), dtype int64, uint64 or object
        The nearest integers; objects where the type has more than 64 bits.
    """
    if isinstance(limits, WideLimits):
        return _round_to_wide_integers(values, limits, bounds)
    least, greatest = np.float64(limits.min), np.float64(limits.max)
    # Not every integer of 64 bits is a float: take the greatest float below the limit.
    if int(greatest) > int(limits.max):
        greatest = np.nextafter(greatest, 0)
    unsigned = int(limits.max) > np.iinfo(np.int64).max
    if step > 1:
        # Few floats are exact multiples of a long step: they are made of integers.
        most = limits.max // step
        steps = (values / step).round().clip(float(-most), float(most))
        integers = steps.astype(np.int64) * step
    else:
        integers = values.round().clip(least, greatest)
        integers = integers.astype(np.uint64 if unsigned else np.int64)
    if bounds is not None:
        integers = np.clip(integers, *(integers.dtype.type(end) for end in bounds))
    return integers


def _round_to_wide_integers(values, limits, bounds):
    low, high = (limits.min, limits.max) if bounds is None else bounds
    rounded = [min(max(int(value), low), high) for value in values.round()]
    integers = np.empty(len(rounded), dtype=object)
    integers[:] = rounded
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
