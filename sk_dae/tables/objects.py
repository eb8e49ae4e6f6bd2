"""Python objects in a column: what they are, as floats, and made of floats."""

from __future__ import annotations

import datetime
from collections import Counter
from decimal import Decimal

import numpy as np

from .times import (
    from_microseconds,
    integer_times,
    resolution_of,
    step_of,
    to_microseconds,
)
from .zones import describe_zone, make_zone

__all__ = [
    "describe_objects",
    "floats_to_objects",
    "have_zones",
    "kind_of_objects",
    "missing_objects",
    "mix_zones",
    "objects_to_floats",
    "resolution_of_objects",
    "zone_of_objects",
]

#: The classes of objects that are times or numbers. NumPy has its durations for
#: numbers, so times come first.
CLASSES = {
    "datetime": (datetime.date, np.datetime64),
    "duration": (datetime.timedelta, np.timedelta64),
    "numeric": (int, float, np.number, Decimal),
}


#: NumPy's types for objects that are times, by their kind.
UNITS = {"datetime": "M8[us]", "duration": "m8[us]"}

#: The range of Python's dates, in microseconds since 1970, less a day for zones.
DATES = tuple(
    float(np.datetime64(day, "us").astype(np.int64))
    for day in ("0001-01-02", "9999-12-30")
)


def missing_objects(values):
    """Return the mask of what stands for a missing value: None, NaN, NaT, NA."""
    try:
        # NaN and NaT are not equal to themselves.
        return np.equal(values, None) | np.not_equal(values, values)
    except (ArithmeticError, TypeError, ValueError):
        return np.fromiter(map(_is_missing, values), bool, len(values))


def _is_missing(value):
    if value is None:
        return True
    try:
        return bool(value != value)
    except (ArithmeticError, TypeError, ValueError):
        # pandas.NA compares to nothing; a signaling NaN and an array refuse to.
        return not hasattr(value, "__len__")


def kind_of_objects(observed):
    """Return what objects are, as `ColumnType` names it.

    Parameters
    ----------
    observed : ndarray of shape (n_observed,), dtype object
        Objects that are not missing.

    Returns
    -------
    kind : {"numeric", "datetime", "duration", "categorical"}
        The kind, "numeric" where there are none.
    """
    types = set(map(type, observed))
    if not types:
        return "numeric"
    for kind, classes in CLASSES.items():
        if all(issubclass(t, classes) and t is not bool for t in types):
            return kind
    return "categorical"


def describe_objects(observed):
    """Return what numbers or times are as objects, as `ColumnType` names it.

    Parameters
    ----------
    observed : ndarray of shape (n_observed,), dtype object
        Objects that are not missing.

    Returns
    -------
    objects : {"date", "datetime", "int", "Decimal"} or None
        None where the kind of the column says it.
    """
    types = set(map(type, observed))
    kind = kind_of_objects(observed)
    if kind == "datetime":
        return "date" if types == {datetime.date} else "datetime"
    if kind == "numeric" and types:
        for name, classes in {"int": (int, np.integer), "Decimal": Decimal}.items():
            if all(issubclass(t, classes) for t in types):
                return name
    return None


def have_zones(observed):
    """Whether there are datetimes with a time zone among objects."""
    return any(map(_has_zone, observed))


def _has_zone(value):
    return isinstance(value, datetime.datetime) and value.tzinfo is not None


def mix_zones(observed):
    """Whether some datetimes among objects have a time zone and others have none."""
    if kind_of_objects(observed) != "datetime":
        return False
    return len(set(map(_has_zone, observed))) > 1


def zone_of_objects(observed):
    """Return the time zone that most datetimes have, as `ColumnType` holds it.

    Parameters
    ----------
    observed : ndarray of shape (n_observed,), dtype object
        Objects that are not missing.

    Returns
    -------
    zone : str, int or None
        None where they have no zone, or are no datetimes.
    """
    if kind_of_objects(observed) != "datetime" or not have_zones(observed):
        return None
    zones = Counter(map(describe_zone, filter(_has_zone, observed)))
    # A tie is broken by the name, whatever the order of the rows.
    return max(zones, key=lambda zone: (zones[zone], str(zone)))


def resolution_of_objects(observed):
    """Return the longest unit of which all times among objects are multiples.

    Parameters
    ----------
    observed : ndarray of shape (n_observed,), dtype object
        Objects that are not missing.

    Returns
    -------
    resolution : str or None
        The unit, on the clocks of their own zones; None where they are no times.
    """
    unit = UNITS.get(kind_of_objects(observed))
    if unit is None:
        return None
    local = [
        value.replace(tzinfo=None) if _has_zone(value) else value for value in observed
    ]
    return resolution_of(np.array(local, dtype=unit).view(np.int64), "us")


def objects_to_floats(values, missing):
    """Return numbers as floats, and times as microseconds.

    Parameters
    ----------
    values : ndarray of shape (n_samples,), dtype object
        The objects.

    missing : ndarray of shape (n_samples,), dtype bool
        Which of them are missing.

    Returns
    -------
    floats : ndarray of shape (n_samples,), dtype float64
        The numbers, NaN where missing.

    Raises
    ------
    TypeError, ValueError
        If there are other objects.
    """
    unit = UNITS.get(kind_of_objects(values[~missing]))
    if unit is None:
        try:
            return np.where(missing, np.nan, values).astype(np.float64)
        except OverflowError:
            raise ValueError("a value too large for dtype('float64')") from None
    times = np.where(missing, None, values)
    for i, value in enumerate(times):
        if _has_zone(value):
            times[i] = value.astimezone(datetime.UTC).replace(tzinfo=None)
    return to_microseconds(times.astype(unit))


def _times(unit):
    def make(values, column_type):
        if unit.startswith("M"):
            # No date of Python's is earlier or later.
            values = values.clip(*DATES)
        resolution = None if column_type.zone is not None else column_type.resolution
        times = from_microseconds(values, np.dtype(unit), resolution=resolution)
        return times.tolist()

    return make


def _datetimes(values, column_type):
    times = _times("M8[us]")(values, column_type)
    if column_type.zone is None:
        return times
    zone, resolution = make_zone(column_type.zone), column_type.resolution
    local = [t.replace(tzinfo=datetime.UTC).astimezone(zone) for t in times]
    step = step_of(resolution, "us")
    if step == 1:
        return local
    clock = np.array([t.replace(tzinfo=None) for t in local], dtype="M8[us]")
    rounded = integer_times(clock.view(np.int64).astype(np.float64), step)
    return [
        t.replace(tzinfo=zone, fold=old.fold)
        for t, old in zip(rounded.view("M8[us]").tolist(), local, strict=True)
    ]


#: Functions that make objects of floats and a column type, by what the objects are.
MAKERS = {
    "date": _times("M8[D]"),
    "datetime": _datetimes,
    "duration": _times("m8[us]"),
    "int": lambda values, _: [int(value) for value in values.round()],
    "Decimal": lambda values, _: [Decimal(repr(float(value))) for value in values],
    "numeric": lambda values, _: values.tolist(),
}


def floats_to_objects(values, column_type):
    """Return numbers or microseconds as objects such as a column had.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Floats, NaN where missing.

    column_type : ColumnType
        That of the column.

    Returns
    -------
    objects : ndarray of shape (n_samples,), dtype object
        The objects; where missing, NaN among floats, and None elsewhere.
    """
    name = column_type.objects or column_type.kind
    known = ~np.isnan(values)
    objects = np.full(len(values), np.nan if name == "numeric" else None, dtype=object)
    objects[known] = MAKERS[name](values[known], column_type)
    return objects
