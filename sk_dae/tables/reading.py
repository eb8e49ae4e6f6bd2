"""The columns of arrays and data frames: what they hold, read as floats or objects.

Whatever the container and the type, numbers are read as float64, times as float64 in
microseconds (since 1970, where they are dates), and all else as objects.
"""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np

from .frames import is_frame, is_polars
from .times import MICROSECONDS, arrow_kind, numpy_time, polars_unit, to_microseconds
from .types import ColumnType

__all__ = ["columns_of", "polars_to_pandas"]

#: Object types that stand for times, and for numbers.
DATES = (datetime.date, np.datetime64)
DURATIONS = (datetime.timedelta, np.timedelta64)
NUMBERS = (int, float, np.number, Decimal)


def columns_of(X):
    """Return the columns of a table, each in a wrapper that knows its container.

    Parameters
    ----------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table.

    Returns
    -------
    columns : list
        With the methods `kind`, `missing`, `to_float`, `to_objects` and `type`.
    """
    if is_polars(X):
        return [_PolarsColumn(column) for column in X.get_columns()]
    if is_frame(X):
        return [_PandasColumn(X.iloc[:, i]) for i in range(X.shape[1])]
    return [_ArrayColumn(X[:, i]) for i in range(X.shape[1])]


# -- reading --------------------------------------------------------------------------


class _ArrayColumn:
    """A column of an ndarray."""

    container = "array"

    def __init__(self, values):
        self.values = values
        self.dtype = values.dtype

    def kind(self):
        """Return what the column holds, as `ColumnType` names it."""
        kind = self.values.dtype.kind
        if kind in "mM":
            return "datetime" if kind == "M" else "duration"
        if kind in "iuf":
            return "numeric"
        return _kind_of_objects(self._observed()) if kind == "O" else "categorical"

    def missing(self):
        """Return the mask of the missing values."""
        if self.values.dtype.kind == "O":
            # NaN, NaT and NA are not equal to themselves, or do not say.
            return np.fromiter(
                (_is_missing(value) for value in self.values), bool, len(self.values)
            )
        if self.values.dtype.kind in "fmM":
            return np.isnan(self.values)
        return np.zeros(len(self.values), dtype=bool)

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        values = self.values
        if values.dtype.kind in "mM":
            return to_microseconds(values)
        if values.dtype.kind == "O":
            return _objects_to_float(values, self.missing(), self.kind())
        return values.astype(np.float64)

    def to_objects(self):
        """Return the values as objects."""
        return self.values.astype(object)

    def type(self):
        """Return the type of the column."""
        kind = self.kind()
        if self.dtype.kind == "O":
            return ColumnType(
                self.container, self.dtype, kind, *_describe_objects(self._observed())
            )
        integers = None
        if self.dtype.kind in "iumM":
            integers = self.values[~self.missing()]
            if self.dtype.kind in "mM":
                integers = integers.view(np.int64)
        return ColumnType(self.container, self.dtype, kind, bounds=_bounds(integers))

    def _observed(self):
        return self.to_objects()[~self.missing()]


class _PandasColumn(_ArrayColumn):
    """A column of a pandas data frame."""

    container = "pandas"

    def __init__(self, series):
        self.series = series
        self.dtype = series.dtype

    def kind(self):
        """Return what the column holds, as `ColumnType` names it."""
        if isinstance(self.dtype, np.dtype):
            return _ArrayColumn(self.series.to_numpy()).kind()
        arrow = arrow_kind(self.dtype)
        if arrow is not None:
            return arrow
        kind = getattr(self.dtype, "kind", "O")
        if kind in "mM":
            return "datetime" if kind == "M" else "duration"
        return "numeric" if kind in "iuf" else "categorical"

    def missing(self):
        """Return the mask of the missing values."""
        return self.series.isna().to_numpy(dtype=bool)

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        kind = self.kind()
        if kind in ("datetime", "duration"):
            return to_microseconds(self._times())
        if getattr(self.dtype, "kind", "O") == "O":
            return _ArrayColumn(self.to_objects()).to_float()
        return self.series.to_numpy(dtype=np.float64, na_value=np.nan)

    def to_objects(self):
        """Return the values as objects."""
        return self.series.astype(object).to_numpy()

    def type(self):
        """Return the type of the column."""
        if isinstance(self.dtype, np.dtype):
            found = _ArrayColumn(self.series.to_numpy()).type()
            found.container = self.container
            return found
        kind, integers = self.kind(), None
        if kind in ("datetime", "duration"):
            times = self._times()
            integers = times[~np.isnat(times)].view(np.int64)
        elif getattr(self.dtype, "kind", "O") in "iu":
            integers = self.series.dropna().to_numpy(dtype=self.dtype.type)
        return ColumnType(self.container, self.dtype, kind, bounds=_bounds(integers))

    def _times(self):
        """Return times as NumPy's."""
        is_date = str(getattr(self.dtype, "pyarrow_dtype", "")).startswith("date")
        if is_date or (isinstance(self.dtype, np.dtype) and self.dtype.kind == "O"):
            values, missing = self.to_objects(), self.missing()
            return _objects_to_times(values, missing, self.kind())
        return self.series.to_numpy(dtype=numpy_time(self.dtype))


class _PolarsColumn(_ArrayColumn):
    """A column of a polars data frame."""

    container = "polars"

    def __init__(self, series):
        self.series = series
        self.dtype = series.dtype

    def kind(self):
        """Return what the column holds, as `ColumnType` names it."""
        if self.dtype.is_numeric():
            return "numeric"
        if self.dtype.is_temporal():
            name = type(self.dtype).__name__
            # polars gives some types as classes.
            name = self.dtype.__name__ if name == "DataTypeClass" else name
            return {"Duration": "duration", "Time": "clock"}.get(name, "datetime")
        return "categorical"

    def missing(self):
        """Return the mask of the missing values."""
        missing = self.series.is_null().to_numpy()
        if self.dtype.is_float():
            missing = missing | self.series.is_nan().fill_null(False).to_numpy()
        return missing

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        import polars as pl

        if self.kind() == "numeric":
            return self.series.cast(pl.Float64).to_numpy().astype(np.float64)
        physical = self.series.to_physical()
        values = physical.cast(pl.Float64).to_numpy().astype(np.float64)
        return values * MICROSECONDS[polars_unit(self.dtype)]

    def to_objects(self):
        """Return the values as objects."""
        values = np.empty(len(self.series), dtype=object)
        values[:] = self.series.to_list()
        return values

    def type(self):
        """Return the type of the column."""
        kind, integers = self.kind(), None
        if kind not in ("numeric", "categorical"):
            integers = self.series.drop_nulls().to_physical().to_numpy()
        elif self.dtype.is_integer():
            integers = self.series.drop_nulls().to_numpy()
        return ColumnType(self.container, self.dtype, kind, bounds=_bounds(integers))


def _is_missing(value):
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):
        # pandas.NA, which compares to nothing.
        return True


def _kind_of_objects(values):
    types = set(map(type, values))
    if all(issubclass(t, NUMBERS) and not issubclass(t, bool) for t in types):
        # A duration is no number, though NumPy has it for one.
        return "duration" if types and types <= {np.timedelta64} else "numeric"
    for kind, of_kind in {"datetime": DATES, "duration": DURATIONS}.items():
        if all(issubclass(t, of_kind) for t in types):
            return kind
    return "categorical"


def _describe_objects(values):
    """Return what objects are, and their time zone, as `ColumnType` has them."""
    types = set(map(type, values))
    zone = None
    if not types or np.timedelta64 in types:
        return None, None
    if all(issubclass(t, Decimal) for t in types):
        return "Decimal", None
    if all(issubclass(t, (int, np.integer)) and t is not bool for t in types):
        return "int", None
    if types == {datetime.date}:
        return "date", None
    if all(issubclass(t, DATES) for t in types):
        zones = {getattr(value, "tzinfo", None) for value in values}
        if len(zones) == 1:
            (zone,) = zones
        if zone is not None:
            key = getattr(zone, "key", None)
            zone = key or zone.utcoffset(None).total_seconds()
        return "datetime", zone
    return None, None


def _objects_to_times(values, missing, kind):
    values = values.copy()
    values[missing] = None
    if kind == "duration":
        return values.astype("m8[us]")
    for i in np.flatnonzero(~missing):
        zone = getattr(values[i], "tzinfo", None)
        if zone is not None:
            values[i] = values[i].astimezone(datetime.UTC).replace(tzinfo=None)
    return values.astype("M8[us]")


def _objects_to_float(values, missing, kind):
    if kind in ("datetime", "duration"):
        return to_microseconds(_objects_to_times(values, missing, kind))
    return np.where(missing, np.nan, values).astype(np.float64)


def _bounds(integers):
    if integers is None or not len(integers):
        return None
    return int(integers.min()), int(integers.max())


def polars_to_pandas(X):
    """Return a polars data frame as one of pandas, without the help of Arrow.

    Parameters
    ----------
    X : polars.DataFrame of shape (n_samples, n_features)
        The frame.

    Returns
    -------
    X : pandas.DataFrame of shape (n_samples, n_features)
        The same columns.
    """
    import pandas as pd

    columns = {}
    for column in X.get_columns():
        kind = _PolarsColumn(column).kind()
        if kind in ("categorical", "clock"):
            columns[column.name] = pd.Series(column.to_list())
        else:
            columns[column.name] = pd.Series(column.to_numpy())
    return pd.DataFrame(columns)
