"""Values written as a column of a type: of an array, of pandas or of polars."""

from __future__ import annotations

import copy

import numpy as np

from .conversion import from_plain, plain_type
from .descriptions import UnsavedType
from .objects import floats_to_objects
from .rounding import (
    WideLimits,
    clip_floats,
    round_to_decimals,
    round_to_integers,
)
from .times import (
    MICROSECONDS,
    from_microseconds,
    integer_times,
    is_date,
    numpy_time,
    pandas_clock,
    polars_clock,
    polars_unit,
    step_of,
)

__all__ = ["write"]

#: The limits of polars' integers of 128 bits, by the name of the type.
WIDE_INTEGERS = {
    "int128": WideLimits(-(2**127), 2**127 - 1),
    "uint128": WideLimits(0, 2**128 - 1),
}


def write(values, column_type, name, *, within_bounds=False):
    """Return values as a column of a type.

    Parameters
    ----------
    values : ndarray of shape (n_samples,)
        Numbers or microseconds as float64, NaN for missing, or objects.

    column_type : ColumnType
        The type that is wanted.

    name : str
        For messages.

    within_bounds : bool, default=False
        Whether integers and times must not leave the bounds of the type.

    Returns
    -------
    column : ndarray, pandas.Series or polars.Series of shape (n_samples,)
        The column.

    Raises
    ------
    ValueError
        If the type cannot hold the values, or was not saved with the model.
    """
    if isinstance(column_type.dtype, UnsavedType):
        raise ValueError(
            f"The type of column {name}, {column_type.dtype}, was not saved with this "
            "model, which writes no tables."
        )
    plain = plain_type(column_type.dtype)
    if plain is not None:
        plain_column_type = copy.copy(column_type)
        plain_column_type.dtype = plain
        column = write(values, plain_column_type, name, within_bounds=within_bounds)
        return from_plain(column, column_type.dtype)
    writer = WRITERS[column_type.container](column_type, name, within_bounds)
    return getattr(writer, column_type.storage)(values)


class ArrayWriter:
    """Writes columns of an array. Each method has the name of a storage.

    Parameters
    ----------
    column_type : ColumnType
        The type that is wanted.

    name : str
        For messages.

    within_bounds : bool
        Whether integers and times must not leave the bounds of the type.
    """

    def __init__(self, column_type, name, within_bounds):
        self.column_type = column_type
        self.dtype = column_type.dtype
        self.name = name
        self.bounds = column_type.bounds if within_bounds else None

    def category(self, values):
        """Return objects as they are."""
        return values

    def object(self, values):
        """Return numbers or times as objects of the kind that the column had."""
        return floats_to_objects(values, self.column_type)

    def time(self, values):
        """Return microseconds as times."""
        return from_microseconds(
            values, self.dtype, self.bounds, self.column_type.resolution
        )

    def integer(self, values):
        """Return numbers rounded."""
        limits = np.iinfo(self.dtype)
        return round_to_integers(values, limits, self.bounds).astype(self.dtype)

    def float(self, values):
        """Return numbers in double precision."""
        return values


class PandasWriter(ArrayWriter):
    """Writes columns of a pandas data frame."""

    def category(self, values):
        """Return categories."""
        import pandas as pd

        return pd.Series(values, dtype=object).astype(self.dtype)

    def object(self, values):
        """Return numbers or times as objects of the kind that the column had."""
        import pandas as pd

        return pd.Series(super().object(values), dtype=object)

    def time(self, values):
        """Return microseconds as times, in the zone of the type."""
        import pandas as pd

        times = from_microseconds(
            values,
            numpy_time(self.dtype),
            self.bounds,
            self.column_type.resolution,
            pandas_clock(self.dtype),
        )
        times = pd.Series(times)
        zoned = getattr(self.dtype, "pyarrow_dtype", self.dtype)
        if getattr(zoned, "tz", None) is not None:
            times = times.dt.tz_localize("UTC")
        if is_date(self.dtype):
            times = times.dt.date
        return times.astype(self.dtype)

    def integer(self, values):
        """Return numbers rounded, NA where missing."""
        import pandas as pd

        limits = np.iinfo(getattr(self.dtype, "numpy_dtype", self.dtype))
        integers = round_to_integers(np.nan_to_num(values), limits, self.bounds)
        array = pd.arrays.IntegerArray(integers, np.isnan(values))
        return pd.Series(array).astype(self.dtype)

    def float(self, values):
        """Return numbers that the type can hold, NaN or NA where missing."""
        import pandas as pd

        limits = np.finfo(getattr(self.dtype, "numpy_dtype", self.dtype))
        series = pd.Series(clip_floats(values, limits))
        if not isinstance(self.dtype, np.dtype):
            series = series.where(series.notna(), pd.NA)
        return series.astype(self.dtype)

    def decimal(self, values):
        """Return numbers rounded to Arrow's decimals."""
        import pandas as pd

        arrow = self.dtype.pyarrow_dtype
        decimals = round_to_decimals(values, arrow.precision, arrow.scale)
        return pd.Series(decimals, dtype=object).astype(self.dtype)


class PolarsWriter(ArrayWriter):
    """Writes columns of a polars data frame."""

    def category(self, values):
        """Return categories, if the type holds them all."""
        import polars as pl

        if self.dtype == pl.Object:
            return pl.Series(values=values.tolist(), dtype=pl.Object)
        try:
            return pl.Series(values=values.tolist()).cast(self.dtype)
        except pl.exceptions.InvalidOperationError as error:
            raise ValueError(
                f"Column {self.name} has the type {self.dtype}, which cannot hold all "
                f"categories of fit: {str(error).splitlines()[0]}"
            ) from None

    def time(self, values):
        """Return microseconds as times, null where missing."""
        import polars as pl

        unit = polars_unit(self.dtype)
        scaled = np.nan_to_num(values) / MICROSECONDS[unit]
        step = step_of(self.column_type.resolution, unit)
        clock = polars_clock(self.dtype)
        column = pl.Series(values=integer_times(scaled, step, self.bounds, clock))
        if unit == "D":
            column = column.cast(pl.Int32)
        return self._with_gaps(column, values)

    def integer(self, values):
        """Return numbers rounded, null where missing."""
        import polars as pl

        name = str(self.dtype).lower()
        limits = WIDE_INTEGERS.get(name) or np.iinfo(name)
        integers = round_to_integers(np.nan_to_num(values), limits, self.bounds)
        if name in WIDE_INTEGERS:
            # NumPy has no such type.
            column = pl.Series(values=integers.tolist(), dtype=self.dtype)
        else:
            column = pl.Series(values=integers)
        return self._with_gaps(column, values)

    def float(self, values):
        """Return numbers that the type can hold, null where missing."""
        import polars as pl

        limits = np.finfo(str(self.dtype).lower())
        floats = clip_floats(np.nan_to_num(values), limits)
        return self._with_gaps(pl.Series(values=floats), values)

    def decimal(self, values):
        """Return numbers rounded to decimals, null where missing."""
        import polars as pl

        digits = self.dtype.precision or 38, self.dtype.scale or 0
        decimals = round_to_decimals(np.nan_to_num(values), *digits)
        return self._with_gaps(pl.Series(values=decimals), values)

    def _with_gaps(self, column, values):
        import polars as pl

        column = column.cast(self.dtype)
        known = ~np.isnan(values)
        if known.all():
            return column
        nothing = pl.Series(values=[None], dtype=self.dtype)
        return column.zip_with(pl.Series(values=known), nothing)


#: The classes that write the columns of a table, by its kind.
WRITERS = {"array": ArrayWriter, "pandas": PandasWriter, "polars": PolarsWriter}
