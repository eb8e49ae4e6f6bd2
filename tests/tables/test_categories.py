"""Categories of any type that has a hash, and those that are new."""

import datetime
import enum
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OrdinalEncoder

from helpers import table_of
from sk_dae.tables.categories import CategoricalColumn
from sk_dae.tables.checks import check_table
from sk_dae.tables.encoder import TableEncoder

UTC = datetime.UTC
DAY = datetime.datetime(2020, 1, 2)


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


#: Two categories of each type.
PAIRS = {
    "interval": [pd.Interval(0, 1), pd.Interval(1, 2)],
    "period": [pd.Period("2020-01", "M"), pd.Period("2020-02", "M")],
    "time of day": [datetime.time(1), datetime.time(2)],
    "zoned time of day": [datetime.time(1, tzinfo=UTC), datetime.time(2, tzinfo=UTC)],
    "uuid": [uuid.UUID(int=2), uuid.UUID(int=1)],
    "bytes": [b"a", b"b"],
    "decimal": [Decimal("1.5"), Decimal("2.50")],
    "enum": [Colour.RED, Colour.BLUE],
    "integer enum": [Size.SMALL, Size.LARGE],
    "tuple": [(1, "a"), (2, "b")],
    "tuple without order": [(1, None), (1, "b")],
    "frozenset": [frozenset("a"), frozenset("bc")],
    "date": [DAY.date(), datetime.date(2020, 1, 3)],
    "datetime": [DAY, datetime.datetime(2020, 1, 3)],
    "zoned datetime": [DAY.replace(tzinfo=UTC), DAY.replace(hour=3, tzinfo=UTC)],
    "timestamp": [pd.Timestamp("2020-01-02 03:04:05.123456789"), pd.Timestamp(0)],
    "NumPy's date": [np.datetime64("2020-01-02"), np.datetime64("2020-01-03")],
    "duration": [datetime.timedelta(1), datetime.timedelta(2)],
    "class": [int, str],
}
MISSING = [None, np.nan, pd.NaT, pd.NA]


def column_of(pair, container, missing=MISSING):
    """Return a column of two categories, the first twice as often, with gaps."""
    values = [*(pair[0], pair[1], pair[0]) * 2, *missing]
    values = np.fromiter(values, dtype=object, count=len(values))
    if container == "array":
        return values
    if container == "polars":
        return pl.Series(values.tolist(), dtype=pl.Object)
    series = pd.Series(values, dtype=object)
    return series.astype("category") if container == "category" else series


def list_of(X):
    return X.to_series().to_list() if isinstance(X, pl.DataFrame) else np.ravel(X)


def types_of(X):
    return list(X.dtypes) if hasattr(X, "dtypes") else [X.dtype]


@pytest.mark.parametrize(
    ("name", "container"),
    [
        (name, container)
        for container in ("array", "objects", "category", "polars")
        for name in PAIRS
        # polars makes their values of enums.
        if (name, container) != ("enum", "polars")
    ],
)
def test_any_objects_with_a_hash_are_categories(name, container):
    pair = PAIRS[name]
    X = table_of(column_of(pair, container))
    check_table(BaseEstimator(), X, reset=True, categorical_features=[0])
    encoder = TableEncoder(categorical_features=[0]).fit(X)
    assert encoder.n_categories == (2,)
    encoded = encoder.transform(X)
    assert len(np.unique(encoded[:6])) == 2
    assert np.isnan(encoded[6:]).all()
    restored = encoder.inverse_transform(np.nan_to_num(encoded[:6]))
    assert type(restored) is type(X)
    assert types_of(restored) == types_of(X)
    known = [pair[0], pair[1], pair[0]] * 2
    assert list(list_of(restored)) == known
    gaps = np.isnan(encoded)
    filled = encoder.fill(X, gaps, np.zeros_like(encoded))
    values = list(list_of(filled))
    assert values[:6] == known
    assert len(set(values[6:])) == 1
    assert values[6] in pair


@pytest.mark.parametrize(
    "column",
    [
        pd.cut(pd.Series(np.arange(9.0)), 3),
        pd.qcut(pd.Series(np.arange(9.0)), 3),
        pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3])),
        pd.Series(pd.period_range("2020-01", periods=3, freq="Q")),
        pd.Series([datetime.time(1), None]).astype("time64[us][pyarrow]"),
        pd.Series([b"a", None]).astype("binary[pyarrow]"),
        pd.Series(pd.date_range("2020-01-01", periods=3, tz="UTC")).astype("category"),
        pd.Series(pd.to_timedelta([1, 2], unit="h")).astype("category"),
        pl.Series([b"a", b"b"]),
        np.array([b"a", b"b"]),
        np.array(["a", "b"]),
        np.array([True, False]),
    ],
    ids=str,
)
def test_types_of_categories_come_back_unnamed(column):
    X = table_of(column)
    check_table(BaseEstimator(), X, reset=True)
    encoder = TableEncoder().fit(X)
    assert encoder.n_categories > (1,) or X.iloc[:, 0].isna().any()
    restored = encoder.inverse_transform(np.nan_to_num(encoder.transform(X)))
    if isinstance(X, pd.DataFrame):
        pd.testing.assert_frame_equal(restored.dropna(), restored)
        assert restored.dtypes.equals(X.dtypes)
        known = X["x"].notna()
        pd.testing.assert_frame_equal(restored[known], X[known])
    elif isinstance(X, pl.DataFrame):
        assert restored.equals(X)
    else:
        assert restored.dtype == X.dtype
        np.testing.assert_array_equal(restored, X)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([datetime.time(1), datetime.time(2)]),
        pl.Series([1, 2]),
        pl.Series([DAY, None]),
        pl.Series([Decimal("1.5"), None]),
        pd.Series(pd.arrays.SparseArray([0, 1, 1])),
        pd.Series(pd.to_datetime([1, 2, 3])),
        np.array(["2020", "2021"], "M8[Y]"),
        np.array([3, 1], "m8[h]"),
        np.array([3, 1], "int8"),
        np.array([0.5, 1]),
    ],
    ids=str,
)
def test_types_of_numbers_and_times_come_back_named(column):
    X = table_of(column)
    check_table(BaseEstimator(), X, reset=True, categorical_features=[0])
    encoder = TableEncoder(categorical_features=[0]).fit(X)
    encoded = encoder.transform(X)
    known = ~np.isnan(encoded[:, 0])
    restored = encoder.inverse_transform(np.nan_to_num(encoded))
    if isinstance(X, pl.DataFrame):
        assert restored.schema == X.schema
        assert restored.filter(known).equals(X.filter(known))
    else:
        np.testing.assert_array_equal(restored, X)
        assert types_of(restored) == types_of(X)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([["a"], ["b"]], "column x must be hashable, got list"),
        ([{"a": 1}, {"b": 2}], "column x must be hashable, got dict"),
        ([([1],), ([2],)], "column x must be hashable, got tuple"),
        ([np.arange(2), np.arange(3)], "column x must be hashable, got ndarray"),
        ([1j, 2j], "column x are complex numbers"),
        (["a", b"a"], "column x has bytes, str"),
        ([pd.Interval(0, 1), pd.Interval(0, 1, "left")], "column x has Interval"),
        ([DAY, DAY.replace(tzinfo=UTC)], "column x has aware datetime, naive"),
    ],
    ids=str,
)
def test_what_is_no_category_is_refused_by_name(values, message):
    column = pd.Series(np.fromiter(values, dtype=object, count=2), dtype=object)
    with pytest.raises(TypeError, match=message):
        TableEncoder(categorical_features=["x"]).fit(table_of(column))


def test_categories_without_an_order_are_in_that_of_their_rows():
    X = np.fromiter([Colour.BLUE, Colour.RED], dtype=object, count=2)[:, None]
    assert TableEncoder().fit(X).categories["0"].tolist() == [Colour.BLUE, Colour.RED]


@pytest.mark.parametrize("max_categories", [2, 3, 5, 100])
def test_indices_are_those_of_an_ordinal_encoder(max_categories):
    values = np.random.RandomState(0).poisson(2, 60).astype(object)[:, None]
    values = np.char.add("c", values.astype(str)).astype(object)
    encoder = OrdinalEncoder(max_categories=max_categories).fit(values)
    column = CategoricalColumn("x", max_categories)
    column.fit(values[:, 0], np.zeros(60, dtype=bool))
    codes, new = column.encode(values[:, 0])
    np.testing.assert_array_equal(codes, encoder.transform(values)[:, 0])
    assert not new.any()


def test_rows_count_by_their_weight():
    values = np.array(["a", "b", "b", "c", "d", None], dtype=object)
    missing = np.array([False] * 5 + [True])
    weights = np.array([5.0, 0.5, 0.5, 4, 0.5, 9])
    column = CategoricalColumn("x", 3)
    column.fit(values, missing, weights)
    assert column.categories.tolist() == ["a", "c", "b"]
    assert column.codes.tolist() == [0, 2, 1, 2]
    p = np.array([5, 4, 1.5]) / 10.5
    assert column.entropy == pytest.approx(-(p * np.log(p)).sum())
    twice = CategoricalColumn("x", 3)
    twice.fit(np.repeat(values, 2), np.repeat(missing, 2), np.repeat(weights, 2))
    assert twice.categories.tolist() == column.categories.tolist()


def frame(container, *values):
    return container({"kind": list(values), "size": np.arange(float(len(values)))})


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize("max_categories", [2, 100])
def test_new_categories_are_reported_by_column(container, max_categories):
    X = frame(container, "a", "b", "a", "c", None)
    new = frame(container, "a", "z", None, "y", "z")
    encoder = TableEncoder(max_categories=max_categories).fit(X)
    encoded = encoder.transform(new)
    np.testing.assert_array_equal(encoded[2, 0], np.nan)
    message = r"not there in fit, in kind \('z', 'y'\)"
    with pytest.raises(ValueError, match=message):
        encoder.transform(new, "error")
    with pytest.warns(UserWarning, match=message):
        np.testing.assert_array_equal(encoder.transform(new, "warn"), encoded)
    with pytest.raises(ValueError, match=message):
        encoder.set_params(handle_unknown="error").transform(new)
    for known in (X, frame(container, None, "b")):
        encoder.transform(known)


@pytest.mark.parametrize("dtype", ["category", "string"])
def test_all_categories_are_new_where_there_were_none(dtype):
    X = pd.DataFrame({"kind": pd.Series([None, None], dtype=dtype), "size": [1.0, 2.0]})
    encoder = TableEncoder().fit(X)
    new = X.assign(kind=["a", None])
    assert np.isnan(encoder.transform(new)[:, 0]).all()
    with pytest.raises(ValueError, match=r"in kind \('a'\)"):
        encoder.transform(new, "error")


@pytest.mark.parametrize("max_categories", [2, 3, 100])
@pytest.mark.parametrize("values", [["b", "a", "c", "a"], [3, 1, 2, 1]])
def test_column_of_an_older_file_has_the_same_indices(values, max_categories):
    values = np.array(values, dtype=object)
    column = CategoricalColumn("x", max_categories)
    column.fit(values, np.zeros(4, dtype=bool))
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=-1,
        max_categories=max_categories,
    ).fit(values[:, None])
    state = {k: v for k, v in vars(column).items() if k not in ("known", "codes")}
    state = CategoricalColumn.upgrade_state({**state, "encoder": encoder}, 2)
    assert "encoder" not in state
    np.testing.assert_array_equal(state["known"], column.known)
    np.testing.assert_array_equal(state["codes"], column.codes)


def test_report_of_new_categories_is_short():
    X = pd.DataFrame({f"column{i}": ["a", "b"] for i in range(20)})
    encoder = TableEncoder(handle_unknown="error").fit(X)
    new = pd.DataFrame({f"column{i}": np.arange(50).astype(str) for i in range(20)})
    with pytest.raises(ValueError, match=r"'4' and 45 more.* and 15 more;") as caught:
        encoder.transform(new)
    assert len(str(caught.value)) < 400


def test_wrong_value_of_handle_unknown_is_refused():
    encoder = TableEncoder().fit(frame(pd.DataFrame, "a", "b"))
    with pytest.raises(ValueError, match=r"handle_unknown must be one of .*'drop'"):
        encoder.transform(frame(pd.DataFrame, "c"), "drop")
