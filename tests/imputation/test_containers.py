"""The container of completed rows: that of the input, or of `set_output`."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
    load,
    save,
)

NUMBERS = DenoisingAutoencoder(4, corruption="conditional_mean", max_iter=2)
TABLES = TabularDenoisingAutoencoder(4, corruption="masking", max_iter=2)
FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}


def make(**params):
    return DenoisingImputer(NUMBERS, n_estimators=1, random_state=0, **params)


def make_for_tables(**params):
    """Return an imputer of tables of any kind."""
    return DenoisingImputer(TABLES, n_estimators=1, random_state=0, **params)


def make_rows(container, dtype=None, mixed=False):
    rng = np.random.RandomState(0)
    X = rng.randint(1, 20, size=(40, 3)).astype(float)
    X[rng.uniform(size=X.shape) < 0.2] = np.nan
    frame = pd.DataFrame(X, columns=list("abc"), index=np.arange(40) + 7)
    if dtype is not None:
        frame = frame.astype(dtype)
    if mixed:
        frame["d"] = rng.choice(["x", "y", None], 40)
    if container == "polars":
        return pl.from_pandas(frame)
    return frame if container == "pandas" else frame.to_numpy()


def floats(X):
    """Return a data frame as an array, with NaN where missing."""
    if isinstance(X, pl.DataFrame):
        return X.cast(pl.Float64).to_numpy()
    return X.to_numpy(dtype=float, na_value=np.nan)


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("dtype", ["float64", "float32", "Int64", "UInt8"])
def test_frames_of_numbers_come_back_as_frames_of_their_types(container, dtype):
    X = make_rows(container, dtype)
    imputer = make().fit(X)
    for filled in (imputer.transform(X), *imputer.sample(X, 2, random_state=0)):
        assert type(filled) is type(X)
        assert list(filled.columns) == list("abc")
        assert list(filled.dtypes) == list(X.dtypes)
        values, given = floats(filled), floats(X)
        assert not np.isnan(values).any()
        observed = ~np.isnan(given)
        np.testing.assert_array_equal(values[observed], given[observed])
    if container == "pandas":
        assert filled.index.equals(X.index)


@pytest.mark.parametrize("container", ["pandas", "polars", "array"])
@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_container_does_not_depend_on_the_kinds_of_columns(container, output):
    kinds = []
    for mixed in (False, True):
        X = make_rows(container, mixed=mixed)
        imputer = (make_for_tables() if mixed else make()).fit(X)
        found = {type(imputer.transform(X)), type(imputer.sample(X, 1)[0])}
        assert found == {type(X)}
        imputer.set_output(transform=output)
        kinds.append(type(imputer.transform(X)))
        assert kinds[-1] is FRAMES.get(output, type(X))
        draws = imputer.sample(X, 1, random_state=0)
        assert type(draws[0]) is kinds[-1]
        if output != "default":
            names = list(imputer.get_feature_names_out())
            assert list(draws[0].columns) == names
    assert kinds[0] is kinds[1]


def test_scikit_learns_configuration_holds_for_draws_too():
    X = make_rows("array")
    imputer = make().fit(X)
    with config_context(transform_output="pandas"):
        assert isinstance(imputer.sample(X, 1)[0], pd.DataFrame)
    assert imputer.sample(X, 2).shape == (2, 40, 3)


def test_mark_in_a_frame_of_whole_numbers_leaves_their_type():
    X = make_rows("pandas").fillna(-1).astype("int64")
    filled = make(missing_values=-1).fit_transform(X)
    assert (filled.dtypes == "int64").all()
    assert (filled > 0).all(axis=None)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_indicators_and_empty_columns_of_frames_of_numbers(keep, container):
    X = make_rows("pandas").assign(d=np.nan)
    X = X if container == "pandas" else pl.from_pandas(X)
    imputer = make(add_indicator=True, keep_empty_features=keep)
    if keep:
        filled = imputer.fit_transform(X)
        assert (filled["d"] == 0).all()
    else:
        with pytest.warns(UserWarning, match="left out: d"):
            filled = imputer.fit_transform(X)
    assert list(filled.columns) == list(imputer.get_feature_names_out())


def test_a_saved_imputer_of_a_frame_gives_the_same_frame(tmp_path):
    X = make_rows("pandas", "Int64")
    imputer = make().fit(X)
    save(imputer, tmp_path / "imputer.safetensors")
    loaded = load(tmp_path / "imputer.safetensors")
    pd.testing.assert_frame_equal(loaded.transform(X), imputer.transform(X))
    # Rows of which nothing is observed take the type of the fit.
    row = pd.DataFrame({name: [None] for name in "abc"}, dtype=object)
    assert (loaded.transform(row).dtypes == "Int64").all()


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("mixed", [False, True])
def test_indicators_of_a_frame_without_gaps(container, mixed):
    X = make_rows("pandas", mixed=mixed).dropna()
    X = X if container == "pandas" else pl.from_pandas(X)
    imputer = (make_for_tables if mixed else make)(add_indicator=True)
    assert list(imputer.fit_transform(X).columns) == list(X.columns)


@pytest.mark.parametrize("mixed", [False, True])
def test_names_are_those_of_the_fit(mixed):
    X = make_rows("pandas", mixed=mixed)
    imputer = (make_for_tables if mixed else make)().fit(X.to_numpy())
    with pytest.warns(UserWarning, match="fitted without feature names"):
        filled = imputer.transform(X)
    assert list(filled.columns) == list(imputer.get_feature_names_out())
    numbered = make().fit(pd.DataFrame(X.to_numpy()[:, :3].astype(float)))
    numbered_X = pd.DataFrame(X.to_numpy()[:, :3].astype(float))
    assert list(numbered.transform(numbered_X).columns) == [0, 1, 2]
