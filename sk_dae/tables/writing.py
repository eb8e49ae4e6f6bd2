"""Values written as a column of a type: of an array, of pandas or of polars."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np

from .times import (
    LAST_NANOSECOND,
    MICROSECONDS,
    arrow_kind,
    from_microseconds,
    make_zone,
    numpy_time,
    polars_unit,
    to_integers,
)

__all__ = ["write"]

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
        return from_microseconds(values, dtype, bounds)
    if dtype.kind in "iu":
        return to_integers(values, np.iinfo(dtype), bounds).astype(dtype)
    return values


def _write_pandas(values, column_type, bounds):
    import pandas as pd

    dtype, kind = column_type.dtype, column_type.kind
    if kind == "categorical":
        return pd.Series(values, dtype=object).astype(dtype)
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return pd.Series(_to_objects(values, column_type), dtype=object)
    if kind in ("datetime", "duration"):
        times = pd.Series(from_microseconds(values, numpy_time(dtype), bounds))
        if getattr(dtype, "tz", None) is not None:
            times = times.dt.tz_localize("UTC")
        arrow = getattr(dtype, "pyarrow_dtype", None)
        if getattr(arrow, "tz", None) is not None:
            times = times.dt.tz_localize("UTC")
        if str(arrow).startswith("date"):
            times = times.dt.date
        return times.astype(dtype)
    if arrow_kind(dtype) == "numeric":
        arrow = dtype.pyarrow_dtype
        return pd.Series(
            _to_decimals(values, arrow.precision, arrow.scale), dtype=object
        ).astype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(getattr(dtype, "numpy_dtype", dtype))
        known = ~np.isnan(values)
        series = pd.Series(to_integers(np.nan_to_num(values), limits, bounds))
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
        scaled = gapless / MICROSECONDS[polars_unit(dtype)]
        integers = to_integers(scaled, np.iinfo(np.int64), bounds)
        if kind == "clock":
            integers = integers.clip(0, LAST_NANOSECOND)
        column = pl.Series(values=integers)
        if polars_unit(dtype) == "D":
            column = column.cast(pl.Int32)
        column = column.cast(dtype)
    elif dtype.is_integer():
        limits = np.iinfo(str(dtype).lower().replace("128", "64"))
        column = pl.Series(values=to_integers(gapless, limits, bounds)).cast(dtype)
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


def _to_decimals(values, precision, scale):
    quantum = Decimal(1).scaleb(-scale)
    greatest = float(10 ** (precision - scale)) - 10.0**-scale
    values = values.clip(-greatest, greatest)
    return [
        None if np.isnan(value) else Decimal(repr(float(value))).quantize(quantum)
        for value in values
    ]


def _to_objects(values, column_type):
    """Return numbers or microseconds as objects of the kind that a column had."""
    objects = np.full(len(values), None, dtype=object)
    known = np.flatnonzero(~np.isnan(values))
    if column_type.kind == "duration":
        objects[known] = from_microseconds(values[known], np.dtype("m8[us]")).tolist()
    elif column_type.kind == "datetime":
        unit = "D" if column_type.objects == "date" else "us"
        times = from_microseconds(values[known], np.dtype(f"M8[{unit}]")).tolist()
        zone = make_zone(column_type.zone)
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
