"""Times as numbers of microseconds, whatever unit a type counts in."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

import numpy as np

__all__ = [
    "LAST_NANOSECOND",
    "MICROSECONDS",
    "arrow_kind",
    "from_microseconds",
    "make_zone",
    "numpy_time",
    "polars_unit",
    "to_integers",
    "to_microseconds",
]

#: Microseconds in a unit of time; years and months have no fixed number.
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

#: The greatest nanosecond of a day, which times of day do not exceed.
LAST_NANOSECOND = 86_400 * 10**9 - 1


def to_microseconds(times):
    """Return NumPy's times as float64, NaN where missing."""
    unit, count = np.datetime_data(times.dtype)
    if unit in MICROSECONDS:
        numbers = times.astype(times.dtype.newbyteorder("=")).view(np.int64)
        numbers = numbers * (count * MICROSECONDS[unit])
    else:
        as_us = times.astype(f"{times.dtype.kind}8[us]")
        numbers = as_us.view(np.int64).astype(np.float64)
    numbers[np.isnat(times)] = np.nan
    return numbers


def numpy_time(dtype):
    """Return NumPy's type of the times of a pandas type, in its unit."""
    if isinstance(dtype, np.dtype):
        return dtype
    known = getattr(dtype, "numpy_dtype", None)
    if known is not None and known.kind in "mM":
        return known
    kind = "m" if arrow_kind(dtype) == "duration" or dtype.kind == "m" else "M"
    return np.dtype(f"{kind}8[{getattr(dtype, 'unit', 'us')}]")


def arrow_kind(dtype):
    """Return what a column of an Arrow type holds, where pandas does not tell."""
    name = str(getattr(dtype, "pyarrow_dtype", ""))
    if name.startswith(("date32", "date64", "timestamp")):
        return "datetime"
    if name.startswith("duration"):
        return "duration"
    return "numeric" if name.startswith("decimal") else None


def polars_unit(dtype):
    name = type(dtype).__name__
    name = dtype.__name__ if name == "DataTypeClass" else name
    if name == "Date":
        return "D"
    # Times of day are counted in nanoseconds.
    return getattr(dtype, "time_unit", None) or "ns"


def to_integers(values, limits, bounds=None):
    """Return values rounded to integers of a type, within bounds."""
    least, greatest = np.float64(limits.min), np.float64(limits.max)
    # The greatest float that is no greater: of 64 bits, not all are numbers.
    if int(greatest) > int(limits.max):
        greatest = np.nextafter(greatest, 0)
    unsigned = int(limits.max) > np.iinfo(np.int64).max
    integers = values.round().clip(least, greatest)
    integers = integers.astype(np.uint64 if unsigned else np.int64)
    if bounds is not None:
        integers = np.clip(integers, *(integers.dtype.type(end) for end in bounds))
    return integers


def from_microseconds(values, dtype, bounds=None):
    """Return microseconds as times of a NumPy type, to the nearest of its unit."""
    known = ~np.isnan(values)
    unit, count = np.datetime_data(dtype)
    gapless = np.where(known, values, 0.0)
    limits = np.iinfo(np.int64)
    if unit in MICROSECONDS:
        scaled = gapless / (count * MICROSECONDS[unit])
        times = to_integers(scaled, limits, bounds).view(f"{dtype.kind}8[{unit}]")
        times = times.view(np.int64).view(dtype.newbyteorder("="))
    else:
        times = to_integers(gapless, limits).view(f"{dtype.kind}8[us]").astype(dtype)
    times[~known] = np.array("NaT", dtype=times.dtype)
    return times


def make_zone(zone):
    if zone is None:
        return None
    if isinstance(zone, str):
        return ZoneInfo(zone)
    return datetime.timezone(datetime.timedelta(seconds=zone))
