"""The least and the greatest value that a gap is filled with."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
    load,
    save,
)

NUMBERS = DenoisingAutoencoder(4, corruption="conditional_mean", max_iter=2)
TABLES = TabularDenoisingAutoencoder(
    4, corruption="masking", max_iter=2, numeric_scaling="standard"
)


def make(autoencoder=NUMBERS, **params):
    return DenoisingImputer(autoencoder, n_estimators=1, random_state=0, **params)


def make_rows(dtype=np.float64):
    """Return two columns that are nearly one, and new rows far beyond the first."""
    x = np.random.RandomState(0).uniform(0, 10, size=(60, 1))
    X = np.hstack([x, x + 0.01, 10 - x])
    X[::7, 0] = np.nan
    new = np.array([[np.nan, 30.0, -20.0], [np.nan, -20.0, 30.0]])
    return X.astype(dtype), new.astype(dtype)


def in_container(X, container):
    if container == "array":
        return X
    frame = pd.DataFrame(X, columns=list("abc"))
    return frame if container == "pandas" else pl.from_pandas(frame)


def first_column(filled):
    if isinstance(filled, np.ndarray):
        return filled[:, 0].astype(float)
    return np.asarray(filled["a"], dtype=float)


CONTAINERS = pytest.mark.parametrize("container", ["array", "pandas", "polars"])
AUTOENCODERS = pytest.mark.parametrize(
    "autoencoder", [NUMBERS, TABLES], ids=["numbers", "tables"]
)


@CONTAINERS
@AUTOENCODERS
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_filled_cells_stay_in_the_observed_range(container, autoencoder, dtype):
    X, new = make_rows(dtype)
    imputer = make(autoencoder).fit(in_container(X, container))
    filled = imputer.transform(in_container(new, container))
    low, high = np.nanmin(X[:, 0]), np.nanmax(X[:, 0])
    np.testing.assert_array_equal(first_column(filled), [high, low])
    # Observed cells stay where they lie.
    assert np.asarray(filled)[0, 1] == 30.0
    free = make(autoencoder, min_value=None, max_value=np.inf)
    filled = free.fit(in_container(X, container)).transform(
        in_container(new, container)
    )
    above, below = first_column(filled)
    assert above > 15
    assert below < -5


@CONTAINERS
@AUTOENCODERS
@pytest.mark.parametrize("by", ["number", "array", "dict"])
def test_bounds_are_given_for_all_for_each_or_by_name(container, autoencoder, by):
    X, new = make_rows()
    given = {
        "number": (-1.5, 12.25),
        "array": ([-1.5, -np.inf, -np.inf], (12.25, np.inf, np.inf)),
        "dict": ({"a": -1.5}, {"a": 12.25, "b": None}),
    }[by]
    imputer = make(autoencoder, min_value=given[0], max_value=given[1])
    if by == "dict" and container == "array":
        with pytest.raises(ValueError, match="min_value is a dict, which needs"):
            imputer.fit(X)
        return
    imputer.fit(in_container(X, container))
    new = in_container(new, container)
    np.testing.assert_allclose(
        first_column(imputer.transform(new)), [12.25, -1.5], rtol=1e-12
    )
    for draw in imputer.sample(new, 3, random_state=0):
        assert ((first_column(draw) >= 0) & (first_column(draw) <= 10)).all()


@AUTOENCODERS
def test_draws_keep_to_narrower_bounds(autoencoder):
    X, new = make_rows()
    imputer = make(autoencoder, min_value=4, max_value=[5, np.inf, np.inf]).fit(X)
    for draw in imputer.sample(np.repeat(new, 20, axis=0), 2, random_state=0):
        assert ((draw[:, 0] >= 4) & (draw[:, 0] <= 5)).all()


def test_a_bound_on_one_side_leaves_the_other_observed():
    X, new = make_rows()
    filled = make(min_value=-3).fit(X).transform(new)[:, 0]
    np.testing.assert_allclose(filled, [np.nanmax(X[:, 0]), -3])
    # One that all observed values lie beyond.
    filled = make(min_value=20).fit(X).transform(new)[:, 0]
    np.testing.assert_array_equal(filled, [20, 20])
    filled = make(max_value={"a": -5}).fit(in_container(X, "pandas"))
    np.testing.assert_array_equal(
        filled.transform(in_container(new, "pandas"))["a"], [-5, -5]
    )


@AUTOENCODERS
@pytest.mark.parametrize("dtype", ["Int64", "Int8"])
def test_whole_numbers_are_rounded_within_their_bounds(autoencoder, dtype):
    X, new = make_rows()
    frame, new = (
        in_container(np.round(rows), "pandas").astype(dtype) for rows in (X, new)
    )
    imputer = make(autoencoder, min_value=-3.7, max_value=11.6).fit(frame)
    filled = imputer.transform(new)
    assert filled["a"].tolist() == [11, -3]
    assert (filled.dtypes == dtype).all()


@AUTOENCODERS
def test_kept_empty_columns_keep_to_bounds(autoencoder):
    X, _ = make_rows()
    X = np.column_stack([X, np.full(60, np.nan)])
    imputer = make(autoencoder, keep_empty_features=True, min_value=2).fit(X)
    assert (imputer.transform(X)[:, 3] == 2).all()


@pytest.mark.parametrize("unit", ["s", "us", "ns"])
def test_times_stay_in_the_observed_range(unit):
    X, new = make_rows()
    start = pd.Timestamp("2020-01-01 10:00:00.123456")
    frame, new = (in_container(rows, "pandas") for rows in (X, new))
    for rows in (frame, new):
        rows["a"] = (start + pd.to_timedelta(rows["a"], unit="h")).astype(
            f"datetime64[{unit}]"
        )
    filled = make(TABLES).fit(frame).transform(new)["a"]
    ends = pd.Series([frame["a"].max(), frame["a"].min()])
    assert filled.between(ends[1], ends[0]).all()
    # Times are filled to the microsecond.
    assert ((filled - ends).abs() < pd.Timedelta("1us")).all()
    filled = make(TABLES, min_value=None, max_value=None).fit(frame).transform(new)
    assert filled["a"][0] > frame["a"].max()
    with pytest.raises(ValueError, match=r"columns of numbers only, got one for .* a"):
        make(TABLES, max_value={"a": 1.0}).fit(frame)


def test_a_number_is_meant_for_columns_of_numbers():
    X, _ = make_rows()
    frame = in_container(X, "pandas").assign(kind=["x", "y", None] * 20)
    filled = make(TABLES, min_value=3).fit_transform(frame)
    assert (filled["a"][::7] >= 3).all()
    assert set(filled["kind"]) == {"x", "y"}
    with pytest.raises(ValueError, match=r"columns of numbers only, got one for .*kin"):
        make(TABLES, min_value=[0, 0, 0, 0]).fit(frame)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"min_value": 3, "max_value": 2}, "min_value must not be greater than max_v"),
        ({"min_value": {"d": 3}}, "min_value must name features of X, got 'd'"),
        ({"max_value": [1, 2]}, r"max_value must be .*shape \(n_features,\) = \(3,\)"),
        ({"max_value": [[1, 2, 3]]}, r"max_value must be .*shape \(n_features,\)"),
        ({"max_value": {"a": np.nan}}, "max_value must be .*got nan"),
        ({"max_value": ["x", 1, 2]}, "max_value must be .*got 'x'"),
        ({"min_value": np.nan}, "min_value must be .*got nan"),
        ({"min_value": "least"}, "min_value"),
    ],
)
def test_wrong_bounds_are_refused_before_the_training(params, match):
    X, _ = make_rows()
    with pytest.raises(ValueError, match=match):
        make(autoencoder=NUMBERS, **params).fit(in_container(X, "pandas"))


def test_bounds_go_through_files(tmp_path):
    X, new = make_rows()
    frame = in_container(X, "pandas")
    imputer = make(max_value={"a": 12.0}).fit(frame)
    save(imputer, tmp_path / "imputer.safetensors")
    loaded = load(tmp_path / "imputer.safetensors")
    filled = loaded.transform(in_container(new, "pandas"))
    assert filled["a"][0] == 12.0
