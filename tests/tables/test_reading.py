"""Columns of all containers and types, read as floats and objects."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest

from helpers import read_column
from sk_dae.tables.writing import write

DAY = 86_400.0 * 1e6
UTC = datetime.UTC


def test_any_unit_of_time_is_read_as_microseconds(times):
    wrapped = read_column(times)
    assert wrapped.kind() == "datetime"
    values = wrapped.to_float()
    assert np.isnan(values).tolist() == wrapped.missing().tolist() == [0, 1, 0]
    day = pd.Timestamp("2020-01-02").value / 1e3
    np.testing.assert_array_equal(values[[0, 2]], [day, day + DAY])


@pytest.mark.parametrize("dtype", ["M8[s]", ">M8[s]", "int16", ">i4"])
def test_bounds_are_those_of_observed_values(dtype):
    column = np.array([3, 1, 2]).astype(dtype)
    assert read_column(column).type().bounds == (1, 3)


def test_bounds_of_arrow_dates_are_in_their_unit():
    days = [datetime.date(2020, 1, 2), None, datetime.date(2020, 1, 3)]
    column = read_column(pd.Series(days).astype("date32[day][pyarrow]"))
    written = write(np.array([-1e18, 1e18]), column.type(), "x", within_bounds=True)
    assert written.tolist() == [days[0], days[2]]


@pytest.mark.parametrize(
    "column", [np.array([1, 2], "M8[ns]"), np.array([1, 2], "m8[ns]")], ids=str
)
def test_times_as_objects_are_no_integers(column):
    assert not any(isinstance(v, int) for v in read_column(column).to_objects())


def test_polars_categories_are_no_numbers():
    column = read_column(pl.Series(["1.5", None], dtype=pl.Categorical))
    np.testing.assert_array_equal(column.to_float(), [1.5, np.nan])


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("name", ["timestamp[{}]", "timestamp[{}, tz=Asia/Tokyo]"])
def test_arrow_times_are_read_in_their_unit(name, unit):
    values = [datetime.datetime(2020, 1, 2, tzinfo=UTC), None]
    column = pd.Series(values).astype(f"{name.format(unit)}[pyarrow]")
    column = read_column(column)
    day = pd.Timestamp("2020-01-02").value / 1e3
    np.testing.assert_array_equal(column.to_float(), [day, np.nan])
    assert len(set(column.type().bounds)) == 1
