"""The columns of arrays and data frames: what they hold, and how they are written.

Whatever the container and the type, numbers are read as float64, times as float64 in
microseconds (since 1970, where they are dates), and all else as objects.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np

__all__ = [
    "ColumnType",
    "columns_of",
    "fill_columns",
    "is_frame",
    "is_polars",
    "polars_to_pandas",
    "write",
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

#: Object types that stand for times, and for numbers.
DATES = (datetime.date, np.datetime64)
DURATIONS = (datetime.timedelta, np.timedelta64)
NUMBERS = (int, float, np.number, Decimal)


def is_frame(X):
    """Whether X is a data frame of pandas or polars."""
    return (hasattr(X, "iloc") and hasattr(X, "columns")) or is_polars(X)


def is_polars(X):
    """Whether X is a data frame of polars."""
    return hasattr(X, "get_columns") and hasattr(X, "to_series")


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


class ColumnType:
    """What a column is, so that another of its type can be written.

    Parameters
    ----------
    container : {"array", "pandas", "polars"}
        What it is a column of.

    dtype : numpy.dtype, pandas extension dtype or polars dtype
        Its type there.

    kind : {"numeric", "datetime", "duration", "clock", "categorical"}
        What it holds.

    objects : str or None
        What its objects are, where the type does not say: "date", "datetime", "int",
        "float", "Decimal".

    zone : str, float or None
        The time zone of objects, by name or in seconds.

    bounds : pair of int or None
        The least and the greatest value, of integers and times, in the unit of the
        type.
    """

    def __init__(self, container, dtype, kind, objects=None, zone=None, bounds=None):
        self.container = container
        self.dtype = dtype
        self.kind = kind
        self.objects = objects
        self.zone = zone
        self.bounds = bounds


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
            return _to_microseconds(values)
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
        arrow = _arrow_kind(self.dtype)
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
            return _to_microseconds(self._times())
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
        return self.series.to_numpy(dtype=_numpy_time(self.dtype))


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
        return values * MICROSECONDS[_polars_unit(self.dtype)]

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
        return _to_microseconds(_objects_to_times(values, missing, kind))
    return np.where(missing, np.nan, values).astype(np.float64)


def _to_microseconds(times):
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


def _numpy_time(dtype):
    """Return NumPy's type of the times of a pandas type, in its unit."""
    if isinstance(dtype, np.dtype):
        return dtype
    known = getattr(dtype, "numpy_dtype", None)
    if known is not None and known.kind in "mM":
        return known
    kind = "m" if _arrow_kind(dtype) == "duration" or dtype.kind == "m" else "M"
    return np.dtype(f"{kind}8[{getattr(dtype, 'unit', 'us')}]")


def _arrow_kind(dtype):
    """Return what a column of an Arrow type holds, where pandas does not tell."""
    name = str(getattr(dtype, "pyarrow_dtype", ""))
    if name.startswith(("date32", "date64", "timestamp")):
        return "datetime"
    if name.startswith("duration"):
        return "duration"
    return "numeric" if name.startswith("decimal") else None


def _polars_unit(dtype):
    name = type(dtype).__name__
    name = dtype.__name__ if name == "DataTypeClass" else name
    if name == "Date":
        return "D"
    # Times of day are counted in nanoseconds.
    return getattr(dtype, "time_unit", None) or "ns"


def _bounds(integers):
    if integers is None or not len(integers):
        return None
    return int(integers.min()), int(integers.max())


# -- writing --------------------------------------------------------------------------


def write(values, column_type, name, *, within_bounds=False):
    """Return values as a column of a type.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Numbers or microseconds as float64, NaN for missing, or objects.

    column_type : ColumnType
        What column is wanted.

    name : str
        For messages.

    within_bounds : bool, default=False
        Whether integers and times must not leave the bounds of the type.

    Returns
    -------
    column : ndarray, pandas.Series or polars.Series of shape (n_samples,)
        The column.
    """
    bounds = column_type.bounds if within_bounds else None
    if column_type.container == "polars":
        return _write_polars(values, column_type, name, bounds)
    if column_type.container == "pandas":
        return _write_pandas(values, column_type, bounds)
    return _write_array(values, column_type, bounds)


def _write_array(values, column_type, bounds):
    dtype, kind = column_type.dtype, column_type.kind
    if kind == "categorical":
        return values
    if dtype.kind == "O":
        return _to_objects(values, column_type)
    if dtype.kind in "mM":
        return _from_microseconds(values, dtype, bounds)
    if dtype.kind in "iu":
        return _to_integers(values, np.iinfo(dtype), bounds).astype(dtype)
    return values


def _write_pandas(values, column_type, bounds):
    import pandas as pd

    dtype, kind = column_type.dtype, column_type.kind
    if kind == "categorical":
        return pd.Series(values, dtype=object).astype(dtype)
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return pd.Series(_to_objects(values, column_type), dtype=object)
    if kind in ("datetime", "duration"):
        times = pd.Series(_from_microseconds(values, _numpy_time(dtype), bounds))
        if getattr(dtype, "tz", None) is not None:
            times = times.dt.tz_localize("UTC")
        arrow = getattr(dtype, "pyarrow_dtype", None)
        if getattr(arrow, "tz", None) is not None:
            times = times.dt.tz_localize("UTC")
        if str(arrow).startswith("date"):
            times = times.dt.date
        return times.astype(dtype)
    if _arrow_kind(dtype) == "numeric":
        arrow = dtype.pyarrow_dtype
        return pd.Series(
            _to_decimals(values, arrow.precision, arrow.scale), dtype=object
        ).astype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        known = ~np.isnan(values)
        series = pd.Series(_to_integers(np.nan_to_num(values), limits, bounds))
        if not known.all():
            series = series.astype("Int64").where(known, pd.NA)
        return series.astype(dtype)
    if isinstance(dtype, np.dtype):
        return pd.Series(_within(values, np.finfo(dtype)).astype(dtype))
    series = pd.Series(values)
    if type(dtype).__name__ != "SparseDtype":
        series = series.where(series.notna(), pd.NA)
    return series.astype(dtype)


def _write_polars(values, column_type, name, bounds):
    import polars as pl

    dtype, kind = column_type.dtype, column_type.kind
    if kind == "categorical":
        try:
            return pl.Series(values=values.tolist()).cast(dtype)
        except pl.exceptions.InvalidOperationError as error:
            raise ValueError(
                f"Column {name} has the type {dtype}, which cannot hold all categories "
                f"of fit: {str(error).splitlines()[0]}"
            ) from None
    known = pl.Series(values=~np.isnan(values))
    gapless = np.nan_to_num(values)
    if kind != "numeric":
        scaled = gapless / MICROSECONDS[_polars_unit(dtype)]
        integers = _to_integers(scaled, np.iinfo(np.int64), bounds)
        if kind == "clock":
            integers = integers.clip(0, LAST_NANOSECOND)
        column = pl.Series(values=integers)
        if _polars_unit(dtype) == "D":
            column = column.cast(pl.Int32)
        column = column.cast(dtype)
    elif dtype.is_integer():
        limits = np.iinfo(str(dtype).lower().replace("128", "64"))
        column = pl.Series(values=_to_integers(gapless, limits, bounds)).cast(dtype)
    elif dtype.is_decimal():
        decimals = _to_decimals(gapless, dtype.precision or 38, dtype.scale or 0)
        column = pl.Series(values=decimals).cast(dtype)
    else:
        column = pl.Series(values=gapless).cast(dtype)
    nothing = pl.Series(values=[None], dtype=dtype)
    return column.zip_with(known, nothing) if not known.all() else column


def _within(values, limits):
    """Return values that a floating type can hold."""
    return values.clip(float(limits.min), float(limits.max))


def _to_integers(values, limits, bounds=None):
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


def _to_decimals(values, precision, scale):
    quantum = Decimal(1).scaleb(-scale)
    greatest = float(10 ** (precision - scale)) - 10.0**-scale
    values = values.clip(-greatest, greatest)
    return [
        None if np.isnan(value) else Decimal(repr(float(value))).quantize(quantum)
        for value in values
    ]


def _from_microseconds(values, dtype, bounds=None):
    """Return microseconds as times of a NumPy type, to the nearest of its unit."""
    known = ~np.isnan(values)
    unit, count = np.datetime_data(dtype)
    gapless = np.where(known, values, 0.0)
    limits = np.iinfo(np.int64)
    if unit in MICROSECONDS:
        scaled = gapless / (count * MICROSECONDS[unit])
        times = _to_integers(scaled, limits, bounds).view(f"{dtype.kind}8[{unit}]")
        times = times.view(np.int64).view(dtype.newbyteorder("="))
    else:
        times = _to_integers(gapless, limits).view(f"{dtype.kind}8[us]").astype(dtype)
    times[~known] = np.array("NaT", dtype=times.dtype)
    return times


def _to_objects(values, column_type):
    """Return numbers or microseconds as objects of the kind that a column had."""
    objects = np.full(len(values), None, dtype=object)
    known = np.flatnonzero(~np.isnan(values))
    if column_type.kind == "duration":
        objects[known] = _from_microseconds(values[known], np.dtype("m8[us]")).tolist()
    elif column_type.kind == "datetime":
        unit = "D" if column_type.objects == "date" else "us"
        times = _from_microseconds(values[known], np.dtype(f"M8[{unit}]")).tolist()
        zone = _make_zone(column_type.zone)
        if zone is not None:
            times = [
                time.replace(tzinfo=datetime.UTC).astimezone(zone) for time in times
            ]
        objects[known] = times
    elif column_type.objects == "int":
        objects[known] = [int(value) for value in values[known].round()]
    elif column_type.objects == "Decimal":
        objects[known] = [Decimal(repr(float(value))) for value in values[known]]
    else:
        objects[known] = values[known].tolist()
        objects[np.isnan(values)] = np.nan
    return objects


def _make_zone(zone):
    if zone is None:
        return None
    if isinstance(zone, str):
        return ZoneInfo(zone)
    return datetime.timezone(datetime.timedelta(seconds=zone))


def fill_columns(X, cells, types, names, *, within_bounds=False):
    """Return a table with values in some cells of its columns.

    A column that can hold the values keeps its type. One in which nothing is observed
    takes the type of the column in fit, if its own is of no use.

    Parameters
    ----------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table; not modified.

    cells : dict of int to tuple of (rows, values)
        Of columns by index: which rows, and what they get.

    types : list of ColumnType of length n_features
        Of the columns in fit.

    names : list of str of length n_features
        For messages.

    within_bounds : bool, default=False
        Whether integers and times must not leave the bounds of `types`.

    Returns
    -------
    X_filled : data frame or ndarray of shape (n_samples, n_features)
        The table.
    """
    columns = columns_of(X)
    if is_polars(X):
        import polars as pl

        filled = X.get_columns()
        for j, (rows, values) in cells.items():
            target = _type_to_write(columns[j], types[j], len(rows))
            column = write(values, target, names[j], within_bounds=within_bounds)
            if len(rows) < len(X):
                column = filled[j].scatter(rows, column)
            filled[j] = column.alias(filled[j].name)
        return pl.DataFrame(filled)
    if is_frame(X):
        X = X.copy()
        for j, (rows, values) in cells.items():
            target = _type_to_write(columns[j], types[j], len(rows))
            X.isetitem(
                j, _fill_series(X.iloc[:, j], rows, values, target, within_bounds)
            )
        return X
    X = X.copy()
    for j, (rows, values) in cells.items():
        target = _type_to_write(columns[j], types[j], len(rows))
        if target.dtype.kind == "O" and X.dtype.kind != "O":
            X = X.astype(object)
        X[rows, j] = write(values, target, names[j], within_bounds=within_bounds)
    return X


def _fill_series(series, rows, values, target, within_bounds):
    """Return a pandas series with values in some rows."""
    name = str(series.name)
    if target.dtype != series.dtype:
        # All of it is new.
        column = write(values, target, name, within_bounds=within_bounds)
        return column.set_axis(series.index)
    if type(series.dtype).__name__ == "CategoricalDtype":
        # Those of the series alone may be fewer than those in fit.
        known = target.dtype.categories
        more = [value for value in dict.fromkeys(values) if value not in known]
        series = series.cat.add_categories(more) if more else series.copy()
        target = ColumnType("pandas", series.dtype, target.kind)
    column = write(values, target, name, within_bounds=within_bounds)
    if type(series.dtype).__name__ == "SparseDtype":
        dense = series.sparse.to_dense()
        dense.iloc[rows] = column.sparse.to_dense().to_numpy()
        return dense.astype(series.dtype)
    series = series.copy()
    series.iloc[rows] = column.array
    return series


def _type_to_write(column, in_fit, n_cells):
    """Return the type that filled values are to have."""
    own = column.type()
    same_container = own.container == in_fit.container
    if own.dtype != in_fit.dtype and n_cells == len(column.missing()):
        # Nothing is observed: what type it is says little.
        if same_container and own.container != "array":
            return in_fit
        if own.kind != in_fit.kind:
            return _natural_type(own, in_fit)
    kind = "categorical" if in_fit.kind == "categorical" else own.kind
    if not (same_container and own.dtype == in_fit.dtype):
        return ColumnType(own.container, own.dtype, kind, own.objects, own.zone)
    # Where all objects are missing, what they were in fit.
    objects, zone = own.objects, own.zone
    if objects is None:
        kind, objects, zone = in_fit.kind, in_fit.objects, in_fit.zone
    return ColumnType(own.container, own.dtype, kind, objects, zone, in_fit.bounds)


def _natural_type(own, in_fit):
    """Return a type of a container that holds what a column of another one held."""
    if own.container == "array":
        return ColumnType("array", np.dtype(object), in_fit.kind, in_fit.objects)
    if own.container == "pandas":
        dtypes = {"numeric": "f8", "datetime": "M8[us]", "duration": "m8[us]"}
        return ColumnType("pandas", np.dtype(dtypes.get(in_fit.kind, "O")), in_fit.kind)
    import polars as pl

    dtypes = {
        "numeric": pl.Float64(),
        "datetime": pl.Datetime("us"),
        "duration": pl.Duration("us"),
        "clock": pl.Time(),
        "categorical": pl.String(),
    }
    return ColumnType("polars", dtypes[in_fit.kind], in_fit.kind)


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
