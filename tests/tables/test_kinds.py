"""The kinds of values in a column, which must be those of fit."""

import datetime
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from helpers import table_of
from sk_dae.tables.encoder import TableEncoder
from sk_dae.tables.kinds import kinds_of

UTC = datetime.UTC
DAY = datetime.datetime(2020, 1, 2)
AWARE = DAY.replace(tzinfo=UTC)


def objects(*values):
    """Return values as an array of objects, of which none is taken apart."""
    return np.fromiter(values, dtype=object, count=len(values))


#: Pairs of categories of one number each, by their kind and their container.
CATEGORIES = {
    "str": {
        "pandas": pd.Series(["10", "20"]),
        "objects": pd.Series(["10", "20"], dtype=object),
        "category": pd.Series(["10", "20"], dtype="category"),
        "string": pd.Series(["10", "20"], dtype="string"),
        "arrow": pd.Series(["10", "20"], dtype="string[pyarrow]"),
        "array": np.array(["10", "20"]),
        "array of objects": objects("10", "20"),
        "polars": pl.Series(["10", "20"]),
        "polars category": pl.Series(["10", "20"], dtype=pl.Categorical),
        "polars enum": pl.Series(["10", "20"], dtype=pl.Enum(["10", "20"])),
    },
    "number": {
        "pandas": pd.Series([10, 20]),
        "floats": pd.Series([10.0, 20.0]),
        "category": pd.Series([10, 20], dtype="category"),
        "category of floats": pd.Series([10.0, 20.0], dtype="category"),
        "nullable": pd.Series([10, 20], dtype="Int64"),
        "arrow": pd.Series([10, 20], dtype="int16[pyarrow]"),
        "objects": pd.Series([10, 20.0], dtype=object),
        "decimals": pd.Series([Decimal(10), Decimal(20)], dtype=object),
        "array": np.array([10, 20], dtype="uint8"),
        "array of objects": objects(10, np.float32(20)),
        "polars": pl.Series([10, 20]),
        "polars floats": pl.Series([10.0, 20.0]),
    },
    "bool": {
        "pandas": pd.Series([True, False]),
        "nullable": pd.Series([True, False], dtype="boolean"),
        "category": pd.Series([True, False], dtype="category"),
        "objects": objects(True, np.False_),
        "polars": pl.Series([True, False]),
    },
    "bytes": {
        "pandas": pd.Series([b"10", b"20"], dtype=object),
        "array": np.array([b"10", b"20"]),
        "polars": pl.Series([b"10", b"20"]),
    },
    "naive datetime": {
        "pandas": pd.Series([DAY, DAY + datetime.timedelta(1)]),
        "category": pd.Series([DAY, DAY + datetime.timedelta(1)], dtype="category"),
        "array": np.array(["2020-01-02", "2020-01-03"], "M8[D]"),
        "polars": pl.Series([DAY, DAY + datetime.timedelta(1)]),
    },
    "aware datetime": {
        "pandas": pd.Series([AWARE, AWARE + datetime.timedelta(1)]),
        "category": pd.Series([AWARE, AWARE + datetime.timedelta(1)], dtype="category"),
        "objects": objects(AWARE, AWARE + datetime.timedelta(1)),
        "polars": pl.Series([AWARE, AWARE + datetime.timedelta(1)]),
    },
    "date": {
        "objects": pd.Series([DAY.date(), DAY.date()], dtype=object),
        "polars": pl.Series([DAY.date(), DAY.date()]),
    },
    "time of day": {
        "objects": objects(datetime.time(1), datetime.time(2)),
        "polars": pl.Series([datetime.time(1), datetime.time(2)]),
    },
    "duration": {
        "pandas": pd.Series([datetime.timedelta(1), datetime.timedelta(2)]),
        "array": np.array([1, 2], "m8[D]"),
        "polars": pl.Series([datetime.timedelta(1), datetime.timedelta(2)]),
    },
    "Interval": {
        "pandas": pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])),
    },
    "Period": {
        "pandas": pd.Series(pd.period_range("2020-01", periods=2, freq="M")),
    },
    "UUID": {"objects": objects(uuid.UUID(int=10), uuid.UUID(int=20))},
}


def encode(fitted, later):
    encoder = TableEncoder(categorical_features=[0]).fit(table_of(fitted))
    return encoder.transform(table_of(later))


@pytest.mark.parametrize("kind", CATEGORIES)
def test_categories_of_another_kind_are_refused(kind):
    for i, (name, column) in enumerate(CATEGORIES[kind].items()):
        encoder = TableEncoder(categorical_features=[0]).fit(table_of(column))
        for other, columns in CATEGORIES.items():
            # Within a kind, every container meets every other. The first container
            # of a kind meets all those of the other kinds.
            met = list(columns.items())[: None if i == 0 or kind == other else 1]
            for later_name, later in met:
                if kind == other:
                    codes = encoder.transform(table_of(later))
                    assert codes.min() >= 0, (name, later_name)
                    continue
                message = (
                    rf"^Column .* was categorical, of .*{kind}.*, in fit, got .*{other}"
                )
                with pytest.raises(ValueError, match=message):
                    encoder.transform(table_of(later))


@pytest.mark.parametrize(
    ("fitted", "later"),
    [
        ([1, 0, 1], [True, False, True]),
        ([True, False, True], [1.0, 0.0, 1.0]),
        ([True, False, None], [1, 0, 0]),
        ([True, 1, 0], [True, False, False]),
    ],
)
def test_booleans_are_zero_and_one(fitted, later):
    fitted, later = objects(*fitted), objects(*later)
    assert encode(fitted, later)[:, 0].tolist() == [float(v) for v in later]


@pytest.mark.parametrize(
    ("fitted", "later"),
    [([1, 2], [True, False]), ([True, False], [1, 2]), ([True, False], [0.5, 1])],
)
def test_booleans_are_no_other_numbers(fitted, later):
    with pytest.raises(ValueError, match=r"of (bool|number) .* got (bool|number)"):
        encode(objects(*fitted), objects(*later))


def test_integers_that_became_floats_for_want_of_a_value_are_the_same():
    encoded = encode(pd.Series([10, 20, 30]), pd.Series([30, None, 10]))
    np.testing.assert_array_equal(encoded[:, 0], [2, np.nan, 0])


TENTHS = {
    **{name: pd.Series([0.1, 0.3]).astype(name) for name in ("f8", "f4", "f2")},
    "nullable": pd.Series([0.1, 0.3]).astype("Float32"),
    "arrow": pd.Series([0.1, 0.3]).astype("float[pyarrow]"),
    "category": pd.Series([0.1, 0.3]).astype("f4").astype("category"),
    "objects": objects(0.1, 0.3),
    "array": np.array([0.1, 0.3], "f4"),
    "polars": pl.Series([0.1, 0.3], dtype=pl.Float32),
}


@pytest.mark.parametrize("fitted", TENTHS.values(), ids=TENTHS)
def test_numbers_are_equal_in_the_narrower_type(fitted):
    encoder = TableEncoder(categorical_features=[0]).fit(table_of(fitted))
    for name, later in TENTHS.items():
        codes = encoder.transform(table_of(later))[:, 0]
        np.testing.assert_array_equal(codes, [0, 1], err_msg=name)


def test_numbers_of_one_type_are_told_apart_to_the_last_digit():
    encoded = encode(pd.Series([1.0, 2.0]), pd.Series([1.0 + 1e-15, 2.0]))
    np.testing.assert_array_equal(encoded[:, 0], [-1, 1])


NOTHING = [
    objects(None, np.nan),
    objects(pd.NA, pd.NaT),
    pd.Series([np.nan, np.nan]),
    pd.Series([pd.NaT, pd.NaT]),
    pd.Series([None, None], dtype="Int64"),
    pd.Series([None, None], dtype="string"),
    pd.Series([pd.NaT, pd.NaT]).dt.tz_localize("UTC"),
    pl.Series([None, None]),
    pl.Series([None, None], dtype=pl.Time),
]


@pytest.mark.parametrize(
    "fitted",
    [
        pd.Series(["a", "b"]),
        pd.Series([1.5, 2.5]),
        pd.Series([DAY, DAY]),
        pd.Series([AWARE, AWARE]),
        pd.Series(pd.to_timedelta([1, 2], unit="h")),
    ],
    ids=str,
)
def test_column_without_values_is_of_any_kind(fitted):
    encoder = TableEncoder().fit(table_of(fitted))
    for later in NOTHING:
        assert np.isnan(encoder.transform(table_of(later))).all(), later


NAIVE = {
    "pandas": pd.Series([DAY, None]),
    "nanoseconds": pd.Series([DAY, None]).astype("M8[ns]"),
    "arrow": pd.Series([DAY, None]).astype("timestamp[us][pyarrow]"),
    "objects": pd.Series([DAY, None], dtype=object),
    "dates": pd.Series([DAY.date(), None], dtype=object),
    "array": np.array(["2020-01-02", "NaT"], "M8[s]"),
    "polars": pl.Series([DAY, None]),
    "polars dates": pl.Series([DAY.date(), None]),
}
ZONED = {
    "pandas": pd.Series([AWARE, None]),
    "zone": pd.Series([AWARE, None]).dt.tz_convert("Asia/Tokyo"),
    "arrow": pd.Series([AWARE, None]).astype("timestamp[us, UTC][pyarrow]"),
    "polars": pl.Series([AWARE, None]),
    "polars zone": pl.Series([AWARE, None]).dt.convert_time_zone("Asia/Tokyo"),
}


@pytest.mark.parametrize("naive", NAIVE.values(), ids=NAIVE)
def test_times_with_a_zone_and_without_are_of_two_kinds(naive):
    message = "was {} datetime in fit, got {} datetime values"
    encoder = TableEncoder().fit(table_of(naive))
    for aware in ZONED.values():
        with pytest.raises(ValueError, match=message.format("naive", "aware")):
            encoder.transform(table_of(aware))
        with pytest.raises(ValueError, match=message.format("aware", "naive")):
            TableEncoder().fit(table_of(aware)).transform(table_of(naive))


@pytest.mark.parametrize("columns", [NAIVE, ZONED], ids=["naive", "aware"])
def test_times_of_one_kind_are_read_whatever_their_type(columns):
    for fitted in columns.values():
        encoder = TableEncoder("standard").fit(table_of(fitted))
        for later in columns.values():
            encoded = encoder.transform(table_of(later))
            np.testing.assert_array_equal(encoded[:, 0], [0, np.nan])


def test_objects_with_a_zone_are_of_another_kind_than_naive_times():
    encoder = TableEncoder().fit(table_of(pd.Series([DAY, DAY])))
    with pytest.raises(ValueError, match="naive datetime in fit, got aware"):
        encoder.transform(table_of(objects(AWARE, AWARE)))


@pytest.mark.parametrize(
    ("fitted", "later", "kinds"),
    [
        ([1.0, 2.0], [DAY, DAY], ("numeric", "datetime")),
        ([1.0, 2.0], [datetime.timedelta(1)] * 2, ("numeric", "duration")),
        ([DAY, DAY], [1.0, 2.0], ("datetime", "number")),
        ([DAY, DAY], ["2020-01-02"] * 2, ("datetime", "str")),
        ([DAY, DAY], [datetime.time(1)] * 2, ("datetime", "time of day")),
        ([DAY, DAY], [datetime.timedelta(1)] * 2, ("datetime", "duration")),
        ([datetime.timedelta(1)] * 2, [DAY, DAY], ("duration", "datetime")),
        ([datetime.timedelta(1)] * 2, [True, False], ("duration", "bool")),
    ],
)
@pytest.mark.parametrize("container", [objects, pd.Series, pl.Series])
def test_numbers_and_times_of_another_kind_are_refused(fitted, later, kinds, container):
    make = (lambda v: objects(*v)) if container is objects else container
    encoder = TableEncoder().fit(table_of(make(fitted)))
    with pytest.raises(ValueError, match="was {} in fit, got .*{}".format(*kinds)):
        encoder.transform(table_of(make(later)))


def test_both_kinds_of_a_mixture_are_named():
    message = "^Column x was categorical, of str values, in fit, got number and str"
    with pytest.raises(ValueError, match=message):
        encode(pd.Series(["a", "b"]), pd.Series(["a", 1], dtype=object))


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ([pd.Interval(0, 1), pd.Interval(0.0, 2.0)], ["Interval[number, right]"]),
        ([pd.Interval(0, 1, "left")], ["Interval[number, left]"]),
        ([pd.Period("2020-01", "M")], ["Period[M]"]),
        ([pd.Timestamp("2020"), np.datetime64("2020"), DAY], ["naive datetime"]),
        ([pd.Timedelta(1), np.timedelta64(1)], ["duration"]),
        ([datetime.time(1, tzinfo=UTC)], ["aware time of day"]),
        ([1, 1.5, True, np.int8(1), Decimal(1)], ["number"]),
        ([1, "a"], ["number", "str"]),
        ([], []),
    ],
    ids=str,
)
def test_kinds_of_objects(values, kinds):
    assert sorted(kinds_of(objects(*values))) == kinds


TIMES = pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"]))


@pytest.mark.parametrize(
    "times",
    [TIMES, TIMES.dt.tz_localize("UTC"), TIMES - TIMES[0], TIMES.dt.to_period("D")],
    ids=["naive", "aware", "durations", "periods"],
)
@pytest.mark.parametrize("dtype", ["category", object])
def test_times_of_a_category_are_no_numbers(times, dtype):
    encoder = TableEncoder().fit(pd.DataFrame({"a": [1.0, 2.0]}))
    X = pd.DataFrame({"a": times.astype(dtype)})
    with pytest.raises(ValueError, match="Column a was numeric in fit"):
        encoder.transform(X)
