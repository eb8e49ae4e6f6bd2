"""Times as numbers of microseconds, whatever unit a type counts in."""

from __future__ import annotations

import numpy as np

from .rounding import round_to_integers
from .types import is_duration

__all__ = [
    "MICROSECONDS",
    "from_microseconds",
    "integer_times",
    "is_date",
    "numpy_time",
    "pandas_clock",
    "polars_clock",
    "polars_unit",
    "resolution_of",
    "step_of",
    "to_microseconds",
    "wall_times",
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

#: The resolutions that a column may have, from the longest unit on.
RESOLUTIONS = ("D", "h", "m", "s", "ms", "us", "ns")


def _nanoseconds(unit):
    return round(1e3 * MICROSECONDS[unit])


def resolution_of(integers, unit, count=1):
    """Return the longest unit of which all times are multiples.

    Parameters
    ----------
    integers : ndarray of shape (n_observed,), dtype int64
        Times as multiples of `count` units.

    unit : str
        A unit of NumPy.

    count : int, default=1
        How many of these units the integers count in.

    Returns
    -------
    resolution : str or None
        One of `RESOLUTIONS`; None where nothing is observed, and for months and years,
        which have no length.
    """
    if not len(integers) or unit not in MICROSECONDS:
        return None
    divisor = abs(int(np.gcd.reduce(integers))) * count * _nanoseconds(unit)
    return next(r for r in RESOLUTIONS if divisor % _nanoseconds(r) == 0)


def step_of(resolution, unit, count=1):
    """Return how many times `count` units are in the unit that is a resolution.

    Parameters
    ----------
    resolution : str or None
        One of `RESOLUTIONS`; None for none.

    unit : str
        A unit of `MICROSECONDS`.

    count : int, default=1
        How many of these units the integers count in.

    Returns
    -------
    step : int
        1 where it is no multiple.
    """
    if resolution is None:
        return 1
    step, rest = divmod(_nanoseconds(resolution), count * _nanoseconds(unit))
    return 1 if rest else max(step, 1)


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


def from_microseconds(values, dtype, bounds=None, resolution=None, clock=None):
    """Return microseconds as times.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Microseconds; NaN stands for a missing time.

    dtype : numpy.dtype
        The type, in a unit of `MICROSECONDS`.

    bounds : pair of int, default=None
        The earliest and the latest time wanted, in the unit of the type.

    resolution : str or None, default=None
        The unit that the times are to be multiples of.

    clock : callable or None, default=None
        Turns integers of the unit since 1970 in UTC into those on the clock of a time
        zone, which the times are to be multiples on. None is that of UTC.

    Returns
    -------
    times : ndarray of shape (n_samples,)
        The nearest times of the type, in the machine's byte order.
    """
    known = ~np.isnan(values)
    unit, count = np.datetime_data(dtype)
    scaled = np.where(known, values, 0.0) / (count * MICROSECONDS[unit])
    times = integer_times(scaled, step_of(resolution, unit, count), bounds, clock)
    times = times.view(dtype.newbyteorder("="))
    times[~known] = np.array("NaT", dtype=times.dtype)
    return times


def integer_times(values, step, bounds=None, clock=None):
    """Return times as integers of a unit.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Floats of the unit, without NaN.

    step : int
        The number that the integers are to be multiples of.

    bounds : pair of int, default=None
        The earliest and the latest time wanted.

    clock : callable or None, default=None
        As in :func:`from_microseconds`.

    Returns
    -------
    integers : ndarray of shape (n_samples,), dtype int64
        The nearest times.
    """
    limits = np.iinfo(np.int64)
    if step == 1 or clock is None:
        return round_to_integers(values, limits, bounds, step)
    times = round_to_integers(values, limits)
    offsets = clock(times) - times
    rounded = round_to_integers(values + offsets, limits, step=step)
    times = rounded - offsets
    # Where rounding has crossed a change of the clock, another offset may be needed; of
    # a time that the clock leaves out, the later of both is taken.
    other = rounded - (clock(times) - times)
    other = np.where(clock(other) % step == 0, other, np.maximum(times, other))
    times = np.where(clock(times) % step == 0, times, other)
    return times if bounds is None else times.clip(*bounds)


def wall_times(times, zone):
    """Return times in UTC as the clock of a zone shows them.

    Parameters
    ----------
    times : ndarray of shape (n_samples,), dtype datetime64
        Times in a unit that pandas has.

    zone : tzinfo or str
        The zone, as pandas takes it.

    Returns
    -------
    times : ndarray of shape (n_samples,), dtype datetime64
        The local times.
    """
    import pandas as pd

    local = pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)
    return local.tz_localize(None).to_numpy()


def pandas_clock(dtype):
    """Return the clock of a pandas type of times, None if it is that of UTC."""
    zone = getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None)
    if zone is None or str(zone) == "UTC":
        return None

    def clock(integers):
        times = integers.view(numpy_time(dtype))
        return wall_times(times, zone).view(np.int64)

    return clock


def polars_clock(dtype):
    """Return the clock of a polars type of times, None if it is that of UTC."""
    zone = getattr(dtype, "time_zone", None)
    if zone in (None, "UTC"):
        return None
    import polars as pl

    def clock(integers):
        times = pl.Series(values=integers).cast(pl.Datetime(dtype.time_unit, "UTC"))
        local = times.dt.convert_time_zone(zone).dt.replace_time_zone(None)
        return local.to_physical().to_numpy()

    return clock


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
