"""Estimators of tables, saved with columns of all kinds."""

import datetime
from decimal import Decimal

import dateutil.tz
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sk_dae
from sk_dae import (
    DenoisingAutoencoderClassifier,
    DenoisingAutoencoderRegressor,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
)

N = 20
NUMBERS = [float(i * i % 7) for i in range(N)]
INTEGERS = [i * i % 7 for i in range(N)]
STRINGS = ["a", "b", "b", "c"] * (N // 4)
BOOLEANS = [True, False] * (N // 2)
DECIMALS = [Decimal(i) / 4 for i in range(N)]
DAYS = [datetime.datetime(2020, 1, 1) + datetime.timedelta(days=i) for i in range(N)]
DATES = [day.date() for day in DAYS]
HOURS = [datetime.timedelta(hours=i) for i in range(N)]
AWARE = [day.replace(tzinfo=datetime.UTC) for day in DAYS]
OFFSETS = [datetime.timezone(datetime.timedelta(hours=1 + i % 2)) for i in range(N)]
SEVERAL = [day.replace(tzinfo=zone) for day, zone in zip(DAYS, OFFSETS, strict=True)]


def arrow(dtype):
    return pd.ArrowDtype(dtype)


def zoned(zone):
    return pd.DatetimeTZDtype("us", zone)


PANDAS = {
    **{name: (NUMBERS, name) for name in ("f2", "f4", "f8", ">f8", "Float32")},
    **{name: (INTEGERS, name) for name in ("i1", "u8", ">i4", "Int8", "UInt64")},
    **{name: (STRINGS, name) for name in ("str", "string", "string[python]")},
    **{name: (BOOLEANS, name) for name in ("bool", "boolean", "bool[pyarrow]")},
    **{name: (DAYS, name) for name in ("M8[s]", "M8[ms]", "M8[us]", "M8[ns]")},
    **{name: (HOURS, name) for name in ("m8[s]", "m8[ns]")},
    "zone": (DAYS, zoned("Europe/Berlin")),
    "offset": (DAYS, zoned(datetime.timezone(datetime.timedelta(hours=2)))),
    "dateutil": (DAYS, zoned(dateutil.tz.gettz("America/New_York"))),
    "categories": (STRINGS, "category"),
    "ordered": (STRINGS, pd.CategoricalDtype(["c", "b", "a"], ordered=True)),
    "categories of strings": (
        STRINGS,
        pd.CategoricalDtype(pd.array(["a", "b", "c"], dtype="string")),
    ),
    "categories of integers": (
        INTEGERS,
        pd.CategoricalDtype(pd.array(range(7), dtype="Int64")),
    ),
    "categories of booleans": (BOOLEANS, pd.CategoricalDtype([True, False])),
    "sparse integers": (INTEGERS, pd.SparseDtype(int, 0)),
    "sparse floats": (NUMBERS, pd.SparseDtype(float)),
    "sparse booleans": (BOOLEANS, pd.SparseDtype(bool)),
    "sparse ones": (INTEGERS, pd.SparseDtype(int, 1)),
    "Arrow integers": (INTEGERS, arrow(pa.uint64())),
    "Arrow floats": (NUMBERS, arrow(pa.float32())),
    "Arrow halves": (np.float16(NUMBERS), arrow(pa.float16())),
    "Arrow decimals": (DECIMALS, arrow(pa.decimal128(20, 3))),
    "Arrow long decimals": (DECIMALS, arrow(pa.decimal256(60, 3))),
    "Arrow strings": (STRINGS, arrow(pa.string())),
    "Arrow large strings": (STRINGS, arrow(pa.large_string())),
    "Arrow views": (STRINGS, arrow(pa.string_view())),
    "Arrow dictionary": (STRINGS, arrow(pa.dictionary(pa.int8(), pa.string()))),
    "Arrow dictionary of integers": (
        INTEGERS,
        arrow(pa.dictionary(pa.int8(), pa.int64())),
    ),
    "Arrow times": (DAYS, arrow(pa.timestamp("ms"))),
    "Arrow zone": (AWARE, arrow(pa.timestamp("us", "Asia/Tokyo"))),
    "Arrow dates": (DATES, arrow(pa.date32())),
    "Arrow long dates": (DATES, arrow(pa.date64())),
    "Arrow durations": (HOURS, arrow(pa.duration("s"))),
    "objects: integers": (INTEGERS, object),
    "objects: floats": (NUMBERS, object),
    "objects: decimals": (DECIMALS, object),
    "objects: strings": (STRINGS, object),
    "objects: booleans": (BOOLEANS, object),
    "objects: dates": (DATES, object),
    "objects: datetimes": (DAYS, object),
    "objects: aware datetimes": (AWARE, object),
    "objects: several offsets": (SEVERAL, object),
    "objects: durations": (HOURS, object),
}

POLARS = {
    "f2": (NUMBERS, pl.Float16),
    "f4": (NUMBERS, pl.Float32),
    "i1": (INTEGERS, pl.Int8),
    "u8": (INTEGERS, pl.UInt64),
    "i16": (INTEGERS, pl.Int128),
    "u16": (INTEGERS, pl.UInt128),
    "decimals": (DECIMALS, pl.Decimal(20, 3)),
    "strings": (STRINGS, pl.String),
    "booleans": (BOOLEANS, pl.Boolean),
    "categories": (STRINGS, pl.Categorical),
    "enum": (STRINGS, pl.Enum(["c", "b", "a"])),
    "times": (DAYS, pl.Datetime("ms")),
    "zone": (AWARE, pl.Datetime("us", "Europe/Berlin")),
    "dates": (DATES, pl.Date),
    "durations": (HOURS, pl.Duration("ns")),
}


def pandas_table(values, dtype):
    if dtype == arrow(pa.string_view()):
        # pandas does not make one of strings.
        array = pa.chunked_array([pa.array(values, pa.string_view())])
        column = pd.Series(pd.arrays.ArrowExtensionArray(array))
    else:
        column = pd.Series(values, dtype=object).astype(dtype)
        if isinstance(dtype, pd.DatetimeTZDtype):
            column = pd.Series(pd.DatetimeIndex(DAYS, tz=dtype.tz).as_unit("us"))
    return pd.DataFrame({"x": column, "y": np.arange(N) % 5 / 2.0})


def polars_table(values, dtype):
    column = pl.Series(values=values, dtype=dtype)
    return pl.DataFrame({"x": column, "y": np.arange(N) % 5 / 2.0})


TABLES = {f"pandas {name}": pandas_table(*kind) for name, kind in PANDAS.items()}
TABLES |= {f"polars {name}": polars_table(*kind) for name, kind in POLARS.items()}


def table_of_all(library):
    """Return the columns of all tables of a library side by side."""
    columns = {
        name: table["x"] for name, table in TABLES.items() if name.startswith(library)
    }
    if library == "polars":
        return pl.DataFrame([column.alias(name) for name, column in columns.items()])
    return pd.DataFrame(columns)


def tabular(**params):
    return TabularDenoisingAutoencoder(
        2, hidden_layer_sizes=(4,), max_iter=1, random_state=0, **params
    )


def saved_and_loaded(estimator, tmp_path):
    path = tmp_path / "model.safetensors"
    sk_dae.save(estimator, path)
    return sk_dae.load(path)


def assert_same(table, other):
    if isinstance(table, pl.DataFrame):
        assert table.equals(other)
        assert table.schema == other.schema
    else:
        assert (table.dtypes == other.dtypes).all()
        for name in table.columns:
            assert table[name].tolist() == other[name].tolist(), name


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_autoencoder_writes_the_same_columns(library, tmp_path):
    table = table_of_all(library)
    dae = tabular().fit(table)
    loaded = saved_and_loaded(dae, tmp_path)
    np.testing.assert_array_equal(loaded.transform(table), dae.transform(table))
    denoised = dae.denoise(table)
    for name in table.columns:
        assert denoised[name].dtype == table[name].dtype, name
    assert_same(loaded.denoise(table), denoised)
    # And again, from what was loaded.
    assert_same(saved_and_loaded(loaded, tmp_path).denoise(table), denoised)


@pytest.mark.parametrize("name", ["pandas string[python]", "pandas objects: dates"])
def test_imputer_fills_the_same(name, tmp_path):
    table = TABLES[name].copy()
    table.iloc[3, 0] = None
    imputer = DenoisingImputer(tabular(), n_estimators=1, random_state=0).fit(table)
    loaded = saved_and_loaded(imputer, tmp_path)
    assert_same(loaded.transform(table), imputer.transform(table))


@pytest.mark.parametrize(
    ("mark", "cell"),
    [(pd.NA, pd.NA), (np.nan, np.nan), (-1, -1), (-0.5, -0.5), (2**60, 2**60)],
    ids=str,
)
@pytest.mark.usefixtures("quick_defaults")
def test_mark_of_missing_values(mark, cell, tmp_path):
    X = np.array(NUMBERS * 2, dtype=object).reshape(-1, 2)
    X[3, 1] = cell
    imputer = DenoisingImputer(n_estimators=1, missing_values=mark, random_state=0)
    loaded = saved_and_loaded(imputer.fit(X), tmp_path)
    assert (
        loaded.missing_values is mark or loaded.missing_values == mark or mark != mark
    )
    np.testing.assert_array_equal(loaded.transform(X), imputer.transform(X))


@pytest.mark.parametrize("mark", [None, np.nan, pd.NA, "?", 7], ids=str)
def test_mark_of_missing_values_before_a_fit(mark, tmp_path):
    loaded = saved_and_loaded(DenoisingImputer(missing_values=mark), tmp_path)
    assert (
        loaded.missing_values is mark or loaded.missing_values == mark or mark != mark
    )


@pytest.mark.parametrize(
    "names",
    [
        [("a", 1), ("b", 2)],
        [1, 2],
        [datetime.date(2020, 1, 1), datetime.date(2020, 1, 2)],
        list(pd.to_datetime(["2020-01-01", "2020-01-02"])),
        list(pd.interval_range(0, 2)),
    ],
    ids=["tuples", "integers", "dates", "times", "intervals"],
)
def test_names_of_columns_come_back(names, tmp_path):
    table = TABLES["pandas f8"].set_axis(pd.Index(names), axis=1)
    dae = tabular().fit(table)
    denoised = saved_and_loaded(dae, tmp_path).denoise(table)
    pd.testing.assert_index_equal(denoised.columns, dae.denoise(table).columns)


class Opaque:
    """Something that no file holds."""


@pytest.fixture
def table_without_plain_type():
    dtype = pd.CategoricalDtype(["a", "b", "c", Opaque()])
    column = pd.Series(STRINGS).astype(dtype)
    return pd.DataFrame({"kind": column, "y": np.arange(N) % 5 / 2.0})


def test_type_that_cannot_be_saved_is_refused_by_name(
    table_without_plain_type, tmp_path
):
    dae = tabular().fit(table_without_plain_type)
    with pytest.raises(TypeError, match=r"The type .* of column kind cannot be saved"):
        sk_dae.save(dae, tmp_path / "model.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "cls", [DenoisingAutoencoderClassifier, DenoisingAutoencoderRegressor]
)
def test_predictor_needs_no_types(cls, table_without_plain_type, tmp_path):
    X, y = table_without_plain_type, np.arange(N) % 2
    model = cls(tabular(), max_iter=1, random_state=0).fit(X, y)
    loaded = saved_and_loaded(model, tmp_path)
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    again = saved_and_loaded(loaded, tmp_path)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    with pytest.raises(ValueError, match=r"column kind, .* not saved"):
        loaded.autoencoder_.denoise(X)
