"""Values of Python, NumPy and pandas as plain data, and back."""

from __future__ import annotations

import datetime
import math
import uuid
from decimal import Decimal

import numpy as np

from .zones import describe_zone, find_name, make_zone

__all__ = ["describe_value", "make_value"]


def describe_value(value):
    """Return a value as plain data.

    Parameters
    ----------
    value : object
        A value that a cell of a table may hold, or a mark of a missing one.

    Returns
    -------
    description : None, bool, int, float, str or dict
        The argument of :func:`make_value`.

    Raises
    ------
    TypeError
        If the class of the value is none of those known.
    """
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, np.datetime64 | np.timedelta64):
        return {"numpy": [value.dtype.str, int(value.astype(np.int64))]}
    if isinstance(value, np.generic) and type(value.item()) is not type(value):
        return describe_value(value.item())
    kind = type(value).__name__
    library = type(value).__module__.partition(".")[0]
    writers = PANDAS_WRITERS if library == "pandas" else WRITERS
    if kind not in writers or library not in LIBRARIES:
        raise TypeError(f"{kind} is neither plain data nor of sk_dae.")
    return {kind: writers[kind](value)}


def make_value(description):
    """Return the value that :func:`describe_value` described.

    Parameters
    ----------
    description : None, bool, int, float, str or dict
        Plain data.

    Returns
    -------
    value : object
        The value.

    Raises
    ------
    ValueError
        If it is of a class that is not known.
    """
    if not isinstance(description, dict):
        return description
    ((kind, content),) = description.items()
    if kind not in READERS:
        raise ValueError(f"The file holds a {kind!r}, which sk_dae does not know.")
    return READERS[kind](content)


#: Where the classes are defined whose values are described.
LIBRARIES = {"builtins", "datetime", "decimal", "pandas", "uuid"}


def _all(values):
    return [describe_value(value) for value in values]


def _zone_of(time):
    """Return the zone of a time as plain data, or None for a time without one."""
    if time.tzinfo is None:
        return None
    offset = time.utcoffset()
    if offset is None:
        # A time of day has the offset of a day that is not known.
        name = find_name(time.tzinfo)
        if name is None:
            raise TypeError(f"{time.tzinfo!r} is a time zone without a name.")
        return name
    return describe_zone(time)


def _write_datetime(value):
    plain = value.replace(tzinfo=None, fold=0).isoformat()
    return [plain, _zone_of(value), value.fold]


def _read_datetime(content):
    return _with_zone(datetime.datetime.fromisoformat(content[0]), *content[1:])


def _write_time(value):
    plain = value.replace(tzinfo=None, fold=0).isoformat()
    return [plain, _zone_of(value), value.fold]


def _read_time(content):
    return _with_zone(datetime.time.fromisoformat(content[0]), *content[1:])


def _with_zone(value, zone, fold):
    zone = None if zone is None else make_zone(zone)
    return value.replace(tzinfo=zone, fold=fold)


def _write_timestamp(value):
    zone = None if value.tzinfo is None else describe_zone(value)
    return [int(value.asm8.astype(np.int64)), value.unit, zone]


def _read_timestamp(content):
    import pandas as pd

    number, unit, zone = content
    value = pd.Timestamp(np.datetime64(number, unit))
    return value if zone is None else value.tz_localize("UTC").tz_convert(_tz(zone))


def _tz(zone):
    return "UTC" if zone in ("UTC", 0) else make_zone(zone)


def _read_timedelta(content):
    import pandas as pd

    return pd.Timedelta(np.timedelta64(*content))


def _read_interval(content):
    import pandas as pd

    left, right, closed = content
    return pd.Interval(make_value(left), make_value(right), closed=closed)


def _read_period(content):
    import pandas as pd

    ordinal, freq = content
    return pd.Period(ordinal=ordinal, freq=freq)


def _read_missing(name):
    def read(_):
        import pandas as pd

        return getattr(pd, name)

    return read


#: Functions that turn a value into plain data, by the name of its class.
WRITERS = {
    "Decimal": str,
    "UUID": lambda value: value.hex,
    "bytes": bytes.hex,
    "date": datetime.date.isoformat,
    "datetime": _write_datetime,
    "frozenset": lambda value: _all(sorted(value, key=repr)),
    "time": _write_time,
    "timedelta": lambda value: [value.days, value.seconds, value.microseconds],
    "timezone": lambda value: round(value.utcoffset(None).total_seconds()),
    "tuple": _all,
}

#: The same for classes of pandas.
PANDAS_WRITERS = {
    "Interval": lambda value: [*_all([value.left, value.right]), value.closed],
    "NAType": lambda value: None,
    "NaTType": lambda value: None,
    "Period": lambda value: [value.ordinal, value.freqstr],
    "Timedelta": lambda value: [int(value.asm8.astype(np.int64)), value.unit],
    "Timestamp": _write_timestamp,
}

#: Functions that turn plain data into a value, by the name of its class.
READERS = {
    "Decimal": Decimal,
    "Interval": _read_interval,
    "NAType": _read_missing("NA"),
    "NaTType": _read_missing("NaT"),
    "Period": _read_period,
    "Timedelta": _read_timedelta,
    "Timestamp": _read_timestamp,
    "UUID": uuid.UUID,
    "bytes": bytes.fromhex,
    "date": datetime.date.fromisoformat,
    "datetime": _read_datetime,
    "float": float,
    "frozenset": lambda content: frozenset(map(make_value, content)),
    "numpy": lambda content: np.int64(content[1]).view(content[0]),
    "time": _read_time,
    "timedelta": lambda content: datetime.timedelta(*content),
    "timezone": make_zone,
    "tuple": lambda content: tuple(map(make_value, content)),
}
