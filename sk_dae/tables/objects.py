"""Python objects in a column: what they are, as floats, and made of floats."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np

from .times import from_microseconds, to_microseconds

__all__ = [
    "describe_objects",
    "floats_to_objects",
    "have_zones",
    "kind_of_objects",
    "missing_objects",
    "objects_to_floats",
]

#: The classes of objects that are times or numbers. NumPy has its durations for
#: numbers, so times come first.
CLASSES = {
    "datetime": (datetime.date, np.datetime64),
    "duration": (datetime.timedelta, np.timedelta64),
    "numeric": (int, float, np.number, Decimal),
}


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
    return any(
        isinstance(value, datetime.datetime) and value.tzinfo is not None
        for value in observed
    )


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
    unit = {"datetime": "M8[us]", "duration": "m8[us]"}.get(
        kind_of_objects(values[~missing])
    )
    if unit is None:
        return np.where(missing, np.nan, values).astype(np.float64)
    return to_microseconds(np.where(missing, None, values).astype(unit))


def _times(unit):
    return lambda values: from_microseconds(values, np.dtype(unit)).tolist()


#: Functions that make objects of floats, by what the objects are.
MAKERS = {
    "date": _times("M8[D]"),
    "datetime": _times("M8[us]"),
    "duration": _times("m8[us]"),
    "int": lambda values: [int(value) for value in values.round()],
    "Decimal": lambda values: [Decimal(repr(float(value))) for value in values],
    "numeric": np.ndarray.tolist,
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
    objects[known] = MAKERS[name](values[known])
    return objects
