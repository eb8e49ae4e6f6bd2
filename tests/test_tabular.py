"""The autoencoder for mixed tables."""

import datetime
import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_dae import (
    ComposeNoise,
    GaussianNoise,
    MaskingNoise,
    SwapNoise,
    TabularDenoisingAutoencoder,
)


def make(**params):
    return TabularDenoisingAutoencoder(
        **{
            "n_components": 4,
            "hidden_layer_sizes": (16,),
            "max_iter": 4,
            "random_state": 0,
            **params,
        }
    )


def make_table(n_samples=80, seed=0):
    """A table in which the columns tell of one another."""
    rng = np.random.RandomState(seed)
    kind = rng.randint(3, size=n_samples)
    size = kind + 0.1 * rng.normal(size=n_samples)
    X = pd.DataFrame(
        {
            "kind": np.array(["cat", "dog", "horse"])[kind],
            "size": size,
            "legs": 4 + (kind == 2) * rng.randint(2, size=n_samples),
            "large": kind == 2,
            "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(100 * kind, unit="D"),
        }
    )
    X.loc[::7, "kind"] = None
    X.loc[3::7, "size"] = np.nan
    X.loc[5::7, "seen"] = pd.NaT
    return X


@pytest.fixture(scope="module")
def X():
    return make_table()


@pytest.fixture(scope="module")
def fitted(X):
    return make(max_iter=150).fit(X)


# -- frames in, frames out ----------


def test_denoised_table_has_the_columns_and_types(fitted, X):
    denoised = fitted.denoise(X.iloc[::-1])
    assert denoised.dtypes.equals(X.dtypes)
    assert denoised.index.equals(X.index[::-1])
    assert not denoised.isna().any().any()


def test_inverse_transform_is_what_denoise_does(fitted, X):
    restored = fitted.inverse_transform(fitted.transform(X))
    pd.testing.assert_frame_equal(restored, fitted.denoise(X), rtol=1e-4)


def test_polars_table_comes_back(X):
    table = pl.DataFrame(
        {
            "kind": [None if v != v else v for v in X["kind"].fillna(np.nan)],
            "size": X["size"].tolist(),
            "large": X["large"].tolist(),
        }
    )
    dae = make().fit(table)
    assert dae.denoise(table).schema == table.schema
    assert dae.set_output(transform="polars").transform(table).shape == (len(X), 36)


def test_missing_cells_are_restored_from_the_others(fitted, X):
    denoised = fitted.denoise(X)
    kind = np.array(["cat", "dog", "horse"])[X["size"].round().fillna(0).astype(int)]
    hidden = X["kind"].isna() & X["size"].notna()
    assert (denoised["kind"] == kind)[hidden].mean() > 0.9
    hidden = X["size"].isna()
    expected = X["kind"].map({"cat": 0, "dog": 1, "horse": 2})
    assert np.allclose(denoised["size"][hidden], expected[hidden], atol=0.3)


def test_features_are_the_layers_or_the_code(X):
    layers = make().fit(X)
    code = clone(layers).set_params(features="code").fit(X)
    assert layers.transform(X).shape == (len(X), 16 + 4 + 16)
    assert code.transform(X).shape == (len(X), 4)
    names = layers.get_feature_names_out()
    assert names[0] == "tabulardenoisingautoencoder_encoder0_0"
    np.testing.assert_array_equal(layers.transform(X)[:, 16:20], code.transform(X))


@pytest.mark.parametrize("features", ["code", "layers"])
def test_what_the_module_reads_may_be_passed_through(X, features):
    dae = make(features=features).fit(X)
    alone = dae.transform(X)
    more = dae.set_params(passthrough=True).transform(X)
    names = dae.get_feature_names_out()
    assert len(names) == more.shape[1]
    np.testing.assert_array_equal(more[:, -alone.shape[1] :], alone)
    passed = dict(zip(names, more[:, : -alone.shape[1]].T, strict=False))
    assert list(passed) == [
        *("size", "legs", "seen", "kind_cat", "kind_dog", "kind_horse"),
        *("large_False", "large_True"),
        *("missingindicator_kind", "missingindicator_size", "missingindicator_seen"),
    ]
    assert (passed["kind_dog"] == (X["kind"] == "dog")).all()
    assert (passed["missingindicator_size"] == X["size"].isna()).all()
    assert passed["size"][X["size"].notna()].std() == pytest.approx(1, abs=0.01)
    pd.testing.assert_frame_equal(
        dae.inverse_transform(more), dae.denoise(X), rtol=1e-4
    )


def test_reconstruction_is_no_feature(X):
    with pytest.raises(ValueError, match="features"):
        make(features="reconstruction").fit(X)
    dae = make().fit(X).set_params(features="reconstruction")
    with pytest.raises(ValueError, match="'features' parameter of"):
        dae.transform(X)


def test_errors_of_categories_are_in_the_unit_interval(fitted, X):
    errors = fitted.reconstruction_error(X, per_feature=True)
    assert errors.shape == X.shape
    assert (np.isnan(errors) == X.isna().to_numpy()).all()
    categorical = errors[:, [0, 3]]
    assert np.nanmin(errors) >= -1e-6
    assert np.nanmax(categorical) <= 1
    np.testing.assert_allclose(
        fitted.score_samples(X), -np.nanmean(errors, axis=1), rtol=1e-5
    )


def test_wrong_category_has_a_greater_error(fitted, X):
    rows = X[X["kind"].notna() & X["size"].notna()]
    wrong = rows.assign(
        kind=rows["kind"].map({"cat": "dog", "dog": "horse", "horse": "cat"})
    )
    right, wrong = (
        fitted.reconstruction_error(table, per_feature=True)[:, 0].mean()
        for table in (rows, wrong)
    )
    assert right < 0.1 < wrong


# -- columns ----------


def test_columns_must_be_those_of_fit(fitted, X):
    for table in (X[X.columns[::-1]], X.drop(columns="size"), X.assign(more=1)):
        with pytest.raises(ValueError, match="feature names should match"):
            fitted.transform(table)
    with pytest.raises(ValueError, match="5 features"):
        with pytest.warns(UserWarning, match="feature names"):
            fitted.transform(X.to_numpy()[:, :3])


def test_unseen_category_is_none_of_the_others_and_not_missing(fitted, X):
    rows = X[X["kind"].notna()].head(3)
    unseen = rows.assign(kind="unicorn")
    inputs = slice(0, fitted.net_.module_.n_features)
    dae = clone(fitted).set_params(passthrough=True).fit(X)
    passed = dae.transform(unseen)[:, inputs]
    names = dae.get_feature_names_out()[inputs]
    for name, values in zip(names, passed.T, strict=True):
        if "kind" in name:
            assert (values == 0).all()
    assert np.isnan(dae.reconstruction_error(unseen, per_feature=True)[:, 0]).all()
    assert set(dae.denoise(unseen)["kind"]) <= {"cat", "dog", "horse"}


def test_empty_columns_are_named_and_stay_empty(X):
    table = X.assign(void=np.nan, nothing=None)
    with pytest.warns(UserWarning, match="stay empty: void, nothing"):
        dae = make().fit(table)
    denoised = dae.denoise(table)
    assert denoised[["void", "nothing"]].isna().all().all()
    assert np.isfinite(dae.transform(table.assign(void=1.0))).all()


def test_categories_are_told_by_column(fitted):
    assert fitted.categories_["kind"].tolist() == ["cat", "dog", "horse"]
    assert fitted.categories_["large"].tolist() == [False, True]


def test_high_cardinality_is_bounded():
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"id": rng.randint(1000, size=2000).astype(str), "x": range(2000)})
    dae = make(max_categories=20, max_iter=1).fit(X)
    assert len(dae.categories_["id"]) == 20


def test_integer_codes_may_be_categories():
    X = pd.DataFrame({"code": [3, 1, 7] * 20, "x": np.arange(60.0)})
    dae = make(categorical_features=["code"]).fit(X)
    assert dae.categories_["code"].tolist() == [1, 3, 7]
    assert set(dae.denoise(X)["code"]) <= {1, 3, 7}


@pytest.mark.parametrize("name", ["kind", "large"])
def test_table_of_one_categorical_column(X, name):
    assert make().fit(X[[name]]).denoise(X[[name]]).shape == (len(X), 1)


def test_list_of_rows_of_mixed_values():
    X = [[1.0, "a"], [2.0, "b"], [np.nan, "a"], [4.0, None]]
    dae = make().fit(X)
    assert dae.categories_ == {"1": pytest.approx(np.array(["a", "b"], dtype=object))}
    assert dae.denoise(X).dtype == object


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_infinity_is_refused(X, container):
    table = X[["size", "large"]].assign(size=np.inf)
    if container == "polars":
        table = pl.DataFrame({name: table[name].tolist() for name in table})
    with pytest.raises(ValueError, match="infinity"):
        make().fit(table)


@pytest.mark.parametrize("shape", [(0, 2), (2, 0)])
def test_table_without_rows_or_columns_is_refused(shape):
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        make().fit(pd.DataFrame(np.zeros(shape)))


def test_failed_fit_leaves_the_earlier_one(X):
    dae = make().fit(X)
    before = dae.transform(X)
    with pytest.raises(ValueError, match="infinity"):
        dae.fit(X.assign(size=np.inf))
    with pytest.raises(ValueError, match="loss became"):
        dae.set_params(optimizer="sgd", learning_rate_init=1e30).fit(X[["kind"]])
    np.testing.assert_array_equal(dae.transform(X), before)
    assert dae.categories_.keys() == {"kind", "large"}


# -- training ----------


@pytest.mark.parametrize(
    "params",
    [
        {"corruption": None},
        {"corruption": "masking", "noise_level": 0.3},
        {"noise_level": [0.1, 0.2, 0.3, 0.0, 0.5]},
        {"emphasis": "full"},
        {"mask_loss_weight": 1.0},
        {"mask_loss_weight": 1.0, "emphasis": (1, 0.1), "corruption": "masking"},
        {"mask_loss_weight": 1.0, "corruption": None},
        {"corruption": ComposeNoise([SwapNoise(), GaussianNoise([0, 0.1, 0, 0, 0])])},
        {"corruption": GaussianNoise(2.0)},
        {"numeric_scaling": "standard", "dropout": 0.2, "early_stopping": True},
        {"hidden_layer_sizes": (), "activation": "silu"},
        {"optimizer": torch.optim.Adam, "mask_loss_weight": 0.5},
    ],
    ids=str,
)
def test_every_setting_learns(X, params):
    dae = make(max_iter=30, **params).fit(X, sample_weight=np.linspace(0.1, 2, len(X)))
    # Single epochs of few rows under fresh noise differ by a fifth.
    assert np.mean(dae.loss_curve_[-10:]) < np.mean(dae.loss_curve_[:10])
    assert np.isfinite(dae.transform(X)).all()


def test_swap_makes_no_new_category(X):
    dae = make(corruption="swap", noise_level=1.0).fit(X)
    encoded = dae._table.transform(X)
    swapped = dae.corruption_.corrupt(torch.from_numpy(encoded)).numpy()
    for j in (0, 3):
        values = encoded[:, j][~np.isnan(encoded[:, j])]
        assert np.isin(swapped[:, j][~np.isnan(swapped[:, j])], values).all()


def test_masked_cells_are_seen_as_missing(X):
    dae = make(corruption="masking")
    assert np.isnan(dae.fit(X).corruption_.fill_value)
    carried = make(corruption=MaskingNoise(0.2, fill_value=np.nan)).fit(X)
    np.testing.assert_array_equal(dae.transform(X), carried.transform(X))


@pytest.mark.slow
def test_mask_head_tells_swapped_cells():
    rng = np.random.RandomState(0)
    kind = rng.randint(4, size=600)
    X = pd.DataFrame({"a": kind.astype(str), "b": kind.astype(float), "c": kind * 2.0})
    dae = make(
        mask_loss_weight=1.0, noise_level=0.2, max_iter=100, hidden_layer_sizes=(64,)
    ).fit(X)
    encoded = torch.from_numpy(dae._table.transform(X))
    swapped, _ = dae.corruption_.corrupt(
        encoded, torch.Generator().manual_seed(0), return_mask=True
    )
    with torch.no_grad():
        module = dae.net_.module_
        logits = module.decode(module.encode(swapped))[:, -3:]
    changed = swapped != encoded
    assert roc_auc_score(changed.ravel(), logits.ravel()) > 0.9


def test_fit_is_repeatable_and_moves_no_global_state(X):
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    one, other = make().fit(X).transform(X), make().fit(X).transform(X)
    np.testing.assert_array_equal(one, other)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def test_partial_fit_keeps_scales_and_categories(X):
    dae = make().partial_fit(X)
    with pytest.warns(UserWarning, match=r"first call .* columns: kind \('unicorn'\)"):
        dae.partial_fit(X.assign(kind="unicorn", size=1e6))
    assert dae.categories_["kind"].tolist() == ["cat", "dog", "horse"]
    with pytest.raises(ValueError, match="early_stopping"):
        make(early_stopping=True).partial_fit(X)


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
@pytest.mark.parametrize("container", ["pandas", "polars", "array", "list"])
def test_one_warning_names_the_categories_that_come_later(container, method):
    first = pd.DataFrame({"a": list("xyz") * 5, "n": range(15), "b": list("uvu") * 5})
    later = first.assign(a=list("xpq") * 5, b=list("uvw") * 5)
    make_X = {
        "pandas": lambda X: X,
        "polars": pl.DataFrame,
        "array": lambda X: X.to_numpy(dtype=object),
        "list": lambda X: X.to_numpy(dtype=object).tolist(),
    }[container]
    dae = make(warm_start=True).fit(make_X(first))
    with pytest.warns(UserWarning) as caught:
        getattr(dae, method)(make_X(later))
    (warning,) = caught
    names = ("a", "b") if container in ("pandas", "polars") else (0, 2)
    wanted = f"{names[0]} ('p', 'q'), {names[1]} ('w')"
    assert f"columns: {wanted}. Give" in str(warning.message)
    assert np.isfinite(dae.loss_curve_).all()
    # Rare ones share an outcome, which new ones join.
    dae = make(warm_start=True, max_categories=2).fit(make_X(first))
    getattr(dae, method)(make_X(first.assign(a=list("xpq") * 5)))


def test_warm_start_goes_on(X):
    dae = make(warm_start=True).fit(X)
    first = dae.loss_curve_[-1]
    dae.fit(X)
    assert len(dae.net_.history) == 8
    assert dae.loss_curve_[-1] < first


def test_table_is_not_modified(X):
    before = X.copy()
    make().fit(X).transform(X)
    pd.testing.assert_frame_equal(X, before)


# -- scikit-learn ----------


def test_pickle_gives_the_same_features(fitted, X):
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
    pd.testing.assert_frame_equal(loaded.denoise(X), fitted.denoise(X))


def test_grid_search_over_a_pipeline(X):
    y = (X["legs"] > 4).to_numpy()
    search = GridSearchCV(
        make_pipeline(make(max_iter=2), LogisticRegression(max_iter=1000)),
        {"tabulardenoisingautoencoder__noise_level": [0.1, 0.3]},
        cv=2,
    ).fit(X, y)
    assert search.predict(X).shape == (len(X),)


def test_set_output_names_the_features(X):
    features = make().set_output(transform="pandas").fit_transform(X)
    assert features.columns[0] == "tabulardenoisingautoencoder_encoder0_0"
    assert features.index.equals(X.index)


def test_columns_of_several_levels_come_back():
    X = pd.DataFrame({("a", 1): [1.0, 2.0] * 10, ("b", 2): ["x", "y"] * 10})
    X.columns.names = ["letter", "number"]
    dae = TabularDenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1).fit(X)
    assert dae.denoise(X).columns.equals(X.columns)
    assert dae.denoise(X).columns.names == ["letter", "number"]


@pytest.mark.parametrize("dtype", ["M8[D]", "object"])
def test_times_of_an_array_come_back_as_times(dtype):
    days = np.datetime64("2020-01-01") + np.arange(40)
    X = np.column_stack([days, days[::-1]])
    if dtype == "object":
        X = np.column_stack([X.astype(object), np.array(["x", "y"] * 20, dtype=object)])
    dae = TabularDenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1).fit(X)
    restored = dae.denoise(X)
    assert restored.dtype == X.dtype
    assert type(restored[0, 0]) is type(X[0, 0])
    assert restored[:, 0].min() >= X[:, 0].min()
    assert restored[:, 0].max() <= X[:, 0].max()


def test_dates_and_decimals_come_back_as_such():
    X = pd.DataFrame(
        {
            "day": [datetime.date(2020, 1, 1 + i) for i in range(20)],
            "price": pd.Series([Decimal(i) for i in range(20)], dtype=object),
        }
    )
    dae = TabularDenoisingAutoencoder(2, hidden_layer_sizes=(4,), max_iter=1).fit(X)
    restored = dae.denoise(X)
    assert {type(value) for value in restored["day"]} == {datetime.date}
    assert {type(value) for value in restored["price"]} == {Decimal}


def test_cells_that_masking_hides_are_indicated():
    X = np.random.RandomState(0).normal(size=(50, 3))
    swapped, masked = (
        TabularDenoisingAutoencoder(
            2, hidden_layer_sizes=(4,), max_iter=1, corruption=c, passthrough=True
        ).fit(X)
        for c in ("swap", "masking")
    )
    assert (
        len(masked.get_feature_names_out()) == len(swapped.get_feature_names_out()) + 3
    )
    assert "missingindicator_x1" in masked.get_feature_names_out()
    rows = X.copy()
    rows[0, 1] = np.nan
    assert masked.transform(rows)[0, 4] == 1.0
