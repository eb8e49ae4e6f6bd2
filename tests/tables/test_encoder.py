"""Mixed tables as a matrix, and back."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sk_dae.tables.encoder import TableEncoder

RNG = np.random.RandomState(0)
A = RNG.normal(size=120)
DAYS = (100 * A).round().astype("int64")

PANDAS = {
    "float64": pd.Series(A),
    "float32": pd.Series(A.astype("float32")),
    "int8": pd.Series((10 * A).round().astype("int8")),
    "Int64": pd.Series((10 * A).round()).astype("Int64").mask(A > 1),
    "bool": pd.Series(A > 0),
    "boolean": pd.Series(A > 0).astype("boolean").mask(A > 1),
    "str": pd.Series(np.where(A > 0, "x", "y")),
    "string": pd.Series(np.where(A > 0, "x", "y")).astype("string").mask(A > 1),
    "object": pd.Series(np.where(A > 0, "x", None), dtype=object),
    "objects of numbers": pd.Series([v if v < 1 else None for v in A], dtype=object),
    "decimal": pd.Series([Decimal(str(round(v, 3))) for v in A], dtype=object),
    "dates": pd.Series(
        [datetime.date(2020, 1, 1) + datetime.timedelta(int(v)) for v in DAYS],
        dtype=object,
    ),
    "category": pd.Series(np.where(A > 0, "x", "y")).astype("category"),
    "ordered": pd.Series(
        pd.Categorical((A > 0).astype(int), categories=[2, 1, 0], ordered=True)
    ),
    "time": pd.Series(DAYS * 86400 * 10**9).astype("datetime64[ns]").mask(A > 1),
    "time of a zone": pd.to_datetime(pd.Series(DAYS), unit="D").dt.tz_localize(
        "Asia/Tokyo"
    ),
    "seconds": pd.Series(DAYS).astype("datetime64[s]"),
    "duration": pd.to_timedelta(pd.Series(DAYS), unit="h"),
}

POLARS = {
    "Float32": pl.Series(A).cast(pl.Float32),
    "UInt8": pl.Series((10 * abs(A)).round()).cast(pl.UInt8),
    "nullable": pl.Series([int(10 * v) if v < 1 else None for v in A]),
    "Boolean": pl.Series(A > 0),
    "String": pl.Series([None if v > 1 else "x" if v > 0 else "y" for v in A]),
    "Categorical": pl.Series(np.where(A > 0, "x", "y").tolist()).cast(pl.Categorical),
    "Enum": pl.Series(np.where(A > 0, "x", "y").tolist()).cast(pl.Enum(["y", "x"])),
    "Date": pl.Series(DAYS).cast(pl.Int32).cast(pl.Date),
    "Datetime": pl.Series(DAYS * 1000).cast(pl.Datetime("ms", "Asia/Tokyo")),
    "Duration": pl.Series(DAYS).cast(pl.Duration("us")),
}


def close(restored, original):
    """Compare two columns: numbers and times to what float32 holds of their scale."""
    if getattr(original.dtype, "kind", "O") in "mM":
        values = [c.astype("int64").astype(float) for c in (restored, original)]
    elif original.dtype.kind in "iuf":
        values = [c.astype(float) for c in (restored, original)]
    else:
        return bool((restored == original).all())
    return np.allclose(*values, rtol=1e-4, atol=2e-3 * np.std(values[1]))


@pytest.mark.parametrize("scaling", ["quantile", "standard"])
@pytest.mark.parametrize("name", PANDAS)
def test_pandas_column_comes_back(name, scaling):
    X = pd.DataFrame({name: PANDAS[name]})
    X.index = X.index[::-1]
    encoder = TableEncoder(scaling).fit(X)
    encoded = encoder.transform(X)
    assert encoded.dtype == np.float32
    missing = X[name].isna().to_numpy()
    assert (np.isnan(encoded[:, 0]) == missing).all()
    restored = encoder.inverse_transform(np.nan_to_num(encoded), X.index)
    assert restored.index.equals(X.index)
    assert restored.dtypes.tolist() == X.dtypes.tolist()
    assert not restored[name].isna().any()
    columns = [frame[name][~missing] for frame in (restored, X)]
    if name in ("objects of numbers", "decimal"):
        columns = [column.astype(float) for column in columns]
    if name == "dates":
        columns = [pd.to_datetime(c).astype("datetime64[us]") for c in columns]
    if columns[0].dtype.kind not in "mM":
        columns = [column.to_numpy() for column in columns]
    assert close(*columns)


@pytest.mark.parametrize("name", POLARS)
def test_polars_column_comes_back(name):
    X = pl.DataFrame({name: POLARS[name]})
    encoder = TableEncoder("standard").fit(X)
    encoded = encoder.transform(X)
    missing = X[name].is_null().to_numpy()
    assert (np.isnan(encoded[:, 0]) == missing).all()
    restored = encoder.inverse_transform(np.nan_to_num(encoded))
    assert restored.schema == X.schema
    known = ~missing
    columns = [frame[name].filter(pl.Series(known)) for frame in (restored, X)]
    if X[name].dtype.is_numeric() or X[name].dtype.is_temporal():
        numbers = [c.to_physical().cast(pl.Float64).to_numpy() for c in columns]
        assert np.allclose(*numbers, rtol=1e-4, atol=2e-3 * numbers[1].std())
    else:
        assert columns[0].to_list() == columns[1].to_list()


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.0, 2.0, None], "numeric"),
        ([1, np.nan, np.float32(2)], "numeric"),
        (["a", "b", None], "categorical"),
        ([True, False, None], "categorical"),
        ([None, np.nan, None], "numeric"),
    ],
)
@pytest.mark.parametrize("container", ["array", "pandas"])
def test_kind_of_a_column_of_objects(values, kind, container):
    X = np.array([values], dtype=object).T
    if container == "pandas":
        X = pd.DataFrame(X)
    encoder = TableEncoder().fit(X)
    assert [column.kind for column in encoder._types] == [kind]
    missing = [v is None or v != v for v in values]
    assert np.isnan(encoder.transform(X)[~np.array(missing)]).sum() == 0
    assert encoder.indicated == (any(missing),)


def test_array_of_numbers_and_strings_comes_back():
    X = np.array([[1.0, "a"], [2.0, "b"], [3.0, "a"]], dtype=object)
    encoder = TableEncoder("standard").fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    assert restored.dtype == object
    assert np.allclose(restored[:, 0].astype(float), [1, 2, 3])
    assert restored[:, 1].tolist() == ["a", "b", "a"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_array_of_numbers_comes_back_with_its_type(dtype):
    X = RNG.normal(size=(20, 3)).astype(dtype)
    encoder = TableEncoder("standard").fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    assert restored.dtype == dtype
    assert np.allclose(restored, X, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(np.nan)), min_size=3, max_size=40),
    st.sampled_from(["quantile", "standard"]),
)
def test_numbers_are_scaled_and_keep_their_order(values, scaling):
    X = np.array(values)[:, None]
    if np.isnan(X).all():
        return
    encoder = TableEncoder(scaling).fit(X)
    encoded = encoder.transform(X)[:, 0]
    observed = ~np.isnan(X[:, 0])
    assert (np.isnan(encoded) == ~observed).all()
    scaled, given = encoded[observed], X[observed, 0]
    assert abs(scaled.mean()) < 1e-3
    assert scaled.std() == pytest.approx(1, abs=1e-3) or np.ptp(scaled) < 1e-3
    order = np.argsort(given, kind="stable")
    assert (np.diff(scaled[order]) >= -1e-5).all()


def test_many_equal_values_do_not_lie_far_out():
    X = np.concatenate([np.zeros(900), RNG.exponential(size=100)])[:, None]
    encoded = TableEncoder("quantile").fit(X).transform(X)
    assert abs(encoded[:900]).max() < 1


def test_rare_categories_are_one_and_come_back_as_its_most_frequent():
    values = ["a"] * 50 + ["b"] * 40 + ["c"] * 3 + ["d"] * 2
    X = pd.DataFrame({"kind": values})
    encoder = TableEncoder(max_categories=3).fit(X)
    assert encoder.n_categories == (3,)
    restored = encoder.inverse_transform(encoder.transform(X))["kind"].tolist()
    assert restored == ["a"] * 50 + ["b"] * 40 + ["c"] * 5
    assert encoder.categories["kind"].tolist() == ["a", "b", "c"]


def test_missing_values_are_no_category_however_rare():
    X = pd.DataFrame({"kind": ["a", "b", "c", "d"] * 10 + [None]})
    encoder = TableEncoder(max_categories=2).fit(X)
    assert encoder.n_categories == (2,)
    assert np.isnan(encoder.transform(X)).ravel().tolist() == [False] * 40 + [True]


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
def test_unseen_category_has_an_index_of_its_own(container):
    encoder = TableEncoder().fit(container({"kind": ["a", "b", "a"]}))
    encoded = encoder.transform(container({"kind": ["b", "c", None]}))
    np.testing.assert_array_equal(encoded, [[1], [-1], [np.nan]])


def test_unseen_category_is_one_of_the_rare_ones():
    encoder = TableEncoder(max_categories=2).fit(pd.DataFrame({"kind": [*"aaabbc"]}))
    encoded = encoder.transform(pd.DataFrame({"kind": ["a", "c", "new"]}))
    np.testing.assert_array_equal(encoded, [[0], [1], [1]])


@pytest.mark.parametrize(
    "values", [[np.nan] * 4, [None] * 4, pd.array([None] * 4, dtype="Int64")]
)
def test_empty_column_stays_empty(values):
    X = pd.DataFrame({"empty": values, "full": range(4)})
    encoder = TableEncoder().fit(X)
    encoded = encoder.transform(X)
    assert np.isnan(encoded[:, 0]).all()
    restored = encoder.inverse_transform(np.nan_to_num(encoded))
    assert restored["empty"].isna().all()
    assert restored.dtypes.equals(X.dtypes)
    # Later values have no scale.
    assert np.isnan(encoder.transform(X.assign(empty=[1.0] * 4))[:, 0]).all()


def test_entropies_are_those_of_the_frequencies():
    X = pd.DataFrame({"half": ["a", "b"] * 8, "one": ["a"] * 16, "n": range(16)})
    assert TableEncoder().fit(X).entropies == (pytest.approx(np.log(2)), 0.0, None)


@pytest.mark.parametrize("given", [["k"], [1], [False, True], np.array([1])])
def test_categorical_features_may_be_named(given):
    X = pd.DataFrame({"a": [0.5, 1.5, 2.5], "k": [3, 1, 3]})
    encoder = TableEncoder(categorical_features=given).fit(X)
    assert encoder.n_categories == (0, 2)
    restored = encoder.inverse_transform(encoder.transform(X))
    assert restored["k"].tolist() == [3, 1, 3]
    assert restored["k"].dtype == X["k"].dtype


@pytest.mark.parametrize("dtype", ["int64", "uint64", "int8"])
def test_greatest_integers_come_back(dtype):
    limits = np.iinfo(dtype)
    X = pd.DataFrame({"n": np.array([limits.min, limits.max] * 5, dtype=dtype)})
    encoder = TableEncoder("standard").fit(X)
    restored = encoder.inverse_transform(1.5 * encoder.transform(X))["n"]
    assert restored.dtype == dtype
    assert np.allclose(restored.astype(float), X["n"].astype(float))


def test_mixture_of_types_is_refused_by_name():
    X = pd.DataFrame({"kind": ["a", 1, "b"]})
    with pytest.raises(TypeError, match="column kind has number, str"):
        TableEncoder().fit(X)


def test_column_of_another_kind_is_refused_by_name():
    encoder = TableEncoder().fit(pd.DataFrame({"size": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="Column size was numeric in fit"):
        encoder.transform(pd.DataFrame({"size": ["small", "large"]}))


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame])
def test_infinity_is_refused_by_name(value, container):
    with pytest.raises(ValueError, match=r"infinity .* column size"):
        TableEncoder().fit(container({"size": [1.0, value]}))


def test_columns_may_share_a_name():
    X = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "a"])
    encoder = TableEncoder("standard").fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    pd.testing.assert_frame_equal(restored, X, atol=1e-5)


def test_table_is_not_modified():
    X = pd.DataFrame({"a": [1.0, np.nan, 3.0], "k": ["x", None, "y"]})
    before = X.copy()
    TableEncoder().fit(X).transform(X)
    pd.testing.assert_frame_equal(X, before)


def test_names_of_the_levels_of_columns_come_back():
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 5.0]})
    X.columns.name = "letter"
    encoder = TableEncoder("standard").fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    pd.testing.assert_index_equal(restored.columns, X.columns)
    X.columns = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])
    encoder = TableEncoder("standard").fit(X)
    restored = encoder.inverse_transform(encoder.transform(X))
    pd.testing.assert_index_equal(restored.columns, X.columns)


@pytest.mark.parametrize("values", [["small", "large"], ["c", None]])
@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_polars_column_of_another_kind_is_refused_by_name(values, dtype):
    encoder = TableEncoder().fit(pl.DataFrame({"size": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="Column size was numeric in fit"):
        encoder.transform(pl.DataFrame({"size": pl.Series(values, dtype=dtype)}))


def test_strings_of_numbers_are_read_where_numbers_were():
    encoder = TableEncoder("standard").fit(pl.DataFrame({"size": [1.0, 2.0]}))
    encoded = encoder.transform(pl.DataFrame({"size": ["2.0", "1.0"]}))
    np.testing.assert_allclose(encoded[:, 0], [1, -1])
