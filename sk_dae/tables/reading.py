"""The columns of arrays and data frames: what they hold, read as floats or objects.

Whatever the container and the type, numbers are read as float64, times as float64 in
microseconds (since 1970, where they are dates), and all else as objects.
"""

from __future__ import annotations

import numpy as np

from .conversion import plain_type, to_plain
from .frames import is_frame, is_polars
from .objects import (
    describe_objects,
    kind_of_objects,
    missing_objects,
    mix_zones,
    objects_to_floats,
    resolution_of_objects,
    zone_of_objects,
)
from .times import (
    MICROSECONDS,
    numpy_time,
    pandas_clock,
    polars_clock,
    polars_unit,
    resolution_of,
    to_microseconds,
)
from .types import ColumnType, kind_of, storage_of

__all__ = ["Column", "columns_of"]


def columns_of(X):
    """Return the columns of a table.

    Parameters
    ----------
    X : data frame or ndarray of shape (n_samples, n_features)
        The table.

    Returns
    -------
    columns : list of Column of length n_features
        The columns, each of the class that reads its type.
    """
    if is_polars(X):
        return [
            POLARS_COLUMNS.get(storage_of(column.dtype), PolarsColumn)(column)
            for column in X.get_columns()
        ]
    if is_frame(X):
        return [_pandas_column(X.iloc[:, i]) for i in range(X.shape[1])]
    read = ARRAY_COLUMNS.get(storage_of(X.dtype), ArrayColumn)
    return [read(X[:, i]) for i in range(X.shape[1])]


def _pandas_column(series):
    if plain_type(series.dtype) is not None:
        return ConvertedColumn(series.dtype, _pandas_column(to_plain(series)))
    storage = storage_of(series.dtype)
    if isinstance(series.dtype, np.dtype):
        read = ARRAY_COLUMNS.get(storage, ArrayColumn)
        return read(series.to_numpy(), "pandas")
    return EXTENSION_COLUMNS.get(storage, ExtensionColumn)(series)


class Column:
    """A column of a table; the base class reads it object by object.

    Attributes
    ----------
    container : {"array", "pandas", "polars"}
        The kind of the table that it belongs to.

    dtype : numpy.dtype, pandas extension dtype or polars dtype
        Its type there.
    """

    def kind(self):
        """Return what the column holds, as `ColumnType` names it."""
        return kind_of(self.dtype)

    def missing(self):
        """Return the mask of the missing values."""
        raise NotImplementedError

    def to_objects(self):
        """Return the values as objects."""
        raise NotImplementedError

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        return objects_to_floats(self.to_objects(), self.missing())

    def integers(self):
        """Return the observed values as integers, if the type counts in these."""
        return None

    def resolution(self):
        """Return the longest unit of which all times are multiples, else None."""
        return None

    def type(self):
        """Return the type of the column."""
        integers = self.integers()
        bounds = None
        if integers is not None and len(integers):
            bounds = int(integers.min()), int(integers.max())
        return ColumnType(
            self.container,
            self.dtype,
            self.kind(),
            bounds=bounds,
            resolution=self.resolution(),
        )

    def refusal(self):
        """Return a type that is not supported, and one to convert it to; else None."""
        return None


class ArrayColumn(Column):
    """A column of a NumPy type, of an array or of a pandas data frame.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        The column.

    container : {"array", "pandas"}, default="array"
        The kind of the table that it belongs to.
    """

    def __init__(self, values, container="array"):
        self.values = values
        self.dtype = values.dtype
        self.container = container

    def missing(self):
        """Return the mask of the missing values."""
        if self.dtype.kind == "f":
            return np.isnan(self.values)
        return np.zeros(len(self.values), dtype=bool)

    def to_objects(self):
        """Return the values as objects."""
        return self.values.astype(object)

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        return self.values.astype(np.float64)

    def integers(self):
        """Return the observed values as integers, if the type counts in these."""
        return self.values if self.dtype.kind in "iu" else None


class ArrayTimes(ArrayColumn):
    """A column of NumPy's times."""

    def missing(self):
        """Return the mask of the missing values."""
        return np.isnat(self.values)

    def to_objects(self):
        """Return the values as objects, those of an array to the microsecond."""
        if self.container == "pandas":
            import pandas as pd

            return pd.Series(self.values).astype(object).to_numpy()
        # NumPy makes integers of nanoseconds.
        return self.values.astype(f"{self.dtype.kind}8[us]").astype(object)

    def to_float(self):
        """Return the values as microseconds, NaN where missing."""
        return to_microseconds(self.values)

    def integers(self):
        """Return the observed times in the unit of the type."""
        times = self.values[~self.missing()]
        return times.astype(self.dtype.newbyteorder("=")).view(np.int64)

    def resolution(self):
        """Return the longest unit of which all times are multiples, else None."""
        return resolution_of(self.integers(), *np.datetime_data(self.dtype))

    def refusal(self):
        """Return a type that is not supported, and one to convert it to; else None."""
        unit, _ = np.datetime_data(self.dtype)
        if unit in MICROSECONDS:
            return None
        return self.dtype.name, np.dtype(f"{self.dtype.kind}8[us]").name


class ObjectColumn(ArrayColumn):
    """A column of Python objects, which are looked at."""

    def __init__(self, values, container="array"):
        super().__init__(values, container)
        self._missing = missing_objects(values)
        self._observed = values[~self._missing]

    def kind(self):
        """Return what the column holds, as `ColumnType` names it."""
        return kind_of_objects(self._observed)

    def missing(self):
        """Return the mask of the missing values."""
        return self._missing

    def to_float(self):
        """Return numbers as float64, times as microseconds, NaN where missing."""
        return objects_to_floats(self.values, self._missing)

    def type(self):
        """Return the type of the column."""
        return ColumnType(
            self.container,
            self.dtype,
            self.kind(),
            describe_objects(self._observed),
            resolution=resolution_of_objects(self._observed),
            zone=zone_of_objects(self._observed),
        )

    def refusal(self):
        """Return a type that is not supported, and one to convert it to; else None."""
        if not mix_zones(self._observed):
            return None
        return "object, with and without time zones", "datetime64[us, UTC]"


class ConvertedColumn(Column):
    """A column of a type of pandas that is read as another one.

    Parameters
    ----------
    dtype : pandas extension dtype
        Its type.

    plain : Column
        The column in the type that ``plain_type`` gives.
    """

    container = "pandas"

    def __init__(self, dtype, plain):
        self.dtype = dtype
        self.plain = plain
        for name in ("kind", "missing", "to_objects", "to_float", "integers"):
            setattr(self, name, getattr(plain, name))

    def type(self):
        """Return the type of the column."""
        column_type = self.plain.type()
        column_type.dtype = self.dtype
        return column_type

    def refusal(self):
        """Return a type that is not supported, and one to convert it to; else None."""
        return self.plain.refusal()


class ExtensionColumn(Column):
    """A column of a type of pandas' own, or of Arrow.

    Parameters
    ----------
    series : pandas.Series of shape (n_samples,)
        The column.
    """

    container = "pandas"

    def __init__(self, series):
        self.series = series
        self.dtype = series.dtype

    def missing(self):
        """Return the mask of the missing values."""
        return self.series.isna().to_numpy(dtype=bool)

    def to_objects(self):
        """Return the values as objects."""
        return self.series.astype(object).to_numpy()


class ExtensionNumbers(ExtensionColumn):
    """A column of numbers, of a type of pandas' own or of Arrow."""

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        return self.series.to_numpy(dtype=np.float64, na_value=np.nan)

    def integers(self):
        """Return the observed values as integers, if the type counts in these."""
        if storage_of(self.dtype) != "integer":
            return None
        return self.series.dropna().to_numpy(dtype=self.dtype.numpy_dtype)


class ExtensionTimes(ExtensionColumn):
    """A column of times, of a type of pandas' own or of Arrow."""

    def to_float(self):
        """Return the values as microseconds, NaN where missing."""
        return self._times().to_float()

    def integers(self):
        """Return the observed times in the unit of the type."""
        return self._times().integers()

    def resolution(self):
        """Return the longest unit of which all times are multiples, else None."""
        times = self._times()
        integers, clock = times.integers(), pandas_clock(self.dtype)
        if clock is not None and len(integers):
            integers = clock(integers)
        return resolution_of(integers, *np.datetime_data(times.dtype))

    def _times(self):
        wanted = numpy_time(self.dtype)
        if not hasattr(self.dtype, "pyarrow_dtype"):
            return ArrayTimes(self.series.to_numpy(dtype=wanted))
        import pyarrow

        # pandas gives some of Arrow's times as objects only.
        times = np.asarray(pyarrow.array(self.series.array))
        return ArrayTimes(times.astype(wanted))


class PolarsColumn(Column):
    """A column of a polars data frame.

    Parameters
    ----------
    series : polars.Series of shape (n_samples,)
        The column.
    """

    container = "polars"

    def __init__(self, series):
        self.series = series
        self.dtype = series.dtype

    def missing(self):
        """Return the mask of the missing values."""
        if str(self.dtype) == "Object":
            return missing_objects(self.to_objects())
        return self.series.is_null().to_numpy()

    def to_objects(self):
        """Return the values as objects."""
        # An assignment would take tuples for a second dimension.
        values = self.series.to_list()
        return np.fromiter(values, dtype=object, count=len(values))


class PolarsNumbers(PolarsColumn):
    """A column of numbers of a polars data frame."""

    def missing(self):
        """Return the mask of the missing values."""
        missing = super().missing()
        if self.dtype.is_float():
            missing = missing | self.series.is_nan().fill_null(False).to_numpy()
        return missing

    def to_float(self):
        """Return the values as float64, NaN where missing."""
        import polars as pl

        return self.series.cast(pl.Float64).to_numpy().astype(np.float64)

    def integers(self):
        """Return the observed values as integers, if the type counts in these."""
        if not self.dtype.is_integer():
            return None
        observed = self.series.drop_nulls()
        if "128" not in str(self.dtype):
            return observed.to_numpy()
        # NumPy has no integers of 128 bits.
        integers = np.empty(len(observed), dtype=object)
        integers[:] = observed.to_list()
        return integers


class PolarsTimes(PolarsColumn):
    """A column of times of a polars data frame."""

    def kind(self):
        """Return what the column holds, as `ColumnType` names it."""
        # A time of day is neither a datetime nor a duration.
        return "categorical" if str(self.dtype) == "Time" else super().kind()

    def to_float(self):
        """Return the values as microseconds, NaN where missing."""
        import polars as pl

        physical = self.series.to_physical()
        values = physical.cast(pl.Float64).to_numpy().astype(np.float64)
        return values * MICROSECONDS[polars_unit(self.dtype)]

    def integers(self):
        """Return the observed times in the unit of the type."""
        return self.series.drop_nulls().to_physical().to_numpy()

    def resolution(self):
        """Return the longest unit of which all times are multiples, else None."""
        integers, clock = self.integers().astype(np.int64), polars_clock(self.dtype)
        if clock is not None and len(integers):
            integers = clock(integers)
        return resolution_of(integers, polars_unit(self.dtype))

    def refusal(self):
        """Return a type that is not supported, and one to convert it to; else None."""
        return ("Time", "Duration") if str(self.dtype) == "Time" else None


#: The classes that read a column, by how its type stores values: for a NumPy type,
ARRAY_COLUMNS = {"time": ArrayTimes, "object": ObjectColumn}

#: for a type of pandas' own,
EXTENSION_COLUMNS = {
    "integer": ExtensionNumbers,
    "float": ExtensionNumbers,
    "time": ExtensionTimes,
}

#: and for one of polars.
POLARS_COLUMNS = {
    "integer": PolarsNumbers,
    "float": PolarsNumbers,
    "decimal": PolarsNumbers,
    "time": PolarsTimes,
}
