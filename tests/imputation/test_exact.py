"""Observed numbers that are no floats come back as they were."""

import functools
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import sk_dae
from sk_dae import DenoisingAutoencoder, DenoisingImputer

N = 24
LARGE = [2**53 + 1 + 2 * i for i in range(N - 1)]
LARGER = [2**64 - 1 - 2 * i for i in range(N - 1)]
WIDE = [(2**60 + i) ** 2 for i in range(N - 1)]
PRECISE = [Decimal(value) / 1000 for value in LARGER]
GAP = [None]


def pandas_column(values, dtype):
    return pd.Series(values, dtype=object).astype(dtype)


PANDAS = {
    "int64": pandas_column([*LARGE, 2**54 + 1], "int64"),
    "uint64": pandas_column([*LARGER, 1], "uint64"),
    "big-endian": pandas_column([*LARGE, 2**54 + 1], ">i8"),
    "negative": pandas_column([*(-v for v in LARGE), 1], "int64"),
    "sparse": pandas_column([*LARGE, 0], pd.SparseDtype("int64")),
    "Int64": pandas_column(LARGE + GAP, "Int64"),
    "UInt64": pandas_column(LARGER + GAP, "UInt64"),
    "Arrow": pandas_column(LARGE + GAP, "int64[pyarrow]"),
    "Arrow unsigned": pandas_column(LARGER + GAP, "uint64[pyarrow]"),
    "Arrow decimals": pandas_column(PRECISE + GAP, pd.ArrowDtype(pa.decimal128(38, 3))),
    "objects": pandas_column(LARGE + GAP, object),
    "objects beyond 64 bits": pandas_column(WIDE + GAP, object),
    "objects with NA": pandas_column([*LARGE, pd.NA], object),
    "objects beside floats": pandas_column([*LARGE, 0.5], object),
    "decimals": pandas_column(PRECISE + GAP, object),
}
POLARS = {
    "int64": pl.Series(LARGE + GAP, dtype=pl.Int64),
    "uint64": pl.Series(LARGER + GAP, dtype=pl.UInt64),
    "int128": pl.Series(WIDE + GAP, dtype=pl.Int128),
    "uint128": pl.Series(WIDE + GAP, dtype=pl.UInt128),
    "decimals": pl.Series(PRECISE + GAP, dtype=pl.Decimal(38, 3)),
}


def frame_of(column):
    """Return a frame of numbers alone, with a gap in two columns."""
    trend = np.arange(float(N))
    if isinstance(column, pl.Series):
        other = pl.Series([None, *trend[1:]])
        return pl.DataFrame({"id": column, "x": other, "y": trend})
    return pd.DataFrame({"id": column, "x": [np.nan, *trend[1:]], "y": trend})


FRAMES = {f"pandas {name}": frame_of(column) for name, column in PANDAS.items()}
FRAMES |= {f"polars {name}": frame_of(column) for name, column in POLARS.items()}
all_frames = pytest.mark.parametrize("name", FRAMES)


def make(**params):
    dae = DenoisingAutoencoder(
        3, corruption="conditional_mean", max_iter=2, random_state=0
    )
    return DenoisingImputer(dae, n_estimators=1, random_state=0, **params)


@functools.cache
def fitted_to(name):
    return make().fit(FRAMES[name])


@functools.cache
def fitted_to_floats(make_frame):
    return make().fit(floats(make_frame))


def floats(make_frame):
    rows = np.arange(3.0 * N).reshape(N, 3)
    return make_frame({name: rows[:, i] for i, name in enumerate(["id", "x", "y"])})


def assert_observed_are_kept(filled, X):
    """Compare observed cells one by one, and see that none is missing."""
    for name in X.columns:
        for old, new in zip(X[name].to_list(), filled[name].to_list(), strict=True):
            assert new is not None
            assert new is not pd.NA
            assert new == new
            if not (old is None or old is pd.NA or old != old):
                assert old == new


@all_frames
def test_observed_numbers_are_kept(name, tmp_path):
    X, imputer = FRAMES[name], fitted_to(name)
    filled = imputer.transform(X)
    assert type(filled) is type(X)
    assert list(filled.dtypes) == list(X.dtypes)
    assert_observed_are_kept(filled, X)
    draws = imputer.sample(X, 2, random_state=0)
    for drawn in draws:
        assert list(drawn.dtypes) == list(X.dtypes)
        assert_observed_are_kept(drawn, X)
    sk_dae.save(imputer, tmp_path / "imputer")
    loaded = sk_dae.load(tmp_path / "imputer")
    assert_observed_are_kept(loaded.transform(X), X)
    assert loaded.transform(X)["id"].to_list() == filled["id"].to_list()


@all_frames
def test_drawn_numbers_keep_to_the_range_of_the_observed(name):
    X = FRAMES[name]
    observed = [v for v in X["id"].to_list() if not (v is None or v is pd.NA)]
    for drawn in fitted_to(name).sample(X, 3, random_state=0):
        ids = drawn["id"].to_list()
        if not isinstance(observed[0], Decimal) and str(X["id"].dtype) != "object":
            assert min(observed) <= min(ids) <= max(ids) <= max(observed)


@all_frames
def test_new_rows_and_fewer_of_them(name):
    X = FRAMES[name]
    assert_observed_are_kept(fitted_to_floats(type(X)).transform(X), X)
    few = X[:3] if isinstance(X, pl.DataFrame) else X.iloc[:3]
    assert_observed_are_kept(fitted_to(name).transform(few), few)


@pytest.mark.parametrize("make_frame", [pd.DataFrame, pl.DataFrame])
def test_floats_stay_floats(make_frame):
    plain = floats(make_frame)
    filled = fitted_to_floats(make_frame).transform(plain)
    assert list(filled.dtypes) == list(plain.dtypes)


# No type of polars has these.
NOT_IN_POLARS = {"pandas objects beside floats", "pandas objects beyond 64 bits"}


@all_frames
def test_wanted_output_keeps_them(name):
    X = FRAMES[name]
    imputer = make(add_indicator=True).fit(X)
    for output, kind in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
        if output == "polars" and name in NOT_IN_POLARS:
            continue
        filled = imputer.set_output(transform=output).transform(X)
        assert isinstance(filled, kind)
        assert list(filled.columns[:3]) == ["id", "x", "y"]
        assert_observed_are_kept(filled, X)


@pytest.mark.parametrize(
    ("kind", "mark"),
    [
        *(("int64", -1), (">i8", -1), ("object", -1), ("list", -1)),
        *(("int64", 2**53), ("uint64", 2**53), ("object", 2**53)),
        *(("object", np.nan), ("list", np.nan)),
    ],
)
def test_arrays(kind, mark):
    X = np.array([[v, i, i * i] for i, v in enumerate(LARGE)], dtype=object)
    X[3, 0] = X[4, 1] = mark
    given = X.tolist() if kind == "list" else X
    if kind not in ("object", "list"):
        given = X.astype(kind)
    imputer = make(missing_values=mark).fit(given)
    for filled in [imputer.transform(given), *imputer.sample(given, 2, random_state=0)]:
        wanted = np.dtype("object" if kind == "list" else kind)
        assert filled.dtype.newbyteorder("=") == wanted.newbyteorder("=")
        kept = np.ones(X.shape, dtype=bool)
        kept[3, 0] = kept[4, 1] = False
        assert filled[kept].tolist() == X[kept].tolist()
        assert 2**53 - 100 < filled[3, 0] < 2**53 + 100
        assert filled[3, 0] == int(filled[3, 0])


def test_numbers_that_floats_hold_come_back_as_floats():
    X = frame_of(pd.Series([*range(N - 1), None], dtype="Int64"))
    X = X.to_numpy(dtype=object)
    assert make().fit_transform(X).dtype == np.float64
    decimals = frame_of(pandas_column([Decimal("0.1")] * N, object)).to_numpy()
    assert make().fit_transform(decimals).dtype == np.float64
    numbers = np.where(pd.isna(X), np.nan, X).astype(np.float32)
    assert make().fit_transform(numbers).dtype == np.float32


def test_columns_without_an_observed_value():
    X = frame_of(PANDAS["Int64"]).assign(empty=pd.array([None] * N, dtype="Int64"))
    with pytest.warns(UserWarning, match="left out: empty"):
        filled = make().fit_transform(X)
    assert filled.columns.to_list() == ["id", "x", "y"]
    filled = make(keep_empty_features=True).fit_transform(X)
    assert filled["empty"].to_list() == [0] * N
    assert_observed_are_kept(filled[["id", "x", "y"]], X[["id", "x", "y"]])
