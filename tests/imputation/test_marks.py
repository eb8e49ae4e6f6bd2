"""Marks of missing cells: numbers, strings, several of them, in all containers."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
    load,
    save,
)

NUMBERS = DenoisingAutoencoder(4, corruption="conditional_mean", max_iter=2)
TABLES = TabularDenoisingAutoencoder(4, corruption="masking", max_iter=2)
CONTAINERS = pytest.mark.parametrize("container", ["pandas", "polars", "array"])


def make(autoencoder=TABLES, **params):
    return DenoisingImputer(autoencoder, n_estimators=1, random_state=0, **params)


def make_tables(container):
    """Return a table with missing values, and the same with marks for them."""
    rng = np.random.RandomState(0)
    kind = rng.choice(["cat", "dog", "fish"], 80)
    legs = np.where(kind == "fish", 0, 4)
    size = rng.normal(size=80)
    gaps = rng.uniform(size=(80, 3)) < 0.2
    missing = pd.DataFrame(
        {
            "kind": pd.Series(kind).where(~gaps[:, 0], None),
            "legs": pd.array(legs, dtype="Int64"),
            "size": np.where(gaps[:, 2], np.nan, size),
        }
    )
    missing.loc[gaps[:, 1], "legs"] = pd.NA
    marked = pd.DataFrame(
        {
            "kind": np.where(gaps[:, 0], "?", kind),
            "legs": np.where(gaps[:, 1], -1, legs),
            "size": np.where(gaps[:, 2], -99.0, size),
        }
    )
    convert = {
        "pandas": lambda X: X,
        "polars": pl.from_pandas,
        "array": lambda X: X.to_numpy(dtype=object),
    }[container]
    return convert(missing), convert(marked)


def cells(X):
    return [tuple(row) for row in (X.rows() if isinstance(X, pl.DataFrame) else X)]


@CONTAINERS
def test_marks_count_as_missing_values_do(container, tmp_path):
    missing, marked = make_tables(container)
    expected = make().fit(missing).transform(missing)
    imputer = make(missing_values=["?", -1, -99.0]).fit(marked)
    save(imputer, tmp_path / "imputer.safetensors")
    for fitted in (imputer, load(tmp_path / "imputer.safetensors")):
        filled = fitted.transform(marked)
        assert type(filled) is type(marked)
        if container == "pandas":
            assert list(filled.dtypes) == list(marked.dtypes)
            pd.testing.assert_frame_equal(filled, expected, check_dtype=False)
        else:
            assert cells(filled) == cells(expected)
        draw = fitted.sample(marked, 1, random_state=0)[0]
        flat = np.asarray(draw).ravel().tolist()
        assert not {"?", -1, -99.0} & set(flat)


@CONTAINERS
def test_missing_values_count_beside_marks(container):
    missing, _ = make_tables(container)
    expected = make().fit(missing).transform(missing)
    filled = make(missing_values="?").fit(missing).transform(missing)
    assert cells(np.asarray(filled)) == cells(np.asarray(expected))


@pytest.mark.parametrize("mark", ["?", -1])
def test_one_mark_hides_nothing_else(mark):
    _, marked = make_tables("pandas")
    filled = make(missing_values=mark).fit_transform(marked)
    assert ("?" in set(filled["kind"])) == (mark != "?")
    assert (-1 in set(filled["legs"])) == (mark != -1)
    assert (filled["size"] == -99).any()


def test_numbers_and_their_strings_are_different_marks():
    X = pd.DataFrame({"a": ["1", "2", "-1"] * 10, "b": [1.0, 2.0, -1.0] * 10})
    filled = make(missing_values=-1).fit_transform(X)
    assert "-1" in set(filled["a"])
    assert (filled["b"] > 0).all()
    # True is not the mark 1.
    X = pd.DataFrame({"a": pd.Series([True, False, True] * 10, dtype=object)})
    X["b"] = ["x", "y", "z"] * 10
    assert make(missing_values=[1]).fit_transform(X)["a"].tolist() == X["a"].tolist()


@pytest.mark.parametrize("autoencoder", [NUMBERS, TABLES], ids=["numbers", "tables"])
@pytest.mark.parametrize("container", ["frame", "array", "list", "objects"])
def test_rows_of_numbers_take_several_marks(autoencoder, container):
    rng = np.random.RandomState(0)
    X = rng.randint(1, 9, size=(40, 3)).astype(float)
    marked = X.copy()
    marked[::5, 0], marked[1::5, 1], marked[2::5, 2] = -1, -999, np.nan
    marks = [-1, -999, np.nan]
    if container == "objects":
        marked = marked.astype(object)
        marked[3::5, 0] = "?"
        marks.append("?")
    rows = {"frame": pd.DataFrame, "list": np.ndarray.tolist}.get(container, np.array)
    imputer = make(autoencoder, missing_values=marks).fit(rows(marked))
    filled = imputer.transform(rows(marked))
    values = np.asarray(filled, dtype=float)
    assert ((values >= 1) & (values <= 8)).all()
    np.testing.assert_array_equal(values[4::5], X[4::5])


def test_columns_of_codes_keep_their_type():
    codes = np.array([1, 2, 3, -1] * 10)
    X = pd.DataFrame({"code": pd.Categorical(codes), "whole": codes.astype("int16")})
    X["kind"] = ["x", "y"] * 20
    filled = make(missing_values=-1, add_indicator=True).fit_transform(X)
    assert filled["whole"].dtype == "int16"
    assert filled["code"].dtype == X["code"].dtype
    assert not (filled[["code", "whole"]].astype(int) == -1).any(axis=None)
    np.testing.assert_array_equal(filled["missingindicator_whole"], codes == -1)


def test_marks_in_columns_that_had_none():
    _, marked = make_tables("pandas")
    complete = marked[(marked["kind"] != "?") & (marked["legs"] != -1)]
    imputer = make(missing_values=["?", -1]).fit(complete)
    filled = imputer.transform(marked)
    assert not (filled["kind"] == "?").any()
    assert not (filled["legs"] == -1).any()


@pytest.mark.parametrize("marks", [[], [(1,)], ["?", b"x"]])
def test_wrong_marks_are_refused(marks):
    missing, _ = make_tables("pandas")
    with pytest.raises(ValueError, match="missing_values must"):
        make(missing_values=marks).fit(missing)


def test_parameter_is_cloned_and_rows_are_not_modified():
    _, marked = make_tables("pandas")
    before = marked.copy()
    imputer = clone(make(missing_values=["?", -1, -99.0]))
    imputer.fit_transform(marked)
    pd.testing.assert_frame_equal(marked, before)
