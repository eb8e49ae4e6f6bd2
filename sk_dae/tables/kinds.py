"""The kinds of Python objects: values of two kinds are never equal."""

from __future__ import annotations

import datetime
import numbers
from decimal import Decimal

import numpy as np

from .objects import have_zones
from .types import storage_of

__all__ = [
    "are_compatible",
    "has_zone",
    "is_aware",
    "kinds_of",
    "narrower_float",
    "plain_objects",
    "show_kinds",
]

#: The classes of a kind, by its name; the first that fits counts. NumPy has its
#: durations for integers, and Python a datetime for a date.
FAMILIES = {
    "bool": (bool, np.bool_),
    "str": (str,),
    "bytes": (bytes,),
    "duration": (datetime.timedelta, np.timedelta64),
    "datetime": (datetime.datetime, np.datetime64),
    "date": (datetime.date,),
    "time of day": (datetime.time,),
    "number": (numbers.Real, Decimal),
}

#: The kinds that are one where both lie in a column: True is 1.
NUMBERS = frozenset(["bool", "number"])


def kinds_of(values):
    """Return the kinds of objects, by name.

    Parameters
    ----------
    values : ndarray of shape (n_values,), dtype object
        Objects that are not missing.

    Returns
    -------
    kinds : frozenset of str
        Their kinds. Booleans among numbers are numbers.
    """
    families = {t: _family(t) for t in set(map(type, values))}
    # Only of some classes does the kind depend on the value.
    if any(map(_may_differ, families)):
        kinds = frozenset(_kind(value, families[type(value)]) for value in values)
    else:
        kinds = frozenset(families.values())
    return kinds - {"bool"} if kinds >= NUMBERS else kinds


def _family(cls):
    for family, classes in FAMILIES.items():
        if issubclass(cls, classes):
            return family
    return cls.__qualname__


def _is_pandas(cls):
    return cls.__module__.partition(".")[0] == "pandas"


def _may_differ(cls):
    times = (datetime.datetime, datetime.time)
    return issubclass(cls, times) or (_is_pandas(cls) and cls.__name__ in PARTS)


def _kind(value, family):
    if family in ("datetime", "time of day"):
        zone = getattr(value, "tzinfo", None)
        return f"{'naive' if zone is None else 'aware'} {family}"
    if _is_pandas(type(value)) and family in PARTS:
        return f"{family}[{PARTS[family](value)}]"
    return family


def _parts_of_interval(interval):
    (bounds,) = kinds_of([interval.left])
    return f"{bounds}, {interval.closed}"


#: The parts that make the kind of an object of pandas, by the name of its class.
PARTS = {
    "Interval": _parts_of_interval,
    "Period": lambda period: period.freqstr,
}


def show_kinds(kinds):
    """Return the names of kinds for a message."""
    return " and ".join(sorted(kinds))


def are_compatible(values, others):
    """Whether objects are of the kinds of others, so that they may equal one.

    Parameters
    ----------
    values, others : ndarray of shape (n_values,), dtype object
        Objects that are not missing, those of each side of one kind, or none.

    Returns
    -------
    compatible : bool
        True for the same kinds. Booleans and numbers are compatible where the numbers
        are zeros and ones.
    """
    kinds, wanted = kinds_of(values), kinds_of(others)
    if kinds == wanted:
        return True
    if kinds | wanted != NUMBERS:
        return False
    return set(others if "number" in wanted else values) <= {0, 1}


def plain_objects(values):
    """Return NumPy's times among objects as Python's, which have the same hash."""
    times = (np.datetime64, np.timedelta64)
    if not any(issubclass(t, times) for t in set(map(type, values))):
        return values
    return np.fromiter(map(_plain, values), dtype=object, count=len(values))


def _plain(value):
    if not isinstance(value, (np.datetime64, np.timedelta64)):
        return value
    kind = "M" if isinstance(value, np.datetime64) else "m"
    is_date = kind == "M" and np.datetime_data(value.dtype)[0] in ("D", "W", "M", "Y")
    return value.astype(f"{kind}8[{'D' if is_date else 'us'}]").item()


def is_aware(column):
    """Whether a column holds datetimes with a time zone."""
    if storage_of(column.dtype) == "object":
        return have_zones(column.to_objects()[~column.missing()])
    return has_zone(column.dtype)


def has_zone(dtype):
    """Whether a type of columns is one of datetimes with a time zone."""
    dtype = getattr(dtype, "pyarrow_dtype", dtype)
    zones = (getattr(dtype, name, None) for name in ("tz", "time_zone"))
    return any(zone is not None for zone in zones)


def narrower_float(dtype, other):
    """Return the type of floats in which the numbers of two columns are compared.

    A tenth in single precision is not one in double precision.

    Parameters
    ----------
    dtype, other : numpy.dtype, pandas extension dtype or polars dtype
        Types of columns.

    Returns
    -------
    narrow : numpy.dtype or None
        The one of fewer digits, where the two differ and it has fewer than float64.
    """
    kinds = {_narrow_float(dtype), _narrow_float(other)}
    if len(kinds) == 1:
        return None
    return min((kind for kind in kinds if kind), key=lambda kind: kind.itemsize)


def _narrow_float(dtype):
    # A type that was left out of a saved file only looks like a category.
    categories = getattr(dtype, "categories", None)
    if str(dtype) == "category" and categories is not None:
        dtype = categories.dtype
    name = str(getattr(dtype, "numpy_dtype", dtype)).lower()
    return np.dtype(name) if name in ("float16", "float32") else None
