"""Columns of all containers and types: read as floats and objects, and written back."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sk_dae.persistence._persistence import _Reader, _Writer
from sk_dae.tables.filling import fill_columns
from sk_dae.tables.reading import columns_of
from sk_dae.tables.frames import polars_to_pandas
from sk_dae.tables.writing import write

DAY = 86_400.0 * 1e6
UTC = datetime.UTC
EAST = datetime.timezone(datetime.timedelta(hours=2))

# Each holds the second and the third of January 2020, or two of something else, and a
# gap between.
DATETIMES = {
    **{
        f"pandas {unit}": pd.Series(["2020-01-02", None, "2020-01-03"]).astype(
            f"datetime64[{unit}]"
        )
        for unit in ("s", "ms", "us", "ns")
    },
    "pandas zone": pd.Series(
        pd.to_datetime(["2020-01-02", None, "2020-01-03"]).tz_localize("UTC")
    ).dt.tz_convert("Europe/Berlin"),
    "pandas dates": pd.Series(
        [datetime.date(2020, 1, 2), None, datetime.date(2020, 1, 3)], dtype=object
    ),
    "pandas datetimes": pd.Series(
        [datetime.datetime(2020, 1, 2), None, datetime.datetime(2020, 1, 3)],
        dtype=object,
    ),
    "pandas datetimes with zone": pd.Series(
        [
            datetime.datetime(2020, 1, 2, 2, tzinfo=EAST),
            None,
            datetime.datetime(2020, 1, 3, 2, tzinfo=EAST),
        ],
        dtype=object,
    ),
    **{
        f"polars {unit}": pl.Series(
            [datetime.datetime(2020, 1, 2), None, datetime.datetime(2020, 1, 3)],
            dtype=pl.Datetime(unit),
        )
        for unit in ("ms", "us", "ns")
    },
    "polars zone": pl.Series(
        [
            datetime.datetime(2020, 1, 2, tzinfo=UTC),
            None,
            datetime.datetime(2020, 1, 3, tzinfo=UTC),
        ],
        dtype=pl.Datetime("us", "Europe/Berlin"),
    ),
    "polars dates": pl.Series(
        [datetime.date(2020, 1, 2), None, datetime.date(2020, 1, 3)]
    ),
    **{
        f"array {unit}": np.array(["2020-01-02", "NaT", "2020-01-03"], f"M8[{unit}]")
        for unit in ("D", "h", "s", "25s", "us", "ns")
    },
    "array big-endian": np.array(["2020-01-02", "NaT", "2020-01-03"], ">M8[s]"),
}


def table_of(column):
    if isinstance(column, pd.Series):
        return column.to_frame("x")
    if isinstance(column, pl.Series):
        return pl.DataFrame({"x": column})
    return column[:, None]


def wrap(column):
    return columns_of(table_of(column))[0]


every_datetime = pytest.mark.parametrize("column", DATETIMES.values(), ids=DATETIMES)


@every_datetime
def test_any_unit_of_time_is_read_as_microseconds(column):
    wrapped = wrap(column)
    assert wrapped.kind() == "datetime"
    values = wrapped.to_float()
    assert np.isnan(values).tolist() == wrapped.missing().tolist() == [0, 1, 0]
    day = pd.Timestamp("2020-01-02").value / 1e3
    np.testing.assert_array_equal(values[[0, 2]], [day, day + DAY])


@every_datetime
@pytest.mark.parametrize("saved", [False, True])
def test_times_are_written_as_what_they_were(column, saved):
    wrapped = wrap(column)
    column_type = wrapped.type()
    if saved:
        writer = _Writer()
        plain = writer.encode(column_type, "type")
        column_type = _Reader(writer.arrays, None).decode(plain)
    written = write(wrapped.to_float(), column_type, "x")
    assert list(table_of(written).shape) == [3, 1]
    again = wrap(written)
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
    wrapped = wrap(column)
    assert wrapped.kind() == "duration"
    np.testing.assert_array_equal(wrapped.to_float(), [DAY, np.nan, 2 * DAY])
    written = wrap(write(wrapped.to_float(), wrapped.type(), "x"))
    np.testing.assert_array_equal(written.to_float(), [DAY, np.nan, 2 * DAY])


def test_times_of_day_stay_within_the_day():
    wrapped = wrap(pl.Series([datetime.time(6), None, datetime.time(18, 30)]))
    assert wrapped.kind() == "clock"
    values = wrapped.to_float()
    np.testing.assert_array_equal(values, [DAY / 4, np.nan, DAY * 18.5 / 24])
    written = write(np.array([values[0], -5.0, 2 * DAY]), wrapped.type(), "x")
    assert written.to_list()[:2] == [datetime.time(6), datetime.time(0)]
    assert written.to_list()[2].hour == 23


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
    ],
    ids=str,
)
@pytest.mark.parametrize("container", ["array", "pandas"])
def test_objects_are_known_by_what_they_are(values, kind, objects, expected, container):
    column = np.array([*values, None], dtype=object)[:-1]
    if container == "pandas":
        column = pd.Series(column, dtype=object)
    wrapped = wrap(column)
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
    column_type = wrap(column).type()
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
    column_type = wrap(column).type()
    floats = wrap(column).to_float()
    written = write(floats, column_type, "x", within_bounds=True)
    assert written.min() >= column.min()
    assert written.max() <= column.max()


def test_categories_that_a_batch_lacks_are_added():
    in_fit = wrap(pd.Series(pd.Categorical(["x", "y"]))).type()
    batch = pd.DataFrame({"c": pd.Categorical(["x", None, None])}, index=[5, 6, 7])
    cells = {0: (np.array([1, 2]), np.array(["y", "x"], dtype=object))}
    filled = fill_columns(batch, cells, [in_fit], ["c"])
    assert filled["c"].tolist() == ["x", "y", "x"]
    assert filled["c"].cat.categories.tolist() == ["x", "y"]
    assert filled.index.tolist() == [5, 6, 7]
    assert batch["c"].isna().sum() == 2


def test_enum_that_lacks_a_category_is_named():
    in_fit = wrap(pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"]))).type()
    batch = pl.DataFrame({"c": pl.Series(["x", None], dtype=pl.Enum(["x"]))})
    cells = {0: (np.array([1]), np.array(["y"], dtype=object))}
    with pytest.raises(ValueError, match=r"Column c has the type Enum.* cannot hold"):
        fill_columns(batch, cells, [in_fit], ["c"])


@pytest.mark.parametrize(
    ("in_fit", "batch"),
    [
        (pd.Series(["a", "b"]), pd.Series([np.nan])),
        (pd.Series(pd.Categorical(["a", "b"])), pd.Series([None], dtype=object)),
        (pd.Series([1, 2], dtype="Int64"), pd.Series([np.nan])),
        (pd.Series(pd.to_datetime(["2020", "2021"])), pd.Series([np.nan])),
        (pl.Series(["a", "b"]), pl.Series([None])),
        (pl.Series([1.5, 2.5]), pl.Series([None])),
        (pl.Series(["a", "b"]), pd.Series([np.nan])),
        (pd.Series(pd.to_datetime(["2020", "2021"])), pl.Series([None])),
        (pd.Series(["a", "b"]), np.array([np.nan])),
        (np.array(["a", "b"], dtype=object), np.array([np.nan])),
    ],
    ids=lambda column: f"{type(column).__module__.partition('.')[0]} {column.dtype}",
)
def test_column_of_gaps_alone_gets_a_type_that_holds_what_it_gets(in_fit, batch):
    fitted = wrap(in_fit)
    values = fitted.to_objects()[:1]
    if fitted.kind() != "categorical":
        values = fitted.to_float()[:1]
    table = table_of(batch)
    filled = fill_columns(table, {0: (np.array([0]), values)}, [fitted.type()], ["x"])
    (column,) = columns_of(filled)
    assert type(filled) is type(table)
    assert not column.missing().any()
    assert column.to_objects()[0] == fitted.to_objects()[0]
    if column.container == fitted.container != "array":
        assert column.dtype == fitted.dtype


def test_sparse_column_of_pandas():
    frame = pd.DataFrame({"x": pd.arrays.SparseArray([1.0, np.nan, 0.0])})
    cells = {0: (np.array([1]), np.array([2.5]))}
    filled = fill_columns(frame, cells, [columns_of(frame)[0].type()], ["x"])
    assert filled["x"].tolist() == [1.0, 2.5, 0.0]
    assert filled.dtypes.equals(frame.dtypes)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("date32[day]", datetime.date(2020, 1, 2)),
        ("timestamp[ms]", datetime.datetime(2020, 1, 2)),
        ("timestamp[us, tz=Europe/Berlin]", datetime.datetime(2020, 1, 2)),
        ("duration[s]", datetime.timedelta(2)),
        ("decimal128(5, 2)", Decimal("1.25")),
        ("int32", 3),
        ("string", "x"),
    ],
)
def test_arrow_columns_of_pandas(name, value):
    dtype = f"{name}[pyarrow]"
    if name.startswith("decimal"):
        dtype = pd.ArrowDtype(pytest.importorskip("pyarrow").decimal128(5, 2))
    series = pd.Series([value, None, value]).astype(dtype)
    wrapped = wrap(series)
    assert wrapped.missing().tolist() == [False, True, False]
    values = wrapped.to_objects()[:1]
    if wrapped.kind() != "categorical":
        values = wrapped.to_float()[:1]
    cells = {0: (np.array([1]), values)}
    filled = fill_columns(series.to_frame("x"), cells, [wrapped.type()], ["x"])
    assert filled.dtypes.tolist() == [series.dtype]
    assert filled["x"].tolist() == [series[0]] * 3


def test_polars_frame_as_one_of_pandas():
    frame = pl.DataFrame(
        {
            "number": [1.5, None],
            "integer": [1, 2],
            "text": ["a", None],
            "time": [datetime.datetime(2020, 1, 1), None],
            "clock": [datetime.time(1), None],
            "flag": [True, False],
        }
    )
    converted = polars_to_pandas(frame)
    assert list(converted.columns) == frame.columns
    kinds = [dtype.kind for dtype in converted.dtypes]
    assert kinds[:2] + kinds[3:4] + kinds[5:] == ["f", "i", "M", "b"]
    assert converted.isna().sum().tolist() == [1, 0, 1, 1, 1, 0]
