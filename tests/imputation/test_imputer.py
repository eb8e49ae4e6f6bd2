"""The imputer: what it fills, what it leaves, how well, and how sure it is."""

import pickle
import random

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_dae import (
    DenoisingAutoencoder,
    DenoisingImputer,
    TabularDenoisingAutoencoder,
    load,
    save,
)


def small(**params):
    """Return an autoencoder that trains in no time."""
    return DenoisingAutoencoder(
        **{
            "n_components": 8,
            "hidden_layer_sizes": (16,),
            "corruption": "conditional_mean",
            "noise_level": 0.3,
            "emphasis": "full",
            "max_iter": 5,
            **params,
        }
    )


def make(autoencoder=None, **params):
    """Return an imputer that trains in no time."""
    autoencoder = small() if autoencoder is None else autoencoder
    return DenoisingImputer(
        autoencoder, **{"n_estimators": 2, "random_state": 0, **params}
    )


def make_table(n_samples=200, missing=0.2, seed=0):
    """Return correlated columns of unlike scales, and the same with gaps."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_samples, 2)) @ rng.normal(size=(2, 6))
    X += 0.1 * rng.normal(size=X.shape)
    X = X * [1, 10, 0.01, 1000, 1, 1] + [0, 5, 0, 1e5, 0, -3]
    return X, np.where(rng.uniform(size=X.shape) < missing, np.nan, X)


@pytest.fixture(scope="module")
def fitted():
    """An imputer, the rows with gaps that it was fitted to, and the truth."""
    X, gaps = make_table()
    return make().fit(gaps), gaps, X


def relative_error(filled, X, gaps):
    """Return the error of the filled cells over that of the column's mean."""
    missing = np.isnan(gaps)
    scale = np.nanstd(gaps, axis=0)
    error = ((filled - X) / scale)[missing]
    of_mean = ((np.nanmean(gaps, axis=0) - X) / scale)[missing]
    return np.sqrt(np.mean(error**2) / np.mean(of_mean**2))


# -- one completion ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_observed_cells_come_back_as_they_were(fitted, dtype):
    imputer, gaps, _ = fitted
    rows = gaps.astype(dtype)
    before = rows.copy()
    filled = imputer.transform(rows)
    observed = ~np.isnan(rows)
    assert filled.dtype == dtype
    assert np.isfinite(filled).all()
    np.testing.assert_array_equal(filled[observed], rows[observed])
    np.testing.assert_array_equal(rows, before)


def test_unscaled_columns_are_filled_well(fitted):
    imputer, gaps, X = fitted
    assert relative_error(imputer.transform(gaps), X, gaps) < 0.5
    imputer = make().fit(gaps[:120])
    filled = imputer.transform(gaps[120:])
    assert relative_error(filled, X[120:], gaps[120:]) < 0.5


def test_filled_cells_follow_a_shift_and_a_change_of_scale(fitted):
    imputer, gaps, _ = fitted
    moved = make().fit(gaps * 4 + 8).transform(gaps * 4 + 8)
    np.testing.assert_allclose(
        moved, imputer.transform(gaps) * 4 + 8, rtol=1e-3, atol=1e-3
    )


@pytest.mark.slow
def test_default_beats_the_mean_by_far_on_real_data():
    X = load_breast_cancer().data[:, :10]
    rng = np.random.RandomState(0)
    gaps = np.where(rng.uniform(size=X.shape) < 0.3, np.nan, X)
    imputer = DenoisingImputer(n_estimators=1, random_state=0).fit(gaps[:400])
    filled = imputer.transform(gaps[400:])
    assert relative_error(filled, X[400:], gaps[400:]) < 0.55
    assert len(imputer.estimators_) == 1
    assert 0.0 <= imputer.weight_ <= 1.0


@pytest.mark.slow
def test_autoencoder_learns_what_the_linear_guess_cannot():
    # A parabola: uncorrelated columns, of which one follows from the other.
    x = np.random.RandomState(0).uniform(-1, 1, size=(600, 1))
    X = np.hstack([x, x**2])
    rows = X.copy()
    rows[::3, 1] = np.nan
    ae = small(n_components=64, hidden_layer_sizes=(64,), max_iter=100)
    imputer = make(ae, n_estimators=1).fit(rows)
    assert imputer.weight_ > 0.7
    error = np.abs(imputer.transform(rows) - X)[::3, 1]
    of_mean = np.abs(np.nanmean(rows[:, 1]) - X)[::3, 1]
    assert error.mean() < 0.4 * of_mean.mean()


@pytest.mark.parametrize("corruption", ["gaussian", "swap", "masking", None])
def test_any_autoencoder_of_the_package_serves(corruption):
    X, gaps = make_table()
    imputer = make(small(corruption=corruption, emphasis=None)).fit(gaps)
    # Whatever it is worth: the weight keeps a useless one from doing harm.
    assert relative_error(imputer.transform(gaps), X, gaps) < 0.6


def test_numbers_may_go_through_the_autoencoder_of_tables():
    X, gaps = make_table()
    imputer = make(TabularDenoisingAutoencoder(4, max_iter=3)).fit(gaps)
    assert relative_error(imputer.transform(gaps), X, gaps) < 0.6
    assert imputer.sample(gaps[:5]).shape == (5, 5, 6)


def test_rows_without_anything_observed_get_about_the_mean(fitted):
    imputer, gaps, _ = fitted
    filled = imputer.transform(np.full((1, 6), np.nan))[0]
    scale = np.nanstd(gaps, axis=0)
    assert (np.abs(filled - np.nanmean(gaps, axis=0)) < scale).all()


def test_rows_do_not_depend_on_their_neighbours(fitted):
    imputer, gaps, _ = fitted
    together = imputer.transform(gaps[:20])
    alone = np.vstack([imputer.transform(gaps[i : i + 1]) for i in range(20)])
    np.testing.assert_allclose(alone, together, rtol=1e-5, atol=1e-5)


def test_complete_rows_and_columns_complete_in_fit():
    X, gaps = make_table()
    imputer = make().fit(X)
    np.testing.assert_array_equal(imputer.transform(X), X)
    assert relative_error(imputer.transform(gaps), X, gaps) < 0.5


@pytest.mark.parametrize("n_samples", [1, 2, 3, 7])
def test_few_rows(n_samples):
    _, gaps = make_table(n_samples)
    gaps[0] = np.arange(6)
    imputer = make().fit(gaps)
    assert np.isfinite(imputer.transform(gaps)).all()
    assert np.isfinite(imputer.sample(gaps, random_state=0)).all()


@pytest.mark.filterwarnings("error")
def test_column_observed_in_few_rows_only():
    _, gaps = make_table()
    gaps[2:, 0] = np.nan
    imputer = make().fit(gaps)
    assert np.isfinite(imputer.transform(gaps)).all()
    assert np.isfinite(imputer.sample(gaps, random_state=0)).all()


def test_constant_column_is_filled_with_its_value():
    _, gaps = make_table()
    gaps[:, 2] = np.where(np.isnan(gaps[:, 2]), np.nan, 0.3)
    filled = make().fit(gaps).transform(gaps)
    np.testing.assert_allclose(filled[:, 2], 0.3, rtol=1e-6, atol=1e-6)


def test_many_columns_need_no_covariance():
    X = np.random.RandomState(0).normal(size=(40, 300))
    gaps = X.copy()
    gaps[::2, ::3] = np.nan
    assert np.isfinite(make().fit(gaps).transform(gaps)).all()


# -- several completions ------------------------------------------------------------


def test_sample_keeps_what_is_observed_and_varies_the_rest(fitted):
    imputer, gaps, _ = fitted
    draws = imputer.sample(gaps, n_imputations=3, random_state=0)
    assert draws.shape == (3, *gaps.shape)
    observed = ~np.isnan(gaps)
    for draw in draws:
        np.testing.assert_array_equal(draw[observed], gaps[observed])
    varied = draws.std(axis=0)[~observed] > 0
    assert varied.mean() > 0.95
    low, high = np.nanmin(gaps, axis=0), np.nanmax(gaps, axis=0)
    assert ((low <= draws) & (draws <= high)).all()


def test_draws_reach_the_bound_at_which_many_values_are():
    # Draws of a column that is mostly zero must hold zeros, to the last digit.
    rng = np.random.RandomState(0)
    X = rng.normal(size=(400, 3))
    X[:, 2] = np.clip(X[:, 2] - 1, 0, None)
    rows = X[:200].copy()
    rows[:, 2] = np.nan
    draws = make().fit(X).sample(rows, random_state=0)
    assert (draws[:, :, 2] == 0).mean() > 0.2


def test_sample_repeats_with_its_seed_and_leaves_the_imputer_alone(fitted):
    imputer, gaps, _ = fitted
    before = pickle.dumps(imputer)
    first = imputer.sample(gaps, random_state=7)
    np.testing.assert_array_equal(first, imputer.sample(gaps, random_state=7))
    assert not np.array_equal(first, imputer.sample(gaps, random_state=8))
    assert pickle.dumps(imputer) == before


@pytest.mark.slow
def test_intervals_of_the_draws_cover_the_truth():
    X, gaps = make_table(600, missing=0.3)
    imputer = make(small(max_iter=50)).fit(gaps[:400])
    draws = imputer.sample(gaps[400:], n_imputations=60, random_state=0)
    low, high = np.percentile(draws, [5, 95], axis=0)
    missing = np.isnan(gaps[400:])
    covered = ((low <= X[400:]) & (X[400:] <= high))[missing].mean()
    # About 360 cells: a standard error of 1.6 %, doubled for cells of the same row.
    assert 0.82 < covered < 0.97


def test_draws_of_a_row_agree_with_one_another():
    # Two columns, all but equal, and missing together: a draw must keep them so.
    rng = np.random.RandomState(0)
    x = rng.normal(size=(400, 1))
    X = np.hstack([x, x + 0.05 * rng.normal(size=x.shape), rng.normal(size=x.shape)])
    imputer = make(small(max_iter=30)).fit(X)
    rows = np.tile([np.nan, np.nan, 0.0], (300, 1))
    (draw,) = imputer.sample(rows, n_imputations=1, random_state=0)
    assert draw[:, 0].std() > 0.7
    assert np.corrcoef(draw[:, 0], draw[:, 1])[0, 1] > 0.9


@pytest.mark.parametrize("n_imputations", [0, 1.5, "many"])
def test_sample_names_a_wrong_number(fitted, n_imputations):
    imputer, gaps, _ = fitted
    with pytest.raises(ValueError, match="n_imputations"):
        imputer.sample(gaps, n_imputations=n_imputations)


# -- as scikit-learn's imputers ------------------------------------------------------


@pytest.mark.parametrize("marker", [np.nan, -1, 0])
def test_indicators_stand_behind_the_columns(marker):
    X = np.array(
        [
            [marker, 1, 5, marker, 1],
            [2, marker, 1, marker, 2],
            [6, 3, marker, marker, 3],
            [1, 2, 9, marker, 4],
        ]
    )
    imputer = make(missing_values=marker, add_indicator=True)
    with pytest.warns(UserWarning, match="left out: 3"):
        filled = imputer.fit_transform(X)
    expected = MissingIndicator(missing_values=marker).fit_transform(X)
    np.testing.assert_array_equal(filled[:, -4:], expected)
    np.testing.assert_array_equal(imputer.indicator_.features_, [0, 1, 2, 3])
    imputer.set_params(add_indicator=False)
    with pytest.warns(UserWarning, match="left out"):
        np.testing.assert_allclose(imputer.fit_transform(X), filled[:, :-4])
    assert imputer.indicator_ is None


@pytest.mark.parametrize("keep", [False, True])
def test_empty_columns_are_left_out_or_filled_as_simple_imputer_does(keep):
    X = np.array([[np.nan, 1.0, np.nan], [np.nan, np.nan, np.nan], [np.nan, 3.0, 7.0]])
    new = np.array([[5.0, np.nan, 2.0]])
    imputer = make(keep_empty_features=keep)
    simple = SimpleImputer(keep_empty_features=keep)
    if keep:
        imputer.fit(X)
    else:
        with pytest.warns(UserWarning, match="columns, which are left out: 0"):
            imputer.fit(X)
    simple.fit(X)
    names = imputer.get_feature_names_out()
    np.testing.assert_array_equal(names, simple.get_feature_names_out())
    filled = imputer.transform(new)
    assert filled.shape == (1, len(names))
    # Observed cells stay, also where nothing was observed in fit.
    if keep:
        assert filled[0, 0] == 5.0
        assert imputer.transform(X)[0, 0] == 0.0
    assert imputer.sample(new).shape == (5, 1, len(names))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.filterwarnings("ignore:Nothing is observed")
def test_nothing_observed_at_all(keep):
    X = np.full((4, 2), np.nan)
    imputer = make(keep_empty_features=keep).fit(X)
    assert imputer.transform(X).shape == (4, 2 * keep)
    assert imputer.estimators_ == []
    assert imputer.weight_ == 0.0


@pytest.mark.parametrize("add_indicator", [False, True])
def test_names_of_the_columns_and_of_the_indicators(add_indicator):
    X = pd.DataFrame(make_table(30)[1], columns=list("abcdef"))
    X["e"] = np.nan
    X["f"] = 1.0
    imputer = make(add_indicator=add_indicator)
    simple = SimpleImputer(add_indicator=add_indicator)
    with pytest.warns(UserWarning, match="left out: e"):
        imputer.fit(X)
    simple.fit(X)
    np.testing.assert_array_equal(
        imputer.get_feature_names_out(), simple.get_feature_names_out()
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_go_in_and_come_out(library):
    _, gaps = make_table(40)
    frame = {"pandas": pd.DataFrame, "polars": pl.DataFrame}[library](
        {name: gaps[:, i] for i, name in enumerate("abcdef")}
    )
    imputer = make(add_indicator=True).set_output(transform=library)
    out = imputer.fit_transform(frame)
    assert type(out) is type(frame)
    assert list(out.columns) == list(imputer.get_feature_names_out())
    expected = make().fit_transform(gaps)
    np.testing.assert_array_equal(out.to_numpy()[:, :6].astype(float), expected)


def test_nullable_integers_of_pandas():
    X = np.array([[np.nan, 1, 5], [2, np.nan, 1], [6, 3, np.nan], [1, 2, 9]])
    frame = pd.DataFrame(X, dtype="Int16", columns=["a", "b", "c"])
    expected = make().fit_transform(X)
    for mark in (np.nan, pd.NA):
        filled = make(missing_values=mark).fit_transform(frame)
        assert (filled.dtypes == "Int16").all()
        np.testing.assert_array_equal(filled.astype(float), expected.round())


@pytest.mark.parametrize("method", ["fit", "transform", "sample"])
@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinity_is_refused(fitted, method, value):
    imputer, gaps, _ = fitted
    rows = gaps.copy()
    rows[0, 0] = value
    with pytest.raises(ValueError, match="infinity"):
        imputer.transform(rows)


def test_nan_is_refused_where_something_else_stands_for_missing():
    with pytest.raises(ValueError, match="NaN"):
        make(missing_values=-1).fit([[np.nan, 1.0], [2.0, -1.0]])


@pytest.mark.parametrize(
    "params", [{"n_estimators": 0}, {"autoencoder": "mlp"}, {"add_indicator": 2}]
)
def test_wrong_parameters_are_named(params):
    (name,) = params
    with pytest.raises(ValueError, match=name):
        make(**{"autoencoder": small(), **params}).fit(make_table(10)[1])


def test_unfitted_imputer_says_so():
    for method in ("transform", "sample"):
        with pytest.raises(NotFittedError):
            getattr(make(), method)([[1.0]])
    assert not hasattr(make(), "estimators_")


def test_failed_fit_leaves_the_earlier_one(fitted):
    imputer, gaps, _ = fitted
    imputer = pickle.loads(pickle.dumps(imputer))
    expected = imputer.transform(gaps)
    # Fails in the midst of the training.
    imputer.set_params(autoencoder__learning_rate_init=1e30)
    with pytest.raises(ValueError, match="loss became"):
        imputer.fit(gaps[:, :4])
    np.testing.assert_array_equal(imputer.transform(gaps), expected)


# -- seeds, search, files -------------------------------------------------------------


def test_seed_repeats_the_fit():
    _, gaps = make_table(60)
    first = make().fit(gaps).transform(gaps)
    np.random.seed(5)
    np.testing.assert_array_equal(make().fit(gaps).transform(gaps), first)
    assert (make(random_state=1).fit(gaps).transform(gaps) != first).any()


def test_global_generators_are_left_alone():
    _, gaps = make_table(60)
    before = torch.get_rng_state(), np.random.get_state(), random.getstate()
    make().fit(gaps).sample(gaps, random_state=0)
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1][1])
    assert random.getstate() == before[2]


def test_parameters_of_the_autoencoder_are_searched():
    X, gaps = make_table(60)
    model = make_pipeline(make(), Ridge())
    grid = {"denoisingimputer__autoencoder__noise_level": [0.1, 0.4]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(gaps, X[:, 0])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    best = search.best_estimator_[0]
    assert best.estimators_[0].noise_level == best.autoencoder.noise_level
    assert not hasattr(best.autoencoder, "net_")


@pytest.mark.parametrize("corruption", ["conditional_mean", "masking"])
def test_imputer_goes_through_files(tmp_path, corruption):
    _, gaps = make_table(60)
    imputer = make(small(corruption=corruption), add_indicator=True).fit(gaps)
    save(imputer, tmp_path / "imputer.safetensors")
    loaded = load(tmp_path / "imputer.safetensors")
    copied = pickle.loads(pickle.dumps(imputer))
    for other in (loaded, copied):
        np.testing.assert_array_equal(other.transform(gaps), imputer.transform(gaps))
        np.testing.assert_array_equal(
            other.sample(gaps, random_state=0), imputer.sample(gaps, random_state=0)
        )


# -- tables with categories and times -------------------------------------------------


def small_tabular(**params):
    """Return an autoencoder of tables that trains in no time."""
    return TabularDenoisingAutoencoder(
        **{
            "n_components": 16,
            "hidden_layer_sizes": (16,),
            "numeric_scaling": "standard",
            "corruption": "masking",
            "noise_level": 0.3,
            "emphasis": "full",
            "max_iter": 30,
            **params,
        }
    )


def make_mixed(n_samples=200, missing=0.2, seed=0):
    """Return a frame in which columns tell of one another, and the same with gaps."""
    rng = np.random.RandomState(seed)
    kind = rng.choice(["cat", "dog", "fish"], n_samples, p=[0.5, 0.3, 0.2])
    size = np.select([kind == "cat", kind == "dog"], [4.0, 9.0], 1.0)
    days = pd.to_timedelta(rng.randint(0, 900, n_samples), unit="D")
    frame = pd.DataFrame(
        {
            "size": size + rng.normal(size=n_samples),
            "kind": kind,
            "legs": pd.array(np.where(kind == "fish", 0, 4), dtype="Int64"),
            "tame": pd.array(kind != "fish", dtype="boolean"),
            "born": pd.Timestamp("2020-01-01") + days,
            "purrs": pd.Categorical(np.where(kind == "cat", "yes", "no")),
        },
        index=[f"row{i}" for i in range(n_samples)],
    )
    return frame, frame.mask(rng.uniform(size=frame.shape) < missing)


def make_for_tables(**params):
    """Return an imputer of tables that trains in no time."""
    return make(small_tabular(), **params)


def quick_for_tables(**params):
    """Return one whose numbers do not matter."""
    return make(small_tabular(max_iter=3), n_estimators=1, **params)


@pytest.fixture(scope="module")
def fitted_table():
    """An imputer, the table with gaps that it was fitted to, and the truth."""
    X, gaps = make_mixed()
    return make_for_tables().fit(gaps), gaps, X


def test_table_comes_back_with_its_types_and_what_was_observed(fitted_table):
    imputer, gaps, _ = fitted_table
    before = gaps.copy(deep=True)
    filled = imputer.transform(gaps)
    pd.testing.assert_frame_equal(gaps, before)
    assert list(filled.dtypes) == list(gaps.dtypes)
    assert filled.index.equals(gaps.index)
    assert not filled.isna().any().any()
    pd.testing.assert_frame_equal(filled.where(gaps.notna()), gaps.where(gaps.notna()))


def test_categories_and_numbers_of_new_rows_are_found(fitted_table):
    imputer, _, _ = fitted_table
    X, gaps = make_mixed(seed=1)
    filled = imputer.transform(gaps)
    for name, least in {"kind": 0.85, "legs": 0.85, "tame": 0.9, "purrs": 0.85}.items():
        missing = gaps[name].isna()
        assert (filled[name] == X[name])[missing].mean() > least, name
    error = (filled["size"] - X["size"])[gaps["size"].isna()]
    assert error.std() < 0.6 * X["size"].std()


@pytest.mark.slow
def test_default_fills_tables(fitted_table):
    _, gaps, X = fitted_table
    imputer = DenoisingImputer(n_estimators=1, random_state=0).fit(gaps)
    filled = imputer.transform(gaps)
    missing = gaps["purrs"].isna()
    assert (filled["purrs"] == X["purrs"])[missing].mean() > 0.85
    assert isinstance(imputer.estimators_[0], TabularDenoisingAutoencoder)
    assert set(imputer.estimators_[0].categories_) == {"kind", "tame", "purrs"}


@pytest.mark.parametrize("container", ["polars", "array"])
def test_tables_in_other_containers_are_filled_alike(fitted_table, container):
    imputer, gaps, _ = fitted_table
    expected = imputer.transform(gaps)
    if container == "polars":
        rows = pl.from_pandas(gaps)
        filled = make_for_tables().fit(rows).transform(rows)
        assert filled.schema == rows.schema
        assert filled["kind"].to_list() == expected["kind"].tolist()
        assert filled["purrs"].to_list() == expected["purrs"].tolist()
        sizes, times = filled["size"].to_numpy(), filled["born"].to_list()
    else:
        rows = gaps.to_numpy(dtype=object)
        filled = make_for_tables().fit(rows).transform(rows)
        assert filled.dtype == object
        assert filled[:, 1].tolist() == expected["kind"].tolist()
        sizes, times = filled[:, 0].astype(float), filled[:, 4].tolist()
    np.testing.assert_allclose(sizes, expected["size"], rtol=1e-5)
    apart = pd.Series(times).to_numpy() - expected["born"].to_numpy()
    assert (np.abs(apart) < np.timedelta64(1, "m")).all()


def test_draws_of_a_table(fitted_table):
    imputer, gaps, X = fitted_table
    draws = imputer.sample(gaps, n_imputations=20, random_state=0)
    assert len(draws) == 20
    again = imputer.sample(gaps, n_imputations=20, random_state=0)
    for draw, same in zip(draws, again, strict=True):
        pd.testing.assert_frame_equal(draw, same)
        assert list(draw.dtypes) == list(gaps.dtypes)
        observed = gaps.notna()
        pd.testing.assert_frame_equal(draw.where(observed), gaps.where(observed))
        assert draw["size"].between(gaps["size"].min(), gaps["size"].max()).all()
    # Cells that nothing tells of come in their frequencies; known ones, always.
    nothing = gaps.mask(np.ones(gaps.shape, dtype=bool))
    drawn = pd.concat(imputer.sample(nothing, 5, random_state=0))
    np.testing.assert_allclose(
        drawn["kind"].value_counts(normalize=True)[["cat", "dog", "fish"]],
        X["kind"].value_counts(normalize=True)[["cat", "dog", "fish"]],
        atol=0.1,
    )
    # Cells of a row agree: a cat purrs.
    assert ((drawn["kind"] == "cat") == (drawn["purrs"] == "yes")).mean() > 0.9


def test_codes_are_filled_with_codes():
    rng = np.random.RandomState(0)
    code = rng.randint(3, size=300)
    X = np.column_stack([code * 10, rng.normal(size=300) + code])
    gaps = np.where(rng.uniform(size=X.shape) < 0.2, np.nan, X)
    imputer = make(small_tabular(categorical_features=[0])).fit(gaps)
    filled = imputer.transform(gaps)
    assert set(filled[:, 0]) == {0.0, 10.0, 20.0}
    assert filled.dtype == np.float64


def test_numbers_go_through_the_autoencoder_of_tables_in_their_container():
    _, gaps = make_table()
    frame = pd.DataFrame(gaps, columns=list("abcdef"))
    filled = make_for_tables().fit_transform(frame)
    assert isinstance(filled, pd.DataFrame)
    np.testing.assert_allclose(
        filled, make_for_tables().fit_transform(gaps), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_indicators_stand_behind_the_columns_of_a_table(library):
    _, gaps = make_mixed(60)
    missing = gaps.isna().to_numpy()
    rows = gaps if library == "pandas" else pl.from_pandas(gaps)
    imputer = quick_for_tables(add_indicator=True)
    filled = imputer.fit_transform(rows)
    names = [*gaps.columns, *(f"missingindicator_{name}" for name in gaps.columns)]
    assert list(filled.columns) == names == list(imputer.get_feature_names_out())
    np.testing.assert_array_equal(filled.to_numpy()[:, 6:].astype(bool), missing)
    if library == "pandas":
        assert filled.index.equals(gaps.index)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("library", ["pandas", "polars", "array"])
def test_empty_columns_of_a_table(keep, library):
    _, gaps = make_mixed(60)
    gaps["size"] = np.nan
    gaps["purrs"] = pd.Categorical([None] * 60, categories=["yes", "no"])
    rows = {"pandas": gaps, "polars": pl.from_pandas(gaps), "array": gaps.to_numpy()}
    imputer = quick_for_tables(keep_empty_features=keep)
    if keep:
        filled = imputer.fit_transform(rows[library])
    else:
        with pytest.warns(UserWarning, match="columns, which are left out"):
            filled = imputer.fit_transform(rows[library])
    assert filled.shape == (60, 6 if keep else 4)
    filled = pd.DataFrame(filled, columns=imputer.get_feature_names_out())
    if keep and library != "array":
        # A number does for numbers; of categories there is none.
        assert (filled["size"] == 0).all()
        assert filled["purrs"].isna().all()
        filled = filled.drop(columns=["purrs"])
    if library != "array":
        assert not filled.isna().any().any()


@pytest.mark.parametrize("library", ["pandas", "polars", "default"])
def test_set_output_of_tables(fitted_table, library):
    _, gaps, _ = fitted_table
    imputer = quick_for_tables().set_output(transform=library)
    filled = imputer.fit_transform(gaps)
    kind = {"polars": pl.DataFrame}.get(library, pd.DataFrame)
    assert type(filled) is kind
    assert list(filled.columns) == list(gaps.columns)


def test_unseen_categories_stay_and_do_no_harm(fitted_table):
    imputer, gaps, _ = fitted_table
    rows = gaps[:2].copy()
    rows["kind"] = ["bird", None]
    rows["size"] = [np.nan, 4.0]
    filled = imputer.transform(rows)
    assert filled["kind"].tolist()[0] == "bird"
    assert filled["kind"].tolist()[1] in {"cat", "dog", "fish"}
    assert np.isfinite(filled["size"]).all()
    assert imputer.sample(rows, 2)[1]["kind"].tolist()[0] == "bird"


@pytest.mark.parametrize("n_samples", [1, 2, 5])
def test_few_rows_of_a_table(n_samples):
    X, _ = make_mixed(n_samples)
    rows = X.copy()
    rows.iloc[-1, 1] = None
    if n_samples == 1:
        rows = X
    imputer = quick_for_tables().fit(rows)
    nothing = X.mask(np.ones(X.shape, dtype=bool))
    assert not imputer.transform(nothing).isna().any().any()
    assert not imputer.sample(nothing, 1)[0].isna().any().any()


@pytest.mark.parametrize("method", ["fit", "transform", "sample"])
def test_infinity_in_a_table_is_refused(fitted_table, method):
    imputer, gaps, _ = fitted_table
    rows = gaps.copy()
    # In a row without gaps.
    rows.iloc[0] = make_mixed()[0].iloc[0]
    rows.iloc[0, 0] = np.inf
    with pytest.raises(ValueError, match=r"infinity .* in column size"):
        imputer.transform(rows)


def test_columns_of_another_table_are_refused(fitted_table):
    imputer, gaps, _ = fitted_table
    for other in (gaps[gaps.columns[::-1]], gaps.drop(columns=["kind"])):
        with pytest.raises(ValueError, match="feature names should match"):
            imputer.transform(other)
    with pytest.raises(ValueError, match="Column size was numeric in fit"):
        imputer.transform(gaps.assign(size="large"))


def test_tables_need_an_autoencoder_of_tables(fitted_table):
    _, gaps, _ = fitted_table
    with pytest.raises(TypeError, match="kind, tame, born, purrs"):
        make().fit(gaps)


@pytest.mark.parametrize("mark", [np.nan, pd.NA, None])
def test_all_that_is_missing_counts_as_missing_in_a_table(fitted_table, mark):
    imputer, gaps, _ = fitted_table
    rows = gaps.astype(object).where(gaps.notna(), mark).to_numpy()
    filled = make_for_tables(missing_values=mark).fit_transform(rows)
    assert filled[:, 1].tolist() == imputer.transform(gaps)["kind"].tolist()


def test_imputer_of_tables_goes_through_files(tmp_path, fitted_table):
    imputer, gaps, _ = fitted_table
    save(imputer, tmp_path / "imputer.safetensors")
    loaded = load(tmp_path / "imputer.safetensors")
    copied = pickle.loads(pickle.dumps(imputer))
    for other in (loaded, copied):
        pd.testing.assert_frame_equal(other.transform(gaps), imputer.transform(gaps))
        pd.testing.assert_frame_equal(
            other.sample(gaps, 1, random_state=0)[0],
            imputer.sample(gaps, 1, random_state=0)[0],
        )


def test_failed_fit_on_a_table_leaves_the_earlier_one(fitted_table):
    imputer, gaps, _ = fitted_table
    imputer = pickle.loads(pickle.dumps(imputer))
    expected = imputer.transform(gaps)
    imputer.set_params(autoencoder__max_categories=1)
    with pytest.raises(ValueError, match="max_categories"):
        imputer.fit(gaps[["size", "kind"]])
    pd.testing.assert_frame_equal(imputer.transform(gaps), expected)
    # From numbers to a table and back.
    numbers = make_table()[1]
    imputer.set_params(autoencoder=None, n_estimators=1).fit(numbers[:20])
    assert imputer.transform(numbers).shape == numbers.shape


@pytest.mark.slow
def test_table_in_a_pipeline_with_a_grid(fitted_table):
    _, gaps, X = fitted_table
    by_kind = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["kind", "purrs"]),
        (StandardScaler(), ["legs"]),
    )
    model = make_pipeline(make_for_tables(), by_kind, Ridge())
    grid = {"denoisingimputer__autoencoder__noise_level": [0.1, 0.4]}
    search = GridSearchCV(model, grid, cv=2, error_score="raise")
    search.fit(gaps, X["size"])
    assert search.best_score_ > 0.5


@pytest.mark.parametrize("unit", ["s", "ns"])
def test_times_of_another_unit_are_the_same_times(fitted_table, unit):
    imputer, gaps, _ = fitted_table
    expected = imputer.transform(gaps)
    other = gaps.astype({"born": f"datetime64[{unit}]"})
    filled = imputer.transform(other)
    assert list(filled.dtypes) == list(other.dtypes)
    pd.testing.assert_frame_equal(
        filled.drop(columns="born"), expected.drop(columns="born")
    )
    apart = filled["born"].astype("datetime64[us]") - expected["born"]
    assert (apart.abs() <= pd.Timedelta("1s")).all()


@pytest.mark.parametrize("dtype", ["timedelta64[us]", "int64", "str"])
def test_times_do_not_become_something_else(fitted_table, dtype):
    imputer, gaps, _ = fitted_table
    other = gaps.assign(born=np.arange(len(gaps)))
    with pytest.raises(ValueError, match="Column born was datetime in fit, got"):
        imputer.transform(other.astype({"born": dtype}))
    with pytest.raises(ValueError, match="Column size was numeric in fit"):
        imputer.transform(gaps.assign(size=gaps["born"]))


def test_column_missing_from_a_batch_altogether(fitted_table):
    imputer, gaps, _ = fitted_table
    row = gaps.iloc[[0]].copy()
    for name in row.columns:
        row[name] = np.nan
    filled = imputer.transform(row)
    assert not filled.isna().any().any()
    assert filled.dtypes.drop("purrs").equals(gaps.dtypes.drop("purrs"))
    assert isinstance(filled["purrs"].dtype, pd.CategoricalDtype)


def test_one_category_alone_is_filled_in():
    X = pd.DataFrame({"kind": ["cat", None] * 10})
    imputer = make_for_tables().fit(X)
    assert (imputer.transform(X)["kind"] == "cat").all()
    assert (imputer.sample(X, 1)[0]["kind"] == "cat").all()


def test_values_too_large_to_scale_are_refused(fitted_table):
    imputer, gaps, _ = fitted_table
    rows = gaps.copy()
    rows.iloc[0, 0] = 1e300
    with pytest.raises(ValueError, match=r"too large for .* in column size"):
        imputer.transform(rows)


@pytest.mark.parametrize("greatest", [1e160, 1e300])
def test_great_numbers_do_not_overflow(greatest):
    _, gaps = make_table()
    gaps[0, 0], gaps[1, 0] = greatest, np.nan
    filled = make().fit(gaps).transform(gaps)
    assert np.isfinite(filled).all()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_indicator_does_not_replace_a_column(library):
    X = pd.DataFrame({"a": [1.0, None] * 10, "missingindicator_a": ["x", "y"] * 10})
    X = X if library == "pandas" else pl.from_pandas(X)
    with pytest.raises(ValueError, match="X has a column 'missingindicator_a' already"):
        make_for_tables(add_indicator=True).fit_transform(X)


def test_polars_frame_as_pandas_output(fitted_table):
    _, gaps, _ = fitted_table
    rows = pl.from_pandas(gaps)
    for add_indicator in (False, True):
        converter = make_for_tables(add_indicator=add_indicator)
        filled = converter.set_output(transform="pandas").fit_transform(rows)
        assert isinstance(filled, pd.DataFrame)
        assert list(filled.columns) == list(converter.get_feature_names_out())
        assert filled["born"].dtype.kind == "M"
        assert filled["size"].dtype == np.float64
