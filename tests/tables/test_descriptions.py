"""Types of columns as plain data, and back."""

import datetime
import json
import uuid

import dateutil.tz
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from sk_dae.tables.descriptions import describe, make

DAYS = pd.to_datetime(["2020-01-01", "2020-01-02"])

CATEGORIES = {
    "strings of pandas": pd.array(["b", "a"], dtype="string"),
    "strings of Python": pd.array(["b", "a"], dtype="string[python]"),
    "nullable integers": pd.array([3, 1], dtype="Int64"),
    "nullable booleans": pd.array([True, False], dtype="boolean"),
    "Arrow": pd.array(["b", "a"], dtype="large_string[pyarrow]"),
    "small integers": np.array([3, 1], dtype=np.int8),
    "booleans": [True, False],
    "floats": [0.5, np.inf],
    "objects": np.array([1, "a"], dtype=object),
    "bytes": np.array([b"b", b"a"], dtype=object),
    "UUIDs": np.array([uuid.UUID(int=1), uuid.UUID(int=0)], dtype=object),
    "dates": np.array(DAYS.date, dtype=object),
    "times of day": np.array([datetime.time(1), datetime.time(2)], dtype=object),
    "intervals": pd.interval_range(0.5, 2.5, closed="left"),
    "intervals of times": pd.IntervalIndex.from_breaks(DAYS),
    "periods": pd.period_range("2020-01", periods=2, freq="M"),
    "datetimes": DAYS,
    "seconds": DAYS.as_unit("s"),
    "aware datetimes": DAYS.tz_localize("Europe/Berlin"),
    "durations": pd.to_timedelta([1, 2], unit="h"),
    "none": None,
}

DTYPES = [
    *(np.dtype(name) for name in (">f8", ">i4", "float16", "m8[h]", "M8[25s]", "S3")),
    *(pd.StringDtype("python"), pd.StringDtype("pyarrow")),
    *(pd.StringDtype("python", np.nan), pd.StringDtype("pyarrow", np.nan)),
    pd.DatetimeTZDtype("us", datetime.timezone(datetime.timedelta(hours=2))),
    pd.DatetimeTZDtype("us", dateutil.tz.gettz("Europe/Berlin")),
    *(pd.PeriodDtype("D"), pd.PeriodDtype("2h"), pd.PeriodDtype("Q-JAN")),
    *(pd.IntervalDtype("float64"), pd.IntervalDtype("datetime64[ns]", "both")),
    pd.IntervalDtype(pd.DatetimeTZDtype("us", "Europe/Berlin")),
    *(pd.SparseDtype(int), pd.SparseDtype(float), pd.SparseDtype(int, 1)),
    *(pd.SparseDtype(bool), pd.SparseDtype(object), pd.SparseDtype("M8[s]")),
    *map(
        pd.ArrowDtype,
        [
            *(pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64()),
            *(pa.bool_(), pa.null(), pa.date32(), pa.date64()),
            *(pa.string(), pa.large_string(), pa.string_view()),
            *(pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(16)),
            *(pa.decimal32(5, 2), pa.decimal64(9), pa.decimal128(20, 3)),
            pa.decimal256(50, -2),
            *(pa.time32("ms"), pa.time64("ns"), pa.duration("s"), pa.timestamp("ns")),
            *(pa.timestamp("us", "Europe/Berlin"), pa.timestamp("ms", "+02:00")),
            pa.dictionary(pa.int8(), pa.large_string(), ordered=True),
            pa.dictionary(pa.int32(), pa.decimal128(5, 1)),
        ],
    ),
    *(pl.Int128(), pl.UInt128(), pl.Float16(), pl.Decimal(20, 3), pl.Time()),
    *(pl.Binary(), pl.Null(), pl.Categorical(), pl.Enum(["b"])),
]


def back_and_forth(dtype):
    return make(json.loads(json.dumps(describe(dtype))))


@pytest.mark.parametrize("dtype", DTYPES, ids=repr)
def test_type_comes_back(dtype):
    made = back_and_forth(dtype)
    assert made == dtype
    assert repr(made) == repr(dtype)


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("categories", CATEGORIES.values(), ids=CATEGORIES)
def test_categories_come_back(categories, ordered):
    dtype = pd.CategoricalDtype(categories, ordered=ordered)
    made = back_and_forth(dtype)
    assert made == dtype
    assert made.ordered == dtype.ordered
    if categories is not None:
        pd.testing.assert_index_equal(made.categories, dtype.categories)


def test_universal_time_of_dateutil_comes_back_as_that_of_all():
    made = back_and_forth(pd.DatetimeTZDtype("us", dateutil.tz.tzutc()))
    assert made == pd.DatetimeTZDtype("us", "UTC")


def test_zone_without_a_name_comes_back_as_its_offset():
    dtype = pd.DatetimeTZDtype("us", dateutil.tz.tzoffset("x", -5400))
    made = back_and_forth(dtype)
    assert made == pd.DatetimeTZDtype("us", "UTC-01:30")
    assert made.unit == "us"


class Opaque:
    """Something that no file holds."""


@pytest.mark.parametrize(
    "dtype",
    [
        pd.DatetimeTZDtype("us", dateutil.tz.tzrange("X", 3600, "Y", 7200)),
        pd.CategoricalDtype([Opaque()]),
    ],
    ids=["zone", "categories"],
)
def test_type_with_parts_that_have_no_plain_form(dtype):
    with pytest.raises(TypeError, match="cannot be saved"):
        describe(dtype)
    unsaved = make(json.loads(json.dumps(describe(dtype, needed=False))))
    assert str(unsaved) == str(dtype)
    # Saved again, it is what it was.
    assert describe(unsaved) == describe(dtype, needed=False)


@pytest.mark.parametrize("name", ["array", "table", "no_such_type", "int64_"])
def test_description_cannot_choose_what_is_called(name):
    with pytest.raises(ValueError, match="Arrow has no type"):
        make({"of": "arrow", "name": name})
