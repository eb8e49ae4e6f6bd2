"""Values written as columns of all containers and types."""

import datetime
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import read_column, table_of
from sk_dae.tables.descriptions import describe, make
from sk_dae.tables.writing import write

DAY = 86_400.0 * 1e6


@pytest.mark.parametrize("saved", [False, True])
def test_times_are_written_as_what_they_were(times, saved):
    wrapped = read_column(times)
    column_type = wrapped.type()
    if saved:
        column_type.dtype = make(json.loads(json.dumps(describe(column_type.dtype))))
    written = write(wrapped.to_float(), column_type, "x")
    assert list(table_of(written).shape) == [3, 1]
    again = read_column(written)
    assert again.dtype in (wrapped.dtype, getattr(wrapped.dtype, "newbyteorder", int)())
    assert again.missing().tolist() == [False, True, False]
    old, new = wrapped.to_objects(), again.to_objects()
    assert [old[0], old[2]] == [new[0], new[2]]
    assert type(old[0]) is type(new[0]) or not column_type.objects


@pytest.mark.parametrize(
    "column",
    [
        pd.Series(pd.to_timedelta([1, None, 2], unit="D")),
        pd.Series([datetime.timedelta(1), None, datetime.timedelta(2)], dtype=object),
        pl.Series([datetime.timedelta(1), None, datetime.timedelta(2)]),
        np.array([1, "NaT", 2], "m8[D]"),
    ],
    ids=["pandas", "objects", "polars", "array"],
)
def test_durations(column):
    wrapped = read_column(column)
    assert wrapped.kind() == "duration"
    np.testing.assert_array_equal(wrapped.to_float(), [DAY, np.nan, 2 * DAY])
    written = read_column(write(wrapped.to_float(), wrapped.type(), "x"))
    np.testing.assert_array_equal(written.to_float(), [DAY, np.nan, 2 * DAY])


@pytest.mark.parametrize(
    ("values", "kind", "objects", "expected"),
    [
        ([1, None, 3], "numeric", "int", [1, 2, 3]),
        ([True, False, None], "categorical", None, None),
        ([1.5, np.nan, 3], "numeric", None, [1.5, 2.4, 3.0]),
        ([Decimal("1.5"), None, Decimal(3)], "numeric", "Decimal", None),
        (["a", "b", None], "categorical", None, None),
        ([None, np.nan, None], "numeric", None, None),
        ([datetime.date(2020, 1, 1), 1, None], "categorical", None, None),
        ([np.timedelta64(1, "D"), None], "duration", None, None),
        ([np.datetime64("2020"), None], "datetime", "datetime", None),
    ],
    ids=str,
)
@pytest.mark.parametrize("container", ["array", "pandas"])
def test_objects_are_known_by_what_they_are(values, kind, objects, expected, container):
    column = np.array([*values, None], dtype=object)[:-1]
    if container == "pandas":
        column = pd.Series(column, dtype=object)
    wrapped = read_column(column)
    assert wrapped.kind() == kind
    assert wrapped.type().objects == objects
    if expected:
        floats = wrapped.to_float()
        written = write(np.where(np.isnan(floats), 2.4, floats), wrapped.type(), "x")
        assert list(written) == expected
        assert [type(value) for value in written] == [type(v) for v in expected]


@pytest.mark.parametrize(
    "dtype",
    [
        *("int8", "uint8", "int64", "uint64", "float16", "float32"),
        *("Int8", "UInt64", "Float32", pl.Int8, pl.UInt8, pl.UInt64, pl.Float32),
        *(pl.Decimal(1, 0), pl.Decimal(10, 2)),
    ],
    ids=str,
)
def test_numbers_beyond_a_type_are_stopped_at_its_ends(dtype):
    is_polars = not isinstance(dtype, str)
    column = (
        pl.Series([1, 2], dtype=dtype) if is_polars else pd.Series([1, 2], dtype=dtype)
    )
    column_type = read_column(column).type()
    written = write(np.array([-1e30, 1e30, 3.4]), column_type, "x")
    assert written.dtype == column.dtype
    values = np.array(written.to_list(), dtype=float)
    assert np.isfinite(values).all()
    assert values[0] <= 0
    assert values[1] >= 9
    assert abs(values[2] - 3.4) <= 0.5
    # Within the bounds that the column had.
    if column_type.bounds is not None:
        assert column_type.bounds == (1, 2)
        bounded = write(np.array([-9.0, 9.0]), column_type, "x", within_bounds=True)
        assert bounded.to_list() == [1, 2]


@given(
    st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=5),
    st.sampled_from(["int64", "datetime64[ns]", "datetime64[s]"]),
)
def test_bounds_hold_to_the_last_digit(integers, dtype):
    values = np.array(integers, dtype=np.int64)
    if dtype == "datetime64[s]":
        values //= 10**9
    column = pd.Series(values).astype(dtype)
    column_type = read_column(column).type()
    floats = read_column(column).to_float()
    written = write(floats, column_type, "x", within_bounds=True)
    assert written.min() >= column.min()
    assert written.max() <= column.max()


@pytest.mark.parametrize("dtype", ["Int64", "UInt64", "uint8[pyarrow]"])
def test_gaps_among_integers_stay_gaps(dtype):
    column = pd.Series([1, None, 200], dtype=dtype)
    column_type = read_column(column).type()
    written = write(np.array([1.0, np.nan, 200.0]), column_type, "x")
    pd.testing.assert_series_equal(written, column)
