"""Times as numbers of microseconds, whatever unit a type counts in."""

from __future__ import annotations

import numpy as np

from .rounding import round_to_integers
from .types import is_duration

__all__ = [
    "MICROSECONDS",
    "from_microseconds",
    "is_date",
    "numpy_time",
    "polars_unit",
    "to_microseconds",
]

#: Microseconds in a unit of time.
MICROSECONDS = {
    "ns": 1e-3,
    "us": 1.0,
    "ms": 1e3,
    "s": 1e6,
    "m": 6e7,
    "h": 3.6e9,
    "D": 8.64e10,
    "W": 6.048e11,
}


def to_microseconds(times):
    """Return times as microseconds.

    Parameters
    ----------
    times : ndarray of shape (n_samples,), dtype datetime64 or timedelta64
        Times in a unit of `MICROSECONDS`.

    Returns
    -------
    values : ndarray of shape (n_samples,), dtype float64
        Microseconds, NaN where missing.
    """
    unit, count = np.datetime_data(times.dtype)
    numbers = times.astype(times.dtype.newbyteorder("=")).view(np.int64)
    numbers = numbers * (count * MICROSECONDS[unit])
    numbers[np.isnat(times)] = np.nan
    return numbers


def from_microseconds(values, dtype, bounds=None):
    """Return microseconds as times.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Microseconds; NaN stands for a missing time.

    dtype : numpy.dtype
        The type, in a unit of `MICROSECONDS`.

    bounds : pair of int, default=None
        The earliest and the latest time wanted, in the unit of the type.

    Returns
    -------
    times : ndarray of shape (n_samples,)
        The nearest times of the type, in the machine's byte order.
    """
    known = ~np.isnan(values)
    unit, count = np.datetime_data(dtype)
    scaled = np.where(known, values, 0.0) / (count * MICROSECONDS[unit])
    times = round_to_integers(scaled, np.iinfo(np.int64), bounds)
    times = times.view(dtype.newbyteorder("="))
    times[~known] = np.array("NaT", dtype=times.dtype)
    return times


def is_date(dtype):
    """Whether a pandas type is one of Arrow's dates."""
    return str(getattr(dtype, "pyarrow_dtype", "")).startswith("date")


def numpy_time(dtype):
    """Return NumPy's type for the times of a pandas type, in its unit."""
    if isinstance(dtype, np.dtype):
        return dtype
    known = getattr(dtype, "numpy_dtype", None)
    if known is not None and known.kind in "mM":
        return known
    kind = "m" if is_duration(dtype) else "M"
    return np.dtype(f"{kind}8[{getattr(dtype, 'unit', 'us')}]")


def polars_unit(dtype):
    """Return the unit that a polars type of times counts in."""
    return getattr(dtype, "time_unit", None) or "D"
